"""Characters of a .dat file → tokens, each with its true line.

The words are those of Pyomo's ``dataportal`` grammar; the tests hold the two against each other. They are read here
because Pyomo forgets the line of every word, and the lines it does print count on from one file to the next.
What Pyomo reads as something else than it looks like is reported: ``a/b`` (two values), ``[1, *]`` (an index named
``" *"``), a quote that runs over a line end, a sign or a letter beyond ASCII outside quotes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

KEYWORDS = frozenset(("data", "end", "load", "include", "store", "namespace"))  # never data; set, param, table may be
MAX_TOKENS = 5_000_000  # half a gigabyte of them; a row of a table has a handful
BROKEN = object()  # the value of a token already reported: whatever holds it is passed over in silence

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_GRAMMAR = rf"""[ \t]*(?:(?P<newline>\n[ \t\n]*) | (?P<comment>\#[^\n]*|/\*[\s\S]*?\*/) | (?P<opencomment>/\*)
  | (?P<sign>:=|;|\(tr\)) | (?P<number>{_NUMBER.pattern}(?=[\s()\[\]{{}}:;,]))
  | (?P<opening>[a-zA-Z_][a-zA-Z0-9_.\-]*\[) | (?P<word>[a-zA-Z_][a-zA-Z_0-9.+\-]*) | (?P<text>[a-zA-Z0-9_.+\-\\/]+)
  | (?P<quoted>"(?:[^"\n]++|"")*+"|'(?:[^'\n]++|'')*+') | (?P<openquote>["'][^\n;]*)
  | (?P<star>\*) | (?P<mark>[,\[\]{{}}:=()]) | (?P<illegal>[^ \t\n]))"""
_BRACKETED = r"(?P<bracketed>[a-zA-Z0-9_.+\-]*\[[a-zA-Z0-9_.+\-*,\s]+\]) | "
_HEADER = re.compile(_GRAMMAR, re.VERBOSE)
_BODY = re.compile(_GRAMMAR.replace("(?P<newline>", _BRACKETED + "(?P<newline>", 1), re.VERBOSE)
_WHOLE_WORD = re.compile(r"[^ \t\n;:,(){}\[\]=#]*")
_BOOLEANS = {"True": True, "true": True, "TRUE": True, "False": False, "false": False, "FALSE": False}


class Token(NamedTuple):
    """One word: the ``kind`` of a value or the sign itself, its ``value`` as Pyomo reads it, its line."""

    kind: str
    value: object
    line: int


def scalar(text: str) -> int | float | bool | str:
    """``text`` as Pyomo reads an unquoted word: a number (``int`` if whole and without a point), a truth, or text."""
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return _number(text) if _NUMBER.fullmatch(text) else text


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if "." not in text and number.is_integer() else number


def tokenize(text: str, report: Callable[[str, int], None]) -> list[Token]:
    """Split a .dat text into tokens, without its comments.

    Parameters
    ----------
    text : str
        The file, its line ends already ``\\n``.
    report : callable
        Called with a message and a line for each thing that is no word of the grammar; reading goes on behind it.
    """
    found: list[Token] = []
    pattern, position, line, value_end, length = _HEADER, 0, 1, -1, len(text.rstrip(" \t\n"))
    while position < length and len(found) < MAX_TOKENS:
        match = pattern.match(text, position)
        kind = match.lastgroup
        start, position = match.span(kind)
        word = text[start:position]
        if kind == "newline" or kind == "comment":
            line += word.count("\n")
        elif kind == "sign":
            found.append(Token(word, word, line))
            pattern = _BODY if word == ":=" else _HEADER if word == ";" else pattern
        elif kind == "mark":
            found.append(Token(word, word, line))
        elif kind == "opening":
            found.append(Token("word[", word[:-1], line))
        elif kind == "opencomment":
            report("the comment opened here is never closed: end it with */", line)
            break
        elif kind == "illegal" and unicodedata.category(word)[0] in "ZC":
            report(f"{_named(word)} is no blank: replace it by one", line)
        else:
            joined = start == value_end and word[0] != "["
            if joined:
                found.pop()
            if joined or kind == "illegal":
                position, token = _misread(text, start, kind)
            else:
                token = _value(kind, word, line, pattern is _HEADER)
            if isinstance(token, str):  # what is wrong with it
                report(token, line)
                token = Token("broken", BROKEN, line)
            found.append(token)
            line += word.count("\n")
            value_end = position
    if len(found) >= MAX_TOKENS:
        report(f"more than {MAX_TOKENS} words: what follows was not read", line)
    return found


def spans(text: str) -> list[tuple[int, int]]:
    """From where to where each token of a text stands in which :func:`tokenize` finds nothing to report."""
    found, pattern, position, length = [], _HEADER, 0, len(text.rstrip(" \t\n"))
    while position < length:
        match = pattern.match(text, position)
        start, position = match.span(match.lastgroup)
        if match.lastgroup not in ("newline", "comment"):
            found.append((start, position))
            pattern = {":=": _BODY, ";": _HEADER}.get(text[start:position], pattern)
    return found


def _value(kind: str, word: str, line: int, in_header: bool) -> Token | str:
    """The token of one value, or the sentence that says why it has none."""
    if kind == "number":
        value = _number(word)
        return Token(kind, value, line) if abs(value) < float("inf") else f"{word} is too large for a number"
    if kind == "word":
        return Token("keyword" if word in KEYWORDS else kind, _BOOLEANS.get(word, word), line)
    if kind == "star":
        return Token("*", word, line)
    if kind == "openquote":
        return f"the quote opened at {word[:20]!r} is not closed on this line"
    if kind == "quoted":
        word = word[1:-1].replace(2 * word[0], word[0])
    if kind != "bracketed":
        # Pyomo unquotes the words of a header, and only there: the column "1" of a matrix is the number 1
        return Token("text", scalar(word) if in_header and " " not in word else word, line)
    if word[0] != "[":
        return Token("text", word, line)
    items = word[1:-1].split(",")
    if any(not item or item.split() != [item] for item in items):
        return f"{' '.join(word.split())} has a blank or a gap inside: write it like [1,*]"
    return Token("tuple", tuple(item if item in _BOOLEANS else scalar(item) for item in items), line)


def _misread(text: str, start: int, kind: str) -> tuple[int, str]:
    """End of the whole word around ``start``, and what is wrong with it."""
    before = start - len(_WHOLE_WORD.match(text[max(0, start - 99) : start][::-1])[0])
    end = max(_WHOLE_WORD.match(text, before).end(), start + 1)
    word, sign = text[before:end], text[start]
    if kind != "illegal":
        return end, f"{word!r} reads as several values: leave blanks between them, or put it in quotes"
    dash = not sign.isascii() and unicodedata.category(sign) in ("Pd", "Sm")
    remedy = "write a minus as -" if dash else f"put {word!r} in quotes"
    return end, f"{_named(sign)} may stand only in quotes: {remedy}"


def _named(sign: str) -> str:
    """A character as an editor shows it, and beyond ASCII by the name under which it can be found."""
    if sign.isascii() and sign.isprintable():
        return repr(sign)
    return f"U+{ord(sign):04X} ({unicodedata.name(sign, 'no name')})"
