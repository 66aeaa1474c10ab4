"""The simulations of section IV over many draws: what ``study.py`` tabulates and judges.

Each returns rows, one a seed and a setting, with the means over the small users that the paper's figures show. Users who
are not served have a surplus of zero and are counted.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.stats import gaussian_kde

from .cases import draw
from .deviation import _crossings
from .dynamics import best_response_dynamics
from .nash import equilibrium

USERS, LARGE, POLICY = 200, 200.0, "eligible"
SIZES = (0, 50, 100, 150, 200, 250, 300, 350, 400)
"""K of the large user in Fig. 5."""
ALPHAS = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, np.inf)
NUMBERS = (1, 2, 4, 8, 16, 32, 64, 128, 200)
"""M in Figs. 12 and 13: the paper says 2, 4, 8, …, N; one aggregator is added."""
CONFIGURATIONS = {
    "no large user, no aggregators": (USERS, None, 0),
    "large user, no aggregators": (USERS, LARGE, 0),
    "social welfare": (2, LARGE, 0),
    "proportional": (2, LARGE, 1),
    "max-min": (2, LARGE, np.inf),
}
"""Figs. 6 and 7: aggregators, K, α."""
ROUNDS = 12


def gini(values) -> float:
    """Mean difference of two users over twice their mean: 0 where all have the same."""
    ordered = np.sort(values)
    rank = np.arange(1, ordered.size + 1)
    total = ordered.sum()
    return float((2 * rank - ordered.size - 1) @ ordered / (ordered.size * total)) if total > 0 else 0.0


def jain(values) -> float:
    """Jain's index (Σ s)² / (n Σ s²): 1 where all have the same, 1/n where one has all."""
    squares = np.square(values).sum()
    return float(np.sum(values) ** 2 / (values.size * squares)) if squares > 0 else 1.0


def market(seed, aggregators, large, alpha, policy=POLICY):
    """The equilibrium of one draw.

    Parameters
    ----------
    seed, aggregators : int
    large : float or None
    alpha : float or sequence
        Of all aggregators, or of each small users' aggregator.
    policy : str

    Returns
    -------
    Equilibrium
    """
    a, b, group = draw(seed, USERS, aggregators, large or None)
    if np.ndim(alpha):
        alpha = [*alpha, *([0] if large else [])]
    return equilibrium(a, b, group, alpha, policy=policy)


def described(found) -> dict:
    """Means, spread and fairness of the small users, the system's surplus, and whether it is an equilibrium."""
    s, x = found.surplus[:USERS], found.consumption[:USERS]
    return {
        "price": found.price,
        "surplus": s.mean(),
        "consumption": x.mean(),
        "spread of surplus": s.std(),
        "spread of consumption": x.std(),
        "largest consumption": x.max(),
        "system surplus": found.surplus.sum(),
        "Gini of surplus": gini(s),
        "Gini of consumption": gini(x),
        "Jain of surplus": jain(s),
        "verified": found.verified,
    }


@cache
def sizes_of_the_large_user(seeds) -> list[dict]:
    """Fig. 5: nobody aggregated, K rising."""
    return [
        {"seed": seed, "K": size} | described(market(seed, USERS, size, 0)) for seed in range(seeds) for size in SIZES
    ]


@cache
def configurations(seeds) -> list[dict]:
    """Figs. 6 and 7; the strict policy beside the eligible one where they differ."""
    rows = []
    for seed in range(seeds):
        for name, (aggregators, large, alpha) in CONFIGURATIONS.items():
            for policy in ("eligible", "strict") if aggregators == 2 and alpha >= 1 else (POLICY,):
                found = market(seed, aggregators, large, alpha, policy)
                rows.append({"seed": seed, "configuration": name, "policy": policy} | described(found))
    return rows


@cache
def pooled(seeds) -> dict:
    """Figs. 8 and 9: consumption and surplus of every small user of every draw, by configuration."""
    names = [name for name in CONFIGURATIONS if name != "no large user, no aggregators"]
    answers = {name: [market(seed, *CONFIGURATIONS[name]) for seed in range(seeds)] for name in names}
    return {
        name: {
            "consumption": np.concatenate([found.consumption[:USERS] for found in several]),
            "surplus": np.concatenate([found.surplus[:USERS] for found in several]),
        }
        for name, several in answers.items()
    }


