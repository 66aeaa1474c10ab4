"""Cases with uncertain data: the convention of ``_std``, moments against a closed form, failures that are not averaged."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from importlib.resources import files

import numpy as np
import pyomo.environ as pyo
import pytest
from typer.testing import CliRunner

import bilevel_dr as bdr
from bilevel_dr import answering, cli, papers, uncertainty
from bilevel_dr.cli import session
from bilevel_dr.models.khe_2025 import exact
from bilevel_dr.models.khe_2025.model import model as khe

MODEL = """
import pyomo.environ as pyo

model = pyo.AbstractModel("tariff")
model.HOURS = pyo.Set()
model.value = pyo.Param(within=pyo.Reals)
model.value_std = pyo.Param(within=pyo.Reals, default=1)
model.demand = pyo.Param(model.HOURS, within=pyo.NonNegativeReals)
model.demand_std = pyo.Param({index}within=pyo.Reals)
model.least = pyo.Param(within=pyo.Reals, default=0)
model.price = pyo.Var(bounds=(0, 100))
model.markup = pyo.Var(model.HOURS, bounds=(0, 0))

@model.Block()
def user(block):
    top = block.model()
    block.use = pyo.Var(top.HOURS, bounds=(0, None))
    benefit = sum((top.value + top.demand[h] - top.price) * block.use[h] - block.use[h] ** 2 / 2 for h in top.HOURS)
    block.surplus = pyo.Objective(expr=benefit, sense=pyo.maximize)

@model.Constraint()
def enough(model):
    return model.price >= model.least

@model.Objective(sense=pyo.maximize)
def income(model):
    return model.price * sum(model.user.use[h] for h in model.HOURS)
