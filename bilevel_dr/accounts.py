"""What a paper's ``model.py`` says of itself: its docstring, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """A docstring of the kind that CONTRIBUTING.md asks for.

    Attributes
    ----------
    title : str
        Its first line, without the full stop.
    about : tuple of str
        Paragraphs up to the table: the citation, who leads and who follows.
    equations : tuple of (str, str, str)
        The table's rows: equation, meaning, component.
    notes : tuple of str
        Paragraphs after the table.
    errata : tuple of str
        What follows each ``erratum :``.
    structure : tuple of str
        Paragraphs under *Structure*: why it can be solved.
    """

    title: str
    about: tuple[str, ...] = ()
    equations: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()
    errata: tuple[str, ...] = ()
    structure: tuple[str, ...] = ()


def read_account(docstring: str) -> Account:
    """Take a docstring apart; what it does not have is empty."""
    said, _, structure = docstring.partition("\nStructure\n---")
    first, *paragraphs = _paragraphs(said) or [""]
    at = next((k for k, text in enumerate(paragraphs) if text.startswith("===")), len(paragraphs))
    table, after = paragraphs[at : at + 1], paragraphs[at + 1 :]
    return Account(
        title=first.partition("\n")[0].rstrip("."),
        about=tuple(paragraphs[:at]),
        equations=tuple(row for text in table for row in _rows(text)),
        notes=tuple(text for text in after if not text.startswith("erratum")),
        errata=tuple(erratum for text in after if text.startswith("erratum") for erratum in _errata(text)),
        structure=tuple(_paragraphs(structure.partition("\n")[2])),
    )


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def _rows(table: str) -> list[tuple[str, str, str]]:
    """The rows between the second rule and the third. Cells are parted by two blanks or more: a letter with an accent of
    its own shifts what stands after it, so that the rules' columns do not tell."""
    lines = table.split("\n")
    rules = [k for k, line in enumerate(lines) if line.startswith("===")]
    cells = (re.split(r"\s{2,}", line.strip(), maxsplit=2) for line in lines[rules[1] + 1 : rules[2]])
    return [tuple(row + [""] * (3 - len(row))) for row in cells]


def _errata(text: str) -> list[str]:
    parts = re.split(r"^erratum\s*:", text, flags=re.MULTILINE)[1:]
    return [" ".join(part.split()) for part in parts]
