"""Li, Motoki and Zhang (2025) to play with: where the market clears, and what fairness does to price and surplus."""

from __future__ import annotations

import numpy as np

from bilevel_dr.play import Curve, Knob

from .exact import equilibrium, read

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
        Knob("policy", choices=("strict", "eligible", "active")),
    ]


def curves(instance, solution) -> dict:
    """One over the price, one over α."""
    data = read(instance)
    return {"over the price": lambda: over_price(data), "over fairness α": lambda: over_alpha(data)}


def over_price(data) -> Curve:
    """What is bought beyond what the price asks for: the market clears where it is nothing."""
    found = equilibrium(**data)
    x = np.linspace(0, min(2 * found.price, data["b"].max()), POINTS)
    excess = found.excess(x)
    said = "equilibrium" if found.verified else "clears, but no equilibrium"
    return Curve(
        x,
        "price p [money/kWh]",
        "Σ y(p) − p/c [kWh]",
        {"bought beyond what p = c Σ y says": excess},
        {"all aggregators": excess + x / data["c"]},
        "bought at the price [kWh]",
        {said: (found.price, 0.0)},
        zero=True,
    )


def over_alpha(data) -> Curve:
    """Smallest and mean surplus of the users, and the price, when all aggregators are equally fair; even steps of α."""
    few = ALPHAS if data["a"].size <= MANY else ALPHAS[::3]
    answers = [equilibrium(**data | {"alpha": alpha}) for alpha in few]
    return Curve(
        np.arange(len(few), dtype=float),
        "fairness α of all aggregators (even steps)",
        "surplus of a user [money]",
        {"mean": np.array([a.surplus.mean() for a in answers]), "smallest": np.array([a.surplus.min() for a in answers])},
        {"price": np.array([a.price for a in answers])},
        "price [money/kWh]",
        steps=["∞" if np.isinf(alpha) else f"{alpha:g}" for alpha in few],
    )
