"""What README.md tells a reader to type works as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import readme

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.S | re.M)


@pytest.mark.parametrize("code", [text for language, text in BLOCKS if language == "python"])
def test_its_python_runs(code, monkeypatch):
    monkeypatch.chdir(ROOT)
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    if "solution" in names:
        assert names["solution"].certificate.passed


def commands():
    """Each ``bilevel-dr`` line of a code block, without its remark."""
    lines = "".join(text for language, text in BLOCKS if not language).splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("bilevel-dr ")]


@pytest.mark.parametrize("words", [words for words in commands() if words[0] != "reproduce"], ids=" ".join)
def test_its_commands_run(words, tmp_path):
    (tmp_path / "mine.dat").write_bytes((ROOT / "data/khe_2025/hard_800.dat").read_bytes())
    command = [sys.executable, "-m", "bilevel_dr", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_table_is_what_is_reproduced(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bilevel_dr", "reproduce", "--quick", "--json", "--out", str(tmp_path)],
        capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert readme.TABLE.search(README).group() == readme.table(json.loads(done.stdout)), "stale: run make readme"


def test_the_makefile_has_the_targets_it_names():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?m)^make (\S+)", README):
        assert re.search(rf"(?m)^{target}:", makefile), target


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target
