"""One binary a pair chooses the side that is zero: left ≤ M z, right ≤ M (1 − z) (Fortuny-Amat & McCarl 1981)."""

from __future__ import annotations

import pyomo.environ as pyo

from ..errors import ModelError
from .sides import as_variables


def big_m(block, pairs, M=None, M_slack=None, M_multiplier=None) -> None:
    """Mixed-integer rows; exact only where every M is a true bound.

    Parameters
    ----------
    M : sequence of (Bound, Bound), optional
        A bound of ``left`` and of ``right`` for each pair. By default they are derived here from the model, by
        :func:`bilevel_dr.bounds.side_bounds`.
    M_slack, M_multiplier : float or mapping of row name to float, optional
        For sides without a derived bound; not proved, so an answer that reaches one is not believed.

    Raises
    ------
    ModelError
        A pair one of whose sides has no finite bound; the message says what is missing.
    """
    from ..bounds import side_bounds

    M = side_bounds(block.model(), pairs, M_slack, M_multiplier) if M is None else M
    for pair, bounds in zip(pairs, M, strict=True):
        for bound, side in zip(bounds, ("multiplier", "slack"), strict=True):
            if not bound.value < float("inf"):
                raise ModelError(
                    f"{pair.name}: no finite M for its {side} ({bound.source}); "
                    f"bound it, give M_{side}=, or use reformulation='sos1'"
                )
    sides = as_variables(block, pairs)
    block.left_is_free = pyo.Var(range(len(pairs)), domain=pyo.Binary, doc="1: right is zero, 0: left is zero")
    block.left = pyo.Constraint(
        range(len(pairs)), rule=lambda b, i: (None, sides[i][0] - M[i][0].value * b.left_is_free[i], 0.0)
    )
    block.right = pyo.Constraint(
        range(len(pairs)),
        rule=lambda b, i: (None, sides[i][1] + M[i][1].value * b.left_is_free[i] - M[i][1].value, 0.0),
    )
