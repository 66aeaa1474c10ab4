"""``solution.plot``: every shipped case of every paper, by every route, and models of one's own; the artists hold the point."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyomo.environ as pyo
import pytest

import bilevel_dr as bdr
from bilevel_dr.papers import find_paper, list_papers, resolve_data

CASES = [(paper, case) for paper, found in list_papers().items() for case in found.cases]


@cache
def answered(paper, case, variant="model"):
    """A case with its exact answer, or the engine's where a variant has none."""
    found = find_paper(paper)
    instance = bdr.load(found.model(variant), resolve_data(case, found))
    try:
        return instance, found.exact()(instance)
    except ValueError:
        return instance, bdr.solve(instance, time_limit=60)


def heights(axes, label):
    """Of the bars or the stair of a label."""
    bars = [c for c in axes.containers if c.get_label() == label]
    if bars:
        return np.array([patch.get_height() for patch in bars[0]])
    return next(p for p in axes.patches if p.get_label() == label and hasattr(p, "get_data")).get_data().values


def stair(axes):
    return next(p for p in axes.patches if hasattr(p, "get_data")).get_data().values


def shows_khe(figure, solution, instance):
    axes = figure.axes[0]
    call, shift = solution.series("call"), solution.series("consumer.shift")
    assert heights(axes, "called for") == pytest.approx(call.to_numpy())
    assert heights(axes, "shifted") == pytest.approx(shift.to_numpy())
    written = [text.get_text() for text in axes.texts if "%" in text.get_text()]
    assert len(written) == (call > 1e-6 * axes.get_ylim()[1]).sum()
    if instance is not None:
        marks = {round(y, 6) for c in axes.collections if c.get_label() == "baseline" for y in c.get_datalim(axes.transData).intervaly}
        assert marks and marks <= {round(b, 6) for b in instance.baseline.values()}


def shows_shayegan(figure, solution, instance):
    energy = figure.axes[0] if instance is None else figure.axes[1]
    bought, reduction = solution.series("dso.substation"), solution.series("dso.reduction")
    assert heights(energy, "bought from the market") == pytest.approx(bought.to_numpy())
    assert heights(energy, "reduction sold").sum() == pytest.approx(reduction.sum())
    price = solution.series("price").iloc[0]
    assert f"{price:.2f}" in figure.get_suptitle() and "proved optimum" in figure.get_suptitle()
    if instance is not None:
        prices = figure.axes[0]
        assert stair(prices) == pytest.approx(list(instance.market_price.values()))
        assert prices.lines[0].get_ydata()[0] == pytest.approx(price)
        feeder = figure.axes[2]
        assert len(feeder.lines) == len(instance.LINES)
        shades = [c.get_array() for c in feeder.collections if c.get_array() is not None]
        if "dso.voltage" in set(solution.values["component"]):
            assert shades[0].min() == pytest.approx(solution.series("dso.voltage").min())
            assert len(shades[0]) == len(instance.BUSES) - 1


def shows_li(figure, solution, instance):
    left, right = figure.axes
    totals = np.concatenate([solution.series(c) for c in set(solution.values["component"]) if c.endswith(".total")])
    bought = np.concatenate([solution.series(c) for c in set(solution.values["component"]) if c.endswith(".purchase")])
    shown = np.array([p.get_height() for p in left.containers[0]]) if left.containers else stair(left)
    assert np.sort(shown) == pytest.approx(np.sort(totals))
    verified = "Nash equilibrium" if solution.claim == "nash" else "NOT CERTIFIED"
    assert verified in figure.get_suptitle()
    if instance is not None:
        assert right.lines[0].get_xdata()[0] == pytest.approx(instance.c.value * totals.sum())
        points = np.concatenate([c.get_offsets() for c in right.collections if c.get_label().startswith("users")])
        assert set(np.round(points[:, 1], 9)) <= set(np.round(bought, 9))
        worth = np.array(list(instance.b.values()))
        assert len(points) == len(bought) - (worth > 5 * np.quantile(worth, 0.9)).sum()


def shows_le_cadre(figure, solution, instance):
    above, below = figure.axes
    assert heights(above, "coalition") == pytest.approx(solution.series("price").to_numpy())
    if instance is None or len(instance.LOADS) > 30:
        return
    on = sum(solution.point[v] > 0.5 for v in solution.point if v.endswith("].on"))
    on += round(solution.series("block_load.starts").sum())
    assert f"{on} of {len(instance.LOADS)} loads run" in figure.get_suptitle()
    blocks = [p for c in below.containers if c.get_label() == "runs" for p in c]
    hours = sum(instance.duration[load] for load in instance.LOADS if pyo.value(runs(instance, solution, load)) > 0.5)
    assert len(blocks) == hours


