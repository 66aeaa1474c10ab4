"""One way out of Pyomo for every solver: an AMPL .nl file, read in process by casadi (Ipopt, Uno, …) and by SCIP.

Reading a file keeps Pyomo's own, well-tested writer as the only translation, and both readers are compiled code: SCIP
builds 2,000 SOS1 pairs in 0.02 s this way. A built :class:`Nlp` is solved again with other bounds in milliseconds.
"""

from __future__ import annotations

import math
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pyomo.environ as pyo
from pyomo.common.errors import InfeasibleConstraintException
from pyomo.core.base.var import VarData
from pyomo.repn.plugins.nl_writer import NLWriter

from ..errors import ModelError, SolverFailed
from ..quiet import no_output
from ..scratch import keep_failure, scratch
from .columns import Columns, without_sets


@dataclass(frozen=True)
class Outcome:
    """What a solver said, believed by nobody until it is verified.

    ``status`` is one of the terminations of a :class:`~bilevel_dr.solution.Solution`; ``values`` has one number per
    variable of ``variables``; ``bound`` is the solver's own dual bound in the model's sense.
    """

    status: str
    variables: tuple[VarData, ...] = ()
    values: np.ndarray | None = None
    bound: float | None = None
    message: str = ""
    seconds: float = 0.0
    row_multipliers: dict = field(default_factory=dict, repr=False)
    bound_multipliers: dict = field(default_factory=dict, repr=False)

    def __post_init__(self):
        """What is not one finite number a variable is no answer, whatever the solver calls it."""
        if self.values is None:
            return
        fits = len(self.values) == len(self.variables)
        if self.status in ("optimal", "feasible") and not (fits and np.isfinite(self.values).all()):
            object.__setattr__(self, "status", "failed")
            object.__setattr__(self, "message", f"{self.message}: its values are not one finite number a variable")
        if not fits:
            object.__setattr__(self, "values", None)

    @property
    def has_point(self) -> bool:
        return self.values is not None and bool(np.all(np.isfinite(self.values)))

    def of(self, variables) -> list[float]:
        """The values of some variables; of those that are no column, and without a point, nothing."""
        wanted = {id(v) for v in variables}
        values = () if self.values is None else self.values
        return [float(x) for v, x in zip(self.variables, values, strict=False) if id(v) in wanted]

    @property
    def crashed(self) -> bool:
        """Whether the solver failed without a single number."""
        return self.status == "failed" and self.values is None

    def load(self) -> None:
        """Write the values into the (working) model's variables."""
        for variable, number in zip(self.variables, self.values.tolist(), strict=True):
            variable.set_value(number, skip_validation=True)


class _Contradiction(Exception):
    """A row of constants that does not hold: the model is infeasible before any solver sees it."""


def write(model, path: str, free=()) -> tuple[list, list]:
    """Write a model as .nl; returns its variables in column order and its constraints in row order.

    ``free`` are fixed variables to be written as columns all the same, so that a reader can move them by their bounds.
    """
    objectives = list(model.component_data_objects(pyo.Objective, active=True, descend_into=True))
    if len(objectives) > 1:  # a reader takes one of them without a word
        names = ", ".join(objective.name for objective in objectives[:3])
        raise ModelError(f"{model.name}: {len(objectives)} active objectives ({names}); a solver takes one, deactivate the rest")
    for variable in free:
        variable.unfix()
    try:
        with open(path, "w", newline="\n") as stream:
            info = NLWriter().write(
                model, stream, linear_presolve=False, scale_model=False, symbolic_solver_labels=False
            )
    except InfeasibleConstraintException as error:
        raise _Contradiction(" ".join(str(error).split())) from error
    except (ValueError, RuntimeError, KeyError) as error:
        raise ModelError(f"{model.name}: cannot be written for a solver: {' '.join(str(error).split())}") from error
    finally:
        for variable in free:
            variable.fix()
    _refuse_what_is_not_finite(model, path)
    return list(info.variables), list(info.constraints)


def _refuse_what_is_not_finite(model, path: str) -> None:
    """A NaN coefficient is called optimal by more than one solver, and ends the process in casadi's reader."""
    with open(path, "rb") as stream:
        lines = stream.read().split(b"\n")[10:]  # the header is words
    if any(b"nan" in line or b"inf" in line for line in lines):
        raise ModelError(f"{model.name}: a coefficient is not finite (NaN or infinite); give every Param a number")


