"""A point that is strictly inside a follower's curved rows whatever the others decide: then every answer has multipliers.

Slater's condition in its weaker form (affine rows need only hold) at one point for all decisions of the others. Points are
tried, not searched for: where none of a few does, nothing is known.
"""

from __future__ import annotations

from math import inf, isfinite

from .box import Box
from .rules import Rules

_FRACTIONS = (0.5, 0.0, 1.0, 0.25, 0.75, 0.1, 0.9)
_REACH = 1.0  # how far from its only bound, or from zero, a variable is tried
_INSIDE = 1e-6


def has_slater_point(variables, findings, box: Box) -> bool:
    """Whether one of a few points keeps every affine row and is strictly inside every other, for all of the others' box.

    Parameters
    ----------
    variables : sequence of Var data
        The follower's own.
    findings : sequence
        Its rows: ``function`` with body, low and high, and ``degree`` in the own variables.
    box : Box
        Where all variables can be.
    """
    return any(_is_inside(point, findings, box) for point in _points(variables, box))


def _points(variables, box):
    yield {id(v): _nearest_zero(*box.of(v)) for v in variables}
    if all(v.value is not None for v in variables):
        yield {id(v): min(max(v.value, box.of(v)[0]), box.of(v)[1]) for v in variables}
    for fraction in _FRACTIONS:
        yield {id(v): _between(*box.of(v), fraction) for v in variables}


def _nearest_zero(low, high):
    return min(max(0.0, low), high)


def _between(low, high, fraction):
    if not isfinite(low):
        low = min(-_REACH, high - 2 * _REACH)
    if not isfinite(high):
        high = max(_REACH, low + 2 * _REACH)
    return low + fraction * (high - low)


def _is_inside(point, findings, box) -> bool:
    rules = Rules(set(), Box({**box, **{key: (number, number) for key, number in point.items()}}))
    for finding in findings:
        row = finding.function
        shape = rules.shape(row.body)
        sizes = [abs(bound) for bound in (row.low, row.high) if abs(bound) < inf]
        room = _INSIDE * max(1.0, *sizes) if finding.degree > 1 else 0.0
        if not (row.low + room <= shape.low and shape.high <= row.high - room):
            return False
    return True
