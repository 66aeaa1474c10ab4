"""What the commands print for people: rich tables on stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..formatting import number
from ..report import SIGNS, facts_table
from ..solution import Certificate, Solution, split_name

ROWS = 24
"""Of variables and of followers; the rest is in the run folder."""
_COLOURS = {"reproduced": "green", "missed": "red", "discrepancy": "yellow", "uncertified": "red"}


def console() -> Console:
    """On stdout; 120 columns wide where that is no terminal."""
    return Console(
        file=sys.stdout, width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", 120)), highlight=False
    )


def show_solution(instance, solution: Solution, out: str | None) -> None:
    """The answer, its proof, and as many values as fit."""
    screen = console()
    screen.print(_answer(instance, solution))
    if solution.certificate is not None:
        screen.print(_proof(solution.certificate))
        _show_followers(screen, solution)
    _show_variables(screen, instance, solution)
    for note in (*solution.notes, *(solution.certificate.notes if solution.certificate else ())):
        screen.print(f"note: {note}", markup=False)
    if out is not None:
        screen.print(f"run folder: {out}", markup=False)


def show_paper(paper) -> None:
    """One paper of ``bilevel-dr list``."""
    screen = console()
    table = _table(f"{paper.name}: {paper.title}", ("case or variant", "what it shows"))
    for name, text in paper.cases.items():
        table.add_row(f"{paper.name} {name}", escape(text))
    for name, text in paper.variants.items():
        table.add_row(f"{paper.name}/{name}", escape(text))
    screen.print(table)


def show_table(frame, title: str) -> None:
    """A DataFrame."""
    table = _table(title, frame.columns, [kind.kind in "iuf" for kind in frame.dtypes])
    for row in frame.itertuples(index=False, name=None):
        table.add_row(*(escape(number(value)) for value in row))
    console().print(table)


def show_answers(answers, title: str) -> None:
    """Moments of an uncertain case, the points they come from where they fit, and what answered."""
    points = answers.points
    if 0 < len(points) <= ROWS:
        show_table(points, f"{title}, evaluations")
    if len(answers.table):
        show_table(answers.table, title)
    screen = console()
    parts = zip(answers.certified, answers.evaluated, ("points", "samples"), strict=True)
    counts = ", ".join(f"{certified} of {count} {what}" for certified, count, what in parts if count)
    screen.print(f"certified: {counts}, in {answers.seconds:.1f} s", markup=False)
    for route, count in answers.routes.items():
        screen.print(f"answered by {route}: {count}", markup=False)


def show_sweep(table, title: str, folder: str) -> None:
    """The points of a sweep that fit, what marks those without a certificate, and where the rest is."""
    last = table.columns.get_loc("leader_objective")
    frame = table.iloc[:ROWS, :last].assign(
        leader_objective=table["leader_objective"],
        certificate=["✓" if passed else "✗" for passed in table["certificate_passed"][:ROWS]],
        **{name: table[name] for name in ("claim", "termination", "seconds")},
    )
    show_table(frame, title)
    screen = console()
    _more(screen, len(table), "points", f"{folder}/results.csv has them all")
    passed = int((table["certificate_passed"] & (table["claim"] != "none")).sum())
    before = table.attrs["resumed"]
    kept = f", {before} of them by an earlier run" if before else ""
    screen.print(f"{passed} of {len(table)} points certified{kept}; journal and results: {folder}", markup=False)


def show_markdown(text: str) -> None:
    """Markdown, rendered."""
    from rich.markdown import Markdown

    console().print(Markdown(text))


def show_section(section) -> None:
    """Stated against reproduced, one paper."""
    if not section.rows:
        console().print(f"{section.name}: {section.error or 'no stated numbers'}", markup=False)
        return
    frame = facts_table(section.rows)
    frame = frame[[name for name in frame if name not in ("comment", "where")]]
    table = _table(
        f"{section.name}: {section.title}",
        frame.columns,
        [name in ("reported", "reproduced", "difference") for name in frame],
    )
    for column, name in zip(table.columns, frame, strict=True):
        column.no_wrap = name != "quantity"  # words may be folded, numbers and units not
    at = list(frame).index("status")
    for row in frame.itertuples(index=False, name=None):
        cells = [escape(number(value)) for value in row]
        status = row[at]
        cells[at] = f"[{_COLOURS.get(status, 'default')}]{SIGNS.get(status, '')} {status}[/]"
        table.add_row(*cells)
    console().print(table)


def show_checks(checks: Sequence, versions: dict[str, str]) -> None:
    """What the doctor found."""
    table = _table("solvers", ("solver", "takes", "where", "version", "self-test", "limit"))
    for check in checks:
        info = check.solver
        if check.passed is None:
            continue
        verdict = (
            f"[green]✓[/] {check.route}, {check.seconds:.2f} s"
            if check.passed
            else f"[red]✗[/] {escape(check.message)}"
        )
        table.add_row(info.name, ", ".join(sorted(info.takes)), info.where, escape(check.version), verdict, info.limit)
    screen = console()
    screen.print(table)
    missing = _table("not here", ("solver", "to add it"))
    for check in checks:
        if check.passed is None:
            missing.add_row(check.solver.name, escape(check.solver.add))
    screen.print(missing)
    screen.print(", ".join(f"{name} {version}" for name, version in versions.items()), markup=False)


def _answer(instance, solution: Solution) -> Table:
    table = _table(instance.name, ("", ""), show_header=False)
    table.add_row("claim", f"[bold]{solution.claim}[/]")
    table.add_row("termination", solution.termination)
    for objective in instance.component_objects(descend_into=False, active=True, ctype=_objective()):
        if objective.is_indexed():
            continue
        sense = "max" if objective.sense == -1 else "min"
        table.add_row(f"{sense} {objective.name}", _amount(solution.leader_objective, objective.doc))
    if solution.best_bound is not None:
        table.add_row("bound", number(solution.best_bound))
    table.add_row("route", f"{solution.reformulation} on {solution.solver}, {solution.seconds:.2f} s")
    return table


def _amount(value, doc) -> str:
    return (number(value) or "no point") + (f"   {escape(doc)}" if doc else "")


def _objective():
    from pyomo.environ import Objective

    return Objective


def _proof(certificate: Certificate) -> Table:
    verdict = "[green]passed[/]" if certificate.passed else "[red]not passed[/]"
    table = _table(f"certificate: {verdict}", ("residual (scaled)", "worst"), (False, True))
    for name in ("leader_violation", "follower_gap", "complementarity", "stationarity", "optimistic_gap"):
        value = getattr(certificate, name)
        if value is not None and value == value:
            table.add_row(name.replace("_", " "), f"{value:.2g}")
    for reason in certificate.reasons:
        table.add_row(f"[red]{escape(reason)}[/]", "")
    return table


def _show_followers(screen: Console, solution: Solution) -> None:
    checks = solution.certificate.followers
    one, many = ("player", "players") if solution.leader_objective is None else ("follower", "followers")
    table = _table(many, (one, "objective", "best response", "gap"), (False, True, True, True))
    for name, check in list(checks.items())[:ROWS]:
        table.add_row(escape(name), number(check.objective), number(check.best), f"{check.gap:.2g}")
    screen.print(table)
    _more(screen, len(checks), many)


def _show_variables(screen: Console, instance, solution: Solution) -> None:
    table = _table("variables", ("variable", "value", ""), (False, True, False))
    said = set()
    for name, value in list(solution.point.items())[:ROWS]:
        component = split_name(name)[0]
        variable = instance.find_component(name)
        doc = "" if component in said or variable is None else variable.parent_component().doc or ""
        said.add(component)
        table.add_row(escape(name), number(value), escape(doc))
    if solution.point:
        screen.print(table)
        _more(screen, len(solution.point), "variables")


def _more(screen: Console, count: int, what: str, where: str = "--out DIR writes them all, --json prints them") -> None:
    if count > ROWS:
        screen.print(f"… and {count - ROWS} more {what}: {where}", markup=False)


def _table(title: str, columns: Iterable[str], right: Sequence[bool] = (), **style) -> Table:
    from rich import box

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE, pad_edge=False, **style)
    columns = list(columns)
    for name, to_the_right in zip(columns, right or [False] * len(columns), strict=True):
        table.add_column(str(name), justify="right" if to_the_right else "left", overflow="fold")
    return table
