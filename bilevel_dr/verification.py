"""An answer judged from outside: against the untouched instance, by code that shares nothing with the route that found it.

Rows are evaluated as Pyomo states them (:mod:`bilevel_dr.residuals`), each follower is solved again at the others'
decisions (:mod:`bilevel_dr.best_response`), and the multipliers are the best that exist at the point
(:mod:`bilevel_dr.multipliers`). No status, no multiplier and no derivative of the route is used.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping

import pyomo.environ as pyo
from pyomo.mpec import Complementarity

from .best_response import Response, best_responses, follower_form
from .convexity import judge_all
from .errors import ModelError
from .followers import Follower, Program, declared_variables, read
from .multipliers import kkt_residuals
from .residuals import beyond, beyond_bounds, beyond_pair, beyond_set, evaluate
from .solution import Certificate, FollowerCheck, Solution
from .ties import is_unique, pessimistic_value
from .unanswered import of_follower

TOLERANCE = 1e-6
"""Scaled: a violation is divided by the largest of one, the bound and the row's terms."""
EXPLAINED = 2.0
"""Seconds for saying why a follower has no answer."""
MISSED = 1e-4
"""A re-solve that is worse by this (scaled) than the point it began with has failed, whatever its solver says."""
LARGEST = 1e12
"""Beyond it rounding alone is larger than any tolerance, and an unbounded problem looks solved."""


def verify(instance, point, tolerance: float = TOLERANCE, verdicts=None, search: float | None = None) -> Certificate:
    """Judge any point, from any tool, against a bilevel instance.

    Parameters
    ----------
    instance : ConcreteModel
        Not changed.
    point : Solution, mapping of variable name to float, or ComponentMap of Var data to float
        A variable left out takes the value the instance holds for it if it is fixed, and fails the certificate otherwise.
    tolerance : float
        Largest scaled residual that passes; the follower's gap is scaled by the terms of its objective that it moves.
    verdicts : mapping of follower name to Verdict, optional
        Convexity verdicts already reached on this instance.
    search : float, optional
        Seconds that SCIP may look for a better answer of each follower whose convexity is not proved, 10 by default. 0: it
        is re-solved locally only, which a note says.

    Returns
    -------
    Certificate

    Raises
    ------
    ModelError
        The instance is no bilevel program, or the point names a variable it does not have.

    Examples
    --------
    >>> import bilevel_dr as bdr
    >>> instance = bdr.load_case("khe_2025", "hard_800")
    >>> point = dict(bdr.solve(instance).point)
    >>> bdr.verify(instance, point).passed, bdr.verify(instance, point | {"consumer[6].shift": 100.0}).passed
    (True, False)
    """
    values = _by_name(instance, point)
    copy = instance.clone()
    program = read(copy)
    reasons = _load(copy, values, tolerance)
    if reasons:
        return Certificate(False, math.inf, math.inf, math.inf, reasons=tuple(reasons), tolerance=tolerance)

    notes: list[str] = []
    leader_violation = _leader_violation(program, reasons, tolerance)
    violations = {follower.name: _violation(follower, reasons, tolerance) for follower in program.followers}
    if math.inf in violations.values():
        return Certificate(False, leader_violation, math.inf, math.inf, reasons=tuple(reasons), tolerance=tolerance)

    verdicts = verdicts or judge_all(program)
    residuals = kkt_residuals(program)
    convex = {name: verdict.convexity == "proved" for name, verdict in verdicts.items()}
    responses = best_responses(program, convex, search=search)
    checks, tied = {}, []
    for follower in program.followers:
        name = follower.name
        checks[name] = _check(
            follower,
            verdicts[name],
            violations[name],
            residuals[name],
            responses[name],
            tolerance,
            reasons,
            notes,
            tied,
        )

    def worst(name):
        numbers = [getattr(check, name) for check in checks.values()]
        return math.nan if any(map(math.isnan, numbers)) else max(numbers, default=0.0)

    return Certificate(
        passed=not reasons,
        leader_violation=leader_violation,
        follower_gap=worst("gap"),
        complementarity=worst("complementarity"),
        stationarity=worst("stationarity"),
        optimistic_gap=_optimistic_gap(program, checks, tied),
        followers=checks,
        reasons=tuple(reasons),
        notes=tuple(notes),
        tolerance=tolerance,
    )


