"""The documentation says what is there: docstrings' examples run, every name of the contract has its place in a page.

The pages' own code runs when they are built, ``make docs``.
"""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

import bilevel_dr
from bilevel_dr import errors, solution
from bilevel_dr.cli import session
from bilevel_dr.papers import list_papers
from bilevel_dr.reformulate import REFORMULATIONS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ROOMS = {"bilevel_dr": ROOT / "bilevel_dr", "bilevel_dr.models": ROOT / "models"}


def with_examples():
    for package, folder in ROOMS.items():
        for file in sorted(folder.rglob("*.py")):
            if ">>> " in file.read_text(encoding="utf-8"):
                yield ".".join([package, *file.relative_to(folder).with_suffix("").parts])


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(with_examples()))
def test_examples_of_docstrings_run(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted and not result.failed


def test_every_public_name_is_in_the_reference():
    written = set(re.findall(r"auto\w+:: (\w+)$", page("api.rst"), re.MULTILINE))
    assert written == set(bilevel_dr.__all__) - {"__version__"}


def test_every_reformulation_has_its_formula_and_its_reference():
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", page("reformulations.md"), re.MULTILINE)
    assert {name for name, _ in rows} == {*REFORMULATIONS, "value_function"}
    assert all(f"bilevel_dr.reformulate.{name}.{name}" in page("api.rst") for name in REFORMULATIONS)


def test_every_claim_field_and_termination_is_explained():
    text = page("certificate.md")
    words = [*solution.CLAIMS, *solution.TERMINATIONS, *solution.Certificate.__dataclass_fields__]
    assert [word for word in words if f"`{word}`" not in text] == []


def test_every_exit_code_and_error_is_explained():
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", page("command_line.md"), re.MULTILINE)}
    names = ("OK", "USAGE", "INFEASIBLE", "UNBOUNDED", "LIMIT", "SOLVER", "REFUSED")
    assert codes == {getattr(session, name) for name in names} | {130}
    kinds = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert set(kinds) <= set(re.findall(r"autoexception:: (\w+)", page("api.rst")))


def test_every_paper_has_a_page_and_a_line():
    assert set(re.findall(r"^papers/(\w+)$", page("papers.md"), re.MULTILINE)) == set(list_papers())
    assert all(f"| [`{name}`]" in page("papers.md") for name in list_papers())