class Nlp(Columns):
    """A smooth model built once in casadi and solved as often as needed, with other bounds, starts and solvers.

    Parameters
    ----------
    model : Block or ConcreteModel
        Its active objective and constraints; integer domains and SOS sets are ignored, they are not smooth.
    free : iterable of Var data, optional
        Fixed variables that stay columns, so that ``solve(fixed={variable: number})`` can move them.
    solver : str
        casadi's name of the solver.
    """

    def __init__(self, model, free=(), solver: str = "ipopt"):
        import casadi

        self.solver = solver

        self.infeasible = ""
        builder = casadi.NlpBuilder()
        try:
            with without_sets(model), scratch() as folder:
                path = os.path.join(folder, "model.nl")
                self.variables, self.rows = write(model, path, free)
                if self.variables:
                    builder.import_nl(path)
        except _Contradiction as error:
            self.infeasible, self.variables, self.rows = str(error), [], []
        except RuntimeError as error:
            raise ModelError(f"{model.name}: casadi cannot read it: {_last_line(error)}") from error
        self._problem = {"x": casadi.vertcat(*builder.x), "f": builder.f, "g": casadi.vertcat(*builder.g)}
        self.lower, self.upper = np.array(builder.x_lb, float), np.array(builder.x_ub, float)
        self.row_lower, self.row_upper = np.array(builder.g_lb, float), np.array(builder.g_ub, float)
        self.number(free)
        self._solvers = {}

    def solve(self, start=None, fixed=None, lower=None, upper=None, options=None, time_limit=None) -> Outcome:
        """Solve with other bounds.

        Parameters
        ----------
        start : array, optional
            One value a column (default :meth:`start`).
        fixed : ComponentMap of Var data to float, optional
            Columns held at a value; variables that are no column are passed over.
        lower, upper : array, optional
            Column bounds instead of the model's.
        options : dict, optional
            The solver's own.
        time_limit : float, optional
            Seconds, rounded down to 1, 2 or 5 times a power of ten: a solver is built for one limit and kept.

        Raises
        ------
        SolverFailed
            When the solver cannot even start.
        """
        if not self.variables:  # nothing to decide
            return Outcome("infeasible" if self.infeasible else "optimal", values=np.empty(0), message=self.infeasible)
        x0, lower, upper = self.box(start, fixed, lower, upper)
        began = time.perf_counter()
        function = self._function(options or {}, None if time_limit is None else _round_down(time_limit))
        try:
            with no_output():
                answer = function(x0=x0, lbx=lower, ubx=upper, lbg=self.row_lower, ubg=self.row_upper)
        except RuntimeError as error:  # Uno raises where others report
            return Outcome("failed", message=_last_line(error), seconds=time.perf_counter() - began)
        stats = function.stats()
        if stats["return_status"] == "NonIpopt_Exception_Thrown":  # casadi's name for Ctrl-C
            raise KeyboardInterrupt
        return Outcome(
            _STATUS.get(stats["return_status"], "feasible" if stats["success"] else "failed"),
            tuple(self.variables),
            np.asarray(answer["x"], float).ravel(),
            message=stats["return_status"],
            seconds=time.perf_counter() - began,
            row_multipliers=dict(
                zip(map(id, self.rows), np.asarray(answer["lam_g"], float).ravel().tolist(), strict=True)
            ),
            bound_multipliers=dict(
                zip(map(id, self.variables), np.asarray(answer["lam_x"], float).ravel().tolist(), strict=True)
            ),
        )

    def _function(self, options, time_limit):
        import casadi

        key = tuple(sorted(options.items())), time_limit
        if key not in self._solvers:
            defaults, limit = _SETTINGS.get(self.solver, ({}, None))
            own = {**defaults, **options}
            if limit is not None and time_limit is not None:
                own[limit] = time_limit
            settings = {
                "print_time": False,
                "expand": True,
                "error_on_fail": False,
                "show_eval_warnings": False,
                self.solver: own,
            }
            try:
                self._solvers[key] = casadi.nlpsol("nlp", self.solver, self._problem, settings)
            except RuntimeError as error:
                raise SolverFailed(f"casadi's {self.solver} does not take this model: {_last_line(error)}") from error
        return self._solvers[key]


def _round_down(seconds: float) -> float:
    power = 10.0 ** math.floor(math.log10(max(seconds, 1e-3)))
    return power * max(step for step in (1, 2, 5) if step * power <= max(seconds, 1e-3) * (1 + 1e-9))


_SETTINGS = {
    "ipopt": (
        {"print_level": 0, "sb": "yes", "tol": 1e-9, "max_iter": 1000, "bound_relax_factor": 1e-10},
        "max_wall_time",
    ),
    "uno": ({"preset": "filtersqp", "logger": "SILENT", "max_iterations": 2000}, "time_limit"),
}
"""casadi solver → (our options, the name of its time limit)."""

_STATUS = {
    "Solve_Succeeded": "optimal",
    "Solved_To_Acceptable_Level": "feasible",
    "Feasible_Point_Found": "feasible",
    "Infeasible_Problem_Detected": "infeasible",
    "Diverging_Iterates": "unbounded",
    "Maximum_Iterations_Exceeded": "limit",
    "Maximum_WallTime_Exceeded": "limit",
    "Maximum_CpuTime_Exceeded": "limit",
    "Converged with feasible KKT point": "optimal",
    "Converged with feasible FJ point": "feasible",
    "Converged with infeasible stationary point": "infeasible",
    "Iteration limit": "limit",
    "Time limit": "limit",
}


