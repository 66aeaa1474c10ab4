"""Worker processes: same answers, dead workers and failures named, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing
from pathlib import Path

import cloudpickle
import pytest

import bilevel_dr as bdr
from bilevel_dr import processes
from bilevel_dr.errors import LimitReached
from bilevel_dr.workers import Worker, evaluate


class Odd(Exception):
    """Cannot be rebuilt from its arguments."""

    def __init__(self, one, *, other):
        super().__init__(f"{one} and {other}")


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path("/proc", str(pid), "stat")  # one whose parent was killed may wait for somebody to take note of its end
    return not stat.exists() or ") Z " not in stat.read_text()


def waited_for(things, count, process):
    """The things, once there are so many."""
    until = time.monotonic() + 60
    while len(found := things()) < count:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.02)
    return found


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
        if x in (3, 4):
            os._exit(7 * (x - 3))  # 0 too, as a program that meant to say goodbye
        return x

    found = evaluate(function, [(k,) for k in range(8)], 2, kept=(bdr.SolverFailed,))
    assert [value for value in found if isinstance(value, int)] == [0, 1, 5, 6, 7]
    assert "killed by signal SIGKILL" in str(found[2]) and "exit code 0" in str(found[3]) and "exit code 7" in str(found[4])
    with pytest.raises(bdr.SolverFailed, match="the worker process died"):
        evaluate(function, [(1,), (2,)], 2)


def test_a_worker_killed_between_two_points_costs_nothing():
    with closing(Worker(cloudpickle.dumps(lambda: os.getpid()), None)) as worker:
        success, first = worker.ask(())
        assert success and worker.ask(()) == (True, first)
        os.kill(first, signal.SIGKILL)
        worker.process.wait()
        success, second = worker.ask(())
        assert success and second != first
    assert not is_alive(second) and worker.ask(())[0] is False


def test_a_point_that_takes_too_long_is_ended_with_all_it_started(tmp_path):
    """In Python, in a program it waits for, in compiled code that does not listen; the other points are answered."""
    asleep = f"import os, pathlib, time\npathlib.Path({str(tmp_path)!r}, str(os.getpid())).touch()\ntime.sleep(60)"

    def function(x):
        if x == 2:
            processes.run([sys.executable, "-c", asleep], None, str(tmp_path))
        if x == 3:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if x in (1, 3):
            exec(asleep)
        return x

    found = evaluate(function, [(k,) for k in range(6)], 2, (bdr.SolverFailed,), limit=2.0)
    assert [value for value in found if isinstance(value, int)] == [0, 4, 5]
    assert all(isinstance(found[k], LimitReached) and "no answer within 2 s" in str(found[k]) for k in (1, 2, 3))
    pids = [int(file.name) for file in tmp_path.iterdir() if file.name.isdigit()]
    assert len(pids) == 3 and not any(map(is_alive, pids))


def test_a_limit_needs_a_process_and_is_positive():
    assert evaluate(os.getpid, [()], limit=60) != [os.getpid()] == evaluate(os.getpid, [()])
    with pytest.raises(bdr.ModelError, match="limit=0: give the seconds"):
        evaluate(triple, [(0,)], limit=0)


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_killed_parent_leaves_no_worker(tmp_path):
    script = tmp_path / "script.py"
    asleep = f"open(r'{tmp_path}/' + str(os.getpid()), 'w').close()\n    time.sleep(60)"
    script.write_text(
        f"import os, time\nfrom bilevel_dr.workers import evaluate\n\n\ndef busy(x):\n    {asleep}\n\n\nevaluate(busy, [(0,), (1,)], 2)\n"
    )
    process = subprocess.Popen([sys.executable, str(script)], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    found = waited_for(lambda: [int(file.name) for file in tmp_path.iterdir() if file.name.isdigit()], 2, process)
    process.kill()
    process.wait()
    until = time.monotonic() + 20
    while any(map(is_alive, found)):
        assert time.monotonic() < until
        time.sleep(0.05)


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
    found = waited_for(lambda: [int(file.name) for file in tmp_path.iterdir() if file.name.isdigit()], 2, process)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=30)[1]
    assert not any(map(is_alive, found))
