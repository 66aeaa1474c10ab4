"""Sweeps: every point once, none lost, the same results whoever answers them, and what failed is a row with its reason."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import bilevel_dr as bdr
from bilevel_dr import cli, sweeping
from bilevel_dr.models.khe_2025 import exact
from bilevel_dr.models.khe_2025.model import model as khe
from bilevel_dr.papers import resolve_data, resolve_model
from bilevel_dr.sweeping import recipe
from bilevel_dr.sweeping.journal import FILE
from bilevel_dr.workers import as_answered

MODEL = """
import os, pathlib, time
import pyomo.environ as pyo

model = pyo.AbstractModel("toy")
model.least = pyo.Param(within=pyo.Reals)
model.step = pyo.Param([1, 2], within=pyo.NonNegativeReals, default=1)
model.x = pyo.Var(bounds=(0, 10))


@model.BuildCheck()
def least_is_no_seven(m):
    return m.least != 7


@model.Block()
def follower(block):
    m = block.model()
    block.y = pyo.Var(bounds=(0, 100))
    block.rising = pyo.Constraint(expr=block.y >= m.x + m.step[1])
    block.best = pyo.Objective(expr=block.y)


@model.Constraint()
def at_least(m):
    if os.environ.get("TOY_LOG"):
        with open(os.environ["TOY_LOG"], "a") as log:
            log.write(f"{m.least.value if hasattr(m.least, 'value') else m.least} {os.getpid()}\\n")
        time.sleep(float(os.environ["TOY_SECONDS"]))
    return m.x >= m.least


@model.Objective()
def cost(m):
    return m.follower.y + 2 * m.x
