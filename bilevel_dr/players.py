"""One player of a game answering what all others decide; prepared once, asked every round.

A convex quadratic player is arrays in its own and the others' variables and goes to HiGHS; a convex smooth one is built
once for Ipopt with the others' variables as columns that are held; one whose convexity is not proved is searched by SCIP;
one that is itself a leader is a bilevel program and goes through :func:`bilevel_dr.solve`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyomo.environ as pyo

from .arrays import quadratic_form
from .best_response import best_response, held
from .followers import Follower
from .residuals import beyond, evaluate
from .solution import FollowerCheck
from .solvers.highs import minimise
from .solvers.nl import Nlp
from .verification import TOLERANCE

OPEN = 1e-9
"""A player's present decision is open to it while its rows are violated by less than this (scaled)."""


@dataclass(frozen=True)
class Answer:
    """A player's best answer, one number a variable, and what it gains by it.

    ``gain`` is in the unit of its objective, never negative but for rounding, and ``nan`` where its present decision is
    not open to it any more (others have moved) or no answer was found.
    """

    status: str
    values: np.ndarray | None
    gain: float = math.nan
    size: float = 1.0
    solver: str = ""


class Player:
    """What all kinds have in common: a name, the variables it decides, and their copies in other players' models."""

    strict = False
    """Whether its best answer is known to be the only one."""
    solver = ""
    """What answered last."""

    def __init__(self, name: str, variables: Sequence, copies: Mapping[str, Sequence] | None = None):
        self.name, self.variables, self.copies = name, tuple(variables), copies or {}

    @property
    def values(self) -> np.ndarray:
        return np.array([v.value for v in self.variables], float)

    def move(self, values: np.ndarray) -> None:
        """Decide, for everybody to see."""
        _put(self.variables, values)
        for variable in self.variables if self.copies else ():
            for copy in self.copies[variable.name]:
                copy.set_value(variable.value, skip_validation=True)

    def answer(self, time_limit: float | None = None) -> Answer:
        """Its best answer to the values the others hold; nothing moves."""
        raise NotImplementedError


class _Convex(Player):
    """A follower, in the sense of :mod:`bilevel_dr.followers`, that plays."""

    def __init__(self, follower: Follower, verdict):
        super().__init__(follower.name, follower.variables)
        self.follower, self.verdict = follower, verdict
        self.strict = verdict.strict

    def _judged(self, status: str, values, solver: str) -> Answer:
        """The answer with its gain over the present decision, both evaluated as Pyomo states the objective."""
        follower, present = self.follower, self.values
        worth = evaluate(follower.objective.expr)
        is_open = worth is not None and all(beyond(row) <= OPEN for row in follower.constraints)
        if values is None:
            return Answer(status, None, solver=solver)
        _put(self.variables, values)
        better = evaluate(follower.objective.expr)
        _put(self.variables, present)
        if not is_open or better is None:
            return Answer(status, values, solver=solver)
        return Answer(status, values, follower.sign * (worth - better), max(1.0, abs(worth)), solver)


class Quadratic(_Convex):
    """Convex quadratic in its own variables and affine rows, whatever others decide."""

    def __init__(self, follower, verdict, form):
        super().__init__(follower, verdict)
        own = len(follower.variables)
        self.form, self.own = form, own
        self.Q, self.cross = form.Q[:own, :own], form.Q[:own, own:].tocsr()
        self.A, self.shift = form.A[:, :own], form.A[:, own:]

    def answer(self, time_limit=None) -> Answer:
        form, own = self.form, self.own
        others = np.array([v.value for v in self.follower.others], float)
        shift, bounds = self.shift @ others, (form.lower[:own], form.upper[:own])
        c = form.c[:own] + self.cross @ others
        found = minimise(c, self.A, form.row_lower - shift, form.row_upper - shift, *bounds, self.Q, None, time_limit)
        if found.x is None:
            return Answer(found.status, None, solver="HiGHS")
        present = self.values

        def cost(y):
            return 0.5 * y @ (self.Q @ y) + c @ y

        rows = self.A @ present + shift
        outside = np.maximum(form.row_lower - rows, rows - form.row_upper).max(initial=0.0)
        is_open = outside <= OPEN * max(1.0, np.abs(rows).max(initial=0.0))
        gain = cost(present) - cost(found.x) if is_open else math.nan
        return Answer(found.status, found.x, gain, max(1.0, np.abs(c * present).sum()), "HiGHS")


