"""The pictures of a bilevel study: reactions, landscapes, schedules, networks, convergence, distributions.

Each function takes plain arrays or DataFrames and the labels of its axes with their units, and returns a matplotlib Figure
that is no part of pyplot. With ``axes=`` it draws into those instead, and returns their figure. Nothing here knows Pyomo.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from . import style
from .landmarks import jumps, kinks
from .networks import network
from .style import BLUE, DARK, GREEN, GREY, PALE, VERMILION, canvas, headline, legend, line, note, panels, tidy

__all__ = [
    "bars", "convergence", "distribution", "gantt", "landscape", "leader_and_followers", "network", "reaction", "schedule",
]  # fmt: skip


def reaction(x, answers, xlabel, ylabel, title="", at=None, axes=None):
    """What followers answer to a decision of the leader; a line is broken where its answer jumps.

    Parameters
    ----------
    x : array_like, shape (n,)
        The leader's decision, increasing.
    answers : mapping of str to array_like, shape (n,), or DataFrame
        One line a follower, by its label; NaN where there is no answer.
    xlabel, ylabel : str
        With their units, ``"price [EUR/MWh]"``.
    title : str
    at : float, optional
        Where the leader decided: a thin line.
    axes : Axes, optional

    Returns
    -------
    Figure
    """
    figure, axes, own = canvas(axes)
    x, answers = np.asarray(x, float), _lines(answers)
    for k, (label, values) in enumerate(answers.items()):
        axes.plot(*_broken(x, values), label=label, **line(k, marker=False))
    if at is not None:
        axes.axvline(at, color=GREY, lw=1, zorder=0)
    tidy(axes, title=title, xlabel=xlabel, ylabel=ylabel)
    if len(answers) > 1:
        legend(figure, axes, own)
    return figure


def landscape(x, values, xlabel, ylabel, title="", optima=None, mark_kinks=True, pessimistic=None, axes=None):
    """The leader's objective over its decision, the followers answering, with kinks and optima marked.

    Parameters
    ----------
    x : array_like, shape (n,), or pair of array_like, shapes (n,) and (m,)
        One decision, or two.
    values : array_like, shape (n,) or (m, n)
        NaN where the decision is infeasible. Of two decisions: lines of equal value over shades.
    xlabel, ylabel : str
        With their units. Of two decisions: those of the decisions, and ``title`` says what the values are.
    title : str
    optima : mapping of str to (float, float), optional
        Label → decision and value, or, of two decisions, both of them.
    mark_kinks : bool or array_like, shape (k, 2)
        Whether to find the kinks, or where they are.
    pessimistic : array_like, shape (n,), optional
        The same where followers break ties against the leader.
    axes : Axes, optional

    Returns
    -------
    Figure
    """
    figure, axes, own = canvas(axes)
    values = np.asarray(values, float)
    if values.ndim == 2:
        _contours(figure, axes, x, values)
    else:
        x = np.asarray(x, float)
        both = pessimistic is not None
        axes.plot(*_broken(x, values), label="optimistic" if both else None, **line(0, marker=False))
        if both:
            axes.plot(*_broken(x, np.asarray(pessimistic, float)), label="pessimistic", **line(1, marker=False))
        bends = kinks(x, values) if mark_kinks is True else np.reshape([] if mark_kinks is False else mark_kinks, (-1, 2))
        if len(bends):
            look = {"marker": "o", "s": 26, "facecolors": "white", "edgecolors": DARK, "lw": 1.2, "zorder": 3}
            axes.scatter(*bends.T, label="kink", **look)
    for k, (label, place) in enumerate((optima or {}).items()):
        marker, colour = (("*", VERMILION), ("D", GREEN), ("s", BLUE), ("^", DARK))[k % 4]
        axes.scatter(*place, s=150 if marker == "*" else 48, marker=marker, color=colour, ec="white", label=label, zorder=4)
    tidy(axes, "y" if values.ndim == 1 else "none", title=title, xlabel=xlabel, ylabel=ylabel)
    legend(figure, axes, own, columns=4)
    return figure


def schedule(periods, series, ylabel, xlabel="hour", title="", between=None, levels=None, axes=None):
    """What happens in each period: one stair a series.

    Parameters
    ----------
    periods : array_like, shape (T,)
        Evenly spaced numbers; each stair is as wide as a period and has its number in the middle.
    series : mapping of str to array_like, shape (T,), or DataFrame
    ylabel, xlabel : str
    title : str
    between : (str, str), optional
        Two labels of ``series``: the area between them is shaded, as what was shifted or cut.
    levels : mapping of str to float, optional
        Of the whole time: a thin horizontal line each, with its label at its end.
    axes : Axes, optional

    Returns
    -------
    Figure
    """
    figure, axes, own = canvas(axes)
    periods, series = np.asarray(periods, float), _lines(series)
    step = periods[1] - periods[0] if len(periods) > 1 else 1.0
    edges = np.append(periods - step / 2, periods[-1] + step / 2)
    for k, (label, values) in enumerate(series.items()):
        look = line(k, marker=False)
        axes.stairs(values, edges, label=label, baseline=None, color=look["color"], ls=look["ls"], lw=look["lw"])
    if between is not None:
        low, high = (np.repeat(series[label], 2) for label in between)
        axes.fill_between(np.repeat(edges, 2)[1:-1], low, high, color=BLUE, alpha=0.13, lw=0)
    for k, (label, level) in enumerate((levels or {}).items()):
        colour = style.LINES[k % len(style.LINES)]["color"]
        axes.axhline(level, color=colour, ls=(0, (1, 2)), lw=1.3)
        note(axes, label, (edges[-1], level), (4, 0), ha="left", va="center", color=colour)
    tidy(axes, title=title, xlabel=xlabel, ylabel=ylabel, xlim=(edges[0], edges[-1]))
    style.whole_numbers(axes.xaxis)
    if len(series) > 1:
        legend(figure, axes, own)
    return figure


def gantt(rows, runs, windows=None, xlabel="hour", ylabel="", title="", axes=None):
    """Who runs when: one row each, one block a period.

    Parameters
    ----------
    rows : sequence of str
        Names, from the top down.
    runs : mapping of str to list of list of float
        Label → for each row, the periods (first hour of each) in which it runs.
    windows : list of (float, float), optional
        For each row, the first and the last period in which it may run.
    xlabel, ylabel, title : str
    axes : Axes, optional

    Returns
    -------
    Figure
    """
    rows = list(rows)
    figure, axes, own = canvas(axes, height=0.24 * len(rows) + 1.5)
    place, share = np.arange(len(rows)), 0.76 / len(runs)
    if windows is not None:
        first, last = np.array(windows, float).T
        axes.barh(place, last - first + 1, left=first, height=0.86, color=PALE, label="may run")
    looks = [{"color": BLUE}, {"facecolor": "white", "edgecolor": VERMILION, "lw": 1.2, "hatch": "////"}]
    for k, (label, periods) in enumerate(runs.items()):
        ends = [(row, period) for row, at in enumerate(periods) for period in at]
        if ends:
            at, left = np.array(ends, float).T
            shift = (k - (len(runs) - 1) / 2) * share
            axes.barh(at + shift, 1.0, left=left, height=0.88 * share, label=label, **looks[k % 2])
    axes.set_yticks(place, rows)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    tidy(axes, "x", title=title, xlabel=xlabel, ylabel=ylabel)
    axes.tick_params(axis="y", labelsize=8, length=0)
    style.whole_numbers(axes.xaxis)
    legend(figure, axes, own)
    return figure


def bars(names, heights, ylabel, xlabel="", title="", errors=None, notes=None, axes=None):
    """Bars beside each other, one group a name.

    Parameters
    ----------
    names : sequence, length n
        Under the bars.
    heights : mapping of str to array_like, shape (n,), or DataFrame
        One set of bars each, by its label.
    ylabel, xlabel, title : str
    errors : mapping of str to array_like, shape (n,), optional
        Half the length of a bar's whisker.
    notes : sequence of str, length n, optional
        Above each group.
    axes : Axes, optional

    Returns
    -------
    Figure
    """
    figure, axes, own = canvas(axes)
    heights, place = _lines(heights), np.arange(len(names))
    width = 0.76 / len(heights)
    for k, (label, values) in enumerate(heights.items()):
        shift = (k - (len(heights) - 1) / 2) * width
        whisker = None if errors is None or label not in errors else np.asarray(errors[label], float)
        look = {"yerr": whisker, "error_kw": {"ecolor": DARK, "lw": 1.2, "capsize": 3}, **style.bar(k)}
        axes.bar(place + shift, values, 0.92 * width, label=label, **look)
    for at, text in enumerate(notes or ()):
        tops = [v[at] + (errors[label][at] if errors and label in errors else 0.0) for label, v in heights.items()]
        note(axes, text, (at, np.nanmax([0.0, *tops])), (0, 3))
    axes.set_xticks(place, [str(name) for name in names])
    middle, reach = (len(names) - 1) / 2, max(len(names) / 2 + 0.1, 1.5)
    tidy(axes, title=title, xlabel=xlabel, ylabel=ylabel, xlim=(middle - reach, middle + reach))
    if len(heights) > 1:
        legend(figure, axes, own)
    return figure


def convergence(rounds, series, ylabel, xlabel="round", title="", logarithmic=True, goals=None, axes=None):
    """How an iteration goes on: one line with markers a series.

    Parameters
    ----------
    rounds : array_like, shape (n,)
    series : mapping of str to array_like, shape (n,), or DataFrame
        On a logarithmic axis, what is not positive is left out.
    ylabel, xlabel, title : str
    logarithmic : bool
    goals : mapping of str to float, optional
        Horizontal lines with their labels: a tolerance, a proved bound.
    axes : Axes, optional

    Returns
    -------
    Figure
    """
    figure, axes, own = canvas(axes)
    series, rounds = _lines(series), np.asarray(rounds, float)
    for k, (label, values) in enumerate(series.items()):
        shown = np.where(values > 0, values, np.nan) if logarithmic else values
        axes.plot(rounds, shown, label=label, markevery=max(1, len(rounds) // 20), **line(k))
    for label, goal in (goals or {}).items():
        axes.axhline(goal, color=DARK, lw=1, ls=(0, (1, 2)))
        note(axes, label, (rounds[-1], goal), (0, 3), ha="right")
    if logarithmic:
        axes.set_yscale("log")
    tidy(axes, title=title, xlabel=xlabel, ylabel=ylabel)
    if np.all(rounds == np.round(rounds)):
        style.whole_numbers(axes.xaxis)
    if len(series) > 1:
        legend(figure, axes, own)
    return figure


def distribution(samples, xlabel, estimates=None, points=None, ylabel="samples", title="", axes=None):
    """How an uncertain number scatters, with mean ± standard deviation by each method that tells them.

    Parameters
    ----------
    samples : array_like, shape (n,)
        Drawn values.
    xlabel : str
        With its unit.
    estimates : mapping of str to (float, float), optional
        Label → mean and standard deviation, a whisker each above the samples.
    points : mapping of str to array_like, optional
        Label → single values, ticks on the axis: the points of an estimate.
    ylabel, title : str
    axes : Axes, optional

    Returns
    -------
    Figure
    """
    figure, axes, own = canvas(axes)
    samples = np.asarray(samples, float)
    counts = min(30, max(5, samples.size // 5))
    axes.hist(samples, bins=counts, color=PALE, edgecolor="white", lw=0.6, label="samples")
    top = axes.get_ylim()[1]
    for k, (label, (mean, deviation)) in enumerate((estimates or {}).items()):
        look = {"color": (DARK, VERMILION, BLUE, GREEN)[k % 4], "fmt": "os^D"[k % 4], "ms": 5, "lw": 1.6, "capsize": 4}
        axes.errorbar(mean, (1.08 + 0.12 * k) * top, xerr=deviation, label=f"mean ± sd, {label}", **look)
    for label, places in (points or {}).items():
        places = np.asarray(places, float)
        look = {"marker": "|", "s": 160, "lw": 2, "color": VERMILION, "clip_on": False, "zorder": 3}
        axes.scatter(places, np.zeros(len(places)), label=label, **look)
    tidy(axes, title=title, xlabel=xlabel, ylabel=ylabel, ylim=(0, (1.06 + 0.12 * len(estimates or ())) * top))
    axes.xaxis.set_major_locator(style.MaxNLocator(6))
    legend(figure, axes, own, columns=4)
    return figure


def leader_and_followers(table, decision, answers=None, xlabel="", ylabel="", answer_label="", title="", optimum=None):
    """A bilevel program at a glance: the leader's curve, and below it what the followers answer.

    Parameters
    ----------
    table : DataFrame
        Of :func:`bilevel_dr.reactions` over one decision, or with its columns.
    decision : str
        The column of the leader's decision.
    answers : mapping of str to array_like, optional
        Label → a line of the lower panel; by default every follower's variable.
    xlabel, ylabel, answer_label : str
        Of the decision, the leader's objective and the answers, with units.
    title : str
    optimum : (float, float), optional
        Decision and value that :func:`bilevel_dr.solve` found.

    Returns
    -------
    Figure
    """
    figure, (above, below) = panels(2, 1, height=5.4, sharex=True, height_ratios=(3, 2))
    x = table[decision].to_numpy(float)
    if answers is None:
        known = {decision, "optimistic", "pessimistic", "feasible", "claim"}
        answers = {name: table[name] for name in table.columns if name not in known}
    fine = np.where(table["feasible"].to_numpy(bool), table["optimistic"].to_numpy(float), np.nan)
    worst = table["pessimistic"].to_numpy(float) if "pessimistic" in table else fine
    tied = np.any(np.abs(worst - fine) > 1e-6 * np.maximum(1.0, np.abs(fine)))
    found = None if optimum is None else {"optimum": optimum}
    landscape(x, fine, "", ylabel, "The leader's curve", found, pessimistic=worst if tied else None, axes=above)
    reaction(x, answers, xlabel, answer_label, "The followers' answer", None if optimum is None else optimum[0], axes=below)
    if optimum is not None:
        above.axvline(optimum[0], color=GREY, lw=1, zorder=0)
    headline(figure, title)
    return figure


def _lines(series) -> dict[str, np.ndarray]:
    """A mapping or DataFrame, or one array, as label → numbers."""
    if not isinstance(series, Mapping) and not hasattr(series, "columns"):
        series = {"": series}
    return {str(label): np.asarray(series[label], float) for label in series}


def _broken(x, y):
    """A curve with a gap over each of its jumps."""
    after = jumps(x, y) + 1
    return np.insert(x, after, np.nan), np.insert(y, after, np.nan)


def _contours(figure, axes, x, values) -> None:
    shades = axes.contourf(*x, values, levels=12, cmap="cividis", alpha=0.9)
    above = shades.levels[shades.levels > np.nanmin(values)]  # a line around a flat bottom would be all steps
    lines = axes.contour(*x, values, levels=above, colors="white", linewidths=0.6)
    axes.clabel(lines, lines.levels[::2], fontsize=style.SMALL - 1, fmt="%g")
    figure.colorbar(shades, ax=axes, pad=0.02).outline.set_visible(False)
