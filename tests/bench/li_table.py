"""The equilibrium of two aggregators by the exact algorithm, and by the paper's own two steps in rounds.

The paper's method: given a purchase, the allocation is a convex program in the consumption (here Ipopt, in process, built
once for each aggregator and started from the last answer); the best purchase is found by golden section over those; the
aggregators answer in turn until nothing moves (Algorithm 1). Users and policy are the same for both.
"""

from __future__ import annotations

import math
import tracemalloc

import casadi
import numpy as np
from clocks import enough, median_spent, spent

from bilevel_dr.models.li_2025.cases import draw
from bilevel_dr.models.li_2025.nash import equilibrium

SIZES = (200, 10_000, 100_000, 1_000_000)
ALPHAS = (0.0, 0.5, 1.0, 2.0, math.inf)
PEER_SIZES = (200,)
GOLDEN = (math.sqrt(5) - 1) / 2
ACCURACY = 1e-7
"""Of a purchase, relative: where golden section and the rounds of the peer end."""


def case(number: int) -> dict:
    """A draw whose price does not depend much on the number of users: c falls as they grow."""
    a, b, group = draw(0, number, 2)
    return {"a": a, "b": b, "group": group, "c": 0.2 / number, "policy": "eligible"}


def measure():
    for alpha in ALPHAS:
        equilibrium(**case(SIZES[0]), alpha=alpha)  # imports and caches
    for number in SIZES:
        numbers = case(number)
        for alpha in ALPHAS:
            clocks = []
            while not enough(clocks, runs=5):
                clock, answer = spent(lambda: equilibrium(**numbers, alpha=alpha))  # noqa: B023  called at once
                clocks.append(clock)
            time = median_spent(clocks)
            row = {"users": number, "alpha": alpha, "method": "exact", "seconds": time.cpu, "wall [s]": time.wall}
            row |= {"microseconds a user": 1e6 * time.cpu / number, "peak [MB]": _memory(numbers, alpha)}
            yield row | {"price off": abs(_clears(answer, numbers["c"])), "gain of a deviation": np.max(answer.certificate)}
            if number in PEER_SIZES:
                clock, price = spent(lambda: two_steps(answer, numbers, alpha))  # noqa: B023  called at once
                row = {"users": number, "alpha": alpha, "method": "two steps, in rounds", "seconds": clock.cpu, "wall [s]": clock.wall}
                yield row | {"price off": abs(price / answer.price - 1), "× exact": clock.cpu / time.cpu}
    yield "exact: medians of five runs, certificate included; price off: |c Σ y / p − 1|. A deviation's gain is NaN where it was not decided."
    yield "two steps: price off is its relative distance from the exact price. peak: of the arrays of one run, input excluded."
    yield "Aimed at: 1 ms with 200 users, 5 s with a million (0.1 s at alpha = 0), 500 MB, 1,000 times the peer."


def _clears(answer, c) -> float:
    return c * answer.purchases.sum() / answer.price - 1


def _memory(numbers, alpha) -> float:
    tracemalloc.start()
    equilibrium(**numbers, alpha=alpha)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def two_steps(answer, numbers, alpha, rounds=50) -> float:
    """The price at which the paper's method ends, for the users that the exact answer serves."""
    c, group, served = numbers["c"], numbers["group"], answer.served
    players = []
    for j in range(2):
        own = (group == j) & served
        players.append(Aggregator(numbers["a"][own], numbers["b"][own], alpha, c))
    y = np.zeros(2)
    for _ in range(rounds):
        before = y.copy()
        for j, player in enumerate(players):
            y[j] = player.best_purchase(y[1 - j])
        if np.abs(y - before).max() <= 10 * ACCURACY * y.max():
            break
    return c * y.sum()


class Aggregator:
    """One aggregator's allocation as a convex program in x, for a price and a purchase given as parameters."""

    def __init__(self, a, b, alpha, c):
        self.b, self.c, self.alpha = b, c, alpha
        x, s, given = casadi.SX.sym("x", a.size), casadi.SX.sym("s", a.size), casadi.SX.sym("given", 2)
        least = casadi.SX.sym("least", 1 if alpha == math.inf else 0)
        earned = (b - given[0]) * x - a * x**2 - s
        rows = casadi.vertcat(casadi.sum1(x) - given[1], earned, s - least if alpha == math.inf else casadi.SX(0, 1))
        if alpha == math.inf:
            objective = -least
        else:
            objective = -casadi.sum1(casadi.log(s) if alpha == 1 else s ** (1 - alpha) / (1 - alpha))
        variables, upper = casadi.vertcat(x, s, least), np.full(rows.numel(), np.inf)
        upper[0] = 0.0
        program = {"x": variables, "p": given, "f": objective, "g": rows}
        quiet = {"print_time": False, "show_eval_warnings": False, "ipopt.print_level": 0, "ipopt.sb": "yes"}
        self.solver = casadi.nlpsol("nlp", "ipopt", program, quiet | {"ipopt.tol": 1e-10})
        self.bounds = {"lbg": np.zeros(upper.size), "ubg": upper, "lbx": np.zeros(variables.numel())}
        self.last = None

    def payoff(self, y, others) -> float:
        """Step one."""
        price = self.c * (y + others)
        start = np.full(self.bounds["lbx"].size, y / self.b.size) if self.last is None else self.last
        found = self.solver(x0=start, p=[price, y], **self.bounds)
        if not self.solver.stats()["success"]:
            return -math.inf
        self.last = np.array(found["x"]).ravel()
        return -float(found["f"])

    def best_purchase(self, others) -> float:
        """Step two: golden section, the payoff being quasiconcave in y."""
        low, high = 0.0, (self.b.min() if self.alpha >= 1 else self.b.max()) / self.c - others
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        at_left, at_right = self.payoff(left, others), self.payoff(right, others)
        while high - low > ACCURACY * high:
            if at_left >= at_right:
                high, right, at_right = right, left, at_left
                left = high - GOLDEN * (high - low)
                at_left = self.payoff(left, others)
            else:
                low, left, at_left = left, right, at_right
                right = low + GOLDEN * (high - low)
                at_right = self.payoff(right, others)
        return (low + high) / 2
