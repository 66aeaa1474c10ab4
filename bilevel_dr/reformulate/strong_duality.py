"""Primal objective ≤ dual objective: one row a follower instead of one a pair (Garcia-Herreros et al. 2016, among many)."""

from __future__ import annotations

import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

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
    gaps = [_gap(group) for group in groups.values()]
    block.gap = pyo.Constraint(range(len(gaps)), rule=lambda b, i: (None, gaps[i] - b.epsilon, 0.0))


def _gap(pairs):
    gap = sum(pair.left * pair.right for pair in pairs)
    kkt = pairs[0].kkt
    if kkt is None:
        return gap
    follower = kkt.parent_block()
    zero = [follower.find_component(name) * row.body for name, row in kkt.stationarity.items()]
    for name in kkt.nu:
        row = follower.find_component(name)
        if row.ctype is pyo.Constraint:
            zero.append(-kkt.nu[name] * (row.body - row.upper))
        else:
            zero.append(-kkt.nu[name] * (row - row.upper))
    repn = generate_standard_repn(gap + sum(zero), quadratic=True)
    if repn.nonlinear_expr is not None:
        return gap
    largest = max(map(abs, (*repn.linear_coefs, *repn.quadratic_coefs)), default=1.0)
    keep = 1e-13 * largest  # what remains of terms that cancel
    linear = [a * v for a, v in zip(repn.linear_coefs, repn.linear_vars, strict=True) if abs(a) > keep]
    products = [a * v * w for a, (v, w) in zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True) if abs(a) > keep]
    return sum(linear) + sum(products) + repn.constant
