"""Li et al. (2025) by the engine: best responses, stacked conditions and certificates against the exact algorithm; traps."""

from __future__ import annotations

import math
from importlib.resources import files

import numpy as np
import pyomo.environ as pyo
import pytest
from typer.testing import CliRunner

import bilevel_dr as bdr
from bilevel_dr import cli
from bilevel_dr.errors import DataError, ModelError
from bilevel_dr.games import as_game
from bilevel_dr.models.li_2025 import deviation, exact, raw_power
from bilevel_dr.models.li_2025.cases import generate
from bilevel_dr.models.li_2025.model import model
from bilevel_dr.solvers.nl import Nlp

DATA = files("bilevel_dr.data") / "li_2025"
EVERY_ALPHA = [0, 1, 2, 10, math.inf]


def case(name, **overrides):
    return bdr.load(model, str(DATA / f"{name}.dat"), overrides=overrides)


def users(a, b, alpha, c=0.001):
    """One aggregator of these users, everybody served."""
    names = range(1, len(a) + 1)
    given = {"USERS": list(names), "AGGREGATORS": [1], "aggregator": dict.fromkeys(names, 1), "alpha": alpha, "c": c}
    return given | {"a": dict(zip(names, a, strict=True)), "b": dict(zip(names, b, strict=True))}


def assert_as_exact(instance, solution, tolerance):
    """Price, what each aggregator buys, and each user's part."""
    right = exact.solve(instance)
    assert solution.claim == right.claim == "nash" and solution.certificate.passed
    for name in (name for name in right.point if "purchase" in name or "total" in name):
        assert solution.point[name] == pytest.approx(right.point[name], rel=tolerance, abs=tolerance), name


# The three forms agree ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", EVERY_ALPHA)
def test_best_responses_of_two_hundred_users_end_at_the_exact_equilibrium(alpha):
    instance = case("fig6_proportional", alpha=alpha)
    assert_as_exact(instance, bdr.best_response_dynamics(instance).solution, 1e-6)


@pytest.mark.parametrize(
    "alpha", [0, 1, pytest.param(10, marks=pytest.mark.long), pytest.param(math.inf, marks=pytest.mark.long)]
)
def test_stacked_conditions_of_two_hundred_users_are_the_exact_equilibrium(alpha):
    instance = case("fig6_proportional", alpha=alpha)
    solution = bdr.solve(instance, reformulation="scholtes", starts=1)
    assert solution.reformulation == "scholtes"
    assert_as_exact(instance, solution, 1e-7)


@pytest.mark.parametrize("alpha", EVERY_ALPHA)
def test_one_aggregator_answers_as_the_exact_algorithm_does(alpha):
    """A hundred users, the others' purchases given: the first player's single answer."""
    instance = case("fig6_proportional", alpha=alpha)
    game = as_game(instance, {})
    game.begin({})
    player = next(player for player in game.players if player.name.endswith("[1]"))
    others = sum(instance.find_component(other.name).total.value for other in game.players if other is not player)
    served = [i for i in instance.SERVED[1]]
    right = deviation.best_response(
        [instance.a[i] for i in served], [instance.b[i] for i in served], alpha, others, instance.c.value
    )
    found = dict(
        zip((v.name.partition(".")[2] for v in player.variables), player.answer().values.tolist(), strict=True)
    )
    assert found["total"] == pytest.approx(right.purchase, rel=1e-6)


def test_linear_players_are_solved_by_sos1_too():
    instance = case("fig2_convex")
    assert_as_exact(instance, bdr.solve(instance, reformulation="sos1"), 1e-6)


def test_alphas_that_differ():
    instance = case("fig11_mixed")
    assert_as_exact(instance, bdr.solve(instance), 1e-6)


# What the theory says and what is -------------------------------------------------------------------------------------


def test_each_of_three_equilibria_is_certified_and_dynamics_reach_the_first():
    instance = case("uniqueness")
    found = exact.equilibrium(**exact.read(instance))
    players = list(instance.max_min.values())
    for price in found.roots:
        x = dict(zip(instance.USERS, found.at(price).consumption.tolist(), strict=True))
        point = {}
        for player in players:
            logs = {i: math.log(x[i] * (instance.b[i] - price - instance.a[i] * x[i])) for i in player.purchase}
            point |= {player.purchase[i].name: x[i] for i in player.purchase}
            point |= {player.log_surplus[i].name: logs[i] for i in logs}
            point |= {player.level.name: min(logs.values()), player.total.name: sum(x[i] for i in player.purchase)}
        assert bdr.verify(instance, point), price
        point[players[0].purchase[1].name] *= 1.01
        assert not bdr.verify(instance, point)
    solution = bdr.best_response_dynamics(instance).solution
    solution.load_into(instance)
    assert solution.claim == "nash" and pyo.value(instance.price) == pytest.approx(2.845464, abs=1e-6)


