"""Everything a solver executable does wrong, one function a fault, whatever the protocol.

``NOTE``, an environment variable, names the file where a fault writes the processes that must be gone afterwards.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

FLOOD = 200
"""Megabytes."""


def note(*processes: int) -> None:
    if "NOTE" in os.environ:
        part = Path(os.environ["NOTE"] + ".part")
        part.write_text(" ".join(map(str, processes)))
        part.rename(os.environ["NOTE"])


def child(**options) -> int:
    """A child that would outlive the test, and holds the solver's output open."""
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], **options).pid


def right(solver) -> None:
    solver.write(solver.text(solver.start))


# It ends badly --------------------------------------------------------------------------------------------------------


def crash(solver):
    print("about to crash", flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_after_a_whole_answer(solver):
    right(solver)
    os.kill(os.getpid(), signal.SIGABRT)


def unnamed_signal(solver):
    os.kill(os.getpid(), signal.SIGRTMIN + 1)


def exit_code(solver):
    right(solver)
    print("licence expired")
    sys.exit(3)


def exit_code_after_a_flood(solver):
    line = b"warning: the step is short\n" * 40_000
    for _ in range(FLOOD):
        sys.stdout.buffer.write(line[: 2**20])
    sys.stdout.buffer.write(b"\ngave up at last\n")
    sys.exit(1)


# It answers nothing, or no text of its protocol -----------------------------------------------------------------------


def no_file(solver):
    print("nothing to say")


def empty_file(solver):
    solver.write("")


def cut_file(solver):
    text = solver.text(solver.start)
    solver.write(text[: 2 * len(text) // 3])


def cut_at_the_end(solver):
    solver.write(solver.text(solver.start)[:-4])


def garbage(solver):
    solver.write("")
    Path(solver.answer).write_bytes(bytes(range(256)) * 64)


def words_for_numbers(solver):
    solver.write(solver.text(["many"] * solver.n))


def another_models_answer(solver):
    solver.write(solver.text([0.5] * (solver.n + 1), others=1))


def endless_answer(solver):
    solver.write("")
    with open(solver.answer, "r+b") as stream:
        stream.truncate(2**33)  # holes: it takes no room on the disk, but would in memory


def folder_for_a_file(solver):
    os.mkdir(solver.answer)


def pipe_for_a_file(solver):
    os.mkfifo(solver.answer)


def device_for_a_file(solver):
    os.symlink("/dev/zero", solver.answer)


def link_that_goes_round(solver):
    os.symlink(solver.answer, solver.answer)


def folder_removed(solver):
    shutil.rmtree(os.getcwd())


# It answers numbers that are none -------------------------------------------------------------------------------------


def not_a_number(solver):
    solver.write(solver.text(["nan"] * solver.n))


def infinite(solver):
    solver.write(solver.text([*solver.start[:-1], "inf"]))


def beyond_floats(solver):
    solver.write(solver.text(["1" + "0" * 400] * solver.n))


# It lies --------------------------------------------------------------------------------------------------------------


def its_start(solver):
    right(solver)


def out_of_bounds(solver):
    solver.write(solver.text([-1e6] * solver.n))


def infeasible_point(solver):
    solver.write(solver.text([9.0] * solver.n))


def huge(solver):
    solver.write(solver.text([1e300] * solver.n))


def false_infeasible(solver):
    solver.write(solver.text(solver.start, "infeasible"))


def false_unbounded(solver):
    solver.write(solver.text(solver.start, "unbounded"))


# It does not end, or leaves something behind --------------------------------------------------------------------------


def hang(solver):
    note(os.getpid(), child())
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def hang_in_silence(solver):
    note(os.getpid())
    os.close(1), os.close(2)
    time.sleep(600)


def hang_in_a_flood(solver):
    note(os.getpid())
    while True:
        sys.stdout.write("warning: the step is short\n" * 10_000)


def child_left(solver):
    note(child())
    right(solver)


def daemon_left(solver):
    note(child(start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    right(solver)


def files_left(solver):
    import tempfile

    os.makedirs(tempfile.mkdtemp() + "/deep/er")
    os.mkdir("locked")
    Path("locked", "file").write_text("")
    os.chmod("locked", 0)
    right(solver)
