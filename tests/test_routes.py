"""How the routes are driven: an M without proof is never trusted, a continuation ends where it should, a clock is kept."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo
import pytest
from builders import tracking

from bilevel_dr import ModelError, routes, solve
from bilevel_dr.reformulate import REFORMULATIONS
from bilevel_dr.routes import GLOBAL_ROUTES, GLOBAL_SOLVERS, LOCAL_ROUTES, follow, search
from bilevel_dr.solvers import find
from bilevel_dr.solvers.nl import Outcome
from bilevel_dr.working import Working


def forever(most=math.inf):
    return None if most == math.inf else most


def test_every_route_is_a_reformulation_and_every_solver_is_known():
    assert set(GLOBAL_ROUTES) | set(LOCAL_ROUTES) == set(REFORMULATIONS)
    assert {name for solvers in GLOBAL_ROUTES.values() for name in solvers} == set(GLOBAL_SOLVERS)
    assert find("scip").name == "scip" and find("highs").name == "highs"


@pytest.mark.parametrize("reformulation", GLOBAL_ROUTES)
def test_global_routes_reach_the_optimum_and_its_bound(reformulation):
    for solver in GLOBAL_ROUTES[reformulation]:
        if solver == "gurobi" or (reformulation, solver) == ("strong_duality", "highs"):
            continue  # an extra; a quadratic row, refused below
        working = Working(tracking())
        outcome, _ = search(working, reformulation, solver, 1e-6, forever)
        outcome.load()
        assert outcome.status == "optimal" and outcome.bound == pytest.approx(2.75, abs=1e-4)
        assert working.objective() == pytest.approx(2.75, abs=1e-3)
        assert working.active_objective is working.program.leader


@pytest.mark.parametrize(
    ("reformulation", "leader", "named"),
    [("sos1", lambda m: m.x, "SOS1"), ("strong_duality", lambda m: m.x, "gap"), ("big_m", lambda m: pyo.exp(m.x), "cost")],
)
def test_highs_refuses_what_it_cannot_take(reformulation, leader, named):
    m = tracking()
    m.cost.set_value(leader(m))
    with pytest.raises(ModelError, match=f"{named}.*scip"):
        search(Working(m), reformulation, "highs", 1e-6, forever)


def steep(**bounds):
    """The follower's price of its row is 300 at the optimum, its slack up to 60: an M of 50 cuts the answer off."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 100))
    m.f = pyo.Block()
    m.f.y = pyo.Var(**bounds)
    m.f.cost = pyo.Objective(expr=300 * m.f.y)
    m.f.row = pyo.Constraint(expr=m.f.y >= m.x - 60)
    m.f.floor = pyo.Constraint(expr=m.f.y >= 0)
    m.goal = pyo.Objective(expr=(m.x - 70) ** 2 + m.f.y)
    return m


@pytest.mark.parametrize("given", [1.0, 50.0, 290.0, 1e6])
@pytest.mark.parametrize("solver", ["highs", "scip"])
def test_an_M_without_proof_is_enlarged_or_confessed(solver, given):
    """Trap 11: with M = 50 and the like a solver returns a wrong value, or infeasible, and calls it proved."""
    m = steep()
    solution = solve(m, "big_m", solver, M_multiplier=given, M_slack=given)
    truth = 9.75  # x = 69.5
    if solution.claim != "none":
        assert solution.leader_objective == pytest.approx(truth, abs=1e-4)
    assert solution.claim != "global" or solution.best_bound == pytest.approx(truth, abs=1e-3)
    assert solution.termination != "infeasible"
    assert solve(m).leader_objective == pytest.approx(truth, abs=1e-4)


def test_a_proved_M_needs_no_word():
    solution = solve(steep(bounds=(0, 50)), "big_m")
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(9.75, abs=1e-4)
    assert not any("not proved" in note for note in solution.notes)


class Recorder:
    """A local solver that only writes down what it is asked."""

    def __init__(self, working, statuses=()):
        self.working, self.levels, self.starts, self.statuses = working, [], [], list(statuses)
        self.variables = list(working.model.component_data_objects(pyo.Var))

    def start(self):
        return np.zeros(len(self.variables))

    def solve(self, start=None, fixed=None, time_limit=None):
        self.levels += [level for _, level in (fixed or {}).items()]
        self.starts.append(start)
        status = self.statuses.pop(0) if self.statuses else "optimal"
        return Outcome(status, tuple(self.variables), np.full(len(self.variables), float(len(self.starts))))


def test_epsilon_falls_by_tens_to_its_end_and_each_solve_starts_from_the_last():
    for number in range(3):
        working = Working(tracking())
        working.use("scholtes")
        nlp = Recorder(working)
        follow(working, nlp, "scholtes", number, forever)
        steps = np.array(nlp.levels[1:]) / np.array(nlp.levels[:-1])
        assert nlp.levels[-1] == pytest.approx(1e-8) and (steps < 1).all() and (steps > 0.05).all()
        assert nlp.levels[0] >= 1e-3
        assert [start[0] for start in nlp.starts] == list(range(len(nlp.starts)))


