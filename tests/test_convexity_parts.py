"""What a verdict of convexity stands on, each part against brute force: intervals, boxes, matrices, errors, rules."""

from __future__ import annotations

import math
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import assume, given, settings

from bilevel_dr.convexity import intervals
from bilevel_dr.convexity.box import AffineRow, Box
from bilevel_dr.convexity.definiteness import definiteness
from bilevel_dr.convexity.evaluation import evaluate
from bilevel_dr.convexity.hessian import bends, convex_over, second_derivatives, semidefinite
from bilevel_dr.convexity.rules import Rules
from bilevel_dr.convexity.shapes import (
    CONCAVE,
    CONVEX,
    LOG_CONCAVE,
    LOG_CONVEX,
    PSEUDOCONVEX,
    QUASICONCAVE,
    QUASICONVEX,
    ROOT_CONVEX,
)
from bilevel_dr.convexity.tree import fold

INF = math.inf
EXAMPLES = settings(max_examples=200, deadline=None, derandomize=True)
ENDS = st.one_of(st.floats(-50, 50).map(lambda x: round(x, 6)), st.sampled_from([-INF, -1.0, 0.0, 1.0, INF]))
INTERVALS = st.tuples(ENDS, ENDS).map(sorted).map(tuple).filter(lambda a: a[0] < INF and a[1] > -INF)
UNARY = "exp log log10 sqrt sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh".split()


def inside(interval, share):
    """A number of an interval."""
    low, high = max(interval[0], -60.0), min(interval[1], 60.0)
    return min(max(low + share * (high - low), low), high)


def holds(interval, value):
    slack = 1e-12 * (1 + abs(value))
    return interval[0] - slack <= value <= interval[1] + slack


SHARES = st.floats(0, 1).map(lambda x: round(x, 6))


@EXAMPLES
@given(a=INTERVALS, b=INTERVALS, s=SHARES, t=SHARES)
def test_sums_products_and_reciprocals_of_intervals(a, b, s, t):
    x, y = inside(a, s), inside(b, t)
    assert holds(intervals.add(a, b), x + y)
    assert holds(intervals.multiply(a, b), x * y)
    if x:
        assert holds(intervals.reciprocal(a), 1 / x)


@EXAMPLES
@given(a=INTERVALS, s=SHARES, exponent=st.sampled_from([0, 1, 2, 3, 4, -1, -2, -3, 0.5, 1.5, -0.5, 2.0, 1 / 3]))
def test_powers_of_intervals(a, s, exponent):
    x = inside(a, s)
    assume(x > 0 or (x < 0 and exponent == int(exponent)))
    assert holds(intervals.power(a, exponent), x**exponent)


@EXAMPLES
@given(a=INTERVALS, b=INTERVALS, s=SHARES, t=SHARES)
def test_powers_with_an_interval_of_exponents(a, b, s, t):
    x, y = inside(a, s), inside(b, t)
    assume(x > 0 and abs(y * math.log(x)) < 600)
    assert holds(intervals.varying_power(a, b), x**y)


@settings(EXAMPLES, max_examples=600)
@given(a=INTERVALS, s=SHARES, name=st.sampled_from(UNARY))
def test_functions_of_intervals(a, s, name):
    try:
        value = getattr(math, name)(inside(a, s))
    except ValueError:
        assume(False)
    assert holds(intervals.unary(name, a), value)


def test_intervals_keep_the_sign_that_infinity_would_spoil():
    assert intervals.multiply((0.0, INF), (0.0, 1.0)) == (0.0, INF)
    assert intervals.power((0.0, 1e300), 2) == (0.0, INF)
    assert intervals.reciprocal((0.0, INF)) == (0.0, INF)
    assert intervals.unary("exp", (0.0, 1e6)) == (1.0, INF)
    assert intervals.unary("sin", (0.0, math.pi)) == (0.0, 1.0)
    assert intervals.unary("erf", (0.0, 1.0)) == intervals.REALS


