"""The working copy a route may change: a clone of the instance under KKT conditions, and the way back by name."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
import pyomo.environ as pyo

from .complementarity import take_pairs
from .followers import declared_variables, read
from .kkt import add_kkt
from .nl import Nlp, Outcome
from .reformulate import add_rows


class Working:
    """One instance, transformed on a clone; reformulations are put beside each other and used one at a time.

    Attributes
    ----------
    model : ConcreteModel
        The clone, under KKT conditions.
    program : Program
        The clone's leader and followers.
    pairs : list of Pair
        Its complementarities.
    """

    def __init__(self, instance):
        self.names = [v.name for v in declared_variables(instance)]
        self.model = instance.clone()
        self.variables = list(declared_variables(self.model))
        self.program = read(self.model)
        add_kkt(self.program)
        self.pairs = take_pairs(self.model)
        self._blocks = {}
        self._nlps = {}

    @property
    def minimises(self) -> bool:
        return self.program.leader is None or self.program.leader.sense == pyo.minimize

    @cached_property
    def integers(self) -> list:
        return [v for v in self.program.leader_variables if not v.is_continuous()]

    def use(self, reformulation: str, **options):
        """Make one reformulation the active one and return its Block; it is written once, then kept."""
        if reformulation not in self._blocks:
            self._blocks[reformulation] = add_rows(self.model, self.pairs, reformulation, **options)
        for name, block in self._blocks.items():
            block.activate() if name == reformulation else block.deactivate()
        return self._blocks[reformulation]

    def nlp(self, reformulation: str, backend=Nlp) -> Nlp:
        """The smooth model of one reformulation, built once."""
        key = reformulation, backend
        if key not in self._nlps:
            block = self.use(reformulation)
            free = [v for v in (block.component(name) for name in ("epsilon", "weight")) if v is not None]
            self._nlps[key] = backend(self.model, free)
        return self._nlps[key]

    def objective(self) -> float | None:
        """The leader's objective at the current values; None without a leader, NaN where it cannot be evaluated."""
        if self.program.leader is None:
            return None
        try:
            number = pyo.value(self.program.leader)
        except (ValueError, ZeroDivisionError, OverflowError):
            return math.nan
        return math.nan if isinstance(number, complex) else number

    def point(self) -> dict[str, float]:
        """Every variable of the instance by name; integer ones rounded, unused ones at the number nearest zero they may take."""
        numbers = {}
        for name, variable in zip(self.names, self.variables, strict=True):
            number = variable.value
            if number is None:
                low, high = variable.bounds
                number = min(max(0.0, -math.inf if low is None else low), math.inf if high is None else high)
            elif not variable.is_continuous() and abs(number - round(number)) < 1e-5:
                number = float(round(number))
            numbers[name] = float(number)
        return numbers

    def better(self, one: float | None, other: float | None) -> bool:
        """Whether the leader prefers the first objective value."""
        if one is None or other is None or math.isnan(one):
            return False
        if math.isnan(other):
            return True
        return one < other if self.minimises else one > other


def polish(working: Working, time_limit=None, flips: int = 20) -> Outcome | None:
    """From the point the working model holds: settle which side of each pair is zero and solve the smooth rest precisely.

    The smaller side of every pair is held at zero, integer variables at their integers; what is left is a nonlinear program
    without complementarity. Where both sides of a pair end at zero and the multiplier of the held one says the leader would
    gain by releasing it, the other is held instead (a step to the neighbouring piece), as long as that improves.

    Returns
    -------
    Outcome or None
        Loaded into the working model; None (and the model as it was) when the smooth problem could not be solved.
    """
    left = np.array([pyo.value(pair.left, exception=False) or 0.0 for pair in working.pairs])
    right = np.array([pyo.value(pair.right, exception=False) or 0.0 for pair in working.pairs])
    block = working.use("sos1")
    for i, slack in block.slack.items():
        slack.set_value(max((left, right)[i % 2][i // 2], 0.0))
    nlp = working.nlp("sos1")
    columns = np.array([[nlp.column[id(v)] for v in block.set[i].get_variables()] for i in block.set], int).reshape(-1, 2)
    hold = (left > right).astype(int)  # the side held at zero: 0 is left
    lower, upper = nlp.lower.copy(), nlp.upper.copy()
    for variable in working.integers:
        j = nlp.column.get(id(variable))
        if j is not None:
            lower[j] = upper[j] = round(variable.value)
    sign = 1.0 if working.minimises else -1.0
    kept = [(v, v.value) for v in nlp.variables]
    best, value, start = None, math.inf, nlp.start()
    for _ in range(flips + 1):
        held = upper.copy()
        held[columns[np.arange(len(hold)), hold]] = 0.0
        outcome = nlp.solve("ipopt", start=start, lower=lower, upper=held, options=_POLISH, time_limit=time_limit)
        if outcome.status not in ("optimal", "feasible"):
            break
        outcome.load()
        objective = working.objective()
        if best is not None and not sign * objective < value - 1e-9 * max(1.0, abs(value)):
            break
        best, value, start = outcome, 0.0 if objective is None else sign * objective, outcome.values
        if objective is None:
            break
        sides = outcome.values[columns]
        pull = np.array([outcome.bound_multipliers[id(nlp.variables[j])] for j in columns[np.arange(len(hold)), hold]])
        flip = (sides.max(axis=1, initial=0.0) < 1e-6) & (pull > 1e-6)
        if not flip.any():
            break
        hold = np.where(flip, 1 - hold, hold)
    if best is None:
        for variable, number in kept:
            variable.set_value(number, skip_validation=True)
        return None
    best.load()
    return best


_POLISH = {"tol": 1e-11, "acceptable_tol": 1e-9, "mu_strategy": "adaptive", "constr_viol_tol": 1e-10, "max_iter": 500}
