"""Knobs and the text: what a knob says now, and the text with knobs turned."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

from ..datafile.checking import names_of
from ..datafile.rewriting import rewritten
from ..play import Knob


def offered(play, instance) -> list[Knob]:
    """The knobs of an instance, each with room for what it is at; none where there is no instance."""
    if instance is None:
        return []
    knobs = play.knobs(instance)
    at = settings(instance, knobs)
    return [stretched(knob, at[knob.name]) for knob in knobs]


def settings(instance, knobs: list[Knob]) -> dict[str, object]:
    """What each knob is at in an instance: 1 for a factor, None for a choice its indices do not share."""
    return {knob.name: 1.0 if knob.factor else _common(instance.component(knob.name)) for knob in knobs}


def stretched(knob: Knob, value) -> Knob:
    """The knob with its range or choices wide enough for a value, which stands on one of its steps or between two."""
    if knob.choices:
        return knob if value is None or value in knob.choices else replace(knob, choices=(*knob.choices, value))
    return replace(knob, low=min(knob.low, value), high=max(knob.high, value))


def label(instance, knob: Knob) -> str:
    """Markdown: the name, then what the model says of it; ``×`` behind the name of a factor."""
    said = re.sub(r"([*_`\\])", r"\\\1", instance.component(knob.name).doc or "")
    name = re.sub("_", r"\_", knob.name)
    return f"**{name}{' ×' if knob.factor else ''}** {said}".strip()


def options(knob: Knob) -> dict[str, object]:
    """The choices of a knob by what they are called."""
    return {said(choice): choice for choice in knob.choices}


def said(value) -> str | None:
    """A choice in words; None for none."""
    return value if value is None or isinstance(value, str) else "∞" if value == math.inf else f"{value:g}"


def turned(model, text: str, knobs: list[Knob], before: Mapping, after: Mapping) -> str:
    """The text with the values of those knobs written in that differ.

    Parameters
    ----------
    model : AbstractModel
    text : str
        Without mistakes.
    knobs : list of Knob
    before, after : mapping of str to value
        :func:`settings` of the text, and what is wanted; None changes nothing.
    """
    changes = {
        knob.name: _change(knob, after[knob.name])
        for knob in knobs
        if after[knob.name] is not None and not _same(before[knob.name], after[knob.name])
    }
    return rewritten(text, names_of(model), changes) if changes else text


def _change(knob: Knob, value):
    if knob.factor:
        return lambda old: None if old is None else old * value
    return lambda old: value


def _common(parameter):
    values = set(parameter.extract_values().values()) if parameter.is_indexed() else {parameter.value}
    return values.pop() if len(values) == 1 else None


def _same(one, other) -> bool:
    if isinstance(one, str) or isinstance(other, str) or one is None:
        return one == other
    return one == other or math.isclose(one, other, rel_tol=1e-9)
