"""Khe, Chaipunya and Bangviwat (2025) to play with: the aggregator's curve over one call, and over the target."""

from __future__ import annotations

import numpy as np

from bilevel_dr.play import Curve, Knob, ticks

from .exact import optimal_calls, read, willingness

POINTS = 121
ENERGY, MONEY = "[kWh]", "[money]"


def knobs(instance) -> list[Knob]:
    """Target, reward, commission and fairness weight; the target up to all that could be shifted."""
    most = float(read(instance)["baseline"].sum())
    return [
        Knob("target", 0, np.floor(most), 5),
        Knob("reward", 0, 5, 0.1),
        Knob("commission", 0, 5, 0.1),
        Knob("fairness", 0, 0.05, 0.001),
    ]


def curves(instance) -> dict:
    """One over the call of each consumer, and one over the target."""
    data = read(instance)
    called = {
        f"over the call of consumer {name}": lambda solution, place=place, name=name: over_call(data, place, name)
        for place, name in enumerate(instance.CONSUMERS)
    }
    return called | {"over the target": lambda solution: over_target(data)}


def over_target(data) -> Curve:
    """The best benefit at every target; how much of it the consumers then shift."""
    x = ticks(0, data["baseline"].sum(), POINTS, data["target"])
    answers = [optimal_calls(**data | {"target": target}) for target in x]
    benefit, shifted = np.array([[a.objective, a.shifts.sum()] for a in answers]).T
    here = float(np.interp(data["target"], x, benefit))
    return Curve(
        x,
        f"target T {ENERGY}",
        f"benefit of the aggregator {MONEY}",
        {"the best calls": benefit},
        {"called for": x, "shifted": shifted},
        f"all consumers {ENERGY}",
        {"this target": (data["target"], here)},
    )


def over_call(data, place: int, name) -> Curve:
    """The benefit when one call is held and the others are chosen best: concave, with kinks where somebody's answer turns.

    With c̄ = T/n fixed, the others' part is :func:`optimal_calls` of n − 1 consumers whose own mean is m = (T − c)/(n − 1):
    Σ (c_j − c̄)² = Σ (c_j − m)² + (n − 1) (m − c̄)².
    """
    e, target, n = data["baseline"], data["target"], data["baseline"].size
    rest = np.arange(n) != place
    others = {key: value[rest] if np.ndim(value) else value for key, value in data.items()}
    low, high = max(0.0, target - e[rest].sum()), min(e[place], target)
    willing = min(float(willingness(data["a"], data["b"], data["on_peak"], data["off_peak"], data["reward"])[place]), high)
    best = optimal_calls(**data)
    x = ticks(low, high, POINTS, willing, best.calls[place])
    shifts = np.minimum(x, willing)

    def benefit(call, shift):
        own = data["commission"] * shift - data["fairness"] * (call - target / n) ** 2
        if n == 1:
            return own
        left = min(target - call, others["baseline"].sum())
        between = (n - 1) * (left / (n - 1) - target / n) ** 2
        return own + optimal_calls(**others | {"target": left}).objective - data["fairness"] * between

    return Curve(
        x,
        f"call of consumer {name} {ENERGY}",
        f"benefit of the aggregator {MONEY}",
        {"the others called best": np.array([benefit(c, s) for c, s in zip(x, shifts, strict=True)])},
        {"called for": x, "shifted": shifts},
        f"consumer {name} {ENERGY}",
        {"best call": (float(best.calls[place]), best.objective)},
    )
