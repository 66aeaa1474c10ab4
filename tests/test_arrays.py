"""Pyomo → arrays, checked against Pyomo's own evaluation at random points."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo
import pytest

from bilevel_dr.arrays import quadratic_form


def sample():
    m = pyo.ConcreteModel()
    m.p = pyo.Param(initialize=3.0, mutable=True)
    m.x = pyo.Var(range(3), bounds=(-1, 4))
    m.n = pyo.Var(domain=pyo.Integers, bounds=(None, 7))
    m.k = pyo.Var()
    m.k.fix(2.0)
    x = m.x
    m.e = pyo.Expression(expr=x[0] - m.n)
    m.goal = pyo.Objective(expr=m.e**2 + m.p * x[1] * x[2] + x[2] * x[1] + m.k * x[0] * m.n + m.p * m.k + 2 * x[0] - x[0] + x[1] * m.k**2)
    m.low = pyo.Constraint(expr=m.p * x[0] + 2 >= x[1] - m.k)
    m.eq = pyo.Constraint(expr=x[0] + x[1] + x[2] + m.n == m.p)
    m.range = pyo.Constraint(expr=(-1, 2 * x[2] + m.k, 5))
    m.constant = pyo.Constraint(expr=(None, 0 * x[0] + m.k, 3))
    return m, [*x.values(), m.n], [m.low, m.eq, m.range, m.constant]


@pytest.mark.parametrize("sign", [1, -1])
def test_values_rows_and_bounds(sign):
    m, variables, rows = sample()
    form = quadratic_form(m.goal.expr, sign, rows, variables)
    assert not form.is_linear and np.allclose(form.Q.toarray(), form.Q.toarray().T)
    assert list(form.integer) == [False, False, False, True]
    assert np.array_equal(form.lower, [-1, -1, -1, -math.inf]) and np.array_equal(form.upper, [4, 4, 4, 7])
    random = np.random.default_rng(1)
    for _ in range(5):
        y = random.normal(size=4)
        for variable, number in zip(variables, y, strict=True):
            variable.set_value(number, skip_validation=True)
        assert form.value(y) == pytest.approx(sign * pyo.value(m.goal))
        for i, row in enumerate(rows):
            body = form.A[[i]] @ y
            for stored, bound in ((form.row_lower[i], row.lower), (form.row_upper[i], row.upper)):
                if bound is None:
                    assert math.isinf(stored)
                else:
                    assert body - stored == pytest.approx(pyo.value(row.body) - pyo.value(bound))


def test_constant_objectives_and_no_variables():
    form = quadratic_form(5.0, -1, [], [])
    assert form.is_linear and form.value(np.zeros(0)) == -5.0
    assert form.minimise().status == "optimal"


@pytest.mark.parametrize("what", ["objective", "row", "quadratic row", "a variable not listed", "one in a row", "one in a product"])
def test_what_is_no_quadratic_form_is_none(what):
    m, variables, rows = sample()
    m.stranger = pyo.Var()
    x, goal = m.x, m.goal.expr
    if what == "objective":
        goal = pyo.exp(x[0])
    elif what == "a variable not listed":
        goal = goal + m.stranger
    elif what == "one in a product":
        goal = goal + m.stranger * x[0]
    else:
        body = {"row": pyo.sqrt(x[0] + 2), "quadratic row": x[0] ** 2, "one in a row": m.stranger + x[0]}[what]
        m.bad = pyo.Constraint(expr=body <= 1)
        rows = [*rows, m.bad]
    assert quadratic_form(goal, 1, rows, variables) is None


def test_minimise():
    m, variables, rows = sample()
    form = quadratic_form((m.x[0] - 2) ** 2 + m.x[1], 1, [rows[0]], variables[:2])
    assert form.minimise().value + form.constant == pytest.approx(-1)
    form = quadratic_form(-m.n, 1, [], [m.n])
    assert form.minimise().x == pytest.approx([7])
    m.n.setub(7.5)
    assert quadratic_form(-m.n, 1, [], [m.n]).minimise().x == pytest.approx([7])
