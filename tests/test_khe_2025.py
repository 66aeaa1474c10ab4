"""Khe et al. (2025): the exact algorithm against rational arithmetic and a QP solver, the model against both."""

from __future__ import annotations

import csv
from fractions import Fraction
from importlib.resources import files
from itertools import product

import highspy
import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bilevel_dr as bdr
from bilevel_dr.models.khe_2025 import exact, study
from bilevel_dr.models.khe_2025.model import model
from bilevel_dr.models.khe_2025.share_of_call import model as share_of_call
from bilevel_dr.reformulate import REFORMULATIONS
from bilevel_dr.routes import LOCAL_ROUTES

DATA = files("bilevel_dr.data") / "khe_2025"
PRICES = {"on_peak": 5.8, "off_peak": 2.6, "reward": 1.8}
D = 5.0


def path(case):
    return str(DATA / f"{case}.dat")


def random_case(seed, n=30):
    random = np.random.default_rng(seed)
    baseline = random.uniform(0, 150, n)
    return {
        "baseline": baseline,
        "a": 10 ** random.uniform(-3, 0, n),
        "b": random.uniform(0.1, 6, n),  # one in five ignores every call: b > D
        "commission": random.uniform(0, 2),
        "fairness": 10 ** random.uniform(-4, 0),
        "target": random.uniform(0, 1) * baseline.sum(),
    } | PRICES


# The exact algorithm --------------------------------------------------------------------------------------------------


def rational_calls(e, a, b, d, kappa, w, target):
    """The leader's KKT system in fractions: try every piece for every consumer, keep the one combination that fits."""
    n, mean = len(e), Fraction(target, len(e))
    m = [min(e_i, max(Fraction(0), (d - b_i) / (2 * a_i))) for e_i, a_i, b_i in zip(e, a, b, strict=True)]
    g = kappa / (2 * w)
    for pieces in product(("none", "rising", "kink", "falling", "all"), repeat=n):
        held = {"none": [0] * n, "kink": m, "all": e}
        offset = {"rising": g, "falling": 0}
        free = [p for p in pieces if p in offset]
        rest = target - sum(held[p][i] for i, p in enumerate(pieces) if p in held)
        if free:
            levels = [(rest - sum(offset[p] for p in free)) / len(free)]
        elif rest == 0:  # any level in an interval would do: the ends of all pieces are enough to find one
            levels = [corner - shift for corners in (m, e, [Fraction(0)]) for corner in corners for shift in (0, g)]
        else:
            continue
        for u in levels:
            calls = [held[p][i] if p in held else u + offset[p] for i, p in enumerate(pieces)]
            if all(_optimal_alone(c, u, g, m_i, e_i) for c, m_i, e_i in zip(calls, m, e, strict=True)):
                x = [min(c, m_i) for c, m_i in zip(calls, m, strict=True)]
                return calls, kappa * sum(x) - w * sum((c - mean) ** 2 for c in calls)
    raise AssertionError("no combination of pieces satisfies the KKT system")


def _optimal_alone(c, u, g, m, e):
    """Whether c maximises the concave term: its slope, divided by 2w, changes sign from plus to minus at c."""
    left = u - c + (g if c <= m else 0)
    right = u - c + (g if c < m else 0)
    return 0 <= c <= e and (c == 0 or left >= 0) and (c == e or right <= 0)


@pytest.mark.parametrize("seed", range(12))
def test_calls_equal_those_of_rational_arithmetic(seed):
    random = np.random.default_rng(seed)
    n = 3
    e = [Fraction(int(k)) for k in random.integers(0, 30, n)]
    a = [Fraction(int(k), 64) for k in random.integers(1, 40, n)]
    b = [Fraction(int(k), 4) for k in random.integers(1, 26, n)]
    kappa, w = Fraction(int(random.integers(0, 5)), 2), Fraction(int(random.integers(1, 40)), 256)
    target = int(random.integers(0, int(sum(e)) + 1))
    calls, objective = rational_calls(e, a, b, Fraction(5), kappa, w, target)
    numbers = (list(map(float, values)) for values in (e, a, b))
    found = exact.optimal_calls(*numbers, on_peak=6, off_peak=3, reward=2, commission=kappa, fairness=w, target=target)
    assert found.calls == pytest.approx(list(map(float, calls)), abs=1e-12)
    assert found.objective == pytest.approx(float(objective), abs=1e-12)


