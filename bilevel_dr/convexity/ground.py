"""Where a follower can be: points drawn inside its bounds and affine rows, and whether they are certainly feasible."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from pyomo.core.expr.visitor import identify_variables

from .box import AffineRow, Box
from .evaluation import evaluate

_NUMBERS = 3_000_000  # in all points drawn at once
_CORNERS = 10


@dataclass(frozen=True)
class Function:
    """A row ``low ≤ body ≤ high``, or an objective: ``sign · body`` is to be minimised and there are no bounds.

    ``form`` holds the second derivatives in the own variables, by pairs of ids, where they are constant.
    """

    component: object
    body: object
    low: float = -inf
    high: float = inf
    sign: int = 1
    form: dict | None = None

    @property
    def name(self) -> str:
        return self.component.name

    @property
    def is_row(self) -> bool:
        return isfinite(self.low) or isfinite(self.high)

    @property
    def is_equality(self) -> bool:
        return self.low == self.high

    @property
    def senses(self) -> tuple[int, ...]:
        """+1 where the body has to be convex, −1 where it has to be concave."""
        if not self.is_row:
            return (self.sign,)
        return tuple(sense for sense, bound in ((1, self.high), (-1, self.low)) if isfinite(bound))


class Ground:
    """Bounds, affine rows as matrices and the other rows, over ``variables`` with the follower's own ones first.

    ``free`` holds orthonormal columns, the own directions that keep the affine equalities; None where all do.
    """

    def __init__(self, own, variables, box: Box, affine, curved):
        self.own, self.variables, self.curved = own, variables, curved
        self.low, self.high = np.array([box.of(v) for v in variables]).T
        place = {id(v): k for k, v in enumerate(variables)}
        sides = [(row, 1, row.high) for row in affine if row.low != row.high and row.high < inf]
        sides += [(row, -1, -row.low) for row in affine if row.low != row.high and row.low > -inf]
        self.inequalities = _matrix(sides, place)
        self.equalities = _matrix([(row, 1, row.high) for row in affine if row.low == row.high], place)
        self.free = self._free_directions()

    @classmethod
    def read(cls, own, rows, functions, box) -> Ground | None:
        """The ground of a follower's rows; None where an equality is curved: points on a surface are not drawn."""
        affine, curved, variables = [], [], {id(v): v for v in own}
        for row in rows:
            met = {id(v): v for v in identify_variables(row.body, include_fixed=False)}
            straight = AffineRow.read(row.body, row.low, row.high)
            if straight is None and met and row.is_equality:
                return None
            variables |= met
            if straight is not None:
                affine.append(straight)
            elif met:
                curved.append(row)
        for function in functions:
            variables.update((id(v), v) for v in identify_variables(function.body, include_fixed=False))
        ground = cls(list(own), list(variables.values()), box, affine, curved)
        return None if ground.free is not None and not ground.free.size else ground

    def _free_directions(self):
        A, _ = self.equalities
        own = A[:, : len(self.own)]
        if not own.nnz:
            return None
        if len(self.own) * max(own.shape) > _NUMBERS:
            return np.zeros((len(self.own), 0))  # too large to be written out: nothing is drawn
        from scipy.linalg import null_space

        return null_space(own.toarray())

    @property
    def unbounded(self) -> bool:
        return not (np.isfinite(self.low).all() and np.isfinite(self.high).all())

    def window(self, reach):
        """Finite bounds to draw from, ``reach`` away where there is none."""
        low = np.where(np.isfinite(self.low), self.low, np.where(np.isfinite(self.high), self.high, 0.0) - reach)
        high = np.where(np.isfinite(self.high), self.high, np.where(np.isfinite(self.low), self.low, 0.0) + reach)
        return low, high

    def centres(self, reach, random):
        """Points (k, n) inside the bounds and the affine rows, or None where there are none."""
        low, high = self.window(reach)
        count = int(np.clip(_NUMBERS // (6 * len(self.variables)), 12, 400))
        if not (self.inequalities[0].shape[0] or self.equalities[0].shape[0]):
            points = random.uniform(low, high, (count, len(low)))
            points[0] = (low + high) / 2
            return points
        heart = self._heart(low, high)
        if heart is None:
            return None
        costs = random.standard_normal((_CORNERS // 2, len(low))) / np.maximum(high - low, 1e-9)
        costs = np.vstack([np.eye(min(3, len(self.own)), len(low)), costs])
        costs = np.vstack([costs, -costs])  # both ends of every direction
        corners = [corner for corner in (self._corner(cost, low, high) for cost in costs) if corner is not None]
        points = random.dirichlet(np.full(len(corners) + 1, 0.4), count) @ np.array([heart, *corners])
        away = 0.02 + 0.98 * random.random((count, 1)) ** 3  # from faces that all corners share
        points += away * (heart - points)
        points[0] = heart
        A, b = self.equalities
        if A.shape[0] and A.shape[0] * A.shape[1] < _NUMBERS:
            points -= np.linalg.lstsq(A.toarray(), (points @ A.T - b).T, rcond=None)[0].T
        return np.clip(points, low, high)

    def _corner(self, cost, low, high):
        """The cheapest point of the bounds and the affine rows, or None."""
        from scipy.optimize import linprog

        (A, b), (E, e) = self.inequalities, self.equalities
        known = ({"A_ub": A, "b_ub": b} if A.shape[0] else {}) | ({"A_eq": E, "b_eq": e} if E.shape[0] else {})
        answer = linprog(cost, bounds=np.column_stack([low, high]), method="highs", **known)
        return answer.x if answer.status == 0 else None

    def _heart(self, low, high):
        """The point of the equalities that lies deepest inside bounds and affine inequalities, or None."""
        from scipy.optimize import linprog
        from scipy.sparse import csr_array, eye_array, hstack, vstack

        (A, b), (E, e), size = self.inequalities, self.equalities, len(low)
        wide = eye_array(size, format="csr")[high > low]
        rows, bounds = vstack([A, wide, -wide]), np.concatenate([b, wide @ high, -(wide @ low)])
        norms = csr_array(np.sqrt(rows.multiply(rows).sum(axis=1))[:, None])
        known = {"A_eq": hstack([E, csr_array((len(e), 1))]), "b_eq": e} if len(e) else {}
        limits = np.vstack([np.column_stack([low, high]), [0.0, np.max(high - low, initial=1.0)]])
        depth = np.append(np.zeros(size), -1.0)
        answer = linprog(depth, hstack([rows, norms]), bounds, bounds=limits, method="highs", **known)
        return answer.x[:-1] if answer.status == 0 else None

    def room(self, centres, moves, reach):
        """How many times each centre can make its move both ways inside the bounds and the affine inequalities."""
        room = np.minimum(self.high - centres, centres - self.low) / np.abs(moves)
        room = np.where(moves == 0, inf, room).min(axis=1)
        A, b = self.inequalities
        if A.shape[0]:
            slope = np.abs(moves @ A.T)
            room = np.minimum(room, np.where(slope < 1e-12, inf, (b - centres @ A.T) / slope).min(axis=1))
        return np.minimum(room, np.where(np.isinf(room), reach / np.linalg.norm(moves, axis=1), inf))

    def noise(self, points) -> float:
        """How far from exact points are: rounding, and what is missing in the equalities."""
        A, b = self.equalities
        missing = np.abs(points @ A.T - b).max() / max(np.abs(A).max(), 1e-9) if A.shape[0] else 0.0
        return np.finfo(float).eps + missing

    def value(self, function, points, noise):
        """Value and error of a function at points (k, n)."""
        places = {id(v): points[:, k] for k, v in enumerate(self.variables)}
        value, error = evaluate(function.body, places, noise)
        return np.broadcast_to(value, len(points)), np.broadcast_to(error, len(points))

    def feasible(self, points, noise):
        """Which points keep the bounds and every inequality, beyond rounding."""
        allowed = ((points >= self.low) & (points <= self.high)).all(axis=1)
        A, b = self.inequalities
        if A.shape[0]:
            rounding = 4 * noise * (np.abs(points) @ np.abs(A).T + np.abs(b))
            allowed &= (points @ A.T + rounding <= b).all(axis=1)
        for row in self.curved:
            value, error = self.value(row, points, noise)
            allowed &= (value + error <= row.high) & (value - error >= row.low)
        return allowed


def _matrix(rows, place):
    """The sparse matrix and the right-hand side of rows (AffineRow, sign, bound)."""
    from scipy.sparse import csr_array

    i, j, values = [], [], []
    for k, (row, sign, _) in enumerate(rows):
        for coefficient, variable in zip(row.coefficients, row.variables, strict=True):
            i.append(k), j.append(place[id(variable)]), values.append(sign * float(coefficient))
    bounds = np.array([bound for *_, bound in rows], dtype=float)
    return csr_array((np.array(values, dtype=float), (i, j)), shape=(len(rows), len(place))), bounds
