"""What a price leads to: the quantities of the paper's tables and figures, and the function its point estimate evaluates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .day import Day, read
from .exact import best_price, respond
from .feeder import line_flows


def outcome(day: Day, price: float) -> dict:
    """What the paper's tables and figures speak of, at one price.

    Returns
    -------
    dict
        Of the day: ``price`` (€/MWh), ``profit``, ``income``, ``cost of reduction``, ``cost with reductions``,
        ``cost without reductions`` (€), ``saving``, ``reduction of the losses`` (%).
    """
    with_, without = hourly(day, price), hourly(day.without_reductions(), price)
    income, paid = price * with_["reduction"].sum(), with_["paid"].sum()
    cost, plain = with_["cost"].sum(), without["cost"].sum()
    return {
        "price": price,
        "profit": income - paid,
        "income": income,
        "cost of reduction": paid,
        "cost with reductions": cost,
        "cost without reductions": plain,
        "saving": 100 * (1 - cost / plain),
        "reduction of the losses": 100 * (1 - with_["losses"].sum() / without["losses"].sum()),
    }


def hourly(day: Day, price: float) -> dict:
    """By hour, shape (H,): ``reduction``, ``substation``, ``losses``, ``demand`` left (MW), ``paid``, ``cost`` (€)."""
    answer = respond(day, [price])
    reduction = answer.reduction.sum(axis=0)
    return {
        "reduction": reduction,
        "substation": answer.substation,
        "losses": line_flows(day.feeder, answer.voltage)[:, 1:].sum(axis=(0, 1)),
        "demand": day.demand - reduction,
        "paid": (day.cost * answer.reduction).sum(axis=0),
        "cost": price * reduction + day.market_price * answer.substation,
    }


def evaluate(instance):
    """The paper's F in (22): the outcome at the best price, as a function of the three uncertain profiles.

    Parameters
    ----------
    instance : ConcreteModel

    Returns
    -------
    callable
        ``function(market_price, demand, wind)``, each of shape (H,), returns :func:`outcome`; to be handed to
        ``bilevel_dr.point_estimate`` or ``monte_carlo`` with the means and deviations of :func:`inputs`.
    """
    return Evaluation(read(instance))


@dataclass(frozen=True)
class Evaluation:
    """:func:`evaluate` as an object, so that it travels to other processes."""

    day: Day
    closed: float = 1e-6

    def __call__(self, market_price, demand, wind) -> dict:
        day = self.day.moved(market_price, demand, wind)
        return outcome(day, best_price(day, self.closed).price)


def inputs(instance) -> tuple[list, list]:
    """Means and deviations of the three profiles, each moved as one: lists of arrays of shape (H,)."""
    day = read(instance)
    std = [getattr(instance, f"{name}_std").extract_values() for name in ("market_price", "demand", "wind")]
    spread = [np.full(len(day.hours), float(s[None])) for s in std[:2]] + [np.array([std[2][h] for h in day.hours])]
    return [day.market_price, day.demand, day.wind], spread
