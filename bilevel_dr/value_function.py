"""Followers that are not convex, or whose answers may lack multipliers, solved through their value functions.

A point is bilevel-feasible where each follower's objective is at its best value. That value is not known as a function of
the leader's decision, but any answer ``ŷ`` that a follower could give bounds it: wherever ``ŷ`` keeps the follower's rows,
its objective is at most what ``ŷ`` gives. So a relaxation is solved to proved optimality, over all points of both levels
that satisfy the necessary conditions of the followers' optimality (KKT, or Fritz John's where multipliers may be missing),
and each follower is then solved globally at the leader's decision found. If it could do better by ``ŷ``, the row ::

    some row of the follower is violated by ŷ,  or  f(y, others) ≤ f(ŷ, others)

joins the relaxation (A. Mitsos, P. Lemonis & P. Barton, J. Glob. Optim. 42, 2008, 475–513). Its bound holds whatever the
followers' shape; it meets the best point found where the followers' necessary conditions leave few answers.
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.visitor import identify_variables, replace_expressions

from .best_response import Response, best_response, held, pulled_inside
from .complementarity import mpec_block
from .errors import ModelError
from .followers import Follower, Program, read
from .routes import Clock, without_illusion
from .solvers.nl import Nlp, Outcome, solve_scip
from .working import Working

log = logging.getLogger("bilevel_dr.value_function")

REGRET = 2e-9
"""How much better a follower could do before its answer is refused, over its objective (at least :data:`SMALLEST`)."""
SMALLEST = 1e-4
"""Followers that are nearly indifferent are still told apart: a decision can depend on the root of what they lose."""
FEASTOL = 1e-8
PRECISE = {"numerics/feastol": FEASTOL}
"""SCIP's default is 1e-6; at its epsilon, 1e-9, presolving called feasible problems infeasible."""


