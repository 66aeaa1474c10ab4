"""Compiled solvers write to file descriptor 1 as they please; standard output belongs to the caller's answer."""

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
    """Send what compiled code writes to descriptor 1 meanwhile nowhere."""
    with _lock:
        if not _kept:
            if sys.stdout is not None:
                sys.stdout.flush()
            _C.fflush(None)
            kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.close(nowhere)
        else:
            kept = _kept[0]
        _kept.append(kept)
    try:
        yield
    finally:
        with _lock:
            _kept.pop()
            if not _kept:
                _C.fflush(None)  # what the C library still holds would come out later
                os.dup2(kept, 1)
                os.close(kept)
