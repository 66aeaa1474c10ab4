"""``sweep``: many solves of one model, each point an independent load → solve → verify, and none of them lost.

Every answer is journalled as soon as it is there, under the hash of all that it depends on. Going on later answers what is
left: here, in worker processes, or on a Dask cluster, with the same results.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pyomo.environ as pyo

from ..datafile import domains
from ..datafile.case import DEFAULT, CaseData, label
from ..datafile.checking import names_of
from ..errors import DataError, ModelError
from ..loading import find_model, load
from ..overrides import apply_overrides
from ..run_folder import as_json
from ..solution import Solution, split_name
from ..solving import check_ways, solve
from ..workers import as_answered
from . import cluster
from .designs import METHODS, read_design
from .journal import Journal
from .recipe import OUTCOMES, Recipe, failure, is_certified, versions_that_count
from .snapshot import source_hash, take_snapshot

log = logging.getLogger("bilevel_dr.sweeping")

RESULTS, ABOUT = "results.csv", "sweep.json"


def sweep(
    model,
    data,
    design,
    overrides: Mapping | None = None,
    *,
    samples: int | None = None,
    method: str = METHODS[0],
    reformulation: str = "auto",
    solver: str = "auto",
    time_limit: float | None = None,
    starts: int | None = None,
    seed: int = 0,
    exact: Callable[[pyo.ConcreteModel], Solution] | None = None,
    keep: str | Sequence[str] = (),
    folder: str | os.PathLike | None = None,
    retry: bool = False,
    workers: int = 1,
    limit: float | None = None,
    scheduler: str | None = None,
    trust_data: bool = False,
):
    """Solve and verify a model at every point of a design.

    Parameters
    ----------
    model, data, overrides, trust_data
        As :func:`bilevel_dr.load` takes them; the overrides are those that all points share.
    design, samples, method
        Which points: a grid ``{"target": (100, 900, 9), "fairness": [0, 1]}``; a DataFrame or ``.csv`` file with one point a
        row; or so many ``samples`` of ranges ``{"target": (100, 900)}``. See :func:`bilevel_dr.sweeping.designs.read_design`.
    reformulation, solver, time_limit, starts
        As :func:`bilevel_dr.solve` takes them, for each point.
    seed : int
        Of random starts, and of the samples.
    exact : callable, optional
        A paper's own algorithm, instance → Solution, asked first; its answers are verified as all others are. With
        ``reformulation="exact"`` nothing else is asked.
    keep : str or sequence of str
        Variables whose values become columns: ``"call"`` with all its indices, ``"call[3]"``, ``"consumer.shift"``.
    folder : path, optional
        Of the journal, and at the end of ``results.csv`` and ``sweep.json``. What the journal has is not solved again.
    retry : bool
        Answer anew what the journal has without a certificate.
    workers : int
        Processes; 1 solves right here.
    limit : float, optional
        Seconds for each point, after which its process is ended; points are solved in processes then.
    scheduler : str, optional
        Address of a Dask scheduler, ``"tcp://host:8786"``, whose workers answer in place of processes here.

    Returns
    -------
    DataFrame
        One row a point, in the design's order: its parameters, then ``leader_objective, claim, termination, best_bound,
        certificate_passed, follower_gap, seconds, reformulation, solver, reason`` and the variables kept. ``reason`` says why a
        point has no certified answer. ``attrs`` has ``solved`` and ``resumed``: how many points were answered now, and before.

    Raises
    ------
    DataError, ModelError
        What cannot be asked at all, before anything is solved; a point that fails later is a row.
    SolverMissing
        A solver, or Dask, that is not here.
    """
    points = read_design(design, samples, seed, method)
    ways = {"reformulation": reformulation, "solver": solver, "time_limit": time_limit, "starts": starts, "seed": seed}
    if reformulation != "exact":
        check_ways("auto" if reformulation == "best_response" else reformulation, solver, starts, seed)
    elif exact is None:
        raise ModelError("reformulation='exact': this model has no exact algorithm; choose another, or 'auto'")
    snapshot = take_snapshot(model, data, trust_data)
    answering = None if reformulation == "exact" else partial(solve, **ways)
    kept = (keep,) if isinstance(keep, str) else tuple(keep)
    recipe = Recipe(snapshot, dict(overrides or {}), trust_data, exact, answering, kept, versions_that_count())
    check_points(recipe, points)
    identity = what_counts(recipe, ways)
    key = hashed(identity)
    keys = [hashed([key, point]) for point in points]
    by_key = dict(zip(keys, points, strict=True))

    with closing(Journal(folder)) as journal:
        journal.begin(key, identity | {"files": snapshot.hashes})
        answers = {at: found for at, found in journal.answers(by_key).items() if is_certified(found) or not retry}
        todo = {at: point for at, point in by_key.items() if at not in answers}
        attributes = {"solved": len(todo), "resumed": len(answers)}
        with closing(_answered(recipe, todo, len(answers), workers, limit, scheduler)) as coming:
            for at, found in coming:
                journal.record(at, key, todo[at], is_certified(found), found)
                answers[at] = found
        table = tabulate(points, [answers[at] for at in keys])
        table.attrs |= attributes
        if folder is not None:
            _export(Path(folder), table, identity | {"key": key, "files": snapshot.hashes})
    return table


def check_points(recipe: Recipe, points: Sequence[Mapping]) -> None:
    """Refuse what no point, or a value that its parameter, can ever be; checks of the model as a whole are left to the points.

    Raises
    ------
    DataError
        A name, index or value of a point, or the data themselves.
    ModelError
        A variable to keep that the model does not have.
    """
    snapshot, cases = recipe.snapshot, []
    names = names_of(find_model(snapshot.model))
    for point in points:
        twice = [name for name in point if name in recipe.overrides]
        if twice:
            raise DataError(f"{twice[0]} is set for all points and differs between them: do one of both", parameter=twice[0])
        taken = [name for name in point if name in OUTCOMES]
        if taken:
            raise DataError(f"{taken[0]} is the name of a result: call the parameter otherwise", parameter=taken[0])
        case = CaseData()
        apply_overrides(case, names, {**recipe.overrides, **point})
        if case.problems:
            raise case.problems[0]
        cases.append(case)
    instance = _any_instance(recipe, points[0])
    for case in cases:
        for name, values in [*case.values.items(), *((name, {DEFAULT: value}) for name, value in case.defaults.items())]:
            component = instance.component(name)
            for index, value in values.items() if component.ctype is pyo.Param else ():
                known = index is DEFAULT or index in component.index_set()
                reason = domains.objection(component.domain, value) if known else domains.stranger(component, index)
                if reason:
                    parameter = label(name, None if index is DEFAULT else index)
                    raise DataError(f"{parameter} = {value}: {reason}", parameter=parameter)
    variables = [data.name for data in instance.component_data_objects(pyo.Var)]
    known = {*variables, *(split_name(name)[0] for name in variables)}
    for name in recipe.keep:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise ModelError(f"keep {name!r}: no such variable{f'; the nearest is {near[0]}' if near else ''}")


def what_counts(recipe: Recipe, ways: Mapping) -> dict:
    """All that an answer depends on, beside its point."""
    snapshot = recipe.snapshot
    texts = snapshot.hashes
    return {
        "model": source_hash(snapshot.model),
        "exact": None if recipe.exact is None else source_hash(recipe.exact),
        "data": [texts[path] for path in snapshot.data],
        "read": sorted(text for path, text in texts.items() if path not in (snapshot.model, *snapshot.data)),
        "overrides": recipe.overrides,
        "options": dict(ways),
        "keep": sorted(recipe.keep),
        "versions": dict(recipe.versions),
    }


def hashed(value) -> str:
    """SHA-256 of plain data, in which numbers differ from texts and the order of names does not count."""
    return hashlib.sha256(json.dumps(_canonical(value)).encode()).hexdigest()


def tabulate(points: Sequence[Mapping], answers: Sequence[Mapping]):
    """DataFrame, one row a point: its parameters, ``OUTCOMES``, the variables kept."""
    import pandas as pd

    rows = [
        {**point, **{name: answer[name] for name in OUTCOMES}, **answer["values"]}
        for point, answer in zip(points, answers, strict=True)
    ]
    swept = list(dict.fromkeys(name for point in points for name in point))
    kept = list(dict.fromkeys(name for answer in answers for name in answer["values"]))
    table = pd.DataFrame(rows, columns=[*swept, *OUTCOMES, *kept])
    numbers = ["leader_objective", "best_bound", "follower_gap", "seconds", *kept]
    return table.astype(dict.fromkeys(numbers, float) | {"certificate_passed": bool})


def _any_instance(recipe: Recipe, point: Mapping) -> pyo.ConcreteModel:
    """One to look at: of the data as they stand, or where these need a point, with the first one."""
    with recipe.snapshot.in_place() as (model, data):
        try:
            return load(model, data, recipe.overrides, recipe.trust_data)
        except DataError:
            return load(model, data, {**recipe.overrides, **point}, recipe.trust_data)


def _answered(recipe, todo, before, workers, limit, scheduler) -> Iterator[tuple[str, dict]]:
    """Every point to do as soon as it is answered, by its key; says how it goes."""
    points = [(point,) for point in todo.values()]
    if scheduler is not None:
        coming = cluster.as_answered(recipe, points, scheduler, limit)
    else:
        coming = as_answered(recipe, points, workers, limit)
    keys, began, failed, of = list(todo), time.monotonic(), 0, before + len(todo)
    log.info("%d of %d points are in the journal", before, of, extra={"part": before / of})
    with closing(coming):
        for count, (number, success, value) in enumerate(coming, 1):
            answer = value if success else failure(value)
            yield keys[number], answer
            failed += not is_certified(answer)
            left, part = (time.monotonic() - began) / count * (len(todo) - count), {"part": (before + count) / of}
            log.info("%d of %d points, %d failed, about %s left", before + count, of, failed, _duration(left), extra=part)


def _duration(seconds: float) -> str:
    """``42 s``, ``3 min``, ``2.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _export(folder: Path, table, about: Mapping) -> None:
    """``results.csv`` and ``sweep.json``, each whole or as it was."""
    counts = {"points": len(table), "certified": int((table["certificate_passed"] & (table["claim"] != "none")).sum())}
    texts = {RESULTS: table.to_csv(index=False), ABOUT: as_json({**about, **counts}, indent=2) + "\n"}
    for name, text in texts.items():
        fresh = folder / f".{name}"
        try:
            fresh.write_text(text, encoding="utf-8")
            os.replace(fresh, folder / name)
        except OSError as error:
            raise DataError(f"{folder / name}: {error.strerror}; what was solved is in the journal") from error


def _canonical(value):
    if isinstance(value, Mapping):
        return {"": sorted([repr(key), _canonical(entry)] for key, entry in value.items())}
    if isinstance(value, list | tuple | set):
        return [_canonical(entry) for entry in value]
    return value.item() if hasattr(value, "item") else value
