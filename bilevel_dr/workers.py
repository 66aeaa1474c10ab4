"""One function at many points, here or in worker processes: one door for all that is evaluated in parallel.

A worker is a fresh interpreter that is sent the function (by value where it was written in a script or a notebook, so no
``if __name__ == "__main__"`` is needed) and then one point at a time. One that dies costs its point only. It computes
with one thread: processes, not threads within them, share the cores.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import cloudpickle

from .errors import ModelError, SolverFailed

PATIENCE = 0.5
"""Seconds an interrupted worker has to end the programs it runs; less than a command has after Ctrl-C."""
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def evaluate(
    function: Callable,
    points: Sequence[Sequence],
    workers: int = 1,
    kept: tuple[type[Exception], ...] = (),
    done: Callable[[int], None] | None = None,
) -> list:
    """``function(*point)`` for every point, in the order of the points.

    Parameters
    ----------
    function : callable
        With ``workers`` > 1 it, what it refers to and what it returns are pickled (by cloudpickle: a function of a
        script, a notebook or another function will do).
    points : sequence of sequences
        The arguments.
    workers : int
        Processes; 1 evaluates right here.
    kept : tuple of exception classes
        Exceptions that take the place of an answer. The first of another class ends it all.
    done : callable, optional
        Told the number of the points that are answered, after each.

    Raises
    ------
    ModelError
        ``workers`` is no whole number ≥ 1, or the function cannot be sent to another process.
    SolverFailed
        A worker process died, unless it is ``kept``.
    Exception
        What the function raised, with a note of the point.
    """
    if not isinstance(workers, int) or workers < 1:
        raise ModelError(f"workers={workers!r}: give a whole number of processes, 1 or more")
    points, crew = [tuple(point) for point in points], min(workers, len(points))
    answers: dict[int, object] = {}

    def take(number: int, success: bool, value) -> None:
        if not success and not isinstance(value, kept):
            value.add_note(f"at point {number + 1} of {len(points)}: {points[number]}")
            raise value
        answers[number] = value
        if done:
            done(len(answers))

    if crew > 1:
        _in_processes(_shipped(function), points, crew, take)
    else:
        for number, point in enumerate(points):
            try:
                success, value = True, function(*point)
            except Exception as error:  # raised again by take, unless it is of a class that is kept
                success, value = False, error
            take(number, success, value)
    return [answers[number] for number in range(len(points))]


def _shipped(function: Callable) -> bytes:
    try:
        return cloudpickle.dumps(function)
    except Exception as error:  # pickling runs the code of somebody's objects
        remedy = "let it build what it needs from numbers and names, or use workers=1"
        raise ModelError(f"{function!r}: cannot be sent to a worker process ({error}): {remedy}") from error


def _in_processes(shipped: bytes, points: list[tuple], crew: int, take: Callable) -> None:
    """Let threads feed a worker each, and take what they bring; whatever happens, no process is left."""
    tasks, brought = queue.SimpleQueue(), queue.SimpleQueue()
    for task in enumerate(points):
        tasks.put(task)
    members = [_Worker(shipped) for _ in range(crew)]
    threads = [threading.Thread(target=_feed, args=(member, tasks, brought), daemon=True) for member in members]
    try:
        for thread in threads:
            thread.start()
        for _ in points:
            take(*brought.get())
    finally:
        with _undisturbed():
            _end(members)


def _feed(member: _Worker, tasks: queue.SimpleQueue, brought: queue.SimpleQueue) -> None:
    while not member.over:
        try:
            number, point = tasks.get_nowait()
        except queue.Empty:
            return
        try:
            brought.put((number, *member.ask(point)))
        except Exception as error:  # pickling runs the code of somebody's objects; nothing may be left unanswered
            problem = ModelError(f"{point} or its answer cannot be sent between processes ({error}): use workers=1")
            brought.put((number, False, problem))


class _Worker:
    """A process that holds the function; started when it is first asked, and again after it died."""

    def __init__(self, shipped: bytes):
        self.shipped, self.process, self.over = shipped, None, False
        self.lock = threading.Lock()  # a worker that is over must not be started meanwhile

    def ask(self, point: tuple) -> tuple[bool, object]:
        """Whether it succeeded, and the answer or the exception."""
        packed = cloudpickle.dumps(point)
        try:
            process = self._running()
            pickle.dump(packed, process.stdin)
            process.stdin.flush()
            answer = pickle.load(process.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:  # its end of the pipe is gone
            return False, self._death(error)
        return pickle.loads(answer)

    def _running(self) -> subprocess.Popen:
        with self.lock:
            if self.over:
                raise EOFError("interrupted")
            if self.process is None:
                path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
                environment = os.environ | _ONE_THREAD | {"PYTHONPATH": path}
                pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
                command = [sys.executable, "-P", "-m", "bilevel_dr.worker"]
                self.process = subprocess.Popen(command, env=environment, start_new_session=True, **pipes)
                pickle.dump(self.shipped, self.process.stdin)
            return self.process

    def _death(self, error: Exception) -> SolverFailed:
        process, self.process = self.process, None
        if process is None:
            return SolverFailed(f"no worker process could be started: {error}")
        process.kill()  # one that only closed its pipe
        code = process.wait()
        _close(process)
        how = f"killed by signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return SolverFailed(f"the worker process died ({how}); workers=1 shows where, or choose another solver")


def _end(members: list[_Worker]) -> None:
    """Ask idle and busy workers alike to end what they run, then kill them."""
    running = []
    for member in members:
        with member.lock:
            member.over, process = True, member.process
        running += [process] if process is not None else []
    for process in running:
        process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and any(process.poll() is None for process in running):
        time.sleep(0.002)
    for process in running:
        process.kill()
    for process in running:
        process.wait()
        _close(process)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C, or the terminal's beside ours, does not keep the workers from being ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    listener = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, listener)


def _close(process: subprocess.Popen) -> None:
    for pipe in (process.stdin, process.stdout):
        try:
            pipe.close()
        except OSError:  # what was still to be written has no reader any more
            pass
