"""A Solution is frozen, tells its point as a table, and travels between processes."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pyomo.environ as pyo
import pytest

from bilevel_dr.solution import Certificate, FollowerCheck, Solution, split_index, split_name


def some(**changes):
    check = FollowerCheck(1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    facts = {
        "leader_objective": 2.5, "claim": "global", "certificate": Certificate(True, 0.0, 0.0, 0.0, 0.0, followers={"f": check}),
        "best_bound": 2.5, "termination": "optimal", "reformulation": "sos1", "solver": "scip", "seconds": 0.1,
        "point": {"x": 1.0, "part[a].y[1,2]": 2.0}, "follower_objectives": {"f": 1.0},
    }  # fmt: skip
    return Solution(**{**facts, **changes})


def test_frozen_and_detached_from_what_it_was_made_of():
    point = {"x": 1.0}
    solution = some(point=point)
    point["x"] = 7.0
    assert solution.point["x"] == 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        solution.claim = "local"
    with pytest.raises(TypeError):
        solution.point["x"] = 3.0
    with pytest.raises(TypeError):
        solution.follower_objectives["f"] = 3.0


@pytest.mark.parametrize("wrong", [{"claim": "proved"}, {"termination": "ok"}])
def test_words_outside_the_contract_are_refused(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        some(**wrong)


def test_it_travels():
    solution = some()
    for twin in (pickle.loads(pickle.dumps(solution)), copy.deepcopy(solution), copy.copy(solution)):
        assert twin == solution and twin.certificate.passed and bool(twin.certificate)
    assert dataclasses.replace(solution, claim="none").claim == "none"


def test_values_are_one_row_a_variable():
    table = some().values
    assert list(table.columns) == ["name", "component", "index", "value"]
    assert table.to_dict("records") == [
        {"name": "x", "component": "x", "index": "", "value": 1.0},
        {"name": "part[a].y[1,2]", "component": "part.y", "index": "a,1,2", "value": 2.0},
    ]
    assert some(point={}).values.empty


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("x", ("x", "")),
        ("call[3]", ("call", "3")),
        ("consumer[3].shift[1,2]", ("consumer.shift", "3,1,2")),
        ("a.b.c[x y].d", ("a.b.c.d", "x y")),
        ("v['a]b']", ("v", "'a]b'")),
        ("v['x[1]']", ("v", "'x[1]'")),
        ("b['a.b'].z[1]", ("b.z", "'a.b',1")),
    ],
)
def test_names_are_split_into_component_and_index(name, parts):
    assert split_name(name) == parts


def test_pyomos_own_names_split_back():
    m = pyo.ConcreteModel()
    keys = ["plain", "with space", "a,b", "a]b", "a[b", "x[1]", "it's", 'say "x"', "1", 1]
    m.v = pyo.Var(keys)
    for key in keys:
        component, index = split_name(m.v[key].name)
        assert component == "v" and m.v[key].name == f"v[{index}]"


def test_loading_is_the_only_way_an_instance_changes():
    m = pyo.ConcreteModel(name="plan")
    m.x = pyo.Var(domain=pyo.Binary)
    m.part = pyo.Block(["a"])
    m.part["a"].y = pyo.Var([(1, 2)])
    some().load_into(m)
    assert m.x.value == 1.0 and m.part["a"].y[1, 2].value == 2.0
    with pytest.raises(KeyError, match="plan: no variable 'z'"):
        some(point={"z": 1.0}).load_into(m)


def test_loading_is_all_or_nothing():
    m = pyo.ConcreteModel(name="plan")
    m.x = pyo.Var(initialize=5.0)
    with pytest.raises(KeyError):
        some(point={"x": 1.0, "z": 1.0}).load_into(m)
    assert m.x.value == 5.0


@pytest.mark.parametrize(
    ("text", "index"),
    [("", None), ("3", 3), ("a", "a"), ("a,1.5,-2", ("a", 1.5, -2)), ("'1',1", ("1", 1)), ('"it\'s",\'a,b\'', ("it's", "a,b"))],
)
def test_indices_are_what_the_model_has(text, index):
    assert split_index(text) == index


def test_a_component_is_a_series_by_its_indices():
    m = pyo.ConcreteModel()
    m.v, m.u = pyo.Var(["a,b", "1", 1, 2.5, "it's"]), pyo.Var([("x", 3), ("y", 4)])
    solution = some(point={v.name: float(k) for k, v in enumerate([*m.v.values(), *m.u.values()])} | {"x": 7.0})
    assert solution.series("v").to_dict() == {key: float(k) for k, key in enumerate(m.v)}
    assert solution.series("u").to_dict() == {("x", 3): 5.0, ("y", 4): 6.0}
    assert solution.series("x").to_dict() == {None: 7.0}
    with pytest.raises(KeyError, match="no component 'w' in this point; there are: v, u, x"):
        solution.series("w")
