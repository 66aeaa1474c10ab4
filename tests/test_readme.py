"""What README.md tells a reader to type works as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import readme
import readme_picture

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.S | re.M)


def test_its_example_prints_what_it_shows():
    code, shown = readme.EXAMPLE.search(README).groups()
    assert readme.printed(code) == shown, "stale: run make readme"
    assert sum(bool(line.strip()) for line in code.splitlines()) == 10


def test_its_order():
    headings = re.findall(r"(?m)^## (.*)$", README)
    wanted = ["Two commands", "One example", "Reported and reproduced", "Change a number", "How to cite", "The tree"]
    assert headings == wanted and README.index("](docs/bilevel.svg)") < README.index("## Two commands")


def test_its_picture_is_drawn_from_what_is_found_now():
    """Whatever the layout: each axis of the file is an affine image of the numbers, some of which are computed again."""
    text, every = readme_picture.FILE.read_text(encoding="utf-8"), 5
    prices, profits, reductions, best = readme_picture.curves(every)
    for gid, values in (("profit", profits), ("reduction", reductions)):
        drawn = readme_picture.drawn(text, gid)
        assert drawn[::every].shape == (*prices.shape, 2)
        for now, there, up in ((prices, drawn[::every, :, 0], 1), (values, drawn[::every, :, 1], -1)):
            slope, shift = np.polyfit(now.ravel(), there.ravel(), 1)
            assert slope * now + shift == pytest.approx(there, abs=0.05) and slope * up > 0, f"{gid}: stale: run make readme"
    assert readme_picture.told(best) in text


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
