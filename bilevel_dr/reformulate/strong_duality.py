"""Primal objective ≤ dual objective: one row a follower instead of one a pair (Garcia-Herreros et al. 2016, among many)."""

from __future__ import annotations

import pyomo.environ as pyo

from ..duality import duality_gap
from .sides import keep_nonnegative


def strong_duality(block, pairs, epsilon: float = 0.0) -> None:
    """For each follower, the duality gap Σ multiplier · slack ≤ epsilon, written with as few products as there can be.

    On the stationarity rows the gap equals ``∇f(y)·y`` plus each multiplier times the part of its row that the follower
    does not decide: products of a multiplier with the follower's own variables cancel. What is left is linear for a linear
    follower whose costs and bounds are data, bilinear where the leader moves them, convex quadratic for a convex quadratic
    follower. Where that expansion is not quadratic, and for complementarities that are no follower's, the sum of the
    products is used as it stands.
    """
    keep_nonnegative(block, pairs)
    block.epsilon = pyo.Var(initialize=epsilon, doc="duality gap allowed")
    block.epsilon.fix()
    groups: dict[int, list] = {}
    for pair in pairs:
        groups.setdefault(id(pair.kkt), []).append(pair)
    gaps = [duality_gap(group) for group in groups.values()]
    block.gap = pyo.Constraint(range(len(gaps)), rule=lambda b, i: (None, gaps[i] - b.epsilon, 0.0))
