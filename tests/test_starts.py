"""Where local routes begin: leader decisions within bounds, and the followers' own answers with their multipliers."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from builders import tracking
from problems import PROBLEMS

from bilevel_dr.starts import Answers, leader_points
from bilevel_dr.working import Working


def points(m, count=8, seed=0):
    return np.array(list(leader_points(Working(m), count, seed)))


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_as_many_as_asked_for_and_within_bounds(count):
    found = points(tracking(), count)
    assert found.shape == (count, 1) and ((found >= 0) & (found <= 10)).all()


def test_the_order_of_the_first_ones():
    """The model's own values, the leader's favourite among feasible points, the middle of the bounds."""
    m = tracking(initialize=7.0)
    assert points(m, 3).ravel() == pytest.approx([7, 3, 5], abs=1e-5)
    m = tracking()
    assert points(m, 2).ravel() == pytest.approx([3, 5], abs=1e-5)


def test_the_seed_decides_the_rest():
    assert np.array_equal(points(tracking(), seed=3), points(tracking(), seed=3))
    assert not np.array_equal(points(tracking(), seed=3), points(tracking(), seed=4))


def test_without_bounds_and_with_an_unbounded_relaxation():
    m = tracking(bounds=(None, None))
    m.f.y.setlb(None)
    m.f.y.setub(None)
    assert np.isfinite(points(m)).all()
    m.cost.set_value(m.x)  # unbounded
    found = points(m)
    assert np.isfinite(found).all() and np.abs(found).max() < 1e8


def test_one_sided_bounds_are_kept_far_from_zero():
    m = tracking(bounds=(1e5, None))
    m.f.y.setub(None)
    assert (points(m) >= 1e5).all()
    m = tracking(bounds=(None, -1e5))
    assert (points(m) <= -1e5).all()


def test_values_outside_the_bounds_are_pulled_in():
    m = tracking()
    m.x.set_value(99, skip_validation=True)
    assert points(m, 1).ravel() == pytest.approx([10])


def test_no_leader_variables_and_no_leader():
    m = tracking()
    m.x.fix(2)
    assert points(m, 2).shape == (2, 0)
    m.cost.deactivate()
    assert points(m, 2).shape == (2, 0)


def residual(working):
    """How far the working model's values are from each follower's stationarity and complementarity."""
    worst = 0.0
    for follower in working.program.followers:
        for row in follower.block.kkt.stationarity.values():
            worst = max(worst, abs(pyo.value(row.body) - pyo.value(row.upper)))
    return max([worst, *(pair.residual() for pair in working.pairs)])


def every_kind():
    m = pyo.ConcreteModel()
    m.x = pyo.Var((1, 2), bounds=(0, 5))
    m.n = pyo.Var(domain=pyo.Integers, bounds=(0, 3))
    m.f = pyo.Block(("min", "max"))
    for name, b in m.f.items():
        sign = 1 if name == "min" else -1
        b.y = pyo.Var((1, 2, 3), bounds=(0, 4))
        y = b.y
        b.goal = pyo.Objective(
            expr=sign * ((y[1] - 9) ** 2 + (y[2] - m.x[1]) ** 2 + (y[3] + m.n - 2) ** 2 + y[1]),
            sense=pyo.minimize if sign > 0 else pyo.maximize,
        )
        b.eq = pyo.Constraint(expr=y[1] + y[2] == 5)
        b.range = pyo.Constraint(expr=(1, y[2] + y[3], 3))
        b.le = pyo.Constraint(expr=y[1] - y[3] <= 2 + m.x[2])
        b.ge = pyo.Constraint(expr=y[1] >= 1)
    m.goal = pyo.Objective(expr=m.x[1] + m.n)
    return m


@pytest.mark.parametrize("leader", [(0, 0, 0), (5, 5, 3), (2, 1, 1)])
def test_answers_satisfy_the_followers_conditions(leader):
    working = Working(every_kind())
    outcome = Answers(working).load(np.array(leader, float))
    assert outcome.status == "optimal"
    values = [v.value for v in working.program.leader_variables]
    assert values == list(leader)
    assert residual(working) < 1e-4


def test_answers_round_the_leaders_integers():
    working = Working(every_kind())
    Answers(working).load(np.array([1.0, 1.0, 1.6]))
    assert working.model.n.value == 2.0


@pytest.mark.parametrize("name", ["bard_1988_ex2", "one_price_three_consumers", "nested_blocks", "outrata_cervinka_2009"])
def test_answers_of_published_followers(name):
    problem = PROBLEMS[name]
    working = Working(problem.build())
    at = [problem.point[v.name] for v in working.program.leader_variables]
    Answers(working).load(np.array(at, float))
    assert residual(working) < 1e-4
    for follower, value in (problem.follower.items() if isinstance(problem.follower, dict) else [(None, problem.follower)]):
        chosen = working.program.followers[0] if follower is None else next(f for f in working.program.followers if f.name == follower)
        assert pyo.value(chosen.objective) == pytest.approx(value, rel=1e-5, abs=1e-5)


def test_the_working_model_is_ready_for_its_routes_again():
    working = Working(tracking())
    working.use("scholtes")
    Answers(working)
    list(leader_points(working, 3, 0))
    active = [o.name for o in working.model.component_data_objects(pyo.Objective, active=True)]
    assert active == ["cost"] and working.model.f.kkt.active and working.model.mpec.scholtes.active
