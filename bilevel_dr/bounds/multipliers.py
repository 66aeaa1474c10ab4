"""Bounds of followers' multipliers from their KKT conditions, and why they hold together.

Call *read* every multiplier that something besides its own stationarity sees (``multiplier_of``). Let S be the points
(x, y, multipliers) of the KKT model at which, given the read multipliers, the others are *basic*: the gradients of the
inequality sides whose multiplier is positive are linearly independent of each other and of a maximal independent set of
the equalities' gradients, the multipliers of the other equalities being zero. Carathéodory's reduction leads from any
point of the model to a point of S with the same x, y and read multipliers: it keeps signs and makes no new multiplier
positive. The leader's problem loses nothing on S, and every step is a fact about all of S; so the bounds hold
simultaneously, however they were combined. On S:

* linear rows, stationarity among them, propagate as intervals (:mod:`.relaxation`);
* of parallel sides at most one multiplier is positive, if none is read or if the sides cannot be active together; a
  positive one puts its side at zero, and the stationarity rows are evaluated there (:mod:`.single_rows`);
* where the unread multipliers have constant coefficients, they are a basic solution for a right-hand side
  −∇f − (read ones) in its box (:mod:`.dual`);
* Slater points and linear programs bound whatever multipliers there are (:mod:`.slater`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.visitor import identify_variables, replace_expressions

from ..kkt import gradient
from .dual import bound_by_basic_solutions
from .relaxation import PROGRAM, ROUNDS, Form, Relaxation, Row, times
from .single_rows import SingleRows
from .slater import SlaterPoints


@dataclass(frozen=True)
class Stationarity:
    """others + Σ coefficient · multiplier = 0, for the follower's ``variable``; the coefficients are intervals."""

    variable: object
    own: int
    others: Form
    columns: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def words(self) -> str:
        return f"stationarity of {self.variable.name}"


