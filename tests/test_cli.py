"""The command line: exit codes, pure stdout, nearest names, run folders, and an end at once when interrupted."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import bilevel_dr as bdr
from bilevel_dr import cli, comparison, papers, run_folder, solving, workers
from bilevel_dr.models.khe_2025 import exact
from bilevel_dr.models.khe_2025.model import model
from bilevel_dr.report import Section, write_report
from bilevel_dr.solution import Certificate, Solution

MODEL = """
import pyomo.environ as pyo

model = pyo.AbstractModel("toy")
model.most = pyo.Param(within=pyo.Reals, doc="most the leader may decide [kWh]")
model.step = pyo.Param([1, 2], within=pyo.Reals, default=1)
model.x = pyo.Var(within=pyo.NonNegativeReals, doc="decided [kWh]")

@model.Constraint()
def at_most(model):
    return model.x <= model.most

@model.Block()
def follower(block):
    block.y = pyo.Var(bounds=(0, 100))
    block.rising = pyo.Constraint(expr=block.y <= block.model().step[1] + block.model().x)
    block.best = pyo.Objective(expr=block.y, sense=pyo.maximize)

@model.Objective(doc="cost [money]")
def cost(model):
    return model.follower.y + 2 * model.x
"""


@pytest.fixture
def toy(tmp_path):
    """A model file and its data: the leader would rather decide nothing, so cost is 1."""
    model, data = tmp_path / "toy.py", tmp_path / "toy.dat"
    model.write_text(MODEL)
    data.write_text("param most := 4;\n")
    return [str(model), str(data)]


@pytest.fixture
def temporary(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def run(*arguments, **environment):
    """A command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bilevel_dr", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


def call(*arguments):
    """A command in this process."""
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def solution(termination="optimal", passed: bool | None = True, claim="global"):
    certificate = None if passed is None else bdr.Certificate(passed, 0.0, 0.0, 0.0, reasons=() if passed else ("bad",))
    return bdr.Solution(
        1.0, claim if passed else "none", certificate, None, termination, "sos1", "scip", 0.1, {"x": 0.0}
    )


# Exit codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("termination", "passed", "code"),
    [
        ("optimal", True, 0),
        ("feasible", True, 0),
        ("limit", True, 0),
        ("infeasible", None, 3),
        ("unbounded", None, 4),
        ("limit", None, 5),
        ("limit", False, 5),
        ("failed", None, 6),
        ("failed", False, 7),
        ("optimal", False, 7),
    ],
)
def test_every_termination_has_its_exit_code(toy, monkeypatch, termination, passed, code):
    monkeypatch.setattr(solving, "solve", lambda *_, **__: solution(termination, passed))
    assert call("solve", *toy).exit_code == call("solve", *toy, "--json").exit_code == code


def test_solved(toy):
    result = run("solve", *toy)
    assert result.returncode == 0, result.stderr
    for text in ("global", "passed", "cost", "cost [money]", "follower.y", "decided [kWh]", "sos1 on scip"):
        assert text in result.stdout


def test_infeasible(toy):
    assert run("solve", *toy, "--set", "most=-1").returncode == 3


