"""A program run in a process group of its own, with a hard time limit, and gone afterwards whatever happens."""

from __future__ import annotations

import math
import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import SolverFailed

HEAD, TAIL = 2**16, 2**18
"""Bytes kept of what a program prints, from its beginning and from its end: it may print more than a disk holds."""
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes
    ----------
    trouble : str
        Empty where it ended by itself with exit code 0, else ``"limit"`` or ``"failed"``.
    how : str
        What the trouble was.
    output : bytes
        What it printed, the middle left out where that is long.
    """

    trouble: str
    how: str
    output: bytes

    @property
    def last_words(self) -> str:
        """``; its last words: …``, empty where it said nothing."""
        words = " ".join(self.output[-400:].decode("utf-8", "replace").split())
        return f"; its last words: {words}" if words else ""


def run(command: list[str], limit: float | None, folder: str) -> Ended:
    """Run a command in a folder, which is its folder for temporary files too, with one thread.

    Parameters
    ----------
    limit : float or None
        Seconds after which the process and its children are killed.
    folder : str
        One that no other process has: by its name in their environment, processes are found that left the group.

    Raises
    ------
    SolverFailed
        It cannot even be started.
    """
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    environment = os.environ | _ONE_THREAD | {"TMPDIR": folder}
    try:
        process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **streams)
    except OSError as error:
        remedy = "check the path and that it may be executed"
        raise SolverFailed(f"{command[0]}: cannot be started: {error.strerror}; {remedy}") from error
    said = _Said(process.stdout)
    try:
        code = _wait(process, said, math.inf if limit is None else limit)
    finally:
        _end(process, folder)
        said.end()
    if code is None:
        return Ended("limit", f"killed after {limit:.3g} s", said.kept)
    if code < 0:
        return Ended("failed", f"killed by signal {signal_name(-code)}", said.kept)
    return Ended("failed" if code else "", f"ended with exit code {code}" if code else "", said.kept)


def signal_name(number: int) -> str:
    """``SIGSEGV``, or the number where the system has no name for it."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


class _Said:
    """What comes out of a pipe: all of it is read, its beginning and its end are kept."""

    def __init__(self, pipe):
        self.pipe, self._head, self._tail, self._left_out = pipe, bytearray(), bytearray(), 0
        os.set_blocking(pipe.fileno(), False)

    def take(self) -> bool:
        """Read what is there; False where nothing will come any more, or nothing is there now."""
        try:
            chunk = os.read(self.pipe.fileno(), 2**16)
        except BlockingIOError:
            return False
        room = HEAD - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        if len(self._tail) > 2 * TAIL:
            self._left_out += len(self._tail) - TAIL
            del self._tail[:-TAIL]
        return bool(chunk)

    def end(self) -> None:
        """Read what is left, but not what a process that is still there goes on writing."""
        for _ in range(2 * TAIL // 2**16):
            if not self.take():
                break
        self.pipe.close()

    @property
    def kept(self) -> bytes:
        gap = b"\n[%d bytes left out]\n" % self._left_out if self._left_out else b""
        return bytes(self._head) + gap + bytes(self._tail)


def _wait(process: subprocess.Popen, said: _Said, limit: float) -> int | None:
    """The exit code; None where the limit came first. A child that holds the pipe open is not waited for."""
    until = time.monotonic() + limit
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while process.poll() is None and (left := until - time.monotonic()) > 0.0:
            if selector.select(min(left, 0.05)) and not said.take():  # it closed its output, mostly because it ends
                with suppress(subprocess.TimeoutExpired):
                    process.wait(left if math.isfinite(left) else None)
    return process.poll()


def _end(process: subprocess.Popen, folder: str) -> None:
    """Kill what is left of the process group, and what left the group."""
    with suppress(ProcessLookupError, PermissionError):  # nobody left (PermissionError: what macOS says of a zombie)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    end_strays(folder)


def end_strays(folder: str) -> None:
    """Kill the processes whose folder for temporary files begins with this path, where /proc shows that (Linux)."""
    mark = f"TMPDIR={folder}".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # gone meanwhile, or somebody else's
            if any(entry.startswith(mark) for entry in path.read_bytes().split(b"\0")):
                os.kill(int(path.parent.name), signal.SIGKILL)
