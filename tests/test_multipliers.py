"""The multipliers that exist at a point, found without any that a route had."""

from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest

from bilevel_dr.followers import read
from bilevel_dr.multipliers import kkt_residuals
from bilevel_dr.verification import verify


def market(sense=pyo.minimize):
    """Least cost of 7 units from two plants; at the answer the price of a unit is that of the second."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(initialize=7.0)
    model.price = pyo.Var(initialize=3.0)
    model.m = pyo.Block()
    model.m.y = pyo.Var([1, 2], bounds=(0, 5))
    sign = 1 if sense == pyo.minimize else -1
    model.m.balance = pyo.Constraint(expr=model.m.y[1] + model.m.y[2] == model.x)
    model.m.cost = pyo.Objective(expr=sign * (model.m.y[1] + 3 * model.m.y[2]), sense=sense)
    model.goal = pyo.Objective(expr=model.x)
    return model


def residuals(model, y1, y2):
    model.m.y[1].set_value(y1)
    model.m.y[2].set_value(y2)
    return kkt_residuals(read(model))["m"]


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_an_optimum_has_multipliers_and_another_point_has_none(sense):
    best = residuals(market(sense), 5.0, 2.0)
    assert best.stationarity < 1e-9 and best.complementarity < 1e-9
    worse = residuals(market(sense), 4.0, 3.0)  # both inside their bounds, two prices for one balance
    assert max(worse.stationarity, worse.complementarity) > 0.05


@pytest.mark.parametrize(("sense", "price"), [(pyo.minimize, 3.0), (pyo.maximize, -3.0)])
def test_a_multiplier_the_leader_reads_is_held_at_its_value(sense, price):
    model = market(sense)
    model.multiplier_of = pyo.Suffix()
    model.multiplier_of[model.price] = model.m.balance
    model.price.set_value(price)
    assert residuals(model, 5.0, 2.0).stationarity < 1e-9
    model.price.set_value(price + 0.5)
    assert max(residuals(model, 5.0, 2.0)[:2]) > 0.01


def test_the_size_is_of_what_the_follower_moves():
    model = market()
    model.m.cost.set_value(model.m.cost.expr + 1e9 + model.x**8)
    assert residuals(model, 5.0, 2.0).size == pytest.approx(11.0)


@pytest.mark.parametrize(("y1", "passes"), [(4.0, True), (0.0, False)])
def test_where_there_is_no_derivative_there_are_no_multipliers_and_only_the_answer_is_judged(y1, passes):
    model = market()
    model.m.cost.set_value(-2 * model.m.y[1] ** 0.5 - model.m.y[2] ** 0.5)
    model.x.set_value(5.0)
    found = residuals(model, y1, 5.0 - y1)
    assert all(math.isnan(number) != passes for number in found[:2]) and found.size >= 1
    point = {"x": 5.0, "price": 3.0, "m.y[1]": y1, "m.y[2]": 5.0 - y1}
    certificate = verify(model, point)
    assert certificate.passed == passes and (passes or "could improve" in certificate.reasons[0])


def test_followers_do_not_lend_each_other_multipliers():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(initialize=0.0)
    model.goal = pyo.Objective(expr=model.x)

    @model.Block([1, 2])
    def f(block, i):
        block.y = pyo.Var(bounds=(0, 1), initialize=1.0 if i == 1 else 0.5)
        block.cost = pyo.Objective(expr=-block.y)

    found = kkt_residuals(read(model))
    assert max(found["f[1]"][:2]) < 1e-9 and max(found["f[2]"][:2]) > 0.1
