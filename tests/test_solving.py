"""``solve`` from outside: every termination, every claim, every option, and the instance as it was."""

from __future__ import annotations

import importlib.util
import logging
import math
import time
from dataclasses import replace

import pyomo.environ as pyo
import pytest
from builders import snapshot, tracking
from pyomo.mpec import Complementarity, complements

import bilevel_dr as bdr
from bilevel_dr import ModelError, SolverMissing, solve, verify
from bilevel_dr.convexity import judge_all
from bilevel_dr.reformulate import REFORMULATIONS
from bilevel_dr.routes import LOCAL_ROUTES, search
from bilevel_dr.solvers.nl import Outcome


def test_auto_proves_the_optimum():
    solution = solve(tracking())
    assert (solution.claim, solution.termination) == ("global", "optimal")
    assert solution.leader_objective == pytest.approx(2.75) and solution.best_bound == pytest.approx(2.75, abs=1e-4)
    assert solution.point == pytest.approx({"x": 2.5, "f.y": 2.5}) and solution.follower_objectives == pytest.approx({"f": 0}, abs=1e-9)
    assert solution.certificate.passed and solution.seconds > 0


@pytest.mark.parametrize("maximise", [False, True])
@pytest.mark.parametrize("reformulation", REFORMULATIONS)
def test_every_reformulation_in_both_senses(reformulation, maximise):
    m = tracking()
    if maximise:
        m.cost.set_value(-m.cost.expr)
        m.cost.sense = pyo.maximize
        m.f.miss.set_value(-m.f.miss.expr)
        m.f.miss.sense = pyo.maximize
    solution = solve(m, reformulation, starts=2)
    sign = -1 if maximise else 1
    assert solution.leader_objective == pytest.approx(sign * 2.75, abs=1e-6)
    assert solution.claim == ("local" if reformulation in LOCAL_ROUTES and solution.solver == "casadi-ipopt" else "global")
    assert solution.best_bound is None if solution.claim == "local" else solution.best_bound == pytest.approx(sign * 2.75, abs=1e-4)
    assert solution.reformulation == reformulation and solution.termination == "optimal"


@pytest.mark.parametrize("solver", ["casadi-ipopt", "uno", "scip", "highs"])
def test_auto_with_a_solver_of_ones_own(solver):
    solution = solve(tracking(), solver=solver)
    assert solution.solver == solver and solution.leader_objective == pytest.approx(2.75, abs=1e-5)


# The instance ---------------------------------------------------------------------------------------------------------


def awkward():
    """Values set, variables fixed, components switched off, a Suffix and Complementarities: all of it must stay."""
    m = tracking(initialize=1.25)
    m.f.y.set_value(0.75)
    m.k = pyo.Var((1, 2), bounds=(0, 1), initialize=0.5)
    m.k[1].fix()
    m.unset = pyo.Var()
    m.f.off = pyo.Constraint(expr=m.f.y <= 0)
    m.f.off.deactivate()
    m.other = pyo.Objective(expr=m.x)
    m.other.deactivate()
    m.away = pyo.Block()
    m.away.row = pyo.Constraint(expr=m.x >= 99)
    m.away.deactivate()
    m.pair = Complementarity(expr=complements(m.k[2] >= 0, m.x >= 0))
    m.one = pyo.SOSConstraint(var=m.k, sos=1, index=[1, 2]) if False else pyo.SOSConstraint(rule=lambda m: [m.k[2], m.x], sos=1)
    m.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    return m


@pytest.mark.parametrize("reformulation", ["auto", "sos1", "big_m", "mixed"])
def test_nothing_of_the_instance_changes(reformulation):
    m = awkward()
    before, pairs = snapshot(m), m.pair.active
    solution = solve(m, reformulation)
    assert snapshot(m) == before and m.pair.active == pairs
    assert solution.claim != "none"
    solution.load_into(m)
    assert m.x.value == solution.point["x"] and verify(m, {v.name: v.value for v in m.component_data_objects(pyo.Var)}).passed


@pytest.mark.parametrize("reformulation", LOCAL_ROUTES)
def test_nothing_of_the_instance_changes_locally(reformulation):
    m = awkward()
    m.one.deactivate()
    before = snapshot(m)
    assert solve(m, reformulation, starts=1, solver="casadi-ipopt").claim != "none" and snapshot(m) == before