class Multipliers:
    """The multipliers of all followers of a KKT model; tightens the box of the relaxation it is given.

    Attributes
    ----------
    slack : dict
        Linear (or other) form of the slack, by the column of its multiplier.
    follower : dict
        Block, by the column of a multiplier.
    rows : list of Stationarity
    read : set of int
    gradient : dict
        ``(row, low, high)`` of the entries of a multiplier, by its column.
    exclusive : dict
        The multipliers that are zero where that of a side is positive, by its column.
    """

    def __init__(self, relaxation: Relaxation, model, pairs):
        self.box, column = relaxation, relaxation.column
        ours = [pair for pair in pairs if pair.kkt is not None]
        blocks = list({id(pair.kkt): pair.kkt for pair in ours}.values())
        self.slack = {column[id(pair.left)]: relaxation.form(pair.right) for pair in ours}
        self.follower, data = {}, []
        for kkt in blocks:
            for var in (kkt.nu, kkt.mu_upper, kkt.mu_lower):
                self.follower.update((column[id(v)], kkt.parent_block()) for v in var.values())
            data += [(row, kkt.parent_block(), name) for name, row in kkt.stationarity.items() if row.active]
        self.rows = [self._row(*entry) for entry in data]
        self._of_constraint = {id(entry[0]): row for entry, row in zip(data, self.rows, strict=True)}
        self._block = {row.own: entry[1] for entry, row in zip(data, self.rows, strict=True)}
        self.read = self._read(model, [pair for pair in pairs if pair.kkt is None])
        self.gradient = defaultdict(list)
        for r, row in enumerate(self.rows):
            for j, low, high in zip(row.columns.tolist(), row.low.tolist(), row.high.tolist(), strict=True):
                self.gradient[j].append((r, low, high))
        self.exclusive = self._exclusive()
        self.reasons: dict[int, str] = {}
        self._single_rows = SingleRows(relaxation, self.rows, self.slack, self.exclusive)

    def tighten(self) -> None:
        """Derive every bound there is, the cheap ones first."""
        for k in self.slack:
            if k not in self.gradient and k not in self.read:
                self.improve(k, 0.0, "no variable of the follower in its row")
        self._settle()
        bound_by_basic_solutions(self)
        self._settle()
        forms = [*self.slack.values(), *(row.others for row in self.rows)]
        if self.box.bound_by_programs(sorted(set().union(*(self.box.columns_of(form) for form in forms)))):
            self._settle()
            bound_by_basic_solutions(self)
        if self.missing:
            self._bound_the_missing()

    @property
    def missing(self) -> list[int]:
        """Columns of the multipliers of sides that have no bound yet."""
        return [k for k in self.slack if math.isinf(self.box.upper[k])]

    def owner(self, row: Stationarity):
        """The follower's block a stationarity row belongs to."""
        return self._block[row.own]

    def improve(self, k: int, upper: float, source: str, lower: float = -math.inf) -> bool:
        """Take over bounds of one multiplier where they are better."""
        return self.box.improve(np.array([k]), np.array([lower]), np.array([upper]), lambda _: source)

    def source(self, k: int) -> str:
        """Where the bound of a multiplier is from, in words."""
        source = self.box.source.get(k, f"bounds of {self.box.variables[k].name}")
        if isinstance(source, Row):
            source = self._of_constraint.get(id(source.constraint), source.constraint.name)
        return source.words if isinstance(source, Stationarity) else source

    def reason(self, k: int) -> str:
        """Why a multiplier has no bound: what its stationarity rows lack."""
        words = []
        for r, low, high in self.gradient[k]:
            row = self.rows[r]
            if low <= 0.0 <= high:
                words.append(f"{row.words}: its coefficient may vanish")
            words += [f"{row.words}: {word}" for word in self.box.unbounded(row.others, -1.0 if low > 0.0 else 1.0)]
        for r, _, _ in self.gradient[k] if not words else ():
            row = self.rows[r]
            for j in row.columns.tolist():
                if j != k and j not in self.exclusive[k] and math.isinf(max(self.box.upper[j], -self.box.lower[j])):
                    words.append(f"{row.words}: {self.box.variables[j].name} has no bound")
        words += [self.reasons[k]] if k in self.reasons else []
        if k in self.read:
            words.append("the leader reads it, so that there is no choice among multipliers")
        return "; ".join(list(dict.fromkeys(words))[:3]) or "the multipliers of rows that bind together have no bound"

    def _settle(self) -> None:
        for _ in range(ROUNDS):
            moved = self._single_rows.tighten()
            if not (self.box.tighten() or moved):
                return

    def _bound_the_missing(self) -> None:
        blocks = {id(self.follower[k]): self.follower[k] for k in self.missing}
        for block in blocks.values():
            points = SlaterPoints(self, block)
            for k in self.missing if points.usable else ():
                if self.follower[k] is block:
                    self.improve(k, points.bound(k), f"a Slater point of {block.name}")
        for k in self.missing:
            zero = [self.slack[k]] if self.slack[k].is_linear else []
            self.improve(k, self.box.maximise([k], [1.0], zero, self.exclusive[k]), PROGRAM)
        self._settle()

    def _row(self, data, block, name) -> Stationarity:
        """Split a stationarity row at the multipliers, in which it is linear whatever the follower."""
        box, form = self.box, self.box.rows[id(data)].form
        low, high = defaultdict(float), defaultdict(float)

        def add(j, ends):
            low[j] += min(ends)
            high[j] += max(ends)

        if form.rest is None:
            is_multiplier = np.array([j in self.follower for j in form.columns], bool)
            for j, a in zip(form.columns[is_multiplier].tolist(), form.coefficients[is_multiplier], strict=True):
                add(j, (a, a))
            kept = []
            for i, j, a in form.products:
                if i in self.follower or j in self.follower:
                    k, other = (i, j) if i in self.follower else (j, i)
                    add(k, (times(a, box.lower[other]), times(a, box.upper[other])))
                else:
                    kept.append((i, j, a))
            others = Form(form.constant, form.columns[~is_multiplier], form.coefficients[~is_multiplier], tuple(kept))
        else:
            seen = {id(v) for v in identify_variables(data.body, False) if box.column[id(v)] in self.follower}
            for multiplier, derivative in gradient(data.body, seen):
                add(box.column[id(multiplier)], box.interval(box.form(derivative)))
            others = box.form(replace_expressions(data.body, dict.fromkeys(seen, 0.0), remove_named_expressions=True))
        variable = block.find_component(name)
        columns = [j for j in low if low[j] or high[j]]
        ends = (np.array([end[j] for j in columns], float) for end in (low, high))
        return Stationarity(variable, box.column[id(variable)], others, np.array(columns, int), *ends)

    def _read(self, model, others) -> set[int]:
        """The multipliers that something besides their own stationarity sees."""
        box, seen = self.box, set()
        forms = [row.form for key, row in box.rows.items() if key not in self._of_constraint]
        for form in forms + [box.form(side) for pair in others for side in (pair.left, pair.right)]:
            seen |= box.columns_of(form)
        for objective in model.component_data_objects(pyo.Objective, active=True, descend_into=True):
            seen |= {box.column[id(v)] for v in identify_variables(objective.expr, False)}
        return seen & set(self.follower)

    def _exclusive(self) -> dict[int, set[int]]:
        parallel = defaultdict(list)
        for k, entries in self.gradient.items():
            scale = entries[0][1]
            if scale and all(low == high for _, low, high in entries):
                parallel[tuple((r, low / scale) for r, low, _ in entries)].append((k, scale))
        exclusive = {k: set() for k in self.slack}
        for members in parallel.values():
            for k, scale in members:
                for other, of_other in members if k in self.slack else ():
                    if other != k and (not {k, other} & self.read or self._apart(k, scale, other, of_other)):
                        exclusive[k].add(other)
        return exclusive

    def _apart(self, k, scale, other, of_other) -> bool:
        """Whether two opposite sides cannot be active together: their slacks add up to something positive."""
        one, two = self.slack[k], self.slack.get(other)
        if two is None or scale * of_other > 0.0 or not (one.is_linear and two.is_linear):
            return False
        total = self.box.stack([one]) / abs(scale) + self.box.stack([two]) / abs(of_other)
        total.data[np.abs(total.data) < 1e-12] = 0.0
        total.eliminate_zeros()
        constant = one.constant / abs(scale) + two.constant / abs(of_other)
        return self.box.interval(Form(constant, total.indices, total.data))[0] > 1e-9
