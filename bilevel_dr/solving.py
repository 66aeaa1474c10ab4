"""``solve``: what is asked for is checked, the followers are judged, and a search finds and proves the answer."""

from __future__ import annotations

import difflib
import inspect
import math
import time

from .convexity import Verdict, judge_all
from .equilibrium import best_response_dynamics
from .errors import ModelError
from .followers import read
from .leaders import has_leaders
from .reformulate import REFORMULATIONS
from .searching import VALUE_FUNCTION, Search
from .solution import Solution
from .solvers import find


def solve(
    instance,
    reformulation: str = "auto",
    solver: str = "auto",
    time_limit: float | None = None,
    starts: int | None = None,
    seed: int = 0,
    gap: float = 1e-6,
    workers: int = 1,
    **options,
) -> Solution:
    """Solve a bilevel program (optimistic), or a game, and prove the answer.

    Parameters
    ----------
    instance : ConcreteModel
        A leader Objective at the top, followers as Blocks with their own Objective; without a leader these are the players
        of a game; with several, of whom a Suffix ``decided_by`` says who decides what, see :mod:`bilevel_dr.leaders`. It is
        not changed. Where all of its variables have values (``other_solution.load_into(instance)``), global searches begin
        with that point.
    reformulation : str
        ``"auto"``: SOS1 to proved optimality where that succeeds, else local continuation from several starts; a name of
        :data:`bilevel_dr.reformulate.REFORMULATIONS`; or ``"value_function"``, which needs no convex follower
        (:mod:`bilevel_dr.value_function`; SCIP only, for small problems). A game is first played, which
        ``"best_response"`` asks for alone.
    solver : str
        ``"auto"`` or a name that ``bilevel-dr doctor`` lists.
    time_limit : float, optional
        Seconds for everything. Without one, ``auto`` gives its global search 20 s, and a second one, where the leader has
        integers and the first found nothing, 60 s.
    starts : int, optional
        Starting points of a local route (default 8, or 2 from 500 pairs up).
    seed : int
        Of the random starts.
    gap : float
        Relative gap at which a global search may stop.
    workers : int
        Processes that the starting points of a local route are dealt out to: worth their start where one takes seconds.
    **options
        Handed to the reformulation (``M_slack``, ``M_multiplier`` for ``big_m``; ``choice`` for ``mixed``).

    Returns
    -------
    Solution

    Raises
    ------
    ModelError
        The instance is no bilevel program this library can answer.
    SolverMissing, SolverFailed
        A solver asked for by name is not here, or crashed.

    Examples
    --------
    >>> import bilevel_dr as bdr
    >>> solution = bdr.solve(bdr.load_case("khe_2025", "hard_800"))
    >>> solution.claim, round(solution.leader_objective, 3), solution.certificate.passed
    ('global', 608.249, True)
    """
    began = time.perf_counter()
    if reformulation == "best_response" or has_leaders(instance):
        route = "auto" if reformulation == "best_response" else reformulation
        ways = {"reformulation": route, "solver": solver, "starts": starts, "seed": seed, "gap": gap, "workers": workers}
        return best_response_dynamics(instance, time_limit=time_limit, **ways, **options).solution
    solver = check_ways(reformulation, solver, starts, seed, gap, workers, **options)
    verdicts = judged(instance, any_shape=reformulation == VALUE_FUNCTION)
    if reformulation == VALUE_FUNCTION and solver not in ("auto", "scip"):
        raise ModelError(f"{VALUE_FUNCTION} rests on global answers to non-convex problems: solver='scip', not {solver}")
    return Search(instance, verdicts, began, time_limit, starts, seed, gap, options, workers).run(reformulation, solver)


def check_ways(
    reformulation: str = "auto",
    solver: str = "auto",
    starts: int | None = None,
    seed: int = 0,
    gap: float = 1e-6,
    workers: int = 1,
    **options,
) -> str:
    """The solver's own name, or ``"auto"``: nothing that :func:`solve` is asked for is refused because of what it is.

    Raises
    ------
    ModelError, SolverMissing
        As :func:`solve`, whatever the instance.
    """
    known = ("auto", *REFORMULATIONS, VALUE_FUNCTION)
    if reformulation not in known:
        raise ModelError(f"reformulation {reformulation!r} is unknown; choose from {', '.join(known)}")
    if starts is not None and not (isinstance(starts, int) and starts >= 1):
        raise ModelError(f"starts={starts!r}: a local route begins somewhere; give a whole number, at least 1")
    if not (isinstance(seed, int) and seed >= 0):
        raise ModelError(f"seed={seed!r}: give a whole number, 0 or more")
    if not (isinstance(workers, int) and workers >= 1):
        raise ModelError(f"workers={workers!r}: give a whole number of processes, 1 or more")
    if not 0.0 <= gap < math.inf:
        raise ModelError(f"gap={gap!r}: give a relative gap, 0 or more")
    _check_options(reformulation, options)
    return solver if solver == "auto" else find(solver).name


def judged(instance, any_shape: bool = False) -> dict[str, Verdict]:
    """The convexity verdict on each follower, by name.

    Raises
    ------
    ModelError
        The instance is no bilevel program, or a follower is not convex (unless ``any_shape``).
    """
    verdicts = judge_all(read(instance))
    for name, verdict in verdicts.items():
        if verdict.convexity == "disproved" and not any_shape:
            raise ModelError(
                f"{name}: not convex, so KKT conditions do not describe its answer; {verdict.message}; "
                f"a small problem is solved truly by reformulation={VALUE_FUNCTION!r}"
            )
    return verdicts


def _check_options(reformulation: str, options) -> None:
    own = REFORMULATIONS.get(reformulation)
    known = [] if own is None else list(inspect.signature(own).parameters)[2:]
    for name in options:
        if name not in known:
            close = difflib.get_close_matches(name, [*known, *inspect.signature(solve).parameters], 1)
            what = f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(known) or 'none of its own'}"
            raise ModelError(f"solve: {reformulation} has no option {name!r}; {what}")
