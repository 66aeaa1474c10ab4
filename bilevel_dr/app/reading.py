"""The text of a data file → an instance, or every mistake with its line."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from ..errors import BilevelError, DataError
from ..loading import check_data, load

AROUND = 2
"""Lines shown before and after one with a mistake."""
MOST = 20
"""Mistakes shown; their causes seldom are more."""


@dataclass(frozen=True)
class Reading:
    """What became of a text.

    Attributes
    ----------
    text : str
    instance : ConcreteModel or None
        None where there are mistakes.
    mistakes : sequence of (int or None, str)
        Line, counted from one, and what is wrong there; None where no line is to blame.
    """

    text: str
    instance: object = None
    mistakes: Sequence[tuple[int | None, str]] = field(default_factory=tuple)


def read(model, text: str) -> Reading:
    """Build an instance of an AbstractModel from a text.

    Parameters
    ----------
    model : AbstractModel
    text : str
        Of a .dat file; one that reads other files is refused.
    """
    with tempfile.TemporaryDirectory(prefix="bilevel_dr_") as folder:
        path = Path(folder) / "case.dat"
        path.write_text(text, encoding="utf-8", errors="replace")
        try:
            return Reading(text, load(model, str(path)))
        except DataError as first:
            found = check_data(model, str(path)) or [first]
            return Reading(text, mistakes=[(error.line, error.message) for error in found])
        except BilevelError as error:
            return Reading(text, mistakes=[(None, str(error))])


def mistakes_as_html(reading: Reading) -> str:
    """The lines with mistakes, marked, with those around them; under each what is wrong there."""
    count = len(reading.mistakes)
    whole = "".join(f"<li>{escape(message)}</li>" for line, message in reading.mistakes[:MOST] if line is None)
    more = f"<p>… and {count - MOST} more</p>" if count > MOST else ""
    return (
        f'<section class="bdr-card bad" role="alert"><h2>✗ {count} {"mistake" if count == 1 else "mistakes"} in the data'
        f" file</h2>{f'<ul>{whole}</ul>' if whole else ''}{_listing(reading)}{more}</section>"
    )


def _listing(reading: Reading) -> str:
    said: dict[int, list[str]] = {}
    for line, message in reading.mistakes[:MOST]:
        if line is not None:
            said.setdefault(line, []).append(message)
    lines, rows, last = reading.text.split("\n"), [], 0
    near = {k for line in said for k in range(line - AROUND, line + AROUND + 1) if 0 < k <= len(lines)}
    for k in sorted(near):
        rows += ["<i>⋮</i>"] if last and k > last + 1 else []
        code = f"{k:>4}  {escape(lines[k - 1][:160])}"
        rows.append(f'<mark aria-label="line {k}, wrong">✗{code}</mark>' if k in said else f"<span> {code}</span>")
        rows += [f"<b>       line {k}: {escape(message)}</b>" for message in said.get(k, ())]
        last = k
    return f'<pre tabindex="0">{"".join(rows)}</pre>' if rows else ""
