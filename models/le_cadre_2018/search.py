"""Schedules that a price supports at the largest profit, by annealing; each is judged by one linear program.

A price fails to support a schedule where some load would rather run otherwise. The program that looks for the largest
profit is therefore allowed to fall short, at a weight; what it then calls unhappy loads are moved to what they would
rather do. That alone cycles, so that a move that makes things worse is kept with a probability that falls with the loss
(Kirkpatrick, Gelatt and Vecchi 1983). Nothing is proved here: the closed form's bound says when to stop.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from . import pricing
from .game import Game
from .scheduling import Schedule, best_response

WEIGHT = 0.3
"""kWh; what a EUR/kWh of shortfall costs."""
TEMPERATURE = 0.005
"""EUR."""
CHANCE = 0.5
"""How often a load is moved at random although others are unhappy."""
RESTART = 300
"""Linear programs after which the search begins anew. With these four numbers base12 took 120 to 680 programs from six seeds."""


class _State(NamedTuple):
    schedule: Schedule
    value: float
    found: pricing.Supported


def search(game: Game, start: Schedule, bound: float, evaluations: int, seed: int) -> Schedule | None:
    """The best schedule met that a price supports, or None.

    Parameters
    ----------
    game : Game
    start : Schedule
    bound : float, EUR
        At this profit the search is over.
    evaluations : int
        Linear programs at most.
    seed : int
    """
    random = np.random.default_rng(seed)
    best, best_profit, state = None, -math.inf, None
    for number in range(evaluations):
        begin = number % RESTART == 0
        candidate = _judged(game, start if begin else _moved(game, state, random))
        if candidate.found.price is None and state is None:  # not even the bills can be made
            return None
        if candidate.found.shortfall == 0.0 and candidate.found.profit > best_profit:
            best, best_profit = candidate.schedule, candidate.found.profit
            if best_profit >= bound - 1e-9 * max(1.0, abs(bound)):
                break
        if candidate.found.price is not None and (begin or _accepts(state, candidate, random)):
            state = candidate
    return best


def _judged(game: Game, schedule: Schedule) -> _State:
    consumption, most = game.consumption(schedule), game.most(schedule)
    found = pricing.largest_profit(consumption, game.divide(schedule), most, game.loads, schedule, WEIGHT)
    return _State(schedule, found.profit - WEIGHT * found.shortfall, found)


def _accepts(state: _State, candidate: _State, random) -> bool:
    loss = state.value - candidate.value
    return loss <= 0.0 or random.random() < math.exp(-loss / TEMPERATURE)


def _moved(game: Game, state: _State, random) -> Schedule:
    """One unhappy load does what it prefers, or, every other time, some load what it would at a price of chance."""
    loads, schedule, price = game.loads, state.schedule, state.found.price
    wanted = best_response(loads, price, game.forward)
    gain = np.where(schedule.on, loads.value, 0.0) - loads.power * (schedule.running @ price)
    unhappy = np.flatnonzero(wanted.surplus > gain + 1e-8)
    if unhappy.size and random.random() > CHANCE:
        load = random.choice(unhappy)
    else:
        load = random.integers(len(loads))
        wanted = best_response(loads, random.uniform(0, 2 * price.mean(), price.size))
    on, running = schedule.on.copy(), schedule.running.copy()
    on[load], running[load] = wanted.on[load], wanted.running[load]
    return Schedule(on, running, schedule.surplus)
