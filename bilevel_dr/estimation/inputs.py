"""Uncertain inputs by their moments; one may be an array that moves as one.

Correlated inputs are, standardised, a lower-triangular mix (the Cholesky factor of their correlation) of uncorrelated
*sources*. The sources' skewness and kurtosis are those that give every input its own back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ModelError

_ROUNDING = 1e-10


@dataclass(frozen=True)
class Inputs:
    """What is uncertain, and how.

    Attributes
    ----------
    means, stds : tuple of float or array
        Length m; an array of stds has the shape of its means.
    moving : array of int
        The inputs with a standard deviation other than zero.
    mix : (moving, sources) array
        Standardised input = mix @ sources; the identity where nothing is correlated.
    skewness, kurtosis : (sources,) array
        Of the sources, which are taken to be independent.
    """

    means: tuple
    stds: tuple
    moving: np.ndarray
    mix: np.ndarray
    skewness: np.ndarray
    kurtosis: np.ndarray

    def standard_locations(self, sources: np.ndarray) -> np.ndarray:
        """(n, m): the inputs in standard deviations from their means, for sources (n, sources)."""
        locations = np.zeros((len(sources), len(self.means)))
        locations[:, self.moving] = sources @ self.mix.T
        return locations

    def points(self, locations: np.ndarray) -> np.ndarray:
        """(n, m): what the function is called with; of dtype object where an input is an array."""
        columns = [
            [mean + location * std for location in column]
            for mean, std, column in zip(self.means, self.stds, locations.T, strict=True)
        ]
        if all(np.ndim(mean) == 0 for mean in self.means):
            return np.array(columns, float).T.reshape(locations.shape)
        points = np.empty(locations.shape, object)
        for number, column in enumerate(columns):
            for row, value in enumerate(column):
                points[row, number] = value
        return points


def read_inputs(means: Sequence, stds: Sequence, skewness, kurtosis, correlation) -> Inputs:
    """Check the moments of m inputs, and find the sources of those that move.

    Raises
    ------
    ModelError
        Shapes that do not fit, a negative or infinite number, a correlation that is none.
    """
    means, stds = _each("means", means), _each("stds", stds)
    if not means or len(means) != len(stds):
        raise ModelError(f"{len(means)} means beside {len(stds)} stds: give one of each an input, at least one")
    for number, (mean, std) in enumerate(zip(means, stds, strict=True)):
        if np.ndim(std) and np.shape(std) != np.shape(mean):
            raise ModelError(f"stds[{number}]: shape {np.shape(std)} beside means[{number}]'s {np.shape(mean)}")
        if np.min(std) < 0:
            raise ModelError(f"stds[{number}]: {np.min(std):g} is negative; a standard deviation is ≥ 0")
    moving = np.array([number for number, std in enumerate(stds) if np.any(std)], int)
    skewness = _per_input("skewness", skewness, len(means))[moving]
    kurtosis = _per_input("kurtosis", kurtosis, len(means))[moving]
    if correlation is None:
        return Inputs(means, stds, moving, np.eye(len(moving)), skewness, kurtosis)
    mix, pivots = _factor(_checked_correlation(correlation, len(means))[np.ix_(moving, moving)])
    return Inputs(
        means,
        stds,
        moving,
        mix[:, pivots],
        _of_sources("skewness", skewness, mix**3, pivots),
        3 + _of_sources("kurtosis", kurtosis - 3, mix**4, pivots),
    )


def _each(name: str, values) -> tuple:
    """One float or float array an input."""
    if not isinstance(values, Iterable) or getattr(values, "ndim", 1) == 0:
        raise ModelError(f"{name}={values!r}: give a sequence with one entry an input")
    return tuple(_numbers(f"{name}[{number}]", value) for number, value in enumerate(values))


def _numbers(name: str, value) -> float | np.ndarray:
    try:
        entry = np.array(value, float)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{name}: {value!r}; give a number or an array of numbers") from error
    if not np.isfinite(entry).all() or entry.size == 0:
        raise ModelError(f"{name}: {entry}; every number is finite, and there is at least one")
    return entry if entry.ndim else float(entry)


def _per_input(name: str, value, count: int) -> np.ndarray:
    values = _numbers(name, value)
    if np.shape(values) not in ((), (count,)):
        raise ModelError(f"{name}={value!r}: give one number for all inputs, or {count}, one for each")
    return np.broadcast_to(values, (count,))


def _checked_correlation(correlation, count: int) -> np.ndarray:
    matrix = np.atleast_1d(_numbers("correlation", correlation))
    if matrix.shape != (count, count):
        raise ModelError(f"correlation: shape {matrix.shape}; {count} inputs need ({count}, {count})")
    if not np.allclose(matrix, matrix.T, rtol=0, atol=_ROUNDING) or not np.allclose(np.diag(matrix), 1):
        raise ModelError("correlation: give a symmetric matrix with ones on its diagonal")
    lowest = np.linalg.eigvalsh(matrix)[0]
    if lowest < -_ROUNDING:
        raise ModelError(f"correlation: an eigenvalue is {lowest:.3g}; no random numbers are correlated like that")
    return matrix


def _factor(correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower-triangular L with L @ L.T = correlation, and which of its columns are not zero.

    Unlike ``numpy.linalg.cholesky`` it takes a singular matrix: an input that others settle has no source of its own.
    """
    factor = np.zeros_like(correlation)
    for k in range(len(correlation)):
        rest = correlation[k:, k] - factor[k:, :k] @ factor[k, :k]
        if rest[0] > _ROUNDING:
            factor[k:, k] = rest / np.sqrt(rest[0])
    return factor, np.diag(factor) > 0


def _of_sources(name: str, wanted: np.ndarray, powers: np.ndarray, pivots: np.ndarray) -> np.ndarray:
    """The sources' cumulants that add up to the inputs' ones: powers @ sources = wanted, powers lower-triangular."""
    sources = np.zeros(len(wanted))
    for k, value in enumerate(wanted):
        rest = value - powers[k, :k] @ sources[:k]
        if pivots[k]:
            sources[k] = rest / powers[k, k]
        elif abs(rest) > 1e-6 * max(1.0, abs(value)):
            raise ModelError(
                f"{name}: an input that others settle (correlation ±1) has the {name} that follows from theirs"
            )
    return sources[pivots]
