"""The lossless variant without a solver of complementarity problems: every price at which the DSO changes its mind is tried.

In an hour the DSO pays λ R + ρ (D − R). Its limits leave a range of total reductions R that does not depend on the price; it
takes the largest while λ < ρ, the smallest while λ > ρ, any at λ = ρ, where the aggregator gets its wish. Between the market
prices of the hours the aggregator's profit rises with λ, so that one of those prices, or ``price_limit``, is optimal.
On a tree a line carries the load of the buses beyond it, so that reductions are all there is to choose: each hour's range,
and the reductions in it that are best for the aggregator, are small linear programs.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from bilevel_dr.solution import Certificate, FollowerCheck, Solution

from .day import Day, read


class Breakpoints(NamedTuple):
    """Every candidate price, the profit there, and the best one's reductions.

    Attributes
    ----------
    prices, profits : ndarray, shape (k,)
    reduction : ndarray, shape (n, H), MW
        At the price of the largest profit.
    """

    prices: np.ndarray
    profits: np.ndarray
    reduction: np.ndarray


def enumerate_breakpoints(day: Day) -> Breakpoints | None:
    """The profit at each price where it can be largest; None where an hour has no feasible answer.

    Parameters
    ----------
    day : Day
        Its voltages and impedances are not used.
    """
    prices = np.unique(np.append(day.market_price[day.market_price <= day.price_limit], day.price_limit))
    found = ranges(day)
    if found is None:
        return None
    smallest, largest = found
    profits, chosen = np.empty(prices.size), []
    for k, price in enumerate(prices):
        P = np.where(price < day.market_price, largest, smallest)
        for h in np.flatnonzero(price == day.market_price):
            P[:, h] = _minimise(day, h, day.cost[:, h] - price)
        profits[k] = ((price - day.cost) * P).sum()
        chosen.append(P)
    return Breakpoints(prices, profits, chosen[int(profits.argmax())])


def ranges(day: Day) -> tuple[np.ndarray, np.ndarray] | None:
    """Reductions (n, H) of each hour's smallest and largest total, of those the cheapest for the aggregator."""
    found = _extremes(day, 1.0), _extremes(day, -1.0)
    return None if found[0] is None or found[1] is None else found


def solve(instance) -> Solution:
    """Answer a loaded instance of ``lossless.py``; see :func:`exact.solve`."""
    refuse_fixed(instance)
    began = time.perf_counter()
    day = read(instance)
    found = enumerate_breakpoints(day)
    if found is None:
        note = "an hour has no feasible answer: line_limit or substation_limit leaves none"
        return Solution(
            None, "none", None, None, "infeasible", "exact", "breakpoints", time.perf_counter() - began, notes=(note,)
        )
    best = int(found.profits.argmax())
    price, profit = float(found.prices[best]), float(found.profits[best])
    net = (day.load - found.reduction).sum(axis=0)
    cost = float((price * found.reduction.sum(axis=0) + day.market_price * net).sum())
    certificate = _certificate(day, price, found, cost, instance.dso.name)
    limit = price == day.price_limit and found.reduction.any()
    return Solution(
        leader_objective=profit,
        claim="global" if certificate.passed else "none",
        certificate=certificate,
        best_bound=profit,
        termination="optimal" if certificate.passed else "failed",
        reformulation="exact",
        solver="breakpoints",
        seconds=time.perf_counter() - began,
        point=_point(instance, day, price, found.reduction, net),
        follower_objectives={instance.dso.name: cost},
        notes=("the price is at price_limit: limits force the DSO to buy at any price",) if limit else (),
        model=instance.name,
    )


def refuse_fixed(instance) -> None:
    """Raise ValueError where a variable of the instance is fixed."""
    dso = instance.dso
    variables = [dso.component(name) for name in ("reduction", "substation", "voltage", "flow")]
    data = [v for var in variables if var is not None and var.ctype is dso.reduction.ctype for v in var.values()]
    for variable in [instance.price, *data]:
        if variable.fixed:
            raise ValueError(f"{variable.name} is fixed, but the exact route decides all; use bilevel_dr.solve")


def _extremes(day, sign) -> np.ndarray | None:
    P = np.zeros_like(day.cap)
    for h in range(len(day.hours)):
        first = _minimise(day, h, np.full(len(day.buses), sign))
        if first is None:
            return None
        P[:, h] = _minimise(day, h, day.cost[:, h], first.sum())
    return P


def _minimise(day, h, cost, total=None) -> np.ndarray | None:
    """Reductions of one hour within its caps and what the network carries, of a given total where there is one."""
    beyond = _beyond(day.feeder.parent)
    load, limit = beyond @ day.load[:, h], day.feeder.line_limit[:, 0].copy()
    low = -limit
    low[0], limit[0] = 0.0, day.feeder.substation_limit
    finite = np.isfinite(limit)
    rows = np.concatenate([beyond[finite], -beyond[finite]])
    sides = np.concatenate([(load - low)[finite], (limit - load)[finite]])
    equal = {} if total is None else {"A_eq": np.ones((1, len(load))), "b_eq": [total]}
    answer = linprog(cost, rows, sides, bounds=np.stack([np.zeros_like(load), day.cap[:, h]], axis=1), **equal)
    return answer.x if answer.status == 0 else None


def _beyond(parent) -> np.ndarray:
    """Row k: the buses that bus k's line feeds, itself included; shape (n, n)."""
    beyond = np.eye(len(parent))
    for k in range(len(parent) - 1, 0, -1):
        beyond[parent[k]] += beyond[k]
    return beyond


def _certificate(day, price, found, cost, name) -> Certificate:
    """The limits once more, and the DSO's cost against that of the better end of every hour's range."""
    P, carried = found.reduction, _beyond(day.feeder.parent) @ (day.load - found.reduction)
    ends = [R.sum(axis=0) * (price - day.market_price) for R in ranges(day)]
    least = float((np.minimum(*ends) + day.market_price * day.load.sum(axis=0)).sum())
    over = (np.abs(carried) - day.feeder.line_limit)[1:].max(initial=0.0)
    outside = max(
        over, (carried[0] - day.feeder.substation_limit).max(), -carried[0].min(), -P.min(), (P - day.cap).max()
    )
    gap = max(0.0, cost - least) / max(1.0, abs(least))
    worst = {"follower_gap": gap, "violation": max(0.0, float(outside))}
    reasons = tuple(f"{what} {value:.2g} exceeds 1e-06" for what, value in worst.items() if not value <= 1e-6)
    tied = bool((price == day.market_price).any())
    check = FollowerCheck(cost, least, gap, worst["violation"], 0.0, gap, "proved", not tied)
    return Certificate(not reasons, 0.0, gap, gap, 0.0, followers={name: check}, reasons=reasons)


def _point(instance, day, price, P, net) -> dict:
    dso, at = instance.dso, {n: k for k, n in enumerate(day.buses)}
    carried = _beyond(day.feeder.parent) @ (day.load - P)
    point = {instance.price.name: price}
    for k, h in enumerate(day.hours):
        point[dso.substation[h].name] = float(net[k])
        point |= {dso.reduction[i, h].name: float(P[at[i], k]) for i in day.participants}
        for n, m in instance.LINES:
            outwards = day.feeder.parent[at[m]] == at[n] and at[m] > 0
            point[dso.flow[n, m, h].name] = float(carried[at[m], k] if outwards else -carried[at[n], k])
    return point
