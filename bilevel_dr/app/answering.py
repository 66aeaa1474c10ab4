"""An instance → its answer: by the paper's exact algorithm where there is one, else by the engine.

What is slow to import comes when it is needed, so that the first answer does not wait for it.
"""

from __future__ import annotations

import pyomo.environ as pyo

from ..errors import BilevelError
from ..papers import Paper
from ..solution import Certificate, Solution

LIMIT = 20.0
"""Seconds the engine may take where a case has no exact algorithm."""
SMALL = 500
"""Variables up to which the engine re-solves every follower at once; beyond, when asked."""


def answer(paper: Paper, instance) -> tuple[Solution | None, str]:
    """The paper's exact answer; the engine's where the algorithm does not take this instance; or why there is neither."""
    exact = paper.exact()
    if exact is not None:
        try:
            return exact(instance), ""
        except ValueError:  # not one of the instances it takes
            pass
    from ..solving import solve

    try:
        return solve(instance, time_limit=LIMIT), ""
    except BilevelError as error:
        return None, str(error)


def is_small(instance) -> bool:
    return instance.nvariables() <= SMALL


def second_opinion(instance, solution: Solution) -> Certificate | str:
    """The engine's own certificate of an answer it did not find, or why there is none."""
    if solution.certificate is None:
        return "there is no point to judge"
    from ..verification import verify

    try:
        return verify(instance, solution)
    except BilevelError as error:
        return str(error)


def objective(instance) -> tuple[str, str]:
    """The leader's objective in words, ``max benefit``, and its doc; empty where there is no leader."""
    for objective in instance.component_objects(pyo.Objective, active=True, descend_into=False):
        if not objective.is_indexed():
            return f"{'max' if objective.sense == pyo.maximize else 'min'} {objective.local_name}", objective.doc or ""
    return "", ""
