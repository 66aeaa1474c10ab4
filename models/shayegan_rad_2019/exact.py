"""Shayegan-Rad and Zangeneh (2019) without complementarity: the DSO's answers to all prices, and the best price proved.

The DSO's hours share nothing but the price λ, and ``dispatch.py`` answers any number of hours and prices at once, each
answer with a proof that the DSO has no better one. From there a search over one number is left. It is global because the
reduction R_h(λ) of an hour never rises with λ (add the two inequalities that say that each of two answers is best at its
own price), so that on an interval of prices [a, b]

    Σ_h (λ − π_h) R_h(λ)  ≤  Σ_h (b − π_h) R_h(a)  where b ≥ π_h,  Σ_h (b − π_h) R_h(b)  elsewhere.

Intervals that cannot hold a better price are dropped and the rest are cut again; an hour whose reduction is the same at
both ends is known in between. Only numpy here, and the answer's type: a loaded instance is read, never solved.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from bilevel_dr.solution import Certificate, FollowerCheck, Solution

from . import breakpoints
from .day import Day, read
from .dispatch import Dispatch, dispatch
from .feeder import line_flows, power_flow

CLOSED = 1e-8
"""Relative distance of the best profit to the bound at which the search over the price ends."""
FIRST, PIECES = 32, 8
"""Prices tried first, and pieces an interval is cut into."""
ROUNDS = 40
STILL = 1e-9
"""MW; a reduction that differs by no more at both ends of an interval is the same in between."""


# The DSO's answers ----------------------------------------------------------------------------------------------------


def respond(day: Day, prices) -> Dispatch:
    """The DSO's answer to each price (k,) in each of the H hours; column k H + h."""
    prices, hours = np.asarray(prices, float), np.arange(len(day.hours))
    return respond_each(day, np.repeat(prices, hours.size), np.tile(hours, prices.size))


def respond_each(day: Day, prices, hours) -> Dispatch:
    """The DSO's answer in ``hours[k]`` to ``prices[k]``."""
    return dispatch(day.feeder, prices, day.market_price[hours], day.load[:, hours], day.cap[:, hours])


def reductions(day: Day, prices) -> tuple[np.ndarray, np.ndarray]:
    """P (MW) and dP/dλ (MW² h/€) at each price, shape (k, H, n); NaN where an hour has no answer."""
    prices = np.asarray(prices, float)
    answer = respond(day, prices)
    shape = len(day.buses), prices.size, len(day.hours)
    P = np.where(answer.solved, answer.reduction, np.nan)
    return tuple(x.reshape(shape).transpose(1, 2, 0) for x in (P, answer.slope))


def _inside(day, prices, P_a, P_b):
    """:func:`reductions` at ``prices`` (j, q) inside j intervals at whose ends they are known, shape (j, q, H, n)."""
    P, slope = np.repeat(P_a[:, None], prices.shape[1], axis=1), np.zeros((*prices.shape, *P_a.shape[1:]))
    moving = np.argwhere(np.abs(P_a - P_b).max(axis=2) > STILL)  # the others are known in between
    if moving.size:
        interval, hour = np.repeat(moving, prices.shape[1], axis=0).T
        which = np.tile(np.arange(prices.shape[1]), len(moving))
        answer = respond_each(day, prices[interval, which], hour)
        P[interval, which, hour], slope[interval, which, hour] = answer.reduction.T, answer.slope.T
    return P, slope


def _profit(day, prices, P):
    return ((prices[:, None, None] - day.cost.T) * P).sum(axis=(1, 2))


def _slope(day, prices, P, slope):
    """The profit's derivative; at a kink between those of its two sides."""
    return (P + (prices[:, None, None] - day.cost.T) * slope).sum(axis=(1, 2))


