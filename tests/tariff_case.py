"""A small abstract model with every kind of data, and a .dat file that fits it: the start of the tests of loading."""

from __future__ import annotations

import pyomo.environ as pyo

from bilevel_dr.loading import check_data, load

model = pyo.AbstractModel("tariff")
model.CONSUMERS = pyo.Set()
model.HOURS = pyo.Set()
model.LINES = pyo.Set(within=model.CONSUMERS * model.CONSUMERS)
model.NEIGHBOURS = pyo.Set(model.CONSUMERS)
model.baseline = pyo.Param(model.CONSUMERS, within=pyo.NonNegativeReals)
model.a = pyo.Param(model.CONSUMERS, within=pyo.PositiveReals)
model.alpha = pyo.Param(model.CONSUMERS, within=pyo.NonNegativeReals | {float("inf")}, default=1)
model.wind = pyo.Param(model.CONSUMERS, model.HOURS, within=pyo.Reals, default=0)
model.impedance = pyo.Param(model.LINES, within=pyo.Reals, default=0)
model.on_peak = pyo.Param(within=pyo.Reals)
model.off_peak = pyo.Param(within=pyo.Reals)
model.target = pyo.Param(within=pyo.NonNegativeReals, mutable=True)
model.weight = pyo.Param(within=pyo.Reals, default=1, validate=lambda m, value: value != 13)
model.slack_bus = pyo.Param(within=model.CONSUMERS, default=1)
model.kind = pyo.Param(within=pyo.Any, default="plain")


@model.BuildCheck()
def off_peak_is_cheaper_than_on_peak(m):
    return m.off_peak <= m.on_peak


@model.BuildCheck(model.CONSUMERS)
def a_is_below_the_baseline(m, i):
    return m.a[i] < m.baseline[i]


model.call = pyo.Var(model.CONSUMERS, within=pyo.NonNegativeReals)


@model.Constraint()
def calls_meet_target(m):
    return sum(m.call[i] for i in m.CONSUMERS) == m.target


TEXT = """# a comment; with a semicolon
param on_peak := 5.8;
param off_peak := 2.6;
param target := 800;
set HOURS := 1 2;
param : CONSUMERS : baseline a :=
1 90 0.1
2 80 0.2
3 70 0.3
;
set LINES := (1,2) (2,3);
param impedance := 1 2 0.5 2 3 0.7;
param wind : 1 2 :=
1 5 6
2 7 8
;
"""


def changed(old, new):
    """The good file with one thing in it replaced."""
    assert TEXT.count(old) == 1, f"{old!r} stands {TEXT.count(old)} times in the file"
    return TEXT.replace(old, new)


def written(folder, text, name="case.dat"):
    """The path of a file with this text, or these bytes."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problems(folder, text, overrides=None, trust_data=False):
    """All problems of a text as ``(line, parameter, message)``, after a check that load raises the first of them."""
    path = written(folder, text)
    found = check_data(model, path, overrides, trust_data)
    raised = None
    try:
        load(model, path, overrides, trust_data)
    except Exception as error:
        raised = error
    assert (type(raised), str(raised)) == ((type(found[0]), str(found[0])) if found else (type(None), "None"))
    assert all("\n" not in str(error) for error in found)
    assert all(error.file in (str(path), None) for error in found)
    return [(error.line, error.parameter, error.message) for error in found]


def content(instance):
    """All data of an instance, 1 apart from 1.0 and "1"."""
    found = {}
    for members in instance.component_objects(pyo.Set):
        found[members.name] = repr([(part.name, list(part)) for part in members.values()])
    for param in instance.component_objects(pyo.Param):
        values = sorted(repr((index, pyo.value(item))) for index, item in param.sparse_items())
        found[param.name] = values, param.default()
    return found
