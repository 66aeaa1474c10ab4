"""The report: one page, whole, that asks the world for nothing, and the same as files beside it."""

from __future__ import annotations

import json
import math
import os
import pickle
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.figure import Figure

from bilevel_dr.errors import DataError
from bilevel_dr.formatting import number
from bilevel_dr.papers import list_papers
from bilevel_dr.report import Section, certificates_table, check_folder, facts_table, render, stated_row, write_report
from bilevel_dr.report.drawings import draw
from bilevel_dr.report.latex import latex_table
from bilevel_dr.report.parts import amount, inline
from bilevel_dr.report.rows import INPUTS, status_of_inputs
from bilevel_dr.solution import Certificate, Solution

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


SOURCES = [
    {"parameter": "target", "symbol": "T", "unit": "kWh", "status": "published", "where": "III", "note": "both"},
    {"parameter": "a, b (hard*)", "symbol": "a_i", "unit": "1", "status": "calibrated", "where": "-", "note": "fitted"},
    {"parameter": "c (easy, light)", "symbol": "c", "unit": "1", "status": "assumed", "where": "-", "note": "free"},
]


def solution(passed=True):
    certificate = Certificate(passed, 1.5e-13, 0.0, 2.5e-7, followers={"f": None})
    return Solution(608.25, "global", certificate, 608.25, "optimal", "sos1", "scip", 0.5)


@pytest.fixture
def section():
    figure = Figure(figsize=(3, 2), layout="constrained")
    axes = figure.subplots()
    axes.plot([1, 2, 3], label="calls")
    axes.set(title="Calls rise", xlabel="consumer", ylabel="call [kWh]")
    axes.legend()
    claim = {"unit": "true", "reported": 1.0, "reproduced": 0.0, "quantity": "it is unique", "status": "discrepancy"}
    rows = [ROW, ROW | {"status": "missed", "reported": 80.0}, ROW | {"reported": None, "reproduced": None}, ROW | claim]
    tables = {
        "per_consumer": pd.DataFrame({"consumer": ["a", "b"], "call [kWh]": [1.5, float("nan")], "fair": [True, False]}),
        "facts": pd.DataFrame({"quantity": ["said already"]}),
    }
    return Section(
        "p_2025",
        "A paper & more",
        "First, by *all* of them.\n\nSecond\nline of ``call[i]``.",
        rows,
        tables,
        {"figure_2": figure},
        1.25,
        equations=[("(1)", "x ≤ c", "``within_call``")],
        notes=["By the way."],
        errata=["(2) is wrong"],
        structure=["It is convex."],
        certificates=certificates_table({"hard": solution(), "easy": solution(False)}),
        sources=SOURCES,
        data={"hard.dat": "ab12"},
        parts={"rows": 1.0, "drawing": 0.25},
    )


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


def page_of(section, **options):
    another = Section("q", "Another", error="no solver")
    return render([section, another], {"python": "3.12"}, "2025-01-01", "bilevel-dr reproduce", **options)


def test_the_page_is_well_formed_and_asks_for_nothing(section):
    page = page_of(section)
    reader = Reader(page)
    assert reader.open == [] and "script" not in reader.tags and "link" not in reader.tags
    assert all(address.startswith(("#", "data:image/svg+xml;base64,")) for address in reader.addresses)
    assert not re.search(r"url\(|@import|https?://", page)
    targets = {address[1:] for address in reader.addresses if address.startswith("#")}
    assert {"p-2025", "q", "p-2025-claims", "p-2025-inputs", "differences"} <= targets
    assert [target for target in targets if f'id="{target}"' not in page] == []


