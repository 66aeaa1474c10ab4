"""Le Cadre et al. (2018), reconstructed: the Shapley value, the cost-sharing rules and the core, against definitions."""

from __future__ import annotations

from itertools import combinations, permutations
from math import factorial, inf, pi, sqrt

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import norm

from bilevel_dr.models.le_cadre_2018 import core, cost_sharing, size
from bilevel_dr.models.le_cadre_2018 import shapley as values
from bilevel_dr.models.le_cadre_2018.cost_sharing import RULES, divide, largest_profit
from bilevel_dr.models.le_cadre_2018.imbalance import Errors, imbalance_price


def random_errors(seed, number):
    random = np.random.default_rng(seed)
    factors = random.normal(size=(number, number + 2))
    cov = factors @ factors.T
    sigma = np.sqrt(np.diag(cov))
    return Errors(sigma, np.clip(cov / np.outer(sigma, sigma), -1, 1) * (1 - np.eye(number)) + np.eye(number))


def random_case(seed, number=5):
    random, errors = np.random.default_rng(seed), random_errors(seed, number)
    energy = random.uniform(1, 3, number)
    bill = energy * random.uniform(1.0, 1.3, number) + 0.1
    return bill, energy, errors.sigma, errors.correlation, 0.1


def sigma_of(cov, members):
    members = list(members)
    return sqrt(max(cov[np.ix_(members, members)].sum(), 0.0))


# The Shapley value ----------------------------------------------------------------------------------------------------


def over_all_orders(cov):
    number, total = len(cov), np.zeros(len(cov))
    for order in permutations(range(number)):
        for k, i in enumerate(order):
            total[i] += sigma_of(cov, order[: k + 1]) - sigma_of(cov, order[:k])
    return total / factorial(number)


@pytest.mark.parametrize("number", [1, 2, 3, 6, 7])
def test_shapley_is_the_mean_over_all_orders_of_arrival(number):
    errors = random_errors(number, number)
    value = cost_sharing.shapley(errors.sigma, errors.correlation)
    assert value == pytest.approx(over_all_orders(errors.covariance), abs=3e-14 * errors.pooled)


def test_the_value_of_any_game_is_the_mean_over_all_orders():
    cost = np.append(0.0, np.random.default_rng(1).normal(size=31))
    total = np.zeros(5)
    for order in permutations(range(5)):
        for k, i in enumerate(order):
            total[i] += cost[sum(1 << j for j in order[: k + 1])] - cost[sum(1 << j for j in order[:k])]
    assert values.of_game(cost) == pytest.approx(total / 120, abs=1e-14)


@pytest.mark.parametrize("number", [1, 2, 5, 14])
def test_quadrature_equals_all_coalitions_of_independent_errors(number):
    sigma = np.random.default_rng(number).uniform(0.01, 2, number)
    assert values.independent(sigma) == pytest.approx(values.by_subsets(np.diag(sigma**2)), abs=1e-13)


@pytest.mark.parametrize(("number", "rho"), [(1, 0.0), (9, 0.0), (9, 0.4), (9, -0.1), (14, 1.0)])
def test_equal_errors_share_equally(number, rho):
    errors = Errors(np.full(number, 0.3), rho)
    assert cost_sharing.shapley(errors.sigma, rho) == pytest.approx(values.by_subsets(errors.covariance), abs=1e-14)


def test_ten_thousand_consumers_share_all_there_is():
    sigma = np.random.default_rng(0).uniform(0.01, 0.2, 10_000)
    value = cost_sharing.shapley(sigma, 0)
    assert value.sum() == pytest.approx(sqrt((sigma**2).sum()), rel=1e-12) and (value > 0).all()
    assert (np.diff(value[np.argsort(sigma)]) >= 0).all()


def test_the_standard_error_of_sampling_is_honest():
    """Over 60 seeds the errors, in units of what each run says of itself, spread by one and centre on zero."""
    cov = random_errors(3, 10).covariance
    exact = values.by_subsets(cov)
    runs = [values.sampled(cov, 40, seed) for seed in range(60)]
    scores = np.array([(run.value - exact) / run.standard_error for run in runs])
    assert 0.85 < scores.std() < 1.2 and abs(scores.mean()) < 0.1
    assert all(run.value.sum() == pytest.approx(exact.sum(), rel=1e-12) for run in runs)


