"""Where a sampled curve has a kink, and where it jumps: the places that make a leader's problem hard."""

from __future__ import annotations

import numpy as np

SHARP = 8.0
"""How much faster than beside it the slope must change over one step to count as a kink."""


def kinks(x, y, sharp: float = SHARP) -> np.ndarray:
    """Where the slope of a continuous, piecewise smooth curve changes at once.

    Parameters
    ----------
    x : array_like, shape (n,)
        Increasing.
    y : array_like, shape (n,)
        NaN where the curve has no value.
    sharp : float

    Returns
    -------
    ndarray, shape (k, 2)
        The kinks, each where the pieces beside it meet: between samples, to second order in their distance.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(x) < 6:
        return np.empty((0, 2))
    slope = np.diff(y) / np.diff(x)
    noise = 1e-5 * np.abs(slope[np.isfinite(slope)]).max(initial=0.0)
    found: list[tuple[float, float]] = []
    for k in range(2, len(slope) - 2):  # the step from x[k] to x[k + 1], and two steps on either side
        before, after = slope[k - 1], slope[k + 1]
        change = after - before
        usual = max(abs(slope[k - 1] - slope[k - 2]), abs(slope[k + 2] - slope[k + 1]), noise)
        if not abs(change) > sharp * usual:
            continue
        at = (y[k + 1] - after * x[k + 1] - y[k] + before * x[k]) / (before - after)
        room = 1e-6 * (x[k + 1] - x[k])
        if x[k] - room <= at <= x[k + 1] + room and not (found and at - found[-1][0] <= x[k + 1] - x[k]):
            found.append((at, y[k] + before * (at - x[k])))
    return np.array(found).reshape(-1, 2)


def jumps(x, y, sharp: float = SHARP) -> np.ndarray:
    """The steps over which a curve jumps.

    Returns
    -------
    ndarray of int, shape (k,)
        Each j stands for the step from ``x[j]`` to ``x[j + 1]``. Parameters are those of :func:`kinks`.
    """
    y = np.asarray(y, float)
    step = np.abs(np.diff(y))
    least = 1e-3 * np.ptp(y[np.isfinite(y)]) if np.isfinite(y).any() else 0.0
    left, right = np.r_[0.0, step[:-1]], np.r_[step[1:], 0.0]
    beside = np.maximum(np.nan_to_num(left), np.nan_to_num(right))
    with np.errstate(invalid="ignore"):
        return np.flatnonzero((step > sharp * beside) & (step > least) & (len(y) > 3))
