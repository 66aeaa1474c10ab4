"""README.md's picture: what an aggregator earns at each price it may ask, and below it what the network operator answers.

Both curves come from re-solving the operator at prices on either side of every jump; between jumps the profit is a straight
line and the answer does not change. ``make readme`` draws it into ``docs/bilevel.svg``.
"""

from __future__ import annotations

import io
import re
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np

import bilevel_dr as bdr
from bilevel_dr.papers import find_paper, resolve_data
from bilevel_dr.plots.style import BLUE, DARK, GREEN, GREY, SMALL, VERMILION, panels, tidy

FILE = Path(__file__).resolve().parents[1] / "docs" / "bilevel.svg"
ROOM, MODEL, CASE = "shayegan_rad_2019", "lossless", "weekend"
BESIDE = 1e-3
"""€/MWh, how far beyond a jump a piece begins."""


def curves(every: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[float, float]]:
    """Of every so manieth piece two prices, profits and reductions, shape (pieces, 2); and the proved optimum."""
    paper = find_paper(ROOM)
    instance = bdr.load(paper.model(MODEL), resolve_data(CASE, paper))
    jumps = sorted(set(instance.market_price.values()))
    ends = [(low + BESIDE, high) for low, high in pairwise([jumps[0] - 2, *jumps, jumps[-1] + 6])][::every]
    table = bdr.reactions(instance, "price", np.ravel(ends))
    reduction = table[[name for name in table.columns if name.startswith("dso.reduction")]].sum(axis=1)
    solution = paper.exact()(instance)
    assert solution.claim == "global" and set(table["claim"]) == {"global"}
    profit = table["optimistic"].to_numpy().reshape(-1, 2)
    return np.array(ends), profit, reduction.to_numpy().reshape(-1, 2), (solution.point["price"], solution.leader_objective)


def draw(prices, profits, reductions, best):
    """The figure; its two curves have the gids ``profit`` and ``reduction``."""
    figure, (above, below) = panels(2, 1, 8.0, 5.2, sharex=True, height_ratios=(3, 2))
    for axes, values, colour, gid in ((above, profits, BLUE, "profit"), (below, reductions, GREEN, "reduction")):
        falls = [(price, one, other) for price, one, other in zip(prices[:-1, 1], values[:-1, 1], values[1:, 0], strict=True)]
        for price, one, other in falls:
            axes.plot([price, price], [one, other], color="0.75", lw=0.9, ls=(0, (1, 1.5)), zorder=1)
        apart = np.full((len(prices), 1), np.nan)
        axes.plot(np.hstack([prices, apart]).ravel(), np.hstack([values, apart]).ravel(), color=colour, lw=2, gid=gid)
        axes.axvline(best[0], color=GREY, lw=1, zorder=0)
    above.scatter(*best, s=190, marker="*", color=VERMILION, ec="white", zorder=4)
    text = {"fontsize": 9, "color": DARK}
    say = {"textcoords": "offset points", **text}
    above.annotate(f"best price, proved: {best[0]:.2f} €/MWh", best, (10, 2), va="bottom", **say)
    longest = int(np.argmax(np.diff(prices[:-1], axis=1)))
    middle = prices[longest].mean(), profits[longest].mean()
    above.annotate("a higher price earns\nmore on each MWh …", middle, (-8, 8), ha="center", va="bottom", **say)
    fall = prices[longest, 1], (profits[longest, 1] + profits[longest + 1, 0]) / 2
    above.annotate("… until one more hour\nis no longer bought", fall, (8, 8), ha="left", va="center", **say)
    tidy(above, title="The leader: an aggregator names one price for the day", ylabel="its profit [€]")
    above.set_ylim(None, 1.13 * best[1])
    title = "The follower: a network operator buys less load reduction the dearer it is"
    tidy(below, title=title, xlabel="price asked [€/MWh]", ylabel="reduction bought [MWh]", ylim=(0, None))
    below.set_xlim(prices[0, 0], prices[-1, 1])
    figure.supxlabel("Shayegan-Rad and Zangeneh (2019), weekend, feeder without losses", fontsize=SMALL, color=GREY)
    return figure


def told(best) -> str:
    """What the file says of itself in words."""
    return f"The aggregator's profit and the operator's answer; best price {best[0]:.2f} €/MWh, profit {best[1]:.2f} €"


def svg(figure, description: str) -> bytes:
    """The same figure gives the same bytes."""
    settings = {"svg.hashsalt": "README", "path.simplify": False, "svg.fonttype": "path"}
    about = {"Date": None, "Creator": None, "Title": "A bilevel program", "Description": description}
    with matplotlib.rc_context(settings), io.BytesIO() as stream:
        figure.savefig(stream, format="svg", metadata=about)
        return stream.getvalue()


def drawn(text: str, gid: str) -> np.ndarray:
    """The points of a curve in the file, in its own units, shape (pieces, 2 ends, 2)."""
    path = re.search(rf'<g id="{gid}">\s*<path d="([^"]*)"', text).group(1)
    return np.array([pair.split()[1:] for pair in path.strip().splitlines()], float).reshape(-1, 2, 2)


def main() -> None:
    found = curves()
    FILE.write_bytes(svg(draw(*found), told(found[-1])))


if __name__ == "__main__":
    main()
