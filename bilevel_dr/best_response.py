"""A follower's own problem, solved again at given decisions of everybody else: what a certificate compares with.

Linear and convex quadratic followers go to HiGHS as arrays, others to Ipopt; where convexity is not proved, the Lagrangian
at Ipopt's multipliers may still prove its answer (:mod:`bilevel_dr.lagrangian`), else SCIP is asked.
This shares no derivative, no multiplier and no pair with the KKT route.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pyomo.environ as pyo
from pyomo.common.errors import PyomoException

from .arrays import QuadraticForm, quadratic_form
from .errors import BilevelError
from .followers import Follower, Program
from .lagrangian import lagrangian_bound
from .residuals import beyond, evaluate
from .solvers.nl import Nlp, solve_scip


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


def best_responses(
    program: Program, convex: dict[str, bool], time_limit: float | None = None, search: float | None = None
) -> dict[str, Response]:
    """Each follower solved again, everybody else's variables at the values the program's instance holds.

    Parameters
    ----------
    program : Program
        Of a working copy; its values are the same afterwards.
    convex : mapping of follower name to bool
        Whether its convexity is proved: then a local answer is a global one, otherwise SCIP is asked.
    search : float, optional
        Seconds for SCIP; 0 does not ask it. By default ``time_limit``, or 10 where there is none.
    """
    together = (
        {} if program.coupled else _jointly(program, [f for f in program.followers if convex[f.name]], time_limit)
    )
    return {
        f.name: together.get(f.name) or best_response(f, convex[f.name], time_limit, search) for f in program.followers
    }


def best_response(
    follower: Follower, convex: bool, time_limit: float | None = None, search: float | None = None
) -> Response:
    """One follower solved again; see :func:`best_responses`."""
    form = follower_form(follower)
    if form is not None and (convex or form.is_linear):
        answer = form.minimise(time_limit)
        if answer.status in ("optimal", "infeasible", "unbounded"):
            return Response(answer.status, follower.sign * (answer.value + form.constant), answer.x, True, "HiGHS")
    with held(follower.others):
        return _nonlinear(follower, convex, time_limit, search)


def follower_form(follower: Follower) -> QuadraticForm | None:
    """The follower as arrays, others' variables at their values; None where it is not linear or quadratic."""
    with held(follower.others):
        return quadratic_form(follower.objective.expr, follower.sign, follower.constraints, follower.variables)


@contextmanager
def held(variables):
    """Meanwhile, the variables that are not fixed yet are."""
    fixed = [v for v in variables if not v.fixed]
    for variable in fixed:
        variable.fix()
    try:
        yield
    finally:
        for variable in fixed:
            variable.unfix()


def _jointly(program: Program, followers, time_limit) -> dict[str, Response]:
    """Linear and quadratic followers that do not see each other, as one block-diagonal problem; {} where that did not work."""
    if len(followers) < 2:
        return {}
    variables = [v for follower in followers for v in follower.variables]
    rows = [row for follower in followers for row in follower.constraints]
    others = {id(v): v for follower in followers for v in follower.others}
    with held(others.values()):
        form = quadratic_form(pyo.quicksum(f.sign * f.objective.expr for f in followers), 1, rows, variables)
    answer = None if form is None else form.minimise(time_limit)
    if answer is None or answer.status != "optimal":
        return {}
    kept = [v.value for v in variables]
    for variable, number in zip(variables, answer.x.tolist(), strict=True):
        variable.set_value(number, skip_validation=True)
    responses, first = {}, 0
    for follower in followers:
        last = first + len(follower.variables)
        responses[follower.name] = Response(
            "optimal", pyo.value(follower.objective), answer.x[first:last], True, "HiGHS"
        )
        first = last
    for variable, number in zip(variables, kept, strict=True):
        variable.set_value(number, skip_validation=True)
    return responses


