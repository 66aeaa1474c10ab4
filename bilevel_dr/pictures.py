"""The natural picture of an answer: a paper's own, found by the name of its model, or one panel a component.

The only part of the engine besides the commands that looks papers up: an answer that has left its model behind must still
find the room that knows how to draw it.
"""

from __future__ import annotations

import textwrap

import numpy as np

from .papers import list_papers
from .plots import style

SOME = 24
"""Bars of a panel: what has more values is drawn as a stair."""


def draw(solution, instance=None):
    """See :meth:`bilevel_dr.Solution.plot`."""
    name = solution.model or getattr(instance, "name", "")
    if not solution.point:
        raise ValueError(f"{name or 'solution'}: {solution.termination}, so there is no point to draw")
    paper = list_papers().get(name.partition("/")[0])
    own = paper.picture() if paper is not None else None
    return (own(solution, instance) if own else None) or by_component(solution, instance)


def by_component(solution, instance=None):
    """Every variable of any model: a panel a component, what has no index together.

    Parameters
    ----------
    solution : Solution
    instance : ConcreteModel, optional
        Labels the axes by the ``doc`` of its variables.

    Returns
    -------
    Figure
    """
    names = dict.fromkeys(solution.values["component"])
    found = {name: solution.series(name) for name in names}
    single = {name: float(series.iloc[0]) for name, series in found.items() if len(series) == 1}
    several = {name: series for name, series in found.items() if len(series) > 1}
    count = len(several) + bool(single)
    columns = 1 if count == 1 else 2
    rows = -(-count // columns)
    figure, axes = style.panels(rows, columns, squeeze=False)
    places = iter(axes.ravel())
    if single:
        _singles(next(places), single)
    for name, series in several.items():
        panel = next(places)
        _several(figure, panel, series)
        style.tidy(panel, panel.get_gid() or "y", title=_headed(name, solution, instance))
    for panel in places:
        panel.set_visible(False)
    style.headline(figure, f"{solution.model or 'every variable'} — {style.CLAIMS[solution.claim]}")
    return figure


def _singles(axes, values: dict) -> None:
    """A bar each with its number beside it; where they differ by thousands, on an axis that is logarithmic beyond one."""
    place = np.arange(len(values))
    largest = max(abs(value) for value in values.values()) or 1.0
    axes.barh(place, list(values.values()), 0.5, **style.bar(0))
    for at, value in zip(place, values.values(), strict=True):
        side = {"ha": "left" if value >= 0 else "right", "va": "center"}
        style.note(axes, f"{value:.5g}", (value, at), (4 if value >= 0 else -4, 0), **side)
    middle, reach = (len(values) - 1) / 2, max(len(values) / 2 + 0.1, 1.5)
    axes.set_yticks(place, list(values))
    axes.set_ylim(middle + reach, middle - reach)
    axes.margins(x=0.2)
    if not any(values.values()):
        axes.set_xlim(0, 1)  # and not a hair's breadth around zero
    if largest > 1e3 * min((abs(v) for v in values.values() if v), default=largest):
        axes.set_xscale("symlog", linthresh=1.0)
    style.tidy(axes, "x", title="without an index")


def _several(figure, axes, series) -> None:
    keys, values = list(series.index), series.to_numpy()
    pairs = [key for key in keys if isinstance(key, tuple)]
    if len(pairs) == len(keys) and all(len(key) == 2 for key in keys):
        first, second = (list(dict.fromkeys(key[k] for key in keys)) for k in (0, 1))
        if len(first) * len(second) <= 4 * len(keys) and min(len(first), len(second)) > 1:
            table = np.full((len(first), len(second)), np.nan)
            for key, value in zip(keys, values, strict=True):
                table[first.index(key[0]), second.index(key[1])] = value
            shades = axes.pcolormesh(table, cmap="cividis", rasterized=table.size > 2000)
            figure.colorbar(shades, ax=axes, pad=0.02).outline.set_visible(False)
            for axis, names in ((axes.yaxis, first), (axes.xaxis, second)):
                every = -(-len(names) // 12)
                axis.set_ticks(np.arange(len(names))[::every] + 0.5, [str(name) for name in names[::every]])
            axes.invert_yaxis()  # the first on top, as in a table
            axes.set_gid("none")
            return
    if len(keys) > SOME:
        axes.stairs(values, np.arange(len(keys) + 1) + 0.5, baseline=None, color=style.BLUE, lw=1.5)
        axes.set_xlabel("in the model's order")
        return
    axes.bar(np.arange(len(keys)), values, 0.7, **style.bar(0))
    labels = [",".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in keys]
    longest = max(map(len, labels))
    every = -(-len(keys) * longest // 36) if longest <= 3 else 1
    slanted = {"rotation": 45, "ha": "right"} if sum(map(len, labels[::every])) > 40 else {}
    axes.set_xticks(np.arange(len(keys))[::every], labels[::every], **slanted)


def _headed(name, solution, instance) -> str:
    """A component's name, and what its ``doc`` says."""
    if instance is None:
        return name
    table = solution.values
    data = instance.find_component(table["name"][table["component"] == name].iloc[0])
    doc = "" if data is None else data.parent_component().doc or ""
    return textwrap.fill(f"{name}: {doc}" if doc else name, 52)
