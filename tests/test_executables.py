"""Solver executables: AMPL's protocol, spoken with scripts and, where one was built, with a real Ipopt."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest

import bilevel_dr as bdr
from bilevel_dr.doctor import OPTIMUM, small_problem
from bilevel_dr.solvers.executables import ExecutableNlp
from bilevel_dr.solvers.nl import Nlp

IPOPT = os.environ.get("BILEVEL_DR_TEST_IPOPT")
needs_ipopt = pytest.mark.skipif(not IPOPT, reason="BILEVEL_DR_TEST_IPOPT names no AMPL-style ipopt executable")

PRELUDE = f"""#!{sys.executable}
import os, signal, subprocess, sys, time
stub = sys.argv[1].removesuffix(".nl")
lines = open(stub + ".nl").read().splitlines()
n, m = (int(word) for word in lines[1].split()[:2])
at = lines.index(f"x{{n}}")
start = [float(line.split()[1]) for line in lines[at + 1 : at + 1 + n]]

def sol(values, duals=(), code=0, message="Fake: Optimal Solution Found", suffixes="", last=True):
    counts = [m, len(duals), n, len(values)]
    text = "\\n".join([message, "", "Options", "3", "1", "1", "0", *map(str, [*counts, *duals, *values])])
    return text + f"\\nobjno 0 {{code}}\\n{{suffixes}}" if last else text

def write(text):
    open(stub + ".sol", "w").write(text)

"""


@pytest.fixture
def fake(tmp_path):
    """A function that makes an executable script of a body; the prelude has read the .nl it was given."""

    def make(body: str, name: str = "fake") -> str:
        path = tmp_path / name
        path.write_text(PRELUDE + body)
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path, monkeypatch):
    """Temporary folders are made where they can be counted, and are gone after every test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def smooth_model(sense=pyo.minimize):
    """A strictly convex problem with an inequality, an equality and bounds that all hold with multipliers."""
    model = pyo.ConcreteModel()
    model.e = pyo.Var(initialize=2.0)
    model.e.fix()
    model.x = pyo.Var(bounds=(0, 4), initialize=1)
    model.y = pyo.Var(bounds=(-1, 0.1))
    model.z = pyo.Var(domain=pyo.Integers, bounds=(0, 9))
    squares = (model.x - 3) ** 2 + (model.y - 2) ** 2 + model.x * model.y + (model.z - 0.5) ** 2
    model.cost = pyo.Objective(expr=squares if sense == pyo.minimize else -squares, sense=sense)
    model.upper = pyo.Constraint(expr=model.x + model.y**2 <= model.e)
    model.lower = pyo.Constraint(expr=model.x + model.z >= 0.2)
    model.equal = pyo.Constraint(expr=model.x + 3 * model.y + model.z == 2.4)
    model.range = pyo.Constraint(expr=(-9, model.x - model.z, 9))
    return model


# The protocol ---------------------------------------------------------------------------------------------------------


def test_reads_the_same_columns_rows_and_bounds_as_the_in_process_reader(fake):
    model = smooth_model()
    model.set = pyo.SOSConstraint([1], rule=lambda model, _: ([model.x, model.z], [1, 2]), sos=1)
    inside, outside = Nlp(model, [model.e]), ExecutableNlp(model, [model.e], fake(""))
    assert inside.variables == outside.variables and inside.rows == outside.rows
    for name in ("lower", "upper", "row_lower", "row_upper"):
        np.testing.assert_array_equal(getattr(inside, name), getattr(outside, name))
    assert model.set[1].active and model.e.fixed


def test_start_and_bounds_reach_the_solver(fake):
    """The script answers with its starting point, moved into the bounds it was given."""
    body = """
at = lines.index("b")
values = []
for value, line in zip(start, lines[at + 1 : at + 1 + n]):
    kind, *numbers = line.split()
    low = float(numbers[0]) if kind in "024" else -1e99
    high = float(numbers[-1]) if kind in "014" else 1e99
    values.append(min(max(value, low), high))
write(sol(values))
"""
    model = smooth_model()
    nlp = ExecutableNlp(model, [model.e], fake(body))
    outcome = nlp.solve()
    assert outcome.status == "optimal"
    np.testing.assert_array_equal(outcome.values, nlp.start())
    moved = nlp.solve(start=np.full(4, 0.05), fixed=pyo.ComponentMap([(model.e, 1.25), (model.x, 0.75)]))
    found = dict(zip((v.name for v in moved.variables), moved.values, strict=True))
    assert found == {"e": 1.25, "x": 0.75, "y": 0.05, "z": 0.05}
    free = nlp.solve(start=np.full(4, 7.5), lower=np.full(4, -np.inf), upper=np.full(4, np.inf))
    np.testing.assert_array_equal(free.values, np.full(4, 7.5))


def test_integers_are_written_as_continuous(fake):
    body = "write(sol(start, message='discrete ' + lines[6]))"
    assert "discrete 0 0 0 0 0 (AMPL" in ExecutableNlp(smooth_model(), (), fake(body)).solve().message


def test_options_are_handed_over_and_ipopt_is_told_its_limit(fake):
    body = "write(sol(start, message=' '.join(sys.argv[1:])))"
    told = ExecutableNlp(smooth_model(), (), fake(body, "knitroampl")).solve(options={"feastol": 1e-9}, time_limit=60)
    assert "model.nl -AMPL feastol=1e-09 (AMPL" in told.message
    told = ExecutableNlp(smooth_model(), (), fake(body, "ipopt-3.14")).solve(options={"tol": 1e-7}, time_limit=60)
    assert "tol=1e-07" in told.message and "max_cpu_time=60.0" in told.message and "tol=1e-09" not in told.message


