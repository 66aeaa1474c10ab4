"""What is installed, and whether it works: every solver found solves one small bilevel program here and now."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .errors import BilevelError, SolverFailed
from .processes import run
from .scratch import scratch
from .solvers import SolverInfo, everything

OPTIMUM = 1.0
"""Of :func:`small_problem`, by hand: y(x) = min(1 + x, 4 − x), and y + 2x increases over 0 ≤ x ≤ 4, so x = 0, y = 1."""


@dataclass(frozen=True)
class Check:
    """One solver, as found and as tried.

    Attributes
    ----------
    solver : SolverInfo
    version : str
        As the solver itself says where it is an executable.
    passed : bool or None
        Whether it answered the small problem; None where the solver is not here.
    route : str
        The reformulation it was tried with.
    seconds : float
        Of that solve.
    message : str
        What went wrong, or the claim it reached.
    """

    solver: SolverInfo
    version: str = ""
    passed: bool | None = None
    route: str = ""
    seconds: float = 0.0
    message: str = ""

    def as_dict(self) -> dict:
        plain = asdict(self)
        info = plain.pop("solver")
        return info | {"takes": sorted(info["takes"])} | plain | {"version": self.version}


def examine(time_limit: float = 30.0) -> list[Check]:
    """Look for every known solver and try each that is found.

    Parameters
    ----------
    time_limit : float
        Seconds each self-test may take.

    Returns
    -------
    list of Check
        Those that were not found too: their ``solver.add`` is the command that adds them.
    """
    return [_try(info, time_limit) if info.where else Check(info) for info in everything()]


def small_problem():
    """min y + 2x, 0 ≤ x ≤ 4, where the follower maximises y under y ≤ 1 + x and y ≤ 4 − x: a ConcreteModel."""
    import pyomo.environ as pyo

    model = pyo.ConcreteModel("small_problem")
    model.x = pyo.Var(bounds=(0, 4))
    follower = model.follower = pyo.Block()
    follower.y = pyo.Var(bounds=(0, 10))
    follower.rising = pyo.Constraint(expr=follower.y <= 1 + model.x)
    follower.falling = pyo.Constraint(expr=follower.y <= 4 - model.x)
    follower.most = pyo.Objective(expr=follower.y, sense=pyo.maximize)
    model.least = pyo.Objective(expr=follower.y + 2 * model.x)
    return model


def route_of(info: SolverInfo) -> str:
    """The reformulation to try a solver with, by what it takes: the one that asks it least often."""
    if "nlp" in info.takes:
        return "product"
    return "sos1" if "sos1" in info.takes else "big_m"


def _try(info: SolverInfo, time_limit: float) -> Check:
    from .solving import solve

    version, route = info.version if info.in_process else _ask_version(info.where), route_of(info)
    try:
        solution = solve(small_problem(), route, info.name, time_limit=time_limit, starts=1)
    except BilevelError as error:
        return Check(info, version, False, route, 0.0, str(error))
    if solution.certificate is None or not solution.certificate.passed:
        return Check(info, version, False, route, solution.seconds, f"no verified answer: {solution.termination}")
    right = abs(solution.leader_objective - OPTIMUM) <= 1e-6
    message = solution.claim if right else f"answered {solution.leader_objective:.8g}, the optimum is {OPTIMUM:g}"
    return Check(info, version, right, route, solution.seconds, message)


def _ask_version(path: str) -> str:
    """The first line an executable prints when asked for its version; empty where it does not answer."""
    try:
        with scratch() as folder:
            told = run([path, "-v"], 5.0, folder)
    except SolverFailed:
        return ""
    lines = [line.strip() for line in told.output.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[0] if lines and not told.trouble else ""