@pytest.mark.parametrize(
    "start", [{}, {"purchase[1]": 5.0, "purchase[2]": 0.0, "total": 5.0, "surplus[1]": 12.5, "surplus[2]": 0.0}]
)
def test_a_local_maximum_where_a_user_has_left_is_left(start):
    """Theorem 2's counterexample: from the local maximum at y = 5 the certificate's global search leads to y = 2.5524."""
    instance = case("quasiconcavity")
    found = bdr.best_response_dynamics(instance, start={f"below_one[1].{name}": value for name, value in start.items()})
    assert found.solution.claim == "nash"
    assert found.solution.point["below_one[1].total"] == pytest.approx(2.5524, abs=1e-4)
    assert found.solution.follower_objectives["below_one[1]"] == pytest.approx(10.7696, abs=1e-4)


def test_nothing_is_claimed_where_there_is_no_pure_equilibrium():
    instance = case("no_equilibrium")
    found = bdr.best_response_dynamics(instance, rounds=40)
    assert found.status != "converged" and found.solution.claim == exact.solve(instance).claim == "none"


def test_an_aggregator_with_a_user_who_cannot_gain_has_no_finite_answer():
    solution = bdr.best_response_dynamics(case("fig6_proportional", policy="strict")).solution
    assert solution.claim == "none" and "no answer" in solution.notes[0]


# Traps ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("alpha", "wrong"), [(4, 0.2), (10, 1.0)])
def test_a_solver_calls_the_printed_objective_solved_far_from_its_optimum(alpha, wrong):
    """Surpluses near 500: powers of 1e-8 and 1e-24. The sound form is right, and its certificate refuses the wrong answer."""
    random = np.random.default_rng(1)
    a, b = random.uniform(0.1, 0.9, 10), random.uniform(20, 40, 10)
    right = deviation.best_response(a, b, alpha, 0.0).purchase
    raw = bdr.load(raw_power.model, overrides=users(a, b, alpha))
    outcome = Nlp(raw).solve(options={"tol": 1e-8})  # Ipopt's own default
    assert outcome.message == "Solve_Succeeded"
    outcome.load()
    assert abs(raw.total() / right - 1) > wrong

    sound = bdr.load(model, overrides=users(a, b, alpha))
    answer = bdr.solve(sound)
    assert answer.claim == "nash" and answer.point["above_one[1].total"] == pytest.approx(right, rel=1e-6)
    player, price = sound.above_one[1], 0.001 * raw.total()
    x = {i: raw.purchase[i].value for i in raw.SERVED}
    surplus = {i: x[i] * (sound.b[i] - price - sound.a[i] * x[i]) for i in x}
    level = math.log(np.mean([s ** (1 - alpha) for s in surplus.values()])) / (1 - alpha)
    point = {player.purchase[i].name: x[i] for i in x} | {player.total.name: sum(x.values()), player.level.name: level}
    point |= {player.log_surplus[i].name: math.log(surplus[i]) for i in x}
    verdict = bdr.verify(sound, point)
    assert not verdict and any("above_one[1]: could improve" in reason for reason in verdict.reasons)


def test_the_printed_objective_is_no_game():
    with pytest.raises(ModelError, match="no follower"):
        bdr.solve(bdr.load(raw_power.model, overrides=users([0.5, 0.5], [8, 9], 4)))
    with pytest.raises(DataError, match="alpha is finite and not one"):
        bdr.load(raw_power.model, overrides=users([0.5, 0.5], [8, 9], 1))


def test_whatever_stacked_logarithms_end_at_is_right_or_refused(tmp_path):
    """They are fragile: this draw ends nowhere from one start, though best responses find its equilibrium."""
    (tmp_path / "my.dat").write_text(generate(0, 20, 2, 200, 1, policy="eligible"), encoding="utf-8")
    instance = bdr.load(model, tmp_path / "my.dat")
    stacked = bdr.solve(instance, reformulation="scholtes", starts=1)
    assert (stacked.claim == "nash") == bool(stacked.certificate)
    if stacked.certificate:
        assert_as_exact(instance, stacked, 1e-6)
    assert_as_exact(instance, bdr.solve(instance), 1e-6)


