"""A follower's problem → its Karush–Kuhn–Tucker conditions, as components of ``follower.kkt``.

A follower ``min f(y)`` (``max f`` is read as ``min −f``; ``s`` is +1 or −1) has the Lagrangian ::

    L = s f + Σ nu (body − bound) + Σ mu_upper (body − upper) + Σ mu_lower (lower − body)

over its rows and the bounds of its variables, with ``mu ≥ 0``. What is added, every index being the row's or the
variable's own local name (``mu_upper["within_call"]``):

==========================  ==============================================================================
``stationarity``            ∂L/∂y = 0, one row per unfixed follower variable
``nu``                      multiplier of an equality row (or of a variable whose two bounds coincide), free
``mu_upper``, ``mu_lower``  multipliers of the finite sides of an inequality row or of a variable's bounds
``pair_upper``, ``..._lower``  ``pyomo.mpec.Complementarity``: mu ≥ 0 ⟂ slack ≥ 0
``multiplier_of``           leader variable = the multiplier it stands for (the Suffix of that name)
==========================  ==============================================================================

The rows themselves stay active on the follower's Block (primal feasibility); its Objective is deactivated. The leader's
and other followers' variables are data here. Mutable Params and fixed variables stay symbolic.

**Sign of a multiplier the leader sees**: the derivative of the follower's optimal value, in its own sense, with respect
to the row's bound, as Pyomo's ``dual`` suffix has it: ``s (mu_lower − mu_upper)``, or ``−s nu`` for an equality.

**Fritz John**: with a weight on the objective, ``L = w s f + …`` and ``w + Σ nu² + Σ mu = 1``, the conditions are necessary at
every best answer, whether or not a constraint qualification holds (F. John 1948; with equalities, Mangasarian & Fromovitz
1967). They are not sufficient where ``w`` may be zero, so only :mod:`bilevel_dr.value_function` asks for them.
"""

from __future__ import annotations

from collections.abc import Container

import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.core.expr.calculus.diff_with_pyomo import reverse_sd
from pyomo.core.expr.numvalue import native_numeric_types
from pyomo.core.expr.visitor import identify_variables
from pyomo.mpec import Complementarity, complements
from pyomo.repn import generate_standard_repn

from .errors import ModelError
from .followers import Follower, Program, read


def add_kkt(program: Program, weighted: Container[str] = ()) -> None:
    """Replace every follower's objective by its KKT conditions, in place.

    Parameters
    ----------
    program : Program
        As :func:`bilevel_dr.followers.read` gives it; its instance is changed.
    weighted : container of str
        Names of followers that get Fritz John conditions instead (``kkt.weight``, ``kkt.normalized``).

    Raises
    ------
    ModelError
        A follower that already has a component ``kkt``, or a ``multiplier_of`` entry that maps nothing.
    """
    for follower in program.followers:
        if follower.block.component("kkt") is not None:
            raise ModelError(f"{follower.name}: already has a component named kkt; transform a fresh instance")
    with PauseGC():  # nothing here is garbage, and looking for it takes longer than the rows
        for follower in program.followers:
            _add_to(follower, follower.name in weighted)
        _link_multipliers(program)


@pyo.TransformationFactory.register(
    "bilevel_dr.kkt", doc="Followers (Blocks with an Objective) → KKT conditions with pyomo.mpec pairs"
)
class KKT(pyo.Transformation):
    """``TransformationFactory("bilevel_dr.kkt").apply_to(instance)``."""

    def _apply_to(self, instance, **options):
        if options:
            raise ModelError(f"bilevel_dr.kkt: unknown option {next(iter(options))!r}; it takes none")
        add_kkt(read(instance))