def test_a_failed_step_late_on_the_way_keeps_the_point_before_it():
    working = Working(tracking())
    nlp = Recorder(working, ["optimal"] * 5 + ["infeasible"])
    outcome = follow(working, nlp, "scholtes", 1, forever)
    assert outcome.status == "optimal" and outcome.values[0] == 5.0 and len(nlp.starts) == 6


def test_a_failed_step_at_the_beginning_is_passed_over():
    working = Working(tracking())
    nlp = Recorder(working, ["failed"])
    outcome = follow(working, nlp, "scholtes", 1, forever)
    assert outcome.status == "optimal" and nlp.levels[-1] == pytest.approx(1e-8)


@pytest.mark.parametrize("reformulation", ["scholtes", "fischer_burmeister", "strong_duality", "penalty"])
def test_the_clock_ends_a_continuation(reformulation):
    working = Working(tracking())
    working.use(reformulation)
    nlp = Recorder(working)
    seconds = iter([5.0, 3.0, 0.0])
    assert follow(working, nlp, reformulation, 1, lambda most: next(seconds)).status == "limit"
    assert len(nlp.starts) == 2


def test_the_penalty_is_raised_until_the_products_vanish():
    working = Working(tracking())
    working.use("penalty")
    nlp = Recorder(working)  # its points leave all products positive
    follow(working, nlp, "penalty", 0, forever)
    assert nlp.levels == [10.0**k for k in range(9)]
    working = Working(tracking())
    nlp = working.nlp("penalty")
    outcome = follow(working, nlp, "penalty", 0, forever)
    outcome.load()
    assert max(pair.residual() for pair in working.pairs) < 1e-6


# Bounds of problems that have none --------------------------------------------------------------------------------------


def runs_away():
    """The leader gains for ever along x[0], x[2] ≥ 0; SCIP called the problem with its SOS1 sets optimal, at -17."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([0, 1, 2])
    m.x[0].domain = pyo.Integers
    m.x[1].domain = pyo.NonNegativeReals
    m.x[2].domain = pyo.NonNegativeIntegers
    m.f = pyo.Block([0, 1])
    m.f[0].y = pyo.Var([0, 1])
    m.f[0].y[0].setub(3)
    m.f[0].y[1].setub(4)
    m.f[1].y = pyo.Var(bounds=(0, 6))
    m.f[0].one = pyo.Constraint(expr=-m.f[0].y[1] <= 8)
    m.f[0].two = pyo.Constraint(expr=(-1, m.f[0].y[0] + 2 * m.x[0] - m.f[1].y, 3))
    m.f[0].cost = pyo.Objective(expr=(1 + 2 * m.x[0]) * m.f[0].y[0] + 0 * m.f[0].y[1])
    m.f[1].row = pyo.Constraint(expr=m.f[1].y - m.x[0] - m.x[2] <= 3)
    m.f[1].gain = pyo.Objective(expr=(m.x[2] - 3) * m.f[1].y, sense=pyo.maximize)
    m.row = pyo.Constraint(expr=m.x[0] + m.x[1] + 2 * m.x[2] + 2 * m.f[0].y[0] - m.f[1].y == 4)
    m.cost = pyo.Objective(expr=-2 * m.x[0] - 3 * m.x[2] - 3 * m.f[0].y[0] - 3 * m.f[0].y[1] - 2 * m.f[1].y)
    return m


@pytest.mark.parametrize("reformulation", ["sos1", "mixed"])
def test_what_runs_away_is_not_called_optimal_however_many_pairs_there_are(monkeypatch, reformulation):
    monkeypatch.setattr(routes, "SMALL", 0)
    solution = solve(runs_away(), reformulation)
    assert (solution.termination, solution.claim, solution.best_bound) == ("unbounded", "none", None)


def test_nor_by_value_functions():
    solution = solve(runs_away(), "value_function")
    assert (solution.termination, solution.claim, solution.best_bound) == ("limit", "none", None)


@pytest.mark.parametrize(
    ("said", "bound"),
    [
        ([-101000.0, -10000.0, -8.0], None),  # the last box holds the first point, and is said to hold nothing as good
        ([-3.0, -10000.0, -10000.0], None),  # the best stands at the edge of its box
        ([-3.0, -3.0, -3.0], -3.0),
    ],
)
def test_a_bound_that_boxes_contradict_or_make_is_not_believed(said, bound):
    m = tracking()
    m.x.setlb(None)
    m.cost.set_value(m.x)
    working, answers = Working(m), iter(said)

    def run(working, gap, seconds):
        x = next(answers)
        values = [x if v.local_name == "x" else 0.0 for v in working.variables]
        return Outcome("optimal", tuple(working.variables), np.array(values), bound=x)

    first = run(working, 0.0, None)
    assert routes.without_illusion(working, run, 0.0, lambda most=math.inf: most, first).bound == bound
