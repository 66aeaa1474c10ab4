"""At most one side of a pair is nonzero: SOS1 sets, exact and free of any M (Siddiqui & Gabriel 2013)."""

from __future__ import annotations

import pyomo.environ as pyo

from .sides import as_variables, keep_present


def sos1(block, pairs) -> None:
    """A special ordered set of type 1 over the two sides of every pair; needs a solver that knows SOS (SCIP, Gurobi)."""
    sides = as_variables(block, pairs)
    keep_present(block, pairs, sides)
    block.set = pyo.SOSConstraint(range(len(sides)), rule=lambda _, i: (list(sides[i]), [1, 2]), sos=1)
