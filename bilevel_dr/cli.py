"""``bilevel-dr``: thin commands over the library. Answers go to stdout, everything else to stderr.

Nothing slow is imported before a command needs it, so that ``--help`` is quick.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from functools import partial
from typing import Annotated

import typer

from .errors import BilevelError, ModelError
from .session import (
    INFEASIBLE,
    LIMIT,
    LOG,
    OK,
    REFUSED,
    SOLVER,
    UNBOUNDED,
    USAGE,
    code_of,
    cores,
    kept_run,
    merged,
    or_data_error,
    place_of,
    print_json,
    work,
)

app = typer.Typer(
    name="bilevel-dr",
    help="Bilevel (Stackelberg) demand-response models: solve, prove, reproduce the papers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes longer to import than all the rest of --help
    context_settings={"help_option_names": ["-h", "--help"]},
)

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="a paper, paper/variant, or a .py file with one AbstractModel")
]
Data = Annotated[str, typer.Argument(metavar="DATA", help="a case of that paper, or a .dat file")]
Set = Annotated[
    list[str], typer.Option("--set", metavar="NAME=VALUE", help="change a number: baseline[3]=90; repeat it")
]
Json = Annotated[bool, typer.Option("--json", help="print one JSON value and nothing else")]
TrustData = Annotated[bool, typer.Option("--trust-data", help="let the data file read other files and databases")]
Out = Annotated[str | None, typer.Option("--out", metavar="DIR", help="write the run folder there")]
Limit = Annotated[float | None, typer.Option("--time-limit", metavar="S", min=0.001, help="seconds")]
Starts = Annotated[int | None, typer.Option("--starts", metavar="N", min=1, help="starting points of a local route")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="of random starting points and samples")]


def main() -> None:
    """The entry point of ``bilevel-dr`` and of ``python -m bilevel_dr``."""
    from .supervision import supervised

    sys.exit(supervised(lambda: app(prog_name="bilevel-dr")))


def _print_version(wanted: bool) -> None:
    if wanted:
        from . import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="print the version", callback=_print_version, is_eager=True)
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="tell on stderr what is being done")] = False,
):
    level = logging.INFO if verbose else logging.WARNING
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)  # a run folder's log takes more than the screen
    LOG.addHandler(handler)
    LOG.setLevel(level)
    context.call_on_close(lambda: LOG.removeHandler(handler))


@app.command("list")
def list_(json: Json = False):
    """Papers, their cases and variants."""
    from .papers import list_papers

    papers = list_papers()
    if json:
        print_json(
            [{"paper": p.name, "title": p.title, "variants": p.variants, "cases": p.cases} for p in papers.values()]
        )
        return
    from . import display

    for paper in papers.values():
        display.show_paper(paper)


@app.command()
def solve(
    model: Model,
    data: Data,
    set_: Set = [],  # noqa: B006  typer reads the default, nobody changes it
    reformulation: Annotated[str, typer.Option(metavar="R", help="auto, sos1, big_m, scholtes, best_response, …")] = "auto",
    solver: Annotated[str, typer.Option(metavar="S", help="auto, a name that doctor lists, or a path")] = "auto",
    starts: Starts = None,
    time_limit: Limit = None,
    seed: Seed = 0,
    out: Out = None,
    json: Json = False,
    trust_data: TrustData = False,
):
    """Solve, verify, print the answer."""
    options = {
        "model": model,
        "data": data,
        "set": set_,
        "reformulation": reformulation,
        "solver": solver,
        "starts": starts,
        "time_limit": time_limit,
        "seed": seed,
    }
    with work(json), kept_run(out, options) as run:
        from . import solving
        from .papers import resolve_model

        instance = _load(model, data, set_, trust_data, run)
        solution = solving.solve(instance, reformulation, solver, time_limit, starts, seed)
        if (paper := resolve_model(model)[2]) is not None:
            solution = paper.held_against_exact(instance, solution)
        run["solution"] = solution
    if json:
        from .run_folder import summary

        print_json({"model": model, "data": data} | summary(solution) | {"values": dict(solution.point)})
    else:
        from . import display

        display.show_solution(instance, solution, out)
    raise typer.Exit(exit_code(solution))


@app.command()
def check(model: Model, data: Data, set_: Set = [], json: Json = False, trust_data: TrustData = False):  # noqa: B006
    """The data file alone: every problem found, with its line and the nearest right name."""
    with work(json):
        from . import loading
        from .papers import resolve_data, resolve_model

        found, _, paper = resolve_model(model)
        problems = loading.check_data(found, resolve_data(data, paper), merged(set_), trust_data)
    if json:
        print_json([{"error": "DataError"} | place_of(problem) for problem in problems])
    else:
        for problem in problems:
            typer.echo(str(problem))
        typer.echo(f"{data}: {len(problems) or 'no'} problem{'s' if len(problems) != 1 else ''}", err=True)
    raise typer.Exit(USAGE if problems else OK)


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def case(context: typer.Context, paper: Annotated[str, typer.Argument(metavar="PAPER", help="a paper that draws cases")]):
    """A data file drawn at random, on stdout: case PAPER --seed 3 --users 50 …; a wrong option lists the right ones."""
    with work(json=False):
        from .papers import find_paper

        text = find_paper(paper).case(context.args)
    typer.echo(text, nl=False)


@app.command()
def explain(
    model: Model,
    data: Data,
    set_: Set = [],  # noqa: B006
    latex: Annotated[bool, typer.Option("--latex", help="a LaTeX article instead of Markdown")] = False,
    trust_data: TrustData = False,
):
    """The KKT system: who decides what, every kind of row and pair, sizes, each M and its source."""
    with work(json=False):
        from . import exposition

        text = exposition.explain(_load(model, data, set_, trust_data, {}), latex)
    if latex or not sys.stdout.isatty():
        typer.echo(text, nl=False)
    else:
        from . import display

        display.show_markdown(text)


@app.command()
def compare(
    model: Model,
    data: Data,
    set_: Set = [],  # noqa: B006
    time_limit: Annotated[float, typer.Option(metavar="S", min=0.001, help="seconds for each route")] = 60.0,
    starts: Starts = None,
    seed: Seed = 0,
    json: Json = False,
    trust_data: TrustData = False,
):
    """Every reformulation × solver on one case."""
    with work(json):
        from . import comparison

        instance = _load(model, data, set_, trust_data, {})
        table = comparison.compare(instance, time_limit=time_limit, starts=starts, seed=seed)
    if json:
        print_json(table.to_dict("records"))
    else:
        from . import display

        display.show_table(table.drop(columns="note"), f"{model} {data}: every route")
    applied = table[table["termination"] != "refused"]
    failed = applied[applied["claim"] == "none"]
    for row in failed.itertuples():
        typer.echo(
            f"not certified: {row.reformulation} on {row.solver}: {row.termination} {row.note}".rstrip(), err=True
        )
    raise typer.Exit(LIMIT if len(failed) or not len(applied) else OK)


@app.command()
def pem(
    model: Model,
    data: Data,
    set_: Set = [],  # noqa: B006
    scheme: Annotated[str, typer.Option(metavar="S", help="2m, 2m+1 or 4m+1")] = "2m",
    monte_carlo: Annotated[
        int, typer.Option("--monte-carlo", metavar="N", min=0, help="check it by N scrambled Sobol points")
    ] = 0,
    route: Annotated[
        str, typer.Option(metavar="R", help="auto (exact where the paper has it, else solve), exact, solve, sos1, …")
    ] = "auto",
    solver: Annotated[str, typer.Option(metavar="S", help="of a route that is not exact")] = "auto",
    starts: Starts = None,
    time_limit: Limit = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="processes; as many as cores by default")
    ] = None,
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
        from . import uncertainty
        from .papers import resolve_data, resolve_model

        found, _, paper = resolve_model(model)
        options = {"solver": solver, "time_limit": time_limit, "starts": starts, "seed": seed}
        exact, solve = _routes(route, paper, options)
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


@app.command()
def reproduce(
    names: Annotated[list[str], typer.Argument(metavar="[PAPER]...", help="all of them by default")] = [],  # noqa: B006
    quick: Annotated[bool, typer.Option("--quick", help="fewer samples and starts")] = False,
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="folder of the report")] = "build/report",
    json: Json = False,
):
    """The papers' tables and figures: reported against reproduced, and an HTML report."""
    with work(json):
        from datetime import date

        from .papers import find_paper, list_papers
        from .report import write_report
        from .run_folder import versions

        or_data_error(lambda: os.makedirs(out, exist_ok=True), out)  # now rather than after minutes
        chosen = [find_paper(name) for name in names] or [p for p in list_papers().values() if p.has_study]
        sections, errors = [], []
        for paper in chosen:
            section, error = _study(paper, quick)
            sections.append(section)
            errors += [error] if error else []
        page = or_data_error(lambda: write_report(out, sections, versions(), date.today().isoformat()), out)
    rows = [row for section in sections for row in section.rows]
    if json:
        print_json(rows)
    else:
        from . import display

        for section in sections:
            display.show_section(section)
        typer.echo(f"report: {page}")
    if errors:
        raise typer.Exit(code_of(errors[0]))
    raise typer.Exit(REFUSED if any(row["status"] == "uncertified" for row in rows) else OK)


