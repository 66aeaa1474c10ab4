"""What a solver does wrong, each fault against each kind of solver: never a wrong answer passed, one error, nothing left.

The programs and libraries that misbehave are in ``tests/fakes``. A fault ends in one of three ways: the solver *failed*
(no number of it is used), met its *limit*, or answered, and then the certificate is the judge.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import pyomo.environ as pyo
import pytest
from builders import TOY
from fakes import faults
from fakes.libraries import LIBRARIES, LIES
from fakes.protocols import PROTOCOLS
from typer.testing import CliRunner

import bilevel_dr as bdr
from bilevel_dr import cli, solvers
from bilevel_dr.doctor import OPTIMUM, small_problem
from bilevel_dr.processes import HEAD, TAIL
from bilevel_dr.solvers.executables import ExecutableNlp

needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="/proc, which shows the processes left, is missing here")

FAILS = {
    "crash": "SIGSEGV; its last words: about to crash",
    "crash_after_a_whole_answer": "SIGABRT",
    "unnamed_signal": "killed by signal",
    "exit_code": "exit code 3; its last words: licence expired",
    "exit_code_after_a_flood": "gave up at last",
    "no_file": "without a solution file",
    "empty_file": "not whole",
    "cut_file": "not whole",
    "cut_at_the_end": "not whole",
    "garbage": "not whole",
    "words_for_numbers": "not whole",
    "another_models_answer": "",
    "endless_answer": "not whole",
    "folder_for_a_file": "no regular file",
    "pipe_for_a_file": "no regular file",
    "device_for_a_file": "no regular file",
    "link_that_goes_round": "without a solution file",
    "folder_removed": "without a solution file",
    "not_a_number": "",
    "infinite": "",
    "beyond_floats": "",
}
"""fault → what is said of it."""
HANGS = ("hang", "hang_in_silence", "hang_in_a_flood")
ANSWERS = ("its_start", "out_of_bounds", "infeasible_point", "huge", "false_infeasible", "false_unbounded")
LEAVES = ("child_left", "daemon_left", "files_left")


def test_every_fault_is_tried():
    written = {name for name, _ in inspect.getmembers(faults, inspect.isfunction) if name not in ("note", "child", "right")}
    assert written == {*FAILS, *HANGS, *ANSWERS, *LEAVES}


@pytest.fixture(params=PROTOCOLS)
def playing(request, tmp_path, monkeypatch):
    """A function that installs a program with a fault and returns the name it is asked by."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def install(fault: str) -> str:
        path = folder / ("gams" if request.param == "gams" else "solver")
        play = f"faults.{fault}(protocols.{PROTOCOLS[request.param].__name__}())"
        path.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path[:0] = [{str(Path(__file__).parent)!r}]\n"
            f"from fakes import faults, protocols\n{play}\n"
        )
        path.chmod(0o755)
        return "gams:snopt" if request.param == "gams" else str(path)

    return install


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path, monkeypatch):
    """After every test no temporary file is there, and none of the processes that a fault wrote down."""
    folder, note = tmp_path / "temporary", tmp_path / "note"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("NOTE", str(note))
    yield note
    assert list(folder.iterdir()) == []
    for process in note.read_text().split() if note.exists() else []:
        assert_gone(int(process))


def assert_gone(process: int):
    status, deadline = Path(f"/proc/{process}/status"), time.monotonic() + 5
    while status.exists() and "State:\tZ" not in status.read_text():
        assert time.monotonic() < deadline, f"process {process} is still there"
        time.sleep(0.02)


