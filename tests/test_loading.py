"""From a model and its data to an instance: where models come from, and that nothing but our errors comes out."""

from __future__ import annotations

import logging
import re
import sys
from types import ModuleType

import pyomo.environ as pyo
import pytest
import tariff_case
from tariff_case import TEXT, changed, model, written

import bilevel_dr as bdr
from bilevel_dr.errors import DataError, ModelError
from bilevel_dr.loading import check_data, load

MODEL_FILE = """
import pyomo.environ as pyo
model = pyo.AbstractModel("filed")
model.target = pyo.Param(within=pyo.Reals, default=3)
"""


def test_a_case_becomes_an_instance(tmp_path):
    instance = bdr.load(model, written(tmp_path, TEXT))
    assert instance.name == "tariff" and instance.is_constructed() and instance is not model
    assert dict(instance.baseline.items()) == {1: 90, 2: 80, 3: 70}
    assert list(instance.LINES) == [(1, 2), (2, 3)] and len(instance.call) == 3
    assert bdr.check_data(model, written(tmp_path, TEXT)) == []


def test_the_abstract_model_stays_as_it_was(tmp_path):
    path = written(tmp_path, TEXT + "param alpha default 7 := 1 5;")
    assert dict(load(model, path).alpha.items()) == {1: 5, 2: 7, 3: 7}
    assert dict(load(model, written(tmp_path, TEXT)).alpha.items()) == {1: 1, 2: 1, 3: 1}
    assert not model.is_constructed()


def test_data_may_be_left_out_where_all_have_defaults(tmp_path):
    path = written(tmp_path, MODEL_FILE, "filed.py")
    assert load(path).target.value == load(path, []).target.value == 3
    assert load(path, overrides={"target": 4}).target.value == 4


def test_several_files_make_one_case(tmp_path):
    first = written(tmp_path, changed("param target := 800;\n", ""), "first.dat")
    second = written(tmp_path, "param target := 7;", "second.dat")
    assert load(model, [first, str(second)]).target.value == 7
    assert [str(error) for error in check_data(model, [second, first, second])] == [
        f"{second}:1: target is given twice, first on line 1: take one out"
    ]
    assert [error.file for error in check_data(model, [first])] == [str(first)]


# Where a model comes from ---------------------------------------------------------------------------------------------


def test_a_model_may_be_an_object_a_module_or_a_file(tmp_path):
    path = written(tmp_path, MODEL_FILE, "filed.py")
    for source in (model, tariff_case):
        assert load(source, written(tmp_path, TEXT)).target.value == 800
    for source in (path, str(path)):
        assert load(source, written(tmp_path, "param target := 4;")).target.value == 4


def test_a_file_is_run_once_and_again_when_it_is_edited(tmp_path):
    text = MODEL_FILE + "with open(__file__ + '.runs', 'a') as runs:\n    runs.write('x')\n"
    path = written(tmp_path, text, "m.py")
    assert load(path).target.value == load(path).target.value == 3
    assert (tmp_path / "m.py.runs").read_text() == "x"
    written(tmp_path, text.replace("default=3", "default=5"), "m.py")  # of the same size, within the same second
    assert load(path).target.value == 5
    assert (tmp_path / "m.py.runs").read_text() == "xx"


def test_what_a_file_defines_can_be_found_again_by_pickle(tmp_path):
    tariff = "from dataclasses import dataclass\n@dataclass\nclass Tariff:\n    price: 'float' = 1.0\n"
    path = written(tmp_path, tariff + MODEL_FILE, "d.py")
    load(path)
    (name,) = [name for name in sys.modules if name.startswith("bilevel_dr_model_d_")]
    assert sys.modules[name].Tariff.__module__ == name and sys.modules[name].__file__ == str(path.resolve())


def test_the_one_named_model_is_taken_else_the_only_one(tmp_path):
    two = MODEL_FILE + "other = pyo.AbstractModel('other')\n"
    assert load(written(tmp_path, two, "two.py")).name == "filed"
    only = MODEL_FILE.replace("model", "game").replace("pyo.Abstractgame", "pyo.AbstractModel")
    assert load(written(tmp_path, only, "only.py")).name == "filed"
    assert load(written(tmp_path, only + "again = game\n", "only.py")).name == "filed"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "holds no AbstractModel: name the one to load 'model'"),
        (
            "import pyomo.environ as pyo\na, b = pyo.AbstractModel(), pyo.AbstractModel()",
            "holds 2 AbstractModels (a, b): name the one to load 'model'",
        ),
        (
            "import pyomo.environ as pyo\nmodel = pyo.ConcreteModel()",
            "holds no AbstractModel: name the one to load 'model'",
        ),
    ],
)
def test_a_file_without_its_one_model_is_told(tmp_path, text, message):
    path = written(tmp_path, text, "m.py")
    with pytest.raises(ModelError) as raised:
        load(path)
    assert str(raised.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\nx = y", "2: cannot be imported: NameError: name 'y' is not defined"),
        ("x = 1\n\nx = (", "3: cannot be imported: SyntaxError: '(' was never closed"),
        ("import nowhere", "1: cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        ("import sys\nsys.exit('bye')", "2: cannot be imported: SystemExit: bye"),
        ("import pyomo.environ as pyo\nm = pyo.AbstractModel()\nm.x = pyo.Var()\nm.x = 3", "4: cannot be imported: "),
    ],
)
def test_a_file_that_fails_is_told_with_its_line(tmp_path, capfd, text, message):
    path, known = written(tmp_path, text, "m.py"), set(sys.modules)
    with pytest.raises(ModelError, match=re.escape(message)) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}:") and "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")
    assert set(sys.modules) == known


