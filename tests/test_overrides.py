"""Values beside the file: how they are written, what they replace, what is wrong with them."""

from __future__ import annotations

from fractions import Fraction
from math import inf, isnan, nan

import numpy as np
import pyomo.environ as pyo
import pytest
from tariff_case import TEXT, changed, model, problems, written

from bilevel_dr.errors import DataError
from bilevel_dr.loading import load
from bilevel_dr.overrides import parse_override


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("target=900", ("target", None, 900)),
        (" target = 9.5 ", ("target", None, 9.5)),
        ("baseline[3]=90", ("baseline", 3, 90)),
        ("baseline [ 3 ] = 1e-3", ("baseline", 3, 0.001)),
        ("wind[a,1]=-3", ("wind", ("a", 1), -3)),
        ("wind[two words, 1.5]=3", ("wind", ("two words", 1.5), 3)),
        ("wind[\"a, b\",'1']=3", ("wind", ("a, b", "1"), 3)),
        ("alpha[3]=inf", ("alpha", 3, inf)),
        ("alpha[3]=-Infinity", ("alpha", 3, -inf)),
        ("kind=x=y", ("kind", None, "x=y")),
        ("kind='900'", ("kind", None, "900")),
        ("kind=1D3", ("kind", None, "1D3")),
        ("kind=True", ("kind", None, True)),
    ],
)
def test_an_override_is_written_as_pyomo_prints_it(text, expected):
    found = parse_override(text)
    assert found == expected and type(found[2]) is type(expected[2])


def test_nan_is_read_to_be_refused_later():
    assert isnan(parse_override("target=nan")[2])


@pytest.mark.parametrize("text", ["", "target", "target=", "=3", "3=4", "a b=3", "a[3=4", "a]3[=4", "a[1]b=3"])
def test_what_sets_nothing_is_an_error_with_an_example(text):
    with pytest.raises(DataError, match=r"sets nothing: write name=value, like target=900 or baseline\[3\]=90$"):
        parse_override(text)


@pytest.mark.parametrize("text", ["a[]=3", "a[1,]=3", "a[,1]=3", "a['x]=3", "a[1 'x']=3"])
def test_what_is_no_index_is_told(text):
    with pytest.raises(DataError, match=r"is no index; write \[3\] or \[a,1\]$"):
        parse_override(text)


def overridden(tmp_path, **overrides):
    return load(model, written(tmp_path, TEXT), overrides)


def test_an_override_replaces_one_value(tmp_path):
    instance = load(model, written(tmp_path, TEXT), {"target": 900, "baseline": {3: 95}, "wind[1,2]": -1, "kind": "x"})
    assert (instance.target.value, instance.kind.value) == (900, "x")
    assert dict(instance.baseline.items()) == {1: 90, 2: 80, 3: 95}
    assert instance.wind[1, 2] == -1 and instance.wind[1, 1] == 5


def test_a_set_may_be_overridden(tmp_path):
    assert list(overridden(tmp_path, HOURS=range(1, 4)).HOURS) == [1, 2, 3]
    assert list(overridden(tmp_path, HOURS=np.array([2, 1])).HOURS) == [2, 1]
    assert list(overridden(tmp_path, LINES=[(1, 2), [2, 3], (3, 1)]).LINES) == [(1, 2), (2, 3), (3, 1)]
    assert list(overridden(tmp_path, NEIGHBOURS={1: [2, 3]}).NEIGHBOURS[1]) == [2, 3]


def test_numbers_of_numpy_are_numbers(tmp_path):
    instance = overridden(tmp_path, target=np.float64(900), baseline={np.int64(3): np.float32(95)})
    assert instance.target.value == 900 and dict(instance.baseline.items()) == {1: 90, 2: 80, 3: 95}


def test_infinity_may_be_given_where_the_domain_names_it(tmp_path):
    assert dict(overridden(tmp_path, alpha={1: inf, 2: "inf"}).alpha.items()) == {1: inf, 2: inf, 3: 1}


def test_a_lone_value_stands_at_every_index_where_the_model_has_a_default(tmp_path):
    assert dict(overridden(tmp_path, alpha="inf").alpha.items()) == {1: inf, 2: inf, 3: inf}
    for_each, for_all = (written(tmp_path, TEXT + f"param alpha := {given};", f"{given[0]}.dat") for given in ("2 5", "inf"))
    assert dict(load(model, for_each, {"alpha": 4}).alpha.items()) == {1: 4, 2: 4, 3: 4}  # whatever the file says
    assert dict(load(model, for_all).alpha.items()) == {1: inf, 2: inf, 3: inf}
    assert dict(load(model, for_all, {"alpha": {2: 3}}).alpha.items()) == {1: inf, 2: 3, 3: inf}
    assert problems(tmp_path, TEXT + "param alpha := -1;")[0][:2] == (len(TEXT.splitlines()) + 1, "alpha default")


def test_a_lone_value_of_a_built_model_stands_at_every_index():
    built = pyo.ConcreteModel()
    built.rate = pyo.Param([1, 2], within=pyo.Reals, default=0, mutable=True)
    changed = load(built, overrides={"rate": 5})
    assert [pyo.value(changed.rate[i]) for i in (1, 2)] == [5, 5] and pyo.value(built.rate[1]) == 0