def gradient(expression, own: set[int]) -> list[tuple]:
    """``(variable, ∂expression/∂variable)`` for the variables whose id is in ``own``; the derivatives stay symbolic.

    Linear and quadratic parts come from Pyomo's standard form, which keeps them as short as a hand would write them;
    only what is left is differentiated term by term.
    """
    repn = generate_standard_repn(expression, compute_values=False, quadratic=True)
    terms: dict[int, list] = {}
    found = {}

    def add(variable, derivative):
        if id(variable) in own:
            found[id(variable)] = variable
            terms.setdefault(id(variable), []).append(derivative)

    for coefficient, variable in zip(repn.linear_coefs, repn.linear_vars, strict=True):
        add(variable, coefficient)
    for coefficient, (left, right) in zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True):
        if left is right:
            add(left, 2 * coefficient * left)
        else:
            add(left, coefficient * right)
            add(right, coefficient * left)
    if repn.nonlinear_expr is not None:
        derivatives = reverse_sd(repn.nonlinear_expr)
        for variable in identify_variables(repn.nonlinear_expr, include_fixed=False):
            if id(variable) in own:
                add(variable, derivatives[variable])
    return [(found[key], sum(parts[1:], start=parts[0])) for key, parts in terms.items()]


def _add_to(follower: Follower, weighted: bool) -> None:
    block = follower.block
    kkt = block.kkt = pyo.Block(doc=f"KKT conditions of {follower.name}")
    own = {id(v) for v in follower.variables}
    lagrangian: dict[int, list] = {id(v): [] for v in follower.variables}
    weight = 1
    if weighted:
        weight = kkt.weight = pyo.Var(bounds=(0, 1), initialize=1.0, doc="Fritz John weight of the objective")
    for variable, derivative in gradient(follower.objective.expr, own):
        lagrangian[id(variable)].append(follower.sign * derivative * weight)

    equal, upper, lower = {}, {}, {}
    for row in follower.constraints:
        slope = gradient(row.body, own)
        if slope:  # a row without own variables only restricts the others: nothing to price
            _sort_row(
                row.local_name if row.parent_block() is block else row.getname(True, relative_to=block),
                row,
                slope,
                equal,
                upper,
                lower,
            )
    for variable in follower.variables:
        name = variable.getname(True, relative_to=block)
        _sort_row(name, _Bounds(variable), [(variable, 1)], equal, upper, lower)

    kkt.nu = pyo.Var(list(equal), initialize=0.0, doc="multipliers of equalities")
    kkt.mu_upper = pyo.Var(list(upper), domain=pyo.NonNegativeReals, initialize=0.0, doc="multipliers of upper sides")
    kkt.mu_lower = pyo.Var(list(lower), domain=pyo.NonNegativeReals, initialize=0.0, doc="multipliers of lower sides")
    for rows, multiplier, sign in ((equal, kkt.nu, 1), (upper, kkt.mu_upper, 1), (lower, kkt.mu_lower, -1)):
        for name, (_, slope) in rows.items():
            for variable, derivative in slope:
                lagrangian[id(variable)].append(sign * derivative * multiplier[name])

    if weighted:
        inequality = [*kkt.mu_upper.values(), *kkt.mu_lower.values()]
        kkt.normalized = pyo.Constraint(
            expr=kkt.weight + sum(inequality) + sum(nu**2 for nu in kkt.nu.values()) == 1, doc="not all multipliers zero"
        )
    names = {variable.getname(True, relative_to=block): variable for variable in follower.variables}
    kkt.stationarity = pyo.Constraint(
        list(names), rule=lambda b, name: _equals_zero(lagrangian[id(names[name])]), doc="dL/dy = 0"
    )
    kkt.pair_upper = Complementarity(
        kkt.mu_upper.index_set(),
        rule=lambda b, name: complements(b.mu_upper[name] >= 0, upper[name][0].upper - upper[name][0].body >= 0),
    )
    kkt.pair_lower = Complementarity(
        kkt.mu_lower.index_set(),
        rule=lambda b, name: complements(b.mu_lower[name] >= 0, lower[name][0].body - lower[name][0].lower >= 0),
    )
    for pairs in (kkt.pair_upper, kkt.pair_lower):
        pairs.sides_hold = True  # both inequalities are on the model already: no reformulation need write them again
    follower.objective.deactivate()


