"""Values of an expression at many points at once, each with a bound of its rounding error; the model is not touched.

The bound is a running error analysis (N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 2002, section
3.3) to first order: what comes in, times the slope, plus one rounding of what goes out.
"""

from __future__ import annotations

import numpy as np

from .tree import fold

_EPS = 4 * np.finfo(float).eps  # elementary functions are right to a few units in the last place

_FUNCTIONS = {
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda u: 1 / u),
    "log10": (np.log10, lambda u: 1 / (u * np.log(10))),
    "sqrt": (np.sqrt, lambda u: 0.5 / np.sqrt(u)),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, np.sin),
    "tan": (np.tan, lambda u: 1 / np.cos(u) ** 2),
    "asin": (np.arcsin, lambda u: 1 / np.sqrt(1 - u * u)),
    "acos": (np.arccos, lambda u: 1 / np.sqrt(1 - u * u)),
    "atan": (np.arctan, lambda u: 1 / (1 + u * u)),
    "sinh": (np.sinh, np.cosh),
    "cosh": (np.cosh, np.sinh),
    "tanh": (np.tanh, lambda u: 1 / np.cosh(u) ** 2),
    "asinh": (np.arcsinh, lambda u: 1 / np.sqrt(1 + u * u)),
    "acosh": (np.arccosh, lambda u: 1 / np.sqrt(u * u - 1)),
    "atanh": (np.arctanh, lambda u: 1 / (1 - u * u)),
}


def evaluate(expression, points, noise=_EPS):
    """The expression and a bound of its error, NaN where it is not defined.

    Parameters
    ----------
    expression : expression or number
    points : dict
        ``id(variable)`` → array, all of one length, for every unfixed variable of the expression.
    noise : float
        Relative error of the points themselves.

    Returns
    -------
    (value, error) : arrays of that length, or numbers where the expression is constant
    """

    def number(value):
        return np.float64(value), np.float64(0.0)

    def variable(v):
        return points[id(v)], noise * (1 + np.abs(points[id(v)]))

    with np.errstate(all="ignore"):
        return fold(expression, number, variable, _operator)


def _operator(kind, node, parts):
    match kind:
        case "sum":
            value, error = sum(v for v, _ in parts), sum(e for _, e in parts)
            return value, error + _EPS * sum(np.abs(v) for v, _ in parts)
        case "product":
            (a, da), (b, db) = parts
            return a * b, np.abs(a) * db + np.abs(b) * da + _EPS * np.abs(a * b)
        case "division":
            (a, da), (b, db) = parts
            return a / b, (da + np.abs(a / b) * db) / np.abs(b) + _EPS * np.abs(a / b)
        case "negation":
            return -parts[0][0], parts[0][1]
        case "power":
            return _power(*parts)
        case "unary" if node.getname() in _FUNCTIONS:
            function, slope = _FUNCTIONS[node.getname()]
            a, da = parts[0]
            return function(a), np.abs(slope(a)) * da + _EPS * np.abs(function(a))
        case "named":
            return parts[0]
    return np.float64(np.nan), np.float64(np.nan)


def _power(base, exponent):
    (a, da), (p, dp) = base, exponent
    value = a**p
    error = np.abs(p * a ** (p - 1)) * da + _EPS * np.abs(value)
    return value, error + np.where(dp > 0, np.abs(np.log(np.abs(a)) * value) * dp, 0.0)
