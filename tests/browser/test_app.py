"""The page of ``bilevel-dr app`` in a real browser: every case answered, numbers turned, text edited, files taken away."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import bilevel_dr as bdr
from bilevel_dr.papers import find_paper, list_papers, resolve_data

PATIENCE = 40_000  # ms; this machine may be busy, and large cases search
LARGE = ("week40", "base12", "weekend_hourly", "working_day", "fig3_alone", "fig10_no_equilibrium")  # seconds each
NAMED = "e => e.ariaLabel || e.innerText || e.labels?.length || e.getAttribute('aria-labelledby')"
GARBAGE = (" ", "param", "param target := 1e999;", "set CONSUMERS := ;", "include 'x';", "<script>alert(1)</script>")
WORKER = "Error registering service worker"  # of marimo's, which the browser of these tests blocks


@pytest.fixture(scope="module")
def address():
    """A page that is served until the tests are over, and then gone."""
    command = [sys.executable, "-m", "bilevel_dr", "app", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        yield re.search(r"http://127\.0\.0\.1:\d+/\S+", server.stderr.readline())[0]
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=20)
        assert server.returncode == 130 and out == "" and "no process and no temporary file is left" in err


@pytest.fixture(autouse=True)
def without_service_worker(page, complaints):
    yield
    complaints[:] = [said for said in complaints if not said.startswith(WORKER)]


def data(paper, case):
    return Path(resolve_data(case, find_paper(paper))).read_text(encoding="utf-8")


def settled(page, text=None, after=None):
    """Wait until everything on the page is about a text, or about another than before; what the status said is returned."""
    mark = "" if text is None else f'="{zlib.crc32(text.encode()):08x}"'
    other = "" if after is None else f':not([data-text="{after}"])'
    return page.locator(f"[role=status][data-text{mark}]{other}").get_attribute("data-text", timeout=PATIENCE)


def opened(page, address, paper="khe_2025", case="hard_800"):
    page.goto(address)
    settled(page)
    first = next(iter(find_paper(paper).cases))
    if page.get_by_label("Paper").input_value() != paper:
        page.get_by_label("Paper").select_option(label=paper)
        settled(page, data(paper, first))
    if case != first:
        page.get_by_label("Case").select_option(label=case)
        settled(page, data(paper, case))
    return page


def value(page):
    """The leader's value as the page has it, and the claim."""
    card = page.locator("[data-claim]")
    shown = card.get_attribute("data-value")
    return None if shown == "None" else float(shown), card.get_attribute("data-claim")


def typed(page, text):
    """Put a text in the editor's place, by the keyboard."""
    page.locator("marimo-code-editor .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    settled(page, text)


def test_it_opens_with_a_proved_answer(page, address):
    page.goto(address)
    settled(page)
    assert page.title().startswith("bilevel_dr")
    assert value(page)[1] == "global" and page.locator('[data-passed="True"]').count() == 2
    assert page.get_by_role("img").count() == 2
    for role in ("slider", "combobox", "button", "link"):
        for control in page.get_by_role(role).all():
            assert control.is_hidden() or control.evaluate(NAMED), control


def test_nobody_without_the_token_is_let_in(page, address):
    page.goto(address.partition("?")[0])
    assert page.locator("[role=status]").count() == 0 and "Token" in page.locator("body").inner_text()


@pytest.mark.parametrize("name", list(list_papers()))
def test_every_case_of_a_paper_has_a_result(page, address, name):
    paper = find_paper(name)
    cases = [case for case in paper.cases if case not in LARGE]
    opened(page, address, name, cases[0])
    for case in cases:
        page.get_by_label("Case").select_option(label=case)
        settled(page, data(name, case))
        right = paper.exact()(bdr.load(paper.model(), resolve_data(case, paper)))
        assert value(page) == (pytest.approx(right.leader_objective), right.claim), case
        assert page.locator(".bdr-picture").count() == 2, case
        shown = page.locator("[data-passed]").first.get_attribute("data-passed")
        assert shown == str(right.certificate.passed), case


def test_a_slider_moved_by_keys_changes_numbers_and_text(page, address):
    opened(page, address)
    was = settled(page)
    page.get_by_label("Case").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    then = settled(page, after=was)
    page.keyboard.press("ArrowRight")  # the slider still has the focus
    settled(page, after=then)
    text = data("khe_2025", "hard_800").replace("param target     := 800 ", "param target     := 810 ")
    settled(page, text)
    instance = bdr.load(*names("khe_2025", "hard_800"), overrides={"target": 810})
    assert value(page) == (pytest.approx(bdr.solve(instance).leader_objective), "global")
    assert "param target     := 810 " in page.locator("marimo-code-editor .cm-content").inner_text()


def names(paper, case):
    found = find_paper(paper)
    return found.model(), resolve_data(case, found)


def test_a_mistake_is_shown_at_its_line_and_mended(page, address):
    opened(page, address)
    text = data("khe_2025", "hard_800")
    line = next(k for k, row in enumerate(text.split("\n"), 1) if row.startswith("param reward"))
    typed(page, text.replace("1.80", "-1.8"))
    alert = page.get_by_role("alert")
    assert f"line {line}:" in alert.inner_text() and "reward" in alert.inner_text()
    assert alert.locator("mark").inner_text().split()[:3] == ["✗", str(line), "param"]
    assert page.locator("[data-claim], .bdr-picture").count() == 0  # nothing old stands beside it
    typed(page, text.replace("1.80", "2.5"))
    right = bdr.solve(bdr.load(*names("khe_2025", "hard_800"), overrides={"reward": 2.5}))
    assert value(page) == (pytest.approx(right.leader_objective), "global")
    assert page.get_by_role("slider").nth(1).get_attribute("aria-valuenow") == "2.5"  # sliders follow the text


def test_garbage_is_said_to_be_garbage_and_infeasible_is_an_answer(page, address):
    opened(page, address)
    for text in GARBAGE:
        typed(page, text)
        assert "mistake" in page.get_by_role("alert").inner_text(), text
    typed(page, data("khe_2025", "hard_800").replace("target     := 800", "target     := 9000"))
    assert value(page) == (None, "none") and "infeasible" in page.locator("[data-claim]").inner_text()


def test_files_taken_away_solve_to_the_same_number(page, address, tmp_path):
    opened(page, address)
    was = settled(page)
    page.get_by_role("slider").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    settled(page, after=was)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Data file").click()
    waiting.value.save_as(tmp_path / "mine.dat")
    command = [sys.executable, "-m", "bilevel_dr", "solve", "khe_2025", str(tmp_path / "mine.dat"), "--json"]
    solved = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert solved["leader_objective"] == pytest.approx(value(page)[0])
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Results").click()
    assert waiting.value.suggested_filename == "hard_800.zip"


def test_reformulations_are_compared_when_asked(page, address):
    opened(page, address, "li_2025", "fig2_convex")
    page.get_by_role("button", name="Compare now").click()
    table = page.locator("[data-cell-name=show_comparison] tbody")
    table.wait_for(timeout=4 * PATIENCE)
    assert table.get_by_role("row").count() > 9 and "nash" in table.inner_text()
    page.get_by_role("slider").first.press("ArrowRight")
    page.get_by_text("Not compared at these numbers").wait_for(timeout=PATIENCE)  # no table about other numbers


def test_it_fits_a_phone(page, address):
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, address)
    assert page.evaluate("document.querySelector('#App').scrollWidth <= innerWidth")
