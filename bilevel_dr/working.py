"""The working copy a route may change: a clone of the instance under KKT conditions, and the way back by name."""

from __future__ import annotations

import math
from collections.abc import Container
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyomo.environ as pyo

from .arrays import QuadraticForm, quadratic_form
from .bounds import side_bounds
from .complementarity import mpec_block, take_pairs
from .duality import leader_without_products
from .followers import declared_variables, read
from .kkt import add_kkt
from .reformulate import add_rows
from .solvers.nl import Nlp


class Working:
    """One instance, transformed on a clone; reformulations are put beside each other and used one at a time.

    Parameters
    ----------
    instance : ConcreteModel
    weighted : container of str
        Followers under Fritz John conditions, see :func:`bilevel_dr.kkt.add_kkt`.
    idle : container of str
        Names of followers' pairs to leave out, see :mod:`bilevel_dr.screening`.

    Attributes
    ----------
    model : ConcreteModel
        The clone, under KKT conditions.
    program : Program
        The clone's leader and followers.
    pairs : list of Pair
        Its complementarities, those left out in ``idle``.
    sets : list of SOSConstraint data
        The leader's own special ordered sets.
    given : ComponentMap
        The clone's variables with the instance's values where it holds a whole point (as after ``solution.load_into``),
        for global searches to begin with; empty otherwise.
    """

    def __init__(self, instance, weighted: Container[str] = (), idle: Container[str] = ()):
        self.names = [v.name for v in declared_variables(instance)]
        self.model = instance.clone()
        self.variables = list(declared_variables(self.model))
        values = [(v, v.value) for v in self.variables]
        self.given = pyo.ComponentMap(values if all(number is not None for _, number in values) else ())
        self.program = read(self.model)
        add_kkt(self.program, weighted)
        pairs = take_pairs(self.model)
        self.pairs = [pair for pair in pairs if pair.name not in idle]
        self.idle = [pair for pair in pairs if pair.name in idle]
        self._leave_out_idle()
        self.sets = list(self.model.component_data_objects(pyo.SOSConstraint, active=True, descend_into=True))
        self._blocks = {}
        self._nlps = {}
        self._forms = {}
        self._without_products = False

    def _leave_out_idle(self) -> None:
        """No multiplier for idle pairs, and no row where neither of its sides is needed."""
        needed = {(id(pair.kkt), pair.left.index()) for pair in self.pairs if pair.kkt is not None}
        for pair in self.idle:
            pair.left.fix(0.0)
            row = pair.kkt.parent_block().find_component(pair.left.index())
            if (id(pair.kkt), pair.left.index()) not in needed and row.ctype is pyo.Constraint:
                row.deactivate()

    @property
    def minimises(self) -> bool:
        return self.program.leader is None or self.program.leader.sense == pyo.minimize

    @cached_property
    def bounds(self) -> list[tuple]:
        """The bounds of every pair's sides that are derived from the model alone."""
        return side_bounds(self.model, self.pairs)

    @contextmanager
    def tightened(self, reformulation: str):
        """Meanwhile, the variables that stand for sides have their proved bounds: a solver's relaxation then closes sooner."""
        slack = self._blocks[reformulation].component("slack") or {}
        kept = []
        for i, bounds in enumerate(self.bounds):
            for j, bound in enumerate(bounds):
                side = (self.pairs[i].left, self.pairs[i].right)[j]
                variable = (
                    slack[2 * i + j]
                    if 2 * i + j in slack
                    else side
                    if side.is_variable_type() and side.lb == 0
                    else None
                )
                if variable is not None and bound.proved and (variable.ub is None or bound.value < variable.ub):
                    kept.append((variable, variable.upper))
                    variable.setub(bound.value * (1 + 1e-9) + 1e-9)
        try:
            yield
        finally:
            for variable, upper in kept:
                variable.setub(upper)

    def relaxation_is_unbounded(self, time_limit: float | None = 10.0) -> bool:
        """Whether the problem without its complementarities has no bound, as far as HiGHS can tell (quadratic ones only)."""
        form = self.form("sos1")
        if form is None:
            return False
        relaxed = replace(form, integer=np.zeros(len(form.c), bool))
        return relaxed.minimise(time_limit).status == "unbounded"

    @contextmanager
    def boxed(self, size: float):
        """Meanwhile, the instance's own variables that lack a bound have one at ``±size``; they are given."""
        kept = [(v, v.lower, v.upper) for v in self.variables if not v.fixed and None in v.bounds]
        for variable, _, _ in kept:
            low, high = variable.bounds
            variable.setlb(-size if low is None else low)
            variable.setub(size if high is None else high)
        try:
            yield [variable for variable, _, _ in kept]
        finally:
            for variable, lower, upper in kept:
                variable.setlb(lower)
                variable.setub(upper)

    @cached_property
    def _linear_leader(self):
        expression = leader_without_products(self.program, self.pairs)
        if expression is None:
            return None
        block = mpec_block(self.model)
        block.leader = pyo.Objective(
            expr=expression, sense=self.program.leader.sense, doc="the leader, less duality gaps"
        )
        block.leader.deactivate()
        return block.leader

    @contextmanager
    def without_products(self):
        """Meanwhile, the leader's products that strong duality has a linear expression for are that expression."""
        if self._linear_leader is None:
            yield
            return
        self._without_products = True
        self.program.leader.deactivate()
        self._linear_leader.activate()
        try:
            yield
        finally:
            self._without_products = False
            self._linear_leader.deactivate()
            self.program.leader.activate()

    @property
    def active_objective(self):
        """The objective a solver sees: the leader's, or what stands for it; None without a leader."""
        return next(self.model.component_data_objects(pyo.Objective, active=True, descend_into=True), None)

    @cached_property
    def integers(self) -> list:
        return [v for v in self.program.leader_variables if not v.is_continuous()]

    def use(self, reformulation: str, **options):
        """Make one reformulation the active one and return its Block; it is written once, then kept, or anew with options."""
        if options and reformulation in self._blocks:
            self.model.mpec.del_component(self._blocks.pop(reformulation))
        if reformulation not in self._blocks:
            self._blocks[reformulation] = add_rows(self.model, self.pairs, reformulation, **options)
        for name, block in self._blocks.items():
            block.activate() if name == reformulation else block.deactivate()
        if self.program.leader is not None:  # the penalty has an objective of its own
            replaced = reformulation == "penalty" or self._without_products
            self.program.leader.deactivate() if replaced else self.program.leader.activate()
        return self._blocks[reformulation]

    def nlp(self, reformulation: str, backend=Nlp) -> Nlp:
        """The smooth model of one reformulation, built once."""
        key = reformulation, backend
        if key not in self._nlps:
            block = self.use(reformulation)
            free = [v for v in (block.component(name) for name in ("epsilon", "weight")) if v is not None]
            self._nlps[key] = backend(self.model, free)
        return self._nlps[key]

    def form(self, reformulation: str) -> QuadraticForm | None:
        """The smooth model of one reformulation as arrays, columns as in :meth:`nlp`; None where it is not quadratic."""
        if reformulation not in self._forms:
            self.use(reformulation)
            leader, nlp = self.program.leader, self.nlp(reformulation)
            self._forms[reformulation] = quadratic_form(
                0.0 if leader is None else leader.expr, 1 if self.minimises else -1, nlp.rows, nlp.variables
            )
        return self._forms[reformulation]

    def objective(self) -> float | None:
        """The leader's objective at the current values; None without a leader, NaN where it cannot be evaluated."""
        if self.program.leader is None:
            return None
        self._fill()
        try:
            number = pyo.value(self.program.leader)
        except (ValueError, ZeroDivisionError, OverflowError):
            return math.nan
        return math.nan if isinstance(number, complex) else number

    def _fill(self) -> None:
        """Variables that no solver saw take the number nearest zero that they may."""
        for variable in self.variables:
            if variable.value is None:
                low, high = variable.bounds
                number = min(max(0.0, -math.inf if low is None else low), math.inf if high is None else high)
                variable.set_value(number, skip_validation=True)

    def point(self) -> dict[str, float]:
        """Every variable of the instance by name; integer ones rounded."""
        self._fill()
        numbers = {}
        for name, variable in zip(self.names, self.variables, strict=True):
            number = variable.value
            if not variable.is_continuous() and abs(number - round(number)) < 1e-5:
                number = float(round(number))
            numbers[name] = float(number)
        return numbers

    def escaped(self) -> str:
        """The first of the instance's variables beyond a million with no bound on that side, ``"x = 2e+08"``, or ``""``."""
        for name, variable in zip(self.names, self.variables, strict=True):
            value = variable.value or 0.0
            if abs(value) > _FAR and variable.bounds[value > 0] is None:
                return f"{name} = {value:.3g}"
        return ""

    def better(self, one: float | None, other: float | None) -> bool:
        """Whether the leader prefers the first objective value."""
        if one is None or other is None or math.isnan(one):
            return False
        if math.isnan(other):
            return True
        return one < other if self.minimises else one > other


