"""A proof that a follower is not convex: two answers open to it at one decision of the others, and what lies halfway.

A convex objective is at most the mean of its ends there, and a convex feasible set holds the middle. Points are drawn with
a fixed seed inside the bounds and the affine rows, moved both ways along random directions and those of negative
curvature, and kept only where all follower rows hold and the inequality is broken by far more than rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from pyomo.core.expr.visitor import identify_variables
from pyomo.repn import generate_standard_repn

from .box import AffineRow, Box
from .definiteness import definiteness
from .evaluation import evaluate
from .hessian import MOST_VARIABLES, second_derivatives
from .rules import as_arrays, own_quadratic

_REACHES = (3.0, 1e3)  # how far to look where there is no bound
_FEW = 8  # centres tried before the many
_STEPS = (0.999, 0.3, 0.03)
_NUMBERS = 3_000_000  # in all points drawn at once
_SURE = 1000.0  # times the rounding error
_SEEN = 1e-12  # of all the values that occur: a smaller violation may come from the last digits of the data


@dataclass(frozen=True)
class Function:
    """What is to be shown not convex: an objective to be minimised (no bounds) or a row ``low ≤ body ≤ high``."""

    name: str
    body: object
    low: float = -inf
    high: float = inf
    sign: int = 1

    @property
    def is_row(self) -> bool:
        return isfinite(self.low) or isfinite(self.high)


@dataclass(frozen=True)
class Witness:
    """Two answers of the follower, at one ``decision`` of the others, and the value that breaks convexity between them.

    Attributes
    ----------
    function : str
        Name of the objective or the row.
    missing : str
        What it is not: ``"convex"`` or ``"concave"`` for an objective, ``"a convex set"`` for a row.
    first, second : dict
        Name of own variable → value; the middle is their mean.
    decision : dict
        Name → value of the variables in its rows that others decide.
    middle, limit : float
        The value in the middle, and what it would have to keep to: the mean of both ends of an objective, the bound of a row.
    relation : str
        ``">"`` where ``middle`` is above ``limit``, ``"<"`` where it is below.
    """

    function: str
    missing: str
    first: dict[str, float]
    second: dict[str, float]
    decision: dict[str, float]
    middle: float
    limit: float
    relation: str

    def __str__(self):
        moved = [name for name in self.first if self.first[name] != self.second[name]]
        ends = " and ".join(_listed({name: end[name] for name in moved}) for end in (self.first, self.second))
        at = f" with {_listed(self.decision)}" if self.decision else ""
        why = "its bound, which both keep" if self.missing == "a convex set" else "the mean of both"
        return (
            f"{self.function} is not {self.missing}: halfway between {ends}{at} "
            f"it is {self.middle:.6g} {self.relation} {self.limit:.6g}, {why}"
        )


def search(functions: Sequence[Function], rows: Sequence[Function], own, box: Box, decision_rows=()) -> Witness | None:
    """A witness against one of ``functions``, or None where none was found.

    Parameters
    ----------
    functions : sequence of Function
        The objective or the rows that were not proved.
    rows : sequence of Function
        All rows of the follower.
    own : sequence of VarData
        Its variables.
    box : Box
        Where they and the others' variables can be.
    decision_rows : sequence of Function
        Rows without own variables that the others' decisions must satisfy.
    """
    ground = _Ground.read(own, rows, decision_rows, functions, box)
    if ground is None:
        return None
    random = np.random.default_rng(0)
    for reach in _REACHES if ground.unbounded else _REACHES[:1]:
        centres = ground.centres(reach, random)
        if centres is None:
            continue
        for function in functions:
            for some, directions in ground.directions(function, centres, random):
                found = ground.look(function, some, directions, reach)
                if found is not None:
                    return found
    return None


@dataclass
class _Ground:
    """Where to look: variables (own first), their box, the affine rows as matrices and the other rows as they are."""

    own: list
    variables: list
    box: Box
    inequalities: tuple  # A, b of A z ≤ b
    equalities: tuple
    curved: list
    free: np.ndarray | None  # orthonormal columns: own directions that keep the equalities; None for all

    @classmethod
    def read(cls, own, rows, decision_rows, functions, box):
        affine, curved = [], []
        for row in (*rows, *decision_rows):
            read = AffineRow.read(row.body, row.low, row.high)
            if read is not None:
                affine.append(read)
            elif row.low == row.high:
                return None  # points on a curved surface are not drawn
            else:
                curved.append(row)
        variables = {id(v): v for v in own}
        for row in affine:
            variables.update((id(v), v) for v in row.variables)
        for row in (*curved, *functions):
            variables.update((id(v), v) for v in identify_variables(row.body, include_fixed=False))
        place = {key: k for k, key in enumerate(variables)}
        upper = [(row, 1, row.high) for row in affine if row.low != row.high and row.high < inf]
        upper += [(row, -1, -row.low) for row in affine if row.low != row.high and row.low > -inf]
        equal = [(row, 1, row.high) for row in affine if row.low == row.high]
        equalities = _matrix(equal, place)
        free = None
        if equal:
            from scipy.linalg import null_space

            if len(equal) * len(own) > _NUMBERS // 10:
                return None
            held = equalities[0][:, : len(own)].toarray()
            free = null_space(held[(held != 0).any(axis=1)]) if held.any() else None
            if free is not None and not free.size:
                return None
        return cls(list(own), list(variables.values()), box, _matrix(upper, place), equalities, curved, free)

    @property
    def unbounded(self) -> bool:
        return any(inf in (-low, high) for low, high in map(self.box.of, self.variables))

    def centres(self, reach, random):
        """Points (k, n) inside the box and the affine rows, or None where there are none."""
        low, high = np.array([_window(*self.box.of(v), reach) for v in self.variables]).T
        count = int(np.clip(_NUMBERS // (6 * len(self.variables)), 12, 400))
        if not (self.inequalities[0].shape[0] or self.equalities[0].shape[0]):
            points = random.uniform(low, high, (count, len(low)))
            points[0] = (low + high) / 2
            return points
        corners = self._corners(low, high, random)
        if not len(corners):
            return None
        points = random.dirichlet(np.full(len(corners), 0.7), count) @ corners
        points[0] = corners.mean(axis=0)
        A, b = self.equalities
        if A.shape[0]:
            points -= np.linalg.lstsq(A.toarray(), (points @ A.T - b).T, rcond=None)[0].T
        return np.clip(points, low, high)

    def _corners(self, low, high, random):
        from scipy.optimize import linprog

        (A, b), (E, e) = self.inequalities, self.equalities
        known = {"A_ub": A, "b_ub": b} if A.shape[0] else {}
        known |= {"A_eq": E, "b_eq": e} if E.shape[0] else {}
        corners = []
        for _ in range(8):
            cost = random.standard_normal(len(low)) / np.maximum(high - low, 1e-9)
            answer = linprog(cost, bounds=np.column_stack([low, high]), method="highs", **known)
            if answer.status != 0:
                break
            corners.append(answer.x)
        return np.array(corners)

    def directions(self, function, centres, random):
        """Centres, and own directions (k, n) from them: of negative curvature, along one or two variables, anywhere."""
        count, size = len(centres), len(self.own)
        for some in (centres[:_FEW], centres):
            for sign in _signs(function):
                bent = self._bent(function, sign, some)
                if bent is not None:
                    yield some, bent
        if self.free is not None:
            yield centres, random.standard_normal((count, self.free.shape[1])) @ self.free.T
            return
        width = np.array([high - low for low, high in (_window(*self.box.of(v), _REACHES[0]) for v in self.own)])
        few = random.standard_normal((count, size)) * width
        few[random.random((count, size)) > 1.5 / size] = 0.0
        yield centres, few
        yield centres, random.standard_normal((count, size)) * width

    def _bent(self, function, sign, centres):
        """The direction in which sign · function bends down most, at each centre; None where that is not computed."""
        ids = {id(v) for v in self.own}
        repn = generate_standard_repn(function.body, compute_values=True, quadratic=True)
        if repn.nonlinear_expr is None:
            return self._bent_form({pair: sign * value for pair, value in own_quadratic(repn, ids).items()}, len(centres))
        moving = [v for v in identify_variables(function.body, include_fixed=False) if id(v) in ids]
        entries = second_derivatives(function.body, moving) if len(moving) <= MOST_VARIABLES else None
        if not entries:
            return None
        place = {id(v): k for k, v in enumerate(self.own)}
        columns = [place[id(v)] for v in moving]
        hessian = np.zeros((len(centres), len(moving), len(moving)))
        for (i, j), entry in entries.items():
            hessian[:, i, j] = hessian[:, j, i] = sign * evaluate(entry, self._points(centres))[0]
        hessian[~np.isfinite(hessian).all(axis=(1, 2))] = 0.0
        basis = np.eye(len(self.own))[:, columns] if self.free is None else self.free
        inside = basis[columns]
        bends, vectors = np.linalg.eigh(inside.T @ hessian @ inside)
        return np.where(bends[:, :1] < 0, vectors[:, :, 0], 0.0) @ basis.T

    def _bent_form(self, entries, count):
        if not entries:
            return None
        names, diagonal, rows, columns, values = as_arrays(entries)
        place = {id(v): k for k, v in enumerate(self.own)}
        columns_of = [place[name] for name in names]
        direction = np.zeros(len(self.own))
        if self.free is None:
            found = definiteness(diagonal, rows, columns, values).direction
            if found is None:
                return None
            direction[columns_of] = found
        else:
            form = np.diag(diagonal)
            form[rows, columns] = form[columns, rows] = values
            inside = self.free[columns_of]
            direction = self.free @ np.linalg.eigh(inside.T @ form @ inside)[1][:, 0]
        return np.tile(direction, (count, 1))

    def look(self, function, centres, directions, reach):
        """The clearest witness among centres moved both ways along directions."""
        size = len(self.own)
        moves = np.zeros_like(centres)
        moves[:, :size] = directions
        length = self._room(centres, moves, reach)
        keep = (length > 0) & np.isfinite(length) & moves.any(axis=1)
        if not keep.any():
            return None
        centres, moves, length = centres[keep], moves[keep], length[keep]
        middle = np.tile(centres, (len(_STEPS), 1))
        moves = np.concatenate([moves * (step * length)[:, None] for step in _STEPS])
        first, second = middle + moves, middle - moves
        noise = self._noise(middle)
        values, errors = self._value(function, np.concatenate([first, second, middle]), noise)
        a, b, value = np.split(values, 3)
        slack, slack_too, error = np.split(errors, 3)
        allowed = self._feasible(first, noise) & self._feasible(second, noise)
        if function.is_row:
            over, under = value - function.high, function.low - value
            inside = (np.maximum(a, b) <= function.high) & (np.minimum(a, b) >= function.low)
            excess, limit = np.maximum(over, under), np.where(over > under, function.high, function.low)
            allowed &= inside
        else:
            allowed &= self._feasible(middle, noise)
            limit = (a + b) / 2
            excess, error = function.sign * (value - limit), error + (slack + slack_too) / 2
        doubt = _SURE * error + _SEEN * np.ptp(np.nan_to_num(values, posinf=0.0, neginf=0.0)) + np.finfo(float).tiny
        clear = np.where(allowed & np.isfinite(excess), excess / doubt, 0.0)
        best = int(np.argmax(clear))
        if not clear[best] > 1:
            return None
        return self._witness(function, first[best], second[best], float(value[best]), float(limit[best]))

    def _witness(self, function, first, second, value, limit):
        size = len(self.own)
        named = [[(v.name, float(x)) for v, x in zip(self.variables, point, strict=True)] for point in (first, second)]
        return Witness(
            function.name,
            "a convex set" if function.is_row else "convex" if function.sign > 0 else "concave",
            dict(named[0][:size]),
            dict(named[1][:size]),
            dict(named[0][size:]),
            value,
            limit,
            ">" if value > limit else "<",
        )

    def _room(self, centres, moves, reach):
        """How far each centre can move both ways inside the box and the affine inequalities."""
        low, high = np.array([self.box.of(v) for v in self.variables]).T
        A, b = self.inequalities
        with np.errstate(all="ignore"):
            room = np.minimum(high - centres, centres - low) / np.abs(moves)
            room = np.where(moves == 0, inf, room).min(axis=1)
            if A.shape[0]:
                slope = np.abs(moves @ A.T)
                room = np.minimum(room, np.where(slope < 1e-12, inf, (b - centres @ A.T) / slope).min(axis=1))
        length = np.linalg.norm(moves, axis=1)
        return np.where(np.isinf(room), reach / np.where(length > 0, length, 1.0), room)

    def _noise(self, points):
        """How far from exact the points are: rounding, and what is missing in the equalities."""
        A, b = self.equalities
        noise = np.finfo(float).eps
        if A.shape[0]:
            noise += np.abs(points @ A.T - b).max() / max(np.abs(A).max(), 1e-9)
        return noise

    def _points(self, points):
        return {id(v): points[:, k] for k, v in enumerate(self.variables)}

    def _value(self, function, points, noise):
        value, error = evaluate(function.body, self._points(points), noise)
        return np.broadcast_to(value, len(points)), np.broadcast_to(error, len(points))

    def _feasible(self, points, noise):
        low, high = np.array([self.box.of(v) for v in self.variables]).T
        allowed = ((points >= low) & (points <= high)).all(axis=1)
        A, b = self.inequalities
        if A.shape[0]:
            rounding = 4 * noise * (np.abs(points) @ np.abs(A).T + np.abs(b))
            allowed &= (points @ A.T + rounding <= b).all(axis=1)
        for row in self.curved:
            value, error = self._value(row, points, noise)
            allowed &= (value + error <= row.high) & (value - error >= row.low)
        return allowed


def _matrix(rows, place):
    """The sparse matrix and the right-hand side of rows (AffineRow, sign, bound)."""
    from scipy.sparse import csr_array

    entries = [(k, place[id(v)], sign * c) for k, (row, sign, _) in enumerate(rows) for c, v in zip(row.coefficients, row.variables, strict=True)]
    i, j, values = zip(*entries, strict=True) if entries else ((), (), ())
    shape = (len(rows), len(place))
    return csr_array((np.array(values, dtype=float), (i, j)), shape=shape), np.array([bound for *_, bound in rows], dtype=float)


def _window(low, high, reach):
    """A finite interval to draw from."""
    if low == -inf and high == inf:
        return -reach, reach
    return (high - reach if low == -inf else low), (low + reach if high == inf else high)


def _signs(function):
    if not function.is_row:
        return (function.sign,)
    return tuple(sign for sign, bound in ((1, function.high), (-1, function.low)) if isfinite(bound))


def _listed(values):
    shown = list(values.items())[:4]
    more = ", …" if len(values) > len(shown) else ""
    return ", ".join(f"{name} = {value:.6g}" for name, value in shown) + more