@pytest.mark.parametrize(
    ("code", "status"),
    [(0, "optimal"), (2, "feasible"), (100, "feasible"), (200, "infeasible"), (300, "unbounded"), (400, "limit")]
    + [(500, "failed"), (567, "failed"), (900, "failed"), (-1, "failed")],
)
def test_solve_codes(fake, code, status):
    outcome = ExecutableNlp(smooth_model(), (), fake(f"write(sol(start, code={code}))")).solve()
    assert outcome.status == status and outcome.has_point


def test_no_point_is_an_answer_of_an_infeasible_problem_only(fake):
    infeasible = ExecutableNlp(smooth_model(), (), fake("write(sol([], code=200))")).solve()
    assert infeasible.status == "infeasible" and not infeasible.has_point
    solved = ExecutableNlp(smooth_model(), (), fake("write(sol([], code=0))")).solve()
    assert solved.status == "failed" and "0 values" in solved.message


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_bound_multipliers_from_ipopts_suffixes(fake, sense):
    """At x = 1 = lower bound of min x², and of max −x²: Ipopt's z_L = 2, so lam_x = −2, in whichever sense."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(1, 5))
    sign = 1 if sense == pyo.minimize else -1
    model.cost = pyo.Objective(expr=sign * model.x**2, sense=sense)
    suffix = f"suffix 4 1 13 0 0\\nipopt_zL_out\\n0 {2.0 * sign}\\nsuffix 4 1 13 0 0\\nipopt_zU_out\\n0 0.0\\n"
    outcome = ExecutableNlp(model, (), fake(f"write(sol([1.0], suffixes={suffix!r}))".replace("\\\\n", "\\n"))).solve()
    expected = Nlp(model).solve().bound_multipliers[id(model.x)]
    assert outcome.bound_multipliers[id(model.x)] == pytest.approx(expected, abs=1e-6) == -2.0


def test_a_model_of_constants_needs_no_solver():
    model = pyo.ConcreteModel()
    model.x = pyo.Var()
    model.x.fix(2)
    model.cost = pyo.Objective(expr=model.x)
    assert ExecutableNlp(model, (), "/no/such/solver").solve().status == "optimal"
    model.never = pyo.Constraint(expr=model.x <= 1)
    outcome = ExecutableNlp(model, (), "/no/such/solver").solve()
    assert outcome.status == "infeasible" and "never" in outcome.message


SHORT = {
    "cut in the values": ("write(sol(start, last=False).rsplit(chr(10), 1)[0])", "not whole"),
    "cut before the code": ("write(sol(start, last=False))", "not whole"),
    "too few values": ("write(sol(start[:-1]))", "not whole"),
    "another problem's values": ("n -= 1; write(sol(start[:-1]))", "2 values, 0 duals for 3 variables"),
    "another problem's duals": ("m = 1; write(sol(start, [1.0]))", "3 values, 1 duals for 3 variables"),
    "endless table": ("write(sol(start, suffixes='suffix 4 1 4 5 999999999999\\nfoo\\n'))", "not whole"),
    "NaN": ("write(sol([float('nan')] * n))", " = nan"),
}


@pytest.mark.parametrize("lack", SHORT)
def test_a_solution_file_that_is_not_whole_is_no_answer(fake, lack):
    """Where it lacks what only this format has; tests/test_faults.py has all that any solver does wrong."""
    body, said = SHORT[lack]
    outcome = ExecutableNlp(smooth_model(), (), fake(body)).solve()
    assert outcome.crashed and said in outcome.message


HANGS = """
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({note!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
time.sleep(600)
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="/proc, which shows the processes left, is missing here")
def test_ctrl_c_ends_the_solver_and_its_children(fake, tmp_path):
    note = tmp_path / "note"
    nlp = ExecutableNlp(smooth_model(), (), fake(HANGS.format(note=str(note))))

    def interrupt():
        while not note.exists() or len(note.read_text().split()) < 2:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        nlp.solve()
    thread.join()
    deadline = time.monotonic() + 5
    for process in map(int, note.read_text().split()):
        while Path(f"/proc/{process}").exists() and "State:\tZ" not in Path(f"/proc/{process}/status").read_text():
            assert time.monotonic() < deadline, f"process {process} is still there"
            time.sleep(0.02)


# A real Ipopt ---------------------------------------------------------------------------------------------------------


@needs_ipopt
@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_ipopt_agrees_with_the_in_process_one_in_point_and_multipliers(sense):
    model = smooth_model(sense)
    inside, outside = Nlp(model, [model.e]), ExecutableNlp(model, [model.e], IPOPT)
    for level in (2.0, 1.5, 4.0):
        fixed = pyo.ComponentMap([(model.e, level)])
        one, other = inside.solve(fixed=fixed), outside.solve(fixed=fixed)
        assert one.status == other.status == "optimal"
        np.testing.assert_allclose(other.values, one.values, atol=1e-7)
        for row in inside.rows:
            assert other.row_multipliers[id(row)] == pytest.approx(one.row_multipliers[id(row)], abs=1e-6)


@needs_ipopt
def test_ipopt_calls_an_infeasible_problem_infeasible():
    model = smooth_model()
    model.never = pyo.Constraint(expr=model.x**2 + model.y**2 <= -1)
    assert ExecutableNlp(model, (), IPOPT).solve().status == "infeasible"


@needs_ipopt
@pytest.mark.parametrize("reformulation", ["scholtes", "product"])
def test_ipopt_solves_a_bilevel_program(reformulation):
    solution = bdr.solve(small_problem(), reformulation, IPOPT, starts=1)
    assert solution.certificate.passed and solution.solver == IPOPT
    assert solution.leader_objective == pytest.approx(OPTIMUM, abs=1e-6)
