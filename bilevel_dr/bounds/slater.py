"""A point strictly inside a row of a follower, whatever the others decide, bounds that row's multiplier."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from ..solvers.highs import minimise
from .relaxation import Form, times

MOST_MARGIN = 1e6
"""Of a row that could be left as far behind as one likes; any margin proves a bound, a greater one a smaller bound."""


class SlaterPoints:
    """Linear programs for points y_s of one follower: ``margin + rows @ y_s`` is the least its slacks can be at y_s.

    The rows must be linear, and equalities without variables of others, so that one y_s serves for all their decisions.
    ``usable`` says whether they are.

    Multiplying the stationarity rows by (y_s − y) gives Σ mu · slack(y_s) = ∇f(y) · (y_s − y), all terms on the left
    being nonnegative: each mu is at most the largest right-hand side divided by its own slack.
    """

    def __init__(self, multipliers, block):
        self.box = multipliers.box
        self.rows_of = [row for row in multipliers.rows if multipliers.owner(row) is block]
        self.own = {row.own: i for i, row in enumerate(self.rows_of)}
        self.sides = [k for k in multipliers.slack if multipliers.follower[k] is block]
        parts = [self._split(multipliers.slack[k]) for k in self.sides]
        equal = []
        for constraint in block.component_data_objects(pyo.Constraint, active=True, descend_into=True):
            row = self.box.rows.get(id(constraint))
            if row is not None and row.lower == row.upper and constraint.parent_block() is not block.kkt:
                equal.append((self._split(row.form), row.lower))
        self.usable = all(part is not None and math.isfinite(part[1]) for part in parts)
        self.usable &= all(part is not None and part[1] == part[2] for part, _ in equal)
        if self.usable:
            n = len(self.own)
            self.rows = np.array([part[0] for part in parts]).reshape(-1, n)
            self.margin = np.array([part[1] for part in parts])
            self.equal = np.array([part[0] for part, _ in equal]).reshape(-1, n)
            self.right = np.array([right - part[1] for part, right in equal])

    def bound(self, k: int) -> float:
        """A bound of one multiplier, ``inf`` where no point is strictly inside its row."""
        n, m, e, i = len(self.own), len(self.margin), len(self.right), self.sides.index(k)
        depth = np.zeros((m + e, 1))
        depth[i] = -1.0
        answer = minimise(
            np.append(np.zeros(n), -1.0),
            np.hstack([np.vstack([self.rows, self.equal]), depth]),
            np.append(-self.margin, self.right),
            np.append(np.full(m, np.inf), self.right),
            np.append(np.full(n, -np.inf), 0.0),
            np.append(np.full(n, np.inf), MOST_MARGIN),
        )
        if answer.status != "optimal":
            return math.inf
        point = answer.x[:n]
        slack, gap = self.margin + self.rows @ point, self.equal @ point - self.right
        if slack.min() < -1e-9 or slack[i] < 1e-6 or np.abs(gap).max(initial=0.0) > 1e-9:
            return math.inf
        total = 0.0
        for row, at in zip(self.rows_of, point.tolist(), strict=True):
            ways = at - float(self.box.upper[row.own]), at - float(self.box.lower[row.own])
            total += max(times(a, b) for a in self.box.interval(row.others) for b in ways)
        return max(total, 0.0) / slack[i]

    def _split(self, form: Form):
        """Coefficients of the follower's variables and the interval of the rest of a linear form; None of another."""
        if not form.is_linear:
            return None
        mine = np.array([j in self.own for j in form.columns], bool)
        coefficients = np.zeros(len(self.own))
        coefficients[[self.own[j] for j in form.columns[mine]]] = form.coefficients[mine]
        return coefficients, *self.box.interval(Form(form.constant, form.columns[~mine], form.coefficients[~mine]))
