"""Roots of F(p) = Σ_j y_j(p) − p/c: equilibrium prices, or prices at which one aggregator's payoff is stationary."""

from __future__ import annotations

import numpy as np

from .market import steepest, welfare_price

PASSES = 100
CELLS = 256
"""A search for all roots looks at this many cells between two exits, when only a handful of users can leave."""
WORK = 400_000
"""Users times prices looked at in one go."""
ULP = np.finfo(float).eps


def clearing_price(market) -> float:
    """A root of F.

    F is positive at the price that no purchase makes and negative where nobody buys, and jumps only upwards, so that a
    root lies between: it is kept in a bracket. Where F jumps, it is one between two neighbouring exits at both of which F
    has the signs that it has far away, and so no root just before an exit that it jumps back from.
    """
    ends = [block.b.max() for block in market.blocks]
    low, high = market.c * market.others, max(ends, default=0.0)
    if high <= low:
        return low
    start = welfare_price(market)
    if all(block.alone or block.alpha == 0 for block in market.blocks):
        return start
    if market.jumps:
        low, high = _piece(market, low, high, start)
    return float(falling_root(market, low, high, start))


def _piece(market, low, high, start):
    """Two neighbouring exits between which F changes its sign.

    Inside a piece F can be far steeper than across many, for whoever is about to leave takes nearly all. So the exits
    alone are looked at, by the secant of the bracket and every third time by its middle.
    """
    exits = market.exits
    ends = np.concatenate([[low], exits[(exits > low) & (exits < high)], [high]])
    left, right = 0, ends.size - 1
    at_left = at_right = None
    guess, looked = start, 0
    while right - left > 1:
        if looked % 3 == 2:
            middle = (left + right) // 2
        else:
            middle = int(np.clip(ends.searchsorted(guess), left + 1, right - 1))
        excess, slope = (float(found[0]) for found in market.excess(ends[middle : middle + 1]))
        if excess > 0:
            left, at_left = middle, excess
        else:
            right, at_right = middle, excess
        if at_left is None or at_right is None:
            guess = ends[middle] - excess / slope
        else:
            guess = ends[left] + (ends[right] - ends[left]) * at_left / (at_left - at_right)
        looked += 1
    return ends[left], ends[right]


def falling_root(market, low, high, start=None):
    """Roots of F, each between a price where F > 0 and one where F < 0: Newton inside the bracket, else bisection.

    Newton's next step would be some k times the square of this one, k as it was from the last step to this: where that is
    rounding, this one ends it.

    Parameters
    ----------
    low, high, start : array_like
        Of one shape, (cells,) or scalar.

    Returns
    -------
    ndarray, shape (cells,), or a scalar
    """
    scalar = np.ndim(low) == 0
    low, high = np.array(low, float, ndmin=1), np.array(high, float, ndmin=1)
    price = (low + high) / 2 if start is None else np.clip(np.array(start, float, ndmin=1), low, high)
    last, settled = high - low, np.zeros(low.shape, bool)
    for _ in range(PASSES):
        excess, slope = market.excess(price)
        low, high = np.where(excess > 0, price, low), np.where(excess < 0, price, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(settled | (excess == 0), 0.0, -excess / slope)
            ahead = np.abs(step) * (step / last) ** 2
        newton = (price + step > low) & (price + step < high) & (np.abs(step) <= 0.5 * last)
        settled |= (np.abs(step) <= ULP * np.abs(price)) | (high - low <= 2 * ULP * np.abs(high))
        new = np.where(settled, price, np.where(newton, price + step, (low + high) / 2))
        settled |= newton & (ahead <= ULP * np.abs(price))
        last, price = np.abs(new - price), new
        if settled.all():
            break
    return price[0] if scalar else price


def all_roots(market, known) -> np.ndarray:
    """Every root of F that a search finds, ascending, with the known one among them.

    The known one is the only one where F can be proved to fall (:func:`~.market.steepest`). Else F is looked at on both
    sides of each exit and at points between; cells in which it changes its sign, or turns back towards zero, are
    searched. Two roots closer than a cell can escape.
    """
    if steepest(market) <= 0:
        return np.array([known])
    low, high = market.c * market.others, max(block.b.max() for block in market.blocks)
    exits = market.exits
    exits = exits[(exits > low) & (exits < high)]
    ends = np.concatenate([[low], exits, [high]])
    inner = max(2, CELLS // (ends.size - 1))
    parts = np.linspace(0, 1, inner, endpoint=False)
    left = (ends[:-1, None] + np.diff(ends)[:, None] * parts).ravel()
    right = np.append(left[1:], high)
    right = np.where(np.isin(right, exits), np.nextafter(right, low), right)
    found = _searched(market, left, right)
    found = found[np.abs(found - known) > 1e-9 * known]
    return np.sort(np.append(found, known))


def _searched(market, left, right):
    """Roots in cells: those with a change of sign, and those halved into one where F turns back inside."""
    found = []
    for _ in range(40):
        at_left, rises_left = _in_parts(market, left)
        at_right, rises_right = _in_parts(market, right)
        falls = (at_left > 0) & (at_right <= 0)
        if falls.any():
            found.append(_in_parts(market, left[falls], right[falls]))
        rises = (at_left <= 0) & (at_right > 0)
        dips = (at_left > 0) & (at_right > 0) & (rises_left < 0) & (rises_right > 0)
        peaks = (at_left < 0) & (at_right < 0) & (rises_left > 0) & (rises_right < 0)
        turns = (dips | peaks) & (right - left > 1e-9 * np.abs(right))
        if rises.any():
            found.append(-_in_parts(_Mirror(market), -right[rises], -left[rises]))
        if not turns.any():
            break
        middle = (left[turns] + right[turns]) / 2
        left, right = np.concatenate([left[turns], middle]), np.concatenate([middle, right[turns]])
    return np.concatenate([*found, []])


class _Mirror:
    """F(−p), so that a root at which F rises becomes one at which it falls."""

    def __init__(self, market):
        self.market, self.a = market, market.a

    def excess(self, prices):
        excess, slope = self.market.excess(-prices)
        return excess, -slope


def _in_parts(market, low, high=None):
    """F and F' at many prices, or the roots in many cells, as much at once as fits."""
    size = max(1, WORK // market.a.size)
    parts = range(0, low.size, size)
    if high is None:
        found = [market.excess(low[i : i + size]) for i in parts]
        return np.concatenate([f for f, _ in found]), np.concatenate([s for _, s in found])
    return np.concatenate([falling_root(market, low[i : i + size], high[i : i + size]) for i in parts])
