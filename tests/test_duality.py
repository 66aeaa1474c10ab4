"""The duality gap as an expression, and the products it takes from the leader."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from pyomo.repn import generate_standard_repn

import bilevel_dr as bdr
from bilevel_dr.duality import duality_gap, leader_without_products
from bilevel_dr.working import Working


def retailer(curvature=0.0):
    """A leader sells at its price; the follower buys there or on the market, up to a cap."""
    model = pyo.ConcreteModel()
    model.price = pyo.Var(bounds=(0, 10), initialize=3.0)
    model.f = pyo.Block()
    model.f.buy = pyo.Var(bounds=(0, 6), initialize=2.0)
    model.f.elsewhere = pyo.Var(bounds=(0, 20), initialize=4.0)
    model.f.need = pyo.Constraint(expr=model.f.buy + model.f.elsewhere >= 8)
    model.f.cost = pyo.Objective(
        expr=model.price * model.f.buy + 4 * model.f.elsewhere + curvature * model.f.elsewhere**2
    )
    model.revenue = pyo.Objective(expr=(model.price - 1) * model.f.buy, sense=pyo.maximize)
    return model


def at_follower_optimum(working, curvature):
    """The follower's answer at price 3 by hand: buy 6 (cap), elsewhere 2; the need is priced by elsewhere."""
    model, kkt = working.model, working.model.f.kkt
    slope = 4 + 2 * curvature * 2
    model.price.set_value(3.0)
    model.f.buy.set_value(6.0)
    model.f.elsewhere.set_value(2.0)
    for variable in (*kkt.mu_upper.values(), *kkt.mu_lower.values()):
        variable.set_value(0.0)
    kkt.mu_lower["need"].set_value(slope)
    kkt.mu_upper["buy"].set_value(slope - 3.0)


@pytest.mark.parametrize("curvature", [0.0, 0.5])
def test_the_gap_equals_the_sum_of_products_on_the_stationarity_rows(curvature):
    working = Working(retailer(curvature))
    at_follower_optimum(working, curvature)
    kkt = working.model.f.kkt
    assert all(abs(pyo.value(row.body)) < 1e-12 for row in kkt.stationarity.values())
    gap = duality_gap(working.pairs)
    assert pyo.value(gap) == pytest.approx(0.0, abs=1e-12)
    # feasible but not optimal: buy 5, elsewhere 3, multipliers as before; stationary only where nothing curves
    working.model.f.buy.set_value(5.0)
    working.model.f.elsewhere.set_value(3.0)
    if not curvature:
        assert pyo.value(gap) == pytest.approx(sum(pyo.value(p.left) * pyo.value(p.right) for p in working.pairs))
        assert pyo.value(gap) > 0.5


def test_a_linear_follower_with_its_own_bounds_only_leaves_one_product():
    gap = duality_gap(Working(retailer()).pairs)
    repn = generate_standard_repn(gap, quadratic=True)
    assert [{v.name for v in factors} for factors in repn.quadratic_vars] == [{"price", "f.buy"}]


@pytest.mark.parametrize("curvature", [0.0, 0.5])
def test_the_leader_loses_its_products_and_keeps_its_value_at_best_answers(curvature):
    working = Working(retailer(curvature))
    expression = leader_without_products(working.program, working.pairs)
    assert expression.polynomial_degree() == (2 if curvature else 1)
    at_follower_optimum(working, curvature)
    assert pyo.value(expression) == pytest.approx(pyo.value(working.program.leader)) == pytest.approx(12.0)


def test_a_product_the_gap_does_not_have_stays():
    model = retailer()
    model.other = pyo.Var(bounds=(0, 1))
    model.revenue.set_value(model.price * model.f.buy + model.price * model.other)
    working = Working(model)
    expression = leader_without_products(working.program, working.pairs)
    repn = generate_standard_repn(expression, quadratic=True)
    left = [{v.name for v in f} for c, f in zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True) if abs(c) > 1e-12]
    assert left == [{"price", "other"}]


def test_nothing_to_remove():
    model = retailer()
    model.revenue.set_value(model.price + model.f.buy)
    working = Working(model)
    assert leader_without_products(working.program, working.pairs) is None


def test_highs_solves_a_price_setter_as_a_linear_problem():
    solution = bdr.solve(retailer(), "big_m", "highs")
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(18.0)  # price 4, buy 6


def test_a_price_that_stands_for_a_multiplier_is_that_multiplier_in_a_product():
    """A leader pays the market's price for what it does not save: its product is the gap's, under another name."""
    model = pyo.ConcreteModel()
    model.saved, model.price = pyo.Var(bounds=(0, 4)), pyo.Var(bounds=(0, 100))
    f = model.f = pyo.Block()
    f.cheap, f.dear = pyo.Var(bounds=(0, 7)), pyo.Var(bounds=(0, 9))
    f.balance = pyo.Constraint(expr=f.cheap + f.dear == 10 - model.saved)
    f.cost = pyo.Objective(expr=2 * f.cheap + 5 * f.dear)
    model.multiplier_of = pyo.Suffix()
    model.multiplier_of[model.price] = f.balance
    model.bill = pyo.Objective(expr=model.price * (10 - model.saved) + model.saved**2)
    working = Working(model)
    repn = generate_standard_repn(leader_without_products(working.program, working.pairs), quadratic=True)
    assert [{v.name for v in factors} for factors in repn.quadratic_vars] == [{"saved"}]
    solution = bdr.solve(model, "big_m", "highs")
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(2 * 7 + 9)  # saved 3, price 2
