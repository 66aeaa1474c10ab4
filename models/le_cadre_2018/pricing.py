"""The price profile of least norm that makes given bills: min ‖p‖ s.t. A p = y, p ≥ 0, with A_it = d̂_it + x_it.

Without the sign, p♯ = A⁺y; with it, the KKT conditions are p = (Aᵀν)₊ for some ν, one number a consumer. Everything is
done on ν and the N × N Gram matrix A Aᵀ: for 300 consumers and a year of hours the pseudo-inverse of A takes minutes.
The price is unique for a given schedule, since ‖p‖² is strictly convex. What the schedule does at that price is another
question: :func:`supporting_price` also asks that it stays a best response.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import linprog, nnls

from .cost_sharing import Division
from .scheduling import Loads, Schedule, supporting_rows, violated_when_off

TOLERANCE = 1e-9
"""Relative residual ‖Ap − y‖ ≤ this ‖y‖ up to which the bills count as made."""


class Price(NamedTuple):
    """A price profile and what it is.

    Attributes
    ----------
    price : ndarray or None, shape (T,), EUR/kWh
        None where no price supports the schedule.
    status : str
        ``"pseudo-inverse"``: p♯ = A⁺y ≥ 0 is it. ``"quadratic program"``: some p_t are at zero. ``"infeasible"``: no
        p ≥ 0 makes these bills; the price is then the nonnegative one that comes nearest.
    residual : float
        ‖A p − y‖ / ‖y‖.
    at_zero : int ndarray
        The periods with p_t = 0 whose row has a multiplier.
    """

    price: np.ndarray | None
    status: str
    residual: float
    at_zero: np.ndarray


def least_norm(consumption, bills) -> Price:
    """The price of least l² norm that makes the bills, or the nearest where none does.

    Parameters
    ----------
    consumption : array_like, shape (N, T), kWh
        A, at least zero.
    bills : array_like, shape (N,), EUR

    Returns
    -------
    Price
    """
    a, y = np.asarray(consumption, float), np.asarray(bills, float)
    size = max(float(np.linalg.norm(y)), 1e-300)
    values, vectors = eigh(a @ a.T)
    kept = values > 1e-13 * values[-1] if len(values) else np.zeros(0, bool)

    def solved(rest):  # (A Aᵀ)⁺ rest
        return vectors[:, kept] @ ((vectors[:, kept].T @ rest) / values[kept])

    multiplier = solved(y)
    price = a.T @ multiplier
    residual = float(np.linalg.norm(a @ price - y)) / size
    if residual <= TOLERANCE and price.min(initial=0.0) >= -TOLERANCE * np.abs(price).max(initial=0.0):
        return Price(np.maximum(price, 0.0), "pseudo-inverse", residual, np.zeros(0, int))
    if residual <= TOLERANCE:  # A p = y can be met, by prices of any sign
        found = _newton(a, y, multiplier, size)
        if found is not None:
            price = a.T @ found
            at_zero = np.flatnonzero(price < 0.0)
            price = np.maximum(price, 0.0)
            return Price(price, "quadratic program", float(np.linalg.norm(a @ price - y)) / size, at_zero)
    price, distance = nnls(a, y)
    return Price(price, "infeasible", distance / size, np.flatnonzero(price == 0.0))


def _newton(a, y, multiplier, size, steps: int = 200):
    """ν with A (Aᵀν)₊ = y: the dual ½‖(Aᵀν)₊‖² − yᵀν is convex and piecewise quadratic, Newton's steps on it are damped
    by halving; None where they stop before the bills are made, as they must if no p ≥ 0 makes them."""
    nu = multiplier.copy()

    def dual(nu):
        price = np.maximum(a.T @ nu, 0.0)
        return 0.5 * price @ price - y @ nu, price

    value, price = dual(nu)
    for _ in range(steps):
        slope = a @ price - y
        if np.linalg.norm(slope) <= 0.1 * TOLERANCE * size:
            return nu
        active = a[:, price > 0]
        gram = active @ active.T
        step = np.linalg.lstsq(gram + 1e-12 * np.trace(gram) / len(gram) * np.eye(len(gram)), -slope, rcond=None)[0]
        length, descent = 1.0, float(slope @ step)
        if descent >= 0.0:
            return None
        while length > 1e-10:
            there, at = dual(nu + length * step)
            if there <= value + 1e-4 * length * descent or np.linalg.norm(a @ at - y) < 0.5 * np.linalg.norm(slope):
                break
            length /= 2
        else:
            return None
        nu, value, price = nu + length * step, there, at
        if np.abs(nu).max() > 1e12 * max(1.0, np.abs(multiplier).max()):
            return None
    return None


def supporting_price(consumption, bills, loads: Loads, schedule: Schedule) -> Price:
    """The price of least norm that makes the bills and at which the schedule is a best response.

    Parameters
    ----------
    consumption : array_like, shape (N, T), kWh
        With the schedule in it.
    bills : array_like, shape (N,), EUR
    loads : Loads
    schedule : Schedule

    Returns
    -------
    Price
        Status ``"pseudo-inverse"``, ``"quadratic program"``, or ``"infeasible"`` with no price.

    Notes
    -----
    p = p♯ + Z v with Z a basis of Ker A, so that ‖p‖² = ‖p♯‖² + ‖v‖² and what is left is a least distance problem,
    min ‖v‖ s.t. G v ≥ g, which nonnegative least squares solve (Lawson and Hanson 1974, chapter 23).
    """
    a, y = np.asarray(consumption, float), np.asarray(bills, float)
    size = max(float(np.linalg.norm(y)), 1e-300)
    left, values, right = np.linalg.svd(a)
    rank = int((values > 1e-7 * values[0]).sum())
    first = right[:rank].T @ ((left[:, :rank].T @ y) / values[:rank])
    residual = float(np.linalg.norm(a @ first - y)) / size
    if residual > TOLERANCE:
        return Price(None, "infeasible", residual, np.zeros(0, int))
    kernel = right[rank:].T
    rows, bounds = supporting_rows(loads, schedule, a.shape[1])
    tie = TOLERANCE * max(1.0, float(loads.reservation.max(initial=0.0)))
    while True:
        g = np.vstack([np.eye(a.shape[1]), -rows])
        short = np.concatenate([-first, rows @ first - bounds])
        step = _least_distance(g @ kernel, short)
        if step is None:
            return Price(None, "infeasible", residual, np.zeros(0, int))
        price = first + kernel @ step
        more, more_bounds = violated_when_off(loads, schedule, price, tie)
        if not len(more):
            break
        rows, bounds = np.vstack([rows, more]), np.concatenate([bounds, more_bounds])
    unmoved = not len(step) or np.abs(kernel @ step).max() <= TOLERANCE * np.abs(first).max(initial=0.0)
    price = np.maximum(price, 0.0)
    status = "pseudo-inverse" if unmoved else "quadratic program"
    return Price(price, status, float(np.linalg.norm(a @ price - y)) / size, np.flatnonzero(price <= tie))


def _least_distance(g, short):
    """min ‖v‖ s.t. G v ≥ g; None where nothing satisfies the rows."""
    slack = 1e-11 * max(1.0, np.abs(short).max(initial=0.0))
    if (short <= slack).all():
        return np.zeros(g.shape[1])
    if not g.shape[1]:
        return None
    scale = max(float(np.abs(short).max()), 1e-300)  # so that the answer is near one
    system = np.vstack([g.T, short / scale])
    target = np.append(np.zeros(g.shape[1]), 1.0)
    multiplier, distance = nnls(system, target, maxiter=30 * system.shape[1])
    if distance <= 1e-9:
        return None
    rest = target - system @ multiplier
    step = -scale * rest[:-1] / rest[-1]
    return step if (g @ step - short >= -1e-8 * max(1.0, scale)).all() else None


class Supported(NamedTuple):
    """What a schedule earns.

    Attributes
    ----------
    profit : float, EUR
        Π; −inf where no price makes the bills.
    price : ndarray or None, shape (T,), EUR/kWh
    shortfall : float, EUR/kWh
        By how much, in all, the price fails to make the schedule a best response; zero unless that was allowed.
    """

    profit: float
    price: np.ndarray | None
    shortfall: float


def largest_profit(consumption, division: Division, most, loads: Loads, schedule: Schedule, weight=None) -> Supported:
    """The largest Π for which some p ≥ 0 makes the rule's bills, none above ``most``, and supports the schedule.

    Parameters
    ----------
    consumption : array_like, shape (N, T), kWh
        With the schedule in it.
    division : Division
        The rule at this schedule.
    most : array_like, shape (N,), EUR
    loads : Loads
    schedule : Schedule
    weight : float, optional, kWh
        What a EUR/kWh of shortfall costs; by default none is allowed.
    """
    a = np.asarray(consumption, float)
    number, periods = a.shape
    rows, bounds = supporting_rows(loads, schedule, periods)
    tie = TOLERANCE * max(1.0, float(loads.reservation.max(initial=0.0)))
    while True:
        short = len(rows)
        answer = linprog(
            np.concatenate([np.zeros(periods), np.full(short, weight or 0.0), [-1.0]]),
            A_ub=np.block([[rows, -np.eye(short), np.zeros((short, 1))], [a, np.zeros((number, short + 1))]]),
            b_ub=np.concatenate([bounds, most]),
            A_eq=np.column_stack([a, np.zeros((number, short)), -division.part]),
            b_eq=division.bills(0.0),
            bounds=[(0, None)] * periods + [(0, None if weight else 0)] * short + [(None, None)],
            method="highs",
        )
        if answer.status != 0:
            return Supported(-np.inf, None, np.inf)
        price, shortfall = answer.x[:periods], float(answer.x[periods:-1].sum())
        more, more_bounds = violated_when_off(loads, schedule, price, tie)
        new = [k for k, row in enumerate(more) if not (rows == row).all(axis=1).any()]
        if not new:
            return Supported(float(answer.x[-1]), price, shortfall if shortfall > tie else 0.0)
        rows, bounds = np.vstack([rows, more[new]]), np.append(bounds, more_bounds[new])
