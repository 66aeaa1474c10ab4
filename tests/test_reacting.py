"""The leader's curve and the followers' answers, against answers worked out by hand."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest

import bilevel_dr as bdr


def indifferent_at_one(row=False):
    """The follower wants y = 1 while x < 1, anything at x = 1, and y = 0 beyond."""
    model = pyo.ConcreteModel("indifferent")
    model.x = pyo.Var(bounds=(0, 2))
    model.follower = pyo.Block()
    model.follower.y = pyo.Var(bounds=(0, 1))
    model.follower.cost = pyo.Objective(expr=(model.x - 1) * model.follower.y)
    model.cost = pyo.Objective(expr=model.x + 2 * model.follower.y)
    if row:
        model.enough = pyo.Constraint(expr=model.follower.y >= 0.25)
    return model


def test_ties_are_broken_for_the_leader_and_against_it():
    table = bdr.reactions(indifferent_at_one(), "x", [0, 0.5, 1, 1.5])
    assert list(table) == ["x", "optimistic", "pessimistic", "follower.y", "feasible", "claim"]
    assert table["optimistic"].tolist() == pytest.approx([2, 2.5, 1, 1.5], abs=1e-6)
    assert table["pessimistic"].tolist() == pytest.approx([2, 2.5, 3, 1.5], abs=1e-6)
    assert table["follower.y"].tolist() == pytest.approx([1, 1, 0, 0], abs=1e-6)
    assert table["feasible"].all() and set(table["claim"]) == {"global"}


def test_a_row_of_the_leader_binds_its_favourite_and_spoils_the_worst():
    table = bdr.reactions(indifferent_at_one(row=True), "x", [0.5, 1, 1.5])
    assert table["feasible"].tolist() == [True, True, False]
    assert table["optimistic"][1] == pytest.approx(1.5, abs=1e-6) and table["follower.y"][1] == pytest.approx(0.25, abs=1e-6)
    assert np.isnan(table["pessimistic"][1]) and table["pessimistic"][0] == pytest.approx(2.5)
    assert table["claim"][2] == "none"


def test_its_best_value_is_what_solve_finds():
    table = bdr.reactions(indifferent_at_one(), "x", np.linspace(0, 2, 41))
    best = table.loc[table["optimistic"].idxmin()]
    solution = bdr.solve(indifferent_at_one())
    assert solution.leader_objective == pytest.approx(best["optimistic"], abs=1e-6)
    assert solution.point["x"] == pytest.approx(best["x"], abs=1e-6)


def two_leaders_variables():
    model = pyo.ConcreteModel("two")
    model.x, model.z = pyo.Var(bounds=(0, 4)), pyo.Var(bounds=(0, 4))
    model.follower = pyo.Block()
    model.follower.y = pyo.Var(bounds=(0, 10))
    model.follower.cost = pyo.Objective(expr=(model.follower.y - model.x - model.z) ** 2)
    model.cost = pyo.Objective(expr=(model.x - 1) ** 2 + (model.follower.y - 3) ** 2)
    return model


def test_two_decisions_are_crossed():
    table = bdr.reactions(two_leaders_variables(), ("x", "z"), ([0, 1], [0, 1, 2]))
    assert table[["x", "z"]].to_numpy().tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    assert table["follower.y"].tolist() == pytest.approx([0, 1, 2, 1, 2, 3], abs=1e-6)
    assert table["optimistic"].tolist() == pytest.approx([10, 5, 2, 4, 1, 0], abs=1e-5)


def test_the_leader_decides_the_rest_unless_it_is_fixed():
    model = two_leaders_variables()
    free = bdr.reactions(model, model.x, [0, 1, 4])
    assert free["optimistic"].tolist() == pytest.approx([1, 0, 10], abs=1e-4)
    assert free["z"].tolist() == pytest.approx([3, 2, 0], abs=1e-3)
    assert model.x.value is None and not model.x.fixed
    model.z.fix(0)
    held = bdr.reactions(model, "x", [0, 1, 4])
    assert "z" not in held and held["optimistic"].tolist() == pytest.approx([10, 4, 10], abs=1e-5)


def test_a_multiplier_that_the_leader_reads_is_answered_too():
    model = pyo.ConcreteModel("priced")
    model.x, model.price = pyo.Var(bounds=(0, 5)), pyo.Var(bounds=(-10, 10))
    model.market = pyo.Block()
    model.market.g = pyo.Var(bounds=(0, 100))
    model.market.balance = pyo.Constraint(expr=model.market.g == 8 - model.x)
    model.market.cost = pyo.Objective(expr=0.5 * model.market.g**2)
    model.multiplier_of = pyo.Suffix()
    model.multiplier_of[model.price] = model.market.balance
    model.revenue = pyo.Objective(expr=model.price * model.x, sense=pyo.maximize)
    table = bdr.reactions(model, "x", [1, 4, 5])
    assert table["price"].tolist() == pytest.approx([7, 4, 3], abs=1e-4)  # marginal cost is g
    assert table["optimistic"].tolist() == pytest.approx([7, 16, 15], abs=1e-3)


def test_followers_without_an_answer_and_values_out_of_bounds_are_infeasible():
    model = indifferent_at_one()
    model.follower.least = pyo.Constraint(expr=model.follower.y >= model.x)
    table = bdr.reactions(model, "x", [-1, 0.5, 1.5])
    assert table["feasible"].tolist() == [False, True, False]
    assert table["optimistic"][0] == pytest.approx(1) and np.isnan(table["optimistic"][2])


def test_what_is_no_decision_of_a_leader_is_refused_by_name():
    with pytest.raises(bdr.ModelError, match="decides no 'follower.y'"):
        bdr.reactions(indifferent_at_one(), "follower.y", [0, 1])
    with pytest.raises(bdr.ModelError, match="did you mean 'x'"):
        bdr.reactions(indifferent_at_one(), "xx", [0, 1])
    with pytest.raises(bdr.ModelError, match="one variable with its values, or two"):
        bdr.reactions(two_leaders_variables(), ("x", "z"), [[0, 1]])
    game = indifferent_at_one()
    game.cost.deactivate()
    with pytest.raises(bdr.ModelError, match="nobody leads"):
        bdr.reactions(game, "x", [0, 1])