"""
"""The leader decides as little as it may, the follower one step more: cost 3 · least + step[1]."""


@pytest.fixture
def toy(tmp_path):
    (tmp_path / "toy.py").write_text(MODEL)
    (tmp_path / "toy.dat").write_text("param least := 1;\n")
    return [str(tmp_path / "toy.py"), str(tmp_path / "toy.dat")]


def call(*arguments):
    """A command in this process."""
    return CliRunner().invoke(cli.app, ["sweep", *(str(argument) for argument in arguments)])


def journalled(folder):
    """The points of a journal, read while others may write it."""
    if not Path(folder, FILE).is_file():
        return []
    with closing(sqlite3.connect(f"file:{Path(folder, FILE)}?mode=ro", uri=True, timeout=10)) as connection:
        try:
            return [json.loads(point) for (point,) in connection.execute("SELECT point FROM points")]
        except sqlite3.OperationalError:  # its tables are not there yet
            return []


def plain(table):
    return table.drop(columns="seconds")


# Results --------------------------------------------------------------------------------------------------------------


def test_every_point_is_solved_and_verified(toy, tmp_path):
    table = bdr.sweep(*toy, {"least": (0, 4, 3), "step[1]": [1, 2.5]}, keep=["x", "follower.y"], folder=tmp_path / "s")
    assert list(table.columns) == ["least", "step[1]", *recipe.OUTCOMES, "x", "follower.y"]
    assert table["least"].tolist() == [0, 0, 2, 2, 4, 4] and table["step[1]"].tolist() == [1, 2.5] * 3
    assert np.allclose(table["leader_objective"], 3 * table["least"] + table["step[1]"])
    assert np.allclose(table["x"], table["least"]) and np.allclose(table["follower.y"], table["x"] + table["step[1]"])
    assert table["certificate_passed"].all() and set(table["claim"]) == {"global"} and not table["reason"].any()
    assert (table["follower_gap"] <= 1e-6).all() and (table["seconds"] > 0).all()
    assert table.attrs == {"solved": 6, "resumed": 0}
    written = pd.read_csv(tmp_path / "s" / "results.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(written, table, check_dtype=False)
    about = json.loads((tmp_path / "s" / "sweep.json").read_text())
    assert (about["points"], about["certified"]) == (6, 6) and about["versions"]["pyomo"]
    assert set(about["files"]) == set(toy)


def test_workers_give_the_same_results(toy):
    design = {"least": (0, 5, 6), "step[1]": [1, 2]}
    one, two = (bdr.sweep(*toy, design, keep="x", workers=workers) for workers in (1, 2))
    pd.testing.assert_frame_equal(plain(one), plain(two))


def test_points_that_fail_are_rows_with_their_reason(toy):
    table = bdr.sweep(*toy, {"least": [1, 7, 11, 2]})
    assert table["termination"].tolist() == ["optimal", "failed", "infeasible", "optimal"]
    assert table["claim"].tolist() == ["global", "none", "none", "global"]
    assert table["certificate_passed"].tolist() == [True, False, False, True]
    assert "least is no seven" in table["reason"][1] and "infeasible" in table["reason"][2]
    assert table["leader_objective"].isna().tolist() == [False, True, True, False]


def test_a_certificate_that_failed_is_marked(toy, monkeypatch):
    def refused(instance, **ways):
        solution = bdr.solve(instance)
        return replace(solution, claim="none", certificate=replace(solution.certificate, passed=False, reasons=("y is off",)))

    monkeypatch.setattr(sweeping, "solve", refused)
    table = bdr.sweep(*toy, {"least": [1]})
    assert not table["certificate_passed"][0] and table["claim"][0] == "none" and table["reason"][0] == "y is off"
    result = call(*toy, "--grid", "least=1", "--workers", 1, "--out", Path(toy[0]).parent / "s")
    assert result.exit_code == 5 and "✗" in result.stdout and "not certified: least=1: y is off" in result.stderr


def test_what_a_model_raises_costs_its_point_only(toy):
    Path(toy[0]).write_text(MODEL.replace("return m.x >= m.least", "return m.x >= [3, 4][int(m.least) - 1]"))
    table = bdr.sweep(*toy, {"least": [1, 9, 2]})
    assert table["certificate_passed"].tolist() == [True, False, True] and "IndexError" in table["reason"][1]


def test_a_worker_that_dies_or_takes_too_long_costs_its_point_only(toy):
    lines = 'return m.x >= m.least if m.least not in (3, 4) else os.kill(os.getpid(), 9) if m.least == 3 else time.sleep(60)'
    Path(toy[0]).write_text(MODEL.replace("return m.x >= m.least", lines))
    table = bdr.sweep(*toy, {"least": [1, 3, 4, 2]}, workers=2, limit=12)
    assert table["certificate_passed"].tolist() == [True, False, False, True]
    assert "the worker process died (killed by signal SIGKILL)" in table["reason"][1]
    assert table["termination"][2] == "limit" and "no answer within 12 s" in table["reason"][2]


def test_an_exact_algorithm_is_asked_and_verified():
    data = resolve_data("hard_800", resolve_model("khe_2025")[2])
    design = {"target": (200, 800, 3)}
    table = bdr.sweep(khe, data, design, exact=exact.solve, reformulation="exact", keep=["call[1]"])
    assert set(table["reformulation"]) == {"exact"} and table["certificate_passed"].all()
    solved = bdr.sweep(khe, data, design, reformulation="sos1", solver="scip")
    assert np.allclose(table["leader_objective"], solved["leader_objective"], rtol=1e-6)
    assert set(solved["solver"]) == {"scip"}
    with pytest.raises(bdr.ModelError, match="no exact algorithm"):
        bdr.sweep(khe, data, design, reformulation="exact")


def test_a_game_has_no_leader_s_objective(tmp_path):
    _, _, paper = resolve_model("li_2025")
    table = bdr.sweep(paper.model(), resolve_data("fig2_convex", paper), {"c": [0.001]}, exact=paper.exact(), folder=tmp_path)
    assert table["claim"].tolist() == ["nash"] and table["leader_objective"].isna().all() and table["certificate_passed"].all()


def test_a_list_and_seeded_draws(toy, tmp_path):
    (tmp_path / "points.csv").write_text("least,step[2]\n1,3\n2,\n")
    table = bdr.sweep(*toy, tmp_path / "points.csv")
    assert table["least"].tolist() == [1, 2] and table["step[2]"].isna().tolist() == [False, True]
    assert table["certificate_passed"].all()
    draws = [bdr.sweep(*toy, {"least": (0, 5)}, samples=4, seed=seed)["least"].tolist() for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


# Resuming -------------------------------------------------------------------------------------------------------------


def test_what_the_journal_has_is_not_solved_again(toy, tmp_path, monkeypatch):
    log = tmp_path / "log"
    monkeypatch.setenv("TOY_LOG", str(log))
    monkeypatch.setenv("TOY_SECONDS", "0")

    def solved(design, **options):
        before = len(log.read_text().splitlines()) if log.exists() else 0
        table = bdr.sweep(*toy, design, folder=tmp_path / "s", **options)
        built = len(log.read_text().splitlines()) - before - 1  # one is looked at before the first
        assert built == table.attrs["solved"]
        return built, table

    first, table = solved({"least": [1, 11, 2]})
    again, same = solved({"least": [1, 11, 2]})
    assert (first, again) == (3, 0) and same.attrs["resumed"] == 3
    pd.testing.assert_frame_equal(table, same)  # its seconds too
    assert solved({"least": [1.0, 2, 11, 3]})[0] == 1  # more points, another order
    assert solved({"least": [1, 1, 1]})[0] == 0
    assert solved({"least": [1, 11]}, retry=True)[0] == 1  # what failed, when asked to
    assert solved({"least": [1]}, keep=["x"])[0] == 1
    assert solved({"least": [1]}, solver="scip", reformulation="sos1")[0] == 1
    assert solved({"least": [1]}, overrides={"step": {1: 2}})[0] == 1
    assert solved({"least": [1]}, workers=2, limit=60)[0] == 0  # who answers does not count
    Path(toy[1]).write_text("param least := 1;  # another remark\n")
    assert solved({"least": [1]})[0] == 1
    Path(toy[0]).write_text(MODEL.replace("2 * m.x", "3 * m.x"))
    count, changed = solved({"least": [1]})
    assert count == 1 and changed["leader_objective"][0] == pytest.approx(5)
    monkeypatch.setattr(sweeping, "versions_that_count", lambda: recipe.versions_that_count() | {"pyomo": "7.0"})
    other = bdr.sweep(*toy, {"least": [1]}, folder=tmp_path / "s")
    assert other.attrs["solved"] == 1 and "this machine has pyomo" in other["reason"][0]


def test_the_journal_s_data_are_those_of_the_beginning(toy, tmp_path):
    """A data file edited in mid-sweep does not change the points that are left."""
    Path(toy[0]).write_text(MODEL.replace("model.least = pyo.Param(within=pyo.Reals)", "model.least = pyo.Param()\nmodel.fee = pyo.Param(default=0)").replace("+ 2 * m.x", "+ 2 * m.x + m.fee"))
    Path(toy[1]).write_text("param least := 1;\nparam fee := 10;\n")
    ask = recipe.Recipe.__call__

    def asked(self, point):
        answer = ask(self, point)
        Path(toy[1]).write_text("param least := 1;\nparam fee := 20;\n")
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe.Recipe, "__call__", asked)
        table = bdr.sweep(*toy, {"least": [1, 2, 3]})
    assert table["leader_objective"].tolist() == pytest.approx([14, 17, 20])


@pytest.fixture
def slow(tmp_path, monkeypatch):
    """Every build is logged and takes a moment; a command that sweeps in a process of its own."""
    log, temporary = tmp_path / "log", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TOY_LOG", str(log))
    monkeypatch.setenv("TOY_SECONDS", "0.2")
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))

    def begun(*arguments, points=3):
        process = subprocess.Popen(
            [sys.executable, "-m", "bilevel_dr", "sweep", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        until = time.monotonic() + 90
        while len(journalled(tmp_path / "s")) < points:
            assert time.monotonic() < until and process.poll() is None, process.communicate()
            time.sleep(0.02)
        return process

    begun.log, begun.temporary = log, temporary
    return begun


def builders(log):
    return {int(line.split()[1]) for line in log.read_text().splitlines()}


def gone(pids, within=20.0):
    until = time.monotonic() + within
    while any(Path("/proc", str(pid)).exists() and ") Z " not in Path("/proc", str(pid), "stat").read_text() for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for under /proc")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_sweep_goes_on_where_it_was(toy, slow, tmp_path, workers):
    command = [*toy, "--grid", "least=0:6:7", "--workers", workers]
    process = slow(*command, "--out", tmp_path / "s")
    process.kill()  # nothing is said, nothing can be cleaned up
    process.communicate()
    before = builders(slow.log)
    assert gone(before)
    kept = len(journalled(tmp_path / "s"))
    done = subprocess.run(
        [sys.executable, "-m", "bilevel_dr", "sweep", *map(str, command), "--resume", tmp_path / "s", "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["points"], answer["certified"], answer["resumed"]) == (7, 7, kept) and answer["solved"] == 7 - kept
    assert [row["leader_objective"] for row in answer["results"]] == pytest.approx([3 * k + 1 for k in range(7)])
    assert sorted(point["least"] for point in journalled(tmp_path / "s")) == list(range(7))
    built = [line for line in slow.log.read_text().splitlines() if int(line.split()[1]) not in before]
    assert len(built) == 7 - kept + 1  # one is looked at before the first


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for under /proc")
def test_ctrl_c_ends_at_once_and_says_how_to_go_on(toy, slow, tmp_path):
    process = slow(*toy, "--grid", "least=0:6:7", "--workers", 2, "--out", tmp_path / "s")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)
    assert process.returncode == 130 and time.monotonic() - began < 15 and said[0] == ""
    assert list(slow.temporary.iterdir()) == [] and gone(builders(slow.log), within=0)
    last = said[1].splitlines()[-1]
    assert last.startswith("bilevel-dr: interrupted; no process and no temporary file is left; to go on: bilevel-dr sweep ")
    words = shlex.split(last.partition("to go on: ")[2])
    assert words[-2:] == ["--resume", str(tmp_path / "s")] and "--out" not in words
    kept = len(journalled(tmp_path / "s"))
    done = subprocess.run([sys.executable, "-m", "bilevel_dr", *words[1:]], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"7 of 7 points certified, {kept} of them by an earlier run" in done.stdout


# The command ----------------------------------------------------------------------------------------------------------


def test_the_command_prints_points_and_where_the_rest_is(toy, tmp_path):
    result = call(*toy, "--grid", "least=0:9:30", "--workers", 1, "--out", tmp_path / "s")
    assert result.exit_code == 0, result.stderr
    assert "✓" in result.stdout and f"… and 6 more points: {tmp_path}/s/results.csv has them all" in result.stdout.replace("\n", "")
    assert "30 of 30 points certified" in result.stdout and result.stderr == ""


def test_failures_are_listed_and_end_with_5(toy, tmp_path):
    arguments = [*toy, "--grid", "least=1,11,7", "--workers", 1, "--out", tmp_path / "s"]
    for more in ([], ["--json"], ["--retry"]):
        result = call(*arguments, *more)
        assert result.exit_code == 5
        assert "not certified: least=11: infeasible" in result.stderr and "not certified: least=7: " in result.stderr
    rows = json.loads(call(*arguments, "--json").stdout)["results"]
    assert [row["certificate_passed"] for row in rows] == [True, False, False] and rows[1]["leader_objective"] is None


def test_its_default_folder_is_named_after_the_case(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call(*toy, "--random", 3, "--range", "least=0:5", "--seed", 1, "--workers", 1).exit_code == 0
    assert (tmp_path / "build/sweep/toy-toy/results.csv").is_file()
    assert call("khe_2025/share_of_call", "hard_800", "--grid", "target=9", "--workers", 1).exit_code == 0
    assert (tmp_path / "build/sweep/khe_2025-share_of_call-hard_800/results.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "give one design"),
        (["--grid", "least=1", "--list", "x.csv"], 2, "give one design"),
        (["--random", "4"], 2, "--random N and --range NAME=LOW:HIGH belong together"),
        (["--grid", "least=1", "--range", "least=1:2"], 2, "belong together"),
        (["--grid", "least=1:2"], 2, "write least=low:high:count"),
        (["--grid", "least=1", "--grid", "least=2"], 2, "least is given twice"),
        (["--grid", "leats=1"], 2, "the nearest name is least"),
        (["--grid", "step[3]=1"], 2, "step[3] = 1: index 3 is not in"),
        (["--grid", "step[1]=1,-1"], 2, "step[1] = -1: not in NonNegativeReals"),
        (["--grid", "least=1,x"], 2, "least = x: text where a number of Reals belongs"),
        (["--grid", "least=1", "--set", "least=2"], 2, "least is set for all points and differs between them"),
        (["--grid", "least=1", "--keep", "follower.z"], 2, "keep 'follower.z': no such variable; the nearest is follower.y"),
        (["--grid", "least=1", "--route", "sos3"], 2, "reformulation 'sos3' is unknown"),
        (["--grid", "least=1", "--route", "exact"], 2, "no exact algorithm"),
        (["--grid", "least=1", "--solver", "ipotp"], 6, "did you mean 'ipopt'?"),
        (["--grid", "least=1", "--resume", "nowhere"], 2, "--resume nowhere: there is no journal of a sweep"),
        (["--grid", "least=1", "--resume", "nowhere", "--out", "there"], 2, "give one of --out and --resume"),
        (["--list", "no.csv"], 2, "no.csv: cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_one_line_before_anything_is_solved(toy, tmp_path, monkeypatch, arguments, code, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sweeping, "as_answered", None)
    result = call(*toy, *arguments, "--workers", 1)
    assert result.exit_code == code and said in result.stderr and len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stdout == "" and not (tmp_path / "build").exists()


def test_two_sweeps_in_one_folder_are_refused_in_one_line(toy, slow, tmp_path):
    process = slow(*toy, "--grid", "least=0:6:7", "--workers", 1, "--out", tmp_path / "s")
    result = call(*toy, "--grid", "least=1", "--workers", 1, "--out", tmp_path / "s")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert result.exit_code == 2 and "another sweep is at work there" in result.stderr and len(result.stderr.splitlines()) == 1


def test_progress_says_how_much_is_left(toy, caplog):
    with caplog.at_level("INFO", "bilevel_dr"):
        bdr.sweep(*toy, {"least": [1, 11]})
    told = [record for record in caplog.records if record.name == "bilevel_dr.sweeping"]
    assert [record.part for record in told] == [0, 0.5, 1]
    assert told[1].getMessage().startswith("1 of 2 points, 0 failed, about ") and "2 of 2 points, 1 failed" in told[2].getMessage()
    assert [sweeping._duration(seconds) for seconds in (42, 200, 9000)] == ["42 s", "3 min", "2.5 h"]


def test_the_door_is_closed_where_the_journal_cannot_be_written(toy, tmp_path, monkeypatch):
    left = []
    monkeypatch.setattr(sweeping, "as_answered", lambda *arguments: _noted(as_answered(*arguments), left))
    monkeypatch.setattr(sweeping.Journal, "record", lambda *_: (_ for _ in ()).throw(bdr.DataError("disk full")))
    with pytest.raises(bdr.DataError, match="disk full"):
        bdr.sweep(*toy, {"least": [1, 2, 3]}, folder=tmp_path / "s")
    assert left == ["closed"]


def _noted(coming, left):
    try:
        yield from coming
    finally:
        left.append("closed")
