"""The ways a .dat statement lays out its values: tuples, slices, rows.

Pyomo cuts what stands behind ``:=`` into rows by counting alone, so that one value too few shifts all that follow.
Here the lines of the file count too: a row that does not fill its width by the end of a line is an error of that line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter

from .lexing import BROKEN, Token

_VALUES = ("number", "word", "text", "tuple", "*", "broken")

Report = Callable[[str, int], None]


class LayoutError(Exception):
    """A statement that cannot be read on; the arguments are the message and the line."""


def merged(words: list[Token], signs: tuple[str, ...] = ()) -> list[Token]:
    """Values with each ``(1, 2)`` as one tuple. Other signs than brackets and ``signs`` raise ``LayoutError``."""
    if all(token.kind in _VALUES for token in words):
        return words
    found: list[Token] = []
    group: list | None = None  # what stands in the bracket that is open
    for token in words:
        kind = token.kind
        if kind == "(":
            if group is not None:
                raise LayoutError("a '(' inside another: write one tuple after the other", token.line)
            group, opened = [], token.line
        elif kind == ")":
            if not group:
                reason = "a ')' that no '(' opens" if group is None else "brackets with nothing inside"
                raise LayoutError(reason, token.line)
            found.append(Token("broken", BROKEN, opened) if BROKEN in group else Token("tuple", tuple(group), opened))
            group = None
        elif kind == ",":
            if group is None:
                raise LayoutError("a comma outside brackets: blanks part values, a point parts decimals", token.line)
        elif kind not in _VALUES and (group is not None or kind not in signs):
            raise LayoutError(f"{token.value!r} cannot stand here: quote it if it is part of a name", token.line)
        elif group is not None:
            group.append(token.value)
        else:
            found.append(token)
    if group is not None:
        raise LayoutError("the '(' opened here is never closed", opened)
    return found


def expanded(items: list[Token], dim: int) -> list[Token]:
    """Slices written out: ``[1,*] 2 5 3 6`` → ``1 2 5 1 3 6``, where an index has ``dim`` entries."""
    if not any(_is_slice(item) for item in items):
        return items
    found: list[Token] = []
    template, at = None, 0
    while at < len(items):
        if _is_slice(items[at]):
            template, free = items[at], items[at].value.count("*")
            entries = len(template.value)
            if entries != dim:
                raise LayoutError(f"the slice {_written(template)} has {entries} entries, not {dim}", template.line)
            at += 1
        elif template is None:
            found.append(items[at])
            at += 1
        else:
            block = items[at : at + free + 1]
            if len(block) <= free or any(_is_slice(item) for item in block):
                raise LayoutError(f"the slice {_written(template)} ends before its last value", block[0].line)
            stars = iter(block)
            found += [next(stars) if part == "*" else Token("text", part, block[0].line) for part in template.value]
            found.append(block[-1])
            at += free + 1
    return found


def tuples(items: list[Token]) -> Iterator[list[Token]]:
    """Members of a set with slices written out, each as the tokens of its entries: ``(1,*) 2 3`` → ``1 2``, ``1 3``."""
    template, at = None, 0
    while at < len(items):
        if _is_slice(items[at]):
            template, free = items[at], items[at].value.count("*")
        elif template is None or items[at].kind == "tuple":
            yield [items[at]]
        else:
            block = items[at : at + free]
            if len(block) < free:
                raise LayoutError(f"the slice {_written(template)} ends before its last member", block[0].line)
            stars = iter(block)
            yield [next(stars) if part == "*" else Token("text", part, block[0].line) for part in template.value]
            at += free - 1
        at += 1


def rows(items: list[Token], width: int, what: str, report: Report, table: bool = False) -> Iterator[list[Token]]:
    """Cut values into rows of ``width``.

    Parameters
    ----------
    what : str
        The names of a row's places, for the message.
    report : callable
        Called for each ragged row, which is left out. In a list the rest is left out too, for want of a foothold.
    table : bool
        The rows have a header: none may then begin on a line that ends another one begun earlier.
    """
    if len(items) % width == 0 and not (table and _runs_over(items, width)):
        for start in range(0, len(items), width):
            yield items[start : start + width]
        return
    pending: list[Token] = []
    for _, line in groupby(items, attrgetter("line")):
        line = list(line)
        if pending and len(pending) + len(line) > width:
            _ragged(pending, width, what, report)
            if not table:
                return
            pending = []
        pending += line
        if len(pending) % width == 0:
            for start in range(0, len(pending), width):
                yield pending[start : start + width]
            pending = []
        elif len(pending) > width:
            _ragged(pending, width, what, report)
            if not table:
                return
            pending = []
    if pending:
        _ragged(pending, width, what, report)


def _runs_over(items: list[Token], width: int) -> bool:
    """Whether a row begins on the line on which another one, begun on an earlier line, ends."""
    for start in range(0, len(items) - width, width):
        if items[start].line != items[start + width - 1].line == items[start + width].line:
            return True
    return False


def _ragged(row: list[Token], width: int, what: str, report: Report) -> None:
    if any(token.value is BROKEN for token in row):
        return  # what is broken may have swallowed the rest
    count = f"{len(row)} value{'s' * (len(row) != 1)}"
    report(f"a ragged row of {count} where {width} belong: {what}", row[0].line)


def _is_slice(token: Token) -> bool:
    return token.kind == "tuple" and "*" in token.value


def _written(token: Token) -> str:
    return f"[{','.join(map(str, token.value))}]"
