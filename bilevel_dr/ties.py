"""Whether a follower's best answer is the only one, and what the leader loses where it is not and ties go against it.

For linear and convex quadratic followers the set of best answers is a polyhedron: the rows, with ``cᵀy`` held at its best
value, and ``Qy`` held where the objective is quadratic (Mangasarian 1988). Two points of it differ along almost every
direction, so two linear programs along one random direction decide uniqueness.
"""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from pyomo.repn import generate_standard_repn

from .arrays import QuadraticForm
from .best_response import held
from .solvers.highs import minimise

SLACK = 1e-8
"""How far above its best value (scaled) an answer still counts as best."""


def is_unique(form: QuadraticForm, answer: np.ndarray) -> bool | None:
    """Whether ``answer`` is the only minimiser of a convex form; None where the linear programs did not solve."""
    direction = np.random.default_rng(0).normal(size=len(answer))
    scale = max(1.0, float(np.abs(answer).max(initial=0.0)))
    ends = [_over_best_answers(sign * direction, form, answer) for sign in (1.0, -1.0)]
    if any(end.status == "unbounded" for end in ends):
        return False
    if any(end.x is None for end in ends):
        return None
    return all(float(np.abs(end.x - answer).max(initial=0.0)) <= 1e-4 * scale for end in ends)


def pessimistic_value(leader, program, best: list[tuple]) -> float | None:
    """The leader's value where all followers break their ties against it, for a leader linear in the followers' variables.

    Parameters
    ----------
    leader : Objective data
        Of a copy that holds the point, the leader's own variables fixed.
    best : list of (Follower, QuadraticForm, ndarray)
        The followers with more than one best answer, and one best answer each.

    Returns
    -------
    float or None
        In the leader's sense; None where the leader is not linear in those variables or a program did not solve.
    """
    free = {id(v) for follower, _, _ in best for v in follower.variables}
    with held(v for v in program.variables if id(v) not in free):
        repn = generate_standard_repn(leader.expr, quadratic=True)
    if repn.nonlinear_expr is not None or repn.quadratic_coefs:
        return None
    sign = 1.0 if leader.sense == pyo.minimize else -1.0
    coefficient = {id(v): a for a, v in zip(repn.linear_coefs, repn.linear_vars, strict=True)}
    value = repn.constant
    for follower, form, answer in best:
        c = np.array([coefficient.get(id(v), 0.0) for v in follower.variables])
        worst = _over_best_answers(-sign * c, form, answer)
        if worst.status == "unbounded":
            return sign * math.inf
        if worst.x is None:
            return None
        value += float(c @ worst.x)
    return value


def _over_best_answers(direction, form: QuadraticForm, answer: np.ndarray):
    """min directionᵀy over the answers as good as ``answer``."""
    A, low, high = best_answers(form, answer)
    return minimise(direction, A, low, high, form.lower, form.upper)


def best_answers(form: QuadraticForm, answer: np.ndarray):
    """The answers as good as ``answer``, as rows ``low ≤ A y ≤ high`` within the form's bounds: ``A, low, high``."""
    value = float(form.c @ answer)
    room = SLACK * max(1.0, abs(value))
    blocks, low, high = (
        [form.A, sp.csr_array(form.c.reshape(1, -1))],
        [form.row_lower, [-math.inf]],
        [form.row_upper, [value + room]],
    )
    if not form.is_linear:
        held = form.Q @ answer
        rows = np.flatnonzero(np.diff(form.Q.tocsr().indptr))
        blocks.append(form.Q.tocsr()[rows])
        low.append(held[rows] - SLACK * np.maximum(1.0, np.abs(held[rows])))
        high.append(held[rows] + SLACK * np.maximum(1.0, np.abs(held[rows])))
    return sp.vstack(blocks), np.concatenate(low), np.concatenate(high)
