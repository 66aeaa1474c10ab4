"""What a consumer does with its shiftable loads at a price: each load's best response in closed form.

A load of power w runs μ periods between its earliest and latest one if that costs no more than its reservation price r
per kWh. An interruptible load takes the μ cheapest periods, a block load the cheapest μ in a row; it stays off where even
those cost more than r on average. Both linear programs of ``model.py`` have integral polytopes, so that these are their
answers too: this file is the oracle of the tests.

Ties are the one thing the price does not settle. Under a flat tariff every period is as cheap as any other. ``favour``
names what breaks them: another price vector (the wholesale price, for the leader's favour) and then the earliest period,
or the earliest period alone. A load whose best cost equals r is on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

TIE = 1e-9
"""Prices closer than this, relative to the largest, are equal."""


@dataclass(frozen=True, eq=False)
class Loads:
    """Shiftable loads, one entry each.

    Attributes
    ----------
    consumer : int ndarray, shape (L,)
        Position of its owner.
    block : bool ndarray, shape (L,)
        True for a block load, false for an interruptible one.
    power : ndarray, shape (L,), kW
        w; a period is an hour.
    duration : int ndarray, shape (L,)
        μ, periods.
    earliest, latest : int ndarray, shape (L,)
        First and last period it may run in, as positions; both inclusive.
    reservation : ndarray, shape (L,), EUR/kWh
        r.
    """

    consumer: np.ndarray
    block: np.ndarray
    power: np.ndarray
    duration: np.ndarray
    earliest: np.ndarray
    latest: np.ndarray
    reservation: np.ndarray

    def __len__(self) -> int:
        return len(self.power)

    @cached_property
    def value(self) -> np.ndarray:
        """r w μ, what running is worth; shape (L,), EUR."""
        return self.reservation * self.power * self.duration

    def take(self, which) -> Loads:
        """Some of the loads; ``which`` as an array is indexed."""
        return Loads(*(getattr(self, field.name)[which] for field in fields(self)))

    def at_any_price(self) -> Loads:
        """The same loads, willing to run whatever it costs."""
        return replace(self, reservation=np.full(len(self), 1e9))

    def per_consumer(self, amounts, number: int) -> np.ndarray:
        """Σ over each consumer's loads, shape (number, …)."""
        amounts = np.asarray(amounts, float)
        total = np.zeros((number, *amounts.shape[1:]))
        np.add.at(total, self.consumer, amounts)
        return total


class Schedule(NamedTuple):
    """What the loads do at a price.

    Attributes
    ----------
    on : bool ndarray, shape (L,)
    running : ndarray, shape (L, T)
        One in the periods a load runs in, if it is on.
    surplus : ndarray, shape (L,), EUR
        α, value less cost where on, zero where off.
    """

    on: np.ndarray
    running: np.ndarray
    surplus: np.ndarray


def best_response(loads: Loads, price, favour=None) -> Schedule:
    """Every load's best response.

    Parameters
    ----------
    loads : Loads
    price : array_like, shape (T,), EUR/kWh
    favour : array_like, shape (T,), optional
        Breaks ties among equally cheap periods; without it, and where it leaves a tie, the earliest does.
    """
    price = np.asarray(price, float)
    favour = np.zeros_like(price) if favour is None else np.asarray(favour, float)
    tie = TIE * max(1e-12, float(np.abs(price).max(initial=0.0)))
    running = np.zeros((len(loads), price.size))
    for load, place in enumerate(_cheapest(loads, price, favour, tie)):
        running[load, place] = 1.0
    mean = running @ price / loads.duration
    on = mean <= loads.reservation + tie
    running[~on] = 0.0
    surplus = np.where(on, loads.power * loads.duration * (loads.reservation - mean), 0.0)
    return Schedule(on, running, np.maximum(surplus, 0.0))


def _cheapest(loads, price, favour, tie):
    """The periods each load would run in, on or off."""
    for block, duration, first, last in zip(loads.block, loads.duration, loads.earliest, loads.latest, strict=True):
        own, other = price[first : last + 1], favour[first : last + 1]
        if block:
            cost, second = (np.convolve(part, np.ones(duration), "valid") for part in (own, other))
            start = first + _first_best(cost, second, tie * duration)
            yield slice(start, start + duration)
        else:
            level = np.partition(own, duration - 1)[duration - 1]
            rank = np.where(own < level - tie, -np.inf, np.where(own <= level + tie, other, np.inf))
            yield first + np.argsort(rank, kind="stable")[:duration]


def _first_best(cost, second, tie) -> int:
    tied = np.flatnonzero(cost <= cost.min() + tie)
    return int(tied[np.flatnonzero(second[tied] <= second[tied].min() + tie)[0]])


def supporting_rows(loads: Loads, schedule: Schedule, periods: int) -> tuple[np.ndarray, np.ndarray]:
    """H p ≤ h: the prices p at which the schedule is a best response.

    Returns
    -------
    H : ndarray, shape (rows, periods)
    h : ndarray, shape (rows,)

    Notes
    -----
    Block: no window is cheaper than the one it runs in, and that costs at most r μ; or each costs at least r μ. An
    interruptible load that is on: no period outside is cheaper than one inside (written with a pair for each), the mean is
    at most r. One that is off: its cheapest μ periods are worth more than r, which is no linear row; the rows of every μ
    periods would be too many, so that the sum of the μ smallest is said by the ones it takes to support it (see
    :func:`.pricing.supporting_price`, which adds those that are violated).
    """
    rows, bounds = [], []
    for load in range(len(loads)):
        duration, first, last = loads.duration[load], loads.earliest[load], loads.latest[load]
        worth = loads.reservation[load] * duration
        running = schedule.running[load]
        if schedule.on[load]:
            rows.append(running)
            bounds.append(worth)
        if loads.block[load]:
            windows = _windows(first, last, duration, periods)
            others = windows[(windows != running).any(axis=1)] if schedule.on[load] else windows
            rows.extend(running - others)
            bounds.extend([0.0 if schedule.on[load] else -worth] * len(others))
        elif schedule.on[load]:
            window = np.arange(first, last + 1)
            for inside in window[running[window] > 0]:
                for outside in window[running[window] == 0]:
                    row = np.zeros(periods)
                    row[inside], row[outside] = 1.0, -1.0
                    rows.append(row)
                    bounds.append(0.0)
    return np.array(rows).reshape(-1, periods), np.array(bounds)


def _windows(first, last, duration, periods) -> np.ndarray:
    starts = np.arange(first, last - duration + 2)
    windows = np.zeros((len(starts), periods))
    for row, start in zip(windows, starts, strict=True):
        row[start : start + duration] = 1.0
    return windows


def violated_when_off(loads: Loads, schedule: Schedule, price, tie: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows H p ≤ h that keep off what is off: for each interruptible load that would gain by running now, its cheapest μ."""
    rows, bounds = [], []
    off = np.flatnonzero(~schedule.on & ~loads.block)
    for load in off:
        first, last, duration = loads.earliest[load], loads.latest[load], loads.duration[load]
        cheapest = first + np.argsort(price[first : last + 1], kind="stable")[:duration]
        worth = loads.reservation[load] * duration
        if price[cheapest].sum() < worth - tie:
            row = np.zeros(len(price))
            row[cheapest] = -1.0
            rows.append(row)
            bounds.append(-worth)
    return np.array(rows).reshape(-1, len(price)), np.array(bounds)
