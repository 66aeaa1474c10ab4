"""Large problems: leader decisions tried by the followers' answers first, and rows that play no part found there.

A start costs a continuation, the followers' answer to a leader decision a hundredth of it. So more decisions are answered
than started from; the best of them for the leader begin. A follower's inequality that keeps clear of its bound at all the
answers, by more than it moves between them, is taken to have no multiplier: its pair is left out, and its row if both sides
are. That is checked where the search ends, never assumed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pyomo.environ as pyo

from .starts import Answers
from .working import Working

LARGE = 500
"""Pairs from which on it pays."""
TRIED = 8
CLEAR = 2.0
"""How many times what it moves a slack has to be at least, for its row to be idle."""
AT_BOUND = 1e-6


class Screened(NamedTuple):
    """Leader decisions, the leader's favourite first, and the names of the pairs that are idle."""

    points: list[np.ndarray]
    idle: frozenset[str]


def screen(working: Working, points, clock) -> Screened:
    """Answer every leader decision, sort them by what the leader gets, and see which rows keep clear.

    Parameters
    ----------
    working : Working
        Its values are changed.
    points : list of array
        Leader decisions.
    clock : callable
        Seconds left, None where nothing limits.
    """
    answers, found = Answers(working), []
    for point in points:
        if found and clock() is not None and clock() <= 0.0:
            break
        outcome = answers.load(point)
        if outcome.status in ("optimal", "feasible"):
            slack = np.array([pyo.value(pair.right, exception=False) or 0.0 for pair in working.pairs])
            found.append((working.objective(), point, slack))
    if len(found) < 2:
        return Screened(list(points), frozenset())
    sign = 1.0 if working.minimises else -1.0
    found.sort(key=lambda one: math.inf if one[0] is None or math.isnan(one[0]) else sign * one[0])
    slacks = np.array([slack for _, _, slack in found])
    least, moved = slacks.min(axis=0), np.ptp(slacks, axis=0)
    clear = (least > CLEAR * moved) & (least > 1e3 * AT_BOUND)
    idle = (pair.name for pair, is_clear in zip(working.pairs, clear, strict=True) if is_clear and pair.kkt is not None)
    return Screened([point for _, point, _ in found], frozenset(idle))


def woken(working: Working) -> list[str]:
    """The idle pairs whose row is at its bound, or beyond it, at the values the working model holds."""
    return [pair.name for pair in working.idle if not (pyo.value(pair.right, exception=False) or 0.0) > AT_BOUND]
