"""The working copy: apart from the instance, one reformulation at a time, and polished points that are exact."""

from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest
from builders import snapshot, tracking
from problems import PROBLEMS

from bilevel_dr.reformulate import REFORMULATIONS
from bilevel_dr.working import Working, polish


def objectives(working):
    return [o.name for o in working.model.component_data_objects(pyo.Objective, active=True, descend_into=True)]


def load(working, **values):
    for name, value in values.items():
        working.model.find_component(name.replace("__", ".")).set_value(value, skip_validation=True)


def test_the_instance_stays_as_it_is():
    m = tracking()
    before = snapshot(m)
    working = Working(m)
    for name in REFORMULATIONS:
        working.use(name)
    load(working, x=9.0)
    assert snapshot(m) == before and m.x.value is None


def test_one_reformulation_at_a_time_and_one_objective():
    working = Working(tracking())
    built = {name: working.use(name) for name in REFORMULATIONS}
    for name in [*REFORMULATIONS, "sos1", "penalty", "sos1"]:
        assert working.use(name) is built[name]
        assert [other for other, block in built.items() if block.active] == [name]
        assert objectives(working) == (["mpec.penalty.objective"] if name == "penalty" else ["cost"])


def test_options_write_anew():
    working = Working(tracking())
    first = working.use("scholtes")
    again = working.use("scholtes", epsilon=0.5)
    assert again is not first and again.epsilon.value == 0.5 and working.use("scholtes") is again


def test_a_smooth_model_is_built_once():
    working = Working(tracking())
    assert working.nlp("scholtes") is working.nlp("scholtes")
    assert working.nlp("scholtes") is not working.nlp("product")
    assert id(working.use("scholtes").epsilon) in working.nlp("scholtes").column


def test_tightened_bounds_are_lent():
    working = Working(PROBLEMS["bard_1984_ex1"].build())
    block = working.use("sos1")
    variables = [*working.model.component_data_objects(pyo.Var)]
    before = [v.bounds for v in variables]
    with pytest.raises(KeyboardInterrupt), working.tightened("sos1"):
        assert [v.bounds for v in variables] != before
        raise KeyboardInterrupt
    assert [v.bounds for v in variables] == before and block.active


def test_the_point_is_by_name_and_within_what_variables_may_be():
    m = tracking()
    m.n = pyo.Var(domain=pyo.Integers, bounds=(0, 5))
    m.unused = pyo.Var((1, 2), bounds=lambda m, i: (2, None) if i == 1 else (None, -3))
    m.free = pyo.Var()
    working = Working(m)
    load(working, x=1.5, f__y=2, n=2.000001)
    assert working.point() == {"x": 1.5, "n": 2.0, "unused[1]": 2.0, "unused[2]": -3.0, "free": 0.0, "f.y": 2.0}
    load(working, n=2.4)
    assert working.point()["n"] == 2.4


def test_objective_values_that_are_none_are_nan():
    m = tracking()
    m.cost.set_value(pyo.log(m.x - 5) + 1 / (m.f.y - 1) + m.x**0.5)
    working = Working(m)
    for x, y in ((1, 2), (6, 1), (-1, 2)):
        load(working, x=x, f__y=y)
        assert math.isnan(working.objective())
    load(working, x=6, f__y=2)
    assert working.objective() == pytest.approx(1 + math.sqrt(6))


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_better_in_the_leaders_sense(sense):
    m = tracking()
    m.cost.sense = sense
    working = Working(m)
    low, high = (1.0, 2.0) if sense == pyo.minimize else (2.0, 1.0)
    assert working.better(low, high) and not working.better(high, low) and not working.better(low, low)
    assert working.better(low, math.nan) and not working.better(math.nan, low)
    assert not working.better(None, low) and not working.better(low, None)


# Polishing ------------------------------------------------------------------------------------------------------------


def test_a_rough_point_becomes_exact():
    working = Working(tracking())
    load(working, x=2.49, f__y=2.51)
    found = polish(working)
    assert working.point() == pytest.approx({"x": 2.5, "f.y": 2.5}, abs=1e-8)
    assert found.stationarity == "S" and found.biactive == ()


