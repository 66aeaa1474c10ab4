"""Forecast errors that pool, and what a kWh of them costs at the balancing prices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np

INDEFINITE = -1e-9
"""An eigenvalue of the correlations below this is no rounding."""
BIDS = ("mean", "newsvendor")


@dataclass(frozen=True, eq=False)
class Errors:
    """The consumers' forecast errors ε_i ~ N(0, σ_i).

    Parameters
    ----------
    sigma : array_like, shape (N,)
        σ_i ≥ 0, kWh.
    correlation : array_like, shape (N, N), or float
        ρ_ij, symmetric and positive semi-definite with a diagonal of ones. A number is every ρ_ij, i ≠ j; then nothing
        here takes more than O(N), but :attr:`covariance`.

    Raises
    ------
    ValueError
        A shape, a sign, or correlations that no random errors have.
    """

    sigma: np.ndarray
    correlation: np.ndarray | float

    def __post_init__(self):
        sigma, rho = np.asarray(self.sigma, float), np.asarray(self.correlation, float)
        if sigma.ndim != 1 or sigma.size == 0:
            raise ValueError(f"sigma: shape {sigma.shape}; give one number a consumer, and at least one consumer")
        wrong = ~(np.isfinite(sigma) & (sigma >= 0))
        if wrong.any():
            first = int(np.argmax(wrong))
            raise ValueError(f"sigma[{first}] = {sigma[first]}: must be finite and ≥ 0")
        if rho.ndim and rho.shape != (sigma.size, sigma.size):
            raise ValueError(f"correlation: shape {rho.shape} for {sigma.size} consumers; give N × N numbers or one")
        smallest = _smallest_eigenvalue(rho, sigma.size)
        if not smallest >= INDEFINITE:
            raise ValueError(
                f"correlation: no random errors have it (eigenvalue {smallest:.3g}); it must be positive semi-definite, "
                "for equal correlations between -1/(N-1) and 1"
            )
        object.__setattr__(self, "sigma", sigma)
        object.__setattr__(self, "correlation", rho if rho.ndim else float(rho))

    @property
    def number(self) -> int:
        return self.sigma.size

    @cached_property
    def covariance(self) -> np.ndarray:
        """Shape (N, N), kWh²."""
        rho = self.correlation
        if np.ndim(rho) == 0:
            rho = np.full((self.number, self.number), rho)
            np.fill_diagonal(rho, 1.0)
        return rho * np.outer(self.sigma, self.sigma)

    @cached_property
    def with_pool(self) -> np.ndarray:
        """Cov(ε_i, ε_G), shape (N,), kWh²."""
        if np.ndim(self.correlation) == 0:
            rho = self.correlation
            return (1 - rho) * np.square(self.sigma) + rho * self.sigma * self.sigma.sum()
        return self.sigma * (self.correlation @ self.sigma)

    @cached_property
    def pooled(self) -> float:
        """σ_G, kWh."""
        return math.sqrt(max(float(self.with_pool.sum()), 0.0))

    @cached_property
    def last(self) -> np.ndarray:
        """σ_G − σ_{G∖i}, what i adds to all others; shape (N,), kWh."""
        without = self.with_pool.sum() - 2 * self.with_pool + np.square(self.sigma)
        return self.pooled - np.sqrt(np.maximum(without, 0.0))

    @cached_property
    def equal_correlation(self) -> float:
        """The one ρ_ij, i ≠ j; NaN where they differ, zero for a single consumer."""
        if np.ndim(self.correlation) == 0:
            return self.correlation
        others = self.correlation[~np.eye(self.number, dtype=bool)]
        return math.nan if others.size and np.ptp(others) else float(others.max(initial=-1.0)) if others.size else 0.0

    @property
    def are_exchangeable(self) -> bool:
        return np.ptp(self.sigma) == 0 and not math.isnan(self.equal_correlation)


def is_possible(correlation) -> bool:
    """Whether some random errors have these correlations, shape (N, N), ones on the diagonal: none below zero by variance."""
    return bool(np.linalg.eigvalsh(np.asarray(correlation, float))[0] >= INDEFINITE)


def _smallest_eigenvalue(rho, number) -> float:
    if rho.ndim == 0:
        return float(min(1 - rho, 1 + (number - 1) * rho)) if number > 1 and np.isfinite(rho) else 0.0 * float(rho)
    if not np.isfinite(rho).all() or np.abs(rho - rho.T).max() > 1e-12 or np.abs(np.diag(rho) - 1).max() > 1e-12:
        raise ValueError("correlation: must be finite and symmetric with ones on its diagonal")
    return float(np.linalg.eigvalsh(rho)[0])


def imbalance_price(forward, surplus, shortage, bid: str = "mean") -> np.ndarray:
    """κ_t: what a kWh of standard deviation costs in expectation; EUR/kWh, the shape of the prices.

    Parameters
    ----------
    forward, surplus, shortage : array_like, EUR/kWh
        p_f, and p⁺ ≤ p_f ≤ p⁻ for power in excess and missing.
    bid : str
        ``"mean"``: the expected load is bought day-ahead, κ = (p⁻ − p⁺)/√(2π), for E[ε⁺] = E[ε⁻] = σ/√(2π).
        ``"newsvendor"``: the best quantity is, κ = (p⁻ − p⁺) φ(Φ⁻¹((p⁻ − p_f)/(p⁻ − p⁺))), which is never more.

    Raises
    ------
    ValueError
        Prices out of order: the aggregator would gain by being wrong.
    """
    forward, surplus, shortage = (np.asarray(price, float) for price in (forward, surplus, shortage))
    if not ((surplus <= forward) & (forward <= shortage)).all():
        raise ValueError("prices: must be ordered p⁺ ≤ p_f ≤ p⁻ in every period, or the aggregator gains by being wrong")
    spread = shortage - surplus
    if bid == "mean":
        return spread / math.sqrt(2 * math.pi)
    if bid != "newsvendor":
        raise ValueError(f"bid {bid!r}: choose from {', '.join(BIDS)}")
    normal = NormalDist()
    fractile = np.divide(shortage - forward, spread, out=np.zeros_like(spread), where=spread > 0)
    density = [normal.pdf(normal.inv_cdf(f)) if 0 < f < 1 else 0.0 for f in fractile.ravel()]
    return spread * np.reshape(density, spread.shape)
