"""Strong duality of linear and convex quadratic followers: the gap as an expression, and products it takes from the leader.

On a follower's stationarity and equality rows its duality gap Σ multiplier · slack equals ``∇f(y)·y`` plus each multiplier
times the part of its row that the follower does not decide: products of a multiplier with the follower's own variables
cancel. The gap is zero at every best answer, so any multiple of it may be added to the leader's objective there. Where the
leader's products (a price times a quantity) are a multiple of the gap's, that removes them: what a mixed-integer linear
solver, or a spatial search, then sees is linear (Garcés, Conejo, García-Bertrand & Romero 2009, among many).
"""

from __future__ import annotations

from types import MappingProxyType

import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

from .complementarity import Pair
from .followers import Follower, Program


def duality_gap(pairs: list[Pair]):
    """Σ left · right of one follower's pairs, on its stationarity and equality rows, with as few products as there can be.

    Where the expansion is not quadratic, and for pairs that are no follower's, the sum as it stands.
    """
    gap = sum(pair.left * pair.right for pair in pairs)
    kkt = pairs[0].kkt
    if kkt is None:
        return gap
    follower = kkt.parent_block()
    zero = [follower.find_component(name) * row.body for name, row in kkt.stationarity.items()]
    for name in kkt.nu:
        row = follower.find_component(name)
        body = row.body if row.ctype is pyo.Constraint else row
        zero.append(-kkt.nu[name] * (body - row.upper))
    short = _collected(gap + sum(zero))
    return gap if short is None else short


def _collected(expression, stands_for=MappingProxyType({})):
    """A quadratic expression with equal terms added up and those that cancel left out; None for any other."""
    repn = generate_standard_repn(expression, quadratic=True)
    if repn.nonlinear_expr is not None:
        return None
    keep = 1e-13 * max(map(abs, (*repn.linear_coefs, *repn.quadratic_coefs)), default=1.0)  # the rest of what cancels
    linear = [a * v for a, v in zip(repn.linear_coefs, repn.linear_vars, strict=True) if abs(a) > keep]
    products = [a * v * w for a, (v, w) in _products(expression, stands_for).values() if abs(a) > keep]
    return pyo.quicksum(linear) + pyo.quicksum(products) + repn.constant


def leader_without_products(program: Program, pairs: list[Pair]):
    """The leader's objective less multiples of followers' duality gaps that remove its products; None where none do.

    Exact wherever every follower answers optimally. Products with a variable that stands for a multiplier
    (``multiplier_of``) count as products with that multiplier.
    """
    if program.leader is None or program.leader.polynomial_degree() != 2:
        return None
    stands_for = _stands_for(program)
    expression, found = program.leader.expr, False
    leader = _products(expression, stands_for)
    factors = {key for product in leader for key in product}
    groups: dict[int, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(id(pair.kkt), []).append(pair)
    for follower in program.followers:
        kkt = follower.block.kkt
        own_pairs = groups.get(id(kkt))
        if not own_pairs or kkt.component("stationarity") is None:
            continue
        priced = (*follower.variables, *kkt.nu.values(), *kkt.mu_upper.values(), *kkt.mu_lower.values())
        if factors.isdisjoint(map(id, priced)):  # the leader has no product with this follower
            continue
        gap = duality_gap(own_pairs)
        if gap.polynomial_degree() not in (1, 2):
            continue
        multiple = _common_multiple(leader, _products(gap, stands_for), follower)
        if multiple is not None:
            expression, found = expression - multiple * gap, True
    return _collected(expression, stands_for) if found else None


def _stands_for(program: Program) -> dict[int, tuple[float, object]]:
    """Leader variable → ``(factor, multiplier)`` where it stands for a single one."""
    found = {}
    for follower in program.followers:
        links = follower.block.kkt.component("multiplier_of")
        for row in () if links is None else links.values():
            terms = generate_standard_repn(row.body)
            if len(terms.linear_vars) == 2:
                (a, variable), (b, multiplier) = zip(terms.linear_coefs, terms.linear_vars, strict=True)
                found[id(variable)] = -b / a, multiplier
    return found


def _products(expression, stands_for) -> dict[frozenset, tuple[float, tuple]]:
    """``{ids: (coefficient, variables)}`` of an expression's quadratic terms."""
    repn = generate_standard_repn(expression, quadratic=True)
    terms: dict[frozenset, tuple[float, tuple]] = {}
    for coefficient, factors in zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True):
        variables = []
        for variable in factors:
            factor, variable = stands_for.get(id(variable), (1.0, variable))
            coefficient, variables = coefficient * factor, [*variables, variable]
        key = frozenset(map(id, variables))
        terms[key] = terms.get(key, (0.0,))[0] + coefficient, tuple(variables)
    return terms


def _common_multiple(leader, gap, follower: Follower) -> float | None:
    """The number that the gap's products times it are the leader's; a follower's own curvature is no product."""
    own = {id(v) for v in follower.variables}
    crossing = {key: term for key, (term, _) in gap.items() if len(key) == 2 and not key <= own}
    ratios = [leader[key][0] / term if key in leader else 0.0 for key, term in crossing.items()]
    if not ratios or ratios[0] == 0.0 or max(ratios) - min(ratios) > 1e-9 * abs(ratios[0]):
        return None
    return ratios[0]
