"""Commands of many solves: pem, reproduce."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from .. import __version__
from ..errors import BilevelError, SolverFailed
from .options import Data, Json, Limit, Model, Route, Seed, Set, Starts, TrustData, Workers
from .session import LIMIT, LOG, OK, REFUSED, code_of, cores, merged, or_data_error, print_json, way_of, work


def pem(
    model: Model,
    data: Data,
    set_: Set = [],  # noqa: B006
    scheme: Annotated[str, typer.Option(metavar="S", help="2m, 2m+1 or 4m+1")] = "2m",
    monte_carlo: Annotated[
        int, typer.Option("--monte-carlo", metavar="N", min=0, help="check it by N scrambled Sobol points")
    ] = 0,
    route: Route = "auto",
    solver: Annotated[str, typer.Option(metavar="S", help="of a route that is not exact")] = "auto",
    starts: Starts = None,
    time_limit: Limit = None,
    workers: Workers = None,
    seed: Seed = 0,
    json: Json = False,
    trust_data: TrustData = False,
):
    """Mean and standard deviation of the answer when data are uncertain, by Hong's point estimate method.

    A parameter demand_std beside a parameter demand says by how much demand is uncertain. An indexed demand moves as one,
    each value by its own demand_std, or all by the same where demand_std is one number. Different parameters are
    independent and, where it is checked by samples, normal. Every point is solved and verified; the command ends with 5
    where one has no certified answer.
    """
    with work(json):
        from .. import solving, uncertainty
        from ..papers import resolve_data, resolve_model

        found, _, paper = resolve_model(model)
        options = {"solver": solver, "time_limit": time_limit, "starts": starts, "seed": seed}
        exact, reformulation = way_of(route, solver, paper)
        solve = None if reformulation == "exact" else partial(solving.solve, reformulation=reformulation, **options)
        case = uncertainty.Case(found, resolve_data(data, paper), merged(set_), trust_data, exact, solve)
        tell = partial(LOG.info, "%d of %d points")
        answers = uncertainty.estimate_case(case, scheme, monte_carlo, seed, workers or cores(), tell)
    if json:
        print_json({"model": model, "data": data, "scheme": scheme} | answers.as_dict())
    else:
        from . import display

        display.show_answers(answers, f"{model} {data}: {scheme}")
    for line in answers.failures:
        typer.echo(f"not certified: {line}", err=True)
    raise typer.Exit(LIMIT if answers.failures else OK)


def reproduce(
    names: Annotated[list[str], typer.Argument(metavar="[PAPER]...", help="all of them by default")] = [],  # noqa: B006
    quick: Annotated[bool, typer.Option("--quick", help="fewer samples and starts")] = False,
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="folder of the report")] = "build/report",
    workers: Workers = None,
    json: Json = False,
):
    """The papers' tables and figures: reported against reproduced, and an HTML report.

    Beside index.html the folder has every table as CSV and LaTeX, every figure as PDF and PNG, and all of it as JSON; an
    older report there is replaced whole. Ends with 0 though a row is missed, with 7 if a certificate failed.
    """
    with work(json):
        from datetime import date

        from ..papers import find_paper, list_papers
        from ..report import check_folder, write_report
        from ..run_folder import versions
        from ..workers import evaluate

        check_folder(out)
        or_data_error(lambda: os.makedirs(out, exist_ok=True), out)  # now rather than after minutes
        chosen = [find_paper(name) for name in names] or [p for p in list_papers().values() if p.has_study]
        LOG.info("%s …", ", ".join(paper.name for paper in chosen))
        found = evaluate(
            _study,
            [(paper.name, quick) for paper in chosen],
            workers or cores(),
            kept=(SolverFailed,),
            done=lambda count: LOG.info("%d of %d papers", count, len(chosen)),
        )
        sections, errors = zip(*map(_whole, chosen, found), strict=True)
        command = " ".join(["bilevel-dr reproduce", *names, *(["--quick"] if quick else [])])
        today, used = date.today().isoformat(), {"bilevel_dr": __version__} | versions()
        page = or_data_error(lambda: write_report(out, sections, used, today, command), out)
    rows = [row for section in sections for row in section.rows]
    if json:
        print_json(rows)
    else:
        from . import display

        for section in sections:
            display.show_section(section)
        typer.echo(f"report: {page}")
    failed = next(filter(None, errors), None)
    if failed:
        raise typer.Exit(code_of(failed))
    refused = any(section.passed[0] < section.passed[1] for section in sections)
    raise typer.Exit(REFUSED if refused or any(row["status"] == "uncertified" for row in rows) else OK)


def _study(name: str, quick: bool):
    """One paper's section of the report, and the error that cut it short, if one did."""
    from ..papers import find_paper
    from ..report import Section, certificates_table

    paper = find_paper(name)
    found, parts, error = {}, {}, None
    try:
        study = paper.study()
        for part in ("rows", "answers", "tables", "figures"):
            if not hasattr(study, part):
                continue
            began = time.perf_counter()
            LOG.info("%s: %s …", name, part)
            if not sys.stderr.isatty():  # a terminal has it in its line of progress
                typer.echo(f"{name}: {part} …", err=True)
            found[part] = getattr(study, part)(quick)
            parts[part] = time.perf_counter() - began
    except BilevelError as problem:
        error = problem
        typer.echo(f"bilevel-dr: {name}: {problem}", err=True)
    if "answers" in found:
        found["certificates"] = certificates_table(found.pop("answers"))
    account = paper.account
    section = Section(
        name,
        account.title,
        "\n\n".join(account.about),
        **found,
        equations=account.equations,
        notes=account.notes,
        errata=account.errata,
        structure=account.structure,
        sources=paper.sources,
        data=paper.hashes,
        error=str(error or ""),
    )
    began = time.perf_counter()
    drawn = section.drawn()
    parts["drawing"] = time.perf_counter() - began
    return replace(drawn, parts=parts, seconds=sum(parts.values())), error


def _whole(paper, found):
    """What :func:`_study` returned; of a worker process that died a section that says so."""
    from ..report import Section

    if isinstance(found, SolverFailed):
        typer.echo(f"bilevel-dr: {paper.name}: {found}", err=True)
        return Section(paper.name, paper.title, error=str(found)), found
    return found