@dataclass(frozen=True)
class Polished:
    """What :func:`polish` found out about a point: its MPEC stationarity class and the pairs with both sides at zero.

    The point minimises the piece on which one side of each pair is held, so the other side's multiplier has the right sign
    already: such a point is C-stationary only where it is M-stationary, and the classes left are S, M and W (H. Scheel,
    S. Scholtes, Math. Oper. Res. 25, 2000, 1–22).
    """

    stationarity: str
    biactive: tuple[str, ...]

    def __str__(self) -> str:
        if not self.biactive:
            return f"{self.stationarity}-stationary, strictly complementary"
        names = ", ".join(self.biactive[:3]) + (f" and {len(self.biactive) - 3} more" if len(self.biactive) > 3 else "")
        return f"{self.stationarity}-stationary, both sides zero at {names}"


def polish(working: Working, time_limit=None, flips: int = 20) -> Polished | None:
    """From the point the working model holds: settle which side of each pair is zero and solve the smooth rest precisely.

    The smaller side of every pair is held at zero, integer variables at their integers; what is left is a nonlinear program
    without complementarity. Where both sides of a pair end at zero and the multiplier of the held one says the leader would
    gain by releasing it, the other is held instead (a step to the neighbouring piece), as long as that improves.

    Returns
    -------
    Polished or None
        The point is loaded into the working model; None (and the model as it was) when the smooth problem was not solved.
    """
    piece = _Piece(working)
    if not piece.usable:
        return None
    left, right = (
        np.array([abs(pyo.value(side, exception=False) or 0.0) for side in sides]) for sides in piece.sides()
    )
    hold = (left >= right).astype(int)  # the side held at zero: 0 is left; of two zeros the slack, a multiplier may have to move
    sign = 1.0 if working.minimises else -1.0
    kept = [(v, v.value) for v in piece.nlp.variables]
    best, found, value = None, None, math.inf
    for _ in range(flips + 1):
        outcome = piece.solve(hold, time_limit)
        if outcome is None:
            break
        values, pull, push = outcome
        piece.load(values)
        objective = working.objective()
        if best is not None and not sign * objective < value - 1e-9 * max(1.0, abs(value)):
            break
        best, value = values, 0.0 if objective is None else sign * objective
        both = values[piece.columns].max(axis=1, initial=0.0) < _ZERO
        flip = both & (pull > _ZERO)
        kind = "S" if not flip.any() else "M" if (np.abs(push[flip]) <= _ZERO).all() else "W"
        found = Polished(kind, tuple(working.pairs[i].name for i in np.flatnonzero(both)))
        if objective is None or not flip.any():
            break
        hold = np.where(flip, 1 - hold, hold)
    for variable, number in kept:
        variable.set_value(number, skip_validation=True)
    if best is not None:
        piece.load(best)
    return found


