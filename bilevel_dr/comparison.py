"""Every applicable reformulation × solver on one instance: for teaching, and for trust."""

from __future__ import annotations

import logging
import time

from .errors import BilevelError, ModelError
from .routes import GLOBAL_ROUTES, LOCAL_ROUTES
from .solvers import installed
from .solving import judged, solve

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


def compare(instance, time_limit: float = 60.0, starts: int | None = None, seed: int = 0):
    """Solve one instance by every route and verify each answer.

    Parameters
    ----------
    instance : ConcreteModel
        Not changed.
    time_limit : float
        Seconds for each route.

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
    rows, solutions = [], {}
    for reformulation, solver in routes():
        log.info("%s on %s", reformulation, solver)
        began = time.perf_counter()
        row = {"reformulation": reformulation, "solver": solver, "claim": "none", "note": ""}
        try:
            solution = solve(instance, reformulation, solver, time_limit=time_limit, starts=starts, seed=seed)
        except BilevelError as error:
            row |= {
                "termination": "refused" if isinstance(error, ModelError) else "failed",
                "note": str(error),
                "seconds": time.perf_counter() - began,
            }
        else:
            solutions[reformulation, solver] = solution
            row |= {
                name: getattr(solution, name)
                for name in ("leader_objective", "claim", "best_bound", "termination", "seconds")
            }
            if solution.leader_objective is not None and solution.best_bound is not None:
                row["gap"] = abs(solution.leader_objective - solution.best_bound) / max(
                    1.0, abs(solution.leader_objective)
                )
            if solution.certificate is not None and not solution.certificate.passed:
                row["note"] = "; ".join(solution.certificate.reasons[:2])
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    table.attrs["solutions"] = solutions
    return table
