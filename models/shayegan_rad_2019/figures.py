"""The figures of Shayegan-Rad and Zangeneh (2019), drawn from the tables of ``study.py``."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"  # Okabe and Ito's palette
PURPLE, PALE, DARK = "#CC79A7", "#D9D9D9", "#333333"
TWO = ((BLUE, "-"), (VERMILION, "--"))
MARKS = (("o", BLUE), ("s", ORANGE), ("^", GREEN), ("D", PURPLE))


def network(day, title):
    """Figure 3: the feeder as a tree, trunk straight, laterals beside it. ``day`` is an ``exact.Day``."""
    parent, places = day.feeder.parent, _places(day.feeder.parent)
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    axes = figure.subplots()
    for k in range(1, len(parent)):
        axes.plot(*zip(places[parent[k]], places[k], strict=True), color="0.55", lw=1.4, zorder=1)
    x, y = np.array(places).T
    part, wind = day.cap.any(axis=1), day.wind_at[:, 0] > 0
    root = np.arange(len(x)) == 0
    kinds = [
        (part, "o", BLUE, "takes part"),
        (~part & ~root, "o", "white", "does not"),
        (root, "s", ORANGE, "substation"),
    ]
    for chosen, marker, colour, label in kinds:
        axes.scatter(
            x[chosen], y[chosen], s=150, marker=marker, c=colour, edgecolors=DARK, lw=0.9, label=label, zorder=2
        )
    axes.scatter(
        x[wind], y[wind], s=380, marker="o", facecolors="none", edgecolors=GREEN, lw=2.2, label="wind power", zorder=2
    )
    for k, bus in enumerate(day.buses):
        axes.annotate(str(bus), places[k], (0, 9), textcoords="offset points", ha="center", fontsize=8)
    axes.set(
        xlim=(-0.7, x.max() + 0.7), ylim=(y.min() - 0.6, y.max() + 0.8), xlabel="lines from the substation", yticks=[]
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title(title)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, markerscale=0.7)
    return figure


def _places(parent):
    """Depth, and a row: the longest branch goes on straight, the others take the nearest row free from there on."""
    n = len(parent)
    depth, reach, children = [0] * n, [0] * n, [[] for _ in range(n)]
    for k in range(1, n):
        depth[k] = depth[parent[k]] + 1
        children[parent[k]].append(k)
    for k in range(n - 1, -1, -1):
        reach[k] = max([depth[k], *(reach[c] for c in children[k])])
    row, taken = [0] * n, {0: [(0, reach[0])]}
    for k in range(n):
        for rank, child in enumerate(sorted(children[k], key=lambda c: -reach[c])):
            span = depth[child] - 1.5, reach[child] + 0.5
            options = [row[k]] if rank == 0 else [row[k] + s * d for d in range(1, n) for s in (-1, 1)]
            free = (r for r in options if rank == 0 or all(b < span[0] or a > span[1] for a, b in taken.get(r, ())))
            row[child] = next(free)
            taken.setdefault(row[child], []).append(span)
    return list(zip(depth, row, strict=True))


def by_hour(curves, ylabel, title, levels=None):
    """One line a day over the hours; ``curves`` and ``levels`` (a number for the whole day) by label."""
    figure, axes = _figure()
    for (label, values), (colour, style) in zip(curves.items(), TWO, strict=True):
        hours = np.arange(1, len(values) + 1)
        axes.step(hours, values, where="mid", color=colour, ls=style, lw=1.8, label=label)
        if levels:
            axes.axhline(levels[label], color=colour, ls=":", lw=1.3)
            note = f"asked: {levels[label]:.2f}"
            axes.annotate(
                note, (hours[-1] + 0.6, levels[label]), (2, 0), textcoords="offset points", va="center", color=colour
            )
    return _hourly(figure, axes, ylabel, title)


def before_and_after(days, columns, ylabel, title):
    """Two columns of the hours' tables, without and with reductions, one panel a day."""
    figure = Figure(figsize=(9.0 if len(days) > 1 else 7.2, 4.0), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(days), sharey=True))
    for axes, (label, table) in zip(panels, days.items(), strict=True):
        before, after = (table[column].to_numpy() for column in columns)
        hours = np.arange(1, len(before) + 1)
        axes.step(hours, before, where="mid", color=DARK, lw=1.5, label="without reductions")
        axes.step(hours, after, where="mid", color=BLUE, lw=1.8, ls="--", label="with reductions")
        axes.fill_between(hours, after, before, step="mid", color=BLUE, alpha=0.15, lw=0)
        axes.set(xlabel="hour", ylim=(0, None))
        _tidy(axes)
        if len(days) > 1:
            axes.set_title(label)
    panels[0].set_ylabel(ylabel)
    figure.suptitle(title) if len(days) > 1 else panels[0].set_title(title)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def profit_against_price(prices, profits, maxima, best, landed, title):
    """The sweep: every price's profit, its local maxima, the best, and where other routes ended.

    Parameters
    ----------
    prices, profits : ndarray, shape (k,)
    maxima : (ndarray, ndarray)
        Prices and profits.
    best : (float, float)
    landed : dict of str to (float, float)
    title : str
    """
    figure = Figure(figsize=(9.0, 4.6), layout="constrained")
    whole, near = figure.subplots(1, 2, width_ratios=(3, 2))
    reach = 0.07 * (prices[-1] - prices[0]) / 2
    for axes in (whole, near):
        axes.plot(prices, profits, color="0.6", lw=1.2, zorder=1)
        axes.scatter(*maxima, s=12, color=DARK, zorder=2, label="local maximum")
        axes.scatter(*best, s=140, marker="*", color=VERMILION, zorder=3, label="best price, proved")
        for (name, (price, profit)), (marker, colour) in zip(landed.items(), MARKS, strict=False):
            ring = {"facecolors": "none", "edgecolors": colour, "lw": 1.8, "s": 70}
            axes.scatter(price, profit, marker=marker, label=f"where {name} ended", zorder=4, **ring)
        axes.set_xlabel("price λ [€/MWh]")
        _tidy(axes)
    close = (maxima[0] > best[0] - reach) & (maxima[0] < best[0] + reach)
    low = min(maxima[1][close].min(initial=best[1]), best[1] * 0.99)
    near.set(
        xlim=(best[0] - reach, best[0] + reach), ylim=(low - 0.3 * (best[1] - low), best[1] + 0.15 * (best[1] - low))
    )
    near.set_title("near the best price", fontsize=10)
    whole.set_ylabel("profit of the aggregator [€]")
    figure.suptitle(title)
    figure.legend(*whole.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def estimate_against_samples(cases, quantities, title):
    """Distribution of the samples beside the means and deviations of both.

    Parameters
    ----------
    cases : dict of str to (Estimate, Estimate)
        Point estimate and samples.
    quantities : dict of str to str
        Output → label of the axis.
    title : str
    """
    figure = Figure(figsize=(9.0, 3.0 * len(cases) + 0.6), layout="constrained")
    panels = figure.subplots(len(cases), len(quantities), squeeze=False)
    for line, (label, (few, many)) in zip(panels, cases.items(), strict=True):
        for axes, (name, axis) in zip(line, quantities.items(), strict=True):
            values = np.array([output[name] for output in many.outputs])
            axes.hist(values, bins=min(30, max(5, values.size // 5)), color=PALE, edgecolor="white", label="samples")
            top = axes.get_ylim()[1]
            for height, found, colour, word in ((1.08, many, DARK, "samples"), (1.2, few, VERMILION, "six points")):
                style = {"fmt": "o", "color": colour, "capsize": 4, "lw": 1.6, "ms": 5}
                axes.errorbar(found.mean[name], height * top, xerr=found.std[name], label=f"mean ± sd, {word}", **style)
            axes.scatter(
                [o[name] for o in few.outputs],
                [0.0] * 6,
                marker="|",
                s=160,
                color=VERMILION,
                lw=2,
                label="the six",
                clip_on=False,
            )
            axes.set(xlabel=axis, ylim=(0, 1.3 * top))
            axes.set_title(label, fontsize=10)
            _tidy(axes)
        line[0].set_ylabel("samples")
    figure.suptitle(title)
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def _figure():
    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    return figure, figure.subplots()


def _hourly(figure, axes, ylabel, title):
    axes.set(xlabel="hour", ylabel=ylabel, ylim=(0, None))
    _tidy(axes)
    axes.set_title(title)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _tidy(axes):
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
