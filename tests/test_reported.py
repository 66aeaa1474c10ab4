"""Each number a paper states, as its ``reported.csv`` holds it, is a test against what its study reproduces."""

from __future__ import annotations

import csv
import math
from functools import cache
from importlib import import_module
from importlib.resources import files

import pytest

COLUMNS = ["case", "quantity", "value", "sd", "unit", "where", "tolerance", "comment"]
KEYS = ["paper", "table", "case", "quantity", "unit", "reported", "reported_sd", "reproduced", "reproduced_sd"]
KEYS += ["relative_error", "status", "comment"]


def stated(paper):
    with (files("bilevel_dr.data") / paper / "reported.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == COLUMNS, paper
        return list(reader)


PAPERS = sorted(entry.name for entry in files("bilevel_dr.data").iterdir() if (entry / "reported.csv").is_file())
STATED = [(paper, number, row) for paper in PAPERS for number, row in enumerate(stated(paper))]


@cache
def reproduced(paper):
    return import_module(f"bilevel_dr.models.{paper}.study").rows(quick=True)


@pytest.mark.parametrize("paper", PAPERS)
def test_every_stated_number_has_one_row(paper):
    found = reproduced(paper)
    pairs = [[(row["case"], row["quantity"]) for row in table] for table in (found, stated(paper))]
    assert pairs[0] == pairs[1]
    assert all(list(row) == KEYS and row["paper"] == paper for row in found)


@pytest.mark.parametrize("paper", PAPERS)
def test_the_answers_of_a_report_are_certified(paper):
    found = import_module(f"bilevel_dr.models.{paper}.study").answers(quick=True)
    assert found and [case for case, answer in found.items() if not answer.certificate or answer.claim == "none"] == []


@pytest.mark.parametrize(("paper", "number", "row"), STATED, ids=[f"{p}-{n}-{r['quantity']}" for p, n, r in STATED])
def test_reported_number_is_reproduced(paper, number, row):
    """Within the row's tolerance; a row without one is a discrepancy, which must exist and be explained."""
    found = reproduced(paper)[number]
    assert found["reported"] == float(row["value"]) and math.isfinite(found["reproduced"])
    difference = abs(found["reproduced"] - found["reported"])
    if row["tolerance"]:
        assert difference <= float(row["tolerance"]), found
        assert found["status"] == "reproduced"
    else:
        assert row["comment"] and difference > 0
        assert found["status"] != "reproduced"
