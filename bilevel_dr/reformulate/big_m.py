"""One binary a pair chooses the side that is zero: left ≤ M z, right ≤ M (1 − z) (Fortuny-Amat & McCarl 1981)."""

from __future__ import annotations

import pyomo.environ as pyo

from ..errors import ModelError
from .sides import as_variables


def big_m(block, pairs, M=None) -> None:
    """Mixed-integer rows; exact only where every M is a true bound.

    Parameters
    ----------
    M : sequence of (float, float), optional
        A bound of ``left`` and of ``right`` for each pair, as :func:`bilevel_dr.bounds.big_m_bounds` derives them. By
        default they are derived here from the model, and a pair without a bound is refused by name.

    Raises
    ------
    ModelError
        A pair one of whose sides has no finite bound.
    """
    from ..bounds import side_bounds

    if M is None:
        M = [(left.value, right.value) for left, right in side_bounds(block.model(), pairs)]
    for pair, (left, right) in zip(pairs, M, strict=True):
        if not (left < float("inf") and right < float("inf")):
            side = "multiplier" if not left < float("inf") else "slack"
            raise ModelError(
                f"{pair.name}: no finite M for its {side}; bound the variables in that row, give M_{side}=, or use reformulation='sos1'"
            )
    sides = as_variables(block, pairs)
    block.left_is_free = pyo.Var(range(len(pairs)), domain=pyo.Binary, doc="1: right is zero, 0: left is zero")
    block.left = pyo.Constraint(range(len(pairs)), rule=lambda b, i: (None, sides[i][0] - M[i][0] * b.left_is_free[i], 0.0))
    block.right = pyo.Constraint(range(len(pairs)), rule=lambda b, i: (None, sides[i][1] + M[i][1] * b.left_is_free[i] - M[i][1], 0.0))
