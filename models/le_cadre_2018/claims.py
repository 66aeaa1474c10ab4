"""What the abstract claims, tried on seeded draws: under which assumption it holds, and how often.

A claim is a sentence and a function of random numbers that says whether it held this time. Whatever the paper assumes
beyond its abstract is lost to us, so that each claim is tried under more than one assumption.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import core, pricing, size
from .cost_sharing import divide, largest_profit
from .imbalance import Errors
from .shapley import shapley

CLOSE = 1e-9
KAPPA = 0.25
FOUR = ("uniform_energy", "standalone_wholesale", "shapley", "ensc")


class Claim(NamedTuple):
    """One row of the table.

    Attributes
    ----------
    claim, assumption : str
    always : bool
        Whether we expect it to hold in every draw: it is a theorem under the assumption.
    holds : callable
        From a random generator to whether it held.
    """

    claim: str
    assumption: str
    always: bool
    holds: Callable


def tried(draws: int, seed: int = 0) -> list[dict]:
    """Every claim on its own draws: ``claim, assumption, draws, held, theorem``."""
    rows = []
    for number, claim in enumerate(CLAIMS):
        random = np.random.default_rng([seed, number])
        held = sum(bool(claim.holds(random)) for _ in range(draws))
        rows.append(
            {"claim": claim.claim, "assumption": claim.assumption, "draws": draws, "held": held, "theorem": claim.always}
        )
    return rows


# What is drawn --------------------------------------------------------------------------------------------------------


def _energy(random, number):
    return random.uniform(0.8, 3.0, number)


def _bills(random, energy):
    """Retailers' bills with a margin of their own each: tariffs and profiles differ."""
    return energy * random.uniform(1.0, 1.2, energy.size) + 0.02


