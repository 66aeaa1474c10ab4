"""How one point of a sweep is answered: load → solve → verify, and what of it is kept as plain data."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .. import __version__
from ..answering import answer
from ..errors import BilevelError, LimitReached, SolverFailed, one_line
from ..loading import load
from ..run_folder import versions
from ..solution import Solution, split_name
from .snapshot import Snapshot

OUTCOMES = (
    "leader_objective",
    "claim",
    "termination",
    "best_bound",
    "certificate_passed",
    "follower_gap",
    "seconds",
    "reformulation",
    "solver",
    "reason",
)
"""What is kept of an answer, beside the variables that are wanted."""


@dataclass(frozen=True)
class Recipe:
    """What answers a point. It travels to other processes and machines and is called there.

    Attributes
    ----------
    snapshot : Snapshot
        Model and data.
    overrides, trust_data
        As :func:`.load` takes them, the same for all points.
    exact, solve : callable or None
        As :func:`.answering.answer` takes them.
    keep : tuple of str
        Variables, or single values of them, that are wanted.
    versions : mapping of str to str
        Of the packages that take part: they must be the same wherever a point is answered.
    """

    snapshot: Snapshot
    overrides: Mapping
    trust_data: bool
    exact: Callable | None
    solve: Callable | None
    keep: tuple[str, ...]
    versions: Mapping[str, str]

    def __call__(self, point: Mapping) -> dict:
        """The answer as plain data: ``OUTCOMES``, and ``values`` by the variables' names."""
        began = time.perf_counter()
        try:
            self._check_versions()
            with self.snapshot.in_place() as (model, data):
                instance = load(model, data, {**self.overrides, **point}, self.trust_data)
            found = summary(answer(instance, self.exact, self.solve), self.keep)
        except Exception as error:  # somebody's model: anything may come out of it, and the other points wait
            found = failure(error)
        return found | {"seconds": time.perf_counter() - began}

    def _check_versions(self) -> None:
        here = versions_that_count()
        for name, version in self.versions.items():
            if here.get(name) != version:
                found = f"{name} {here[name]}" if name in here else f"no {name}"
                raise SolverFailed(f"this machine has {found} where the sweep began with {version}: install that")


@functools.cache
def versions_that_count() -> dict[str, str]:
    """Of whatever may change an answer."""
    return {"bilevel_dr": __version__} | {name: text for name, text in versions().items() if name != "platform"}


def summary(solution: Solution, keep: tuple[str, ...] = ()) -> dict:
    """An answer as plain data."""
    certificate = solution.certificate
    reasons = solution.notes if certificate is None else certificate.reasons
    found = {
        "leader_objective": solution.leader_objective,
        "claim": solution.claim,
        "termination": solution.termination,
        "best_bound": solution.best_bound,
        "certificate_passed": certificate is not None and certificate.passed,
        "follower_gap": None if certificate is None else certificate.follower_gap,
        "seconds": solution.seconds,
        "reformulation": solution.reformulation,
        "solver": solution.solver,
        "values": {name: value for name, value in solution.point.items() if {name, split_name(name)[0]} & set(keep)},
    }
    why = "" if is_certified(found) else "; ".join(reasons) or f"{solution.termination}: no certified answer"
    return found | {"reason": why}


def failure(error: Exception) -> dict:
    """An error in the place of an answer."""
    reason = str(error) if isinstance(error, BilevelError) else one_line(error)
    nothing = dict.fromkeys(OUTCOMES) | {"certificate_passed": False, "claim": "none", "values": {}}
    return nothing | {"termination": "limit" if isinstance(error, LimitReached) else "failed", "reason": reason}


def is_certified(answer: Mapping) -> bool:
    return bool(answer["certificate_passed"]) and answer["claim"] != "none"

