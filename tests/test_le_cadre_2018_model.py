"""Le Cadre et al. (2018), reconstructed: the bilevel model by three routes against the closed forms, and its data."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pyomo.environ as pyo
import pytest

import bilevel_dr as bdr
from bilevel_dr.models.le_cadre_2018 import cases, exact, least_norm, pricing, standalone_wholesale
from bilevel_dr.models.le_cadre_2018.game import read
from bilevel_dr.models.le_cadre_2018.model import model
from bilevel_dr.models.le_cadre_2018.scheduling import best_response
from bilevel_dr.papers import find_paper

DATA = files("bilevel_dr.data") / "le_cadre_2018"
CASES = ("base12", "tou8", "week40")
PRINTED = {  # by the reference prototype, EUR a day
    "uniform_total": -12.838, "standalone_wholesale": 0.555, "standalone_retail": 2.021, "shapley": 0.344,
    "ensc": 0.337, "aca": 0.377, "euler": 0.348,
}  # fmt: skip


def case(name, **overrides):
    return bdr.load(model, str(DATA / f"{name}.dat"), overrides=overrides)


def seeded(seed, number, abstract=model, **changes):
    data = cases.draw(seed, number) | {name: {None: value} for name, value in changes.items()}
    return abstract.create_instance({None: data})


def consumption_and_price(instance, point):
    """What the variables alone say, without the model's expressions."""
    game = read(instance)
    price = np.array([point[instance.price[t].name] for t in instance.PERIODS])
    running = exact.fractions(instance, point)
    return game, price, running


# Closed forms ---------------------------------------------------------------------------------------------------------


def test_the_reference_case_has_the_reference_profits():
    game = read(case("base12"))
    found = exact.closed_forms(game)
    assert {rule: found[rule] for rule in PRINTED} == pytest.approx(PRINTED, abs=1e-3)
    division = game.divide(game.with_retailer)
    assert game.retailer_bill.sum() == pytest.approx(27.877, abs=1e-3)
    assert division.cost == pytest.approx(25.857, abs=1e-3)
    assert game.kappa * game.errors.pooled == pytest.approx(0.127, abs=1e-3)
    assert game.kappa * game.errors.sigma.sum() == pytest.approx(0.288, abs=1e-3)


def test_the_tie_rule_matters_and_is_an_option():
    """A flat tariff leaves every period as cheap as any other: the leader's favour is worth money."""
    game = read(case("base12"))
    favoured, earliest = exact.closed_forms(game), exact.closed_forms(game, "earliest")
    assert all(favoured[rule] > earliest[rule] + 1e-4 for rule in favoured)
    with pytest.raises(ValueError, match="tie 'latest': choose from leader, earliest"):
        exact.closed_forms(game, "latest")


@pytest.mark.parametrize("name", CASES)
def test_the_model_derives_what_the_arrays_do(name):
    instance = case(name)
    game = read(instance)
    assert [instance.retailer_bill[i] for i in instance.CONSUMERS] == pytest.approx(game.retailer_bill.tolist(), rel=1e-12)
    assert [instance.runs_at_retailer[k] for k in instance.LOADS] == game.with_retailer.on.tolist()
    assert instance.kappa.value == pytest.approx(game.kappa)
    assert instance.pooled_sigma.value == pytest.approx(game.errors.pooled)


@pytest.mark.parametrize("name", CASES)
def test_the_exact_answer_meets_its_bound_and_the_engine_certifies_it(name):
    instance = case(name)
    solution = exact.solve(instance)
    assert solution.claim == "global" and solution.reformulation == "exact" and solution.certificate.passed
    assert solution.leader_objective == pytest.approx(solution.best_bound, rel=1e-8)
    certificate = bdr.verify(instance, solution)
    assert certificate.passed, certificate.reasons


@pytest.mark.parametrize("rule", ["uniform_total", "uniform_energy", "standalone_retail", "ensc", "aca", "euler"])
def test_every_rule_is_answered_or_said_to_have_no_price(rule):
    instance = seeded(1, 4, rule=rule)
    solution = exact.solve(instance)
    if solution.leader_objective is None:
        assert solution.claim == "none" and rule in ("uniform_total", "standalone_retail")
        return
    assert solution.leader_objective <= solution.best_bound + 1e-9
    assert bdr.verify(instance, solution).passed


# Routes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seed", "number"), [(0, 4), (1, 4), (2, 4), (3, 4), (0, 5), (1, 5), (0, 6), (2, 6)])
def test_the_bilevel_profit_is_the_closed_form(seed, number):
    instance = seeded(seed, number)
    solution = bdr.solve(instance, reformulation="big_m", solver="highs")
    assert solution.claim == "global" and solution.certificate.passed
    assert solution.leader_objective == pytest.approx(exact.solve(instance).best_bound, abs=1e-5)

    game, price, running = consumption_and_price(instance, solution.point)  # against the closed-form best response
    best = best_response(game.loads, price)
    gain = running.sum(1) / game.loads.duration * game.loads.value - game.loads.power * (running @ price)
    assert gain == pytest.approx(best.surplus, abs=1e-7)
    assert np.abs(running - running.round()).max() < 1e-6

    solution.load_into(instance)
    consumed = game.base_load + game.loads.per_consumer(game.loads.power[:, None] * running, game.number)
    assert [pyo.value(instance.bill[i]) for i in instance.CONSUMERS] == pytest.approx((consumed @ price).tolist(), abs=1e-9)
    division = game.divide(best._replace(on=running.any(1), running=running))
    assert division.bills(solution.leader_objective) == pytest.approx(consumed @ price, abs=1e-8)


