"""Rows, tables and figures of the papers → one HTML page that needs nothing else: no script, no font, no other file."""

from __future__ import annotations

import base64
import html
import io
import math
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .report_page import PAGE, STYLE

COLUMNS = {
    "case": "case",
    "quantity": "quantity",
    "status": "status",
    "reported": "reported",
    "reproduced": "reproduced",
    "unit": "unit",
    "difference": "difference",
    "table": "where",
    "comment": "comment",
}
"""Of the table of stated against reproduced numbers: key of a row → heading."""
SIGNS = {"reproduced": "✓", "missed": "✗", "discrepancy": "≠", "uncertified": "!"}
"""What stands before a status, so that colour is not all that tells."""
_NUMBERS = ("reported", "reproduced")


@dataclass(frozen=True)
class Section:
    """What one paper contributes.

    Attributes
    ----------
    name, title : str
    text : str
        What is modelled, as plain text; blank lines part paragraphs.
    rows : sequence of dict
        Stated against reproduced: ``paper, table, case, quantity, unit, reported, reported_sd, reproduced,
        reproduced_sd, relative_error, status, comment``.
    tables : mapping of str to DataFrame
    figures : mapping of str to matplotlib Figure
    seconds : float
        It all took.
    error : str
        Why it is not complete; empty where it is.
    """

    name: str
    title: str
    text: str = ""
    rows: Sequence[dict] = ()
    tables: Mapping = field(default_factory=dict)
    figures: Mapping = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


def write_report(
    folder: str | Path, sections: Iterable[Section], versions: Mapping[str, str], written: str = ""
) -> Path:
    """Write ``index.html`` into a folder, made where it is missing; an older one is replaced at once or not at all.

    Parameters
    ----------
    sections : iterable of Section
    versions : mapping of str to str
    written : str
        Date, in the footer.

    Returns
    -------
    Path
        Of the page.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    page = render(list(sections), versions, written)
    handle, fresh = tempfile.mkstemp(prefix=".index.", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(page)
        os.chmod(fresh, 0o644)
        os.replace(fresh, folder / "index.html")
    except OSError:
        os.unlink(fresh)
        raise
    return folder / "index.html"


def render(sections: Sequence[Section], versions: Mapping[str, str], written: str = "") -> str:
    """The page as text."""
    links = "".join(
        f'<li><a href="#{_id(s.name)}">{_text(s.title)}</a> <small>{_text(s.name)}</small></li>' for s in sections
    )
    said = "".join(f"<li>{_text(name)} {_text(version)}</li>" for name, version in versions.items())
    rows = [row for section in sections for row in section.rows]
    return PAGE.format(
        style=STYLE,
        verdict=_verdict(rows) if len(sections) > 1 else "",
        links=links,
        sections="\n".join(map(_section, sections)),
        versions=said,
        written=_text(written),
    )


def stated_row(
    paper: str, stated, value: float, deviation: float = math.nan, verified: bool = True, within: float = 0.05
) -> dict:
    """One row of a paper's ``reported.csv`` beside what was found.

    Parameters
    ----------
    paper : str
    stated : named tuple
        ``case, quantity, value, sd, unit, where, tolerance, comment``.
    value, deviation : float
        Found; the deviation NaN where there is none.
    verified : bool
        Whether the certificate of the answer it comes from passed.
    within : float
        Relative distance of a deviation to the stated one that counts as the same.

    Returns
    -------
    dict
        ``paper, table, case, quantity, unit, reported, reported_sd, reproduced, reproduced_sd, relative_error, status,
        comment``. ``status`` is ``uncertified``, ``discrepancy`` (the row has no tolerance: what is stated does not hold, the
        comment says where), ``reproduced`` or ``missed``.
    """
    error = abs(value - stated.value)
    if not verified:
        status = "uncertified"
    elif math.isnan(stated.tolerance):
        status = "discrepancy"
    else:
        close = error <= stated.tolerance and not abs(deviation - stated.sd) > within * stated.sd
        status = "reproduced" if close else "missed"
    return {
        "paper": paper,
        "table": stated.where,
        "case": stated.case,
        "quantity": stated.quantity,
        "unit": stated.unit,
        "reported": float(stated.value),
        "reported_sd": None if math.isnan(stated.sd) else float(stated.sd),
        "reproduced": float(value),
        "reproduced_sd": None if math.isnan(deviation) else float(deviation),
        "relative_error": error / abs(stated.value) if stated.value else None,
        "status": status,
        "comment": stated.comment if isinstance(stated.comment, str) else "",
    }


def facts_table(rows: Sequence[dict]):
    """The rows as a DataFrame in reading order, with the difference and with columns that say nothing left out.

    Returns
    -------
    DataFrame
    """
    import pandas as pd

    table = pd.DataFrame(list(rows), columns=[*rows[0]] if rows else list(COLUMNS))
    numbers = [pd.to_numeric(table.get(name), errors="coerce") for name in ("reproduced", "reported")]
    table["difference"] = numbers[0] - numbers[1]
    for name in ("reported", "reproduced"):
        deviation = table.get(f"{name}_sd")
        if deviation is not None and deviation.notna().any():
            pairs = zip(table[name], deviation, strict=True)
            table[name] = [
                f"{number(value)} ± {number(sd)}" if sd == sd and sd is not None else value for value, sd in pairs
            ]
    return table[[name for name in COLUMNS if name in table]].rename(columns=COLUMNS)


def number(value) -> str:
    """A number as a reader wants it: six digits, whole numbers without a point, nothing for NaN and None."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (bool, str)):
        return str(value)
    try:
        value = float(value)
    except (TypeError, ValueError):
        return str(value)
    if value == int(value) if math.isfinite(value) else False:
        return f"{int(value)}" if abs(value) < 1e15 else f"{value:.6g}"
    return f"{value:.2g}" if abs(value) < 1e-9 else f"{value:.6g}"


