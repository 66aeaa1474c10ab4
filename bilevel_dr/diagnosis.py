"""Why there is no answer: the rows that conflict, the follower that has none, or the variable that runs away, by name.

Asked in this order: have all rows of both levels a common point (the high-point relaxation); is a follower unbounded
wherever it has answers; can the followers' best answers keep what the leader asks for; along what does the leader's
objective fall. The first no is the reason. Of linear rows it is told by arithmetic, before any search begins.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.visitor import identify_variables

from .arrays import QuadraticForm, quadratic_form
from .bounds.relaxation import active_constraints
from .complementarity import mpec_block
from .conflicts import Conflict, asks, conflict, listed, shrink
from .errors import BilevelError, ModelError
from .feasibility import Clock, at_most
from .followers import Program, declared_variables, read
from .high_point import of_levels, somewhere
from .leaders import has_leaders
from .solution import Solution
from .solvers.nl import solve_scip
from .unanswered import AT, Diagnosis, directions, moves, of_follower
from .working import Working

SECONDS = 10.0
"""For explaining why a problem has no answer."""
LOCALLY = "the local solver called it "
_BOXES = 1e4, 1e6


def diagnose(instance, decision: Mapping[str, float] | None = None, time_limit: float = SECONDS) -> Diagnosis:
    """Say why a bilevel program, or its followers at one decision of the leader, have no answer.

    Parameters
    ----------
    instance : ConcreteModel
        Not changed.
    decision : mapping of variable name to float, optional
        What the leader decides, and what other followers do where followers see each other: each follower is asked for its
        answer to it. By default the whole program is asked.
    time_limit : float
        Seconds; what was found until then is given.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ModelError
        The instance is no bilevel program; ``decision`` names what it does not have, or leaves out what a follower sees.
    """
    clock = _until(time.perf_counter() + time_limit)
    if decision is None:
        found = of_levels(instance, clock) or _of_answers(instance, Working(instance), clock) or _runaway(instance, clock)
        return found or Diagnosis("feasible", "no reason was found that there is no answer")
    copy = instance.clone()
    program = read(copy)
    for name, number in decision.items():
        variable = copy.find_component(name)
        if variable is None:
            raise ModelError(f"{instance.name}: the decision names {name!r}, which is no variable of it")
        variable.set_value(number, skip_validation=True)
    for variable in (v for follower in program.followers for v in follower.others if v.value is None):
        raise ModelError(f"{variable.name}: a follower sees it, and the decision gives it no value")
    reasons = (of_follower(follower, clock) for follower in program.followers)
    return next(filter(None, reasons), Diagnosis("feasible", "every follower has an answer at this decision"))


def foreseen(instance, working: Working, clock: Clock) -> Diagnosis | None:
    """The reason that the linear rows of both levels and of the followers' KKT conditions give before a search, if any.

    Their complementarities left out, these rows are one linear program; where it has a point, a search is worth its time.
    """
    form = None if working.nlp("sos1").infeasible else working.form("sos1")
    if form is not None and _has_a_point(form, clock):  # what a search needs anyway says that there is none to see
        return None
    linear, variables = _conditions(working)
    if form is None and _has_a_point(quadratic_form(0.0, 1, linear, [v for v in variables if not v.fixed]), clock):
        return None
    found = of_levels(instance, clock)
    if found is not None:
        return found if found.proved else None
    found = conflict(linear, variables, clock)
    return None if found is None or not found.proved else _clash(instance, working.program, found, clock)


def _until(end: float) -> Clock:
    return lambda: max(end - time.perf_counter(), 0.0)


def _has_a_point(form: QuadraticForm, clock: Clock) -> bool:
    nobody = replace(form, c=0.0 * form.c, Q=0.0 * form.Q, integer=np.zeros(len(form.c), bool))
    nobody.Q.eliminate_zeros()
    return nobody.minimise(clock()).status != "infeasible"


def explained(solution: Solution, instance, seconds: float, found: Diagnosis | None = None) -> Solution:
    """A solution without an answer, with the reason as its first note, and the termination that follows from it.

    Parameters
    ----------
    seconds : float
        For finding the reason.
    found : Diagnosis, optional
        The reason, where it is known already.
    """
    silent = found is None and solution.termination not in ("infeasible", "unbounded", "failed")
    if solution.claim != "none" or silent or has_leaders(instance):
        return solution
    began = time.perf_counter()
    hint = next((note for note in solution.notes if note.startswith(LOCALLY)), None)
    if found is None and hint is None and solution.termination == "failed":
        found = of_levels(instance, _until(began + seconds))
    elif found is None:
        try:
            found = diagnose(instance, time_limit=seconds)
        except BilevelError as error:  # a model that searches take may still be nothing that SCIP reads
            found = Diagnosis("feasible", f"no reason was found: {error}")
    clock = _until(began + seconds)
    if found is None and (ray := somewhere(instance, clock)) is not None:
        found = Diagnosis("feasible", f"at one decision {ray.message}")
    seconds = solution.seconds + time.perf_counter() - began
    if found is None or (solution.termination, found.conflict) == ("failed", None) and not found.ray and hint:
        return replace(solution, seconds=seconds)
    notes = (found.message, *(note for note in solution.notes if note != hint))
    if found.termination == "feasible":
        return replace(solution, notes=notes, seconds=seconds)
    nothing = {"leader_objective": None, "certificate": None, "best_bound": None, "point": {}, "follower_objectives": {}}
    # whoever the follower without an answer is, and why ever: no point is bilevel-feasible
    termination = "infeasible" if found.follower else found.termination
    return replace(solution, termination=termination, notes=notes, seconds=seconds, **nothing)


def _conditions(working: Working) -> tuple[list, list]:
    """The linear rows of both levels and of the followers' KKT conditions, and every variable; reformulations apart."""
    apart = f"{mpec_block(working.model).name}."
    rows = [row for row in active_constraints(working.model) if row.body.polynomial_degree() in (0, 1)]
    return rows, [v for v in declared_variables(working.model) if not v.name.startswith(apart)]


