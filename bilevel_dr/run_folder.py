"""A run on disk: ``run.json``, ``solution.csv`` (long form), ``log.txt``; whole or not there at all. Never pickle."""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from . import __version__
from .errors import DataError
from .solution import Certificate, Solution, split_name

PACKAGES = ("pyomo", "casadi", "highspy", "pyscipopt", "gurobipy", "numpy", "scipy", "pandas")
_FILES = ("run.json", "solution.csv", "log.txt")


def write_run(
    folder: str, inputs: Mapping[str, str], options: Mapping, solution: Solution | None, log: str, error: str = ""
) -> Path:
    """Write a run folder under a temporary name beside it, then rename it.

    Parameters
    ----------
    folder : str
        Where to. A run folder that is there already is replaced whole; any other folder that holds something is not.
    inputs : mapping of str to str
        Files by their part, ``{"model": path, "data": path}``; their SHA-256 is kept.
    options : mapping
        What the solve was asked for, overrides included.
    solution : Solution or None
        None where the solve ended in ``error``.
    log : str
        What was logged meanwhile.

    Raises
    ------
    DataError
        ``folder`` is there and is no run folder, or cannot be written.
    """
    target = Path(folder).absolute()
    check_target(target)
    try:
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as problem:
        raise DataError(f"--out {folder}: {problem.strerror}; choose a folder that can be written") from problem
    try:
        run = {
            "bilevel_dr": __version__,
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "inputs": {
                part: {"path": os.path.abspath(path), "sha256": file_hash(path)} for part, path in inputs.items()
            },
            "options": dict(options),
            "solution": None if solution is None else summary(solution),
            "error": error or None,
            "versions": versions(),
        }
        (fresh / "run.json").write_text(as_json(run, indent=2) + "\n", encoding="utf-8")
        (fresh / "log.txt").write_text(log, encoding="utf-8")
        with open(fresh / "solution.csv", "w", newline="", encoding="utf-8") as stream:
            rows = csv.writer(stream)
            rows.writerow(["name", "component", "index", "value"])
            for name, value in ({} if solution is None else solution.point).items():
                rows.writerow([name, *split_name(name), repr(value)])
        fresh.chmod(0o755)  # a temporary folder is its owner's alone
        _move(fresh, target)
    except OSError as problem:
        raise DataError(f"--out {folder}: {problem.strerror}; choose a folder that can be written") from problem
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def check_target(folder: str | Path) -> None:
    """Refuse a folder that holds something else than a run, and make its parent, before anything is solved.

    Raises
    ------
    DataError
        It is a file, or a folder that is neither empty nor a run folder, or its parent cannot be made.
    """
    target = Path(folder).absolute()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise DataError(f"--out {folder}: {problem.strerror}; choose a folder that can be written") from problem
    if target.exists() and not target.is_dir():
        raise DataError(f"--out {folder}: is a file; choose another name")
    if target.is_dir() and any(target.iterdir()) and not (target / "run.json").is_file():
        raise DataError(f"--out {folder}: is there and is no run folder; choose another name, nothing was touched")


def summary(solution: Solution) -> dict:
    """A solution as plain data, its point left out; without a point the certificate is one that did not pass."""
    certificate = solution.certificate or Certificate(False, math.nan, math.nan, math.nan)
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


def file_hash(path: str) -> str:
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
    """Put ``fresh`` in ``target``'s place; an old run folder goes only when the new one is complete."""
    if not target.exists():
        os.rename(fresh, target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    try:
        os.rename(target, old / target.name)
        try:
            os.rename(fresh, target)
        except OSError:
            os.rename(old / target.name, target)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
