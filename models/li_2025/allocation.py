"""What an aggregator buys and how it shares it, as a function of the market price alone.

Aggregator j buys x_i for its users; their surplus is s_i = x_i (t_i − a_i x_i) with t_i = b_i − p, and the price
p = c (Y_- + Σ x_i) rises with what it buys. It maximises Σ s_i^(1−α)/(1−α). With the weights w_i = s_i^(−α) the
derivative by x_k is w_k (t_k − 2 a_k x_k) − c Σ_i w_i x_i. So at a best response all w_k (t_k − 2 a_k x_k) are equal, to
some λ; with w_i = λ / (t_i − 2 a_i x_i) put back into the sum,

    (t_i − 2 a_i x_i) s_i^(−α) = λ,        c Σ_i x_i / (t_i − 2 a_i x_i) = 1.

What the others buy is in neither: y_j = Σ x_i depends on p alone. With m = a x / (t − 2 a x) and v = 1 + 2 m

    x = t m / (a v),     s = t² m (1 + m) / (a v²),     x / (t − 2 a x) = m / a,

the second condition is c Σ m_i / a_i = 1, and the first one, with β = 1/α and u = ln m, is

    η(u_i) = θ − (2 − β) ln t_i + ln a_i,     η(u) = u + ln(1 + m) − (2 − β) ln(1 + 2 m),     θ = −β ln λ.

η rises with slope e = (1 + 2 β m (1 + m)) / ((1 + m)(1 + 2 m)): 1 as m → 0, β as m → ∞. So m is largest for the user
with the largest pull a t^(β−2); its ln m is the unknown instead of θ, because it lies between bounds that are known and
is well scaled for every α. For α = ½, 1 and ∞ η is inverted by square roots, else by Newton in u, from the asymptote
that does not overshoot. α = 0 is the limit in which λ is common and users with t_i ≤ λ get nothing.

As p moves, t_i falls with it and θ follows. With ω = μ / e, μ = m / a, and h the harmonic mean of t weighted by ω,

    dy/dp = −Σ μ/v + (2 − β) Σ (ω/v²) (1 − t/h).

Because ω/v² = μ (1 + m) / (v (1 + 2 β m (1 + m))) and Σ μ = 1/c, for ½ ≤ α ≤ 1 every term is negative: y_j falls with
p. For α > 1 it may rise, but dy/dp < (1 − β)/c: see :func:`~.market.steepest`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

STEP = 1e-8
"""A Newton step this small is the last one: what it leaves is its square."""
SWING = 1e-9
"""Of ln m: steps from side to side below it are rounding."""
PASSES = 200


class Response(NamedTuple):
    """What aggregators do at a price.

    Attributes
    ----------
    purchase, slope : ndarray, shape (groups,)
        y and dy/dp.
    consumption : ndarray, shape (users,)
    level : ndarray, shape (groups,)
        The largest ln m; where to start at the next price.
    u : ndarray, shape (users,)
        ln m, likewise, where it was found by iterations.
    """

    purchase: np.ndarray
    slope: np.ndarray
    consumption: np.ndarray
    level: np.ndarray | None = None
    u: np.ndarray | None = None


def counts(starts, total) -> np.ndarray:
    """Sizes of the groups that begin at ``starts``."""
    ends = np.empty_like(starts)
    ends[:-1], ends[-1] = starts[1:], total
    return ends - starts


def respond(t, a, starts, alpha, c, level=None, u=None) -> Response:
    """The joint best response of aggregators of one α at a market price.

    Parameters
    ----------
    t : ndarray, shape (users,)
        b_i − p, positive.
    a : ndarray, shape (users,)
    starts : ndarray of int, shape (groups,)
        Where each aggregator's users begin; none is empty.
    alpha : float
        0 to ∞.
    c : float
        Slope of the price.
    level, u : ndarray, optional
        Those of a response nearby.
    """
    if alpha == 0:
        return _welfare(t, a, starts, c)
    sizes, beta = counts(starts, t.size), 1 / alpha
    if alpha in CLOSED:
        power, invert = CLOSED[alpha]
        pull = a / t**power
        pull /= np.maximum.reduceat(pull, starts).repeat(sizes)
    else:
        invert = _newton
        pull = np.log(a) - (2 - beta) * np.log(t)
        pull -= np.maximum.reduceat(pull, starts).repeat(sizes)
    level, m, e, u = _level(invert, level, pull, a, starts, sizes, beta, c, u)
    return _moved(t, a, starts, m, e, beta, level, u)


def _moved(t, a, starts, m, e, beta, level, u) -> Response:
    """Purchase and its derivative by the price, from m and its logarithmic slope."""
    v, share = 1 + 2 * m, m / a
    weight, x = share / e, t * share / v
    flat = weight / v**2
    terms = np.array((x, share / v, flat, t * flat, weight / t, weight))
    bought, falls, even, steep, hurt, whole = np.add.reduceat(terms, starts, axis=1)
    return Response(bought, (2 - beta) * (even - steep * hurt / whole) - falls, x, level, u)


def _level(invert, level, pull, a, starts, sizes, beta, c, u):
    """The largest ln m of each group such that c Σ m / a = 1: Newton on the logarithm of the sum, inside a bracket.

    Where it swings from one side to the other by steps that hardly shrink, as it does beside a user about to buy when α is
    near 0, the bracket is halved.
    Were all m equal, they would be 1 / (c Σ 1/a), which the largest is not below; and no m exceeds a / c.
    """
    low, high = -np.log(c * np.add.reduceat(1 / a, starts)), np.log(np.maximum.reduceat(a, starts) / c)
    level, before = low if level is None else np.clip(level, low, high), 0.0
    for _ in range(PASSES):
        largest = np.exp(level)
        rate = _slope(largest, beta)
        u, m, e = invert(largest, pull, sizes, beta, u)
        share = m / a
        total, growth = c * np.add.reduceat(np.array((share, share / e)), starts, axis=1)
        step = -np.log(total) * total / (growth * rate)
        low, high = np.where(step > 0, level, low), np.where(step < 0, level, high)
        new = level + step
        swings = (step * before < 0) & (np.abs(step) > np.maximum(np.abs(before) / 2, SWING))
        new, before = np.where((new < low) | (new > high) | swings, (low + high) / 2, new), step
        change = ((new - level) * rate).repeat(sizes) / e
        level = new
        if np.abs(change).max() <= STEP:
            return level, m * (1 + change), e, u
        u = None if u is None else u + np.clip(change, -2, 2)
    raise ArithmeticError(f"no level after {PASSES} passes at beta = {beta:g}")


def _slope(m, beta):
    """e, the derivative of η by ln m."""
    return (1 + 2 * beta * m * (1 + m)) / ((1 + m) * (1 + 2 * m))


def _half(largest, pull, sizes, beta, u):
    """α = ½: m (1 + m) = r."""
    r = pull * (largest * (1 + largest)).repeat(sizes)
    m = 2 * r / (1 + np.sqrt(1 + 4 * r))
    return None, m, _slope(m, beta)


def _one(largest, pull, sizes, beta, u):
    """α = 1: m (1 + m) / (1 + 2 m) = r."""
    r = pull * (largest * (1 + largest) / (1 + 2 * largest)).repeat(sizes)
    root = np.sqrt(1 + 4 * r * r)
    m = np.where(r < 0.25, 2 * r / (1 - 2 * r + root), (2 * r - 1 + root) / 2)
    return None, m, _slope(m, beta)


def _max_min(largest, pull, sizes, beta, u):
    """α = ∞: m (1 + m) / (1 + 2 m)² = r, all surpluses equal; 1 − 4 r is put together so that nothing cancels."""
    v = 1 + 2 * largest
    r = pull * (largest * (1 + largest) / v**2).repeat(sizes)
    root = np.sqrt((1 - pull) + pull * (v**-2).repeat(sizes))
    m = 2 * r / (root * (1 + root))
    return None, m, _slope(m, beta)


CLOSED = {0.5: (0, _half), 1.0: (1, _one), np.inf: (2, _max_min)}
"""α → the power of t that pulls, and the inverse of η."""


def _newton(largest, pull, sizes, beta, u):
    """Any α: η(u) = r. For β < 1.5 η is concave where it matters, for larger β convex."""
    r = pull + (np.log(largest) + np.log1p(largest) - (2 - beta) * np.log1p(2 * largest)).repeat(sizes)
    if u is None:
        few, many = r, (r + (2 - beta) * np.log(2)) / beta
        u = np.maximum(few, many) if beta < 1.5 else np.minimum(few, many)
    ceiling = np.log(largest).max() + 1
    for _ in range(PASSES):
        u = np.minimum(u, ceiling)
        m = np.exp(u)
        e = _slope(m, beta)
        step = (r - u - np.log1p(m) + (2 - beta) * np.log1p(2 * m)) / e
        u = u + step
        if np.abs(step).max() <= STEP:
            return u, m * (1 + step), e
    raise ArithmeticError(f"no ln m after {PASSES} passes at beta = {beta:g}")


def _welfare(t, a, starts, c) -> Response:
    """α = 0: x = (t − c y)⁺ / 2a, so y = Σ t/2a / (1 + c Σ 1/2a) over those who buy.

    Any set of users gives a y no larger than the true one, so whoever has t ≤ c y now never buys: sets only shrink.
    """
    half = 0.5 / a
    buys = np.ones(t.size)
    sizes = counts(starts, t.size)
    while True:
        value, weight = np.add.reduceat(np.array((t * half * buys, half * buys)), starts, axis=1)
        y = value / (1 + c * weight)
        margin = t - (c * y).repeat(sizes)
        if not np.any(buys * (margin <= 0)):
            return Response(y, -weight / (1 + c * weight), np.maximum(margin, 0) * half)
        buys *= margin > 0
