"""The figures of the reconstruction of Le Cadre et al. (2018), drawn from ``study.py``'s tables, and the picture of an answer."""

from __future__ import annotations

import numpy as np

from bilevel_dr import plots
from bilevel_dr.plots.style import (
    BLUE,
    CLAIMS,
    DARK,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    Picture,
    headline,
    legend,
    line,
    note,
    panels,
    tidy,
)  # fmt: skip

OF_RULE = {
    "uniform_total": ("uniform, whole cost", VERMILION, ":"),
    "uniform_energy": ("uniform, energy passed through", ORANGE, "-"),
    "standalone_wholesale": ("stand-alone, wholesale costs", SKY, (0, (7, 3))),
    "standalone_retail": ("stand-alone, retailer's bills", BLUE, "-"),
    "shapley": ("Shapley", GREEN, "--"),
    "ensc": ("separable, rest equal", PURPLE, (0, (1, 1))),
    "aca": ("separable, rest weighted", PURPLE, "-."),
    "euler": ("covariance (Euler)", DARK, (0, (6, 1.5, 1, 1.5, 1, 1.5))),
}
"""Label, colour and line of each cost-sharing rule, in every figure."""
MANY = 30
"""Loads that get a row each."""


def picture(solution, instance=None):
    """The coalition's price and when its loads run; with the instance also the other prices, and when loads may run.

    Parameters
    ----------
    solution : Solution
        Of ``model.py``, ``least_norm.py`` or ``standalone_wholesale.py``.
    instance : ConcreteModel, optional

    Returns
    -------
    Figure or None
        None where the point is of another shape.
    """
    components = set(solution.values["component"])
    kinds = [name for name in ("block_load.starts", "interruptible_load.running") if name in components]
    if "price" not in components or not kinds:
        return None
    price = solution.series("price")
    periods = list(price.index)
    runs = _runs(solution, kinds, instance)
    loads = list(runs) if instance is None else [load for load in instance.LOADS if load in runs]
    rows = len(loads) if len(loads) <= MANY else 9
    figure = Picture(figsize=(9.0, 4.0 + 0.2 * rows), layout="constrained", facecolor="white")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.0, 0.6 + 0.2 * rows))
    series = {"coalition": price.to_numpy()}
    if instance is not None:
        series |= {"wholesale": [instance.forward_price[t] for t in periods]}
        series |= {"retailer": [instance.retail_price[t] for t in periods]}
    middle = np.array(periods, float) + 0.5
    plots.schedule(middle, series, "price [EUR/kWh]", "", axes=above)
    whole = instance is not None or kinds == ["interruptible_load.running"]
    if len(loads) <= MANY:
        windows = None if instance is None else [(instance.earliest[load], instance.latest[load]) for load in loads]
        names = [str(load).replace("_", " ") for load in loads]
        shown = {"runs" if whole else "starts or runs": [runs[load] for load in loads]}
        plots.gantt(names, shown, windows, "hour", "load", axes=below)
    else:
        count = [sum(t in at for at in runs.values()) for t in periods]
        plots.schedule(middle, count, "loads running" if whole else "loads starting or running", axes=below)
    below.set_xlim(periods[0], periods[-1] + 1)
    for axes in (above, below):
        if axes.get_legend() is not None:
            axes.get_legend().remove()
    profit = solution.series("target_profit").iloc[0] if "target_profit" in components else None
    earned = "" if profit is None else f"net profit {profit:.4g} EUR — "
    headline(figure, f"{sum(map(bool, runs.values()))} of {len(runs)} loads run, {earned}{CLAIMS[solution.claim]}")
    legend(figure, (above, below), columns=5)
    return figure


def _runs(solution, kinds, instance) -> dict:
    """For each load the periods it runs in; without the instance, which knows how long, block loads by their start."""
    runs: dict = {}
    for kind in kinds:
        for (load, t), share in solution.series(kind).items():
            runs.setdefault(load, [])
            if share > 0.5:
                blocks = kind == "block_load.starts" and instance is not None
                runs[load] += [t + k for k in range(instance.duration[load] if blocks else 1)]
    return runs


def price_profile(prices, title):
    """The coalition's price beside the wholesale and the retailer's.

    Parameters
    ----------
    prices : DataFrame
        Columns ``period``, ``coalition [EUR/kWh]``, ``wholesale [EUR/kWh]``, ``retailer [EUR/kWh]``.
    title : str
    """
    named = {name: prices[f"{name} [EUR/kWh]"] for name in ("coalition", "wholesale", "retailer")}
    middle = prices["period"].to_numpy() + 0.5
    figure = plots.schedule(middle, named, "price [EUR/kWh]", "hour of the day", title)
    figure.axes[0].set_ylim(0, None)
    figure.axes[0].set_xticks(np.arange(0, middle[-1] + 1, 3))
    return figure


