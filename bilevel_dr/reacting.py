"""The leader's decision taken through its values, the followers answering each: the data of every drawn landscape.

Followers that do not see each other are solved again at each value (:mod:`bilevel_dr.best_response`), and where one has
several best answers, linear programs over them say which the leader likes most and which least. Where that does not do (the
leader decides more, followers meet, their multipliers count, or ties are not linear), ``solve`` answers with the decision fixed.
"""

from __future__ import annotations

import difflib
import itertools
import math
from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp

from .arrays import quadratic_form
from .best_response import best_responses, follower_form, held
from .errors import ModelError
from .followers import Program, declared_variables, read
from .residuals import beyond, beyond_bounds, evaluate
from .solvers.highs import minimise
from .solving import judged, solve
from .ties import best_answers, is_unique
from .verification import TOLERANCE


def reactions(instance, variable, values, **options):
    """The leader's objective and the followers' answers over one decision of the leader, or two.

    Parameters
    ----------
    instance : ConcreteModel
        Not changed. The leader's other variables are held where they are fixed; what is not fixed, the leader decides as
        well as it can at each value.
    variable : str, Var data, or a pair of them
        The leader's variable, by Pyomo's name: ``"price"``, ``"call[3]"``.
    values : array_like, shape (n,), or a pair of array_like
        In the variable's unit. Of two variables every combination is tried, the second varying fastest.
    **options
        Of :func:`bilevel_dr.solve`, where it is asked.

    Returns
    -------
    DataFrame
        One row a value. Columns: the variable (or both), by its name; ``optimistic`` and ``pessimistic``, the leader's
        objective where followers break ties for it and against it; every other variable that is not fixed, by its name, as
        answered in the optimistic case; ``feasible``, whether followers have an answer and the leader's own rows hold;
        ``claim``, ``"global"`` where everybody's answer is proved, otherwise as in :class:`bilevel_dr.Solution`. A number
        that was not decided is NaN; so is ``pessimistic`` where some best answer breaks a row of the leader.

    Raises
    ------
    ModelError
        The instance has no leader, or no variable of the leader by that name.
    """
    import pandas as pd

    pair = isinstance(variable, (tuple, list))
    names = [getattr(v, "name", v) for v in (variable if pair else [variable])]
    axes = [np.asarray(v, float).ravel() for v in (values if pair else [values])]
    if len(names) not in (1, 2) or len(axes) != len(names):
        raise ModelError(f"reactions: give one variable with its values, or two of each, not {len(names)} and {len(axes)}")
    copy = instance.clone()
    leader = _Leader(copy, names, options)
    rows = [leader.answered(place) for place in itertools.product(*(axis.tolist() for axis in axes))]
    return pd.DataFrame(rows, columns=[*names, "optimistic", "pessimistic", *leader.others, "feasible", "claim"])


