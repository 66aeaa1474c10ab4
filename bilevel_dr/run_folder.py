"""A run on disk: ``run.json``, ``solution.csv`` (long form), ``log.txt``, ``inputs``; whole or not there at all. Never pickle.

``inputs`` holds copies of the data file, of what it reads, and of a model that is a file of the user's: with the options in
``run.json`` the run can be repeated from its folder alone (:mod:`bilevel_dr.repeating`). ``solver`` is there where a solver
failed, with what it was given and what it said.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from . import __version__
from .errors import DataError
from .scratch import LARGEST
from .solution import Certificate, Solution, split_name

PACKAGES = ("pyomo", "casadi", "highspy", "pyscipopt", "gurobipy", "numpy", "scipy", "pandas")
STAGE = "bilevel_dr_run_"
"""How the temporary folder of a run begins that is not in its place yet."""


class Run:
    """A run on its way to its folder.

    What it starts from is copied at once to a temporary folder, with ``run.json`` as far as it is known: whoever finds that
    folder after a crash can finish it. The folder asked for appears whole, or not at all.

    Parameters
    ----------
    stage : path
        The temporary folder, made by :meth:`begin`.
    """

    def __init__(self, stage: str | Path):
        self.stage = Path(stage)
        self._record = json.loads((self.stage / "run.json").read_text(encoding="utf-8"))
        self.out = self._record["out"]

    @classmethod
    def begin(cls, out: str, options: Mapping) -> Run:
        """Look whether ``out`` can be written, before anything is solved.

        Parameters
        ----------
        out : str
            The run folder. One that is there already is replaced whole; any other folder that holds something is not.
        options : mapping
            What the solve is asked for, overrides included.

        Raises
        ------
        DataError
            ``out`` is there and is no run folder, or cannot be written.
        """
        check_target(out)
        with _writing(out):
            stage = Path(tempfile.mkdtemp(prefix=STAGE))
            record = {
                "bilevel_dr": __version__,
                "written": "",
                "inputs": {},
                "options": dict(options),
                "solution": None,
                "error": None,
                "versions": versions(),
                "out": out,
            }
            (stage / "run.json").write_text(as_json(record), encoding="utf-8")
            (stage / "log.txt").touch()
        return cls(stage)

    @property
    def log(self) -> Path:
        return self.stage / "log.txt"

    def take(self, part: str, path: str, copied: bool = True, beside: Iterable[str] = ()) -> None:
        """Note an input by its SHA-256, and copy it, with the files that it reads from its folder or below.

        Raises
        ------
        DataError
            It cannot be read or copied.
        """
        path = os.path.abspath(path)
        with _writing(self.out):
            entry = {"path": path, "sha256": file_hash(path)}
            if copied and os.path.getsize(path) <= LARGEST:  # a data file beyond it is refused anyway
                entry["copy"] = self._copy(path, os.path.dirname(path))
                entry["beside"] = {name: file_hash(self.stage / name) for name in self._copies(beside, path)}
            self._record["inputs"][part] = entry
            (self.stage / "run.json").write_text(as_json(self._record), encoding="utf-8")

    def _copies(self, beside: Iterable[str], path: str) -> list[str]:
        folder = os.path.dirname(os.path.realpath(path))
        return [self._copy(os.path.realpath(other), folder) for other in beside]

    def _copy(self, path: str, folder: str) -> str:
        name = os.path.join("inputs", os.path.relpath(path, folder))
        (self.stage / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, self.stage / name)
        return name

    def finish(self, solution: Solution | None, error: str = "") -> Path:
        """Put the folder in its place, with the answer, or with the error that it ended in.

        Raises
        ------
        DataError
            It cannot be written; what was there before still is.
        """
        record = {key: entry for key, entry in self._record.items() if key != "out"}
        record["written"] = datetime.now(UTC).isoformat(timespec="seconds")
        record["solution"] = None if solution is None else summary(solution)
        record["error"] = error or None
        target, fresh = _real(self.out), None
        with _writing(self.out):
            try:
                fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
                shutil.copytree(self.stage, fresh, dirs_exist_ok=True)
                if solution is not None and solution.claim != "none":
                    shutil.rmtree(fresh / "solver", ignore_errors=True)  # of a start that failed, where another did not
                (fresh / "run.json").write_text(as_json(record, indent=2) + "\n", encoding="utf-8")
                _write_point(fresh / "solution.csv", {} if solution is None else solution.point)
                fresh.chmod(0o755)  # a temporary folder is its owner's alone
                _move(fresh, target)
            finally:
                if fresh is not None:
                    shutil.rmtree(fresh, ignore_errors=True)
        return target

    def drop(self) -> None:
        """Remove the temporary folder."""
        shutil.rmtree(self.stage, ignore_errors=True)


def check_target(out: str) -> None:
    """Refuse a folder that holds something else than a run, or that cannot be written, before anything is solved.

    Raises
    ------
    DataError
        It is a file, or a folder that is neither empty nor a run folder, or around us, or nothing can be made beside it.
    """
    target = _real(out)
    with _writing(out):
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rmdir(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    if (why := _in_the_way(target)) is not None:
        raise DataError(f"--out {out}: {why}; choose another name, nothing was touched")
    if Path.cwd().is_relative_to(target):
        raise DataError(f"--out {out}: is where this is run, and a run folder is replaced whole; name one inside it")


def _in_the_way(target: Path) -> str | None:
    """What is there that is no run. Asked several times: another run may be putting its folder there at this moment."""
    for _ in range(20):
        try:
            names = os.listdir(target)
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            return "is a file"
        if not names or "run.json" in names:
            return None
        time.sleep(0.005)
    return "is there and is no run folder"


def _real(out: str) -> Path:
    return Path(os.path.realpath(out))


@contextmanager
def _writing(out: str) -> Iterator[None]:
    try:
        yield
    except shutil.Error as problem:  # of copytree: one reason a file
        raise DataError(f"--out {out}: {problem.args[0][0][2]}; choose a folder that can be written") from problem
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise DataError(f"--out {out}: {reason}; choose a folder that can be written") from problem


def _write_point(path: Path, point: Mapping[str, float]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["name", "component", "index", "value"])
        rows.writerows([name, *split_name(name), repr(value)] for name, value in point.items())


def summary(solution: Solution) -> dict:
    """A solution as plain data, its point left out; without a point the certificate is one that did not pass."""
    certificate = solution.certificate  # one that did not pass is falsy
    if certificate is None:
        certificate = Certificate(False, math.nan, math.nan, math.nan)
    return {
        "claim": solution.claim,
        "termination": solution.termination,
        "leader_objective": solution.leader_objective,
        "best_bound": solution.best_bound,
        "follower_objectives": dict(solution.follower_objectives),
        "certificate": _certificate(certificate),
        "reformulation": solution.reformulation,
        "solver": solution.solver,
        "seconds": solution.seconds,
        "notes": list(solution.notes),
    }


def _certificate(certificate: Certificate) -> dict:
    plain = {name: getattr(certificate, name) for name in certificate.__dataclass_fields__ if name != "followers"}
    checks = {
        name: {key: getattr(check, key) for key in check.__dataclass_fields__}
        for name, check in certificate.followers.items()
    }
    return plain | {"followers": checks}


def versions() -> dict[str, str]:
    """Of Python, the platform and every package that takes part; those that are not installed are left out."""
    found = {"python": sys.version.split()[0], "platform": platform.platform()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def as_json(value, indent=None) -> str:
    """JSON as the standard has it: NaN and infinities as null, numpy numbers as numbers, mappings as objects."""
    return json.dumps(_plain(value), indent=indent, ensure_ascii=False, allow_nan=False)


def _plain(value):
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(entry) for entry in value]
    if hasattr(value, "tolist"):  # a numpy number or array
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _move(fresh: Path, target: Path) -> None:
    """Put ``fresh`` in ``target``'s place; an old run folder goes only when the new one is there.

    Where two runs end at the same time each puts its own there whole: the later one stays.
    """
    while not _renamed(fresh, target):
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
        try:
            with suppress(FileNotFoundError):  # the other run has just moved it away
                os.rename(target, old / target.name)
            moved = _renamed(fresh, target)
        except OSError:
            if (old / target.name).exists():
                os.rename(old / target.name, target)
            os.rmdir(old)
            raise
        shutil.rmtree(old, ignore_errors=True)
        if moved:
            return


def _renamed(fresh: Path, target: Path) -> bool:
    """Whether that went: an empty folder gives way by itself, one that holds something does not."""
    try:
        os.rename(fresh, target)
    except OSError as problem:
        if problem.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True
