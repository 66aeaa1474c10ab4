"""What every command does around its work: keep stdout clean, end errors as a line and a code, write the run folder."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from ..errors import BilevelError, DataError, ModelError
from ..progress import progress

if TYPE_CHECKING:
    from ..run_folder import Run
    from ..solution import Solution

OK, USAGE, INFEASIBLE, UNBOUNDED, LIMIT, SOLVER, REFUSED = 0, 2, 3, 4, 5, 6, 7
"""Exit codes."""
LOG = logging.getLogger("bilevel_dr")


def merged(settings: list[str]) -> dict:
    """``["target=900", "baseline[3]=90"]`` → ``{"target": 900, "baseline": {3: 90}}``."""
    from ..overrides import parse_override

    values: dict = {}
    for text in settings:
        name, index, value = parse_override(text)
        place, key = (values, name) if index is None else (values.setdefault(name, {}), index)
        if not isinstance(place, dict) or key in place:
            raise DataError(f"--set {text}: {name} is set twice; give each value once", parameter=name)
        place[key] = value
    return values


@contextmanager
def kept_run(out: str | None, options: dict) -> Iterator[Kept]:
    """Keep inputs and log of a solve from its beginning, and put them with its answer or error where ``--out`` says.

    An answer is not lost where its folder cannot be written in the end: the command prints it, then that error. Where the
    solve is interrupted nothing is put there.
    """
    if out is None:
        yield Kept()
        return
    from ..run_folder import Run
    from ..scratch import keeping

    kept = Kept(Run.begin(out, options))
    handler = _File(kept.run.log, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    level, error = LOG.level, ""
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        with keeping(kept.run.stage / "solver", os.path.join(out, "solver")):
            yield kept
    except BilevelError as problem:
        error = str(problem)
        LOG.info("it ended in an error: %s", problem)  # the screen has it once already
        raise
    finally:
        LOG.removeHandler(handler)
        with suppress(OSError):
            handler.close()
        LOG.setLevel(level)
        if kept.solution is not None or error:
            try:
                kept.run.finish(kept.solution, error)
            except DataError as problem:
                kept.unwritten = problem
                if error:
                    typer.echo(f"bilevel-dr: {problem}", err=True)
        kept.run.drop()


class _File(logging.FileHandler):
    """A log that does not stop a solve, nor fill its screen, where the disk is full."""

    def handleError(self, record):
        pass


@dataclass
class Kept:
    """What a solve leaves for its run folder, if one was asked for, and why that could not be written, if so."""

    run: Run | None = None
    solution: Solution | None = None
    unwritten: DataError | None = None


def loaded_case(model: str, data: str, settings: list[str], trust_data: bool, kept: Kept | None = None):
    """The instance that MODEL, DATA and ``--set`` stand for; what it was built from is kept."""
    from .. import loading
    from ..papers import resolve_data, resolve_model

    found, file, paper = resolve_model(model)
    path = resolve_data(data, paper)
    if kept is not None and kept.run is not None:
        from ..datafile.statements import files_beside

        kept.run.take("model", file, copied=paper is None)
        kept.run.take("data", path, beside=files_beside(path) if trust_data else ())
    return loading.load(found, path, overrides=merged(settings), trust_data=trust_data)


@contextmanager
def work(json: bool) -> Iterator[None]:
    """Meanwhile what is written to stdout, by compiled code too, goes to stderr; an error is one line and a code.

    On a terminal a line says what is being done.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    failure = None
    try:
        with progress():
            yield
    except BilevelError as error:
        failure = error
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
    if failure is not None:
        typer.echo(f"bilevel-dr: {failure}", err=True)
        if json:
            print_json({"error": type(failure).__name__} | place_of(failure))
        raise typer.Exit(code_of(failure))


def way_of(route: str, solver: str, paper) -> tuple:
    """The exact algorithm that ``--route`` asks for, or None, and the reformulation for what it does not answer."""
    exact = paper.exact() if paper is not None else None
    if route == "exact":
        if exact is None:
            raise ModelError("--route exact: this model has no exact algorithm; choose a reformulation, or 'auto'")
        return exact, "exact"
    return exact if route == "auto" and solver == "auto" else None, "auto" if route == "solve" else route


def cores() -> int:
    """The processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def or_data_error(action: Callable, out: str):
    """What ``action()`` returns; a folder it cannot write to is a DataError."""
    try:
        return action()
    except OSError as problem:
        raise DataError(f"--out {out}: {problem.strerror}; choose a folder that can be written") from problem


def place_of(error: BilevelError) -> dict:
    """An error as plain data: its message, and file, line and parameter where it has them."""
    places = {name: getattr(error, name, None) for name in ("file", "line", "parameter")}
    return {"message": str(error)} | {name: place for name, place in places.items() if place is not None}


def code_of(error: BilevelError) -> int:
    """The exit code of an error."""
    return USAGE if isinstance(error, (DataError, ModelError)) else SOLVER


def print_json(value) -> None:
    """One JSON value on stdout, on one line."""
    from ..run_folder import as_json

    typer.echo(as_json(value))
