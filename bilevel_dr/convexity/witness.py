"""A proof that a follower is not convex: two answers open to it at one decision of the others, and what lies halfway.

A convex objective is at most the mean of its ends there, and a convex feasible set holds the middle. Points are drawn
with a fixed seed inside the bounds and the affine rows, moved both ways along directions of negative curvature and
random ones, and kept only where all follower rows hold and the inequality is broken by far more than rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pyomo.core.expr.visitor import identify_variables

from .box import Box
from .definiteness import definiteness
from .evaluation import evaluate
from .ground import Function, Ground
from .hessian import MOST_VARIABLES, second_derivatives
from .rules import as_arrays

_REACHES = (3.0, 1e3)  # how far to look where there is no bound
_STEPS = (0.999, 0.3, 0.03)
_FEW = 8  # centres tried before the many
_WORK = 400  # suspects times own variables: where both are many, the first suspects stand for their like
_SURE = 1000.0  # times the rounding error
_SEEN = 1e-12  # of all the values that occur: a smaller violation may come from the last digits of the data


@dataclass(frozen=True)
class Witness:
    """Two answers of the follower, at one ``decision`` of the others, and the value that breaks convexity between them.

    Attributes
    ----------
    function : str
        Name of the objective or the row.
    missing : str
        What it is not: ``"convex"`` or ``"concave"`` for an objective, ``"a convex set"`` for a row.
    first, second : dict
        Name of own variable → value; the middle is their mean.
    decision : dict
        Name → value of the variables in its rows that others decide.
    middle, limit : float
        The value in the middle, and what it would have to keep to: the mean of both ends, or the bound of a row.
    relation : str
        ``">"`` where ``middle`` is above ``limit``, ``"<"`` where it is below.
    """

    function: str
    missing: str
    first: dict[str, float]
    second: dict[str, float]
    decision: dict[str, float]
    middle: float
    limit: float
    relation: str

    def __str__(self):
        moved = [name for name in self.first if self.first[name] != self.second[name]]
        ends = " and ".join(_listed({name: end[name] for name in moved}) for end in (self.first, self.second))
        at = f" with {_listed(self.decision)}" if self.decision else ""
        why = "its bound, which both keep" if self.missing == "a convex set" else "the mean of both"
        return (
            f"{self.function} is not {self.missing}: halfway between {ends}{at} "
            f"it is {self.middle:.6g} {self.relation} {self.limit:.6g}, {why}"
        )


def search(functions: Sequence[Function], rows: Sequence[Function], own, box: Box) -> Witness | None:
    """A witness against one of ``functions``, or None where none was found.

    Parameters
    ----------
    functions : sequence of Function
        The objective or the rows that were not proved.
    rows : sequence of Function
        All rows of the follower, and those that the others' decisions must satisfy.
    own : sequence of VarData
        The follower's variables.
    box : Box
        Where they and the others' variables can be.
    """
    ground = Ground.read(own, rows, functions, box)
    if ground is None:
        return None
    random = np.random.default_rng(0)
    with np.errstate(all="ignore"):  # outside its domain a function is NaN, and no witness
        for reach in _REACHES if ground.unbounded else _REACHES[:1]:
            centres = ground.centres(reach, random)
            if centres is None:
                continue
            for function in functions[: max(1, _WORK // len(own))]:
                for some, directions in _directions(ground, function, centres, random):
                    found = _look(ground, function, some, directions, reach)
                    if found is not None:
                        return found
    return None


def _look(ground, function, centres, directions, reach) -> Witness | None:
    """The clearest witness among centres moved both ways along own directions."""
    moves = np.zeros_like(centres)
    moves[:, : len(ground.own)] = directions
    room = ground.room(centres, moves, reach)
    keep = (room > 0) & np.isfinite(room)
    if not keep.any():
        return None
    middle = np.tile(centres[keep], (len(_STEPS), 1))
    moves = np.concatenate([moves[keep] * (step * room[keep])[:, None] for step in _STEPS])
    first, second = middle + moves, middle - moves
    noise = ground.noise(middle)
    values, errors = ground.value(function, np.concatenate([first, second, middle]), noise)
    (left, right, value), (left_error, right_error, error) = np.split(values, 3), np.split(errors, 3)
    allowed = ground.feasible(first, noise) & ground.feasible(second, noise)
    if function.is_row:
        over, under = value - function.high, function.low - value
        excess, limit = np.maximum(over, under), np.where(over > under, function.high, function.low)
    else:
        allowed &= ground.feasible(middle, noise)
        limit = (left + right) / 2
        excess, error = function.sign * (value - limit), error + (left_error + right_error) / 2
    doubt = _SURE * error + _SEEN * np.ptp(np.nan_to_num(values, posinf=0.0, neginf=0.0)) + np.finfo(float).tiny
    clear = np.where(allowed & np.isfinite(excess), excess / doubt, 0.0)
    best = int(np.argmax(clear))
    if not clear[best] > 1:
        return None
    return _witness(ground, function, first[best], second[best], float(value[best]), float(limit[best]))


def _witness(ground, function, first, second, value, limit):
    size = len(ground.own)
    first, second = (
        [(v.name, float(x)) for v, x in zip(ground.variables, point, strict=True)] for point in (first, second)
    )
    missing = "a convex set" if function.is_row else "convex" if function.sign > 0 else "concave"
    decision, relation = dict(first[size:]), ">" if value > limit else "<"
    return Witness(function.name, missing, dict(first[:size]), dict(second[:size]), decision, value, limit, relation)


def _directions(ground, function, centres, random):
    """Centres, and own directions (k, n) from them: of negative curvature, along one or two variables, anywhere."""
    for some in (centres[:_FEW], centres):
        for sense in function.senses:
            bent = _most_bent(ground, function, sense, some)
            if bent is not None:
                yield some, bent
    size = len(centres), len(ground.own)
    if ground.free is not None:
        yield centres, random.standard_normal((size[0], ground.free.shape[1])) @ ground.free.T
        return
    low, high = ground.window(_REACHES[0])
    anywhere = random.standard_normal(size) * (high - low)[: size[1]]
    yield centres, np.where(random.random(size) < 1.5 / size[1], anywhere, 0.0)
    yield centres, anywhere


def _most_bent(ground, function, sense, centres):
    """The own direction in which sense · function bends down most, at each centre; None where that is not computed."""
    place = {id(v): k for k, v in enumerate(ground.own)}
    if function.form is not None:
        form = {pair: sense * value for pair, value in function.form.items()}
        names, diagonal, rows, columns, values = as_arrays(form)
        names = [place[name] for name in names]
        if ground.free is None:
            direction, found = np.zeros(len(place)), definiteness(diagonal, rows, columns, values).direction
            if found is None:
                return None
            direction[names] = found
            return np.tile(direction, (len(centres), 1))
        hessian = np.diag(diagonal)
        hessian[rows, columns] = hessian[columns, rows] = values
        hessian = np.tile(hessian, (len(centres), 1, 1))
    else:
        moving = [v for v in identify_variables(function.body, include_fixed=False) if id(v) in place]
        entries = second_derivatives(function.body, moving) if len(moving) <= MOST_VARIABLES else None
        if not entries:
            return None
        names = [place[id(v)] for v in moving]
        points = {id(v): centres[:, k] for k, v in enumerate(ground.variables)}
        hessian = np.zeros((len(centres), len(moving), len(moving)))
        for (i, j), entry in entries.items():
            hessian[:, i, j] = hessian[:, j, i] = sense * evaluate(entry, points)[0]
        hessian[~np.isfinite(hessian).all(axis=(1, 2))] = 0.0
    basis = np.eye(len(place))[:, names] if ground.free is None else ground.free
    bends, vectors = np.linalg.eigh(basis[names].T @ hessian @ basis[names])
    return np.where(bends[:, :1] < 0, vectors[:, :, 0], 0.0) @ basis.T


def _listed(values):
    shown = list(values.items())[:4]
    more = ", …" if len(values) > len(shown) else ""
    return ", ".join(f"{name} = {value:.6g}" for name, value in shown) + more
