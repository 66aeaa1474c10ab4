"""The bounds of both sides of each pair: derived, or given by the user, or none and the reason."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyomo.environ as pyo

from ..complementarity import Pair
from ..errors import ModelError
from .multipliers import Multipliers
from .relaxation import PROGRAM, Relaxation

AT_BOUND = 1e-3
"""Relative distance to a given M within which a side counts as held back by it."""
SMALL = 100
"""Pairs up to which linear programs also tighten slack bounds that are finite already."""


@dataclass(frozen=True)
class Bound:
    """An M: ``value`` (``inf`` where there is none), where it is from or what is missing, and whether it is proved."""

    value: float
    source: str
    proved: bool


def side_bounds(model, pairs: Sequence[Pair], M_slack=None, M_multiplier=None) -> list[tuple[Bound, Bound]]:
    """Bounds of the left and the right side of each pair.

    Parameters
    ----------
    model : ConcreteModel
        Under KKT conditions, the followers' own rows active. Its numbers are read at each call; nothing is changed.
    pairs : sequence of Pair
        As :func:`bilevel_dr.complementarity.take_pairs` gives them. In a follower's pair the multiplier is on the left.
    M_slack, M_multiplier : float or mapping, optional
        Of the right and the left sides. A number serves where nothing is derived. A mapping from names of rows or
        variables (``"market.balance"``; a ComponentMap serves too) or of pairs serves there, and wins where smaller.

    Returns
    -------
    list of (Bound, Bound)

    Raises
    ------
    ModelError
        A given M that is negative, NaN or infinite, or for a name no pair has.
    """
    given = [_Given(M_multiplier, pairs, "M_multiplier"), _Given(M_slack, pairs, "M_slack")]
    relaxation = Relaxation(model)
    relaxation.tighten()
    multipliers = Multipliers(relaxation, model, pairs)
    multipliers.tighten()
    small = len(pairs) <= SMALL
    bounds = []
    for i, pair in enumerate(pairs):
        left = _interval(relaxation, pair.left, small) if pair.kkt is None else _multiplier(multipliers, pair)
        right = _interval(relaxation, pair.right, small)
        bounds.append((given[0].over(left, i), given[1].over(right, i)))
    return bounds


def audit(pairs: Sequence[Pair], bounds, values=None) -> list[str]:
    """The sides that an unproved M may hold back, by name: those within 1e-3 of it (relative), after a solve.

    Parameters
    ----------
    pairs : sequence of Pair
    bounds : sequence of (Bound, Bound)
        As :func:`side_bounds` gave them.
    values : array (len(pairs), 2), optional
        Left and right sides; by default at the model's current values.
    """
    if values is None:
        values = [(pyo.value(pair.left), pyo.value(pair.right)) for pair in pairs]
    names = []
    for pair, pair_bounds, numbers in zip(pairs, bounds, values, strict=True):
        for word, bound, number in zip(("multiplier", "slack"), pair_bounds, numbers, strict=True):
            if not bound.proved and number >= bound.value * (1.0 - AT_BOUND):
                names.append(f"{word} of {pair.name}")
    return names


def enlarged(bounds, factor: float = 10.0) -> list[tuple[Bound, Bound]]:
    """The same bounds with every unproved M times ``factor``."""
    return [tuple(b if b.proved else replace(b, value=factor * b.value) for b in sides) for sides in bounds]


def row_name(pair: Pair) -> str:
    """The name of the row or variable a follower's pair belongs to, else the pair's own."""
    return pair.name if pair.kkt is None else f"{pair.kkt.parent_block().name}.{pair.left.index()}"


def _interval(relaxation: Relaxation, side, small: bool) -> Bound:
    """A side by interval arithmetic, then by a linear program where that gives nothing or the model is small."""
    form = relaxation.form(side)
    value = relaxation.interval(form)[1]
    names = [relaxation.variables[j].name for j in sorted(relaxation.columns_of(form))]
    source = "bounds of " + ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    if form.is_linear and len(form.columns) and (small or math.isinf(value)):
        better = form.constant + relaxation.maximise(form.columns, form.coefficients)
        if better < value - 1e-6 * max(1.0, abs(value)) or math.isinf(value):
            value, source = better, PROGRAM
    if math.isfinite(value):
        return Bound(max(value, 0.0), source, True)
    return Bound(math.inf, "; ".join(relaxation.unbounded(form, 1.0)[:3]) or "its interval is infinite", False)


def _multiplier(multipliers: Multipliers, pair: Pair) -> Bound:
    box = multipliers.box
    k = box.column[id(pair.left)]
    value = float(box.upper[k])
    if math.isinf(value):
        return Bound(math.inf, multipliers.reason(k), False)
    return Bound(max(value, 0.0), multipliers.source(k), True)


class _Given:
    """What the user gave for one kind of side, looked up by pair."""

    def __init__(self, given, pairs, argument: str):
        self.numbers, self.everywhere = {}, math.inf
        if given is None:
            return
        if not isinstance(given, Mapping):
            self.everywhere = _checked(given, argument)
            return
        names = {}
        for i, pair in enumerate(pairs):
            for name in {pair.name, row_name(pair)}:
                names.setdefault(name, []).append(i)
        for key, number in given.items():
            name = getattr(key, "name", key)
            if name not in names:
                near = difflib.get_close_matches(str(name), names, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ModelError(f"{argument}: no complementarity pair belongs to {name!r}{hint}")
            for i in names[name]:
                self.numbers[i] = _checked(number, f"{argument}[{name!r}]")

    def over(self, bound: Bound, i: int) -> Bound:
        number = self.numbers.get(i, self.everywhere if math.isinf(bound.value) else math.inf)
        return Bound(number, "given", False) if number < bound.value else bound


def _checked(number, argument: str) -> float:
    number = float(pyo.value(number))
    if not (math.isfinite(number) and number >= 0.0):
        raise ModelError(f"{argument} is {number}; an M is a finite number that is not negative")
    return number