def test_more_consumers_than_coalitions_can_be_listed_are_sampled():
    errors = random_errors(0, 30)
    value = cost_sharing.shapley(errors.sigma, errors.correlation)
    estimate = values.sampled(errors.covariance)
    assert value == pytest.approx(estimate.value) and (estimate.standard_error < 0.05 * errors.pooled).all()
    with pytest.raises(ValueError, match="23 consumers have 2\\^23 coalitions; up to 22 can be listed"):
        values.deviations(np.eye(23))


@pytest.mark.parametrize(
    ("sigma", "correlation", "words"),
    [
        ([1, -1], 0, r"sigma\[1\] = -1\.0: must be finite and ≥ 0"),
        ([], 0, r"sigma: shape \(0,\)"),
        ([1, 1, 1], -0.6, r"no random errors have it \(eigenvalue -0\.2\)"),
        ([1, 1, 1], [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]], "no random errors have it"),
        ([1, 1], [[1, 0.5], [0.2, 1]], "symmetric with ones"),
        ([1, 1], [[2, 0], [0, 1]], "symmetric with ones"),
        ([1, 1], [1, 1], r"correlation: shape \(2,\) for 2 consumers"),
        ([1, 1], float("nan"), "nan"),
    ],
)
def test_impossible_errors_are_refused(sigma, correlation, words):
    with pytest.raises(ValueError, match=words):
        cost_sharing.shapley(sigma, correlation)


# The rules ------------------------------------------------------------------------------------------------------------


def by_the_table(rule, bill, energy, cov, kappa):
    """The specification's closed forms, from the definitions of c({i}), s_i and g."""
    number = len(bill)
    everybody = range(number)
    whole = energy.sum() + kappa * sigma_of(cov, everybody)
    alone = energy + kappa * np.sqrt(np.diag(cov))
    rest = [[j for j in everybody if j != i] for i in everybody]
    last = np.array([whole - energy[r].sum() - kappa * sigma_of(cov, r) for r in rest])
    left, weight = whole - last.sum(), alone - last
    gaining = weight > 1e-12
    fair = energy + kappa * over_all_orders(cov)
    covariance = energy + kappa * cov.sum(1) / sigma_of(cov, everybody)
    return {
        "uniform_total": number * bill.min() - whole,
        "uniform_energy": number * (bill - energy).min() - kappa * sigma_of(cov, everybody),
        "standalone_wholesale": alone.sum() * (bill / alone).min() - whole,
        "standalone_retail": bill.sum() - whole,
        "shapley": number * (bill - fair).min(),
        "ensc": number * (bill - last).min() - left,
        "aca": weight.sum() * ((bill - last)[gaining] / weight[gaining]).min() - left,
        "euler": number * (bill - covariance).min(),
    }[rule]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(4))
def test_the_largest_profit_is_its_closed_form_and_what_bisection_finds(rule, seed):
    case = random_case(seed)
    found = largest_profit(rule, *case)
    assert found == pytest.approx(by_the_table(rule, *case[:2], Errors(*case[2:4]).covariance, case[4]), abs=1e-12)
    low, high = -50.0, 50.0
    for _ in range(80):
        middle = (low + high) / 2
        fits = (divide(rule, *case).bills(middle) <= case[0]).all()
        low, high = (middle, high) if fits else (low, middle)
    assert found == pytest.approx(low, abs=1e-7)


@pytest.mark.parametrize("rule", RULES)
def test_bills_add_up_to_cost_and_profit(rule):
    bill, energy, sigma, correlation, kappa = random_case(9)
    division = divide(rule, bill, energy, sigma, correlation, kappa)
    assert division.part.sum() == pytest.approx(1) and (division.part >= 0).all()
    for profit in (-1.0, 0.0, 2.5):
        assert division.bills(profit).sum() == pytest.approx(division.cost + profit)


@pytest.mark.parametrize("rule", RULES)
def test_a_coalition_of_one_pays_its_own_cost(rule):
    division = divide(rule, [3.0], [2.0], [0.5], [[1.0]], 0.4)
    assert division.cost == pytest.approx(2.2) and division.bills(0.1) == pytest.approx([2.3])
    assert largest_profit(rule, [3.0], [2.0], [0.5], [[1.0]], 0.4) == pytest.approx(0.8)


def test_nobody_gains_by_pooling_perfectly_correlated_errors():
    case = ([3, 3], [2, 2], [0.5, 0.2], 1.0, 0.4)
    assert divide("aca", *case).part == pytest.approx([0.5, 0.5])
    assert largest_profit("aca", *case) == pytest.approx(largest_profit("ensc", *case))