class _Bounds:
    """A variable's bounds looked at as one more row."""

    def __init__(self, variable):
        self.body, self.lower, self.upper = variable, variable.lower, variable.upper
        low, high = variable.bounds
        self.equality = low is not None and low == high

    def has_lb(self):
        return self.body.lb is not None

    def has_ub(self):
        return self.body.ub is not None


def _sort_row(name, row, slope, equal, upper, lower):
    if row.equality or (row.has_lb() and row.has_ub() and pyo.value(row.lower) == pyo.value(row.upper)):
        equal[name] = row, slope
        return
    if row.has_ub():
        upper[name] = row, slope
    if row.has_lb():
        lower[name] = row, slope


def _equals_zero(terms):
    total = sum(terms)
    if total.__class__ in native_numeric_types:
        return pyo.Constraint.Skip if total == 0 else pyo.Constraint.Infeasible
    return total, 0  # a tuple, for Params alone are a row too: zero today, perhaps not tomorrow


def _link_multipliers(program: Program) -> None:
    suffix = program.instance.component("multiplier_of")
    if suffix is None:
        return
    blocks = {id(follower.block): follower for follower in program.followers}
    leaders = {id(v) for v in program.leader_variables}
    links: dict[int, list] = {}
    entries = 0
    for key, target in suffix.items():
        for variable, row in _match(key, target):
            entries += 1
            follower = _follower_of(row, blocks)
            if id(variable) not in leaders:
                raise ModelError(
                    f"multiplier_of: {variable.name} is not an unfixed variable of the leader; declare it at the top"
                )
            if follower is None or not row.active:
                raise ModelError(
                    f"multiplier_of: {row.name} is not an active constraint of a follower; it has no multiplier"
                )
            links.setdefault(id(follower.block), []).append((variable, row))
    if not entries:
        raise ModelError(
            "multiplier_of: the Suffix is empty; fill it in its rule, "
            "pyo.Suffix(initialize=lambda m: [(m.price, m.market.balance)])"
        )
    for key, pairs in links.items():
        follower = blocks[key]
        kkt = follower.block.kkt
        kkt.multiplier_of = pyo.Constraint(range(len(pairs)), doc="leader variable = the multiplier it stands for")
        for position, (variable, row) in enumerate(pairs):
            name = row.getname(True, relative_to=follower.block)
            parts = [
                sign * var[name] for var, sign in ((kkt.nu, -1), (kkt.mu_lower, 1), (kkt.mu_upper, -1)) if name in var
            ]
            if not parts:
                raise ModelError(
                    f"multiplier_of: {row.name} holds no variable of the follower {follower.name}; it has no multiplier"
                )
            kkt.multiplier_of[position] = variable == follower.sign * sum(parts)


def _match(key, target):
    """Index by index: containers of equal index, a data object with the data of its own index, or one with one."""
    if getattr(target, "ctype", None) is not pyo.Constraint:
        raise ModelError(
            f"multiplier_of: {key.name} stands for {target}, which is no constraint; only constraints have multipliers here"
        )
    if key.is_indexed():
        missing = [index for index in key if index not in target] if target.is_indexed() else list(key)
        if missing:
            raise ModelError(
                f"multiplier_of: {target.name} has no index {missing[0]!r} of {key.name}; both need the same index set"
            )
        return [(key[index], target[index]) for index in key]
    if target.is_indexed():
        index = key.index()
        if index not in target:
            raise ModelError(
                f"multiplier_of: {target.name} has no index {index!r} for {key.name}; both need the same index set"
            )
        return [(key, target[index])]
    return [(key, target)]


def _follower_of(row, blocks):
    block = row.parent_block()
    while block is not None and id(block) not in blocks:
        block = block.parent_block()
    return None if block is None else blocks[id(block)]