def kinked(x):
    """The follower answers y = max(x − 1, 0); the leader wants (x − 3)² + (y − 2)² = 0 at x = 3."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10), initialize=x)
    m.f = pyo.Block()
    m.f.y = pyo.Var(domain=pyo.NonNegativeReals)
    m.f.cost = pyo.Objective(expr=(m.f.y - m.x + 1) ** 2)
    m.goal = pyo.Objective(expr=(m.x - 3) ** 2 + (m.f.y - 2) ** 2)
    return m


def test_from_the_wrong_piece_over_the_kink():
    """At x = 0.5 the bound y ≥ 0 is active; the best of that piece is the kink x = 1, from where the other leads to 3."""
    working = Working(kinked(0.5))
    load(working, x=0.5, f__y=0.0)
    name = "f.kkt.mu_lower"
    working.model.find_component(name)["y"].set_value(1.0)
    found = polish(working)
    assert working.point() == pytest.approx({"x": 3, "f.y": 2}, abs=1e-6)
    assert found.stationarity == "S"


def test_what_cannot_be_polished_is_left_alone():
    m = kinked(0.5)
    m.far = pyo.Constraint(expr=m.x + m.f.y >= 5)
    m.near = pyo.Constraint(expr=m.x <= 2)
    working = Working(m)
    load(working, x=1.0, f__y=0.0)
    before = snapshot(working.model)[2]["x"], working.point()
    assert polish(working) is None
    assert (snapshot(working.model)[2]["x"], working.point()) == before


def test_integers_are_held_while_polishing():
    m = kinked(2)
    m.n = pyo.Var(domain=pyo.Integers, bounds=(0, 5))
    m.unused = pyo.Var(domain=pyo.Integers)
    m.tie = pyo.Constraint(expr=m.x <= m.n)
    working = Working(m)
    load(working, x=1.9, f__y=0.9, n=2.0)
    polish(working)
    assert working.point() == pytest.approx({"x": 2, "f.y": 1, "n": 2, "unused": 0}, abs=1e-6)


def test_the_leaders_sets_are_held_while_polishing():
    m = kinked(2)
    m.s = pyo.Var((1, 2), bounds=(0, 4))
    m.one = pyo.SOSConstraint(var=m.s, sos=1)
    m.link = pyo.Constraint(expr=m.x == m.s[1] + m.s[2])
    working = Working(m)
    load(working, x=2.0, f__y=1.0)
    working.model.s[1].set_value(2.0)
    working.model.s[2].set_value(1e-7)
    polish(working)
    point = working.point()
    assert point["s[2]"] == 0.0 and point["s[1]"] == pytest.approx(3, abs=1e-6)


def test_a_follower_variable_that_nobody_else_sees_is_no_obstacle():
    m = tracking()
    m.f.z = pyo.Var(bounds=(0, None))
    m.f.miss.set_value((m.f.y - m.x) ** 2 + m.f.z)
    working = Working(m)
    load(working, x=2.4, f__y=2.4, f__z=0.0)
    assert polish(working) is not None
    assert working.point() == pytest.approx({"x": 2.5, "f.y": 2.5, "f.z": 0}, abs=1e-8)


def test_a_variable_that_ran_off_is_named_only_where_nothing_bounds_it():
    m = tracking(bounds=(0, None))
    working = Working(m)
    assert working.escaped() == ""
    x = working.model.x
    x.set_value(2e8)
    assert working.escaped() == "x = 2e+08"
    x.setub(1e9)  # the modeller says that such numbers make sense
    assert working.escaped() == ""
    x.set_value(-2e8, skip_validation=True)
    assert working.escaped() == ""


def test_a_whole_point_of_the_instance_is_given_to_searches_and_a_part_of_one_is_not():
    m = tracking()
    assert not Working(m).given
    for v in m.component_data_objects(pyo.Var, descend_into=True):
        v.set_value(0.25, skip_validation=True)
    working = Working(m)
    working.use("sos1")
    load(working, x=9.0)  # what a search leaves behind is no start
    assert [number for _, number in working.given.items()] == [0.25] * len(working.variables)
    assert all(a is b for a, b in zip(working.given, working.variables, strict=True))
    m.x.set_value(None, skip_validation=True)
    assert not Working(m).given
