"""Every applicable reformulation × solver on one instance: for teaching, and for trust."""

from __future__ import annotations

import logging
import time
from functools import partial

from .errors import BilevelError, ModelError, SolverFailed
from .routes import GLOBAL_ROUTES, LOCAL_ROUTES
from .solution import Solution
from .solvers import installed
from .solving import judged, solve
from .workers import evaluate

log = logging.getLogger("bilevel_dr.comparison")

COLUMNS = [
    "reformulation",
    "solver",
    "leader_objective",
    "claim",
    "best_bound",
    "gap",
    "termination",
    "seconds",
    "note",
]


def routes() -> list[tuple[str, str]]:
    """``(reformulation, solver)`` of every route that the solvers found here allow."""
    here = installed()
    names = [info.name for info in here]
    local = [info.name for info in here if "nlp" in info.takes]
    proved = [(route, solver) for route, solvers in GLOBAL_ROUTES.items() for solver in solvers if solver in names]
    return proved + [(route, solver) for route in LOCAL_ROUTES for solver in local]


def compare(instance, time_limit: float = 60.0, starts: int | None = None, seed: int = 0, workers: int = 1):
    """Solve one instance by every route and verify each answer.

    Parameters
    ----------
    instance : ConcreteModel
        Not changed.
    time_limit : float
        Seconds for each route.
    workers : int
        Processes; 1 solves right here. A route that ends its process then costs its row only, but routes that share the
        cores take longer than each would alone.

    Returns
    -------
    DataFrame
        One row a route: value, claim, bound, relative gap between them, termination, seconds, and what the route said
        where it gave no verified answer. ``attrs["solutions"]`` has the Solutions by ``(reformulation, solver)``.

    Raises
    ------
    ModelError
        The instance is no bilevel program: then no route applies.

    Examples
    --------
    >>> import bilevel_dr as bdr
    >>> table = bdr.compare(bdr.load_case("khe_2025", "small_800"), time_limit=10)
    >>> table.loc[table["claim"] == "global", "leader_objective"].round(3).unique()
    array([800.])
    """
    import pandas as pd

    judged(instance)
    ways = routes()
    follow = partial(_outcome, instance, time_limit=time_limit, starts=starts, seed=seed)
    outcomes = evaluate(follow, ways, workers, kept=(SolverFailed,))
    found = [outcome if isinstance(outcome, tuple) else (outcome, None) for outcome in outcomes]  # its process ended
    table = pd.DataFrame([_row(*way, *outcome) for way, outcome in zip(ways, found, strict=True)]).reindex(columns=COLUMNS)
    solved = {way: answer for way, (answer, _) in zip(ways, found, strict=True) if isinstance(answer, Solution)}
    table.attrs["solutions"] = solved
    return table


def _outcome(instance, reformulation: str, solver: str, **options) -> tuple[Solution | BilevelError, float]:
    """What one route answers, or why it does not, and how long it took."""
    log.info("%s on %s", reformulation, solver)
    began = time.perf_counter()
    try:
        solution = solve(instance, reformulation, solver, **options)
    except BilevelError as error:
        return error, time.perf_counter() - began
    return solution, solution.seconds


def _row(reformulation: str, solver: str, found: Solution | BilevelError, seconds: float | None) -> dict:
    row = {"reformulation": reformulation, "solver": solver, "claim": "none", "note": "", "seconds": seconds}
    if isinstance(found, BilevelError):
        return row | {"termination": "refused" if isinstance(found, ModelError) else "failed", "note": str(found)}
    row |= {name: getattr(found, name) for name in ("leader_objective", "claim", "best_bound", "termination")}
    if found.leader_objective is not None and found.best_bound is not None:
        row["gap"] = abs(found.leader_objective - found.best_bound) / max(1.0, abs(found.leader_objective))
    if found.certificate is not None and not found.certificate.passed:
        row["note"] = "; ".join(found.certificate.reasons[:2])
    return row
