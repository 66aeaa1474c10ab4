"""Every exercise of the course: right answers pass, wrong ones are told what is wrong, and none stands alone."""

from __future__ import annotations

import math

import lecturer
import nbformat
import numpy as np
import pyomo.environ as pyo
import pytest

from bilevel_dr import course, errors, papers
from bilevel_dr.course import answers, judging

NOTEBOOKS = {file.stem: nbformat.read(file, as_version=4) for file in lecturer.NOTEBOOKS}
CELLS = {file.stem: lecturer.read_cells(lecturer.solutions_of(file)) for file in lecturer.NOTEBOOKS}
ASKED = {name: stem for stem, book in NOTEBOOKS.items() for cell in book.cells for name in lecturer.exercises_in(cell)}


def given(name):
    """``(answer, words)`` of each solution of an exercise, the words being empty for the right one."""
    space = {}
    for cell in CELLS[ASKED[name]]:
        if cell.kind == "code" and cell.name in ("", name):
            space.pop("answer", None)
            exec(compile(cell.source, f"solution {cell.name}", "exec"), space)
            if cell.name:
                yield space["answer"], cell.wrong


@pytest.mark.parametrize("name", ASKED)
def test_an_exercise_is_judged(name, capsys):
    answered = list(given(name))
    assert sum(not words for _, words in answered) >= 1 and sum(bool(words) for _, words in answered) >= 2
    for answer, words in answered:
        verdict = course.check(name, answer)
        assert bool(verdict) == (not words), verdict
        assert words in verdict.message, verdict
        assert capsys.readouterr().out == f"{verdict}\n"


ODD = (None, "yes", math.nan, 10**400, [], {}, object, np.zeros((2, 2)), pyo.AbstractModel(), pyo.ConcreteModel())


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_of_another_kind_is_explained(name):
    for odd in ODD:
        verdict = course.check(name, odd)
        assert not verdict and verdict.message.startswith("not yet. ")


def test_exercises_notebooks_and_solutions_name_each_other():
    registered = {exercise.name for exercise in course.list_exercises()}
    assert registered == set(ASKED)
    assert {cell.name for cells in CELLS.values() for cell in cells} - {""} == registered
    assert {f"{int(stem[:2])}" for stem in NOTEBOOKS} == {name[:-1] for name in registered}


@pytest.mark.parametrize("name", ASKED)
def test_a_notebook_asks_what_is_judged(name):
    text = " ".join(" ".join(cell.source.split()) for cell in NOTEBOOKS[ASKED[name]].cells if cell.cell_type == "markdown")
    assert f"**{name}.** {course.find_exercise(name).question}" in text


def test_an_open_exercise_shows_its_question(capsys):
    assert not course.check("1a")
    assert capsys.readouterr().out == f"1a: still open. {course.find_exercise('1a').question}\n"


@pytest.mark.parametrize(("name", "words"), [("1z", "lesson 1 has 1a"), ("99a", "the nearest"), ("", "the nearest"), (None, "nearest")])
def test_a_name_without_exercise_is_an_error_with_the_nearest(name, words):
    with pytest.raises(judging.NoExercise, match=words):
        course.check(name, 1)


def test_names_are_read_as_students_write_them():
    assert course.find_exercise(" 01A ") is course.find_exercise("1a")


def test_a_name_is_registered_once():
    course.find_exercise("1a")
    with pytest.raises(ValueError, match="registered twice"):
        judging.exercise("1a", question="Again?", takes=answers.number)


def test_a_missing_solver_is_said_with_its_remedy(monkeypatch, capsys):
    course.ready()
    assert capsys.readouterr().out.startswith("Ready; solvers found: ")
    found = [info for info in course.everything() if "sos1" not in info.takes]
    absent = [info for info in course.everything() if info.name == "scip"]
    monkeypatch.setattr(course, "everything", lambda: [*found, *(type(info)(info.name, info.takes, add=info.add) for info in absent)])
    course.ready()
    said = capsys.readouterr().out
    assert "No solver for sos1 problems" in said and "python -m pip install pyscipopt" in said and "Ready" not in said


def _variable():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=2.0)
    return m.x


@pytest.mark.parametrize("answer", [2, 2.0, np.float64(2), np.array([2]), _variable()])
def test_a_number_comes_in_many_forms(answer):
    assert answers.number(answer) == 2.0


@pytest.mark.parametrize(
    ("take", "answer", "words"),
    [
        (answers.number, "2", "without quotes"),
        (answers.number, True, "not True"),
        (answers.number, [2, 3], "not a list"),
        (answers.number, None, "forget to return"),
        (answers.number, math.inf, "finite"),
        (answers.several(2), [1], "has 1"),
        (answers.several(2), {"x": 1, "y": 2}, "not a dict"),
        (answers.named("x", "y"), {"x": 1}, "lacks y"),
        (answers.named("x"), {"x": 1, "z": 2}, "has z"),
        (answers.named("x"), 3, "not an int"),
        (answers.one_of("left", "right"), "lft", 'Did you mean "left"'),
        (answers.one_of("left", "right"), 1, "A text is asked for"),
        (answers.truth, 1, "True or False"),
        (answers.point, 3, "A point is asked for"),
        (answers.point, {"x": "3"}, "without quotes"),
        (answers.model, pyo.AbstractModel(), "no data yet"),
        (answers.model, _variable, "call it"),
        (answers.function, 3, "without brackets"),
        (answers.function(lambda x: 1 / x), 0.0, "fails at (0): ZeroDivisionError"),
    ],
)
def test_what_is_asked_for_is_said(take, answer, words):
    with pytest.raises(judging.Wrong) as wrong:
        take(answer)
    assert words in str(wrong.value)


def test_kinds_take_what_they_say():
    assert answers.several(2)((1, 2)).tolist() == [1, 2]
    assert answers.named("x")({"x": 1}) == {"x": 1.0}
    assert answers.one_of("left", "right")(" LEFT") == "left"
    assert answers.truth(np.True_) is True
    assert answers.function(lambda x: x + 1)(1) == 2
    m = _variable().model()
    assert answers.point(m) == {"x": 2.0} and answers.model(m) is m
    m.x.set_value(None)
    with pytest.raises(judging.Wrong, match="has no value"):
        answers.point(m)


def test_lines_are_those_of_the_model_and_no_more():
    shown = course.lines("khe_2025", "call", "consumer.within_call")
    source = (papers.find_paper("khe_2025").room / "model.py").read_text(encoding="utf-8")
    assert all(line.strip() in source for line in shown.splitlines())
    assert shown.startswith("model.call = pyo.Var(") and shown.endswith("return follower.shift <= model.call[i]")
    assert shown._repr_markdown_() == f"```python\n{shown}\n```"
    assert "follower.share = pyo.Var(" in course.lines("khe_2025/share_of_call", "consumer.share")


@pytest.mark.parametrize(("name", "words"), [("calls", "did you mean 'call'"), ("consumer.shif", "did you mean 'shift'"), ("call.x", "no 'x'")])
def test_lines_of_an_unknown_component_are_refused(name, words):
    with pytest.raises(errors.ModelError, match=words):
        course.lines("khe_2025", name)
