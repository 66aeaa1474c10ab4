"""How large a coalition should be under the Shapley value, for consumers with equal margins and exchangeable errors.

With K = κσ and a margin δ(N) per consumer the profit is Π(N) = N δ(N) − K √(N (1 + (N − 1) ρ)). A constant margin makes it
convex, so that an end point is best: one consumer or all there are. Only a margin that falls, δ(N) = a − bN, has an optimum
in between.
"""

from __future__ import annotations

import math

import numpy as np


def best_size(margin: float, slope: float, pooled_price: float, rho: float, most: int) -> tuple[int, float]:
    """The coalition size with the largest profit under the Shapley value, for exchangeable consumers.

    Π(N) = N δ(N) − K √(N (1 + (N − 1) ρ)) with the margin δ(N) = a − bN and K = κσ.

    Parameters
    ----------
    margin, slope : float, EUR and EUR per consumer
        a, and b ≥ 0. With b = 0 the profit is convex in N: the best size is an end point.
    pooled_price : float, EUR
        K ≥ 0.
    rho : float
        From 0 to 1.
    most : int
        N from 1 to this.

    Returns
    -------
    size : int
    profit : float, EUR
    """
    size = np.arange(1, most + 1)
    profit = size_profit(size, margin, slope, pooled_price, rho)
    best = int(np.argmax(profit))
    return int(size[best]), float(profit[best])


def size_profit(size, margin: float, slope: float, pooled_price: float, rho: float) -> np.ndarray:
    """Π(N) of :func:`best_size`; ``size`` may be any positive real numbers."""
    size = np.asarray(size, float)
    return size * (margin - slope * size) - pooled_price * np.sqrt(size * (1 + (size - 1) * rho))


def interior_size(margin: float, slope: float, pooled_price: float) -> float | None:
    """The real N that maximises Π(N) for ρ = 0 and b > 0: u² with u the largest root of 2bu³ − au + K/2 = 0.

    The derivative (a − 2bN) − K/(2√N), times u = √N, is minus this cubic. None where it has no real root above zero: then
    every coalition loses by growing.
    """
    p, q = -margin / (2 * slope), pooled_price / (4 * slope)
    if p >= 0 or 4 * p**3 + 27 * q**2 > 0:
        return None
    u = 2 * math.sqrt(-p / 3) * math.cos(math.acos(max(-1.0, 3 * q / (2 * p) * math.sqrt(-3 / p))) / 3)
    return u * u


def break_even_size(margin: float, pooled_price: float, rho: float) -> float | None:
    """N₀ from which a coalition with equal margins δ is worth forming: (1 − ρ)/((δ/K)² − ρ); None if it never is."""
    if pooled_price == 0:
        return 0.0 if margin > 0 else None
    excess = (margin / pooled_price) ** 2 - rho
    return (1 - rho) / excess if margin > 0 and excess > 0 else None
