"""Interval arithmetic on pairs ``(low, high)`` of extended reals.

``pyomo.contrib.fbbt.interval`` answers (−∞, ∞) to [0, ∞) × [0, 1] and overflows on 1e200²; what is proved here often
rests on just such a sign, so these few functions keep it: 0 · ∞ is 0, an overflow is ∞. Outside a function's domain an
interval is cut to the domain. Rounding is not directed outwards: a bound is right to rounding.
"""

from __future__ import annotations

import math
from math import inf

REALS = (-inf, inf)


def add(a, b):
    low, high = a[0] + b[0], a[1] + b[1]
    return (low if low == low else -inf), (high if high == high else inf)


def multiply(a, b):
    (p, q), (r, s) = a, b
    if p >= 0 and r >= 0:
        return (p * r if p and r else 0.0), (q * s if q and s else 0.0)
    products = [x * y if x and y else 0.0 for x in a for y in b]
    return min(products), max(products)


def reciprocal(a):
    low, high = a
    if low < 0 < high or low == high == 0:
        return REALS
    return (1 / high if high else -inf), (1 / low if low else inf)


def power(a, exponent):
    """``a ** exponent`` for a number; a fractional exponent cuts ``a`` to the nonnegative reals."""
    low, high = a
    if not math.isfinite(exponent):
        return REALS
    if exponent == 0:
        return 1.0, 1.0
    if exponent < 0:
        return reciprocal(power(a, -exponent))
    if exponent != int(exponent):
        return REALS if high < 0 else (_pow(max(low, 0.0), exponent), _pow(high, exponent))
    ends = _pow(low, exponent), _pow(high, exponent)
    if exponent % 2:
        return ends
    return (0.0 if low < 0 < high else min(ends)), max(ends)


def varying_power(a, exponent):
    """``a ** exponent`` for an interval of exponents and a nonnegative base."""
    if exponent[0] == exponent[1]:
        return power(a, exponent[0])
    return REALS if a[0] < 0 else unary("exp", multiply(exponent, unary("log", a)))


def unary(name, a):
    """One of Pyomo's unary functions, or the reals where it is not known."""
    if name in _INCREASING:
        return _increasing(_INCREASING[name], *domain(name), a)
    if name in _OTHER:
        return _OTHER[name](a)
    return REALS


def domain(name):
    """Where a unary function is defined and smooth inside; the ends may be left out."""
    return _DOMAINS.get(name, REALS)


def _pow(base, exponent):
    try:
        return base**exponent
    except OverflowError:
        return -inf if base < 0 and exponent % 2 else inf


def _increasing(function, first, last, a):
    low, high = max(a[0], first), min(a[1], last)
    return REALS if low > high else (_at(function, low, first), _at(function, high, first))


def _at(function, x, first):
    try:
        return function(x)
    except ValueError:  # the open end of a domain: log(0), atanh(±1)
        return -inf if x == first else inf
    except OverflowError:
        return math.copysign(inf, x)


def _sin(a):
    low, high = a
    if not high - low < 2 * math.pi:
        return -1.0, 1.0
    ends = [0.0 if abs(end) < 1e-15 else end for end in (math.sin(low), math.sin(high))]  # sin(math.pi) is not quite 0
    top = math.ceil((low - math.pi / 2) / (2 * math.pi)) * 2 * math.pi + math.pi / 2 <= high
    bottom = math.ceil((low + math.pi / 2) / (2 * math.pi)) * 2 * math.pi - math.pi / 2 <= high
    return (-1.0 if bottom else min(ends)), (1.0 if top else max(ends))


def _cos(a):
    return _sin((a[0] + math.pi / 2, a[1] + math.pi / 2))


def _tan(a):
    first, last = domain("tan")
    return (math.tan(a[0]), math.tan(a[1])) if first < a[0] and a[1] < last else REALS


def _cosh(a):
    ends = _increasing(math.cosh, 0.0, inf, tuple(sorted((abs(a[0]), abs(a[1])))))
    return (1.0 if a[0] < 0 < a[1] else ends[0]), ends[1]


def _acos(a):
    low, high = unary("asin", a)
    return math.pi / 2 - high, math.pi / 2 - low


_DOMAINS = {
    "log": (0.0, inf),
    "log10": (0.0, inf),
    "sqrt": (0.0, inf),
    "acosh": (1.0, inf),
    "asin": (-1.0, 1.0),
    "acos": (-1.0, 1.0),
    "atanh": (-1.0, 1.0),
    "tan": (-math.pi / 2, math.pi / 2),  # one branch of it
}
_INCREASING = {
    name: getattr(math, name)
    for name in ("exp", "log", "log10", "sqrt", "sinh", "tanh", "asinh", "acosh", "atan", "asin", "atanh")
}
_OTHER = {"sin": _sin, "cos": _cos, "tan": _tan, "cosh": _cosh, "acos": _acos}
