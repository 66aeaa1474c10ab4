"""Curves → figures, and figures → what a page holds."""

from __future__ import annotations

import base64
import io
from html import escape

from ..play import Curve
from ..plots import bars, landscape, reaction
from ..plots.style import GREY, legend, line, panels, tidy

DOTS = 110
"""Per inch."""


def draw(curve: Curve):
    """A Curve as a Figure: the leader above, what the followers answer below."""
    if curve.steps and not curve.answers:
        return bars(curve.steps, curve.lines, curve.up, curve.across)
    figure, (above, below) = panels(2, 1, height=5.2, sharex=True, height_ratios=(3, 2))
    if curve.steps:
        _step_by_step(above, curve.lines, curve.steps, ylabel=curve.up)
        _step_by_step(below, curve.answers, curve.steps, xlabel=curve.across, ylabel=curve.answered)
        return figure
    (values,) = curve.lines.values()
    landscape(curve.x, values, "", curve.up, optima=dict(curve.marks), axes=above)
    at = next((place[0] for place in curve.marks.values()), None)
    reaction(curve.x, curve.answers, curve.across, curve.answered, at=at, axes=below)
    if at is not None:
        above.axvline(at, color=GREY, lw=1, zorder=0)
    if curve.zero:
        above.axhline(0, color=GREY, lw=1, zorder=0)
    return figure


def as_html(figure, text: str) -> str:
    """An image that needs no other file.

    Parameters
    ----------
    figure : Figure
    text : str
        What it shows, for those who do not see it.
    """
    with io.BytesIO() as stream:
        figure.savefig(stream, format="png", dpi=DOTS)
        image = base64.b64encode(stream.getvalue()).decode()
    return f'<img class="bdr-picture" alt="{escape(text)}" src="data:image/png;base64,{image}">'


def _step_by_step(axes, lines, names, **labels) -> None:
    """Lines over named x, a gap where there is no value."""
    for k, (label, values) in enumerate(lines.items()):
        axes.plot(range(len(names)), values, label=label, **line(k))
    axes.set_xticks(range(len(names)), names)
    tidy(axes, **labels)
    if len(lines) > 1:
        legend(axes.figure, axes, own=False)