def smooth_model():
    """A follower's problem: a strictly convex one with rows and bounds."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 4), initialize=1)
    model.y = pyo.Var(bounds=(-1, 3), initialize=1)
    model.cost = pyo.Objective(expr=(model.x - 3) ** 2 + (model.y - 2) ** 2)
    model.row = pyo.Constraint(expr=model.x + model.y**2 <= 4)
    return model


def assert_right_or_refused(solution):
    """No number of it is passed that is wrong."""
    if solution.claim == "none":
        assert solution.certificate is None or not solution.certificate.passed
        assert solution.termination != "optimal"
    else:
        assert solution.certificate.passed
        assert solution.leader_objective == pytest.approx(OPTIMUM, abs=1e-6)


# Programs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAILS)
def test_a_fault_is_a_failure_without_numbers_and_with_the_last_words(playing, fault):
    outcome = solvers.backend(playing(fault))(smooth_model()).solve(time_limit=60)
    assert outcome.crashed and not outcome.has_point
    assert FAILS[fault] in outcome.message and "\n" not in outcome.message and len(outcome.message) < 1000


@pytest.mark.parametrize("fault", ["crash", "exit_code", "no_file", "garbage", "pipe_for_a_file", "not_a_number"])
def test_a_solver_that_fails_is_one_error_of_its_name_and_words(playing, fault):
    with pytest.raises(bdr.SolverFailed, match=r"(solver|gams:snopt): ") as error:
        bdr.solve(small_problem(), "product", playing(fault), starts=2, time_limit=60)
    assert FAILS[fault] in str(error.value) and "\n" not in str(error.value)


@needs_proc
@pytest.mark.parametrize("fault", HANGS)
def test_a_hang_ends_at_the_time_limit_with_its_children(playing, nothing_is_left, fault):
    nlp = solvers.backend(playing(fault))(smooth_model())
    for limit in (1.0, 10.0, 60.0):  # on a busy machine it may be killed before it has written down its processes
        outcome = nlp.solve(time_limit=limit)
        assert outcome.status == "limit" and not outcome.has_point and "killed after" in outcome.message
        if nothing_is_left.exists():
            break
    assert nothing_is_left.exists()


def test_a_hang_is_a_limit_of_the_solution(playing):
    solution = bdr.solve(small_problem(), "product", playing("hang"), starts=2, time_limit=1.0)
    assert (solution.termination, solution.claim, solution.certificate) == ("limit", "none", None)


@pytest.mark.parametrize("fault", [*ANSWERS, *LEAVES])
def test_no_lie_is_passed(playing, fault):
    """ "Optimal Solution Found" is believed by nobody: what passes the certificate is right."""
    solution = bdr.solve(small_problem(), "product", playing(fault), starts=2, time_limit=60)
    assert_right_or_refused(solution)
    assert solution.claim != "global"


@needs_proc
@pytest.mark.parametrize("fault", LEAVES)
def test_what_a_solver_leaves_behind_goes_and_its_answer_counts(playing, fault):
    outcome = solvers.backend(playing(fault))(smooth_model()).solve(time_limit=60)
    assert outcome.status == "optimal" and outcome.values == pytest.approx([1, 1])


def test_what_cannot_be_started_is_an_error(tmp_path):
    path = tmp_path / "solver"
    path.write_text("#!/no/such/interpreter\n")
    path.chmod(0o755)
    with pytest.raises(bdr.SolverFailed, match="cannot be started"):
        ExecutableNlp(smooth_model(), (), str(path)).solve()


def test_a_folder_for_temporary_files_that_cannot_be_written_is_said(playing, tmp_path, monkeypatch):
    build = solvers.backend(playing("its_start"))
    nlp = build(smooth_model())
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")
    for ask in (nlp.solve, lambda: build(smooth_model()), lambda: bdr.solve(small_problem())):
        with pytest.raises(bdr.SolverFailed, match="/proc/nowhere: a solver's input cannot be written.*set TMPDIR"):
            ask()


# What is kept ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["crash", "exit_code_after_a_flood", "no_file", "cut_file", "not_a_number"])
def test_with_out_the_run_folder_keeps_the_solvers_input_and_log(playing, tmp_path, fault):
    model, data, out = tmp_path / "toy.py", tmp_path / "toy.dat", tmp_path / "run"
    model.write_text(TOY)
    data.write_text("param most := 4;\n")
    options = ["--reformulation", "product", "--solver", playing(fault), "--starts", "1", "--out", str(out)]
    result = CliRunner().invoke(cli.app, ["solve", str(model), str(data), *options])
    kept = {path.name: path for path in (out / "solver").iterdir()}
    assert result.exit_code == 6 and result.stderr.count("\n") == 1
    assert FAILS[fault] in result.stderr and f"its input and log are kept in {out / 'solver'}" in result.stderr
    assert kept.keys() & {"model.nl", "model.gms"}
    assert ("log.txt" in kept) == (fault not in ("cut_file", "not_a_number"))
    if "flood" in fault:
        log = kept["log.txt"].read_bytes()
        assert log.endswith(b"gave up at last\n") and b" bytes left out]" in log and len(log) < HEAD + 2 * TAIL + 100
    assert json.loads((out / "run.json").read_text())["error"] in result.stderr


# Libraries ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("solver", LIBRARIES)
def test_no_lie_of_a_library_is_passed(solver, lie, monkeypatch):
    make, route = LIBRARIES[solver]
    make(monkeypatch, LIES[lie])
    try:
        solution = bdr.solve(small_problem(), route, solver, starts=2, time_limit=60)
    except bdr.SolverFailed as error:
        assert "\n" not in str(error)
    else:
        assert_right_or_refused(solution)


@pytest.mark.parametrize("solver", LIBRARIES.keys() - {"highs"})  # which returns its errors
def test_what_a_library_raises_is_a_typed_error(solver, monkeypatch):
    make, route = LIBRARIES[solver]
    make(monkeypatch, RuntimeError("out of memory"))
    with pytest.raises(bdr.SolverFailed, match="out of memory"):
        bdr.solve(small_problem(), route, solver, starts=2, time_limit=60)


def curved_problem():
    """As :func:`small_problem` with a follower that only Ipopt re-solves: it stops at y = ln(2 + x)."""
    model = small_problem()
    model.follower.rising.deactivate()
    model.follower.curved = pyo.Constraint(expr=pyo.exp(model.follower.y) <= 2 + model.x)
    return model


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize(("solver", "problem"), [("highs", small_problem), ("highs", curved_problem), ("casadi-ipopt", curved_problem)])
def test_a_wrong_point_does_not_pass_where_the_re_solve_lies(solver, problem, lie, monkeypatch):
    """Certificates rest on solvers too, but on two that know nothing of each other: the re-solve and the multipliers."""
    make, _ = LIBRARIES[solver]
    make(monkeypatch, LIES[lie])
    for y in (0.5, 0.0, 9.0):
        try:
            certificate = bdr.verify(problem(), {"x": 0.0, "follower.y": y})
        except bdr.SolverFailed:
            continue
        assert not certificate.passed
