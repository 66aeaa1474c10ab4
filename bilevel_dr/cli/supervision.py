"""A command runs in a child process, so that Ctrl-C ends it at once and a compiled solver's crash is an exit code.

Compiled solvers see a signal only when they please (a factorisation may last minutes), and one that crashes takes its
process along. The parent here does nothing but wait, pass a signal on, and remove whatever temporary file is left. It says
how to go on where the command left word of that, and the command does not outlive it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ..orphans import end_with_parent

CRASHED, INTERRUPTED = 6, 130
_WORD = "how_to_go_on"
_folder: str | None = None
"""In a supervised child, the folder for its temporary files."""


class _Asked(BaseException):
    """SIGINT or SIGTERM came while waiting."""


def supervised(command: Callable[[], None]) -> int:
    """Run a command in a forked child and return its exit code.

    In the child this function does not return: the command's end is the process's end. Where processes cannot be forked
    (Windows) the command runs right here.

    Parameters
    ----------
    command : callable
        Ends by returning (exit code 0) or by ``SystemExit``.

    Returns
    -------
    int
        The command's exit code; 130 after Ctrl-C, 143 after SIGTERM, 6 where a crash killed the child.
    """
    if not hasattr(os, "fork"):
        command()
        return 0
    folder, parent = tempfile.mkdtemp(prefix="bilevel_dr_"), os.getpid()
    child = os.fork()
    if child == 0:
        global _folder
        _folder = tempfile.tempdir = os.environ["TMPDIR"] = folder
        end_with_parent(parent)
        command()
        sys.exit(0)
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _ask)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except _Asked as asked:
        _end(child)
        print(f"bilevel-dr: interrupted; no process and no temporary file is left{_word(folder)}", file=sys.stderr)
        return INTERRUPTED if asked.args[0] == signal.SIGINT else 128 + signal.SIGTERM
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if code < 0:
        name = signal.Signals(-code).name
        print(
            f"bilevel-dr: {name} ended it inside compiled code; try another --solver (see bilevel-dr doctor)",
            file=sys.stderr,
        )
        return CRASHED
    return code


def leave_word(how_to_go_on: str) -> None:
    """What is to be said where this command is interrupted."""
    if _folder is not None:
        Path(_folder, _WORD).write_text(how_to_go_on, encoding="utf-8")


def _word(folder: str) -> str:
    word = Path(folder, _WORD)
    return f"; {word.read_text(encoding='utf-8')}" if word.is_file() else ""


def _ask(number, _frame):
    raise _Asked(number)


def _end(child: int) -> None:
    """Wait for a child the terminal has interrupted too; interrupt one that was not, kill one that does not listen."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for patience, number in ((0.2, signal.SIGINT), (0.8, signal.SIGKILL)):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if os.waitpid(child, os.WNOHANG)[0]:
                return
            time.sleep(0.01)
        os.kill(child, number)
    os.waitpid(child, 0)
