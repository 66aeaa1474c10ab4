"""A model as columns and rows, for every local solver alike: which is which, where a solve starts and what holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import pyomo.environ as pyo


class Columns:
    """What a model that was written for a solver looks like from outside.

    Attributes
    ----------
    variables, rows : list
        Var and Constraint data in the solver's order; ``column`` and ``row`` have their places by ``id``.
    lower, upper, row_lower, row_upper : ndarray
        Bounds in that order.
    infeasible : str
        Why the model contradicts itself as it stands; empty where it does not.
    """

    infeasible: str
    variables: list
    rows: list
    lower: np.ndarray
    upper: np.ndarray
    row_lower: np.ndarray
    row_upper: np.ndarray

    def number(self, free: Iterable) -> None:
        """Number columns and rows; variables that are fixed and ``free`` to be moved are held at their values."""
        self.column = {id(v): j for j, v in enumerate(self.variables)}
        self.row = {id(c): i for i, c in enumerate(self.rows)}
        self.lower, self.upper = self._holding(((v, v.value) for v in free), self.lower, self.upper)

    def start(self) -> np.ndarray:
        """The model's current values, pushed into the bounds; where there is none, the bound or zero nearest to zero."""
        values = np.array([0.0 if v.value is None else v.value for v in self.variables], float)
        return np.clip(values, self.lower, self.upper)

    def box(self, start=None, fixed=None, lower=None, upper=None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where a solve starts, within which bounds: the model's own for what is left out, fixed columns held."""
        lower, upper = (self.lower if lower is None else lower), (self.upper if upper is None else upper)
        lower, upper = self._holding((fixed or {}).items(), lower, upper)
        return np.clip(self.start() if start is None else start, lower, upper), lower, upper

    def _holding(self, values: Iterable, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bounds that hold variables at values; one that is no column is passed over."""
        lower, upper = lower.copy(), upper.copy()
        for variable, number in values:
            j = self.column.get(id(variable))
            if j is not None:
                lower[j] = upper[j] = number
        return lower, upper


@contextmanager
def without_sets(model, which=lambda _: True) -> Iterator[list]:
    """Meanwhile special ordered sets are inactive: all, or those that ``which`` says; they are given."""
    sets = [s for s in model.component_data_objects(pyo.SOSConstraint, active=True, descend_into=True) if which(s)]
    for s in sets:
        s.deactivate()
    try:
        yield sets
    finally:
        for s in sets:
            s.activate()
