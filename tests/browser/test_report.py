"""The report as a reader gets it: on a phone and a screen, light and dark, printed, and away from every network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest
from matplotlib.figure import Figure

from bilevel_dr.report import Section, write_report

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
FAINT = """() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number)
  const light = colour => parts(colour).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0)
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor
      if ((parts(colour)[3] ?? 1) > 0) return colour
    }
  }
  const ratio = element => {
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x)
    return (a + 0.05) / (b + 0.05)
  }
  const own = element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())
  return [...document.querySelectorAll("body *")].filter(element => own(element) && ratio(element) < 4.5)
    .map(element => element.outerHTML.slice(0, 80))
}"""
"""Elements whose text is harder to read than the Web Content Accessibility Guidelines' level AA lets pass."""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A real one, of one paper."""
    folder = tmp_path_factory.mktemp("report")
    command = [sys.executable, "-m", "bilevel_dr", "reproduce", "khe_2025", "--quick", "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "index.html"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """One whose tables are wide and long, and whose words do not break."""
    wide = pd.DataFrame([[f"word{k}" * 4 for k in range(30)]] * 60, columns=[f"a very long heading {k} [EUR/MWh]" for k in range(30)])
    figure = Figure(figsize=(14, 3), layout="constrained")
    figure.subplots().plot([1, 2])
    long = "endless" * 40
    row = {"case": long, "quantity": long, "unit": "kWh", "table": long, "comment": long, "status": "missed"}
    numbers = {"reported": 1e-300, "reproduced": 1e300, "reported_sd": None, "reproduced_sd": None, "relative_error": 1e300}
    section = Section("p_2030", long, long, [row | numbers | {"paper": "p_2030"}], {"wide": wide}, {"wide": figure}, 1.0, long)
    return write_report(tmp_path_factory.mktemp("hostile"), [section], {"python": long})


@pytest.fixture(params=["report", "hostile"])
def address(request):
    return request.getfixturevalue(request.param).as_uri()


@pytest.mark.parametrize("width", [320, 360, 768, 1280, 1920])
def test_the_page_is_no_wider_than_the_screen(page, address, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(address)
    assert page.evaluate(OVERFLOW) <= 0
    assert page.locator(".table").count() > 3  # each scrolls in a box of its own


def test_its_pictures_are_there_and_are_told_in_words(page, report):
    page.goto(report.as_uri())
    pictures = page.locator("img").evaluate_all("all => all.map(i => [i.complete, i.naturalWidth, i.naturalHeight, i.alt])")
    assert len(pictures) >= 8
    for complete, width, height, alt in pictures:
        assert complete and width > 100 and height > 100 and len(alt) > 40, alt


def test_its_links_lead_somewhere(page, report):
    page.goto(report.as_uri())
    links = page.locator("a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    inside = [link[1:] for link in links if link.startswith("#")]
    assert inside and all(page.locator(f"[id='{target}']").count() == 1 for target in inside)
    files = [report.parent / unquote(urlsplit(link).path) for link in links if not link.startswith("#")]
    assert {file.suffix for file in files} == {".csv", ".tex", ".pdf", ".png", ".json"}
    assert [file for file in files if not file.is_file()] == []


def test_dark_is_dark_and_its_figures_too(page, report):
    page.goto(report.as_uri())
    seen = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        seen[scheme] = page.evaluate(BACKGROUND), page.locator("img").first.evaluate("i => getComputedStyle(i).filter")
    assert seen["light"] == ("rgb(255, 255, 255)", "none")
    assert max(map(int, re.findall(r"\d+", seen["dark"][0]))) < 40 and "invert" in seen["dark"][1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_from_what_is_behind_it(page, report, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(report.as_uri())
    assert page.evaluate(FAINT) == []


def test_it_can_be_read_from_the_keyboard_and_aloud(page, report):
    page.goto(report.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#results"
    assert page.get_by_role("navigation", name="Contents").count() == page.get_by_role("main").count() == 1
    boxes = page.locator(".table, .picture").evaluate_all("all => all.map(b => [b.tabIndex, b.role, b.ariaLabel])")
    assert all(index == 0 and role == "region" and label for index, role, label in boxes)
    assert page.locator("th:not([scope])").count() == 0


def test_on_paper_nothing_scrolls_and_nothing_is_dark(page, address):
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(address)
    assert page.evaluate(BACKGROUND) == "rgb(255, 255, 255)"
    assert page.locator("nav").is_hidden() and page.locator(".links").first.is_hidden()
    boxes = page.locator(".table, .picture").evaluate_all(
        "all => all.map(b => [getComputedStyle(b).overflowX, getComputedStyle(b).maxHeight])"
    )
    assert boxes and all(box == ["visible", "none"] for box in boxes)


@pytest.mark.parametrize(("width", "boxes"), [(688, ":not(.tables, .inputs) > .table"), (1017, ":is(.tables, .inputs) > .table")])
def test_no_table_leaves_the_paper(page, report, width, boxes):
    """A4 less its margins, upright and across, in pixels."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(report.as_uri())
    wide = page.locator(boxes).evaluate_all("all => all.map(b => [b.ariaLabel, b.scrollWidth - b.clientWidth])")
    assert wide and [label for label, over in wide if over > 0] == []


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not installed")
def test_it_prints_whole(page, report, tmp_path):
    page.goto(report.as_uri())
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    done = subprocess.run(["pdftotext", "-layout", tmp_path / "report.pdf", "-"], capture_output=True, encoding="utf-8", check=True)
    for text in ("Demand-response games, reproduced", "152.429", "dissatisfaction", "seconds", "SHA-256", "pyomo"):
        assert text in " ".join(done.stdout.split()), text
    assert 5 < done.stdout.count("\f") < 30
