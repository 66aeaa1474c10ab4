"""A .dat text with some of its values changed where they stand; comments, order and all else stay as they are.

Which word of the text a value is, is not guessed: every word that could be a value is replaced by a marker of its own and
the statements are read as always; a value then *is* the marker of the word it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import DataError
from .case import Names
from .lexing import Token, spans, tokenize
from .statements import statements_of
from .values import read_values

VALUES = ("number", "word", "text")
NONE = "."
"""Pyomo's word for no value."""


def rewritten(text: str, names: Names, changes: Mapping[str, Callable]) -> str:
    """Change values of a text.

    Parameters
    ----------
    text : str
        Of a .dat file, without mistakes in the way it is written.
    names : Names
        The model's.
    changes : mapping of str to callable
        Param → the new value of each old one that is stated. Where none is stated, the callable is given None, and what it
        returns, unless that is None, is added at the end as the param's one value.

    Raises
    ------
    DataError
        The text cannot be read.
    """
    tokens, places = tokenize(text, _refuse), spans(text)
    marked, word_of = _marked(tokens)
    case = read_values(statements_of(marked, _refuse), names)
    pieces = []
    for name, change in changes.items():
        found = [*case.values.get(name, {}).values(), *([case.defaults[name]] if name in case.defaults else [])]
        stated = [word_of[value] for value in found if value in word_of]
        if stated:
            pieces += [(*places[at], spelled(change(tokens[at].value))) for at in stated]
        elif (value := change(None)) is not None:
            pieces.append((len(text), len(text), f"\nparam {name} := {spelled(value)} ;\n"))
    for start, end, word in sorted(pieces, reverse=True):
        text = text[:start] + word + text[end:]
    return text


def spelled(value) -> str:
    """A value as a .dat file writes it: numbers with up to ten digits."""
    return value if isinstance(value, str) else f"{value:.10g}"


class _Marker:
    """Stands for one word; compared by identity."""


def _marked(tokens: list[Token]) -> tuple[list[Token], dict]:
    """The tokens, markers in place of those that can be values, and the position of each marker's word."""
    marked, word_of, in_body = [], {}, False
    for at, token in enumerate(tokens):
        in_body = token.kind == ":=" or in_body and token.kind != ";"
        after_default = at > 0 and tokens[at - 1].value == "default"
        if token.kind in VALUES and token.value != NONE and (in_body or after_default):
            marker = _Marker()
            word_of[marker] = at
            token = token._replace(value=marker)
        marked.append(token)
    return marked, word_of


def _refuse(message: str, line: int) -> None:
    raise DataError(message, line=line)
