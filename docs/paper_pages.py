"""One page a paper, written anew from its room: its model's docstring and components, its cases, its data's sources."""

from __future__ import annotations

import csv
import importlib
import re
from importlib.resources import files
from pathlib import Path

import pyomo.environ as pyo

import bilevel_dr as bdr
from bilevel_dr.papers import list_papers, resolve_data
from bilevel_dr.solution import split_name

FOLDER = Path(__file__).resolve().parent / "papers"
KINDS = {
    pyo.Set: "set",
    pyo.Param: "data",
    pyo.Var: "decision",
    pyo.Expression: "expression",
    pyo.Constraint: "row",
    pyo.Objective: "objective",
    pyo.Suffix: "mapping",
}


IN_NO_CASE = {"li_2025": [("fig2_convex", {"alpha": {1: 2}})]}
"""Cases and overrides that have the kinds of player which no case has as it stands."""


def write_pages(_app=None) -> None:
    FOLDER.mkdir(exist_ok=True)
    for paper in list_papers().values():
        file, text = FOLDER / f"{paper.name}.rst", page(paper)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:  # an unchanged page is not read again
            file.write_text(text, encoding="utf-8")


def page(paper) -> str:
    """reStructuredText, as the docstrings are."""
    text = importlib.import_module(f"bilevel_dr.models.{paper.name}.model").__doc__.strip()
    title, _, story = text.partition("\n")
    story = story.replace("\nStructure\n---------\n", "\n**Structure**\n\n").replace("|", "∣")
    story = re.sub(r"^=+(?: +=+)+\n(?:.+\n)+?=+(?: +=+)+\n(?:.+\n)+?=+(?: +=+)+$", _mapping, story, flags=re.MULTILINE)
    story = re.sub(r"^erratum : (.*(?:\n +.*)*)", _erratum, story, flags=re.MULTILINE)
    parts = [_title(title.rstrip("."), "="), f"``{paper.name}``; this text is the docstring of its model.", story.strip()]
    parts += [_title("Every component of the model"), components(paper)]
    parts += [_title("Cases"), _named("case", paper.cases)]
    if paper.variants:
        parts += [_title("Variants of the model"), _named(f"{paper.name}/…", paper.variants)]
    parts += [_title("Where the numbers come from"), sources(paper.name)]
    return "\n\n".join(parts) + "\n"


def components(paper) -> str:
    """Name, kind and ``doc`` of all that a model declares; members of an indexed block count once.

    A kind of player or load that one case has nobody of is met in another.
    """
    model, rows = paper.model("model"), {}
    for case, overrides in [*((case, None) for case in paper.cases), *IN_NO_CASE.get(paper.name, ())]:
        instance = bdr.load(model, resolve_data(case, paper), overrides)
        for component in instance.component_objects(tuple(KINDS), descend_into=True):
            name = split_name(component.name)[0]
            if component.doc and not name.endswith("_index"):
                rows.setdefault(name, (f"``{name}``", KINDS[component.ctype], _plain(component.doc)))
    return _table(("component", "kind", "equation, meaning and unit"), rows.values())


def sources(paper: str) -> str:
    text = (files("bilevel_dr.data") / paper / "sources.csv").read_text(encoding="utf-8")
    head = ("parameter", "unit", "status", "where", "note")
    rows = [[row["parameter"], *(_plain(row[name]) for name in head[1:])] for row in csv.DictReader(text.splitlines())]
    return _table(head, [[f"``{name}``", *rest] for name, *rest in rows])  # a literal needs no escapes


def _mapping(found) -> str:
    """A simple table as a list table: its cells begin with the numbers of equations, which are no items of a list."""
    lines = found[0].splitlines()
    starts = [place.start() for place in re.finditer("=+", lines[0])]
    cells = [[line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)] for line in lines]
    head, *rows = [row for row in cells if not row[0].startswith("=")]
    return _table(head, [[_number(cell) for cell in row] for row in rows])


def _number(cell: str) -> str:
    return f"\\{cell}" if cell.startswith("(") else cell


def _erratum(found) -> str:
    """An erratum line of a docstring, as an item of a list."""
    return "* **erratum:** " + " ".join(found[1].split())


def _named(head: str, lines: dict) -> str:
    return _table((head, "what it is"), [(f"``{name}``", _plain(line)) for name, line in lines.items()])


def _title(text: str, line: str = "-") -> str:
    return f"{text}\n{line * len(text)}"


def _table(head, rows) -> str:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [head, *rows]:
        lines += [f"   {'* -' if place == 0 else '  -'} {cell}".rstrip() for place, cell in enumerate(row)]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Words that are no markup."""
    return _number("".join(f"\\{letter}" if letter in "*`|_\\" else letter for letter in " ".join(str(text).split())))


def setup(app):
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True}