def solve_scip(model, *, gap=1e-6, time_limit=None, options=None, keep=None) -> Outcome:
    """Solve a model with SCIP, in process and to proved optimality where the limit allows.

    Parameters
    ----------
    gap : float
        Relative gap at which to stop.
    keep : ComponentMap of Var data to float, optional
        A starting point, completed by SCIP where it is partial.
    """
    with scratch() as folder:
        try:
            return _in_scip(model, folder, gap, time_limit, options, keep)
        except SolverFailed as error:
            raise SolverFailed(f"{error}{keep_failure(folder)}") from error


def _in_scip(model, folder: str, gap, time_limit, options, keep) -> Outcome:
    from . import find

    find("scip")  # where it is not, the error says what adds it
    import pyscipopt

    began = time.perf_counter()
    scip = pyscipopt.Model()
    scip.hideOutput()
    try:
        with without_sets(model, _is_indicator) as indicators:
            path = os.path.join(folder, "model.nl")
            variables, rows = write(model, path)
    except _Contradiction as error:
        return Outcome("infeasible", message=str(error))
    if not variables:
        return Outcome("optimal", values=np.empty(0), bound=_constant_objective(model))
    try:
        with no_output():
            scip.readProblem(path)
    except Exception as error:  # PySCIPOpt raises bare Exception for a reader's refusal
        raise SolverFailed(f"SCIP cannot read {model.name}: {_last_line(error)}") from error
    columns = {v.name[1:]: v for v in scip.getVars()}  # named x0, i1, b2 by kind and column
    ordered = [columns[str(j)] for j in range(len(variables))]
    position = {id(v): j for j, v in enumerate(variables)}
    for s in indicators:
        binary, side = (ordered[position[id(v)]] for v in s.get_variables())
        scip.addConsIndicator(side <= 0, binvar=binary)
    scip.setParams({"limits/gap": gap, "misc/catchctrlc": True, **(options or {})})
    with suppress(KeyError):  # a SCIP that was built without Ipopt
        scip.setParam("nlpi/ipopt/optfile", _without_metis(folder))
    if any(row.body.polynomial_degree() not in (0, 1) for row in rows):
        scip.setParam(*_SETS_TRULY)
    if time_limit is not None:
        scip.setParam("limits/time", max(float(time_limit), 0.0))
    if keep:
        start = scip.createPartialSol()
        for j, variable in enumerate(variables):
            if variable in keep:
                scip.setSolVal(start, ordered[j], keep[variable])
        scip.addSol(start)
    status = _run(scip, model.name)
    if status == "inforunbd":  # presolve did not tell the two apart: without the objective only one is left
        scip.freeTransform()
        scip.setObjective(0.0)
        status = {"optimal": "unbounded", "gaplimit": "unbounded"}.get(_run(scip, model.name), "infeasible")
    values = None
    if scip.getNSols() and status != "unbounded":
        best = scip.getBestSol()
        values = np.array([scip.getSolVal(best, column) for column in ordered], float)
    bound = scip.getDualbound() if status not in ("infeasible", "unbounded") else None
    if bound is not None and abs(bound) >= 0.1 * scip.infinity():
        bound = None
    named = {"optimal": "optimal", "gaplimit": "optimal", "infeasible": "infeasible", "unbounded": "unbounded"}
    fallback = "failed" if status in ("unknown", "terminate") else "limit"
    return Outcome(
        named.get(status, fallback), tuple(variables), values, bound, f"SCIP: {status}", time.perf_counter() - began
    )


def _without_metis(folder: str) -> str:
    """A file of Ipopt's options: METIS, one of the orderings of SCIP's own Ipopt, ends the process on some large problems."""
    path = os.path.join(folder, "ipopt.opt")
    with open(path, "w") as stream:
        stream.write("mumps_pivot_order 0\n")
    return path


_SETS_TRULY = "constraints/SOS1/autosos1branch", False
"""Branching on whole sets, SCIP's choice where none overlap, loses optima of nonlinear rows and proves what is left."""


def _run(scip, name: str) -> str:
    try:
        with no_output():
            scip.optimize()
    except Exception as error:  # PySCIPOpt raises bare Exception, as for "error in LP solver"
        raise SolverFailed(f"SCIP failed on {name}: {_last_line(error)}") from error
    if scip.getStatus() == "userinterrupt":
        raise KeyboardInterrupt
    return scip.getStatus()


def _constant_objective(model) -> float:
    return sum(
        pyo.value(objective)
        for objective in model.component_data_objects(pyo.Objective, active=True, descend_into=True)
    )


def _is_indicator(sos) -> bool:
    """A set {binary, continuous}: the binary at one makes the other zero."""
    kinds = [v.is_binary() for v in sos.get_variables()]
    return sos.level == 1 and kinds == [True, False]


def _last_line(error) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
