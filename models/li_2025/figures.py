"""The figures of Li, Motoki and Zhang (2025), drawn from the tables of ``study.py``, and the picture of an answer."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

from bilevel_dr import plots
from bilevel_dr.plots.style import (
    BLUE,
    CLAIMS,
    DARK,
    LINES,
    PALE,
    SMALL,
    VERMILION,
    canvas,
    headline,
    legend,
    line,
    note,
    panels,
    tidy,
    whole_numbers,
)  # fmt: skip

SURPLUS, CONSUMPTION = "surplus [money]", "consumption [kWh]"
KINDS = ("welfare", "below_one", "proportional", "above_one", "max_min")
MANY = 40


def picture(solution, instance=None):
    """What aggregators buy and users get; with the instance against what energy is worth to a user, and the price.

    Parameters
    ----------
    solution : Solution
    instance : ConcreteModel, optional

    Returns
    -------
    Figure or None
        None where the point is of another shape.
    """
    components = set(solution.values["component"])
    kinds = [kind for kind in KINDS if {f"{kind}.total", f"{kind}.purchase"} <= components]
    if not kinds:
        return None
    totals = {j: value for kind in kinds for j, value in solution.series(f"{kind}.total").items()}
    bought = {key: value for kind in kinds for key, value in solution.series(f"{kind}.purchase").items()}
    whole = sum(totals.values())
    figure, (left, right) = panels(1, 2, width_ratios=(2, 3))
    _ranked(left, totals, "purchase [kWh]", "aggregator")
    price = ""
    if instance is None:
        _ranked(right, {i: value for (_, i), value in bought.items()}, CONSUMPTION, "user")
    else:
        price = f" at {instance.c.value * whole:.5g} money/kWh"
        _against_worth(right, bought, instance, instance.c.value * whole)
        legend(figure, right, columns=5)
    some = "one aggregator" if len(totals) == 1 else f"{len(totals)} aggregators"
    headline(figure, f"{some} buy{'s' * (len(totals) == 1)} {whole:.5g} kWh{price} — {CLAIMS[solution.claim]}")
    return figure


def _ranked(axes, values, ylabel, who) -> None:
    """A bar each in the order of their names, or, where they are many, a stair from the largest down."""
    if len(values) > MANY:
        numbers = np.sort(list(values.values()))[::-1]
        plots.schedule(np.arange(1, len(values) + 1), numbers, ylabel, f"{who}s, the largest first", axes=axes)
    else:
        names = sorted(values, key=lambda name: (isinstance(name, str), name))
        plots.bars(names, np.array([values[name] for name in names]), ylabel, who, axes=axes)
        axes.tick_params(axis="x", labelsize=9 if len(values) <= 8 else 7)
    axes.set_ylim(0, None)


def _against_worth(axes, bought, instance, price) -> None:
    """Each user's consumption against the worth of its first unit, a marker an aggregator while there are few."""
    worth = {i: instance.b[i] for i in instance.USERS}
    usual = 5 * np.quantile(list(worth.values()), 0.9)
    groups: dict = {}
    few = len({j for j, _ in bought}) <= len(LINES)
    for (j, i), amount in sorted(bought.items(), key=lambda item: (isinstance(item[0][0], str), item[0][0])):
        if worth[i] <= usual:
            groups.setdefault(f"users of {j}" if few else "users", []).append((worth[i], amount))
    for k, (name, points) in enumerate(groups.items()):
        look = {"marker": LINES[k]["marker"], "s": 26, "facecolors": "none", "edgecolors": LINES[k]["color"], "lw": 1.1}
        axes.scatter(*np.array(points).T, label=name, **look)
    out = sorted(worth[i] for i in set(worth) - {i for _, i in bought})
    if out:
        axes.scatter(out, np.zeros(len(out)), marker="x", s=20, color=DARK, lw=1, label="not served")
    axes.axvline(price, color=DARK, lw=1.2, ls="--", label="price")
    beyond = [f"b = {worth[i]:g}: {amount:.4g} kWh" for (_, i), amount in bought.items() if worth[i] > usual]
    if beyond:
        text, look = "\n".join(f"{words} →" for words in beyond), {"ha": "right", "va": "top", "fontsize": SMALL}
        axes.annotate(text, (1, 1), xycoords="axes fraction", **look)
    top = 1.1 * max((amount for points in groups.values() for _, amount in points), default=1.0) or 1.0
    tidy(axes, "both", xlabel="worth of the first unit, b [money/kWh]", ylabel=CONSUMPTION, ylim=(-0.03 * top, top))


