"""How much an aggregator could gain by buying something else, the others' purchases given.

A gain is relative, in the certainty-equivalent surplus L = (mean of s^(1−α))^(1/(1−α)): the surplus that, given to every
user, is as good as what they have. For α = 0 it is the mean, for α = 1 the geometric mean, for α = ∞ the smallest.

For α = 0 the payoff is concave in the consumption x. For α ≥ 1 so is ln L: every s_i = x_i (b_i − p − a_i x_i) is a product
of numbers that are linear in x, and ln L is a concave increasing function of the ln s_i. No x of a box can then exceed
the tangent plane at the answer, and the plane's largest value over the box is a rigorous bound. Users consume at most
(b_i − c Y_-) / a_i, where their surplus would be negative at the lowest price there can be. Where nearly nothing is to be
had, a gain is relative to 1e-9 of the users' mean surplus at a price of zero, below which L is rounding.

For 0 < α < 1 neither is concave. The payoff rises with the purchase where y_j(p) > p/c − Y_- and falls where it is less, so
its local maxima are the prices at which the two cross. They are listed and their payoffs compared. For α ≥ ½ the
difference falls between two users' exits, so that one cell between them has at most one crossing and none is missed;
for α < ½ a grid is searched.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .allocation import counts
from .market import Market
from .roots import _in_parts, clearing_price

NOTHING = 1e-9
"""Of the users' mean surplus at a price of zero: what L is at least taken for when a gain is relative to it."""
GRID = 64
LISTED = 2_000_000
"""Users times prices up to which crossings are listed; an aggregator that would need more is left unverified."""


class Reply(NamedTuple):
    """One aggregator's best response: what it and its users buy, the price then, and L."""

    purchase: float
    consumption: np.ndarray
    price: float
    value: float


def value(s, alpha, starts=(0,)) -> np.ndarray:
    """Certainty-equivalent surplus L of each group; 0 where α ≥ 1 and a user has none.

    Parameters
    ----------
    s : ndarray, shape (..., users)
    alpha : float
    starts : array_like of int, shape (groups,)

    Returns
    -------
    ndarray, shape (..., groups)
    """
    starts = np.asarray(starts)
    sizes = counts(starts, s.shape[-1])
    s = np.maximum(s, 0.0)
    if alpha == np.inf:
        return np.minimum.reduceat(s, starts, axis=-1)
    if alpha == 0:
        return np.add.reduceat(s, starts, axis=-1) / sizes
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(s)
        if alpha == 1:
            return np.exp(np.add.reduceat(log, starts, axis=-1) / sizes)
        power = (1 - alpha) * log
        top = np.maximum.reduceat(power, starts, axis=-1)
        mean = np.add.reduceat(np.exp(power - top.repeat(sizes, axis=-1)), starts, axis=-1) / sizes
        found = np.exp((top + np.log(mean)) / (1 - alpha))
    return np.where(np.isfinite(top), found, 0.0)


def largest_gains(market, price, y, x) -> np.ndarray:
    """The largest relative gain of each aggregator; NaN where it was not decided.

    Parameters
    ----------
    market : Market
    price : float
    y : ndarray, shape (aggregators,)
    x : ndarray, shape (users,)

    Returns
    -------
    ndarray, shape (aggregators,)
        A rigorous upper bound for α = 0, α ≥ 1 and users alone; the best listed crossing for 0 < α < 1. Aggregators that
        serve nobody gain nothing. Under the policy ``active`` no game is defined: NaN for α ≥ 1.
    """
    gains = np.zeros(y.size)
    for block in market.blocks:
        own, used = y[block.aggregators], x[block.users]
        if block.alone or block.alpha == 0:
            gains[block.aggregators] = _welfare_bound(block, price, own, used)
        elif block.alpha >= 1:
            gains[block.aggregators] = np.nan if block.leave else _fair_bound(block, price, own, used)
        else:
            gains[block.aggregators] = [_best_crossing(block, j, price, own[j], used) for j in range(own.size)]
    return gains


def _welfare_bound(block, price, y, x):
    """Tangent plane of Σ s at x, over the payoff."""
    starts, a, t = block.starts, block.a, block.b - price
    rest = (block.c * y).repeat(block.sizes)
    gradient = t - 2 * a * x - rest
    room = np.maximum((t + rest) / a, x)
    gain = np.maximum(gradient, 0) * (room - x) + np.maximum(-gradient, 0) * x
    gain, payoff, most = np.add.reduceat(np.array((gain, x * (t - a * x), block.b**2 / (4 * a))), starts, axis=1)
    return gain / np.maximum(payoff, NOTHING * most)


