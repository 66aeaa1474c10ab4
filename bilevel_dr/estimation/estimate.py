"""The result of an estimate: moments of every output, in the form in which the function returns it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ModelError, SolverFailed

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Plan:
    """Where a function is to be evaluated, and what each point weighs: see :class:`Estimate`."""

    points: np.ndarray
    weights: np.ndarray
    locations: np.ndarray
    scheme: str


@dataclass(frozen=True, eq=False)
class Estimate:
    """Moments of a function of uncertain inputs, and the points they come from.

    Attributes
    ----------
    mean, std : float, array or dict
        In the form that the function returns.
    points : (n, m) array
        What the function was called with, a row an evaluation; of dtype object where an input is an array.
    weights : (n,) array
        Sum to 1.
    locations : (n, m) array
        The inputs in standard deviations from their means.
    outputs : tuple
        What the function returned, point by point.
    scheme : str
        ``"2m"``, ``"2m+1"``, ``"4m+1"``, ``"sobol"`` or ``"random"``.
    standard_error : float, array, dict or None
        Of the mean; None where the points are not independent samples.
    """

    mean: object
    std: object
    points: np.ndarray
    weights: np.ndarray
    locations: np.ndarray
    outputs: tuple
    scheme: str
    standard_error: object = None

    def moment(self, order: int):
        """E Z^order of every output, about zero, in the form that the function returns."""
        flat = _flat(self.outputs)
        return _formed(self.weights @ flat**order, self.outputs[0])

    @property
    def table(self):
        """DataFrame, one row an evaluation: locations, weight, inputs that are numbers, outputs."""
        import pandas as pd

        inputs = range(self.points.shape[1])
        columns = {f"location[{k}]": self.locations[:, k] for k in inputs} | {"weight": self.weights}
        columns |= {f"input[{k}]": self.points[:, k] for k in inputs if np.ndim(self.points[0, k]) == 0}
        flat = _flat(self.outputs)
        return pd.DataFrame(columns | dict(zip(labels(self.outputs[0]), flat.T, strict=True)))


def estimate(outputs: Sequence, plan: Plan) -> Estimate:
    """Weigh the outputs of all points of a plan.

    Raises
    ------
    SolverFailed
        An output is no finite number.
    ModelError
        Outputs of different forms, or a negative variance.
    """
    outputs = tuple(outputs)
    flat = _flat(outputs)
    wrong = np.argwhere(~np.isfinite(flat))
    if len(wrong):
        row, column = wrong[0]
        what = f"{labels(outputs[0])[column]} is {flat[row, column]}"
        raise SolverFailed(
            f"point {row + 1} of {len(flat)}, {tuple(plan.points[row])}: {what}; no moment without this point"
        )
    weights = plan.weights
    mean = weights @ flat
    squares = (flat - mean) ** 2
    variance = weights @ squares  # E Z² − (E Z)², without its cancellation
    size = np.abs(weights)
    if (variance < -_ROUNDING * (size @ squares) - (_ROUNDING * (size @ np.abs(flat))) ** 2).any():
        worst = int(np.argmin(variance))
        name = labels(outputs[0])[worst]
        least = f"the weight {weights.min():.3g} of scheme {plan.scheme} is negative"
        raise ModelError(f"{name}: its variance is {variance[worst]:.4g} because {least}; use '2m' or monte_carlo")
    std = np.sqrt(np.maximum(variance, 0))
    form, independent = outputs[0], plan.scheme == "random" and len(flat) > 1
    return Estimate(
        mean=_formed(mean, form),
        std=_formed(std, form),
        points=plan.points,
        weights=weights,
        locations=plan.locations,
        outputs=outputs,
        scheme=plan.scheme,
        standard_error=_formed(std / np.sqrt(len(flat) - 1), form) if independent else None,
    )


def labels(output) -> list[str]:
    """A name for each number of an output: ``price``, ``flow[3]``, ``flow[1,2]``."""
    if isinstance(output, Mapping):
        return [name for key, value in output.items() for name in _indexed(str(key), np.shape(value))]
    return _indexed("output", np.shape(output))


def _indexed(name: str, shape: tuple) -> list[str]:
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(shape)]


def _shapes(output) -> dict:
    return (
        {key: np.shape(part) for key, part in output.items()} if isinstance(output, Mapping) else {"": np.shape(output)}
    )


def _flat(outputs: Sequence) -> np.ndarray:
    """(n, numbers): every output as one row, whatever the order of a dict's keys."""
    keys = _shapes(outputs[0])
    rows = []
    for number, output in enumerate(outputs):
        if _shapes(output) != keys:
            form = f"{list(_shapes(output).items())}, the first point {list(keys.items())}"
            raise ModelError(f"point {number + 1}: the function returned {form}; every point has the same outputs")
        parts = [output[key] for key in keys] if isinstance(output, Mapping) else [output]
        try:
            rows.append(np.concatenate([np.asarray(part, float).ravel() for part in parts]))
        except (TypeError, ValueError) as error:
            raise ModelError(f"point {number + 1}: an output is no number ({error}); return numbers only") from error
    return np.array(rows)


def _formed(row: np.ndarray, form):
    """One row in the form of an output."""
    if isinstance(form, Mapping):
        parts = np.split(row, np.cumsum([np.size(value) for value in form.values()])[:-1])
        return {key: _shaped(part, value) for (key, value), part in zip(form.items(), parts, strict=True)}
    return _shaped(row, form)


def _shaped(row: np.ndarray, form):
    return row.reshape(np.shape(form)) if np.ndim(form) else float(row[0])