def schedules(loads, title):
    """When each load may run, runs with the retailer and runs in the coalition.

    Parameters
    ----------
    loads : DataFrame
        Columns ``load``, ``earliest``, ``latest``, ``with retailer``, ``in coalition``: the last two lists of hours.
    title : str
    """
    runs = {label: loads[label].tolist() for label in ("with retailer", "in coalition")}
    windows = list(zip(loads["earliest"], loads["latest"], strict=True))
    figure = plots.gantt(loads["load"], runs, windows, "hour of the day", "load (consumer and appliance)", title)
    figure.axes[0].set(xlim=(0, 24), xticks=np.arange(0, 25, 3))
    return figure


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
    figure, axes = panels(height=4.8)
    closer = axes.inset_axes((0.56, 0.08, 0.42, 0.4), xlim=(0.25, 0.62), ylim=(0.993, 1.006))
    for panel in (axes, closer):
        for rule in curves.columns[1:]:
            label, colour, style = OF_RULE[rule]
            panel.plot(curves["profit [EUR]"], curves[rule], color=colour, ls=style, lw=1.6, label=label)
            panel.plot(marks[rule], 1.0, "o", color=colour, ms=5)
        panel.axhline(1.0, color=DARK, lw=0.9)
    axes.indicate_inset_zoom(closer, edgecolor=DARK)
    tidy(closer, "both")
    closer.tick_params(labelsize=7.5)
    note(axes, "retailer's bill", (curves["profit [EUR]"].iloc[0], 1.0), (4, 3), ha="left")
    limits = {"xlim": (curves["profit [EUR]"].min(), curves["profit [EUR]"].max()), "ylim": (0.9, 1.08)}
    names = {"xlabel": "the aggregator's net profit [EUR a day]", "ylabel": "largest bill, relative to the retailer's [1]"}
    tidy(axes, "both", title, **names, **limits)
    legend(figure, axes)
    return figure


def profit_against_size(constant, falling, title):
    """Profit against the number of consumers under the Shapley value.

    Parameters
    ----------
    constant, falling : DataFrame
        Columns ``consumers`` and one per curve, EUR; ``falling.attrs["best"]`` has each curve's interior optimum.
    title : str
    """
    figure, (left, right) = panels(1, 2)
    for axes, table, name in ((left, constant, "one margin"), (right, falling, "falling margin, independent errors")):
        for k, column in enumerate(table.columns[1:]):
            look = line(k, marker=False)
            axes.plot(table["consumers"], table[column], label=column, **look)
            best = table.attrs.get("best", {}).get(column)
            if best is not None:
                axes.plot(best, np.interp(best, table["consumers"], table[column]), "o", color=look["color"])
        axes.axhline(0, color=DARK, lw=0.9)
        tidy(axes, "both", name, xlabel="consumers N", ylabel="profit [EUR a day]")
        legend(figure, axes, own=False, fontsize=8)
    headline(figure, title)
    return figure


def regrets(certain, spread, title):
    """Regret of the forecaster and of bisection, logarithmic, with the 2/3 line.

    Parameters
    ----------
    certain, spread : DataFrame
        Columns ``round``, ``forecaster``, ``bisection``, ``standard error``: for one reservation price, and for many.
    title : str
    """
    figure, pair = panels(1, 2, height=4.0, sharey=True)
    named = {"the same price every round": certain, "a price drawn each round": spread}
    for axes, (name, table) in zip(pair, named.items(), strict=True):
        rounds, ours = table["round"].to_numpy(float), table["forecaster"].to_numpy()
        late = rounds >= 10
        both = {"partial monitoring": ours, "bisection": table["bisection"]}
        plots.convergence(rounds, both, "", "round m", name, axes=axes)
        axes.get_legend().remove()
        slope = ours[-1] * (rounds[late] / rounds[-1]) ** (2 / 3)
        axes.plot(rounds[late], 1.35 * slope, color=DARK, ls=(0, (1, 1)), lw=1, label="slope 2/3")
        axes.set(xscale="log", ylim=(0.3, None))
    pair[0].set_ylabel("regret, in units of the largest loss [1]")
    headline(figure, title)
    legend(figure, pair)
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
    size = 2.3 * len(rules) + 0.6, 2.1 * len(behaviours) + 0.9
    figure, grid = panels(len(behaviours), len(rules), *size, sharex=True, sharey=True, squeeze=False)
    for (behaviour, rule), table in tables.items():
        axes = grid[behaviours.index(behaviour), rules.index(rule)]
        for k, column in enumerate(table.columns[1:]):
            axes.plot(table["round"], table[column], label=column, **line(k, marker=False))
        top = 1.08 * max(t.iloc[:, 1:].to_numpy().max() for t in tables.values())
        tidy(axes, "both", OF_RULE[rule][0] if behaviour == behaviours[0] else "", ylim=(0, top))
        axes.title.set_size(9)
        if behaviour == behaviours[-1]:
            axes.set_xlabel("round m")
        if rule == rules[0]:
            axes.set_ylabel(f"{behaviour}\nconsumers")
            legend(figure, axes, own=False, fontsize=8, loc="center right")
    headline(figure, title)
    return figure
