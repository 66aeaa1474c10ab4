"""Time that is over ends Python code, and the clock is off afterwards."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from bilevel_dr.deadline import OutOfTime, within


def test_code_ends_when_its_time_is_over():
    with pytest.raises(OutOfTime), within(0.01):
        while True:
            pass


@pytest.mark.parametrize("seconds", [None, 60.0])
def test_code_that_is_quick_enough_is_not_disturbed(seconds):
    before = signal.getsignal(signal.SIGALRM)
    with within(seconds):
        done = 1
    assert done == 1 and signal.getsignal(signal.SIGALRM) is before and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_clock_is_off_after_an_error():
    with pytest.raises(KeyError), within(0.05):
        raise KeyError
    time.sleep(0.1)


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_no_time_is_over_at_once(seconds):
    with pytest.raises(OutOfTime), within(seconds):
        pytest.fail("it was begun")


def test_where_there_is_no_clock_nothing_is_begun():
    found = []

    def ask():
        try:
            with within(1.0):
                found.append("begun")
        except OutOfTime:
            found.append("refused")

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == ["refused"]