def _section(section: Section) -> str:
    parts = [f'<section id="{_id(section.name)}"><h2>{_text(section.title)}</h2>']
    parts.append(f'<p class="note">{_text(section.name)} · {section.seconds:.1f} s</p>')
    parts += [f"<p>{_text(' '.join(part.split()))}</p>" for part in section.text.split("\n\n") if part.strip()]
    if section.error:
        parts.append(f'<p class="error">Not complete: {_text(section.error)}</p>')
    if section.rows:
        parts.append(f"<h3>Reported and reproduced</h3>{_verdict(section.rows)}{_table(facts_table(section.rows))}")
    parts += [_figure(name, figure) for name, figure in section.figures.items()]
    for name, table in section.tables.items():
        if name == "facts" and section.rows:
            continue  # the same numbers stand above
        parts.append(f"<h3>{_text(_words(name))}</h3>{_table(table)}")
    return "\n".join([*parts, "</section>"])


def _verdict(rows: Sequence[dict]) -> str:
    counts = Counter(row["status"] for row in rows)
    chips = "".join(
        f'<span class="chip {_text(status)}">{SIGNS.get(status, "")} {count} {_text(_plural(status, count))}</span>'
        for status, count in sorted(
            counts.items(), key=lambda item: list(SIGNS).index(item[0]) if item[0] in SIGNS else 99
        )
    )
    return f'<p class="chips">{chips}</p>' if chips else ""


def _plural(status: str, count: int) -> str:
    return "discrepancies" if status == "discrepancy" and count != 1 else status


def _table(table) -> str:
    numeric = [kind.kind in "iuf" or name in _NUMBERS for name, kind in table.dtypes.items()]
    head = "".join(
        f'<th class="n">{_text(c)}</th>' if n else f"<th>{_text(c)}</th>"
        for c, n in zip(table.columns, numeric, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(_cell(name, value) for name, value in zip(table.columns, row, strict=True)) + "</tr>"
        for row in table.itertuples(index=False, name=None)
    )
    kind = "table long" if len(table) > 25 else "table"
    return f'<div class="{kind}" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(name, value) -> str:
    if name == "comment":
        return f'<td class="said">{_text(value)}</td>'
    if name == "status":
        return f'<td class="{_text(value)}">{SIGNS.get(value, "")} {_text(value)}</td>'
    words = isinstance(value, (str, bool)) and name not in _NUMBERS
    kind = "" if words or value is None else ' class="n"'
    return f"<td{kind}>{_text(number(value))}</td>"


def _figure(name: str, figure) -> str:
    """A matplotlib figure as an SVG inside the page; the same figure gives the same bytes."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": name}), io.BytesIO() as stream:
        figure.savefig(stream, format="svg", bbox_inches="tight", metadata={"Date": None})
        data = base64.b64encode(stream.getvalue()).decode("ascii")
    caption = _text(_words(name))
    image = f'<img alt="{caption}" src="data:image/svg+xml;base64,{data}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _words(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _id(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name)


def _text(value) -> str:
    return html.escape(str(value))
