"""What a case gives its model: values, each with the place it stands at. It knows neither files nor Pyomo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

from ..errors import DataError

DEFAULT = object()  # in place of an index: the value behind 'param name default'


class Place(NamedTuple):
    """Where a value stands: file, line, number of the statement (-1: it is an override)."""

    file: str | None = None
    line: int | None = None
    statement: int | None = None

    @property
    def is_override(self) -> bool:
        return self.statement == -1


@dataclass(frozen=True)
class Names:
    """What a model calls its data, with the number of entries of a param's index and of a set's member.

    A number of ``None`` leaves the reading to Pyomo. ``others`` are components that take no data, with their kind; ``spread``
    are indexed params that have a default in the model: one value without an index stands in its place.
    """

    params: Mapping[str, int | None]
    sets: Mapping[str, int | None]
    others: Mapping[str, str] = field(default_factory=dict)
    spread: frozenset[str] = frozenset()

    def objection(self, name, wanted: str) -> str | None:
        """Why ``name`` is no ``wanted`` ("param" or "set") of the model, or ``None`` if it is one."""
        right, wrong = (self.params, self.sets) if wanted == "param" else (self.sets, self.params)
        if name in right:
            return None
        if name in wrong:
            return f"{name} is a {'set' if wanted == 'param' else 'param'}, not a {wanted}"
        if name in self.others:
            return f"{name} is a {self.others[name]}, which takes no data"
        near = get_close_matches(str(name), [*right, *wrong], n=1)
        return f"the model has no {wanted} named {str(name)!r}" + (f"; the nearest name is {near[0]}" if near else "")


@dataclass
class CaseData:
    """All that a case gives its model, and what is wrong with it so far.

    Attributes
    ----------
    values : dict
        ``{param: {index: value}}`` and ``{set: {index: [member, …]}}``, the index of a scalar being ``None``.
    defaults : dict
        ``{param: value}``.
    places : dict
        Where ``(name, index)`` and ``(set, index, member)`` stand.
    files : list of str
        The data files, in the order given.
    doubtful : set
        Sets that were not read to their end: nothing can be said about who belongs to them.
    problems : list of DataError
    """

    values: dict[str, dict] = field(default_factory=dict)
    defaults: dict[str, object] = field(default_factory=dict)
    places: dict[tuple, Place] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)
    problems: list[DataError] = field(default_factory=list)

    @property
    def file(self) -> str | None:
        """The file that speaks last, where what is missing would be added."""
        return self.files[-1] if self.files else None


def label(name: str, index=None) -> str:
    """``("wind", ("a", 1))`` → ``wind[a,1]``, the name Pyomo prints."""
    if index is None:
        return str(name)
    if index is DEFAULT:
        return f"{name} default"
    return f"{name}[{','.join(map(str, index if isinstance(index, tuple) else (index,)))}]"