def runs(instance, solution, load):
    if load in instance.BLOCK_LOADS:
        return sum(solution.point[v.name] for v in instance.block_load[load].starts.values())
    return solution.point[instance.interruptible_load[load].on.name]


SHOWS = {"khe_2025": shows_khe, "shayegan_rad_2019": shows_shayegan, "li_2025": shows_li, "le_cadre_2018": shows_le_cadre}


@pytest.mark.parametrize(("paper", "case"), CASES, ids=["-".join(pair) for pair in CASES])
def test_every_shipped_case_shows_its_point(paper, case):
    instance, solution = answered(paper, case)
    for given in (None, instance):
        figure = solution.plot(given)
        SHOWS[paper](figure, solution, given)
    figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("paper", "case", "variant"),
    [
        ("khe_2025", "hard_800", "share_of_call"),
        ("shayegan_rad_2019", "weekend", "lossless"),
        ("le_cadre_2018", "tou8", "standalone_wholesale"),
        ("le_cadre_2018", "tou8", "least_norm"),
    ],
)
def test_variants_have_their_papers_picture(paper, case, variant):
    instance, solution = answered(paper, case, variant)
    assert solution.model == f"{paper}/{variant}"
    figure = solution.plot(instance)
    figure.draw_without_rendering()
    if variant == "share_of_call":
        shift = [pyo.value(solution.point[instance.call[i].name] * solution.series("consumer.share")[i]) for i in instance.CONSUMERS]
        assert heights(figure.axes[0], "shifted") == pytest.approx(shift)
    else:
        SHOWS[paper](figure, solution, instance)


def test_the_engines_answers_look_like_the_exact_ones():
    for paper, case in (("khe_2025", "hard_800"), ("li_2025", "fig2_convex")):
        instance, exact = answered(paper, case)
        solution = bdr.solve(instance)
        assert solution.model == exact.model == paper
        SHOWS[paper](solution.plot(), solution, None)
        SHOWS[paper](solution.plot(instance), solution, instance)


def own_model(name="plan"):
    model = pyo.ConcreteModel(name)
    model.price = pyo.Var(bounds=(0, 10), doc="what is asked [EUR]")
    model.limit = pyo.Var(bounds=(0, 5000))
    model.quota = pyo.Var(["a", "b", "c"], bounds=(0, 1), doc="of each region [1]")
    model.plant = pyo.Block(["a", "b", "c"])
    for r in model.plant:
        block = model.plant[r]
        block.output = pyo.Var([1, 2, 3, 4], bounds=(0, 2))
        block.level = pyo.Constraint([1, 2, 3, 4], rule=lambda b, t, q=model.quota[r]: b.output[t] >= q / t)
        block.cost = pyo.Objective(expr=pyo.quicksum(block.output.values()) * (1 + model.price))
    model.benefit = pyo.Objective(
        expr=model.price + model.limit + pyo.quicksum(model.plant[r].output[t] for r in model.plant for t in range(1, 5)),
        sense=pyo.maximize,
    )
    return model


def test_any_other_model_has_a_panel_a_component():
    model = own_model()
    solution = bdr.solve(model)
    figure = solution.plot(model)
    figure.draw_without_rendering()
    titles = {axes.get_title(): axes for axes in figure.axes if axes.get_title()}
    assert set(titles) == {"without an index", "quota: of each region [1]", "plant.output"}
    single = titles["without an index"]
    assert sorted(p.get_width() for p in single.patches) == pytest.approx([10, 5000], rel=1e-6)
    assert [p.get_height() for p in titles["quota: of each region [1]"].patches] == pytest.approx(solution.series("quota").tolist())
    table = titles["plant.output"].collections[0].get_array()
    assert np.asarray(table).reshape(3, 4)[1] == pytest.approx([solution.point[f"plant[b].output[{t}]"] for t in range(1, 5)])
    assert "plan" in figure.get_suptitle() and "proved optimum" in figure.get_suptitle()
    assert solution.plot().axes[0].get_title() == "without an index"


def test_a_name_alone_makes_no_paper():
    for name in list_papers():
        model = own_model(name)
        figure = bdr.solve(model).plot(model)
        assert figure.axes[0].get_title() == "without an index"


def test_without_a_point_there_is_nothing_to_draw():
    nothing = bdr.Solution(None, "none", None, None, "infeasible", "sos1", "scip", 0.1, model="plan")
    with pytest.raises(ValueError, match="plan: infeasible, so there is no point"):
        nothing.plot()