def test_the_reference_case_is_solved_from_the_closed_forms_schedule():
    instance = case("base12")
    start = exact.solve(instance)
    start.load_into(instance)
    solution = bdr.solve(instance, reformulation="big_m", solver="highs")
    assert solution.claim == "global" and solution.certificate.passed
    assert solution.leader_objective == pytest.approx(0.344146, abs=1e-6)
    assert solution.leader_objective == pytest.approx(start.best_bound, abs=1e-9)


@pytest.mark.parametrize("seed", [0, 2])
def test_the_least_norm_is_a_mixed_integer_quadratic_program(seed):
    closed = exact.solve(seeded(seed, 4))
    instance = seeded(seed, 4, least_norm.model, aim=closed.leader_objective)
    solution = bdr.solve(instance, reformulation="sos1", solver="scip")
    assert solution.claim == "global" and solution.certificate.passed
    prices = np.array([closed.point[f"price[{t}]"] for t in range(24)])
    assert solution.leader_objective <= prices @ prices + 1e-6  # the schedule is free, too
    game, price, running = consumption_and_price(instance, solution.point)
    schedule = best_response(game.loads, price)._replace(on=running.any(1), running=running.round())
    again = exact.with_schedule(game, schedule, closed.leader_objective)
    assert again.price.price @ again.price.price == pytest.approx(solution.leader_objective, rel=1e-5)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_local_route_mixes_schedules_and_is_rounded(seed):
    instance = seeded(seed, 4)
    mixed = bdr.solve(instance, reformulation="scholtes", starts=1)
    assert mixed.claim == "none" and "not an integer" in mixed.certificate.reasons[0]
    game = read(instance)
    whole = exact.rounded(game, exact.fractions(instance, mixed.point))
    assert whole.profit == pytest.approx(exact.solve(instance).best_bound, abs=1e-6)
    assert bdr.verify(instance, exact.as_point(instance, game, whole)).passed


def test_participation_on_the_bill_leaves_consumers_worse_off():
    """What y ≤ R alone asks for: a leader that earns more by pricing out what a consumer gains from."""
    profit, worst = {}, {}
    for what in ("surplus", "bill"):
        instance = seeded(2, 4, rule="standalone_retail", participation=what)
        solution = bdr.solve(instance, "big_m", "highs")
        assert solution.claim == "global"
        game, price, running = consumption_and_price(instance, solution.point)
        consumed = game.base_load + game.loads.per_consumer(game.loads.power[:, None] * running, game.number)
        value = game.loads.per_consumer(game.loads.value * running.any(1), game.number)
        with_retailer = game.loads.per_consumer(game.loads.value * game.with_retailer.on, game.number) - game.retailer_bill
        profit[what], worst[what] = solution.leader_objective, (value - consumed @ price - with_retailer).min()
        assert (consumed @ price <= game.retailer_bill + (1e-7 if what == "bill" else np.inf)).all()
    assert profit["bill"] > profit["surplus"] + 0.1
    assert worst["surplus"] >= -1e-7 and worst["bill"] < -0.1


def test_the_wholesale_rule_has_products_and_takes_its_closed_forms_point():
    instance = seeded(0, 4, standalone_wholesale.model)
    closed = exact.solve(instance)
    assert closed.claim == "stationary" and closed.best_bound is None
    assert bdr.verify(instance, closed).passed
    with pytest.raises(bdr.ModelError, match="bills_follow_the_rule"):
        bdr.solve(instance, reformulation="big_m", solver="highs")
    closed.load_into(instance)
    begun = bdr.solve(instance, reformulation="sos1", solver="scip", time_limit=1)
    assert begun.certificate.passed and begun.leader_objective >= closed.leader_objective - 1e-6


@pytest.mark.parametrize("rule", ["shapley", "uniform_total", "standalone_retail", "aca"])
def test_a_coalition_of_one(rule):
    instance = seeded(2, 1, rule=rule)
    game, solution = read(instance), bdr.solve(instance, "big_m", "highs")
    assert solution.claim == "global"
    assert solution.leader_objective == pytest.approx(exact.solve(instance).best_bound, abs=1e-6)
    assert len(set(exact.closed_forms(game).values())) == 1 or np.ptp(list(exact.closed_forms(game).values())) < 1e-12


