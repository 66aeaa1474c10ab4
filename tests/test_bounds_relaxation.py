"""bounds/relaxation.py: intervals and linear programs that follow from rows, the model left as it was."""

import math

import numpy as np
import pyomo.environ as pyo
import pytest

from bilevel_dr.bounds.relaxation import Relaxation


def test_linear_rows_shrink_the_box_and_leave_the_model_alone():
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, 10)), pyo.Var(domain=pyo.NonNegativeReals)
    m.row = pyo.Constraint(expr=2 * m.x + m.y <= 6)
    relaxation = Relaxation(m)
    assert relaxation.tighten()
    assert relaxation.upper.tolist() == [3.0, 6.0] and relaxation.lower.tolist() == [0.0, 0.0]
    assert m.x.bounds == (0, 10) and m.y.bounds == (0, None)


def test_nonlinear_rows_shrink_it_too():
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(), pyo.Var(bounds=(0, None))
    m.ball = pyo.Constraint(expr=m.x**2 <= 4)
    m.curve = pyo.Constraint(expr=pyo.exp(m.y) + m.x <= 3)
    relaxation = Relaxation(m)
    relaxation.tighten()
    assert relaxation.lower[0] == pytest.approx(-2) and relaxation.upper[0] == pytest.approx(2)
    assert relaxation.upper[1] == pytest.approx(math.log(5), abs=1e-6)
    assert m.x.bounds == (None, None)


def test_rows_without_a_feasible_point_do_not_cross_the_bounds():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.row = pyo.Constraint(expr=m.x >= 5)
    relaxation = Relaxation(m)
    relaxation.tighten()
    assert relaxation.lower[0] <= relaxation.upper[0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (lambda m: 2 * m.x - m.y + 1, (-7.0, 7.0)),
        (lambda m: m.x**2, (0.0, 9.0)),
        (lambda m: -(m.x**2) + m.y, (-9.0, 4.0)),
        (lambda m: m.x * m.y, (-8.0, 12.0)),
        (lambda m: pyo.exp(m.x) + m.y, (math.exp(-2), math.exp(3) + 4)),
        (lambda m: m.x * m.free, (-math.inf, math.inf)),
        (lambda m: m.fixed * m.x, (-4.0, 6.0)),
    ],
)
def test_intervals_of_expressions(rule, expected):
    m = pyo.ConcreteModel()
    m.x, m.y, m.free, m.fixed = pyo.Var(bounds=(-2, 3)), pyo.Var(bounds=(0, 4)), pyo.Var(), pyo.Var()
    m.fixed.fix(2)
    relaxation = Relaxation(m)
    assert relaxation.interval(relaxation.form(rule(m))) == pytest.approx(expected)


def test_intervals_hold_sampled_values():
    m = pyo.ConcreteModel()
    m.x = pyo.Var([0, 1, 2], bounds=(-1.5, 2))
    expression = m.x[0] * m.x[1] - 3 * m.x[1] ** 2 + pyo.exp(m.x[2] - m.x[0]) + 2 * m.x[2] - 1
    relaxation = Relaxation(m)
    low, high = relaxation.interval(relaxation.form(expression))
    for point in np.random.default_rng(0).uniform(-1.5, 2, (200, 3)):
        for variable, number in zip(m.x.values(), point, strict=True):
            variable.set_value(number)
        assert low <= pyo.value(expression) <= high


def test_linear_programs_give_what_intervals_cannot():
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(domain=pyo.NonNegativeReals), pyo.Var(domain=pyo.NonNegativeReals)
    m.one, m.two = pyo.Constraint(expr=m.x - m.y <= 1), pyo.Constraint(expr=2 * m.y - m.x <= 3)
    relaxation = Relaxation(m)
    relaxation.tighten()
    assert math.isinf(relaxation.upper[0])
    assert relaxation.bound_by_programs([0, 1])
    assert relaxation.upper == pytest.approx([5.0, 4.0])


def test_a_linear_program_without_a_finite_optimum_gives_nothing():
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(domain=pyo.NonNegativeReals), pyo.Var(domain=pyo.NonNegativeReals)
    m.row = pyo.Constraint(expr=m.x - m.y <= 1)
    assert Relaxation(m).maximise([0], [1.0]) == math.inf


def test_rows_of_reformulations_are_not_read():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10))
    m.mpec = pyo.Block()
    m.mpec.product = pyo.Block()
    m.mpec.product.row = pyo.Constraint(expr=m.x <= 1)
    m.mpec.split = pyo.Block()
    m.mpec.split.row = pyo.Constraint(expr=m.x <= 4)
    relaxation = Relaxation(m)
    relaxation.tighten()
    assert relaxation.upper.tolist() == [4.0]
