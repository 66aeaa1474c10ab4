"""Where the local routes begin: leader decisions, each with the followers' own answer and multipliers there."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pyomo.environ as pyo

from .solvers.nl import Nlp, Outcome
from .working import Working


def leader_points(working: Working, count: int, seed: int) -> Iterator[np.ndarray]:
    """``count`` leader decisions, one number per leader variable: the model's own values where all are given, the
    high-point relaxation (followers play for the leader), the middle of the bounds, then seeded uniform draws."""
    variables = working.program.leader_variables
    bounds = [v.bounds for v in variables]
    relaxed = _high_point(working)
    centre = np.array([v.value or 0.0 for v in variables]) if relaxed is None else relaxed
    reach = np.maximum(10.0, 2.0 * np.abs(centre))
    lower = np.array([c - r if low is None else low for (low, _), c, r in zip(bounds, centre, reach, strict=True)])
    upper = np.array([c + r if high is None else high for (_, high), c, r in zip(bounds, centre, reach, strict=True)])
    lower, upper = np.minimum(lower, upper), np.maximum(lower, upper)
    points = []
    if variables and all(v.value is not None for v in variables):
        points.append(np.array([v.value for v in variables], float))
    if relaxed is not None:
        points.append(relaxed)
    points.append((lower + upper) / 2)
    random = np.random.default_rng(seed)
    while len(points) < count:
        points.append(random.uniform(lower, upper))
    yield from (np.clip(point, lower, upper) for point in points[:count])


def _high_point(working: Working) -> np.ndarray | None:
    """The leader's favourite among all feasible points of both levels, as far as Ipopt finds it; None if it finds none."""
    if working.program.leader is None:
        return None
    hidden = [b for b in _kkt_blocks(working) if b.active]
    for block in hidden:
        block.deactivate()
    try:
        nlp = Nlp(working.model)
        outcome = nlp.solve(time_limit=10.0)
        if outcome.status not in ("optimal", "feasible", "limit"):
            return None
        found = dict(zip(map(id, outcome.variables), outcome.values.tolist(), strict=True))
        point = np.array(
            [found.get(id(v), v.value if v.value is not None else 0.0) for v in working.program.leader_variables]
        )
        return point if np.all(np.abs(point) < 1e8) else None
    finally:
        for block in hidden:
            block.activate()


def _kkt_blocks(working):
    blocks = [follower.block.kkt for follower in working.program.followers]
    return blocks + ([working.model.mpec] if working.model.component("mpec") is not None else [])


class Answers:
    """The followers' answer to a leader decision, for starting points: all followers in one smooth model.

    Followers that do not see each other's variables answer jointly and exactly; where they do, the sum of their objectives
    is minimised instead, which is not their equilibrium but near enough to begin with.
    """

    def __init__(self, working: Working):
        self.working = working
        model, program = working.model, working.program
        self._hidden = [c for c in (program.leader, *program.leader_constraints) if c is not None] + _kkt_blocks(
            working
        )
        for component in self._hidden:
            component.deactivate()
        model.bilevel_dr_answers = pyo.Objective(expr=sum(f.sign * f.objective.expr for f in program.followers))
        try:
            self.nlp = Nlp(model)
        finally:
            model.del_component("bilevel_dr_answers")
            for component in self._hidden:
                component.activate()

    def load(self, leader: np.ndarray) -> Outcome:
        """Put the decision, the followers' answer and their multipliers on the working model."""
        program = self.working.program
        fixed = pyo.ComponentMap()
        for variable, number in zip(program.leader_variables, leader.tolist(), strict=True):
            number = number if variable.is_continuous() else float(round(number))
            variable.set_value(number, skip_validation=True)
            fixed[variable] = number
        outcome = self.nlp.solve(fixed=fixed, time_limit=10.0)
        if outcome.has_point:
            outcome.load()
        for follower in program.followers:
            kkt = follower.block.kkt
            rows = [
                (row.getname(True, relative_to=follower.block), outcome.row_multipliers.get(id(row)))
                for row in follower.constraints
            ]
            rows += [
                (v.getname(True, relative_to=follower.block), outcome.bound_multipliers.get(id(v)))
                for v in follower.variables
            ]
            for name, number in rows:
                number = number if number is not None and math.isfinite(number) else 0.0
                if name in kkt.nu:
                    kkt.nu[name].set_value(number)
                if name in kkt.mu_upper and not kkt.mu_upper[name].fixed:
                    kkt.mu_upper[name].set_value(max(number, 0.0))
                if name in kkt.mu_lower and not kkt.mu_lower[name].fixed:
                    kkt.mu_lower[name].set_value(max(-number, 0.0))
        return outcome
