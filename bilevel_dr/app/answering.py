"""An instance → its answer: by the paper's exact algorithm where there is one, else by the engine.

What is slow to import comes when it is needed, so that the first answer does not wait for it.
"""

from __future__ import annotations

import pyomo.environ as pyo

from ..errors import BilevelError
from ..papers import Paper
from ..solution import Certificate, Solution

LIMIT = 5.0
"""Seconds the engine may take where the exact algorithm does not take an instance, or proves nothing."""
SMALL = 350
"""Variables up to which the engine takes part without being asked: it re-solves every follower in a tenth of a second."""


def answer(paper: Paper, instance) -> tuple[Solution | None, str]:
    """The best certified answer within seconds, or None and why there is none.

    The paper's exact algorithm comes first, in its quick form where the paper's ``play`` has one. Where it proves nothing,
    a small instance goes to the engine, and a large one to the exact algorithm with all the time it wants.
    """
    first, exact = None, paper.exact()
    if exact is not None:
        quick = getattr(paper.play(), "quick", exact)
        try:
            first = quick(instance)
            if _is_settled(first):
                return first, ""
            if not is_small(instance):
                return (first if quick is exact else _better(instance, first, exact(instance))), ""
        except ValueError:  # not one of the instances it takes
            pass
    from ..solving import solve

    try:
        return _better(instance, first, solve(instance, time_limit=LIMIT)), ""
    except BilevelError as error:
        return first, str(error)


def is_small(instance) -> bool:
    return instance.nvariables() <= SMALL


def _is_settled(solution: Solution) -> bool:
    """Whether nothing more is to be had: it is proved, there is nothing to find, or nobody leads whose value could rise."""
    no_leader = solution.point and solution.leader_objective is None
    return bool(no_leader) or solution.claim == "global" or solution.termination in ("infeasible", "unbounded")


def _better(instance, one: Solution | None, other: Solution) -> Solution:
    """The proved one, else the better certified one, else the one that says more."""
    certified = [s for s in (other, one) if s is not None and s.claim != "none"]
    leader = next(_objectives(instance), None)
    if leader is None or not certified:
        return other if one is None or other.termination in ("infeasible", "unbounded") else one
    return max(certified, key=lambda s: (s.claim == "global", -leader.sense * s.leader_objective))


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
    leader = next(_objectives(instance), None)
    if leader is None:
        return "", ""
    return f"{'max' if leader.sense == pyo.maximize else 'min'} {leader.local_name}", leader.doc or ""


def _objectives(instance):
    found = instance.component_objects(pyo.Objective, active=True, descend_into=False)
    return (objective for objective in found if not objective.is_indexed())
