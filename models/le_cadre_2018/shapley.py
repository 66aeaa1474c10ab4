"""The Shapley value of the pooled forecast error, by four methods that check each other.

The game: consumers' errors have standard deviations σ_i and correlations ρ_ij, and a coalition S pools them to
σ_S = √(Σ σ_i² + 2 Σ_{i<j} ρ_ij σ_i σ_j). What a coalition pays for imbalance is a price κ times σ_S, so the Shapley value
of σ, times κ, is each consumer's fair part of it. Since σ_S is a norm the game is balanced; it need not be concave.

=================================  =============================  ==========================================
method                             for                            accuracy
=================================  =============================  ==========================================
:func:`by_subsets`                 any errors, up to 22           rounding, in O(2^n)
:func:`exchangeable`               equal σ, equal ρ, any number   rounding
:func:`independent`                ρ = 0, any number              rounding, by quadrature
:func:`sampled`                    any errors, any number         the standard error that comes with it
=================================  =============================  ==========================================
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .imbalance import Errors

MOST = 22
"""Consumers up to which all coalitions are listed: 2^22 numbers, 34 MB an array."""


def shapley(errors: Errors) -> np.ndarray:
    """φ(σ), shape (N,), kWh, by the method that these errors allow; an estimate where none of the exact ones does."""
    if errors.are_exchangeable:
        return exchangeable(errors.number, float(errors.sigma[0]), errors.equal_correlation)
    if errors.number <= MOST:
        return by_subsets(errors.covariance)
    if errors.equal_correlation == 0.0:
        return independent(errors.sigma)
    return sampled(errors.covariance).value


def deviations(cov) -> np.ndarray:
    """σ_S of every coalition, kWh, by doubling: adding consumer i to all coalitions of those before it.

    Parameters
    ----------
    cov : array_like, shape (N, N), N ≤ 22

    Returns
    -------
    ndarray, shape (2^N,)
        Consumer i is in coalition s where bit i of s is set.
    """
    cov = np.asarray(cov, float)
    number = len(cov)
    if number > MOST:
        raise ValueError(f"{number} consumers have 2^{number} coalitions; up to {MOST} can be listed")
    variance = np.zeros(1 << number)
    for i in range(number):
        known, shared = 1 << i, np.zeros(1 << i)  # Σ_{j ∈ S} cov_ij
        for j in range(i):
            np.add(shared[: 1 << j], cov[i, j], out=shared[1 << j : 2 << j])
        variance[known : 2 * known] = variance[:known] + (cov[i, i] + 2 * shared)
    return np.sqrt(np.maximum(variance, 0.0, out=variance), out=variance)


def sizes(number: int) -> np.ndarray:
    """Members of each of the 2^number coalitions, in the order of :func:`deviations`."""
    count = np.zeros(1 << number, np.int8)
    for i in range(number):
        np.add(count[: 1 << i], 1, out=count[1 << i : 2 << i])
    return count


def of_game(cost) -> np.ndarray:
    """Shapley value of any game given by the cost of each coalition.

    Parameters
    ----------
    cost : array_like, shape (2^N,)
        In the order of :func:`deviations`; the empty coalition's is zero.

    Notes
    -----
    With a(s) = (s−1)! (N−s)!/N! for those who are in and b(s) = s! (N−s−1)!/N! for those who are not,
    φ_i = Σ_{S ∋ i} (a + b) c(S) − Σ_S b c(S). The first sums, for all i, come from folding the array in half N times: O(2^N).
    """
    cost = np.asarray(cost, float)
    number = cost.size.bit_length() - 1
    inside = np.array([0.0] + [1 / (s * math.comb(number, s)) for s in range(1, number + 1)])
    outside = np.array([1 / ((number - s) * math.comb(number, s)) for s in range(number)] + [0.0])
    count = sizes(number)
    missing = float(outside[count] @ cost)
    folded = (inside + outside)[count] * cost
    value = np.empty(number)
    for i in reversed(range(number)):
        without, within = folded.reshape(2, -1)
        value[i] = within.sum()
        folded = without + within
    return value - missing


def by_subsets(cov) -> np.ndarray:
    """φ(σ) over all 2^N coalitions; shape (N,). ``cov`` as in :func:`deviations`."""
    return of_game(deviations(cov))


def exchangeable(number: int, sigma: float, rho: float) -> np.ndarray:
    """φ(σ) of N errors with one σ and one ρ: equal parts of σ √(N (1 + (N−1) ρ))."""
    return np.full(number, sigma * math.sqrt(max(1 + (number - 1) * rho, 0.0) / number))


def independent(sigma) -> np.ndarray:
    """φ(σ) of independent errors, by quadrature of Owen's multilinear extension under a Laplace transform.

    √v = (1/2√π) ∫ s^{−3/2} (1 − e^{−sv}) ds turns the sum in the square root into a product, and a coalition that each of
    the others joins with probability q, for q from 0 to 1, has every size with equal weight:

        φ_i = (1/2√π) ∫₀¹ ∫₀^∞ s^{−3/2} (1 − e^{−sσ_i²}) Π_{j≠i} (1 − q + q e^{−sσ_j²}) ds dq.

    Parameters
    ----------
    sigma : array_like, shape (N,)

    Returns
    -------
    ndarray, shape (N,)

    Notes
    -----
    Trapezoids in u, s = exp(8 sinh u), and in t, q = 1/(1 + exp(−π sinh t)): both integrands are analytic and vanish
    fast at both ends, so that the error falls exponentially with the nodes (Takahasi and Mori 1974).
    """
    sigma = np.asarray(sigma, float)
    total = float(np.square(sigma).sum())
    if total == 0.0:
        return np.zeros_like(sigma)
    variance, which, count = np.unique(np.square(sigma) / total, return_inverse=True, return_counts=True)
    u, step = np.linspace(*_S_RANGE, _S_NODES, retstep=True)
    s = np.exp(8 * np.sinh(u))
    s_weight = 8 * step * np.cosh(u) / (2 * math.sqrt(math.pi) * np.sqrt(s))
    t, step = np.linspace(*_Q_RANGE, _Q_NODES, retstep=True)
    q, rest = (1 / (1 + np.exp(sign * np.pi * np.sinh(t)))[:, None] for sign in (-1, 1))
    q_weight = step * np.pi * np.cosh(t) * (q * rest)[:, 0]
    value, factor = np.zeros_like(variance), np.empty((_Q_NODES, variance.size))
    for at, weight in zip(s, s_weight, strict=True):
        np.multiply(q, np.exp(-at * variance), out=factor)
        factor += rest
        everybody = np.multiply.reduce(factor**count if count.max() > 1 else factor, axis=1)
        np.divide((q_weight * everybody)[:, None], factor, out=factor)
        value += weight * -np.expm1(-at * variance) * factor.sum(axis=0)
    return math.sqrt(total) * value[which]


_S_RANGE, _S_NODES = (-2.98, 2.98), 240
_Q_RANGE, _Q_NODES = (-3.3, 3.3), 128
"""Where the integrands fall below 1e-16, and enough nodes for a relative 1e-13 from 1 to 10,000 consumers."""


class Sampled(NamedTuple):
    """An estimate and how far it may be off.

    Attributes
    ----------
    value, standard_error : ndarray, shape (N,)
    """

    value: np.ndarray
    standard_error: np.ndarray


def sampled(cov, permutations: int = 400, seed: int = 0) -> Sampled:
    """φ(σ) from random orders of arrival in which every consumer stands at every position equally often.

    Each random permutation is taken with all its N rotations, which puts each consumer at each position once; the mean over
    the rotations is one observation. Rotations of a permutation share its neighbourhoods, so that they are no independent
    draws: the standard error is taken over the permutations alone. (Over all N times as many marginals, as if they were
    independent, it would come out too small.)

    Parameters
    ----------
    cov : array_like, shape (N, N)
    permutations : int
        At least 2. One costs O(N²), through two-way running sums of the permuted covariances.
    seed : int
    """
    cov = np.asarray(cov, float)
    number = len(cov)
    if permutations < 2:
        raise ValueError(f"permutations = {permutations}: a standard error needs at least 2")
    random = np.random.default_rng(seed)
    start, length = np.arange(number)[:, None], np.arange(number + 1)[None, :]
    observed = np.empty((permutations, number))
    for k in range(permutations):
        order = random.permutation(number)
        twice = np.tile(order, 2)
        running = np.zeros((2 * number + 1, 2 * number + 1))
        running[1:, 1:] = cov[np.ix_(twice, twice)].cumsum(0).cumsum(1)
        end = start + length
        variance = running[end, end] - running[start, end] - running[end, start] + running[start, start]
        marginal = np.diff(np.sqrt(np.maximum(variance, 0.0)), axis=1)  # of who stands at start + length
        who = twice[start + length[:, :-1]]
        observed[k] = np.bincount(who.ravel(), marginal.ravel(), number) / number
    return Sampled(observed.mean(0), observed.std(0, ddof=1) / math.sqrt(permutations))
