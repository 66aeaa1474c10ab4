"""Names and labels of data."""

from __future__ import annotations

from bilevel_dr.datafile.case import DEFAULT, CaseData, Names, Place, label


def test_labels_are_the_names_pyomo_prints():
    labels = [label("a"), label("a", 3), label("a", ("x", 1)), label("a", DEFAULT)]
    assert labels == ["a", "a[3]", "a[x,1]", "a default"]


def test_a_name_is_known_near_or_unknown():
    names = Names({"target": 0, "baseline": 1}, {"HOURS": 1}, {"call": "Var"})
    assert names.objection("target", "param") is names.objection("HOURS", "set") is None
    assert names.objection("HOURS", "param") == "HOURS is a set, not a param"
    assert names.objection("target", "set") == "target is a param, not a set"
    assert names.objection("call", "param") == "call is a Var, which takes no data"
    assert names.objection("targte", "param") == "the model has no param named 'targte'; the nearest name is target"
    assert names.objection(3, "param") == "the model has no param named '3'"


def test_the_last_file_is_where_something_would_be_added():
    assert CaseData().file is None
    assert CaseData(files=["a.dat", "b.dat"]).file == "b.dat"


def test_an_override_stands_nowhere():
    assert Place(statement=-1).is_override
    assert not Place("a.dat", 3, 1).is_override
    assert not Place("a.dat").is_override
