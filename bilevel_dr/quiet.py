"""Compiled solvers write to file descriptor 1 as they please; standard output belongs to the caller's answer."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager


@contextmanager
def no_output():
    """Send whatever is written to descriptor 1 meanwhile, by compiled code too, nowhere."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(nowhere)
        os.close(kept)
