"""Lesson 8, a price for a coalition (le_cadre_2018): its small coalition, and the judges of its exercises."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path

import numpy as np

from ..papers import find_paper, load_case
from ..verification import verify
from .answers import near, number, point, several
from .judging import Wrong, exercise

PAPER = find_paper("le_cadre_2018")
FOUR = PAPER.case(["--seed", "1", "--consumers", "4"])
"""The data file of a coalition of four, small enough for every route of the engine."""


def some_loads(answer) -> list[str]:
    """Names of loads, in a list, tuple or set."""
    if isinstance(answer, str) or not isinstance(answer, list | tuple | set | frozenset):
        raise Wrong('Names are asked for, in a list like ["1_washing", "3_ev"].')
    if not all(isinstance(name, str) for name in answer):
        raise Wrong('Each entry is the name of a load, as text: "1_washing".')
    return sorted(answer)


@exercise(
    "8a",
    question="The coalition's price is the day-ahead price of `tou8`. Which of its loads do not run at all?",
    takes=some_loads,
)
def loads_that_do_not_run(answer):
    case = load_case("le_cadre_2018", "tou8")
    unknown = sorted(set(answer) - set(case.LOADS))
    if unknown:
        raise Wrong(f"There is no load {unknown[0]!r} in tou8.")
    cost = {load: _cheapest(case, load) for load in case.LOADS}
    worth = {load: case.reservation_price[case.consumer_of[load], case.level[load]] for load in case.LOADS}
    idle = {load for load in case.LOADS if cost[load] > worth[load]}
    if set(answer) == idle:
        return f"{len(idle)} of {len(case.LOADS)}: at its cheapest each would cost more a kWh than it is worth to its owner."
    for load in sorted(set(answer) ^ idle):
        does = "does not run" if load in idle else "runs"
        raise Wrong(
            f"{load} {does}: where it may run its cheapest way costs {cost[load]:.4f} EUR/kWh, and it is worth {worth[load]:.4f} "
            "to its owner, the reservation price of its priority."
        )


@exercise(
    "8b",
    question="Three consumers forecast with errors of sigma = 1, 2 and 2 kWh, independent of each other. Pooled, they have the "
    "error 3. Which part of it is each one's by Shapley?",
    takes=several(3),
)
def shapley_of_three(answer):
    sigma = np.array([1.0, 2.0, 2.0])
    right = np.zeros(3)
    for order in permutations(range(3)):
        for k, i in enumerate(order):
            right[i] += (np.linalg.norm(sigma[list(order[: k + 1])]) - np.linalg.norm(sigma[list(order[:k])])) / 6
    pooled = np.linalg.norm(sigma)
    slips = {
        "Equal parts: but the first one errs less than the others.": np.full(3, pooled / 3),
        "In proportion to sigma: that is the stand-alone rule.": pooled * sigma / sigma.sum(),
        "In proportion to the variances: that is the Euler rule.": sigma**2 / pooled,
        "Each one's own error: these add up to more than the pooled one.": sigma,
        "What each adds as the last to join: these add up to less.": pooled - np.sqrt(pooled**2 - sigma**2),
    }
    if np.allclose(answer, right, atol=2e-3):
        return "What each adds to the error, averaged over all six orders in which they could have joined."
    for words, slip in slips.items():
        if np.allclose(answer, slip, atol=2e-3):
            raise Wrong(f"{words} Shapley averages what a consumer adds over all orders of joining.")
    if not np.isclose(answer.sum(), pooled, atol=5e-3):
        raise Wrong(f"The parts must add up to the pooled error, {pooled:g}; yours make {answer.sum():.4g}.")
    raise Wrong("They add up. Now write down the six orders, and for each what a consumer adds to the error before.")


@exercise(
    "8c",
    question="In the coalition of four the cost is shared by the rule `aca`. Give the price and the schedules that earn the "
    "aggregator most.",
    takes=point,
)
def best_price_under_aca(answer):
    asked = _four({"rule": "aca"})
    verdict = verify(asked, answer)
    if not verdict.passed:
        reason, hint = verdict.reasons[0], ""
        if "bills_follow_the_rule" in reason:
            hint = " The bills at this price are not those of the rule: is it another rule's answer?"
        elif "nobody_leaves" in reason:
            hint = " Somebody would be better off with the retailer, and leaves."
        raise Wrong(f"The certificate did not pass: {reason}.{hint}")
    best = PAPER.exact()(asked).best_bound
    earned = answer["target_profit"]
    if earned >= best - 1e-5 * max(1.0, best):
        return f"{earned:.5g} EUR a day, and the closed form of the rule says that no schedule and no price allow more."
    raise Wrong(f"Everybody stays and all loads answer, but {earned:.5g} EUR is your aim, and {best:.5g} EUR is possible.")


@exercise(
    "8d",
    question="All consumers have errors of one size, correlated by 0.1, of which the whole costs K = 0.12 EUR for each alone; "
    "each brings a margin of 0.05 EUR. From how many consumers on does a coalition under Shapley earn something?",
    takes=number,
)
def smallest_coalition(answer):
    margin, cost, correlation = 0.05, 0.12, 0.1

    def profit(n, rho=correlation):
        return n * margin - cost * np.sqrt(n * (1 + (n - 1) * rho))

    if answer != int(answer) or answer < 1:
        raise Wrong("A whole number of consumers is asked for, at least one.")
    n = int(answer)
    if profit(n) >= 0 and (n == 1 or profit(n - 1) < 0):
        return f"With {n} the pooled error has become small enough beside the margins: {profit(n):.3g} EUR a day."
    if profit(n) >= 0:
        raise Wrong(f"{n} consumers earn {profit(n):.3g} EUR, but {n - 1} earn {profit(n - 1):.3g} EUR: fewer are enough.")
    independent = next(m for m in range(1, 100) if profit(m, 0.0) >= 0)
    more = " It would be enough if the errors were independent." if near(n, independent) else ""
    raise Wrong(f"{n} consumers lose {-profit(n):.3g} EUR: the margins make {n * margin:.3g}, the pooled error costs more.{more}")


def _cheapest(case, load) -> float:
    """What a load costs a kWh at the day-ahead price where it runs best."""
    price = [case.forward_price[t] for t in case.PERIODS if case.earliest[load] <= t <= case.latest[load]]
    hours = case.duration[load]
    if case.kind[load] in ("I", "interruptible"):
        return sum(sorted(price)[:hours]) / hours
    return min(sum(price[k : k + hours]) for k in range(len(price) - hours + 1)) / hours


def _four(overrides: Mapping):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "four.dat"
        file.write_text(FOUR, encoding="utf-8")
        return load_case("le_cadre_2018", str(file), overrides)
