"""Compiled solvers write to descriptors 1 and 2 as they please; both belong to the caller, and outcomes say what was wrong."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import contextmanager
from threading import Lock

_C = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
_lock = Lock()
_kept: list[int] = []
"""The caller's descriptor 1, once for every call inside: the last one out gives it back, whichever thread it is."""


@contextmanager
def no_output():
    """Send whatever is written to descriptors 1 and 2 meanwhile, by compiled code too, nowhere."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        for number, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)
        os.close(nowhere)