def test_more_consumers_than_periods_are_more_bills_than_prices():
    """Forty bills from 24 prices: the closed form's profit has no price, which only the residual tells."""
    game = read(model.create_instance({None: cases.draw(40, 40, "flat", 0.0)}))
    schedule, profit = exact.best_schedule(game)
    assert np.isfinite(profit)
    made = pricing.least_norm(game.consumption(schedule), game.divide(schedule).bills(profit))
    assert made.status == "infeasible" and made.residual > 1e-4
    assert exact.answer(game, evaluations=3).profit is None


def test_two_days_are_two_days():
    instance = model.create_instance({None: cases.draw(5, 3, days=2)})
    assert len(instance.PERIODS) == 48 and max(instance.latest.values()) > 23
    solution = exact.solve(instance)
    assert solution.leader_objective == pytest.approx(bdr.solve(instance, "big_m", "highs").leader_objective, abs=1e-6)


def test_the_closed_form_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="answers le_cadre_2018 only"):
        read(pyo.ConcreteModel("other"))
    with pytest.raises(ValueError, match="for the largest profit; use bilevel_dr.solve"):
        exact.solve(seeded(0, 2, least_norm.model))
    instance = seeded(0, 2)
    instance.price[3].fix(0.1)
    with pytest.raises(ValueError, match=r"price\[3\] is fixed"):
        exact.solve(instance)


# Data -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"correlation": {(1, 2): 0.9, (2, 1): 0.9, (1, 3): -0.9, (3, 1): -0.9}}, "correlation.is.positive.semidefinite"),
        ({"correlation": {(1, 2): 0.9}}, "correlation.is.symmetric"),
        ({"correlation": {(1, 2): 1.5}}, "correlation"),
        ({"surplus_price": {4: 0.2}}, "surplus.price.is.at.most.the.forward.price"),
        ({"shortage_price": {4: 0.1}}, "shortage.price.is.at.least.the.forward.price"),
        ({"latest": {"2_washing": 8}}, "every.load.fits.into.its.window"),
        ({"level": {"2_washing": 4}}, "every.load.has.a.reservation.price"),
        ({"base_load": {(3, t): 0 for t in range(24)}}, "every.consumer.has.a.base.load"),
        ({"rule": "nash"}, "rule"),
        ({"kind": {"2_washing": "C"}}, "kind"),
        ({"latest": {"2_washing": 24}}, "latest"),
        ({"consumer_of": {"2_washing": 9}}, "consumer_of"),
    ],
)
def test_bad_input_is_one_clear_error(overrides, words):
    with pytest.raises(bdr.DataError, match=words):
        case("tou8", **overrides)


def test_the_correlation_of_an_error_with_itself_is_not_read():
    plain = case("tou8").pooled_sigma.value
    assert case("tou8", correlation={(1, 1): 0.1}).pooled_sigma.value == plain


@pytest.mark.parametrize(("name", "drawn"), [("tou8", (8, 8, "time_of_use")), ("week40", (40, 40, "flat", 0.0, 7))])
def test_the_seeded_cases_are_what_their_seed_draws(name, drawn):
    text = (DATA / f"{name}.dat").read_text(encoding="utf-8")
    about = text.splitlines()[1].removeprefix("# ")
    assert cases.as_dat(cases.draw(*drawn), name, about) == text


def test_the_command_line_draws_a_case_that_loads():
    paper = find_paper("le_cadre_2018")
    text = paper.case(["--seed", "8", "--consumers", "8", "--tariff", "time_of_use"])
    assert "--tariff time_of_use" in text.splitlines()[1]
    body = (DATA / "tou8.dat").read_text(encoding="utf-8").split("\n", 2)[2]
    assert text.split("\n", 2)[2] == body
    with pytest.raises(bdr.DataError, match="at least one"):
        paper.case(["--consumers", "0"])


def test_a_case_needs_a_consumer_and_a_known_tariff():
    with pytest.raises(ValueError, match="tariff 'spot'"):
        cases.draw(0, 3, "spot")
    with pytest.raises(ValueError, match="0 consumers"):
        cases.draw(0, 0)


def test_every_parameter_has_a_source():
    with (DATA / "sources.csv").open(encoding="utf-8", newline="") as file:
        sources = list(csv.DictReader(file))
    named = {name for row in sources for name in row["parameter"].split(", ")}
    derived = {"worth", "retail_cost", "runs_at_retailer", "retailer_bill", "kappa", "pooled_sigma", "passes_energy"}
    params = {component.name for component in case("tou8").component_objects(pyo.Param)}
    assert params - derived - {"own_imbalance", "part"} <= named
    assert {row["status"] for row in sources} == {"synthetic", "assumed"}


@pytest.mark.parametrize("abstract", [model, least_norm.model, standalone_wholesale.model])
def test_every_component_says_what_it_is(abstract):
    instance = bdr.load(abstract, str(DATA / "tou8.dat"))
    parts = (pyo.Set, pyo.Param, pyo.Var, pyo.Expression, pyo.Constraint, pyo.Objective, pyo.Block)
    assert [c.name for c in instance.component_objects(parts, descend_into=True) if not c.doc] == []
