"""Minimal conflicts: each is one, and none without any of its members, which linear programs solved apart confirm."""

from __future__ import annotations

import random

import numpy as np
import pyomo.environ as pyo
import pytest
from scipy.optimize import linprog

from bilevel_dr.conflicts import conflict, grouped, listed, shrink


def named(model, **options):
    """The conflict of all rows of a model."""
    rows = list(model.component_data_objects(pyo.Constraint, active=True))
    return conflict(rows, list(model.component_data_objects(pyo.Var)), **options)


def test_names_and_what_they_ask():
    m = pyo.ConcreteModel()
    m.x, m.y, m.z = pyo.Var(bounds=(0, 10)), pyo.Var(), pyo.Var(initialize=4)
    m.z.fix()
    m.sum = pyo.Constraint(expr=m.x + m.y == 30)
    m.cap = pyo.Constraint(expr=m.y <= 3 * m.z)
    m.spare = pyo.Constraint(expr=(2, m.x, 8))
    found = named(m)
    assert (found.rows, found.bounds, found.given) == (("sum (= 30)", "cap", "spare (from 2 to 8)"), (), ("z = 4",))
    assert found.minimal and found.proved
    assert found.clause == "sum (= 30), cap, spare (from 2 to 8), with z = 4 cannot hold together"
    m.spare.deactivate()
    assert named(m).bounds == ("x <= 10",)
    m.x.setub(18)
    assert named(m) is None


def test_bounds_that_cross_and_values_outside_them():
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(3, 2)), pyo.Var(bounds=(0, 1), initialize=1)
    m.row = pyo.Constraint(expr=m.x + m.y >= 0)
    assert named(m).bounds == ("x >= 3", "x <= 2")
    m.x.setub(4)
    m.y.fix(5, skip_validation=True)
    found = named(m)
    assert (found.bounds, found.given) == (("y <= 1",), ("y = 5",))


@pytest.mark.parametrize("seed", range(40))
def test_every_member_matters_and_together_they_conflict(seed):
    """Random rows around no point; scipy's solver judges, ours named."""
    rng = random.Random(seed)
    n = rng.randint(2, 5)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(n), bounds=lambda m, j: rng.choice([(None, None), (-1, 5), (0, None), (0, 3)]))
    m.row = pyo.Constraint(range(rng.randint(3, 9)))
    for i in m.row.index_set():
        body = sum(rng.choice([0, 1, -1, 2.5, -3, 1e3]) * m.x[j] for j in range(n)) + 1e-3 * m.x[0]
        end = rng.choice([-40, -3, 0, 2, 7])
        m.row[i] = rng.choice([body <= end, body >= end, body == end])
    found, rows = named(m), dict(m.row.items())
    if found is None:
        assert has_a_point(rows.values(), m.x.values())
        return
    assert found.proved and found.minimal
    held = [rows[int(name[name.index("[") + 1 : name.index("]")])] for name in found.rows]
    ends = [(m.find_component(text.split()[0]), text.split()[1] == "<=") for text in found.bounds]
    assert not has_a_point(held, m.x.values(), ends)
    for k in range(len(held)):
        assert has_a_point(held[:k] + held[k + 1 :], m.x.values(), ends)
    for k in range(len(ends)):
        assert has_a_point(held, m.x.values(), ends[:k] + ends[k + 1 :])


def has_a_point(rows, variables, ends=None):
    """By scipy, on numbers read from the expressions by evaluation; ``ends`` are the bounds that count, or all do."""
    variables = list(variables)
    kept = [v.value for v in variables]

    def at(body, point):
        for v, number in zip(variables, point, strict=True):
            v.set_value(number, skip_validation=True)
        return pyo.value(body)

    A, b, E, e = [], [], [], []
    for row in rows:
        zero = at(row.body, np.zeros(len(variables)))
        slope = np.array([at(row.body, unit) - zero for unit in np.eye(len(variables))])
        if row.equality:
            E, e = [*E, slope], [*e, pyo.value(row.upper) - zero]
        elif row.has_ub():
            A, b = [*A, slope], [*b, pyo.value(row.upper) - zero]
        else:
            A, b = [*A, -slope], [*b, zero - pyo.value(row.lower)]
    for v, number in zip(variables, kept, strict=True):
        v.value = number
    counts = None if ends is None else {(id(v), upper) for v, upper in ends}
    bounds = [tuple(v.bounds[k] if counts is None or (id(v), bool(k)) in counts else None for k in (0, 1)) for v in variables]
    answer = linprog(np.zeros(len(variables)), A or None, b or None, E or None, e or None, bounds)
    assert answer.status in (0, 2)
    return answer.status == 0


def test_integers_conflict_where_fractions_do_not():
    m = pyo.ConcreteModel()
    m.n = pyo.Var([1, 2], domain=pyo.Integers, bounds=(0, 9))
    m.x = pyo.Var(bounds=(0, 9))
    m.odd = pyo.Constraint(expr=2 * m.n[1] + 4 * m.n[2] == 7)
    m.other = pyo.Constraint(expr=m.x <= m.n[1])
    found = named(m)
    assert found.rows == ("odd (= 7)",) and not found.proved and found.given == ("n[1] whole", "n[2] whole")


def test_curved_rows():
    m = pyo.ConcreteModel()
    m.y = pyo.Var([1, 2, 3], bounds=(-10, 10))
    m.disc = pyo.Constraint(expr=m.y[1] ** 2 + m.y[2] ** 2 <= 4)
    m.far = pyo.Constraint(expr=m.y[1] >= 5)
    m.apart = pyo.Constraint(expr=m.y[3] ** 2 <= 4)
    found = named(m)
    assert (set(found.rows), found.bounds, found.proved) == ({"disc (<= 4)", "far (>= 5)"}, (), False)
    m.far.set_value(m.y[1] >= 1)
    assert named(m) is None


def test_when_time_is_up_what_was_found_is_given():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(9), bounds=(0, 1))
    m.sum = pyo.Constraint(expr=sum(m.x.values()) >= 99)
    found = named(m, clock=lambda: 0.0)
    assert not found.minimal and found.rows == ("sum (>= 99)",)
    assert found.clause.endswith("cannot hold together (not all of them may matter)")


def test_leaving_out_keeps_what_is_asked_for():
    asked = []

    def ask(some):
        asked.append(some)
        return [k for k in some if k != 17] if {3, 41} <= set(some) else None

    assert shrink(list(range(60)), ask, lambda: None) == ([3, 41], True)
    assert len(asked) < 40


def test_many_names_are_grouped():
    names = [f"call[{i}] <= 90" for i in range(1, 9)]
    assert grouped([*names, "sum (= 9)"]) == "call[1] <= 90, call[2] <= 90, call[3] <= 90, 5 more of call, sum (= 9)"
    assert grouped(["f[1].y[2] >= 0", "f[2].y[2] >= 0"]) == "f[1].y[2] >= 0, f[2].y[2] >= 0"
    assert listed(list("abcdefgh")) == "a, b, c, d, e, f and 2 more"
