"""Where solvers read and write: a temporary folder, gone afterwards; of a solver that failed, kept where a run asks for it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from .errors import SolverFailed

PREFIX = "bilevel_dr_solver_"
LARGEST = 64 * 2**20
"""Bytes of a file that is kept; a larger one is left out."""
_kept: ContextVar[tuple[Path, str] | None] = ContextVar("bilevel_dr_kept", default=None)


@contextmanager
def scratch() -> Iterator[str]:
    """A folder for one solve.

    Raises
    ------
    SolverFailed
        It cannot be made, or what is written there meanwhile does not fit.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
            yield folder
    except OSError as error:
        where = tempfile.tempdir or "the folder for temporary files"
        remedy = "free some room there, or set TMPDIR to a folder that can be written"
        raise SolverFailed(f"{where}: a solver's input cannot be written: {error.strerror or error}; {remedy}") from error


@contextmanager
def keeping(folder: Path, told: str) -> Iterator[None]:
    """Meanwhile, input and log of the last solver that failed go to ``folder``, which messages call ``told``."""
    token = _kept.set((folder, told))
    try:
        yield
    finally:
        _kept.reset(token)


def keep_failure(folder: str, log: bytes = b"") -> str:
    """Keep what a failed solver read, wrote and said, if asked to; what to add to the message about it."""
    if _kept.get() is None:
        return ""
    target, told = _kept.get()
    shutil.rmtree(target, ignore_errors=True)
    try:
        target.mkdir(parents=True)
        for path in sorted(Path(folder).iterdir()):
            if path.is_file() and path.stat().st_size <= LARGEST:
                shutil.copyfile(path, target / path.name)
        if log:
            (target / "log.txt").write_bytes(log)
    except OSError as error:
        return f"; its input and log could not be kept in {told}: {error.strerror}"
    return f"; its input and log are kept in {told}"