class Smooth(_Convex):
    """By Ipopt: the others' variables are columns held at their values, so that the model is built once."""

    def __init__(self, follower, verdict):
        super().__init__(follower, verdict)
        with held(follower.others):
            self.nlp = Nlp(follower.block, follower.others)
        self.first = self.nlp.start()

    def answer(self, time_limit=None) -> Answer:
        return self._from((self.nlp.start(), self.first), time_limit)  # a logarithm may have no value where it stands

    def _from(self, starts, time_limit) -> Answer:
        fixed = pyo.ComponentMap((v, v.value) for v in self.follower.others)
        for start in starts:
            outcome = self.nlp.solve(start=start, fixed=fixed, options=_PRECISE, time_limit=time_limit)
            if outcome.status in ("optimal", "feasible"):
                values = self.values
                for k, variable in enumerate(self.variables):
                    if id(variable) in self.nlp.column:
                        values[k] = outcome.values[self.nlp.column[id(variable)]]
                return self._judged("optimal", values, "Ipopt")
        return Answer(outcome.status, None, solver="Ipopt")


class Searched(Smooth):
    """Not proved convex: Ipopt as long as that moves it, then also from where SCIP sees the best answer of all."""

    def answer(self, time_limit=None) -> Answer:
        ends = math.inf if time_limit is None else time.perf_counter() + time_limit

        def left() -> float | None:
            return None if time_limit is None else max(ends - time.perf_counter(), 0.0)

        near = super().answer(time_limit)
        if near.values is not None and not np.allclose(near.values, self.values, rtol=_SETTLED, atol=_SETTLED):
            return near
        best = best_response(self.follower, False, left())
        if best.answer is None:
            return near
        present = self.values
        _put(self.variables, best.answer)
        start = self.nlp.start()
        _put(self.variables, present)
        far = self._from([start], left())
        better = far if far.values is not None and not far.gain <= _SETTLED * far.size else near
        return replace(better, solver=best.solver)


def as_player(follower: Follower, verdict) -> Player:
    """The player that a follower is, prepared for being asked often."""
    if verdict.convexity != "proved":
        return Searched(follower, verdict)
    columns = (*follower.variables, *follower.others)
    form = quadratic_form(follower.objective.expr, follower.sign, follower.constraints, columns)
    return Smooth(follower, verdict) if form is None else Quadratic(follower, verdict, form)


def present(variable) -> float:
    """A variable's value, or where it has none the number nearest zero that it may take."""
    if variable.value is not None:
        return float(variable.value)
    low, high = variable.bounds
    return float(min(max(0.0, -math.inf if low is None else low), math.inf if high is None else high))


def judged(name: str, sign: int, worth: float, best: float | None, proved: bool, reasons, notes) -> FollowerCheck:
    """A player's line of the certificate: what it has, what it could have, and whether nothing can be better than that."""
    gap = math.inf if best is None else sign * (worth - best) / max(1.0, abs(worth))
    if best is None:
        reasons.append(f"{name}: could not be solved again, so that nothing bounds what it could gain")
    elif not gap <= TOLERANCE:
        reasons.append(f"{name}: could improve its objective from {worth:.8g} to {best:.8g}")
    if not proved:
        notes.append(f"{name}: its best deviation was searched locally only; a better one is not excluded")
    return FollowerCheck(worth, best, max(gap, 0.0), 0.0, math.nan, 0.0, "not proved", proved=proved)


def _put(variables, values) -> None:
    for variable, number in zip(variables, values.tolist(), strict=True):
        variable.set_value(number, skip_validation=True)


_SETTLED = 1e-6
"""A local answer this near to the present decision, or a global one better by less than this, is no new one."""
_PRECISE = {"tol": 1e-11, "acceptable_tol": 1e-9, "constr_viol_tol": 1e-11, "max_iter": 500}
