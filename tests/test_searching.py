"""What one search makes of two answers, of many ends, and of a bound that a verified point beats."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import pytest
from builders import tracking

from bilevel_dr.candidates import distinct, is_close
from bilevel_dr.searching import Search
from bilevel_dr.solving import judged


@pytest.fixture
def search():
    m = tracking()
    return Search(m, judged(m), time.perf_counter(), None, 2, 0, 1e-6, {})


def test_of_two_answers_the_better_verified_one_is_kept_under_the_bound(search):
    proved = search.globally("sos1", "scip")
    assert proved.claim == "global"
    worse = replace(proved, leader_objective=proved.leader_objective + 1, claim="local")
    kept = search._better(worse, replace(proved, claim="local", best_bound=None))
    assert (kept.leader_objective, kept.claim) == (proved.leader_objective, "global")  # the first one's bound closes it
    assert search._better(proved, replace(worse, claim="none")).leader_objective == proved.leader_objective


def test_a_bound_that_a_verified_point_beats_is_dropped_with_a_note(search):
    found = search.locally("scholtes", "casadi-ipopt")
    wrong = replace(found, leader_objective=5.0, best_bound=4.0, claim="local", termination="limit")
    kept = search._better(wrong, found)
    assert kept.best_bound is None and kept.claim == "local" and any("bound 4" in note for note in kept.notes)
    infeasible = replace(wrong, leader_objective=None, claim="none", termination="infeasible")
    kept = search._better(infeasible, found)
    assert kept.best_bound is None and any("says otherwise" in note for note in kept.notes)


def test_the_clock_never_runs_below_zero_nor_where_nothing_limits(search):
    assert search.clock() is None and search.clock(3.0) == 3.0
    search.time_limit = 1e-9
    assert search.clock(3.0) == 0.0


def test_a_far_point_counts_only_where_it_is_exact(search):
    x = search.working.variables[0]
    x.setub(None)
    x.set_value(5e8)  # beside a follower that answers 10 at most: no piece has such a point
    assert search._candidates() == [] and "ran off to x = 5e+08" in search.notes[-1]
    x.setub(1e9)
    assert search._candidates()[-1].polished is None


def test_ends_that_are_the_same_are_counted_together():
    assert distinct([1.0, 1.00001, 2.0, 2.0, 1.0]) == [(1.0, 2), (2.0, 2), (1.0, 1)]
    assert is_close(1e6, 1e6 + 1) and not is_close(1.0, 1.1) and not is_close(None, 1.0) and not is_close(1.0, -math.inf)
