"""Le Cadre et al. (2018), reconstructed: learning reservation prices, and consumers that come and go."""

from __future__ import annotations

import numpy as np
import pytest

from bilevel_dr.models.le_cadre_2018 import dynamics, learning
from bilevel_dr.models.le_cadre_2018.cost_sharing import RULES, divide, largest_profit
from bilevel_dr.models.le_cadre_2018.imbalance import Errors

PRICES = np.linspace(0.1, 0.3, 6)
CERTAIN = np.eye(6)[3]
SPREAD = np.array([0, 0.1, 0.2, 0.4, 0.2, 0.1])

# Learning -------------------------------------------------------------------------------------------------------------


def test_loss_and_feedback_are_those_of_the_text():
    loss, feedback = learning.loss_matrix([0.1, 0.2, 0.4]), learning.feedback_matrix([0.1, 0.2, 0.4])
    assert loss == pytest.approx(np.array([[0, 1 / 3, 1], [1, 0, 2 / 3], [1, 1, 0]]))
    assert (feedback == [[1, 1, 1], [0, 1, 1], [0, 0, 1]]).all()


@pytest.mark.parametrize("number", [2, 6, 15])
def test_the_game_can_be_learned(number):
    prices = np.sort(np.random.default_rng(number).uniform(0.1, 0.4, number))
    k = learning.solution(learning.loss_matrix(prices), learning.feedback_matrix(prices))
    assert k @ learning.feedback_matrix(prices) == pytest.approx(learning.loss_matrix(prices), abs=1e-9)


def test_a_game_without_feedback_cannot_be_learned():
    assert learning.solution(learning.loss_matrix(PRICES), np.ones((6, 6))) is None
    blind = learning.feedback_matrix(PRICES)
    blind[3:] = 0.0  # high prices tell nothing
    assert learning.solution(learning.loss_matrix(PRICES), blind) is None


def test_the_estimate_of_a_loss_is_unbiased():
    """Σ over actions of chance · K[i, action] Θ[action, r] / chance is Δ[i, r], whatever the chances."""
    loss, feedback = learning.loss_matrix(PRICES), learning.feedback_matrix(PRICES)
    k, chance = learning.solution(loss, feedback), np.random.default_rng(0).dirichlet(np.ones(6))
    for r in range(6):
        mean = sum(chance[a] * k[:, a] * feedback[a, r] / chance[a] for a in range(6))
        assert mean == pytest.approx(loss[:, r], abs=1e-12)


def test_the_regret_grows_like_the_two_thirds_power():
    found = learning.regret(PRICES, CERTAIN, 20_000, repetitions=20, seed=0)
    assert 0.55 < learning.slope(found) < 0.85
    assert found.belief.argmax() == 3 and found.belief.sum() == pytest.approx(1)
    assert found.rounds[0] == 1 and found.rounds[-1] == 20_000


def test_bisection_finds_a_fixed_price_at_once_and_loses_to_chance():
    certain = learning.regret(PRICES, CERTAIN, 2_000, repetitions=4)
    assert certain.bisection[-1] == certain.bisection[5] <= 3 < certain.forecaster[-1]
    spread = learning.regret(PRICES, SPREAD, 20_000, repetitions=8)
    middle = np.searchsorted(spread.rounds, 10_000)
    grown = 20_000 / spread.rounds[middle]
    assert spread.bisection[-1] / spread.bisection[middle] == pytest.approx(grown, rel=0.15)  # linear: it never recovers
    assert spread.forecaster[-1] / spread.forecaster[middle] < grown**0.85


def test_the_regret_of_always_the_best_price_is_what_is_compared_with():
    """Two prices, both strategies' losses followed by hand for the first rounds of a certain consumer."""
    found = learning.regret([0.1, 0.2], [0.0, 1.0], 50, repetitions=3, points=50)
    assert (found.bisection == 0).all()  # it begins with the upper price, which runs
    assert (np.diff(found.forecaster) >= 0).all() and found.forecaster[-1] > 0


