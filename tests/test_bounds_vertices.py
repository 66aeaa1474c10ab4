"""bounds/vertices.py against bases taken one by one, and determinants one by one."""

import itertools

import numpy as np
import pytest

from bilevel_dr.bounds.vertices import basic_ranges, totally_unimodular


def every_basic_solution(N, G, has_unit, sign, r):
    """All basic solutions (ν, λ, υ) with the signs asked for: each choice of linearly independent columns, tried."""
    n, e, g = len(r), N.shape[1], G.shape[1]
    columns = np.hstack([N, G, np.eye(n)])
    usable = [*range(e, e + g), *(e + g + j for j in np.flatnonzero(has_unit))]
    for size in range(len(usable) + 1):
        for chosen in itertools.combinations(usable, size):
            basis = columns[:, [*range(e), *chosen]]
            if np.linalg.matrix_rank(basis) < basis.shape[1]:
                continue
            solution, *_ = np.linalg.lstsq(basis, r, rcond=None)
            if np.abs(basis @ solution - r).max() > 1e-9:
                continue
            full = np.zeros(e + g + n)
            full[[*range(e), *chosen]] = solution
            if (full[e:] * sign >= -1e-9).all():
                yield full


@pytest.mark.parametrize("seed", range(30))
def test_every_basic_solution_lies_in_the_ranges(seed):
    random = np.random.default_rng(seed)
    n, e, g = random.integers(2, 5), random.integers(0, 2), random.integers(0, 3)
    N, G = random.integers(-2, 3, (n, e)).astype(float), random.integers(-1, 2, (n, g)).astype(float)
    N, G = N[:, np.abs(N).sum(axis=0) > 0], G[:, np.abs(G).sum(axis=0) > 0]
    has_unit = random.random(n) < 0.7
    sign = random.choice([-1.0, 1.0], G.shape[1] + n)
    middle = random.integers(-3, 4, n).astype(float)
    ranges = basic_ranges(N, G, has_unit, middle - 1, middle + 1, sign > 0, sign < 0)
    found = np.vstack([ranges.nu, ranges.general, ranges.unit])
    corners = [middle + np.array(step) for step in itertools.product((-1.0, 1.0), repeat=n)]
    largest = np.zeros(len(found))
    for r in [middle, *corners]:
        for solution in every_basic_solution(N, G, has_unit, sign, r):
            assert (solution >= found[:, 0] - 1e-7).all() and (solution <= found[:, 1] + 1e-7).all()
            largest = np.maximum(largest, np.abs(solution))
    assert np.isfinite(found).all()


def test_ranges_of_a_market_are_its_costs():
    """min Σ c y, Σ y = d, 0 ≤ y ≤ cap: the price is some c, the scarcity rent a difference of two."""
    cost = np.array([2.0, 5.0, 9.0])
    ranges = basic_ranges(np.ones((3, 1)), np.zeros((3, 0)), np.ones(3, bool), -cost, -cost)
    assert ranges.nu.tolist() == [[-9.0, -2.0]]
    assert ranges.unit.tolist() == [[0.0, 7.0], [-3.0, 4.0], [-7.0, 0.0]]
    assert ranges.method == "3 of them"


def test_a_right_hand_side_without_bound_reaches_only_what_depends_on_it():
    rest = np.ones(2, bool), np.array([-np.inf, -1.0]), np.ones(2)
    ranges = basic_ranges(np.zeros((2, 0)), np.ones((2, 1)), *rest)
    assert ranges.unit.tolist() == [[-np.inf, 2.0], [-2.0, np.inf]]
    ranges = basic_ranges(np.zeros((2, 0)), np.zeros((2, 0)), *rest)
    assert ranges.unit.tolist() == [[-np.inf, 1.0], [-1.0, 1.0]]


def test_nearly_dependent_rows_are_refused():
    G = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-11]])
    answer = basic_ranges(np.zeros((2, 0)), G, np.zeros(2, bool), -np.ones(2), np.ones(2))
    assert isinstance(answer, str) and "nearly dependent" in answer


def test_too_many_bases_are_refused_unless_the_matrix_is_unimodular():
    random = np.random.default_rng(0)
    G = random.random((40, 20))
    answer = basic_ranges(np.zeros((40, 0)), G, np.ones(40, bool), -np.ones(40), np.ones(40))
    assert isinstance(answer, str) and "too many bases" in answer


@pytest.mark.parametrize("seed", range(10))
def test_the_unimodular_bound_of_a_network_holds_its_vertices(seed):
    random = np.random.default_rng(seed)
    nodes, arcs = 4, 6
    N = np.zeros((arcs + 3, nodes))
    for row in N[:arcs]:
        row[random.choice(nodes, 2, replace=False)] = 1.0, -1.0
    N[arcs + np.arange(3), random.choice(nodes, 3, replace=False)] = 1.0
    low = random.integers(-5, 1, arcs + 3).astype(float)
    arguments = N, np.zeros((arcs + 3, 0)), np.ones(arcs + 3, bool), low, low + 2
    visited, recognised = basic_ranges(*arguments), basic_ranges(*arguments, most=0)
    assert recognised.method == "totally unimodular" and visited.count > 1
    assert (np.abs(visited.unit) <= recognised.unit[:, [1]]).all()
    assert (np.abs(visited.nu) <= recognised.nu[:, [1]] + 1e-9).all()


def all_minors(matrix):
    m, n = matrix.shape
    for k in range(1, min(m, n) + 1):
        for rows in itertools.combinations(range(m), k):
            for columns in itertools.combinations(range(n), k):
                yield round(float(np.linalg.det(matrix[np.ix_(rows, columns)])), 6)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_called_unimodular_has_only_minors_0_and_1(seed):
    random = np.random.default_rng(seed)
    matrix = random.choice([-1.0, 0.0, 0.0, 1.0], (4, 4))
    if totally_unimodular(matrix):
        assert set(map(abs, all_minors(matrix))) <= {0.0, 1.0}


@pytest.mark.parametrize(
    "matrix",
    [
        [[1, 1, 0], [-1, 0, 1], [0, -1, -1]],  # a network
        [[1, 0, 0], [1, 1, 0], [1, 1, 1], [0, 1, 1]],  # consecutive ones
        [[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]],  # a bipartite graph
    ],
)
def test_known_unimodular_matrices_are_recognised(matrix):
    assert totally_unimodular(matrix) and totally_unimodular(np.array(matrix).T)


@pytest.mark.parametrize("matrix", [[[1, 1, 0], [0, 1, 1], [1, 0, 1]], [[2, 1], [1, 1]], [[0.5]]])
def test_others_are_not(matrix):
    assert not totally_unimodular(matrix)
