"""A linear or quadratic problem in Pyomo → arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from pyomo.repn import generate_standard_repn

from .solvers.highs import ArrayAnswer, minimise


@dataclass(frozen=True)
class QuadraticForm:
    """min ½ yᵀQy + cᵀy + constant over row_lower ≤ Ay ≤ row_upper, lower ≤ y ≤ upper.

    Attributes
    ----------
    c, lower, upper : array (n,)
    Q : sparse (n, n), symmetric
    constant : float
    A : sparse (m, n)
    row_lower, row_upper : array (m,)
    integer : bool array (n,)
    """

    c: np.ndarray
    Q: sp.csc_array
    constant: float
    A: sp.csr_array
    row_lower: np.ndarray
    row_upper: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    integer: np.ndarray

    @property
    def is_linear(self) -> bool:
        return self.Q.nnz == 0

    def value(self, y: np.ndarray) -> float:
        return float(0.5 * y @ (self.Q @ y) + self.c @ y + self.constant)

    def minimise(self, time_limit=None, start=None) -> ArrayAnswer:
        """By HiGHS; integrality is ignored where the form is quadratic (see :mod:`bilevel_dr.tangents`)."""
        integer = self.integer if self.is_linear and self.integer.any() else None
        problem = self.c, self.A, self.row_lower, self.row_upper, self.lower, self.upper
        return minimise(*problem, None if self.is_linear else self.Q, integer, time_limit, start=start)


def quadratic_form(objective, sign, constraints, variables) -> QuadraticForm | None:
    """Arrays of ``min sign·objective`` over rows and variables, fixed variables being numbers.

    Returns
    -------
    QuadraticForm or None
        None where the objective is not quadratic, a row is not affine, or a row holds an unfixed variable not listed.
    """
    position = {id(v): j for j, v in enumerate(variables)}
    n = len(position)
    top = generate_standard_repn(objective, quadratic=True)
    if top.nonlinear_expr is not None:
        return None
    c, quadratic, linear, row_lower, row_upper = np.zeros(n), [], [], [], []
    try:
        for coefficient, variable in zip(top.linear_coefs, top.linear_vars, strict=True):
            c[position[id(variable)]] += sign * coefficient
        for coefficient, (left, right) in zip(top.quadratic_coefs, top.quadratic_vars, strict=True):
            i, j = position[id(left)], position[id(right)]
            quadratic += [(i, j, sign * coefficient), (j, i, sign * coefficient)]
        for i, row in enumerate(constraints):
            body = generate_standard_repn(row.body, quadratic=True)
            if body.nonlinear_expr is not None or body.quadratic_coefs:
                return None
            row_lower.append(-math.inf if row.lower is None else pyo.value(row.lower) - body.constant)
            row_upper.append(math.inf if row.upper is None else pyo.value(row.upper) - body.constant)
            linear += [(i, position[id(v)], a) for a, v in zip(body.linear_coefs, body.linear_vars, strict=True)]
    except KeyError:
        return None
    bounds = [v.bounds for v in variables]
    return QuadraticForm(
        c,
        _sparse(quadratic, (n, n)).tocsc(),
        sign * float(top.constant),
        _sparse(linear, (len(row_lower), n)).tocsr(),
        np.array(row_lower, float),
        np.array(row_upper, float),
        np.array([-math.inf if low is None else low for low, _ in bounds], float),
        np.array([math.inf if high is None else high for _, high in bounds], float),
        np.array([not v.is_continuous() for v in variables], bool),
    )


def _sparse(entries, shape):
    rows, columns, numbers = zip(*entries, strict=True) if entries else ((), (), ())
    return sp.coo_array((np.array(numbers, float), (np.array(rows, int), np.array(columns, int))), shape=shape)
