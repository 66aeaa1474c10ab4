"""The measured tables, each figure beside a peer's in the same run: ``python tests/bench [SECTION…] [--json FILE]``.

Sections are ``rows`` (adding complementarity rows, against Pyomo's own transformations), ``problems`` (the published
problems, against the plain chains and pympcc), ``khe`` (every route on growing cases, against the exact algorithm),
``exact`` (that algorithm alone), ``li`` (equilibria of aggregators, against the paper's own method), ``le_cadre`` (closed
forms, against brute force and generic solvers), ``shayegan`` (six points against samples, a continuation against Pyomo's
chain), ``start`` (whole processes), ``notebooks`` (the course, beside an empty one), ``workers`` (functions sent to worker
processes, against ``concurrent.futures``), ``sweep`` (journalled points here, in processes and on Dask, against a plain
loop and pools) and ``app`` (the page in a real browser, against a plain solve). Nothing is asserted about time.

Seconds are CPU seconds of this process and of those it starts, medians after a warm-up, unless a column says wall.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd

SECTIONS = {
    "start": "whole processes",
    "notebooks": "the course, each notebook from the start of its kernel to its last cell",
    "workers": "functions evaluated in worker processes",
    "sweep": "sweeps: what a point costs beside its solve, by one and two processes and by Dask",
    "rows": "rows of complementarity pairs added to a Pyomo model, and the model written as .nl",
    "exact": "the exact algorithm of Khe et al. 2025",
    "khe": "Khe et al. 2025 by every route, against the exact algorithm",
    "shayegan": "Shayegan-Rad and Zangeneh 2019: six points against samples, a continuation against Pyomo's own chain",
    "li": "equilibria of Li et al. 2025 by the exact algorithm, and by the paper's two steps in rounds",
    "le_cadre": "Le Cadre et al. 2018, reconstructed: closed forms against brute force, the reference case seeded and cold",
    "app": "the page of bilevel-dr app in a real browser, against a plain solve in a fresh process",
    "problems": "published problems whose KKT system stands for the follower",
}
"""In the order they run: module of this directory → title."""


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(prog="python tests/bench", description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)}; all by default")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables there too")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"no section {unknown[0]!r}; choose from {', '.join(SECTIONS)}")
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests' own problems

    report = {"machine": machine()}
    print(", ".join(f"{name} {fact}" for name, fact in report["machine"].items()))
    for section in [name for name in SECTIONS if name in (options.sections or SECTIONS)]:
        print(f"\n{section}: {SECTIONS[section]}", flush=True)
        table, notes = collected(importlib.import_module(f"{section}_table").measure())
        print(table.to_string(index=False, na_rep="", float_format=lambda number: f"{number:.3g}"))
        print(*notes, sep="\n", flush=True)
        report[section] = {"rows": json.loads(table.to_json(orient="records", double_precision=12)), "notes": notes}
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def collected(measured):
    """The table of the rows (dicts) and the notes (sentences) that a section yields; each row on stderr meanwhile."""
    rows, notes = [], []
    for found in measured:
        if isinstance(found, str):
            notes.append(found)
            continue
        rows.append(found)
        print("  ", *(f"{fact:.3g}" if isinstance(fact, float) else fact for fact in found.values()), file=sys.stderr, flush=True)
    return pd.DataFrame(rows), notes


def machine() -> dict[str, str]:
    packages = ("pyomo", "casadi", "pyscipopt", "highspy")
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {"Python": platform.python_version(), "cores": str(os.cpu_count()), "load": load} | {p: version(p) for p in packages}


if __name__ == "__main__":
    main()
