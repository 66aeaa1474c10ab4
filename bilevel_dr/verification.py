"""An answer judged from outside: against the untouched instance, by code that shares nothing with the route that found it.

Rows are evaluated as Pyomo states them, gradients by Pyomo's numeric reverse mode, each follower is solved again at the
others' decisions (:mod:`bilevel_dr.best_response`), and the multipliers are the best that exist at the point, found by a
linear program. No status, no multiplier and no derivative of the route is used.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from pyomo.core.expr.calculus.derivatives import Modes, differentiate

from .best_response import best_response
from .convexity import judge
from .errors import ModelError
from .followers import Follower, Program, declared_variables, read
from .highs import minimise
from .solution import Certificate, FollowerCheck, Solution

TOLERANCE = 1e-6
"""Scaled: a violation is divided by the largest of one, the bound and the row's terms."""


def verify(instance, point, tolerance: float = TOLERANCE, verdicts=None) -> Certificate:
    """Judge any point, from any tool, against a bilevel instance.

    Parameters
    ----------
    instance : ConcreteModel
        Not changed.
    point : Solution, mapping of variable name to float, or ComponentMap of Var data to float
        A variable left out takes the value the instance holds for it if it is fixed, and fails the certificate otherwise.
    tolerance : float
        Largest scaled residual that passes.
    verdicts : mapping of follower name to Verdict, optional
        Convexity verdicts already reached on this instance.

    Returns
    -------
    Certificate

    Raises
    ------
    ModelError
        The instance is no bilevel program, or the point names a variable it does not have.
    """
    values = _by_name(instance, point)
    copy = instance.clone()
    program = read(copy)
    reasons = _load(copy, values, tolerance)
    if reasons:
        return Certificate(False, math.inf, math.inf, math.inf, reasons=tuple(reasons), tolerance=tolerance)

    notes: list[str] = []
    leader_violation = _leader_violation(program, reasons, tolerance)
    checks = {}
    for follower in program.followers:
        verdict = (verdicts or {}).get(follower.name) or judge(follower)
        checks[follower.name] = _check(follower, verdict, program, tolerance, reasons, notes)

    def worst(name):
        numbers = [getattr(check, name) for check in checks.values()]
        return math.nan if any(map(math.isnan, numbers)) else max(numbers, default=0.0)

    return Certificate(
        passed=not reasons,
        leader_violation=leader_violation,
        follower_gap=worst("gap"),
        complementarity=worst("complementarity"),
        stationarity=worst("stationarity"),
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
        raise ModelError(f"verify: a point is a Solution or a mapping of variable names to numbers, not {type(point).__name__}")
    names = None
    for name in point:
        if instance.find_component(name) is None:
            names = names or [v.name for v in declared_variables(instance)]
            close = difflib.get_close_matches(str(name), names, 1)
            raise ModelError(f"verify: {instance.name} has no variable {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
    return dict(point)


def _load(copy, values, tolerance) -> list[str]:
    """Put the values on the copy; one reason for each that is missing, not finite, not integer or off a fixed value."""
    reasons = []
    given = {id(copy.find_component(name)): number for name, number in values.items()}
    for variable in declared_variables(copy):
        number = given.get(id(variable), variable.value if variable.fixed else None)
        if number is None:
            reasons.append(f"{variable.name}: no value")
        elif not math.isfinite(number):
            reasons.append(f"{variable.name} = {number}: not finite")
        elif variable.fixed and variable.value is not None and abs(number - variable.value) > tolerance * max(1.0, abs(variable.value)):
            reasons.append(f"{variable.name} = {number:g}: the instance fixes it at {variable.value:g}")
        elif not variable.is_continuous() and abs(number - round(number)) > tolerance:
            reasons.append(f"{variable.name} = {number:g}: not an integer")
        else:
            variable.set_value(float(number), skip_validation=True)
    return reasons


def _leader_violation(program: Program, reasons, tolerance) -> float:
    worst = max((_beyond_bounds(v) for v in program.leader_variables), default=0.0)
    named = [(f"{v.name} outside its bounds", _beyond_bounds(v)) for v in program.leader_variables]
    named += [(row.name, _beyond(row)) for row in program.leader_constraints]
    for name, violation in named:
        worst = max(worst, violation)
        if not violation <= tolerance:
            reasons.append(f"leader: {name} violated by {violation:.3g} (scaled)")
    if program.leader is not None and not math.isfinite(pyo.value(program.leader, exception=False) or 0.0):
        reasons.append("leader: the objective is not finite here")
    return worst


def _beyond_bounds(variable) -> float:
    low, high = variable.bounds
    outside = max(0.0 if low is None else low - variable.value, 0.0 if high is None else variable.value - high, 0.0)
    nearest = high if high is not None and variable.value > high else low
    return outside / max(1.0, abs(nearest or 0.0))


def _beyond(row, slope=None) -> float:
    """A row's violation over the size of its terms; infinite where it cannot be evaluated."""
    try:
        body = pyo.value(row.body)
    except (ValueError, ZeroDivisionError, OverflowError):
        return math.inf
    if isinstance(body, complex) or not math.isfinite(body):
        return math.inf
    low, high = (-math.inf if row.lower is None else pyo.value(row.lower)), (math.inf if row.upper is None else pyo.value(row.upper))
    outside = max(low - body, body - high, 0.0)
    if outside <= 0.0:
        return 0.0
    slope = _slope(row.body) if slope is None else slope
    terms = [abs(number * variable.value) for variable, number in slope]
    return outside / max(1.0, abs(low if body < low else high), *terms)


def _slope(expression) -> list[tuple]:
    """``(variable, ∂expression/∂variable)`` at the current values, by Pyomo's numeric reverse mode."""
    if expression.__class__ in (int, float) or not expression.is_potentially_variable():
        return []
    if expression.is_variable_type():
        return [(expression, 1.0)]
    derivatives = differentiate(expression, mode=Modes.reverse_numeric)
    return [(node, number) for node, number in derivatives.items() if getattr(node, "is_variable_type", bool)()]


def _check(follower: Follower, verdict, program, tolerance, reasons, notes) -> FollowerCheck:
    name = follower.name
    violation = max((_beyond_bounds(v) for v in follower.variables), default=0.0)
    for row in follower.constraints:
        beyond = _beyond(row)
        if not beyond <= tolerance:
            reasons.append(f"{name}: {row.name} violated by {beyond:.3g} (scaled)")
        violation = max(violation, beyond)
    for variable in follower.variables:
        if not _beyond_bounds(variable) <= tolerance:
            reasons.append(f"{name}: {variable.name} = {variable.value:g} outside its bounds {variable.bounds}")
    try:
        objective = pyo.value(follower.objective)
    except (ValueError, ZeroDivisionError, OverflowError):
        reasons.append(f"{name}: the objective cannot be evaluated here")
        return FollowerCheck(math.nan, None, math.inf, violation, math.nan, math.nan, verdict.convexity)

    convex = verdict.convexity == "proved"
    response = best_response(follower, convex)
    scale = max(1.0, abs(response.value)) if response.status == "optimal" else 1.0
    gap = follower.sign * (objective - response.value) / scale if response.status == "optimal" else math.inf
    stationarity, complementarity = _multipliers(follower, program)
    if response.status == "unbounded":
        reasons.append(f"{name}: unbounded at the leader's decision; it has no best answer")
    elif response.status != "optimal":
        if convex and max(stationarity, complementarity) <= tolerance:
            gap = complementarity
            notes.append(f"{name}: could not be re-solved ({response.status}); optimal by its multipliers, its convexity being proved")
        else:
            reasons.append(f"{name}: could not be re-solved ({response.status}); its answer is not proved optimal")
    if not gap <= tolerance and response.status == "optimal":
        reasons.append(f"{name}: could improve its objective from {objective:.8g} to {response.value:.8g}")
    if verdict.convexity != "proved":
        how = f"re-solved globally by {response.solver}" if response.global_ else "only re-solved locally"
        notes.append(f"{name}: convexity {verdict.convexity}; {how}")
    residual = max(stationarity, complementarity)
    if verdict.qualified and convex and not residual <= 10 * tolerance:
        reasons.append(f"{name}: not stationary (residual {residual:.3g}); multipliers exist at every best answer of this follower")
    elif not residual <= 1e-3 and gap <= tolerance:
        notes.append(f"{name}: optimal, but no multipliers exist here (residual {residual:.3g}): a constraint qualification fails")
    return FollowerCheck(objective, response.value if response.status == "optimal" else None, max(gap, 0.0), violation, stationarity, complementarity, verdict.convexity)


def _multipliers(follower: Follower, program: Program) -> tuple[float, float]:
    """Scaled stationarity and complementarity residuals under the multipliers that make the worse of both least.

    A linear program: min t over mu ≥ 0, nu with |∂L/∂y| ≤ t·scale for every variable and Σ mu·slack ≤ t·scale.
    Multipliers that the leader reads are held at the leader's values.
    """
    position = {id(v): i for i, v in enumerate(follower.variables)}
    n = len(position)
    gradient, scale = np.zeros(n), np.ones(n)
    for variable, number in _slope(follower.objective.expr):
        if id(variable) in position:
            gradient[position[id(variable)]] = follower.sign * number
    scale = np.maximum(scale, np.abs(gradient))
    columns, slacks, free, row_of = [], [], [], {}

    def add(key, slope, slack, sign, equality=False):
        row_of.setdefault(key, []).append((len(columns), sign, equality))
        columns.append([(position[id(v)], sign * number) for v, number in slope if id(v) in position])
        slacks.append(max(slack, 0.0))
        free.append(equality)

    for row in follower.constraints:
        slope, body = _slope(row.body), pyo.value(row.body)
        low, high = (None if row.lower is None else pyo.value(row.lower)), (None if row.upper is None else pyo.value(row.upper))
        _add_sides(add, id(row), slope, body, low, high)
    for variable in follower.variables:
        _add_sides(add, id(variable), [(variable, 1.0)], variable.value, *variable.bounds)

    k = len(columns)
    entries = [(i, j, number) for j, column in enumerate(columns) for i, number in column]
    rows, cols, numbers = zip(*entries, strict=True) if entries else ((), (), ())
    G = sp.coo_array((np.array(numbers, float), (np.array(rows, int), np.array(cols, int))), shape=(n, k)).tocsr()
    slacks = np.array(slacks)
    value_scale = max(1.0, abs(pyo.value(follower.objective)))
    t = sp.csr_array(-scale.reshape(-1, 1))
    blocks = [[G, t], [G, -t], [sp.csr_array(slacks.reshape(1, -1)), sp.csr_array([[-value_scale]])]]
    low = np.concatenate([np.full(n, -np.inf), -gradient, [-np.inf]])
    high = np.concatenate([-gradient, np.full(n, np.inf), [0.0]])
    held = _held_multipliers(follower, program, row_of)
    for coefficients, number in held:
        line = np.zeros(k)
        for j, coefficient in coefficients:
            line[j] = coefficient
        blocks.append([sp.csr_array(line.reshape(1, -1)), sp.csr_array((1, 1))])
        low, high = np.append(low, number), np.append(high, number)
    lower = np.append(np.where(free, -np.inf, 0.0), 0.0)
    answer = minimise(np.append(np.zeros(k), 1.0), sp.block_array(blocks), low, high, lower, np.full(k + 1, np.inf))
    if answer.x is None:
        return math.nan, math.nan
    multipliers = answer.x[:k]
    stationarity = float(np.max(np.abs(gradient + G @ multipliers) / scale, initial=0.0))
    return stationarity, float(np.max(np.abs(multipliers * slacks), initial=0.0) / value_scale)


def _add_sides(add, key, slope, body, low, high):
    if low is not None and low == high:
        add(key, slope, 0.0, 1, equality=True)
        return
    if high is not None:
        add(key, slope, high - body, 1)
    if low is not None:
        add(key, slope, body - low, -1)


def _held_multipliers(follower, program, row_of) -> list[tuple]:
    """``(coefficients, value)`` of the multipliers the leader's variables stand for: s (mu_lower − mu_upper), −s nu."""
    suffix = program.instance.component("multiplier_of")
    held = []
    for key, target in () if suffix is None else suffix.items():
        for variable in key.values() if key.is_indexed() else (key,):
            row = target[variable.index()] if target.is_indexed() else target
            if id(row) in row_of:
                held.append(([(j, -follower.sign * sign) for j, sign, _ in row_of[id(row)]], variable.value))
    return held
