"""The parts of README.md that are measured, written anew: ``make readme``.

The example between its markers is a real run of the command in its first line; the table is what ``bilevel-dr reproduce
--quick --json`` prints. ``test_readme.py`` fails when the table is stale.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
EXAMPLE = "solve khe_2025 hard_800"
TABLE = re.compile(r"(?s)(?<=<!-- reproduced:begin -->\n).*?(?=<!-- reproduced:end -->)")
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


def number(value) -> str:
    """Six digits; what is zero to nine places is zero, so that rounding never makes the table stale."""
    if value is None:
        return ""
    return "0" if abs(value) < 1e-9 else f"{value:.6g}"


def main() -> None:
    text = README.read_text(encoding="utf-8")
    printed = "\n".join(line.rstrip() for line in run(EXAMPLE).splitlines()).strip()
    text = BLOCK.sub(lambda _: f"```\n$ bilevel-dr {EXAMPLE}\n{printed}\n```\n", text)
    text = TABLE.sub(lambda _: table(json.loads(run("reproduce --quick --json"))), text)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
