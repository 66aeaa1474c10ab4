"""Why rows have no common point, and along what an objective falls for ever: in the names of the model.

Linear rows: the multipliers of an elastic problem name the rows whose sum no point of the bounds satisfies, which is checked
by arithmetic, not believed (Farkas). Rows and bounds are then left out one by one as long as a conflict remains (deletion
filter; Chinneck & Dravnieks, ORSA J. Computing 3, 1991, 157–168). Integers and curved rows: the same filter asks HiGHS and
SCIP. Nothing here knows how answers are found: certificates use it too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from pyomo.core.expr.visitor import identify_variables, replace_expressions

from .arrays import quadratic_form
from .errors import BilevelError
from .highs import minimise
from .nl import solve_scip
from .residuals import beyond_bounds

SHOWN = 6
"""Rows and bounds that a sentence names."""
_MARGIN = 1e-7
"""By how much of its terms a sum of rows must miss what the bounds allow."""

Clock = Callable[[], "float | None"]
"""Seconds left; None where nothing limits."""


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
        among = "" if self.minimal else "among "
        return f"{among}{listed([*self.rows, *self.bounds])}" + (f", with {listed(self.given)}" if self.given else "")


def listed(names: Sequence[str]) -> str:
    """``a, b, c and 7 more``."""
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest


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
    outside = next((v for v in variables if v.fixed and beyond_bounds(v) > _MARGIN), None)
    if outside is not None:  # a constant to every solver
        low, high = outside.bounds
        bound = bound_of(outside, high is not None and outside.value > high)
        return Conflict((), (bound,), (f"{outside.name} = {outside.value:g}",))
    asked = _Asked(rows, [v for v in variables if not v.fixed])
    for ask, proved in ((asked.by_multipliers, True), *((ask, False) for ask in asked.searches(clock))):
        members = ask(range(asked.count))
        if members is not None:
            members, minimal = shrink(list(members), ask, clock)
            return asked.named(members, minimal, proved)
    return None


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


class _Asked:
    """Is there a conflict among some rows and bounds? They have numbers: the rows, then each variable's lower and upper bound."""

    def __init__(self, rows, variables):
        self.linear = [row for row in rows if row.body.polynomial_degree() in (0, 1)]
        self.rows = self.linear + [row for row in rows if row.body.polynomial_degree() not in (0, 1)]
        self.variables, self.count = variables, len(self.rows) + 2 * len(variables)
        self.form = quadratic_form(0.0, 1, self.linear, variables)

    def searches(self, clock: Clock):
        """What to ask where linear rows, their integers aside, have a common point."""
        if len(self.linear) < len(self.rows):
            return (partial(self.by_scip, clock=clock),)
        return (partial(self.by_integers, clock=clock),) if self.form.integer.any() else ()

    def named(self, members: list[int], minimal: bool, proved: bool) -> Conflict:
        count = len(self.rows)
        rows = [self.rows[k] for k in members if k < count]
        ends = [(self.variables[(k - count) // 2], (k - count) % 2) for k in members if k >= count]
        given = {v.name: f"{v.name} = {v.value:g}" for row in rows for v in identify_variables(row.body) if v.fixed}
        if not proved:
            moved = [v for row in rows for v in identify_variables(row.body, include_fixed=False)]
            given |= {v.name: f"{v.name} whole" for v in [*moved, *(v for v, _ in ends)] if not v.is_continuous()}
        bounds = tuple(bound_of(*end) for end in ends)
        return Conflict(tuple(map(asks, rows)), bounds, tuple(given.values()), minimal, proved)

    def _split(self, some) -> tuple[list[int], np.ndarray, np.ndarray]:
        """The rows, and the bounds with those left out at infinity."""
        count = len(self.rows)
        ends = np.zeros(2 * len(self.variables), bool)
        ends[[k - count for k in some if k >= count]] = True
        lower, upper = np.where(ends[::2], self.form.lower, -np.inf), np.where(ends[1::2], self.form.upper, np.inf)
        return [k for k in some if k < count], lower, upper

    def by_multipliers(self, some) -> list[int] | None:
        """Linear rows, integers aside: those whose weighted sum contradicts the bounds."""
        held, lower, upper = self._split(some)
        held, count = [k for k in held if k < len(self.linear)], len(self.rows)
        crossed = np.flatnonzero(lower > upper + _MARGIN * np.maximum(1.0, np.abs(upper)))
        if crossed.size:
            return [count + 2 * int(crossed[0]), count + 2 * int(crossed[0]) + 1]
        if not held:
            return None
        A = self.form.A[held]
        size = abs(A).max(axis=1).toarray().ravel() if A.nnz else np.zeros(len(held))
        size[size == 0.0] = 1.0
        A = sp.csr_array(sp.diags_array(1.0 / size) @ A)
        low, high = self.form.row_lower[held] / size, self.form.row_upper[held] / size
        columns, one = A.shape[1], sp.eye_array(len(held))
        cost = np.concatenate([np.zeros(columns), np.ones(2 * len(held))])
        zero, far = np.zeros(2 * len(held)), np.full(2 * len(held), np.inf)
        upper = np.maximum(upper, lower)
        answer = minimise(
            cost, sp.hstack([A, one, -one]), low, high, np.concatenate([lower, zero]), np.concatenate([upper, far])
        )
        if answer.status != "optimal" or answer.value <= _MARGIN:
            return None
        y = np.where(np.abs(answer.row_dual) > 1e-9, answer.row_dual, 0.0)
        side = np.where(y > 0, low, high)
        weights = A.T @ y
        weights[np.abs(weights) <= 1e-9 * np.maximum(1.0, abs(A).T @ np.abs(y))] = 0.0  # rounding
        end = np.where(weights > 0, upper, lower)
        terms = y[y != 0] * side[y != 0], weights[weights != 0] * end[weights != 0]
        least, most = terms[0].sum(), terms[1].sum()  # of the weighted sum: by its rows, and by the bounds
        scale = max([1e-6, *np.abs(terms[0]), *np.abs(terms[1])])
        if not least > most + _MARGIN * scale:  # an infinite end too
            return None
        ends = [count + 2 * int(j) + int(weights[j] > 0) for j in np.flatnonzero(weights)]
        return [held[i] for i in np.flatnonzero(y)] + ends

    def by_integers(self, some, clock: Clock) -> list[int] | None:
        held, lower, upper = self._split(some)
        rows = self.form.A[held], self.form.row_lower[held], self.form.row_upper[held]
        status = minimise(self.form.c, *rows, lower, upper, None, self.form.integer, at_most(clock)).status
        return list(some) if status == "infeasible" else None

    def by_scip(self, some, clock: Clock) -> list[int] | None:
        """On a model of references, so that nobody's rows and bounds are touched."""
        held, lower, upper = self._split(some)
        model = pyo.ConcreteModel()
        model.x = pyo.Var(range(len(self.variables)))
        for j, (mine, theirs) in enumerate(zip(model.x.values(), self.variables, strict=True)):
            mine.domain = pyo.Reals if theirs.is_continuous() else pyo.Integers
            mine.setlb(None if np.isinf(lower[j]) else lower[j])
            mine.setub(None if np.isinf(upper[j]) else upper[j])
        twin = {id(theirs): mine for mine, theirs in zip(model.x.values(), self.variables, strict=True)}
        model.row = pyo.Constraint(range(len(held)))
        for i, k in enumerate(held):
            low, body, high = self.rows[k].to_bounded_expression(evaluate_bounds=True)
            model.row[i] = (low, replace_expressions(body, twin, True, True), high)
        model.nothing = pyo.Objective(expr=0.0)
        try:
            status = solve_scip(model, time_limit=at_most(clock)).status
        except (BilevelError, ValueError):
            return None
        return list(some) if status == "infeasible" else None


def at_most(clock: Clock, seconds: float = 5.0) -> float:
    left = clock()
    return seconds if left is None else max(min(seconds, left), 0.01)


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
