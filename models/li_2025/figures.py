"""The figures of Li, Motoki and Zhang (2025), drawn from the tables of ``study.py``."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

BLUE, ORANGE, GREEN, VERMILION, PURPLE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
)  # Okabe and Ito's palette
PALE, DARK = "#D9D9D9", "#333333"
SURPLUS, CONSUMPTION = "surplus [money]", "consumption [kWh]"


def pareto(panels, title):
    """Figure 2: what two users can have, and where α puts them.

    Parameters
    ----------
    panels : dict of str to (front, points)
        Title of a panel → the Pareto front, shape (n, 2), and a DataFrame with columns ``alpha``, ``s1``, ``s2``.
    title : str
    """
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    for axes, (name, (front, points)) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        axes.fill_between(front[:, 0], front[:, 1], color=PALE, lw=0, label="feasible")
        axes.plot(front[:, 0], front[:, 1], color=DARK, lw=1.2, label="boundary")
        axes.plot(points["s1"], points["s2"], "o", color=BLUE, label="α-fair")
        size = front.max(axis=0)
        for names, place in _labels(points, size):
            axes.annotate(f"α = {names}", place, (7, 4), textcoords="offset points", fontsize=8.5)
        axes.set(xlabel="surplus of user 1 [money]", ylabel="surplus of user 2 [money]", title=name)
        axes.set_xlim(0, 1.2 * size[0])
        axes.set_ylim(0, 1.1 * size[1])
        _plain(axes)
    figure.suptitle(title)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def users_by_round(consumption, surplus, title):
    """Figure 3: every user's consumption and surplus, round by round; shapes (rounds, users)."""
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    for axes, (values, name) in zip(
        figure.subplots(1, 2), ((consumption, CONSUMPTION), (surplus, SURPLUS)), strict=True
    ):
        rounds = np.arange(1, len(values))
        axes.plot(rounds, values[1:], color=BLUE, lw=0.5, alpha=0.18)
        axes.plot(rounds, values[1:].mean(axis=1), color=VERMILION, lw=2.2, marker="o", ms=4)
        axes.set(xlabel="round", ylabel=name, xticks=rounds[1::2])
        axes.set_ylim(min(0, values[1:].min() * 1.02), None)
        _plain(axes)
    one, mean = axes.lines[0], axes.lines[-1]
    figure.suptitle(title)
    figure.legend([one, mean], ["one of 400 users", "their mean"], loc="outside lower center", ncols=2, frameon=False)
    for handle in figure.legends[0].legend_handles[:1]:
        handle.set_alpha(0.7)
    return figure


def purchases_by_round(table, title):
    """Figure 4: purchases and price. ``table`` has columns ``round``, ``price [money/kWh]``, ``residual [kWh]`` and
    one for each player's purchase."""
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    players = [name for name in table if name not in ("round", "price [money/kWh]", "residual [kWh]")]
    for name, colour, marker in zip(players, (BLUE, ORANGE, GREEN), "os^", strict=False):
        left.plot(table["round"], table[name], color=colour, marker=marker, ms=5, label=name)
    right.semilogy(table["round"], table["residual [kWh]"], color=VERMILION, marker="o", ms=5)
    left.set(xlabel="round", ylabel="purchase [kWh]", ylim=(0, None))
    right.set(xlabel="round", ylabel="largest change of a purchase [kWh]")
    for axes in (left, right):
        _plain(axes)
    figure.suptitle(title)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def bars(table, names, column, title, notes=None):
    """Figures 5 to 7: means over the draws, whiskers one standard error of the mean.

    Parameters
    ----------
    table : DataFrame
        Columns ``column`` and ``column + " SE"``, in the order of ``names``.
    names : sequence of str
        Under the bars.
    column, title : str
    notes : sequence of float, optional
        Horizontal marks on the bars: the same configuration by the strict policy; NaN where there is none.
    """
    figure = Figure(figsize=(8.4, 4.4), layout="constrained")
    axes = figure.subplots()
    place = np.arange(len(table))
    axes.bar(
        place, table[column], 0.62, color=BLUE, yerr=table[f"{column} SE"], error_kw={"ecolor": DARK, "capsize": 4}
    )
    for at, value, error in zip(place, table[column], table[f"{column} SE"], strict=True):
        top = value + error  # above the whisker, which would cross the number out
        axes.annotate(f"{value:.4g}", (at, top), (0, 5), textcoords="offset points", ha="center", fontsize=9)
    if notes is not None:
        there = np.isfinite(notes)
        style = {"marker": "_", "s": 900, "lw": 2.2, "color": VERMILION, "zorder": 3}
        axes.scatter(place[there], np.asarray(notes)[there], label="policy strict: the formulas as printed", **style)
        figure.legend(loc="outside lower center", frameon=False, markerscale=0.5)
    axes.set(xticks=place, xticklabels=names, ylabel=f"mean {column} of the small users" if "[" in column else column)
    axes.set_ylim(0, 1.12 * table[column].max())
    axes.set_title(title)
    _plain(axes, "y")
    return figure