def convex_program(baseline, a, b, on_peak, off_peak, reward, commission, fairness, target):
    """The model's docstring: drop the followers' optimality for x ≤ c, x ≤ t. Solved by HiGHS, unregularised."""
    n, infinity = len(baseline), highspy.kHighsInf
    t = np.maximum(0, (on_peak - off_peak + reward - b) / (2 * a))
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)  # HiGHS keeps the number of its first run for the whole process
    highs.setOptionValue("qp_regularization_value", 0.0)
    highs.addVars(2 * n, np.zeros(2 * n), np.concatenate([baseline, np.minimum(t, infinity)]))  # calls, then shifts
    columns = np.arange(2 * n, dtype=np.int32)
    highs.changeColsCost(2 * n, columns, np.repeat([-2 * fairness * target / n, -commission], n))
    highs.addRow(target, target, n, columns[:n], np.ones(n))
    for i in range(n):
        highs.addRow(-infinity, 0.0, 2, np.array([n + i, i], np.int32), np.array([1.0, -1.0]))
    hessian = highspy.HighsHessian()
    hessian.dim_, hessian.format_ = 2 * n, highspy.HessianFormat.kTriangular
    hessian.start_ = np.concatenate([np.arange(n), np.full(n + 1, n)]).astype(np.int32)
    hessian.index_, hessian.value_ = columns[:n], np.full(n, 2 * fairness)
    highs.passHessian(hessian)
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    objective = -highs.getInfo().objective_function_value - fairness * target**2 / n
    return np.array(highs.getSolution().col_value[:n]), objective


@pytest.mark.parametrize("seed", range(10))
def test_calls_equal_those_of_the_convex_program(seed):
    case = random_case(seed)
    found = exact.optimal_calls(**case)
    calls, objective = convex_program(**case)
    assert found.objective == pytest.approx(objective, rel=1e-7, abs=1e-6)
    assert found.calls == pytest.approx(calls, abs=1e-4)


@pytest.mark.parametrize("case", ["small_800", "hard_800", "hard_1500"])
def test_the_cases_equal_the_convex_program(case):
    calls, objective = convex_program(**exact.read(study.instance(case)))
    assert study.calls(case).calls == pytest.approx(calls, abs=1e-9)
    assert study.calls(case).objective == pytest.approx(objective, rel=1e-11)


@pytest.mark.parametrize("seed", range(5))
def test_no_calls_on_a_grid_do_better(seed):
    case = random_case(seed, n=3)
    first, second = np.meshgrid(*(np.linspace(0, e, 101) for e in case["baseline"][:2]))
    third = case["target"] - first - second
    calls = np.stack([first, second, third])[:, (third >= 0) & (third <= case["baseline"][2])]
    levels = np.linspace(0, 1, 201)[:, None, None]  # the followers answer by search, not by formula
    a, b = case["a"][:, None], case["b"][:, None]
    shifts = levels * calls
    cost = a * shifts**2 + (b - D) * shifts
    shift = np.take_along_axis(shifts, cost.argmin(axis=0)[None], axis=0)[0]
    unfairness = np.square(calls - case["target"] / 3).sum(axis=0)
    values = case["commission"] * shift.sum(axis=0) - case["fairness"] * unfairness
    slope = case["commission"] + 2 * case["fairness"] * case["baseline"].max()
    step = case["baseline"].max() * (1 / 100 + 1 / 200)
    found = exact.optimal_calls(**case)
    assert values.max() <= found.dual_bound + case["commission"] * step
    assert values.max() >= found.objective - 6 * slope * step


positive = st.floats(1e-12, 1e6)
consumers = st.lists(st.tuples(st.floats(0, 1e6), st.floats(1e-300, 1e6), st.floats(0, 20)), min_size=1, max_size=30)


