"""Basic solutions of the stationarity rows, one connected part at a time: bounds where several rows may bind."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from .relaxation import times
from .vertices import MOST_BASES, basic_ranges

MOST_BASES_OF_ALL = 4 * MOST_BASES
"""Bases visited in all the parts of a model together."""
MOST_ENTRIES = 4_000_000
"""Rows times multipliers of a part, as a dense matrix."""


def bound_by_basic_solutions(multipliers) -> None:
    """Tighten the box of the unread multipliers that the basic solutions of their part bound; explain the rest.

    Parts of a single row are left out where they are bounded: one row at a time is exact there.
    """
    box, left = multipliers.box, MOST_BASES_OF_ALL
    unread = [k for k in multipliers.gradient if k not in multipliers.read]
    edges = np.array([(r, i) for i, k in enumerate(unread) for r, _, _ in multipliers.gradient[k]], int).reshape(-1, 2)
    count = len(multipliers.rows)
    graph = sp.coo_array((np.ones(len(edges)), (edges[:, 0], count + edges[:, 1])), shape=(count + len(unread),) * 2)
    _, part = connected_components(graph, directed=False)
    order = np.argsort(part, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(part[order])) + 1):
        rows, columns = members[members < count], [unread[i - count] for i in members[members >= count]]
        if columns and (len(rows) > 1 or any(math.isinf(box.upper[k]) for k in columns if k in multipliers.slack)):
            left -= _Part(multipliers, rows.tolist(), columns).bound(min(MOST_BASES, left))


class _Part:
    """Some stationarity rows and the unread multipliers in them, all of them constant columns."""

    def __init__(self, multipliers, rows, columns):
        self.multipliers, self.rows, self.columns = multipliers, rows, columns
        self.at = {r: i for i, r in enumerate(rows)}
        self.equalities = [k for k in columns if k not in multipliers.slack]
        self.sides = [k for k in columns if k in multipliers.slack]
        self.name = multipliers.follower[columns[0]].name

    def bound(self, most: int) -> int:
        """Tighten the box; the number of bases this took."""
        gradient = self.multipliers.gradient
        if any(low != high for k in self.columns for _, low, high in gradient[k]):
            return self._explain(f"the rows of {self.name} have no constant coefficients, its dual no fixed vertices")
        if len(self.rows) * len(self.columns) > MOST_ENTRIES:
            return self._explain(f"the dual of {self.name} is too large to visit its vertices")
        n = len(self.rows)
        N = np.zeros((n, len(self.equalities)))
        for c, k in enumerate(self.equalities):
            where, entries = self._entries(k)
            N[where, c] = entries
        directions, G, place = {}, [], {}  # of sides with several variables; those with one have a unit column
        for k in self.sides:
            where, entries = self._entries(k)
            scale = entries[np.argmax(np.abs(entries))]
            if len(where) == 1:
                place[k] = True, where[0], scale
                continue
            key = tuple(where), tuple(entries / scale)
            if key not in directions:
                directions[key] = len(G)
                G.append(np.zeros(n))
                G[-1][where] = entries / scale
            place[k] = False, directions[key], scale
        rise, fall = np.zeros(len(G) + n, bool), np.zeros(len(G) + n, bool)
        for unit, i, scale in place.values():
            (rise if scale > 0.0 else fall)[i + len(G) * unit] = True
        G = np.column_stack([np.zeros((n, 0)), *G])
        low, high = self._right_hand_sides()
        found = basic_ranges(N, G, (rise | fall)[G.shape[1] :], low, high, rise, fall, most)
        if isinstance(found, str):
            return self._explain(f"the dual of {self.name}: {found}")
        source = f"vertices of the dual of {self.name} ({found.method})"
        for k, (least, greatest) in zip(self.equalities, found.nu, strict=True):
            self.multipliers.improve(k, greatest, source, least)
        for k, (unit, i, scale) in place.items():
            least, greatest = (found.unit if unit else found.general)[i]
            self.multipliers.improve(k, max(greatest / scale if scale > 0.0 else least / scale, 0.0), source)
        return found.count

    def _entries(self, k) -> tuple[list[int], np.ndarray]:
        entries = self.multipliers.gradient[k]
        return [self.at[r] for r, _, _ in entries], np.array([a for _, a, _ in entries])

    def _right_hand_sides(self) -> tuple[np.ndarray, np.ndarray]:
        """Intervals of −∇f and what the read multipliers add to it."""
        box, ends = self.multipliers.box, []
        for r in self.rows:
            row = self.multipliers.rows[r]
            low, high = box.interval(row.others)
            for j, a, b in zip(row.columns, row.low, row.high, strict=True):
                if j in self.multipliers.read:
                    corners = [times(u, v) for u in (a, b) for v in (box.lower[j], box.upper[j])]
                    low, high = low + min(corners), high + max(corners)
            ends.append((-high, -low))
        return tuple(np.array(ends).T)

    def _explain(self, reason: str) -> int:
        self.multipliers.reasons.update(dict.fromkeys(self.sides, reason))
        return 0
