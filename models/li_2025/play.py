"""Li, Motoki and Zhang (2025) to play with: where the market clears, and what fairness does to price and surplus."""

from __future__ import annotations

import numpy as np

from bilevel_dr.play import Curve, Knob

from .exact import equilibrium, read
from .nash import SEARCHED

POINTS = 121
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0, 10.0, np.inf)
MANY = 100
"""Users up to which all of ``ALPHAS`` are tried, else every third."""


def knobs(instance) -> list[Knob]:
    """Fairness of all aggregators alike, the slope of the price, and who takes part."""
    steepness = 10.0 ** np.floor(np.log10(read(instance)["c"]))
    return [
        Knob("alpha", choices=ALPHAS),
        Knob("c", 0.1 * steepness, 10 * steepness, 0.1 * steepness),
        Knob("policy", choices=("strict", "eligible")),
    ]


def curves(instance) -> dict:
    """One over the price, one over α."""
    data = read(instance)
    return {"over the price": lambda solution: over_price(data), "over fairness α": lambda solution: over_alpha(data)}


def over_price(data) -> Curve:
    """What is bought beyond what the price asks for: the market clears where it is nothing."""
    found = equilibrium(**data)
    x = np.linspace(0, min(2 * found.price, data["b"].max()), POINTS)
    excess = found.excess(x)
    marks = {"equilibrium" if found.verified else "clears, but no equilibrium": (found.price, 0.0)}
    if not found.unique and data["a"].size <= SEARCHED:
        others = [root for root in found.roots if abs(root - found.price) > 1e-9 * found.price]
        marks |= {f"equilibrium {k}": (root, 0.0) for k, root in enumerate(others, 2) if found.at(root).verified}
    return Curve(
        x,
        "price p [money/kWh]",
        "Σ y(p) − p/c [kWh]",
        {"bought beyond what p = c Σ y says": excess},
        {"all aggregators": excess + x / data["c"]},
        "bought at the price [kWh]",
        marks,
        zero=True,
    )


def over_alpha(data) -> Curve:
    """Smallest and mean surplus of the users, and the price, when all aggregators are equally fair; a gap where no
    equilibrium is verified."""
    few = ALPHAS if data["a"].size <= MANY else ALPHAS[::3]
    answers = [equilibrium(**data | {"alpha": alpha}) for alpha in few]
    there = np.where([a.verified for a in answers], 0.0, np.nan)
    return Curve(
        np.arange(len(few), dtype=float),
        "fairness α of all aggregators (even steps)",
        "surplus of a user [money]",
        {
            "mean": there + [a.surplus.mean() for a in answers],
            "smallest": there + [a.surplus.min() for a in answers],
        },
        {"price": there + [a.price for a in answers]},
        "price [money/kWh]",
        steps=["∞" if np.isinf(alpha) else f"{alpha:g}" for alpha in few],
    )