class _Piece:
    """The smooth problem that is left when one side of every pair is held at zero and integers are at their values.

    A linear or convex quadratic one goes to HiGHS, whose answers are exact to rounding where Ipopt stops at a bound whose
    multiplier is zero; any other goes to Ipopt.
    """

    def __init__(self, working: Working):
        self.working, self.block = working, working.use("sos1")
        self.nlp = nlp = working.nlp("sos1")
        members = [self.block.set[i].get_variables() for i in self.block.set]
        self.columns = np.array([[nlp.column.get(id(v), -1) for v in pair] for pair in members], int).reshape(-1, 2)
        self.usable = bool(nlp.variables) and not (self.columns < 0).any()
        self.form = working.form("sos1") if self.usable else None
        for i, slack in self.block.slack.items():
            pair = working.pairs[i // 2]
            slack.set_value(max(pyo.value((pair.left, pair.right)[i % 2], exception=False) or 0.0, 0.0))
        self.start = nlp.start()
        self.fixed = {id(v): round(v.value or 0.0) for v in working.integers} | {id(v): 0.0 for v in _zeros_of_sets(working)}

    def sides(self):
        return [pair.left for pair in self.working.pairs], [pair.right for pair in self.working.pairs]

    def solve(self, hold, time_limit):
        """``(values, pull, push)``: pull and push say how much the leader gains by releasing the held and the other side."""
        lower, upper = self.nlp.lower.copy(), self.nlp.upper.copy()
        for key, number in self.fixed.items():
            if key in self.nlp.column:
                lower[self.nlp.column[key]] = upper[self.nlp.column[key]] = number
        every = np.arange(len(hold))
        held, other = self.columns[every, hold], self.columns[every, 1 - hold]
        upper[held] = 0.0
        if self.form is not None:
            form = replace(self.form, lower=lower, upper=upper, integer=np.zeros(len(lower), bool))
            answer = form.minimise(time_limit)
            if answer.status == "optimal":
                return answer.x, -answer.reduced_cost[held], -answer.reduced_cost[other]
        outcome = self.nlp.solve(start=self.start, lower=lower, upper=upper, options=_POLISH, time_limit=time_limit)
        if outcome.status not in ("optimal", "feasible"):
            return None
        self.start = outcome.values
        gain = np.array([outcome.bound_multipliers[id(v)] for v in self.nlp.variables])
        return outcome.values, gain[held], gain[other]

    def load(self, values) -> None:
        for variable, number in zip(self.nlp.variables, values.tolist(), strict=True):
            variable.set_value(number, skip_validation=True)


def _zeros_of_sets(working: Working):
    """The members of the leader's own special ordered sets that are to be zero, the largest neighbours being left free."""
    for sos in working.sets:
        members = list(sos.get_variables())
        sizes = [abs(v.value or 0.0) for v in members]
        first = max(range(max(len(members) - sos.level, 0) + 1), key=lambda i: sum(sizes[i : i + sos.level]), default=0)
        yield from members[:first] + members[first + sos.level :]


_ZERO = 1e-6
_FAR = 1e6
_POLISH = {"tol": 1e-11, "acceptable_tol": 1e-9, "mu_strategy": "adaptive", "constr_viol_tol": 1e-10, "max_iter": 500}
