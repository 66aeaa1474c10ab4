"""The starting points of one local search, dealt out to worker processes; each builds the working model for itself."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from .errors import SolverFailed
from .workers import evaluate
from .working import Working


def follow_in_processes(search, points, reformulation: str, solver: str):
    """What ``search.follow`` finds, from every start that did not end its process.

    Parameters
    ----------
    search : Search
        Of :mod:`bilevel_dr.searching`, with its ``workers`` and what it has left out as ``idle``.
    points : sequence of (int, array)
        Numbered leader decisions.

    Raises
    ------
    SolverFailed
        Every process died.
    """
    crew = min(search.workers, len(points))
    make = partial(
        type(search), search.instance, search.verdicts, time_limit=search.clock(), starts=search.starts, seed=search.seed,
        gap=search.gap, options=search.options,
    )  # fmt: skip
    hands = [(points[number::crew],) for number in range(crew)]
    found = evaluate(partial(_follow, make, search.idle, reformulation, solver), hands, crew, kept=(SolverFailed,))
    lost = [answer for answer in found if isinstance(answer, SolverFailed)]
    if len(lost) == crew:
        raise lost[0]
    search.notes += [f"{len(lost)} of {crew} processes with starting points were lost: {lost[0]}"] if lost else []
    infeasible, outcomes, candidates, notes = zip(*(answer for answer in found if answer not in lost), strict=True)
    search.notes += [note for some in notes for note in some if note not in search.notes]
    return any(infeasible), outcomes[-1], [candidate for some in candidates for candidate in some]


def _follow(make, idle, reformulation: str, solver: str, points):
    """In a worker process; what belongs to its copy of the model stays there."""
    search = make(began=time.perf_counter())
    if idle:
        search.working = Working(search.instance, idle=idle)
    infeasible, outcome, candidates = search.follow(points, reformulation, solver)
    outcome = replace(outcome, variables=(), values=None, row_multipliers={}, bound_multipliers={})
    return infeasible, outcome, candidates, search.notes
