"""How each reformulation is driven: to a proved bound by a global solver, or along a continuation by a local one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyomo.environ as pyo

from .arrays import quadratic_form
from .bounds import audit, enlarged, side_bounds
from .errors import ModelError
from .residuals import beyond_bounds
from .solvers.nl import Nlp, Outcome, solve_scip
from .tangents import minimise_by_tangents
from .working import Working

Clock = Callable[..., "float | None"]
"""``clock(most)``: seconds left, at most ``most``; None where nothing limits."""

GLOBAL_ROUTES = {
    "sos1": ("scip", "gurobi"),
    "indicator": ("scip",),
    "big_m": ("highs", "scip", "gurobi"),
    "strong_duality": ("scip", "highs", "gurobi"),
    "mixed": ("scip", "gurobi"),
}
LOCAL_ROUTES = ("scholtes", "product", "fischer_burmeister", "penalty", "strong_duality")


SMALL, QUICK = 50, 2.0
"""Up to this many pairs a search first runs for some seconds without derived bounds, which cost more than most searches."""


def search(
    working: Working, reformulation: str, solver: str, gap: float, clock: Clock, **options
) -> tuple[Outcome, list[str]]:
    """A global search, with what its bounds have to say.

    Every side that stands for a multiplier or slack has its proved bound meanwhile. Where big-M rests on an M without
    proof, an answer that reaches it is searched for again at ten times that M, three times at the most, and the solver's
    bound is not passed on.
    """
    run = GLOBAL_SOLVERS[solver]
    outside = next((v for v in working.variables if v.fixed and beyond_bounds(v) > 0.0), None)
    if outside is not None:  # a constant to every writer, so not every solver would see it
        return Outcome("infeasible", message=f"{outside.name} is fixed outside its bounds"), []
    with working.without_products():
        if reformulation in ("big_m", "mixed"):
            return _search_with_M(working, reformulation, run, gap, clock, options)
        return _search_without_M(working, reformulation, run, gap, clock, options)


def _search_without_M(working, reformulation, run, gap, clock, options) -> tuple[Outcome, list[str]]:
    working.use(reformulation, **options)
    if len(working.pairs) <= SMALL:
        outcome = run(working, gap, clock(QUICK))
        if outcome.status != "limit":
            return _without_illusion(working, reformulation, run, gap, clock, outcome), []
    with working.tightened(reformulation):
        return _without_illusion(working, reformulation, run, gap, clock, run(working, gap, clock())), []


def _without_illusion(working: Working, reformulation: str, run, gap, clock, outcome: Outcome) -> Outcome:
    outcome = without_illusion(working, run, gap, clock, outcome)
    if outcome.status == "unbounded" and reformulation == "strong_duality":  # its products gain by any tolerance
        return replace(outcome, status="failed")
    return outcome


def without_illusion(working: Working, run, gap, clock, outcome: Outcome) -> Outcome:
    """Unbounded where widening a box keeps improving: SCIP may call an unbounded problem with SOS1 sets optimal.

    Only where the problem without its complementarities has no bound can that happen; then the search is repeated with the
    unbounded variables in a box, twice, as it is where SCIP calls the problem unbounded. The bound of an answer at the edge
    of its box is the box's own, and none is believed where a box is said to hold nothing as good as a point that lies in it.
    """
    if outcome.status != "unbounded" and not (outcome.status == "optimal" and working.relaxation_is_unbounded(clock(10.0))):
        return outcome
    best, boxed = outcome, False
    for size in (1e4, 1e6):
        with working.boxed(size) as free:
            wider = run(working, gap, clock())
        on_edge = any(abs(x) >= (1 - 1e-6) * size for x in wider.of(free))
        if wider.status != "optimal" or wider.bound is None:
            return replace(best, bound=None)
        if best.bound is None:  # nothing to compare with yet
            best, boxed = wider, on_edge
            continue
        differs = abs(wider.bound - best.bound) > 1e-4 * max(1.0, abs(best.bound))
        better = differs and working.better(wider.bound, best.bound)
        if differs and not better and all(abs(x) <= size for x in best.of(free)):
            return replace(best, bound=None)
        if better and size == 1e6:
            return Outcome("unbounded", message=f"{outcome.message}, but better in every wider box")
        best, boxed = (wider, on_edge) if better else (best, boxed)
    return replace(best, bound=None) if boxed else best


def _search_with_M(working, reformulation, run, gap, clock, options) -> tuple[Outcome, list[str]]:
    if reformulation == "mixed":
        working.use("mixed", **options)
        return without_illusion(working, run, gap, clock, run(working, gap, clock())), []
    given = {name: options[name] for name in ("M_slack", "M_multiplier") if options.get(name) is not None}
    bounds = side_bounds(working.model, working.pairs, **given) if given else working.bounds
    for attempt in range(4):
        working.use("big_m", M=bounds)
        outcome = run(working, gap, clock())
        if outcome.has_point:
            outcome.load()
        held = audit(working.pairs, bounds) if outcome.has_point else []
        unproved = any(not bound.proved for sides in bounds for bound in sides)
        if not unproved or (outcome.has_point and not held) or attempt == 3:
            break
        bounds = enlarged(bounds)
    if not unproved:
        return outcome, []
    notes = ["some M is not proved, so the solver's bound is not used"]
    notes += [f"still held back by an unproved M: {', '.join(held[:3])}"] if held else []
    return replace(outcome, bound=None, status="failed" if outcome.status == "infeasible" else outcome.status), notes


def search_with_scip(working: Working, gap: float, time_limit: float | None) -> Outcome:
    return solve_scip(working.model, gap=gap, time_limit=time_limit, keep=working.given)


def search_with_highs(working: Working, gap: float, time_limit: float | None) -> Outcome:
    """Linear and convex quadratic leaders over mixed-integer linear rows.

    Raises
    ------
    ModelError
        A row or the objective is neither; the message names it.
    """
    model, leader = working.model, working.active_objective
    rows = list(model.component_data_objects(pyo.Constraint, active=True, descend_into=True))
    blocks = (pyo.Block,)
    variables = [v for v in model.component_data_objects(pyo.Var, active=True, descend_into=blocks) if not v.fixed]
    if any(True for _ in model.component_data_objects(pyo.SOSConstraint, active=True, descend_into=True)):
        raise ModelError("HiGHS has no SOS1 sets: use reformulation='big_m', or solver='scip'")
    sign = 1 if working.minimises else -1
    form = quadratic_form(0.0 if leader is None else leader.expr, sign, rows, variables)
    if form is None:  # a product, a square or worse in a row
        raise ModelError(
            "HiGHS takes linear rows and a convex quadratic leader; "
            f"{_first_nonlinear(leader, rows)} is neither: use solver='scip'"
        )
    if form.is_linear or not form.integer.any():
        start = np.array([working.given.get(v, math.nan) for v in variables]) if working.given else None
        answer = form.minimise(time_limit, start)
        bound = answer.bound + form.constant
    else:
        answer = minimise_by_tangents(form, gap, time_limit)
        bound = answer.bound
    values = answer.x
    return Outcome(
        answer.status,
        tuple(variables),
        values,
        sign * bound if math.isfinite(bound) else None,
        f"HiGHS: {answer.status}",
    )


def _first_nonlinear(leader, rows) -> str:
    for row in rows:
        if row.body.polynomial_degree() not in (0, 1):
            return row.name
    return leader.name


def search_with_gurobi(working: Working, gap: float, time_limit: float | None) -> Outcome:
    from .solvers.gurobi import solve_gurobi

    return solve_gurobi(working.model, gap=gap, time_limit=time_limit)


GLOBAL_SOLVERS = {"scip": search_with_scip, "highs": search_with_highs, "gurobi": search_with_gurobi}


def follow(working: Working, nlp: Nlp, reformulation: str, number: int, clock: Clock) -> Outcome:
    """Drive one local route from the point the working model holds; ``number`` is the start's, which sets its pace."""
    block = working.use(reformulation)
    point = nlp.start()
    if reformulation == "product":
        return nlp.solve(start=point, time_limit=clock(60.0))
    if reformulation == "penalty":
        return _raise_weight(nlp, block.weight, working, point, clock)
    first = (_scale(working), 1.0, 1e-3)[number % 3]
    return _lower_epsilon(nlp, block.epsilon, first, point, clock)


