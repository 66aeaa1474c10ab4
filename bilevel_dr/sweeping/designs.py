"""Which points a sweep visits: a grid, a list, or seeded draws; a point is a dict of overrides as ``load`` takes them."""

from __future__ import annotations

import csv
import itertools
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from scipy.stats import qmc

from ..datafile.lexing import scalar
from ..errors import DataError, ModelError
from ..overrides import split_setting

METHODS = ("latin_hypercube", "sobol")
MOST = 1_000_000
"""Points of one design."""


def read_design(design, samples: int | None = None, seed: int = 0, method: str = METHODS[0]) -> list[dict[str, object]]:
    """The points of a design, in its order.

    Parameters
    ----------
    design : mapping, DataFrame, path, or list of mappings
        A mapping from names (``target``, ``baseline[3]``) to values is a grid, the last name varying fastest: a tuple
        ``(low, high, count)`` stands for that many equally spaced values, a list for its own. With ``samples`` it says what is
        drawn from: a tuple ``(low, high)`` or a list of values. A DataFrame, the path of a ``.csv`` file or a list of mappings
        has one point a row; what a row leaves empty stays as the data file has it.
    samples : int, optional
        How many points to draw.
    seed : int
        The same seed draws the same points.
    method : str
        ``"latin_hypercube"``: every input stratified; ``"sobol"``: scrambled Sobol points, best balanced at powers of two.

    Raises
    ------
    DataError
        What is no design: the message says which entry, and how to write it.
    """
    if samples is not None:
        return draw(design, samples, seed, method)
    if isinstance(design, Mapping):
        return grid(design)
    if isinstance(design, str | os.PathLike):
        return listed_in(Path(design))
    rows = design.to_dict("records") if hasattr(design, "to_dict") else design
    rows = list(rows) if isinstance(rows, Iterable) else [rows]
    if not all(isinstance(row, Mapping) for row in rows):
        raise DataError("a design is {name: values}, a DataFrame, the path of a .csv file, or a list of {name: value}")
    points = [{str(name): _plain(value) for name, value in row.items() if not _is_empty(value)} for row in rows]
    return _some(points)


def grid(ranges: Mapping) -> list[dict[str, object]]:
    """Every combination of the values of each name."""
    axes = {str(name): _axis(str(name), entry) for name, entry in ranges.items()}
    count = math.prod(map(len, axes.values()))
    if count > MOST:
        raise DataError(f"this grid has {count:.3g} points, more than {MOST}: take fewer values, or draw some at random")
    return _some([dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())] if axes else [])


def draw(ranges: Mapping, samples: int, seed: int = 0, method: str = METHODS[0]) -> list[dict[str, object]]:
    """Seeded random points within ranges."""
    for name, value, least in (("samples", samples, 1), ("seed", seed, 0)):
        if not isinstance(value, int | np.integer) or not least <= value <= MOST * 2**32:
            raise ModelError(f"{name}={value!r}: give a whole number, {least} or more")
    if method not in METHODS:
        raise ModelError(f"method={method!r}: choose from {', '.join(METHODS)}")
    if samples > MOST:
        raise ModelError(f"samples={samples}: a design has at most {MOST} points")
    if not isinstance(ranges, Mapping) or not ranges:
        raise DataError("a random design is {name: (low, high)} or {name: [value, value, …]}")
    quantile = {str(name): _quantile(str(name), entry) for name, entry in ranges.items()}
    random = np.random.default_rng(seed)
    if method == "sobol":
        parts = qmc.Sobol(len(quantile), seed=random).random_base2((int(samples) - 1).bit_length())[:samples]
    else:
        parts = qmc.LatinHypercube(len(quantile), seed=random).random(int(samples))
    return [{name: quantile[name](part) for name, part in zip(quantile, row, strict=True)} for row in parts.tolist()]


def listed_in(path: Path) -> list[dict[str, object]]:
    """The points of a ``.csv`` file: names in its first line, values as in a .dat file, one point a line."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            rows = csv.reader(stream, skipinitialspace=True)
            names = [name.strip() for name in next(rows, [])]
            if not all(names) or len(set(names)) < len(names):
                raise DataError("its first line names the parameters, each once, with commas between", file=str(path), line=1)
            points = []
            for row in rows:
                if row and len(row) != len(names):
                    message = f"{len(row)} values under {len(names)} names: give each name one, or leave it empty"
                    raise DataError(message, file=str(path), line=rows.line_num)
                cells = zip(names, (cell.strip() for cell in row), strict=True) if row else ()
                points += [{name: _plain(scalar(cell)) for name, cell in cells if cell}] if row else []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=str(path)) from error
    return _some(points)


def parse_axis(text: str, drawn: bool = False) -> tuple[str, object]:
    """One ``--grid``, or with ``drawn`` one ``--range``, of the command line.

    ``target=100:900:9`` → ``("target", (100, 900, 9))``; to draw from, ``target=100:900`` → ``("target", (100, 900))``; either
    way ``kind=plain,fair`` → ``("kind", ["plain", "fair"])``.

    Raises
    ------
    DataError
        It is neither.
    """
    name, word = split_setting(text)
    parts = [scalar(part.strip()) for part in word.split(":")]
    if len(parts) == 1:
        return name, [scalar(part.strip()) for part in word.split(",")]
    if len(parts) != (2 if drawn else 3) or not all(type(part) in (int, float) for part in parts):
        form = "low:high" if drawn else "low:high:count"
        raise DataError(f"{text}: write {name}={form}, or values with commas between", parameter=name)
    return name, tuple(parts)


def _axis(name: str, entry) -> list:
    if isinstance(entry, tuple):
        low, high = _ends(name, entry, 3, "(low, high, count)")
        count = entry[2]
        if not isinstance(count, int | np.integer) or not 1 <= count <= MOST:
            raise DataError(f"{name}: {count!r} is no number of values, a whole one from 1 to {MOST}", parameter=name)
        if count == 1 and low != high:
            raise DataError(f"{name}: one value cannot be both {low:g} and {high:g}: give 2 or more", parameter=name)
        return [_plain(value) for value in np.linspace(low, high, int(count)).tolist()]
    return _values(name, entry)


def _quantile(name: str, entry):
    """A number in [0, 1) → the value of the range there."""
    if isinstance(entry, tuple):
        low, high = _ends(name, entry, 2, "(low, high)")
        return lambda part: _plain(low + part * (high - low))
    values = _values(name, entry)
    return lambda part: values[int(part * len(values))]


def _ends(name: str, entry: tuple, length: int, form: str) -> tuple[float, float]:
    if len(entry) != length or not all(isinstance(end, int | float | np.number) for end in entry):
        raise DataError(f"{name}: {entry!r} is no {form}; a list [value, value, …] gives values one by one", parameter=name)
    low, high = float(entry[0]), float(entry[1])
    if not -math.inf < low <= high < math.inf:
        raise DataError(f"{name}: nothing lies from {low:g} to {high:g}: give finite numbers, the lower first", parameter=name)
    return low, high


def _values(name: str, entry) -> list:
    values = [entry] if isinstance(entry, str) or not isinstance(entry, Iterable) else list(entry)
    if not values:
        raise DataError(f"{name}: no values", parameter=name)
    return [_plain(value) for value in values]


def _some(points: list[dict]) -> list[dict]:
    if not points:
        raise DataError("the design has no point")
    return points


def _plain(value):
    """numpy's numbers as Python's; whole ones as int, so that 800 and 800.0 are the same point."""
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _is_empty(value) -> bool:
    return value is None or isinstance(value, float) and math.isnan(value) or type(value).__name__ in ("NAType", "NaTType")
