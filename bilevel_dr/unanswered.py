"""Why a follower has no answer to what the others decide: rows that conflict, or an objective that falls for ever.

Certificates say it too, so nothing here knows how answers are found.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from .best_response import follower_form, held
from .conflicts import Conflict, conflict, listed
from .errors import BilevelError
from .feasibility import Clock
from .followers import Follower
from .residuals import evaluate
from .solvers.highs import falling_ray
from .solvers.nl import Nlp

AT = "at the leader's decision"
_BOXES = 1e4, 1e6
"""Half-widths between which a nonlinear objective must go on falling, from wall to wall."""


@dataclass(frozen=True)
class Diagnosis:
    """Why a bilevel program, or a follower, has no answer.

    Attributes
    ----------
    termination : str
        ``"infeasible"``, ``"unbounded"``, or ``"feasible"`` where no reason was found that it has none.
    message : str
        One line, in the model's names.
    follower : str or None
        The follower it is about; None where it is about both levels, or the leader.
    conflict : Conflict or None
        Every row and bound that takes part; a message names the first few.
    ray : mapping of variable name to float
        How the variables move for ever where something is unbounded, the largest by ±1.
    proved : bool
        By arithmetic; otherwise on a global solver's word.
    """

    termination: str
    message: str
    follower: str | None = None
    conflict: Conflict | None = None
    ray: Mapping[str, float] = field(default_factory=dict)
    proved: bool = False

    def __str__(self) -> str:
        return self.message


def of_follower(follower: Follower, clock: Clock, where: str = AT) -> Diagnosis | None:
    """Why a follower has no answer at the values that everybody else's variables hold; None where it has one."""
    name = follower.name
    with held(follower.others):
        found = conflict(follower.constraints, follower.variables, clock)
    if found is not None:
        message = f"{name}: no answer is open to it {where}: {found.clause}"
        return Diagnosis("infeasible", message, name, found, proved=found.proved)
    ray, proved = falling(follower, clock)
    return unbounded(follower, ray, proved, where) if ray else None


def falling(follower: Follower, clock: Clock) -> tuple[dict[str, float], bool]:
    """The ray along which a follower that has answers has no best one, empty without one; and whether that is proved."""
    form = follower_form(follower)
    if form is not None:
        problem = form.A, form.c, form.row_lower, form.row_upper, form.lower, form.upper, form.Q
        ray = falling_ray(*problem, time_limit=clock())
        return ({}, True) if ray is None else (moves(zip((v.name for v in follower.variables), ray.tolist(), strict=True)), True)
    with held(follower.others):
        return _by_boxes(follower, clock), False


def unbounded(follower: Follower, ray, proved: bool, where: str) -> Diagnosis:
    """A ray in words."""
    falls = f"its objective {'falls' if follower.sign > 0 else 'rises'} for ever as {directions(ray)}"
    message = f"{follower.name}: unbounded {where}, {falls}; it has no best answer"
    return Diagnosis("unbounded", message, follower.name, ray=ray, proved=proved)


def directions(ray: Mapping[str, float]) -> str:
    """``x grows, f.y falls``, the fastest first."""
    ordered = sorted(ray.items(), key=lambda move: -abs(move[1]))
    return listed([f"{name} {'grows' if step > 0 else 'falls'}" for name, step in ordered])


def moves(steps: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Steps by name, the largest made one; what is rounding is left out."""
    steps = dict(steps)
    largest = max(map(abs, steps.values()), default=0.0) or 1.0
    return {name: float(step / largest) for name, step in steps.items() if abs(step) > 1e-7 * largest}


def _by_boxes(follower: Follower, clock: Clock) -> dict[str, float]:
    """Of a nonlinear follower: the variables that stand at the walls of two boxes, the objective being lower in the wider."""
    kept, found = [v.value for v in follower.variables], []
    try:
        nlp = Nlp(follower.block)
        for size in _BOXES if nlp.variables else ():
            lower, upper = np.maximum(nlp.lower, -size), np.minimum(nlp.upper, size)
            outcome = nlp.solve(lower=lower, upper=upper, time_limit=clock())
            if outcome.status not in ("optimal", "feasible") or not outcome.has_point:
                return {}
            outcome.load()
            free = np.isinf(np.where(outcome.values > 0, nlp.upper, nlp.lower))
            wall = np.where(free & (np.abs(outcome.values) >= 0.9 * size), np.sign(outcome.values), 0.0)
            found.append((follower.sign * (evaluate(follower.objective.expr) or math.nan), wall))
    except BilevelError:
        return {}
    finally:
        for variable, number in zip(follower.variables, kept, strict=True):
            variable.set_value(number, skip_validation=True)
    if len(found) < 2 or not found[1][0] < found[0][0] - 1e-3 * max(1.0, abs(found[0][0])):
        return {}
    names = (variable.name for variable in nlp.variables)
    return moves(zip(names, np.where(found[0][1] == found[1][1], found[1][1], 0.0), strict=True))
