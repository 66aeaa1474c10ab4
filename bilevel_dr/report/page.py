"""The report as one page of HTML: no script, no font, no other file is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .frame import PAGE, STYLE
from .parts import amount, chips, figure, identifier, inline, literal, plural, table, text, words
from .rows import CLAIM, INPUTS, SIGNS
from .section import Section

HOLDS = {"reproduced": "holds", "missed": "does not hold", "discrepancy": "does not hold"}
"""Of a claim, what its status says."""


def render(
    sections: Sequence[Section], versions: Mapping[str, str], written: str = "", command: str = "", beside: bool = False
) -> str:
    """The page as text.

    Parameters
    ----------
    sections : sequence of Section
    versions : mapping of str to str
    written, command : str
        Date, and what was typed, in the last section.
    beside : bool
        Whether the files that :func:`write_report` puts beside the page are linked to.
    """
    sections = [section.drawn() for section in sections]
    differences = _differences(sections)
    parts = [(section, _parts(section, beside)) for section in sections]
    return PAGE.format(
        style=STYLE,
        contents="".join(_contents(section, [name for name, _ in made]) for section, made in parts),
        verdict=chips([row for section in sections for row in section.rows]),
        glance=_glance(sections),
        differences=differences,
        differing='<li><a href="#differences">What does not come out</a></li>' if differences else "",
        papers="\n".join(_paper(section, made) for section, made in parts),
        inputs="".join(f"<dt>{status}</dt><dd>{text(meaning)}</dd>" for status, meaning in INPUTS.items()),
        versions="".join(f"<li>{text(name)} {text(version)}</li>" for name, version in versions.items()),
        written=" · ".join(filter(None, (text(written), f"<code>{text(command)}</code>" if command else ""))),
        data='<p class="links"><a href="report.json">all rows, certificates, hashes and versions as JSON</a></p>'
        if beside
        else "",
    )


# All papers -----------------------------------------------------------------------------------------------------------


def _contents(section: Section, parts: Sequence[str]) -> str:
    name = identifier(section.name)
    inner = "".join(f'<li><a href="#{name}-{identifier(part)}">{text(part)}</a></li>' for part in parts)
    inner = f"<ul>{inner}</ul>" if inner else ""
    return f'<li><a href="#{name}">{text(section.title)}</a>{inner}</li>'


def _glance(sections: Sequence[Section]) -> str:
    """One row a paper: how much came out, how it is proved, what it rests on, how long it took."""
    rows = []
    for section in sections:
        counts, (passed, whole) = Counter(row["status"] for row in section.rows), section.passed
        rows.append(
            {
                "paper": literal(f'<a href="#{identifier(section.name)}">{text(section.name)}</a>'),
                **{status: counts[status] or None for status in SIGNS},
                "certificates": f"{passed} of {whole} passed" if whole else None,
                "inputs": section.inputs(),
                "time": f"{section.seconds:.1f} s",
            }
        )
    shown = [key for key in rows[0] if any(row[key] for row in rows)] if rows else []
    return table([{key: row[key] for key in shown} for row in rows], "Papers at a glance") if rows else ""


def _differences(sections: Sequence[Section]) -> str:
    """What was not reproduced, each with the instance that shows it."""
    rows = [
        {
            "what": literal(_said(_named(row), row["comment"])),
            "status": row["status"],
            "stated": _stated(row, "reported"),
            "found": _stated(row, "reproduced"),
            "instance": f"{section.name} {row['case']}",
        }
        for section in sections
        for row in section.rows
        if row["status"] != "reproduced"
    ]
    if not rows:
        return ""
    return (
        '<section id="differences"><h2>What does not come out</h2><p>Each line names the instance that shows it; '
        "<code>bilevel-dr solve</code> and its name solve it again.</p>"
        f"{table(rows, 'What does not come out')}</section>"
    )


# One paper ------------------------------------------------------------------------------------------------------------


def _paper(section: Section, parts: Sequence[tuple[str, str]]) -> str:
    name = identifier(section.name)
    took = ", ".join(f"{part} {seconds:.1f}" for part, seconds in section.parts.items())
    meta = f"{section.name} · {section.seconds:.1f} s" + (f" ({took})" if took else "")
    made = [f'<section id="{name}" class="paper"><h2>{text(section.title)}</h2><p class="note">{text(meta)}</p>']
    made += [f"<p>{inline(part)}</p>" for part in section.text.split("\n\n") if part.strip()]
    if section.error:
        made.append(f'<p class="error">Not complete: {text(section.error)}</p>')
    made.append(chips(section.rows))
    for part, content in parts:
        kind = f' class="{identifier(part)}"'
        made.append(f'<section{kind}><h3 id="{name}-{identifier(part)}">{text(part)}</h3>{content}</section>')
    return "\n".join([*made, "</section>"])


def _parts(section: Section, beside: bool) -> list[tuple[str, str]]:
    """What a paper's section holds, by heading; empty parts are left out."""

    def linked(name: str, rows, label: str) -> str:
        links = {"CSV": f"tables/{section.name}/{name}.csv", "LaTeX": f"tables/{section.name}/{name}.tex"}
        return table(rows, label, links if beside else {})

    made = {
        "Model": _model(section),
        "Numbers": linked("reported_numbers", _numbers(section), "Numbers, reported and reproduced") if section.numbers else "",
        "Claims": linked("reported_claims", _claims(section), "Claims") if section.claims else "",
        "Certificates": _certificates(section, linked),
        "Figures": "".join(
            figure(section.name, name, drawing, beside) for name, drawing in section.figures.items()
        ),
        "Tables": "".join(
            f'<h4 id="{identifier(section.name)}-table-{identifier(name)}">{text(words(name))}</h4>'
            + linked(name, frame, words(name))
            for name, frame in section.own_tables.items()
        ),
        "Inputs": _inputs(section, linked),
    }
    return [(name, content) for name, content in made.items() if content]