@pytest.mark.parametrize(("given", "reason"), [(-1, "not in"), (nan, "NaN is no number"), ("much", "text where a number")])
def test_a_wrong_lone_value_is_named(tmp_path, given, reason):
    with pytest.raises(DataError, match=reason) as caught:
        overridden(tmp_path, alpha=given)
    assert caught.value.parameter.startswith("alpha")


def test_an_override_heals_a_wrong_value(tmp_path):
    path = written(tmp_path, changed("target := 800", "target := x"))
    assert load(model, path, {"target": 3}).target.value == 3


def test_the_callers_dictionary_is_left_alone(tmp_path):
    given = {"alpha": {1: "inf"}, "HOURS": [1, 2, 3]}
    load(model, written(tmp_path, TEXT), given)
    assert given == {"alpha": {1: "inf"}, "HOURS": [1, 2, 3]}


@pytest.mark.parametrize(
    ("overrides", "parameter", "message"),
    [
        ({"targt": 1}, "targt", "the model has no param named 'targt'; the nearest name is target"),
        ({"call": 1}, "call", "call is a Var, which takes no data"),
        ({"a b": 1}, "a b", "'a b' names nothing: write a name like target or baseline[3]"),
        ({"baseline[]": 1}, "baseline", "'baseline[]': [] is no index; write [3] or [a,1]"),
        ({"baseline": {33: 1}}, "baseline[33]", "baseline[33]: index 33 is not in CONSUMERS; the nearest is 3"),
        ({"baseline[33]": 1}, "baseline[33]", "baseline[33]: index 33 is not in CONSUMERS; the nearest is 3"),
        ({"baseline": {"3": 1}}, "baseline[3]", "baseline[3]: index '3' is not in CONSUMERS; the nearest is 3"),
        (
            {"wind": {1: 1}},
            "wind[1]",
            "wind[1]: index 1 is not in CONSUMERS*HOURS; it holds (1,1), (1,2), (2,1), (2,2), (3,1) and 1 more",
        ),
        ({"target": {1: 9}}, "target[1]", "target[1]: it has no index"),
        ({"baseline": 9}, "baseline", "baseline has an index: give {index: value}, like {'baseline': {3: 9}}"),
        ({"baseline[3]": {3: 9}}, "baseline[3]", "baseline[3] has its index: give one value, not {3: 9}"),
        ({"baseline[3]": 9, "baseline": {3: 8}}, "baseline[3]", "baseline[3] is given twice"),
        ({"target": -1}, "target", "target = -1: not in NonNegativeReals"),
        ({"target": nan}, "target", "target = nan: NaN is no number: give a value"),
        ({"baseline": {3: nan}}, "baseline[3]", "baseline[3] = nan: NaN is no number: give a value"),
        ({"target": "much"}, "target", "target = much: text where a number of NonNegativeReals belongs"),
        ({"target": "1D3"}, "target", "target = 1D3: a Fortran exponent: write 1e3"),
        (
            {"target": inf},
            "target",
            "target = inf: infinity is not in NonNegativeReals; a model allows it by "
            "within=NonNegativeReals | {float('inf')}",
        ),
        ({"slack_bus": inf}, "slack_bus", "slack_bus = inf: not in CONSUMERS; it holds 1, 2, 3"),
        ({"target": None}, "target", "target: a value is a number or a text, not None"),
        ({"target": [1]}, "target", "target: a value is a number or a text, not (1,)"),
        ({"target": Fraction(1, 2)}, "target", "target: a value is a number or a text, not Fraction(1, 2)"),
        ({"HOURS": 3}, "HOURS", "HOURS is a set: give a list of its members, each once"),
        ({"HOURS": "12"}, "HOURS", "HOURS is a set: give a list of its members, each once"),
        ({"HOURS": [1, 2, 1]}, "HOURS", "HOURS is a set: give a list of its members, each once"),
        ({"HOURS": [{}]}, "HOURS", "HOURS is a set: give a list of its members, each once"),
        (
            {"LINES": [(1, 2), (2, 3), (1, 4)]},
            "LINES",
            "LINES member (1, 4): not in CONSUMERS*CONSUMERS; the nearest is (1,3)",
        ),
        (
            {"off_peak": 6},
            "off_peak",
            "'off peak is cheaper than on peak' does not hold: off_peak = 6, on_peak = 5.8",
        ),
        (
            {"on_peak": 2},
            "on_peak",
            "'off peak is cheaper than on peak' does not hold: off_peak = 2.6, on_peak = 2",
        ),
        ({"weight": 13}, "weight", "weight: the model's own rule for its values refuses this one"),
    ],
)
def test_a_wrong_override_is_one_error_without_a_file(tmp_path, overrides, parameter, message):
    assert problems(tmp_path, TEXT, overrides) == [(None, parameter, f"override {message}")]


def test_a_smaller_set_leaves_the_files_values_without_an_index(tmp_path):
    assert [(line, parameter) for line, parameter, _ in problems(tmp_path, TEXT, {"CONSUMERS": [1, 2]})] == [
        (9, "baseline[3]"),
        (11, "LINES"),
    ]


def test_the_files_problems_come_before_those_of_overrides(tmp_path):
    found = problems(tmp_path, changed("80 0.2", "-80 0.2"), {"target": -1})
    assert [parameter for _, parameter, _ in found] == ["baseline[2]", "target"]