@given(consumers, st.floats(0, 1), st.floats(0, 10), st.one_of(st.just(0.0), positive))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_every_answer_is_feasible_and_proved(consumers, portion, commission, fairness):
    baseline, a, b = np.array(consumers).T
    target = portion * baseline.sum()
    found = exact.optimal_calls(baseline, a, b, **PRICES, commission=commission, fairness=fairness, target=target)
    scale = max(1.0, target)
    assert abs(found.calls.sum() - target) <= 1e-12 * scale
    assert np.all(found.calls >= 0) and np.all(found.calls <= baseline)
    size = commission * target + fairness * (np.square(found.calls).sum() + target**2)  # of what the two sums add up
    assert abs(found.dual_bound - found.objective) <= 1e-12 * max(1e-12, size)


@pytest.mark.parametrize("fairness", [0.0, 7e-4, 0.005])
def test_a_hundred_thousand_consumers_leave_no_gap(fairness):
    case = random_case(0, n=100_000) | {"fairness": fairness, "commission": 1.0}
    found = exact.optimal_calls(**case)
    assert found.dual_bound == pytest.approx(found.objective, rel=1e-12)
    assert found.calls.sum() == pytest.approx(case["target"], rel=1e-13)


def test_the_dual_bound_catches_a_wrong_multiplier():
    case = random_case(3)
    e, m = case["baseline"], np.minimum(exact.willingness(case["a"], case["b"], **PRICES), case["baseline"])
    found = exact.optimal_calls(**case)
    for multiplier in (-2.0, 0.0, 3.0):
        bound = exact._dual_bound(multiplier, e, m, case["commission"], case["fairness"], case["target"])
        assert bound > found.objective + 1e-3


def test_consumers_who_lose_by_shifting_ignore_the_call():
    rest = PRICES | {"commission": 1, "fairness": 0.01, "target": 240}
    found = exact.optimal_calls([100] * 3, [0.01] * 3, [5.0, 5.1, 1.0], **rest)
    assert found.calls == pytest.approx([70, 70, 100])
    assert found.shifts == pytest.approx([0, 0, 100])


def test_vanishing_dissatisfaction_means_full_compliance():
    found = exact.optimal_calls([100, 50], [1e-300, 5e-324], [1, 1], **PRICES, commission=1, fairness=0.01, target=120)
    assert found.shifts == pytest.approx(found.calls) and found.calls == pytest.approx([70, 50])


@pytest.mark.parametrize("target", [300, 800, 1500])
def test_without_fairness_the_calls_are_those_of_least_variance(target):
    case = exact.read(study.instance("hard_1500_unfair")) | {"target": float(target)}
    found = exact.optimal_calls(**case)
    limit = exact.optimal_calls(**case | {"fairness": 1e-10})
    assert found.calls == pytest.approx(limit.calls, abs=1e-9)
    lowest, highest = exact.range_of_optimal_calls(**case)
    assert np.all(lowest <= found.calls) and np.all(found.calls <= highest)
    random = np.random.default_rng(0)
    for _ in range(200):  # walk to other optima: they are no worse for the leader, and less equal
        i, j = random.choice(np.flatnonzero(highest > lowest), 2, replace=False)
        moved = found.calls.copy()
        step = random.uniform(0, min(highest[i] - moved[i], moved[j] - lowest[j]))
        moved[i], moved[j] = moved[i] + step, moved[j] - step
        shifted = np.minimum(moved, exact.willingness(case["a"], case["b"], **PRICES)).sum()
        assert case["commission"] * shifted == pytest.approx(found.objective, abs=1e-9)
        assert moved.var() >= found.calls.var() - 1e-9


def test_the_ends_of_the_range_are_optimal_and_nothing_beyond_is():
    case = exact.read(study.instance("hard_1500_unfair"))
    value = exact.optimal_calls(**case).objective
    lowest, highest = exact.range_of_optimal_calls(**case)
    t = exact.willingness(case["a"], case["b"], **PRICES)

    def best_with(i, call):  # the others fill up where it pays, then anywhere
        others = np.arange(t.size) != i
        rest = case["target"] - call
        if call < 0 or call > case["baseline"][i] or rest > case["baseline"][others].sum():
            return -np.inf
        return min(call, t[i]) + min(rest, np.minimum(t, case["baseline"])[others].sum())

    for i in range(t.size):
        for end, beyond in ((lowest[i], -0.5), (highest[i], 0.5)):
            assert best_with(i, end) == pytest.approx(value)
            assert best_with(i, end + beyond) < value - 0.1


