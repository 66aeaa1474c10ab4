"""Curvature of an expression in a follower's own variables, by the rules of composition; everybody else's are data.

Each node of the tree gets a :class:`Shape`: the interval of its values, its degree in the own variables and what is
known of its curvature for *every* value of the data. The rules are those of disciplined convex programming (M. Grant,
S. Boyd, Y. Ye 2006), and these, which find what is told there by hand:

- a product of powers c · Π gᵢ^aᵢ of nonnegative factors is convex where every aᵢ < 0, or where one is positive and
  Σ aᵢ ≥ 1; concave where every aᵢ > 0 and Σ aᵢ ≤ 1;
- a function whose square root is convex (a sum of squares, a semidefinite form) counts as a square in such a product:
  norms, quadratic over linear;
- logarithms of log-convex functions are convex (log Σ exp), of log-concave ones concave;
- u · (k log u − Σ kⱼ log vⱼ) with k ≥ Σ kⱼ ≥ 0 is convex (entropy, relative entropy);
- u · vᵖ and u · log v with v = k u + data are sums of powers or entropies of v (a share u / (u + data), a revenue);
- the quadratic terms of a sum are judged together, by their eigenvalues.
"""

from __future__ import annotations

from math import inf

import numpy as np
from pyomo.core.expr.numeric_expr import SumExpression
from pyomo.repn import generate_standard_repn

from .box import Box
from .definiteness import definiteness
from .functions import applied
from .intervals import add
from .products import added_lines, added_logs, product, raised, times
from .shapes import AFFINE, CONCAVE, CONVEX, DOWNWARD, LOG_CONVEX, NOTHING, ROOT_CONVEX, UPWARD, Shape, data, number
from .tree import fold


class Rules:
    """The shapes of expressions over one box; ``Rules(own, box).shape(expression)``.

    Parameters
    ----------
    own : set of int
        The ids of the follower's own variables.
    box : Box
        Where the own variables and the data can be.
    """

    def __init__(self, own, box: Box):
        self.own, self.box = own, box
        self._variables: dict[int, Shape] = {}

    def shape(self, expression) -> Shape:
        return fold(expression, number, self._variable, self._operator)

    def _variable(self, variable):
        shape = self._variables.get(id(variable))
        if shape is None:
            interval = self.box.of(variable)
            if id(variable) in self.own:
                shape = Shape(*interval, 1, AFFINE, single=id(variable), node=variable)
                shape.line = {id(variable): 1.0}, (0.0, 0.0)
            else:
                shape = data(interval)
            self._variables[id(variable)] = shape
        return shape

    def _operator(self, kind, node, shapes):
        match kind:
            case "product":
                return product([(shape, 1) for shape in shapes])
            case "sum":
                return self._sum(node, shapes)
            case "division":
                return product([(shapes[0], 1), (shapes[1], -1)])
            case "negation":
                return times((-1.0, -1.0), shapes[0])
            case "power":
                return raised(*shapes)
            case "unary" if node.getname() == "sqrt":
                return product([(shapes[0], 0.5)])
            case "unary":
                return applied(node.getname(), shapes[0])
            case "named":
                return shapes[0]
        return Shape(-inf, inf, inf if any(shape.degree for shape in shapes) else 0, 0)

    def _sum(self, node, shapes):
        low = high = 0.0
        degree, flags, moving = 0, CONVEX | CONCAVE | LOG_CONVEX | ROOT_CONVEX, []
        for shape in shapes:
            low, high = add((low, high), (shape.low, shape.high))
            flags &= shape.flags
            if shape.degree:
                degree = max(degree, shape.degree)
                moving.append(shape)
        if not moving:
            return data((low, high))
        strict = NOTHING
        if degree > 1 and flags & AFFINE:
            strict = NOTHING.union(*(shape.strict for shape in moving))
        elif degree > 1:
            flags, strict = self._quadratic_terms_together(node, shapes)
        if len(moving) == 1:
            flags |= moving[0].flags & (UPWARD | DOWNWARD)
        shape = Shape(low, high, degree, flags, strict, moving[0].single if len(moving) == 1 else None, node)
        if degree == 1:
            shape.line = added_lines(shapes)
        elif all(part.logs is not None for part in moving):
            shape.logs = added_logs(moving)
        return shape

    def _quadratic_terms_together(self, node, shapes):
        quadratic, flags, strict = [], CONVEX | CONCAVE | ROOT_CONVEX, NOTHING
        for term, shape in zip(node.args, shapes, strict=True):
            if shape.degree <= 2:
                quadratic.append(term)
            else:
                flags &= shape.flags
                strict |= shape.strict
        if not flags:
            return 0, NOTHING
        found, bent = self.quadratic(SumExpression(quadratic))
        return flags & found, strict | bent

    def quadratic(self, expression):
        """Flags and strict variables of a quadratic with constant coefficients; (0, …) where it is not one."""
        repn = generate_standard_repn(expression, compute_values=True, quadratic=True)
        if repn.nonlinear_expr is not None:
            return 0, NOTHING
        flags, strict = form_of(own_quadratic(repn, self.own))
        return (flags | ROOT_CONVEX if flags & CONVEX and _is_square(repn) else flags), strict


def own_quadratic(repn, own) -> dict:
    """The second derivatives ``{(id, id): number}`` of a quadratic in the own variables, each pair once."""
    entries: dict = {}
    for coefficient, (left, right) in zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True):
        i, j = id(left), id(right)
        if i in own and j in own and coefficient:
            pair = (i, j) if i <= j else (j, i)
            entries[pair] = entries.get(pair, 0.0) + (2 * coefficient if i == j else coefficient)
    return entries


def form_of(entries):
    """Flags of the quadratic form with these second derivatives, and the variables along which it bends strictly."""
    if all(i == j for i, j in entries):
        convex = all(value >= 0 for value in entries.values())
        concave = all(value <= 0 for value in entries.values())
        flags = (CONVEX if convex else 0) | (CONCAVE if concave else 0)
        return flags, frozenset(i for (i, _), value in entries.items() if value) if flags else NOTHING
    variables, *matrix = as_arrays(entries)
    form = definiteness(*matrix)
    flags = CONVEX if form.semidefinite else 0
    if not flags:
        diagonal, rows, columns, values = matrix
        form = definiteness(-diagonal, rows, columns, -values)
        flags = CONCAVE if form.semidefinite else 0
    return flags, frozenset(variables) if form.definite else NOTHING


def as_arrays(entries):
    """Variables, and the matrix as diagonal, rows, columns, values."""
    place: dict = {}
    for i, j in entries:
        place.setdefault(i, len(place)), place.setdefault(j, len(place))
    rows, columns = np.array([(place[i], place[j]) for i, j in entries]).T
    values = np.array(list(entries.values()), dtype=float)
    diagonal, on = np.zeros(len(place)), rows == columns
    diagonal[rows[on]] = values[on]
    return list(place), diagonal, rows[~on], columns[~on], values[~on]


def _is_square(repn):
    """Whether a quadratic is |A z + b|² + c with c ≥ 0 in all its variables z: its homogeneous form is semidefinite."""
    everybody = {id(v) for pair in repn.quadratic_vars for v in pair}
    entries = own_quadratic(repn, everybody)
    for value, variable in zip(repn.linear_coefs, repn.linear_vars, strict=True):
        entries[0, id(variable)] = value  # 0 stands for the 1 that makes it homogeneous
    entries[0, 0] = 2 * repn.constant
    return bool(form_of(entries)[0] & CONVEX)
