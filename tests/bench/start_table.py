"""Whole processes from nothing to their exit, beside the interpreter alone and Pyomo alone."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

import pandas as pd

try:
    import resource
except ImportError:  # not on Windows
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
    rows = []
    for name, arguments in COMMANDS.items():
        _run(arguments)  # bytecode and the disk's cache
        runs = [_run(arguments) for _ in range(RUNS)]
        rows.append({"process": name, "seconds": median(cpu for cpu, _ in runs), "wall [s]": median(wall for _, wall in runs)})
    table = pd.DataFrame(rows)
    table["× import pyomo.environ"] = table["seconds"] / table["seconds"][1]
    return table, []


def _run(arguments) -> tuple[float | None, float]:
    before, began = _children(), time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    return (None if before is None else _children() - before), wall


def _children() -> float | None:
    """CPU seconds of the processes started here that have ended."""
    if resource is None:
        return None
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