@pytest.mark.parametrize("case", study.FAIR_CASES)
def test_variance_rises_as_the_fairness_weight_falls(case):
    assert len(study.WEIGHTS) == 13
    variances = np.array([study.calls(case, fairness=w).calls.var() for w in sorted(study.WEIGHTS)])
    assert np.all(np.diff(variances) <= 1e-9 * variances.max()) and variances[0] > 2 * variances[-1]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"target": 300.1}, r"target = 300\.1: must not exceed the sum of the baselines, 300\.0 kWh"),
        ({"target": -1}, "target = -1: must be finite and ≥ 0"),
        ({"fairness": float("nan")}, "fairness = nan"),
        ({"commission": -0.1}, "commission = -0.1"),
        ({"a": [0.01, 0, 0.01]}, r"a\[1\] = 0\.0: must be finite and > 0"),
        ({"b": [1, 1, -2]}, r"b\[2\] = -2\.0: must be finite and ≥ 0"),
        ({"baseline": [100, float("inf"), 100]}, r"baseline\[1\] = inf"),
        ({"b": [1, 1]}, r"b: shape \(2,\) beside baseline's \(3,\)"),
        ({"baseline": []}, r"baseline: shape \(0,\)"),
    ],
)
def test_wrong_numbers_are_refused_by_name(changed, words):
    case = {"baseline": [100] * 3, "a": [0.01] * 3, "b": [1] * 3, **PRICES}
    case |= {"commission": 1, "fairness": 0.01, "target": 100}
    with pytest.raises(ValueError, match=words):
        exact.optimal_calls(**case | changed)
    with pytest.raises(ValueError, match=words):
        exact.range_of_optimal_calls(**case | {"fairness": 0} | changed)


def test_the_largest_target_calls_every_baseline():
    case = random_case(1, n=1000)
    case["target"] = float(case["baseline"].sum())
    assert exact.optimal_calls(**case).calls == pytest.approx(case["baseline"])


# The exact route on a loaded instance ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", study.CASES)
def test_the_exact_answer_satisfies_the_pyomo_model(case):
    instance = bdr.load(model, path(case))
    solution = exact.solve(instance)
    assert solution.claim == "global" and solution.certificate.passed and solution.reformulation == "exact"
    solution.load_into(instance)
    assert pyo.value(instance.benefit) == pytest.approx(solution.leader_objective, rel=1e-12)
    assert pyo.value(instance.calls_meet_target.body) == pytest.approx(pyo.value(instance.target), rel=1e-12)
    for i in instance.CONSUMERS:
        follower, call = instance.consumer[i], instance.call[i].value
        assert -1e-12 <= follower.shift.value <= call + 1e-12 and call <= instance.baseline[i] + 1e-12
        cost, best = pyo.value(follower.cost), follower.shift.value
        assert solution.follower_objectives[follower.name] == pytest.approx(cost, rel=1e-12)
        for other in np.linspace(0, call, 101):
            follower.shift.set_value(other)
            assert pyo.value(follower.cost) >= cost - 1e-9 * abs(cost)
        follower.shift.set_value(best)
        slope = instance.a[i] * 2 * best + instance.b[i] - D
        assert slope == pytest.approx(0, abs=1e-9) or (slope < 0 and best == pytest.approx(call, abs=1e-12))


def test_an_unreachable_target_is_infeasible_not_an_error():
    solution = exact.solve(bdr.load(model, path("hard_800"), overrides={"target": 1726}))
    assert (solution.termination, solution.claim, solution.leader_objective) == ("infeasible", "none", None)
    assert "1725 kWh" in solution.notes[0] and not solution.point


