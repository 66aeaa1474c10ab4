"""Curvature of Pyomo's unary functions, from the signs of their first and second derivatives over an interval."""

from __future__ import annotations

import math
from math import inf

from .intervals import REALS, domain, unary
from .shapes import (
    AFFINE,
    CONCAVE,
    CONVEX,
    LOG_CONCAVE,
    LOG_CONVEX,
    NOTHING,
    QUASICONCAVE,
    QUASICONVEX,
    Shape,
    data,
    mirrored,
)

_PLUS, _MINUS = (1.0, 1.0), (-1.0, -1.0)


def _minus(interval):
    return -interval[1], -interval[0]


def _tan(x):
    first, last = domain("tan")
    return (_PLUS, x) if first <= x[0] and x[1] <= last else (REALS, REALS)


# name: interval of the argument → intervals with the signs of the first and of the second derivative
_DERIVATIVES = {
    "exp": lambda x: (_PLUS, _PLUS),
    "log": lambda x: (_PLUS, _MINUS),
    "log10": lambda x: (_PLUS, _MINUS),
    "sinh": lambda x: (_PLUS, x),
    "cosh": lambda x: (x, _PLUS),
    "tanh": lambda x: (_PLUS, _minus(x)),
    "asinh": lambda x: (_PLUS, _minus(x)),
    "acosh": lambda x: (_PLUS, _MINUS),
    "atanh": lambda x: (_PLUS, x),
    "atan": lambda x: (_PLUS, _minus(x)),
    "asin": lambda x: (_PLUS, x),
    "acos": lambda x: (_MINUS, _minus(x)),
    "tan": _tan,
    "sin": lambda x: (unary("cos", x), _minus(unary("sin", x))),
    "cos": lambda x: (_minus(unary("sin", x)), _minus(unary("cos", x))),
}


def applied(name, inner) -> Shape:
    """``name(inner)``; outside its domain a function is taken as +∞ where it is convex, as −∞ where it is concave."""
    values = unary(name, inner.interval)
    if not inner.degree:
        return data(values)
    if name not in _DERIVATIVES:
        return Shape(*values, inf, 0)
    slope, bend = _DERIVATIVES[name](inner.interval)
    rising, falling = slope[0] >= 0, slope[1] <= 0
    convex, concave = inner.flags & CONVEX, inner.flags & CONCAVE
    flags = 0
    if bend[0] >= 0 and (inner.affine or (rising and convex) or (falling and concave)):
        flags |= CONVEX
    if bend[1] <= 0 and (inner.affine or (rising and concave) or (falling and convex)):
        flags |= CONCAVE
    flags |= _of_the_logarithm(name, inner)
    strict = frozenset([inner.single]) if inner.single is not None and flags & AFFINE else NOTHING
    if inner.affine or inner.inside(*domain(name)):  # a monotone function keeps level sets
        levels = inner.flags & (QUASICONVEX | QUASICONCAVE)
        flags |= levels if rising else mirrored(levels) if falling else 0
    result = Shape(*values, inf, flags, strict)
    if name in ("log", "log10"):
        result.logs = _logs(inner, 1.0 if name == "log" else 1 / math.log(10))
    return result


def _of_the_logarithm(name, inner):
    if name == "exp":
        return (LOG_CONVEX if inner.flags & CONVEX else 0) | (LOG_CONCAVE if inner.flags & CONCAVE else 0)
    if name in ("log", "log10"):
        return (CONVEX if inner.flags & LOG_CONVEX else 0) | (CONCAVE if inner.flags & LOG_CONCAVE else 0)
    return 0


def _logs(inner, unit):
    """log(scale · Π gᵢ^aᵢ) as coefficients of the log gᵢ, where every gᵢ is in the domain; else of the whole."""
    factors = inner.factors
    if factors is None or inner.scale[0] < 0:
        factors = ((inner, 1),)
    elif not all(base.low >= 0 for base, _ in factors) and [a for _, a in factors] != [1]:
        factors = ((inner, 1),)
    return {base.key(): (base, unit * exponent) for base, exponent in factors}
