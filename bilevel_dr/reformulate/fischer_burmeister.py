"""left + right = √(left² + right² + 2ε): the smoothed Fischer–Burmeister function (Facchinei, Jiang & Qi 1999)."""

from __future__ import annotations

import pyomo.environ as pyo


def fischer_burmeister(block, pairs, epsilon: float = 1e-10) -> None:
    """Nonlinear equations whose solutions have both sides positive and ``left · right = epsilon``.

    ``block.epsilon`` is a fixed Var, as in :func:`~bilevel_dr.reformulate.scholtes.scholtes`.
    """
    block.epsilon = pyo.Var(initialize=epsilon, doc="product of the two sides of every pair")
    block.epsilon.fix()
    block.row = pyo.Constraint(
        range(len(pairs)),
        rule=lambda b, i: (
            pairs[i].left + pairs[i].right - pyo.sqrt(pairs[i].left ** 2 + pairs[i].right ** 2 + 2 * b.epsilon) == 0
        ),
    )
