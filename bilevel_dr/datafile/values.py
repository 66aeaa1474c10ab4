"""Statements → values: what each parameter and set is given, and what is wrong with the way it is written.

The layouts are Pyomo's: lists (``param a := 1 90 2 80;``), slices (``[1,*] …``), tables (``param : SET : a b := …``),
matrices (``param d : 1 2 := …``, transposed by ``(tr)``), sets of members or tuples, indexed sets and ``+ -`` matrices.
Where an index is given twice Pyomo keeps the last value, of two values for a scalar the first: here both are errors.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import attrgetter

from ..errors import DataError
from .case import DEFAULT, CaseData, Names, Place, label
from .layouts import LayoutError, expanded, merged, rows, tuples
from .lexing import BROKEN, Token
from .statements import MAX_PROBLEMS, Statement, read_statements
from .trust import read_by_pyomo

_SIGNS = (":", "(tr)", "=")


def read_case(paths: Iterable, names: Names, model=None, trust_data: bool = False) -> CaseData:
    """Read .dat files, one after the other, into one case.

    Parameters
    ----------
    paths : iterable of path
        Later files add to earlier ones; what two of them give is an error.
    names : Names
        The model's.
    model : AbstractModel, optional
        Asked by Pyomo where it reads a statement itself (``table``, and ``load`` of a trusted file).
    trust_data : bool
        See :func:`bilevel_dr.datafile.statements.read_statements`.
    """
    reader = _Reader(names, model)
    for path in paths:
        reader.data.files.append(str(path))
        problems = reader.data.problems
        first, statements = len(problems), read_statements(path, problems, trust_data)
        reader.unclaimed = sorted((e for e in problems[first:] if e.line is not None), key=attrgetter("line"))
        for statement in statements:
            if len(problems) > MAX_PROBLEMS:
                break
            reader.read(statement)
    reader.report_repeats()
    return reader.data


def read_values(statements: Iterable[Statement], names: Names) -> CaseData:
    """What statements give a model whose params and sets all have indices of a known width."""
    reader = _Reader(names, None)
    for statement in statements:
        reader.read(statement)
    return reader.data


class _Reader:
    """Reads statement after statement into ``data``."""

    def __init__(self, names: Names, model):
        self.names, self.model, self.data = names, model, CaseData()
        self.number, self.unclaimed = 0, []
        self.repeats: dict[tuple, tuple] = {}

    def read(self, statement: Statement) -> None:
        self.statement, self.number = statement, self.number + 1
        words = [*statement.header, *(statement.body or ())]
        last = max([statement.line, *(token.line for token in words)])
        at = bisect_left(self.unclaimed, statement.line, key=attrgetter("line"))
        while at < len(self.unclaimed) and self.unclaimed[at].line <= last:  # found before what they are about was known
            if self.unclaimed[at].file == statement.file:
                self.unclaimed[at].parameter = self.unclaimed[at].parameter or self._subject
            at += 1
        before = len(self.data.problems)
        try:
            {"param": self._param, "set": self._set}.get(statement.keyword, self._by_pyomo)()
        except LayoutError as error:
            self._report(*error.args)
        except DataError as error:
            self.data.problems.append(error)
        if len(self.data.problems) > before or any(token.value is BROKEN for token in words):
            self.data.doubtful |= {token.value for token in statement.header} & self.names.sets.keys()

    def report_repeats(self) -> None:
        """One error for each row, or statement, that gives again what another one gave."""
        for first, again, keys in islice(self.repeats.values(), MAX_PROBLEMS):
            name, index, *member = keys[0]
            what = label(name, index) + (f" member {member[0]}" if member else "")
            others = f" and {len(keys) - 1} more are" if len(keys) > 1 else " is"
            where = f"on line {first.line}" if first.file == again.file else f"in {first.file}:{first.line}"
            message = f"{what}{others} given twice, first {where}: take one out"
            error = DataError(message, file=again.file, line=again.line, parameter=label(name, index))
            self.data.problems.append(error)

    def _report(self, message: str, line: int, parameter: str | None = None) -> None:
        if len(self.data.problems) <= MAX_PROBLEMS:
            self.data.problems.append(
                DataError(message, file=self.statement.file, line=line, parameter=parameter or self._subject)
            )

    @property
    def _subject(self) -> str | None:
        """The params the statement is about, or the sets."""
        header = [token.value for token in self.statement.header]
        for names in (self.names.params, self.names.sets):
            if known := [name for name in header if name in names]:
                return ", ".join(known)
        return None

    def _names(self, wanted: str, token: Token) -> bool:
        """Whether the token names a ``wanted`` of the model; if not, it is reported."""
        if token.value is BROKEN:
            return False
        objection = self.names.objection(token.value, wanted)
        if objection:
            self._report(objection, token.line, str(token.value))
        return objection is None

    def _add(self, name: str, index, value, line: int) -> None:
        """Take one value of a param, unless its index has one already."""
        if self._is_new((name, index), line):
            if index is DEFAULT:
                self.data.defaults[name] = value
            else:
                self.data.values.setdefault(name, {})[index] = value

    def _add_row(self, columns: list[str], entries: list[Token], values: list[Token], dim: int) -> None:
        """Take a row's values at one index; ``.`` is Pyomo's word for none, ``""`` no column of ours."""
        index = _index(entries)
        for name, value in zip(columns, values, strict=True):
            if not name or index is BROKEN or value.value is BROKEN or value.value == "." and dim:
                continue
            if value.kind == "tuple":
                raise LayoutError(f"{label(name, index)}: a tuple is no value", value.line)
            count = 0 if index is None else len(index) if isinstance(index, tuple) else 1
            if count != dim:
                raise LayoutError(f"{label(name, index)}: its index takes {_entries(dim)}, not {count}", value.line)
            self._add(name, index, value.value, value.line)

    def _add_set(self, name: str, index, members: Iterable[tuple[object, int]], line: int) -> None:
        if self._is_new((name, index), line):
            taken = self.data.values.setdefault(name, {}).setdefault(index, [])
            may_repeat = self.names.sets[name] is None  # a flat list that Pyomo will cut into tuples
            for member, line in members:
                if may_repeat or self._is_new((name, index, member), line):
                    taken.append(member)

    def _is_new(self, key: tuple, line: int) -> bool:
        place = Place(self.statement.file, line, self.number)
        first = self.data.places.setdefault(key, place)
        if first is place:
            return True
        same = first.statement == self.number  # then rows repeat each other, else statements
        pair = (self.number, first.line, line) if same else (self.number, first.statement)
        self.repeats.setdefault(pair, (first, place, []))[2].append(key)
        return False

    def _by_pyomo(self) -> None:
        """Let Pyomo read the statement; all its values then stand on its first line."""
        line = self.statement.line
        try:
            values, defaults = read_by_pyomo(self.statement, self.model)
        except DataError as error:
            absent = getattr(error.__cause__, "name", None)  # of the AttributeError that asking the model for it raises
            objection = absent and self.names.objection(absent, "param")
            raise LayoutError(objection, line) if objection else error from error.__cause__
        for name, table in values.items():
            wanted = "set" if name in self.names.sets else "param"
            if not self._names(wanted, Token("word", name, line)):
                continue
            for index, value in table.items():
                if wanted == "set":
                    self._add_set(name, index, [(member, line) for member in value], line)
                else:
                    self._add(name, index, value, line)
        for name, value in defaults.items():
            self._add(name, DEFAULT, value, line)

    def _param(self) -> None:
        line, body = self.statement.line, self.statement.body
        if any(token.kind == "word[" for token in self.statement.header):
            raise LayoutError("an index stands behind ':=', before its value: param baseline := 3 90;", line)
        header = merged(self.statement.header, _SIGNS)
        if body is None:
            raise LayoutError(_lacks_assignment("param", header), line)
        if header and header[0].kind == ":":
            self._table(header[1:], merged(body))
            return
        if not header:
            raise LayoutError("'param' is followed by no name", line)
        if not self._names("param", header[0]):
            return
        name, rest = header[0].value, header[1:]
        dim = self.names.params[name]
        if dim is None:
            self._by_pyomo()
            return
        if rest and rest[0].value == "default":
            if len(rest) < 2 or rest[1].kind in _SIGNS:
                raise LayoutError(f"{name}: 'default' is followed by no value", rest[0].line)
            if rest[1].value is not BROKEN:
                self._add(name, DEFAULT, rest[1].value, rest[1].line)
            rest = rest[2:]
        if not body:
            raise LayoutError(f"{name} is given no value: write one behind ':=', or take the statement out", line)
        if rest and rest[0].kind in (":", "(tr)"):
            self._matrix(name, dim, rest, merged(body))
        elif rest:
            raise LayoutError(f"{name} is followed by {rest[0].value!r}: expected ':=', 'default' or ':'", rest[0].line)
        else:
            self._list(name, dim, merged(body))

    def _list(self, name: str, dim: int, items: list[Token]) -> None:
        """``param a := 1 90 2 80;`` and its slices; ``param target := 800;``, or one value in place of the model's default."""
        if name in self.names.spread and len(items) == 1 and items[0].value is not BROKEN:
            self._add(name, DEFAULT, items[0].value, items[0].line)
            return
        if dim == 0 and len(items) > 1:
            raise LayoutError(f"{name} is one value, but {len(items)} are given", items[1].line)
        what = f"{name} is written as {_entries(dim)} of an index and a value"
        for row in rows(expanded(items, dim), dim + 1, what, self._report):
            self._add_row([name], row[:-1], row[-1:], dim)

    def _table(self, header: list[Token], items: list[Token]) -> None:
        """``param : CONSUMERS : baseline a b := …``, which also fills the set, or the same without the set."""
        line = self.statement.line
        colons = [at for at, token in enumerate(header) if token.kind == ":"]
        if colons not in ([], [1]) or any(token.kind in ("=", "(tr)") for token in header):
            raise LayoutError("the header of a table is 'param : SET : names :=' or 'param : names :='", line)
        labels = header[2:] if colons else header
        columns = [token.value if self._names("param", token) else "" for token in labels]
        dims = {self.names.params[name] for name in columns if name}
        members_of = header[0].value if colons and self._names("set", header[0]) else None
        if members_of:
            dims.add(self.names.sets[members_of])
        if None in dims:
            self._by_pyomo()
            return
        if len(dims) > 1:
            each = ", ".join(f"{name} {self.names.params[name]}" for name in columns if name)
            raise LayoutError(f"the columns of a table share its index, but theirs have unequal entries: {each}", line)
        if not dims:
            return
        if not items:
            raise LayoutError("the table has no row: write one, or take it out", line)
        dim = dims.pop()
        if dim == 0 and len(items) > len(columns):
            raise LayoutError(f"{labels[0].value} has no index: its table has one row", items[len(columns)].line)
        members = []
        what = ", ".join([_entries(dim) + " of an index", *(str(token.value) for token in labels)])
        for row in rows(items, dim + len(columns), what, self._report, table=True):
            self._add_row(columns, row[:dim], row[dim:], dim)
            members.append((_index(row[:dim]), row[0].line))
        if members_of:
            self._add_set(members_of, None, [(member, line) for member, line in members if member is not BROKEN], line)

    def _matrix(self, name: str, dim: int, columns: list[Token], items: list[Token]) -> None:
        """``param d : 1 2 := a 3 4 b 5 6;``: rows by columns; with ``(tr)`` in front columns by rows."""
        transposed = columns[0].kind == "(tr)"
        columns = columns[transposed:]
        columns = columns[bool(columns) and columns[0].kind == ":" :]
        if not columns or any(token.kind in _SIGNS for token in columns):
            raise LayoutError(f"{name}: the header of a matrix is 'param {name} : columns :='", self.statement.line)
        what = f"the row's index, and {name} in each of {len(columns)} columns"
        for row in rows(items, 1 + len(columns), what, self._report, table=True):
            for column, value in zip(columns, row[1:], strict=True):
                self._add_row([name], [column, row[0]] if transposed else [row[0], column], [value], dim)

    def _set(self) -> None:
        header, body, line = self.statement.header, self.statement.body, self.statement.line
        if body is None:
            raise LayoutError(_lacks_assignment("set", header), line)
        if not header or header[0].kind not in ("word", "word[", "broken"):
            raise LayoutError("'set' is followed by no name", line)
        if not self._names("set", header[0]):
            return
        name, index, columns, items = header[0].value, None, [], merged(body)
        if header[0].kind == "word[":
            if header[-1].kind != "]" or len(header) < 3:
                raise LayoutError(f"the index of {name} is not closed: write set {name}[1] := …", line)
            index = _index(merged([token for token in header[1:-1] if token.kind != ","]))
        elif len(header) > 1:
            columns = merged(header[2:])
            if header[1].kind != ":" or not columns:
                raise LayoutError(f"{name} is followed by {header[1].value!r}: expected ':='", line)
        self._add_set(name, index, self._crossed(columns, items) if columns else self._members(name, items), line)

    def _crossed(self, columns: list[Token], items: list[Token]) -> Iterator[tuple[object, int]]:
        """``set ARCS : a b := x + - y - +;``: the pairs marked with a ``+``, the column first as in Pyomo."""
        for row in rows(items, 1 + len(columns), "a name and one + or - for each column", self._report, table=True):
            for column, mark in zip(columns, row[1:], strict=True):
                if mark.value not in ("+", "-", BROKEN):
                    self._report(f"{mark.value!r} where + or - belongs", mark.line)
                elif mark.value == "+" and BROKEN not in (column.value, row[0].value):
                    yield (column.value, row[0].value), mark.line

    def _members(self, name: str, items: list[Token]) -> Iterator[tuple[object, int]]:
        """Members one by one; a flat list is cut into tuples where the set's members are tuples."""
        dim = self.names.sets[name] or 1
        if any(item.kind == "tuple" for item in items):
            parts = tuples(items)
        else:
            parts = rows(items, dim, f"a member of {name} has {_entries(dim)}", self._report)
        for part in parts:
            member = _index(part)
            count = len(member) if isinstance(member, tuple) else 1
            if member is not BROKEN and dim > 1 and count != dim:
                raise LayoutError(f"{name}: a member has {_entries(dim)}, {member} has {count}", part[0].line)
            if member is not BROKEN:
                yield member, part[0].line


def _index(entries: list[Token]):
    """Tokens → an index as Pyomo keeps it: nothing, a scalar, or a flat tuple; ``BROKEN`` if one of them is."""
    if len(entries) == 1 and entries[0].kind != "tuple":
        return entries[0].value
    flat: list = []
    for token in entries:
        flat += token.value if isinstance(token.value, tuple) else (token.value,)
    if BROKEN in flat:
        return BROKEN
    return tuple(flat) if len(flat) > 1 else flat[0] if flat else None


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _lacks_assignment(keyword: str, header: list[Token]) -> str:
    name = next((token.value for token in header if token.kind in ("word", "word[")), "name")
    if any(token.kind == "=" for token in header):
        return f"{keyword} {name}: write ':=' for '='"
    if any(token.value == "default" for token in header):
        return f"{keyword} {name}: a default stands before values, 'param {name} default 0 := 3 5;', never alone"
    return f"{keyword} {name} lacks its ':='"