def test_whoever_bears_no_part_of_the_profit_must_afford_its_own_cost():
    """The second consumer's errors hedge nothing and are none: w_2 = 0, so its bill is e_2 whatever the profit."""
    case = ([2.0, 2.0], [0.3, 0.2], 0.0, 0.4)
    hedged = ([2.5, 2.0, 2.6], [2, 2, 2], [0.3, 0.0, 0.2], 0.0, 0.4)
    assert np.isfinite(largest_profit("aca", *hedged))
    assert largest_profit("aca", [2.5, 1.9, 2.6], *hedged[1:]) == -inf
    assert divide("aca", [2.5, 2.1], *case).part[0] > 0


def test_shapley_is_uniform_for_exchangeable_errors_and_never_above_the_retail_base():
    for seed in range(20):
        bill, energy, sigma, correlation, kappa = random_case(seed)
        equal = (bill, energy, np.full(5, 0.3), 0.2, kappa)
        assert largest_profit("shapley", *equal) == pytest.approx(largest_profit("uniform_energy", *equal))
        best = largest_profit("standalone_retail", bill, energy, sigma, correlation, kappa)
        assert all(largest_profit(rule, bill, energy, sigma, correlation, kappa) <= best + 1e-12 for rule in RULES)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rule": "nash"}, "rule 'nash': choose from uniform_total"),
        ({"energy": [1.0]}, r"energy: shape \(1,\) for 2 consumers"),
        ({"retailer_bill": [1.0, inf]}, "retailer_bill: shape"),
        ({"kappa": -1}, "kappa = -1: must be finite and ≥ 0"),
    ],
)
def test_wrong_arguments_are_refused_by_name(changed, words):
    right = {"rule": "ensc", "retailer_bill": [3, 3], "energy": [2, 2], "sigma": [1, 1], "correlation": 0, "kappa": 1}
    with pytest.raises(ValueError, match=words):
        largest_profit(**right | changed)


# What imbalance costs -------------------------------------------------------------------------------------------------


def test_the_imbalance_price_is_the_expected_cost_of_a_bid():
    """E[p_f q + p⁻ (D − q)⁺ − p⁺ (q − D)⁺] − p_f E[D] by quadrature, at the mean and at the best of many bids."""
    forward, low, high, sigma = 0.14, 0.125, 0.16, 2.0
    grid = np.linspace(-8, 8, 40_001) * sigma
    density = norm.pdf(grid, scale=sigma) * (grid[1] - grid[0])

    def cost(bid):
        return forward * bid + (density * (high * np.maximum(grid - bid, 0) - low * np.maximum(bid - grid, 0))).sum()

    bids = np.linspace(-2, 2, 401)
    assert sigma * imbalance_price(forward, low, high) == pytest.approx(cost(0.0), rel=1e-6)
    best = min(cost(bid) for bid in bids)
    assert sigma * imbalance_price(forward, low, high, "newsvendor") == pytest.approx(best, rel=1e-4)
    assert imbalance_price(forward, low, high) == pytest.approx((high - low) / sqrt(2 * pi))


def test_a_price_at_the_end_of_the_spread_costs_nothing_at_the_best_bid():
    assert imbalance_price([0.1, 0.1], [0.1, 0.05], [0.2, 0.1], "newsvendor") == pytest.approx([0.0, 0.0])
    with pytest.raises(ValueError, match="ordered p⁺ ≤ p_f ≤ p⁻"):
        imbalance_price(0.1, 0.2, 0.3)
    with pytest.raises(ValueError, match="bid 'best': choose from mean, newsvendor"):
        imbalance_price(0.1, 0.1, 0.3, "best")


# The core -------------------------------------------------------------------------------------------------------------


def largest_excess(bills, energy, cov, kappa, profit):
    number = len(bills)
    groups = [g for k in range(1, number) for g in combinations(range(number), k)]
    return max(sum(bills[i] - energy[i] for i in g) - kappa * sigma_of(cov, g) - profit for g in groups)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("profit", [0.0, 0.7])
