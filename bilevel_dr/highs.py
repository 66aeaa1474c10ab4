"""HiGHS on arrays: linear and convex quadratic problems, and linear mixed-integer ones, one thread, no Pyomo."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from .quiet import no_output


@dataclass(frozen=True)
class ArrayAnswer:
    """``status`` is a termination word; ``x`` the point; the duals are derivatives of the value by rows' and columns' bounds."""

    status: str
    x: np.ndarray | None
    value: float
    row_dual: np.ndarray | None = None
    reduced_cost: np.ndarray | None = None
    bound: float = math.nan


def minimise(c, A, row_lower, row_upper, lower, upper, Q=None, integer=None, time_limit=None, gap=1e-9) -> ArrayAnswer:
    """min ½ xᵀQx + cᵀx over row_lower ≤ Ax ≤ row_upper, lower ≤ x ≤ upper.

    Parameters
    ----------
    c, lower, upper : array (n,)
    A : sparse or dense (m, n)
    row_lower, row_upper : array (m,)
    Q : sparse (n, n), symmetric positive semi-definite, optional
    integer : bool array (n,), optional
        Not together with ``Q``: HiGHS has no mixed-integer quadratic solver.
    """
    import highspy

    n = len(c)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n, len(row_lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.asarray(c, float), np.asarray(lower, float), np.asarray(upper, float)
    lp.row_lower_, lp.row_upper_ = np.asarray(row_lower, float), np.asarray(row_upper, float)
    columns = sp.csc_array(A if sp.issparse(A) else np.asarray(A, float).reshape(len(row_lower), n))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = columns.indptr, columns.indices, columns.data
    if integer is not None:
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if flag else kinds.kContinuous for flag in integer]
    solver = _new_solver()
    for option, setting in (("threads", 1), ("mip_rel_gap", gap), ("qp_regularization_value", 0.0)):
        solver.setOptionValue(option, setting)
    if time_limit is not None:
        solver.setOptionValue("time_limit", max(float(time_limit), 1e-3))
    if solver.passModel(lp) == highspy.HighsStatus.kError:  # a number it refuses: nothing was solved
        return ArrayAnswer("failed", None, math.nan)
    if Q is not None and Q.nnz:
        hessian, half = highspy.HighsHessian(), sp.csc_array(sp.tril(Q, format="csc"))
        half.sort_indices()
        hessian.dim_, hessian.format_ = n, highspy.HessianFormat.kTriangular
        hessian.start_, hessian.index_, hessian.value_ = half.indptr, half.indices, half.data
        solver.passHessian(hessian)
    if solver.run() == highspy.HighsStatus.kError:  # the first solve of a process sets its threads: begin anew with ours
        highspy.Highs.resetGlobalScheduler(True)
        solver.run()
    status = _STATUS.get(solver.getModelStatus().name, "failed")
    info, solution = solver.getInfo(), solver.getSolution()
    if n == 0 and status == "failed":  # nothing to decide: HiGHS has no word for it
        status = "optimal"
    has_point = status == "optimal" or (status == "limit" and info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible)
    if not has_point:
        return ArrayAnswer(status, None, math.nan)
    bound = info.mip_dual_bound if integer is not None else info.objective_function_value
    return ArrayAnswer(status, np.array(solution.col_value), info.objective_function_value, np.array(solution.row_dual), np.array(solution.col_dual), bound)


def _new_solver():
    import highspy

    with no_output():  # the first one in a process prints a banner, whatever its options say
        solver = highspy.Highs()
    solver.silent()
    return solver


_STATUS = {
    "kOptimal": "optimal",
    "kInfeasible": "infeasible",
    "kUnbounded": "unbounded",
    "kUnboundedOrInfeasible": "unbounded",
    "kTimeLimit": "limit",
    "kIterationLimit": "limit",
    "kSolutionLimit": "limit",
}