def test_headings_are_in_order_and_no_identifier_is_twice(section):
    page = render([section, replace(section, name="q_2025")], {})
    levels = [int(tag[1]) for tag in Reader(page).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels[:-1], levels[1:], strict=True))
    identifiers = re.findall(r' id="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))


def test_everything_handed_over_is_on_the_page_and_escaped(section):
    page = page_of(section)
    for text in (
        "A paper &amp; more",
        "by <em>all</em> of them",
        "<p>Second line of <code>call[i]</code>.</p>",
        "calls &lt; baseline &amp; more [kWh]",
        "52.4286",
        "0.0286 (0.05 %)",
        "Per consumer",
        "<code>within_call</code>",
        "By the way.",
        "(2) is wrong",
        "It is convex.",
        "1 of 2 certificates passed",
        "1.5e-13",
        "ab12",
        "rows 1.0, drawing 0.2",
        "bilevel-dr reproduce",
        "Not complete: no solver",
        "python 3.12",
        "p_2025 hard",  # the instance of what does not come out
    ):
        assert text in page, text
    assert "&lt;script&gt;" in page and "said already" not in page
    assert "✓ 2 reproduced" in page and "✗ 1 missed" in page and "≠ 1 discrepancy" in page
    assert ">≠ does not hold<" in page and ">yes<" in page and ">no<" in page
    assert 'alt="Calls rise. Across: consumer. Up: call [kWh]. Shown: calls."' in page


def test_the_same_figures_give_the_same_page(section):
    assert render([section], {}) == render([section], {})


def test_a_drawn_section_travels_and_gives_the_same_page(section):
    sent = pickle.loads(pickle.dumps(section.drawn()))
    assert render([sent], {}) == render([section], {})


def test_a_figure_is_left_as_it_was_and_drawn_in_each_format(section):
    figure = section.figures["figure_2"]
    engine, drawing = figure.get_layout_engine(), draw("figure_2", figure)
    assert figure.get_layout_engine() is engine and drawing == draw("figure_2", figure)
    assert drawing.svg.startswith(b"<?xml") and drawing.pdf.startswith(b"%PDF") and drawing.png[1:4] == b"PNG"
    plain = draw("plain", Figure(figsize=(3, 2)))
    assert plain.alt == "" and plain.width == 3.0


def test_a_legend_wider_than_its_figure_is_not_cut():
    figure = Figure(figsize=(3, 2), layout="constrained")
    figure.subplots().plot([1, 2], label="what does not fit into three inches, " * 3)
    figure.legend(loc="outside lower center")
    assert draw("wide", figure).width > 6


# On disk --------------------------------------------------------------------------------------------------------------


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_each_table_and_figure_is_a_file_the_page_links_to(tmp_path, section):
    page = write_report(tmp_path / "build" / "report", [section], {"python": "3.12"}, "today")
    tables = {f"tables/p_2025/{name}" for name in ("reported_numbers", "reported_claims", "answers", "per_consumer", "inputs")}
    expected = {f"{name}.{kind}" for name in tables for kind in ("csv", "tex")}
    expected |= {"figures/p_2025/figure_2.pdf", "figures/p_2025/figure_2.png", "report.json"}
    assert files(page.parent) == expected | {"index.html"}
    assert [path.name for path in page.parent.iterdir() if path.name.startswith(".")] == []
    linked = {address for address in Reader(page.read_text(encoding="utf-8")).addresses if address[:5] not in ("data:",)}
    assert {address for address in linked if not address.startswith("#")} == expected


def test_the_files_hold_what_the_page_shows(tmp_path, section):
    write_report(tmp_path, [section], {"python": "3.12"})
    numbers = pd.read_csv(tmp_path / "tables/p_2025/reported_numbers.csv")
    assert numbers["reproduced"].tolist()[:2] == [52.428571, 52.428571] and set(numbers["inputs"]) == {"calibrated"}
    assert pd.read_csv(tmp_path / "tables/p_2025/answers.csv")["passed"].tolist() == [True, False]
    whole = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert whole["versions"] == {"python": "3.12"} and whole["papers"]["p_2025"]["data"] == {"hard.dat": "ab12"}
    assert len(whole["papers"]["p_2025"]["rows"]) == 4 and whole["papers"]["p_2025"]["certificates"][0]["claim"] == "global"


def test_an_older_report_is_replaced_whole_and_nothing_else_is_touched(tmp_path, section):
    (tmp_path / "mine.txt").write_text("mine")
    write_report(tmp_path, [section], {}, "first")
    page = write_report(tmp_path, [Section("q", "Another")], {}, "later")
    assert files(tmp_path) == {"mine.txt", "index.html", "report.json"} and "later" in page.read_text()


@pytest.mark.parametrize("name", ["tables", "figures", "index.html"])
def test_what_is_not_a_report_is_refused_untouched(tmp_path, section, name):
    other = tmp_path / name if name.endswith("html") else tmp_path / name / "mine.csv"
    other.parent.mkdir(exist_ok=True)
    other.write_text("mine")
    with pytest.raises(DataError, match=f"its {name} is not of a report"):
        check_folder(tmp_path)
    with pytest.raises(DataError):
        write_report(tmp_path, [section], {})
    assert files(tmp_path) == {other.relative_to(tmp_path).as_posix()} and other.read_text() == "mine"


def test_a_page_that_cannot_be_made_leaves_the_earlier_one(tmp_path, section):
    page = write_report(tmp_path, [section], {}, "first")
    before = files(tmp_path)
    with pytest.raises(KeyError):
        write_report(tmp_path, [Section("p", "t", rows=[{"paper": "p"}])], {}, "second")
    assert files(tmp_path) == before and "first" in page.read_text()


@pytest.mark.parametrize("moves", range(1, 7))
def test_a_report_interrupted_between_two_moves_is_the_earlier_one(tmp_path, section, monkeypatch, moves):
    write_report(tmp_path, [section], {}, "first")
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    done, rename = [], os.rename

    def interrupted(source, target):
        if len(done) == moves:
            done.append("interrupted")
            raise KeyboardInterrupt
        done.append(target)
        rename(source, target)

    monkeypatch.setattr(os, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_report(tmp_path, [section], {}, "second")
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_its_latex_compiles(tmp_path):
    signs = ["[S]", "*", "50 % & 3 #1", "a_b^2 ~ {x}", "α ≤ β − 1", "Σ x² · y"]
    short = pd.DataFrame({"what_[kWh]": signs, "value": [1.5e-12, -2.0, float("inf"), float("nan"), 1e20, 3.0]})
    short = short.assign(holds=[True, False] * 3, nothing=None, comment="a sentence")
    long = pd.concat([short] * 10)
    text = latex_table(short, "short")
    assert "nothing" not in text and "sentence" not in text and r"$1.5 \times 10^{-12}$" in text and "longtable" not in text
    packages = r"\documentclass{article}\usepackage{booktabs,longtable}\begin{document}"
    page = "\n".join([packages, text, r"\par", latex_table(long, "long"), r"\end{document}"])
    (tmp_path / "page.tex").write_text(page, encoding="utf-8")
    command = ("pdflatex", "-interaction=batchmode", "-halt-on-error", "page.tex")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, (tmp_path / "page.log").read_text(encoding="utf-8", errors="replace")[-2000:]


# Pieces ---------------------------------------------------------------------------------------------------------------


def test_an_answer_without_a_point_did_not_pass():
    none = Solution(None, "none", None, None, "infeasible", "sos1", "scip", 0.1)
    table = certificates_table({"one": solution(), "two": none})
    assert table["passed"].tolist() == [True, False] and math.isnan(table["follower gap"][1])
    assert table["followers"].tolist() == [1, 0] and table["route"][0] == "sos1, scip"


def test_inputs_are_those_of_the_case():
    assert status_of_inputs(SOURCES) == ["published", "calibrated", "assumed"]
    assert status_of_inputs(SOURCES, "hard_800") == ["published", "calibrated"]
    assert status_of_inputs(SOURCES, "light") == ["published", "assumed"]
    assert Section("p", "t", sources=SOURCES).inputs("hard_800") == "calibrated"  # the published ones go without saying
    assert Section("p", "t", sources=SOURCES[:1]).inputs() == "published" and Section("p", "t").inputs() == ""


@pytest.mark.parametrize("paper", list_papers().values(), ids=lambda paper: paper.name)
def test_a_paper_says_what_it_rests_on_in_the_words_of_the_report(paper):
    assert paper.sources and {source["status"] for source in paper.sources} <= INPUTS.keys()
    for case in paper.cases:
        assert status_of_inputs(paper.sources, case), case
    assert {f"{case}.dat" for case in paper.cases} | {"sources.csv", "reported.csv"} == paper.hashes.keys()
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in paper.hashes.values())


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a ``b < c`` d", "a <code>b &lt; c</code> d"),
        ("*strict* the formulas", "<em>strict</em> the formulas"),
        ("2 * x * y", "2 * x * y"),
        ("x'y", "x'y"),
    ],
)
def test_marks_of_a_docstring_are_shown(said, shown):
    assert inline(said) == shown


@pytest.mark.parametrize(("value", "shown"), [(-1.5, "−1.5"), (1e-12, "1e-12"), (-math.inf, "−inf"), ("III-B", "III-B"), (None, "")])
def test_a_minus_is_one(value, shown):
    assert amount(value) == shown


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
