"""Whether a division is in the core: no group of consumers would pay less on its own.

The game is v(S) = c(S) + Π for S ≠ ∅: whoever leaves with S pays its cost and another aggregator's profit. With Π ≥ 0 its
core is never empty, since c(S) = energy + κ σ_S is balanced (σ_S is a norm; Bondareva 1963, Shapley 1967) and Euler's
division of it is in the core. That a core bill also stays below the retailer's is a question for a linear program:
Π ≤ Σ R_i − c(G) is necessary and not sufficient.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from .shapley import deviations

TOLERANCE = 1e-9


def coalition_costs(energy, cov, kappa: float, profit: float = 0.0) -> np.ndarray:
    """v(S) of all coalitions, shape (2^N,), EUR, in the order of :func:`.shapley.deviations`; v(∅) = 0.

    Parameters
    ----------
    energy : array_like, shape (N,), EUR
    cov : array_like, shape (N, N), kWh², N ≤ 22
    kappa : float, EUR/kWh
    profit : float, EUR
    """
    cost = kappa * deviations(cov) + sums(energy) + profit
    cost[0] = 0.0
    return cost


def sums(amounts) -> np.ndarray:
    """Σ_{i ∈ S} of all coalitions, shape (2^N,)."""
    total = np.zeros(1)
    for amount in np.asarray(amounts, float):
        total = np.concatenate([total, total + amount])
    return total


def excess(bills, costs) -> float:
    """How much the most overcharged proper coalition pays above its own cost, EUR: in the core up to zero.

    Parameters
    ----------
    bills : array_like, shape (N,)
    costs : array_like, shape (2^N,)
        Of :func:`coalition_costs`. A single consumer has no proper coalition: its excess is −inf.
    """
    over = sums(bills)[1:-1] - np.asarray(costs)[1:-1]
    return float(over.max(initial=-np.inf))


class LeastCore(NamedTuple):
    """Bills that overcharge the most overcharged coalition least.

    Attributes
    ----------
    excess : float
        That coalition's, EUR; inf where no bills are within ``most``. The core (within ``most``) is empty where it is
        above zero.
    bills : ndarray or None, shape (N,), EUR
    coalitions : int
        How many rows the linear program had in the end, of 2^N − 2.
    """

    excess: float
    bills: np.ndarray | None
    coalitions: int


def least_core(costs, most=None) -> LeastCore:
    """min ε over bills with Σ_S y_i ≤ v(S) + ε for every proper S, Σ y_i = v(G) and y_i ≤ most_i.

    Rows are added as they are found to be violated, so that few of the 2^N coalitions are ever in the linear program.

    Parameters
    ----------
    costs : array_like, shape (2^N,)
    most : array_like, shape (N,), optional
        What each consumer pays at most, EUR: R_i makes this the test whether a core bill keeps everybody.
    """
    costs = np.asarray(costs, float)
    number = costs.size.bit_length() - 1
    if number == 1:
        fits = most is None or costs[1] <= np.asarray(most)[0] + TOLERANCE
        return LeastCore(-np.inf if fits else np.inf, costs[1:] if fits else None, 0)
    caps = np.full(number, np.inf) if most is None else np.asarray(most, float)
    rows = [1 << i for i in range(number)] + [costs.size - 1 - (1 << i) for i in range(number)]
    rows = list(dict.fromkeys(rows))
    scale = max(1.0, float(np.abs(costs).max()))
    while True:
        members = (np.array(rows)[:, None] >> np.arange(number) & 1).astype(float)
        answer = linprog(
            np.append(np.zeros(number), 1.0),
            A_ub=np.column_stack([members, -np.ones(len(rows))]),
            b_ub=costs[rows],
            A_eq=np.append(np.ones(number), 0.0)[None, :],
            b_eq=costs[-1:],
            bounds=[(None, cap) for cap in caps] + [(None, None)],
            method="highs",
        )
        if answer.status == 2:
            return LeastCore(np.inf, None, len(rows))
        if answer.status != 0:
            raise RuntimeError(f"least core of {number} consumers: the linear program ended with {answer.message}")
        bills, level = answer.x[:number], float(answer.x[number])
        over = sums(bills) - costs
        over[[0, -1]] = -np.inf
        worst = int(np.argmax(over))
        if over[worst] <= level + TOLERANCE * scale or worst in rows:
            return LeastCore(level, bills, len(rows))
        rows.append(worst)


def keeps_everybody(costs, retailer_bill) -> bool:
    """Whether some bills are in the core and none exceeds the retailer's."""
    return least_core(costs, retailer_bill).excess <= TOLERANCE * max(1.0, float(np.max(np.abs(costs))))