def _by_name(instance, point) -> dict[str, float]:
    if isinstance(point, Solution):
        point = point.point
    if isinstance(point, pyo.ComponentMap):
        point = {variable.name: number for variable, number in point.items()}
    if not isinstance(point, Mapping):
        what = type(point).__name__
        raise ModelError(f"verify: a point is a Solution or a mapping of variable names to numbers, not {what}")
    named = {v.name: v for v in declared_variables(instance)}
    for name, number in point.items():
        if name not in named:
            close = difflib.get_close_matches(str(name), named, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ModelError(f"verify: {instance.name} has no variable {name!r}{hint}")
        if isinstance(number, bool | str | complex) or not hasattr(number, "__float__"):
            raise ModelError(f"verify: {name} = {number!r} is not a number")
    return {name: float(number) for name, number in point.items()}


def _load(copy, values, tolerance) -> list[str]:
    """Put the values on the copy; one reason for each that is missing, not finite, not integer or off a fixed value."""
    reasons = []
    given = {id(copy.find_component(name)): number for name, number in values.items()}
    for variable in declared_variables(copy):
        number = given.get(id(variable), variable.value if variable.fixed else None)
        if number is None:
            reasons.append(f"{variable.name}: no value")
        elif not abs(number) < LARGEST:
            reasons.append(
                f"{variable.name} = {number:g}: not a number to be trusted (beyond {LARGEST:g}, or none); "
                "the problem may be unbounded"
            )
        elif (
            variable.fixed
            and variable.value is not None
            and abs(number - variable.value) > tolerance * max(1.0, abs(variable.value))
        ):
            reasons.append(f"{variable.name} = {number:g}: the instance fixes it at {variable.value:g}")
        elif not variable.is_continuous() and abs(number - round(number)) > tolerance:
            reasons.append(f"{variable.name} = {number:g}: not an integer")
        else:
            variable.set_value(float(number), skip_validation=True)
    return reasons


def _leader_violation(program: Program, reasons, tolerance) -> float:
    worst = max((beyond_bounds(v) for v in program.leader_variables), default=0.0)
    held = [v for v in program.variables if v.fixed]
    named = [(f"{v.name} outside its bounds", beyond_bounds(v)) for v in (*program.leader_variables, *held)]
    named += [(row.name, beyond(row)) for row in program.leader_constraints]
    named += [(s.name, beyond_set(s)) for s in program.instance.component_data_objects(pyo.SOSConstraint, active=True)]
    named += [(c.name, beyond_pair(c)) for c in program.instance.component_data_objects(Complementarity, active=True)]
    for name, violation in named:
        worst = max(worst, violation)
        if not violation <= tolerance:
            reasons.append(f"leader: {name} violated by {violation:.3g} (scaled)")
    if program.leader is not None and evaluate(program.leader.expr) is None:
        reasons.append("leader: the objective is not finite here")
    return worst


def _optimistic_gap(program: Program, checks, tied) -> float | None:
    """What the leader would lose if the followers with several best answers chose the worst for it; never below zero."""
    if program.leader is None or any(check.unique is None for check in checks.values()):
        return None
    if not tied:
        return 0.0
    worst = pessimistic_value(program.leader, program, tied)
    if worst is None:
        return None
    sign = 1.0 if program.leader.sense == pyo.minimize else -1.0
    return max(sign * (worst - pyo.value(program.leader)), 0.0)


def _violation(follower: Follower, reasons, tolerance) -> float:
    """Of the follower's own rows and bounds; infinite where a row or its objective cannot be evaluated."""
    worst = 0.0
    for variable in follower.variables:
        outside = beyond_bounds(variable)
        if not outside <= tolerance:
            reasons.append(
                f"{follower.name}: {variable.name} = {variable.value:g} outside its bounds {variable.bounds}"
            )
        worst = max(worst, outside)
    for row in follower.constraints:
        outside = beyond(row)
        if not outside <= tolerance:
            reasons.append(f"{follower.name}: {row.name} violated by {outside:.3g} (scaled)")
        worst = max(worst, outside)
    if evaluate(follower.objective.expr) is None:
        reasons.append(f"{follower.name}: its objective cannot be evaluated here")
        worst = math.inf
    return worst


def _check(
    follower: Follower, verdict, violation, residuals, response, tolerance, reasons, notes, tied
) -> FollowerCheck:
    """One follower's line of the certificate: its gap first, then what its multipliers say about it."""
    name, convex = follower.name, verdict.convexity == "proved"
    objective, (stationarity, complementarity, size) = pyo.value(follower.objective), residuals
    if response.status == "optimal" and follower.sign * (response.value - objective) > MISSED * size:
        response = Response("failed", solver=response.solver)
    residual, solved = max(stationarity, complementarity), response.status == "optimal"
    gap = follower.sign * (objective - response.value) / size if solved else math.inf
    if solved and not gap <= tolerance and convex and residual <= 1e-3 * tolerance:
        notes.append(
            f"{name}: optimal by its multipliers; the re-solve is {gap:.2g} better within its own tolerance, "
            "as where a constraint qualification fails"
        )
        gap = complementarity
    elif solved and not gap <= tolerance:
        reasons.append(f"{name}: could improve its objective from {objective + 0.0:.8g} to {response.value + 0.0:.8g}")
    elif response.status in ("unbounded", "infeasible"):
        why = of_follower(follower, lambda: EXPLAINED)
        reasons.append(why.message if why else f"{name}: {response.status} at the leader's decision; it has no best answer")
    elif response.status == "failed" and convex and residual <= tolerance:
        notes.append(f"{name}: could not be re-solved; optimal by its multipliers, its convexity being proved")
        gap = complementarity
    elif not solved:
        reasons.append(f"{name}: could not be re-solved ({response.status}); its answer is not proved optimal")

    if not convex:
        how = f"re-solved globally by {response.solver}" if response.global_ else "only re-solved locally"
        notes.append(f"{name}: convexity {verdict.convexity}; {how}")
    if verdict.qualified and convex and not residual <= 10 * tolerance:
        reasons.append(
            f"{name}: not stationary (residual {residual:.3g}); multipliers exist at every best answer of this follower"
        )
    elif not residual <= 1e-3 and gap <= tolerance:
        notes.append(
            f"{name}: optimal, but no multipliers exist here (residual {residual:.3g}): a constraint qualification fails"
        )

    unique = True if solved and convex and verdict.strict else None
    if solved and unique is None and (form := follower_form(follower)) is not None and (convex or form.is_linear):
        unique = is_unique(form, response.answer)
        if unique is False:
            tied.append((follower, form, response.answer))
            notes.append(f"{name}: several best answers; the leader is given its favourite (optimistic)")
    return FollowerCheck(
        objective,
        response.value if solved else None,
        max(0.0, gap),
        violation,
        stationarity,
        complementarity,
        verdict.convexity,
        unique,
        convex or response.global_,
    )
