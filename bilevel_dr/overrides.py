"""Values given beside the data file: ``{"target": 900, "baseline": {3: 90}}`` and ``--set baseline[3]=90``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .datafile.case import DEFAULT, CaseData, Names, Place, label
from .datafile.lexing import scalar
from .errors import DataError

_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\[([^\]]*)\])?\s*")
_ENTRY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^,"'\[\]]*[^,"'\[\]\s]))\s*(,|$)""")
_NO_NUMBER = re.compile(r"[-+]?(inf(inity)?|nan)", re.IGNORECASE)


def parse_override(text: str) -> tuple[str, object, int | float | bool | str]:
    """Read one ``name=value`` of the command line.

    Parameters
    ----------
    text : str
        ``target=900``, ``baseline[3]=90``, ``wind[a,1]=3``, ``wind["a, b",1]=3``: names as Pyomo prints them, numbers
        as in a .dat file (``1e3``, not ``1D3``), ``inf`` where the parameter's domain names it.

    Returns
    -------
    name : str
    index : scalar, tuple or None
        ``None`` for a scalar parameter.
    value : int, float, bool or str

    Raises
    ------
    DataError
        If the text is no ``name=value``.
    """
    written, word = split_setting(text)
    name, index = _parse_name(written)
    if word[0] in "\"'" and word[-1] == word[0] and len(word) > 1:
        return name, index, word[1:-1]
    return name, index, float(word) if _NO_NUMBER.fullmatch(word) else scalar(word)


def split_setting(text: str) -> tuple[str, str]:
    """``"baseline[3] = 90"`` → ``("baseline[3]", "90")``.

    Raises
    ------
    DataError
        If the text is no ``name=value``.
    """
    match = _NAME.match(text)
    end = match.end() if match else 0
    word = text[end + 1 :].strip()
    if not match or text[end : end + 1] != "=" or not word:
        raise DataError(f"{text!r} sets nothing: write name=value, like target=900 or baseline[3]=90")
    _parse_name(match[0])
    return match[0].strip(), word


def apply_overrides(case: CaseData, names: Names, overrides: Mapping | None) -> None:
    """Put ``overrides`` in the place of what the files give; what names nothing of the model joins ``case.problems``.

    Keys are names (``"target"``, ``"baseline"``) or Pyomo's names of single values (``"baseline[3]"``). A scalar takes
    a value, an indexed param ``{index: value}``, a set a list of its members, an indexed set ``{index: list}``. An indexed
    param that has a default in the model takes a lone value too, which stands at every index then.
    """
    taken = set()
    for name, index, value in _each(case, names, overrides or {}):
        parameter = label(name, index)
        value = _members(value) if name in names.sets else _plain(value)
        if (name, index) in taken:
            _refuse(case, f"{parameter} is given twice", parameter)
        elif value is None and name in names.sets:
            _refuse(case, f"{parameter} is a set: give a list of its members, each once", parameter)
        elif name in names.params and not isinstance(value, int | float | str):
            _refuse(case, f"{parameter}: a value is a number or a text, not {value!r}", parameter)
        elif index is DEFAULT:
            for at in case.values.pop(name, {}):
                case.places.pop((name, at), None)
            case.defaults[name], case.places[name, DEFAULT] = value, Place(statement=-1)
        else:
            for member in case.values.get(name, {}).get(index, ()) if name in names.sets else ():
                case.places.pop((name, index, member), None)
            case.doubtful.discard(name)
            case.values.setdefault(name, {})[index] = value
            case.places[name, index] = Place(statement=-1)
        taken.add((name, index))


def _each(case: CaseData, names: Names, overrides: Mapping) -> Iterator[tuple[str, object, object]]:
    """Every single value as (name, index, value)."""
    for key, value in overrides.items():
        try:
            name, index = _parse_name(str(key))
        except DataError as error:
            case.problems.append(error)
            continue
        objection = names.objection(name, "set" if name in names.sets else "param")
        if objection:
            _refuse(case, objection, name)
        elif isinstance(value, Mapping):
            if index is None:
                yield from ((name, _plain(at), single) for at, single in value.items())
            else:
                parameter = label(name, index)
                _refuse(case, f"{parameter} has its index: give one value, not {value!r}", parameter)
        elif index is None and name in names.spread:
            yield name, DEFAULT, value
        elif index is None and names.params.get(name):
            _refuse(case, f"{name} has an index: give {{index: value}}, like {{'{name}': {{3: {value!r}}}}}", name)
        else:
            yield name, index, value


def _parse_name(text: str) -> tuple[str, object]:
    """``"wind[a,1]"`` → ``("wind", ("a", 1))``."""
    match = _NAME.fullmatch(text)
    if not match:
        raise DataError(f"override {text!r} names nothing: write a name like target or baseline[3]", parameter=text)
    name, inside = match.groups()
    if inside is None:
        return name, None
    entries, at, comma = [], 0, ","
    while comma:
        entry = _ENTRY.match(inside, at)
        if not entry:
            raise DataError(f"override {text!r}: [{inside}] is no index; write [3] or [a,1]", parameter=name)
        double, single, word, comma = entry.groups()
        entries.append(scalar(word) if word else double or single or "")
        at = entry.end()
    return name, entries[0] if len(entries) == 1 else tuple(entries)


def _members(value) -> list | None:
    """The members of a set, or ``None`` where ``value`` is no collection of different ones."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return None
    members = [_plain(member) for member in value]
    try:
        return members if len(set(members)) == len(members) else None
    except TypeError:
        return None


def _plain(value):
    """numpy's numbers as Python's, within tuples too, and lists as tuples; anything else as it is."""
    if isinstance(value, tuple | list):
        return tuple(map(_plain, value))
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value


def _refuse(case: CaseData, message: str, parameter: str) -> None:
    case.problems.append(DataError(f"override {message}", parameter=parameter))
