"""Finite M for both sides of every complementarity pair, each with its source, or none and the reason: never a default.

:mod:`relaxation` shrinks an interval for every variable by the model's rows; :mod:`multipliers` bounds multipliers,
and says why the bounds hold together, from :mod:`single_rows` (stationarity, one row at a time), :mod:`dual` (vertices,
found by :mod:`vertices`) and :mod:`slater`; :mod:`sides` puts them beside what the user gave.
"""

from .sides import Bound, audit, enlarged, row_name, side_bounds

__all__ = ["Bound", "audit", "enlarged", "row_name", "side_bounds"]
