"""Discovery: what is found where, in which order, and what is said when it is not."""

from __future__ import annotations

import subprocess
import sys
import types

import numpy as np
import pyomo.environ as pyo
import pytest

import bilevel_dr as bdr
from bilevel_dr import solvers
from bilevel_dr.solvers import gurobi, nl
from bilevel_dr.solvers.executables import ExecutableNlp
from bilevel_dr.solvers.gams import GamsNlp


@pytest.fixture
def places(tmp_path, monkeypatch):
    """PATH and the IDAES folder as two empty folders, and a function that puts a program into one of them."""
    folders = {"PATH": tmp_path / "path", "IDAES": tmp_path / "idaes" / "bin"}
    for folder in folders.values():
        folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(folders["PATH"]))
    monkeypatch.setenv("IDAES_DATA", str(tmp_path / "idaes"))

    def put(where: str, name: str, mode: int = 0o755, text: str = "#!/bin/sh\nexit 1\n") -> str:
        path = folders[where] / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    return put


def test_ipopt_is_looked_for_on_path_then_in_the_idaes_folder_then_in_casadi(places):
    assert solvers.find("ipopt").name == "casadi-ipopt"
    idaes = places("IDAES", "ipopt")
    assert solvers.find("ipopt").where == idaes
    on_path = places("PATH", "ipopt")
    assert solvers.find("ipopt").where == on_path and solvers.find("ipopt").name == "ipopt"


def test_a_path_is_taken_as_it_is(places):
    places("PATH", "ipopt")
    path = places("IDAES", "my_ipopt")
    info = solvers.find(path)
    assert (info.name, info.where, info.takes) == (path, path, {"nlp"})


def test_the_default_idaes_folder_is_in_the_home(places, monkeypatch, tmp_path):
    monkeypatch.delenv("IDAES_DATA")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert solvers.idaes_folder() == str(tmp_path / ".idaes" / "bin")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ipotp", "did you mean 'ipopt'"),
        ("Gurobi", "did you mean 'gurobi'"),
        ("zzz", "known: casadi-ipopt, ipopt, uno,"),
        ("conopt", "on PATH and in"),
        ("pounce", "python -m pip install pounce-solver"),
        ("gams:snopt", "put gams on PATH"),
        ("/no/such/ipopt", "is no file"),
    ],
)
def test_what_is_missing_is_said_with_its_remedy(places, name, said):
    with pytest.raises(bdr.SolverMissing) as error:
        solvers.find(name)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_may_not_be_executed_is_said(places):
    path = places("PATH", "ipopt", mode=0o644)
    with pytest.raises(bdr.SolverMissing, match="is not executable; chmod"):
        solvers.find(path)


def test_a_module_that_is_not_installed_is_missing(monkeypatch):
    monkeypatch.setattr(solvers.importlib.util, "find_spec", lambda module: None)
    with pytest.raises(bdr.SolverMissing, match="Python module pyscipopt .* python -m pip install pyscipopt"):
        solvers.find("scip")
    with pytest.raises(bdr.SolverMissing, match="nor is casadi installed"):
        solvers.find("ipopt")
    assert not [info.name for info in solvers.installed() if info.in_process]


def test_a_solver_that_does_not_take_the_class_is_refused_with_those_that_do():
    with pytest.raises(bdr.ModelError, match="casadi-ipopt does not take sos1 .* those that do: scip"):
        solvers.find("casadi-ipopt", "sos1")
    assert solvers.find("scip", "sos1").in_process


def test_every_class_that_is_named_is_explained_and_taken_by_an_installed_solver():
    assert set().union(*(info.takes for info in solvers.everything())) == set(solvers.CLASSES)
    assert set().union(*(info.takes for info in solvers.installed())) == set(solvers.CLASSES)


