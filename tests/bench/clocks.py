"""CPU and wall time of a call, and of the solver calls inside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from unittest import mock


@dataclass
class Spent:
    """Seconds: of the CPU, for all threads, and by the clock on the wall."""

    cpu: float = 0.0
    wall: float = 0.0

    @contextmanager
    def running(self):
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            yield
        finally:
            self.cpu += time.process_time() - cpu
            self.wall += time.perf_counter() - wall


def spent(call: Callable) -> tuple[Spent, object]:
    """What one call took and what it returned."""
    clock = Spent()
    with clock.running():
        answer = call()
    return clock, answer


def median_spent(clocks) -> Spent:
    clocks = list(clocks)
    return Spent(median(clock.cpu for clock in clocks), median(clock.wall for clock in clocks))


def enough(clocks, runs: int = 3, budget: float = 10.0) -> bool:
    """Whether a call was run as often as wanted, or so long that once more would cost more than it tells."""
    return len(clocks) >= runs or sum(clock.wall for clock in clocks) > budget


@contextmanager
def inside_solvers():
    """Yields what is spent meanwhile in the compiled solvers: casadi's, HiGHS and SCIP."""
    import casadi
    import highspy
    import pyscipopt

    clock = Spent()
    call, run = casadi.Function.__call__, highspy.Highs.run

    def timed_call(function, *args, **kwargs):
        if function.name() != "nlp":
            return call(function, *args, **kwargs)
        with clock.running():
            return call(function, *args, **kwargs)

    def timed_run(highs):
        with clock.running():
            return run(highs)

    class TimedScip(pyscipopt.Model):
        def optimize(self):
            with clock.running():
                super().optimize()

    with (
        mock.patch.object(casadi.Function, "__call__", timed_call),
        mock.patch.object(highspy.Highs, "run", timed_run),
        mock.patch.object(pyscipopt, "Model", TimedScip),
    ):
        yield clock
