"""mu > 0 puts its side and the multipliers it excludes at zero: each stationarity row then gives its largest value."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from .relaxation import Relaxation, implied

LONGEST_ROW = 400
"""Terms of a stationarity row up to which its multipliers are bounded one by one; the work grows with the square."""


class SingleRows:
    """Every multiplier in every stationarity row, as flat arrays made once.

    An *entry* is one multiplier in one row. ``of`` is the entry of each of the other terms, ``column`` its variable,
    ``low`` and ``high`` its coefficient, ``place`` its position in the linear form of the slack, −1 where it is not in.
    """

    def __init__(self, relaxation: Relaxation, rows, slack: dict, exclusive: dict):
        self.box = relaxation
        self.sides = [k for k, form in slack.items() if form.is_linear]
        self.matrix = relaxation.stack([slack[k] for k in self.sides])
        self.at_zero = -np.array([slack[k].constant for k in self.sides])
        self.local = defaultdict(dict)
        for k, start in zip(self.sides, self.matrix.indptr.tolist(), strict=False):
            self.local[k] = {j: start + i for i, j in enumerate(slack[k].columns.tolist())}
        entries, terms, self.curved = [], [], []
        for row in rows:
            if len(row.columns) + len(row.others.columns) > LONGEST_ROW:
                continue
            others = zip(row.others.columns.tolist(), row.others.coefficients.tolist(), strict=True)
            fixed = [(j, a, a) for j, a in others]
            multipliers = list(zip(row.columns.tolist(), row.low.tolist(), row.high.tolist(), strict=True))
            for k, low, high in multipliers:
                if k not in slack or low <= 0.0 <= high:
                    continue
                if not row.others.is_linear:
                    self.curved.append((len(entries), k, row.others.curved))
                place, zero = self.local[k], exclusive[k]
                rest = fixed + [term for term in multipliers if term[0] != k and term[0] not in zero]
                terms += [(len(entries), j, a, b, place.get(j, -1)) for j, a, b in rest]
                entries.append((k, low if low > 0.0 else high, row.others.constant, row))
        self.rows = [row for *_, row in entries]
        self.multiplier = np.array([k for k, *_ in entries], int)
        self.scale, self.constant = (np.array([entry[i] for entry in entries], float) for i in (1, 2))
        self.of, self.column, self.place = (np.array([term[i] for term in terms], int) for i in (0, 1, 4))
        self.low, self.high = (np.array([term[i] for term in terms], float) for i in (2, 3))

    def tighten(self) -> bool:
        """Shrink the box of the multipliers once; whether it moved."""
        box, count = self.box, len(self.multiplier)
        low, high, never = self._at_zero()
        elsewhere = self.place < 0
        lower = np.where(elsewhere, box.lower[self.column], low[self.place])
        upper = np.where(elsewhere, box.upper[self.column], high[self.place])
        with np.errstate(invalid="ignore"):  # zero times infinity is zero
            ends = np.array([a * end for a in (self.low, self.high) for end in (lower, upper)])
        ends[np.isnan(ends)] = 0.0
        least = self.constant + np.bincount(self.of, ends.min(axis=0), count)
        most = self.constant + np.bincount(self.of, ends.max(axis=0), count)
        for entry, k, form in self.curved:
            part = box.interval(form, {j: (low[i], high[i]) for j, i in self.local[k].items()})
            least[entry] += part[0]
            most[entry] += part[1]
        highest = np.maximum(np.where(self.scale > 0.0, -least, most), 0.0) / np.abs(self.scale)
        highest[np.isin(self.multiplier, never)] = 0.0
        return box.improve(self.multiplier, np.full(count, -np.inf), highest, lambda entry: self.rows[entry])

    def _at_zero(self) -> tuple[np.ndarray, np.ndarray, list[int]]:
        """The box where a slack is zero, by entry of the slacks' matrix, and the multipliers whose slack cannot be."""
        box, columns, pointer = self.box, self.matrix.indices, self.matrix.indptr
        low, high = implied(self.matrix, self.at_zero, self.at_zero, box.lower, box.upper)
        low, high = np.maximum(low, box.lower[columns]), np.minimum(high, box.upper[columns])
        with np.errstate(invalid="ignore"):
            crossed = np.append(low - high > 1e-6 * (1.0 + np.abs(high)), False)
        of = np.repeat(np.arange(len(self.sides)), np.diff(pointer))
        never = [self.sides[i] for i in np.unique(of[crossed[:-1]])]
        return np.append(np.minimum(low, high), 0.0), np.append(np.maximum(low, high), 0.0), never
