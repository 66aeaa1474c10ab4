"""HiGHS on arrays: values, points and duals of small problems with known answers, and every status."""

from __future__ import annotations

import math

import highspy
import numpy as np
import pytest
import scipy.sparse as sp

from bilevel_dr.solvers.highs import minimise

INF = math.inf


def lp(**changes):
    """min −x − 2y over x + y ≤ 4, x − y ≥ −2, 0 ≤ x, y ≤ 10: −7 at (1, 3)."""
    data = {"c": [-1, -2], "A": [[1, 1], [1, -1]], "row_lower": [-INF, -2], "row_upper": [4, INF], "lower": [0, 0], "upper": [10, 10]}
    return minimise(**{**data, **changes})


def test_linear():
    answer = lp()
    assert answer.status == "optimal" and answer.value == pytest.approx(-7) == answer.bound
    assert answer.x == pytest.approx([1, 3])


@pytest.mark.parametrize(("row", "step"), [(0, 0.01), (1, 0.01)])
def test_row_duals_are_derivatives_of_the_value(row, step):
    def value(move):
        low, high = np.array([-INF, -2.0]), np.array([4.0, INF])
        low[row] += move
        high[row] += move
        return lp(row_lower=low, row_upper=high).value

    assert lp().row_dual[row] == pytest.approx((value(step) - value(-step)) / (2 * step))


def test_convex_quadratic_with_a_rank_deficient_hessian():
    # min ½(x + y)² − x over y ≥ 0: x = 1, y = 0
    Q = sp.csc_array(np.array([[1.0, 1.0], [1.0, 1.0]]))
    answer = minimise([-1, 0], np.zeros((0, 2)), [], [], [-INF, 0], [INF, INF], Q)
    assert answer.status == "optimal" and answer.value == pytest.approx(-0.5) and answer.x == pytest.approx([1, 0], abs=1e-6)


def test_a_quadratic_term_without_linear_ones_and_a_variable_without_any():
    answer = minimise([0, 0, -1], np.array([[1.0, 0, 1.0]]), [2], [2], [-INF, -1, 0], [INF, 1, 5], sp.csc_array(np.diag([2.0, 0, 0])))
    assert answer.value == pytest.approx(-2.25) and answer.x[[0, 2]] == pytest.approx([-0.5, 2.5], abs=1e-6)


def test_quadratic_without_rows():
    """HiGHS 1.16 itself says −6.125 here."""
    root = np.array([[0, 0, 2, 2, 0], [2, 0, -1, -1, 2], [2, 2, 0, 0, 2], [1, 0, -1, 0, 0]], float)
    lower, upper = [-1, -INF, -INF, -1, -3], [1, INF, INF, 2, INF]
    answer = minimise([-3, -3, 1, 2, 1], np.zeros((0, 5)), [], [], lower, upper, sp.csc_array(root.T @ root))
    assert answer.value == pytest.approx(-9.025) and answer.row_dual.shape == (0,)


def test_an_unbounded_quadratic_ends():
    """HiGHS 1.16 itself follows the ray for ever."""
    Q = sp.csc_array(np.array([[2.0, 4, -3], [4, 8, -6], [-3, -6, 5]]))
    assert minimise([1, -1, 1], np.zeros((0, 3)), [], [], [-INF, -INF, -1], [INF, INF, -1], Q).status == "unbounded"


@pytest.mark.parametrize("seed", range(30))
def test_quadratic_answers_satisfy_their_optimality_conditions(seed):
    """Gradient = Aᵀ(row duals) + reduced costs, each with the sign its active side asks for: enough for a convex problem."""
    random = np.random.default_rng(seed)
    n, m, k = random.integers(1, 7), random.integers(0, 5), random.integers(1, 7)
    root = random.integers(-2, 3, (k, n)).astype(float)
    A, inside = random.integers(-2, 3, (m, n)).astype(float), random.integers(-1, 2, n)
    low, high = A @ inside - random.integers(0, 3, m), np.where(random.random(m) < 0.5, A @ inside + random.integers(0, 3, m), INF)
    lower, upper = inside - random.integers(0, 3, n), np.where(random.random(n) < 0.5, inside + random.integers(0, 3, n), 50.0)
    c, Q = random.integers(-3, 4, n).astype(float), root.T @ root
    answer = minimise(c, A, low, high, lower, upper, sp.csc_array(Q))
    assert answer.status == "optimal"
    x, rows = answer.x, A @ answer.x
    assert (rows >= low - 1e-7).all() and (rows <= high + 1e-7).all() and (x >= lower - 1e-9).all() and (x <= upper + 1e-9).all()
    reduced = Q @ x + c - A.T @ answer.row_dual
    for dual, at, floor, ceiling in ((answer.row_dual, rows, low, high), (reduced, x, lower, upper)):
        assert (dual[at > floor + 1e-6] <= 1e-6).all() and (dual[at < ceiling - 1e-6] >= -1e-6).all()


