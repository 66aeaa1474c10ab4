"""Run folders: whole or not there, never in the way of anything else, the same numbers twice."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os

import numpy as np
import pytest

import bilevel_dr as bdr
from bilevel_dr import run_folder
from bilevel_dr.run_folder import as_json, write_run


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


def test_a_run_folder_holds_inputs_options_answer_versions_and_log(tmp_path, solution, data):
    target = write_run(str(tmp_path / "deep" / "run"), data, {"starts": 3}, solution, "one line\n")
    assert sorted(path.name for path in target.iterdir()) == ["log.txt", "run.json", "solution.csv"]
    run = json.loads((target / "run.json").read_text())
    assert run["inputs"]["data"]["sha256"] == hashlib.sha256(b"param target := 3;\n").hexdigest()
    assert run["options"] == {"starts": 3} and run["error"] is None
    assert run["solution"]["claim"] == "global" and run["solution"]["best_bound"] is None
    assert run["solution"]["certificate"]["passed"] is True
    assert {"python", "pyomo", "casadi"} <= set(run["versions"]) and run["bilevel_dr"] == bdr.__version__
    assert (target / "log.txt").read_text() == "one line\n"
    rows = list(csv.DictReader((target / "solution.csv").read_text().splitlines()))
    assert [row["index"] for row in rows] == ["1", "1,a,2"]
    assert {row["name"]: float(row["value"]) for row in rows} == dict(solution.point)
    assert target.stat().st_mode & 0o777 == 0o755


def test_an_earlier_run_is_replaced_whole_and_nothing_else_is_left(tmp_path, solution, data):
    target = write_run(str(tmp_path / "run"), data, {}, solution, "")
    (target / "stale.txt").write_text("old")
    write_run(str(target), data, {"second": True}, None, "", "SCIP: crashed")
    assert sorted(path.name for path in target.iterdir()) == ["log.txt", "run.json", "solution.csv"]
    run = json.loads((target / "run.json").read_text())
    assert run["error"] == "SCIP: crashed" and run["solution"] is None and run["options"] == {"second": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case.dat", "run"]


def test_a_folder_of_something_else_is_not_touched(tmp_path, solution, data):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(bdr.DataError, match="is no run folder"):
        write_run(str(tmp_path / "thesis"), data, {}, solution, "")
    with pytest.raises(bdr.DataError, match="is a file"):
        write_run(data["data"], data, {}, solution, "")
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "years of work"
    (tmp_path / "empty").mkdir()
    assert (write_run(str(tmp_path / "empty"), data, {}, solution, "") / "run.json").is_file()


def test_when_writing_fails_the_earlier_run_stays_and_nothing_half_written(tmp_path, solution, data, monkeypatch):
    target = write_run(str(tmp_path / "run"), data, {"first": True}, solution, "")
    rename, calls = os.rename, []

    def fail_second(source, destination):
        calls.append(source)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        rename(source, destination)

    monkeypatch.setattr(run_folder.os, "rename", fail_second)
    with pytest.raises(bdr.DataError, match="No space left on device; choose a folder"):
        write_run(str(target), data, {"second": True}, solution, "")
    assert json.loads((target / "run.json").read_text())["options"] == {"first": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case.dat", "run"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path, solution, data):
    with pytest.raises(bdr.DataError, match="choose a folder that can be written"):
        write_run(str(tmp_path / "case.dat" / "run"), data, {}, solution, "")


def test_a_solution_without_a_point_has_a_certificate_that_did_not_pass():
    nothing = bdr.Solution(None, "none", None, None, "infeasible", "sos1", "scip", 0.1)
    plain = run_folder.summary(nothing)
    assert plain["certificate"]["passed"] is False and plain["certificate"]["followers"] == {}


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
