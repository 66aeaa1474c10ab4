"""Folders for solvers: gone afterwards, kept where asked for, an error where they cannot be written."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

import bilevel_dr as bdr
from bilevel_dr import scratch as room
from bilevel_dr.scratch import keep_failure, keeping, scratch


def test_a_folder_is_gone_afterwards():
    with scratch() as folder:
        Path(folder, "model.nl").write_text("")
        Path(folder, "deep").mkdir()
    assert not os.path.exists(folder)


def test_a_folder_that_the_solver_removed_is_gone_too():
    with scratch() as folder:
        os.rmdir(folder)


def test_what_does_not_fit_is_an_error_with_its_remedy():
    with pytest.raises(bdr.SolverFailed, match="No space left on device; free some room there, or set TMPDIR"), scratch():
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_folder_that_cannot_be_made_is_an_error(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null")
    with pytest.raises(bdr.SolverFailed, match="^/dev/null: a solver's input cannot be written"), scratch():
        pytest.fail("it was made")


def test_nothing_is_kept_unless_asked_for(tmp_path):
    assert keep_failure(str(tmp_path), b"words") == ""


def test_the_last_failure_is_kept_without_what_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "LARGEST", 10)
    target = tmp_path / "run" / "solver"
    with keeping(target, "runs/1/solver"):
        for number in range(2):
            with scratch() as folder:
                Path(folder, f"model{number}.nl").write_text("input")
                Path(folder, "large").write_text("x" * 11)
                Path(folder, "deep").mkdir()
                assert keep_failure(folder, b"words") == "; its input and log are kept in runs/1/solver"
    assert {path.name: path.read_text() for path in target.iterdir()} == {"model1.nl": "input", "log.txt": "words"}
    assert keep_failure(str(tmp_path)) == ""


def test_what_cannot_be_kept_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with keeping(tmp_path / "file" / "solver", "there"):
        assert keep_failure(str(tmp_path)).startswith("; its input and log could not be kept in there: ")
