"""How far a point is from holding, scaled by the size of what is in the row."""

from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest
from pyomo.mpec import Complementarity, complements

from bilevel_dr.residuals import beyond, beyond_bounds, beyond_pair, beyond_set, evaluate, slope


@pytest.fixture
def model():
    model = pyo.ConcreteModel()
    model.x = pyo.Var([1, 2, 3], initialize=0.0)
    return model


def put(model, *numbers):
    for variable, number in zip(model.x.values(), numbers, strict=False):
        variable.set_value(number)


@pytest.mark.parametrize(
    ("values", "expected"), [((1, 1), 0.0), ((3, 0), 1 / 3), ((0, -1), 1.0), ((2e6, -2e6 + 3), 1 / 2e6), ((1e6, -1e6 + 2), 0.0)]
)
def test_a_row_is_scaled_by_its_largest_term(model, values, expected):
    model.row = pyo.Constraint(expr=(0, model.x[1] + model.x[2], 2))
    put(model, *values)
    assert beyond(model.row) == pytest.approx(expected, rel=1e-9)


def test_a_coefficient_counts_in_the_scale(model):
    model.row = pyo.Constraint(expr=1e-6 * model.x[1] <= model.x[2])
    put(model, 2e6, 1.0)
    assert beyond(model.row) == pytest.approx(0.5)  # 2 > 1, not one part in two million


@pytest.mark.parametrize("expression", [lambda x: pyo.log(x), lambda x: 1 / x, lambda x: x**0.5, lambda x: pyo.exp(1000 - x)])
def test_a_row_that_cannot_be_evaluated_is_infinitely_far(model, expression):
    model.row = pyo.Constraint(expr=expression(model.x[1]) <= 1)
    put(model, 0.0 if "1 / x" in str(expression(model.x[1])) else -1.0)
    if evaluate(model.row.body) is None:
        assert beyond(model.row) == math.inf
    else:
        assert "1/" in str(model.row.body)
        put(model, 0.0)
        assert beyond(model.row) == math.inf


@pytest.mark.parametrize(("value", "expected"), [(0.5, 0.0), (-1.0, 1.0), (300.0, 2.0), (None, None)])
def test_bounds(model, value, expected):
    model.b = pyo.Var(bounds=(0, 100), initialize=value)
    if value is not None:
        assert beyond_bounds(model.b) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("level", "values", "expected"),
    [(1, (0, 5, 0), 0.0), (1, (1, 5, 0), 0.2), (1, (0.5, 0.5, 0), 0.5), (2, (1, 2, 0), 0.0), (2, (1, 0, 2), 0.5), (2, (1, 1, 1), 1.0)],
)
def test_special_ordered_sets(model, level, values, expected):
    model.set = pyo.SOSConstraint(var=model.x, sos=level)
    put(model, *values)
    assert beyond_set(model.set) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("values", "expected"), [((0, 0), 0.0), ((0, 3), 0.0), ((2, 0), 0.0), ((1, 1), 1.0), ((-1, 0), 1.0), ((0.5, 0.1), 0.1)]
)
def test_complementary_pairs(model, values, expected):
    model.pair = Complementarity(expr=complements(model.x[1] >= 0, model.x[2] >= 0))
    put(model, *values)
    assert beyond_pair(model.pair) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("v", "free", "expected"), [(1, 3, 0.0), (4, -2, 0.0), (2, 0, 0.0), (2, 1, 0.5), (4, 2, 0.75), (5, -1, 0.2), (1, -3, 1.0)]
)
def test_a_double_bounded_pair(model, v, free, expected):
    model.pair = Complementarity(expr=complements(pyo.inequality(1, model.x[1], 4), model.x[2]))
    put(model, v, free)
    assert beyond_pair(model.pair) == pytest.approx(expected)


def test_slope_is_the_gradient_at_the_point(model):
    put(model, 2.0, 3.0, 0.5)
    expression = model.x[1] ** 2 * model.x[2] + pyo.exp(model.x[3]) - 7
    found = {v.index(): number for v, number in slope(expression)}
    assert found == pytest.approx({1: 12.0, 2: 4.0, 3: math.exp(0.5)})
    assert slope(3.0) == [] and [(v.index(), n) for v, n in slope(model.x[1])] == [(1, 1.0)]
