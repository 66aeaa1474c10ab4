"""Every route on one instance, in one table."""

from __future__ import annotations

import os

import pytest
from builders import snapshot, tracking

from bilevel_dr import ModelError, Solution, compare, comparison
from bilevel_dr.comparison import COLUMNS, routes
from bilevel_dr.reformulate import REFORMULATIONS


@pytest.fixture(scope="module")
def table():
    m = tracking()
    before = snapshot(m)
    table = compare(m, starts=2)
    assert snapshot(m) == before
    return table


def test_every_reformulation_has_a_route():
    assert {reformulation for reformulation, _ in routes()} == set(REFORMULATIONS)
    assert len(set(routes())) == len(routes())


def test_one_row_a_route(table):
    assert list(table.columns) == COLUMNS
    assert list(zip(table.reformulation, table.solver, strict=True)) == routes()
    assert (table.seconds > 0).all()


def test_every_route_agrees_or_says_why_not(table):
    answered = table[table.claim != "none"]
    assert answered.leader_objective.to_list() == pytest.approx([2.75] * len(answered), abs=1e-5)
    assert set(answered.reformulation) == set(REFORMULATIONS)
    assert table[table.claim == "none"].note.str.len().gt(0).all()
    proved = table[table.claim == "global"]
    assert len(proved) >= 5 and (proved.gap <= 1e-5).all() and proved.best_bound.notna().all()


def test_the_solutions_stand_behind_the_rows(table):
    solutions = table.attrs["solutions"]
    assert all(isinstance(solution, Solution) for solution in solutions.values())
    for row in table.itertuples():
        if (row.reformulation, row.solver) in solutions:
            assert solutions[row.reformulation, row.solver].claim == row.claim


def test_processes_give_the_same_rows_and_one_that_dies_costs_its_row(monkeypatch):
    ways = [("sos1", "scip"), ("big_m", "highs"), ("scholtes", "casadi-ipopt")]
    monkeypatch.setattr(comparison, "routes", lambda: ways)
    ask = comparison._outcome
    one = compare(tracking(), starts=2)
    monkeypatch.setattr(comparison, "_outcome", lambda m, r, s, **o: os._exit(3) if r == "big_m" else ask(m, r, s, **o))
    two = compare(tracking(), starts=2, workers=2)
    same = ["leader_objective", "claim", "best_bound", "termination"]
    assert two.loc[[0, 2], same].equals(one.loc[[0, 2], same]) and list(two.attrs["solutions"]) == [ways[0], ways[2]]
    assert two.termination[1] == "failed" and "exit code 3" in two.note[1] and two.claim[1] == "none"


def test_what_is_no_bilevel_program_is_refused_not_tabulated():
    m = tracking()
    m.f.miss.deactivate()
    with pytest.raises(ModelError, match="no follower"):
        compare(m)
    m = tracking()
    m.f.miss.set_value(-((m.f.y - m.x) ** 2))
    with pytest.raises(ModelError, match="not convex"):
        compare(m)
