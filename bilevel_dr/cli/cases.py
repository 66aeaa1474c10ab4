"""Commands about one case: list, solve, repeat, check, case, explain, compare."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .options import Data, Json, Limit, Model, Out, Seed, Set, Starts, TrustData
from .session import (
    INFEASIBLE,
    LIMIT,
    OK,
    REFUSED,
    SOLVER,
    UNBOUNDED,
    USAGE,
    kept_run,
    loaded_case,
    merged,
    place_of,
    print_json,
    work,
)


def list_(json: Json = False):
    """Papers, their cases and variants."""
    from ..papers import list_papers

    papers = list_papers()
    if json:
        print_json(
            [{"paper": p.name, "title": p.title, "variants": p.variants, "cases": p.cases} for p in papers.values()]
        )
        return
    from . import display

    for paper in papers.values():
        display.show_paper(paper)


def solve(
    model: Model,
    data: Data,
    set_: Set = [],  # noqa: B006  typer reads the default, nobody changes it
    reformulation: Annotated[str, typer.Option(metavar="R", help="auto, sos1, big_m, scholtes, best_response, …")] = "auto",
    solver: Annotated[str, typer.Option(metavar="S", help="auto, a name that doctor lists, or a path")] = "auto",
    starts: Starts = None,
    time_limit: Limit = None,
    seed: Seed = 0,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, help="processes that starting points of a local route are dealt out to")
    ] = 1,
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
        "workers": workers,
        "trust_data": trust_data,
    }
    with work(json), kept_run(out, options) as kept:
        instance, solution = _solved(options, kept)
        kept.solution = solution
    if json:
        from ..run_folder import summary

        print_json({"model": model, "data": data} | summary(solution) | {"values": dict(solution.point)})
    else:
        from . import display

        display.show_solution(instance, solution, None if kept.unwritten else out)
    if kept.unwritten:
        typer.echo(f"bilevel-dr: {kept.unwritten}", err=True)
        raise typer.Exit(USAGE)
    raise typer.Exit(exit_code(solution))


def repeat(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="a run folder, as solve --out writes it")], json: Json = False
):
    """Solve a kept run again from its folder alone, and compare the numbers: ends with 0 where they are equal, 7 if not."""
    with work(json):
        from ..papers import resolve_model
        from ..repeating import compare_runs, read_run
        from ..run_folder import summary

        run = read_run(folder)
        options = run.options | {"model": run.input("model"), "data": run.input("data")}
        changes = run.changes(resolve_model(options["model"])[1])
        _, solution = _solved(options)
        found = compare_runs(run, solution)
    if json:
        plain = {"equal": found.equal, "exactly": found.exactly, "largest_difference": found.largest, "at": found.at}
        plain |= {"differs": found.words, "changes": changes}
        print_json(plain | {"kept": run.record["solution"], "now": summary(solution)})
    else:
        for line in (*found.words, *changes):
            typer.echo(line)
        count = f"{len(run.point)} values and the leader's objective"
        far = f"the largest difference is {found.largest:.2g} (relative), at {found.at}" if found.at else ""
        if found.exactly:
            typer.echo(f"equal: {count}, to the last digit")
        else:
            typer.echo(f"{'equal within 1e-6' if found.equal else 'not equal'}: {count}{'; ' if far else ''}{far}")
    raise typer.Exit(OK if found.equal else REFUSED)


def _solved(options: dict, kept=None) -> tuple:
    """The instance and its verified answer, for the options that a run folder keeps."""
    from time import perf_counter

    from .. import solving
    from ..papers import resolve_model

    began, limit = perf_counter(), options["time_limit"]
    instance = loaded_case(options["model"], options["data"], options["set"], options["trust_data"], kept)
    ways = (options[name] for name in ("reformulation", "solver", "time_limit", "starts", "seed"))
    solution = solving.solve(instance, *ways, workers=options["workers"])
    if (paper := resolve_model(options["model"])[2]) is not None:
        left = None if limit is None else limit - (perf_counter() - began)
        solution = paper.held_against_exact(instance, solution, left)
    return instance, solution


def check(model: Model, data: Data, set_: Set = [], json: Json = False, trust_data: TrustData = False):  # noqa: B006
    """The data file alone: every problem found, with its line and the nearest right name."""
    with work(json):
        from .. import loading
        from ..papers import resolve_data, resolve_model

        found, _, paper = resolve_model(model)
        problems = loading.check_data(found, resolve_data(data, paper), merged(set_), trust_data)
    if json:
        print_json([{"error": "DataError"} | place_of(problem) for problem in problems])
    else:
        for problem in problems:
            typer.echo(str(problem))
        typer.echo(f"{data}: {len(problems) or 'no'} problem{'s' if len(problems) != 1 else ''}", err=True)
    raise typer.Exit(USAGE if problems else OK)


def case(context: typer.Context, paper: Annotated[str, typer.Argument(metavar="PAPER", help="a paper that draws cases")]):
    """A data file drawn at random, on stdout: case PAPER --seed 3 --users 50 …; a wrong option lists the right ones."""
    with work(json=False):
        from ..papers import find_paper

        text = find_paper(paper).case(context.args)
    typer.echo(text, nl=False)


def explain(
    model: Model,
    data: Data,
    set_: Set = [],  # noqa: B006
    latex: Annotated[bool, typer.Option("--latex", help="a LaTeX article instead of Markdown")] = False,
    trust_data: TrustData = False,
):
    """The KKT system: who decides what, every kind of row and pair, sizes, each M and its source."""
    with work(json=False):
        from .. import exposition

        text = exposition.explain(loaded_case(model, data, set_, trust_data), latex)
    if latex or not sys.stdout.isatty():
        typer.echo(text, nl=False)
    else:
        from . import display

        display.show_markdown(text)


def compare(
    model: Model,
    data: Data,
    set_: Set = [],  # noqa: B006
    time_limit: Annotated[float, typer.Option(metavar="S", min=0.001, help="seconds for each route")] = 60.0,
    starts: Starts = None,
    seed: Seed = 0,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="processes; routes that share cores take longer")] = 1,
    json: Json = False,
    trust_data: TrustData = False,
):
    """Every reformulation × solver on one case."""
    with work(json):
        from .. import comparison

        instance = loaded_case(model, data, set_, trust_data)
        table = comparison.compare(instance, time_limit, starts, seed, workers)
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


def exit_code(solution) -> int:
    """What a solution ends the process with."""
    if solution.certificate is not None and solution.certificate.passed and solution.claim != "none":
        return OK
    codes = {"infeasible": INFEASIBLE, "unbounded": UNBOUNDED, "limit": LIMIT}
    return codes.get(solution.termination, SOLVER if solution.certificate is None else REFUSED)
