"""The exact algorithm on arrays: O(n log n), so seconds a consumer should hardly grow."""

from __future__ import annotations

import numpy as np
from clocks import enough, median_spent, spent

from bilevel_dr.models.khe_2025.exact import optimal_calls

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def consumers(number: int, seed: int = 0) -> dict:
    """A random case: most consumers take part, a quarter of what there is to shift is called for."""
    random = np.random.default_rng(seed)
    baseline = random.uniform(50, 150, number)
    numbers = {"on_peak": 5.8, "off_peak": 2.6, "reward": 1.8, "commission": 1.0, "fairness": 0.005}
    return numbers | {
        "baseline": baseline,
        "a": 10 ** random.uniform(-2, -0.5, number),
        "b": random.uniform(0.5, 6, number),
        "target": float(baseline.sum()) / 4,
    }


def measure():
    optimal_calls(**consumers(SIZES[0]))
    for number in SIZES:
        case, clocks = consumers(number), []
        while not enough(clocks, runs=5):
            clock, answer = spent(lambda: optimal_calls(**case))  # noqa: B023  called at once
            clocks.append(clock)
        time = median_spent(clocks)
        gap = abs(answer.dual_bound - answer.objective) / abs(answer.objective)
        row = {"consumers": number, "seconds": time.cpu, "wall [s]": time.wall}
        yield row | {"microseconds a consumer": 1e6 * time.cpu / number, "duality gap": gap}
