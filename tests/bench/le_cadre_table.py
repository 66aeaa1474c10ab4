"""Le Cadre et al. (2018), reconstructed: kernels against brute force or the generic way, and the reference case's search."""

from __future__ import annotations

from importlib.resources import files
from itertools import permutations
from math import factorial

import numpy as np
from clocks import enough, median_spent, spent
from scipy.optimize import LinearConstraint, minimize

import bilevel_dr as bdr
from bilevel_dr.models.le_cadre_2018 import exact, pricing, shapley
from bilevel_dr.models.le_cadre_2018.cost_sharing import RULES, largest_profit
from bilevel_dr.models.le_cadre_2018.model import model

LIMIT = 100.0


def covariance(number, seed=0):
    factors = np.random.default_rng(seed).normal(size=(number, number + 2))
    return factors @ factors.T


def over_orders(cov):
    """Shapley value by its definition, over all orders of arrival: the peer of every method."""
    number, total = len(cov), np.zeros(len(cov))
    for order in permutations(range(number)):
        running, before = 0.0, 0.0
        for k, i in enumerate(order):
            running += cov[i, i] + 2 * cov[i, list(order[:k])].sum()
            after = running**0.5
            total[i] += after - before
            before = after
    return total / factorial(number)


def one_by_one(cov):
    """Over all coalitions, in a Python loop: what the doubling replaces."""
    number, value = len(cov), np.zeros(len(cov))
    weight = [factorial(s) * factorial(number - s - 1) / factorial(number) for s in range(number)]
    deviation = {}
    for s in range(1 << number):
        members = [i for i in range(number) if s >> i & 1]
        deviation[s] = max(cov[np.ix_(members, members)].sum(), 0.0) ** 0.5
    for s, mine in deviation.items():
        size = s.bit_count()
        for i in range(number):
            if not s >> i & 1:
                value[i] += weight[size] * (deviation[s | 1 << i] - mine)
    return value


def measure():
    yield from _shapley()
    yield from _closed_forms()
    yield from _prices()
    yield from _bilevel()
    yield "aimed at: all coalitions n = 20 in 0.5 s, quadrature n = 10,000 in 2 s, other closed forms n = 100,000 in 20 ms,"
    yield "price n = 20, T = 168 in 10 ms, base12 from the closed forms' start in 10 s."
    yield "× peer: how many times longer the peer takes; off: largest relative distance between the two answers."


def _shapley():
    small = covariance(8)
    yield _row("Shapley, all coalitions", 8, lambda: shapley.by_subsets(small), "all 8! orders", lambda: over_orders(small))
    middle = covariance(13)
    yield _row("Shapley, all coalitions", 13, lambda: shapley.by_subsets(middle), "2^13 in a loop", lambda: one_by_one(middle))
    for number in (20, 22):
        large = covariance(number)
        yield _row("Shapley, all coalitions", number, lambda: shapley.by_subsets(large))  # noqa: B023  called at once
    sigma = np.random.default_rng(1).uniform(0.01, 0.2, 20)
    diagonal = np.diag(sigma**2)
    yield _row(
        "Shapley, quadrature", 20, lambda: shapley.independent(sigma), "all coalitions", lambda: shapley.by_subsets(diagonal)
    )
    many = np.random.default_rng(2).uniform(0.01, 0.2, 10_000)
    yield _row("Shapley, quadrature", 10_000, lambda: shapley.independent(many))


def _closed_forms(number=100_000):
    random = np.random.default_rng(3)
    energy = random.uniform(1, 3, number)
    bill, sigma = energy * random.uniform(1, 1.2, number), random.uniform(0.01, 0.2, number)
    for rule in RULES:
        spread = np.full(number, 0.1) if rule == "shapley" else sigma
        yield _row(f"largest profit, {rule}", number, lambda: largest_profit(rule, bill, energy, spread, 0.1, 0.25))  # noqa: B023


def _prices(number=20, periods=168):
    random = np.random.default_rng(4)
    consumption = random.uniform(0, 1, (number, periods))
    bills = consumption @ np.maximum(random.normal(0.1, 0.15, periods), 0)
    generic = LinearConstraint(consumption, bills, bills)

    def by_a_generic_solver():
        start = np.full(periods, bills.sum() / consumption.sum())
        bounds = [(0, None)] * periods
        found = minimize(lambda p: 0.5 * p @ p, start, jac=lambda p: p, method="SLSQP", bounds=bounds, constraints=generic,
                         options={"maxiter": 500, "ftol": 1e-12})  # fmt: skip
        return found.x

    yield _row(
        f"price of least norm, T = {periods}", number, lambda: pricing.least_norm(consumption, bills).price, "SLSQP", by_a_generic_solver
    )
    year = random.uniform(0, 1, (300, 8760))
    owed = year @ random.uniform(0.1, 0.2, 8760)
    yield _row(
        "price of least norm, T = 8760", 300, lambda: pricing.least_norm(year, owed).price, "pinv", lambda: np.linalg.pinv(year) @ owed
    )


def _bilevel():
    case = str(files("bilevel_dr.data") / "le_cadre_2018" / "base12.dat")
    instance, begun = bdr.load(model, case), bdr.load(model, case)

    def seeded():
        exact.solve(begun).load_into(begun)
        return np.array([bdr.solve(begun, "big_m", "highs", time_limit=LIMIT).leader_objective])

    def cold():
        return np.array([bdr.solve(instance, "big_m", "highs", time_limit=LIMIT).leader_objective])

    yield _row("base12: closed forms, then HiGHS from there", 12, seeded, "HiGHS cold", cold)


def _row(what, number, ours, peer_name="", peer=None) -> dict:
    clock, answer = _timed(ours)
    row = {"what": what, "n": number, "seconds": clock.cpu, "wall [s]": clock.wall, "peer": peer_name}
    if peer is not None:
        other, theirs = _timed(peer)
        row |= {"peer [s]": other.cpu, "× peer": other.cpu / max(clock.cpu, 1e-9)}
        row["off"] = float(np.abs(answer - theirs).max() / np.abs(theirs).max())
    return row


def _timed(call):
    call()
    clocks = []
    while not enough(clocks, runs=3, budget=3.0):
        clock, answer = spent(call)
        clocks.append(clock)
    return median_spent(clocks), answer
