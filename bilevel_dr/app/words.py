"""An answer in words, signs and tables of HTML; a colour never says anything alone."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from html import escape

from ..formatting import number
from ..solution import Certificate, Solution, split_name

ROWS = 40
"""Of followers and of variables shown; the downloads have them all."""
NOTES = 6
"""Of a certificate or a route that are shown."""
FEW = 3
"""Decisions of a follower shown in its row."""
CLAIMS = {
    "global": ("good", "✓", "proved: no other decision of the leader is better"),
    "nash": ("good", "✓", "an equilibrium: nobody gains by deciding otherwise"),
    "local": ("odd", "≈", "the best nearby; whether something better exists is not known"),
    "stationary": ("odd", "≈", "nothing better was found; that there is nothing better is not proved"),
    "none": ("bad", "✗", "not certified: do not use these numbers"),
}
RESIDUALS = {
    "leader_violation": "the leader breaks its own limits by",
    "follower_gap": "the worst-off follower could still gain",
    "complementarity": "a slack limit has a price of",
    "stationarity": "a follower's slope is off by",
    "optimistic_gap": "if ties broke against the leader it would lose",
}


def headline(solution: Solution, objective: str, doc: str) -> str:
    """The leader's value and the claim, in words."""
    kind, sign, meaning = CLAIMS[solution.claim]
    if not solution.point:
        meaning = f"{solution.termination}: there is no answer"
    bound = "" if solution.best_bound is None else f" <small>bound {number(solution.best_bound)}</small>"
    value = "" if solution.leader_objective is None else f"{escape(objective)} <b>{number(solution.leader_objective)}</b>{bound}"
    return (
        f'<section class="bdr-card {kind}" data-claim="{solution.claim}" data-value="{solution.leader_objective}">'
        f"<h2>{value or 'Answer'}</h2><p>{_chip(sign, solution.claim)} {escape(meaning)}</p>"
        f"<p><small>{escape(doc)}</small></p>{_list(solution.notes)}</section>"
    )


def trouble(sentence: str) -> str:
    """Why there is nothing to show."""
    return f'<section class="bdr-card bad" role="alert"><p>{_chip("✗", "no answer")} {escape(sentence)}</p></section>'


def proof(certificate: Certificate | str | None, by: str) -> str:
    """A certificate line by line, or why there is none."""
    if certificate is None or isinstance(certificate, str):
        said = escape(certificate or "there is no point to judge")
        return f'<div class="bdr-card bad"><p>{_chip("✗", "no certificate")} {escape(by)}: {said}</p></div>'
    kind, sign, word = ("good", "✓", "passed") if certificate.passed else ("bad", "✗", "not passed")
    lines = [
        (_mark(value <= certificate.tolerance), said, f"{value:.1e}" if value else "0")
        for name, said in RESIDUALS.items()
        if (value := getattr(certificate, name)) is not None and value == value
    ]
    return (
        f'<div class="bdr-card {kind}" data-passed="{certificate.passed}"><p>{_chip(sign, word)} {escape(by)}</p>'
        f"{table(('', 'scaled residual', 'worst'), lines)}{_list(certificate.reasons)}{_list(certificate.notes)}</div>"
    )