def test_unbounded(toy):
    Path(toy[0]).write_text(
        MODEL.replace("+ 2 * model.x", "- 2 * model.x").replace("model.x <= model.most", "model.x >= 0")
    )
    assert run("solve", *toy).returncode == 4


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["solve", "khe_2025", "hard_80"], 2, "khe_2025 has no case 'hard_80'; did you mean 'hard_800'?"),
        (["solve", "khe_2024", "hard_800"], 2, "no paper named 'khe_2024'; did you mean 'khe_2025'?"),
        (["solve", "khe_2025/share_of_cal", "hard_800"], 2, "did you mean 'share_of_call'?"),
        (["solve", "nowhere.py", "hard_800"], 2, "no model file 'nowhere.py'"),
        (["solve", "khe_2025", "nowhere/hard_800.dta.dat"], 2, "no data file"),
        (["solve", "khe_2025", "hard_800", "--set", "targt=9"], 2, "targt"),
        (["solve", "khe_2025", "hard_800", "--set", "target"], 2, "write name=value"),
        (["solve", "khe_2025", "hard_800", "--set", "target=9", "--set", "target=8"], 2, "target is set twice"),
        (
            ["solve", "khe_2025", "hard_800", "--set", "baseline=1", "--set", "baseline[3]=8"],
            2,
            "baseline is set twice",
        ),
        (["solve", "khe_2025", "hard_800", "--reformulation", "sos3"], 2, "sos3"),
        (["solve", "khe_2025", "hard_800", "--solver", "ipotp"], 6, "did you mean 'ipopt'?"),
        (["solve", "khe_2025", "hard_800", "--solver", "/no/such/ipopt"], 6, "is no file"),
        (["check", "khe_2025", "hard_80"], 2, "did you mean 'hard_800'?"),
        (["reproduce", "khe_2024"], 2, "did you mean 'khe_2025'?"),
    ],
)
def test_errors_are_one_line_on_stderr_and_one_value_with_json(arguments, code, said):
    plain = call(*arguments)
    assert plain.exit_code == code and plain.stdout == ""
    assert said in plain.stderr and plain.stderr.startswith("bilevel-dr: ") and plain.stderr.count("\n") == 1
    told = call(*arguments, "--json")
    answer = json.loads(told.stdout)
    assert told.exit_code == code and said in answer["message"] and answer["error"].endswith(("Error", "Missing"))


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["sovle"],
        ["solve"],
        ["solve", "khe_2025", "hard_800", "--nope"],
        ["solve", "khe_2025", "hard_800", "--starts", "0"],
    ],
)
def test_usage(arguments):
    result = run(*arguments)
    assert result.returncode == 2 and "Traceback" not in result.stderr


def test_a_data_error_has_file_line_and_parameter(toy):
    Path(toy[1]).write_text("# comment\nparam most := many;\n")
    result = call("solve", *toy, "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 2
    assert (answer["error"], answer["file"], answer["line"], answer["parameter"]) == ("DataError", toy[1], 2, "most")
    assert f"{toy[1]}:2" in result.stderr


# One JSON value and nothing else --------------------------------------------------------------------------------------


def test_solve_json_has_what_the_contract_names():
    result = run("solve", "khe_2025", "hard_800", "--json", "--reformulation", "scholtes", "--starts", "1")
    answer = json.loads(result.stdout)
    assert result.returncode == 0 and result.stdout.count("\n") == 1
    assert {"model", "data", "claim", "termination", "leader_objective", "best_bound", "follower_objectives"} <= set(
        answer
    )
    assert {"certificate", "reformulation", "solver", "seconds", "values"} <= set(answer)
    assert {"passed", "leader_violation", "follower_gap", "complementarity"} <= set(answer["certificate"])
    assert answer["values"]["call[1]"] == pytest.approx(52.4286, abs=1e-3)
    assert answer["leader_objective"] == pytest.approx(608.249, abs=1e-3)


def test_what_models_and_compiled_code_print_does_not_reach_stdout(toy):
    Path(toy[0]).write_text(MODEL + "\nprint('from Python')\nimport os\nos.write(1, b'from a descriptor')\n")
    result = run("solve", *toy, "--json")
    assert json.loads(result.stdout)["leader_objective"] == pytest.approx(1)
    assert "from Python" in result.stderr and "from a descriptor" in result.stderr


def test_infeasible_json_holds_null_and_a_certificate_that_did_not_pass(toy):
    answer = json.loads(call("solve", *toy, "--set", "most=-1", "--json").stdout)
    assert answer["leader_objective"] is None and answer["certificate"]["passed"] is False and answer["values"] == {}


@pytest.mark.parametrize("command", [["list"], ["doctor"], ["check", "khe_2025", "hard_800"]])
def test_other_commands_print_one_value_too(command):
    result = run(*command, "--json")
    assert result.returncode == 0
    assert json.loads(result.stdout) is not None and result.stdout.count("\n") == 1


# Commands -------------------------------------------------------------------------------------------------------------


def test_list_shows_every_paper_case_and_variant():
    text = run("list", COLUMNS="200").stdout
    for name, paper in papers.list_papers().items():
        assert paper.title in text and paper.cases
        assert all(f"{name} {case}" in text for case in paper.cases)
        assert all(f"{name}/{variant}" in text for variant in paper.variants)


def test_help_imports_nothing_slow():
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bilevel_dr", "--help"], capture_output=True, text=True
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in result.stderr.splitlines()}
    assert "typer" in imported and "solve" in result.stdout
    assert not imported & {"pyomo", "pandas", "numpy", "scipy", "matplotlib", "casadi", "rich"}


