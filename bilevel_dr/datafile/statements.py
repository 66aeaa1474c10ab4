"""A .dat file → its statements: from bytes to ``keyword header := body ;``.

What is wrong with the file as a whole (missing, binary, marked with a BOM) or with the frame of a statement (its
keyword, its ``;``) is found here; what a statement says about a model, in :mod:`bilevel_dr.datafile.values`.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ..errors import DataError
from .lexing import KEYWORDS, Token, tokenize
from .trust import MAX_BYTES, TOO_LONG, path_inside, vetted_load

MAX_PROBLEMS = 1000  # what has more is no .dat file
_DEEPEST = 20  # files that include each other

_STATEMENTS = ("set", "param", "table", "data", "end")
_FOREIGN = ("include", "load")
_OPENERS = KEYWORDS | {"set", "param", "table"}
_BOMS = {codecs.BOM_UTF8: "UTF-8", codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
_NO_END = "the statement that ends here lacks its ';'"

Report = Callable[[str, int], None]


@dataclass(frozen=True)
class Statement:
    """One statement: the tokens between its keyword and ``:=``, and those behind (``None``: it has no ``:=``)."""

    file: str
    line: int
    keyword: str
    header: list[Token]
    body: list[Token] | None


def read_statements(path, problems: list[DataError], trust_data: bool = False) -> list[Statement]:
    """Read one .dat file, and with ``trust_data`` those it includes, in place.

    Parameters
    ----------
    path : str or path
        A regular file of UTF-8 text, at most 32 MB with all that it includes and loads.
    problems : list of DataError
        What is wrong is added here; reading goes on with the next statement, up to 1000 problems.
    trust_data : bool
        Let ``include`` and ``load`` read other files of the folder ``path`` lies in.
    """
    reading = _Reading(Path(path).resolve().parent if trust_data else None, problems)
    try:
        reading.read(Path(path), str(path), ())
    except _Enough:
        problems.append(DataError(f"more than {MAX_PROBLEMS} problems: what follows was not looked at", file=str(path)))
    return reading.statements


def statements_of(tokens: list[Token], report: Report) -> list[Statement]:
    """The statements these tokens make, without those that read other files."""
    found = (_statement(words, "", report) for words in _split(tokens, report))
    return [statement for statement in found if statement is not None and statement.keyword not in _FOREIGN]


def files_beside(path) -> list[str]:
    """The other files that a trusted .dat file reads, those included and those loaded, as far as it can be read."""
    found = {}
    for statement in read_statements(path, [], trust_data=True):
        found[str(Path(statement.file).resolve())] = True
        if statement.keyword == "load":
            found[str(statement.header[0].value)] = True
    found.pop(str(Path(path).resolve()), None)
    return list(found)


class _Enough(Exception):
    """There are so many problems that more would help nobody."""


class _Reading:
    """One data file with all it includes: what was read so far, and how much more may be."""

    def __init__(self, root: Path | None, problems: list[DataError]):
        self.root, self.problems, self.left = root, problems, MAX_BYTES
        self.statements: list[Statement] = []
        self.included: set[Path] = set()

    def read(self, path: Path, name: str, including: tuple[Path, ...]) -> None:
        def report(message: str, line: int | None = None) -> None:
            self._note(DataError(message, file=name, line=line))

        try:
            content = _content(path, name, self.left)
            self.left -= len(content)
            tokens = tokenize(_text(content, name), report)
        except DataError as error:
            self._note(error)
            return
        if not tokens:
            report("the file holds no statement")
        for words in _split(tokens, report):
            statement = _statement(words, name, report)
            if statement is None:
                continue
            try:
                self._take(statement, (*including, path.resolve()))
            except DataError as error:
                self._note(error)

    def _note(self, error: DataError) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Enough
        self.problems.append(error)

    def _take(self, statement: Statement, including: tuple[Path, ...]) -> None:
        if statement.keyword not in _FOREIGN:
            self.statements.append(statement)
        elif self.root is None:
            allow = "trust_data=True (--trust-data) allows it inside the folder of this file"
            raise _at(statement, f"'{statement.keyword}' reads another file, which is refused; {allow}")
        elif statement.keyword == "load":
            vetted, size = vetted_load(statement, self.root, self.left)
            self.left -= size
            self.statements.append(vetted)
        else:
            self._include(statement, including)

    def _include(self, statement: Statement, including: tuple[Path, ...]) -> None:
        words = statement.header
        if len(words) != 1 or words[0].kind not in ("word", "text") or statement.body is not None:
            raise _at(statement, "'include' takes one file name, in quotes")
        name = str(words[0].value)
        target = path_inside(self.root, name, statement)
        if target in including:
            raise _at(statement, f"{name!r} is included by itself")
        if target in self.included:
            raise _at(statement, f"{name!r} is included twice: take one out")
        if len(including) >= _DEEPEST:
            raise _at(statement, f"{name!r} is included by files that include each other, {_DEEPEST} of them: join some")
        self.included.add(target)
        self.read(target, str(Path(statement.file).parent / name), including)


def _at(statement: Statement, message: str) -> DataError:
    return DataError(message, file=statement.file, line=statement.line)


def _content(path: Path, name: str, left: int) -> bytes:
    """The bytes of a regular file, or a DataError on why it has none, or more than are ``left`` to be read."""
    try:
        if not path.exists():
            siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
            near = get_close_matches(path.name, siblings, n=1)
            raise DataError("no such file" + (f"; the nearest name is {near[0]}" if near else ""), file=name)
        if not path.is_file():
            reason = "is a folder: give one of its .dat files" if path.is_dir() else "is no regular file"
            raise DataError(reason, file=name)
        with path.open("rb") as file:
            content = file.read(left + 1)  # a size that a file system tells may be another one by now
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=name) from error
    if len(content) > left:
        raise DataError(TOO_LONG, file=name)
    return content


def _text(content: bytes, name: str) -> str:
    """Bytes as text with plain line ends, or a DataError on why they are none."""
    for mark, encoding in _BOMS.items():
        if content.startswith(mark):
            raise DataError(f"starts with a {encoding} byte-order mark: save it without BOM", file=name, line=1)
    if b"\0" in content:
        raise DataError("is binary: a .dat file is text", file=name, line=_line_of(content, content.index(b"\0")))
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 (byte 0x{content[error.start]:02X}): save it as UTF-8"
        raise DataError(message, file=name, line=_line_of(content, error.start)) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _line_of(content: bytes, position: int) -> int:
    return len(content[:position].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))


def _split(tokens: list[Token], report: Report) -> Iterator[list[Token]]:
    """Tokens from ``;`` to ``;``; where one is missing, up to the keyword that opens the next statement's line."""
    words: list[Token] = []
    body = None  # position of the first token behind ':='
    stream = iter(tokens)
    for token in stream:
        cut = None
        if token.kind == ";":
            if words:
                yield words
            else:
                report("this ';' ends nothing: take it out", token.line)
            words, body = [], None
            continue
        if token.kind in ("word", "keyword") and words:
            if _opens_line(token, words[-1], _OPENERS if body is None else KEYWORDS):
                cut = len(words)
        elif token.kind in (":", ":=") and body is not None:
            before = range(len(words) - 1, body, -1)
            cut = next((at for at in before if _opens_line(words[at], words[at - 1], _OPENERS)), None)
        elif token.kind == "{" and words and words[0].value == "namespace":
            report("'namespace' is refused: its values would reach no model; write them outside it", words[0].line)
            next((later for later in stream if later.kind == "}"), None)
            words = []
            continue
        if cut is not None:
            if body is not None or words[0].value not in ("set", "param", "table"):  # those lack their ':=' first
                report(_NO_END, words[cut - 1].line)
            yield words[:cut]
            words, body = words[cut:], None
        words.append(token)
        if token.kind == ":=" and body is None:
            body = len(words)
    if words:
        report(_NO_END, words[-1].line)
        yield words