def test_the_same_seed_gives_the_same_answer():
    first, second = (solve(tracking(), "scholtes", starts=4, seed=7) for _ in range(2))
    assert first.point == second.point and first.leader_objective == second.leader_objective
    assert solve(tracking()).point == solve(tracking()).point


# Terminations ---------------------------------------------------------------------------------------------------------


def _leader_rows(m):
    m.row = pyo.Constraint(expr=m.x >= 20)


def _follower_rows(m):
    m.f.row = pyo.Constraint(expr=m.f.y >= m.x + 20)


def _coupling(m):
    m.row = pyo.Constraint(expr=m.x == m.f.y + 1)


def _crossed_bounds(m):
    m.x.setlb(6)
    m.x.setub(5)


def _crossed_follower_bounds(m):
    m.f.y.setlb(6)
    m.f.y.setub(5)


def _fixed_outside(m):
    m.x.fix(20)


def _fixed_against_a_row(m):
    m.x.fix(2)
    m.row = pyo.Constraint(expr=m.x <= 1)


def _empty_integers(m):
    m.n = pyo.Var(domain=pyo.Integers)
    m.row = pyo.Constraint(expr=(1, 3 * m.n, 2))


def _unbounded_follower(m):
    m.f.y.setub(None)
    m.f.miss.set_value(-m.f.y)


def _unbounded_follower_without_a_row_or_bound(m):
    m.f.y.setub(None)
    m.f.y.setlb(None)
    m.f.miss.set_value(m.f.y)


def _unbounded_maximising_follower(m):
    m.f.y.setlb(None)
    m.f.miss.set_value(-m.f.y + m.x)
    m.f.miss.sense = pyo.maximize


def _only_leader_variables_in_a_followers_row(m):
    m.f.row = pyo.Constraint(expr=m.x >= 11)


NO_POINT = [
    _leader_rows, _follower_rows, _coupling, _crossed_bounds, _crossed_follower_bounds, _fixed_outside, _fixed_against_a_row, _empty_integers,
    _unbounded_follower, _unbounded_follower_without_a_row_or_bound, _unbounded_maximising_follower, _only_leader_variables_in_a_followers_row,
]  # fmt: skip


@pytest.mark.parametrize("reformulation", ["auto", "strong_duality", "mixed"])
@pytest.mark.parametrize("change", NO_POINT, ids=lambda change: change.__name__.strip("_"))
def test_without_a_bilevel_feasible_point_nothing_is_claimed(change, reformulation):
    """An unbounded follower has no answer either: no point is bilevel-feasible, for a reason with another remedy."""
    m = tracking()
    change(m)
    solution = solve(m, reformulation)
    assert (solution.claim, solution.termination) == ("none", "infeasible")
    assert solution.notes
    assert solution.leader_objective is None or not solution.certificate.passed
    assert solution.best_bound is None


@pytest.mark.parametrize("change", [c for c in NO_POINT if c is not _empty_integers], ids=lambda change: change.__name__.strip("_"))
def test_local_routes_claim_nothing_either(change):
    m = tracking()
    change(m)
    solution = solve(m, "scholtes", starts=2)
    assert solution.claim == "none" and solution.termination in ("infeasible", "failed", "limit", "unbounded")


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_an_unbounded_leader(sense):
    m = tracking(bounds=(None, None))
    m.f.y.setlb(None)
    m.f.y.setub(None)
    m.cost.set_value((1 if sense == pyo.minimize else -1) * (m.x + m.f.y))
    m.cost.sense = sense
    solution = solve(m)
    assert (solution.claim, solution.termination) == ("none", "unbounded")
    assert solve(m, "scholtes", starts=1).claim == "none"


def test_an_unbounded_leader_along_multipliers():
    """Only through the follower's multipliers: any price from 2 on is one where nothing is left to buy."""
    m = pyo.ConcreteModel()
    m.price = pyo.Var()
    m.f = pyo.Block()
    m.f.g = pyo.Var(bounds=(0, 5))
    m.f.cost = pyo.Objective(expr=2 * m.f.g)
    m.f.balance = pyo.Constraint(expr=m.f.g == 5)
    m.multiplier_of = pyo.Suffix(initialize=[(m.price, m.f.balance)])
    m.goal = pyo.Objective(expr=m.price, sense=pyo.maximize)
    solution = solve(m)
    assert solution.claim == "none" and solution.termination == "unbounded"
    m.goal.sense = pyo.minimize
    assert solve(m).leader_objective == pytest.approx(2)


