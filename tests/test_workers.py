"""Worker processes: same answers, dead workers and failures named, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import bilevel_dr as bdr
from bilevel_dr.workers import evaluate


class Odd(Exception):
    """Cannot be rebuilt from its arguments."""

    def __init__(self, one, *, other):
        super().__init__(f"{one} and {other}")


def triple(x):
    if x == 3:
        raise ValueError("three is too many")
    return 3 * x


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_answers_come_in_the_order_of_the_points(workers):
    told = []
    assert evaluate(lambda x, y: (x, -y), [(k, k) for k in range(5)], workers, done=told.append) == [
        (k, -k) for k in range(5)
    ]
    assert told == [1, 2, 3, 4, 5]
    assert evaluate(triple, [], workers) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_comes_back_with_its_point(workers):
    with pytest.raises(ValueError, match="three is too many") as caught:
        evaluate(triple, [(1,), (2,), (3,), (4,)], workers)
    assert caught.value.__notes__ == ["at point 3 of 4: (3,)"]


@pytest.mark.parametrize("workers", [1, 2])
def test_kept_exceptions_take_the_place_of_an_answer(workers):
    found = evaluate(triple, [(2,), (3,), (4,)], workers, kept=(ValueError,))
    assert (found[0], found[2]) == (6, 12) and isinstance(found[1], ValueError)


def test_a_worker_that_dies_costs_its_point_only():
    def function(x):
        if x == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if x == 3:
            os._exit(7)
        return x

    found = evaluate(function, [(k,) for k in range(8)], 2, kept=(bdr.SolverFailed,))
    assert [value for value in found if isinstance(value, int)] == [0, 1, 4, 5, 6, 7]
    assert "killed by signal SIGKILL" in str(found[2]) and "exit code 7" in str(found[3])
    with pytest.raises(bdr.SolverFailed, match="the worker process died"):
        evaluate(function, [(1,), (2,)], 2)


def test_workers_have_one_thread_and_what_they_print_is_no_answer(capfd):
    def function(x):
        print("a solver's banner")
        os.system("echo compiled words")
        return os.environ["OMP_NUM_THREADS"], os.getpid()

    found = evaluate(function, [(1,), (2,)], 2)
    assert [threads for threads, _ in found] == ["1", "1"] and os.getpid() not in [pid for _, pid in found]
    said = capfd.readouterr()
    assert said.out == "" and "compiled words" in said.err


def test_what_cannot_travel_is_said():
    lock = threading.Lock()
    with pytest.raises(bdr.ModelError, match="cannot be sent to a worker process"):
        evaluate(lambda x: lock, [(1,), (2,)], 2)
    with pytest.raises(bdr.ModelError, match="cannot be sent between processes"):
        evaluate(lambda x: x, [(lock,), (lock,)], 2)
    with pytest.raises(bdr.SolverFailed, match="an answer of type generator; it cannot be sent"):
        evaluate(lambda x: (k for k in range(3)), [(1,), (2,)], 2)

    def odd(x):
        raise Odd(x, other=2)

    with pytest.raises(bdr.SolverFailed, match="Odd: 1 and 2; it cannot be sent"):
        evaluate(odd, [(1,), (1,)], 2)


def test_a_script_needs_no_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import bilevel_dr as bdr\nprint(bdr.point_estimate(lambda x: x**2, [3.0], [0.5], workers=2).mean)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, env=environment)
    assert (found.stdout.strip(), found.stderr) == ("9.25", "")


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_leaves_no_worker_however_busy(tmp_path):
    """One worker waits, one does not listen to signals, as a compiled solver does not."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""
        import os, signal, time
        from bilevel_dr.workers import evaluate
        signal.signal(signal.SIGINT, signal.default_int_handler)

        def busy(x):
            if x:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            open(r"{tmp_path}/" + str(os.getpid()), "w").close()
            time.sleep(60)

        evaluate(busy, [(0,), (1,)], 2)
        """)
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True, env=environment)
    until = time.monotonic() + 60
    while len(found := [int(file.name) for file in tmp_path.iterdir() if file.name.isdigit()]) < 2:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=30)[1]
    for pid in found:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
