"""Large problems: the best answered decisions begin, idle rows are left out, and whoever wakes is noticed."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest

import bilevel_dr as bdr
from bilevel_dr import searching
from bilevel_dr.screening import LARGE, Screened, screen, woken
from bilevel_dr.starts import Answers
from bilevel_dr.working import Working


def many(number=200, limit=50.0):
    """Each of many units gives min(price / 2, its capacity); together they never come near ``limit`` each, or they do."""
    m = pyo.ConcreteModel("many")
    m.price = pyo.Var(bounds=(0, 10), initialize=1.0)
    m.dso = pyo.Block()
    m.dso.y = pyo.Var(range(number), bounds=(0, 3), initialize=0.5)
    m.dso.net = pyo.Constraint(range(number), rule=lambda b, i: (-limit, 2 * b.y[i], limit))
    m.dso.cost = pyo.Objective(expr=sum((1 + i / number) * y**2 - m.price * y for i, y in m.dso.y.items()))
    m.profit = pyo.Objective(expr=(6 - m.price) * pyo.quicksum(m.dso.y.values()), sense=pyo.maximize)
    return m


def no_clock():
    return None


def best_by_hand(number=200, limit=50.0):
    weight = 1 + np.arange(number) / number
    prices = np.linspace(0, 10, 100_001)
    supply = np.minimum(prices[:, None] / (2 * weight), min(3.0, limit / 2)).sum(axis=1)
    return float(((6 - prices) * supply).max())


def test_the_best_answered_decision_comes_first_and_idle_pairs_are_named():
    working = Working(many())
    points = [np.array([p]) for p in (0.5, 2.9, 8.0, 5.0)]
    found = screen(working, points, no_clock)
    assert [float(p[0]) for p in found.points] == [2.9, 5.0, 0.5, 8.0]
    assert all("net[" in name for name in found.idle) and len(found.idle) == 400


def test_one_answer_says_nothing_about_what_is_idle():
    points = [np.array([1.0])]
    assert screen(Working(many()), points, no_clock) == Screened(points, frozenset())


def test_idle_pairs_leave_no_multiplier_and_no_row():
    whole = Working(many())
    idle = [pair.name for pair in whole.pairs if "net[" in pair.name]
    reduced = Working(many(), idle=idle)
    assert len(reduced.pairs) == len(whole.pairs) - 400 and len(reduced.idle) == 400
    assert all(pair.left.fixed and pair.left.value == 0 for pair in reduced.idle)
    assert not any(row.active for row in reduced.model.dso.net.values())
    one_side = Working(many(), idle=[name for name in idle if "upper" in name])
    assert all(row.active for row in one_side.model.dso.net.values())
    Answers(reduced).load(np.array([2.0]))
    assert all(pair.left.value == 0 for pair in reduced.idle) and woken(reduced) == []


def test_a_row_that_binds_after_all_is_woken():
    idle = [pair.name for pair in Working(many(limit=1.0)).pairs if "net[" in pair.name]
    reduced = Working(many(limit=1.0), idle=idle)
    Answers(reduced).load(np.array([3.0]))
    assert woken(reduced) and all("pair_upper" in name for name in woken(reduced))


@pytest.mark.parametrize(("limit", "idle"), [(50.0, 400), (2.0, 200)])
def test_large_problems_are_solved_like_small_ones(limit, idle):
    m = many(limit=limit)
    assert len(Working(m).pairs) >= LARGE
    answer = bdr.solve(m, reformulation="scholtes", starts=1)
    assert answer.certificate.passed
    assert answer.leader_objective == pytest.approx(best_by_hand(limit=limit), rel=1e-6)
    assert any(note.startswith(f"{idle} of 800 complementarities were left out") for note in answer.notes)


def test_a_wrong_guess_is_searched_again_with_every_row(monkeypatch):
    def guess(working, points, clock):
        return Screened(points, frozenset(pair.name for pair in working.pairs if "net[" in pair.name))

    monkeypatch.setattr(searching, "screen", guess)
    answer = bdr.solve(many(limit=2.0), reformulation="scholtes", starts=1)
    assert answer.certificate.passed and any("searched again with every row" in note for note in answer.notes)
    assert answer.leader_objective == pytest.approx(best_by_hand(limit=2.0), rel=1e-6)
