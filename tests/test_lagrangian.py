"""Followers that are not convex, proved by their Lagrangian where it is convex, and not where it is not."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

import bilevel_dr as bdr
from bilevel_dr.best_response import best_response, held
from bilevel_dr.followers import read
from bilevel_dr.lagrangian import lagrangian_bound
from bilevel_dr.solvers.nl import Nlp


def on_a_disc(sense=pyo.minimize):
    """min y1² − y2² + x y1 on the unit disc: the textbook trust region problem, no duality gap, yet two curved parts."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-1, 1), initialize=0.5)
    m.follower = pyo.Block()
    m.follower.y = pyo.Var([1, 2], initialize=0.5)
    y, sign = m.follower.y, 1 if sense == pyo.minimize else -1
    m.follower.disc = pyo.Constraint(expr=y[1] ** 2 + y[2] ** 2 <= 1)
    m.follower.cost = pyo.Objective(expr=sign * (y[1] ** 2 - y[2] ** 2 + m.x * y[1] - 0.2 * y[2]), sense=sense)
    m.cost = pyo.Objective(expr=m.x)
    return m


def bound_at(model, start):
    follower = read(model).followers[0]
    with held(follower.others):
        for variable, number in zip(follower.variables, start, strict=True):
            variable.set_value(number)
        nlp = Nlp(follower.block)
        outcome = nlp.solve()
        outcome.load()
        return pyo.value(follower.objective), lagrangian_bound(follower, outcome)


def least_on_the_disc(x):
    import numpy as np

    angle = np.linspace(0, 2 * np.pi, 2_000_001)
    a, b = np.cos(angle), np.sin(angle)
    return float((a**2 - b**2 + x * a - 0.2 * b).min())


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_an_answer_without_duality_gap_is_proved(sense):
    model = on_a_disc(sense)
    follower = read(model).followers[0]
    response = best_response(follower, convex=False)
    sign = 1 if sense == pyo.minimize else -1
    assert response.global_ and "Lagrangian" in response.solver
    assert sign * response.value == pytest.approx(least_on_the_disc(0.5), abs=1e-7)
    assert [v.value for v in follower.variables] == [0.5, 0.5]  # as before


def test_a_local_answer_that_is_not_global_is_not_proved():
    value, bound = bound_at(on_a_disc(), (-0.1, -0.9))  # the lower end of the disc is a local minimum only
    assert value > least_on_the_disc(0.5) + 0.1
    assert bound is None or bound <= least_on_the_disc(0.5) + 1e-6


def test_a_duality_gap_is_left_to_others():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1), initialize=0.3)
    m.follower = pyo.Block()
    m.follower.y = pyo.Var(bounds=(-1, 2), initialize=1.0)
    m.follower.cost = pyo.Objective(expr=-(m.follower.y**2) + m.x * m.follower.y)
    m.cost = pyo.Objective(expr=m.x)
    assert bound_at(m, (1.0,))[1] is None
    assert best_response(read(m).followers[0], convex=False).solver == "SCIP"


def test_what_is_not_quadratic_is_left_to_others():
    m = on_a_disc()
    m.follower.bent = pyo.Constraint(expr=pyo.exp(m.follower.y[1]) + m.follower.y[2] ** 2 <= 0.7)
    assert bound_at(m, (-0.5, 0.1))[1] is None


def test_a_curved_equality_may_hide_a_convex_problem():
    """Two buses: what arrives is V (U − V), so the equality is curved; both ends of the certificate hold."""
    m = pyo.ConcreteModel()
    m.price = pyo.Var(bounds=(0, 100), initialize=55.0)
    m.follower = pyo.Block()
    f = m.follower
    f.saved, f.bought, f.V = pyo.Var(bounds=(0, 0.3)), pyo.Var(bounds=(0, 5)), pyo.Var(bounds=(0.8, 1.1), initialize=1)
    f.at_home = pyo.Constraint(expr=10 * (1 - f.V) == f.bought)
    f.far = pyo.Constraint(expr=10 * (f.V * f.V - f.V) + 1 - f.saved == 0)
    f.cost = pyo.Objective(expr=m.price * f.saved + 50 * f.bought)
    m.profit = pyo.Objective(expr=(m.price - 30) * f.saved, sense=pyo.maximize)
    answer = bdr.solve(m, reformulation="scholtes", starts=4)
    assert answer.certificate.passed and answer.claim == "stationary"
    assert any("Lagrangian" in note for note in answer.certificate.notes)
    prices = [best_profit(p / 1000) for p in range(50_000, 70_000, 10)]
    assert answer.leader_objective == pytest.approx(max(prices), abs=2e-3)


def best_profit(price):
    """By hand: V from the far balance, the saving on a grid."""
    import numpy as np

    saved = np.linspace(0, 0.3, 3001)
    V = (1 + np.sqrt(1 - 0.4 * (1 - saved))) / 2
    cost = price * saved + 500 * (1 - V)
    return float((price - 30) * saved[cost.argmin()])
