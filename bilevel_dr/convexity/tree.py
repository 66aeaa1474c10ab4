"""Walking a Pyomo expression from its leaves to its root, without recursion and without changing it."""

from __future__ import annotations

import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import (
    DivisionExpression,
    NegationExpression,
    PowExpression,
    ProductExpression,
    SumExpression,
    UnaryFunctionExpression,
)
from pyomo.core.expr.numvalue import native_numeric_types

_KINDS = (
    (SumExpression, "sum"),
    (ProductExpression, "product"),
    (DivisionExpression, "division"),
    (PowExpression, "power"),
    (NegationExpression, "negation"),
    (UnaryFunctionExpression, "unary"),
)
_kind_of: dict[type, str] = {}


def fold(root, number, variable, operator):
    """The value of an expression, given those of its leaves.

    Parameters
    ----------
    root : expression or number
    number, variable : callable
        ``number(float)`` for all that is constant (Params and fixed variables too), ``variable(VarData)`` for the rest.
    operator : callable
        ``operator(kind, node, values)`` with ``kind`` one of ``sum, product, division, power, negation, unary, named``
        and ``other``, and the values of ``node.args``; called once for a sub-expression that occurs several times.
    """

    def leaf(node):
        if node.__class__ in native_numeric_types:
            return number(node)
        if node.is_potentially_variable():
            if node.is_expression_type():
                return None
            if not node.fixed:
                return variable(node)
        return number(pyo.value(node))

    value = leaf(root)
    if value is not None:
        return value
    done = {}
    stack = [(root, None)]
    while stack:
        node, values = stack.pop()
        if values is None:
            if id(node) in done:
                continue
            args = node.args
            values = [leaf(arg) for arg in args]
            waiting = [arg for arg, value in zip(args, values, strict=True) if value is None and id(arg) not in done]
            if waiting:
                stack.append((node, values))
                stack.extend([(arg, None) for arg in waiting])
                continue
        values = [done[id(arg)] if value is None else value for arg, value in zip(node.args, values, strict=True)]
        done[id(node)] = operator(kind_of(node), node, values)
    return done[id(root)]


def kind_of(node) -> str:
    """What an operator node does, whatever subclass of Pyomo's it is."""
    cls = node.__class__
    if cls not in _kind_of:
        named = "named" if node.is_named_expression_type() else "other"
        _kind_of[cls] = next((kind for base, kind in _KINDS if issubclass(cls, base)), named)
    return _kind_of[cls]