"""
DATA = "param value := 10;\nparam : HOURS : demand :=\n1 3\n2 5\n;\nparam demand_std := 0.5;\n"
MEANS, STDS = [10, np.array([3.0, 5.0])], [1, 0.5]


def closed_form(value, demand):
    """Both hours are served: use = v + d − p, so p = (v + mean d) / 2."""
    price = (value + demand.mean()) / 2
    use = value + demand - price
    return {"income": price * use.sum(), "user": (use**2).sum() / 2, "price": price}


@pytest.fixture
def tariff(tmp_path):
    """A model file and its data."""
    return written(tmp_path)


def written(folder, data=DATA, index=""):
    (folder / "tariff.py").write_text(MODEL.format(index=index))
    (folder / "tariff.dat").write_text(data)
    return [str(folder / "tariff.py"), str(folder / "tariff.dat")]


def call(*arguments):
    return CliRunner().invoke(cli.app, ["pem", *map(str, arguments)])


def case(tariff, **overrides):
    return uncertainty.Case(*tariff, overrides, False, None, partial(bdr.solve, reformulation="sos1"))


@pytest.mark.parametrize("scheme", ["2m", "2m+1"])
def test_the_moments_are_those_of_the_closed_form(tariff, scheme):
    found = uncertainty.estimate_case(case(tariff), scheme, samples=8, seed=5)
    estimate = bdr.point_estimate(closed_form, MEANS, STDS, scheme=scheme)
    sampled = bdr.monte_carlo(closed_form, MEANS, STDS, samples=8, seed=5)
    assert list(found.table["output"]) == ["income", "user", "price"]  # no indexed variable
    for name in closed_form(*MEANS):
        row = found.table.set_index("output").loc[name]
        assert (row["mean"], row["std"]) == pytest.approx((estimate.mean[name], estimate.std[name]), rel=1e-5)
        assert row["sampled mean"] == pytest.approx(sampled.mean[name], rel=1e-5)
        assert row["std off [%]"] == pytest.approx(100 * (estimate.std[name] / sampled.std[name] - 1), abs=1e-2)
    assert found.certified == found.evaluated == (len(estimate.weights), 8) and found.failures == ()
    assert found.points["point"].iloc[0].startswith("value +1.") and sum(found.routes.values()) == sum(found.evaluated)


def test_processes_give_the_same_numbers(tariff):
    one, two = (uncertainty.estimate_case(case(tariff), workers=workers) for workers in (1, 2))
    assert one.estimate.mean == two.estimate.mean and one.estimate.std == two.estimate.std


def test_a_std_has_the_index_of_its_param_or_none(tmp_path):
    data = DATA.replace("param demand_std := 0.5;", "param demand_std := 1 0.1 2 0.2;")
    found = uncertainty.uncertain_inputs(bdr.load(*written(tmp_path, data, "model.HOURS, ")))
    assert [entry.name for entry in found] == ["value", "demand"]
    assert found[0].index is None and (found[0].mean, found[0].std) == (10, 1)
    assert found[1].index == (1, 2) and found[1].std == pytest.approx([0.1, 0.2])
    with pytest.raises(bdr.ModelError, match="demand_std: give it the index of demand"):
        uncertainty.uncertain_inputs(bdr.load(*written(tmp_path, DATA.replace(":= 0.5", ":= 1 0.1"), "[1], ")))


def test_what_is_set_moves_too(tariff):
    answer = json.loads(call(*tariff, "--set", "value=20", "--set", "demand_std=0", "--workers", 1, "--json").stdout)
    assert [entry["mean"] for entry in answer["inputs"]] == [20, [3, 5]]
    estimate = bdr.point_estimate(closed_form, [20, MEANS[1]], [1, 0])
    assert answer["evaluated"] == [2, 0]
    assert answer["outputs"][0]["mean"] == pytest.approx(estimate.mean["income"], rel=1e-5)


def test_the_command_prints_evaluations_moments_and_what_answered(tariff):
    result = call(*tariff, "--monte-carlo", 4, "--workers", 1)
    assert result.exit_code == 0
    for text in ("value +1.41 sd", "sampled std", "certified: 4 of 4 points, 4 of 4 samples", "answered by"):
        assert text in result.stdout


def test_a_point_outside_the_domain_is_listed_and_nothing_is_averaged(tariff):
    """Demand 3 ± √2 · 2.5 is negative once: three points are certified, and do not make four."""
    result = call(*tariff, "--set", "demand_std=2.5", "--monte-carlo", 8, "--workers", 1, "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 5 and answer["certified"][0] == 3 and answer["evaluated"] == [4, 8]
    assert 2 <= answer["certified"][1] <= 8 and len(answer["failures"]) == 12 - sum(answer["certified"])
    assert answer["failures"][0].startswith("2m point 4 (demand -1.41 sd): ") and "demand[1]" in answer["failures"][0]
    assert answer["points"] == [] and all("mean" not in row for row in answer["outputs"])
    assert "not certified: 2m point 4" in result.stderr
    assert call(*tariff, "--set", "demand_std=2.5", "--workers", 1).exit_code == 5


def test_points_without_an_answer_are_listed(tariff):
    result = call(*tariff, "--set", "least=101", "--workers", 1)
    assert result.exit_code == 5 and result.stderr.count("infeasible, no point") == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "demand_std=-1"), "demand_std: -1 is negative"),
        (("--scheme", "3m"), "scheme='3m'"),
        (("--route", "exact"), "this model has no exact algorithm"),
        (("--route", "sos4"), "reformulation 'sos4' is unknown"),
        (("--monte-carlo", "1"), "samples=1"),
    ],
)
def test_what_cannot_be_done_is_one_line(tariff, arguments, said):
    result = call(*tariff, *arguments, "--workers", 1)
    assert result.exit_code == 2 and said in result.stderr and len(result.stderr.splitlines()) == 1


def test_a_model_without_spread_is_refused():
    result = call("khe_2025", "hard_800")
    assert result.exit_code == 2 and "no Param has a standard deviation" in result.stderr


# The exact route ------------------------------------------------------------------------------------------------------


KHE = str(files("bilevel_dr.data") / "khe_2025" / "hard_800.dat")


def exact_case(model=khe, solve=None):
    return uncertainty.Case(model, KHE, {}, False, exact.solve, solve)


def test_an_exact_answer_is_verified_by_us():
    instance = bdr.load(khe, KHE)
    solution = exact_case().answer(instance)
    assert solution.reformulation == "exact" and solution.certificate == bdr.verify(instance, solution)
    found, route = exact_case()()
    assert route == "exact on closed form, global"
    assert found[next(iter(found))] == solution.leader_objective and "consumer[1]" in found


def test_an_exact_answer_that_is_wrong_is_not_averaged(monkeypatch):
    right = exact.solve(bdr.load(khe, KHE))
    wrong = dataclasses.replace(right, point=dict(right.point) | {"consumer[1].shift": 0.0, "call[1]": 50.0})
    monkeypatch.setattr(exact, "solve", lambda instance: wrong)
    with pytest.raises(bdr.SolverFailed, match="not certified"):
        exact_case()()


def test_what_the_exact_algorithm_does_not_know_is_solved():
    variant = papers.find_paper("khe_2025").model("share_of_call")
    assert exact_case(variant, partial(bdr.solve, reformulation="sos1"))()[1] == "sos1 on scip, global"
    with pytest.raises(bdr.ModelError, match="exact: "):
        exact_case(variant)()


def test_exact_is_chosen_where_the_paper_has_it():
    paper = papers.find_paper("khe_2025")
    assert session.way_of("exact", "auto", paper) == (exact.solve, "exact")
    assert session.way_of("auto", "auto", paper) == (exact.solve, "auto")
    assert session.way_of("solve", "auto", paper) == (None, "auto")
    assert session.way_of("sos1", "auto", paper) == (None, "sos1")
    assert session.way_of("auto", "scip", paper) == session.way_of("auto", "auto", None) == (None, "auto")


def test_convexity_that_is_not_proved_at_the_means_is_not_looked_for_again(tmp_path, monkeypatch):
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(-4, 4))
    m.f.best = pyo.Objective(expr=(m.f.y**2 - 4) ** 2 + m.x * m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    verdicts = uncertainty._not_proved(m)
    assert verdicts["f"].convexity == "not proved"  # disproved here, but who knows with other data
    assert uncertainty._not_proved(bdr.load(*written(tmp_path))) is None  # proved: the same

    given = []
    monkeypatch.setattr(answering, "verify", lambda *_, verdicts, search: given.append((verdicts, search)))
    local = dataclasses.replace(exact.solve(bdr.load(khe, KHE)), claim="local")
    for solution in (dataclasses.replace(local, claim="global"), local):
        answering.certificate(m, solution, verdicts)
    assert given == [(verdicts, 0.0), (verdicts, None)]


# Interrupted ----------------------------------------------------------------------------------------------------------


def test_an_interrupt_takes_workers_and_their_solvers_along(tariff, tmp_path):
    started, temporary, solver = tmp_path / "started", tmp_path / "temporary", tmp_path / "solver"
    started.mkdir()
    temporary.mkdir()
    wait = f"import os, pathlib, time\npathlib.Path({str(started)!r}, str(os.getpid())).touch()\ntime.sleep(600)\n"
    solver.write_text(f"#!{sys.executable}\n{wait}")
    solver.chmod(0o755)
    command = [sys.executable, "-m", "bilevel_dr", "pem", *tariff, "--workers", "2", "--solver", str(solver)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | {"TMPDIR": str(temporary)}, text=True)
    until = time.monotonic() + 60
    while len(pids := [int(file.name) for file in started.iterdir()]) < 2:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130 and "interrupted" in said and list(temporary.iterdir()) == []
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
