"""Pieces of the page: text, tables, pictures."""

from __future__ import annotations

import base64
import html
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ..formatting import number
from .drawings import Drawing
from .rows import SIGNS

LONG = 25
"""Rows from which a table scrolls in its box on a screen."""
_RIGHT = ("reported", "reproduced", "difference", "stated", "found", "time")


class literal(str):
    """Text that is HTML already."""


def text(value) -> str:
    return value if isinstance(value, literal) else html.escape(str(value))


def inline(said: str) -> str:
    """One paragraph of a docstring, its ````code```` and ``*emphasis*`` marked."""
    escaped = re.sub(r"``(.+?)``", r"<code>\1</code>", html.escape(" ".join(said.split()), quote=False))
    return re.sub(r"(?<![\w*])\*(\w[^*<>]*?)\*(?![\w*])", r"<em>\1</em>", escaped)


def identifier(name: str) -> str:
    return "".join(c.lower() if c.isalnum() else "-" for c in name)


def words(name: str) -> str:
    said = name.replace("_", " ")
    return said[:1].upper() + said[1:]


def plural(word: str, count: int) -> str:
    if count == 1 or word in SIGNS and word != "discrepancy":
        return word
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def amount(value) -> str:
    """A number in the page, where a minus is one."""
    return re.sub(r"(?<!\w)-(?=[\d.i])", "−", number(value))


def chips(rows: Sequence[Mapping]) -> str:
    """How many rows have which status."""
    counts = Counter(row["status"] for row in rows)
    made = "".join(
        f'<span class="chip {text(status)}">{SIGNS.get(status, "")} {counts[status]} {plural(status, counts[status])}</span>'
        for status in [*(s for s in SIGNS if s in counts), *sorted(counts.keys() - SIGNS.keys())]
    )
    return f'<p class="chips">{made}</p>' if made else ""


def table(rows, label: str, links: Mapping[str, str] = {}) -> str:  # noqa: B006
    """A table in a box of its own, which scrolls where the page is narrower.

    Parameters
    ----------
    rows : DataFrame or sequence of mapping
    label : str
        What it is, for who does not see where it stands.
    links : mapping of str to str
        Word → address, below it.
    """
    heads, body = _cells(rows)
    right = [name in _RIGHT or is_number(column) for name, column in zip(heads, zip(*body, strict=True), strict=True)]
    head = "".join(f'<th scope="col"{_numeric(n)}>{text(name)}</th>' for name, n in zip(heads, right, strict=True))
    lines = "".join(
        "<tr>" + "".join(_cell(name, value, n) for name, value, n in zip(heads, row, right, strict=True)) + "</tr>"
        for row in body
    )
    kinds = {"table": True, "long": len(body) > LONG, "wide": len(heads) > 8, "widest": len(heads) > 14}
    classes = " ".join(kind for kind, so in kinds.items() if so)
    scroller = f'<div class="{classes}" role="region" aria-label="{text(label)}" tabindex="0">'
    return (
        f"{scroller}<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
        + _links(links, f"{label}, as")
    )


def figure(paper: str, name: str, drawing: Drawing, beside: bool) -> str:
    """A drawn figure inside the page, and where it is a file.

    Parameters
    ----------
    paper, name : str
    drawing : Drawing
    beside : bool
        Whether its files are there to be linked to.
    """
    caption, data = text(words(name)), base64.b64encode(drawing.svg).decode("ascii")
    alt = text(drawing.alt or words(name))
    links = {kind.upper(): f"figures/{paper}/{name}.{kind}" for kind in ("pdf", "png")} if beside else {}
    place = f"{identifier(paper)}-figure-{identifier(name)}"
    return (
        f'<figure id="{place}"><div class="picture" role="region" aria-label="{caption}" tabindex="0">'
        f'<img alt="{alt}" style="--inches:{drawing.width:.3g}" src="data:image/svg+xml;base64,{data}"></div>'
        f"<figcaption>{caption}{_links(links, f'{words(name)}, as', 'span')}</figcaption></figure>"
    )


def _links(links: Mapping[str, str], label: str, tag: str = "p") -> str:
    made = " · ".join(
        f'<a href="{text(address)}" aria-label="{text(label)} {text(word)}">{text(word)}</a>'
        for word, address in links.items()
    )
    return f'<{tag} class="links">{made}</{tag}>' if made else ""


def _cells(rows) -> tuple[list[str], list[tuple]]:
    if hasattr(rows, "itertuples"):
        return [str(name) for name in rows.columns], list(rows.itertuples(index=False, name=None))
    return list(rows[0]), [tuple(row.values()) for row in rows]


def is_number(column: Sequence) -> bool:
    """Whether a column holds numbers, and nothing else but gaps."""
    found = [value for value in column if not (value is None or (isinstance(value, float) and math.isnan(value)))]
    return bool(found) and not any(truth(value) is not None or not hasattr(value, "__float__") for value in found)


def truth(value) -> bool | None:
    """Whether a value is true, Python's and numpy's alike; None where it is neither true nor false."""
    return bool(value) if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_") else None


def _cell(name: str, value, right: bool) -> str:
    if name == "status" and not isinstance(value, literal):
        return f'<td class="{text(value)}">{SIGNS.get(value, "")} {text(value)}</td>'
    if truth(value) is not None:
        value = "yes" if value else "no"
    shown = value if isinstance(value, str) else amount(value)
    kind = ' class="said"' if not right and len(shown) > 40 else _numeric(right)
    return f"<td{kind}>{text(shown)}</td>"


def _numeric(right: bool) -> str:
    return ' class="n"' if right else ""
