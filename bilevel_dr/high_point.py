"""Both levels' rows and nobody's wishes: do they have a point (the high-point relaxation), and is a follower bounded there?

No KKT condition is needed for either answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from pyomo.repn import generate_standard_repn

from .arrays import quadratic_form
from .conflicts import Conflict, conflict
from .errors import BilevelError
from .feasibility import Clock
from .followers import Follower, Program, read
from .solvers.highs import minimise
from .solvers.nl import solve_scip
from .unanswered import AT, Diagnosis, falling, unbounded


def of_levels(instance, clock: Clock) -> Diagnosis | None:
    """Rows of both levels that conflict, or a follower that is unbounded wherever it has answers."""
    program = read(instance.clone())
    rows = [*program.leader_constraints, *(row for follower in program.followers for row in follower.constraints)]
    found = conflict(rows, program.variables, clock)
    if found is not None:
        return _of_rows(program, found)
    for follower, ray, proved in rays(program, rows, clock):
        if proved and _falls_everywhere(program, rows, follower, ray):
            return unbounded(follower, ray, True, "whatever the leader decides")
    return None


def somewhere(instance, clock: Clock) -> Diagnosis | None:
    """A follower that is unbounded at some point of both levels' rows, if one is met."""
    program = read(instance.clone())
    rows = [*program.leader_constraints, *(row for follower in program.followers for row in follower.constraints)]
    return next((unbounded(*found, AT) for found in rays(program, rows, clock)), None)


def _of_rows(program: Program, found: Conflict) -> Diagnosis:
    """A conflict of rows in words: is it the leader's, one follower's, or everybody's?"""
    names, owners = [*found.rows, *found.bounds], {}
    for follower in program.followers:
        owners |= {name: follower.name for name in names if name.startswith(f"{follower.name}.")}
    whose = {owners.get(name) for name in names}
    alone = whose.pop() if len(whose) == 1 else None
    if alone is not None:
        message = f"{alone}: no answer is open to it whatever the leader decides: {found.clause}"
    elif not owners:
        message = f"infeasible: the leader has no decision, whatever the followers do: {found.clause}"
    else:
        message = f"infeasible: {found.clause}, whatever anybody decides"
    return Diagnosis("infeasible", message, alone, found, proved=found.proved)


def rays(program: Program, rows, clock: Clock) -> Iterator[tuple[Follower, dict[str, float], bool]]:
    """Followers that are unbounded at a point of all rows, which the program's variables then hold; with their rays."""
    if not _stand_at_a_point(program, rows, clock):
        return
    for follower in program.followers:
        if clock() <= 0.0:
            return
        ray, proved = falling(follower, clock)
        if ray:
            yield follower, ray, proved


def _stand_at_a_point(program: Program, rows, clock: Clock) -> bool:
    """Put a point of all rows into the program's variables, if one is found."""
    free = [v for v in program.variables if not v.fixed]
    form = quadratic_form(0.0, 1, rows, free)
    if form is not None:
        answer = form.minimise(clock())
        found = () if answer.x is None else zip(free, answer.x.tolist(), strict=True)
    else:
        objectives = [o for o in (program.leader, *(f.objective for f in program.followers)) if o is not None]
        for objective in objectives:
            objective.deactivate()
        try:
            outcome = solve_scip(program.instance, time_limit=clock())
        except BilevelError:
            return False
        finally:
            for objective in objectives:
                objective.activate()
        found = zip(outcome.variables, outcome.values.tolist(), strict=True) if outcome.has_point else ()
    found = list(found)
    for variable, number in found:
        variable.set_value(number, skip_validation=True)
    for variable in free:  # in no row
        if variable.value is None:
            low, high = variable.bounds
            variable.set_value(min(max(0.0, low or 0.0), high if high is not None else math.inf), skip_validation=True)
    return bool(found) or not free


def _falls_everywhere(program: Program, rows, follower: Follower, ray: Mapping[str, float]) -> bool:
    """Whether the follower falls along a ray of its rows at every point of all linear rows: its steepest rise is a fall."""
    repn = generate_standard_repn(follower.objective.expr, quadratic=True)
    if repn.nonlinear_expr is not None or any(row.body.polynomial_degree() not in (0, 1) for row in follower.constraints):
        return False
    step = {id(v): follower.sign * ray.get(v.name, 0.0) for v in follower.variables}
    free = [v for v in program.variables if not v.fixed]
    column, slope = {id(v): j for j, v in enumerate(free)}, np.zeros(len(free))
    constant = sum(a * step.get(id(v), 0.0) for a, v in zip(repn.linear_coefs, repn.linear_vars, strict=True))
    for a, (v, w) in zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True):
        slope[column[id(w)]] += a * step.get(id(v), 0.0)
        slope[column[id(v)]] += a * step.get(id(w), 0.0)
    slope[np.abs(slope) <= 1e-9 * np.abs(slope).max(initial=0.0)] = 0.0
    form = quadratic_form(0.0, 1, [row for row in rows if row.body.polynomial_degree() in (0, 1)], free)
    steepest = minimise(-slope, form.A, form.row_lower, form.row_upper, form.lower, form.upper)
    return steepest.status == "optimal" and constant - steepest.value < -1e-9 * max(1.0, abs(constant))