def _free(random, number) -> Errors:
    """Any correlations: a Wishart draw of low rank."""
    factors = random.normal(size=(number, max(2, number // 2)))
    cov = factors @ factors.T + 0.05 * np.eye(number)
    spread = np.sqrt(np.diag(cov))
    rho = cov / np.outer(spread, spread)
    np.fill_diagonal(rho, 1.0)
    return Errors(random.uniform(0.05, 0.4, number), (rho + rho.T) / 2)


def _equal(random, number) -> Errors:
    """One correlation, standard deviations of their own."""
    return Errors(random.uniform(0.05, 0.4, number), float(random.uniform(-0.9 / max(number - 1, 1), 0.9)))


def _exchangeable(random, number) -> Errors:
    return Errors(np.full(number, random.uniform(0.05, 0.4)), float(random.uniform(0, 0.9)))


def _arguments(random, errors, flat=False):
    energy = _energy(random, errors.number)
    bill = energy * random.uniform(1.0, 1.2) if flat else _bills(random, energy)
    if flat:  # and nobody is better off at wholesale alone: R_i ≥ c_i
        bill = np.maximum(bill[0] / energy[0], 1 + KAPPA * errors.sigma[0] / energy.min()) * energy
    return bill, energy, errors.sigma, errors.correlation, KAPPA


def _size(random):
    return int(random.integers(2, 9))


# Whether it held ------------------------------------------------------------------------------------------------------


def _is_what_bisection_finds(random):
    arguments = _arguments(random, _free(random, _size(random)))
    return all(abs(largest_profit(rule, *arguments) - bisected(rule, *arguments)) <= 1e-7 for rule in FOUR)


def bisected(rule, bill, *rest) -> float:
    """The largest Π at which no bill exceeds R_i, by halving; EUR."""
    low, high = -1e3, 1e3
    division = divide(rule, bill, *rest)
    for _ in range(60):
        middle = (low + high) / 2
        fits = (division.bills(middle) <= bill).all()
        low, high = (middle, high) if fits else (low, middle)
    return low


def _core_is_not_empty(errors):
    def holds(random):
        drawn = errors(random, _size(random))
        costs = core.coalition_costs(_energy(random, drawn.number), drawn.covariance, KAPPA, random.uniform(0, 1))
        return core.least_core(costs).excess <= CLOSE

    return holds


def _core_keeps_everybody(random):
    bill, energy, *_ = _arguments(random, errors := _free(random, _size(random)))
    profit = float(bill.sum() - energy.sum() - KAPPA * errors.pooled) * random.random()
    return core.keeps_everybody(core.coalition_costs(energy, errors.covariance, KAPPA, max(profit, 0.0)), bill)


def _shapley_in_core(errors):
    def holds(random):
        drawn = errors(random, _size(random))
        costs = core.coalition_costs(np.zeros(drawn.number), drawn.covariance, 1.0)
        return core.excess(shapley(drawn), costs) <= CLOSE

    return holds


def _standalone_above_shapley(base, errors, flat=False):
    def holds(random):
        arguments = _arguments(random, errors(random, _size(random)), flat)
        return largest_profit(base, *arguments) >= largest_profit("shapley", *arguments) - CLOSE

    return holds


def _shapley_is_uniform(base, errors):
    def holds(random):
        arguments = _arguments(random, errors(random, _size(random)))
        return abs(largest_profit("shapley", *arguments) - largest_profit(base, *arguments)) <= CLOSE

    return holds


def _best_size_is_an_end(random):
    best, _ = size.best_size(random.uniform(0.01, 1), 0.0, random.uniform(0.01, 2), random.uniform(0, 0.9), 60)
    return best in (1, 60)


def _best_size_is_the_cubics(random):
    margin, slope, price = random.uniform(0.3, 1), random.uniform(0.005, 0.02), random.uniform(0.01, 0.4)
    interior = size.interior_size(margin, slope, price)
    near = [n for n in (int(np.floor(interior)), int(np.ceil(interior))) if 1 <= n <= 300]
    profits = size.size_profit(np.arange(1, 301), margin, slope, price, 0.0)
    return profits.max() <= size.size_profit(near, margin, slope, price, 0.0).max() + CLOSE


def _bills_are_lower_below(random):
    bill, *rest = _arguments(random, _free(random, _size(random)))
    for rule in FOUR:
        most, division = largest_profit(rule, bill, *rest), divide(rule, bill, *rest)
        if (division.bills(most - 1e-6) > bill).any() or (division.bills(most + 1e-6) <= bill).all():
            return False
    return True


def _bills_are_lower_at_a_gain(random):
    arguments = _arguments(random, _free(random, _size(random)))
    return all(largest_profit(rule, *arguments) > 0 for rule in FOUR)


def _price_is_unique(random):
    """Any other price p ≥ 0 that makes the same bills is larger: the one that made them, and all in between."""
    consumption = random.uniform(0, 1, (_size(random), 24))
    made = np.maximum(random.normal(0.12, 0.1, 24), 0.0)
    found = pricing.least_norm(consumption, consumption @ made)
    between = found.price + np.geomspace(1e-3, 1, 20)[:, None] * (made - found.price)
    same = np.abs(between @ consumption.T - consumption @ made).max() <= 1e-7
    return same and (np.square(between).sum(1) > found.price @ found.price).all()


CLAIMS = (
    Claim("the largest profit has the closed forms", "four rules, any errors", True, _is_what_bisection_finds),
    Claim("the core is not empty", "any correlations, profit of at least zero", True, _core_is_not_empty(_free)),
    Claim("some core bills are all below the retailer's", "profit up to ΣR − c(G), any errors", False, _core_keeps_everybody),
    Claim("Shapley's division is in the core", "one correlation for all", False, _shapley_in_core(_equal)),
    Claim("Shapley's division is in the core", "any correlations", False, _shapley_in_core(_free)),
    Claim("stand-alone earns no less than Shapley", "in proportion to the retailer's bills, any errors", True,
          _standalone_above_shapley("standalone_retail", _free)),
    Claim("stand-alone earns no less than Shapley", "wholesale costs, exchangeable errors, flat tariffs, R ≥ c", True,
          _standalone_above_shapley("standalone_wholesale", _exchangeable, True)),
    Claim("stand-alone earns no less than Shapley", "wholesale costs, any errors and tariffs", False,
          _standalone_above_shapley("standalone_wholesale", _free)),
    Claim("Shapley coincides with uniform", "energy passed through, exchangeable errors", True,
          _shapley_is_uniform("uniform_energy", _exchangeable)),
    Claim("Shapley coincides with uniform", "energy passed through, any errors", False,
          _shapley_is_uniform("uniform_energy", _free)),
    Claim("Shapley coincides with uniform", "the whole cost in equal parts, exchangeable errors", False,
          _shapley_is_uniform("uniform_total", _exchangeable)),
    Claim("the best size is an end point", "Shapley, exchangeable errors, one margin", True, _best_size_is_an_end),
    Claim("the best size is the cubic's root, rounded", "Shapley, independent errors, falling margin", True,
          _best_size_is_the_cubics),
    Claim("below a profit, and only there, every bill is lower", "four rules, any errors", True, _bills_are_lower_below),
    Claim("that profit is a gain", "four rules, any errors and tariffs", False, _bills_are_lower_at_a_gain),
    Claim("the price of least norm is unique", "for a given schedule", True, _price_is_unique),
)  # fmt: skip