def test_version():
    assert call("--version").stdout == f"{bdr.__version__}\n"


def test_set_changes_numbers_of_one_parameter_one_by_one(toy):
    changed = call("solve", *toy, "--set", "step[1]=3", "--set", "step[2]=7", "--set", "most=9", "--json")
    assert json.loads(changed.stdout)["leader_objective"] == pytest.approx(3)


def test_check_lists_every_problem(toy):
    assert call("check", *toy).exit_code == 0
    Path(toy[1]).write_text("param most := 4;\nparam mots := 4;\nparam step := 1 many;\n")
    result = call("check", *toy)
    assert result.exit_code == 2 and f"{toy[1]}:2" in result.stdout and f"{toy[1]}:3" in result.stdout
    problems = json.loads(call("check", *toy, "--json").stdout)
    assert [problem["line"] for problem in problems] == [2, 3]


def test_data_that_read_other_files_need_trust(toy):
    (Path(toy[1]).parent / "more.dat").write_text("param step := 1 5;\n")
    Path(toy[1]).write_text("param most := 4;\ninclude more.dat;\n")
    assert call("solve", *toy).exit_code == 2
    trusted = call("solve", *toy, "--trust-data", "--json")
    assert json.loads(trusted.stdout)["leader_objective"] == pytest.approx(5)


def test_out_writes_the_run_folder_and_twice_gives_equal_numbers(toy, tmp_path):
    for name in ("one", "two"):
        assert call("solve", *toy, "--set", "most=3", "--out", tmp_path / name).exit_code == 0
    one, two = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("one", "two"))
    assert one["solution"]["leader_objective"] == two["solution"]["leader_objective"]
    assert (tmp_path / "one" / "solution.csv").read_text() == (tmp_path / "two" / "solution.csv").read_text()
    assert one["inputs"] == two["inputs"] and set(one["inputs"]) == {"model", "data"}
    assert one["options"]["set"] == ["most=3"] and one["solution"]["claim"] == "global"
    assert "SCIP: optimal" in (tmp_path / "one" / "log.txt").read_text()


def test_out_keeps_input_and_log_of_a_solve_that_failed(toy, tmp_path):
    result = call("solve", *toy, "--solver", "ipotp", "--out", tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "run.json").read_text())
    assert result.exit_code == 6 and "ipotp" in kept["error"] and kept["inputs"]["data"]["path"] == toy[1]
    assert "ipotp" in (tmp_path / "run" / "log.txt").read_text()


def test_an_answer_is_not_lost_where_its_folder_cannot_be_written(toy, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_folder, "_write_point", full)
    for json_ in ((), ("--json",)):
        result = call("solve", *toy, "--out", tmp_path / "run", *json_)
        assert result.exit_code == 2 and "follower.y" in result.stdout and not (tmp_path / "run").exists()
        assert result.stderr == f"bilevel-dr: --out {tmp_path / 'run'}: No space left on device; choose a folder that can be written\n"