@cache
def fairness(seeds) -> list[dict]:
    """Figs. 10 and 11: α of both aggregators, and of the second one only."""
    rows = []
    for seed in range(seeds):
        for both in (True, False):
            for alpha in ALPHAS:
                found = market(seed, 2, LARGE, (alpha if both else 0, alpha))
                first, second = found.surplus[:USERS].reshape(2, -1).mean(axis=1)
                row = {
                    "seed": seed,
                    "both": both,
                    "alpha": alpha,
                    "surplus of first": first,
                    "surplus of second": second,
                }
                rows.append(row | described(found))
    return rows


@cache
def numbers_of_aggregators(seeds) -> list[dict]:
    """Figs. 12 and 13: M rising, for welfare and for proportional fairness."""
    return [
        {"seed": seed, "alpha": alpha, "M": number} | described(market(seed, number, LARGE, alpha))
        for seed in range(seeds)
        for alpha in (0, 1)
        for number in NUMBERS
    ]


@cache
def alone():
    """Fig. 3: 400 users without aggregators answer in turn; seed 0, from nothing."""
    a, b, group = draw(0, 400, 400)
    history = best_response_dynamics(a, b, group, 0, rounds=ROUNDS)
    x = history.consumption
    return history, x * (b - history.price[:, None] - a * x)


@cache
def in_turn():
    """Fig. 4: two aggregators and a large user, α = 0; seed 0, from nothing."""
    a, b, group = draw(0, USERS, 2, LARGE)
    return best_response_dynamics(a, b, group, 0, rounds=ROUNDS)


def pareto(b, a=1.0, c=1.0, points=200):
    """Fig. 2: the largest surplus of the second of two users for each of the first, price c (x1 + x2).

    Parameters
    ----------
    b : sequence of 2 floats

    Returns
    -------
    ndarray, shape (points, 2)
        For each s1 the best s2 over all x2, the first user consuming the smaller x1 that gives it s1.
    """
    second = np.linspace(0, b[1] / (a + c), 4001)
    most = np.maximum(b[0] - c * second, 0) ** 2 / (4 * (a + c))
    front = []
    for s in np.linspace(0, most.max(), points):
        x2 = second[most >= s]
        t = b[0] - c * x2
        x1 = (t - np.sqrt(np.maximum(t * t - 4 * (a + c) * s, 0))) / (2 * (a + c))
        front.append((s, (x2 * (b[1] - c * x1 - (a + c) * x2)).max()))
    front = np.array(front)
    return front[front[:, 1] >= 0]


def densities(seeds, legend, points=300):
    """Figs. 8 and 9: kernel densities on x ≥ 0, up to where one user in a hundred without aggregators is.

    Parameters
    ----------
    legend : dict of str to str
        Label → configuration; the first one decides where the curves end.

    Returns
    -------
    dict of str to dict of str to (ndarray, ndarray)
        Quantity → label → points and density. What a kernel puts below zero is reflected.
    """
    users, first = pooled(seeds), next(iter(legend.values()))
    curves = {}
    for quantity in ("consumption", "surplus"):
        x = np.linspace(0, np.quantile(users[first][quantity], 0.99), points)
        kernels = {label: gaussian_kde(users[name][quantity]) for label, name in legend.items()}
        curves[quantity] = {label: (x, kernel(x) + kernel(-x)) for label, kernel in kernels.items()}
    return curves


def payoffs(a, b, group, alpha, c, policy, most=8.0, points=401, shares=2001):
    """Payoff Σ s^(1−α)/(1−α) of one aggregator of two users at each purchase, the share found by looking at many.

    Returns
    -------
    y, payoff : ndarray, shape (points,)
        With the local maxima of the exact algorithm among the points.
    """
    power = 1 - float(alpha[0])
    y = np.union1d(np.linspace(0, most, points), _crossings(a, b, 1 - power, 0.0, c)[1].sum(axis=1))
    x = np.linspace(0, 1, shares) * y[:, None]
    both = np.stack([x, y[:, None] - x], axis=-1)
    s = both * (b - c * y[:, None, None] - a * both)
    payoff = (np.maximum(s, 0) ** power).sum(axis=-1) / power
    return y, np.where(s.min(axis=-1) >= 0, payoff, 0).max(axis=1)


def excess_demand(found, low, high, points=400):
    """Prices, F there, and its roots."""
    prices = np.linspace(low, high, points)
    return prices, found.excess(prices), found.roots
