"""Followers of any shape through their value functions: published optima reached, bounds true, limits said."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from problems import PROBLEMS

from bilevel_dr import ModelError, solve, verify
from bilevel_dr.convexity import judge_all
from bilevel_dr.followers import read
from bilevel_dr.kkt import add_kkt
from bilevel_dr.value_function import REGRET, ValueFunction

SLOW = "mitsos_barton_2007_ex312"  # the follower all but indifferent at the optimum: x**2 / 2 lost, at x → 0
NONCONVEX = [
    name for name, problem in PROBLEMS.items()
    if not problem.convex and "integer-follower" not in problem.tags and name != SLOW
]  # fmt: skip
UNQUALIFIED = [
    name for name, problem in PROBLEMS.items()
    if problem.convex and "no-cq" in problem.tags and problem.termination == "optimal"
]  # fmt: skip


def is_right(problem, value):
    return abs(value - problem.leader) <= 1e-4 * max(1.0, abs(problem.leader))


@pytest.mark.parametrize("name", NONCONVEX)
def test_followers_that_are_not_convex_are_solved_truly(name):
    problem = PROBLEMS[name]
    solution = solve(problem.build(), "value_function", time_limit=60)
    assert solution.claim == "global" and is_right(problem, solution.leader_objective), solution
    assert solution.reformulation == "value_function" and solution.best_bound == pytest.approx(problem.leader, abs=2e-4)
    (check,) = solution.certificate.followers.values()
    assert check.proved


def test_a_bound_that_is_not_met_is_no_proof():
    problem = PROBLEMS[SLOW]
    solution = solve(problem.build(), "value_function", time_limit=4)
    assert solution.best_bound <= problem.leader + 1e-6
    assert solution.claim != "global" or is_right(problem, solution.leader_objective)


@pytest.mark.parametrize("name", UNQUALIFIED)
def test_auto_turns_to_it_where_multipliers_may_be_missing(name):
    solution = solve(PROBLEMS[name].build(), time_limit=30)
    assert solution.claim == "global" and is_right(PROBLEMS[name], solution.leader_objective), solution


def test_auto_refuses_and_names_the_way():
    with pytest.raises(ModelError, match="not convex.*reformulation='value_function'"):
        solve(PROBLEMS["mitsos_barton_2006_ex42"].build())


def two_nonconvex_followers():
    """Each is at ±1 whatever happens and prefers the sign of the leader's x: closed form, F* = -3 at x = 1."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-1, 1))
    m.f = pyo.Block((1, 2))
    for i, b in m.f.items():
        b.y = pyo.Var(bounds=(-1, 1))
        b.cost = pyo.Objective(expr=-((b.y + 0.1 * m.x) ** 2) if i == 1 else (b.y + 0.1 * m.x) ** 2, sense=pyo.minimize if i == 1 else pyo.maximize)
    m.cost = pyo.Objective(expr=-m.x - m.f[1].y - m.f[2].y)
    return m


def test_several_followers_in_both_senses():
    solution = solve(two_nonconvex_followers(), "value_function")
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(-3, abs=1e-6)


def test_rows_that_the_leader_moves_bound_what_a_follower_could_have_had():
    """min x², the follower max y² on -x <= y <= 2: it answers 2 (or ±2 at x = 2); a cut for one x must not bind at another."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 3))
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(-3, 2))
    m.f.low = pyo.Constraint(expr=m.f.y >= -m.x)
    m.f.cost = pyo.Objective(expr=m.f.y**2, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=10 * m.f.y + m.x)  # at x = 2 the tie goes the leader's way; from there on y = -x
    solution = solve(m, "value_function")
    assert solution.claim == "global"
    assert solution.leader_objective == pytest.approx(-27, abs=1e-5)
    assert (solution.point["x"], solution.point["f.y"]) == pytest.approx((3, -3), abs=1e-5)


def test_integer_leader_and_infeasible():
    m = two_nonconvex_followers()
    m.x.domain = pyo.Integers
    m.row = pyo.Constraint(expr=m.x <= 0.5)
    solution = solve(m, "value_function")
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(-2, abs=1e-6)  # x = 0: a tie, both for the leader
    m.f[1].y.setlb(0.5)
    m.row2 = pyo.Constraint(expr=m.f[1].y <= 0.9)
    solution = solve(m, "value_function")
    assert (solution.termination, solution.claim) == ("infeasible", "none")


def test_a_point_that_a_follower_would_leave_is_never_kept():
    """Whatever the search offers, regrets are measured on a copy that no cut and no multiplier has touched."""
    m = two_nonconvex_followers()
    search = ValueFunction(m, judge_all(read(m)))
    regrets = search._offered({"x": 1.0, "f[1].y": -1.0, "f[2].y": 1.0})
    assert regrets["f[1]"] > REGRET and regrets["f[2]"] <= REGRET and not search.found
    search._offered({"x": 1.0, "f[1].y": 1.0, "f[2].y": 1.0})
    assert [value for value, _ in search.found] == [-3.0]
    assert all(v.value is None for v in m.component_data_objects(pyo.Var))  # the instance itself is untouched


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.del_component("cost"), "needs a leader"),
        (lambda m: m.f[1].add_component("tie", pyo.Constraint(expr=m.f[1].y == m.x)), r"f\[1\].tie: an equality that others move"),
    ],
)
def test_what_it_does_not_take_is_said(change, said):
    m = two_nonconvex_followers()
    change(m)
    with pytest.raises(ModelError, match=said):
        solve(m, "value_function")


def test_it_runs_on_scip_only_and_has_no_options():
    with pytest.raises(ModelError, match="solver='scip', not highs"):
        solve(two_nonconvex_followers(), "value_function", "highs")
    with pytest.raises(ModelError, match="value_function has no option 'M_slack'"):
        solve(two_nonconvex_followers(), "value_function", M_slack=1)


def test_unbounded_relaxations_are_limits():
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(-1, 1))
    m.f.cost = pyo.Objective(expr=-(m.f.y**2))
    m.cost = pyo.Objective(expr=m.x + m.f.y)
    solution = solve(m, "value_function", time_limit=10)
    assert (solution.termination, solution.claim, solution.leader_objective) == ("limit", "none", None)


# Fritz John conditions ------------------------------------------------------------------------------------------------


def test_fritz_john_holds_where_no_multiplier_does():
    """min y, y² <= 0: at y = 0 the gradient 1 is no multiple of 2y = 0, so KKT fails and Fritz John holds with weight 0."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = pyo.Block()
    m.f.y = pyo.Var(initialize=0.0)
    m.f.row = pyo.Constraint(expr=m.f.y**2 <= 0)
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    add_kkt(read(m), weighted={"f"})
    kkt = m.f.kkt
    for weight, mu, stationarity in ((0.0, 1.0, 0.0), (1.0, 0.0, 1.0)):
        kkt.weight.set_value(weight)
        kkt.mu_upper["row"].set_value(mu)
        assert pyo.value(kkt.normalized.body) == 1.0
        assert pyo.value(kkt.stationarity["y"].body) == stationarity


@pytest.mark.parametrize("name", ["bard_1988_ex1", "falk_liu_1995_ex2", "calvete_gale_1999"])
def test_convex_followers_agree_with_the_kkt_route(name):
    problem = PROBLEMS[name]
    solution = solve(problem.build(), "value_function", time_limit=30)
    assert solution.claim == "global" and is_right(problem, solution.leader_objective)
    assert verify(problem.build(), solution).passed
