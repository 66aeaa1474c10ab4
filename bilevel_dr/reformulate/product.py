"""left · right ≤ 0: the pairs as they stand, without relaxation (Wächter & Biegler's solver sees a degenerate row)."""

from __future__ import annotations

import pyomo.environ as pyo

from .sides import keep_nonnegative


def product(block, pairs) -> None:
    """Nonlinear rows ``left · right ≤ 0``; no constraint qualification holds at any feasible point, so solvers may stall."""
    keep_nonnegative(block, pairs)
    block.row = pyo.Constraint(range(len(pairs)), rule=lambda _, i: (None, pairs[i].left * pairs[i].right, 0.0))