@EXAMPLES
@given(seed=st.integers(0, 10**9))
def test_a_tightened_box_loses_no_point_of_the_rows(seed):
    random = np.random.default_rng(seed)
    m = pyo.ConcreteModel()
    m.v = pyo.Var(range(3), bounds=lambda m, i: [(-4, 4), (0, None), (None, 3)][i])
    point, rows = random.uniform([-4, 0, -9], [4, 9, 3]), []
    for line in random.integers(-2, 3, (3, 3)):
        high = float(line @ point)
        rows.append(AffineRow.read(sum(int(a) * m.v[i] for i, a in enumerate(line)), high - random.choice([0.0, 1.0, INF]), high))
    box = Box().tightened([row for row in rows if row is not None])
    for i, x in enumerate(point):
        assert holds(box.of(m.v[i]), x)
        low, high = m.v[i].bounds
        assert (low is None or box.of(m.v[i])[0] >= low) and (high is None or box.of(m.v[i])[1] <= high)


def test_a_box_is_cut_by_rows_with_unbounded_neighbours():
    m = pyo.ConcreteModel()
    m.y, m.z = pyo.Var(), pyo.Var(bounds=(0, None))
    row = AffineRow.read(m.y - 2 * m.z - 1, -INF, 0.0)
    other = AffineRow.read(3 * m.z + 1, -INF, 7.0)
    box = Box().tightened([row, other])
    assert box.of(m.z) == (0.0, 2.0) and box.of(m.y) == (-INF, 5.0)
    assert AffineRow.read(m.y**2, 0.0, 1.0) is None and m.y.bounds == (None, None)


def entries(matrix):
    rows, columns = np.nonzero(np.triu(matrix, 1))
    return np.diag(matrix).copy(), rows, columns, matrix[rows, columns]


@EXAMPLES
@given(seed=st.integers(0, 10**9), size=st.integers(1, 9), shift=st.floats(-2, 2))
def test_definiteness_agrees_with_eigenvalues(seed, size, shift):
    random = np.random.default_rng(seed)
    matrix = random.integers(-2, 3, (size, size)) * (random.random((size, size)) < 0.5)
    matrix = matrix @ matrix.T + shift * np.eye(size)
    lowest = np.linalg.eigvalsh(matrix)[0]
    assume(abs(lowest) > 1e-9)
    units = 10.0 ** random.integers(-6, 7, size)
    for scale in (np.ones(size), units):
        form = definiteness(*entries(matrix * np.outer(scale, scale)))
        assert form.semidefinite == form.definite == (lowest > 0)
        if not form.semidefinite:
            assert form.direction @ (matrix * np.outer(scale, scale)) @ form.direction < 0


@pytest.mark.parametrize(
    ("matrix", "semidefinite", "definite"),
    [
        ([[0.0]], True, False),
        ([[0.0, 0.0], [0.0, 1.0]], True, False),
        ([[0.0, 1e-9], [1e-9, 1.0]], False, False),
        ([[1.0, 1.0], [1.0, 1.0]], True, False),
        ([[1e20, 1.0], [1.0, 1e-20]], True, False),
        ([[1e20, 1.1], [1.1, 1e-20]], False, False),
        ([[-1e-300, 0.0], [0.0, 1.0]], False, False),
    ],
)
def test_definiteness_at_the_border(matrix, semidefinite, definite):
    matrix = np.array(matrix)
    form = definiteness(*entries(matrix))
    assert (form.semidefinite, form.definite) == (semidefinite, definite)
    if not semidefinite:
        assert form.direction @ matrix @ form.direction < 0


