"""Le Cadre et al. (2018), reconstructed: best responses against linear programs, prices against a quadratic program."""

from __future__ import annotations

from itertools import combinations

import highspy
import numpy as np
import pytest
from scipy.optimize import linprog

from bilevel_dr.models.le_cadre_2018 import pricing, scheduling
from bilevel_dr.models.le_cadre_2018.scheduling import Loads, best_response


def random_loads(seed, number=8, periods=12, consumers=4):
    random = np.random.default_rng(seed)
    first = random.integers(0, 5, number)
    last = np.minimum(first + random.integers(3, 8, number), periods - 1)
    return Loads(
        consumer=random.integers(0, consumers, number),
        block=random.random(number) < 0.5,
        power=random.uniform(0.5, 4, number),
        duration=random.integers(1, 4, number),
        earliest=first,
        latest=last,
        reservation=random.uniform(0.05, 0.3, number),
    )


def one_load(block, duration, first, last, reservation, power=2.0):
    return Loads(*(np.array([x]) for x in (0, block, power, duration, first, last, reservation)))


# Best responses -------------------------------------------------------------------------------------------------------


def by_linear_program(loads, load, price):
    """The follower's problem as ``model.py`` states it: its best gain, and whether its answer has no fraction."""
    window = np.arange(loads.earliest[load], loads.latest[load] + 1)
    power, duration, worth = loads.power[load], loads.duration[load], loads.value[load]
    if loads.block[load]:
        starts = window[: len(window) - duration + 1]
        cost = [power * price[s : s + duration].sum() - worth for s in starts]
        found = linprog(cost, A_ub=[[1] * len(starts)], b_ub=[1], method="highs")
        return -found.fun, found.x
    rows = np.column_stack([np.eye(len(window)), -np.ones(len(window))])  # u_t ≤ a
    found = linprog(
        np.append(power * price[window], -worth),
        A_ub=np.vstack([rows, np.eye(1, len(window) + 1, len(window))]),
        b_ub=np.append(np.zeros(len(window)), 1),
        A_eq=[[1.0] * len(window) + [-duration]],
        b_eq=[0],
        method="highs",
    )
    return -found.fun, found.x


@pytest.mark.parametrize("seed", range(12))
def test_the_best_response_is_the_linear_programs(seed):
    loads, random = random_loads(seed), np.random.default_rng(seed)
    price = random.uniform(0, 0.35, 12)
    found = best_response(loads, price)
    for load in range(len(loads)):
        gain, answer = by_linear_program(loads, load, price)
        assert found.surplus[load] == pytest.approx(gain, abs=1e-9)
        assert np.abs(answer - answer.round()).max() < 1e-9  # integral polytope
        cost = loads.power[load] * found.running[load] @ price
        assert found.on[load] * loads.value[load] - cost == pytest.approx(gain, abs=1e-9)
        assert found.running[load].sum() == found.on[load] * loads.duration[load]


@pytest.mark.parametrize("seed", range(8))
def test_no_other_schedule_is_cheaper(seed):
    loads, price = random_loads(seed), np.random.default_rng(100 + seed).uniform(0, 0.35, 12)
    found = best_response(loads, price)
    for load in range(len(loads)):
        window = range(loads.earliest[load], loads.latest[load] + 1)
        runs = combinations(window, loads.duration[load])
        if loads.block[load]:
            runs = [run for run in runs if run[-1] - run[0] == len(run) - 1]
        cheapest = min(price[list(run)].sum() for run in runs)
        gain = loads.power[load] * (loads.reservation[load] * loads.duration[load] - cheapest)
        assert found.surplus[load] == pytest.approx(max(gain, 0), abs=1e-12)


def test_a_partial_run_is_no_answer():
    """With u_t ≤ 1 in place of u_t ≤ a half of the load would run in its one cheap period."""
    loads = one_load(False, 2, 0, 2, 0.2)
    assert not best_response(loads, [0.05, 0.9, 0.9]).on[0]
    assert best_response(loads, [0.05, 0.3, 0.9]).on[0]


@pytest.mark.parametrize("block", [True, False])
def test_ties_go_to_the_favoured_price_and_then_to_the_earliest(block):
    loads, flat = one_load(block, 2, 1, 5, 0.2), np.full(7, 0.1)
    favour = np.array([0, 5, 4, 3, 1, 1, 0.0])
    assert np.flatnonzero(best_response(loads, flat).running[0]).tolist() == [1, 2]
    assert np.flatnonzero(best_response(loads, flat, favour).running[0]).tolist() == [4, 5]
    assert np.flatnonzero(best_response(loads, flat, np.zeros(7)).running[0]).tolist() == [1, 2]


def test_a_load_whose_best_cost_is_its_reservation_price_runs():
    loads = one_load(True, 3, 0, 5, 0.1)
    found = best_response(loads, np.full(6, 0.1))
    assert found.on[0] and found.surplus[0] == 0
    assert not best_response(loads, np.full(6, 0.1 + 1e-6)).on[0]


@pytest.mark.parametrize("seed", range(15))
def test_supporting_rows_hold_exactly_where_the_schedule_is_a_best_response(seed):
    loads, random = random_loads(seed, number=1), np.random.default_rng(seed)
    schedule = best_response(loads, random.uniform(0, 0.3, 12))
    rows, bounds = scheduling.supporting_rows(loads, schedule, 12)
    for price in random.uniform(0, 0.3, (200, 12)):
        holds = (rows @ price <= bounds + 1e-12).all()
        more, more_bounds = scheduling.violated_when_off(loads, schedule, price, 1e-12)
        holds &= (more @ price <= more_bounds + 1e-12).all()
        gain = schedule.on[0] * loads.value[0] - loads.power[0] * schedule.running[0] @ price
        assert holds == (gain >= best_response(loads, price).surplus[0] - 1e-10)