def test_time_limits_are_kept():
    n = 30
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(n), bounds=(-5, 5))
    m.f = pyo.Block(range(n))
    for i in m.f:
        m.f[i].y = pyo.Var((1, 2), bounds=(-9, 9))
        m.f[i].cost = pyo.Objective(expr=(m.f[i].y[1] - m.x[i]) ** 2 + m.f[i].y[2] * m.x[(i + 1) % n] + m.f[i].y[2] ** 2)
        m.f[i].row = pyo.Constraint(expr=m.f[i].y[1] + m.f[i].y[2] <= m.x[(i + 7) % n])
    m.goal = pyo.Objective(expr=sum(m.f[i].y[1] * m.f[(i + 3) % n].y[2] * m.x[i] for i in m.f))
    for limit in (0.0, 1.0):
        began = time.perf_counter()
        solution = solve(m, time_limit=limit)
        assert time.perf_counter() - began < limit + 8  # a step under way is ended, not cut off
        assert solution.termination in ("limit", "feasible", "optimal") and solution.claim != "global"


# Options --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "error", "named"),
    [
        ({"reformulation": "sos2"}, ModelError, "sos2.*scholtes"),
        ({"reformulation": "SOS1"}, ModelError, "SOS1"),
        ({"solver": "scipp"}, SolverMissing, "scip"),
        ({"solver": "cplex"}, SolverMissing, "cplex"),
        ({"solver": "/nowhere/ipopt"}, SolverMissing, "/nowhere/ipopt"),
        ({"reformulation": "scholtes", "solver": "scip"}, ModelError, "scholtes"),
        ({"reformulation": "sos1", "solver": "casadi-ipopt"}, ModelError, "sos1"),
        ({"reformulation": "sos1", "solver": "highs"}, ModelError, "SOS1"),
        ({"reformulation": "penalty", "solver": "highs"}, ModelError, "penalty"),
        ({"starts": 0}, ModelError, "starts"),
        ({"starts": -3}, ModelError, "starts"),
        ({"tim_limit": 3}, ModelError, "tim_limit.*time_limit"),
        ({"reformulation": "scholtes", "epsilom": 3}, ModelError, "epsilom.*epsilon"),
        ({"reformulation": "sos1", "M_slack": 3}, ModelError, "M_slack"),
        ({"reformulation": "mixed", "choice": {"*": "bigm"}}, ModelError, "bigm"),
        ({"reformulation": "mixed", "choice": {"g.*": "sos1"}}, ModelError, "g.*"),
    ],
)
def test_wrong_words_are_refused_by_name(how, error, named):
    with pytest.raises(error, match=named):
        solve(tracking(), **how)


def test_mixed_takes_the_users_choice_for_some_pairs():
    solution = solve(tracking(), "mixed", choice={"f.kkt.pair_lower*": "indicator", "*upper*": "sos1"})
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(2.75)


def test_an_option_of_a_local_route_counts():
    assert solve(tracking(), "scholtes", starts=1, epsilon=1e-6).claim != "none"


@pytest.mark.parametrize("wrong", [None, "khe_2025", pyo.AbstractModel()])
def test_what_is_no_instance_is_refused(wrong):
    with pytest.raises(ModelError):
        solve(wrong)


def test_a_follower_that_is_not_convex_is_refused_with_a_witness():
    m = tracking()
    m.f.miss.set_value(-((m.f.y - m.x) ** 2))
    with pytest.raises(ModelError, match="f: not convex"):
        solve(m)


# Shapes of program ----------------------------------------------------------------------------------------------------


def test_leader_integers_and_coupling():
    m = tracking()
    m.n = pyo.Var((1, 2), domain=pyo.Binary)
    m.one = pyo.Constraint(expr=m.n[1] + m.n[2] == 1)
    m.link = pyo.Constraint(expr=m.x == 1 * m.n[1] + 4 * m.n[2])
    m.coupling = pyo.Constraint(expr=m.f.y <= 3)
    solution = solve(m)
    assert solution.claim == "global" and solution.point == pytest.approx({"x": 1, "n[1]": 1, "n[2]": 0, "f.y": 1})
    m.coupling.deactivate()
    assert solve(m).leader_objective == pytest.approx(5)  # 4 + 1 and 1 + 4: both are best


