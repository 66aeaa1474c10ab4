"""Li et al. (2025), the exact algorithm: against brute force, closed forms, known answers and its own certificate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from bilevel_dr.models.li_2025.allocation import respond
from bilevel_dr.models.li_2025.deviation import _crossings, best_response, largest_gains, value
from bilevel_dr.models.li_2025.dynamics import best_response_dynamics, simultaneous_pull
from bilevel_dr.models.li_2025.market import Market, entry_price, steepest, welfare_price
from bilevel_dr.models.li_2025.nash import equilibrium
from bilevel_dr.models.li_2025.roots import clearing_price

ALPHAS = [0, 1e-3, 0.1, 0.3, 0.5, 0.75, 1, 1.5, 2, 4, 10, 100, 1e4, np.inf]
INFINITY = np.inf


def draw(seed, users, aggregators, large=None):
    """The documented convention, written again."""
    random = np.random.default_rng(seed)
    a, b = random.uniform(0.1, 0.9, users), random.uniform(0, 10, users)
    group = np.concatenate([np.full(len(part), j) for j, part in enumerate(np.array_split(np.arange(users), aggregators))])
    if large is None:
        return a, b, group
    return np.append(a, 0.5), np.append(b, 0.5 * large), np.append(group, aggregators)


def some_users(seed, n, lowest=0.5):
    random = np.random.default_rng(seed)
    return random.uniform(0.1, 0.9, n), random.uniform(lowest, 10, n)


# One aggregator at a price -------------------------------------------------------------------------------------------


def users_and_groups(seed, groups=3, most=6):
    random = np.random.default_rng(seed)
    sizes = random.integers(1, most + 1, groups)
    t = 10 ** random.uniform(-3, 1, sizes.sum())
    return t, random.uniform(0.05, 2, sizes.sum()), np.cumsum(sizes) - sizes


@pytest.mark.parametrize("alpha", ALPHAS)
@given(seed=st.integers(0, 10**6), c=st.sampled_from([1e-4, 1e-3, 0.1, 1.0, 30.0]))
@example(seed=1300, c=1.0)  # with α = 0.001 Newton's steps swing about a user that is about to buy
@settings(max_examples=40, deadline=None)
def test_responses_satisfy_the_joint_conditions(alpha, seed, c):
    """Equal λ for those who buy, no more for those who do not, and c Σ x/(t − 2 a x) = 1."""
    t, a, starts = users_and_groups(seed)
    x = respond(t, a, starts, alpha, c).consumption
    margin, s = t - 2 * a * x, x * (t - a * x)
    assert np.all(margin > 0) and np.all(x >= 0)
    for own in np.split(np.arange(t.size), starts[1:]):
        if alpha == 0:
            rest = margin[own] - c * x[own].sum()
            assert np.all(rest <= 1e-12 * t[own].max()) and np.all((rest >= -1e-12 * t[own].max()) | (x[own] == 0))
            continue
        assert c * (x[own] / margin[own]).sum() == pytest.approx(1, rel=1e-9)
        seen = own[(x[own] > 1e-250) & (margin[own] > 1e-6 * t[own])]  # else λ has no digits left to compare
        if alpha == INFINITY:
            assert np.ptp(np.log(s[seen])) <= 1e-9
        else:
            logs = np.log(margin[seen]) - alpha * np.log(s[seen])
            assert np.ptp(logs) <= 1e-9 * (1 + alpha)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("seed", range(4))
def test_the_slope_is_the_derivative_by_the_price(alpha, seed):
    t, a, starts = users_and_groups(seed)
    t, c, h = t + 0.5, 0.1, 1e-5
    up, down = (respond(t + d, a, starts, alpha, c).purchase for d in (-h, h))
    assert respond(t, a, starts, alpha, c).slope == pytest.approx((up - down) / (2 * h), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_closed_forms_are_the_limits_of_the_iteration(alpha):
    t, a, starts = users_and_groups(3)
    closed = respond(t, a, starts, alpha, 0.01).consumption
    for nearby in (alpha * (1 - 1e-9), alpha * (1 + 1e-9)):
        assert respond(t, a, starts, nearby, 0.01).consumption == pytest.approx(closed, rel=1e-7)


def test_large_and_small_alpha_tend_to_max_min_and_welfare():
    t, a, starts = users_and_groups(5)
    for limit, nearby in ((INFINITY, 1e9), (0, 1e-9)):
        ends, near = (respond(t, a, starts, alpha, 0.01).consumption for alpha in (limit, nearby))
        assert near == pytest.approx(ends, rel=1e-6, abs=1e-8)


def test_a_start_from_another_response_changes_nothing():
    t, a, starts = users_and_groups(7)
    for alpha in ALPHAS[1:]:
        first = respond(t, a, starts, alpha, 0.01)
        far = respond(t * 0.3, a, starts, alpha, 0.01)
        again = respond(t, a, starts, alpha, 0.01, far.level, far.u)
        assert again.consumption == pytest.approx(first.consumption, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_user_alone_buys_the_same_for_every_alpha(alpha):
    t, a, c = np.array([3.0]), np.array([0.4]), 0.05
    assert respond(t, a, np.array([0]), alpha, c).purchase[0] == pytest.approx(3 / (2 * 0.4 + c), rel=1e-13)


@given(seed=st.integers(0, 10**6), alpha=st.floats(0.5, 50), c=st.sampled_from([1e-3, 0.1, 3.0]))
@settings(max_examples=200, deadline=None)
def test_no_purchase_rises_faster_than_the_bound(seed, alpha, c):
    """dy/dp < 0 for ½ ≤ α ≤ 1 and < (1 − 1/α)/c above: what uniqueness is proved from."""
    t, a, starts = users_and_groups(seed, most=40)
    slope = respond(t, a, starts, alpha, c).slope
    assert np.all(slope < max(0.0, 1 - 1 / alpha) / c)


# Best responses against brute force ----------------------------------------------------------------------------------


def brute_force(a, b, alpha, others, c, starts=4):
    """The largest L over all x, by a general optimiser from several starts, in the logarithm of x."""

    def loss(w):
        x = np.exp(w)
        s = x * (b - c * (others + x.sum()) - a * x)
        if np.any(s <= 0) and alpha >= 1:
            return 1e3 - s.min()
        return -value(s, alpha)[0] + 1e3 * np.maximum(-s, 0).sum()

    random, best = np.random.default_rng(0), None
    for _ in range(starts):
        start = np.log(random.uniform(0.02, 0.4, a.size) * (b - c * others) / (2 * (a + a.size * c)))
        end = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14, "maxiter": 6000, "maxfev": 6000})
        best = end if best is None or end.fun < best.fun else best
    return -best.fun, np.exp(best.x)


@pytest.mark.parametrize("alpha", [0, 0.3, 0.5, 0.75, 1, 2, 6, INFINITY])
@pytest.mark.parametrize("seed", range(2))
def test_best_responses_equal_those_of_a_general_optimiser(alpha, seed):
    a, b = some_users(seed, 3, lowest=5)
    found = best_response(a, b, alpha, 20.0, 0.05)
    best, x = brute_force(a, b, alpha, 20.0, 0.05)
    assert found.value >= best * (1 - 1e-12)
    assert found.value == pytest.approx(best, rel=1e-6)
    assert found.consumption == pytest.approx(x, rel=2e-2 if alpha == INFINITY else 2e-3)


def payoffs_on_a_grid(a, b, alpha, others, c, points=220):
    """Purchases and payoffs Σ s^(1−α) of two users on a grid: 0 < α < 1."""
    most = np.maximum(b - c * others, 0) / (a + c)
    x = np.meshgrid(*(np.linspace(0, m, points) for m in most), indexing="ij")
    price = c * (others + x[0] + x[1])
    s = [x_i * (b_i - price - a_i * x_i) for x_i, a_i, b_i in zip(x, a, b, strict=True)]
    payoff = sum(np.maximum(s_i, 0) ** (1 - alpha) for s_i in s)
    return x[0] + x[1], np.where(np.minimum(*s) >= 0, payoff, -1.0)


@pytest.mark.parametrize("alpha", [0.25, 0.5, 0.75, 0.9])
@pytest.mark.parametrize("seed", range(6))
def test_no_purchase_on_a_grid_beats_the_best_crossing(alpha, seed):
    """Users leave here, so that there are several local maxima to compare."""
    random = np.random.default_rng(seed)
    a, b, others, c = random.uniform(0.1, 0.9, 2), random.uniform(1, 10, 2), random.uniform(0, 1), 0.5
    found = best_response(a, b, alpha, others, c)
    y, payoff = payoffs_on_a_grid(a, b, alpha, others, c)
    best = 2 * found.value ** (1 - alpha)
    assert payoff.max() <= best * (1 + 1e-12)
    assert payoff.max() == pytest.approx(best, rel=2e-2)


def test_an_aggregator_buys_nothing_where_the_market_is_dear():
    for alpha in ALPHAS:
        assert best_response([0.5, 0.5], [3.0, 4.0], alpha, 50.0, 0.1).purchase == 0
    strict = best_response([0.5, 0.5], [1.0, 4.0], 1, 20.0, 0.1)  # user 1 cannot gain: no finite payoff
    assert strict.purchase == 0 and strict.value == 0


# Known answers -------------------------------------------------------------------------------------------------------


def test_four_hundred_users_alone():
    """Figure 3, seed 0."""
    found = equilibrium(*draw(0, 400, 400), 0)
    assert found.price == pytest.approx(1.7714904506, abs=5e-11)
    assert found.consumption.mean() == pytest.approx(4.42872613, abs=5e-9)
    assert found.surplus.mean() == pytest.approx(11.71316380, abs=5e-9)
    assert found.verified and found.unique and list(found.roots) == [found.price]


def test_two_aggregators_and_a_large_user():
    """Figure 4, seed 0, welfare."""
    found = equilibrium(*draw(0, 200, 2, 200), 0)
    assert found.price == pytest.approx(1.1141800, abs=5e-8)
    assert found.purchases == pytest.approx([501.736307, 513.656662, 98.787033], abs=5e-7)


@pytest.mark.parametrize(
    ("alpha", "policy", "mean"),
    [(0, "eligible", 15.954), (0, "strict", 15.954), (1, "eligible", 14.687), (1, "strict", 1.056), (INFINITY, "eligible", 0.483)],
)
def test_mean_surplus_of_fifty_seeds(alpha, policy, mean):
    found = [equilibrium(*draw(seed, 200, 2, 200), alpha, policy=policy) for seed in range(50)]
    assert all(this.verified for this in found)
    assert np.mean([this.surplus[:200].mean() for this in found]) == pytest.approx(mean, abs=5e-4)


def test_max_min_under_the_strict_policy_leaves_nearly_nothing():
    found = [equilibrium(*draw(seed, 200, 2, 200), INFINITY).surplus[:200].mean() for seed in range(50)]
    assert np.mean(found) == pytest.approx(0.0017, abs=5e-5)


def test_the_pareto_set_of_figure_2():
    """Top: U = 3x − x² and 6x − x², price x1 + x2."""
    for alpha, s in ((0, (0, 4.5)), (0.5, (0.4219, 3.7969)), (1, (0.6297, 2.9828)), (2, (0.8189, 1.977)), (INFINITY, (0.9801, 0.9801))):
        found = equilibrium([1, 1], [3, 6], [0, 0], alpha, c=1)
        assert found.surplus == pytest.approx(s, abs=6e-5) and found.verified


def uniqueness_counterexample():
    a, b = np.append(np.full(20, 0.1), 0.9), np.append(np.full(20, 5.9), 10.0)
    return np.tile(a, 8), np.tile(b, 8), np.repeat(np.arange(8), 21)


def test_max_min_has_three_equilibria():
    """Conjecture 1 does not hold: each of the three roots is an equilibrium, by the same certificate."""
    a, b, group = uniqueness_counterexample()
    found = equilibrium(a, b, group, INFINITY, c=0.003)
    assert found.verified and not found.unique
    assert found.roots == pytest.approx([2.845464, 3.647952, 3.847528], abs=5e-7)
    for root in found.roots:
        there = found.at(root)
        y = there.purchases
        assert there.verified and y.sum() == pytest.approx(root / 0.003, rel=1e-9)
        for j in range(8):  # and by asking one aggregator again, from nothing
            own = group == j
            assert best_response(a[own], b[own], INFINITY, y.sum() - y[j], 0.003).purchase == pytest.approx(y[j], rel=1e-9)


def test_dynamics_only_reach_the_first_of_three():
    a, b, group = uniqueness_counterexample()
    for start in (0.0, 50.0, 150.0, np.linspace(0, 300, 8)):
        history = best_response_dynamics(a, b, group, INFINITY, 0.003, start, rounds=400)
        assert history.converged and history.price[-1] == pytest.approx(2.845464, abs=1e-6)


def test_quasiconcavity_fails_where_a_user_can_leave():
    """Theorem 2 does not hold: two local maxima with a dip between."""
    a, b = np.array([0.5, 0.5]), np.array([10.0, 2.0])
    prices, consumption, values = _crossings(a, b, 0.75, 0.0, 0.5)
    assert consumption.sum(axis=1) == pytest.approx([2.5524, 5.0], abs=5e-5)
    payoff = 2 * values**0.25 / 0.25
    assert payoff == pytest.approx([10.7696, 8.9443], abs=5e-5)
    dip = max(_allocated(a, b, 0.75, 4.0, 0.5))
    assert dip == pytest.approx(8.8535, abs=5e-5) and dip < payoff.min()
    assert max(_allocated(a, b, 0.75, 2.5417, 0.5)) < payoff[0]


def _allocated(a, b, alpha, y, c):
    """Payoffs of all ways to share y between two users."""
    x = np.linspace(0, y, 200_001)
    s = np.stack([x * (b[0] - c * y - a[0] * x), (y - x) * (b[1] - c * y - a[1] * (y - x))])
    return np.where(s.min(axis=0) >= 0, (np.maximum(s, 0) ** (1 - alpha)).sum(axis=0) / (1 - alpha), 0)


@pytest.mark.parametrize(
    ("alpha", "b"), [(0.75, (8, 4, 8, 2)), (0.5, (8, 4, 8, 7)), (0.4, (9, 5, 10, 9))], ids=["0.75", "0.5", "0.4"]
)
def test_there_may_be_no_pure_equilibrium(alpha, b):
    """Neither root is an equilibrium, and brute-force replies to replies never come back to where they started."""
    a, b = np.full(4, 0.5), np.array(b, float)
    found = equilibrium(a, b, [0, 0, 1, 1], alpha, c=1)
    assert not found.verified and found.certificate.max() > 1e-3 and "no verified pure equilibrium" in str(found)
    first = found.purchases[0]
    starts = np.unique(np.concatenate([np.linspace(0, 2 * first, 40), first + np.linspace(-0.1, 0.1, 41) * first]))
    replies = []
    for y in starts:
        for own in (slice(2, 4), slice(0, 2)):
            y = best_response(a[own], b[own], alpha, y, 1.0).purchase
        replies.append(y)
    distance = np.abs(np.array(replies) - starts)
    assert distance.min() > 1e-3
    for own, others in ((slice(2, 4), first), (slice(0, 2), found.purchases[1])):  # those replies, by brute force
        y, payoff = payoffs_on_a_grid(a[own], b[own], alpha, others, 1.0, points=400)
        reply = best_response(a[own], b[own], alpha, others, 1.0)
        assert payoff.max() <= 2 * reply.value ** (1 - alpha) * (1 + 1e-12)
        assert y.ravel()[payoff.argmax()] == pytest.approx(reply.purchase, rel=0.05)


# Structure -----------------------------------------------------------------------------------------------------------


def test_welfare_is_the_potential_game():
    """α = 0: the equilibrium maximises Σ(bx − ax²) − c/2 Y² − c/2 Σ y_j²; its gradient and complementarity say so."""
    a, b, group = draw(3, 60, 3, 60)
    found = equilibrium(a, b, group, 0)
    gradient = b - 2 * a * found.consumption - 0.001 * (found.purchases.sum() + found.purchases[group])
    assert np.all(gradient <= 1e-12) and np.abs(gradient * found.consumption).max() <= 1e-11


def test_the_welfare_price_is_the_root():
    for seed in range(5):
        a, b, group = draw(seed, 100, 5, 100)
        market = Market(a, b, np.flatnonzero(np.diff(group, prepend=-1)), np.zeros(6), 0.01)
        excess, _ = market.excess(np.array([welfare_price(market)]))
        assert abs(excess[0]) <= 1e-10


def test_the_entry_price_is_that_of_users_alone():
    a, b, _ = draw(1, 200, 1, 200)
    assert entry_price(a, b, 0.001) == pytest.approx(equilibrium(a, b, np.arange(201), 2).price, rel=1e-14)


@pytest.mark.parametrize("alpha", [0.3, 0.75, 1, 2, INFINITY])
def test_mixed_and_single_aggregators_agree_with_each_other(alpha):
    """An aggregator's α among others, and users in any order."""
    a, b, group = draw(2, 30, 3)
    b = b + 4
    found = equilibrium(a, b, group, [0, alpha, 1], c=0.01)
    order = np.random.default_rng(0).permutation(30)
    again = equilibrium(a[order], b[order], group[order], [0, alpha, 1], c=0.01)
    assert again.price == pytest.approx(found.price, rel=1e-13)
    assert again.consumption == pytest.approx(found.consumption[order], rel=1e-11)
    assert again.purchases == pytest.approx(found.purchases, rel=1e-11)
    assert found.verified
    for j, own_alpha in enumerate((0, alpha, 1)):
        reply = best_response(a[group == j], b[group == j], own_alpha, found.purchases.sum() - found.purchases[j], 0.01)
        assert reply.purchase == pytest.approx(found.purchases[j], rel=1e-9)


