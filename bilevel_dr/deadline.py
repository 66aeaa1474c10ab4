"""Python code that ends when its time is over, without a process of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class OutOfTime(Exception):
    """The time that :func:`within` gave is over."""


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Meanwhile a clock runs; compiled code is interrupted when it comes back to Python.

    Parameters
    ----------
    seconds : float or None
        None for no limit.

    Raises
    ------
    OutOfTime
        They are over; also at once where there is no such clock, which is in threads and on Windows.
    """
    if seconds is None:
        yield
        return
    here = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if seconds <= 0.0 or not here:
        raise OutOfTime

    def stop(_number, _frame):
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