@pytest.mark.parametrize("route", ["auto", "scholtes"])
def test_followers_who_share_a_market(route):
    """Two Cournot followers behind a leader: price 12 − x − y1 − y2, no cost; each plays (12 − x) / 3; the leader x = 6."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 12))
    m.f = pyo.Block((1, 2))
    for b in m.f.values():
        b.y = pyo.Var(domain=pyo.NonNegativeReals)
    price = 12 - m.x - m.f[1].y - m.f[2].y
    for b in m.f.values():
        b.profit = pyo.Objective(expr=price * b.y, sense=pyo.maximize)
    m.profit = pyo.Objective(expr=price * m.x, sense=pyo.maximize)
    solution = solve(m, route)
    assert solution.claim == ("global" if route == "auto" else "local")
    assert solution.point == pytest.approx({"x": 6, "f[1].y": 2, "f[2].y": 2}, abs=1e-3)
    assert solution.follower_objectives == pytest.approx({"f[1]": 4, "f[2]": 4}, abs=1e-3)


@pytest.mark.parametrize("route", ["auto", "sos1", "scholtes", "strong_duality"])
def test_an_equilibrium_without_a_leader(route):
    m = pyo.ConcreteModel()
    m.player = pyo.Block((1, 2, 3))
    for b in m.player.values():
        b.y = pyo.Var(bounds=(0, 9))
    price = 13 - sum(b.y for b in m.player.values())
    for i, b in m.player.items():
        b.profit = pyo.Objective(expr=(price - i) * b.y, sense=pyo.maximize)
    solution = solve(m, route)
    assert (solution.claim, solution.leader_objective, solution.best_bound) == ("nash", None, None)
    assert solution.point == pytest.approx({"player[1].y": 3.75, "player[2].y": 2.75, "player[3].y": 1.75}, abs=1e-5)
    assert solution.termination == "optimal" and solution.follower_objectives["player[1]"] == pytest.approx(3.75**2, abs=1e-4)


def test_players_without_an_equilibrium():
    """Matching pennies with one coin each, on the line: one wants y = z, the other z = 1 − y; the middle is no best answer to itself."""
    m = pyo.ConcreteModel()
    m.a = pyo.Block()
    m.b = pyo.Block()
    m.a.y = pyo.Var(bounds=(0, 1))
    m.b.z = pyo.Var()
    m.a.goal = pyo.Objective(expr=m.a.y * (m.b.z - 3))
    m.b.goal = pyo.Objective(expr=(m.b.z - 5 * (1 - m.a.y)) ** 2)
    m.b.limit = pyo.Constraint(expr=m.b.z >= 6 * m.a.y)
    solution = solve(m)
    assert solution.claim in ("nash", "none")
    assert solution.claim == "none" or verify(m, solution).passed


def test_followers_without_leader_variables_fixed_and_unused_ones():
    m = tracking()
    m.f.miss.set_value((m.f.y - 4) ** 2)
    m.f.w = pyo.Var(bounds=(0, 5))
    m.f.w.fix(1.5)
    m.f.free = pyo.Var()
    m.z = pyo.Var(bounds=(3, None))
    m.n = pyo.Var(domain=pyo.Integers)
    solution = solve(m)
    assert solution.claim == "global"
    assert solution.point == pytest.approx({"x": 3, "z": 3, "n": 0, "f.y": 4, "f.w": 1.5, "f.free": 0})


@pytest.mark.parametrize("reformulation", REFORMULATIONS)
def test_a_followers_variable_that_only_costs(reformulation):
    """It is in no row and the leader does not see it: by no solver's file may it be lost."""
    m = tracking()
    m.f.z = pyo.Var(bounds=(0, 8))
    m.f.miss.set_value((m.f.y - m.x) ** 2 + m.f.z)
    solution = solve(m, reformulation, starts=1)
    assert solution.claim in ("global", "local") and solution.point == pytest.approx({"x": 2.5, "f.y": 2.5, "f.z": 0}, abs=1e-6)


