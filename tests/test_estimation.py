"""Hong's point estimates and sampling: exact where theory says so, equal to each other where both must be."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bilevel_dr as bdr
from bilevel_dr.estimation.cubic_normal import cubic_normal

SCHEMES = ("2m", "2m+1", "4m+1")
NORMAL_MOMENTS = [1, 0, 1, 0, 3, 0, 15, 0, 105, 0]


def powers(x):
    return np.array([x**k for k in range(10)])


def moments_of_exponential(count):
    """About the mean 1: subfactorials."""
    values = [1.0, 0.0]
    while len(values) < count:
        values.append((len(values) - 1) * (values[-1] + values[-2]))
    return values[:count]


# Points and weights ---------------------------------------------------------------------------------------------------


def test_three_symmetric_inputs_give_six_weights_of_a_sixth_at_root_three():
    found = bdr.point_estimate(lambda a, b, c: a + b + c, [1, 2, 3], [0.1, 0.2, 0.3])
    assert found.weights == pytest.approx(np.full(6, 1 / 6), abs=1e-15)
    expected = math.sqrt(3) * np.kron(np.eye(3), [[1], [-1]])
    assert found.locations == pytest.approx(expected, abs=1e-15)
    assert found.points == pytest.approx(np.array([1, 2, 3]) + expected * [0.1, 0.2, 0.3], abs=1e-15)


def test_one_normal_input_gives_the_nodes_of_gauss_and_hermite():
    for scheme, count in (("2m", 2), ("2m+1", 3), ("4m+1", 5)):
        nodes, weights = np.polynomial.hermite_e.hermegauss(count)
        found = bdr.point_estimate(lambda x: x, [0], [1], scheme=scheme)
        order = np.argsort(found.locations[:, 0])
        assert found.locations[order, 0] == pytest.approx(nodes, abs=1e-12)
        assert found.weights[order] == pytest.approx(weights / weights.sum(), abs=1e-12)


def test_an_exponential_input_gives_the_two_nodes_of_gauss_and_laguerre():
    nodes, weights = np.polynomial.laguerre.laggauss(2)
    found = bdr.point_estimate(lambda x: x, [1], [1], skewness=2)
    assert sorted(found.points[:, 0]) == pytest.approx(nodes, abs=1e-14)
    assert found.weights[::-1] == pytest.approx(weights, abs=1e-14)


def test_a_uniform_input_gives_the_three_nodes_of_gauss_and_legendre():
    nodes, weights = np.polynomial.legendre.leggauss(3)
    found = bdr.point_estimate(lambda x: x, [0], [1 / math.sqrt(3)], kurtosis=1.8, scheme="2m+1")
    order = np.argsort(found.points[:, 0])
    assert found.points[order, 0] == pytest.approx(nodes, abs=1e-14)
    assert found.weights[order] == pytest.approx(weights / 2, abs=1e-14)


moments = st.tuples(st.floats(-2, 2), st.floats(0.01, 6)).map(lambda pair: (pair[0], pair[0] ** 2 + 1 + pair[1]))


@settings(max_examples=60, deadline=None)
@given(st.lists(moments, min_size=1, max_size=5), st.sampled_from(["2m", "2m+1"]))
def test_weights_sum_to_one_and_every_input_keeps_its_moments(inputs, scheme):
    skewness, kurtosis = np.array(inputs).T
    count = len(inputs)
    found = bdr.point_estimate(
        lambda *x: np.array(x), np.zeros(count), np.ones(count), skewness, kurtosis, scheme=scheme
    )
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)
    for order, expected in enumerate(
        (np.zeros(count), np.ones(count), skewness, kurtosis)[: 4 if scheme != "2m" else 3], 1
    ):
        assert found.moment(order) == pytest.approx(expected, abs=1e-9)


# Exactness ------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 9), st.floats(-5, 5)), min_size=1, max_size=6),
    st.floats(-1.2, 1.2),
    st.sampled_from(SCHEMES[:2]),
)
def test_linear_functions_are_exact(inputs, skewness, scheme):
    means, stds, slopes = np.array(inputs).T
    found = bdr.point_estimate(lambda *x: 7 + slopes @ x, means, stds, skewness, scheme=scheme)
    scale = 7 + np.abs(slopes) @ (np.abs(means) + 6 * stds)
    assert found.mean == pytest.approx(7 + slopes @ means, abs=1e-12 * scale)
    assert found.std**2 == pytest.approx(((slopes * stds) ** 2).sum(), abs=1e-12 * scale**2)


def test_linear_functions_are_exact_to_the_twelfth_digit():
    for scheme in SCHEMES:
        found = bdr.point_estimate(lambda a, b, c: 2 * a - 3 * b + c, [1, 2, 3], [0.3, 0.4, 1.2], scheme=scheme)
        assert found.mean == pytest.approx(-1, abs=1e-12)
        assert found.std == pytest.approx(math.sqrt(0.36 + 1.44 + 1.44), abs=1e-12)


@pytest.mark.parametrize(("scheme", "degree"), [("2m", 3), ("2m+1", 5), ("4m+1", 9)])
def test_powers_of_a_normal_input_up_to_the_schemes_degree(scheme, degree):
    found = bdr.point_estimate(powers, [0], [1], scheme=scheme).mean
    assert found[: degree + 1] == pytest.approx(NORMAL_MOMENTS[: degree + 1], abs=1e-10)
    if degree < 9:
        assert found[degree + 1] != pytest.approx(NORMAL_MOMENTS[degree + 1], rel=1e-3)


@pytest.mark.parametrize(("scheme", "degree"), [("2m", 3), ("2m+1", 4)])
def test_powers_of_a_skewed_input_up_to_the_schemes_degree(scheme, degree):
    expected = moments_of_exponential(10)
    found = bdr.point_estimate(powers, [0], [1], skewness=2, kurtosis=9, scheme=scheme).mean
    assert found[: degree + 1] == pytest.approx(expected[: degree + 1], abs=1e-12)
    assert found[degree + 1] != pytest.approx(expected[degree + 1], rel=1e-3)


def test_sums_over_inputs_are_exact_too():
    """E of (x−1)³ + y² + 4z for skewness 0.5, −0.3, 0.2: σ³γ + (μ² + σ²) + 4μ."""
    found = bdr.point_estimate(
        lambda x, y, z: (x - 1) ** 3 + y**2 + 4 * z, [1, 2, 3], [2, 0.5, 1], skewness=[0.5, -0.3, 0.2]
    )
    assert found.mean == pytest.approx(8 * 0.5 + 4.25 + 12, abs=1e-12)


def test_five_points_of_skewed_inputs_keep_nine_moments_of_the_cubic():
    expected = cubic_normal(0.5, 3.4).moments(9)
    found = bdr.point_estimate(powers, [0], [1], 0.5, 3.4, scheme="4m+1").mean
    assert found[:9] == pytest.approx(expected, abs=1e-9)
    assert (expected[3], expected[4]) == pytest.approx((0.5, 3.4), abs=1e-10)


# Inputs ---------------------------------------------------------------------------------------------------------------


def test_an_array_moves_as_one():
    profile, spread = np.array([5.0, 6.0, 7.0]), np.array([0.1, 0.0, 0.3])
    found = bdr.point_estimate(lambda price, load: price * load.sum(), [2.0, profile], [0.5, spread])
    assert found.points.shape == (4, 2)
    assert found.points[2, 1] == pytest.approx(profile + math.sqrt(2) * spread, abs=1e-15)
    assert found.points[0, 1] is not profile and (found.points[0, 1] == profile).all()
    assert found.mean == pytest.approx(36, abs=1e-12)
    assert found.std == pytest.approx(math.hypot(18 * 0.5, 2 * 0.4), abs=1e-12)
    assert list(found.table) == ["location[0]", "location[1]", "weight", "input[0]", "output"]


def test_any_collection_of_inputs_will_do():
    means, stds = pd.Series([1.0, 2.0]), (x for x in (0.1, 0.2))
    assert bdr.point_estimate(lambda a, b: a + b, means, stds).mean == pytest.approx(3)


def test_a_number_is_the_std_of_a_whole_array():
    found = bdr.point_estimate(lambda load: load, [np.arange(4.0)], [0.7])
    assert found.mean == pytest.approx(np.arange(4.0), abs=1e-14) and found.std == pytest.approx(np.full(4, 0.7))


@pytest.mark.parametrize("estimate", [bdr.point_estimate, bdr.monte_carlo])
def test_an_input_without_spread_contributes_nothing(estimate):
    with_it = estimate(lambda a, b, c: a**2 + b + c, [1, 5, 2], [0.3, 0, 0.1])
    without = estimate(lambda a, c: a**2 + 5 + c, [1, 2], [0.3, 0.1])
    assert (with_it.mean, with_it.std) == (without.mean, without.std)
    assert (with_it.locations[:, 1] == 0).all() and (with_it.points[:, 1] == 5).all()


@pytest.mark.parametrize("scheme", [*SCHEMES, "sobol", "random"])
def test_nothing_uncertain_is_one_evaluation(scheme):
    calls = []
    options = {"scheme": scheme} if scheme in SCHEMES else {"method": scheme}
    estimate = bdr.point_estimate if scheme in SCHEMES else bdr.monte_carlo
    found = estimate(lambda a, b: calls.append(1) or a * b, [2, 3], [0, 0], **options)
    assert (found.mean, found.std, len(calls), found.weights.sum()) == (6, 0, 1, 1)


@pytest.mark.parametrize(
    "form", [lambda x: x, lambda x: np.array([[x, 2 * x]]), lambda x: {"a": x, "b": np.array([x, x**2])}]
)
def test_the_result_has_the_form_of_the_output(form):
    found = bdr.point_estimate(lambda x: form(x), [3.0], [0.5])
    expected = form(3.0)
    for got in (found.mean, found.std, found.moment(2)):
        if isinstance(expected, dict):
            assert list(got) == ["a", "b"] and got["b"].shape == (2,) and isinstance(got["a"], float)
        else:
            assert np.shape(got) == np.shape(expected)
    assert bdr.point_estimate(lambda x: {"a": x, "b": x**2}, [3], [0.5]).mean == pytest.approx({"a": 3, "b": 9.25})


# Correlated inputs ----------------------------------------------------------------------------------------------------

CORRELATION = np.array([[1, 0.6, -0.3], [0.6, 1, 0.2], [-0.3, 0.2, 1]])
STDS = np.array([2.0, 0.5, 1.0])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_correlated_inputs_keep_their_correlation_and_skewness(scheme):
    def products(*x):
        y = np.array(x) / STDS
        return {"pairs": np.outer(y, y), "cubes": y**3}

    found = bdr.point_estimate(products, np.zeros(3), STDS, [0.5, -0.2, 0.1], [3.5, 3.2, 3.0], CORRELATION, scheme).mean
    assert found["pairs"] == pytest.approx(CORRELATION, abs=1e-12)
    assert found["cubes"] == pytest.approx([0.5, -0.2, 0.1], abs=1e-10)


def test_correlated_samples_keep_all_four_moments():
    def products(*x):
        y = np.array(x) / STDS
        return {"pairs": np.outer(y, y), "cubes": y**3, "fourths": y**4}

    skewness, kurtosis = [0.5, -0.2, 0.1], [3.5, 3.2, 3.0]
    found = bdr.monte_carlo(products, np.zeros(3), STDS, skewness, kurtosis, CORRELATION, samples=2**16).mean
    assert found["pairs"] == pytest.approx(CORRELATION, abs=5e-3)
    assert found["cubes"] == pytest.approx(skewness, abs=2e-2)
    assert found["fourths"] == pytest.approx(kurtosis, abs=5e-2)


def test_correlated_linear_functions_are_exact():
    slopes = np.array([1.0, -2.0, 0.5])
    covariance = CORRELATION * np.outer(STDS, STDS)
    for scheme in SCHEMES:
        found = bdr.point_estimate(lambda *x: slopes @ x, [1, 2, 3], STDS, correlation=CORRELATION, scheme=scheme)
        assert found.mean == pytest.approx(-1.5, abs=1e-12)
        assert found.std**2 == pytest.approx(slopes @ covariance @ slopes, abs=1e-12)


def test_correlated_inputs_against_sampling():
    """A product: E xy = μμ + ρσσ is exact for the estimate, and what samples tend to."""

    def function(x, y, z):
        return {"product": x * y, "curve": np.exp(0.1 * x) + z**2}

    arguments = (function, [5, 3, 1], STDS / 4, [0.6, 0, 0.3], [3.8, 3, 3.3], CORRELATION)
    estimate, samples = bdr.point_estimate(*arguments), bdr.monte_carlo(*arguments, samples=2**14)
    assert estimate.mean["product"] == pytest.approx(15.0375, abs=1e-12)
    assert samples.mean == pytest.approx(estimate.mean, rel=2e-3)
    assert samples.std == pytest.approx(estimate.std, rel=0.02)


def test_inputs_that_move_together_are_one():
    together = bdr.point_estimate(lambda a, b: a * b, [5, 3], [1, 0.5], correlation=[[1, 1], [1, 1]])
    as_one = bdr.point_estimate(lambda x: x[0] * x[1], [np.array([5, 3])], [np.array([1, 0.5])])
    assert len(together.weights) == 2
    assert (together.mean, together.std) == pytest.approx((as_one.mean, as_one.std), abs=1e-12)
    with pytest.raises(bdr.ModelError, match="skewness: an input that others settle"):
        bdr.point_estimate(lambda a, b: a, [5, 3], [1, 0.5], [0.5, 0], correlation=[[1, 1], [1, 1]])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(0, 10**6))
def test_any_correlation_is_reproduced(count, seed):
    random = np.random.default_rng(seed)
    factor = random.standard_normal((count, random.integers(1, count + 1)))
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)  # of any rank
    found = bdr.point_estimate(
        lambda *x: np.outer(x, x), np.zeros(count), np.ones(count), correlation=factor @ factor.T
    )
    assert found.mean == pytest.approx(factor @ factor.T, abs=1e-7)


# Sampling -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["sobol", "random"])
def test_samples_have_the_moments_of_their_inputs(method):
    found = bdr.monte_carlo(powers, [0], [1], 0.8, 4.2, samples=2**15, method=method, seed=3)
    assert found.mean[1:5] == pytest.approx([0, 1, 0.8, 4.2], abs=0.2)
    assert found.weights == pytest.approx(np.full(2**15, 2.0**-15), abs=0)


def test_sobol_points_are_closer_and_say_no_standard_error():
    function, true = (lambda a, b: np.exp(0.2 * a + 0.1 * b)), math.exp(0.5 * (0.04 + 0.01))
    errors = {
        method: np.abs(
            [bdr.monte_carlo(function, [0, 0], [1, 1], seed=k, method=method).mean - true for k in range(20)]
        )
        for method in ("sobol", "random")
    }
    assert errors["sobol"].max() < errors["random"].mean() / 3
    assert bdr.monte_carlo(function, [0, 0], [1, 1]).standard_error is None


def test_the_standard_error_of_random_samples_is_how_far_their_means_scatter():
    runs = [bdr.monte_carlo(lambda a: {"y": a}, [0], [2], samples=100, method="random", seed=k) for k in range(300)]
    scatter = np.std([run.mean["y"] for run in runs])
    assert np.mean([run.standard_error["y"] for run in runs]) == pytest.approx(scatter, rel=0.15)
    assert scatter == pytest.approx(0.2, rel=0.15)


def test_the_seed_decides_the_samples_and_any_number_of_them_will_do():
    runs = [bdr.monte_carlo(lambda a: a, [0], [1], samples=100, seed=seed) for seed in (1, 1, 2)]
    assert (runs[0].points == runs[1].points).all() and (runs[0].points != runs[2].points).any()
    assert runs[0].points.shape == (100, 1)


# Processes ------------------------------------------------------------------------------------------------------------


def test_two_workers_give_the_same_numbers():
    profile = np.linspace(1, 2, 24)

    def function(price, load):
        return {"bill": price * load.sum(), "load": load}

    for estimate in (bdr.point_estimate, bdr.monte_carlo):
        one, two = (estimate(function, [50, profile], [2, 0.1], workers=workers) for workers in (1, 2))
        assert one.mean["bill"] == two.mean["bill"] and (one.std["load"] == two.std["load"]).all()


# Refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1], [-1]), r"stds\[0\]: -1 is negative"),
        (([1], [np.array([0.1, 0.2])]), r"stds\[0\]: shape \(2,\)"),
        (([1, 2], [1]), "2 means beside 1 stds"),
        (([], []), "0 means"),
        ((3.0, [1]), "means=3.0: give a sequence"),
        (([math.nan], [1]), r"means\[0\]: nan"),
        ((["many"], [1]), r"means\[0\]: 'many'; give a number"),
        (([1], [1], "some"), "skewness: 'some'; give a number"),
        (([1], [1], 0, math.nan), "kurtosis: nan"),
        (([1], [math.inf]), r"stds\[0\]: inf"),
        (([1], [1], [0, 0]), r"skewness=\[0, 0\]"),
        (([1], [1], 2, 3, None, "2m+1"), r"kurtosis=3: no distribution of skewness 2 has less than .* = 5"),
        (([1], [1], 0, 0.5, None, "4m+1"), "kurtosis=0.5"),
        (([1], [1], 0, 1.8, None, "4m+1"), "no cubic of a normal"),
        (([1], [1], 0, 3, None, "3m"), "scheme='3m': choose from 2m, 2m"),
        (([1, 2], [1, 1], 0, 3, [[1]]), "correlation: shape"),
        (([1, 2], [1, 1], 0, 3, [[1, 0.5], [0.2, 1]]), "symmetric"),
        (([1, 2], [1, 1], 0, 3, [[1, 1.5], [1.5, 1]]), "an eigenvalue is -0.5"),
    ],
)
def test_bad_inputs_are_one_clear_error(arguments, message):
    with pytest.raises(bdr.ModelError, match=message):
        bdr.point_estimate(lambda *x: x[0], *arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 1}, "samples=1"),
        ({"samples": 10.5}, "samples=10.5"),
        ({"seed": -1}, "seed=-1"),
        ({"method": "latin"}, "method='latin'"),
        ({"skewness": 2}, "no cubic of a normal"),
        ({"workers": 0}, "workers=0"),
    ],
)
def test_bad_options_of_sampling_are_one_clear_error(options, message):
    with pytest.raises(bdr.ModelError, match=message):
        bdr.monte_carlo(lambda x: x, [1], [1], **options)


def test_an_output_that_is_no_number_is_not_averaged():
    with pytest.raises(bdr.SolverFailed, match=r"point 2 of 4, \(.*\): b\[1\] is nan"):
        bdr.point_estimate(lambda x, y: {"a": x, "b": np.array([y, math.nan if x < 1 else 0])}, [1, 2], [0.1, 0.1])
    with pytest.raises(bdr.SolverFailed, match="output is nan"):
        bdr.point_estimate(lambda x: None, [1], [1])
    with pytest.raises(bdr.ModelError, match="an output is no number"):
        bdr.point_estimate(lambda x: {"a": "much"}, [1], [1])


def test_outputs_of_different_forms_are_refused():
    with pytest.raises(bdr.ModelError, match="point 2: the function returned"):
        bdr.point_estimate(lambda x: {"a": x} if x > 1 else {"b": x}, [1], [1])


def test_a_negative_variance_is_refused_rather_than_rounded_up():
    """Six normal inputs weigh the mean point −1: a function that is different there only has no variance."""
    means, stds = np.zeros(6), np.ones(6)
    assert bdr.point_estimate(lambda *x: sum(x), means, stds, scheme="2m+1").weights[-1] == pytest.approx(-1)
    with pytest.raises(bdr.ModelError, match=r"its variance is -2 because the weight -1 of scheme 2m\+1 is negative"):
        bdr.point_estimate(lambda *x: float(any(x)), means, stds, scheme="2m+1")


def test_rounding_errors_of_a_constant_are_no_negative_variance():
    noise = iter([*[0.3] * 12, 0.1 + 0.2])  # only the mean point, whose weight is −1, is 5e-17 higher
    assert bdr.point_estimate(lambda *x: next(noise), np.zeros(6), np.ones(6), scheme="2m+1").std < 1e-15
