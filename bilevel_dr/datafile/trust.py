"""What a trusted .dat file may read: tables of its own folder, and nothing that can write or run.

Pyomo's ``load`` opens any path and sends any SQL to any database; its ``include`` starts from the current directory.
Here both start from the folder of the file that says so and stay in the folder of the data file; ``load`` takes
``.csv`` and ``.tab`` files and, with ``using=sqlite3``, one SELECT on a SQLite file opened for reading
(:mod:`bilevel_dr.datafile.database`). All else is refused by name, compressed files too.
"""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

from ..errors import DataError, one_line
from .database import READ_ONLY, open_journal
from .lexing import Token

MAX_BYTES = 32 * 2**20  # of a data file with all that it includes and loads; what is larger is a mistake, or no .dat file
TOO_LONG = f"is too long: a data file has at most {MAX_BYTES // 2**20} MB, with all that it includes and loads"

_OPTIONS = ("format", "using", "query", "table")
_SELECT = re.compile(r"\s*select\b[^;]*;?\s*", re.IGNORECASE)
_EXAMPLE = 'load "prices.csv" : [HOURS] price;'


def path_inside(root: Path, name: str, statement) -> Path:
    """``name`` as a file of the folder ``root``, seen from the file of ``statement``; links count as their targets.

    Raises
    ------
    DataError
        If it leads out of ``root`` or is no regular file.
    """
    try:
        target = (Path(statement.file).parent / name).resolve()
        found = target.is_file()
    except (OSError, ValueError):
        target, found = root, False
    if not target.is_relative_to(root):
        raise _refused(statement, f"{name!r} leads out of the folder of the data file")
    if not found:
        raise _refused(statement, f"there is no file {name!r} beside it")
    return target


def vetted_load(statement, root: Path, left: int):
    """A ``load`` statement that names an absolute path inside ``root`` and only options that cannot write; and its size.

    ``left`` is how many bytes may still be read.

    Raises
    ------
    DataError
        For a path outside ``root``, another kind of file or database, any SQL but one SELECT, an unknown option.
    """
    colon = next((at for at, token in enumerate(statement.header) if token.kind == ":"), None)
    if colon is None or statement.body is not None or statement.header[0].kind not in ("word", "text"):
        raise _refused(statement, f"'load' names a file, ':' and what it holds: {_EXAMPLE}")
    first, *words = statement.header[:colon]
    options = {}
    for at in range(0, len(words), 3):
        name, equals, value = [*words[at : at + 3], None, None][:3]
        if equals is None or equals.kind != "=" or value is None or name.value not in _OPTIONS or name.value in options:
            raise _refused(statement, f"'load' takes {'=…, '.join(_OPTIONS)}=…, each once; not {str(name.value)!r}")
        options[name.value] = str(value.value)
    target = path_inside(root, str(first.value), statement)
    size = target.stat().st_size
    if size > left:
        raise _refused(statement, f"{str(first.value)!r} {TOO_LONG}")
    using = options.setdefault("using", target.suffix[1:].lower())
    if using not in ("csv", "tab", "sqlite3"):
        raise _refused(statement, f"'load' reads .csv and .tab files and using=sqlite3, not {using!r}")
    if using == "sqlite3":
        if journal := open_journal(target):
            raise _refused(statement, f"{journal.name} holds changes to {target.name}: close the program that has it open")
        options["using"] = READ_ONLY
        query = options.get("query")
        if query is not None and not _SELECT.fullmatch(query):
            raise _refused(statement, f"'load' sends a database one SELECT and nothing else, not {query[:40]!r}")
        if query is None and not options.get("table", "").isidentifier():
            raise _refused(statement, "'load' from a database needs query=\"SELECT …\" or table=name")
    elif "query" in options or "table" in options:
        raise _refused(statement, "query= and table= belong to using=sqlite3")
    kinds = [("text", str(target))]
    for name, value in options.items():
        kinds += [("word", name), ("=", "="), ("text", value)]
    header = [Token(kind, value, statement.line) for kind, value in kinds]
    return replace(statement, header=header + statement.header[colon:]), size


def read_by_pyomo(statement, model) -> tuple[dict, dict]:
    """Values ``{name: {index: value}}`` and defaults ``{name: value}`` of a statement that Pyomo reads.

    Raises
    ------
    DataError
        For whatever Pyomo cannot read, in its own words.
    """
    from pyomo.dataportal.process_data import _process_data

    header = [_as_pyomo(token) for token in statement.header]
    body = None if statement.body is None else [_as_pyomo(token) for token in statement.body]
    command = [statement.keyword, *header] if body is None else [statement.keyword, *header, ":=", *body]
    if statement.keyword == "table":
        _refuse_endless(statement)
        command = ["table", header, body or []]
    values, defaults = {}, {}
    try:
        with redirect_stdout(StringIO()):  # Pyomo prints the column it misses
            _process_data(command, model, values, defaults, statement.file, statement.line)
    except Exception as error:  # its readers fail by whatever their guess at the layout leads to
        raise _refused(statement, f"Pyomo cannot read this '{statement.keyword}': {one_line(error)}") from error
    return values.get(None, {}) if statement.keyword == "load" else values, defaults


def _as_pyomo(token: Token):
    """A token as Pyomo's own parser hands it over, where quotes mark what must stay text."""
    return f'"{token.value}"' if token.kind == "text" and isinstance(token.value, str) else token.value


def _refuse_endless(statement) -> None:
    """Pyomo steps through a ``table`` by its ``columns=``, and never arrives where that is not positive."""
    values = [token.value for token in statement.header]
    for name, equals, count in zip(values, values[1:], values[2:], strict=False):
        if name == "columns" and equals == "=" and not (type(count) is int and count > 0):
            raise _refused(statement, f"columns={count} must be a whole number ≥ 1")


def _refused(statement, message: str) -> DataError:
    return DataError(message, file=statement.file, line=statement.line)