def test_out_is_refused_before_anything_is_solved(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(solving, "solve", lambda *_, **__: pytest.fail("solved"))
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("")
    assert call("solve", *toy, "--out", tmp_path / "thesis").exit_code == 2
    assert call("solve", *toy, "--out", Path(toy[1]) / "run").exit_code == 2


def test_reproduce_is_refused_before_anything_is_solved(toy, monkeypatch):
    monkeypatch.setattr(papers.Paper, "study", lambda self: pytest.fail("solved"))
    result = call("reproduce", "khe_2025", "--out", Path(toy[1]) / "report")
    assert result.exit_code == 2 and "choose a folder that can be written" in result.stderr


def test_compare_ends_certified(toy):
    result = call("compare", *toy, "--starts", "1")
    assert result.exit_code == 0 and "sos1" in result.stdout and "scholtes" in result.stdout, result.output


def test_compare_lists_what_did_not_end_certified(toy, monkeypatch):
    row = {"reformulation": "sos1", "solver": "scip", "claim": "global", "termination": "optimal", "note": ""}
    bad = row | {"reformulation": "product", "claim": "none", "termination": "failed", "note": "stalled"}
    refused = bad | {"reformulation": "big_m", "termination": "refused", "note": "no M"}
    for rows, code in (([row, refused], 0), ([row, bad], 5), ([refused], 5)):
        monkeypatch.setattr(comparison, "compare", lambda *_, rows=rows, **__: pd.DataFrame(rows))
        result = call("compare", *toy)
        assert result.exit_code == code
        assert ("product on scip: failed stalled" in result.stderr) == (bad in rows)
        assert json.loads(call("compare", *toy, "--json").stdout) == rows


class Study:
    """Plays a paper's study."""

    def __init__(self, status="reproduced", error=None, passed=True):
        self.status, self.error, self.passed = status, error, passed

    def rows(self, quick):
        names = ("paper", "table", "case", "quantity", "unit", "comment")
        numbers = {"reported": 1.0, "reproduced": float("nan"), "relative_error": None, "status": self.status}
        return [dict.fromkeys(names, "word") | numbers | {"reported_sd": None, "reproduced_sd": None}]

    def answers(self, quick):
        certificate = Certificate(self.passed, 0.0, 0.0, 0.0)
        return {"word": Solution(1.0, "global", certificate, 1.0, "optimal", "exact", "sweep", 0.1)}

    def tables(self, quick):
        if self.error:
            raise self.error
        return {"quick": pd.DataFrame({"quick": [quick]})}

    def figures(self, quick):
        return {}


@pytest.mark.parametrize(
    ("study", "code"),
    [
        (Study(), 0),
        (Study("missed"), 0),
        (Study("uncertified"), 7),
        (Study(passed=False), 7),
        (Study(error=bdr.SolverFailed("SCIP: crashed")), 6),
        (Study(error=bdr.DataError("bad number")), 2),
    ],
)
def test_reproduce_writes_the_report_whatever_happens(tmp_path, monkeypatch, study, code):
    monkeypatch.setattr(papers.Paper, "study", lambda self: study)
    result = call("reproduce", "khe_2025", "--quick", "--out", tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert result.exit_code == code and study.status in result.stdout
    assert ("Not complete" in page) == (study.error is not None) and (study.error is not None or ">yes<" in page)
    assert f"{int(study.passed)} of 1 certificate passed" in page and "bilevel-dr reproduce khe_2025 --quick" in page
    rows = json.loads(call("reproduce", "khe_2025", "--out", tmp_path, "--json").stdout)
    assert [row["reproduced"] for row in rows] == [None]


def test_reproduce_refuses_a_folder_that_holds_other_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(papers.Paper, "study", lambda self: pytest.fail("solved"))
    (tmp_path / "figures").mkdir()
    result = call("reproduce", "khe_2025", "--out", tmp_path)
    assert result.exit_code == 2 and "its figures is not of a report and would be lost" in result.stderr


def test_a_worker_that_dies_costs_its_paper_only(tmp_path, monkeypatch):
    whole, dead = Section("khe_2025", "A game"), bdr.SolverFailed("the worker process died")
    monkeypatch.setattr(workers, "evaluate", lambda *_, **__: [(whole, None), dead])
    result = call("reproduce", "khe_2025", "li_2025", "--workers", "2", "--out", tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert result.exit_code == 6 and "li_2025: the worker process died" in result.stderr
    assert "Not complete: the worker process died" in page and "A game" in page


# Interrupted and crashed ----------------------------------------------------------------------------------------------


def test_an_interrupted_reproduction_leaves_the_earlier_report(tmp_path):
    earlier = write_report(tmp_path, [Section("khe_2025", "an earlier one")], {}).read_bytes()
    command = [sys.executable, "-m", "bilevel_dr", "reproduce", "khe_2025", "li_2025", "--quick", "--workers", "2"]
    with subprocess.Popen([*command, "--out", tmp_path], stderr=subprocess.PIPE, text=True) as process:
        assert "rows …" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()  # to its end: no worker is left that could write to it
    assert process.returncode == 130 and "interrupted" in said
    assert (tmp_path / "index.html").read_bytes() == earlier
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "report.json"]


def interrupted(toy, temporary, number, ready):
    """Send a signal to a running solve once it is ready; its exit code, its stderr."""
    command = [sys.executable, "-m", "bilevel_dr", "solve", *toy]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(temporary)}
    )
    deadline = time.monotonic() + 60
    while not ready.exists():
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert out == "" and list(temporary.iterdir()) == []
    return process.returncode, err


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


