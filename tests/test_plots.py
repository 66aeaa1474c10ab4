"""Each picture shows the numbers it was given, under the labels it was given: the artists are asked, not the pixels."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from bilevel_dr import plots
from bilevel_dr.plots import style
from bilevel_dr.plots.networks import tree_places

X = np.linspace(0, 4, 41)


def drawn(axes, label):
    """The numbers of a labelled line."""
    return np.array(next(line for line in axes.lines if line.get_label() == label).get_data())


def labels(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_a_reaction_is_drawn_as_it_is_and_broken_where_it_jumps():
    figure = plots.reaction(X, {"a": X**2, "b": np.where(X < 1.95, 1.0, 3.0)}, "price [EUR]", "shift [kWh]", "A", at=2.0)
    axes = figure.axes[0]
    assert isinstance(figure, Figure) and drawn(axes, "a").T == pytest.approx(np.c_[X, X**2])
    b = drawn(axes, "b")
    assert np.isnan(b[:, 20]).all() and b[1][:20] == pytest.approx(1) and b[1][21:] == pytest.approx(3)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("price [EUR]", "shift [kWh]") and labels(figure) == ["a", "b"]


def test_a_landscape_marks_kinks_and_optima():
    values = np.minimum(X, 3 - X)
    figure = plots.landscape(X, values, "x [1]", "F [EUR]", optima={"best": (1.5, 1.5)}, pessimistic=values - 1)
    axes = figure.axes[0]
    places = {c.get_label(): c.get_offsets().data for c in axes.collections}
    assert places["kink"] == pytest.approx(np.array([[1.5, 1.5]])) and places["best"] == pytest.approx(np.array([[1.5, 1.5]]))
    assert drawn(axes, "pessimistic")[1] == pytest.approx(values - 1)
    assert labels(figure) == ["optimistic", "pessimistic", "kink", "best"]
    told = plots.landscape(X, values, "x", "F", mark_kinks=[(1.0, 1.0)]).axes[0].collections[0]
    assert told.get_offsets().data == pytest.approx(np.array([[1.0, 1.0]]))
    assert not plots.landscape(X, values, "x", "F", mark_kinks=False).axes[0].collections


def test_a_landscape_of_two_decisions_is_a_map():
    figure = plots.landscape((X, X[:7]), np.add.outer(X[:7], X), "x", "z", "F [EUR]", {"best": (1, 0.2)})
    axes = figure.axes[0]
    assert axes.get_xlim() == (0, 4) and axes.get_ylim() == pytest.approx((0, 0.6))
    assert axes.collections[-1].get_offsets().data == pytest.approx(np.array([[1, 0.2]]))


def test_a_schedule_has_a_stair_a_series_and_shades_between():
    table = pd.DataFrame({"before": [3.0, 4.0, 5.0], "after": [3.0, 2.0, 4.0]})
    figure = plots.schedule([1, 2, 3], table, "power [MW]", between=("before", "after"), levels={"mean": 3.5})
    axes = figure.axes[0]
    stairs = {patch.get_label(): patch.get_data() for patch in axes.patches}
    assert stairs["after"].values.tolist() == [3, 2, 4] and stairs["after"].edges.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert len(axes.collections) == 1 and axes.lines[0].get_ydata()[0] == 3.5


def test_who_runs_when():
    figure = plots.gantt(["a", "b"], {"runs": [[1, 2], []]}, [(0, 3), (4, 5)], ylabel="load")
    boxes = [(p.get_x(), p.get_width()) for p in figure.axes[0].patches]
    assert boxes == [(0, 4), (4, 2), (1, 1), (2, 1)]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["a", "b"]
    assert not plots.gantt(["a"], {"runs": [[]]}).axes[0].patches


def test_bars_have_their_heights_whiskers_and_notes():
    figure = plots.bars(["p", "q"], {"a": [1, 2], "b": [3, np.nan]}, "kWh", errors={"a": [0.1, 0.2]}, notes=["n1", "n2"])
    axes = figure.axes[0]
    assert [p.get_height() for p in axes.patches[:3]] == [1, 2, 3]
    assert [t.get_text() for t in axes.texts] == ["n1", "n2"] and axes.texts[1].xy == (1, 2.2)


def test_convergence_leaves_out_what_has_no_logarithm():
    figure = plots.convergence([1, 2, 3], {"residual": [1e-1, 1e-4, 0.0]}, "residual [1]", goals={"tolerance": 1e-8})
    axes = figure.axes[0]
    assert axes.get_yscale() == "log" and np.isnan(drawn(axes, "residual")[1][2])
    flat = plots.convergence([1, 2], [1.0, 0.0], "x [1]", logarithmic=False).axes[0]
    assert flat.get_yscale() == "linear" and flat.lines[0].get_ydata().tolist() == [1, 0]


def test_a_distribution_has_samples_means_and_points():
    samples = np.random.default_rng(0).normal(10, 2, 400)
    figure = plots.distribution(samples, "profit [EUR]", {"samples": (10, 2), "2m": (11, 1)}, {"points": [9, 13]})
    axes = figure.axes[0]
    assert sum(p.get_height() for p in axes.patches) == 400
    means = [(c.lines[0].get_xdata()[0], *c.lines[2][0].get_segments()[0][:, 0]) for c in axes.containers[1:]]
    assert means == [(10, 8, 12), (11, 10, 12)]
    assert labels(figure) == ["samples", "points", "mean ± sd, samples", "mean ± sd, 2m"]


def test_a_network_has_its_buses_at_their_depth_shaded_by_voltage():
    lines = [(1, 2), (2, 3), (4, 2)]
    figure = plots.network([1, 2, 3, 4], lines, {1: 1.0, 2: 0.98, 3: 0.95, 4: 0.97}, dict.fromkeys(lines, 1.0), root=1)
    shades = next(c for c in figure.axes[0].collections if c.get_array() is not None)
    assert shades.get_array().tolist() == [0.98, 0.95, 0.97] and shades.get_offsets()[:, 0].tolist() == [1, 2, 2]
    assert len({tuple(place) for place in tree_places([1, 2, 3, 4], lines, 1).values()}) == 4
    assert any("at most 1 MW" in t.get_text() for t in figure.axes[0].texts)
    plain = plots.network([1, 2], [(1, 2)], chosen={"takes part": [2]}, ringed={"wind": [2], "none": []})
    assert labels(plain) == ["substation", "takes part", "wind"]
    with pytest.raises(ValueError, match="one line fewer than buses"):
        plots.network([1, 2, 3], [(1, 2)])


def test_a_branch_of_a_branch_crosses_no_line_where_there_is_a_free_side():
    trunk, branch = [(n, n + 1) for n in range(1, 9)], [(2, 10), (10, 11), (11, 12), (12, 13), (13, 14)]
    twigs = [(10, 15), (15, 16), (12, 17)]  # the second begins a step behind the end of the first
    places = tree_places(range(1, 18), trunk + branch + twigs, 1)
    assert len(set(places.values())) == 17 and {places[n][1] for n in range(1, 10)} == {0}
    assert {places[n][1] for n in range(10, 15)} == {-1} and {places[n][1] for n in (15, 16, 17)} == {-2}


def test_leader_and_followers_share_the_decision():
    table = pd.DataFrame({"x": X, "optimistic": X - 1, "pessimistic": X - 1, "y": 4 - X, "feasible": X < 3.95, "claim": "global"})
    figure = plots.leader_and_followers(table, "x", xlabel="x [1]", ylabel="F [EUR]", answer_label="y [1]", optimum=(3, 2))
    above, below = figure.axes
    assert above.lines[0].get_ydata()[:-1] == pytest.approx(X[:-1] - 1) and np.isnan(above.lines[0].get_ydata()[-1])
    assert drawn(below, "y")[1] == pytest.approx(4 - X) and len(below.lines) == 2
    worse = plots.leader_and_followers(table.assign(pessimistic=X - 2), "x", {"y": table["y"]})
    assert drawn(worse.axes[0], "pessimistic")[1] == pytest.approx(X - 2)


def test_every_picture_can_be_drawn_into_axes_of_ones_own():
    figure, axes = style.panels(2, 4)
    calls = [
        lambda a: plots.reaction(X, X, "x", "y", axes=a),
        lambda a: plots.landscape(X, X, "x", "y", axes=a),
        lambda a: plots.schedule([1, 2], {"a": [1, 2], "b": [2, 1]}, "y", axes=a),
        lambda a: plots.gantt(["a"], {"runs": [[1]]}, axes=a),
        lambda a: plots.bars(["a"], {"h": [1]}, "y", axes=a),
        lambda a: plots.convergence([1, 2], [1, 2], "y", axes=a),
        lambda a: plots.distribution([1, 2, 3], "x", axes=a),
        lambda a: plots.network([1, 2], [(1, 2)], axes=a),
    ]
    for call, own in zip(calls, axes.ravel(), strict=True):
        assert call(own) is figure and own.get_children()
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_lines_of_a_picture_differ_in_more_than_colour():
    kinds = [(str(one["ls"]), one["marker"]) for one in style.LINES]
    assert len(set(kinds)) == len(kinds) and len({line for line, _ in kinds}) == len(kinds)

    def lightness(colour):
        r, g, b = (int(to_hex(colour)[k : k + 2], 16) / 255 for k in (1, 3, 5))
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    fills = [(round(lightness(f.get("facecolor", f.get("color"))), 1), f.get("hatch")) for f in style.FILLS]
    assert len(set(fills)) == len(fills)


def test_pyplot_is_never_imported():
    code = "import sys, bilevel_dr.plots as p; p.bars(['a'], {'h': [1]}, 'y')._repr_png_(); print('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True).stdout == "False\n"
