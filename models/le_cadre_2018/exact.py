"""The reconstruction of Le Cadre et al. (2018) without a solver for bilevel programs: schedules first, then one price.

For a given schedule all that is left is linear: bills that follow the rule, a price p ≥ 0 that makes them and at which the
schedule is a best response. So the answer here is

1. the schedule that allows the largest profit if any price could support it, and that profit: a bound (see below);
2. the largest profit some price supports with that schedule, by a linear program: where it meets the bound it is global,
   where it does not, other schedules are searched (``search.py``);
3. among the prices that do, the one of least norm, which is unique.

The bound: a bill y_i = own_i + part_i (…) may not exceed most_i. Rules that pass energy on are separable: each consumer's
loads should maximise most_i − e_i, which with participation on surplus is the answer to the wholesale price, and on the
bill to run nothing. Rules that part the whole cost by constants part_i allow c(G) + Π ≤ min most_i / part_i: consumers
afford that level with the loads that cost least, which is settled by trying every set of each consumer's loads.
Stand-alone parts on wholesale cost move with the schedule; there the wholesale answer is taken and nothing is proved.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import numpy as np

from bilevel_dr.solution import Certificate, FollowerCheck, Solution

from . import pricing
from .cost_sharing import RULES, WHOLE
from .game import Game, read
from .scheduling import Schedule, best_response
from .search import search

ROUNDING = 1e-8
"""Relative distance between the profit and its bound up to which ``solve`` calls it global."""
TIES = ("leader", "earliest")


def closed_forms(game: Game, tie: str = "leader") -> dict[str, float]:
    """Π* of every rule by its closed form, all consumers scheduling as they do with the retailer; EUR.

    Parameters
    ----------
    game : Game
    tie : str
        Who breaks ties among equally cheap periods: ``"leader"`` (the lowest wholesale price) or ``"earliest"``.

    Notes
    -----
    Schedule and participation are then one: bills up to R_i. Whether a price makes the bills is not asked.
    """
    if tie not in TIES:
        raise ValueError(f"tie {tie!r}: choose from {', '.join(TIES)}")
    schedule = game.with_retailer if tie == "leader" else best_response(game.loads, game.retail)
    return {rule: game.divide(schedule, rule).largest_profit(game.retailer_bill) for rule in RULES}


class Answer(NamedTuple):
    """A profit, the schedule and the price that give it.

    Attributes
    ----------
    profit : float or None, EUR
        None where no price supports the schedule.
    bound : float or None, EUR
        What no schedule and no price can exceed; None where nothing is proved.
    schedule : Schedule
    price : Price
    """

    profit: float | None
    bound: float | None
    schedule: Schedule
    price: pricing.Price


def best_schedule(game: Game) -> tuple[Schedule, float | None]:
    """The schedule that allows the largest profit, and that profit where it is a bound."""
    wholesale = best_response(game.loads, game.forward)
    if game.rule == "standalone_wholesale":
        return wholesale, None
    if game.rule not in WHOLE:
        nothing = Schedule(np.zeros_like(wholesale.on), 0 * wholesale.running, 0 * wholesale.surplus)
        schedule = wholesale if game.participation == "surplus" else nothing
        return schedule, game.divide(schedule).largest_profit(game.most(schedule))
    return _cheapest_level(game, wholesale)


def _cheapest_level(game: Game, wholesale: Schedule) -> tuple[Schedule, float | None]:
    """max over a level v of v − Σ_j (least cost of j's loads with which most_j ≥ v part_j): v is one of the quotients."""
    loads = game.loads
    cheapest = best_response(loads.at_any_price(), game.forward).running
    cost = loads.power * (cheapest @ game.forward)
    part = game.divide(wholesale).part
    sets = []
    for i in range(game.number):
        own = np.flatnonzero(loads.consumer == i)
        if own.size > 12:
            return wholesale, None
        chosen = (np.arange(1 << own.size)[:, None] >> np.arange(own.size) & 1).astype(bool)
        more = chosen @ loads.value[own] - loads.value[own] @ game.with_retailer.on[own]
        affordable = game.retailer_bill[i] + more * (game.participation == "surplus")
        sets.append((own, chosen, affordable / part[i] if part[i] else np.full(len(chosen), math.inf), chosen @ cost[own]))
    best, level_best = -math.inf, None
    for level in np.unique(np.concatenate([level for _, _, level, _ in sets])):
        costs = [np.where(levels >= level - 1e-12 * abs(level), cost, math.inf).min() for _, _, levels, cost in sets]
        if np.isfinite(level) and level - sum(costs) > best:
            best, level_best = level - sum(costs), level
    on = np.zeros(len(loads), bool)
    for own, chosen, levels, cost in sets:
        on[own] = chosen[np.argmin(np.where(levels >= level_best - 1e-12 * abs(level_best), cost, math.inf))]
    running = cheapest * on[:, None]
    schedule = Schedule(on, running, np.zeros(len(loads)))
    return schedule, game.divide(schedule).largest_profit(game.most(schedule))


def answer(game: Game, evaluations: int = 1500, seed: int = 0) -> Answer:
    """The largest profit found and the price of least norm for it.

    The best schedule first. Where no price supports it at the bound, other schedules are searched
    (:func:`.search.search`): consumers whose participation does not bind have freedom to spare.
    """
    schedule, bound = best_schedule(game)
    first = with_schedule(game, schedule)._replace(bound=bound)
    if bound is None or meets(first.profit, bound):
        return first
    found = search(game, schedule, bound, evaluations, seed)
    return first if found is None else with_schedule(game, found)._replace(bound=bound)


def meets(profit: float | None, bound: float | None) -> bool:
    """Whether a profit is as large as its bound, up to rounding."""
    return None not in (profit, bound) and bound - profit <= ROUNDING * max(1.0, abs(bound))


def with_schedule(game: Game, schedule: Schedule, profit: float | None = None) -> Answer:
    """The largest profit (or a given one) that some price supports with a schedule, and its price of least norm."""
    division, consumption = game.divide(schedule), game.consumption(schedule)
    if profit is None:
        profit = pricing.largest_profit(consumption, division, game.most(schedule), game.loads, schedule).profit
    if profit == -math.inf:
        return Answer(None, None, schedule, pricing.Price(None, "infeasible", math.inf, np.zeros(0, int)))
    price = pricing.supporting_price(consumption, division.bills(profit), game.loads, schedule)
    return Answer(profit if price.price is not None else None, None, schedule, price)


def solve(instance, evaluations: int = 1500) -> Solution:
    """Answer a loaded instance of ``model.py`` by its closed forms, a linear program and the price of least norm.

    Parameters
    ----------
    instance : ConcreteModel
        Made by ``bilevel_dr.load`` from ``le_cadre_2018/model.py``; only its Params are read.
    evaluations : int
        Linear programs at most, where other schedules have to be searched.

    Returns
    -------
    Solution
        ``reformulation="exact"``. Claim ``global`` where the profit meets its bound, ``stationary`` where it is the best of
        its schedule but may not be of all, ``none`` where no price supports the schedule.

    Raises
    ------
    ValueError
        The instance is of another model, or has fixed variables.
    """
    started = time.perf_counter()
    game = read(instance)
    if instance.component("profit") is None:
        raise ValueError(f"{instance.name}: the closed form is for the largest profit; use bilevel_dr.solve")
    fixed = [v.name for v in (*instance.price.values(), instance.target_profit) if v.fixed]
    if fixed:
        raise ValueError(f"{fixed[0]} is fixed, but the closed form decides every price; use bilevel_dr.solve")
    found = answer(game, evaluations)
    if found.profit is None:
        note = "no schedule was found that a price supports; use bilevel_dr.solve"
        seconds = time.perf_counter() - started
        return Solution(None, "none", None, found.bound, "failed", "exact", "closed form", seconds, notes=(note,))
    point, certificate = as_point(instance, game, found), certify(instance, game, found)
    proved = certificate.passed and meets(found.profit, found.bound)
    notes = (f"price of least norm: {found.price.status}, residual of the bills {found.price.residual:.1e}",)
    return Solution(
        leader_objective=found.profit,
        claim="global" if proved else "stationary" if certificate.passed else "none",
        certificate=certificate,
        best_bound=found.bound,
        termination="optimal" if proved else "feasible",
        reformulation="exact",
        solver="closed form",
        seconds=time.perf_counter() - started,
        point=point,
        follower_objectives={name: check.objective for name, check in certificate.followers.items()},
        notes=notes,
        model=instance.name,
    )


def rounded(game: Game, running) -> Answer:
    """What is left of a mixture of schedules: each load runs where it ran most, and the price is solved again.

    Parameters
    ----------
    game : Game
    running : array_like, shape (L, T)
        How much of each load runs when, between 0 and 1, as a route that knows no integers leaves it
        (:func:`fractions` reads it from a point).

    Returns
    -------
    Answer
        Profit None where no price supports the rounded schedule.
    """
    loads, running = game.loads, np.asarray(running, float)
    willing = loads.at_any_price()
    fullest = np.vstack([best_response(willing.take([k]), -row).running for k, row in enumerate(running)])
    on = running.sum(axis=1) > 0.5 * loads.duration
    return with_schedule(game, Schedule(on, fullest * on[:, None], np.zeros(len(loads))))


def fractions(instance, point) -> np.ndarray:
    """How much of each load runs when at a point, shape (L, T)."""
    periods, loads = list(instance.PERIODS), list(instance.LOADS)
    column = {t: k for k, t in enumerate(periods)}
    running = np.zeros((len(loads), len(periods)))
    for row, load in zip(running, loads, strict=True):
        if load in instance.BLOCK_LOADS:
            for s, variable in instance.block_load[load].starts.items():
                row[column[s] : column[s] + int(instance.duration[load])] += point[variable.name]
        else:
            for t, variable in instance.interruptible_load[load].running.items():
                row[column[t]] = point[variable.name]
    return running


def as_point(instance, game: Game, found: Answer) -> dict[str, float]:
    """An answer under the instance's names of its variables, for :func:`bilevel_dr.verify` or as a start."""
    periods, loads = list(instance.PERIODS), list(instance.LOADS)
    best = best_response(game.loads, found.price.price, game.forward)
    point = {instance.price[t].name: float(p) for t, p in zip(periods, found.price.price, strict=True)}
    point[instance.target_profit.name] = found.profit
    for k, load in enumerate(loads):
        point[instance.surplus[load].name] = float(best.surplus[k])
        running = dict(zip(periods, found.schedule.running[k].tolist(), strict=True))
        if game.loads.block[k]:
            first = next((t for t in periods if running[t] > 0), None)
            follower = instance.block_load[load]
            chosen = {s: float(s == first) for s in follower.starts}
            variables = follower.starts
        else:
            follower = instance.interruptible_load[load]
            point[follower.on.name] = float(found.schedule.on[k])
            chosen = {t: running[t] for t in follower.running}
            variables = follower.running
        point |= {variables[t].name: value for t, value in chosen.items()}
        point |= {instance.choice[load, t].name: value for t, value in chosen.items()}
    return point


def certify(instance, game: Game, found: Answer) -> Certificate:
    """Both levels looked at again: every load against its best response, every bill, share and participation."""
    price, schedule, loads = found.price.price, found.schedule, game.loads
    best = best_response(loads, price, game.forward).surplus
    gain = np.where(schedule.on, loads.value, 0.0) - loads.power * (schedule.running @ price)
    gap = (best - gain) / np.maximum(1.0, loads.value)
    division, bills = game.divide(schedule), game.consumption(schedule) @ price
    over = (bills - game.most(schedule)).max(initial=0.0)
    off = np.abs(bills - division.bills(found.profit)).max()
    leader = float(max(over, off, -price.min())) / max(1.0, float(np.abs(bills).max()))
    blocks = {**dict(instance.block_load.items()), **dict(instance.interruptible_load.items())}
    names = [blocks[load].name for load in instance.LOADS]
    followers = {
        name: FollowerCheck(float(g), float(b), float(d), 0.0, 0.0, 0.0)
        for name, g, b, d in zip(names, gain, best, gap, strict=True)
    }
    worst = {"leader_violation": leader, "follower_gap": float(gap.max(initial=0.0))}
    reasons = tuple(f"{name} {value:.2g} exceeds 1e-06" for name, value in worst.items() if not value <= 1e-6)
    return Certificate(
        passed=not reasons, **worst, complementarity=0.0, stationarity=0.0, followers=followers, reasons=reasons,
        notes=("each load's best gain is its closed form; ties go as the schedule says",),
    )  # fmt: skip
