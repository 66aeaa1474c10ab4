"""Where the variables of a follower can be: an interval each, tightened by affine rows."""

from __future__ import annotations

from itertools import accumulate
from math import inf

from pyomo.repn import generate_standard_repn

from .intervals import REALS, add, multiply

_SWEEPS = 3


class Box(dict):
    """``id(variable)`` → ``(low, high)``, filled from the variables' bounds as they are asked for."""

    def __init__(self, known=()):
        super().__init__(known)

    def of(self, variable):
        interval = self.get(id(variable))
        if interval is None:
            low, high = variable.bounds
            interval = self[id(variable)] = (-inf if low is None else low), (inf if high is None else high)
        return interval

    def tightened(self, rows) -> Box:
        """A smaller box that still holds every point of this one that satisfies the affine ones of ``rows``.

        Parameters
        ----------
        rows : iterable of AffineRow
        """
        box = Box(self)
        for _ in range(_SWEEPS):
            if not any([box._cut(row) for row in rows]):
                break
        return box

    def _cut(self, row) -> bool:
        terms = [multiply((c, c), self.of(v)) for c, v in zip(row.coefficients, row.variables, strict=True)]
        lows, highs = _rests([t[0] for t in terms]), _rests([t[1] for t in terms])
        cut = False
        for k, (c, v) in enumerate(zip(row.coefficients, row.variables, strict=True)):
            room = multiply(add((row.low, row.high), (-highs[k], -lows[k])), (1 / c, 1 / c))
            low, high = self.of(v)
            new = max(low, room[0]), min(high, room[1])
            if new != (low, high) and new[0] <= new[1]:
                self[id(v)], cut = new, True
        return cut


class AffineRow:
    """``low ≤ Σ coefficients · variables ≤ high`` with numbers for coefficients, fixed variables and Params put in."""

    def __init__(self, coefficients, variables, low, high):
        self.coefficients, self.variables, self.low, self.high = coefficients, variables, low, high

    @classmethod
    def read(cls, body, low, high):
        """The row as an AffineRow, or None where it is not affine in all its variables or says nothing."""
        repn = generate_standard_repn(body, compute_values=True, quadratic=False)
        terms = [(c, v) for c, v in zip(repn.linear_coefs, repn.linear_vars, strict=True) if c and (low, high) != REALS]
        if repn.nonlinear_expr is not None or not terms:
            return None
        coefficients, variables = zip(*terms, strict=True)
        return cls(coefficients, variables, low - repn.constant, high - repn.constant)


def _rests(values):
    """Σ of all values but the k-th, for each k; not by subtraction, which ∞ and large numbers spoil."""
    before = [0.0, *accumulate(values)]
    after = [0.0, *accumulate(reversed(values))]
    return [before[k] + after[len(values) - 1 - k] for k in range(len(values))]