# Prices ---------------------------------------------------------------------------------------------------------------


def quadratic_program(consumption, bills, rows=None, bounds=None):
    """min ½‖p‖² by HiGHS; None where infeasible."""
    number, periods = consumption.shape
    infinity = highspy.kHighsInf
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("qp_regularization_value", 0.0)
    highs.addVars(periods, np.zeros(periods), np.full(periods, infinity))
    columns = np.arange(periods, dtype=np.int32)
    for row, bill in zip(consumption, bills, strict=True):
        highs.addRow(bill, bill, periods, columns, row)
    for row, bound in zip(rows if rows is not None else (), bounds if bounds is not None else (), strict=True):
        highs.addRow(-infinity, bound, periods, columns, row)
    hessian = highspy.HighsHessian()
    hessian.dim_, hessian.format_ = periods, highspy.HessianFormat.kTriangular
    hessian.start_ = np.arange(periods + 1, dtype=np.int32)
    hessian.index_, hessian.value_ = columns, np.ones(periods)
    highs.passHessian(hessian)
    highs.run()
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return np.array(highs.getSolution().col_value)


def random_bills(seed, number=5, periods=24):
    random = np.random.default_rng(seed)
    consumption = random.uniform(0, 1, (number, periods)) * (random.random((number, periods)) < 0.7)
    price = np.maximum(random.normal(0.1, 0.15, periods), 0.0)
    return consumption, consumption @ price


@pytest.mark.parametrize("seed", range(12))
def test_the_price_of_least_norm_is_the_quadratic_programs(seed):
    consumption, bills = random_bills(seed)
    found = pricing.least_norm(consumption, bills)
    expected = quadratic_program(consumption, bills)
    assert found.status in ("pseudo-inverse", "quadratic program") and found.residual < 1e-9
    assert found.price == pytest.approx(expected, abs=1e-7)
    pseudo = np.linalg.pinv(consumption) @ bills
    assert (found.status == "pseudo-inverse") == bool((pseudo >= -1e-9).all())
    if found.status == "pseudo-inverse":
        assert found.price == pytest.approx(pseudo, abs=1e-9) and found.at_zero.size == 0
    else:
        assert (found.price[found.at_zero] == 0).all() and found.at_zero.size > 0


def test_both_kinds_of_price_come_up():
    kinds = {pricing.least_norm(*random_bills(seed)).status for seed in range(12)}
    assert kinds == {"pseudo-inverse", "quadratic program"}


def test_bills_that_no_price_makes_get_the_nearest_one():
    consumption = np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 1.0]])
    found = pricing.least_norm(consumption, [1.0, 2.0, 3.0])
    assert found.status == "infeasible" and found.residual == pytest.approx(np.sqrt(0.5) / np.sqrt(14))
    assert consumption @ found.price == pytest.approx([1.5, 1.5, 3.0])
    signed = pricing.least_norm(np.array([[1.0, 1.0], [1.0, 2.0]]), [1.0, 3.0])  # in Im A, but p_1 = −1
    assert signed.status == "infeasible" and signed.residual > 0.1 and (signed.price >= 0).all()


def test_consumers_who_consume_alike_are_no_difficulty():
    consumption, bills = random_bills(3)
    twice = pricing.least_norm(np.vstack([consumption, consumption]), np.append(bills, bills))
    assert twice.price == pytest.approx(pricing.least_norm(consumption, bills).price, abs=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_a_supporting_price_is_the_quadratic_programs(seed):
    loads, random = random_loads(seed, periods=16), np.random.default_rng(seed)
    price = random.uniform(0.02, 0.3, 16)
    schedule = best_response(loads, price)
    consumption = random.uniform(0.1, 1, (4, 16)) + loads.per_consumer(loads.power[:, None] * schedule.running, 4)
    found = pricing.supporting_price(consumption, consumption @ price, loads, schedule)
    rows, bounds = scheduling.supporting_rows(loads, schedule, 16)
    while True:  # every set of periods that a load might still run in
        expected = quadratic_program(consumption, consumption @ price, rows, bounds)
        more, more_bounds = scheduling.violated_when_off(loads, schedule, expected, 1e-9)
        if not len(more):
            break
        rows, bounds = np.vstack([rows, more]), np.append(bounds, more_bounds)
    assert found.price == pytest.approx(expected, abs=1e-6)
    gain = schedule.on * loads.value - loads.power * (schedule.running @ found.price)
    assert gain == pytest.approx(best_response(loads, found.price).surplus, abs=1e-7)


def test_a_schedule_that_no_price_supports_is_said_to_have_none():
    loads = one_load(True, 1, 0, 1, 0.5)
    schedule = scheduling.Schedule(np.array([True]), np.array([[1.0, 0.0]]), np.zeros(1))
    consumption = np.array([[2.0, 0.0], [0.0, 1.0]])  # the bills make the second period cheaper
    found = pricing.supporting_price(consumption, [0.4, 0.1], loads, schedule)
    assert found.price is None and found.status == "infeasible"


def test_a_year_of_hours_is_priced_on_the_gram_matrix():
    random = np.random.default_rng(0)
    consumption = random.uniform(0, 1, (30, 8760))
    bills = consumption @ random.uniform(0, 0.3, 8760)
    found = pricing.least_norm(consumption, bills)
    assert found.residual < 1e-9 and found.price.shape == (8760,)
    assert found.price @ found.price <= np.square(random.uniform(0, 0.3, 8760)).sum() * 1.2
