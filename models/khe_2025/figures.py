"""The figures of Khe, Chaipunya and Bangviwat (2025), drawn from the tables of ``study.py``, and the picture of an answer."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from bilevel_dr import plots
from bilevel_dr.plots.style import (
    BLUE,
    CLAIMS,
    DARK,
    GREEN,
    PALE,
    SMALL,
    VERMILION,
    bar,
    headline,
    legend,
    line,
    note,
    panels,
    tidy,
)  # fmt: skip

IN_PART = {"facecolor": "#CFE3F0", "edgecolor": BLUE, "hatch": "////", "lw": 0.8}
CALLED = {"color": PALE, "edgecolor": DARK, "lw": 0.8}


def picture(solution, instance=None):
    """What each consumer is called for and shifts; with the instance, beside its baseline.

    Parameters
    ----------
    solution : Solution
        Of ``model.py`` or ``share_of_call.py``.
    instance : ConcreteModel, optional

    Returns
    -------
    Figure or None
        None where the point is of another shape.
    """
    components = set(solution.values["component"])
    answer = next((name for name in ("consumer.shift", "consumer.share") if name in components), None)
    if answer is None or "call" not in components:
        return None
    call, shift = solution.series("call"), solution.series(answer)
    shift = shift * call if answer == "consumer.share" else shift
    if list(call.index) != list(shift.index):
        return None
    baseline = None if instance is None else np.array([instance.baseline[i] for i in call.index], float)
    figure, axes = panels()
    _called_and_shifted(axes, call.to_numpy(), shift.to_numpy(), baseline)
    success = 100 * shift.sum() / call.sum() if call.sum() > 0 else 100.0
    title = f"{success:.4g} % of {call.sum():.6g} kWh called for is shifted — {CLAIMS[solution.claim]}"
    return _by_consumer(figure, axes, call.index, "energy in the on-peak hours [kWh]", title)


def _called_and_shifted(axes, call, shift, baseline=None) -> None:
    place = np.arange(len(call))
    axes.bar(place, call, 0.72, label="called for", **CALLED)
    axes.bar(place, shift, 0.5, label="shifted", color=BLUE)
    top = _baselines(axes, place, call, baseline) if baseline is not None else 1.1 * max(call.max(initial=0.0), 1e-9)
    if len(call) <= 40:
        over = call if baseline is None else np.where((baseline < call + 0.06 * top) & (baseline > call), baseline, call)
        for at, (called, shifted) in enumerate(zip(call, shift, strict=True)):
            if called > 1e-6 * top:
                note(axes, f"{100 * shifted / called:.0f} %", (at, over[at]), (0, 2), fontsize=8)
    axes.set_ylim(0, top)


def _baselines(axes, place, call, baseline) -> float:
    """A bar each; what lies far beyond the calls is written at the top of the picture, which is returned."""
    top = 1.12 * max(call.max(initial=1e-9), np.sort(baseline)[-2:][0])
    within = baseline <= top
    axes.hlines(baseline[within], place[within] - 0.4, place[within] + 0.4, color=DARK, lw=1.8, label="baseline")
    top = top if within.all() else 1.06 * top
    for at in place[~within]:
        note(axes, f"baseline\n{baseline[at]:g} ↑", (at, top), (0, 0), va="top", fontsize=8)
    return top


def calls_against_baselines(consumers, title, equal=None):
    """Figures 2 and 3: what each consumer is called for, beside its baseline.

    Parameters
    ----------
    consumers : DataFrame
        One case of ``tables()["consumers"]``.
    title : str
    equal : float, optional
        The call everybody would get if nobody resisted, kWh.
    """
    figure, axes = panels()
    call, baseline = consumers["call [kWh]"].to_numpy(), consumers["baseline [kWh]"].to_numpy()
    complies = consumers["compliance [%]"].to_numpy() > 99.9999
    place = np.arange(len(consumers))
    axes.bar(place[complies], call[complies], 0.62, label="call, complied with fully", color=BLUE)
    axes.bar(place[~complies], call[~complies], 0.62, label="call, complied with in part", **IN_PART)
    top = _baselines(axes, place, call, baseline)
    if equal is not None:
        axes.axhline(equal, color=GREEN, ls="--", lw=1.5, label=f"small dissatisfaction: {equal:g} kWh each", zorder=0)
    axes.set_ylim(0, top)
    return _by_consumer(figure, axes, consumers["consumer"], "energy in the on-peak hours [kWh]", title)


def shifts_against_calls(consumers, title):
    """Figures 4 and 5: what each consumer shifts of its call; the share above each bar. ``consumers`` as above."""
    figure, axes = panels()
    _called_and_shifted(axes, consumers["call [kWh]"].to_numpy(), consumers["shift [kWh]"].to_numpy())
    return _by_consumer(figure, axes, consumers["consumer"], "energy [kWh]", title)


def calls_with_and_without_fairness(fair, unfair, title):
    """Figure 6: one target, with the fairness term and without; whiskers span all calls that are optimal without it."""
    figure, axes = panels()
    place = np.arange(len(fair))
    axes.bar(place - 0.2, fair["call [kWh]"], 0.37, label="with the fairness term", **bar(0))
    axes.bar(place + 0.2, unfair["call [kWh]"], 0.37, label="without it (least variance)", **bar(1))
    ends = unfair[["lowest optimal call [kWh]", "highest optimal call [kWh]"]].to_numpy().T
    free = ends[1] > ends[0]
    reach = np.abs(ends - unfair["call [kWh]"].to_numpy())[:, free]
    style = {"fmt": "none", "ecolor": DARK, "lw": 1.2, "capsize": 3, "label": "other calls just as good without it"}
    axes.errorbar(place[free] + 0.2, unfair["call [kWh]"][free], reach, **style)
    return _by_consumer(figure, axes, fair["consumer"], "call [kWh]", title)


def bills_and_rewards(cases, title):
    """Each consumer's bill and reward. ``cases`` maps a label to one case of ``tables()["consumers"]``."""
    figure, (left, right) = panels(1, 2, height=4.4, sharey=True)
    first = next(iter(cases.values()))
    place = np.arange(len(first))
    nothing = {"marker": "|", "s": 130, "color": DARK, "lw": 2, "label": "nothing shifted"}
    left.scatter(first["bill without response [money]"], place, **nothing)
    ring = {"marker": "o", "s": 70, "facecolors": "none", "edgecolors": BLUE, "lw": 1.8}
    styles = ring, {"marker": "x", "s": 36, "color": VERMILION}
    for (label, consumers), style in zip(cases.items(), styles, strict=True):
        left.scatter(consumers["bill [money]"], place, label=label, zorder=3, **style)
        right.scatter(consumers["reward [money]"], place, zorder=3, **style)
    for axes, name in ((left, "electricity bill"), (right, "reward received")):
        axes.set(xscale="log", yticks=place, yticklabels=first["consumer"])
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        tidy(axes, "both", xlabel=f"{name} [money, logarithmic]")
    left.set_ylabel("consumer")
    left.invert_yaxis()
    headline(figure, title)
    legend(figure, left)
    return figure