@pytest.mark.parametrize("alpha", [1, 2, 10, 100])
def test_first_order_conditions_in_the_logarithm_of_m_are_solved_from_a_plain_start(alpha):
    """u = ln m never leaves its domain: one square system for two hundred users, from all u alike."""
    instance = case("fig6_proportional", alpha=alpha)
    found = exact.equilibrium(**exact.read(instance))
    served = {j: list(instance.SERVED[j]) for j in (1, 2)}
    beta, c, large = 1 / alpha, instance.c.value, instance.USERS.last()
    m = pyo.ConcreteModel()
    m.p = pyo.Var(initialize=0.5 * instance.price_without_aggregators.value)
    m.theta = pyo.Var([1, 2], initialize=0.0)
    m.u = pyo.Var([i for part in served.values() for i in part], initialize=0.0)
    t = {i: instance.b[i] - m.p for i in m.u}
    m.marginal = pyo.ConstraintList()
    for j, part in served.items():
        m.marginal.add(c * sum(pyo.exp(m.u[i]) / instance.a[i] for i in part) == 1)
        for i in part:
            left = m.u[i] + pyo.log(1 + pyo.exp(m.u[i])) - (2 - beta) * pyo.log(1 + 2 * pyo.exp(m.u[i]))
            m.marginal.add(left == m.theta[j] - (2 - beta) * pyo.log(t[i]) + math.log(instance.a[i]))
    bought = sum(t[i] * pyo.exp(m.u[i]) / (instance.a[i] * (1 + 2 * pyo.exp(m.u[i]))) for i in m.u)
    alone = (instance.b[large] - m.p) / (2 * instance.a[large] + c)
    m.clears = pyo.Constraint(expr=m.p == c * (bought + alone))
    outcome = Nlp(m).solve()
    outcome.load()
    assert outcome.status == "optimal" and m.p.value == pytest.approx(found.price, rel=1e-8)


# Data -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b": {2: 0}}, r"b\[2\] = 0: not in PositiveReals"),
        ({"a": {1: -0.5}}, r"a\[1\] = -0.5: not in PositiveReals"),
        ({"alpha": -1}, "-1: not in NonNegativeReals"),
        ({"alpha": {1: math.nan}}, "NaN is no number"),
        ({"alpha": math.nan}, "NaN is no number"),
        ({"c": 0}, "c = 0: not in PositiveReals"),
        ({"AGGREGATORS": [1, 2, 3]}, "there are no more aggregators than users"),
        ({"AGGREGATORS": [1, 2]}, "every aggregator has a user"),
        ({"USERS": [], "a": {}, "b": {}, "aggregator": {}}, "there is a user to buy for"),
        ({"aggregator": {1: 7}}, "7"),
        ({"policy": "active"}, "not in {strict, eligible}"),
    ],
)
def test_nonsense_is_one_clear_error(change, message):
    given = users([0.5, 0.5], [8, 9], 1)
    for name, value in change.items():
        partly = isinstance(value, dict) and isinstance(given.get(name), dict) and value
        given[name] = given[name] | value if partly else value
    with pytest.raises(DataError, match=message):
        bdr.load(model, overrides=given)


def test_infinity_is_an_alpha():
    instance = bdr.load(model, overrides=users([0.5, 0.5], [8, 9], math.inf))
    assert list(instance.MAX_MIN) == [1] and not len(instance.PROPORTIONAL)


# The command ----------------------------------------------------------------------------------------------------------


def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


def test_a_case_is_drawn_checked_and_solved(tmp_path):
    drawn = run(
        "case",
        "li_2025",
        "--seed",
        4,
        "--users",
        12,
        "--aggregators",
        3,
        "--large",
        30,
        "--alpha",
        "inf",
        "--policy=eligible",
    )
    assert drawn.exit_code == 0 and drawn.stdout == generate(4, 12, 3, 30, math.inf, policy="eligible")
    (tmp_path / "my.dat").write_text(drawn.stdout, encoding="utf-8")
    assert run("check", "li_2025", tmp_path / "my.dat").exit_code == 0
    for words in ([], ["--set", "alpha=1"], ["--set", "alpha[1]=0", "--set", "c=0.002"]):
        solved = run("solve", "li_2025", tmp_path / "my.dat", "--json", *words)
        assert solved.exit_code == 0 and '"claim": "nash"' in solved.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["li_2025", "--sed", "1"], "did you mean '--seed'"),
        (["li_2025", "--users", "x"], "--users x: give a whole number"),
        (["li_2025", "--large", "x"], "--large x: give a number"),
        (["li_2025", "--seed"], "--seed is followed by no value"),
        (["li_2025", "--seed", "1", "--seed=2"], "--seed is given twice"),
        (["li_2025", "--users", "2", "--aggregators", "3"], "3 aggregators for 2 users"),
        (["khe_2025"], "khe_2025 draws no cases"),
        (["li_2026"], "did you mean 'li_2025'"),
    ],
)
def test_a_wrong_draw_is_refused(words, message):
    result = run("case", *words)
    assert result.exit_code == 2 and message in result.stderr and not result.stdout