def _fair_bound(block, price, y, x):
    """Tangent plane of ln L at x; an aggregator that buys nothing has no payoff to gain."""
    buys = y > 0
    if not buys.any():
        return np.zeros(y.size)
    inside = buys.repeat(block.sizes)
    sizes = block.sizes[buys]
    starts = np.cumsum(sizes) - sizes
    a, x, t = block.a[inside], x[inside], block.b[inside] - price
    rest = (block.c * y[buys]).repeat(sizes)
    margin = t - 2 * a * x
    log = np.log(x) + np.log(t - a * x)
    s = np.exp(log)
    if block.alpha == np.inf:
        weight = s / margin
    else:
        power = (1 - block.alpha) * log
        weight = np.exp(power - np.maximum.reduceat(power, starts).repeat(sizes))
    weight /= np.add.reduceat(weight, starts).repeat(sizes)
    pull = np.add.reduceat(weight * x / s, starts)
    gradient = weight * margin / s - block.c * pull.repeat(sizes)
    room = np.maximum((t + rest) / a, x)
    gain = np.add.reduceat(np.maximum(gradient, 0) * (room - x) + np.maximum(-gradient, 0) * x, starts)
    if block.alpha == np.inf:  # the plane lies above the weighted mean of ln s, which is not the smallest of them
        gain = gain + np.add.reduceat(weight * log, starts) - np.minimum.reduceat(log, starts)
    has = value(s, block.alpha, starts)
    most = np.add.reduceat(block.b[inside] ** 2 / (4 * a), starts) / sizes
    gains = np.zeros(y.size)
    gains[buys] = np.expm1(np.maximum(gain, 0)) * has / np.maximum(has, NOTHING * most)
    return gains


def _best_crossing(block, j, price, y, x):
    """The best listed crossing of aggregator j of a block, 0 < α < 1, against what it has; NaN if they are too many."""
    users = slice(block.starts[j], block.starts[j] + block.sizes[j])
    a, b, x = block.a[users], block.b[users], x[users]
    found = _crossings(a, b, block.alpha, price / block.c - y, block.c)
    if found is None:
        return np.nan
    _, _, values = found
    has = value(x * (b - price - a * x), block.alpha)[0]
    return max(0.0, values.max(initial=0.0) - has) / max(has, NOTHING * np.mean(b**2 / (4 * a)))


def _crossings(a, b, alpha, others, c):
    """Prices, consumption and L at all local maxima of one aggregator's payoff, 0 < α < 1; None if they are too many."""
    alone = Market(a, b, np.array([0]), np.array([alpha]), c, others=others)
    low, high = c * others, b.max()
    if high <= low:
        return np.empty(0), np.empty((0, a.size)), np.empty(0)
    order = np.argsort(b)
    half = (0.5 / a[order])[::-1]
    weight, worth = np.cumsum(half)[::-1], np.cumsum(half * b[order][::-1])[::-1]
    exits = b[order]
    too_high = worth - exits * weight < exits / c - others  # x ≤ t/2a, so that no crossing lies above
    high = exits[np.argmax(too_high)]
    exits = np.unique(exits[(exits > low) & (exits < high)])
    if alpha < 0.5:
        exits = np.union1d(
            exits if exits.size < GRID else exits[:: exits.size // GRID], np.linspace(low, high, GRID)[1:-1]
        )
    if (exits.size + 1) * a.size > LISTED:
        return None
    left, right = np.append(low, exits), np.append(exits, high)
    if alpha >= 0.5:
        right = np.nextafter(right, low)
    falls = _in_parts(alone, left)[0] > 0
    left, right = left[falls], right[falls]
    if alpha <= 0.5:
        falls = _in_parts(alone, right)[0] <= 0
        left, right = left[falls], right[falls]
    prices = _in_parts(alone, left, right) if left.size else left
    consumption = alone.blocks[0].respond(prices)[2] if left.size else np.empty((0, a.size))
    s = consumption * (b - prices[:, None] - a * consumption)
    return prices, consumption, value(s, alpha)[:, 0] if left.size else np.empty(0)


def best_response(a, b, alpha, others, c=0.001) -> Reply:
    """What one aggregator buys when the others buy a given amount, and how it shares it.

    Parameters
    ----------
    a, b : array_like, shape (users,)
    alpha : float
    others : float
        Y_-, what is bought besides.
    c : float

    Returns
    -------
    Reply
        For α ≥ 1 nothing is bought where a user has b_i ≤ c Y_-. For 0 < α < 1 the best of all crossings.

    Raises
    ------
    ArithmeticError
        0 < α < 1 and too many users could leave for all crossings to be listed.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if 0 < alpha < 1 and a.size > 1:
        found = _crossings(a, b, alpha, others, c)
        if found is None:
            raise ArithmeticError(
                f"too many of {a.size} users could leave to compare all local maxima at alpha = {alpha:g}"
            )
        prices, consumption, values = found
        if not values.size:
            return Reply(0.0, np.zeros(a.size), c * others, 0.0)
        best = np.argmax(values)
        return Reply(float(consumption[best].sum()), consumption[best], float(prices[best]), float(values[best]))
    alone = Market(a, b, np.array([0]), np.array([float(alpha)]), c, others=others)
    price = clearing_price(alone)
    y, x = alone.purchases(price)
    return Reply(float(y[0]), x, price, float(value(x * (b - price - a * x), alpha)[0]))
