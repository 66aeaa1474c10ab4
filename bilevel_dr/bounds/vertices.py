"""Ranges of the basic solutions of N ν + G λ + υ = r over a box of right-hand sides: vertices of a dual polyhedron.

The columns of N belong to equality rows, those of G to inequality rows, and υ holds one multiplier for each variable
that has bounds (unit columns). Where a multiplier vector exists, one exists whose nonzero λ and υ have columns that are
linearly independent of each other and of the independent ones among N (Carathéodory): the basic ones, of finitely many
bases.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import comb

import numpy as np
from scipy.linalg import qr

MOST_BASES = 5000
"""Bases up to which they are visited, of one connected part of one follower."""
_SINGULAR, _DOUBTFUL = 1e-13, 1e-9
_ENTRIES = 2_000_000
_WORK = 5e7


@dataclass(frozen=True)
class Ranges:
    """(n, 2) arrays of lower and upper ends; zero, for "not in the basis", lies in each range of λ and υ."""

    nu: np.ndarray
    general: np.ndarray
    unit: np.ndarray
    method: str
    count: int


def basic_ranges(N, G, has_unit, low, high, may_rise=None, may_fall=None, most: int = MOST_BASES) -> Ranges | str:
    """Ranges of ν, λ and υ over all basic solutions for right-hand sides within ``low ≤ r ≤ high``.

    Parameters
    ----------
    N : array (n, e)
    G : array (n, g)
        Columns scaled to largest entry 1 in absolute value.
    has_unit : bool array (n,)
        Rows that have a unit column.
    low, high : array (n,)
        Infinite ends are allowed.
    may_rise, may_fall : bool arrays (g + n,), optional
        Whether λ, then υ, may be positive or negative; bases that need what may not be are not feasible and left out.

    Returns
    -------
    Ranges or str
        A sentence where there is no range: more than ``most`` bases and no totally unimodular matrix, or rows so nearly
        dependent that their multipliers cannot be told.
    """
    rise = np.ones(sum(G.shape), bool) if may_rise is None else np.asarray(may_rise, bool)
    fall = np.ones(sum(G.shape), bool) if may_fall is None else np.asarray(may_fall, bool)
    try:
        return _ranges(N, G, has_unit, np.asarray(low, float), np.asarray(high, float), rise, fall, most)
    except _NearlyDependent:
        return "its rows are nearly dependent, their multipliers cannot be told from the data"


class _NearlyDependent(Exception):
    """Neither regular nor singular within rounding."""


def _ranges(N, G, has_unit, low, high, rise, fall, most) -> Ranges | str:
    n, g = G.shape
    independent = _independent(N)
    columns = np.hstack([N[:, independent], G])
    e = len(independent)
    with_unit = np.flatnonzero(has_unit)
    without = np.flatnonzero(~np.asarray(has_unit, bool))
    without = without[_independent(columns[without].T)]
    picks = [(s, e + s - len(without)) for s in range(g + 1) if 0 <= e + s - len(without) <= len(with_unit)]
    count = sum(comb(g, s) * comb(len(with_unit), pick) for s, pick in picks)
    if count > most or count * min(e + g, n) ** 3 > _WORK:
        if not totally_unimodular(columns):
            return f"too many bases to visit (at most {most}), and rows not recognised as totally unimodular"
        reach = _unimodular_reach(columns, np.maximum(np.abs(low), np.abs(high)))
        ends = np.tile([-reach, reach], (e + g + n, 1))
        nu = np.zeros((N.shape[1], 2))
        nu[independent] = ends[:e]
        return Ranges(nu, ends[e : e + g], ends[e + g :], "totally unimodular", 0)

    ends = np.zeros((e + g + n, 2))
    ends[:e] = np.inf, -np.inf
    system = _System(columns, e, with_unit, low, high, rise, fall, ends)
    for s, pick in picks:
        chosen = np.array(list(itertools.combinations(with_unit, pick)), int).reshape(comb(len(with_unit), pick), pick)
        rows = np.hstack([np.tile(without, (len(chosen), 1)), chosen])
        parts = np.array_split(rows, 1 + rows.size * n // _ENTRIES)
        for general in itertools.combinations(range(g), s):
            for part in parts:
                system.visit(part, [*range(e), *(e + k for k in general)])
    ends[np.isinf(ends[:, 0]) & (ends[:, 0] > 0)] = 0.0  # no basis is feasible: nor is the follower's dual
    nu = np.zeros((N.shape[1], 2))
    nu[independent] = ends[:e]
    return Ranges(nu, ends[e : e + g], ends[e + g :], f"{count} of them", count)


@dataclass
class _System:
    """What stays while bases are visited; ``ends`` collects the ranges of ν, λ and υ."""

    columns: np.ndarray
    e: int
    with_unit: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rise: np.ndarray
    fall: np.ndarray
    ends: np.ndarray

    def visit(self, rows, chosen) -> None:
        """The bases of these columns on sets of rows, unit columns on the rest."""
        basis = self.columns[rows][:, :, chosen]  # (bases, t, t)
        regular = np.linalg.det(basis) != 0.0
        rows, basis = rows[regular], basis[regular]
        inverse = np.linalg.inv(basis)
        if chosen:
            ratio = 1.0 / (np.linalg.norm(basis, axis=(1, 2)) * np.linalg.norm(inverse, axis=(1, 2)))
            if ((ratio > _SINGULAR) & (ratio < _DOUBTFUL)).any():
                raise _NearlyDependent
            rows, inverse = rows[ratio >= _DOUBTFUL], inverse[ratio >= _DOUBTFUL]
        if not len(rows):
            return
        low, high = self.low[rows], self.high[rows]
        least, most = _image(inverse, low, high)
        units = self.with_unit
        less, more = _image(-self.columns[units][:, chosen] @ inverse, low, high)
        inside = (units[None, :, None] == rows[:, None, :]).any(axis=2)  # a row of the basis has no unit column in it
        least = np.hstack([least, np.where(inside, 0.0, less + self.low[units])])
        most = np.hstack([most, np.where(inside, 0.0, more + self.high[units])])
        place = np.array([*chosen, *(self.ends.shape[0] - len(self.low) + units)], int)

        signed = place >= self.e  # an equality's multiplier has any sign
        rise, fall = np.ones(len(place), bool), np.ones(len(place), bool)
        rise[signed], fall[signed] = self.rise[place[signed] - self.e], self.fall[place[signed] - self.e]
        data = np.concatenate([self.low, self.high])
        small = 1e-9 * (1.0 + np.abs(data[np.isfinite(data)]).max(initial=0.0))
        feasible = ~((~rise & (least > small)) | (~fall & (most < -small))).any(axis=1)
        if feasible.any():
            self.ends[place, 0] = np.minimum(self.ends[place, 0], least[feasible].min(axis=0))
            self.ends[place, 1] = np.maximum(self.ends[place, 1], most[feasible].max(axis=0))


def _image(weight, low, high):
    """Intervals of weight @ r for stacks of matrices and boxes; an infinite end counts where its weight is not zero."""
    weight = np.where(np.abs(weight) < 1e-12, 0.0, weight)
    positive, negative = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
    ends = []
    for one, other, sign in ((low, high, -1.0), (high, low, 1.0)):
        finite = [np.where(np.isinf(end), 0.0, end)[..., None] for end in (one, other)]
        absent = [np.isinf(end)[..., None].astype(float) for end in (one, other)]
        number = (positive @ finite[0] + negative @ finite[1])[..., 0]
        ends.append(np.where((positive @ absent[0] - negative @ absent[1])[..., 0] > 0, sign * np.inf, number))
    return ends


def _independent(matrix) -> np.ndarray:
    """Positions of columns that are linearly independent and span all of them."""
    if not matrix.size:
        return np.zeros(0, int)
    _, triangle, order = qr(matrix, mode="economic", pivoting=True)
    ratio = np.abs(np.diag(triangle)) / max(np.abs(triangle[0, 0]), np.finfo(float).tiny)
    if ((ratio > _SINGULAR) & (ratio < _DOUBTFUL)).any():
        raise _NearlyDependent
    return np.sort(order[: int((ratio >= _DOUBTFUL).sum())])


def _unimodular_reach(matrix, size) -> float:
    """The largest |multiplier|: each is a sum of right-hand sides with weights 0 and ±1.

    In a network (rows with two entries are arcs between the columns, rows with one lead to the ground) the weights lie
    on a simple path or cycle, which meets the ground at most twice.
    """
    entries = (matrix != 0).sum(axis=1)
    if (entries <= 2).all() and _splits(matrix[entries == 2].T):
        return float(size[entries == 2].sum() + np.sort(size[entries < 2])[-2:].sum())
    return float(size.sum())


def totally_unimodular(matrix) -> bool:
    """Whether every square submatrix is proved to have determinant 0 or ±1; False where not recognised.

    Recognised: at most two entries in each column with rows that split in two so that equal signs are apart and
    opposite ones together (Heller & Tompkins 1956: networks, bipartite graphs), consecutive ones in each column, and
    the transposes; rows and columns with a single entry do not matter.
    """
    matrix = np.asarray(matrix, float)
    if not np.isin(matrix, (-1.0, 0.0, 1.0)).all():
        return False
    while matrix.size:
        keep_columns = (matrix != 0).sum(axis=0) > 1
        matrix, size = matrix[:, keep_columns], matrix.size
        matrix = matrix[(matrix != 0).sum(axis=1) > 1]
        if matrix.size == size:
            break
    return not matrix.size or any(_splits(a) or _consecutive(a) for a in (matrix, matrix.T))


def _splits(matrix) -> bool:
    if ((matrix != 0).sum(axis=0) > 2).any():
        return False
    colour: dict[int, int] = {}
    neighbours: dict[int, list] = {i: [] for i in range(len(matrix))}
    for column in matrix.T:
        i, j = np.flatnonzero(column)
        other = int(column[i] == column[j])
        neighbours[i].append((j, other))
        neighbours[j].append((i, other))
    for root in neighbours:
        stack = [] if root in colour else [root]
        colour.setdefault(root, 0)
        while stack:
            i = stack.pop()
            for j, other in neighbours[i]:
                if j not in colour:
                    colour[j] = colour[i] ^ other
                    stack.append(j)
                elif colour[j] != colour[i] ^ other:
                    return False
    return True


def _consecutive(matrix) -> bool:
    """Each column's entries, of one sign, in one run."""
    for column in matrix.T:
        places = np.flatnonzero(column)
        if places[-1] - places[0] + 1 != len(places) or np.ptp(column[places]):
            return False
    return True
