"""Shayegan-Rad and Zangeneh (2019) to play with: the aggregator's profit and the DSO's answer at every contract price."""

from __future__ import annotations

from bilevel_dr.play import Curve, Knob, ticks

from .day import Day, read
from .exact import reductions

POINTS = 61


def knobs(instance) -> list[Knob]:
    """How much may be reduced, what it costs, and the two profiles."""
    return [
        Knob("cap_fraction", 0.05, 0.5, 0.05),
        Knob("dlc_cost", 0.5, 1.5, 0.05, factor=True),
        Knob("market_price", 0.5, 1.5, 0.05, factor=True),
        Knob("demand", 0.8, 1.2, 0.02, factor=True),
    ]


def curves(instance) -> dict:
    """One: over the price."""

    def curve(solution):
        best = solution.point[instance.price.name], solution.leader_objective
        return over_price(read(instance), {"best price": best})

    return {"over the contract price": curve}


def over_price(day: Day, best: dict[str, tuple[float, float]]) -> Curve:
    """Profit and reduction bought at prices up to the limit, ``best`` among them."""
    x = ticks(0.0, day.price_limit, POINTS, [price for price, _ in best.values()])
    P, _ = reductions(day, x)
    margin = x[:, None, None] - day.cost.T
    return Curve(
        x,
        "contract price λ [EUR/MWh]",
        "profit of the aggregator [EUR]",
        {"the DSO's answer": (margin * P).sum(axis=(1, 2))},
        {"bought from the aggregator": P.sum(axis=(1, 2))},
        "reduction in the day [MWh]",
        best,
        zero=True,
    )