def curve(day: Day, prices) -> np.ndarray:
    """The aggregator's profit at each price, €; NaN where an hour has no answer.

    Parameters
    ----------
    day : Day
    prices : array_like, shape (k,)
        Rising. An hour that answers two of them, eight apart, in the same way is not solved again between them.
    """
    prices = np.asarray(prices, float)
    knots = np.unique(np.r_[0 : prices.size : 8, prices.size - 1])
    P, _ = reductions(day, prices[knots])
    found = np.empty(prices.size)
    found[knots] = _profit(day, prices[knots], P)
    for k, (a, b) in enumerate(zip(knots[:-1], knots[1:], strict=True)):
        if b - a > 1:
            inner, _ = _inside(day, prices[None, a + 1 : b], P[k : k + 1], P[k + 1 : k + 2])
            found[a + 1 : b] = _profit(day, prices[a + 1 : b], inner[0])
    return found


def local_maxima(day: Day, low: float, high: float, finest: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
    """Every price in [low, high] at which the profit turns from rising to falling, and the profits there.

    The profit is smooth between the prices at which some reduction leaves or reaches an end of its range. Intervals with
    more than one of those are cut, down to ``finest`` (€/MWh); of two maxima closer than that one may be missed.

    Returns
    -------
    prices, profits : ndarray, shape (k,)
    """
    x = np.linspace(low, high, max(2, round(2 * (high - low)) + 1))
    P, slope = reductions(day, x)
    cap = day.cap.T
    while True:
        corner = (P > 1e-6).astype(int) + (P > cap - 1e-6)
        changes = (corner[1:] != corner[:-1]).sum(axis=(1, 2))
        cut = np.flatnonzero((changes > 1) & (np.diff(x) > finest))
        if not cut.size:
            break
        nodes = x[cut, None] + np.diff(x)[cut, None] * np.array([0.25, 0.5, 0.75])
        inner, inner_slope = _inside(day, nodes, P[cut], P[cut + 1])
        order = np.argsort(np.append(x, nodes.ravel()), kind="stable")
        x = np.append(x, nodes.ravel())[order]
        P = np.concatenate([P, inner.reshape(-1, *P.shape[1:])])[order]
        slope = np.concatenate([slope, inner_slope.reshape(-1, *P.shape[1:])])[order]
    value, rise = _profit(day, x, P), _slope(day, x, P, slope)
    turns = np.flatnonzero((rise[:-1] > 0) & (rise[1:] <= 0))
    ends = [
        x[turns],
        x[turns + 1],
        value[turns],
        value[turns + 1],
        rise[turns],
        rise[turns + 1],
        P[turns],
        P[turns + 1],
    ]
    for _ in range(12):  # the tangents from both sides meet at a kink, and near a smooth maximum
        a, b, f_a, f_b, s_a, s_b, P_a, P_b = ends
        if not turns.size or (b - a).max() < 1e-8:
            break
        meet = (f_b - f_a + s_a * a - s_b * b) / (s_a - s_b)
        middle = np.clip(meet, a + 0.02 * (b - a), b - 0.02 * (b - a))
        P_m, slope_m = (found[:, 0] for found in _inside(day, middle[:, None], P_a, P_b))
        new = middle, _profit(day, middle, P_m), _slope(day, middle, P_m, slope_m), P_m
        rising = new[2] > 0
        for at, values in zip((0, 2, 4, 6), new, strict=True):
            up = rising.reshape(-1, *[1] * (values.ndim - 1))
            ends[at], ends[at + 1] = np.where(up, values, ends[at]), np.where(up, ends[at + 1], values)
    a, b, f_a, f_b, *_ = ends
    return np.where(f_a >= f_b, a, b), np.maximum(f_a, f_b)


# The best price -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BestPrice:
    """The aggregator's best price, its profit (€) and what no price can exceed; NaN where an hour has no answer."""

    price: float
    profit: float
    bound: float


def best_price(day: Day, closed: float = CLOSED) -> BestPrice:
    """Branch and bound over the price.

    Parameters
    ----------
    day : Day
    closed : float
        Relative distance between profit and bound at which to stop.

    Returns
    -------
    BestPrice
        The bound is a proof where all who take part in an hour are paid the same; otherwise the reductions of single
        consumers are taken to lie between those at the ends of an interval, and the bound is infinite.
    """
    x = np.linspace(0.0, day.price_limit, FIRST + 1)
    P, _ = reductions(day, x)
    values = _profit(day, x, P)
    if np.isnan(values).any():
        return BestPrice(np.nan, np.nan, np.nan)
    best = max(zip(values.tolist(), x.tolist(), strict=True))
    a, b, P_a, P_b = x[:-1], x[1:], P[:-1], P[1:]
    for _ in range(ROUNDS):
        margin = b[:, None, None] - day.cost.T
        upper = np.where(margin >= 0, margin * np.maximum(P_a, P_b), margin * np.minimum(P_a, P_b)).sum(axis=(1, 2))
        slack = closed * max(1.0, abs(best[0]))
        keep = upper > best[0] + slack
        bound = max(best[0] + slack, upper.max())
        if not keep.any() or (b - a).max() < 1e-12 * day.price_limit:
            break
        a, b, P_a, P_b = a[keep], b[keep], P_a[keep], P_b[keep]
        nodes = a[:, None] + (b - a)[:, None] * np.arange(PIECES + 1) / PIECES
        nodes[:, -1] = b
        P = np.concatenate([P_a[:, None], _inside(day, nodes[:, 1:-1], P_a, P_b)[0], P_b[:, None]], axis=1)
        values = _profit(day, nodes.ravel(), P.reshape(-1, *P.shape[2:]))
        best = max(best, max(zip(values.tolist(), nodes.ravel().tolist(), strict=True)))
        a, b = nodes[:, :-1].ravel(), nodes[:, 1:].ravel()
        P_a, P_b = (part.reshape(-1, *P.shape[2:]) for part in (P[:, :-1], P[:, 1:]))
    return BestPrice(best[1], best[0], float(bound) if day.one_cost.all() else np.inf)


# The exact route on a loaded instance ---------------------------------------------------------------------------------


def solve(instance) -> Solution:
    """Answer a loaded instance of ``model.py`` or ``lossless.py`` without a solver of complementarity problems.

    Parameters
    ----------
    instance : ConcreteModel
        Made by ``bilevel_dr.load``; only its Params are read.

    Returns
    -------
    Solution
        ``reformulation="exact"``. ``claim="global"`` where the bound over the prices is closed and each hour's answer is
        proved, ``"local"`` where one of the two is missing (a note says which); ``termination="infeasible"`` and no point
        where an hour has no answer.

    Raises
    ------
    ValueError
        The instance is of another model, or has a fixed variable.
    """
    dso = instance.component("dso")
    if dso is None or dso.component("reduction") is None:
        raise ValueError(
            f"{instance.name}: the sweep answers the models of shayegan_rad_2019 only; use bilevel_dr.solve"
        )
    if dso.component("voltage") is None:
        return breakpoints.solve(instance)
    breakpoints.refuse_fixed(instance)
    began = time.perf_counter()
    day = read(instance)
    best = best_price(day)
    if np.isnan(best.price):
        return _no_answer(day, began)
    answer = respond(day, [best.price])
    certificate = _certificate(day, best.price, answer)
    closed = best.bound - best.profit <= 10 * CLOSED * max(1.0, abs(best.profit))
    notes = [] if closed else ["consumers of an hour are paid differently: the search over the price is no proof"]
    if not answer.convex.all():
        hours = ", ".join(str(day.hours[h]) for h in np.flatnonzero(~answer.convex)[:5])
        notes.append(
            f"the DSO's Lagrangian is not convex in hours {hours}: its answer there is stationary, not proved best"
        )
    if best.price > day.price_limit * (1 - 1e-6):
        notes.append(f"the price is at price_limit = {day.price_limit:g}: limits force the DSO to buy at any price")
    cost = best.price * answer.reduction.sum(axis=0) + day.market_price * answer.substation
    return Solution(
        leader_objective=best.profit,
        claim="none" if not certificate.passed else "global" if closed and answer.convex.all() else "local",
        certificate=certificate,
        best_bound=best.bound if closed and answer.convex.all() else None,
        termination="optimal" if certificate.passed and closed else "feasible",
        reformulation="exact",
        solver="sweep",
        seconds=time.perf_counter() - began,
        point=_point(instance, day, best.price, answer),
        follower_objectives={instance.dso.name: float(cost.sum())},
        notes=tuple(notes),
        model=instance.name,
    )


def _point(instance, day, price, answer) -> dict:
    dso, at = instance.dso, {n: k for k, n in enumerate(day.buses)}
    point = {instance.price.name: price}
    for k, h in enumerate(day.hours):
        point[dso.substation[h].name] = float(answer.substation[k])
        point |= {dso.reduction[i, h].name: float(answer.reduction[at[i], k]) for i in day.participants}
        point |= {dso.voltage[n, h].name: float(answer.voltage[at[n], k]) for n in day.buses}
    return point


def _certificate(day, price, answer) -> Certificate:
    """The DSO's cost against the minimum of its Lagrangian, and the residual of its KKT system."""
    cost = price * answer.reduction.sum(axis=0) + day.market_price * answer.substation
    proved = answer.convex.all()
    gap = max(0.0, float((cost - answer.bound).sum() / max(1.0, np.abs(cost).sum())))
    feeder, U = day.feeder, answer.voltage
    flows = np.abs(line_flows(feeder, U))
    violation = max(
        float((flows - feeder.line_limit).max(initial=0.0)),
        float((feeder.voltage_min - U)[1:].max(initial=0.0)),
        float((U - feeder.voltage_max)[1:].max(initial=0.0)),
        float((answer.substation - feeder.substation_limit).max(initial=0.0)),
    )
    residual = float(answer.residual.max())
    worst = {"follower_gap": gap, "violation": violation, "residual": residual}
    reasons = tuple(f"{name} {value:.2g} exceeds 1e-06" for name, value in worst.items() if not value <= 1e-6)
    convexity = "proved" if proved else "unknown"
    check = FollowerCheck(
        float(cost.sum()), float(answer.bound.sum()), gap, violation, residual, residual, convexity, None
    )
    return Certificate(
        passed=not reasons,
        leader_violation=0.0,
        follower_gap=gap,
        complementarity=residual,
        stationarity=residual,
        followers={"dso": check},
        reasons=reasons,
        notes=("the DSO's best cost is bounded by the minimum of its Lagrangian, which is convex at these multipliers",)
        if proved
        else (),
    )


def _no_answer(day, began) -> Solution:
    """Which limit no reductions can keep, where that is so; otherwise that no answer was found."""
    solved = respond(day, np.linspace(0.0, day.price_limit, FIRST + 1)).solved.reshape(FIRST + 1, -1).all(axis=0)
    feeder, load = day.feeder, day.load
    limits = []
    for extreme, P in (("with all reductions", day.cap), ("without reductions", 0.0 * day.cap)):
        U, S = power_flow(feeder, load - P)
        flows = line_flows(feeder, U)
        least = extreme == "with all reductions"
        limits += [
            (extreme, "substation_limit", (S > feeder.substation_limit) & least),
            (extreme, "voltage_min", (U < feeder.voltage_min)[1:].any(axis=0) & least),
            (extreme, "voltage_max", (U > feeder.voltage_max)[1:].any(axis=0) & (not least)),
            (extreme, "line_limit", (flows[0] > feeder.line_limit).any(axis=0) & least),
            (extreme, "line_limit", (flows[1] > feeder.line_limit).any(axis=0) & (not least)),
        ]
    for extreme, name, broken in limits:
        if broken.any():
            note = f"hour {day.hours[int(np.argmax(broken))]}: {name} cannot be kept, not even {extreme}"
            return _none("infeasible", note, began)
    hour = day.hours[int(np.argmin(solved))]
    return _none("failed", f"hour {hour}: no answer of the DSO was found; its limits may leave none", began)


def _none(termination, note, began) -> Solution:
    return Solution(None, "none", None, None, termination, "exact", "sweep", time.perf_counter() - began, notes=(note,))
