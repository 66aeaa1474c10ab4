"""A run repeated from its folder: what is to be solved again, and whether the new numbers are the kept ones."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import DataError, one_line
from .run_folder import as_json, file_hash, summary, versions
from .solution import Solution

OPTIONS = "model", "data", "set", "reformulation", "solver", "starts", "time_limit", "seed", "trust_data"
"""What a solve was asked for."""
SAME = 1e-6
"""Relative to the larger of one and the number: what certificates allow."""


@dataclass(frozen=True)
class KeptRun:
    """A run folder, read.

    Attributes
    ----------
    folder : Path
    record : dict
        ``run.json``.
    point : mapping of str to float
        ``solution.csv``.
    """

    folder: Path
    record: Mapping
    point: Mapping[str, float]

    @property
    def options(self) -> dict:
        return dict(self.record["options"])

    @property
    def copies(self) -> dict[str, str]:
        """The hash of each copy of an input, by its path in the folder."""
        found = {}
        for entry in self.record["inputs"].values():
            if entry.get("copy"):
                found |= {entry["copy"]: entry["sha256"], **entry["beside"]}
        return found

    def input(self, part: str) -> str:
        """``"model"`` or ``"data"`` as a command takes it: the copy, or the name where none was needed."""
        copy = self.record["inputs"][part].get("copy")
        return str(self.folder / copy) if copy else self.options[part]

    def changes(self, model_file: str) -> list[str]:
        """What is not as it was when the run was made, a line each.

        Parameters
        ----------
        model_file : str
            Where the model of that name is written now.
        """
        found = [
            f"{name} was changed after the run" for name, kept in self.copies.items() if file_hash(self.folder / name) != kept
        ]
        model = self.record["inputs"]["model"]
        if not model.get("copy") and file_hash(model_file) != model["sha256"]:
            found.append(f"{self.options['model']}: its model file is not the one of the run")
        now = versions()
        for name, version in self.record["versions"].items():
            if now.get(name) != version:
                found.append(f"{name} was {version} and is {now.get(name, 'not installed')}")
        return found


@dataclass(frozen=True)
class Comparison:
    """Kept numbers against new ones.

    Attributes
    ----------
    exactly : bool
        Every number is the same to its last digit, and so are claim and termination.
    equal : bool
        They are within :data:`SAME`.
    largest : float
        Largest relative difference, infinite where a number is on one side only.
    at : str
        Where it is.
    words : tuple of str
        What else differs.
    """

    exactly: bool
    equal: bool
    largest: float
    at: str
    words: tuple[str, ...] = ()


def read_run(folder: str) -> KeptRun:
    """Read a run folder.

    Raises
    ------
    DataError
        It is none, or not whole, or it was written before runs could be repeated.
    """
    path = Path(folder)
    try:
        record = json.loads((path / "run.json").read_text(encoding="utf-8"))
        with open(path / "solution.csv", newline="", encoding="utf-8") as stream:
            point = {row["name"]: float(row["value"]) for row in csv.DictReader(stream)}
        kept = KeptRun(path, record, point)
        lacks = [name for name in kept.copies if not (path / name).is_file()]
        lacks += [] if record["inputs"]["data"].get("copy") else ["its data file"]
        lacks += [f"the option {name}" for name in OPTIONS if name not in record["options"]]
        _ = record["solution"], record["error"], record["versions"]
    except OSError as error:
        raise DataError(f"{folder}: is no run folder: {Path(error.filename or path).name}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(f"{folder}: is no whole run folder ({one_line(error)}); write one with solve --out") from error
    if lacks:
        raise DataError(f"{folder}: lacks {lacks[0]}, so that it cannot be repeated; write one anew with solve --out")
    return kept


def compare_runs(kept: KeptRun, solution: Solution) -> Comparison:
    """The kept answer against a new one."""
    before, now = kept.record["solution"], json.loads(as_json(summary(solution)))
    if before is None:
        return Comparison(False, False, math.inf, "", (f"it ended in an error then: {kept.record['error']}",))
    words = [f"{name} was {before[name]} and is {now[name]}" for name in ("claim", "termination") if before[name] != now[name]]
    numbers = [("the leader's objective", before["leader_objective"], now["leader_objective"])]
    numbers += [(name, kept.point.get(name), solution.point.get(name)) for name in {**kept.point, **solution.point}]
    largest, at = max(((_difference(one, other), name) for name, one, other in numbers), key=lambda pair: pair[0])
    same = not words
    return Comparison(same and largest == 0.0, same and largest <= SAME, largest, at if largest else "", tuple(words))


def _difference(one: float | None, other: float | None) -> float:
    if one == other or (one != one and other != other):  # the latter: both are no number
        return 0.0
    if one is None or other is None:
        return math.inf
    return abs(one - other) / max(1.0, abs(one), abs(other))