def test_the_excess_is_that_of_the_worst_coalition(seed, profit):
    bill, energy, sigma, correlation, kappa = random_case(seed)
    cov = Errors(sigma, correlation).covariance
    costs = core.coalition_costs(energy, cov, kappa, profit)
    for rule in RULES:
        bills = divide(rule, bill, energy, sigma, correlation, kappa).bills(profit)
        assert core.excess(bills, costs) == pytest.approx(largest_excess(bills, energy, cov, kappa, profit), abs=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_euler_is_in_the_core_for_any_correlations(seed):
    bill, energy, sigma, correlation, kappa = random_case(seed, 7)
    costs = core.coalition_costs(energy, Errors(sigma, correlation).covariance, kappa)
    assert core.excess(divide("euler", bill, energy, sigma, correlation, kappa).bills(0.0), costs) <= 1e-12
    assert core.least_core(costs).excess <= 1e-12


def test_shapley_is_in_the_core_for_equal_correlations_and_often_not_for_free_ones():
    outside = {"equal": 0, "free": 0}
    for seed in range(60):
        random = np.random.default_rng(seed)
        rho = float(random.uniform(-0.15, 1))
        free = random_errors(seed, 6)
        for kind, errors in (("equal", Errors(random.uniform(0.1, 2, 6), rho)), ("free", free)):
            costs = core.coalition_costs(np.zeros(6), errors.covariance, 1.0)
            outside[kind] += core.excess(values.shapley(errors), costs) > 1e-9
    assert outside["equal"] == 0 and outside["free"] > 30


@pytest.mark.parametrize("seed", range(5))
def test_the_least_core_equals_the_program_with_all_coalitions(seed):
    random = np.random.default_rng(seed)
    number = 5
    costs = np.append(0.0, random.uniform(0, 5, 2**number - 1))  # any game: its core may be empty
    members = (np.arange(2**number)[:, None] >> np.arange(number) & 1).astype(float)
    most = random.uniform(0.5, 3, number)
    for caps in (None, most):
        program = linprog(
            [0] * number + [1],
            A_ub=np.column_stack([members[1:-1], -np.ones(2**number - 2)]),
            b_ub=costs[1:-1],
            A_eq=[[1] * number + [0]],
            b_eq=costs[-1:],
            bounds=[(None, cap) for cap in (caps if caps is not None else [None] * number)] + [(None, None)],
        )
        found = core.least_core(costs, caps)
        if program.status == 2:
            assert found.excess == inf and found.bills is None
        else:
            assert found.excess == pytest.approx(program.fun, abs=1e-9)
            assert core.excess(found.bills, costs) == pytest.approx(found.excess, abs=1e-9)


def test_a_profit_below_the_upper_bound_may_still_lose_a_consumer():
    """Π ≤ Σ R − c(G) is necessary, not sufficient: here R_1 is less than what the first adds to the others."""
    errors = Errors([0.5, 0.5], 0.0)
    costs = core.coalition_costs([2.0, 2.0], errors.covariance, 1.0)
    last = costs[3] - costs[2]
    assert core.keeps_everybody(costs, [last + 0.01, 5.0])
    assert sum([last - 0.01, 5.0]) > costs[3] and not core.keeps_everybody(costs, [last - 0.01, 5.0])


def test_a_single_consumer_is_its_own_core():
    costs = core.coalition_costs([2.0], [[0.25]], 1.0)
    assert core.excess([2.5], costs) == -inf
    assert core.keeps_everybody(costs, [2.6]) and not core.keeps_everybody(costs, [2.4])


# The size of a coalition ----------------------------------------------------------------------------------------------


def test_the_interior_size_is_where_the_profit_is_flat_and_largest():
    margin, slope, price = 1.0, 0.01, 0.5
    best = size.interior_size(margin, slope, price)
    sizes = np.linspace(0.5, 100, 200_000)
    profits = size.size_profit(sizes, margin, slope, price, 0.0)
    assert best == pytest.approx(sizes[np.argmax(profits)], abs=1e-3)
    whole, _ = size.best_size(margin, slope, price, 0.0, 100)
    assert abs(whole - best) < 1
    assert size.interior_size(0.01, 1.0, 5.0) is None


@pytest.mark.parametrize("rho", [0.0, 0.2, 0.7])
def test_a_constant_margin_is_best_alone_or_with_everybody(rho):
    ends = set()
    for price in (0.1, 0.5, 2.0, 5.0):
        best, profit = size.best_size(1.0, 0.0, price, rho, 50)
        ends.add(best)
        curve = size.size_profit(np.arange(1, 51), 1.0, 0.0, price, rho)
        assert profit == curve.max() and (np.diff(curve, 2) >= -1e-12).all()
        start = size.break_even_size(1.0, price, rho)
        if start is not None and start > 0:
            assert size.size_profit(start, 1.0, 0.0, price, rho) == pytest.approx(0, abs=1e-9)
    assert ends <= {1, 50} and 50 in ends
    assert size.break_even_size(1.0, 2.0, 0.9) is None