def _opens_line(token: Token, previous: Token, keywords) -> bool:
    return token.line > previous.line and token.kind in ("word", "keyword") and token.value in keywords


def _statement(words: list[Token], file: str, report: Report) -> Statement | None:
    """The statement these words make, or ``None`` for one that says nothing or was reported."""
    first = words[0]
    if first.kind == "broken":
        return None
    if first.kind not in ("word", "keyword") or first.value not in _OPENERS:
        near = get_close_matches(str(first.value).lower(), [*_STATEMENTS, *_FOREIGN], n=1)
        if near:
            hint = f"write '{near[0]}'"
        elif len(words) > 1 and words[1].kind in (":=", ":"):
            hint = f"write 'param {first.value}' or 'set {first.value}'"
        else:
            hint = f"write one of {', '.join(_STATEMENTS)}"
        report(f"no statement begins with {str(first.value)!r}: {hint}", first.line)
        return None
    if first.value in ("store", "namespace"):
        report(f"'{first.value}' gives a model no data: take it out", first.line)
        return None
    if first.value in ("data", "end"):
        if len(words) > 1:
            report(f"'{first.value}' stands alone: write '{first.value};'", first.line)
        return None
    at = next((at for at, token in enumerate(words) if token.kind == ":="), None)
    header, body = (words[1:], None) if at is None else (words[1:at], words[at + 1 :])
    return Statement(file, first.line, first.value, header, body)
