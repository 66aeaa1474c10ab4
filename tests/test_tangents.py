"""Mixed-integer convex quadratic problems by tangents, against enumeration of the integers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp

from bilevel_dr.arrays import QuadraticForm
from bilevel_dr.errors import ModelError
from bilevel_dr.solvers.highs import minimise
from bilevel_dr.tangents import minimise_by_tangents


def form(Q, c, A, low, high, lower, upper, integer, constant=0.0):
    Q, A = np.atleast_2d(np.array(Q, float)), np.array(A, float).reshape(-1, len(c))
    arrays = [np.array(a, float) for a in (low, high, lower, upper)]
    return QuadraticForm(np.array(c, float), sp.csc_array(Q), constant, sp.csr_array(A), *arrays, np.array(integer, bool))


def random_form(seed):
    random = np.random.default_rng(seed)
    n, whole = 4, 2
    root = random.normal(size=(random.integers(1, n + 1), n))
    Q = root.T @ root if seed % 3 else np.diag(random.integers(0, 3, n).astype(float))
    A = random.integers(-3, 4, (3, n)).astype(float)
    inside = random.integers(0, 3, n)
    high = A @ inside + random.integers(0, 3, 3)
    integer = np.arange(n) < whole
    c = random.normal(size=n) * 5
    return form(Q, c, A, np.full(3, -math.inf), high, np.full(n, -2.0), np.full(n, 3.0), integer, float(random.normal() * 10))


def enumerated(f):
    best = math.inf
    for values in itertools.product(range(-2, 4), repeat=int(f.integer.sum())):
        low, high = f.lower.copy(), f.upper.copy()
        low[f.integer] = high[f.integer] = values
        answer = minimise(f.c, f.A, f.row_lower, f.row_upper, low, high, f.Q)
        if answer.status == "optimal":
            best = min(best, answer.value + f.constant)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_random_problems_against_enumeration(seed):
    f = random_form(seed)
    answer = minimise_by_tangents(f)
    assert answer.status == "optimal"
    assert answer.value == pytest.approx(enumerated(f), rel=1e-5, abs=1e-5) == f.value(answer.x)
    assert answer.bound <= answer.value + 1e-9
    assert np.allclose(answer.x[f.integer], np.round(answer.x[f.integer]), atol=1e-6)
    assert (f.A @ answer.x <= f.row_upper + 1e-6).all()


def test_unbounded_variables_far_from_the_first_tangents():
    f = form([[2.0]], [-2468.2], np.zeros((0, 1)), [], [], [-math.inf], [math.inf], [True])
    answer = minimise_by_tangents(f)
    assert answer.x == pytest.approx([1234]) and answer.bound <= answer.value


def test_infeasible_and_unbounded():
    assert minimise_by_tangents(form([[1.0]], [0], [[1]], [0.2], [0.8], [0], [9], [True])).status == "infeasible"
    f = form([[1.0, 0], [0, 0]], [0, -1], np.zeros((0, 2)), [], [], [0, 0], [9, math.inf], [True, True])
    assert minimise_by_tangents(f).status == "unbounded"


def test_curving_down_is_refused_with_a_remedy():
    with pytest.raises(ModelError, match="scip"):
        minimise_by_tangents(form([[-1.0]], [0], np.zeros((0, 1)), [], [], [0], [9], [True]))
    with pytest.raises(ModelError, match="eigenvalue"):
        minimise_by_tangents(form([[0, 1.0], [1.0, 0]], [0, 0], np.zeros((0, 2)), [], [], [0, 0], [9, 9], [True, True]))


def test_a_time_limit_that_is_over_gives_a_limit():
    assert minimise_by_tangents(random_form(1), time_limit=0.0).status == "limit"
