"""Worker processes: what starting them and asking them costs, against ``concurrent.futures`` with fresh interpreters too."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from bilevel_dr.workers import evaluate

WORKERS, REPEATS = 2, 5


def total(price, profile):
    """A task that costs nothing: a price and a day's profile."""
    return price * profile.sum()


def measure():
    for tasks in (2, 1000):
        points = [(float(k), np.linspace(1, 2, 24)) for k in range(tasks)]
        ours = wall(lambda points=points: evaluate(total, points, WORKERS))
        peer = wall(lambda points=points: pooled(points))
        yield {
            "tasks": tasks,
            "workers": WORKERS,
            "ours, wall [ms]": 1000 * ours,
            "ProcessPoolExecutor, wall [ms]": 1000 * peer,
            "ours / peer": ours / peer,
        }
    yield "Wall: starting both processes, all tasks, and ending them. Two tasks show the start, a thousand what asking costs."


def pooled(points):
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as pool:
        return [future.result() for future in [pool.submit(total, *point) for point in points]]


def wall(action) -> float:
    """Seconds, the median of some runs after a warm-up."""
    action()
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)
