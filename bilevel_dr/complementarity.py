"""``pyomo.mpec`` complementarities, whatever their form, read as pairs ``left ≥ 0 ⟂ right ≥ 0``."""

from __future__ import annotations

from dataclasses import dataclass

import pyomo.environ as pyo
from pyomo.core.expr.numvalue import native_numeric_types
from pyomo.core.expr.relational_expr import EqualityExpression, InequalityExpression, RangedExpression
from pyomo.mpec import Complementarity

from .errors import ModelError


@dataclass(frozen=True)
class Pair:
    """``left ≥ 0 ⟂ right ≥ 0``, left being the multiplier where the pair is a follower's.

    ``kkt`` is the follower's Block of KKT conditions it comes from (the model's own rows then keep both sides nonnegative
    already), None for a complementarity of the user's.
    """

    name: str
    left: object
    right: object
    kkt: object = None

    @property
    def holds(self) -> bool:
        return self.kkt is not None

    def residual(self) -> float:
        """``min(|left|, |right|)`` at the current values."""
        return min(abs(pyo.value(self.left)), abs(pyo.value(self.right)))


def take_pairs(model) -> list[Pair]:
    """Read every active complementarity of a model as pairs and deactivate it.

    A double-bounded one ``l ≤ v ≤ u ⟂ F`` is split as ``F = p − n``, ``p ⟂ v − l``, ``n ⟂ u − v``; one with an equality is
    both its sides as rows. Rows and variables this takes are put on
    ``model.mpec.split``.

    Raises
    ------
    ModelError
        A complementarity whose two sides do not hold exactly two finite bounds.
    """
    pairs: list[Pair] = []
    for component in list(model.component_objects(Complementarity, active=True, descend_into=True)):
        kkt = component.parent_block() if getattr(component, "sides_hold", False) else None
        for data in list(component.values()):
            if not data.active:
                continue
            if kkt is not None:  # ours: both sides are written "0 <= side"
                pairs.append(Pair(data.name, data._args[0].arg(1), data._args[1].arg(1), kkt))
            else:
                pairs.extend(_read(model, data))
        component.deactivate()
    return pairs


def mpec_block(model):
    """The Block ``model.mpec`` that holds everything the reformulations add."""
    mpec = model.component("mpec")
    if mpec is None:
        model.mpec = mpec = pyo.Block(doc="rows of the complementarity reformulations")
    elif mpec.ctype is not pyo.Block:
        raise ModelError(
            f"{mpec.name}: a {mpec.ctype.__name__} in the place of the Block that holds the reformulations; rename it"
        )
    return mpec


def _read(model, data) -> list[Pair]:
    first, second = sides(data._args[0]), sides(data._args[1])
    if first[0] is None and first[2] is None:
        first, second = second, first
    if _is_equality(first) or _is_equality(second):  # nothing is left to choose: both sides hold as they stand
        split = _split_block(model, data)
        bounded = [side for side in (first, second) if side[0] is not None or side[2] is not None]
        split.side = pyo.Constraint(range(len(bounded)), rule=lambda _, i: bounded[i])
        return []
    finite = [bound is not None for bound in (first[0], first[2], second[0], second[2])]
    if sum(finite) != 2:
        raise ModelError(
            f"{data.name}: {sum(finite)} finite bounds in the complementarity; it needs exactly two, "
            "as in x >= 0 ⟂ y >= 0 or l <= x <= u ⟂ F"
        )
    if finite[0] and finite[1]:
        split = _split_block(model, data)
        split.positive = pyo.Var(domain=pyo.NonNegativeReals)
        split.negative = pyo.Var(domain=pyo.NonNegativeReals)
        split.parts = pyo.Constraint(expr=second[1] == split.positive - split.negative)
        return [
            Pair(f"{data.name}.lower", split.positive, first[1] - first[0]),
            Pair(f"{data.name}.upper", split.negative, first[2] - first[1]),
        ]
    return [Pair(data.name, _one_sided(first), _one_sided(second))]


def _one_sided(side):
    return side[1] - side[0] if side[2] is None else side[2] - side[1]


def _is_equality(side) -> bool:
    return side[0] is not None and side[0] is side[2]


def sides(expression) -> tuple:
    """``(lower, body, upper)`` of a relational expression, ``None`` where there is no bound."""
    if expression.__class__ is RangedExpression:
        return _finite(expression.args[0]), expression.args[1], _finite(expression.args[2])
    if expression.__class__ not in (InequalityExpression, EqualityExpression):
        return None, expression, None
    left, right = expression.args
    if _is_data(right):
        left, right, lower = right, left, False
    elif _is_data(left):
        lower = True
    else:
        left, right, lower = 0.0, right - left, True
    if expression.__class__ is EqualityExpression:
        return left, right, left
    return (_finite(left), right, None) if lower else (None, right, _finite(left))


def _finite(bound):
    """The bound, or None where it is infinite and so no bound."""
    return None if abs(pyo.value(bound)) == float("inf") else bound


def _is_data(expression) -> bool:
    return expression.__class__ in native_numeric_types or not expression.is_potentially_variable()


def _split_block(model, data):
    mpec = mpec_block(model)
    if mpec.component("split") is None:
        mpec.split = pyo.Block(pyo.Any)
    return mpec.split[data.name]
