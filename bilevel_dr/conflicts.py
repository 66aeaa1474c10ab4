"""Why rows have no common point, in the names of the model.

Rows and bounds are left out, many at a time and then one by one, as long as what is left has no point (deletion filter;
J. Chinneck & E. Dravnieks, ORSA J. Computing 3, 1991, 157–168). Nothing here knows how answers are found: certificates use
it too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyomo.environ as pyo
from pyomo.core.expr.visitor import identify_variables

from .feasibility import MARGIN, Clock, Feasibility
from .residuals import beyond_bounds

SHOWN = 6
"""Rows and bounds that a sentence names."""

@dataclass(frozen=True)
class Conflict:
    """Rows and bounds that no point satisfies together.

    Attributes
    ----------
    rows, bounds : tuple of str
        By name, with what they ask: ``"calls_meet_target (= 900)"``, ``"call[3] <= 90"``.
    given : tuple of str
        Values in those rows that are not to be decided, ``"x = 3"``, and ``"n whole"`` for the integers among the decisions.
    minimal : bool
        Whether any one of them left out ends the conflict, as far as could be seen in the time.
    proved : bool
        By arithmetic; otherwise on a global solver's word.
    """

    rows: tuple[str, ...]
    bounds: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    minimal: bool = True
    proved: bool = True

    def __str__(self) -> str:
        return grouped([*self.bounds, *self.rows]) + (f", with {listed(self.given)}" if self.given else "")

    @property
    def clause(self) -> str:
        """``row (>= 20), x <= 10 cannot hold together``."""
        many = len(self.rows) + len(self.bounds) > 1
        return f"{self} cannot hold{' together' * many}" + ("" if self.minimal else " (not all of them may matter)")


def listed(names: Sequence[str], most: int = SHOWN) -> str:
    """``a, b, c and 7 more``."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def grouped(names: Sequence[str]) -> str:
    """The same where a component has many indices: ``call[1] <= 90, call[2] <= 80, 8 more of call, calls_meet_target``."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(re.sub(r"\[[^][]*\](?=[^][]*$)", "", name.partition(" ")[0]), []).append(name)
    most = max(2, SHOWN // len(groups)) if groups else 0
    parts = []
    for component, group in groups.items():
        rest = len(group) - most
        parts += group if rest < 2 else [*group[:most], f"{rest} more of {component}"]
    return listed(parts, 2 * SHOWN)


def conflict(rows: Sequence, variables: Sequence, clock: Clock = lambda: None) -> Conflict | None:
    """What keeps some rows from having a common point; None where they have one, or nothing could be told.

    Parameters
    ----------
    rows : sequence of ConstraintData
    variables : sequence of VarData
        Those that may move, unless they are fixed; whatever else the rows hold is data, at its value.
    clock : callable
        Seconds left: when they are gone what has been found is given back, not minimal.
    """
    outside = next((v for v in variables if v.fixed and beyond_bounds(v) > MARGIN), None)
    if outside is not None:  # a constant to every solver
        low, high = outside.bounds
        bound = bound_of(outside, high is not None and outside.value > high)
        return Conflict((), (bound,), (f"{outside.name} = {outside.value:g}",))
    asked = Feasibility(rows, [v for v in variables if not v.fixed], clock)
    everything, ask, proved = list(range(asked.count)), asked.by_multipliers, True
    members = ask(everything)
    if members is None and not asked.is_linear:
        ask, proved = asked.by_search, False
        likely = asked.likely(everything)
        members = None if likely == [] else (ask(likely) if likely else None) or ask(everything)
    if members is None:
        return None
    members, minimal = shrink(members, ask, clock)
    return _named(asked, members, minimal, proved)


def shrink(members: list, ask: Callable, clock: Clock) -> tuple[list, bool]:
    """Leave members out, many at a time and then one by one, as long as ``ask`` finds a conflict in the rest.

    ``ask(some)`` gives those of ``some`` that suffice for a conflict, or None. Returns what is left, and whether time
    allowed to try every one of it.
    """
    size = max(1, len(members) // 4)
    while True:
        at = 0
        while at < len(members):
            left = clock()
            if left is not None and left <= 0.0:
                return members, False
            rest = ask(members[:at] + members[at + size :])
            if rest is None:
                at += size
            else:
                rest, before = set(rest), members[:at]
                members = [member for member in members if member in rest]
                at = sum(member in rest for member in before)
        if size == 1:
            return members, True
        size = max(1, min(size // 4, len(members) // 2))


def _named(asked: Feasibility, members: list[int], minimal: bool, proved: bool) -> Conflict:
    count = len(asked.rows)
    rows = [asked.rows[k] for k in members if k < count]
    ends = [(asked.variables[(k - count) // 2], (k - count) % 2) for k in members if k >= count]
    given = {v.name: f"{v.name} = {v.value:g}" for row in rows for v in identify_variables(row.body) if v.fixed}
    if not proved:
        moved = [v for row in rows for v in identify_variables(row.body, include_fixed=False)]
        given |= {v.name: f"{v.name} whole" for v in [*moved, *(v for v, _ in ends)] if not v.is_continuous()}
    bounds = tuple(bound_of(*end) for end in ends)
    return Conflict(tuple(map(asks, rows)), bounds, tuple(given.values()), minimal, proved)


def asks(row) -> str:
    """A row's name with the numbers it asks for, unless they are zero."""
    low, high = (None if end is None else pyo.value(end) for end in (row.lower, row.upper))
    if low == high or not (low or high):
        return f"{row.name} (= {low:.6g})" if low == high and low else row.name
    if low is None or high is None:
        return f"{row.name} (<= {high:.6g})" if low is None else f"{row.name} (>= {low:.6g})"
    return f"{row.name} (from {low:.6g} to {high:.6g})"


def bound_of(variable, upper: bool) -> str:
    """``call[3] <= 90``."""
    return f"{variable.name} {'<=' if upper else '>='} {variable.bounds[upper]:.6g}"
