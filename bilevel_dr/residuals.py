"""How far a point is from holding: rows, bounds, sets and complementarities as Pyomo states them, scaled by their size.

A violation is divided by the largest of one, the bound and the row's terms, so that 1e-6 means the same in kW and in MW.
"""

from __future__ import annotations

import math

import pyomo.environ as pyo
from pyomo.core.expr.calculus.derivatives import Modes, differentiate
from pyomo.core.expr.calculus.diff_with_pyomo import DifferentiationException

from .complementarity import sides


def beyond_bounds(variable) -> float:
    low, high = variable.bounds
    outside = max(0.0 if low is None else low - variable.value, 0.0 if high is None else variable.value - high, 0.0)
    nearest = high if high is not None and variable.value > high else low
    return outside / max(1.0, abs(nearest or 0.0))


def evaluate(expression) -> float | None:
    """An expression's value at the current values; None where it has no finite real one."""
    try:
        number = pyo.value(expression, exception=False)  # with True Pyomo logs an error besides
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return None if number is None or isinstance(number, complex) or not math.isfinite(number) else number


def beyond(row) -> float:
    """A row's violation over the size of its terms; infinite where it cannot be evaluated."""
    body = evaluate(row.body)
    if body is None:
        return math.inf
    low, high = (
        (-math.inf if row.lower is None else pyo.value(row.lower)),
        (math.inf if row.upper is None else pyo.value(row.upper)),
    )
    outside = max(low - body, body - high, 0.0)
    if outside <= 0.0:
        return 0.0
    terms = [abs(number * variable.value) for variable, number in slope(row.body)]
    return outside / max(1.0, abs(low if body < low else high), *terms)


def beyond_set(sos) -> float:
    """The largest member of a special ordered set that has to be zero, the ``level`` best neighbours being free."""
    sizes = [abs(v.value) for v in sos.get_variables()]
    windows = (sizes[:i] + sizes[i + sos.level :] for i in range(max(len(sizes) - sos.level, 0) + 1))
    return min((max(rest, default=0.0) for rest in windows), default=0.0) / max(1.0, *sizes) if sizes else 0.0


def beyond_pair(complementarity) -> float:
    """Of a complementarity the leader states itself: how far from holding, each side scaled by its size."""
    slacks, outside = [], 0.0
    for side in complementarity._args:
        low, body, high = (None if part is None else pyo.value(part) for part in sides(side))
        distances = [
            distance
            for distance in (None if low is None else body - low, None if high is None else high - body)
            if distance is not None
        ]
        scale = max(1.0, abs(body))
        outside = max([outside, *(-distance / scale for distance in distances)])
        slacks.append((distances, body, scale))
    (first, body_1, scale_1), (second, body_2, scale_2) = slacks
    if first and second:
        return max(outside, min(min(first) / scale_1, min(second) / scale_2))
    bounds, scale, free, free_scale = (first, scale_1, body_2, scale_2) if first else (second, scale_2, body_1, scale_1)
    at = bounds[0] if free > 0 else bounds[-1]  # l <= v <= u: a positive body wants v at l, a negative one at u
    return max(outside, min(abs(free) / free_scale, at / scale))


def slope(expression) -> list[tuple]:
    """``(variable, ∂expression/∂variable)`` at the current values, by Pyomo's numeric reverse mode."""
    if expression.__class__ in (int, float) or not expression.is_potentially_variable():
        return []
    if expression.is_variable_type():
        return [(expression, 1.0)]
    try:
        derivatives = differentiate(expression, mode=Modes.reverse_numeric)
    except DifferentiationException:  # a function Pyomo has no derivative of: only a leader's row can hold one
        return []
    return [(node, number) for node, number in derivatives.items() if getattr(node, "is_variable_type", bool)()]
