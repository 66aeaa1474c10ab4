"""Have some rows and bounds a common point, and if not, which of them matter?

Of linear rows, the multipliers of an elastic problem name those whose weighted sum no point of the bounds satisfies, which
is checked by arithmetic and not believed (Farkas). Integers are asked of HiGHS, curved rows of SCIP, once Ipopt has found
those that stop it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from pyomo.core.expr.visitor import identify_variables, replace_expressions
from scipy.sparse.csgraph import connected_components

from .arrays import quadratic_form
from .errors import BilevelError
from .solvers.highs import minimise
from .solvers.nl import Nlp, solve_scip

MARGIN = 1e-7
"""By how much of its terms a sum of rows must miss what the bounds allow."""

Clock = Callable[[], "float | None"]
"""Seconds left; None where nothing limits."""


class Feasibility:
    """Is there a conflict among some rows and bounds? They have numbers: the rows, then each variable's lower and upper bound."""

    def __init__(self, rows, variables, clock: Clock):
        self.linear = [row for row in rows if row.body.polynomial_degree() in (0, 1)]
        self.rows = self.linear + [row for row in rows if row.body.polynomial_degree() not in (0, 1)]
        self.variables, self.count = variables, len(self.rows) + 2 * len(variables)
        self.form, self.clock = quadratic_form(0.0, 1, self.linear, variables), clock
        self.patience = 5.0

    @property
    def is_linear(self) -> bool:
        """Whether ``by_multipliers`` says all there is to say."""
        return len(self.linear) == len(self.rows) and not self.form.integer.any()

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
        crossed = np.flatnonzero(lower > upper + MARGIN * np.maximum(1.0, np.abs(upper)))
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
        if answer.status != "optimal" or answer.value <= MARGIN:
            return None
        y = np.where(np.abs(answer.row_dual) > 1e-9, answer.row_dual, 0.0)
        side = np.where(y > 0, low, high)
        weights = A.T @ y
        weights[np.abs(weights) <= 1e-9 * np.maximum(1.0, abs(A).T @ np.abs(y))] = 0.0  # rounding
        end = np.where(weights > 0, upper, lower)
        terms = y[y != 0] * side[y != 0], weights[weights != 0] * end[weights != 0]
        least, most = terms[0].sum(), terms[1].sum()  # of the weighted sum: by its rows, and by the bounds
        scale = max([1e-6, *np.abs(terms[0]), *np.abs(terms[1])])
        if not least > most + MARGIN * scale:  # an infinite end too
            return None
        ends = [count + 2 * int(j) + int(weights[j] > 0) for j in np.flatnonzero(weights)]
        return [held[i] for i in np.flatnonzero(y)] + ends

    def by_search(self, some) -> list[int] | None:
        """All of ``some`` where HiGHS, or of curved rows SCIP, says that they have no point."""
        if len(self.linear) == len(self.rows):
            held, lower, upper = self._split(some)
            rows = self.form.A[held], self.form.row_lower[held], self.form.row_upper[held]
            limit = at_most(self.clock)
            status = minimise(self.form.c, *rows, lower, upper, None, self.form.integer, limit).status
            return list(some) if status == "infeasible" else None
        began = time.perf_counter()
        try:
            status = solve_scip(self._copied(some), time_limit=at_most(self.clock, self.patience)).status
        except BilevelError:  # a function that SCIP does not know
            return None
        if status != "infeasible":
            return None
        self.patience = min(5.0, 0.5 + 5.0 * (time.perf_counter() - began))  # what takes much longer is no easy conflict
        return list(some)

    def likely(self, some) -> list[int] | None:
        """Where Ipopt finds no point of curved rows, those that stop it: the bounds it leans on, rows, bounds of their variables.

        They are one group of rows that share variables. None where nothing is settled, an empty list where there is a point.
        """
        if len(self.linear) == len(self.rows):
            return None
        model, count = self._copied(some, elastic=True), len(self.rows)
        try:
            outcome = Nlp(model).solve(time_limit=at_most(self.clock))
        except BilevelError:
            return None
        if outcome.status not in ("optimal", "feasible") or not outcome.has_point:
            return None
        outcome.load()
        if pyo.value(model.gap) <= 1e-6:
            return None if self.form.integer.any() else []
        held = [k for k in some if k < count]
        stop = [i for i, row in model.row.items() if abs(outcome.row_multipliers[id(row)]) > 1e-6]
        entries = [[v.index() for v in _variables(model.row[i]) if v.parent_component() is model.x] for i in stop]
        pointer = np.cumsum([0, *map(len, entries)])
        shape = len(stop), len(self.variables)
        shared = sp.csr_array((np.ones(pointer[-1]), np.concatenate(entries), pointer), shape=shape)
        groups = connected_components(shared @ shared.T)[1]
        worst = int(np.argmax([pyo.value(model.more[i] + model.less[i]) for i in stop]))
        group = np.flatnonzero(groups == groups[worst])
        columns = {j for i in group for j in entries[i]}
        ends = [k for k in some if k >= count and (k - count) // 2 in columns]
        pull = {k: outcome.bound_multipliers.get(id(model.x[(k - count) // 2]), 0.0) for k in ends}
        held_back = [k for k in ends if abs(pull[k]) > 1e-6 and (pull[k] > 0.0) == bool((k - count) % 2)]
        return held_back + [held[stop[i]] for i in group] + [k for k in ends if k not in held_back]

    def _copied(self, some, elastic: bool = False) -> pyo.ConcreteModel:
        """Some rows and bounds on a model of their own, so that nobody's are touched; ``elastic`` minimises what they lack."""
        held, lower, upper = self._split(some)
        model = pyo.ConcreteModel()
        model.x = pyo.Var(range(len(self.variables)))
        for j, (mine, theirs) in enumerate(zip(model.x.values(), self.variables, strict=True)):
            mine.domain = pyo.Reals if elastic or theirs.is_continuous() else pyo.Integers
            mine.setlb(None if np.isinf(lower[j]) else lower[j])
            mine.setub(None if np.isinf(upper[j]) else upper[j])
            mine.set_value(theirs.value, skip_validation=True)
        twin = {id(theirs): mine for mine, theirs in zip(model.x.values(), self.variables, strict=True)}
        model.row, model.more, model.less = (kind(range(len(held))) for kind in (pyo.Constraint, _slack, _slack))
        for i, k in enumerate(held):
            low, body, high = self.rows[k].to_bounded_expression(evaluate_bounds=True)
            stretch = model.more[i] - model.less[i] if elastic else 0.0
            model.row[i] = (low, replace_expressions(body, twin, True, True) + stretch, high)
        lacking = pyo.quicksum(model.more.values()) + pyo.quicksum(model.less.values())
        model.gap = pyo.Objective(expr=lacking if elastic else 0.0)
        return model


def _variables(row):
    return identify_variables(row.body, include_fixed=False)


def _slack(index):
    return pyo.Var(index, domain=pyo.NonNegativeReals, initialize=0.0)


def at_most(clock: Clock, seconds: float = 5.0) -> float:
    left = clock()
    return seconds if left is None else max(min(seconds, left), 0.01)
