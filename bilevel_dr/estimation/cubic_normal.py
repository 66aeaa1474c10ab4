"""A distribution with a given skewness and kurtosis: a cubic polynomial of a standard normal number.

Source: A. I. Fleishman, "A method for simulating non-normal distributions", Psychometrika 43 (1978) 521–532.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from ..errors import ModelError

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(16)  # exact up to degree 31: the tenth moment of a cubic


@dataclass(frozen=True)
class CubicNormal:
    """−c + b z + c z² + d z³ with z standard normal: mean 0, variance 1."""

    b: float
    c: float
    d: float

    def __call__(self, z: np.ndarray) -> np.ndarray:
        return -self.c + z * (self.b + z * (self.c + z * self.d))

    def moments(self, count: int) -> np.ndarray:
        """(count,): the moments of order 0, 1, … count − 1 ≤ 10."""
        return (_WEIGHTS / _WEIGHTS.sum()) @ np.vander(self(_NODES), count, increasing=True)


def cubic_normal(skewness: float, kurtosis: float) -> CubicNormal:
    """The cubic with mean 0, variance 1 and these moments; the normal itself for 0 and 3.

    Raises
    ------
    ModelError
        No cubic has them (the uniform distribution's 0 and 1.8, for example).
    """
    if skewness == 0 and kurtosis == 3:
        return CubicNormal(1.0, 0.0, 0.0)

    def residuals(coefficients):
        return CubicNormal(*coefficients).moments(5)[2:] - (1, skewness, kurtosis)

    found = least_squares(residuals, (1.0, skewness / 6, (kurtosis - 3) / 24), xtol=1e-15, ftol=1e-15, gtol=1e-15)
    if np.abs(found.fun).max() > 1e-9 * max(1.0, kurtosis):
        what = f"skewness {skewness:g} with kurtosis {kurtosis:g}"
        raise ModelError(f"{what}: no cubic of a normal number has them; use scheme '2m' or '2m+1', which need none")
    return CubicNormal(*map(float, found.x))