WAITS = """
import os, pathlib, signal, tempfile, time
tempfile.mkdtemp()
pathlib.Path({ready!r}).write_text(str(os.getpid()))
{how}
time.sleep(600)
"""


@pytest.mark.parametrize("how", ["", "signal.signal(signal.SIGINT, signal.SIG_IGN)"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_it_even_where_compiled_code_does_not_listen(toy, tmp_path, temporary, how, number, code):
    ready = tmp_path / "ready"
    Path(toy[0]).write_text(MODEL + WAITS.format(ready=str(ready), how=how))
    ended, err = interrupted(toy, temporary, number, ready)
    assert ended == code and "interrupted" in err and "Traceback" not in err
    assert gone(int(ready.read_text()))


def test_an_interrupt_takes_a_solver_executable_along(toy, tmp_path, temporary):
    ready, solver = tmp_path / "ready", tmp_path / "solver"
    solver.write_text(f"#!{sys.executable}\nimport os, pathlib, time\n" + WAITS.format(ready=str(ready), how=""))
    solver.chmod(0o755)
    ended, _ = interrupted([*toy, "--solver", str(solver)], temporary, signal.SIGINT, ready)
    assert ended == 130 and gone(int(ready.read_text()))


def test_a_crash_of_compiled_code_is_a_solver_failure(toy, temporary):
    crash = "import os, signal, tempfile\ntempfile.mkdtemp()\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    Path(toy[0]).write_text(MODEL + crash)
    result = run("solve", *toy, "--json", TMPDIR=str(temporary))
    assert result.returncode == 6 and "SIGSEGV" in result.stderr and result.stdout == ""
    assert list(temporary.iterdir()) == []


def test_a_local_answer_of_a_paper_is_held_against_its_exact_algorithm():
    loaded = bdr.load(model, str(files("bilevel_dr.data") / "khe_2025" / "hard_800.dat"))
    best = exact.solve(loaded)
    short = replace(best, leader_objective=0.9 * best.leader_objective, claim="local", best_bound=None)
    held = papers.find_paper("khe_2025").held_against_exact(loaded, short)
    assert "10 % short of the exact algorithm's proved optimum, 608.249" in held.notes[0]
    assert held.best_bound == pytest.approx(best.leader_objective)
    assert papers.find_paper("khe_2025").held_against_exact(loaded, best) is best


@pytest.mark.parametrize("seconds", [-1.0, 0.05])
def test_the_exact_algorithm_has_what_is_left_of_the_limit(monkeypatch, seconds):
    def endless(_):
        while True:
            time.sleep(0.001)

    monkeypatch.setattr(papers.Paper, "exact", lambda self: endless)
    local = solution(claim="local")
    held = papers.find_paper("khe_2025").held_against_exact(None, local, seconds)
    assert held.notes == ("no time was left to hold this against the paper's exact algorithm",)
    assert held.point == local.point and held.claim == "local"


def test_a_limit_is_for_the_exact_algorithm_too(toy, monkeypatch):
    given = []
    monkeypatch.setattr(solving, "solve", lambda *_, **__: solution(claim="local"))
    monkeypatch.setattr(papers.Paper, "held_against_exact", lambda self, _, found, left: given.append(left) or found)
    call("solve", "khe_2025", "hard_800", "--time-limit", "1000")
    call("solve", "khe_2025", "hard_800")
    assert 0 < given[0] < 1000 and given[1] is None


def test_an_exact_algorithm_says_nothing_about_a_variant_it_does_not_answer():
    result = run("solve", "khe_2025/share_of_call", "hard_800", "--reformulation", "product", "--starts", "1")
    assert result.returncode == 0 and "exact algorithm" not in result.stdout