def test_the_tie_is_reported_only_without_fairness():
    assert "104.55 kWh" in exact.solve(study.instance("hard_1500_unfair")).notes[0]
    assert exact.solve(study.instance("hard_1500")).notes == ()


@pytest.mark.parametrize("consumer", range(10))
@pytest.mark.parametrize("part", ["calls", "shifts"])
def test_the_certificate_objects_to_any_changed_number(consumer, part):
    data = exact.read(study.instance("hard_800"))
    answer = exact.optimal_calls(**data)
    names = [f"consumer[{i}]" for i in range(1, 11)]
    assert exact._certificate(answer, names, **data).passed
    changed = getattr(answer, part).copy()
    changed[consumer] -= 0.1
    certificate = exact._certificate(answer._replace(**{part: changed}), names, **data)
    assert not certificate.passed and certificate.reasons


def test_the_exact_route_refuses_what_it_cannot_answer():
    with pytest.raises(ValueError, match="closed form answers khe_2025/model.py only"):
        exact.solve(bdr.load(share_of_call, path("hard_800")))
    instance = bdr.load(model, path("hard_800"))
    instance.call[3].fix(10)
    with pytest.raises(ValueError, match=r"call\[3\] is fixed"):
        exact.solve(instance)


# The engine against the exact route -----------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["auto", *REFORMULATIONS])
@pytest.mark.parametrize("case", study.CASES)
def test_every_route_finds_the_exact_calls(case, route):
    instance = bdr.load(model, path(case))
    solution, answer = bdr.solve(instance, reformulation=route, starts=2), study.calls(case)
    assert solution.certificate.passed
    assert solution.leader_objective == pytest.approx(answer.objective, rel=1e-8)
    if route not in LOCAL_ROUTES:
        assert solution.claim == "global"
    call = np.array([solution.point[f"call[{i}]"] for i in instance.CONSUMERS])
    data = exact.read(instance)
    lowest, highest = exact.range_of_optimal_calls(**data)  # one point where the calls are unique
    assert np.all(call >= lowest - 1e-6) and np.all(call <= highest + 1e-6)
    shift = np.array([solution.point[f"consumer[{i}].shift"] for i in instance.CONSUMERS])
    assert shift == pytest.approx(np.minimum(call, exact.willingness(data["a"], data["b"], **PRICES)), abs=1e-6)


@pytest.mark.parametrize("case", study.CASES)
def test_the_engine_certifies_the_exact_answer(case):
    instance = study.instance(case)
    assert bdr.verify(instance, exact.solve(instance).point).passed


def test_consumers_who_ignore_the_call_are_found_by_the_engine():
    instance = bdr.load(model, path("hard_800"), overrides={"b": {2: 5.5, 6: 5.5}})
    solution, answer = bdr.solve(instance), exact.solve(instance)
    assert solution.leader_objective == pytest.approx(answer.leader_objective, rel=1e-8)
    assert solution.point["consumer[2].shift"] == pytest.approx(0, abs=1e-6)
    assert solution.point["consumer[6].shift"] == pytest.approx(0, abs=1e-6)


def test_the_engine_calls_an_unreachable_target_infeasible():
    solution = bdr.solve(bdr.load(model, path("hard_800"), overrides={"target": 1726}))
    assert solution.termination == "infeasible" and solution.claim == "none"


# The share of the call ------------------------------------------------------------------------------------------------


def test_the_share_of_call_is_solved_globally():
    instance = bdr.load(share_of_call, path("hard_800"))
    solution = bdr.solve(instance)
    assert solution.claim == "global" and solution.certificate.passed
    assert solution.leader_objective == pytest.approx(800, rel=1e-6)  # equal calls of 80 kWh, everybody complies
    solution.load_into(instance)
    for i in instance.CONSUMERS:
        call = instance.call[i].value
        response = np.clip((D * call - instance.b[i]) / (2 * instance.a[i]), 0, 1)
        assert instance.consumer[i].share.value == pytest.approx(response, abs=1e-6)
        assert pyo.value(instance.consumer[i].shift) == pytest.approx(call * response, abs=1e-5)


