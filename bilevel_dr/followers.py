"""Who decides what: the leader, the followers, their variables and rows, read from an instance and checked.

A follower is a Block with its own active Objective and decides exactly the Vars declared on it (on its sub-blocks too).
Nothing here changes the instance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import pyomo.environ as pyo
from pyomo.core.base.block import BlockData
from pyomo.core.base.constraint import ConstraintData
from pyomo.core.base.objective import ObjectiveData
from pyomo.core.base.var import VarData
from pyomo.core.expr.numvalue import native_numeric_types
from pyomo.core.expr.visitor import identify_variables
from pyomo.gdp import Disjunct, Disjunction
from pyomo.mpec import Complementarity

from .errors import ModelError

_NOT_FOR_A_FOLLOWER = (pyo.SOSConstraint, Complementarity, Disjunction, Disjunct, pyo.LogicalConstraint)
_NOT_SMOOTH = frozenset({"abs", "ceil", "floor", "Expr_if", "min", "max"})
_NOT_DERIVED = frozenset({"sinh", "cosh", "tanh", "asinh", "acosh", "atanh"})


@dataclass(frozen=True)
class Follower:
    """One follower of an instance: its block, what it wants, what it decides, what binds it."""

    block: BlockData
    objective: ObjectiveData
    variables: tuple[VarData, ...]
    constraints: tuple[ConstraintData, ...]
    others: tuple[VarData, ...] = field(repr=False)
    """Unfixed variables in its rows that someone else decides: data to this follower."""

    @property
    def name(self) -> str:
        return self.block.name

    @property
    def sign(self) -> int:
        """+1 where it minimises, −1 where it maximises: ``sign · objective`` is what is minimised."""
        return 1 if self.objective.sense == pyo.minimize else -1


@dataclass(frozen=True)
class Program:
    """A bilevel program as read from an instance; without a leader the followers are the players of a game."""

    instance: BlockData
    leader: ObjectiveData | None
    followers: tuple[Follower, ...]
    leader_variables: tuple[VarData, ...]
    leader_constraints: tuple[ConstraintData, ...]

    @cached_property
    def variables(self) -> tuple[VarData, ...]:
        """Every variable of the instance, fixed ones too, in the order Pyomo lists them."""
        return tuple(declared_variables(self.instance))

    @cached_property
    def coupled(self) -> bool:
        """Whether any follower's rows hold a variable that another follower decides (a Nash game among followers)."""
        decided = {id(v): follower for follower in self.followers for v in follower.variables}
        return any(decided.get(id(v), follower) is not follower for follower in self.followers for v in follower.others)


def read(instance) -> Program:
    """Find the leader and the followers of an instance.

    Parameters
    ----------
    instance : ConcreteModel

    Returns
    -------
    Program

    Raises
    ------
    ModelError
        Two leader objectives, no follower, an integer or non-smooth follower, a follower inside a follower, a component
        a follower cannot have, a number that is not finite, a variable that is not on the model. The message names it.
    """
    if not isinstance(instance, BlockData):
        raise ModelError(f"a bilevel program is a Pyomo ConcreteModel, not {type(instance).__name__}")
    if not instance.is_constructed():
        raise ModelError(
            f"{instance.name}: an AbstractModel has no numbers yet; bilevel_dr.load(model, data) makes an instance of it"
        )
    leader, blocks = _objectives(instance)
    owner = {id(block): block for block, _ in blocks}
    inside = _owners(instance, owner)
    declared = list(declared_variables(instance))
    for variable in declared:
        _check_bounds(variable)
    known = {id(v) for v in declared}

    leader_variables = tuple(v for v in declared if inside(v) is None and not v.fixed)
    leader_constraints = []
    rows: dict[int, list[ConstraintData]] = {key: [] for key in owner}
    for constraint in instance.component_data_objects(pyo.Constraint, active=True, descend_into=(pyo.Block, Disjunct)):
        _check_bounds(constraint)
        block = inside(constraint)
        (leader_constraints if block is None else rows[id(block)]).append(constraint)
    for constraint in leader_constraints:
        scan(constraint, constraint.body, known)
    if leader is not None:
        scan(leader, leader.expr, known)
    followers = tuple(_follower(block, objective, rows[id(block)], known) for block, objective in blocks)
    return Program(instance, leader, followers, leader_variables, tuple(leader_constraints))


def declared_variables(block) -> Iterator[VarData]:
    """The variables declared on a block and its sub-blocks; a Reference to somebody else's is not a declaration."""
    for component in block.component_objects(pyo.Var, descend_into=True):
        if not component.is_reference():
            yield from component.values()