def test_several_loads_make_the_estimate_steadier():
    one, many = (learning.regret(PRICES, SPREAD, 2_000, repetitions=30, loads=n, seed=1) for n in (1, 10))
    assert many.forecaster[-1] < one.forecaster[-1] + 2 * one.standard_error[-1]
    assert many.standard_error[-1] < one.standard_error[-1]


@pytest.mark.parametrize(
    ("prices", "probability", "words"),
    [([0.1], [1], "at least two"), ([0.2, 0.1], [1, 0], "each larger"), ([0.1, 0.2], [1, 1], "add up to 1")],
)
def test_wrong_games_are_refused(prices, probability, words):
    with pytest.raises(ValueError, match=words):
        learning.regret(prices, probability, 10)


# Dynamics -------------------------------------------------------------------------------------------------------------


def coalitions(rule, seed=0, number=7, share=0.5):
    random = np.random.default_rng(seed)
    energy = random.uniform(1, 3, number)
    errors = Errors(random.uniform(0.1, 0.6, number), 0.1)
    return dynamics.Coalitions(energy * random.uniform(1.02, 1.2, number) + 0.05, energy, errors, 0.1, rule, share)


@pytest.mark.parametrize("rule", RULES)
def test_bills_are_those_of_the_coalition_one_is_in_or_would_be_in(rule):
    game = coalitions(rule)
    members = np.array([1, 0, 1, 1, 0, 0, 1], bool)
    bills = game.bills(members)
    for i in range(7):
        inside = np.flatnonzero(members | (np.arange(7) == i))
        division = divide(rule, game.retailer_bill[inside], game.energy[inside], game.errors.sigma[inside], 0.1, 0.1)
        profit = 0.5 * (game.retailer_bill[inside].sum() - division.cost)
        expected = division.bills(profit)[list(inside).index(i)]
        assert bills[i] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("behaviour", dynamics.BEHAVIOURS)
def test_full_inertia_and_none(behaviour):
    game = coalitions("uniform_energy")
    free = dynamics.sizes(game, behaviour, 0.0, 10, repetitions=5)
    held = dynamics.sizes(game, behaviour, 1.0, 10, repetitions=5)
    assert free.shape == (5, 11) and (free[:, 0] == 7).all() and free[:, 1].mean() < 7
    assert (held == 7).all() or behaviour == "logit" and held.mean() > 6.5


@pytest.mark.parametrize("rule", ["shapley", "ensc", "standalone_retail"])
def test_nobody_moves_where_the_profit_keeps_everybody(rule):
    game = coalitions(rule)
    arguments = game.retailer_bill, game.energy, game.errors.sigma, 0.1, 0.1
    whole = game.retailer_bill.sum() - divide(rule, *arguments).cost
    below = coalitions(rule, share=0.99 * largest_profit(rule, *arguments) / whole)
    above = coalitions(rule, share=1.1 * largest_profit(rule, *arguments) / whole)
    assert (dynamics.sizes(below, "threshold", 0.0, 5, repetitions=1) == 7).all()
    assert dynamics.sizes(above, "threshold", 0.0, 5, repetitions=1)[0, 1] < 7


def test_more_inertia_empties_a_coalition_more_slowly():
    game = coalitions("uniform_total", number=9)
    after = [dynamics.sizes(game, "persistence", beta, 6, repetitions=40)[:, 3].mean() for beta in (0.0, 0.5, 0.9)]
    assert after[0] < after[1] < after[2] < 9


def test_consumers_may_start_outside_and_words_are_checked():
    game = coalitions("standalone_retail")
    assert (dynamics.sizes(game, "threshold", 0.0, 3, 1, start=np.zeros(7, bool))[0] == [0, 7, 7, 7]).all()
    with pytest.raises(ValueError, match="behaviour 'herd', inertia 0"):
        dynamics.sizes(game, "herd", 0, 3)
    with pytest.raises(ValueError, match="inertia 1.5"):
        dynamics.sizes(game, "logit", 1.5, 3)
