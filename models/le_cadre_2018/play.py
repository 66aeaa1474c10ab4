"""Le Cadre et al. (2018) to play with: how far the profit can be raised before a consumer leaves, rule by rule."""

from __future__ import annotations

import numpy as np

from bilevel_dr.play import Curve, Knob, ticks

from .cost_sharing import RULES
from .exact import closed_forms, fractions, solve
from .game import Game, read
from .scheduling import Schedule

POINTS = 81
FEW = 60
"""Linear programs that a quick answer may take: half a second."""


def knobs(instance) -> list[Knob]:
    """Rule and participation; how uncertain the base loads are, and what the alternatives cost."""
    return [
        Knob("rule", choices=tuple(rule for rule in RULES if rule != "standalone_wholesale")),
        Knob("participation", choices=("surplus", "bill")),
        Knob("sigma", 0, 2, 0.1, factor=True),
        Knob("retail_price", 0.9, 1.3, 0.01, factor=True),
        Knob("reservation_price", 0.5, 1.5, 0.05, factor=True),
    ]


def quick(instance):
    """The exact answer, where it comes at once; the search among schedules is cut short."""
    return solve(instance, FEW)


def curves(instance) -> dict:
    """One over the profit asked, one over the rules."""
    game = read(instance)
    return {
        "over the profit asked": lambda solution: over_profit(
            game, _schedule(instance, game, solution), solution.leader_objective
        ),
        "over the cost-sharing rules": lambda solution: over_rules(game),
    }


def over_profit(game: Game, schedule: Schedule, best: float) -> Curve:
    """What the consumer nearest to leaving would still save, with the loads as they run at ``best``."""
    most, division = game.most(schedule), game.divide(schedule)
    reach = max(abs(best), 0.01 * float(game.retailer_bill.sum()))
    x = ticks(best - reach, best + reach, POINTS, best)
    saved = np.array([most - division.bills(profit) for profit in x])
    nearest = saved.min(axis=1)
    return Curve(
        x,
        "net profit Π of the aggregator [EUR]",
        "least saving of a consumer [EUR]",
        {"bills by the rule": nearest},
        {"consumers better off than with the retailer": (saved >= -1e-9).sum(axis=1).astype(float)},
        "consumers who stay",
        {"largest profit found": (best, float(np.interp(best, x, nearest)))},
        zero=True,
    )


def over_rules(game: Game) -> Curve:
    """The largest profit by every rule's closed form, loads run as with the retailer; whether a price makes it is not asked."""
    profits = closed_forms(game)
    return Curve(
        np.arange(len(profits), dtype=float),
        "rule",
        "largest profit, closed form [EUR]",
        {"loads as with the retailer": np.array(list(profits.values()))},
        steps=[rule.replace("_", "\n") for rule in profits],
        zero=True,
    )


def _schedule(instance, game: Game, solution) -> Schedule:
    running = np.round(fractions(instance, solution.point))
    return Schedule(running.sum(axis=1) > 0, running, np.zeros(len(game.loads)))
