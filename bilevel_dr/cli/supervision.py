"""A command runs in a child process, so that Ctrl-C ends it at once and a compiled solver's crash is an exit code.

Compiled solvers see a signal only when they please (a factorisation may last minutes), and one that crashes takes its
process along. The parent here does nothing but wait, pass a signal on, and remove what is left: temporary files, and
programs that solvers started. It says how to go on where the command left word of that, the command does not outlive it,
and of a ``solve --out`` that crashed it writes the run folder. docs/runs.md says what happens when.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import BilevelError, one_line
from ..orphans import end_with_parent
from ..processes import end_strays, signal_name
from ..scratch import PREFIX

UNWRITTEN, CRASHED, INTERRUPTED = 2, 6, 130
_WORD = "how_to_go_on"
_folder: str | None = None
"""In a supervised child, the folder for its temporary files."""


class _Asked(BaseException):
    """SIGINT, SIGTERM or SIGHUP came while waiting."""


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
    try:
        folder = tempfile.mkdtemp(prefix="bilevel_dr_")
    except OSError as error:
        _say(f"no temporary folder can be made: {error.strerror}; free some room, or set TMPDIR to a folder that can be written")
        return UNWRITTEN
    parent, child = os.getpid(), os.fork()
    if child == 0:
        _run(command, folder, parent)
    try:
        for number in _asking():
            signal.signal(number, _ask)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return code if code >= 0 else _crashed(signal_name(-code), Path(folder))
    except _Asked as asked:
        _end(child)
        _say(f"interrupted; no process and no temporary file is left{_word(folder)}")
        return 128 + asked.args[0]
    finally:
        end_strays(os.path.join(folder, PREFIX))  # programs that solvers started, not a browser that ``app`` did
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: Callable[[], None], folder: str, parent: int) -> None:
    """The child: it never comes back from here."""
    global _folder
    _folder = tempfile.tempdir = os.environ["TMPDIR"] = folder
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits it ignored
    end_with_parent(parent, folder)
    if sys.platform == "linux":  # in the middle of compiled code too, where no thread of ours gets its turn
        ctypes.CDLL(None).prctl(_DEATH_OF_PARENT, signal.SIGINT)
    try:
        try:
            command()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:  # what is written elsewhere is caught where it is known what it is
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        _say(f"{error.filename or 'the output'} cannot be read or written: {error.strerror}")
        sys.exit(UNWRITTEN)
    finally:
        if os.getppid() != parent:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0)


_DEATH_OF_PARENT = 1
"""PR_SET_PDEATHSIG of Linux' prctl."""


def _asking() -> list[int]:
    """The signals that ask for an end; one that nohup has silenced stays silent."""
    hang_up = getattr(signal, "SIGHUP", None)
    listens = hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([hang_up] if listens else [])]


def leave_word(how_to_go_on: str) -> None:
    """What is to be said where this command is interrupted."""
    if _folder is not None:
        Path(_folder, _WORD).write_text(how_to_go_on, encoding="utf-8")


def _word(folder: str) -> str:
    word = Path(folder, _WORD)
    return f"; {word.read_text(encoding='utf-8')}" if word.is_file() else ""


def _ask(number, _frame):
    raise _Asked(number)


def _crashed(name: str, folder: Path) -> int:
    """Say it, and write the run folder that the child has begun, with what the solver was given."""
    from ..run_folder import STAGE, Run
    from ..scratch import keep_failure, keeping

    how = "from outside, perhaps because memory ran out" if name == "SIGKILL" else "inside compiled code"
    words = f"{name} ended it {how}; try another --solver (see bilevel-dr doctor)"
    for stage in folder.glob(f"{STAGE}*/"):
        try:
            run = Run(stage)
            with keeping(stage / "solver", os.path.join(run.out, "solver")):
                words += "".join(keep_failure(str(solver)) for solver in folder.glob(f"{PREFIX}*/"))
            run.finish(None, words)
        except (OSError, ValueError, LookupError, BilevelError) as error:  # it may have ended anywhere
            words += f"; its run folder could not be written: {one_line(error)}"
    _say(words)
    return CRASHED


def _say(words: str) -> None:
    print(f"bilevel-dr: {words}", file=sys.stderr)


def _end(child: int) -> None:
    """Wait for a child the terminal has interrupted too; interrupt one that was not, kill one that does not listen."""
    for number in _asking():
        signal.signal(number, signal.SIG_IGN)
    for patience, number in ((0.2, signal.SIGINT), (0.8, signal.SIGKILL)):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if os.waitpid(child, os.WNOHANG)[0]:
                return
            time.sleep(0.01)
        os.kill(child, number)
    os.waitpid(child, 0)