@pytest.mark.parametrize("route", ["auto", "scholtes", "big_m"])
def test_objectives_that_leave_a_level_indifferent(route):
    m = tracking()
    m.f.miss.set_value(3.0 * m.x)  # nothing of its own: any y in [0, 10] is best, and the leader takes y = 0
    solution = solve(m, route)
    assert solution.claim in ("global", "local") and solution.point == pytest.approx({"x": 3, "f.y": 0}, abs=1e-6)
    assert solution.certificate.followers["f"].unique is False and solution.certificate.optimistic_gap == pytest.approx(10)
    m = tracking()
    m.cost.set_value(7.0)
    solution = solve(m, route)
    assert solution.claim in ("global", "local") and solution.leader_objective == 7
    assert solution.point["x"] == pytest.approx(solution.point["f.y"], abs=1e-6)


def test_a_leaders_binary_in_a_followers_rows_and_costs():
    m = tracking()
    m.b = pyo.Var(domain=pyo.Binary)
    m.f.row = pyo.Constraint(expr=m.f.y <= 4 * m.b + 1)
    m.cost.set_value((m.x - 5) ** 2 - m.f.y + m.b)
    for route in ("auto", "big_m", "scholtes"):
        solution = solve(m, route, starts=8)
        assert solution.point == pytest.approx({"x": 5, "b": 1, "f.y": 5}, abs=1e-5), route
    m.f.row.deactivate()
    m.f.miss.set_value((m.f.y - m.b * m.x) ** 2)
    assert solve(m).leader_objective == pytest.approx(-4.25, abs=1e-5)  # x = y = 5.5 with b = 1


def test_everything_fixed():
    m = tracking()
    m.x.fix(3)
    m.f.y.fix(3)
    solution = solve(m)
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(3)
    m.f.y.unfix()
    assert solve(m).point == pytest.approx({"x": 3, "f.y": 3})


def test_degenerate_followers_answer_for_the_leader():
    """Any split of one unit is best for the follower; the optimistic leader gets its own, and is told what that is worth."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = pyo.Block()
    m.f.y = pyo.Var((1, 2), bounds=(0, 1))
    m.f.cost = pyo.Objective(expr=m.f.y[1] + m.f.y[2])
    m.f.row = pyo.Constraint(expr=m.f.y[1] + m.f.y[2] >= 1)
    m.goal = pyo.Objective(expr=m.x + 3 * m.f.y[2])
    solution = solve(m)
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(0, abs=1e-6)
    assert solution.certificate.optimistic_gap == pytest.approx(3, abs=1e-6)


@pytest.mark.parametrize("reformulation", ["auto", "scholtes", "strong_duality"])
def test_convex_nonlinear_followers(reformulation):
    """max log(1 + y) − x y: y = 1/x − 1, so with x in [0.1, 0.5] the leader's x y = 1 − x is best at x = 0.1."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0.1, 0.5), initialize=0.3)
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(0, 50), initialize=1)
    m.f.utility = pyo.Objective(expr=pyo.log(1 + m.f.y) - m.x * m.f.y, sense=pyo.maximize)
    m.income = pyo.Objective(expr=m.x * m.f.y, sense=pyo.maximize)
    solution = solve(m, reformulation)
    assert solution.claim in ("global", "local") and solution.leader_objective == pytest.approx(0.9, abs=1e-5)


@pytest.mark.parametrize("reformulation", ["auto", "sos1", "scholtes"])
def test_convexity_that_is_not_proved_caps_the_claim(monkeypatch, reformulation):
    def unsure(program):
        return {name: replace(verdict, convexity="not proved", message="nobody knows") for name, verdict in judge_all(program).items()}

    monkeypatch.setattr("bilevel_dr.solving.judge_all", unsure)
    solution = solve(tracking(), reformulation, starts=2)
    assert solution.claim == "stationary" and solution.best_bound is None and solution.leader_objective == pytest.approx(2.75, abs=1e-5)
    assert any("convexity not proved: nobody knows" in note for note in solution.notes)
    assert solution.certificate.followers["f"].convexity == "not proved"


