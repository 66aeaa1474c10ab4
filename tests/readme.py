"""The parts of README.md and of notebooks/README.md that follow from something else, written anew: ``make readme``.

The printed result is what the example above it prints, the tables are what ``bilevel-dr reproduce --quick --json`` finds, the
picture is drawn by ``readme_picture.py``, the syllabus lists what the notebooks say of themselves. ``test_readme.py`` and
``test_notebooks.py`` fail when one of them is stale.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import lecturer
import nbformat
import readme_picture

README = Path(__file__).resolve().parents[1] / "README.md"
SYLLABUS = README.parent / "notebooks" / "README.md"
TABLE = re.compile(r"(?s)(?<=<!-- reproduced:begin -->\n).*?(?=<!-- reproduced:end -->)")
LESSONS = re.compile(r"(?s)(?<=<!-- lessons:begin -->\n).*?(?=<!-- lessons:end -->)")
EXAMPLE = re.compile(r"(?s)<!-- example:begin -->\n```python\n(.*?)```\n\n```text\n(.*?)```\n<!-- example:end -->")
STATUSES = ("reproduced", "discrepancy", "missed", "uncertified")


def printed(code: str) -> str:
    """What a piece of Python prints."""
    with contextlib.redirect_stdout(io.StringIO()) as stream:
        exec(compile(code, "README.md", "exec"), {})
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def table(rows) -> str:
    """Markdown of the reported and reproduced numbers: how many of each paper, then the rows of each, folded away."""
    papers = list(dict.fromkeys(row["paper"] for row in rows))
    counts = {paper: Counter(row["status"] for row in rows if row["paper"] == paper) for paper in papers}
    shown = [status for status in STATUSES if any(count[status] for count in counts.values())]
    lines = [f"| paper | {' | '.join(shown)} |", f"|---|{'---:|' * len(shown)}"]
    lines += [f"| {paper} | {' | '.join(str(count[status]) for status in shown)} |" for paper, count in counts.items()]
    for paper in papers:
        lines += ["", f"<details><summary>{paper}: every row</summary>", "", *_rows(row for row in rows if row["paper"] == paper)]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n\n"


def _rows(rows):
    yield from ("| case | quantity | unit | reported | reproduced | status |", "|---|---|---|---:|---:|---|")
    for row in rows:
        cells = (row["case"], row["quantity"], row["unit"], number(row["reported"]), number(row["reproduced"]), row["status"])
        yield "| " + " | ".join(str(cell) for cell in cells) + " |"


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
    code, before = EXAMPLE.search(text).groups()
    text = text.replace(f"```text\n{before}```", f"```text\n{printed(code)}```")
    command = [sys.executable, "-m", "bilevel_dr", "reproduce", "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    text = TABLE.sub(lambda _: table(json.loads(done.stdout)), text)
    README.write_text(text, encoding="utf-8")
    readme_picture.main()


if __name__ == "__main__":
    main()