def test_integers():
    answer = lp(A=[[2, 2], [1, -1]], row_upper=[7, INF], integer=[True, True])
    assert answer.value == pytest.approx(-5) and answer.bound == pytest.approx(-5) and answer.x == pytest.approx([1, 2])


@pytest.mark.parametrize("quadratic", [False, True])
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"row_lower": [5, 5], "row_upper": [4, 9]}, "infeasible"),
        ({"A": [[1, 1], [1, 1]], "row_lower": [5, -INF], "row_upper": [INF, 4]}, "infeasible"),
        ({"A": [[0, 0], [1, -1]], "row_lower": [1, -INF], "row_upper": [2, INF]}, "infeasible"),
        ({"lower": [3, 0], "upper": [2, 10]}, "infeasible"),
        ({"A": [[1, 0], [1, 0]], "row_upper": [INF, INF], "upper": [INF, INF]}, "unbounded"),
    ],
)
def test_statuses(changes, status, quadratic):
    Q = sp.csc_array(np.diag([1.0, 0.0])) if quadratic else None
    answer = lp(**changes, Q=Q)
    assert answer.status == status and answer.x is None and math.isnan(answer.value)


def test_not_convex_is_a_failure_not_an_answer():
    answer = lp(Q=sp.csc_array(np.diag([-1.0, 0.0])))
    assert answer.status == "failed" and answer.x is None


@pytest.mark.parametrize("rows", [0, 2])
def test_nothing_to_decide(rows):
    A, low, high = np.zeros((rows, 0)), [-1.0] * rows, [1.0] * rows
    assert minimise([], A, low, high, [], []).status == "optimal"
    assert minimise([], A, low, high, [], []).x.shape == (0,)
    if rows:
        assert minimise([], A, [1.0, 0.0], [2.0, 1.0], [], []).status == "infeasible"


def test_a_time_limit_is_kept():
    random = np.random.default_rng(0)
    n = 60
    A = random.uniform(0, 100, (20, n))
    answer = minimise(-random.uniform(1, 2, n), A, np.full(20, -INF), A.sum(axis=1) / 3, np.zeros(n), np.full(n, 3), integer=np.ones(n, bool), time_limit=0.2)
    assert answer.status == "limit"
    assert answer.x is None or answer.bound <= answer.value


def test_arguments_are_not_changed():
    arrays = {"c": np.array([-1.0, -2]), "A": sp.csr_array([[1.0, 1], [1, -1]]), "row_lower": np.array([-INF, -2]), "row_upper": np.array([4, INF])}
    copies = {key: array.copy() for key, array in arrays.items()}
    lp(**arrays)
    for key in arrays:
        assert abs(arrays[key] - copies[key]).max() == 0 if key == "A" else np.array_equal(arrays[key], copies[key])


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_search_is_handed_the_point_it_begins_with(value, monkeypatch):
    handed = []
    hand = highspy.Highs.setSolution
    monkeypatch.setattr(highspy.Highs, "setSolution", lambda highs, *known: handed.append(known) or hand(highs, *known))
    start = np.array([value, np.nan])
    assert lp(integer=np.ones(2, bool), start=start, row_upper=[3.5, INF]).value == pytest.approx(-5)
    assert [(number, *map(list, arrays)) for number, *arrays in handed] == [(1, [0], [value])]
    lp(start=start)
    assert len(handed) == 1  # a linear program needs no start
