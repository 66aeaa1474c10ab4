"""The command of very many solves: sweep."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import DataError
from .options import Data, Json, Limit, Model, Route, Seed, Set, Starts, TrustData, Workers
from .session import LIMIT, OK, cores, merged, print_json, way_of, work
from .supervision import leave_word

LISTED = 24
"""Failures that are written out; the rest is in ``results.csv``."""


def sweep(
    model: Model,
    data: Data,
    grid: Annotated[
        list[str],
        typer.Option("--grid", metavar="NAME=LOW:HIGH:N", help="N values, or NAME=V,V,V; repeat it: every combination"),
    ] = [],  # noqa: B006
    list_: Annotated[
        str | None, typer.Option("--list", metavar="FILE.csv", help="one point a row, its columns parameters")
    ] = None,
    random: Annotated[int | None, typer.Option(metavar="N", min=1, help="N seeded points of the ranges")] = None,
    range_: Annotated[
        list[str], typer.Option("--range", metavar="NAME=LOW:HIGH", help="what to draw from, or NAME=V,V,V; repeat it")
    ] = [],  # noqa: B006
    method: Annotated[str, typer.Option(metavar="M", help="of drawing: latin_hypercube or sobol")] = "latin_hypercube",
    set_: Set = [],  # noqa: B006
    route: Route = "auto",
    solver: Annotated[str, typer.Option(metavar="S", help="of a route that is not exact")] = "auto",
    starts: Starts = None,
    time_limit: Limit = None,
    seed: Seed = 0,
    keep: Annotated[
        list[str], typer.Option("--keep", metavar="VARIABLE", help="its values as columns: call, call[3]; repeat it")
    ] = [],  # noqa: B006
    workers: Workers = None,
    limit: Annotated[
        float | None, typer.Option(metavar="S", min=0.001, help="seconds a point may take before its process is ended")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT", help="of a Dask cluster, in place of processes here")
    ] = None,
    out: Annotated[str | None, typer.Option("--out", metavar="DIR", help="folder of the journal and the results")] = None,
    resume: Annotated[str | None, typer.Option("--resume", metavar="DIR", help="go on with the journal there")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="answer anew what the journal has without a certificate")] = False,
    json: Json = False,
    trust_data: TrustData = False,
):
    """Many solves: a grid, a list or seeded draws of parameters, each point solved and verified by itself.

    Every answer is written to a journal at once, and what it holds is not solved again: the same command goes on where it was
    interrupted, as long as model, data, options and versions are the same. Results are in results.csv of that folder. The
    command ends with 5 where a point has no certified answer.
    """
    with work(json):
        from .. import sweeping
        from ..papers import resolve_data, resolve_model
        from ..sweeping import journal

        design, samples = _design(grid, list_, random, range_)
        found, _, paper = resolve_model(model)
        path = resolve_data(data, paper)
        if resume is not None and (out is not None or not journal.has_journal(resume)):
            remedy = "give one of --out and --resume" if out is not None else "begin one with --out"
            raise DataError(f"--resume {resume}: {'' if out is not None else 'there is no journal of a sweep; '}{remedy}")
        folder = resume or out or str(Path("build", "sweep", f"{_stem(model)}-{_stem(data)}"))
        leave_word(f"to go on: {_again(sys.argv[1:], folder)}")
        exact, reformulation = way_of(route, solver, paper)
        table = sweeping.sweep(
            found,
            path,
            design,
            merged(set_),
            samples=samples,
            method=method,
            reformulation=reformulation,
            solver=solver,
            time_limit=time_limit,
            starts=starts,
            seed=seed,
            exact=exact,
            keep=keep,
            folder=folder,
            retry=retry,
            workers=workers or cores(),
            limit=limit,
            scheduler=scheduler,
            trust_data=trust_data,
        )
    certified = table["certificate_passed"] & (table["claim"] != "none")
    counts = {"points": len(table), "certified": int(certified.sum()), **table.attrs}
    if json:
        print_json({"model": model, "data": data, "folder": folder, **counts, "results": table.to_dict("records")})
    else:
        from . import display

        display.show_sweep(table, f"{model} {data}", folder)
    _list_failures(table[~certified], list(table.columns[: table.columns.get_loc("leader_objective")]), folder)
    raise typer.Exit(OK if certified.all() else LIMIT)


def _design(grid: list[str], listed: str | None, random: int | None, ranges: list[str]) -> tuple:
    """The design as ``sweep`` takes it, and the number of draws if it is one."""
    from ..sweeping.designs import parse_axis

    if (random is None) != (not ranges):
        raise DataError("--random N and --range NAME=LOW:HIGH belong together")
    if bool(grid) + (listed is not None) + (random is not None) != 1:
        raise DataError("give one design: --grid NAME=LOW:HIGH:N, --list FILE.csv, or --random N --range NAME=LOW:HIGH")
    if listed is not None:
        return listed, None
    axes = {}
    for text in grid or ranges:
        name, values = parse_axis(text, drawn=random is not None)
        if name in axes:
            raise DataError(f"{text}: {name} is given twice", parameter=name)
        axes[name] = values
    return axes, random


def _list_failures(failed, parameters: list[str], folder: str) -> None:
    for row in failed.head(LISTED).to_dict("records"):
        where = ", ".join(f"{name}={row[name]}" for name in parameters)
        typer.echo(f"not certified: {where}: {row['reason']}", err=True)
    if len(failed) > LISTED:
        typer.echo(f"not certified: {len(failed) - LISTED} more, see {Path(folder, 'results.csv')}", err=True)


def _again(words: list[str], folder: str) -> str:
    """The command that was given, to go on in the same folder."""
    kept, skip = [], False
    for word in words:
        if not skip and not word.startswith("--out="):
            kept += [] if word == "--out" else [word]
        skip = word == "--out" and not skip
    resumes = any(word.startswith("--resume") for word in words)
    return shlex.join(["bilevel-dr", *kept, *([] if resumes else ["--resume", folder])])


def _stem(name: str) -> str:
    """``khe_2025/share_of_call`` → ``khe_2025-share_of_call``, ``models/mine.py`` → ``mine``."""
    path = Path(name)
    return path.stem if path.suffix in (".py", ".dat") else "-".join(path.parts)
