"""Values changed in the text of a .dat file: those and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bilevel_dr.datafile.case import Names
from bilevel_dr.datafile.checking import names_of
from bilevel_dr.datafile.rewriting import rewritten, spelled
from bilevel_dr.datafile.values import read_case
from bilevel_dr.errors import DataError
from bilevel_dr.loading import load
from bilevel_dr.papers import find_paper, list_papers, resolve_data

NAMES = Names({"a": 1, "b": 1, "d": 2, "t": 0, "w": 1}, {"S": 1, "ARCS": 2}, spread=frozenset("w"))


def doubled(old):
    return None if old is None else 2 * old


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("param t := 8 ; # 8 kWh", "t", "param t := 16 ; # 8 kWh"),
        ("param a := 1 1 2 2 ;", "a", "param a := 1 2 2 4 ;"),
        ("param: S: a b :=\n 1 1 1\n 2 2 .5;", "b", "param: S: a b :=\n 1 1 2\n 2 2 1;"),
        ("param: a b :=\n 1 . 1\n 2 2 .5;", "a", "param: a b :=\n 1 . 1\n 2 4 .5;"),
        ("param d : 1 2 :=\n 1 1 2\n 2 3 4 ;", "d", "param d : 1 2 :=\n 1 2 4\n 2 6 8 ;"),
        ("param d (tr) : 1 2 := 1 1 2 ;", "d", "param d (tr) : 1 2 := 1 2 4 ;"),
        ("param d := [1,*] 1 1 2 2 ;", "d", "param d := [1,*] 1 2 2 4 ;"),
        ("param d default 3 := 1 1 1 ;", "d", "param d default 6 := 1 1 2 ;"),
        ("param w := 3 ;", "w", "param w := 6 ;"),
        ("set S := 1 2; set ARCS := (1,2) (2,1);\nparam t:=1;", "t", "set S := 1 2; set ARCS := (1,2) (2,1);\nparam t:=2;"),
        ("/* param t := 1 ; */ param t := -1e3;", "t", "/* param t := 1 ; */ param t := -2000;"),
        ("param a := 'x y' 1 \"z\" 2;", "a", "param a := 'x y' 2 \"z\" 4;"),
    ],
)
def test_every_layout_keeps_all_but_the_values(text, name, expected):
    assert rewritten(text, NAMES, {name: doubled}) == expected


def test_what_is_not_stated_is_added_or_left():
    text = "param t := 1 ;\n"
    assert rewritten(text, NAMES, {"a": doubled}) == text
    assert rewritten(text, NAMES, {"w": lambda old: 3}) == text + "\nparam w := 3 ;\n"


def test_several_at_once_and_words_for_numbers():
    text = "param a := 1 10 2 20 ; param t := 5 ; param w := inf;"
    changed = rewritten(text, NAMES, {"a": doubled, "t": lambda old: "high", "w": lambda old: 0.1 + 0.2})
    assert changed == "param a := 1 20 2 40 ; param t := high ; param w := 0.3;"


@pytest.mark.parametrize("text", ["param t := 1", "param t := a/b ;", "param t := 'open ;", "rubbish ;"])
def test_a_text_with_mistakes_is_refused(text):
    with pytest.raises(DataError):
        rewritten(text, NAMES, {"t": doubled})


def test_a_value_is_spelled_as_short_as_it_is():
    assert [spelled(value) for value in (1.9000000000000001, 5, float("inf"), "strict", 1e-7)] == ["1.9", "5", "inf", "strict", "1e-07"]


@pytest.mark.parametrize("paper", list(list_papers()))
def test_in_every_case_of_the_papers_a_number_changes_and_no_other_does(paper, tmp_path):
    found = find_paper(paper)
    model, names = found.model(), names_of(found.model())
    path = resolve_data(next(iter(found.cases)), found)
    for name in [knob.name for knob in found.play().knobs(load(model, path)) if not knob.choices]:
        (tmp_path / "case.dat").write_text(
            rewritten(Path(path).read_text(encoding="utf-8"), names, {name: lambda old: 0.999 * old}), encoding="utf-8"
        )
        before, after = (read_case([file], names, model) for file in (path, tmp_path / "case.dat"))
        old, new = before.values.pop(name), after.values.pop(name)
        assert new == {index: pytest.approx(0.999 * value) for index, value in old.items()}
        assert (before.values, before.defaults, after.problems) == (after.values, after.defaults, [])
