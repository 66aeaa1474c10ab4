"""What runs in a worker process, ``python -m bilevel_dr.worker``: one function, asked again and again through its pipes.

:mod:`bilevel_dr.workers` starts it. What the function prints goes to stderr: stdout carries the answers.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys

import cloudpickle

from .errors import ModelError, SolverFailed
from .orphans import end_with_parent


def serve() -> None:
    """Answer until there is nothing left to read."""
    signal.signal(signal.SIGINT, _leave)  # not KeyboardInterrupt: Popen.wait would wait a while for the program it runs
    end_with_parent(os.getppid())
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    tasks = sys.stdin.buffer
    try:
        function = _received(pickle.load(tasks))
        pickle.dump(None, answers)  # ready
        answers.flush()
        while True:
            pickle.dump(_packed(*_outcome(function, pickle.load(tasks))), answers)
            answers.flush()
    except (EOFError, BrokenPipeError, SystemExit, KeyboardInterrupt):  # nobody asks any more; the last: a solver's word
        os._exit(0)  # at once: its threads would be waited for


def _leave(_number, _frame) -> None:
    sys.exit()


def _received(shipped: bytes):
    try:
        return pickle.loads(shipped)
    except Exception as error:  # unpickling runs the code of somebody's objects
        problem = ModelError(f"a worker process cannot rebuild the function ({error}): use workers=1")

    def refuse(*point):
        raise problem

    return refuse


def _outcome(function, point: bytes) -> tuple[bool, object]:
    try:
        return True, function(*pickle.loads(point))
    except Exception as error:  # whatever it is, it is raised again where the function was handed over
        return False, error


def _packed(success: bool, value) -> bytes:
    try:
        packed = cloudpickle.dumps((success, value))
        if not success:
            pickle.loads(packed)  # an exception with a constructor of its own may not come back to life
        return packed
    except Exception as problem:  # pickling runs the code of somebody's objects
        what = f"{type(value).__name__}: {value}" if not success else f"an answer of type {type(value).__name__}"
        error = SolverFailed(
            f"{what}; it cannot be sent between processes ({problem}): return numbers, or use workers=1"
        )
        return cloudpickle.dumps((False, error))


if __name__ == "__main__":
    serve()
