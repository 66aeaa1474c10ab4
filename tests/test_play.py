"""What every paper offers to be played with: knobs that fit its cases, curves that agree with its answers."""

from __future__ import annotations

import numpy as np
import pytest

from bilevel_dr.loading import load
from bilevel_dr.papers import find_paper, list_papers, resolve_data
from bilevel_dr.play import ticks
from bilevel_dr.solving import solve

ONE = {"khe_2025": "hard_800", "li_2025": "uniqueness", "le_cadre_2018": "tou8", "shayegan_rad_2019": "weekend"}


def at(paper, case=None, **overrides):
    """A paper, an instance of it, its answer, and its curves."""
    found = find_paper(paper)
    instance = load(found.model(), resolve_data(case or ONE[paper], found), overrides=overrides)
    return found, instance, found.exact()(instance), found.play().curves(instance)


@pytest.mark.parametrize("paper", list(list_papers()))
def test_knobs_are_params_and_their_ranges_hold_the_values(paper):
    found, instance, _, _ = at(paper)
    for knob in found.play().knobs(instance):
        param = instance.component(knob.name)
        values = list(param.extract_values().values())
        if knob.choices:
            assert set(values) <= set(knob.choices)
            assert all(choice in param.domain for choice in knob.choices)
        else:
            assert all(knob.low <= (1.0 if knob.factor else value) <= knob.high for value in values)
            assert 0 < knob.step < knob.high - knob.low and knob.factor == param.is_indexed()


@pytest.mark.parametrize("paper", list(list_papers()))
def test_curves_have_one_value_a_place_and_axes_with_units(paper):
    _, instance, solution, curves = at(paper)
    for title, make in curves.items():
        curve = make(solution)
        assert all(len(values) == len(curve.x) for values in (*curve.lines.values(), *curve.answers.values())), title
        assert "[" in curve.up and ("[" in curve.across or curve.steps)
        assert not curve.steps or len(curve.steps) == len(curve.x)
        assert (np.diff(curve.x) > 0).all()


def test_the_curve_over_a_call_is_the_engines_answer_with_that_call_fixed():
    _, instance, solution, curves = at("khe_2025")
    curve = curves["over the call of consumer 2"](solution)
    (line,), (call, best) = curve.lines.values(), curve.marks["best call"]
    assert best == pytest.approx(solution.leader_objective) and call == pytest.approx(solution.point["call[2]"])
    assert line.max() == pytest.approx(best) and (np.diff(line, 2)[np.abs(np.diff(curve.x, 2)) < 1e-9] < 1e-6).all()
    for k in (10, 60):
        instance.call[2].fix(curve.x[k])
        assert solve(instance).leader_objective == pytest.approx(line[k], rel=1e-6)


def test_the_curve_over_the_target_is_the_answer_at_every_target():
    _, _, solution, curves = at("khe_2025")
    curve = curves["over the target"](solution)
    for k in (5, 70, len(curve.x) - 1):
        assert curve.lines["the best calls"][k] == pytest.approx(at("khe_2025", target=curve.x[k])[2].leader_objective)


def test_one_consumer_has_one_call():
    sole = {"CONSUMERS": [1], "baseline": {1: 90}, "a": {1: 0.2}, "b": {1: 1}, "target": 50}
    paper = find_paper("khe_2025")
    scalars = dict(on_peak=5, off_peak=2, reward=1, commission=1, fairness=0.1)
    instance = load(paper.model(), overrides=sole | scalars)
    solution = paper.exact()(instance)
    curve = paper.play().curves(instance)["over the call of consumer 1"](solution)
    assert curve.x.tolist() == [50] and curve.lines["the others called best"].tolist() == [solution.leader_objective]


def test_the_best_price_is_the_top_of_the_curve_and_reductions_fall():
    _, _, solution, curves = at("shayegan_rad_2019")
    curve = curves["over the contract price"](solution)
    (profits,), (bought,) = curve.lines.values(), curve.answers.values()
    assert np.nanmax(profits) == pytest.approx(solution.leader_objective)
    assert (np.diff(bought) < 1e-6).all()


def test_three_equilibria_are_marked_and_a_gap_stands_for_none():
    _, _, solution, curves = at("li_2025")
    assert len(curves["over the price"](solution).marks) == 3  # the case is known for them
    _, instance, solution, curves = at("li_2025", "no_equilibrium")
    over = curves["over the price"](solution)
    assert list(over.marks) == ["clears, but no equilibrium"]
    alphas = curves["over fairness α"](solution)
    assert np.isnan(alphas.lines["mean"][alphas.steps.index("0.75")]) and np.isfinite(alphas.lines["mean"][0])


def test_the_largest_profit_is_where_the_first_consumer_would_leave():
    _, _, solution, curves = at("le_cadre_2018")
    curve = curves["over the profit asked"](solution)
    (nearest,), (staying,) = curve.lines.values(), curve.answers.values()
    best = int(np.argmin(np.abs(curve.x - solution.leader_objective)))
    assert abs(nearest[best]) < 1e-6 and staying[best] == 8 and staying[best + 1] < 8


def test_a_quick_answer_is_the_exact_one_where_it_comes_at_once():
    paper, instance, solution, _ = at("le_cadre_2018")
    assert paper.play().quick(instance).leader_objective == solution.leader_objective


def test_ticks_are_even_with_the_special_ones_between():
    assert ticks(0, 4, 5, 2.5, [7, 1.0]).tolist() == [0, 1, 2, 2.5, 3, 4]