def _nonlinear(follower: Follower, convex: bool, time_limit, search) -> Response:
    """Ipopt from the current values and from the middle of the bounds; SCIP for what is not proved convex."""
    objective = follower.objective
    was_active = objective.active
    objective.activate()
    hidden = [
        b
        for b in follower.block.block_data_objects(active=True, descend_into=True)
        if b is not follower.block and b.local_name == "kkt"
    ]
    for block in hidden:
        block.deactivate()
    kept = [v.value for v in follower.variables]
    try:
        best, nlp = Response("failed"), Nlp(follower.block)
        if not convex:
            best = _by_lagrangian(follower, nlp, time_limit) or best
            if search != 0 and not best.global_:
                best = _by_scip(follower, time_limit if search is None else search)
            if best.global_:
                return best
        boxed = np.isfinite(nlp.lower) & np.isfinite(nlp.upper) if nlp.variables else np.empty(0, bool)
        middle = nlp.start()
        middle[boxed] = (nlp.lower[boxed] + nlp.upper[boxed]) / 2
        for start in (nlp.start(), middle):
            outcome = nlp.solve(start=start, time_limit=time_limit)
            if outcome.status in ("infeasible", "unbounded") and best.status == "failed":
                best = Response(outcome.status, solver="Ipopt")
            if outcome.status not in ("optimal", "feasible"):
                continue
            outcome.load()
            value = evaluate(objective.expr)
            if value is None:
                continue
            if best.answer is None or follower.sign * value < follower.sign * best.value:
                answer = np.array([v.value if v.value is not None else 0.0 for v in follower.variables])
                best = Response("optimal", value, answer, convex, "Ipopt")
            if convex:
                break
        return best if best.answer is None else pulled_inside(follower, nlp, best, kept, time_limit)
    finally:
        for variable, number in zip(follower.variables, kept, strict=True):
            variable.set_value(number, skip_validation=True)
        for block in hidden:
            block.activate()
        if not was_active:
            objective.deactivate()


def pulled_inside(follower: Follower, nlp: Nlp, best: Response, candidate, time_limit) -> Response:
    """An answer that keeps its inequalities to the last digit: one that leans on a tolerance is no improvement.

    Solved again with every inequality tightened by more than the solver's tolerance; where that leaves nothing (no strictly
    feasible point), the last point on the way from the candidate to the answer that keeps the rows as the candidate does.
    """
    rows = [row for row in follower.constraints if not row.equality]

    def put(values):
        for variable, number in zip(follower.variables, values, strict=True):
            variable.set_value(number, skip_validation=True)
        return max((beyond(row) for row in rows), default=0.0)

    if put(best.answer.tolist()) <= 1e-14:
        return best
    kept = nlp.row_lower, nlp.row_upper
    narrow = 1e-7 * np.maximum(1.0, np.abs(np.nan_to_num(nlp.row_upper - nlp.row_lower, posinf=1.0)))
    inequality = nlp.row_lower < nlp.row_upper
    nlp.row_lower, nlp.row_upper = nlp.row_lower + narrow * inequality, nlp.row_upper - narrow * inequality
    outcome = nlp.solve(start=nlp.start(), time_limit=time_limit)
    nlp.row_lower, nlp.row_upper = kept
    if outcome.status in ("optimal", "feasible"):
        outcome.load()
        value = evaluate(follower.objective.expr)
        return best if value is None else replace(best, value=value, answer=np.array([v.value for v in follower.variables]))
    if any(number is None for number in candidate):
        return best
    start = np.array(candidate, float)
    allowed, low, high = put(candidate), 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        inside = put((start + middle * (best.answer - start)).tolist()) <= allowed
        low, high = (middle, high) if inside else (low, middle)
    put((start + low * (best.answer - start)).tolist())
    return replace(best, value=pyo.value(follower.objective), answer=start + low * (best.answer - start))


def _by_lagrangian(follower: Follower, nlp: Nlp, time_limit) -> Response | None:
    """Ipopt's answer where the Lagrangian at its multipliers proves that none is better; the variables' values are kept."""
    kept = [v.value for v in follower.variables]
    outcome = nlp.solve(options={"tol": 1e-11, "acceptable_tol": 1e-9}, time_limit=time_limit)
    try:
        if outcome.status not in ("optimal", "feasible"):
            return None
        outcome.load()
        value, bound = evaluate(follower.objective.expr), lagrangian_bound(follower, outcome)
        if value is None or bound is None or follower.sign * value - bound > 1e-8 * max(1.0, abs(value)):
            return None
        answer = np.array([v.value if v.value is not None else 0.0 for v in follower.variables])
        return Response("optimal", follower.sign * bound, answer, True, "Ipopt, its Lagrangian being convex")
    finally:
        for variable, number in zip(follower.variables, kept, strict=True):
            variable.set_value(number, skip_validation=True)


def _by_scip(follower: Follower, time_limit) -> Response:
    try:
        limit = 10.0 if time_limit is None else time_limit
        outcome = solve_scip(follower.block, gap=1e-7, time_limit=limit, options={"numerics/feastol": 1e-9})
    except (BilevelError, PyomoException):
        return Response("failed")
    if outcome.status in ("infeasible", "unbounded"):
        return Response(outcome.status, global_=True, solver="SCIP")
    if not outcome.has_point:
        return Response("failed")
    outcome.load()
    answer = np.array([v.value if v.value is not None else 0.0 for v in follower.variables])
    value = evaluate(follower.objective.expr)
    return Response("failed") if value is None else Response("optimal", value, answer, outcome.status == "optimal", "SCIP")
