"""objective + weight · Σ left · right: the exact ℓ1 penalty (Ralph & Wright 2004; Leyffer, López-Calva & Nocedal 2006)."""

from __future__ import annotations

import pyomo.environ as pyo

from .sides import keep_nonnegative


def penalty(block, pairs, weight: float = 10.0) -> None:
    """The leader's objective with the pairs' products in it; exact from a finite weight on, unlike a quadratic penalty.

    The leader's own Objective is deactivated. ``block.weight`` is a fixed Var: raise it until the products vanish.
    """
    keep_nonnegative(block, pairs)
    leader = next(block.model().component_data_objects(pyo.Objective, active=True, descend_into=False), None)
    block.weight = pyo.Var(initialize=weight, doc="price of every pair's product")
    block.weight.fix()
    if leader is not None:
        leader.deactivate()
    own = 0.0 if leader is None else (1 if leader.sense == pyo.minimize else -1) * leader.expr
    block.objective = pyo.Objective(expr=own + block.weight * sum(pair.left * pair.right for pair in pairs))