def test_what_is_no_model_is_told(tmp_path):
    written(tmp_path, MODEL_FILE, "filed.py")
    written(tmp_path, MODEL_FILE, "filed.txt")
    for source, message in [
        (3, "give an AbstractModel, a module or the path of a .py file, not int"),
        (pyo.Block(), "give an AbstractModel, a module or the path of a .py file, not ScalarBlock"),
        (ModuleType("hollow"), "hollow: holds no AbstractModel: name the one to load 'model'"),
        (tmp_path, f"{tmp_path}: is a folder: give the .py file in it"),
        (tmp_path / "filed.txt", f"{tmp_path / 'filed.txt'}: is no .py file"),
        (tmp_path / "field.py", f"{tmp_path / 'field.py'}: no such file; the nearest name is filed.py"),
        ("nowhere/x.py", "nowhere/x.py: no such file"),
    ]:
        for function in (load, check_data):
            with pytest.raises(ModelError) as raised:
                function(source)
            assert str(raised.value) == message


def test_a_built_model_is_cloned_and_its_mutable_values_changed():
    built = pyo.ConcreteModel()
    built.target = pyo.Param(initialize=3, mutable=True, within=pyo.NonNegativeReals)
    built.price = pyo.Param([1, 2], initialize=5, mutable=True, within=pyo.Reals)
    built.rate = pyo.Param(initialize=1)
    instance = load(built, overrides={"target": 4, "price[2]": 6})
    assert (instance.target.value, instance.price[2].value, instance.price[1].value) == (4, 6, 5)
    assert (built.target.value, built.price[2].value) == (3, 5)
    for overrides, message in [
        ({"rate": 2}, "override rate: is fixed in a built model: declare it mutable=True, or load the AbstractModel"),
        ({"target": -1}, "override target: not in NonNegativeReals"),
        ({"price": {3: 1}}, "override price[3]: index 3 is not in {1, 2}; it holds 1, 2"),
        ({"pryce": {3: 1}}, "override the model has no param named 'pryce'; the nearest name is price"),
    ]:
        assert [str(error) for error in check_data(built, overrides=overrides)] == [message]
        with pytest.raises(DataError) as raised:
            load(built, overrides=overrides)
        assert str(raised.value) == message
    with pytest.raises(DataError, match="^x.dat: a ConcreteModel holds its data already: load an AbstractModel$"):
        load(built, "x.dat")


# Silence --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old, new", [("80 0.2", "-80 0.2"), ("2.6", "26"), ("(2,3)", "(2,4)"), ("800", ". 800")])
def test_an_error_is_all_that_is_heard(tmp_path, capfd, caplog, old, new):
    with pytest.raises(DataError):
        load(model, written(tmp_path, changed(old, new)))
    assert capfd.readouterr() == ("", "") and not caplog.records


def test_what_pyomo_says_otherwise_is_still_heard(tmp_path, caplog):
    def warn(m):
        logging.getLogger("pyomo.core").warning("mind this")
        logging.getLogger("pyomo.core").error("but not this")

    filters = [len(handler.filters) for handler in logging.getLogger("pyomo").handlers]
    warning = pyo.AbstractModel()
    warning.speaks = pyo.BuildAction(rule=warn)
    load(warning)
    assert [record.message for record in caplog.records] == ["mind this"]
    logging.getLogger("pyomo.core").error("afterwards again")
    assert caplog.records[-1].message == "afterwards again"
    assert [len(handler.filters) for handler in logging.getLogger("pyomo").handlers] == filters


def test_a_broken_file_does_not_spoil_the_next(tmp_path):
    for broken in ("param a := 1 2 (", "set S := '", "param x : y := [1,", "\0"):
        with pytest.raises(DataError):
            load(model, written(tmp_path, broken))
        assert load(model, written(tmp_path, TEXT)).target.value == 800
