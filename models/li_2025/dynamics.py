"""Algorithm 1: best-response dynamics on arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .deviation import best_response

STILL = 1e-12
"""Relative change of all purchases at which the dynamics stop."""


class History(NamedTuple):
    """Round by round, the start included.

    Attributes
    ----------
    purchases : ndarray, shape (rounds + 1, M)
    consumption : ndarray, shape (rounds + 1, N)
        What each aggregator gave its users when it last answered; zero before.
    price : ndarray, shape (rounds + 1,)
        Of the purchases of that round.
    residual : ndarray, shape (rounds + 1,)
        Largest change of a purchase in that round; NaN at the start.
    converged : bool
    """

    purchases: np.ndarray
    consumption: np.ndarray
    price: np.ndarray
    residual: np.ndarray
    converged: bool


def best_response_dynamics(a, b, group, alpha, c=0.001, start=0.0, rounds=100, simultaneous=False) -> History:
    """Every aggregator answers the others' purchases, in turn or all at once, until nothing moves.

    Parameters
    ----------
    a, b : array_like, shape (N,)
    group : array_like of int, shape (N,)
        From 0 to M − 1.
    alpha : float or array_like, shape (M,)
    c : float
    start : float or array_like, shape (M,)
        First purchases.
    rounds : int
        At most.
    simultaneous : bool
        All answer the last round; else each answers what stands, in the order of their numbers.

    Returns
    -------
    History
    """
    a, b, group = np.asarray(a, float), np.asarray(b, float), np.asarray(group)
    number = int(group.max()) + 1
    alpha = np.broadcast_to(np.asarray(alpha, float), number)
    y = np.broadcast_to(np.asarray(start, float), number).copy()
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    alone = number == a.size
    purchases, consumption, residual = [y.copy()], [np.zeros(a.size)], [np.nan]
    for _ in range(rounds):
        x, before = consumption[-1].copy(), y.copy()
        total = y.sum()
        if alone and simultaneous:
            y = np.maximum(b[order] - c * (total - before), 0) / (2 * (a[order] + c))
            x[order] = y
        else:
            for j, users in enumerate(members):
                others = (before.sum() if simultaneous else total) - before[j]
                if users.size == 1:
                    i = users[0]
                    x[i] = y[j] = max(0.0, (b[i] - c * others) / (2 * (a[i] + c)))
                else:
                    reply = best_response(a[users], b[users], alpha[j], others, c)
                    y[j], x[users] = reply.purchase, reply.consumption
                total += y[j] - before[j]
        purchases.append(y.copy())
        consumption.append(x)
        residual.append(np.abs(y - before).max())
        if residual[-1] <= STILL * max(1.0, np.abs(y).max()):
            break
    purchases = np.array(purchases)
    converged = residual[-1] <= STILL * max(1.0, np.abs(y).max())
    return History(purchases, np.array(consumption), c * purchases.sum(axis=1), np.array(residual), bool(converged))


def simultaneous_pull(a, b, price, c=0.001) -> float:
    """Σ c / (2 a + 3 c) over the single users who buy at an equilibrium price: simultaneous answers diverge above 1.

    With y_i = (b_i − c Y_-i) / (2 (a_i + c)) the answers move by y' = −D (1 1ᵀ − I) y, D_i = c / (2 (a_i + c)). An eigenvalue
    −μ satisfies Σ D_i / (μ + D_i) = 1, and the left side falls with μ: μ > 1 exactly if Σ D_i / (1 + D_i) > 1, which is
    Σ c / (2 a_i + 3 c) > 1.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    return float((c / (2 * a + 3 * c))[b > price].sum())
