"""A run repeated from its folder alone, for each paper and for a model of one's own; what has changed is said."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bilevel_dr as bdr
from bilevel_dr import cli, repeating
from bilevel_dr.repeating import compare_runs, read_run

MODEL = """
import pyomo.environ as pyo

model = pyo.AbstractModel("toy")
model.most = pyo.Param(within=pyo.Reals)
model.step = pyo.Param([1, 2], within=pyo.Reals, default=1)
model.x = pyo.Var(within=pyo.NonNegativeReals)
model.bound = pyo.Constraint(rule=lambda model: model.x <= model.most)

@model.Block()
def follower(block):
    block.y = pyo.Var(bounds=(0, 100))
    block.rising = pyo.Constraint(expr=block.y <= block.model().step[1] + block.model().x)
    block.best = pyo.Objective(expr=block.y, sense=pyo.maximize)

@model.Objective()
def cost(model):
    return model.follower.y + 2 * model.x
"""


def call(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture
def kept(tmp_path):
    """A run of a model of one's own whose data include another file; of both only the run folder is left."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "toy.py").write_text(MODEL)
    (here / "toy.dat").write_text("param most := 4;\ninclude more.dat;\n")
    (here / "more.dat").write_text("param step := 1 5;\n")
    out = tmp_path / "run"
    result = call("solve", here / "toy.py", here / "toy.dat", "--trust-data", "--set", "most=3", "--out", out)
    assert result.exit_code == 0, result.output
    shutil.rmtree(here)
    return out


def edit(folder: Path, change) -> None:
    record = json.loads((folder / "run.json").read_text())
    change(record)
    (folder / "run.json").write_text(json.dumps(record))


QUICK = [
    ("khe_2025", "hard_800"),
    ("li_2025", "fig2_convex"),
    ("le_cadre_2018", "tou8"),
    ("shayegan_rad_2019/lossless", "weekend", "--reformulation", "product", "--starts", "1"),
]


@pytest.mark.parametrize("words", QUICK, ids=lambda words: words[0])
def test_a_case_of_every_paper_solved_twice_gives_equal_numbers(tmp_path, words):
    assert call("solve", *words, "--out", tmp_path / "run").exit_code == 0
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    count = len(read_run(str(tmp_path / "elsewhere")).point)
    result = call("repeat", tmp_path / "elsewhere")
    assert result.exit_code == 0 and count > 1
    assert result.stdout == f"equal: {count} values and the leader's objective, to the last digit\n"


def test_a_model_of_ones_own_is_repeated_from_its_folder_alone(kept):
    assert sorted(path.name for path in (kept / "inputs").iterdir()) == ["more.dat", "toy.dat", "toy.py"]
    result = call("repeat", kept, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0 and told["equal"] and told["exactly"] and told["largest_difference"] == 0.0
    assert told["now"]["leader_objective"] == told["kept"]["leader_objective"] == pytest.approx(5)
    assert told["changes"] == [] and told["differs"] == []


def test_numbers_that_differ_are_named(kept):
    csv = kept / "solution.csv"
    text = csv.read_text()
    csv.write_text(text.replace("follower.y,follower.y,,5.0", "follower.y,follower.y,,5.0000001"))
    assert csv.read_text() != text
    result = call("repeat", kept)
    assert result.exit_code == 0 and "equal within 1e-6: 2 values" in result.stdout and "2e-08 (relative), at follower.y" in result.stdout
    csv.write_text(text.replace(",5.0", ",4.0"))
    result = call("repeat", kept)
    assert result.exit_code == 7 and "not equal: 2 values" in result.stdout and "0.2 (relative), at follower.y" in result.stdout
    csv.write_text("\n".join(text.splitlines()[:-1]) + "\n")
    assert json.loads(call("repeat", kept, "--json").stdout)["largest_difference"] is None
    csv.write_text(text)
    edit(kept, lambda record: record["solution"].update(claim="local"))
    result = call("repeat", kept)
    assert result.exit_code == 7 and "claim was local and is global" in result.stdout


def test_what_has_changed_since_is_said(kept, tmp_path, monkeypatch):
    assert call("solve", "khe_2025", "hard_800", "--out", tmp_path / "paper").exit_code == 0
    edit(tmp_path / "paper", lambda record: record["inputs"]["model"].update(sha256="0" * 64))
    edit(tmp_path / "paper", lambda record: record["versions"].update(pyomo="5.0", gone="1.0"))
    result = call("repeat", tmp_path / "paper")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0 and lines[0] == "khe_2025: its model file is not the one of the run"
    assert lines[1].startswith("pyomo was 5.0 and is 6.") and lines[2] == "gone was 1.0 and is not installed"
    (kept / "inputs" / "more.dat").write_text("param step := 1 6;\n")
    result = call("repeat", kept)
    assert result.exit_code == 7 and "inputs/more.dat was changed after the run" in result.stdout


def test_a_run_that_ended_in_an_error_then_has_nothing_equal(kept):
    edit(kept, lambda record: record.update(solution=None, error="SCIP: crashed"))
    result = call("repeat", kept)
    assert result.exit_code == 7 and "it ended in an error then: SCIP: crashed" in result.stdout


def test_an_infeasible_run_is_repeated_too(tmp_path):
    (tmp_path / "toy.py").write_text(MODEL)
    (tmp_path / "toy.dat").write_text("param most := -1;\n")
    assert call("solve", tmp_path / "toy.py", tmp_path / "toy.dat", "--out", tmp_path / "run").exit_code == 3
    result = call("repeat", tmp_path / "run")
    assert result.exit_code == 0 and "equal: 0 values" in result.stdout


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "run.json").unlink(), "is no run folder: run.json: No such file"),
        (lambda folder: (folder / "solution.csv").unlink(), "is no run folder: solution.csv"),
        (lambda folder: (folder / "run.json").write_text("{"), "is no whole run folder"),
        (lambda folder: (folder / "run.json").write_text("[]"), "is no whole run folder"),
        (lambda folder: (folder / "solution.csv").write_text("name,value\nx,many\n"), "is no whole run folder"),
        (lambda folder: (folder / "inputs" / "toy.dat").unlink(), "lacks inputs/toy.dat"),
        (lambda folder: (folder / "inputs" / "more.dat").unlink(), "lacks inputs/more.dat"),
        (lambda folder: edit(folder, lambda record: record["inputs"]["data"].pop("copy")), "lacks its data file"),
        (lambda folder: edit(folder, lambda record: record["options"].pop("seed")), "lacks the option seed"),
        (lambda folder: edit(folder, lambda record: record.pop("versions")), "is no whole run folder"),
    ],
)
def test_a_folder_that_cannot_be_repeated_is_said_in_one_line(kept, spoil, said):
    spoil(kept)
    result = call("repeat", kept)
    assert result.exit_code == 2 and said in result.stderr and result.stderr.count("\n") == 1 and result.stdout == ""


def test_the_largest_difference_is_relative():
    record = {"solution": None, "error": ""}
    certificate = bdr.Certificate(True, 0.0, 0.0, 0.0)
    now = bdr.Solution(1e6, "local", certificate, None, "optimal", "sos1", "scip", 0.1, {"x": 1e6, "y": float("nan")})
    record["solution"] = json.loads(repeating.as_json(repeating.summary(now)))
    run = repeating.KeptRun(Path(tempfile.gettempdir()), record, {"x": 1e6 + 1, "y": float("nan")})
    found = compare_runs(run, now)
    assert found.largest == pytest.approx(1e-6, rel=1e-4) and found.at == "x" and not found.exactly