@app.command()
def doctor(json: Json = False):
    """Solvers found, their versions and limits, a self-test of each, and the command that adds what is missing."""
    with work(json):
        from . import doctor as examination
        from .run_folder import versions

        checks = examination.examine()
    if json:
        print_json({"solvers": [check.as_dict() for check in checks], "versions": versions()})
    else:
        from . import display

        display.show_checks(checks, versions())
    works = frozenset().union(*(check.solver.takes for check in checks if check.passed))
    raise typer.Exit(OK if {"nlp", "sos1"} <= works else SOLVER)


def exit_code(solution) -> int:
    """What a solution ends the process with."""
    if solution.certificate is not None and solution.certificate.passed and solution.claim != "none":
        return OK
    codes = {"infeasible": INFEASIBLE, "unbounded": UNBOUNDED, "limit": LIMIT}
    return codes.get(solution.termination, SOLVER if solution.certificate is None else REFUSED)


def _load(model: str, data: str, settings: list[str], trust_data: bool, run: dict):
    from . import loading
    from .papers import resolve_data, resolve_model

    found, file, paper = resolve_model(model)
    path = resolve_data(data, paper)
    run["inputs"] = {"model": file, "data": path}
    return loading.load(found, path, overrides=merged(settings), trust_data=trust_data)