def _of_answers(instance, working: Working, clock: Clock) -> Diagnosis | None:
    """What the leader asks for that no best answers keep: by the linear conditions alone, or by SCIP with all of them."""
    found = conflict(*_conditions(working), clock)
    if found is None or not found.proved:
        asked = _Asked(working)
        everything = list(range(len(asked.members)))
        if asked(everything, clock) is None:
            return None
        found = asked.named(*shrink(everything, lambda some: asked(some, clock), clock))
    return _clash(instance, working.program, found, clock)


class _Asked:
    """The followers' best answers under some of the leader's rows and bounds: has SCIP a point?"""

    def __init__(self, working: Working):
        self.model, program = working.model, working.program
        working.use("sos1")
        if program.leader is not None:
            program.leader.deactivate()
        self.rows, self.variables = program.leader_constraints, program.leader_variables
        self.bounds = {id(v): v.bounds for v in self.variables}
        for v in self.variables:  # a domain would bound it whatever its bounds are
            v.domain = pyo.Reals if v.is_continuous() else pyo.Integers
        self.members = [(row, None) for row in self.rows]
        self.members += [(v, end) for v in self.variables for end in (0, 1) if v.bounds[end] is not None]

    def __call__(self, some, clock: Clock):
        held = {(id(self.members[k][0]), self.members[k][1]) for k in some}
        for row in self.rows:
            row.activate() if (id(row), None) in held else row.deactivate()
        for v in self.variables:
            low, high = self.bounds[id(v)]
            v.setlb(low if (id(v), 0) in held else None)
            v.setub(high if (id(v), 1) in held else None)
        try:
            status = solve_scip(self.model, time_limit=at_most(clock)).status
        except BilevelError:
            return None
        return some if status == "infeasible" else None

    def named(self, some, minimal: bool) -> Conflict:
        members = [self.members[k] for k in some]
        rows = tuple(asks(data) for data, end in members if end is None)
        bounds = tuple(f"{v.name} {'<=' if end else '>='} {self.bounds[id(v)][end]:.6g}" for v, end in members if end is not None)
        return Conflict(rows, bounds, minimal=minimal, proved=False)


def _clash(instance, program: Program, found: Conflict, clock: Clock) -> Diagnosis:
    """A conflict with followers' optimality in words: what is left of it when that is said is the leader's, or nothing."""
    starts = {f"{follower.name}.kkt.": follower.name for follower in program.followers}
    apart = [part for part in (*found.rows, *found.bounds) if part.startswith(tuple(starts))]
    names = dict.fromkeys(starts[part[: part.index(".kkt.") + 5]] for part in apart) or starts.values()
    rows, bounds = ([part for part in parts if part not in apart] for parts in (found.rows, found.bounds))
    found = replace(found, rows=tuple(rows), bounds=tuple(bounds))
    who = next(iter(names)) if len(names) == 1 else None
    reason = somewhere(instance, clock)
    if reason is not None and not _restrict_followers(program, rows, bounds):
        where = f"wherever {found} hold" if rows or bounds else "at every decision that was tried"
        message = reason.message.replace(AT, where)
        return replace(reason, message=message, conflict=found, proved=found.proved and reason.proved)
    if not rows and not bounds:
        message = f"{listed([*names])}: no best answer exists, or none that has multipliers, whatever the leader decides"
    else:
        verb = "answers" if len(names) == 1 else "answer"
        message = f"infeasible: no decision keeps {found} where {listed([*names])} {verb} as is best"
    message += f"; at one decision {reason.message}" if reason is not None else ""
    return Diagnosis("infeasible", message, who, found, proved=found.proved)


def _restrict_followers(program: Program, rows, bounds) -> bool:
    """Whether any of these hold a follower's variable."""
    own = {id(v) for follower in program.followers for v in follower.variables}
    followers = tuple(f"{follower.name}." for follower in program.followers)
    leaders = {asks(row): row for row in program.leader_constraints}
    return any(part.startswith(followers) for part in bounds) or any(
        row not in leaders or any(id(v) in own for v in identify_variables(leaders[row].body)) for row in rows
    )


# The leader's objective -----------------------------------------------------------------------------------------------


def _runaway(instance, clock: Clock) -> Diagnosis | None:
    """What stands at the walls of two boxes around all that has no bound, the leader faring better in the wider one."""
    working, values, goals = Working(instance), [], []
    if working.program.leader is None:
        return None
    working.use("sos1")
    for size in _BOXES:
        with working.without_products(), working.boxed(size):
            outcome = solve_scip(working.model, gap=1e-4, time_limit=clock())
        if outcome.status != "optimal" or not outcome.has_point:
            return None
        outcome.load()
        goals.append(working.objective())
        values.append(np.array([v.value or 0.0 for v in working.variables]))
    gained = abs(goals[1] - goals[0]) > 1e-4 * max(1.0, abs(goals[0])) and working.better(goals[1], goals[0])
    growing = np.where(np.abs(values[1]) > 10.0 * np.abs(values[0]), values[1], 0.0)
    ray = moves(zip(working.names, growing, strict=True))
    if not gained or not ray:
        return None
    word = "falls" if working.minimises else "rises"
    message = f"unbounded: {working.program.leader.name} {word} for ever as {directions(ray)}: give one of them a bound"
    return Diagnosis("unbounded", message, ray=ray)