@pytest.mark.parametrize("alpha", [0, 0.5, 0.75, 1, 3, INFINITY])
def test_purchases_price_and_surplus_fit_together(alpha):
    a, b, group = draw(4, 100, 4, 100)
    found = equilibrium(a, b, group, alpha, policy="eligible")
    assert 0.001 * found.purchases.sum() == pytest.approx(found.price, rel=1e-12)
    assert np.bincount(group, found.consumption) == pytest.approx(found.purchases, rel=1e-12)
    assert found.surplus == pytest.approx(b * found.consumption - a * found.consumption**2 - found.price * found.consumption)
    assert np.all(found.surplus >= 0) and np.all(found.consumption[~found.served] == 0)


def test_roots_of_a_strict_market_are_found_where_bisection_finds_them():
    a, b, group = uniqueness_counterexample()
    market = Market(a, b, np.arange(8) * 21, np.full(8, INFINITY), 0.003)
    assert steepest(market) > 0
    prices = np.linspace(0.01, 5.89, 5_000)
    signs = np.sign(market.excess(prices)[0])
    assert np.flatnonzero(np.diff(signs)).size == 3


def test_uniqueness_is_claimed_where_it_is_proved():
    a, b, group = draw(0, 40, 2)
    assert [equilibrium(a, b + 3, group, alpha).unique for alpha in (0, 1, 2, 2.01)] == [True, True, True, False]
    assert not equilibrium(a, b, group, 0.75).unique