@pytest.mark.parametrize(("push", "semidefinite", "definite"), [(0.0, True, False), (0.5, True, True), (-0.5, False, False)])
def test_definiteness_of_a_large_grid(push, semidefinite, definite):
    side = 30  # 900 variables: beyond what is written out in full
    rows = [k * side + j for k in range(side) for j in range(side - 1)] + list(range(side * side - side))
    columns = [r + 1 for r in rows[: side * (side - 1)]] + [r + side for r in range(side * side - side)]
    rows, columns = np.array(rows), np.array(columns)
    diagonal = np.bincount(np.concatenate([rows, columns]), minlength=side * side).astype(float)
    diagonal[7] += push
    form = definiteness(diagonal, rows, columns, -np.ones(len(rows)))
    assert (form.semidefinite, form.definite) == (semidefinite, definite)
    if not semidefinite:
        d = form.direction
        assert d @ (diagonal * d) - 2 * (d[rows] * d[columns]).sum() < 0


@EXAMPLES
@given(seed=st.integers(0, 10**9), size=st.integers(1, 9), spread=st.floats(0, 1))
def test_interval_matrices(seed, size, spread):
    random = np.random.default_rng(seed)
    factor = random.standard_normal((size, size))
    middle = factor @ factor.T + 0.3 * np.eye(size)
    radius = np.abs(random.standard_normal((size, size))) * spread
    radius = (radius + radius.T) / 2
    low, high = middle - radius, middle + radius
    signs = random.choice([-1.0, 1.0], (200, size))
    signs[0] = np.sign(np.linalg.eigh(middle - radius)[1][:, 0])
    vertices = middle - signs[:, :, None] * radius * signs[:, None, :]
    worst = np.linalg.eigvalsh(vertices)[:, 0].min()
    if semidefinite(low, high):
        assert worst >= -1e-9
    elif size <= 6:  # all vertices are looked at: some matrix in between is not semidefinite
        every = np.array(np.meshgrid(*[[-1.0, 1.0]] * size)).reshape(size, -1).T
        assert np.linalg.eigvalsh(middle - every[:, :, None] * radius * every[:, None, :])[:, 0].min() < 1e-9


def test_interval_matrices_with_infinite_or_zero_diagonals():
    assert semidefinite(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([[INF, 1.0], [1.0, INF]]))
    assert not semidefinite(np.array([[1.0, -1.1], [-1.1, 1.0]]), np.array([[INF, 1.0], [1.0, INF]]))
    assert not semidefinite(np.array([[1.0, -INF], [-INF, 1.0]]), np.array([[2.0, INF], [INF, 2.0]]))
    assert semidefinite(np.array([[0.0, 0.0], [0.0, 1.0]]), np.array([[INF, 0.0], [0.0, INF]]))
    assert not semidefinite(np.array([[0.0, 0.0], [0.0, 1.0]]), np.array([[INF, 0.1], [0.1, INF]]))
    assert semidefinite(np.zeros((2, 2)), np.zeros((2, 2)))


def own(**bounds):
    m = pyo.ConcreteModel()
    for name, pair in bounds.items():
        setattr(m, name, pyo.Var(bounds=pair))
    return m


def test_second_derivatives_agree_with_finite_differences():
    m = own(y=(0.5, 2), z=(0.5, 2), x=(1, 3))
    expression = m.x * pyo.exp(m.y * m.z) / m.z + pyo.log(m.y + m.x) ** 2 - m.z**m.x
    exact = second_derivatives(expression, [m.y, m.z])
    step, at = 1e-4, np.array([0.9, 1.3])

    def places(point):
        return {id(v): np.array([x]) for v, x in zip((m.y, m.z, m.x), (*point, 1.7), strict=True)}

    def value(point):
        return evaluate(expression, places(point))[0][0]

    for (i, j), entry in exact.items():
        a, b = step * np.eye(2)[i], step * np.eye(2)[j]
        difference = (value(at + a + b) - value(at + a - b) - value(at - a + b) + value(at - a - b)) / (4 * step**2)
        assert evaluate(entry, places(at))[0][0] == pytest.approx(difference, rel=1e-5)
    assert set(exact) == {(0, 0), (0, 1), (1, 1)}