def test_the_same_solver_gives_the_same_backend(places):
    assert solvers.backend("uno") is solvers.backend("uno")
    first = places("PATH", "ipopt")
    build = solvers.backend("ipopt")
    assert build is solvers.backend("ipopt") and build is not solvers.backend("casadi-ipopt")
    assert isinstance(build(tiny_model()), ExecutableNlp) and build(tiny_model()).executable == first


def test_looking_imports_and_runs_nothing(tmp_path):
    code = (
        "import sys; from bilevel_dr import solvers; solvers.everything(); "
        "print([m for m in ('pyomo', 'numpy', 'casadi', 'highspy', 'pyscipopt') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


# Back ends that are not default ---------------------------------------------------------------------------------------


def tiny_model(sense=pyo.minimize):
    """Two squares under one row: optimum at x = 1, y = 2, and an SOS1 set beside them."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 5), initialize=0.5)
    model.y = pyo.Var(bounds=(0, 5), domain=pyo.Integers)
    cost = (model.x - 2) ** 2 + (model.y - 3) ** 2 + 1
    model.cost = pyo.Objective(expr=cost if sense == pyo.minimize else -cost, sense=sense)
    model.row = pyo.Constraint(expr=model.x + model.y <= 3)
    return model


def test_uno_solves_as_ipopt_does():
    model = tiny_model()
    one, other = solvers.backend("casadi-ipopt")(model).solve(), solvers.backend("uno")(model).solve()
    np.testing.assert_allclose(one.values, [1, 2], atol=1e-6)
    np.testing.assert_allclose(other.values, one.values, atol=1e-6)


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_cyipopt_agrees_with_casadis_ipopt_in_point_and_multipliers(sense):
    pytest.importorskip("cyipopt", reason="cyipopt, an optional solver, is not installed")
    model = tiny_model(sense)
    model.curve = pyo.Constraint(expr=model.x * model.y <= 1)
    fixed = pyo.ComponentMap([(model.y, 1.5)])
    one, other = (solvers.backend(name)(model).solve(fixed=fixed) for name in ("casadi-ipopt", "cyipopt"))
    assert one.status == other.status == "optimal"
    np.testing.assert_allclose(other.values, one.values, atol=1e-7)
    assert other.row_multipliers == pytest.approx(one.row_multipliers, abs=1e-6)
    assert other.bound_multipliers == pytest.approx(one.bound_multipliers, abs=1e-6)


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_gurobi_agrees_with_scip(sense):
    pytest.importorskip("gurobipy", reason="gurobipy, an optional solver, is not installed")
    model = tiny_model(sense)
    model.u = pyo.Var()
    model.pair = pyo.SOSConstraint([1], rule=lambda model, _: ([model.x, model.y], [1, 2]), sos=1)
    one, other = gurobi.solve_gurobi(model), nl.solve_scip(model)
    assert one.status == other.status == "optimal" and one.bound == pytest.approx(other.bound, abs=1e-4)
    values = {v.name: value for v, value in zip(one.variables, one.values, strict=True)}
    assert values == pytest.approx({"x": 0, "y": 3}, abs=1e-6)
    model.never = pyo.Constraint(expr=model.x + model.y >= 11)
    assert gurobi.solve_gurobi(model).status == "infeasible"


def test_gurobi_tells_unbounded_from_infeasible():
    pytest.importorskip("gurobipy", reason="gurobipy, an optional solver, is not installed")
    model = pyo.ConcreteModel()
    model.x = pyo.Var()
    model.cost = pyo.Objective(expr=model.x)
    model.row = pyo.Constraint(expr=model.x <= 1)
    assert gurobi.solve_gurobi(model).status == "unbounded"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (10010, "2000 variables and 2000 rows.*solver='scip'"),
        (10009, "solver='scip'"),
        (10001, "gurobi: out of memory$"),
    ],
)
def test_a_licence_that_does_not_do_is_recognised(monkeypatch, number, said):
    """A module plays gurobipy, which is not here by default, and raises what it raises."""

    class GurobiError(Exception):
        errno = number

    def refuse(**_):
        raise GurobiError("Model too large for size-limited license; visit" if number == 10010 else "out of memory")

    monkeypatch.setitem(sys.modules, "gurobipy", types.SimpleNamespace(GurobiError=GurobiError, Env=refuse))
    with pytest.raises(bdr.SolverFailed, match=said):
        gurobi.solve_gurobi(tiny_model())


def test_gurobis_own_licence_takes_nearly_2000_variables():
    pytest.importorskip("gurobipy", reason="gurobipy, an optional solver, is not installed")
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(1990), bounds=(0, 1))
    model.cost = pyo.Objective(expr=sum(model.x.values()))
    assert gurobi.solve_gurobi(model).status == "optimal"


def test_gurobi_refuses_what_it_cannot_be_told():
    pytest.importorskip("gurobipy", reason="gurobipy, an optional solver, is not installed")
    model = tiny_model()
    model.curve = pyo.Constraint(expr=pyo.exp(model.x) <= 2)
    with pytest.raises(bdr.ModelError, match="curve.* use solver='scip'"):
        gurobi.solve_gurobi(model)


GAMS = f"""#!{sys.executable}
import re, sys
text = open(sys.argv[1]).read()
assert "option rminlp=snopt;" in text and any(word.startswith("resLim=") for word in sys.argv)
values = dict(re.findall(r"^(\\w+)\\.lo = .*; (?:\\w+)\\.up = .*; (?:\\w+)\\.l = (.*);$", text, re.M))
assert text.index("x1.lo = ") < text.index("SOLVE GAMS_MODEL")
if HOW == "licence":
    sys.exit("*** no licence for SNOPT")
number = (lambda v: "UNDF") if HOW == "undefined" else str
levels = "".join(f"{{s}} {{number(v)}} 0.0\\n" for s, v in values.items())
open("results.dat", "w").write("SYMBOL : LEVEL : MARGINAL\\n" + levels)
if HOW != "cut":
    open("resultsstat.dat", "w").write(f"SYMBOL : VALUE\\nMODELSTAT {{HOW}}\\nSOLVESTAT 1.0\\n")
"""


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("2.0", "optimal"),
        ("5.0", "infeasible"),
        ("13.0", "failed"),
        ("'licence'", "failed"),
        ("'undefined'", "failed"),
        ("'cut'", "failed"),
    ],
)
def test_gams_is_given_bounds_and_start_and_its_answer_is_read(places, mode, status):
    """A script plays GAMS: it answers with the starting levels it finds before the SOLVE statement."""
    path = places("PATH", "gams", text=GAMS.replace("HOW", mode))
    assert solvers.find("gams:snopt", "nlp").where == path
    model = tiny_model()
    outcome = solvers.backend("gams:snopt")(model).solve(fixed=pyo.ComponentMap([(model.x, 0.25)]), time_limit=20)
    assert outcome.status == status
    if mode in ("2.0", "5.0", "13.0"):
        found = {v.name: value for v, value in zip(outcome.variables, outcome.values, strict=True)}
        assert found == {"x": 0.25, "y": 0.0}
    else:
        assert not outcome.has_point
    if mode == "'licence'":
        assert "no licence for SNOPT" in outcome.message


def test_gams_reads_the_bounds_the_in_process_reader_reads():
    model = tiny_model()
    model.e = pyo.Var(initialize=3.0)
    model.e.fix()
    model.moving = pyo.Constraint(expr=(-1, model.x - model.e, 4))
    inside, outside = nl.Nlp(model, [model.e]), GamsNlp(model, [model.e])
    for name, row in (("", False), ("row_", True)):
        for side in ("lower", "upper"):
            one, other = (
                {
                    c.name: bound
                    for c, bound in zip(nlp.rows if row else nlp.variables, getattr(nlp, name + side), strict=True)
                }
                for nlp in (inside, outside)
            )
            assert one == other