def _objectives(instance):
    top, blocks = [], {}
    for objective in instance.component_data_objects(pyo.Objective, active=True, descend_into=True):
        block = objective.parent_block()
        if block is instance:
            top.append(objective)
        elif id(block) in blocks:
            raise ModelError(
                f"{block.name}: two active objectives, {blocks[id(block)][1].local_name} and {objective.local_name}; "
                "a follower has one, deactivate the other"
            )
        else:
            blocks[id(block)] = (block, objective)
    if len(top) > 1:
        names = ", ".join(objective.name for objective in top)
        raise ModelError(
            f"{instance.name}: {len(top)} active leader objectives ({names}); a bilevel program has one, deactivate the rest"
        )
    if not blocks:
        raise ModelError(f"{instance.name}: no follower; a follower is a Block with its own active Objective")
    for block, _ in blocks.values():
        parent = block.parent_block()
        while parent is not None and parent is not instance:
            if id(parent) in blocks:
                raise ModelError(
                    f"{block.name}: a follower inside the follower {parent.name}; three levels are not a bilevel program"
                )
            parent = parent.parent_block()
    return (top[0] if top else None), list(blocks.values())


def _owners(instance, owner):
    """A function from a component data to the follower block it lies on, or None; memoised by parent block."""
    memo = {id(instance): None}

    def of_block(block):
        if block is None:
            return None
        key = id(block)
        if key not in memo:
            memo[key] = block if key in owner else of_block(block.parent_block())
        return memo[key]

    return lambda data: of_block(data.parent_block())


def _follower(block, objective, constraints, known) -> Follower:
    declared = list(declared_variables(block))
    if not declared:
        raise ModelError(f"{block.name}: a follower that decides nothing; declare its Vars on its Block")
    for variable in declared:
        if not variable.fixed and not variable.is_continuous():
            raise ModelError(
                f"{variable.name}: an integer follower variable (domain {variable.domain}); "
                "KKT conditions need continuous followers: relax it, fix it or move it to the leader"
            )
    for ctype in _NOT_FOR_A_FOLLOWER:
        for component in block.component_data_objects(ctype, active=True, descend_into=True):
            raise ModelError(
                f"{component.name}: a {ctype.__name__} in the follower {block.name}; a follower takes Var, Constraint, Objective"
            )
    own = {id(v) for v in declared}
    others: dict[int, VarData] = {}
    for row in (objective, *constraints):
        for variable in scan(row, row.expr if row is objective else row.body, known, own):
            if id(variable) not in own and not variable.fixed:
                others[id(variable)] = variable
    variables = tuple(v for v in declared if not v.fixed)
    return Follower(block, objective, variables, tuple(constraints), tuple(others.values()))


def _check_bounds(data) -> None:
    """Refuse bounds of a row or a variable that are NaN, missing a Param's value, or the wrong infinity."""
    try:
        _ = data.lb, data.ub  # Pyomo's own check
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise ModelError(
            f"{data.name}: {' '.join(str(error).split()).rstrip('.')}: give it a finite bound, or none"
        ) from error


def scan(row, expression, known, own=frozenset()) -> list[VarData]:
    """The variables of an expression, each once; refuses numbers that are not finite and variables from elsewhere.

    A NaN coefficient is called "optimal" by more than one solver, so it is stopped here and named. ``own`` are the ids of
    the variables in which the expression must be smooth.
    """
    found: dict[int, VarData] = {}
    stack = [expression]
    while stack:
        node = stack.pop()
        if node.__class__ in native_numeric_types:
            number = node
        elif not hasattr(node, "is_expression_type"):
            continue
        elif node.is_expression_type() and node.is_potentially_variable():
            kind = getattr(node, "getname", str)()
            if (kind in _NOT_SMOOTH or kind in _NOT_DERIVED) and any(
                id(v) in own for v in identify_variables(node, include_fixed=False)
            ):
                why = (
                    "is not differentiable: write it with inequalities"
                    if kind in _NOT_SMOOTH
                    else "has no derivative in Pyomo: write it with exp or log"
                )
                raise ModelError(f"{row.name}: {kind} {why}; KKT conditions need the follower's derivatives")
            stack.extend(node.args)
            continue
        elif node.is_variable_type():
            if id(node) not in known:
                raise ModelError(
                    f"{row.name}: variable {node.name} is not on the model; declare it there or on a follower's Block"
                )
            found[id(node)] = node
            number = node.value if node.fixed else 0.0
        else:
            number = _number(node)
        if number is None or not abs(number) < math.inf:
            raise ModelError(f"{row.name}: the number {number} (in {node}); every coefficient must be finite")
    return list(found.values())


def _number(data) -> float | None:
    """The value of a Param, or of an expression of Params; None where it has none that is real."""
    try:
        number = pyo.value(data, exception=False)
    except (ZeroDivisionError, OverflowError):
        return None
    return None if isinstance(number, complex) else number
