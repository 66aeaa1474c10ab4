"""The parts of README.md and of notebooks/README.md that follow from something else, written anew: ``make readme``.

The syllabus lists what the notebooks say of themselves. The example between its markers is a real run of the command in its first line; the table is what ``bilevel-dr reproduce
--quick --json`` prints. ``test_readme.py`` and ``test_notebooks.py`` fail when a table is stale.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import lecturer
import nbformat

README = Path(__file__).resolve().parents[1] / "README.md"
SYLLABUS = README.parent / "notebooks" / "README.md"
EXAMPLE = "solve khe_2025 hard_800"
TABLE = re.compile(r"(?s)(?<=<!-- reproduced:begin -->\n).*?(?=<!-- reproduced:end -->)")
LESSONS = re.compile(r"(?s)(?<=<!-- lessons:begin -->\n).*?(?=<!-- lessons:end -->)")
BLOCK = re.compile(r"(?s)(?<=<!-- example -->\n).*?(?=<!-- example -->)")


def run(words: str) -> str:
    command = [sys.executable, "-m", "bilevel_dr", *words.split()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env={**os.environ, "COLUMNS": "80"}, check=True)
    return done.stdout


def table(rows) -> str:
    """Markdown of the reported and reproduced numbers, in the order of the data files."""
    lines = ["| case | quantity | unit | reported | reproduced | status |", "|---|---|---|---:|---:|---|"]
    for row in rows:
        cells = (row["case"], row["quantity"], row["unit"], number(row["reported"]), number(row["reproduced"]), row["status"])
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def lessons() -> str:
    """Markdown, one row a notebook: its title, its question in italics and its minutes from its first cell, its exercises."""
    lines = ["| lesson | the question it answers | exercises | minutes |", "|---|---|---|---|"]
    for file in lecturer.NOTEBOOKS:
        cells = nbformat.read(file, as_version=4).cells
        head = re.fullmatch(r"(?s)# (\d+ · .+?)\n\n\*(.+?)\*\n\n.*?About (\d+) minutes.*", cells[0].source)
        asked = [name for cell in cells for name in lecturer.exercises_in(cell)]
        title, question, minutes = (" ".join(part.split()) for part in head.groups())
        lines.append(f"| [{title}]({file.name}) | {question} | {asked[0]}–{asked[-1]} | {minutes} |")
    return "\n".join(lines) + "\n"


def number(value) -> str:
    """Six digits; what is zero to nine places is zero, so that rounding never makes the table stale."""
    if value is None:
        return ""
    return "0" if abs(value) < 1e-9 else f"{value:.6g}"


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(prog="python tests/readme.py", description=__doc__.splitlines()[0])
    parser.add_argument("--syllabus", action="store_true", help="the syllabus only, which takes no solve")
    options = parser.parse_args(arguments)
    syllabus = LESSONS.sub(lambda _: lessons(), SYLLABUS.read_text(encoding="utf-8"))
    SYLLABUS.write_text(syllabus, encoding="utf-8")
    if options.syllabus:
        return
    text = README.read_text(encoding="utf-8")
    printed = "\n".join(line.rstrip() for line in run(EXAMPLE).splitlines()).strip()
    text = BLOCK.sub(lambda _: f"```\n$ bilevel-dr {EXAMPLE}\n{printed}\n```\n", text)
    text = TABLE.sub(lambda _: table(json.loads(run("reproduce --quick --json"))), text)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
