"""The figures of the reconstruction of Le Cadre et al. (2018), drawn from what ``study.py`` hands over."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"  # Okabe and Ito's palette
PURPLE, SKY, PALE, DARK = "#CC79A7", "#56B4E9", "#D9D9D9", "#333333"
OF_RULE = {
    "uniform_total": ("uniform, whole cost", VERMILION, ":"),
    "uniform_energy": ("uniform, energy passed through", ORANGE, "-"),
    "standalone_wholesale": ("stand-alone, wholesale costs", SKY, "-"),
    "standalone_retail": ("stand-alone, retailer's bills", BLUE, "-"),
    "shapley": ("Shapley", GREEN, "-"),
    "ensc": ("separable, rest equal", PURPLE, "--"),
    "aca": ("separable, rest weighted", PURPLE, "-"),
    "euler": ("covariance (Euler)", DARK, "--"),
}
"""Label, colour and line of each cost-sharing rule, in every figure."""


def price_profile(prices, title):
    """The coalition's price beside the wholesale and the retailer's.

    Parameters
    ----------
    prices : DataFrame
        Columns ``period``, ``coalition [EUR/kWh]``, ``wholesale [EUR/kWh]``, ``retailer [EUR/kWh]``.
    title : str
    """
    figure, axes = _figure()
    hours = np.append(prices["period"], prices["period"].iloc[-1] + 1)
    lines = {
        "coalition": (BLUE, "-", 2.2), "wholesale": (ORANGE, "-", 1.6), "retailer": (DARK, "--", 1.6),
    }  # fmt: skip
    for name, (colour, style, width) in lines.items():
        values = prices[f"{name} [EUR/kWh]"].to_numpy()
        axes.step(hours, np.append(values, values[-1]), where="post", color=colour, ls=style, lw=width, label=name)
    axes.set(xlabel="hour of the day [h]", ylabel="price [EUR/kWh]", xlim=(0, hours[-1]), ylim=(0, None), title=title)
    axes.set_xticks(np.arange(0, hours[-1] + 1, 3))
    return _finish(figure, axes, 3)


def schedules(loads, title):
    """When each load may run, runs with the retailer and runs in the coalition.

    Parameters
    ----------
    loads : DataFrame
        Columns ``load``, ``earliest``, ``latest``, ``with retailer``, ``in coalition``: the last two lists of hours.
    title : str
    """
    figure = Figure(figsize=(7.2, 0.24 * len(loads) + 1.5), layout="constrained")
    axes = figure.subplots()
    place = np.arange(len(loads))
    axes.barh(place, loads["latest"] - loads["earliest"] + 1, left=loads["earliest"], height=0.8, color=PALE, label="may run")
    for column, colour, shift in (("with retailer", ORANGE, -0.2), ("in coalition", BLUE, 0.2)):
        ends = [(row, hour) for row, hours in enumerate(loads[column]) for hour in hours]
        rows, hours = (np.array(part) for part in zip(*ends, strict=True))
        axes.barh(rows + shift, np.ones(len(rows)), left=hours, height=0.34, color=colour, label=column)
    axes.set(xlabel="hour of the day [h]", ylabel="load (consumer and appliance)", xlim=(0, 24), title=title)
    axes.set_yticks(place, loads["load"], fontsize=7.5)
    axes.set_xticks(np.arange(0, 25, 3))
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    return _finish(figure, axes, 3)


def profit_against_bills(curves, marks, title):
    """The largest bill, relative to the retailer's, as the profit grows: each rule's crossing of one is its Π*.

    Parameters
    ----------
    curves : DataFrame
        Columns ``profit [EUR]`` and one per rule.
    marks : mapping of rule to float
        Π*, EUR.
    title : str
    """
    figure = Figure(figsize=(7.2, 4.8), layout="constrained")
    axes = figure.subplots()
    closer = axes.inset_axes((0.56, 0.08, 0.42, 0.4), xlim=(0.25, 0.62), ylim=(0.993, 1.006))
    for panel in (axes, closer):
        for rule in curves.columns[1:]:
            label, colour, style = OF_RULE[rule]
            panel.plot(curves["profit [EUR]"], curves[rule], color=colour, ls=style, lw=1.6, label=label)
            panel.plot(marks[rule], 1.0, "o", color=colour, ms=5)
        panel.axhline(1.0, color=DARK, lw=0.9)
    axes.indicate_inset_zoom(closer, edgecolor=DARK)
    _clean(closer)
    closer.tick_params(labelsize=7.5)
    axes.annotate("retailer's bill", (curves["profit [EUR]"].iloc[0], 1.0), (4, 3), textcoords="offset points", fontsize=8.5)
    axes.set(xlabel="the aggregator's net profit [EUR a day]", ylabel="largest bill of all, relative to the retailer's [1]")
    axes.set(title=title, xlim=(curves["profit [EUR]"].min(), curves["profit [EUR]"].max()), ylim=(0.9, 1.08))
    return _finish(figure, axes, 2)


def profit_against_size(constant, falling, title):
    """Profit against the number of consumers under the Shapley value.

    Parameters
    ----------
    constant, falling : DataFrame
        Columns ``consumers`` and one per curve, EUR; ``falling.attrs["best"]`` has each curve's interior optimum.
    title : str
    """
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, table, name in ((left, constant, "one margin"), (right, falling, "falling margin, independent errors")):
        for column, colour in zip(table.columns[1:], (BLUE, ORANGE, VERMILION), strict=True):
            axes.plot(table["consumers"], table[column], color=colour, label=column)
            best = table.attrs.get("best", {}).get(column)
            if best is not None:
                axes.plot(best, np.interp(best, table["consumers"], table[column]), "o", color=colour)
        axes.axhline(0, color=DARK, lw=0.9)
        axes.set(xlabel="consumers N", ylabel="profit [EUR a day]", title=name)
        _clean(axes)
        axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, columnspacing=1)
    figure.suptitle(title)
    return figure


def regrets(certain, spread, title):
    """Regret of the forecaster and of bisection, logarithmic, with the 2/3 line.

    Parameters
    ----------
    certain, spread : DataFrame
        Columns ``round``, ``forecaster``, ``bisection``, ``standard error``: for one reservation price, and for many.
    title : str
    """
    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    named = {"the same price every round": certain, "a price drawn each round": spread}
    for axes, (name, table) in zip(figure.subplots(1, 2, sharey=True), named.items(), strict=True):
        rounds, ours = table["round"].to_numpy(float), table["forecaster"].to_numpy()
        late = rounds >= 10
        axes.plot(rounds, ours, color=BLUE, label="partial monitoring")
        axes.plot(rounds, np.where(table["bisection"] > 0, table["bisection"], np.nan), color=ORANGE, label="bisection")
        line = ours[-1] * (rounds[late] / rounds[-1]) ** (2 / 3)
        axes.plot(rounds[late], 1.35 * line, color=DARK, ls="--", lw=1, label="slope 2/3")
        axes.set(xscale="log", yscale="log", xlabel="round m", title=name, ylim=(0.3, None))
        _clean(axes)
    figure.axes[0].set_ylabel("regret, in units of the largest loss")
    figure.axes[0].legend(frameon=False, loc="upper left")
    figure.suptitle(title)
    return figure


def coalition_sizes(tables, title):
    """Consumers in the coalition, round by round: a row of panels per behaviour, a panel per rule, a line per inertia.

    Parameters
    ----------
    tables : mapping of (behaviour, rule) to DataFrame
        Columns ``round`` and one per inertia, the mean size.
    title : str
    """
    behaviours = list(dict.fromkeys(behaviour for behaviour, _ in tables))
    rules = list(dict.fromkeys(rule for _, rule in tables))
    figure = Figure(figsize=(2.3 * len(rules) + 0.6, 2.1 * len(behaviours) + 0.9), layout="constrained")
    panels = figure.subplots(len(behaviours), len(rules), sharex=True, sharey=True, squeeze=False)
    for (behaviour, rule), table in tables.items():
        axes = panels[behaviours.index(behaviour), rules.index(rule)]
        for column, colour, style in zip(table.columns[1:], (BLUE, ORANGE, VERMILION), ("-", "--", ":"), strict=True):
            axes.plot(table["round"], table[column], color=colour, ls=style, lw=1.8, label=column)
        axes.set_ylim(0, 1.08 * max(t.iloc[:, 1:].to_numpy().max() for t in tables.values()))
        _clean(axes)
        if behaviour == behaviours[0]:
            axes.set_title(OF_RULE[rule][0], fontsize=9)
        if behaviour == behaviours[-1]:
            axes.set_xlabel("round m")
        if rule == rules[0]:
            axes.set_ylabel(f"{behaviour}\nconsumers")
            axes.legend(frameon=False, fontsize=8, loc="center right")
    figure.suptitle(title)
    return figure


def _figure():
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    return figure, figure.subplots()


def _clean(axes):
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _finish(figure, axes, columns):
    _clean(axes)
    figure.legend(loc="outside lower center", ncols=columns, frameon=False)
    return figure