def test_policies_differ_only_where_a_user_cannot_gain():
    a, b, group = draw(0, 200, 2, 200)
    strict, eligible = (equilibrium(a, b, group, 1, policy=policy) for policy in ("strict", "eligible"))
    assert list(strict.idle) == [0] and strict.served.all() and strict.verified
    assert eligible.idle.size == 0 and eligible.verified
    assert np.array_equal(eligible.served[:200], b[:200] > entry_price(a, b, 0.001)) and eligible.served[200]
    rich = b + 5
    assert equilibrium(a, rich, group, 1).price == pytest.approx(equilibrium(a, rich, group, 1, policy="eligible").price, rel=1e-14)


def test_the_active_policy_is_never_verified():
    a, b, group = draw(0, 200, 2, 200)
    found = equilibrium(a, b, group, 1, policy="active")
    assert not found.verified and np.isnan(found.certificate[:2]).all() and found.roots.size > 1


# The certificate -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0, 0.5, 0.75, 1, 2, INFINITY])
def test_the_certificate_sees_a_wrong_answer(alpha):
    """Users' shares or the purchase moved a little: the gain that is certified is at least the real one."""
    a, b = some_users(1, 40, lowest=4)
    market = Market(a, b, np.array([0, 20]), np.full(2, float(alpha)), 0.005)
    price = clearing_price(market)
    y, x = market.purchases(price)
    assert np.all(largest_gains(market, price, y, x) <= 1e-9)
    for factor in (np.where(np.arange(40) == 3, 0.9, 1.0), np.where(np.arange(40) < 20, 1.02, 1.0)):
        wrong = x * factor
        own = np.add.reduceat(wrong, [0, 20])
        moved = 0.005 * own.sum()
        gains = largest_gains(market, moved, own, wrong)
        for j, users in enumerate((slice(0, 20), slice(20, 40))):
            s = wrong[users] * (b[users] - moved - a[users] * wrong[users])
            reply = best_response(a[users], b[users], alpha, own[1 - j], 0.005)
            real = reply.value / value(s, alpha)[0] - 1
            assert gains[j] >= real - 1e-12
        assert gains[0] > 1e-6