def pareto(panels_of, title):
    """Figure 2: what two users can have, and where α puts them.

    Parameters
    ----------
    panels_of : dict of str to (front, points)
        Title of a panel → the Pareto front, shape (n, 2), and a DataFrame with columns ``alpha``, ``s1``, ``s2``.
    title : str
    """
    figure, row = panels(1, len(panels_of))
    for axes, (name, (front, points)) in zip(row, panels_of.items(), strict=True):
        axes.fill_between(front[:, 0], front[:, 1], color=PALE, lw=0, label="feasible")
        axes.plot(front[:, 0], front[:, 1], color=DARK, lw=1.2, label="boundary")
        axes.plot(points["s1"], points["s2"], "o", color=BLUE, label="α-fair")
        size = front.max(axis=0)
        for names, place in _labels(points, size):
            note(axes, f"α = {names}", place, (7, 4), ha="left")
        limits = {"xlim": (0, 1.2 * size[0]), "ylim": (0, 1.1 * size[1])}
        tidy(axes, "both", name, xlabel="surplus of user 1 [money]", ylabel="surplus of user 2 [money]", **limits)
    headline(figure, title)
    legend(figure, row)
    return figure


def users_by_round(consumption, surplus, title):
    """Figure 3: every user's consumption and surplus, round by round; shapes (rounds, users)."""
    figure, pair = panels(1, 2)
    for axes, (values, name) in zip(pair, ((consumption, CONSUMPTION), (surplus, SURPLUS)), strict=True):
        rounds = np.arange(1, len(values))
        axes.plot(rounds, values[1:], color=BLUE, lw=0.5, alpha=0.18)
        axes.plot(rounds, values[1:].mean(axis=1), color=VERMILION, lw=2.2, marker="o", ms=4, label="their mean")
        axes.plot([], [], color=BLUE, lw=0.8, alpha=0.7, label="one of 400 users")
        tidy(axes, "both", xlabel="round", ylabel=name, ylim=(min(0, values[1:].min() * 1.02), None))
        whole_numbers(axes.xaxis)
    headline(figure, title)
    legend(figure, pair)
    return figure


def purchases_by_round(table, title):
    """Figure 4: purchases and price. ``table`` has columns ``round``, ``price [money/kWh]``, ``residual [kWh]`` and
    one for each player's purchase."""
    figure, (left, right) = panels(1, 2)
    players = [name for name in table if name not in ("round", "price [money/kWh]", "residual [kWh]")]
    plots.convergence(table["round"], table[players], "purchase [kWh]", logarithmic=False, axes=left)
    left.get_legend().remove()
    left.set_ylim(0, None)
    plots.convergence(table["round"], table["residual [kWh]"], "largest change of a purchase [kWh]", axes=right)
    headline(figure, title)
    legend(figure, left)
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
    figure, axes = panels(width=8.4, height=4.4)
    heights, errors = {"": table[column].to_numpy()}, {"": table[f"{column} SE"].to_numpy()}
    written = [f"{value:.4g}" for value in heights[""]]
    label = f"mean {column} of the small users" if "[" in column else column
    plots.bars(names, heights, label, title=title, errors=errors, notes=written, axes=axes)
    if notes is not None:
        place, there = np.arange(len(table)), np.isfinite(notes)
        look = {"marker": "_", "s": 900, "lw": 2.2, "color": VERMILION, "zorder": 3}
        axes.scatter(place[there], np.asarray(notes)[there], label="policy strict: the formulas as printed", **look)
        legend(figure, axes, markerscale=0.5)
    axes.set_ylim(0, 1.1 * (table[column] + table[f"{column} SE"]).max())
    return figure


