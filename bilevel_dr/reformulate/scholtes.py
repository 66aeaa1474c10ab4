"""left · right ≤ ε: Scholtes' relaxation, driven to the pairs by ε → 0 (SIAM J. Optim. 11, 2001, 918–936)."""

from __future__ import annotations

import pyomo.environ as pyo

from .sides import keep_nonnegative


def scholtes(block, pairs, epsilon: float = 1e-8) -> None:
    """Nonlinear rows ``left · right ≤ epsilon``.

    ``block.epsilon`` is a fixed Var: a constant to every writer, and one that a built in-process solver can move between
    solves without building again. Change it with ``block.epsilon.fix(1e-4)``.
    """
    keep_nonnegative(block, pairs)
    block.epsilon = pyo.Var(initialize=epsilon, doc="relaxation of every pair's product")
    block.epsilon.fix()
    block.row = pyo.Constraint(
        range(len(pairs)), rule=lambda b, i: (None, pairs[i].left * pairs[i].right - b.epsilon, 0.0)
    )