def _scale(working: Working) -> float:
    """The largest left times the largest right side: room for every pair, as the high-point relaxation has it."""
    sides = [
        [abs(pyo.value(side, exception=False) or 0.0) for side in (pair.left, pair.right)] for pair in working.pairs
    ]
    left, right = np.max(sides, axis=0, initial=0.0) if sides else (0.0, 0.0)
    return min(max(1.0, left * right), 1e4)


def _lower_epsilon(nlp, epsilon, first, point, clock, last: float = 1e-8) -> Outcome:
    """ε → 0 by tens, each solve from the last point.

    With ε at the scale of the two sides the first problem is nearly the high-point relaxation, and every start follows the
    same path from its optimum; with a small ε the search stays on the pieces near its start. Starts take turns between the
    scale, 1 and 1e-3.
    """
    outcome = Outcome("failed")
    for level in np.geomspace(first, last, max(2, math.ceil(math.log10(first / last)) + 1)):
        left = clock(60.0)
        if left is not None and left <= 0.0:
            return replace(outcome, status="limit")
        step = nlp.solve(start=point, fixed=pyo.ComponentMap([(epsilon, level)]), time_limit=left)
        if outcome.has_point and step.status not in ("optimal", "feasible") and level < 1e-4:
            return outcome  # the last relaxed point is nearer than where a degenerate problem was left
        if step.crashed:
            return outcome if outcome.has_point else step
        outcome = step
        if step.has_point and step.status not in ("infeasible", "unbounded"):
            point = step.values
    return outcome


def _raise_weight(nlp, weight, working, point, clock) -> Outcome:
    """The weight times ten until the products vanish; beyond 1e8 the penalised problem has no complementary solution here."""
    outcome, level = Outcome("failed"), 1.0
    while level <= 1e8:
        left = clock(60.0)
        if left is not None and left <= 0.0:
            return replace(outcome, status="limit")
        step = nlp.solve(start=point, fixed=pyo.ComponentMap([(weight, level)]), time_limit=left)
        level *= 10.0
        if step.crashed:
            return outcome if outcome.has_point else step
        if not step.has_point or step.status in ("infeasible", "unbounded", "failed"):
            continue
        outcome, point = step, step.values
        outcome.load()
        if max((pair.residual() for pair in working.pairs), default=0.0) < 1e-6:
            break
    return outcome
