"""What every reformulation does with the two sides of its pairs: keep them nonnegative, or give them variables."""

from __future__ import annotations

import pyomo.environ as pyo


def keep_nonnegative(block, pairs) -> None:
    """``side ≥ 0`` for the sides that no row of the model keeps nonnegative yet, as ``block.nonnegative``."""
    sides = [
        side
        for pair in pairs
        if not pair.holds
        for side in (pair.left, pair.right)
        if not is_nonnegative_variable(side)
    ]
    if sides:
        block.nonnegative = pyo.Constraint(range(len(sides)), rule=lambda _, i: sides[i] >= 0)


def as_variables(block, pairs) -> list[tuple]:
    """One nonnegative variable a side: the side itself where it is one, else ``block.slack`` with ``slack = side``."""
    sides = [side for pair in pairs for side in (pair.left, pair.right)]
    plain = [is_nonnegative_variable(side) for side in sides]
    rows = [i for i, is_plain in enumerate(plain) if not is_plain]
    block.slack = pyo.Var(
        rows, domain=pyo.NonNegativeReals, initialize=lambda _, i: max(pyo.value(sides[i], exception=False) or 0.0, 0.0)
    )
    block.is_slack = pyo.Constraint(rows, rule=lambda b, i: b.slack[i] == sides[i])
    variables = [
        side if is_plain else block.slack[i] for i, (side, is_plain) in enumerate(zip(sides, plain, strict=True))
    ]
    return list(zip(variables[::2], variables[1::2], strict=True))


def keep_present(block, pairs, sides) -> None:
    """A row for each member of a set, its own lower bound: a solver's file has no column for a variable that is in none.

    A follower's variable that only its own linear objective holds is in no other row; its multiplier always is.
    """
    named = {
        id(v): v
        for pair, (left, right) in zip(pairs, sides, strict=True)
        for v in ((left, right) if pair.kkt is None else (right,))
        if v.parent_block() is not block
    }
    members = list(named.values())
    block.present = pyo.Constraint(range(len(members)), rule=lambda _, i: members[i] >= 0)


def is_nonnegative_variable(side) -> bool:
    """Whether a side is a variable whose own lower bound is zero (a greater one would make "side = 0" another row)."""
    return side.is_variable_type() and not side.fixed and side.lb == 0
