"""The way through a .nl file: what goes in comes out again, whatever the model looks like, and nothing is left behind."""

from __future__ import annotations

import glob
import os
import tempfile

import numpy as np
import pyomo.environ as pyo
import pytest
from builders import snapshot

import bilevel_dr.solvers.nl as nl
from bilevel_dr import ModelError, SolverFailed
from bilevel_dr.solvers.nl import Nlp, solve_scip

SOLVERS = ["ipopt", "uno"]


def loaded(outcome):
    assert outcome.status == "optimal", outcome.message
    outcome.load()
    return outcome


def model(fill):
    m = pyo.ConcreteModel("m")
    m.x = pyo.Var(bounds=(-10, 10), initialize=0.5)
    m.y = pyo.Var(bounds=(-10, 10), initialize=0.5)
    fill(m)
    return m


# name → (what is added to x, y in [−10, 10]; the optimum x, y and value)
MODELS = {
    "minimise": (lambda m: setattr(m, "goal", pyo.Objective(expr=(m.x - 3) ** 2 + (m.y + 2) ** 2 + 7)), (3, -2, 7)),
    "maximise": (lambda m: setattr(m, "goal", pyo.Objective(expr=4 * m.x - m.x**2 - m.y**2 + 1, sense=pyo.maximize)), (2, 0, 5)),
    "maximise a linear one": (
        lambda m: (setattr(m, "goal", pyo.Objective(expr=m.x + 2 * m.y, sense=pyo.maximize)), setattr(m, "r", pyo.Constraint(expr=m.x + m.y <= 4))),
        (-6, 10, 14),
    ),
    "range, lower side": (
        lambda m: (setattr(m, "goal", pyo.Objective(expr=m.x**2 + (m.y - 1) ** 2)), setattr(m, "r", pyo.Constraint(expr=(3, m.x + m.y, 5)))),
        (1, 2, 2),
    ),
    "range, upper side": (
        lambda m: (setattr(m, "goal", pyo.Objective(expr=(m.x - 5) ** 2 + (m.y - 5) ** 2)), setattr(m, "r", pyo.Constraint(expr=(3, m.x + m.y, 4)))),
        (2, 2, 18),
    ),
    "equality": (
        lambda m: (setattr(m, "goal", pyo.Objective(expr=m.x**2 + m.y**2)), setattr(m, "r", pyo.Constraint(expr=m.x + 1 == 5 - m.y))),
        (2, 2, 8),
    ),
    "nonlinear row": (
        lambda m: (setattr(m, "goal", pyo.Objective(expr=m.x + m.y)), setattr(m, "r", pyo.Constraint(expr=m.x**2 + m.y**2 <= 2))),
        (-1, -1, -2),
    ),
    "fixed variable": (lambda m: (m.y.fix(1.5), setattr(m, "goal", pyo.Objective(expr=(m.x - m.y) ** 2 + m.y))), (1.5, 1.5, 1.5)),
    "constants and Params": (
        lambda m: (setattr(m, "p", pyo.Param(initialize=2, mutable=True)), setattr(m, "goal", pyo.Objective(expr=m.p * m.x**2 + (m.y - m.p) ** 2 - 3 * m.p))),
        (0, 2, -6),
    ),
    "a named expression": (
        lambda m: (setattr(m, "e", pyo.Expression(expr=m.x - 1)), setattr(m, "goal", pyo.Objective(expr=m.e**2 + (m.e + m.y) ** 2))),
        (1, 0, 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("solver", [*SOLVERS, "scip"])
def test_models(name, solver):
    fill, (x, y, value) = MODELS[name]
    m = model(fill)
    outcome = loaded(solve_scip(m, gap=1e-9) if solver == "scip" else Nlp(m, solver=solver).solve())
    found = (m.x.value, m.y.value, pyo.value(m.goal))
    assert found == pytest.approx((x, y, value), abs=2e-3 if solver == "scip" else 1e-5)
    if solver == "scip":
        assert outcome.bound == pytest.approx(value, abs=1e-4)


def test_multipliers_have_the_sign_of_the_lagrangian():
    """Stationarity of f + Σ λ g over rows and bounds, which is what starting points of KKT systems need."""
    m = model(lambda m: None)
    m.goal = pyo.Objective(expr=(m.x - 3) ** 2 + (m.y + 4) ** 2)
    m.upper = pyo.Constraint(expr=m.x <= 1)
    m.y.setlb(-2)
    outcome = loaded(Nlp(m).solve())
    assert outcome.row_multipliers[id(m.upper)] == pytest.approx(4, abs=1e-6)
    assert outcome.bound_multipliers[id(m.y)] == pytest.approx(-4, abs=1e-6)
    m.upper.set_value(-m.x >= -1)
    assert loaded(Nlp(m).solve()).row_multipliers[id(m.upper)] == pytest.approx(-4, abs=1e-6)


@pytest.mark.parametrize("solver", ["ipopt", "scip"])
def test_without_objective_a_feasible_point_is_enough(solver):
    m = model(lambda m: setattr(m, "r", pyo.Constraint(expr=m.x + m.y == 7)))
    loaded(solve_scip(m) if solver == "scip" else Nlp(m).solve())
    assert m.x.value + m.y.value == pytest.approx(7, abs=1e-6)


def test_variables_that_appear_nowhere_are_left_alone():
    m = model(lambda m: setattr(m, "goal", pyo.Objective(expr=(m.x - 3) ** 2)))
    m.unset = pyo.Var()
    for outcome in (Nlp(m).solve(), solve_scip(m)):
        loaded(outcome)
        assert m.unset.value is None and m.y.value == 0.5 and m.x.value == pytest.approx(3, abs=1e-3)


@pytest.mark.parametrize("solver", ["ipopt", "scip"])
def test_nothing_to_decide(solver):
    m = model(lambda m: setattr(m, "goal", pyo.Objective(expr=m.x + m.y, sense=pyo.maximize)))
    m.x.fix(1)
    m.y.fix(2)
    assert (solve_scip(m) if solver == "scip" else Nlp(m).solve()).status == "optimal"
    m.r = pyo.Constraint(expr=m.x >= 2)
    assert (solve_scip(m) if solver == "scip" else Nlp(m).solve()).status == "infeasible"


@pytest.mark.parametrize("solver", ["ipopt", "scip"])
def test_a_fixed_row_that_does_not_hold_is_infeasible(solver):
    m = model(lambda m: setattr(m, "goal", pyo.Objective(expr=m.y**2 + m.x)))
    m.x.fix(11)  # outside its bounds
    assert (solve_scip(m) if solver == "scip" else Nlp(m).solve()).status == "infeasible"
    m.x.fix(1)
    m.r = pyo.Constraint(expr=m.x >= 2)
    assert (solve_scip(m) if solver == "scip" else Nlp(m).solve()).status == "infeasible"


@pytest.mark.parametrize("solver", ["ipopt", "scip"])
def test_infeasible(solver):
    m = model(lambda m: setattr(m, "goal", pyo.Objective(expr=m.x**2 + m.y)))
    m.r = pyo.Constraint(expr=m.x + m.y >= 30)
    outcome = solve_scip(m) if solver == "scip" else Nlp(m).solve()
    assert outcome.status == "infeasible" and outcome.bound is None


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
@pytest.mark.parametrize("solver", ["ipopt", "scip"])
def test_unbounded(solver, sense):
    m = model(lambda m: None)
    m.z = pyo.Var(initialize=1.0)
    m.goal = pyo.Objective(expr=m.z + m.x, sense=sense)
    m.r = pyo.Constraint(expr=m.z + m.y <= 10) if sense == pyo.minimize else pyo.Constraint(expr=m.z + m.y >= -10)
    outcome = solve_scip(m) if solver == "scip" else Nlp(m).solve()
    assert outcome.status == "unbounded" and outcome.bound is None


def test_scip_tells_infeasible_from_unbounded():
    m = model(lambda m: None)
    m.z = pyo.Var()
    m.w = pyo.Var(domain=pyo.Integers)
    m.goal = pyo.Objective(expr=m.z)
    m.r = pyo.Constraint(expr=(1, 3 * m.w, 2))
    assert solve_scip(m).status == "infeasible"


def test_scip_takes_integers_binaries_and_sets():
    m = model(lambda m: None)
    m.n = pyo.Var(domain=pyo.Integers, bounds=(-5, 5))
    m.b = pyo.Var((1, 2), domain=pyo.Binary)
    m.set = pyo.SOSConstraint(rule=lambda m: [m.x, m.y], sos=1)
    m.goal = pyo.Objective(expr=(m.n - 1.7) ** 2 + (m.x - 2) ** 2 + (m.y - 1) ** 2 + m.b[1] - m.b[2])
    outcome = loaded(solve_scip(m, gap=1e-9))
    assert [m.n.value, m.b[1].value, m.b[2].value] == pytest.approx([2, 0, 1])
    assert (m.x.value, m.y.value) == pytest.approx((2, 0), abs=1e-3)
    assert outcome.bound == pytest.approx(0.09, abs=1e-4)


def test_scip_keeps_sets_of_two_neighbours():
    m = pyo.ConcreteModel()
    m.v = pyo.Var((1, 2, 3), bounds=(0, 1))
    m.set = pyo.SOSConstraint(var=m.v, sos=2)
    m.goal = pyo.Objective(expr=3 * m.v[1] + m.v[2] + 3.5 * m.v[3], sense=pyo.maximize)
    loaded(solve_scip(m))
    assert pyo.value(m.goal) == pytest.approx(4.5)


def test_scip_starts_from_a_point_and_stops_at_its_limit():
    m = model(lambda m: setattr(m, "goal", pyo.Objective(expr=(m.x * m.y - 3) ** 2 + m.x)))
    loaded(solve_scip(m, keep=pyo.ComponentMap([(m.x, -1.0), (m.y, -3.0)])))
    outcome = solve_scip(m, time_limit=0.0)
    assert outcome.status == "limit"


@pytest.mark.parametrize("solver", SOLVERS)
def test_solved_again_equals_built_again(solver):
    """Other bounds, other fixed values and other starts on one build against a fresh build of the changed model."""

    def build(lower, price):
        m = model(lambda m: None)
        m.price = pyo.Var(initialize=price)
        m.price.fix()
        m.x.setlb(lower)
        m.goal = pyo.Objective(expr=(m.x - 1) ** 2 + (m.y - m.x) ** 2 + m.price * m.y)
        m.r = pyo.Constraint(expr=m.x + m.y >= 1)
        return m

    m = build(-10, 1.0)
    kept = Nlp(m, [m.price], solver=solver)
    assert m.price.fixed
    for lower, price in [(-10, 1.0), (3, 1.0), (3, -2.0), (-10, 5.0), (-10, 1.0)]:
        bounds = kept.lower.copy()
        bounds[kept.column[id(m.x)]] = lower
        again = kept.solve(fixed=pyo.ComponentMap([(m.price, price)]), lower=bounds)
        other = build(lower, price)
        fresh = Nlp(other, [other.price], solver=solver).solve()
        names = [v.name for v in again.variables]
        assert names == [v.name for v in fresh.variables]
        assert again.values == pytest.approx(fresh.values, abs=1e-5) and again.values[names.index("price")] == pytest.approx(price)


def test_start_is_pushed_into_the_bounds():
    m = model(lambda m: setattr(m, "z", pyo.Var(bounds=(2, None))))
    m.goal = pyo.Objective(expr=m.x**2 + m.y**2 + m.z**2)
    m.x.set_value(50, skip_validation=True)
    built = Nlp(m)
    start = dict(zip((v.name for v in built.variables), built.start(), strict=True))
    assert start == {"x": 10.0, "y": 0.5, "z": 2.0}


def test_sets_are_left_out_of_a_smooth_model_and_stay_active():
    m = model(lambda m: setattr(m, "goal", pyo.Objective(expr=(m.x - 1) ** 2 + (m.y - 1) ** 2)))
    m.set = pyo.SOSConstraint(rule=lambda m: [m.x, m.y], sos=1)
    loaded(Nlp(m).solve())
    assert m.set.active and m.x.value == pytest.approx(1) == m.y.value


@pytest.mark.parametrize("where", ["objective", "row"])
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused_loudly(where, number):
    m = model(lambda m: setattr(m, "goal", pyo.Objective(expr=m.x)))
    m.p = pyo.Param(initialize=number, mutable=True, within=pyo.Any)
    m.goal.set_value(m.p * m.x) if where == "objective" else m.add_component("r", pyo.Constraint(expr=m.p * m.x <= 1))
    for attempt in (Nlp, solve_scip):
        with pytest.raises((ModelError, SolverFailed)):
            outcome = attempt(m)
            assert outcome.status not in ("optimal", "feasible")


def test_two_objectives_are_refused():
    m = model(lambda m: (setattr(m, "one", pyo.Objective(expr=m.x)), setattr(m, "two", pyo.Objective(expr=m.y))))
    with pytest.raises(ModelError, match="objective"):
        Nlp(m)
    with pytest.raises(ModelError, match="objective"):
        solve_scip(m)


def test_the_model_is_as_it_was():
    m = model(MODELS["nonlinear row"][0])
    m.k = pyo.Var(initialize=2)
    m.k.fix()
    before = snapshot(m)
    Nlp(m, [m.k]).solve()
    solve_scip(m)
    assert snapshot(m) == before


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_no_file_is_left_behind(folder, monkeypatch):
    m = model(MODELS["nonlinear row"][0])
    before = sorted(glob.glob("*"))
    Nlp(m).solve()
    solve_scip(m)
    m.bad = pyo.Constraint(expr=m.x * float("nan") <= 1)
    for attempt in (Nlp, solve_scip):
        with pytest.raises(ModelError):
            attempt(m)
    monkeypatch.setattr(nl, "write", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
    for attempt in (Nlp, solve_scip):
        with pytest.raises(KeyboardInterrupt):
            attempt(m)
    assert os.listdir(folder) == [] and sorted(glob.glob("*")) == before


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_point_where_functions_have_no_value_is_no_answer(solver):
    m = model(lambda m: setattr(m, "goal", pyo.Objective(expr=pyo.log(m.x - 20) + m.y**2)))  # x ≤ 10
    outcome = Nlp(m, solver=solver).solve()
    assert outcome.status not in ("optimal", "feasible") or not outcome.has_point


def test_an_unknown_solver_is_named():
    m = model(MODELS["minimise"][0])
    with pytest.raises(SolverFailed, match="nonesuch"):
        Nlp(m, solver="nonesuch").solve()


def test_a_time_limit_is_kept():
    n = 400
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(n), initialize=lambda m, i: (-1) ** i * 1.2)
    m.goal = pyo.Objective(expr=sum(100 * (m.x[i + 1] - m.x[i] ** 2) ** 2 + (1 - m.x[i]) ** 2 for i in range(n - 1)))
    outcome = Nlp(m).solve(time_limit=1e-3)
    assert outcome.status == "limit" and outcome.has_point and np.isfinite(outcome.values).all()
