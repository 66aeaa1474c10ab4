"""Who pays what: eight cost-sharing rules, and the largest profit at which nobody pays more than the alternative.

A coalition's cost is c(S) = Σ_{i ∈ S} e_i + κ σ_S: energy at the day-ahead price and what imbalance is expected to cost.
The aggregator adds its profit Π and the rule parts c(G) + Π among the consumers. Every rule here has one form,

    y_i = own_i + part_i (c(G) + Π − Σ_j own_j),      Σ part_i = 1,

so that one formula gives every largest profit: Π* = min over part_i > 0 of (R_i − own_i) / part_i + Σ own_j − c(G), and a
consumer with part_i = 0 must have own_i ≤ R_i. With c_i = c({i}) and s_i = c(G) − c(G∖i):

====================  =====================================  ===================  ===========
rule                  meaning                                own_i                part_i
====================  =====================================  ===================  ===========
uniform_total         equal bills                            0                    1/N
uniform_energy        energy passed through, rest equal      e_i                  1/N
standalone_wholesale  in proportion to cost alone            0                    c_i / Σ c_j
standalone_retail     in proportion to the retailer's bills  0                    R_i / Σ R_j
shapley               Shapley value                          e_i + κ φ_i          1/N
ensc                  separable, the rest in equal parts     s_i                  1/N
aca                   separable, the rest by w_i = c_i − s_i s_i                  w_i / Σ w_j
euler                 covariance with the pool               e_i + κ Cov_i / σ_G  1/N
====================  =====================================  ===================  ===========

The paper names uniform, stand-alone, Shapley and (non-)separable costs; its formulas are lost to us, so that the readings
of a rule stand side by side here, and Euler's is an extra. Where Σ w_j = 0 (nobody gains by pooling) aca is ensc.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from . import shapley as values
from .imbalance import Errors

RULES = (
    "uniform_total", "uniform_energy", "standalone_wholesale", "standalone_retail", "shapley", "ensc", "aca", "euler",
)  # fmt: skip
WHOLE = ("uniform_total", "standalone_wholesale", "standalone_retail")
"""The rules that part the whole cost: nobody has an own part."""


class Division(NamedTuple):
    """A rule applied to one coalition: y = own + part (cost + Π − Σ own).

    Attributes
    ----------
    own : ndarray, shape (N,), EUR
    part : ndarray, shape (N,)
    cost : float, EUR
        c(G).
    """

    own: np.ndarray
    part: np.ndarray
    cost: float

    def bills(self, profit: float) -> np.ndarray:
        """y_i at a profit Π, shape (N,), EUR."""
        return self.own + self.part * (self.cost + profit - self.own.sum())

    def largest_profit(self, most) -> float:
        """The largest Π with y_i ≤ most_i for all i, EUR; −inf where a bill that does not depend on Π is too large."""
        paying = self.part > 0
        if (self.own[~paying] > np.asarray(most)[~paying] + 1e-12).any():
            return -math.inf
        rest = (np.asarray(most) - self.own)[paying] / self.part[paying]
        return float(rest.min() + self.own.sum() - self.cost)


def shapley(sigma, correlation) -> np.ndarray:
    """Shapley value of the pooled forecast error σ_G, without κ and energy.

    Parameters
    ----------
    sigma : array_like, shape (N,)
        Standard deviations, kWh.
    correlation : array_like, shape (N, N), or float
        A number is every ρ_ij, i ≠ j.

    Returns
    -------
    ndarray, shape (N,), kWh
        Exact for equal or independent errors and up to 22 consumers; beyond, an estimate from 400 permutations
        (:func:`.shapley.sampled` also says its standard error).

    Raises
    ------
    ValueError
        As :class:`.imbalance.Errors`.

    Examples
    --------
    >>> shapley([0.3, 0.4], 0)
    array([0.2, 0.3])
    """
    return values.shapley(Errors(sigma, correlation))


def euler(errors: Errors) -> np.ndarray:
    """Cov(ε_i, ε_G) / σ_G, shape (N,), kWh: in the core for any correlations."""
    return errors.with_pool / errors.pooled if errors.pooled > 0 else np.zeros(errors.number)


def parts_of_imbalance(rule: str, errors: Errors) -> tuple[np.ndarray, np.ndarray]:
    """Own parts of the pooled error, kWh, and how the rest is parted; each of shape (N,).

    The stand-alone rules part by more than the errors, so that theirs are equal here.

    Raises
    ------
    ValueError
        An unknown rule.
    """
    equal = np.full(errors.number, 1 / errors.number)
    if rule == "shapley":
        return values.shapley(errors), equal
    if rule == "euler":
        return euler(errors), equal
    if rule == "ensc":
        return errors.last, equal
    if rule == "aca":
        gain = np.maximum(errors.sigma - errors.last, 0.0)  # below zero by rounding only: σ_S is a norm
        return errors.last, gain / gain.sum() if gain.sum() > 1e-12 * errors.sigma.sum() else equal
    if rule in RULES:
        return np.zeros(errors.number), equal
    raise ValueError(f"rule {rule!r}: choose from {', '.join(RULES)}")


def divide(rule: str, retailer_bill, energy, sigma, correlation, kappa: float) -> Division:
    """A rule for one coalition.

    Parameters
    ----------
    rule : str
        One of :data:`RULES`.
    retailer_bill : array_like, shape (N,), EUR
        R_i ≥ 0; only ``standalone_retail`` parts by it.
    energy : array_like, shape (N,), EUR
        e_i ≥ 0, the consumption at the day-ahead price.
    sigma, correlation
        As in :func:`shapley`.
    kappa : float, EUR/kWh
        Σ_t κ_t, see :func:`.imbalance.imbalance_price`.

    Returns
    -------
    Division

    Raises
    ------
    ValueError
        An unknown rule, arrays of unequal length, or errors that do not exist.
    """
    errors = Errors(sigma, correlation)
    bill, energy = np.asarray(retailer_bill, float), np.asarray(energy, float)
    for name, amounts in (("retailer_bill", bill), ("energy", energy)):
        if amounts.shape != (errors.number,) or not np.isfinite(amounts).all():
            raise ValueError(f"{name}: shape {amounts.shape} for {errors.number} consumers; give one finite number each")
    if not 0 <= kappa < math.inf:
        raise ValueError(f"kappa = {kappa}: must be finite and ≥ 0")
    own, part = parts_of_imbalance(rule, errors)
    alone = energy + kappa * errors.sigma
    part = {"standalone_wholesale": alone, "standalone_retail": bill}.get(rule, part)
    part = part / part.sum() if part.sum() > 0 else np.full(errors.number, 1 / errors.number)
    passed = np.zeros_like(energy) if rule in WHOLE else energy
    return Division(passed + kappa * own, part, float(energy.sum() + kappa * errors.pooled))


def largest_profit(rule: str, retailer_bill, energy, sigma, correlation, kappa: float) -> float:
    """Π*, the largest net profit at which no consumer's bill exceeds the alternative; EUR.

    Parameters are those of :func:`divide`. With participation on surplus, hand over as ``retailer_bill`` the most each
    consumer pays before it leaves. Whether one common price p ≥ 0 makes these bills is another question:
    :mod:`.pricing` answers it.

    Examples
    --------
    >>> largest_profit("standalone_retail", [3.0, 5.0], [2.0, 4.0], [0.0, 0.0], 0, 1.0)
    2.0
    """
    return divide(rule, retailer_bill, energy, sigma, correlation, kappa).largest_profit(np.asarray(retailer_bill, float))
