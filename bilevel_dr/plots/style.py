"""How every picture of this project looks: its colours, lines and markers, its axes, its legends.

Colours are Okabe and Ito's, told apart by most colour-blind readers; no two lines of a picture differ by colour alone, so
that it can be read on a grey printout. Figures are objects of their own: pyplot and its hidden state are never imported.
"""

from __future__ import annotations

import io

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PURPLE, SKY, YELLOW = "#CC79A7", "#56B4E9", "#F0E442"
PALE, GREY, DARK = "#D9D9D9", "#8C8C8C", "#333333"

LINES = (
    {"color": BLUE, "ls": "-", "marker": "o"},
    {"color": VERMILION, "ls": "--", "marker": "s"},
    {"color": GREEN, "ls": "-.", "marker": "^"},
    {"color": ORANGE, "ls": (0, (1, 1)), "marker": "D"},
    {"color": PURPLE, "ls": (0, (6, 1.5, 1, 1.5, 1, 1.5)), "marker": "v"},
    {"color": SKY, "ls": (0, (7, 3)), "marker": "P"},
)
"""One entry a line of a picture, in this order, then again from the first."""
FILLS = (
    {"color": BLUE},
    {"facecolor": "#F3C9A8", "edgecolor": VERMILION, "hatch": "////"},
    {"color": PALE, "edgecolor": DARK},
    {"facecolor": "#BFE6D9", "edgecolor": GREEN, "hatch": "...."},
)
"""One entry a set of bars; they differ in lightness and in hatch."""

CLAIMS = {
    "global": "proved optimum",
    "local": "local optimum",
    "stationary": "stationary point, not proved optimal",
    "nash": "Nash equilibrium",
    "none": "NOT CERTIFIED",
}
"""What a title says of the answer that a picture shows, by its claim."""

SMALL = 8.5
"""Size of notes inside a picture, points."""


class Picture(Figure):
    """A matplotlib Figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        with io.BytesIO() as stream:
            self.savefig(stream, format="png", dpi=144, bbox_inches="tight")
            return stream.getvalue()


def line(k: int, marker: bool = True) -> dict:
    """Colour, dashes and (unless told not to) marker of the ``k``-th line."""
    chosen = dict(LINES[k % len(LINES)], lw=1.8, ms=4.5)
    return chosen if marker else {name: value for name, value in chosen.items() if name not in ("marker", "ms")}


def bar(k: int) -> dict:
    """How the ``k``-th set of bars is filled."""
    return dict(FILLS[k % len(FILLS)], lw=0.8)


def panels(rows: int = 1, columns: int = 1, width: float | None = None, height: float | None = None, **options):
    """A new figure and its axes: one Axes, or an array of them where there are several.

    Parameters
    ----------
    rows, columns : int
        Of panels.
    width, height : float, optional
        Inches; 7.2 for one column and 9 for more, 4.2 for one row and 2.7 a row for more.
    **options
        Of ``Figure.subplots``: ``sharex``, ``width_ratios``, …

    Returns
    -------
    figure : Picture
    axes : Axes or ndarray of Axes
    """
    size = width or (7.2 if columns == 1 else 9.0), height or (4.2 if rows == 1 else 2.7 * rows + 0.4)
    figure = Picture(figsize=size, layout="constrained", facecolor="white")
    return figure, figure.subplots(rows, columns, **options)


def canvas(axes, **options):
    """``(figure, axes, own)``: a new picture of one panel, or the given axes; ``own`` says which."""
    if axes is not None:
        return axes.figure, axes, False
    return *panels(**options), True


def tidy(axes, grid: str = "y", title: str = "", **labels):
    """Light grid behind, two spines, title on the left.

    Parameters
    ----------
    axes : Axes
    grid : str
        ``"x"``, ``"y"``, ``"both"`` or ``"none"``.
    title : str
    **labels
        Of ``Axes.set``: ``xlabel``, ``ylabel``, ``xlim``, …
    """
    axes.set(**labels)
    if title:
        axes.set_title(title, x=0, ha="left", fontsize=10.5, color=DARK, pad=8)
    axes.xaxis.label.set(size=9.5, color=DARK)
    axes.yaxis.label.set(size=9.5, color=DARK)
    axes.tick_params(labelsize=9, color=GREY, labelcolor=DARK, width=0.8, length=3)
    axes.tick_params(which="minor", color=GREY, width=0.6, length=2)
    axes.grid(False)
    if grid != "none":
        axes.grid(axis=grid, color="0.91", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set(color=GREY, linewidth=0.8)


def whole_numbers(axis, most: int = 9) -> None:
    """Ticks at whole numbers only, ``most`` at most, for hours, rounds and counts."""
    axis.set_major_locator(MaxNLocator(most, integer=True))


def headline(figure, title: str) -> None:
    """One title over all panels of a figure."""
    if title:
        figure.suptitle(title, fontsize=11, color=DARK)


def legend(figure, axes, own: bool = True, columns: int = 3, **options) -> None:
    """What the labelled artists of ``axes`` (one Axes, or several, each label once) are, under the figure, or inside axes."""
    several = np.atleast_1d(np.asarray(axes, object)).ravel()
    named: dict = {}
    for panel in several:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            named.setdefault(label, handle)
    if not named:
        return
    look = {"frameon": False, "fontsize": 9, "labelcolor": DARK, **options}
    if own:
        figure.legend(named.values(), named, loc="outside lower center", ncols=min(columns, len(named)), **look)
    else:
        several[0].legend(named.values(), named, **look)


def note(axes, text: str, at, offset=(0, 5), **options) -> None:
    """A small note beside a point of the data, ``offset`` points away."""
    look = {"fontsize": SMALL, "color": DARK, "ha": "center", **options}
    axes.annotate(text, at, offset, textcoords="offset points", **look)
