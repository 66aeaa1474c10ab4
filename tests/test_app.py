"""What the page of ``bilevel-dr app`` lays out, without a browser; in one it is tested by ``tests/browser/test_app.py``."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bilevel_dr import repeating
from bilevel_dr.app import answering, comparing, downloads, drawing, look, reading, serving, turning, words
from bilevel_dr.errors import BilevelError, DataError, ModelError
from bilevel_dr.loading import load
from bilevel_dr.papers import find_paper, resolve_data
from bilevel_dr.play import Curve, Knob
from bilevel_dr.solution import Solution

KHE = find_paper("khe_2025")
TEXT = Path(resolve_data("hard_800", KHE)).read_text(encoding="utf-8")


def lines_of(text, *starts):
    return [k for k, row in enumerate(text.split("\n"), 1) if row.startswith(starts)]


class Balanced(HTMLParser):
    """HTML whose elements are closed in the order in which they were opened."""

    VOID = ("img", "br", "input", "meta")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


# reading --------------------------------------------------------------------------------------------------------------


def test_a_right_text_is_an_instance():
    found = reading.read(KHE.model(), TEXT)
    assert found.mistakes == () and found.instance.target.value == 800


def test_every_mistake_has_its_line_and_the_line_is_shown_with_what_is_wrong():
    wrong = TEXT.replace("1.80", "-1.8").replace("param fairness ", "param fairnes  ")
    found = reading.read(KHE.model(), wrong)
    reward, fairness = lines_of(wrong, "param reward", "param fairnes")
    assert {line for line, _ in found.mistakes} == {reward, fairness}
    shown = reading.mistakes_as_html(found)
    assert Balanced(shown).tags.count("mark") == 2
    assert f"line {fairness}: the model has no param named &#x27;fairnes&#x27;; the nearest name is fairness" in shown
    assert "case.dat" not in shown and "/tmp" not in shown  # the file it went through is nobody's business


def test_a_mistake_of_the_whole_file_stands_above():
    found = reading.read(KHE.model(), TEXT.replace("param target ", "# "))
    assert [line for line, _ in found.mistakes] == [None] and "target" in reading.mistakes_as_html(found)


def test_what_is_typed_is_no_html_of_the_page():
    shown = reading.mistakes_as_html(reading.read(KHE.model(), "<script>alert(1)</script>"))
    assert "<script" not in shown and "script" in shown


def test_other_files_are_not_read(tmp_path):
    (tmp_path / "secret.dat").write_text("param target := 1;")
    found = reading.read(KHE.model(), f"include '{tmp_path / 'secret.dat'}';\n" + TEXT)
    assert found.instance is None and "refused" in found.mistakes[0][1]


@settings(max_examples=30, deadline=None)
@given(some.integers(0, len(TEXT)), some.integers(0, 40), some.text(max_size=12))
def test_no_edit_breaks_the_page(start, length, put):
    found = reading.read(KHE.model(), TEXT[:start] + put + TEXT[start + length :])
    if found.instance is None:
        assert found.mistakes and Balanced(reading.mistakes_as_html(found)).tags[0] == "section"
        return
    knobs = turning.offered(KHE.play(), found.instance)
    solution, trouble = answering.answer(KHE, found.instance)
    if solution is None:
        assert trouble
        return
    Balanced(words.headline(solution, *answering.objective(found.instance)) + words.answers(found.instance, solution, None))
    assert [turning.label(found.instance, knob) for knob in knobs]
    if solution.point:
        for make in list(KHE.play().curves(found.instance).values())[-2:]:
            make(solution)


# turning --------------------------------------------------------------------------------------------------------------


def turn(paper, text, **wanted):
    instance = reading.read(paper.model(), text).instance
    knobs = turning.offered(paper.play(), instance)
    before = turning.settings(instance, knobs)
    return turning.turned(paper.model(), text, knobs, before, {**before, **wanted})


def test_a_turned_knob_is_written_where_its_value_stands():
    assert turn(KHE, TEXT, target=850.0) == TEXT.replace(":= 800 ", ":= 850 ")
    assert turn(KHE, TEXT) is TEXT  # 5.80 stays 5.80


def test_a_factor_multiplies_a_profile_and_choices_are_words():
    paper = find_paper("le_cadre_2018")
    text = Path(resolve_data("tou8", paper)).read_text(encoding="utf-8")
    was = reading.read(paper.model(), text).instance
    now = reading.read(paper.model(), turn(paper, text, retail_price=1.1, rule="aca")).instance
    assert now.retail_price[6] == pytest.approx(1.1 * was.retail_price[6]) and now.rule.value == "aca"
    assert now.forward_price[6] == was.forward_price[6]


def test_knobs_of_indexed_params_that_differ_are_at_nothing():
    paper = find_paper("li_2025")
    text = Path(resolve_data("fig11_mixed", paper)).read_text(encoding="utf-8")
    instance = reading.read(paper.model(), text).instance
    assert turning.settings(instance, paper.play().knobs(instance))["alpha"] is None
    assert set(reading.read(paper.model(), turn(paper, text, alpha=float("inf"))).instance.alpha.values()) == {float("inf")}


def test_a_label_is_the_name_and_what_the_model_says_of_it():
    instance = reading.read(KHE.model(), TEXT).instance
    assert turning.label(instance, Knob("target")) == "**target** T in (6), reduction the utility asks for [kWh]"
    assert turning.label(instance, Knob("off_peak")).startswith(r"**off\_peak** p\_off in (1)")
    assert turning.label(instance, Knob("baseline", factor=True)).startswith(r"**baseline ×** e\_i, on-peak")


def test_a_knob_has_room_for_what_it_is_at():
    assert turning.stretched(Knob("x", 0, 1, 0.1), 3.0).high == 3.0 and turning.stretched(Knob("x", 0, 1, 0.1), -1.0).low == -1.0
    assert turning.stretched(Knob("x", choices=(1, 2)), 7).choices == (1, 2, 7)
    assert turning.options(Knob("x", choices=(0.5, float("inf"), "aca"))) == {"0.5": 0.5, "∞": float("inf"), "aca": "aca"}
    assert turning.offered(KHE.play(), None) == []


# answering ------------------------------------------------------------------------------------------------------------


def instance_of(paper="khe_2025", case="hard_800", **overrides):
    found = find_paper(paper)
    return found, load(found.model(), resolve_data(case, found), overrides=overrides)


def test_the_exact_algorithm_answers_and_the_engine_agrees():
    paper, instance = instance_of()
    solution, trouble = answering.answer(paper, instance)
    assert (solution.reformulation, solution.claim, trouble) == ("exact", "global", "")
    assert answering.second_opinion(instance, solution).passed
    assert answering.objective(instance) == ("max benefit", instance.benefit.doc)


def test_the_engine_answers_what_the_exact_algorithm_does_not_take():
    paper, instance = instance_of(target=400)
    instance.call[1].fix(50)
    solution, _ = answering.answer(paper, instance)
    assert solution.claim == "global" and solution.reformulation != "exact" and solution.point["call[1]"] == 50


def test_where_the_quick_search_proves_nothing_the_engine_does():
    paper, instance = instance_of("le_cadre_2018", "tou8", rule="uniform_total")
    assert paper.play().quick(instance).claim != "global"
    assert answering.answer(paper, instance)[0].claim == "global"


def test_an_infeasible_target_is_an_answer_without_a_point():
    paper, instance = instance_of(target=9000)
    solution, trouble = answering.answer(paper, instance)
    assert (solution.termination, solution.point, trouble) == ("infeasible", {}, "")
    assert answering.second_opinion(instance, solution) == "there is no point to judge"


def test_the_better_certified_of_two_answers_is_taken():
    _, instance = instance_of()
    base = KHE.exact()(instance)
    low, failed = (replace(base, claim=claim, leader_objective=1.0) for claim in ("local", "none"))
    assert answering._better(instance, low, base) is base and answering._better(instance, base, low) is base
    assert answering._better(instance, low, failed) is low and answering._better(instance, None, failed) is failed


# words and pictures ---------------------------------------------------------------------------------------------------


def test_an_answer_in_words_says_value_claim_followers_and_their_gaps():
    _, instance = instance_of()
    solution = KHE.exact()(instance)
    shown = words.headline(solution, *answering.objective(instance))
    assert "max benefit <b>608.249</b>" in shown and "✓ global" in shown and 'data-claim="global"' in shown
    shown = words.answers(instance, solution, None)
    assert shown.count("<tr>") == 22 and "shift = 152.429" in shown and "4076.75" in shown
    Balanced(shown)


def test_an_uncertified_answer_is_marked():
    paper, instance = instance_of("li_2025", "no_equilibrium")
    solution = paper.exact()(instance)
    shown = words.headline(solution, "", "")
    assert "✗ none" in shown and "do not use these numbers" in shown
    proof = words.proof(solution.certificate, "by hand")
    assert 'data-passed="False"' in proof and "✗ not passed" in proof and "could gain" in proof
    assert "✗ no certificate" in words.proof(None, "by hand") and "no solver" in words.trouble("no solver")
    assert 'aria-label="no"' in words.answers(instance, solution, None)


def test_what_passed_in_words():
    certificate = KHE.exact()(instance_of()[1]).certificate
    assert "✓ passed" in words.proof(certificate, "x") and "✗" not in words.proof(certificate, "x")
    assert "✗" in words.proof(replace(certificate, follower_gap=0.1), "x")


def test_numbers_stand_to_the_right():
    shown = words.table(("a", "b"), [("x", "1"), ("y", "2.5e-3")])
    assert shown.count('class="n"') == 3 and '<th scope="col">a</th>' in shown


def test_the_status_says_what_took_how_long():
    assert "read in 2 ms; drawn in 1.5 s. <b>1.5 s</b> in all" in words.status("x", {"read": 0.002, "drawn": 1.5, "solved": None})
    assert "mended" in words.status("x", {}) and words.status("x", {}) != words.status("y", {})


CURVE = Curve(np.arange(5.0), "p [EUR]", "value [EUR]", {"leader": np.arange(5.0) ** 2}, {"y": np.arange(5.0)}, "y [MW]", {"best": (4, 16)})


def test_a_curve_is_drawn_leader_above_followers_below():
    above, below = drawing.draw(CURVE).axes
    assert (above.get_ylabel(), below.get_ylabel(), below.get_xlabel()) == ("value [EUR]", "y [MW]", "p [EUR]")
    assert above.lines[0].get_ydata().tolist() == [0, 1, 4, 9, 16]
    above, below = drawing.draw(replace(CURVE, steps=tuple("abcde"))).axes
    assert [tick.get_text() for tick in below.get_xticklabels()] == list("abcde")
    assert len(drawing.draw(replace(CURVE, steps=tuple("abcde"), answers={})).axes[0].patches) == 5


def test_a_picture_is_an_image_with_words_for_those_who_do_not_see_it():
    shown = drawing.as_html(drawing.draw(CURVE), 'a "curve" & more')
    assert shown.startswith('<img class="bdr-picture" alt="a &quot;curve&quot; &amp; more" src="data:image/png;base64,iVBOR')


def test_the_fixed_parts_of_the_page_are_balanced():
    for part in (look.HEADER, look.EDITOR, look.COMPARISON, look.CHECK, look.story("a < b", "c")):
        Balanced(part)


# what is taken away, compared, served ---------------------------------------------------------------------------------


def test_the_archive_holds_the_data_and_the_run_and_can_be_repeated_from(tmp_path):
    paper, instance = instance_of()
    made = downloads.archive(paper.name, "mine", TEXT, str(paper.room / "model.py"), paper.exact()(instance))
    packed = zipfile.ZipFile(io.BytesIO(made))
    assert packed.read("mine/inputs/mine.dat").decode() == TEXT
    assert json.loads(packed.read("mine/run.json"))["solution"]["claim"] == "global"
    packed.extractall(tmp_path)
    assert set(repeating.OPTIONS) <= set(repeating.read_run(tmp_path / "mine").options)
    assert repeating.read_run(tmp_path / "mine").changes(str(paper.room / "model.py")) == []


def test_a_comparison_shows_a_row_for_each_route():
    found = comparing.compared(instance_of("li_2025", "fig2_convex")[1], 1)
    shown = words.comparison(found)
    assert len(found) > 9 and shown.count("<tr>") == len(found) + 1 and "nash" in shown
    Balanced(shown)


def test_what_cannot_be_compared_says_why(monkeypatch):
    def refuses(*_, **__):
        raise ModelError("no bilevel program")

    monkeypatch.setattr("bilevel_dr.comparison.compare", refuses)
    assert comparing.compared(None, 1) == "no bilevel program"


def test_a_port_that_is_taken_is_refused_and_the_usual_one_replaced(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(DataError, match=f"--port {port}: .*give another, or none"):
            serving._bound(port)
        monkeypatch.setattr(serving, "PORT", port)
        with serving._bound(None) as free:
            assert free.getsockname()[1] != port and free.getsockname()[0] == "127.0.0.1"


def test_without_marimo_one_line_says_what_adds_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "marimo", None)
    with pytest.raises(BilevelError, match=r"marimo is not here: python -m pip install 'bilevel_dr\[app\]'"):
        serving.Server()


def test_the_command_without_marimo_ends_with_six(tmp_path):
    (tmp_path / "marimo.py").write_text("raise ModuleNotFoundError('No module named marimo', name='marimo')")
    command = [sys.executable, "-m", "bilevel_dr", "app", "--no-browser"]
    ended = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)}, cwd=Path(__file__).parents[1])
    assert (ended.returncode, ended.stdout) == (6, "") and ended.stderr.count("\n") == 1
    assert "pip install 'bilevel_dr[app]'" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal")
def test_on_a_terminal_it_says_where_it_is_and_ctrl_c_ends_it_in_silence():
    controller, terminal = os.openpty()
    command = [sys.executable, "-m", "bilevel_dr", "app", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True) as server:
        os.close(terminal)
        said = b""
        while b"Ctrl-C" not in said:
            said += os.read(controller, 4096)
        os.killpg(server.pid, signal.SIGINT)  # as a terminal does: to all of them
        assert server.wait(20) == 130
    assert re.fullmatch(rb"bilevel-dr app: http://127\.0\.0\.1:\d+/\?access_token=\S+\r\nCtrl-C ends it\r\n", said)
    assert os.read(controller, 4096) == b"bilevel-dr: interrupted; no process and no temporary file is left\r\n"
    os.close(controller)


def test_no_browser_is_opened_without_a_desktop(monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not serving.show("http://127.0.0.1:1") and opened == []
    monkeypatch.setenv("DISPLAY", ":0")
    assert serving.show("http://127.0.0.1:1") and opened == ["http://127.0.0.1:1"]


def test_a_solution_without_a_point_needs_no_proof():
    nothing = Solution(None, "none", None, None, "limit", "sos1", "scip", 1.0)
    assert "limit: there is no answer" in words.headline(nothing, "max benefit", "") and words.answers(None, nothing, None) == ""
