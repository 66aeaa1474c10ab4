"""The report: one page, whole, that asks the world for nothing."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.figure import Figure

from bilevel_dr.report import Section, facts_table, number, render, stated_row, write_report

ROW = {
    "paper": "p",
    "table": "III-A",
    "case": "hard",
    "quantity": "calls < baseline & more",
    "unit": "kWh",
    "reported": 52.4,
    "reported_sd": None,
    "reproduced": 52.428571,
    "reproduced_sd": None,
    "relative_error": 5e-4,
    "status": "reproduced",
    "comment": '<script>alert("no")</script>',
}


@pytest.fixture
def section():
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([1, 2, 3])
    rows = [ROW, ROW | {"status": "missed", "reported": 80.0}, ROW | {"status": "discrepancy", "reported": None}]
    tables = {"per_consumer": pd.DataFrame({"consumer": ["a", "b"], "call [kWh]": [1.5, float("nan")]})}
    return Section("p_2025", "A paper & more", "First.\n\nSecond\nline.", rows, tables, {"figure_2": figure}, 1.25)


class Reader(HTMLParser):
    """Collects tags and addresses, and fails on what is not closed."""

    VOID = ("meta", "img", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.addresses = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_asks_for_nothing(section):
    page = render([section, Section("q", "Another", error="no solver")], {"python": "3.12"}, "2025-01-01")
    reader = Reader(page)
    assert reader.open == [] and "script" not in reader.tags and "link" not in reader.tags
    assert all(address.startswith(("#", "data:image/svg+xml;base64,")) for address in reader.addresses)
    assert not re.search(r"url\(|@import|https?://", page)
    targets = [address[1:] for address in reader.addresses if address.startswith("#")]
    assert targets == ["p-2025", "q"] and all(f'id="{target}"' in page for target in targets)


def test_everything_handed_over_is_on_the_page_and_escaped(section):
    page = render([section, Section("q", "Another", error="no solver")], {"python": "3.12"}, "2025-01-01")
    for text in ("A paper &amp; more", "<p>Second line.</p>", "calls &lt; baseline", "52.4286", "Per consumer", "1.5"):
        assert text in page
    assert "&lt;script&gt;" in page and "Not complete: no solver" in page and "python 3.12" in page
    assert "✓ 1 reproduced" in page and "✗ 1 missed" in page and "≠ 1 discrepancy" in page
    assert 'name="viewport"' in page and "prefers-color-scheme: dark" in page and "@media print" in page


def test_the_same_figures_give_the_same_page(section):
    assert render([section], {}) == render([section], {})


def test_writing_makes_the_folder_and_leaves_only_the_page(tmp_path, section):
    page = write_report(tmp_path / "build" / "report", [section], {})
    write_report(page.parent, [section], {}, "later")
    assert [path.name for path in page.parent.iterdir()] == ["index.html"] and "later" in page.read_text()


def test_a_page_that_cannot_be_made_leaves_the_earlier_one(tmp_path, section):
    page = write_report(tmp_path, [section], {}, "first")
    with pytest.raises(KeyError):
        write_report(tmp_path, [Section("p", "t", rows=[{"paper": "p"}])], {}, "second")
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"] and "first" in page.read_text()


def test_facts_have_differences_and_deviations():
    table = facts_table([ROW, ROW | {"reported_sd": 0.5, "reproduced_sd": 0.25, "reproduced": 52.0}])
    assert table["difference"].round(6).tolist() == [0.028571, -0.4]
    assert table["reported"].tolist() == [52.4, "52.4 ± 0.5"] and table["reproduced"].tolist()[1] == "52 ± 0.25"
    assert list(facts_table([])) == list(facts_table([ROW]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (float("nan"), ""),
        (True, "True"),
        ("word", "word"),
        (3.0, "3"),
        (152.4285714, "152.429"),
        (1.5e-12, "1.5e-12"),
        (float("inf"), "inf"),
        (1e20, "1e+20"),
        (0, "0"),
    ],
)
def test_numbers_are_short(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "deviation", "tolerance", "verified", "status"),
    [
        (10.4, math.nan, 0.5, True, "reproduced"),
        (10.6, math.nan, 0.5, True, "missed"),
        (10.4, 2.05, 0.5, True, "reproduced"),
        (10.4, 2.2, 0.5, True, "missed"),  # the deviation is 10 % off
        (10.0, math.nan, math.nan, True, "discrepancy"),
        (10.0, 2.0, 0.5, False, "uncertified"),
    ],
)
def test_a_stated_number_has_the_status_it_earns(value, deviation, tolerance, verified, status):
    stated = SimpleNamespace(
        case="a", quantity="q", value=10.0, sd=2.0, unit="kWh", where="Table 1", tolerance=tolerance, comment=math.nan
    )
    row = stated_row("paper", stated, value, deviation, verified)
    assert (row["status"], row["comment"], row["reported_sd"]) == (status, "", 2.0)
    assert row["relative_error"] == pytest.approx(abs(value - 10) / 10)