def densities(curves, title):
    """Figures 8 and 9: densities of consumption and surplus.

    Parameters
    ----------
    curves : dict of str to dict of str to ndarray
        Quantity with its unit → configuration → points and density, shape (2, n).
    title : str
    """
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    for axes, (name, lines) in zip(figure.subplots(1, len(curves)), curves.items(), strict=True):
        for (label, (x, density)), colour, style in zip(lines.items(), (BLUE, VERMILION), ("-", "--"), strict=True):
            axes.plot(x, density, color=colour, ls=style, lw=2, label=label)
            axes.fill_between(x, density, color=colour, alpha=0.12, lw=0)
        unit = name[name.index("[") + 1 : -1]
        axes.set(xlabel=name, ylabel=f"density [1/{unit}]", ylim=(0, None), xlim=(0, x[-1]))
        _plain(axes)
    figure.suptitle(title)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def against_alpha(table, columns, title):
    """Figures 10, 11 and the fairness curves: one panel a quantity, α from 0 to ∞ in even steps.

    Parameters
    ----------
    table : DataFrame
        Column ``alpha``, and each of the columns with its ``SE``.
    columns : dict of str to dict of str to str
        Label of a panel's axis → column → its name in the legend.
    title : str
    """
    figure = Figure(figsize=(4.9 * len(columns) if len(columns) > 1 else 7.6, 4.4), layout="constrained")
    place = np.arange(len(table))
    for axes, (label, lines) in zip(np.atleast_1d(figure.subplots(1, len(columns))), columns.items(), strict=True):
        for (column, name), colour, marker in zip(lines.items(), (BLUE, VERMILION, GREEN), "os^", strict=False):
            style = {"color": colour, "marker": marker, "ms": 5, "capsize": 3, "label": name}
            axes.errorbar(place, table[column], table[f"{column} SE"], **style)
        axes.set(xlabel="α (even steps)", ylabel=label, xticks=place, xticklabels=map(_alpha, table["alpha"]))
        axes.set_ylim(0, None)
        if len(lines) > 1:
            axes.legend(frameon=False)
        _plain(axes)
    figure.suptitle(title)
    return figure


def against_number(table, title):
    """Figures 12 and 13: surplus, and beside it consumption, against the number of aggregators.

    ``table`` has columns ``M``, ``surplus [money]``, ``consumption [kWh]`` and those with ``SE within draws``: draws differ
    more from each other than one does with M, so the whiskers are about the difference from a draw's own mean.
    """
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    columns = ((SURPLUS, BLUE), (CONSUMPTION, GREEN))
    for axes, (column, colour) in zip(figure.subplots(1, 2), columns, strict=True):
        spread = table[f"{column} SE within draws"]
        axes.errorbar(table["M"], table[column], spread, color=colour, marker="o", ms=5, capsize=3)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_locator(FixedLocator(table["M"].to_list()))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.tick_params(axis="x", labelsize=8.5)
        axes.set(xlabel="aggregators M (logarithmic)", ylabel=f"mean {column} of the small users")
        _plain(axes)
    figure.suptitle(title)
    return figure


def payoff(curves, title):
    """Payoffs of one aggregator against its purchase: where quasiconcavity fails.

    Parameters
    ----------
    curves : dict of str to ndarray, shape (2, n)
        Legend → purchase and payoff.
    title : str
    """
    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    axes = figure.subplots()
    for (name, (y, value)), colour, style in zip(curves.items(), (BLUE, VERMILION), ("-", "--"), strict=False):
        axes.plot(y, value, color=colour, ls=style, label=name)
        inner = np.flatnonzero((value[1:-1] >= value[:-2]) & (value[1:-1] > value[2:])) + 1
        axes.plot(y[inner], value[inner], "o", color=colour)
        for at in inner:
            note = f"({y[at]:.3f}, {value[at]:.3f})"
            axes.annotate(note, (y[at], value[at]), (0, 7), textcoords="offset points", ha="center", fontsize=8.5)
    axes.set(xlabel="purchase y [kWh]", ylabel="payoff Σ s^(1−α)/(1−α)", ylim=(0, None))
    axes.margins(y=0.12)
    axes.set_title(title)
    _plain(axes)
    return figure


def excess_demand(prices, excess, roots, title):
    """F against the price, with its roots."""
    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(prices, excess, color=BLUE)
    axes.axhline(0, color=DARK, lw=1)
    axes.plot(roots, np.zeros(len(roots)), "o", color=VERMILION)
    for root in roots:  # to the right of a falling curve, to the left of a rising one
        falls = np.interp(root, prices, np.gradient(excess, prices)) < 0
        side = {"ha": "left"} if falls else {"ha": "right"}
        axes.annotate(f"{root:.4f}", (root, 0), (5 if falls else -5, 5), textcoords="offset points", fontsize=8.5, **side)
    axes.set(xlabel="price p [money/kWh]", ylabel="F(p) = Σ y(p) − p/c [kWh]")
    axes.set_title(title)
    _plain(axes)
    return figure


def _labels(points, size):
    """Values of α, those at nearly the same point together."""
    joined = []
    for alpha, *place in points[["alpha", "s1", "s2"]].itertuples(index=False):
        if joined and np.abs((np.array(place) - joined[-1][1]) / size).max() < 0.05:
            joined[-1] = (f"{joined[-1][0]}, {_alpha(alpha)}", joined[-1][1])
        else:
            joined.append((_alpha(alpha), place))
    return joined


def _alpha(value) -> str:
    return "∞" if np.isinf(value) else f"{value:g}"


def _plain(axes, grid="both"):
    axes.grid(axis=grid, color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
