"""Whole processes from nothing to their exit, beside the interpreter alone and Pyomo alone."""

from __future__ import annotations

import math
import subprocess
import sys
import time

from clocks import Spent, median_spent

try:
    import resource
except ImportError:  # Windows
    resource = None

COMMANDS = {
    "python": ["-c", "pass"],
    "import pyomo.environ": ["-c", "import pyomo.environ"],
    "import bilevel_dr": ["-c", "import bilevel_dr"],
    "import bilevel_dr; bilevel_dr.solve": ["-c", "import bilevel_dr; bilevel_dr.solve"],
    "bilevel-dr --help": ["-m", "bilevel_dr", "--help"],
    "bilevel-dr solve khe_2025 small_800": ["-m", "bilevel_dr", "solve", "khe_2025", "small_800"],
}
RUNS = 5


def measure():
    pyomo = _median(["-c", "import pyomo.environ"])
    for name, arguments in COMMANDS.items():
        clock = _median(arguments)
        yield {"process": name, "seconds": clock.cpu, "wall [s]": clock.wall, "× import pyomo.environ": clock.wall / pyomo.wall}


def _median(arguments) -> Spent:
    _run(arguments)  # bytecode and the disk's cache
    return median_spent(_run(arguments) for _ in range(RUNS))


def _run(arguments) -> Spent:
    before, began = _children(), time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    return Spent(_children() - before, wall)


def _children() -> float:
    """CPU seconds of the processes started here that have ended; NaN on Windows, which does not say."""
    if resource is None:
        return math.nan
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
