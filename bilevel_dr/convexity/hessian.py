"""Convexity by second derivatives: symbolic by Pyomo, bounded by intervals over a box that is halved where need be."""

from __future__ import annotations

from itertools import product as sign_choices
from math import inf

import numpy as np
from pyomo.core.expr.calculus.diff_with_pyomo import DifferentiationException, reverse_sd
from pyomo.core.expr.numeric_expr import SumExpression
from pyomo.core.expr.visitor import identify_variables

from .box import Box
from .intervals import domain
from .rules import Rules
from .shapes import CONCAVE, CONVEX
from .tree import kind_of

MOST_VARIABLES = 24
_MOST_BOXES = 128
_VERTICES = 7  # up to this size 2^(n-1) vertices of an interval matrix are few


def second_derivatives(expression, variables):
    """``{(i, j): ∂²expression/∂vᵢ∂vⱼ}`` for i ≤ j, without the zero ones; None where Pyomo cannot differentiate."""
    entries = {}
    try:
        slopes = reverse_sd(expression)
        for i, variable in enumerate(variables):
            if _is_number(slopes.get(variable, 0)):
                continue
            bends = reverse_sd(slopes[variable])
            for j in range(i, len(variables)):
                entry = bends.get(variables[j], 0)
                if not (_is_number(entry) and entry == 0):
                    entries[i, j] = entry
    except (DifferentiationException, ArithmeticError, ValueError):  # also log(-1) of a constant base
        return None
    return entries


def bends(body, sense, rules) -> bool:
    """Whether sense · body is convex by the rules and, for the terms that they leave open, by second derivatives.

    Parameters
    ----------
    sense : int
        −1 asks for a concave body.
    rules : Rules
        Of the own variables, over the box that is meant.
    """
    terms, variables = _open_terms(body, CONVEX if sense > 0 else CONCAVE, rules)
    if not 0 < len(variables) <= MOST_VARIABLES or not defined(terms, rules):
        return False
    entries = second_derivatives(SumExpression(terms), variables)
    return entries is not None and convex_over(entries, len(variables), sense, rules.box)


def _open_terms(body, need, rules):
    """The terms of a sum that the rules do not show to bend as needed, and those others in the same variables alone."""
    while body.is_named_expression_type():
        body = body.arg(0)
    moved = []
    for term in body.args if kind_of(body) == "sum" else [body]:
        variables = [v for v in identify_variables(term, include_fixed=False) if id(v) in rules.own]
        if variables:
            moved.append((term, variables, rules.shape(term).flags & need))
    concerned = {id(v): v for _, variables, fine in moved if not fine for v in variables}
    terms = [term for term, variables, _ in moved if all(id(v) in concerned for v in variables)]
    return terms, list(concerned.values())


def defined(terms, rules) -> bool:
    """Whether terms are smooth all over the box, save perhaps at its border: else their domain may not be convex."""
    stack = list(terms)
    while stack:
        node = stack.pop()
        if not hasattr(node, "is_expression_type") or not node.is_expression_type():
            continue
        kind, args = kind_of(node), node.args
        if kind == "unary":
            allowed = rules.shape(args[0]).inside(*domain(node.getname()))
        elif kind == "division":
            allowed = _keeps_its_sign(rules.shape(args[1]))
        elif kind == "power":
            base, exponent = map(rules.shape, args)
            whole = exponent.low == exponent.high and exponent.low % 1 == 0
            allowed = (exponent.low >= 0 or _keeps_its_sign(base)) if whole else base.inside(0.0, inf)
        else:
            allowed = True
        if not allowed:
            return False
        stack.extend(args)
    return True


def _keeps_its_sign(shape) -> bool:
    return shape.inside(0.0, inf) or shape.inside(-inf, 0.0)


def convex_over(entries, size, sign, box: Box) -> bool:
    """Whether sign · H is positive semidefinite all over a box, proved by intervals.

    Parameters
    ----------
    entries : dict
        As :func:`second_derivatives` gives them, of ``size`` variables.
    sign : int
        −1 asks for a concave function.
    """
    variables = _varying(entries)
    boxes, seen = [box], 0
    while boxes:
        box, seen = boxes.pop(), seen + 1
        low, high = _interval_matrix(entries, size, sign, Rules(set(), box))
        if semidefinite(low, high):
            continue
        if seen + len(boxes) > _MOST_BOXES or not _semidefinite_in_the_middle(entries, size, sign, box, variables):
            return False
        halves = _halved(box, variables)
        if halves is None:
            return False
        boxes.extend(halves)
    return True


