"""A model looked at with numpy and scipy only: values, violations, followers solved again from many starts.

Shares no code with the engine and none with the enumeration in ``oracle.py``.
"""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import expression_to_string
from scipy.optimize import minimize

REACH = 20.0  # where a variable has no bound, starts and grids go this far
FAR = 1e6  # an answer beyond this is a follower without a best one
_FUNCTIONS = {name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan")}


class Rows:
    """Rows as numpy functions of the vector of all variables."""

    def __init__(self, constraints, compiled):
        self.rows = [(compiled(c.body), pyo.value(c.lower), pyo.value(c.upper)) for c in constraints]

    def violation(self, values):
        """The worst violation, for one vector or for one a column."""
        worst = np.zeros(values.shape[1:])
        for body, lower, upper in self.rows:
            at = body(values)
            worst = np.maximum(worst, -np.inf if lower is None else lower - at)
            worst = np.maximum(worst, -np.inf if upper is None else at - upper)
        return worst

    def for_scipy(self, inside):
        """As scipy's constraint dictionaries; ``inside`` puts what is decided into the full vector."""
        for body, lower, upper in self.rows:
            if lower is not None and lower == upper:
                yield {"type": "eq", "fun": lambda y, b=body, at=lower: b(inside(y)) - at}
                continue
            if upper is not None:
                yield {"type": "ineq", "fun": lambda y, b=body, at=upper: at - b(inside(y))}
            if lower is not None:
                yield {"type": "ineq", "fun": lambda y, b=body, at=lower: b(inside(y)) - at}


class Player:
    """One follower: what it decides, what it wants (minimised), what binds it."""

    def __init__(self, objective, model):
        block = objective.parent_block()
        self.name = block.name
        self.sign = 1 if objective.sense == pyo.minimize else -1
        self.objective = model.compiled(objective.expr)
        self.own = [model.names.index(v.name) for v in _unfixed(block)]
        self.integers = [i for i in self.own if not model.columns[i].is_continuous()]
        self.rows = Rows(block.component_data_objects(pyo.Constraint, active=True), model.compiled)
        self.lower, self.upper = model.lower[self.own], model.upper[self.own]

    def value(self, values) -> float:
        """In its own sense."""
        return float(self.objective(values))

    def best(self, values, starts=6):
        """The best answer found to everyone else's ``values``: (value in its own sense, all values), or None."""
        if self.integers:
            return self._best_integer(values)
        rng = np.random.default_rng(0)
        low, high = _box(self.lower, self.upper)
        best = None

        def inside(y):
            whole = values.copy()
            whole[self.own] = y
            return whole

        draws = low + (high - low) * rng.random((200, len(self.own)))
        drawn = np.repeat(values[:, None], len(draws), axis=1)
        drawn[self.own] = draws.T
        wants = np.broadcast_to(self.sign * self.objective(drawn), len(draws))
        promise = np.lexsort((wants, self.rows.violation(drawn)))
        for first in [values[self.own], *draws[promise[: starts - 1]]]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = minimize(
                    lambda y: self.sign * self.objective(inside(y)),
                    np.clip(first, self.lower, self.upper),
                    method="SLSQP",
                    bounds=list(zip(self.lower, self.upper, strict=True)),
                    constraints=list(self.rows.for_scipy(inside)),
                    options={"ftol": 1e-12, "maxiter": 100},
                )
            whole = inside(np.clip(found.x, self.lower, self.upper))
            if np.abs(found.x).max() > FAR and self.rows.violation(whole) < 1e-6 * FAR:
                return None
            if np.isfinite(found.fun) and self.rows.violation(whole) < 1e-7:
                value = self.value(whole)
                if best is None or self.sign * value < self.sign * best[0]:
                    best = value, whole
        return best

    def _best_integer(self, values):
        best = None
        low, high = _box(self.lower, self.upper)
        for answer in itertools.product(*(range(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))):
            whole = values.copy()
            whole[self.own] = answer
            value = self.value(whole)
            if self.rows.violation(whole) < 1e-9 and (best is None or self.sign * value < self.sign * best[0]):
                best = value, whole
        return best


class Looked:
    """A model as numpy functions: ``leader``, ``leader_rows`` and ``followers`` over ``names``."""

    def __init__(self, model):
        self.columns = _unfixed(model)
        self.names = [v.name for v in self.columns]
        self.lower = np.array([-np.inf if v.lb is None else v.lb for v in self.columns], dtype=float)
        self.upper = np.array([np.inf if v.ub is None else v.ub for v in self.columns], dtype=float)
        objectives = list(model.component_data_objects(pyo.Objective, active=True))
        (top,) = [o for o in objectives if o.parent_block() is model]
        self.sign = 1 if top.sense == pyo.minimize else -1
        self.leader = self.compiled(top.expr)
        self.followers = [Player(o, self) for o in objectives if o is not top]
        blocks = [o.parent_block() for o in objectives if o is not top]
        theirs = {id(c) for b in blocks for c in b.component_data_objects(pyo.Constraint, active=True)}
        own = [c for c in model.component_data_objects(pyo.Constraint, active=True) if id(c) not in theirs]
        self.leader_rows = Rows(own, self.compiled)
        decided = {i for follower in self.followers for i in follower.own}
        self.decides = [i for i in range(len(self.names)) if i not in decided]

    def compiled(self, expression):
        """A Pyomo expression as a function of the vector of all variables."""
        position = {id(v): i for i, v in enumerate(self.columns)}
        text = expression_to_string(expression, labeler=lambda v: f"v[{position[id(v)]}]", compute_values=True)
        return eval(f"lambda v: {text}", dict(_FUNCTIONS))

    def vector(self, point) -> np.ndarray:
        return np.array([point.get(name, 0.0) for name in self.names], dtype=float)

    def violation(self, values) -> float:
        """The worst over every row and bound, leader's and followers', and over integrality."""
        whole = [v.is_continuous() or abs(x - round(x)) for v, x in zip(self.columns, values, strict=True)]
        rows = [player.rows.violation(values) for player in self.followers]
        bounds = max(np.max(self.lower - values, initial=0), np.max(values - self.upper, initial=0))
        return max(self.leader_rows.violation(values), bounds, *rows, *(w for w in whole if w is not True))

    def leader_grid(self, points):
        """Leader decisions on a regular grid over its bounds."""
        low, high = _box(self.lower[self.decides], self.upper[self.decides])
        return itertools.product(*(np.linspace(a, b, points) for a, b in zip(low, high, strict=True)))


def _unfixed(block):
    return [v for c in block.component_objects(pyo.Var) if not c.is_reference() for v in c.values() if not v.fixed]


def _box(lower, upper):
    low = np.where(np.isfinite(lower), lower, np.where(np.isfinite(upper), upper - REACH, -REACH))
    return low, np.where(np.isfinite(upper), upper, low + REACH * (1 + np.isinf(lower)))