def test_gains_of_nearly_nothing_are_no_gains():
    """Users whose worth is the price itself: rounding decides what they buy, and not whether it is an equilibrium."""
    found = equilibrium(np.full(4, 0.5), [2.0, 2.0, 7.0, 3.0], [0, 0, 1, 1], 0.5, c=1)
    assert found.price == pytest.approx(2, abs=1e-12) and found.verified


# Dynamics ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0, 0.5, 1, 3, INFINITY])
@pytest.mark.parametrize("simultaneous", [False, True])
def test_dynamics_end_at_the_equilibrium(alpha, simultaneous):
    a, b, group = draw(0, 60, 3, 60)
    b = b + 3
    history = best_response_dynamics(a, b, group, alpha, 0.001, simultaneous=simultaneous)
    found = equilibrium(a, b, group, alpha)
    assert history.converged and len(history.price) == len(history.purchases) == len(history.residual) <= 30
    assert history.price[-1] == pytest.approx(found.price, rel=1e-10)
    assert history.purchases[-1] == pytest.approx(found.purchases, rel=1e-9)
    assert history.consumption[-1] == pytest.approx(found.consumption, rel=1e-8)


@pytest.mark.parametrize(("users", "diverges"), [(400, False), (1600, True), (3000, True)])
def test_simultaneous_answers_diverge_exactly_when_the_sum_exceeds_one(users, diverges):
    a, b, group = draw(0, users, users)
    found = equilibrium(a, b, group, 0)
    assert (simultaneous_pull(a, b, found.price) > 1) == diverges
    at_once = best_response_dynamics(a, b, group, 0, simultaneous=True, rounds=300, start=found.purchases * 1.001)
    assert at_once.converged != diverges
    assert best_response_dynamics(a, b, group, 0, rounds=100).price[-1] == pytest.approx(found.price, rel=1e-9)


# Bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"b": [0.0, 1, 1, 1]}, r"b\[0\] = 0.0: must be finite and > 0"),
        ({"a": [1, -1, 1, 1]}, r"a\[1\] = -1.0: must be finite and > 0"),
        ({"a": [1, 1, np.nan, 1]}, r"a\[2\] = nan"),
        ({"alpha": -0.1}, "alpha = -0.1: must be ≥ 0"),
        ({"alpha": np.nan}, "alpha = nan: must be ≥ 0"),
        ({"alpha": [0, np.nan]}, "must be ≥ 0"),
        ({"c": 0}, "c = 0: must be finite and > 0"),
        ({"c": np.nan}, "c = nan"),
        ({"group": [0, 1, 2, 4]}, "5 aggregators for 4 users"),
        ({"alpha": [0, 0, 0, 0, 0]}, "5 aggregators for 4 users"),
        ({"group": [0, 0, 2, 2]}, "aggregator 1 has no users"),
        ({"group": [1, 1, 2, 2]}, "aggregator 0 has no users"),
        ({"group": [0, 0, -1, 1]}, "group: from -1 to 1"),
        ({"group": [0.0, 0.0, 1.0, 1.0]}, "group: of type float64"),
        ({"group": [0, 0, 1]}, r"group: shape \(3,\) beside a's \(4,\)"),
        ({"a": [], "b": [], "group": []}, "at least one user"),
        ({"policy": "lenient"}, "policy = 'lenient': must be one of strict, eligible, active"),
    ],
)
def test_nonsense_is_refused_by_name(change, says):
    with pytest.raises(ValueError, match=says):
        equilibrium(**{"a": [1, 1, 1, 1], "b": [1, 2, 3, 4], "group": [0, 0, 1, 1], "alpha": 1} | change)
