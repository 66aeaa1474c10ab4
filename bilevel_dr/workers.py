"""One function at many points, here or in worker processes: one door for all that is evaluated in parallel.

A worker is a fresh interpreter that is sent the function (by value where it was written in a script or a notebook, so no
``if __name__ == "__main__"`` is needed) and then one point at a time. One that dies, or takes longer than the limit, costs
its point only. It computes with one thread: processes, not threads within them, share the cores.

Each worker has pipes of its own and is watched by a thread of its own: pools whose workers share a pipe wait for ever for
a worker that ended with exit code 0 in mid-task, or end altogether when an idle one is killed.
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
from contextlib import closing, contextmanager

import cloudpickle

from .errors import LimitReached, ModelError, SolverFailed

PATIENCE = 0.5
"""Seconds an interrupted worker has to end the programs it runs; less than a command has after Ctrl-C."""
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def evaluate(
    function: Callable,
    points: Sequence[Sequence],
    workers: int = 1,
    kept: tuple[type[Exception], ...] = (),
    done: Callable[[int], None] | None = None,
    limit: float | None = None,
) -> list:
    """``function(*point)`` for every point, in the order of the points.

    Parameters
    ----------
    function : callable
        In processes it, what it refers to and what it returns are pickled (by cloudpickle: a function of a script, a
        notebook or another function will do).
    points : sequence of sequences
        The arguments.
    workers : int
        Processes; 1 evaluates right here, unless there is a limit.
    kept : tuple of exception classes
        Exceptions that take the place of an answer. The first of another class ends it all.
    done : callable, optional
        Told the number of the points that are answered, after each.
    limit : float, optional
        Seconds for each point. After that its worker, and the solver program it runs, are ended.

    Raises
    ------
    ModelError
        ``workers`` is no whole number ≥ 1, ``limit`` is no positive one, or the function cannot be sent to another process.
    SolverFailed
        A worker process died, or reached the limit (``LimitReached``), unless it is ``kept``.
    Exception
        What the function raised, with a note of the point.
    """
    points = [tuple(point) for point in points]
    answers: dict[int, object] = {}
    with closing(as_answered(function, points, workers, limit)) as coming:
        for number, success, value in coming:
            if not success and not isinstance(value, kept):
                value.add_note(f"at point {number + 1} of {len(points)}: {points[number]}")
                raise value
            answers[number] = value
            if done:
                done(len(answers))
    return [answers[number] for number in range(len(points))]


def as_answered(
    function: Callable, points: Sequence[Sequence], workers: int = 1, limit: float | None = None
) -> Iterator[tuple[int, bool, object]]:
    """The same, each point as soon as it is answered: its number, whether it succeeded, the answer or the exception.

    Close the iterator where it is left before its end: then no process is left either.
    """
    if not isinstance(workers, int) or workers < 1:
        raise ModelError(f"workers={workers!r}: give a whole number of processes, 1 or more")
    if limit is not None and not 0 < limit < threading.TIMEOUT_MAX:
        raise ModelError(f"limit={limit!r}: give the seconds that one point may take, more than 0, or None")
    crew = min(workers, len(points))
    if crew > 1 or limit is not None:
        yield from _in_processes(shipped(function), points, crew, limit)
        return
    for number, point in enumerate(points):
        try:
            success, value = True, function(*point)
        except Exception as error:  # whose it is decides who asked for the answers
            success, value = False, error
        yield number, success, value


def shipped(function: Callable) -> bytes:
    """A function as another process takes it.

    Raises
    ------
    ModelError
        It cannot be sent.
    """
    try:
        return cloudpickle.dumps(function)
    except Exception as error:  # pickling runs the code of somebody's objects
        remedy = "let it build what it needs from numbers and names, or use workers=1"
        raise ModelError(f"{function!r}: cannot be sent to a worker process ({error}): {remedy}") from error


def _in_processes(packed: bytes, points: Sequence, crew: int, limit: float | None) -> Iterator[tuple[int, bool, object]]:
    """Let threads feed a worker each, and yield what they bring; whatever happens, no process is left."""
    tasks, brought = queue.SimpleQueue(), queue.SimpleQueue()
    for task in enumerate(points):
        tasks.put(task)
    members = [Worker(packed, limit) for _ in range(crew)]
    threads = [threading.Thread(target=_feed, args=(member, tasks, brought), daemon=True) for member in members]
    try:
        for thread in threads:
            thread.start()
        for _ in points:
            yield brought.get()
    finally:
        with _undisturbed():
            end(members)


def _feed(member: Worker, tasks: queue.SimpleQueue, brought: queue.SimpleQueue) -> None:
    while not member.over:
        try:
            number, point = tasks.get_nowait()
        except queue.Empty:
            return
        brought.put((number, *member.ask(point)))


class Worker:
    """A process that holds a function; started when it is first asked, and again after it died.

    Parameters
    ----------
    shipped : bytes
        The function, pickled.
    limit : float or None
        Seconds for each answer.
    """

    def __init__(self, shipped: bytes, limit: float | None):
        self.shipped, self.limit, self.process, self.over = shipped, limit, None, False
        self.lock = threading.Lock()  # a worker that is over must not be started meanwhile

    def ask(self, point: Sequence) -> tuple[bool, object]:
        """Whether it succeeded, and the answer or the exception."""
        try:
            packed = cloudpickle.dumps(tuple(point))
            return pickle.loads(self._answer(packed))
        except (EOFError, OSError, pickle.UnpicklingError, LimitReached) as error:  # its end of the pipe is gone
            return False, self._death(error)
        except Exception as error:  # pickling runs the code of somebody's objects; nothing may be left unanswered
            return False, ModelError(f"{point} or its answer cannot be sent between processes ({error}): use workers=1")

    def close(self) -> None:
        """End it for good, whatever it is doing."""
        end([self])

    def _answer(self, packed: bytes) -> bytes:
        process = self._running()
        pickle.dump(packed, process.stdin)
        process.stdin.flush()
        if self.limit is None:
            return pickle.load(process.stdout)
        late = threading.Event()
        timer = threading.Timer(self.limit, lambda: (late.set(), _stop([process])))
        timer.daemon = True
        timer.start()
        try:
            return pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            if late.is_set():
                raise LimitReached(f"no answer within {self.limit:g} s, so its process was ended; allow more") from None
            raise
        finally:
            timer.cancel()
            timer.join()  # where it has just begun to end the process although there is an answer

    def _running(self) -> subprocess.Popen:
        """The process, ready for a point."""
        with self.lock:
            if self.over:
                raise EOFError("interrupted")
            if self.process is not None and self.process.poll() is None:
                return self.process
            if self.process is not None:  # it died between two points, which are not to blame
                _close(self.process)
            path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
            environment = os.environ | _ONE_THREAD | {"PYTHONPATH": path}
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            command = [sys.executable, "-P", "-m", "bilevel_dr.worker"]
            process = self.process = subprocess.Popen(command, env=environment, start_new_session=True, **pipes)
        pickle.dump(self.shipped, process.stdin)
        process.stdin.flush()
        pickle.load(process.stdout)  # its word that it has the function: the limit is for points alone
        return process

    def _death(self, error: Exception) -> SolverFailed:
        with self.lock:
            process, self.process = self.process, None
        if process is None:
            return SolverFailed(f"no worker process could be started: {error}")
        process.kill()  # one that only closed its pipe
        code = process.wait()
        _close(process)
        if isinstance(error, LimitReached):
            return error
        how = f"killed by signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return SolverFailed(f"the worker process died ({how}); workers=1 shows where, or choose another solver")


def end(members: Sequence[Worker]) -> None:
    """Ask idle and busy workers alike to end what they run, then kill them, all at the same time."""
    running = []
    for member in members:
        with member.lock:
            member.over, process = True, member.process
        running += [process] if process is not None else []
    _stop(running)
    for process in running:
        _close(process)


def _stop(running: Sequence[subprocess.Popen]) -> None:
    for process in running:
        process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and any(process.poll() is None for process in running):
        time.sleep(0.002)
    for process in running:
        process.kill()
    for process in running:
        process.wait()


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
