"""What a command leaves when it ends otherwise than it meant to: killed, crashed, orphaned, or with nowhere to write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builders import TOY

ROOT = Path(__file__).resolve().parents[1]
PRELUDE = """
import os, signal, subprocess, sys, tempfile, time
from pathlib import Path
from bilevel_dr.cli.supervision import supervised

def tell(*words):
    part = Path({note!r} + ".part")
    part.write_text(" ".join(map(str, words)))
    part.rename({note!r})

def command():
    tempfile.mkdtemp()
"""


@pytest.fixture
def place(tmp_path):
    """An empty folder for temporary files, and a note that a command writes when it is ready."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder, tmp_path / "note"


def start(place, body: str, **options) -> subprocess.Popen:
    """``supervised`` in a process of its own, its command being ``body``."""
    temporary, note = place
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    code = PRELUDE.format(note=str(note)) + lines + "\nsys.exit(supervised(command))\n"
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen([sys.executable, "-c", code], text=True, env=environment, **streams)


def told(note: Path) -> list[int]:
    return [int(word) for word in _wait_for(note.exists) and note.read_text().split()]


def gone(process: int) -> bool:
    status = Path(f"/proc/{process}/status")
    try:
        return "State:\tZ" in status.read_text()
    except FileNotFoundError:
        return True


def _wait_for(condition, seconds: float = 120.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return True


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["INT", "TERM", "HUP"]
)
def test_a_signal_ends_it_with_its_code_and_nothing_left(place, number, code):
    process = start(place, "tell(os.getpid())\ntime.sleep(600)")
    (child,) = told(place[1])
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert process.returncode == code and err.count("\n") == 1 and "interrupted" in err
    assert gone(child) and list(place[0].iterdir()) == []


def test_under_nohup_a_closed_terminal_does_not_end_it(place):
    body = "tell(os.getpid())\ntime.sleep(0.5)\nprint('ended by itself')"
    process = start(place, body, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    told(place[1])
    process.send_signal(signal.SIGHUP)
    assert process.communicate(timeout=120)[0] == "ended by itself\n" and process.returncode == 0


@pytest.mark.parametrize(("number", "said"), [(signal.SIGSEGV, "compiled code"), (signal.SIGKILL, "perhaps because memory ran out")])
def test_a_crash_is_one_line_and_takes_the_programs_along_that_it_left(place, number, said):
    """A solver's child in a session of its own would outlive everything."""
    body = f"""
ways = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL) | {{"start_new_session": True}}
ways["env"] = os.environ | {{"TMPDIR": tempfile.mkdtemp(prefix="bilevel_dr_solver_")}}
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], **ways)
tell(left.pid)
os.kill(os.getpid(), {int(number)})
"""
    process = start(place, body)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 6 and err.count("\n") == 1 and number.name in err and said in err
    (left,) = told(place[1])
    assert _wait_for(lambda: gone(left)) and list(place[0].iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
def test_an_orphan_ends_and_cleans_up(place):
    process = start(place, "tell(os.getpid())\ntime.sleep(600)")
    (child,) = told(place[1])
    process.kill()
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert _wait_for(lambda: gone(child)) and _wait_for(lambda: list(place[0].iterdir()) == [])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is missing here")
def test_output_that_cannot_be_written_is_one_line(place):
    with open("/dev/full", "w") as full:
        process = start(place, "print('much to say')", stdout=full)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 2 and err == "bilevel-dr: the output cannot be read or written: No space left on device\n"


def test_where_no_temporary_folder_can_be_made_it_is_one_line(tmp_path):
    process = start((Path("/dev/null/nowhere"), tmp_path / "note"), "", preexec_fn=_no_files)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2 and err.count("\n") == 1 and "set TMPDIR" in err


def _no_files():
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # for tempfile a folder in which nothing can be written is none


# A whole command ------------------------------------------------------------------------------------------------------

MODEL = "import os, signal, time\nfrom pathlib import Path\n" + TOY
CRASHES = """#!/bin/sh
kill -SEGV $PPID
sleep 5
"""


@pytest.fixture
def toy(tmp_path):
    (tmp_path / "toy.py").write_text(MODEL)
    (tmp_path / "toy.dat").write_text("param most := 4;\n")
    (tmp_path / "crashes").write_text(CRASHES)
    (tmp_path / "crashes").chmod(0o755)
    return tmp_path


def solve(toy, place, *options, **streams) -> subprocess.Popen:
    command = [sys.executable, "-m", "bilevel_dr", "solve", toy / "toy.py", toy / "toy.dat", *options]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.Popen(command, text=True, env=os.environ | {"TMPDIR": str(place[0])}, **streams)


def test_a_crash_with_out_writes_the_run_folder_with_what_the_solver_was_given(toy, place):
    out = toy / "run"
    process = solve(toy, place, "--reformulation", "product", "--solver", toy / "crashes", "--out", out)
    _, err = process.communicate(timeout=120)
    run = json.loads((out / "run.json").read_text())
    assert process.returncode == 6 and err.count("\n") == 1 and f"kept in {out / 'solver'}" in err
    assert "SIGSEGV" in run["error"] and run["options"]["solver"] == str(toy / "crashes") and run["solution"] is None
    assert (out / "solver" / "model.nl").is_file() and (out / "inputs" / "toy.py").read_text() == MODEL
    assert list(place[0].iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_solve_with_out_that_is_killed_leaves_what_was_there(toy, place, number):
    """Killed at once (a supervisor, a machine that goes down) or interrupted: no folder is half written."""
    out = toy / "run"
    out.mkdir()
    (out / "run.json").write_text("an earlier run")
    (toy / "toy.py").write_text(MODEL + f"\nPath({str(place[1])!r}).write_text(str(os.getpid()))\ntime.sleep(600)\n")
    process = solve(toy, place, "--out", out)
    _wait_for(lambda: place[1].exists() and place[1].read_text())
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert number == signal.SIGKILL or err == "bilevel-dr: interrupted; no process and no temporary file is left\n"
    assert _wait_for(lambda: gone(int(place[1].read_text())))
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [("run.json", "an earlier run")]
    names = {"toy.py", "toy.dat", "crashes", "run", "temporary", "note"}
    assert {path.name for path in toy.iterdir()} == names and _wait_for(lambda: list(place[0].iterdir()) == [])


def test_where_temporary_files_do_not_fit_it_is_one_line(toy, place):
    def small_files():
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))

    process = solve(toy, place, "--reformulation", "product", preexec_fn=small_files)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (6, "") and err.count("\n") == 1
    assert "a solver's input cannot be written: File too large; free some room there" in err
    assert list(place[0].iterdir()) == []
