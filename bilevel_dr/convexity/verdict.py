"""Is a follower convex? Proved by rules, eigenvalues or interval curvature, disproved by a witness, or neither."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from math import inf

import numpy as np
from pyomo.core.base.constraint import ConstraintData
from pyomo.core.expr.visitor import identify_variables
from pyomo.repn import generate_standard_repn

from ..followers import Follower
from .box import AffineRow, Box
from .definiteness import ROUNDING, Definiteness, definiteness
from .ground import Function
from .hessian import bends, defined
from .rules import Rules, as_arrays, form_of, own_quadratic
from .shapes import AFFINE, CONCAVE, CONVEX, NOTHING, PSEUDOCONCAVE, PSEUDOCONVEX, QUASICONCAVE, QUASICONVEX, closed
from .slater import has_slater_point
from .witness import Witness, search

_AFFINE = closed(AFFINE, -inf)
_DENSE = 300_000  # entries of the matrices that are written out in full
_UNKNOWN = "neither rules, eigenvalues nor bounds of second derivatives show it convex, and no witness was found"


@dataclass(frozen=True)
class Verdict:
    """What is known of a follower's convexity, for every decision of the others within their bounds.

    Attributes
    ----------
    convexity : str
        ``"proved"``, ``"not proved"`` or ``"disproved"``. Proved: every point that satisfies the KKT conditions is an
        answer.
    kind : str
        ``"linear"``, ``"quadratic"`` (affine rows) or ``"nonlinear"``, in the follower's own variables.
    message : str
        One line: what was proved, which row was not and why, or the witness with its numbers.
    qualified : bool
        Whether every answer certainly has multipliers: all rows are affine in the follower's own variables, or are convex
        and have a common Slater point for all decisions of the others.
    strict : bool
        Whether the objective is proved strictly convex: the follower's answer is unique.
    quasiconvex : tuple of str
        Rows whose body is not convex but whose feasible set is (x·y ≥ 1 for x, y ≥ 0). KKT points are answers all the
        same (K. Arrow, A. Enthoven 1961), but the Lagrangian is not convex: no duality, no multiplier bounds from it.
    witness : Witness or None
        Where disproved.
    """

    convexity: str
    kind: str
    message: str
    qualified: bool
    strict: bool
    quasiconvex: tuple[str, ...] = ()
    witness: Witness | None = None


@dataclass
class _Finding:
    """What is known so far of the objective or of a row."""

    function: Function
    degree: float
    flags: int
    strict: frozenset

    @property
    def needed(self) -> int:
        """The flags that make it convex: of the function for an objective, of its level sets for a row."""
        wanted = (QUASICONVEX, QUASICONCAVE) if self.function.is_row else (CONVEX, CONCAVE)
        return sum(wanted[sense < 0] for sense in self.function.senses)

    @property
    def proved(self) -> bool:
        return self.flags & self.needed == self.needed

    @property
    def as_a_set_only(self) -> bool:
        return not all(self.flags & (CONVEX if sense > 0 else CONCAVE) for sense in self.function.senses)


def judge(follower: Follower, leader_rows: Iterable[ConstraintData] = ()) -> Verdict:
    """Whether a follower's problem is convex in its own variables, whatever the others decide within their bounds.

    Parameters
    ----------
    follower : Follower
        Not changed.
    leader_rows : iterable of ConstraintData, optional
        The leader's constraints: those without variables of this follower narrow down what the leader may decide.

    Returns
    -------
    Verdict
    """
    own = {id(v) for v in follower.variables}
    box = Box()
    rules = Rules(own, box)
    objective = _look(Function(follower.objective, follower.objective.expr, sign=follower.sign), own, rules)
    rows = [_look(_row(constraint), own, rules) for constraint in follower.constraints]
    bent = [finding for finding in rows if finding.degree]
    open_questions = [finding for finding in (objective, *bent) if not finding.proved]
    if open_questions:
        others = {id(v) for v in follower.others}
        decisions = [_row(constraint) for constraint in leader_rows if _concerns(constraint.body, others, own)]
        return _settle(follower, objective, rows, open_questions, decisions, box)
    return _proved(follower, objective, rows, box)


def _look(function, own, rules) -> _Finding:
    repn = generate_standard_repn(function.body, compute_values=True, quadratic=True)
    if repn.nonlinear_expr is not None:
        shape = rules.shape(function.body)
        return _Finding(function, shape.degree, shape.flags, shape.strict)
    form = own_quadratic(repn, own)
    if not form:
        variables = chain(repn.linear_vars, *repn.quadratic_vars)
        return _Finding(function, int(any(id(v) in own for v in variables)), _AFFINE, NOTHING)
    flags, strict = form_of(form)
    return _Finding(replace(function, form=form), 2, closed(flags, -inf), strict)


def _row(constraint) -> Function:
    low, body, high = constraint.to_bounded_expression(evaluate_bounds=True)
    return Function(constraint, body, -inf if low is None else low, inf if high is None else high)


def _concerns(body, others, own) -> bool:
    found = {id(v) for v in identify_variables(body, include_fixed=False)}
    return bool(found & others) and not found & own


def _proved(follower, objective, rows, box, how="") -> Verdict:
    kind, sets = _kind(objective, rows), tuple(f.function.name for f in rows if f.degree and f.as_a_set_only)
    note = f"; convex as sets only: {', '.join(sets)}" if sets else ""
    return Verdict(
        "proved",
        kind,
        f"{follower.name}: {kind}, convex in its own variables{how}{note}",
        qualified=all(finding.degree <= 1 for finding in rows)
        or (not sets and has_slater_point(follower.variables, rows, box)),
        strict=objective.strict.issuperset(map(id, follower.variables)),
        quasiconvex=sets,
    )


def _kind(objective, rows) -> str:
    if any(finding.degree > 1 for finding in rows) or objective.degree > 2:
        return "nonlinear"
    return "quadratic" if objective.degree > 1 else "linear"


def _settle(follower, objective, rows, open_questions, decisions, box) -> Verdict:
    """The long way: a smaller box, second derivatives, the plane of the equalities, at last a witness."""
    own = {id(v) for v in follower.variables}
    functions = [finding.function for finding in rows]
    affine = [AffineRow.read(row.body, row.low, row.high) for row in (*functions, *decisions)]
    box = box.tightened([row for row in affine if row is not None])
    rules, how = Rules(own, box), ""
    for finding in open_questions:
        if finding.function.form is not None and not finding.function.is_row:
            continue  # its eigenvalues have spoken
        shape = rules.shape(finding.function.body)
        finding.flags |= shape.flags
        if finding.function.is_row and defined([finding.function.body], rules):  # a bound that the box implies
            finding.flags |= QUASICONVEX if shape.high <= finding.function.high else 0
            finding.flags |= QUASICONCAVE if shape.low >= finding.function.low else 0
        finding.strict |= shape.strict if finding.proved else NOTHING
        if not finding.proved and finding.function.form is None and not finding.function.is_equality:
            for sense in finding.function.senses:
                if bends(finding.function.body, sense, rules):
                    finding.flags |= closed(CONVEX if sense > 0 else CONCAVE, -inf)
    if not objective.proved:
        equalities = [row for row in affine if row is not None and row.low == row.high]
        form = _on_the_plane(objective.function, follower.variables, equalities)
        if form is not None and form.semidefinite:
            objective.flags |= objective.needed
            objective.strict, how = (frozenset(own) if form.definite else NOTHING), " on the plane of its equality rows"
    left = [finding for finding in open_questions if not finding.proved]
    if not left:
        return _proved(follower, objective, rows, box, how)
    reasons = {finding.function.name: _reason(finding) for finding in left}
    suspects = [finding.function for finding in left if reasons[finding.function.name] is None]
    witness = search(suspects, [*functions, *decisions], follower.variables, box) if suspects else None
    name, reason = next(iter(reasons.items()))
    more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
    return Verdict(
        "disproved" if witness else "not proved",
        _kind(objective, rows),
        str(witness) if witness else f"{name}{more}: {reason or _UNKNOWN}",
        qualified=all(finding.degree <= 1 for finding in rows),
        strict=False,
        witness=witness,
    )


def _on_the_plane(function, variables, equalities) -> Definiteness | None:
    """The form of a quadratic objective on the plane of its equalities; None where it is not one or is large."""
    largest = len(variables) * max(len(variables), len(equalities))
    if function.form is None or not equalities or largest > _DENSE:
        return None
    from scipy.linalg import null_space

    place = {id(v): k for k, v in enumerate(variables)}
    plane, form = np.zeros((len(equalities), len(variables))), np.zeros((len(variables), len(variables)))
    for k, row in enumerate(equalities):
        for coefficient, variable in zip(row.coefficients, row.variables, strict=True):
            if id(variable) in place:
                plane[k, place[id(variable)]] += coefficient
    for (i, j), value in function.form.items():
        form[place[i], place[j]] = form[place[j], place[i]] = function.sign * value
    basis = null_space(plane, rcond=1e-9)
    lowest = np.linalg.eigvalsh(basis.T @ form @ basis).min(initial=inf)  # inf where the plane is a point
    return Definiteness(float(lowest), 1e-13 * len(variables) * np.abs(form).max())


def _reason(finding):
    """Why no witness is to be looked for, or None."""
    if finding.function.is_equality:
        return "an equality that is not affine in the follower's own variables"
    if not finding.function.is_row and finding.flags & (PSEUDOCONVEX if finding.function.sign > 0 else PSEUDOCONCAVE):
        return "a ratio, pseudoconvex but not convex"
    form = finding.function.form
    if form is not None:
        signed = [{pair: sense * value for pair, value in form.items()} for sense in finding.function.senses]
        lowest = min(definiteness(*as_arrays(entries)[1:]).eigenvalue for entries in signed)
        if lowest > -ROUNDING:
            return f"its smallest eigenvalue, {lowest:.2g} once scaled, may be rounding"
    return None
