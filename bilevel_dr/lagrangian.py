"""A non-convex quadratic follower answered globally where its Lagrangian is convex at the multipliers found.

Let y be a local answer with multipliers μ, and L(·, μ) the objective plus the multipliers times the rows. For μ of the right
signs L is below the objective on the feasible set. All functions being quadratic, L is one quadratic function; where it is
convex it is above its tangent plane at y, and the least value of that plane over the bounds of the variables is a lower
bound of the follower's objective over all its answers. A follower with curved equalities may hide convexity of this kind
(optimal power flow on a tree does); where the duality gap is not zero nothing is said.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

from .convexity.definiteness import definiteness
from .followers import Follower
from .solvers.nl import Outcome

SLOPELESS = 1e-7
"""Slope of the Lagrangian, over the size of its terms, that counts as none where a variable has no bound that way."""


def lagrangian_bound(follower: Follower, outcome: Outcome) -> float | None:
    """What no answer of the follower is below, in the sense of minimising.

    Parameters
    ----------
    follower : Follower
        The variables of everybody else fixed, its own at the answer of ``outcome``.
    outcome : Outcome
        A local answer with multipliers.

    Returns
    -------
    float or None
        None where a function is not quadratic, or the Lagrangian is not convex or not flat enough.
    """
    free = [v for v in follower.variables if not v.fixed and (v.lb is None or v.lb != v.ub)]
    column = {id(v): j for j, v in enumerate(free)}
    terms = [(follower.sign, follower.objective.expr, 0.0)]
    for row in follower.constraints:
        multiplier = outcome.row_multipliers.get(id(row), 0.0)  # positive where the upper side holds the row back
        side = row.upper if multiplier > 0.0 else row.lower
        if side is None:
            multiplier = 0.0
        if multiplier:
            terms.append((multiplier, row.body, pyo.value(side)))

    value, slope, size = 0.0, np.zeros(len(free)), np.zeros(len(free))
    entries: dict[tuple[int, int], float] = {}
    for factor, body, side in terms:
        repn = generate_standard_repn(body, compute_values=True, quadratic=True)
        if repn.nonlinear_expr is not None:
            return None
        value += factor * (pyo.value(body) - side)
        for number, v in zip(repn.linear_coefs, repn.linear_vars, strict=True):
            _add(column, slope, size, v, factor * number)
        for number, (v, w) in zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True):
            _add(column, slope, size, v, factor * number * w.value)
            _add(column, slope, size, w, factor * number * v.value)
            if id(v) in column and id(w) in column:
                key = tuple(sorted((column[id(v)], column[id(w)])))
                entries[key] = entries.get(key, 0.0) + factor * number * (2.0 if v is w else 1.0)

    diagonal = np.array([entries.pop((j, j), 0.0) for j in range(len(free))])
    rows, columns = np.array(list(entries), int).reshape(-1, 2).T
    if not definiteness(diagonal, rows, columns, np.array(list(entries.values()), float)).semidefinite:
        return None
    low, high = np.array([v.bounds for v in free], float).reshape(-1, 2).T  # None becomes NaN
    room = np.where(slope > 0.0, np.array([v.value for v in free]) - low, high - np.array([v.value for v in free]))
    open_ended = ~np.isfinite(room)
    if (np.abs(slope[open_ended]) > SLOPELESS * np.maximum(1.0, size[open_ended])).any():
        return None
    return value - float(np.abs(slope[~open_ended]) @ np.maximum(room[~open_ended], 0.0))


def _add(column, slope, size, variable, number) -> None:
    j = column.get(id(variable))
    if j is not None:
        slope[j] += number
        size[j] += abs(number)
