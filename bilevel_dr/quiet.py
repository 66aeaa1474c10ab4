"""Compiled solvers write to descriptors 1 and 2 as they please; both belong to the caller, and outcomes say what was wrong."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import contextmanager
from threading import Lock

_C = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
_lock = Lock()
_inside = 0
_kept: list[int] = []
"""The caller's descriptors, once for every call inside: the last one out gives them back, whichever thread it is."""


@contextmanager
def no_output():
    """Send whatever is written to descriptors 1 and 2 meanwhile, by compiled code too, nowhere."""
    global _inside
    with _lock:
        _inside += 1
        if _inside == 1:
            _flush()
            _kept[:] = [os.dup(1), os.dup(2)]
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            os.close(nowhere)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _flush()
                for number, copy in zip((1, 2), _kept, strict=True):
                    os.dup2(copy, number)
                    os.close(copy)


def _flush() -> None:
    """Python's buffers and C's, so that nothing lands on the wrong side of the switch."""
    sys.stdout.flush()
    sys.stderr.flush()
    _C.fflush(None)