def answers(instance, solution: Solution, checked: Certificate | str | None) -> str:
    """What the leader decides and what each follower answers, as the last certificate saw it; empty without a point."""
    certificate = checked if isinstance(checked, Certificate) else solution.certificate
    if not solution.point or certificate is None:
        return ""
    blocks = tuple(f"{name}." for name in certificate.followers)
    own = {name: value for name, value in solution.point.items() if not name.startswith(blocks or ("\0",))}
    decided: dict[str, list[str]] = {}
    for name, value in solution.point.items():
        owner = next((block for block in blocks if name.startswith(block)), None)
        if owner is not None:
            decided.setdefault(owner[:-1], []).append(f"{escape(name[len(owner) :])} = {number(value)}")
    rows = [
        (
            _mark(check.gap <= certificate.tolerance),
            escape(name),
            number(check.objective),
            number(check.best),
            f"{check.gap:.1e}" if check.gap else "0",
            ", ".join(decided.get(name, [])[:FEW]) + (" …" if len(decided.get(name, [])) > FEW else ""),
        )
        for name, check in list(certificate.followers.items())[:ROWS]
    ]
    one, many = ("player", "players") if solution.leader_objective is None else ("follower", "followers")
    heads = ("", one, "has", "could have", "gap", "decides")
    leaders = section("What the leader decides", _variables(instance, own)) if own else ""
    return leaders + section(f"What the {many} answer", table(heads, rows) + _more(len(certificate.followers)))


def _variables(instance, own: Mapping[str, float]) -> str:
    rows, said = [], set()
    for name, value in list(own.items())[:ROWS]:
        component = split_name(name)[0]
        variable = None if component in said else instance.find_component(name)
        said.add(component)
        meaning = "" if variable is None else escape(variable.parent_component().doc or "")
        rows.append((escape(name), number(value), meaning))
    return table(("variable", "value", "meaning"), rows) + _more(len(own))


def section(title: str, body: str) -> str:
    """A titled part of the page."""
    return f'<section class="bdr-part"><h2>{escape(title)}</h2>{body}</section>'


def comparison(frame) -> str:
    """What :func:`bilevel_dr.compare` found, one row a route."""
    rows = []
    for row in frame.itertuples():
        _, sign, _ = CLAIMS[row.claim]
        note = escape(str(row.note or ""))
        short = note if len(note) < 90 else f'<details><summary>{note[:70]}…</summary>{note}</details>'
        rows.append(
            (sign, f"{row.reformulation} on {row.solver}", row.claim, number(row.leader_objective), number(row.best_bound),
             row.termination, f"{row.seconds:.2f}", short)
        )  # fmt: skip
    return table(("", "route", "claim", "value", "bound", "ended", "seconds", ""), rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are HTML already, columns of numbers stand to the right."""
    side = [' class="n"' if all(_is_number(row[k]) for row in rows) else "" for k in range(len(heads))]
    head = "".join(f'<th scope="col"{at}>{escape(name)}</th>' for name, at in zip(heads, side, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{at}>{cell}</td>" for cell, at in zip(row, side, strict=True)) + "</tr>" for row in rows
    )
    return f'<div class="bdr-table" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def status(text: str, parts: Mapping[str, float | None]) -> str:
    """What was done with a text, and how long it took; None where it was not done; no parts: nothing was done."""
    done = {word: seconds for word, seconds in parts.items() if seconds is not None}
    said = "; ".join(f"{word} in {_duration(seconds)}" for word, seconds in done.items())
    total = f"{said}. <b>{_duration(sum(done.values()))}</b> in all."
    return (
        f'<p class="bdr-status" role="status" aria-live="polite" data-text="{zlib.crc32(text.encode()):08x}">'
        f"{total if done else 'Nothing is solved until the data file is mended.'}</p>"
    )


def _chip(sign: str, word: str) -> str:
    return f'<span class="bdr-chip">{sign} {escape(word)}</span>'


def _list(sentences: Sequence[str]) -> str:
    shown = [*sentences[:NOTES], *([f"… and {len(sentences) - NOTES} more"] if len(sentences) > NOTES else [])]
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in shown)
    return f"<ul>{items}</ul>" if items else ""


def _duration(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _mark(fine: bool) -> str:
    return '<span class="good" aria-label="yes">✓</span>' if fine else '<span class="bad" aria-label="no">✗</span>'


def _is_number(cell: str) -> bool:
    try:
        float(cell or "0")
    except ValueError:
        return False
    return True


def _more(count: int) -> str:
    return f"<p><small>… and {count - ROWS} more: the downloads have them all</small></p>" if count > ROWS else ""