def test_boxes_are_halved_until_the_curvature_shows():
    m = own(y=(-1.5, 1.5), x=(0, 1))
    entries = second_derivatives(m.y**4 - 2 * m.y**3 + 2 * m.y**2 + m.x * m.y, [m.y])  # 12 y² − 12 y + 4 ≥ 1
    assert convex_over(entries, 1, 1, Box()) and not convex_over(entries, 1, -1, Box())
    entries = second_derivatives(m.y**4 - 2 * m.y**3 + 1.4 * m.y**2, [m.y])  # −0.2 at y = 0.5
    assert not convex_over(entries, 1, 1, Box())


@pytest.mark.parametrize(
    ("expression", "sense", "answer"),
    [
        (lambda m: m.y**2 + m.y * m.z + m.z**2 + pyo.sin(m.y), 1, True),
        (lambda m: m.y**2 + m.y * m.z + m.z**2 + 3 * pyo.sin(m.y), 1, False),
        (lambda m: -m.z * pyo.exp(m.z) - m.y**2, -1, True),
        (lambda m: 1 / m.w**4, 1, False),
        (lambda m: (m.w**2 - 1) ** 1.5, 1, False),
        (lambda m: pyo.log(m.w) ** 2 - pyo.log(m.w), 1, False),
    ],
)
def test_curvature_by_second_derivatives(expression, sense, answer):
    m = own(y=(0.1, 3), z=(0, 2), w=(-2, 2))
    box = Box()
    assert bends(expression(m), sense, Rules({id(m.y), id(m.z), id(m.w)}, box)) is answer


def test_values_and_their_errors_against_exact_arithmetic():
    m = own(y=None, z=None)
    random = np.random.default_rng(0)
    y, z = random.uniform(-3, 3, 200), random.uniform(1, 2, 200)
    expression = (m.y + 1e8) ** 2 - m.y**2 - 2e8 * m.y - 1e16 + (m.y - m.z) / m.z**3 * 0.1
    value, error = evaluate(expression, {id(m.y): y, id(m.z): z})
    for got, bound, a, b in zip(value, error, map(Fraction, y), map(Fraction, z), strict=True):
        exact = (a - b) / b**3 * Fraction(0.1) + (a + 10**8) ** 2 - a**2 - 2 * 10**8 * a - 10**16
        assert abs(Fraction(got) - exact) <= Fraction(bound)
    assert np.abs(value - 0.1 * (y - z) / z**3).max() > 1e-3  # rounding did matter
    nowhere, _ = evaluate(pyo.log(m.y) + m.z**0.5, {id(m.y): np.array([-1.0, 1.0]), id(m.z): np.array([1.0, -1.0])})
    assert np.isnan(nowhere).all()


@pytest.mark.parametrize("name", UNARY)
def test_functions_and_their_errors(name):
    m = own(y=None)
    y = np.linspace(1.05, 1.4, 40) if name == "acosh" else np.linspace(0.1, 0.9, 40)
    value, error = evaluate(getattr(pyo, name)(m.y), {id(m.y): y})
    assert value == pytest.approx([getattr(math, name)(x) for x in y], rel=1e-14)
    moved, _ = evaluate(getattr(pyo, name)(m.y), {id(m.y): y}, noise=1e-6)
    _, wide = evaluate(getattr(pyo, name)(m.y), {id(m.y): y}, noise=1e-6)
    shifted = np.array([getattr(math, name)(x + 1e-6 * (1 + x)) for x in y])
    assert (np.abs(shifted - value) <= 1.01 * wide).all() and (error < wide).all() and (moved == value).all()


def test_a_sub_expression_is_visited_once_and_depth_does_not_matter():
    m = own(y=None)
    shared, seen = m.y**2, []
    deep = shared
    for _ in range(3000):
        deep = pyo.exp(deep)

    def operator(kind, node, values):
        seen.append(node)
        return 1 + max(values)

    assert fold(deep + shared, lambda number: 0, lambda variable: 0, operator) == 3002
    assert sum(node is shared for node in seen) == 1


