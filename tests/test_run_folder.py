"""Run folders: whole or not there, never in the way of anything else, the same numbers twice."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import math
import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import bilevel_dr as bdr
from bilevel_dr import run_folder
from bilevel_dr.run_folder import STAGE, Run, as_json


@pytest.fixture
def solution():
    check = bdr.FollowerCheck(1.0, 1.0, 0.0, 0.0, 0.0, math.nan)
    certificate = bdr.Certificate(True, 0.0, 0.0, 0.0, followers={"consumer[1]": check})
    point = {"call[1]": 0.1 + 0.2, "consumer[1].shift[a,2]": 1e-300}
    return bdr.Solution(
        1.5, "global", certificate, math.inf, "optimal", "sos1", "scip", 0.1, point, {"consumer[1]": 1.0}
    )


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "case.dat"
    path.write_bytes(b"param target := 3;\n")
    return {"data": str(path)}


def write_run(out, data: dict, options: dict, solution, log: str = "", error: str = ""):
    """A run from its beginning to its end."""
    run = Run.begin(str(out), options)
    try:
        for part, path in data.items():
            run.take(part, path)
        run.log.write_text(log)
        return run.finish(solution, error)
    finally:
        run.drop()


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch):
    """Temporary folders are made where they can be counted, and are gone after every test."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


FILES = ["inputs", "log.txt", "run.json", "solution.csv"]


def test_a_run_folder_holds_inputs_options_answer_versions_and_log(tmp_path, solution, data):
    target = write_run(tmp_path / "deep" / "run", data, {"starts": 3}, solution, "one line\n")
    assert sorted(path.name for path in target.iterdir()) == FILES
    run = json.loads((target / "run.json").read_text())
    entry = run["inputs"]["data"]
    assert entry["sha256"] == hashlib.sha256(b"param target := 3;\n").hexdigest() and entry["path"] == data["data"]
    assert (target / entry["copy"]).read_bytes() == b"param target := 3;\n"
    assert run["options"] == {"starts": 3} and run["error"] is None and "out" not in run
    assert run["solution"]["claim"] == "global" and run["solution"]["best_bound"] is None
    assert run["solution"]["certificate"]["passed"] is True
    assert {"python", "pyomo", "casadi"} <= set(run["versions"]) and run["bilevel_dr"] == bdr.__version__
    assert (target / "log.txt").read_text() == "one line\n"
    rows = list(csv.DictReader((target / "solution.csv").read_text().splitlines()))
    assert [row["index"] for row in rows] == ["1", "1,a,2"]
    assert {row["name"]: float(row["value"]) for row in rows} == dict(solution.point)
    assert target.stat().st_mode & 0o777 == 0o755


