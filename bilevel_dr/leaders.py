"""Several leaders over the same followers: an equilibrium problem with equilibrium constraints, one bilevel program a leader.

Stated in one model: every leader has its Objective at the top, the followers are Blocks with theirs as ever, and a Suffix
says who decides what ::

    model.profit = pyo.Objective([1, 2], rule=..., sense=pyo.maximize)
    model.decided_by = pyo.Suffix(initialize=lambda m: [(m.quantity[i], m.profit[i]) for i in (1, 2)])

A key may be a whole container, its Objective too, ``(m.quantity, m.profit)``: they are matched index by index. A
variable at the top that the Suffix does not name is decided by nobody and follows from the rows: a price that stands for a
follower's multiplier. Each leader takes the others' variables as given and foresees what the followers do; it is bound by
the rows at the top that hold something it can move. Where followers have ties each leader counts on its own favourite.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.visitor import identify_variables

from .best_response import held
from .errors import ModelError
from .followers import declared_variables, read
from .players import Answer, Player, judged, present
from .solution import Certificate
from .verification import verify


def has_leaders(instance) -> bool:
    """Whether an instance states several leaders."""
    return isinstance(instance, pyo.ConcreteModel) and instance.component("decided_by") is not None


def programs(instance) -> dict:
    """By its Objective's name, each leader's bilevel program: that Objective alone is active, what others decide is fixed.

    Raises
    ------
    ModelError
        An entry of ``decided_by`` that maps nothing, an Objective nobody decides for, a variable that two decide.
    """
    decides = _decisions(instance)
    return {name: _program(instance, name, decides) for name in decides}


def _decisions(instance) -> dict[str, list[str]]:
    """What each Objective at the top decides, by name."""
    top = [o for o in instance.component_data_objects(pyo.Objective, active=True, descend_into=False)]
    decides: dict[str, list[str]] = {objective.name: [] for objective in top}
    taken: dict[str, str] = {}
    for key, target in instance.component("decided_by").items():
        for variable, objective in _match(key, target):
            if objective.name not in decides:
                raise ModelError(f"decided_by: {objective.name} is not an active Objective at the top of the model")
            if variable.parent_block() is not instance or getattr(variable, "ctype", None) is not pyo.Var:
                raise ModelError(
                    f"decided_by: {variable.name} is no variable at the top; a leader decides variables there"
                )
            if taken.setdefault(variable.name, objective.name) != objective.name:
                raise ModelError(
                    f"decided_by: {variable.name} has two leaders, {taken[variable.name]} and {objective.name}; give it one"
                )
            decides[objective.name].append(variable.name)
    for name, variables in decides.items():
        if not variables:
            raise ModelError(f"decided_by: nothing is decided by {name}; map its variables to it, or deactivate it")
    return decides


def _match(key, target):
    """Each variable of the key with the Objective of its index, or with the one there is."""
    if getattr(target, "ctype", None) is not pyo.Objective:
        raise ModelError(f"decided_by: {key.name} is mapped to {target}, which is no Objective")
    for index, variable in key.items() if key.is_indexed() else [(key.index(), key)]:
        if target.is_indexed() and index not in target:
            raise ModelError(f"decided_by: {target.name} has no index {index!r} for {variable.name}; map it by itself")
        yield variable, target[index] if target.is_indexed() else target


def _program(instance, name, decides):
    copy = instance.clone()
    copy.del_component(copy.decided_by)
    for objective in copy.component_data_objects(pyo.Objective, active=True, descend_into=False):
        if objective.name != name:
            objective.deactivate()
    own = set(decides[name])
    others = {variable for objective, variables in decides.items() if objective != name for variable in variables}
    for other in others:
        variable = copy.find_component(other)
        variable.fix(present(variable))
    movable = {id(v) for v in declared_variables(copy) if v.name in own or not v.fixed}
    for row in read(copy).leader_constraints:
        if not any(id(v) in movable for v in identify_variables(row.body)):
            row.deactivate()  # it binds other leaders alone
    return copy


class Leader(Player):
    """A player whose model is a bilevel program, solved anew by the engine each time it answers."""

    def __init__(self, name: str, model, own: set[str], options: Mapping):
        program = read(model)
        super().__init__(name, [v for v in program.leader_variables if v.name in own])
        if program.leader is None or not self.variables:
            what = "has no Objective at the top" if program.leader is None else "decides nothing at the top"
            raise ModelError(f"{name}: {what} of its model; a leader does, and what others decide is fixed there")
        self.model, self.options = model, dict(options)
        self.sign = 1 if program.leader.sense == pyo.minimize else -1

    def answer(self, time_limit=None) -> Answer:
        best, now = self._solve(time_limit), self._stay(time_limit)
        if best.claim == "none":
            return Answer(best.termination, None, solver=best.solver)
        values = np.array([best.point[v.name] for v in self.variables])
        if now.claim == "none":
            return Answer("optimal", values, solver=best.solver)
        worth = now.leader_objective
        return Answer("optimal", values, self.sign * (worth - best.leader_objective), max(1.0, abs(worth)), best.solver)

    def check(self, reasons, notes, seconds=None):
        now, best = self._stay(seconds), self._solve(seconds)
        certificate = verify(self.model, now.point) if now.point else Certificate(False, math.inf, math.inf, math.inf)
        if not certificate:
            why = certificate.reasons or ("the followers have no answer to what is decided",)
            reasons.extend(f"{self.name}: {reason}" for reason in why)
        notes.extend(certificate.notes)
        value = best.leader_objective if best.claim != "none" else None
        worth = math.nan if now.leader_objective is None else now.leader_objective
        check = judged(self.name, self.sign, worth, value, best.claim == "global", reasons, notes)
        check = replace(check, violation=certificate.leader_violation, complementarity=certificate.complementarity)
        return check, certificate.followers, now.point

    def _solve(self, time_limit):
        from .solving import solve  # which answers games too, and so knows this module

        return solve(self.model, time_limit=time_limit, **self.options)

    def _stay(self, time_limit):
        """What its present decision brings it: the followers' answer, the best for it where they have several."""
        with held(self.variables):
            return self._solve(time_limit)
