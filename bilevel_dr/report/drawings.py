"""A matplotlib figure → the formats it is handed out in, and words for who cannot see it."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable
from dataclasses import dataclass

import cloudpickle

DOTS = 200
"""Per inch, of the PNG."""


@dataclass(frozen=True)
class Drawing:
    """One figure, drawn: ``svg``, ``pdf`` and ``png`` as bytes, ``alt`` what it shows in words, ``width`` in inches."""

    svg: bytes
    pdf: bytes
    png: bytes
    alt: str
    width: float


def draw(name: str, figure) -> Drawing:
    """Draw a figure; the same figure gives the same bytes.

    Parameters
    ----------
    name : str
        Seeds the identifiers inside the SVG, which have to differ between the figures of a page.
    figure : matplotlib Figure
        Laid out once for all formats; left as it was.
    """
    import matplotlib
    from matplotlib.transforms import Bbox

    figure = pickle.loads(cloudpickle.dumps(figure))  # laying it out moves its axes
    figure.draw_without_rendering()
    figure.set_layout_engine(None)  # it is laid out: each format would be drawn twice to see to that again
    whole = Bbox.union([figure.bbox_inches, figure.get_tightbbox()])  # with a legend wider than the figure, too
    nameless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    drawn = {}
    with matplotlib.rc_context({"svg.hashsalt": name, "pdf.fonttype": 42}):
        for kind, metadata in nameless.items():
            stream, dots = io.BytesIO(), DOTS if kind == "png" else "figure"
            figure.savefig(stream, format=kind, bbox_inches=whole, metadata=metadata, dpi=dots)
            drawn[kind] = stream.getvalue()
    return Drawing(**drawn, alt=described(figure), width=float(whole.width))


def described(figure) -> str:
    """What a figure says of itself: its titles, its axes, what its legends name; empty where it says nothing."""
    axes = figure.get_axes()
    titles = [figure.get_suptitle(), *(each.get_title(loc) for each in axes for loc in ("left", "center", "right"))]
    legends = [*figure.legends, *(each.get_legend() for each in axes)]
    shown = [text.get_text() for legend in legends if legend is not None for text in legend.get_texts()]
    parts = {
        "": titles,
        "Across: ": [each.get_xlabel() for each in axes],
        "Up: ": [each.get_ylabel() for each in axes],
        "Shown: ": shown,
    }
    said = {lead: ", ".join(_distinct(words)) for lead, words in parts.items()}
    return " ".join(f"{lead}{words}." for lead, words in said.items() if words)


def _distinct(words: Iterable[str]) -> list[str]:
    return [*dict.fromkeys(" ".join(word.split()) for word in words if word.strip())]
