"""Mixed-integer convex quadratic problems on HiGHS, which has none: tangents below each square, until they meet it.

Outer approximation (Duran & Grossmann 1986) of ½ xᵀQx written as a sum of squares ½ Σ λ z², z = vᵀx from the eigenvectors
of Q (Q's own diagonal where it is diagonal). The linear problem gives the bound; its integers, held, give the point.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from .arrays import QuadraticForm
from .errors import ModelError
from .solvers.highs import ArrayAnswer, minimise


def minimise_by_tangents(
    form: QuadraticForm, gap: float = 1e-6, time_limit: float | None = None, rounds: int = 200
) -> ArrayAnswer:
    """Minimise a convex quadratic form with integer variables.

    Returns
    -------
    ArrayAnswer
        ``bound`` is the last linear problem's, ``value`` the point's own objective.

    Raises
    ------
    ModelError
        Q is not positive semi-definite.
    """
    began = time.perf_counter()
    weights, axes = _squares(form.Q)
    n, k = len(form.c), len(weights)
    reach_low, reach_high = _range_of(axes, form.lower, form.upper)
    points = np.linspace(
        np.where(np.isfinite(reach_low), reach_low, -1.0), np.where(np.isfinite(reach_high), reach_high, 1.0), 9
    )
    # columns: x, z = axes·x, t ≥ ½ weight z²
    definition = sp.hstack([axes, -sp.eye_array(k), sp.csr_array((k, k))], format="csr")
    rows = [sp.hstack([form.A, sp.csr_array((form.A.shape[0], 2 * k))], format="csr"), definition]
    low, high = [form.row_lower, np.zeros(k)], [form.row_upper, np.zeros(k)]
    lower = np.concatenate([form.lower, np.full(k, -np.inf), np.zeros(k)])
    upper = np.concatenate([form.upper, np.full(2 * k, np.inf)])
    cost = np.concatenate([form.c, np.zeros(k), np.ones(k)])
    integer = np.concatenate([form.integer, np.zeros(2 * k, bool)])

    def cut(which, at):
        """t ≥ weight (at z − at²/2) for the squares in ``which``."""
        m = len(which)
        data = np.concatenate([weights[which] * at, -np.ones(m)])
        index = (np.tile(np.arange(m), 2), np.concatenate([n + which, n + k + which]))
        rows.append(sp.coo_array((data, index), shape=(m, n + 2 * k)).tocsr())
        low.append(np.full(m, -np.inf))
        high.append(weights[which] * at**2 / 2)

    for at in points:
        cut(np.arange(k), at)
    best, value, bound = None, math.inf, -math.inf
    for _ in range(rounds):
        left = None if time_limit is None else time_limit - (time.perf_counter() - began)
        if left is not None and left <= 0.0:
            return ArrayAnswer("limit", best, value, bound=bound)
        answer = minimise(
            cost,
            sp.vstack(rows),
            np.concatenate(low),
            np.concatenate(high),
            lower,
            upper,
            None,
            integer,
            left,
            gap / 10,
        )
        if answer.x is None:
            return replace(answer, x=best, value=value, bound=bound) if best is not None else answer
        bound = max(bound, answer.bound + form.constant)
        x = answer.x[:n]
        held = np.round(x[form.integer])
        fixed_lower, fixed_upper = form.lower.copy(), form.upper.copy()
        fixed_lower[form.integer] = fixed_upper[form.integer] = held
        piece = minimise(
            form.c, form.A, form.row_lower, form.row_upper, fixed_lower, fixed_upper, form.Q, time_limit=left
        )
        for point in (x, piece.x if piece.status == "optimal" else None):
            if point is not None and form.value(point) < value:
                best, value = point, form.value(point)
        if value - bound <= gap * max(1.0, abs(value)):
            return ArrayAnswer("optimal", best, value, bound=bound)
        for point in {id(p): p for p in (x, best)}.values():
            z = axes @ point
            short = 0.5 * weights * z**2 - answer.x[n + k :]
            which = np.flatnonzero(short > gap * max(1.0, abs(value)) / (10 * k))
            if len(which):
                cut(which, z[which])
    return ArrayAnswer("limit", best, value, bound=bound)


def _squares(Q: sp.csc_array):
    """``weights`` (k,) and ``axes`` (k, n) with ½ xᵀQx = ½ Σ weights (axes x)²."""
    Q = sp.csc_array(Q)
    off = Q - sp.diags_array(Q.diagonal())
    if abs(off).sum() == 0.0:
        which = np.flatnonzero(Q.diagonal())
        weights, axes = Q.diagonal()[which], sp.eye_array(Q.shape[0], format="csr")[which]
    else:
        used = np.unique(Q.nonzero()[0])
        weights, vectors = np.linalg.eigh(Q[used][:, used].toarray())
        keep = np.abs(weights) > 1e-12 * np.abs(weights).max()
        weights = weights[keep]
        axes = sp.csr_array(vectors.T[keep]) @ sp.eye_array(Q.shape[0], format="csr")[used]
    if (weights < 0.0).any():
        raise ModelError(
            f"HiGHS takes convex quadratic objectives; this one curves down (eigenvalue {weights.min():.3g}): use solver='scip'"
        )
    return weights, sp.csr_array(axes)


def _range_of(axes, lower, upper):
    up, down = axes.maximum(0), axes.minimum(0)
    with np.errstate(invalid="ignore"):
        low = up @ np.nan_to_num(lower, neginf=-1e6) + down @ np.nan_to_num(upper, posinf=1e6)
        high = up @ np.nan_to_num(upper, posinf=1e6) + down @ np.nan_to_num(lower, neginf=-1e6)
    return low, high
