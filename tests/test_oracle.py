"""The oracle of the property tests, held against followers solved again by scipy."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from oracle import NotEnumerable, brute_force
from random_programs import random_linear, random_quadratic
from second_opinion import Looked

SOME = [(draw, seed) for draw in (random_linear, random_quadratic) for seed in range(20)]


@pytest.mark.parametrize("draw, seed", SOME)
def test_its_point_is_bilevel_feasible(draw, seed):
    answer = brute_force(draw(seed))
    if answer.termination == "optimal":
        looked = Looked(draw(seed))
        values = looked.vector(answer.point)
        assert looked.violation(values) < 1e-6
        assert looked.leader(values) == pytest.approx(answer.leader, abs=1e-6)
        (player,) = looked.followers
        best, _ = player.best(values)
        assert player.sign * (player.value(values) - best) < 1e-6 * max(1, abs(best))


@pytest.mark.parametrize("draw, seed", SOME)
def test_no_leader_decision_on_a_grid_is_better(draw, seed):
    answer, looked = brute_force(draw(seed)), Looked(draw(seed))
    (player,) = looked.followers
    values = looked.vector({})
    for decision in looked.leader_grid({1: 9, 2: 4}[len(looked.decides)]):
        values[looked.decides] = decision
        found = player.best(values, starts=2)
        if found is not None and looked.leader_rows.violation(found[1]) < 1e-9:
            assert answer.termination != "infeasible"
            if answer.termination == "optimal":
                assert looked.sign * (looked.leader(found[1]) - answer.leader) > -1e-6


def test_random_programs_cover_every_termination():
    ends = {brute_force(random_linear(seed)).termination for seed in range(60, 90)}
    assert ends == {"optimal", "infeasible", "unbounded"}


def test_random_programs_are_what_their_seed_says():
    texts = [str(random_quadratic(seed).goal.expr) for seed in (3, 3, 4)]
    assert texts[0] == texts[1] != texts[2]


def _follower(cost, **domain):
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.follower = pyo.Block()
    m.follower.y = pyo.Var(**domain)
    m.follower.cost = pyo.Objective(expr=cost(m.x, m.follower.y))
    m.cost = pyo.Objective(expr=m.x)
    return m


@pytest.mark.parametrize(
    "model, word",
    [
        (_follower(lambda x, y: -(y**2), bounds=(0, 1)), "not convex"),
        (_follower(lambda x, y: pyo.exp(y), bounds=(0, 1)), "neither linear nor quadratic"),
        (_follower(lambda x, y: y, bounds=(0, 1), within=pyo.Integers), "an integer follower"),
    ],
)
def test_it_refuses_what_it_cannot_enumerate(model, word):
    with pytest.raises(NotEnumerable, match=word):
        brute_force(model)