def test_an_earlier_run_is_replaced_whole_and_nothing_else_is_left(tmp_path, solution, data):
    target = write_run(tmp_path / "run", data, {}, solution)
    (target / "stale.txt").write_text("old")
    write_run(target, data, {"second": True}, None, "", "SCIP: crashed")
    assert sorted(path.name for path in target.iterdir()) == FILES
    run = json.loads((target / "run.json").read_text())
    assert run["error"] == "SCIP: crashed" and run["solution"] is None and run["options"] == {"second": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case.dat", "run"]


def test_inputs_are_those_of_the_beginning(tmp_path, solution, data):
    run = Run.begin(str(tmp_path / "run"), {})
    run.take("data", data["data"])
    (tmp_path / "case.dat").write_bytes(b"edited while it was solved")
    target = run.finish(solution)
    run.drop()
    entry = json.loads((target / "run.json").read_text())["inputs"]["data"]
    assert (target / entry["copy"]).read_bytes() == b"param target := 3;\n"
    assert entry["sha256"] == hashlib.sha256(b"param target := 3;\n").hexdigest()


def test_what_is_begun_can_be_finished_by_another_process(tmp_path, temporary, data):
    """As the command line does after a crash: all that is needed is in the temporary folder."""
    begun = Run.begin(str(tmp_path / "run"), {"starts": 3})
    begun.take("data", data["data"])
    begun.log.write_text("so far\n")
    (found,) = temporary.glob(f"{STAGE}*/")
    target = Run(found).finish(None, "SIGSEGV")
    Run(found).drop()
    run = json.loads((target / "run.json").read_text())
    assert run["error"] == "SIGSEGV" and run["options"] == {"starts": 3} and set(run["inputs"]) == {"data"}
    assert (target / "log.txt").read_text() == "so far\n" and (target / "inputs" / "case.dat").is_file()


def test_a_folder_of_something_else_is_not_touched(tmp_path, solution, data, monkeypatch):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(bdr.DataError, match="is no run folder"):
        write_run(tmp_path / "thesis", data, {}, solution)
    with pytest.raises(bdr.DataError, match="is a file"):
        write_run(data["data"], data, {}, solution)
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "years of work"
    (tmp_path / "empty").mkdir()
    assert (write_run(tmp_path / "empty", data, {}, solution) / "run.json").is_file()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(bdr.DataError, match="is where this is run"):
        write_run(".", data, {}, solution)


def test_a_link_stays_a_link(tmp_path, solution, data):
    write_run(tmp_path / "run", data, {}, solution)
    (tmp_path / "latest").symlink_to("run")
    write_run(tmp_path / "latest", data, {"second": True}, solution)
    assert (tmp_path / "latest").is_symlink()
    assert json.loads((tmp_path / "run" / "run.json").read_text())["options"] == {"second": True}


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("step", ["copies", "writes", "first move", "second move"])
def test_when_writing_fails_the_earlier_run_stays_and_nothing_half_written(tmp_path, solution, data, monkeypatch, step):
    target = write_run(tmp_path / "run", data, {"first": True}, solution)
    moves = {"first move": 2, "second move": 3}
    rename, calls = os.rename, []

    def full(*_, **__):
        raise FULL

    def move(source, destination):
        calls.append(source)
        if len(calls) == moves.get(step):
            raise FULL
        rename(source, destination)

    monkeypatch.setattr(run_folder.os, "rename", move)
    if step == "copies":
        monkeypatch.setattr(run_folder.shutil, "copytree", full)
    if step == "writes":
        monkeypatch.setattr(run_folder, "_write_point", full)
    with pytest.raises(bdr.DataError, match="No space left on device; choose a folder"):
        write_run(target, data, {"second": True}, solution)
    assert json.loads((target / "run.json").read_text())["options"] == {"first": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case.dat", "run"]


def test_a_disk_that_is_full_in_truth(tmp_path, solution, data):
    """On a file system of 64 kB, where the machine lets us have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True)
    if done.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        target = write_run(disk / "run", data, {"first": True}, solution)
        with pytest.raises(bdr.DataError, match="No space left on device"):
            write_run(target, data, {"second": True}, solution, "x" * 100_000)
        assert json.loads((target / "run.json").read_text())["options"] == {"first": True}
        assert [path.name for path in disk.iterdir()] == ["run"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_two_runs_that_end_in_one_folder_leave_one_whole_run(tmp_path, solution, data):
    target, numbers = tmp_path / "run", range(20)

    def write(number):
        for _ in range(5):
            write_run(target, data, {"number": number}, solution, f"{number}\n")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, numbers))
    number = json.loads((target / "run.json").read_text())["options"]["number"]
    assert number in numbers and (target / "log.txt").read_text() == f"{number}\n"
    assert sorted(path.name for path in target.iterdir()) == FILES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case.dat", "run"]


@pytest.mark.parametrize("out", ["/proc/run", "/proc/1/run", "/dev/null/run"])
def test_a_folder_that_cannot_be_written_even_by_root_is_said_at_once(out):
    with pytest.raises(bdr.DataError, match=f"^--out {out}: .*; choose a folder that can be written"):
        Run.begin(out, {})


def test_a_folder_that_cannot_be_made_is_said(tmp_path, solution, data):
    with pytest.raises(bdr.DataError, match="choose a folder that can be written"):
        write_run(tmp_path / "case.dat" / "run", data, {}, solution)


def test_the_log_of_a_solver_that_failed_stays_where_nothing_else_was_found(tmp_path, solution, data):
    for answer, kept in ((solution, False), (replace(solution, claim="none"), True), (None, True)):
        run = Run.begin(str(tmp_path / "run"), {})
        (run.stage / "solver").mkdir()
        (run.stage / "solver" / "log.txt").write_text("crashed")
        target = run.finish(answer, "" if answer else "crashed")
        run.drop()
        assert (target / "solver" / "log.txt").exists() == kept


def test_a_solution_without_a_point_has_a_certificate_that_did_not_pass():
    nothing = bdr.Solution(None, "none", None, None, "infeasible", "sos1", "scip", 0.1)
    plain = run_folder.summary(nothing)
    assert plain["certificate"]["passed"] is False and plain["certificate"]["followers"] == {}


def test_a_certificate_that_did_not_pass_is_kept_with_its_reasons(solution):
    failed = replace(solution.certificate, passed=False, reasons=("leader: row violated by 1 (scaled)",), leader_violation=1.0)
    plain = run_folder.summary(replace(solution, claim="none", certificate=failed))["certificate"]
    assert (plain["passed"], plain["leader_violation"], plain["reasons"]) == (False, 1.0, failed.reasons)
    assert plain["followers"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, "null"),
        (-math.inf, "null"),
        (np.float64("nan"), "null"),
        (np.float64(0.5), "0.5"),
        (np.int64(3), "3"),
        (np.bool_(True), "true"),
        (np.array([1.0, math.inf]), "[1.0, null]"),
        ({3: (1, None, {"a"})}, '{"3": [1, null, ["a"]]}'),
        ("λ", '"λ"'),
    ],
)
def test_json_is_what_the_standard_has(value, text):
    assert as_json(value) == text
