"""A follower solved again: right values for every kind of problem, and the copy's values as they were."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo
import pytest
from builders import snapshot, tracking

from bilevel_dr.best_response import best_response, best_responses
from bilevel_dr.followers import read


def follower(fill, sense=pyo.minimize, x=1.5):
    """A follower on y[1], y[2] beside a leader's x; ``fill(m, y)`` returns its objective."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10), initialize=x)
    m.f = pyo.Block()
    m.f.y = pyo.Var((1, 2), bounds=(0, 4), initialize=3.3)
    m.f.goal = pyo.Objective(expr=fill(m, m.f.y), sense=sense)
    m.goal = pyo.Objective(expr=m.x)
    return m


def rows(m, *relations):
    m.f.row = pyo.Constraint(range(len(relations)), rule=lambda b, i: relations[i])


def linear(m, y):
    rows(m, y[1] + y[2] >= m.x)
    return 2 * y[1] + 3 * y[2] + 7 * m.x


def quadratic(m, y):
    rows(m, y[1] + y[2] == 2 * m.x)
    return (y[1] - 1) ** 2 + y[2] ** 2 + m.x**2


def bilinear(m, y):
    return m.x * y[1] - y[2] * (4 - m.x) + y[1] * y[1]


def exponential(m, y):
    rows(m, y[1] + y[2] <= 3)
    return pyo.exp(y[1]) - m.x * y[1] + (y[2] - 1) ** 4


def ball(m, y):
    m.f.y.setlb(None)
    rows(m, y[1] ** 2 + y[2] ** 2 <= m.x**2)
    return y[1]


KINDS = {
    # follower → value and answer at x = 1.5
    "linear": (linear, 3 + 10.5, (1.5, 0)),
    "quadratic": (quadratic, 2 + 2.25, (2, 1)),
    "bilinear": (bilinear, -10, (0, 4)),
    "exponential": (exponential, 1.5 - 1.5 * math.log(1.5), (math.log(1.5), None)),
    "ball": (ball, -1.5, (-1.5, 0)),
}


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
@pytest.mark.parametrize("kind", KINDS)
def test_values_and_answers(kind, sense):
    fill, value, answer = KINDS[kind]
    sign = 1 if sense == pyo.minimize else -1
    m = follower(lambda m, y: sign * fill(m, y), sense)
    before = snapshot(m)
    response = best_response(read(m).followers[0], convex=True)
    assert response.status == "optimal" and response.global_
    assert response.value == pytest.approx(sign * value, abs=1e-6)
    for found, wanted in zip(response.answer, answer, strict=True):
        assert wanted is None or found == pytest.approx(wanted, abs=1e-4)
    assert snapshot(m) == before


@pytest.mark.parametrize("convex", [True, False])
@pytest.mark.parametrize("fill", [linear, exponential])
def test_infeasible_and_unbounded(fill, convex):
    m = follower(fill)
    m.f.far = pyo.Constraint(expr=m.f.y[1] + m.f.y[2] >= 9)
    assert best_response(read(m).followers[0], convex).status == "infeasible"
    m = follower(lambda m, y: -y[1] + (0 if fill is linear else pyo.exp(-y[2])))
    m.f.y[1].setub(None)
    assert best_response(read(m).followers[0], convex).status == "unbounded"


def test_a_nonconvex_follower_is_solved_globally():
    def two_wells(m, y):
        return (y[1] ** 2 - 4) ** 2 + 0.5 * y[1] + (y[2] - m.x) ** 2

    m = follower(two_wells)
    m.f.y.setlb(-4)
    m.f.y[1].set_value(2.0)
    response = best_response(read(m).followers[0], convex=False)
    best = min((t**2 - 4) ** 2 + 0.5 * t for t in np.linspace(-3, -1, 200_001))
    assert response.global_ and response.solver == "SCIP" and response.value == pytest.approx(best, abs=1e-4)
    assert m.f.y[1].value == 2.0
    local = best_response(read(m).followers[0], convex=False, search=0)
    assert (local.solver, local.global_) == ("Ipopt", False)


def test_a_concave_quadratic_follower_is_solved_globally():
    m = follower(lambda m, y: -((y[1] - 1) ** 2) + y[2])
    response = best_response(read(m).followers[0], convex=False)
    assert response.global_ and response.value == pytest.approx(-9, abs=1e-5)


def test_nothing_left_to_decide():
    m = follower(linear)
    m.f.y.fix(1.0)
    response = best_response(read(m).followers[0], convex=True)
    assert response.status == "optimal" and response.value == pytest.approx(15.5)
    m.x.set_value(5.0)
    assert best_response(read(m).followers[0], convex=True).status == "infeasible"


def two(coupled: bool):
    m = tracking()
    m.g = pyo.Block()
    m.g.z = pyo.Var(bounds=(0, 10), initialize=9)
    m.g.cost = pyo.Objective(expr=-((m.g.z - (m.f.y if coupled else m.x) - 1) ** 2), sense=pyo.maximize)
    m.x.set_value(2.0)
    m.f.y.set_value(5.0)
    return m


@pytest.mark.parametrize("coupled", [False, True])
def test_each_follower_answers_the_others_as_they_are(coupled):
    m = two(coupled)
    program = read(m)
    before = snapshot(m)
    responses = best_responses(program, {"f": True, "g": True})
    assert responses["f"].answer == pytest.approx([2], abs=1e-6)
    assert responses["g"].answer == pytest.approx([6 if coupled else 3], abs=1e-6)
    assert [responses[name].value for name in "fg"] == pytest.approx([0, 0], abs=1e-9)
    assert snapshot(m) == before


def test_one_follower_without_answer_leaves_the_others_theirs():
    m = two(coupled=False)
    m.g.far = pyo.Constraint(expr=m.g.z >= m.x + 20)
    responses = best_responses(read(m), {"f": True, "g": True})
    assert responses["f"].answer == pytest.approx([2]) and responses["g"].status == "infeasible"


def test_values_are_kept_after_an_exception(monkeypatch):
    import bilevel_dr.best_response as module

    m = follower(exponential)
    before = snapshot(m)

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.Nlp, "solve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        best_response(read(m).followers[0], convex=True)
    assert snapshot(m) == before
