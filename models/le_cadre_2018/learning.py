"""Learning a consumer's reservation price from what it runs: partial monitoring, and bisection to compare with.

Each round the aggregator prices a load by an estimate r̂ out of a finite set R, sees whether it runs, and loses what it
could have charged more, or everything where it charged too much:

    feedback Θ(r, r̂) = 1 if r̂ ≤ r else 0,      loss Δ(r, r̂) = (r − r̂)/(max R − min R) if r̂ ≤ r else 1.

It never sees its loss. Where a matrix K with Δ = K Θ exists, K gives an unbiased estimate of every action's loss from the
feedback of the one taken, and exponential weights reach a regret O(n^{2/3}) (N. Cesa-Bianchi, G. Lugosi, G. Stoltz:
Regret minimization under partial monitoring. Mathematics of Operations Research 31 (2006) 562-580). That the paper uses a
loss and a feedback matrix, weights w_{r,m} and two learning parameters is stated [S]; the rest is our reading [R].

Θ has ones on and below its diagonal, so that it is regular and K always exists here; :func:`solution` checks all the same.
With several loads of one priority level the feedback is the share of them that run, and the loss their mean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


def feedback_matrix(prices) -> np.ndarray:
    """Θ, shape (M, M): row r̂, column r."""
    prices = _checked(prices)
    return (prices[:, None] <= prices[None, :]).astype(float)


def loss_matrix(prices) -> np.ndarray:
    """Δ, shape (M, M), from 0 to 1: row r̂, column r."""
    prices = _checked(prices)
    span = max(prices[-1] - prices[0], np.finfo(float).tiny)
    return np.where(prices[:, None] <= prices[None, :], (prices[None, :] - prices[:, None]) / span, 1.0)


def solution(loss, feedback) -> np.ndarray | None:
    """K with loss = K feedback, shape (M, M), or None: then no forecaster learns from this feedback.

    Parameters
    ----------
    loss, feedback : array_like, shape (M, outcomes)
    """
    loss, feedback = np.asarray(loss, float), np.asarray(feedback, float)
    k = loss @ np.linalg.pinv(feedback)
    return k if np.abs(k @ feedback - loss).max() <= 1e-9 * max(1.0, np.abs(loss).max()) else None


class Regret(NamedTuple):
    """Mean over repetitions, at some rounds.

    Attributes
    ----------
    rounds : int ndarray, shape (P,)
    forecaster, bisection : ndarray, shape (P,)
        Loss so far beyond that of the best fixed price.
    standard_error : ndarray, shape (P,)
        Of ``forecaster``.
    belief : ndarray, shape (M,)
        The forecaster's normalised weights after the last round: its estimate of where r is.
    """

    rounds: np.ndarray
    forecaster: np.ndarray
    bisection: np.ndarray
    standard_error: np.ndarray
    belief: np.ndarray


def regret(prices, probability, rounds: int, repetitions: int = 50, loads: int = 1, seed: int = 0, points: int = 40) -> Regret:
    """Play both strategies against reservation prices drawn anew each round.

    Parameters
    ----------
    prices : array_like, shape (M,), EUR/kWh
        R, increasing.
    probability : array_like, shape (M,)
        Of each reservation price; all on one is a consumer who knows its mind.
    rounds, repetitions : int
        Repetitions run side by side, as rows of the same arrays.
    loads : int
        Loads of the priority level, each with its own draw.
    seed : int
    points : int
        Rounds at which the regret is kept, spread geometrically.

    Raises
    ------
    ValueError
        Prices out of order, or no probabilities.

    Notes
    -----
    The learning parameters fall with the round m, γ_m = min(1/2, (k² M² ln M / 4m)^{1/3}) and
    γ̃_m = (ln M / (2 k M m))^{2/3}, those of the reference for a horizon m with k = max |K|.
    """
    prices, probability = _checked(prices), np.asarray(probability, float)
    if probability.shape != prices.shape or (probability < 0).any() or abs(probability.sum() - 1) > 1e-9:
        raise ValueError(f"probability: shape {probability.shape} for {prices.size} prices; give numbers ≥ 0 that add up to 1")
    loss, feedback = loss_matrix(prices), feedback_matrix(prices)
    k = solution(loss, feedback)
    random, number, every = np.random.default_rng(seed), prices.size, np.arange(repetitions)
    explore, rate = _parameters(np.arange(1, rounds + 1), number, np.abs(k).max())
    at = np.unique(np.geomspace(1, rounds, points).round().astype(int))
    kept = np.zeros((2, at.size, repetitions))
    estimate, best = np.zeros((repetitions, number)), np.zeros((repetitions, number))
    paid = np.zeros((2, repetitions))
    bounds = np.tile([0, number], (repetitions, 1))  # the largest price known to run, the smallest known not to
    for m in range(rounds):
        outcome = random.choice(number, size=(repetitions, loads), p=probability)
        weight = _weights(estimate, rate[m])
        chance = (1 - explore[m]) * weight + explore[m] / number
        action = np.minimum((chance.cumsum(1) < random.random((repetitions, 1))).sum(1), number - 1)
        middle = bounds.sum(1) // 2
        losses = loss[:, outcome].mean(2).T  # of every action, (repetitions, M)
        best += losses
        paid += losses[every, [action, middle]]
        share = feedback[action[:, None], outcome].mean(1)
        estimate += k[:, action].T * (share / chance[every, action])[:, None]
        runs = feedback[middle[:, None], outcome].mean(1) == 1
        bounds[every, np.where(runs, 0, 1)] = middle
        place = np.searchsorted(at, m + 1)
        if at[place] == m + 1:
            kept[:, place] = paid - best.min(1)
    error = kept[0].std(1, ddof=1) / np.sqrt(repetitions) if repetitions > 1 else np.full(at.size, np.nan)
    return Regret(at, *kept.mean(2), error, _weights(estimate, rate[-1]).mean(0))


def slope(found: Regret, since: float = 0.1) -> float:
    """Exponent of the forecaster's regret in the number of rounds, fitted to the rounds from ``since`` of the last on."""
    late = found.rounds >= since * found.rounds[-1]
    return float(np.polyfit(np.log(found.rounds[late]), np.log(found.forecaster[late]), 1)[0])


def _parameters(m, number, largest):
    explore = np.minimum(0.5, (largest**2 * number**2 * np.log(number) / (4 * m)) ** (1 / 3))
    return explore, (np.log(number) / (2 * largest * number * m)) ** (2 / 3)


def _weights(estimate, rate) -> np.ndarray:
    weight = np.exp(-rate * (estimate - estimate.min(1, keepdims=True)))
    return weight / weight.sum(1, keepdims=True)


def _checked(prices) -> np.ndarray:
    prices = np.asarray(prices, float)
    if prices.ndim != 1 or prices.size < 2 or not (np.diff(prices) > 0).all():
        raise ValueError(f"prices: {prices}; give at least two reservation prices, each larger than the one before")
    return prices
