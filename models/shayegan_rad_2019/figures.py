"""The figures of Shayegan-Rad and Zangeneh (2019), drawn from the tables of ``study.py``, and the picture of an answer."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import MaxNLocator

from bilevel_dr import plots
from bilevel_dr.plots.style import (
    BLUE,
    CLAIMS,
    DARK,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILION,
    Picture,
    headline,
    legend,
    panels,
    tidy,
    whole_numbers,
)  # fmt: skip

MARKS = (("o", BLUE), ("s", ORANGE), ("^", GREEN), ("D", PURPLE))


def picture(solution, instance=None):
    """Reductions and purchases by hour; with the instance also prices, and the feeder in its hardest hour.

    Parameters
    ----------
    solution : Solution
        Of ``model.py`` or ``lossless.py``.
    instance : ConcreteModel, optional

    Returns
    -------
    Figure or None
        None where the point is of another shape.
    """
    components = set(solution.values["component"])
    if not {"price", "dso.reduction", "dso.substation"} <= components:
        return None
    price, bought = float(solution.series("price").iloc[0]), solution.series("dso.substation")
    hours = list(bought.index)
    reduction = solution.series("dso.reduction")
    sold = [float(sum(value for (_, hour), value in reduction.items() if hour == h)) for h in hours]
    energy = {"bought from the market": bought.to_numpy(), "reduction sold": sold}
    profit = "" if solution.leader_objective is None else f", profit {solution.leader_objective:.2f} €"
    title = f"Price {price:.2f} €/MWh{profit} — {CLAIMS[solution.claim]}"
    if instance is None:
        figure = plots.schedule(_numbers(hours), energy, "power [MW]")
        headline(figure, title)
        return figure
    figure = Picture(figsize=(9.0, 7.2), layout="constrained", facecolor="white")
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 1.25))
    market = [instance.market_price[h] for h in hours]
    level = {f"asked\n{price:.2f}": price}
    plots.schedule(_numbers(hours), market, "market price [€/MWh]", levels=level, axes=figure.add_subplot(grid[0, 0]))
    plots.schedule(_numbers(hours), energy, "power [MW]", axes=figure.add_subplot(grid[0, 1]))
    _feeder(solution, instance, hours, figure.add_subplot(grid[1, :]))
    for axes in figure.axes:
        if axes.get_legend() is not None:
            axes.get_legend().remove()
    headline(figure, title)
    legend(figure, figure.axes, columns=5)
    return figure


def _feeder(solution, instance, hours, axes) -> None:
    """Voltages, flows and who reduces, in the hour of the lowest voltage, or of the largest flow where there are none."""
    lines, buses = list(instance.LINES), list(instance.BUSES)
    if "dso.voltage" in set(solution.values["component"]):
        voltage = solution.series("dso.voltage")
        hour = voltage.idxmin()[1]
        at = {bus: float(voltage[bus, hour]) for bus in buses}
        squared = instance.voltage_base.value ** 2
        flow = {(n, m): squared * at[n] * (at[n] - at[m]) / instance.impedance[n, m] for n, m in lines}
    else:
        flows, at = solution.series("dso.flow"), None
        hour = flows.abs().idxmax()[2]
        flow = {line: float(flows[*line, hour]) for line in lines}
    reduction = solution.series("dso.reduction")
    reducing = [i for i in instance.PARTICIPANTS if reduction[i, hour] > 1e-6]
    plots.network(
        buses,
        lines,
        at,
        flow,
        ringed={"wind power": [instance.wind_bus.value], "reduces its demand": reducing},
        root=instance.substation_bus.value,
        title=f"The feeder in hour {hour}, its hardest",
        axes=axes,
    )


def _numbers(hours) -> list:
    """Hours as they are, or by their order where they are no numbers."""
    return hours if all(isinstance(h, (int, float)) for h in hours) else list(range(1, len(hours) + 1))


def network(day, title):
    """Figure 3: the feeder as a tree, trunk straight, laterals beside it. ``day`` is an ``exact.Day``."""
    part = day.cap.any(axis=1)
    buses = np.array(day.buses, object)
    return plots.network(
        day.buses,
        [(day.buses[day.feeder.parent[k]], day.buses[k]) for k in range(1, len(buses))],
        chosen={"takes part": buses[part], "does not": buses[~part]},
        ringed={"wind power": buses[day.wind_at[:, 0] > 0]},
        title=title,
    )


def by_hour(curves, ylabel, title, levels=None):
    """One line a day over the hours; ``curves`` and ``levels`` (a number for the whole day) by label."""
    hours = np.arange(1, len(next(iter(curves.values()))) + 1)
    asked = None if levels is None else {f"asked: {levels[label]:.2f}": levels[label] for label in curves}
    figure = plots.schedule(hours, curves, ylabel, title=title, levels=asked)
    figure.axes[0].set_ylim(0, None)
    return figure


def before_and_after(days, columns, ylabel, title):
    """Two columns of the hours' tables, without and with reductions, one panel a day."""
    figure, axes = panels(1, len(days), height=4.0, sharey=True, squeeze=False)
    names = "without reductions", "with reductions"
    for panel, (label, table) in zip(axes[0], days.items(), strict=True):
        both = dict(zip(names, (table[column] for column in columns), strict=True))
        hours, name = np.arange(1, len(table) + 1), label if len(days) > 1 else title
        plots.schedule(hours, both, "", title=name, between=names, axes=panel)
        panel.get_legend().remove()
        panel.set_ylim(0, None)
    axes[0, 0].set_ylabel(ylabel)
    headline(figure, title if len(days) > 1 else "")
    legend(figure, axes[0, 0])
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
    figure, (whole, near) = panels(1, 2, height=4.6, width_ratios=(3, 2))
    reach = 0.07 * (prices[-1] - prices[0]) / 2
    for axes in (whole, near):
        axes.plot(prices, profits, color="0.6", lw=1.2, zorder=1)
        axes.scatter(*maxima, s=12, color=DARK, zorder=2, label="local maximum")
        axes.scatter(*best, s=150, marker="*", color=VERMILION, ec="white", zorder=3, label="best price, proved")
        for (name, (price, profit)), (marker, colour) in zip(landed.items(), MARKS, strict=False):
            ring = {"facecolors": "none", "edgecolors": colour, "lw": 1.8, "s": 70}
            axes.scatter(price, profit, marker=marker, label=f"where {name} ended", zorder=4, **ring)
    close = (maxima[0] > best[0] - reach) & (maxima[0] < best[0] + reach)
    low = min(maxima[1][close].min(initial=best[1]), best[1] * 0.99)
    drop = best[1] - low
    tidy(whole, "both", "all prices", xlabel="price λ [€/MWh]", ylabel="profit of the aggregator [€]")
    limits = {"xlim": (best[0] - reach, best[0] + reach), "ylim": (low - 0.3 * drop, best[1] + 0.15 * drop)}
    tidy(near, "both", "near the best price", xlabel="price λ [€/MWh]", **limits)
    for axes in (whole, near):
        whole_numbers(axes.xaxis, 8)
    headline(figure, title)
    legend(figure, whole)
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
    figure, axes = panels(len(cases), len(quantities), 9.0, 3.0 * len(cases) + 0.6, squeeze=False)
    for row, (label, (few, many)) in zip(axes, cases.items(), strict=True):
        for panel, (name, axis) in zip(row, quantities.items(), strict=True):
            found = {"samples": (many.mean[name], many.std[name]), "six points": (few.mean[name], few.std[name])}
            values, six = ([output[name] for output in one.outputs] for one in (many, few))
            plots.distribution(values, axis, found, {"the six": six}, "", label, axes=panel)
            panel.get_legend().remove()
            panel.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        row[0].set_ylabel("samples")
    headline(figure, title)
    legend(figure, axes[0, 0], columns=4)
    return figure
