"""What a paper's room offers to be played with: knobs that turn numbers of a case, and curves to look at. Plain data.

``models/<paper>/play.py`` states them in two functions of a loaded instance: ``knobs(instance)`` → list of Knob, and
``curves(instance)`` → mapping of a title to a function that makes of an answer, a Solution with a point, a Curve.
A ``quick(instance)`` beside them stands in for an exact algorithm that at times takes long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Knob:
    """A number of a case that can be turned.

    Attributes
    ----------
    name : str
        A Param of the model; its ``doc`` says what it means.
    low, high, step : float
        Between which values, and how fine.
    factor : bool
        The values of an indexed Param, all multiplied by the same number, instead of the value of a scalar.
    choices : tuple
        Values to choose from instead of a range.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    step: float = 0.1
    factor: bool = False
    choices: tuple = ()


@dataclass(frozen=True)
class Curve:
    """What becomes of the leader, above, and of its followers, below, along one decision or one number.

    Attributes
    ----------
    x : ndarray, shape (k,)
    across, up : str
        Labels of the axes, with units.
    lines : mapping of str to ndarray, shape (k,)
        Above: the leader's value; NaN where there is none.
    answers : mapping of str to ndarray, shape (k,)
        Below: what the followers answer.
    answered : str
        Label of the lower axis; empty where there is nothing below.
    marks : mapping of str to (float, float)
        Points of the upper panel, by what they are.
    steps : sequence of str
        Names of the x, where they are no numbers of a scale.
    zero : bool
        Whether the upper panel needs a line at zero.
    """

    x: np.ndarray
    across: str
    up: str
    lines: Mapping[str, np.ndarray]
    answers: Mapping[str, np.ndarray] = field(default_factory=dict)
    answered: str = ""
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    steps: Sequence[str] = ()
    zero: bool = False


def ticks(low: float, high: float, count: int, *special) -> np.ndarray:
    """``count`` even numbers from ``low`` to ``high`` and those of ``special`` that lie between, rising."""
    inside = np.concatenate([np.linspace(low, high, count), *(np.atleast_1d(np.asarray(s, float)) for s in special)])
    return np.unique(inside[(inside >= low) & (inside <= high)])