SHAPES = {
    "sinh(y)": (lambda m: pyo.sinh(m.y), 0),
    "sinh(p)": (lambda m: pyo.sinh(m.p), CONVEX),
    "cosh(y - x)": (lambda m: pyo.cosh(m.y - m.x), CONVEX),
    "tanh(p)": (lambda m: pyo.tanh(m.p), CONCAVE),
    "asinh(-p)": (lambda m: pyo.asinh(-m.p), CONVEX),
    "acosh(y)": (lambda m: pyo.acosh(m.y), CONCAVE),
    "atanh(p)": (lambda m: pyo.atanh(m.p), CONVEX),
    "acos(p)": (lambda m: pyo.acos(m.p), CONCAVE),
    "asin(p)": (lambda m: pyo.asin(m.p), CONVEX),
    "log10(y)": (lambda m: pyo.log10(m.y), CONCAVE),
    "tan(y)": (lambda m: pyo.tan(m.y), 0),
    "tan(p/9)": (lambda m: pyo.tan(m.b / 9), CONVEX),
    "cos(b)": (lambda m: pyo.cos(m.b), 0),
    "exp(-y)": (lambda m: pyo.exp(-m.y), CONVEX | LOG_CONVEX | LOG_CONCAVE | ROOT_CONVEX),
    "exp(y) + 1": (lambda m: pyo.exp(m.y) + 1, CONVEX | LOG_CONVEX | ROOT_CONVEX),
    "exp(y) - 1": (lambda m: pyo.exp(m.y) - 1, CONVEX),
    "y**2 + z**2": (lambda m: m.y**2 + m.z**2, CONVEX | ROOT_CONVEX),
    "p q": (lambda m: m.p * m.q, LOG_CONCAVE),
    "p/q": (lambda m: m.p / m.q, 0),
    "s y**2": (lambda m: m.s * m.y**2, 0),
    "-x y**2": (lambda m: -m.x * m.y**2, CONCAVE),
    "0 y**3": (lambda m: (m.x - m.x) * m.y**3, 0),
}
KNOWN = CONVEX | CONCAVE | LOG_CONVEX | LOG_CONCAVE | ROOT_CONVEX


@pytest.mark.parametrize("case", SHAPES)
def test_rules(case):
    expression, flags = SHAPES[case]
    m = own(y=None, z=None, p=(0, None), q=(0, None), b=(0, 4), x=(1, 2), s=(-1, 1))
    shape = Rules({id(v) for v in (m.y, m.z, m.p, m.q, m.b)}, Box()).shape(expression(m))
    positive = LOG_CONCAVE if shape.low >= 0 and shape.flags & CONCAVE else 0
    assert shape.flags & KNOWN & ~positive == flags & ~positive


def test_level_sets_and_pseudoconvexity():
    m = own(y=None, p=(0, None), q=(0, None), s=(-1, 1))
    rules = Rules({id(v) for v in (m.y, m.p, m.q)}, Box())
    quasi = QUASICONVEX | QUASICONCAVE
    assert rules.shape(m.s * m.y**3).flags & quasi == quasi
    assert rules.shape(m.y / (m.p + 1)).flags & (quasi | PSEUDOCONVEX) == quasi | PSEUDOCONVEX
    assert rules.shape(m.y**3).flags & (quasi | PSEUDOCONVEX) == quasi  # its slope vanishes where it has no minimum
    assert rules.shape(m.p * m.q).flags & quasi == QUASICONCAVE
    assert rules.shape(m.y**-2).flags & quasi == 0
    assert rules.shape(pyo.log(m.y**2)).flags & quasi == 0


def test_degrees_in_own_variables():
    m = own(y=None, z=None, x=(1, 2))
    rules = Rules({id(m.y), id(m.z)}, Box())
    expressions = [m.x**3, m.x * m.y - m.z / m.x, m.x * m.y * m.z, (m.y + m.x) ** 2, m.y**2 * m.z, m.y / m.z, m.y * m.z / m.z]
    assert [rules.shape(expression).degree for expression in expressions] == [0, 1, 2, 2, 3, INF, 1]