class ValueFunction:
    """One search: the relaxation, and a copy on which followers are solved again.

    Parameters
    ----------
    instance : ConcreteModel
        With a leader; not changed.
    verdicts : mapping of follower name to Verdict

    Raises
    ------
    ModelError
        A game without a leader, or a follower's equality that others move: no one answer keeps it.
    """

    def __init__(self, instance, verdicts):
        self.copy = instance.clone()
        program = read(self.copy)
        _refuse(program)
        self.leader, self.followers = program.leader, program.followers
        self.sign = 1.0 if self.leader.sense == pyo.minimize else -1.0
        self.found: list[tuple[float, dict[str, float]]] = []
        self.convex = {name: verdict.convexity == "proved" for name, verdict in verdicts.items()}
        suffix = instance.component("multiplier_of")  # the model itself asks for multipliers: then they are to exist
        self.working = Working(
            instance, weighted=() if suffix else {name for name, verdict in verdicts.items() if not verdict.qualified}
        )
        self.working.use("sos1")
        self.cuts = pyo.Block(pyo.Any, doc="what each follower could have had")
        mpec_block(self.working.model).value_function = self.cuts

    def run(self, gap: float, clock: Clock) -> tuple[Outcome, list[tuple[float, dict[str, float]]]]:
        """Until the bound is met or time is up: the last outcome with the best bound, and (value, point), the best first."""
        bound, before = None, None
        while True:
            outcome = self._truly(self._relaxation(gap, clock), gap, clock)
            if not outcome.has_point or outcome.status != "optimal":
                break
            bound, point = outcome.bound, self.working.point()
            regrets = self._offered(point)
            log.info("bound %.8g, %d answers, regret %.3g", bound, len(self.cuts), max(regrets.values()))
            if self._is_met(bound, gap) or max(regrets.values()) <= REGRET:
                break
            if point == before or math.inf in regrets.values():
                stuck = "no cut moves the bound" if point == before else "a follower has no answer that is known to be its best"
                outcome = replace(outcome, status="limit", message=stuck)
                break
            before = point
            for follower in self.followers:
                if regrets[follower.name] > REGRET:
                    self._cut(follower)
            with held(self.working.program.leader_variables):  # the leader's decision as it is, with true answers
                if self._relaxation(gap, clock).has_point:
                    self._offered(self.working.point())
            if self._is_met(bound, gap):
                break
        self.found.sort(key=lambda pair: self.sign * pair[0])
        status, message = outcome.status, outcome.message
        if status == "unbounded":
            status, message = "limit", "the relaxation has no bound: give the variables bounds"
        elif status == "infeasible" and self.found:
            status = "limit"
        return replace(outcome, status=status, message=message, bound=bound), self.found

    def _is_met(self, bound: float, gap: float) -> bool:
        best = min((self.sign * value for value, _ in self.found), default=math.inf)
        return math.isfinite(best) and best - self.sign * bound <= gap * max(1.0, abs(best))

    def _offered(self, point: dict[str, float]) -> dict[str, float]:
        """The followers' regrets at a point, which is kept where there is none; their best answers stay on the copy.

        It is first tried without a solver's dust, which matters where a follower reacts like a root.
        """
        for candidate in ({name: round(number, 7) for name, number in point.items()}, point):
            regrets, value = self._regrets(candidate)
            if max(regrets.values()) <= REGRET:
                self.found.append((value, candidate))
                break
        return regrets

    def _relaxation(self, gap: float, clock: Clock) -> Outcome:
        outcome = solve_scip(self.working.model, gap=0.1 * gap, time_limit=clock(), options=PRECISE)
        if outcome.status == "infeasible":  # a verdict that rests on a tight tolerance is heard twice
            outcome = solve_scip(self.working.model, gap=0.1 * gap, time_limit=clock())
        if outcome.has_point:
            outcome.load()
        return outcome

    def _truly(self, outcome: Outcome, gap: float, clock: Clock) -> Outcome:
        """What SCIP calls optimal, unless it is better in every wider box."""
        if outcome.status != "optimal":
            return outcome
        again = without_illusion(self.working, lambda _, gap, limit: self._relaxation(gap, lambda: limit), gap, clock, outcome)
        if again.has_point:
            again.load()
        return again

    def _regrets(self, point: dict[str, float]) -> tuple[dict[str, float], float]:
        """How much better each follower could do (infinite: not known), its best answer left on the copy; the leader's value."""
        variables = {name: self.copy.find_component(name) for name in point}
        for name, number in point.items():
            variables[name].set_value(number, skip_validation=True)
        value = pyo.value(self.leader)
        regrets, answers = {}, []
        for follower in self.followers:
            mine = pyo.value(follower.objective)
            response = self._answer(follower)
            regrets[follower.name] = math.inf
            if response.status == "optimal" and response.global_:
                answers += zip(follower.variables, response.answer.tolist(), strict=True)
                regrets[follower.name] = follower.sign * (mine - response.value) / self._scale(follower, response.value)
        for variable, number in answers:
            variable.set_value(number, skip_validation=True)
        return regrets, value

    def _answer(self, follower: Follower) -> Response:
        """Its best answer, found globally and then to the last digit; the copy is left as it was."""
        if self.convex[follower.name]:
            return best_response(follower, True)
        given = [v.value for v in follower.variables]
        best = Response("failed")
        with held(follower.others):
            outcome = solve_scip(follower.block, gap=1e-7, time_limit=30.0, options=PRECISE)
            if outcome.status == "optimal" and outcome.has_point:
                nlp = Nlp(follower.block)
                outcome.load()
                starts = [start for start in (nlp.start(), nlp.lower, nlp.upper) if np.isfinite(start).all()]
                for end in (outcome, *(nlp.solve(start=start) for start in starts)):  # SCIP's gap leaves near ones apart
                    if end.status != "optimal":
                        continue
                    end.load()
                    value = pyo.value(follower.objective)
                    if best.answer is None or follower.sign * value < follower.sign * best.value:
                        best = Response("optimal", value, np.array([v.value or 0.0 for v in follower.variables]), True, "SCIP")
                best = pulled_inside(follower, nlp, best, given, None)
        for variable, number in zip(follower.variables, given, strict=True):  # the others answer to what it said
            variable.set_value(number, skip_validation=True)
        return best

    def _scale(self, follower: Follower, value: float) -> float:
        """What a regret is divided by; a convex follower's answers are known to a local solver's tolerance only."""
        return max(50.0, 50.0 * abs(value)) if self.convex[follower.name] else max(SMALLEST, abs(value))

    def _cut(self, follower: Follower) -> None:
        """The row for the answer that the copy holds, on the relaxation."""
        model = self.working.model
        here = {id(model.find_component(v.name)): v.value for v in follower.variables}
        twin = next(f for f in self.working.program.followers if f.name == follower.name)
        cut = self.cuts[len(self.cuts)]

        def given(expression):
            return replace_expressions(expression, here, descend_into_named_expressions=True, remove_named_expressions=True)

        # as large as a regret of REGRET / 2 exceeds SCIP's tolerance, and REGRET / 4 wide: best answers alone have no inside
        scale = twin.sign / self._scale(follower, pyo.value(follower.objective)) * 4 * FEASTOL / REGRET
        better = scale * (twin.objective.expr - given(twin.objective.expr)) - FEASTOL
        escapes = []
        for row in twin.constraints:
            body = given(row.body)
            if not _moves(body):
                continue
            escapes += [body - row.upper] if row.has_ub() else []
            escapes += [row.lower - body] if row.has_lb() else []
        if not escapes:
            cut.row = pyo.Constraint(expr=better <= 0)
            return
        # one binary a way to keep the row: z = 1 → its shortfall is zero
        count = range(len(escapes) + 1)
        cut.way = pyo.Var(count, domain=pyo.Binary)
        cut.short = pyo.Var(count, domain=pyo.NonNegativeReals)
        cut.one = pyo.Constraint(expr=pyo.quicksum(cut.way.values()) >= 1)
        cut.row = pyo.Constraint(count, rule=lambda b, i: (better if i == 0 else -escapes[i - 1]) <= b.short[i])
        cut.zero = pyo.SOSConstraint(count, rule=lambda b, i: ([b.way[i], b.short[i]], [1, 2]), sos=1)


def _moves(expression) -> bool:
    return any(True for _ in identify_variables(expression, include_fixed=False))


def _refuse(program: Program) -> None:
    if program.leader is None:
        raise ModelError(
            f"{program.instance.name}: value_function needs a leader; a game's certificate solves every player again"
        )
    for follower in program.followers:
        own = {id(v) for v in follower.variables}
        for row in follower.constraints:
            if row.equality and any(id(v) not in own for v in identify_variables(row.body, include_fixed=False)):
                raise ModelError(
                    f"{row.name}: an equality that others move, so no one answer of {follower.name} keeps it; "
                    "value_function takes inequalities: eliminate a variable, or use another reformulation"
                )
