"""The parts of README.md that are measured, written anew: ``make readme``.

The printed result is what the example above it prints, the tables are what ``bilevel-dr reproduce --quick --json`` finds, the
picture is drawn by ``readme_picture.py``. ``test_readme.py`` fails when one of them is stale.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import readme_picture

README = Path(__file__).resolve().parents[1] / "README.md"
TABLE = re.compile(r"(?s)(?<=<!-- reproduced:begin -->\n).*?(?=<!-- reproduced:end -->)")
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


def number(value) -> str:
    """Six digits; what is zero to nine places is zero, so that rounding never makes the table stale."""
    if value is None:
        return ""
    return "0" if abs(value) < 1e-9 else f"{value:.6g}"


def main() -> None:
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
