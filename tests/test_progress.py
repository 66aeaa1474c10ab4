"""The line on the terminal: there on a terminal, nowhere else, and gone at the end."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from bilevel_dr.progress import LOG, progress

pty = pytest.importorskip("pty", reason="terminals of our own need a Unix")


def on_a_terminal(*arguments):
    """What a command writes to stdout, and to the terminal that its stderr is."""
    mine, its = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "bilevel_dr", *arguments], stdout=subprocess.PIPE, stderr=its, text=True)
    os.close(its)
    seen = b""
    while True:
        try:
            part = os.read(mine, 4096)
        except OSError:  # Linux says so when the other side is gone
            part = b""
        if not part:
            break
        seen += part
    os.close(mine)
    answer, _ = process.communicate(timeout=60)
    return process.returncode, answer, seen.decode()


def test_a_terminal_sees_what_is_done_and_stdout_stays_clean():
    code, answer, seen = on_a_terminal("solve", "khe_2025", "small_800")
    assert code == 0
    assert "SCIP" in seen and "0:00:0" in seen
    assert "SCIP" not in answer and "\x1b" not in answer and "claim" in answer
    assert seen.rstrip().endswith("\x1b[2K")  # the line is wiped at the end


def test_nothing_without_a_terminal_and_levels_are_given_back(capfd):
    level = LOG.level
    with progress():
        LOG.info("unseen")
    assert capfd.readouterr() == ("", "") and LOG.level == level


def test_verbose_messages_take_its_place(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    LOG.setLevel(logging.INFO)
    handlers = list(LOG.handlers)
    try:
        with progress():
            assert LOG.handlers == handlers
    finally:
        LOG.setLevel(logging.NOTSET)
