"""The figures of Khe, Chaipunya and Bangviwat (2025), drawn from the tables of ``study.py``."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"  # Okabe and Ito's palette
PALE, DARK = "#D9D9D9", "#333333"


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
    figure, axes = _figure()
    call, baseline = consumers["call [kWh]"], consumers["baseline [kWh]"]
    complies = consumers["compliance [%]"] > 99.9999
    place = np.arange(len(consumers))
    axes.bar(place[complies], call[complies], width=0.62, color=BLUE, label="call, complied with fully")
    axes.bar(place[~complies], call[~complies], width=0.62, color=ORANGE, label="call, complied with in part")
    top = 1.12 * max(call.max(), np.sort(baseline)[-2])
    within = baseline <= top
    axes.hlines(baseline[within], place[within] - 0.4, place[within] + 0.4, color=DARK, lw=1.8, label="baseline")
    for at in place[~within]:
        note = f"baseline\n{baseline.iloc[at]:g} ↑"
        axes.annotate(note, (at, top), (0, -3), textcoords="offset points", ha="center", va="top", fontsize=8)
    if equal is not None:
        axes.axhline(equal, color=GREEN, ls="--", lw=1.5, label=f"small dissatisfaction: {equal:g} kWh each", zorder=0)
    axes.set_ylim(0, top)
    return _finish(figure, axes, consumers, "energy in the on-peak hours [kWh]", title)


def shifts_against_calls(consumers, title):
    """Figures 4 and 5: what each consumer shifts of its call; the share above each bar. ``consumers`` as above."""
    figure, axes = _figure()
    call, shift = consumers["call [kWh]"], consumers["shift [kWh]"]
    place = np.arange(len(consumers))
    axes.bar(place, call, width=0.72, color=PALE, edgecolor=DARK, lw=0.8, label="called for")
    axes.bar(place, shift, width=0.5, color=BLUE, label="shifted")
    for at, share in enumerate(consumers["compliance [%]"]):
        top = at, call.iloc[at]
        axes.annotate(f"{share:.0f} %", top, (0, 2), textcoords="offset points", ha="center", fontsize=8)
    axes.set_ylim(0, 1.1 * call.max())
    return _finish(figure, axes, consumers, "energy [kWh]", title)


def calls_with_and_without_fairness(fair, unfair, title):
    """Figure 6: one target, with the fairness term and without; whiskers span all calls that are optimal without it."""
    figure, axes = _figure()
    place = np.arange(len(fair))
    axes.bar(place - 0.2, fair["call [kWh]"], width=0.38, color=BLUE, label="with the fairness term")
    axes.bar(place + 0.2, unfair["call [kWh]"], width=0.38, color=VERMILION, label="without it (least variance)")
    ends = unfair[["lowest optimal call [kWh]", "highest optimal call [kWh]"]].to_numpy().T
    free = ends[1] > ends[0]
    reach = np.abs(ends - unfair["call [kWh]"].to_numpy())[:, free]
    style = {"fmt": "none", "ecolor": DARK, "lw": 1.2, "capsize": 3, "label": "other calls just as good without it"}
    axes.errorbar(place[free] + 0.2, unfair["call [kWh]"][free], reach, **style)
    return _finish(figure, axes, fair, "call [kWh]", title)


def bills_and_rewards(cases, title):
    """Each consumer's bill and reward. ``cases`` maps a label to one case of ``tables()["consumers"]``."""
    figure = Figure(figsize=(9.0, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
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
        axes.set(xscale="log", xlabel=f"{name} [money, logarithmic]", yticks=place, yticklabels=first["consumer"])
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(axis="both", which="major", color="0.9")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    left.set_ylabel("consumer")
    left.invert_yaxis()
    figure.suptitle(title)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def variance_against_fairness(cases, title):
    """How unequal the calls are. ``cases`` maps a label to one case of ``tables()["fairness"]``."""
    figure, axes = _figure()
    for (label, table), marker, colour in zip(cases.items(), "os", (BLUE, VERMILION), strict=True):
        weight, variance = table["fairness weight [money/kWh2]"], table["variance of the calls [kWh2]"]
        axes.plot(weight, variance, marker=marker, color=colour, label=label)
    axes.set(xscale="log", yscale="log", xlabel="fairness weight w [money/kWh²]", ylabel="variance of the calls [kWh²]")
    axes.grid(color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
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
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    above, below = (6, 8), (8, -14)
    columns = {"success rate [%]": (BLUE, (above, below)), "commission [money]": (GREEN, (below, below))}
    for axes, (column, (colour, offsets)) in zip(figure.subplots(1, 2), columns.items(), strict=True):
        axes.plot(curve["target [kWh]"], curve[column], color=colour)
        axes.plot(marks["target [kWh]"], marks[column], "o", color=colour)
        for target, value, offset in zip(marks["target [kWh]"], marks[column], offsets, strict=True):
            note = f"{value:.4g} at {target:g} kWh"
            axes.annotate(note, (target, value), offset, textcoords="offset points", fontsize=8.5)
        axes.set(xlabel="target [kWh]", ylabel=column, xlim=(0, 1.28 * curve["target [kWh]"].max()), ylim=(0, None))
        axes.grid(color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title)
    return figure


def _figure():
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    return figure, figure.subplots()


def _finish(figure, axes, consumers, ylabel, title):
    axes.set(xlabel="consumer", ylabel=ylabel, xticks=np.arange(len(consumers)), xticklabels=consumers["consumer"])
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="y", color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure
