"""A radial network as a tree: the longest way straight on, branches beside it, voltages as shades, flows as widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from . import style
from .style import BLUE, DARK, GREEN, ORANGE, VERMILION, canvas, legend, note, tidy

_MARKS = (
    {"marker": "o", "s": 260, "lw": 2.0, "edgecolors": GREEN},
    {"marker": "s", "s": 230, "lw": 1.6, "edgecolors": VERMILION},
    {"marker": "D", "s": 250, "lw": 1.6, "edgecolors": BLUE},
)


def network(
    buses: Sequence,
    lines: Sequence[tuple],
    voltages: Mapping | None = None,
    flows: Mapping | None = None,
    chosen: Mapping[str, Sequence] | None = None,
    ringed: Mapping[str, Sequence] | None = None,
    root=None,
    xlabel="lines from the substation",
    voltage_label="voltage [p.u.]",
    flow_unit="MW",
    title="",
    axes=None,
):
    """A radial network with what its buses and lines do.

    Parameters
    ----------
    buses : sequence of hashable, length n
    lines : sequence of (bus, bus)
        n − 1 of them, in any direction; together they reach every bus.
    voltages : mapping of bus to float, optional
        Shades the buses, dark is low.
    flows : mapping of line to float, optional
        By the pairs of ``lines``; the width of a line is the size of its flow.
    chosen : mapping of str to sequence of bus, optional
        Where there are no voltages: one label filled, the others white.
    ringed : mapping of str to sequence of bus, optional
        Label → buses with a ring around them.
    root : bus, optional
        The substation, drawn as a square; the first bus by default.
    xlabel, voltage_label, flow_unit, title : str
    axes : Axes, optional

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        The lines form no tree on the buses.
    """
    buses, root = list(buses), buses[0] if root is None else root
    places = tree_places(buses, lines, root)
    figure, axes, own = canvas(axes, width=9.0, height=4.2)
    widest = max((abs(flow) for flow in (flows or {}).values()), default=0.0)
    for ends in lines:
        size = 1.4 if not widest else 0.6 + 6.0 * abs(flows[ends]) / widest
        axes.plot(*zip(*(places[end] for end in ends), strict=True), color="0.72", lw=size, solid_capstyle="round", zorder=1)
    _draw_buses(figure, axes, [bus for bus in buses if bus != root], root, places, voltages, voltage_label, chosen or {})
    for k, (label, ring) in enumerate((ringed or {}).items()):
        at = np.array([places[bus] for bus in ring], float).reshape(-1, 2)
        if len(at):
            axes.scatter(*at.T, facecolors="none", label=label, zorder=2, **_MARKS[k % len(_MARKS)])
    marked = {bus for ring in (ringed or {}).values() for bus in ring}
    for bus in buses:
        note(axes, str(bus), places[bus], (0, 9 if bus not in marked else 11), fontsize=7.5)
    x, y = np.array(list(places.values()), float).T
    limits = {"xlim": (-0.7, x.max() + 0.7), "ylim": (y.min() - 0.6, y.max() + 0.9), "yticks": []}
    tidy(axes, "none", title=title, xlabel=xlabel, **limits)
    axes.spines["left"].set_visible(False)
    style.whole_numbers(axes.xaxis)
    if widest:
        text = f"width of a line: its flow, at most {widest:.3g} {flow_unit}"
        axes.annotate(text, (0, 1), xycoords="axes fraction", va="top", fontsize=style.SMALL, color=DARK)
    legend(figure, axes, own, columns=5, markerscale=0.7)
    return figure


def _draw_buses(figure, axes, others, root, places, voltages, voltage_label, chosen) -> None:
    look = {"edgecolors": DARK, "lw": 0.9, "zorder": 3}
    axes.scatter(*places[root], s=120, marker="s", color=ORANGE, label="substation", **look)
    if voltages is not None:
        at = np.array([places[bus] for bus in others], float).reshape(-1, 2)
        shades = axes.scatter(*at.T, s=120, c=[voltages[bus] for bus in others], cmap="cividis", **look)
        scale = figure.colorbar(shades, ax=axes, pad=0.01, shrink=0.85, label=voltage_label)
        scale.outline.set_visible(False)
        return
    groups = chosen or {"": others}
    for (label, group), colour in zip(groups.items(), (BLUE, "white", style.PALE), strict=False):
        at = np.array([places[bus] for bus in group if bus != root], float).reshape(-1, 2)
        axes.scatter(*at.T, s=120, color=colour, label=label or None, **look)


def tree_places(buses: Sequence, lines: Sequence[tuple], root) -> dict:
    """Each bus's distance from the root and its row: the longest branch goes on straight, others take the nearest free row.

    Raises
    ------
    ValueError
        The lines form no tree on the buses.
    """
    beside: dict = {bus: [] for bus in buses}
    for one, other in lines:
        beside[one].append(other)
        beside[other].append(one)
    parent, order = {root: None}, [root]
    for bus in order:
        new = [other for other in beside[bus] if other not in parent]
        parent |= dict.fromkeys(new, bus)
        order += new
    if len(order) != len(buses) or len(lines) != len(buses) - 1:
        reached = f"{len(order)} of {len(buses)} buses reached from {root!r} by {len(lines)} lines"
        raise ValueError(f"network: {reached}; a radial network has one line fewer than buses, which reach them all")
    depth = {root: 0}
    for bus in order[1:]:
        depth[bus] = depth[parent[bus]] + 1
    reach = dict(depth)
    for bus in reversed(order[1:]):
        reach[parent[bus]] = max(reach[parent[bus]], reach[bus])
    row, taken = {root: 0}, {0: [(0.0, float(reach[root]))]}
    for bus in order:
        children = sorted((b for b in beside[bus] if parent[b] == bus), key=lambda b: -reach[b])
        for rank, child in enumerate(children):
            row[child] = row[bus] if rank == 0 else _free_row(taken, row[bus], depth[child] - 0.5, reach[child] + 0.25)
            taken.setdefault(row[child], []).append((depth[child] - 0.5, reach[child] + 0.25))
    return {bus: (depth[bus], row[bus]) for bus in buses}


def _free_row(taken, start: int, first: float, last: float) -> int:
    """The nearest row that is free from ``first`` to ``last``, one that is reached across no other line if there is one."""

    def busy(row: int, left: float, right: float) -> bool:
        return any(begin <= right and left <= end for begin, end in taken.get(row, ()))

    def crosses(row: int) -> bool:
        return any(busy(between, first, first) for between in range(min(row, start) + 1, max(row, start)))

    rows = [start + side * distance for distance in range(1, len(taken) + 2) for side in (-1, 1)]
    return min((row for row in rows if not busy(row, first, last)), key=lambda row: (crosses(row), abs(row - start)))