def densities(curves, title):
    """Figures 8 and 9: densities of consumption and surplus.

    Parameters
    ----------
    curves : dict of str to dict of str to ndarray
        Quantity with its unit → configuration → points and density, shape (2, n).
    title : str
    """
    figure, row = panels(1, len(curves))
    for axes, (name, lines) in zip(row, curves.items(), strict=True):
        for k, (label, (x, density)) in enumerate(lines.items()):
            axes.plot(x, density, label=label, **line(k, marker=False))
            axes.fill_between(x, density, color=LINES[k]["color"], alpha=0.12, lw=0)
        unit = name[name.index("[") + 1 : -1]
        tidy(axes, "both", xlabel=name, ylabel=f"density [1/{unit}]", ylim=(0, None), xlim=(0, x[-1]))
    headline(figure, title)
    legend(figure, row)
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
    figure, row = panels(1, len(columns), width=9.0 if len(columns) > 1 else 7.6, height=4.4, squeeze=False)
    place = np.arange(len(table))
    for axes, (label, lines) in zip(row[0], columns.items(), strict=True):
        for k, (column, name) in enumerate(lines.items()):
            axes.errorbar(place, table[column], table[f"{column} SE"], capsize=3, label=name, **line(k))
        axes.set_xticks(place, [_alpha(value) for value in table["alpha"]])
        tidy(axes, "both", xlabel="α (even steps)", ylabel=label, ylim=(0, None))
        if len(lines) > 1:
            legend(figure, axes, own=False)
    headline(figure, title)
    return figure


def against_number(table, title):
    """Figures 12 and 13: surplus, and beside it consumption, against the number of aggregators.

    ``table`` has columns ``M``, ``surplus [money]``, ``consumption [kWh]`` and those with ``SE within draws``: draws differ
    more from each other than one does with M, so the whiskers are about the difference from a draw's own mean.
    """
    figure, pair = panels(1, 2)
    for k, (axes, column) in enumerate(zip(pair, (SURPLUS, CONSUMPTION), strict=True)):
        axes.errorbar(table["M"], table[column], table[f"{column} SE within draws"], capsize=3, **line(2 * k))
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_locator(FixedLocator(table["M"].to_list()))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        tidy(axes, "both", xlabel="aggregators M (logarithmic)", ylabel=f"mean {column} of the small users")
        axes.tick_params(axis="x", labelsize=8.5)
    headline(figure, title)
    return figure


def payoff(curves, title):
    """Payoffs of one aggregator against its purchase: where quasiconcavity fails.

    Parameters
    ----------
    curves : dict of str to ndarray, shape (2, n)
        Legend → purchase and payoff.
    title : str
    """
    figure, axes, _ = canvas(None, width=7.6)
    for k, (name, (y, value)) in enumerate(curves.items()):
        axes.plot(y, value, label=name, **line(k, marker=False))
        inner = np.flatnonzero((value[1:-1] >= value[:-2]) & (value[1:-1] > value[2:])) + 1
        axes.plot(y[inner], value[inner], "o", color=LINES[k]["color"])
        for at in inner:
            note(axes, f"({y[at]:.3f}, {value[at]:.3f})", (y[at], value[at]), (0, 7))
    axes.margins(y=0.12)
    tidy(axes, "both", title, xlabel="purchase y [kWh]", ylabel="payoff Σ s^(1−α)/(1−α)", ylim=(0, None))
    return figure


def excess_demand(prices, excess, roots, title):
    """F against the price, with its roots."""
    figure, axes, _ = canvas(None, width=7.6)
    axes.plot(prices, excess, **line(0, marker=False))
    axes.axhline(0, color=DARK, lw=1)
    axes.plot(roots, np.zeros(len(roots)), "o", color=VERMILION)
    for root in roots:  # to the right of a falling curve, to the left of a rising one
        falls = np.interp(root, prices, np.gradient(excess, prices)) < 0
        note(axes, f"{root:.4f}", (root, 0), (5 if falls else -5, 5), ha="left" if falls else "right", fontsize=SMALL)
    tidy(axes, "both", title, xlabel="price p [money/kWh]", ylabel="F(p) = Σ y(p) − p/c [kWh]")
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
