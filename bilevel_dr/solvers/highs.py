"""HiGHS on arrays: linear and convex quadratic problems, and linear mixed-integer ones, one thread, no Pyomo."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from ..quiet import no_output


@dataclass(frozen=True)
class ArrayAnswer:
    """``status`` is a termination word; ``x`` the point; the duals are derivatives of the value by rows' and columns' bounds."""

    status: str
    x: np.ndarray | None
    value: float
    row_dual: np.ndarray | None = None
    reduced_cost: np.ndarray | None = None
    bound: float = math.nan


def minimise(
    c, A, row_lower, row_upper, lower, upper, Q=None, integer=None, time_limit=None, gap=1e-9, start=None
) -> ArrayAnswer:
    """min ½ xᵀQx + cᵀx over row_lower ≤ Ax ≤ row_upper, lower ≤ x ≤ upper.

    Parameters
    ----------
    c, lower, upper : array (n,)
    A : sparse or dense (m, n)
    row_lower, row_upper : array (m,)
    Q : sparse (n, n), symmetric positive semi-definite, optional
    integer : bool array (n,), optional
        Not together with ``Q``: HiGHS has no mixed-integer quadratic solver.
    start : array (n,), optional
        A point to begin a mixed-integer search with, NaN where it says nothing: HiGHS holds its integers and solves the rest.

    Notes
    -----
    HiGHS' quadratic solver is exact without regularisation but may call a problem with a singular Q unbounded, or stop with
    an error; what it calls anything but optimal is decided by linear programs, then solved with its regularisation. Where
    that stops too, the status is ``"failed"`` and the caller has other solvers.
    """
    A = sp.csc_array(A if sp.issparse(A) else np.asarray(A, float).reshape(len(row_lower), len(c)))
    if not len(c):  # nothing to decide: HiGHS has no word for it
        holds = np.all(np.asarray(row_lower) <= 0.0) and np.all(np.asarray(row_upper) >= 0.0)
        return (
            ArrayAnswer("optimal", np.empty(0), 0.0, np.zeros(len(row_lower)), np.empty(0), 0.0)
            if holds
            else ArrayAnswer("infeasible", None, math.nan)
        )
    problem = [np.asarray(part, float) for part in (c, row_lower, row_upper, lower, upper)]
    if Q is None or not Q.nnz:
        answer = _run(A, *problem, None, integer, time_limit, gap, start=start)
        if answer.status == _EITHER:  # presolving did not tell the two apart: without the objective only one is left
            alone = _run(A, 0.0 * problem[0], *problem[1:], None, integer, time_limit, gap)
            answer = replace(answer, status={"optimal": "unbounded", _EITHER: "infeasible"}.get(alone.status, alone.status))
        return answer
    if not A.shape[0]:  # without a row its quadratic solver errs, even to a wrong optimum (1.16): give it an empty one
        A, problem[1], problem[2] = sp.csc_array((1, len(c))), np.zeros(1), np.zeros(1)
        answer = _convex_quadratic(A, problem, Q, time_limit, gap)
        return replace(answer, row_dual=None if answer.x is None else np.empty(0))
    return _convex_quadratic(A, problem, Q, time_limit, gap)


def _convex_quadratic(A, problem, Q, time_limit, gap) -> ArrayAnswer:
    answer = _run(A, *problem, Q, None, time_limit, gap)
    if answer.status == "optimal":
        return answer
    status = _without_curvature(A, *problem, Q, time_limit)
    if status != "optimal":
        return replace(answer, status=status)
    again = _run(A, *problem, Q, None, time_limit, gap, 1e-7)
    return again if again.status in ("optimal", "limit") else replace(again, status="failed")


def _without_curvature(A, c, row_lower, row_upper, lower, upper, Q, time_limit) -> str:
    """Infeasible, unbounded (a ray of the rows along which Q is flat and c falls) or neither, which is called optimal."""
    feasible = minimise(0.0 * c, A, row_lower, row_upper, lower, upper, time_limit=time_limit)
    if feasible.status != "optimal":
        return feasible.status
    ray = falling_ray(A, c, row_lower, row_upper, lower, upper, Q, time_limit)
    return "optimal" if ray is None else "unbounded"


def falling_ray(A, c, row_lower, row_upper, lower, upper, Q=None, time_limit=None) -> np.ndarray | None:
    """A direction (n,) in which no row and no bound ends, Q is flat and c falls, its largest step one; None without one."""

    def ends(low, high):
        return np.where(np.isfinite(low), 0.0, -1.0), np.where(np.isfinite(high), 0.0, 1.0)

    rows, matrix = ends(row_lower, row_upper), A
    if Q is not None and Q.nnz:
        flat = np.zeros(len(c))
        matrix, rows = sp.vstack([A, Q], format="csc"), [np.concatenate(pair) for pair in zip(rows, (flat, flat), strict=True)]
    falling = minimise(c, matrix, *rows, *ends(lower, upper), time_limit=time_limit)
    falls = falling.status == "optimal" and falling.value < -1e-9 * max(1.0, np.abs(c).max(initial=0.0))
    return falling.x if falls else None


def _run(
    A, c, row_lower, row_upper, lower, upper, Q, integer, time_limit, gap, regularisation=0.0, start=None
) -> ArrayAnswer:
    import highspy

    n = len(c)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n, len(row_lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = c, lower, upper
    lp.row_lower_, lp.row_upper_ = row_lower, row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = A.indptr, A.indices, A.data
    if integer is not None:
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if flag else kinds.kContinuous for flag in integer]
    solver = _new_solver()
    for option, setting in (("threads", 1), ("mip_rel_gap", gap), ("qp_regularization_value", regularisation)):
        solver.setOptionValue(option, setting)
    if time_limit is not None:
        solver.setOptionValue("time_limit", max(float(time_limit), 1e-3))
    error = highspy.HighsStatus.kError
    if solver.passModel(lp) == error:  # a number it refuses: nothing was solved
        return ArrayAnswer("failed", None, math.nan)
    if start is not None and integer is not None:
        known = np.flatnonzero(np.isfinite(start)).astype(np.int32)
        solver.setSolution(len(known), known, np.asarray(start, float)[known])
    if Q is not None:
        solver.setOptionValue("qp_iteration_limit", 1000 + 100 * (n + len(row_lower)))  # it may cycle on a singular Q
        hessian, half = highspy.HighsHessian(), sp.csc_array(sp.tril(Q, format="csc"))
        half.sort_indices()
        hessian.dim_, hessian.format_ = n, highspy.HessianFormat.kTriangular
        hessian.start_, hessian.index_, hessian.value_ = half.indptr, half.indices, half.data
        if solver.passHessian(hessian) == error:
            return ArrayAnswer("failed", None, math.nan)
    if solver.run() == error:  # the first solve of a process sets its threads: begin anew with ours
        highspy.Highs.resetGlobalScheduler(True)
        solver.run()
    status = _STATUS.get(solver.getModelStatus().name, "failed")
    info, solution = solver.getInfo(), solver.getSolution()
    has_point = status == "optimal" or (
        status == "limit" and info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    )
    if not has_point:
        return ArrayAnswer(status, None, math.nan)
    x, row_dual, col_dual = (np.array(part, float) for part in (solution.col_value, solution.row_dual, solution.col_dual))
    if x.shape != (n,) or not np.isfinite(x).all():
        return ArrayAnswer("failed", None, math.nan)
    value = float(c @ x if Q is None else c @ x + 0.5 * x @ (Q @ x))  # of the point, whatever it says of it
    return ArrayAnswer(status, x, value, row_dual, col_dual, info.mip_dual_bound if integer is not None else value)


def _new_solver():
    import highspy

    with no_output():  # the first one in a process prints a banner, whatever its options say
        solver = highspy.Highs()
    solver.silent()
    return solver


_EITHER = "unbounded or infeasible"
_STATUS = {
    "kOptimal": "optimal",
    "kInfeasible": "infeasible",
    "kUnbounded": "unbounded",
    "kUnboundedOrInfeasible": _EITHER,
    "kTimeLimit": "limit",
    "kIterationLimit": "limit",
    "kSolutionLimit": "limit",
}
