"""Gurobi, in process through gurobipy: SOS1 sets, integers, linear and quadratic rows, to a proved bound."""

from __future__ import annotations

import os
import time

import numpy as np
from pyomo.common.errors import InfeasibleConstraintException
from pyomo.repn.plugins.lp_writer import LPWriter

from ..errors import ModelError, SolverFailed
from ..scratch import keep_failure, scratch
from .nl import Outcome

_TOO_LARGE, _NO_LICENCE = 10010, 10009


def solve_gurobi(model, *, gap: float = 1e-6, time_limit: float | None = None, options: dict | None = None) -> Outcome:
    """Solve a model with Gurobi, as :func:`bilevel_dr.solvers.nl.solve_scip` does with SCIP.

    Parameters
    ----------
    gap : float
        Relative gap at which to stop.
    options : dict, optional
        Gurobi parameters by name.

    Raises
    ------
    ModelError
        A row or the objective is neither linear nor quadratic.
    SolverFailed
        No valid licence, the model is beyond what the licence allows, or Gurobi refuses it.
    """
    import gurobipy

    began = time.perf_counter()
    settings = {
        "OutputFlag": 0,
        "Threads": 1,
        "MIPGap": gap,
        "FeasibilityTol": 1e-9,
        "IntFeasTol": 1e-9,
        **(options or {}),
    }
    if time_limit is not None:
        settings["TimeLimit"] = max(float(time_limit), 0.0)
    with scratch() as folder:
        try:
            with gurobipy.Env(empty=True) as env:
                path = os.path.join(folder, "model.lp")
                try:
                    columns = _write(model, path)
                except InfeasibleConstraintException as error:
                    return Outcome("infeasible", message=" ".join(str(error).split()))
                for name, setting in settings.items():
                    env.setParam(name, setting)
                env.start()
                with gurobipy.read(path, env) as problem:
                    problem.optimize()
                    if problem.Status == gurobipy.GRB.INF_OR_UNBD:
                        problem.Params.DualReductions = 0  # tells the two apart
                        problem.optimize()
                    return _outcome(gurobipy.GRB, problem, columns, began)
        except gurobipy.GurobiError as error:
            words = f"gurobi: {str(error).strip()}"
            if error.errno in (_TOO_LARGE, _NO_LICENCE):
                words = (
                    f"{words.rstrip('.')}; gurobipy's own licence takes 2000 variables and 2000 rows, "
                    "200 variables in quadratic terms: get a licence of your own, or use solver='scip'"
                )
            raise SolverFailed(words + keep_failure(folder)) from error


def _write(model, path: str) -> dict:
    """The model as an LP file; its variables by their names there."""
    try:
        with open(path, "w", newline="\n") as stream:
            info = LPWriter().write(model, stream, symbolic_solver_labels=False)
    except (ValueError, RuntimeError, KeyError) as error:
        raise ModelError(
            f"{model.name}: cannot be written for gurobi: {' '.join(str(error).split())}; use solver='scip'"
        ) from error
    named = info.symbol_map.bySymbol.items()  # the writer's own constant column lies on no block
    return {
        symbol: data
        for symbol, data in named
        if getattr(data, "is_variable_type", bool)() and data.parent_block() is not None
    }


def _outcome(GRB, problem, columns: dict, began: float) -> Outcome:
    named = {
        GRB.OPTIMAL: "optimal",
        GRB.INFEASIBLE: "infeasible",
        GRB.UNBOUNDED: "unbounded",
        GRB.SUBOPTIMAL: "feasible",
        GRB.NUMERIC: "failed",
    }
    status = problem.Status
    if status == GRB.INTERRUPTED:
        raise KeyboardInterrupt
    variables, values = (), None
    if problem.SolCount:
        here = [(columns[v.VarName], v.X) for v in problem.getVars() if v.VarName in columns]
        variables, values = tuple(variable for variable, _ in here), np.array([number for _, number in here], float)
    bound = problem.ObjBound if named.get(status) not in ("infeasible", "unbounded", "failed") else None
    if bound is not None and not abs(bound) < GRB.INFINITY:
        bound = None
    message = f"Gurobi: status {status}"
    return Outcome(named.get(status, "limit"), variables, values, bound, message, time.perf_counter() - began)