def variance_against_fairness(cases, title):
    """How unequal the calls are. ``cases`` maps a label to one case of ``tables()["fairness"]``."""
    figure, axes = panels()
    for k, (label, table) in enumerate(cases.items()):
        axes.plot(table["fairness weight [money/kWh2]"], table["variance of the calls [kWh2]"], label=label, **line(k))
    axes.set(xscale="log", yscale="log")
    tidy(axes, "both", title, xlabel="fairness weight w [money/kWh²]", ylabel="variance of the calls [kWh²]")
    legend(figure, axes)
    return figure


def success_and_commission(curve, marks, title):
    """Success rate and commission against the target.

    Parameters
    ----------
    curve : DataFrame
        Columns ``target [kWh]``, ``success rate [%]``, ``commission [money]``.
    marks : DataFrame
        The same columns at the paper's targets.
    title : str
    """
    figure, pair = panels(1, 2, height=3.8)
    above, below = (6, 8), (8, -14)
    columns = {"success rate [%]": (above, below), "commission [money]": (below, below)}
    for axes, (column, offsets) in zip(pair, columns.items(), strict=True):
        target = "target [kWh]"
        plots.landscape(curve[target], curve[column], target, column, mark_kinks=False, axes=axes)
        axes.plot(marks[target], marks[column], "o", color=BLUE)
        for at, value, offset in zip(marks[target], marks[column], offsets, strict=True):
            note(axes, f"{value:.4g} at {at:g} kWh", (at, value), offset, ha="left", fontsize=SMALL)
        axes.set(xlim=(0, 1.28 * curve[target].max()), ylim=(0, None))
    headline(figure, title)
    return figure


def _by_consumer(figure, axes, consumers, ylabel, title):
    names = [str(name) for name in consumers]
    every = -(-len(names) // 40)
    axes.set_xticks(np.arange(len(names))[::every], names[::every])
    axes.yaxis.set_major_locator(MaxNLocator(6))
    tidy(axes, title=title, xlabel="consumer", ylabel=ylabel)
    legend(figure, axes, columns=4)
    return figure