def _routes(route: str, paper, options: dict) -> tuple:
    """The exact algorithm and the solve of a route of ``pem``, each None where it is not to be used."""
    from . import solving

    exact = paper.exact() if paper is not None else None
    if route == "exact":
        if exact is None:
            raise ModelError("--route exact: this model has no exact algorithm; choose a reformulation, or 'auto'")
        return exact, None
    reformulation = "auto" if route == "solve" else route
    solve = partial(solving.solve, reformulation=reformulation, **options)
    return exact if route == "auto" and options["solver"] == "auto" else None, solve


def _study(paper, quick: bool):
    """One paper's section of the report, and the error that cut it short, if one did."""
    from .report import Section

    began, found, error = time.perf_counter(), {}, None
    try:
        study = paper.study()
        for part in ("rows", "tables", "figures"):
            LOG.info("%s: %s …", paper.name, part)
            if not sys.stderr.isatty():  # a terminal has it in its line of progress
                typer.echo(f"{paper.name}: {part} …", err=True)
            found[part] = getattr(study, part)(quick)
    except BilevelError as problem:
        error = problem
        typer.echo(f"bilevel-dr: {paper.name}: {problem}", err=True)
    seconds = time.perf_counter() - began
    return Section(paper.name, paper.title, paper.about, **found, seconds=seconds, error=str(error or "")), error
