"""One binary a pair: z = 1 → right = 0, z = 0 → left = 0, free of any M."""

from __future__ import annotations

import pyomo.environ as pyo

from .sides import as_variables, keep_present


def indicator(block, pairs) -> None:
    """Indicator constraints, stated as SOS1 sets of a binary and a side, which .nl and Pyomo's writers have rows for.

    A set {z, right} says that z = 1 makes right zero; SCIP gets each one as its own indicator constraint.
    """
    sides = as_variables(block, pairs)
    keep_present(block, pairs, sides)
    block.left_is_free = pyo.Var(range(len(pairs)), domain=pyo.Binary, doc="1: right is zero")
    block.right_is_free = pyo.Var(range(len(pairs)), domain=pyo.Binary, doc="1: left is zero")
    block.one_of_them = pyo.Constraint(range(len(pairs)), rule=lambda b, i: b.left_is_free[i] + b.right_is_free[i] == 1)
    block.right_is_zero = pyo.SOSConstraint(
        range(len(pairs)), rule=lambda b, i: ([b.left_is_free[i], sides[i][1]], [1, 2]), sos=1
    )
    block.left_is_zero = pyo.SOSConstraint(
        range(len(pairs)), rule=lambda b, i: ([b.right_is_free[i], sides[i][0]], [1, 2]), sos=1
    )
