"""The doctor: what is here is tried, what is not says how to get it, and a wrong answer is not passed."""

from __future__ import annotations

import json
import sys

import numpy as np
import pyomo.environ as pyo
import pytest

from bilevel_dr import doctor, solvers
from bilevel_dr.run_folder import as_json


def test_the_small_problems_optimum_by_its_best_responses():
    """y(x) = min(1 + x, 4 − x), on a grid of the leader's decisions."""
    model = doctor.small_problem()
    values = []
    for x in np.linspace(0, 4, 401):
        model.x.set_value(x)
        model.follower.y.set_value(min(1 + x, 4 - x))
        assert pyo.value(model.follower.rising.slack()) >= 0 and pyo.value(model.follower.falling.slack()) >= 0
        values.append(pyo.value(model.least))
    assert min(values) == values[0] == doctor.OPTIMUM


@pytest.fixture
def no_executables(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("IDAES_DATA", str(tmp_path / "idaes"))
    return tmp_path


def test_every_default_solver_passes_and_what_is_missing_says_what_adds_it(no_executables):
    checks = {check.solver.name: check for check in doctor.examine()}
    assert [info.name for info in solvers.everything()] == list(checks)
    for name in ("casadi-ipopt", "uno", "scip", "highs"):
        assert checks[name].passed, checks[name].message
        assert checks[name].version.split()[1][0].isdigit()
    assert checks["scip"].message == "global"
    for name in ("ipopt", "knitro", "gams:snopt"):
        assert checks[name].passed is None and checks[name].solver.add


def test_an_executable_is_asked_its_version_and_a_broken_one_does_not_pass(no_executables):
    path = no_executables / "ipopt"
    path.write_text(f"#!{sys.executable}\nimport sys\nprint('Ipopt 0.0 (broken)')\nsys.exit(sys.argv[1] != '-v')\n")
    path.chmod(0o755)
    check = next(check for check in doctor.examine() if check.solver.name == "ipopt")
    assert check.version == "Ipopt 0.0 (broken)"
    assert check.passed is False and check.message


def test_a_check_is_plain_data(no_executables):
    plain = json.loads(as_json([check.as_dict() for check in doctor.examine()]))
    assert {"name", "takes", "where", "version", "limit", "add", "passed", "route", "seconds", "message"} == set(
        plain[0]
    )