def semidefinite(low, high) -> bool:
    """Whether every symmetric matrix between two is positive semidefinite.

    Up to seven variables by the vertices that suffice (D. Hertz 1992), with a sign for each variable; beyond by the
    smallest eigenvalue of the middle less the largest radius, both scaled by the diagonal's lower ends.
    """
    size = len(low)
    diagonal = np.diag(low).copy()
    if not (diagonal >= 0).all():
        return False
    moving = np.flatnonzero((low != 0).any(axis=0) | (high != 0).any(axis=0))
    off = ~np.eye(size, dtype=bool)
    if not np.isfinite(low[off]).all() or not np.isfinite(high[off]).all():
        return False
    flat = diagonal[moving] == 0
    if flat.any():
        rows = moving[flat]
        if low[rows][off[rows]].any() or high[rows][off[rows]].any():
            return False
        moving = moving[~flat]
    if not len(moving):
        return True
    root = np.sqrt(np.minimum(diagonal[moving], np.finfo(float).max))
    weight, pick = np.outer(root, root), np.ix_(moving, moving)
    low, high = np.where(off, low, 0.0)[pick] / weight, np.where(off, high, 0.0)[pick] / weight
    middle, radius = np.eye(len(moving)) + (low + high) / 2, (high - low) / 2
    tolerance = 1e-13 * len(moving)
    if len(moving) > _VERTICES:
        return np.linalg.eigvalsh(middle)[0] - np.linalg.eigvalsh(radius)[-1] >= -tolerance
    signs = np.array(list(sign_choices([1.0, -1.0], repeat=len(moving) - 1)))
    signs = np.hstack([np.ones((len(signs), 1)), signs])
    vertices = middle - signs[:, :, None] * radius * signs[:, None, :]
    return bool(np.linalg.eigvalsh(vertices)[:, 0].min() >= -tolerance)


def _is_number(expression) -> bool:
    return isinstance(expression, int | float)


def _varying(entries):
    """The variables the second derivatives depend on, each once."""
    found = {}
    for entry in entries.values():
        if not _is_number(entry):
            found.update((id(v), v) for v in identify_variables(entry, include_fixed=False))
    return list(found.values())


def _interval_matrix(entries, size, sign, rules):
    low, high = np.zeros((size, size)), np.zeros((size, size))
    for (i, j), entry in entries.items():
        shape = rules.shape(entry)
        ends = (shape.low, shape.high) if sign > 0 else (-shape.high, -shape.low)
        low[i, j] = low[j, i] = ends[0]
        high[i, j] = high[j, i] = ends[1]
    return low, high


def _semidefinite_in_the_middle(entries, size, sign, box, variables):
    """False only where the middle of the box shows that halving is in vain."""
    point = Box(box)
    for variable in variables:
        middle = _middle(*box.of(variable))
        point[id(variable)] = middle, middle
    low, high = _interval_matrix(entries, size, sign, Rules(set(), point))
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return True
    middle = (low + high) / 2
    return np.linalg.eigvalsh(middle)[0] >= -1e-9 * max(1.0, np.abs(middle).max())


def _middle(low, high):
    if low == -inf and high == inf:
        return 0.0
    if high == inf:
        return max(2 * low, low + 1)
    if low == -inf:
        return min(2 * high, high - 1)
    return low / 2 + high / 2


def _halved(box, variables):
    """The box cut in two across its widest variable, or None where it is a point."""
    widths = [high - low for low, high in map(box.of, variables)]
    if not widths or max(widths) == 0:
        return None
    widest = variables[widths.index(max(widths))]
    low, high = box.of(widest)
    middle = _middle(low, high)
    left, right = Box(box), Box(box)
    left[id(widest)], right[id(widest)] = (low, middle), (middle, high)
    return left, right