def _model(section: Section) -> str:
    parts = []
    if section.equations:
        rows = [
            {"equation": mark, "meaning": meaning, "component": literal(inline(component))}
            for mark, meaning, component in section.equations
        ]
        parts.append(table(rows, "Equations and components"))
    parts += [f"<p>{inline(note)}</p>" for note in section.notes]
    if section.errata:
        items = "".join(f"<li>{inline(erratum)}</li>" for erratum in section.errata)
        parts.append(f"<h4>What the paper gets wrong</h4><ul>{items}</ul>")
    if section.structure:
        paragraphs = "".join(f"<p>{inline(part)}</p>" for part in section.structure)
        parts.append(f"<h4>Why it can be solved</h4>{paragraphs}")
    return "".join(parts)


def _numbers(section: Section) -> list[dict]:
    return [
        {
            "quantity": literal(_said(_named(row), row["comment"])),
            "status": row["status"],
            "reported": _stated(row, "reported"),
            "reproduced": _stated(row, "reproduced"),
            "difference": _difference(row),
            "case": literal(_said(row["case"], row["table"])),
            "inputs": section.inputs(row["case"]),
        }
        for row in section.numbers
    ]


def _claims(section: Section) -> list[dict]:
    return [
        {
            "claim": literal(_said(row["quantity"], row["comment"])),
            "status": literal(
                f'<span class="{text(row["status"])}">{SIGNS.get(row["status"], "")} '
                f"{text(HOLDS.get(row['status'], row['status']))}</span>"
            ),
            "instance": literal(_said(row["case"], row["table"])),
            "inputs": section.inputs(row["case"]),
        }
        for row in section.claims
    ]


def _certificates(section: Section, linked) -> str:
    if section.certificates is None or not len(section.certificates):
        return ""
    passed, whole = section.passed
    said = (
        f"<p>{passed} of {whole} {plural('certificate', whole)} passed: each answer was put into the untouched model "
        "and every follower solved again at the leader's decision. Residuals are scaled, the worst of all rows.</p>"
    )
    table = section.certificates.drop(columns=["objective", "bound", "followers"])
    for name in table.select_dtypes("number"):  # how small they are is what matters
        table[name] = [float(f"{value:.2g}") for value in table[name]]
    return said + linked("answers", table, "Certificates")


def _inputs(section: Section, linked) -> str:
    parts = []
    if section.sources:
        rows = sorted(section.sources, key=lambda row: [*INPUTS, row["status"]].index(row["status"]))
        keys = ("status", "parameter", "symbol", "unit", "where", "note")
        parts.append(linked("inputs", [{key: row[key] for key in keys} for row in rows], "Inputs"))
    if section.data:
        rows = [{"file": name, "SHA-256": literal(f"<code>{text(digest)}</code>")} for name, digest in section.data.items()]
        parts.append(f"<h4>Data files</h4>{table(rows, 'Data files')}")
    return "".join(parts)


def _said(what: str, more: str) -> str:
    return text(what) + (f"<small>{text(more)}</small>" if more else "")


def _named(row: dict) -> str:
    """A quantity with its unit, where it has one."""
    return row["quantity"] if row["unit"] in (CLAIM, "-") else f"{row['quantity']} [{row['unit']}]"


def _stated(row: dict, which: str) -> str:
    """A number with its deviation; of a claim whether it is said to hold, or found to."""
    if row["unit"] == CLAIM:
        return "holds" if row[which] else "does not hold"
    value, deviation = amount(_plain(row[which])), amount(row[f"{which}_sd"])
    return f"{value} ± {deviation}" if deviation else value


def _difference(row: dict) -> str:
    """Reproduced less reported, and how much that is of what is reported."""
    if None in (row["reported"], row["reproduced"]):
        return ""
    difference, relative = amount(_plain(row["reproduced"] - row["reported"], ".3g")), row["relative_error"]
    return f"{difference} ({100 * relative:.2g} %)" if relative and difference != "0" else difference


def _plain(value: float | None, digits: str = ".6g") -> float | None:
    """Rounded; what is zero to nine places is zero."""
    return value if value is None else 0.0 if abs(value) < 1e-9 else float(f"{value:{digits}}")
