"""A program run in a process group of its own, with a hard time limit, and gone afterwards whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from .errors import SolverFailed

LOG = "log.txt"


def run(command: list[str], limit: float | None, folder: str) -> tuple[str, str] | None:
    """Run a command in a folder with one thread; what it prints goes to ``log.txt`` there.

    Parameters
    ----------
    limit : float or None
        Seconds after which the process and its children are killed.

    Returns
    -------
    None or (str, str)
        None where it ended by itself with exit code 0; otherwise ``"limit"`` or ``"failed"``, and what happened.

    Raises
    ------
    SolverFailed
        It cannot even be started.
    """
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    with open(os.path.join(folder, LOG), "wb") as log:
        streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        try:
            process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **streams)
        except OSError as error:
            remedy = "check the path and that it may be executed"
            raise SolverFailed(f"{command[0]}: cannot be started: {error.strerror}; {remedy}") from error
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            return "limit", f"killed after {limit:.3g} s"
        finally:
            _end(process)
    if code < 0:
        return "failed", f"killed by signal {signal.Signals(-code).name}"
    return ("failed", f"ended with exit code {code}") if code else None


def last_words(folder: str, most: int = 400) -> str:
    """``; its last words: …``, the end of the log however long the log is; empty where it said nothing."""
    with open(Path(folder, LOG), "rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - most))
        words = " ".join(stream.read().decode("utf-8", "replace").split())
    return f"; its last words: {words}" if words else ""


def _end(process: subprocess.Popen) -> None:
    """Kill what is left of the process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # nobody left (PermissionError: what macOS says of a zombie)
        pass
    process.wait()