def test_a_nonconvex_leader_is_solved_to_its_global_optimum():
    m = tracking()
    m.cost.set_value(pyo.sin(m.x) * m.f.y)
    solution = solve(m)
    best = min(math.sin(i / 1000) * i / 1000 for i in range(10_001))
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(best, abs=1e-4)


def test_the_leaders_own_sets():
    m = tracking()
    m.s = pyo.Var((1, 2), bounds=(0, 1))
    m.set = pyo.SOSConstraint(var=m.s, sos=1)
    m.row = pyo.Constraint(expr=m.s[1] + m.s[2] >= m.x / 3)
    m.cost.set_value((m.x - 6) ** 2 + (m.f.y - 6) ** 2)
    solution = solve(m)
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(18)
    with pytest.raises(ModelError, match="set"):
        solve(m, "scholtes")


@pytest.mark.parametrize("reformulation", ["auto", "sos1", "scholtes"])
def test_the_leaders_own_complementarities(reformulation):
    m = tracking()
    m.a = pyo.Var(bounds=(0, 10), initialize=1)
    m.pair = Complementarity(expr=complements(m.a >= 0, m.x >= 2))
    m.cost.set_value((m.x - 6) ** 2 + 3 * (m.a - 6) ** 2)
    solution = solve(m, reformulation)
    assert solution.leader_objective == pytest.approx(16, abs=1e-5) and solution.point["x"] == pytest.approx(2, abs=1e-6)


def test_scales_from_milli_to_mega():
    for scale in (1e-3, 1.0, 1e4, 1e6):
        m = pyo.ConcreteModel()
        m.x = pyo.Var(bounds=(0, 10 * scale))
        m.f = pyo.Block()
        m.f.y = pyo.Var(bounds=(0, 10 * scale))
        m.f.miss = pyo.Objective(expr=(m.f.y - m.x) ** 2 / scale)
        m.cost = pyo.Objective(expr=(m.x - 3 * scale) ** 2 / scale + m.f.y)
        solution = solve(m)
        assert solution.claim in ("global", "local"), scale
        assert solution.point["f.y"] == pytest.approx(2.5 * scale, rel=1e-3), scale


def test_progress_goes_to_logging(caplog):
    with caplog.at_level(logging.INFO, logger="bilevel_dr"):
        solve(tracking(), "scholtes", starts=2)
    assert any("start 1" in record.getMessage() for record in caplog.records)


def test_the_package_says_what_it_offers():
    assert {"solve", "verify", "compare", "load", "Solution", "ModelError"} <= set(dir(bdr))
    with pytest.raises(AttributeError, match="slove"):
        _ = bdr.slove


@pytest.mark.parametrize("integer", [True, False])
def test_where_the_leader_has_integers_a_second_search_follows_the_first(monkeypatch, integer):
    """The first search is made to find nothing: integers are no job for a local route, continuous decisions are."""
    tried = []

    def nothing_by_sos1(working, reformulation, solver, *rest, **options):
        tried.append((reformulation, solver))
        return (Outcome("limit"), []) if reformulation == "sos1" else search(working, reformulation, solver, *rest, **options)

    monkeypatch.setattr("bilevel_dr.searching.search", nothing_by_sos1)
    m = tracking()
    m.whole = pyo.Var(domain=pyo.Integers if integer else pyo.Reals, bounds=(0, 5))
    m.is_whole = pyo.Constraint(expr=m.whole == m.x)
    solution = solve(m)
    assert tried == [("sos1", "scip"), ("big_m", "highs")][: 1 + integer]
    assert solution.claim == ("global" if integer else "local") and solution.certificate.passed
    assert solution.reformulation == ("big_m" if integer else "scholtes")
    assert abs(solution.point["x"] - 2.5) == pytest.approx(0.5 * integer, abs=1e-6)


def test_without_scip_auto_searches_locally_and_says_what_adds_it(monkeypatch):
    find_spec = importlib.util.find_spec
    absent = lambda name, *others: None if name == "pyscipopt" else find_spec(name, *others)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", absent)
    solution = solve(tracking())
    assert solution.claim == "local" and solution.leader_objective == pytest.approx(2.75)
    assert any("no bound was proved" in note and "pip install pyscipopt" in note for note in solution.notes)
    with pytest.raises(SolverMissing, match="pip install pyscipopt"):
        solve(tracking(), "value_function")
