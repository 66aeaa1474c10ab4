"""Who answers an instance: a paper's exact algorithm where there is one, then the solvers; verified by us either way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pyomo.environ as pyo

from .convexity import Verdict
from .errors import ModelError
from .solution import Certificate, Solution
from .verification import verify


def answer(
    instance: pyo.ConcreteModel,
    exact: Callable[[pyo.ConcreteModel], Solution] | None,
    solve: Callable[[pyo.ConcreteModel], Solution] | None,
    verdicts: Mapping[str, Verdict] | None = None,
) -> Solution:
    """The exact answer with a certificate of our own, or else what ``solve`` finds.

    Parameters
    ----------
    exact : callable or None
        A paper's algorithm: ValueError where the instance is none of its models.
    solve : callable or None
        Answers what ``exact`` does not; None where nothing else is wanted.
    verdicts : mapping of follower name to Verdict, optional
        Where they are known already.

    Raises
    ------
    ModelError
        The exact algorithm does not take this instance, and nothing else is wanted.
    """
    if exact is not None:
        try:
            found = exact(instance)
        except ValueError as error:
            if solve is None:
                raise ModelError(f"exact: {error}") from error
        else:
            return replace(found, certificate=certificate(instance, found, verdicts)) if found.point else found
    return solve(instance)


def certificate(instance: pyo.ConcreteModel, found: Solution, verdicts: Mapping[str, Verdict] | None) -> Certificate:
    """Of an exact answer; where it comes with a proof, followers that are not convex are re-solved locally only."""
    return verify(instance, found, verdicts=verdicts, search=0.0 if found.claim == "global" else None)