def test_leaving_a_consumer_out_is_a_local_optimum_of_the_share_of_call():
    """The reduced problem by hand: a small call to the one left out costs the leader, equal calls to all are better."""
    e, a, b, w = (exact.read(study.instance("hard_800"))[name] for name in ("baseline", "a", "b", "fairness"))

    def benefit(calls):
        share = np.clip((D * calls - b) / (2 * a), 0, 1)
        return (calls * share).sum() - w / 5 * np.square(calls - 80).sum()

    without_1 = np.array([0, 90, 90, 85, 80, 91, 91, 91, 91, 91.0])
    assert without_1.sum() == 800 and np.all(without_1 <= e)
    for small in (0.05, 0.1, 0.2):
        moved = without_1.copy()
        moved[0], moved[1] = small, 90 - small
        assert benefit(moved) < benefit(without_1) < benefit(np.full(10, 80.0)) == 800


def test_local_routes_are_counted_against_the_proved_optimum(tables):
    table = tables["share_of_call"]
    assert (table["claim"] == "global").all()
    assert table["proved optimum [money]"].to_numpy() == pytest.approx(800, rel=1e-6)
    assert (table["reached the global optimum"] <= table["certified"]).all()
    assert (table["certified"] <= 3).all() and (table["largest loss [%]"] >= -1e-6).all()


# Data and results -----------------------------------------------------------------------------------------------------


def test_economic_nonsense_is_refused_by_a_sentence():
    with pytest.raises(bdr.DataError, match="off.peak.is.cheaper.than.on.peak"):
        bdr.load(model, path("hard_800"), overrides={"off_peak": 6.0})


def test_every_parameter_has_a_source():
    with (DATA / "sources.csv").open(encoding="utf-8", newline="") as file:
        sources = list(csv.DictReader(file))
    assert list(sources[0]) == ["parameter", "symbol", "unit", "status", "where", "note"]
    named = {name.split("[")[0].split(" ")[0] for row in sources for name in row["parameter"].split(", ")}
    params = {component.name for component in study.instance("hard_800").component_objects(pyo.Param)}
    assert params <= named and {row["status"] for row in sources} == {"published", "calibrated", "assumed"}


@pytest.mark.parametrize("abstract", [model, share_of_call])
def test_every_component_says_what_it_is(abstract):
    instance = bdr.load(abstract, path("hard_800"))
    parts = (pyo.Set, pyo.Param, pyo.Var, pyo.Expression, pyo.Constraint, pyo.Objective, pyo.Block)
    undocumented = [c.name for c in instance.component_objects(parts, descend_into=True) if not c.doc]
    assert undocumented == []


@pytest.fixture(scope="module")
def tables():
    return study.tables(quick=True)


def test_tables_and_figures_show_every_consumer_and_case(tables):
    consumers = tables["consumers"]
    assert consumers.groupby("case").size().to_dict() == dict.fromkeys(study.CASES, 10)
    assert (consumers["shift [kWh]"] <= consumers["call [kWh]"] + 1e-9).all()
    saved = consumers["bill without response [money]"] - consumers["bill [money]"]
    assert saved.to_numpy() == pytest.approx(3.2 * consumers["shift [kWh]"])
    figures = study.figures(quick=True)
    assert [name[:8] for name in figures if name.startswith("figure_")] == [f"figure_{k}" for k in range(2, 7)]
    for name, figure in figures.items():
        for axes in figure.axes:
            assert axes.get_xlabel(), name
            assert axes.get_title() or figure.get_suptitle(), name


def test_the_engine_and_the_exact_route_agree_in_the_study(tables):
    cases = tables["cases"].set_index("case")
    unique = cases["calls, range of the optima [kWh]"] == 0
    assert unique.sum() == 3
    assert (cases.loc[unique, "calls, engine from exact [kWh]"] < 1e-6).all()
    assert cases["engine's benefit [money]"].to_numpy() == pytest.approx(cases["benefit [money]"], rel=1e-8)
    assert cases["success rate [%]"].to_numpy() == pytest.approx([100, 84.05357142857, 73, 88])
    assert cases["variance of the calls [kWh2]"].to_numpy() == pytest.approx([0, 1283.6, 20444.8, 47455.7166667])
