"""What every feasible point of a model satisfies: an interval for each variable, and the linear rows.

The model's declared bounds are read and never changed; intervals only shrink, each step implied by the rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from pyomo.common.collections import ComponentMap
from pyomo.common.errors import InfeasibleConstraintException, IntervalException
from pyomo.contrib.fbbt.expression_bounds_walker import ExpressionBoundsVisitor
from pyomo.contrib.fbbt.fbbt import fbbt
from pyomo.core.expr.visitor import identify_variables, replace_expressions
from pyomo.repn import generate_standard_repn

from ..followers import declared_variables
from ..solvers.highs import minimise

ROUNDS = 10
"""Passes over the rows at most: interval propagation may shrink for ever by less and less."""
MOST_NONLINEAR = 2000
"""Nonlinear rows up to which they are propagated too."""
MOST_PROGRAMS, MOST_ENTRIES = 200, 2_000_000
"""Linear programs one relaxation may solve, and the entries of their matrices taken together."""
PROGRAM = "linear program over the model's rows"
_PROGRESS = 1e-6
_INFINITE = 1e20


@dataclass(frozen=True)
class Form:
    """constant + Σ coefficients · v[columns] + Σ a v[i] v[j] over products (i, j, a) + rest, an expression or None."""

    constant: float
    columns: np.ndarray
    coefficients: np.ndarray
    products: tuple = ()
    rest: object = None

    @property
    def is_linear(self) -> bool:
        return not self.products and self.rest is None

    @property
    def curved(self) -> Form:
        """What is not linear in it."""
        return Form(0.0, np.zeros(0, int), np.zeros(0), self.products, self.rest)


@dataclass(frozen=True)
class Row:
    """lower ≤ form ≤ upper, as the constraint says."""

    constraint: object
    form: Form
    lower: float
    upper: float


class Relaxation:
    """The active rows of a model, compiled, and a box that contains every point that satisfies them.

    Attributes
    ----------
    variables : list of VarData
    column : dict
        Position of a variable by its ``id``.
    lower, upper : array (n,)
        The box.
    source : dict
        By column, the :class:`Row` or the words its last better bound came from.
    rows : dict
        :class:`Row` by the ``id`` of the constraint.
    matrix, row_lower, row_upper
        The linear rows.
    programs : int
        Linear programs that may still be solved.
    """

    def __init__(self, model):
        self.variables = list(declared_variables(model))
        self.column = {id(v): j for j, v in enumerate(self.variables)}
        bounds = np.array([v.bounds for v in self.variables], float).reshape(-1, 2)  # None becomes NaN
        self.lower = np.where(bounds[:, 0] > -_INFINITE, bounds[:, 0], -np.inf)
        self.upper = np.where(bounds[:, 1] < _INFINITE, bounds[:, 1], np.inf)
        self.source: dict[int, Row | str] = {}
        self._forms: dict[int, tuple] = {}
        self.rows = {id(constraint): self._row(constraint) for constraint in active_constraints(model)}
        self._curved = [row for row in self.rows.values() if not row.form.is_linear]
        self._propagated = None  # the box the nonlinear rows saw last
        self._linear = [row for row in self.rows.values() if row.form.is_linear]
        self.matrix = self.stack([row.form for row in self._linear])
        constant = np.array([row.form.constant for row in self._linear])
        self.row_lower = np.array([row.lower for row in self._linear]) - constant
        self.row_upper = np.array([row.upper for row in self._linear]) - constant
        self.programs = min(MOST_PROGRAMS, MOST_ENTRIES // max(self.matrix.nnz, 1))

    def form(self, expression) -> Form:
        """Compile an expression, once; fixed variables and Params are numbers in it."""
        known = self._forms.get(id(expression))
        if known is None:
            known = self._forms[id(expression)] = expression, self._compile(expression)  # kept, so its id stays its own
        return known[1]

    def stack(self, forms) -> sp.csr_array:
        """The linear parts of some forms as the rows of a matrix."""
        pointer = np.cumsum([0, *(len(form.columns) for form in forms)])
        columns = np.concatenate([form.columns for form in forms]) if len(forms) else np.zeros(0, int)
        numbers = np.concatenate([form.coefficients for form in forms]) if len(forms) else np.zeros(0)
        return sp.csr_array((numbers, columns, pointer), shape=(len(forms), len(self.variables)))

    def columns_of(self, form: Form) -> set[int]:
        """Every variable in a form."""
        found = {int(j) for j in form.columns} | {k for i, j, _ in form.products for k in (i, j)}
        if form.rest is not None:
            found |= {self.column[id(v)] for v in identify_variables(form.rest, False)}
        return found

    def interval(self, form: Form, box: dict | None = None) -> tuple[float, float]:
        """Bounds of a form over the box; ``box`` replaces the interval of some columns."""
        low = high = form.constant
        for j, a in zip(form.columns.tolist(), form.coefficients.tolist(), strict=True):
            ends = [times(a, end) for end in self._of(j, box)]
            low, high = low + min(ends), high + max(ends)
        for i, j, a in form.products:
            ends = [times(a, times(u, v)) for u in self._of(i, box) for v in self._of(j, box)]
            if i == j:  # a square: its ends are those of the variable, and zero where that lies between them
                one, other = self._of(i, box)
                ends = [times(a, times(one, one)), times(a, times(other, other)), *([0.0] if one < 0.0 < other else [])]
            low, high = low + min(ends), high + max(ends)
        if form.rest is not None:
            leaves = ComponentMap((v, self._of(self.column[id(v)], box)) for v in identify_variables(form.rest, False))
            visitor = ExpressionBoundsVisitor(leaf_bounds=leaves, use_fixed_var_values_as_bounds=True)
            part = visitor.walk_expression(form.rest)
            low, high = low + part[0], high + part[1]
        return low, high

    def tighten(self) -> bool:
        """Shrink the box by the rows until it stands still; whether it moved."""
        of = np.repeat(np.arange(self.matrix.shape[0]), np.diff(self.matrix.indptr))
        moved = False
        for _ in range(ROUNDS):
            low, high = implied(self.matrix, self.row_lower, self.row_upper, self.lower, self.upper)
            better = self.improve(self.matrix.indices, low, high, lambda i: self._linear[of[i]])
            if not (better or self._tighten_curved()):
                break
            moved = True
        return moved

    def improve(self, columns, low, high, source) -> bool:
        """Take over the bounds that are better; ``source(i)`` says where the i-th is from. Whether any was.

        Where lower and upper would cross the model has no feasible point, and nothing is taken over.
        """
        moved = False
        for old, new, other, sign in ((self.lower, low, self.upper, 1.0), (self.upper, high, self.lower, -1.0)):
            new = np.where(np.isfinite(new), new, -sign * np.finfo(float).max)
            now = old[columns]
            step = _PROGRESS * np.maximum(1.0, np.where(np.isinf(now), 1.0, np.abs(now)))
            for i in np.flatnonzero((sign * (new - now) > step) & (sign * (new - other[columns]) <= step)):
                j = int(columns[i])
                if sign * (new[i] - old[j]) > 0.0 and abs(new[i]) < _INFINITE:
                    old[j] = new[i] if sign * (new[i] - other[j]) <= 0.0 else other[j]
                    self.source[j] = source(i)
                    moved = True
        return moved

    def bound_by_programs(self, columns) -> bool:
        """Linear programs for the infinite ends of some variables; whether one helped."""
        moved = False
        for j in columns:
            for end, sign in ((self.lower, -1.0), (self.upper, 1.0)):
                if math.isinf(end[j]):
                    found = np.array([-np.inf, np.inf])
                    found[int(sign > 0)] = sign * self.maximise([j], [sign])
                    moved |= self.improve(np.array([j]), found[:1], found[1:], lambda _: PROGRAM)
        return moved

    def maximise(self, columns, coefficients, zero=(), absent=()) -> float:
        """A proved upper bound of a linear form over the linear rows and the box, ``inf`` without one.

        It is the value of the dual answer, not the solver's word. ``zero`` are linear forms held at zero, ``absent``
        columns.
        """
        if self.programs <= 0:
            return math.inf
        self.programs -= 1
        matrix = sp.vstack([self.matrix, self.stack(zero)], format="csr") if len(zero) else self.matrix
        constants = -np.array([form.constant for form in zero])
        row_lower, row_upper = np.append(self.row_lower, constants), np.append(self.row_upper, constants)
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[list(absent)] = upper[list(absent)] = 0.0
        cost = np.zeros(len(self.variables))
        np.add.at(cost, np.asarray(columns, int), -np.asarray(coefficients, float))
        answer = minimise(cost, matrix, row_lower, row_upper, lower, upper)
        if answer.status != "optimal":
            return math.inf
        dual = answer.row_dual.copy()
        dual[((dual > 0) & np.isinf(row_lower)) | ((dual < 0) & np.isinf(row_upper))] = 0.0
        reduced = cost - matrix.T @ dual
        ends = np.where(dual > 0, row_lower, row_upper), np.where(reduced > 0, lower, upper)
        reduced[np.isinf(ends[1]) & (np.abs(reduced) <= 1e-9 * max(1.0, np.abs(cost).max()))] = 0.0  # rounding
        value = sum(float((y[y != 0] * end[y != 0]).sum()) for y, end in zip((dual, reduced), ends, strict=True))
        return -value if math.isfinite(value) else math.inf

    def unbounded(self, form: Form, sign: float) -> list[str]:
        """Why ``sign · form`` has no upper bound: the variables that lack one, in words; empty where it has."""
        if math.isfinite(self.interval(form)[int(sign > 0)]):
            return []
        lacking = []
        for j, a in zip(form.columns.tolist(), form.coefficients.tolist(), strict=True):
            if math.isinf((self.upper if sign * a > 0 else self.lower)[j]):
                lacking.append((j, "upper" if sign * a > 0 else "lower"))
        for j in sorted(self.columns_of(form.curved)):
            lacking += [(j, word) for end, word in ((self.upper, "upper"), (self.lower, "lower")) if math.isinf(end[j])]
        words = [f"{self.variables[j].name} has no {word} bound" for j, word in dict.fromkeys(lacking)]
        return words or ["a nonlinear term has no finite value at some bound"]

    def _of(self, j, box):
        low, high = box[j] if box and j in box else (self.lower[j], self.upper[j])
        return float(low), float(high)

    def _compile(self, expression) -> Form:
        repn = generate_standard_repn(expression, quadratic=True)
        terms = [(self.column[id(v)], a) for a, v in zip(repn.linear_coefs, repn.linear_vars, strict=True) if a]
        products = tuple(
            (self.column[id(v)], self.column[id(w)], float(a))
            for a, (v, w) in zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True)
            if a
        )
        columns, coefficients = np.array([j for j, _ in terms], int), np.array([a for _, a in terms], float)
        return Form(float(pyo.value(repn.constant)), columns, coefficients, products, repn.nonlinear_expr)

    def _row(self, constraint) -> Row:
        low, high = constraint.lower, constraint.upper
        ends = -math.inf if low is None else float(pyo.value(low)), math.inf if high is None else float(pyo.value(high))
        return Row(constraint, self.form(constraint.body), *ends)

    def _tighten_curved(self) -> bool:
        """Nonlinear rows by Pyomo's propagation, on variables of their own so that the model's keep their bounds."""
        if not self._curved or len(self._curved) > MOST_NONLINEAR:
            return False
        columns = sorted(set().union(*(self.columns_of(row.form) for row in self._curved)))
        box = np.array([self.lower[columns], self.upper[columns]])
        if self._propagated is not None and np.array_equal(box, self._propagated):
            return False
        self._propagated = box
        bodies = [row.constraint.body for row in self._curved]
        scratch = pyo.ConcreteModel()
        scratch.v = pyo.Var(columns, bounds=lambda _, j: (_or_none(self.lower[j]), _or_none(self.upper[j])))
        own = {id(self.variables[j]): scratch.v[j] for j in columns}
        scratch.row = pyo.Constraint(range(len(bodies)))
        for i, (row, body) in enumerate(zip(self._curved, bodies, strict=True)):
            body = replace_expressions(body, own, remove_named_expressions=True)
            scratch.row[i] = (_or_none(row.lower), body, _or_none(row.upper))
        try:
            fbbt(scratch, max_iter=3)
        except (InfeasibleConstraintException, IntervalException):
            return False  # no feasible point, or a row without an interval: nothing is learnt here
        found = np.array([scratch.v[j].bounds for j in columns], float)
        return self.improve(np.array(columns), found[:, 0], found[:, 1], lambda _: "nonlinear rows")


def implied(matrix: sp.csr_array, row_lower, row_upper, lower, upper) -> tuple[np.ndarray, np.ndarray]:
    """For each entry of a matrix the bounds its row implies for its variable, the others being in the box."""
    columns, numbers = matrix.indices, matrix.data
    of = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    positive = numbers > 0
    low = numbers * np.where(positive, lower[columns], upper[columns])
    high = numbers * np.where(positive, upper[columns], lower[columns])
    others_low, others_high = -_others(of, -low, matrix.shape[0]), _others(of, high, matrix.shape[0])
    first, second = (row_lower[of] - others_high) / numbers, (row_upper[of] - others_low) / numbers
    return np.where(positive, first, second), np.where(positive, second, first)


def _others(of, high, count) -> np.ndarray:
    """For each entry the sum of the other upper ends of its row."""
    infinite = np.isinf(high)
    finite = np.where(infinite, 0.0, high)
    total = np.bincount(of, finite, count)[of] - finite
    return np.where(np.bincount(of, infinite, count)[of] - infinite > 0, np.inf, total)


def times(a: float, b: float) -> float:
    """a · b where zero times infinity is zero."""
    return 0.0 if a == 0.0 or b == 0.0 else a * b


def _or_none(end) -> float | None:
    return None if math.isinf(end) else float(end)


def active_constraints(model):
    """The active rows of a model and of a user's complementarities, without those of our reformulations."""
    mpec, ours = model.component("mpec"), set()
    for component in mpec.component_objects(pyo.Block, descend_into=False) if mpec is not None else ():
        if component.local_name != "split":
            ours |= {id(block) for data in component.values() for block in data.block_data_objects(descend_into=True)}
    for constraint in model.component_data_objects(pyo.Constraint, active=True, descend_into=True):
        if not ours or id(constraint.parent_block()) not in ours:
            yield constraint