class _Leader:
    """A copy of the instance in which some of the leader's variables are fixed, at one value after another."""

    def __init__(self, copy, names, options):
        whole, verdicts = read(copy), judged(copy)
        if whole.leader is None:
            raise ModelError(f"{copy.name}: nobody leads here; reactions are those of followers to a leader's decision")
        followers = {id(v) for follower in whole.followers for v in declared_variables(follower.block)}
        own = {v.name: v for v in whole.variables if id(v) not in followers}
        for name in names:
            if name not in own:
                close = difflib.get_close_matches(str(name), own, 1)
                hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(list(own)[:8]) or 'none'}"
                raise ModelError(f"reactions: the leader of {copy.name} decides no {name!r}; {hint}")
        self.copy, self.names, self.options = copy, names, options
        self.varied = [own[name] for name in names]
        for v in self.varied:
            v.fix(v.value if v.value is not None else 0.0, skip_validation=True)
        self.program: Program = read(copy)
        self.verdicts = verdicts
        self.others = [v.name for v in self.program.variables if not v.fixed]
        plain = all(verdict.convexity == "proved" for verdict in verdicts.values())
        alone = not self.program.leader_variables and not self.program.coupled
        self.directly = plain and alone and copy.component("multiplier_of") is None

    def answered(self, place) -> tuple:
        """One row of the table."""
        for v, number in zip(self.varied, place, strict=True):
            v.set_value(number, skip_validation=True)
        answer = self._by_followers() if self.directly else None
        answer = self._by_solve() if answer is None else answer
        allowed = all(beyond_bounds(v) <= TOLERANCE and _is_whole(v) for v in self.varied)
        point = [answer.point.get(name, math.nan) for name in self.others]
        return *place, answer.optimistic, answer.pessimistic, *point, answer.feasible and allowed, answer.claim

    def _by_followers(self) -> _Answer | None:
        """Each follower solved again; None where that leaves something open."""
        program, tied = self.program, []
        responses = best_responses(program, {name: True for name in self.verdicts})
        if any(response.status in ("infeasible", "unbounded") for response in responses.values()):
            return _Answer()
        if any(response.answer is None for response in responses.values()):
            return None
        for follower in program.followers:
            answer = responses[follower.name].answer
            for v, number in zip(follower.variables, answer.tolist(), strict=True):
                v.set_value(number, skip_validation=True)
            if self.verdicts[follower.name].strict:
                continue
            form = follower_form(follower)
            unique = None if form is None else is_unique(form, answer)
            if unique is None:
                return None
            if not unique:
                tied.append((follower, form, answer))
        proved = all(response.global_ for response in responses.values())
        return self._best_and_worst(tied, proved) if tied else self._evaluated(proved)

    def _evaluated(self, proved: bool) -> _Answer:
        value = evaluate(self.program.leader.expr)
        holds = value is not None and all(beyond(row) <= TOLERANCE for row in self.program.leader_constraints)
        value = math.nan if value is None else value
        point = {name: self.copy.find_component(name).value for name in self.others}
        return _Answer(value, value if holds else math.nan, holds, point, "global" if proved and holds else "none")

    def _best_and_worst(self, tied, proved: bool) -> _Answer | None:
        """Over everybody's best answers: the leader's favourite among those that keep its rows, and the worst of all."""
        program = self.program
        free = [v for follower, _, _ in tied for v in follower.variables]
        chosen = {id(v) for v in free}
        sign = 1 if program.leader.sense == pyo.minimize else -1
        with held(v for v in program.variables if id(v) not in chosen):
            form = quadratic_form(program.leader.expr, sign, program.leader_constraints, free)
        if form is None or not form.is_linear:
            return None
        parts = [best_answers(own, answer) for _, own, answer in tied]
        A, low, high = sp.block_diag([part[0] for part in parts]), *(np.concatenate([p[k] for p in parts]) for k in (1, 2))
        lower, upper = (np.concatenate([getattr(own, end) for _, own, _ in tied]) for end in ("lower", "upper"))
        rows = sp.vstack([A, form.A]), np.r_[low, form.row_lower], np.r_[high, form.row_upper]
        best = minimise(form.c, *rows, lower, upper)
        if best.x is None:
            return _Answer() if best.status == "infeasible" else None
        for v, number in zip(free, best.x.tolist(), strict=True):
            v.set_value(number, skip_validation=True)
        worst = minimise(-form.c, A, low, high, lower, upper)
        extremes = [(row, minimise(s * row, A, low, high, lower, upper)) for row in form.A.toarray() for s in (1, -1)]
        ends = [math.nan if end.x is None else float(row @ end.x) for row, end in extremes]
        room = TOLERANCE * np.maximum(1.0, np.abs(ends))
        keep = np.repeat(form.row_lower, 2) - room <= ends, ends <= np.repeat(form.row_upper, 2) + room
        value = math.nan
        if all(part.all() for part in keep):
            value = sign * math.inf if worst.x is None else sign * (form.constant + float(form.c @ worst.x))
        answer = self._evaluated(proved)
        return _Answer(answer.optimistic, value, answer.feasible, answer.point, answer.claim)

    def _by_solve(self) -> _Answer:
        """The engine, with the decision fixed."""
        solution = solve(self.copy, **self.options)
        if solution.leader_objective is None or solution.claim == "none":
            return _Answer()
        gap = solution.certificate.optimistic_gap
        sign = 1 if self.program.leader.sense == pyo.minimize else -1
        worst = math.nan if gap is None else solution.leader_objective + sign * gap
        return _Answer(solution.leader_objective, worst, True, solution.point, solution.claim)


@dataclass(frozen=True)
class _Answer:
    """What the followers make of one decision; as it stands, that they have no answer."""

    optimistic: float = math.nan
    pessimistic: float = math.nan
    feasible: bool = False
    point: dict | None = None
    claim: str = "none"

    def __post_init__(self):
        object.__setattr__(self, "point", self.point or {})


def _is_whole(variable) -> bool:
    return variable.is_continuous() or abs(variable.value - round(variable.value)) <= TOLERANCE
