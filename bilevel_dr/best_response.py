"""A follower's own problem, solved again at given decisions of everybody else: what a certificate compares with.

Linear and convex quadratic followers go to HiGHS as arrays, others to Ipopt, and to SCIP where convexity is not proved.
This shares no derivative, no multiplier and no pair with the KKT route.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from pyomo.common.errors import PyomoException
from pyomo.repn import generate_standard_repn

from .errors import BilevelError
from .followers import Follower
from .highs import minimise
from .nl import Nlp, solve_scip


@dataclass(frozen=True)
class Response:
    """The follower's best value (own sense), the answer (one number per variable), and how it was found.

    ``status`` is ``"optimal"``, ``"infeasible"``, ``"unbounded"`` or ``"failed"``; ``global_`` whether no answer can be better.
    """

    status: str
    value: float = math.nan
    answer: np.ndarray | None = None
    global_: bool = False
    solver: str = ""


def best_response(follower: Follower, convex: bool, time_limit: float | None = None) -> Response:
    """Solve one follower with all variables of others at their current values.

    Parameters
    ----------
    follower : Follower
        Of a working copy: variables of others are fixed meanwhile and released again; its own values are kept.
    convex : bool
        Whether its convexity is proved: then a local answer is a global one, otherwise SCIP is asked.
    """
    fixed = [v for v in follower.others if not v.fixed]
    for variable in fixed:
        variable.fix()
    try:
        form = quadratic_form(follower)
        if form is not None and (convex or form.is_linear):
            answer = form.minimise()
            if answer.status in ("optimal", "infeasible", "unbounded"):
                value = follower.sign * (answer.value + form.constant)
                return Response(answer.status, value, answer.x, True, "HiGHS")
        return _nonlinear(follower, convex, time_limit)
    finally:
        for variable in fixed:
            variable.unfix()


@dataclass(frozen=True)
class QuadraticForm:
    """min ½ yᵀQy + cᵀy + constant over row_lower ≤ Ay ≤ row_upper, lower ≤ y ≤ upper (sign·objective is minimised)."""

    c: np.ndarray
    Q: sp.csc_array
    constant: float
    A: sp.csr_array
    row_lower: np.ndarray
    row_upper: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def is_linear(self) -> bool:
        return self.Q.nnz == 0

    def minimise(self, time_limit=None):
        return minimise(
            self.c, self.A, self.row_lower, self.row_upper, self.lower, self.upper, self.Q if self.Q.nnz else None, time_limit=time_limit
        )


def quadratic_form(follower: Follower) -> QuadraticForm | None:
    """The follower as arrays at the current values of fixed variables; ``None`` where it is not linear or quadratic."""
    position = {id(v): j for j, v in enumerate(follower.variables)}
    n = len(position)
    objective = generate_standard_repn(follower.objective.expr, quadratic=True)
    if objective.nonlinear_expr is not None:
        return None
    sign = follower.sign
    c = np.zeros(n)
    for coefficient, variable in zip(objective.linear_coefs, objective.linear_vars, strict=True):
        c[position[id(variable)]] += sign * coefficient
    entries = []
    for coefficient, (left, right) in zip(objective.quadratic_coefs, objective.quadratic_vars, strict=True):
        i, j = position[id(left)], position[id(right)]
        entries += [(i, j, sign * coefficient), (j, i, sign * coefficient)]
    Q = _sparse(entries, (n, n)).tocsc()
    entries, row_lower, row_upper = [], [], []
    for i, row in enumerate(follower.constraints):
        body = generate_standard_repn(row.body, quadratic=True)
        if body.nonlinear_expr is not None or body.quadratic_coefs:
            return None
        constant = float(body.constant)
        row_lower.append(-math.inf if row.lower is None else pyo.value(row.lower) - constant)
        row_upper.append(math.inf if row.upper is None else pyo.value(row.upper) - constant)
        entries += [(i, position[id(v)], a) for a, v in zip(body.linear_coefs, body.linear_vars, strict=True)]
    A = _sparse(entries, (len(row_lower), n)).tocsr()
    bounds = [v.bounds for v in follower.variables]
    lower = np.array([-math.inf if low is None else low for low, _ in bounds], float)
    upper = np.array([math.inf if high is None else high for _, high in bounds], float)
    return QuadraticForm(c, Q, sign * float(objective.constant), A, np.array(row_lower), np.array(row_upper), lower, upper)


def _sparse(entries, shape):
    rows, columns, numbers = zip(*entries, strict=True) if entries else ((), (), ())
    return sp.coo_array((np.array(numbers, float), (np.array(rows, int), np.array(columns, int))), shape=shape)


def _nonlinear(follower: Follower, convex: bool, time_limit) -> Response:
    """Ipopt from the current values and from the middle of the bounds; SCIP for what is not proved convex."""
    objective = follower.objective
    was_active = objective.active
    objective.activate()
    hidden = [b for b in follower.block.block_data_objects(active=True, descend_into=True) if b is not follower.block and b.local_name == "kkt"]
    for block in hidden:
        block.deactivate()
    kept = [v.value for v in follower.variables]
    try:
        best = Response("failed")
        if not convex:
            best = _by_scip(follower, time_limit)
            if best.global_:
                return best
        nlp = Nlp(follower.block)
        middle = np.where(np.isfinite(nlp.lower) & np.isfinite(nlp.upper), (nlp.lower + nlp.upper) / 2, nlp.start())
        for start in (nlp.start(), middle):
            outcome = nlp.solve("ipopt", start=start, time_limit=time_limit)
            if outcome.status in ("infeasible", "unbounded") and best.status == "failed":
                best = Response(outcome.status, solver="Ipopt")
            if outcome.status not in ("optimal", "feasible"):
                continue
            outcome.load()
            value = pyo.value(objective)
            if best.answer is None or follower.sign * value < follower.sign * best.value:
                answer = np.array([v.value if v.value is not None else 0.0 for v in follower.variables])
                best = Response("optimal", value, answer, convex, "Ipopt")
            if convex:
                break
        return best
    finally:
        for variable, number in zip(follower.variables, kept, strict=True):
            variable.set_value(number, skip_validation=True)
        for block in hidden:
            block.activate()
        if not was_active:
            objective.deactivate()


def _by_scip(follower: Follower, time_limit) -> Response:
    try:
        outcome = solve_scip(follower.block, gap=1e-7, time_limit=10.0 if time_limit is None else time_limit)
    except (BilevelError, PyomoException):
        return Response("failed")
    if outcome.status in ("infeasible", "unbounded"):
        return Response(outcome.status, global_=True, solver="SCIP")
    if not outcome.has_point:
        return Response("failed")
    outcome.load()
    answer = np.array([v.value if v.value is not None else 0.0 for v in follower.variables])
    return Response("optimal", pyo.value(follower.objective), answer, outcome.status == "optimal", "SCIP")
