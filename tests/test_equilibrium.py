"""Games: known equilibria found by best responses and by stacked conditions, none claimed where there is none."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import pytest
from builders import snapshot, tracking

import bilevel_dr as bdr
from bilevel_dr import best_response, games, solving
from bilevel_dr.cli.cases import exit_code
from bilevel_dr.convexity import judge_all
from bilevel_dr.errors import ModelError
from bilevel_dr.games import as_game

APART = ["sequential", "simultaneous"]


def cournot(costs, demand=13.0, slope=1.0, capacity=None):
    """Sellers with unit costs at a price demand − slope · all they sell."""
    m = pyo.ConcreteModel("cournot")
    m.seller = pyo.Block(range(len(costs)))
    for seller in m.seller.values():
        seller.q = pyo.Var(bounds=(0, capacity))
    price = demand - slope * sum(seller.q for seller in m.seller.values())
    for cost, seller in zip(costs, m.seller.values(), strict=True):
        seller.profit = pyo.Objective(expr=(price - cost) * seller.q, sense=pyo.maximize)
    return m


def quantities(costs, demand=13.0, slope=1.0):
    """Interior Cournot equilibrium in closed form: q_i = (A − n c_i + Σ_{j≠i} c_j) / ((n + 1) slope)."""
    n = len(costs)
    return [(demand - (n + 1) * cost + sum(costs)) / ((n + 1) * slope) for cost in costs]


def sold(solution):
    return list(solution.point.values())


def two_by_two(first, second):
    """A bimatrix game in mixed strategies: p and q are the probabilities of the first row and the first column."""
    m = pyo.ConcreteModel("bimatrix")
    m.row, m.column = pyo.Block(), pyo.Block()
    m.row.p, m.column.q = pyo.Var(bounds=(0, 1)), pyo.Var(bounds=(0, 1))
    p, q = m.row.p, m.column.q

    def expected(A):
        return A[0][0] * p * q + A[0][1] * p * (1 - q) + A[1][0] * (1 - p) * q + A[1][1] * (1 - p) * (1 - q)

    m.row.payoff = pyo.Objective(expr=expected(first), sense=pyo.maximize)
    m.column.payoff = pyo.Objective(expr=expected(second), sense=pyo.maximize)
    return m


def leaders(costs=(1.0, 1.0), follower=1.0, demand=12.0, link=lambda m: [(m.q, m.profit)]):
    """Sherali (1984): leaders sell first, a Cournot follower y = (A − c − Σ q) / 2 after them."""
    m = pyo.ConcreteModel("leaders")
    m.q = pyo.Var([1, 2], bounds=(0, demand))
    m.f = pyo.Block()
    m.f.y = pyo.Var(within=pyo.NonNegativeReals)
    price = demand - m.q[1] - m.q[2] - m.f.y
    m.f.profit = pyo.Objective(expr=(price - follower) * m.f.y, sense=pyo.maximize)
    m.profit = pyo.Objective([1, 2], rule=lambda m, i: (price - costs[i - 1]) * m.q[i], sense=pyo.maximize)
    m.decided_by = pyo.Suffix(initialize=link)
    return m


# Players --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", APART)
@pytest.mark.parametrize("costs", [(1, 1), (1, 2), (3, 1)])
def test_duopolies(costs, order):
    game = cournot(costs)
    before = snapshot(game)
    found = bdr.best_response_dynamics(game, order=order)
    assert (found.status, found.solution.claim, found.solution.leader_objective) == ("converged", "nash", None)
    assert sold(found.solution) == pytest.approx(quantities(costs), abs=1e-8)
    assert snapshot(game) == before


@pytest.mark.parametrize("reformulation", ["auto", "best_response", "sos1", "scholtes"])
def test_stacked_conditions_and_best_responses_agree(reformulation):
    solution = bdr.solve(cournot((1, 2, 3)), reformulation=reformulation)
    assert solution.claim == "nash"
    assert sold(solution) == pytest.approx(quantities((1, 2, 3)), abs=1e-6)


def test_capacities_bind_and_high_costs_sell_nothing():
    found = bdr.best_response_dynamics(cournot((1, 1, 20), capacity=3)).solution
    assert found.claim == "nash" and sold(found) == pytest.approx([3, 3, 0], abs=1e-9)


def test_smooth_players():
    """max ln(1 + y_i) − y_i (1 + Y)/4: all alike, so that 1/(1 + y) = (1 + 4 y)/4."""
    m = pyo.ConcreteModel("smooth")
    m.player = pyo.Block([1, 2, 3])
    for b in m.player.values():
        b.y = pyo.Var(bounds=(0, 10))
    total = sum(b.y for b in m.player.values())
    for b in m.player.values():
        b.worth = pyo.Objective(expr=pyo.log(1 + b.y) - b.y * (1 + total) / 4, sense=pyo.maximize)
    y = (-5 + math.sqrt(25 + 48)) / 8
    found = bdr.best_response_dynamics(m).solution
    assert found.claim == "nash" and "Ipopt" in found.solver
    assert sold(found) == pytest.approx([y] * 3, abs=1e-7)


@pytest.mark.parametrize(
    ("start", "reached"), [((0.9, 0.9), (1, 1)), ((0.1, 0.1), (0, 0)), ((2 / 3, 1 / 3), (2 / 3, 1 / 3))]
)
def test_several_equilibria_are_reached_from_their_own_starts(start, reached):
    """Battle of the sexes: two pure equilibria, and a mixed one in which nobody gains by moving, so that all stay."""
    game = two_by_two([[2, 0], [0, 1]], [[1, 0], [0, 2]])
    found = bdr.best_response_dynamics(game, start=dict(zip(("row.p", "column.q"), start, strict=True)))
    assert (found.status, found.solution.claim) == ("converged", "nash")
    assert sold(found.solution) == pytest.approx(reached, abs=1e-9)


def test_a_game_whose_best_responses_go_round_is_no_equilibrium_and_stacked_conditions_find_the_one_there_is():
    """Matching pennies: best responses cycle through the corners; the only equilibrium is (1/2, 1/2)."""
    game = two_by_two([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])
    found = bdr.best_response_dynamics(game, start={"row.p": 1.0, "column.q": 0.9})
    assert (found.status, found.solution.claim, found.solution.termination) == ("cycle", "none", "failed")
    assert found.period == 2 and "could improve" in found.solution.certificate.reasons[0]
    assert sold(bdr.solve(game)) == pytest.approx([0.5, 0.5], abs=1e-6)


def test_a_game_without_any_pure_equilibrium():
    """One player wants to be equal, the other to be an end as far from it as can be: not convex, and no pure equilibrium."""
    m = pyo.ConcreteModel("hide and seek")
    m.seeker, m.hider = pyo.Block(), pyo.Block()
    m.seeker.x, m.hider.y = pyo.Var(bounds=(0, 1)), pyo.Var(bounds=(0, 1))
    m.seeker.miss = pyo.Objective(expr=(m.seeker.x - m.hider.y) ** 2)
    m.hider.distance = pyo.Objective(expr=(m.hider.y - m.seeker.x) ** 2, sense=pyo.maximize)
    found = bdr.best_response_dynamics(m, start={"seeker.x": 0.2, "hider.y": 0.0})
    assert (found.status, found.solution.claim) == ("cycle", "none")
    with pytest.raises(ModelError, match=r"hider.*not convex"):  # its KKT conditions hold in the middle, which it hates
        bdr.solve(m)


@pytest.mark.parametrize(("c", "diverges"), [(0.9, False), (1.1, True)])
def test_simultaneous_answers_diverge_exactly_where_the_slopes_say(c, diverges):
    """Buyers b x − a x² − c x Σ x with Σ c/(2a + 3c) above one: Li et al. (2025), ``Structure``; sequential ones converge."""
    n, a = 6, 1.5  # Σ c/(2a + 3c) = 6c/(3 + 3c): one at c = 1
    m = pyo.ConcreteModel("buyers")
    m.buyer = pyo.Block(range(n))
    for buyer in m.buyer.values():
        buyer.x = pyo.Var()
    total = sum(buyer.x for buyer in m.buyer.values())
    for buyer in m.buyer.values():
        buyer.worth = pyo.Objective(expr=10 * buyer.x - a * buyer.x**2 - c * total * buyer.x, sense=pyo.maximize)
    root = 10 / (2 * a + c + n * c)
    assert sold(bdr.best_response_dynamics(m).solution) == pytest.approx([root] * n, abs=1e-7)
    together = bdr.best_response_dynamics(m, order="simultaneous", rounds=600)
    residuals = [r.residual for r in together.rounds[1:]]
    assert (together.status == "diverged") == diverges
    assert (together.solution.claim == "none") == diverges
    assert (residuals[-1] > residuals[0]) == diverges
    assert bdr.best_response_dynamics(m, order="simultaneous", relaxation=0.5).status == "converged"


def test_simultaneous_answers_within_bounds_end_in_a_cycle():
    found = bdr.best_response_dynamics(cournot((1, 1, 1, 1)), order="simultaneous")
    assert (found.status, found.period, found.solution.claim) == ("cycle", 2, "none")
    assert bdr.best_response_dynamics(cournot((1, 1, 1, 1))).solution.claim == "nash"


def test_too_few_rounds_and_too_little_time_are_limits():
    for limits in ({"rounds": 2}, {"time_limit": 1e-9}):
        found = bdr.best_response_dynamics(cournot((1, 2)), **limits)
        assert (found.status, found.solution.claim, found.solution.termination) == ("limit", "none", "limit")


def test_history_has_a_row_a_round():
    found = bdr.best_response_dynamics(cournot((1, 2)))
    table = found.history
    assert list(table.columns) == ["round", "residual", "gain", "seller[0].q", "seller[1].q"]
    assert list(table["round"]) == list(range(len(found.rounds)))
    assert table["residual"].iloc[-1] <= 1e-9 < table["residual"].iloc[-2]
    assert table["seller[0].q"].iloc[1] == pytest.approx(6)  # the monopolist's answer to nothing


def test_a_player_without_an_answer_is_named():
    m = cournot((1, 1))
    m.seller[1].quota = pyo.Constraint(expr=m.seller[1].q >= 20 - m.seller[0].q)
    m.seller[1].q.setub(5)
    found = bdr.best_response_dynamics(m)
    assert found.status == "failed" and found.message.startswith("seller[1]: no answer")


# The certificate ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [0.01, -0.01, 1.0])
@pytest.mark.parametrize("who", [0, 1])
def test_a_moved_equilibrium_is_refused_and_the_gain_is_the_distance_squared(who, change):
    game = cournot((1, 2))
    point = dict(bdr.best_response_dynamics(game).solution.point)
    assert bdr.verify(game, point)
    point[f"seller[{who}].q"] += change
    verdict = bdr.verify(game, point)
    check = verdict.followers[f"seller[{who}]"]
    assert not verdict and check.proved
    assert check.best - check.objective == pytest.approx(change**2, rel=1e-4)
    assert any(f"seller[{who}]: could improve" in reason for reason in verdict.reasons)


def test_a_local_best_response_is_no_nash_equilibrium():
    """y⁴ − y² + 0.3 y has a local minimum at y > 0 and a better one at y < 0: dynamics from the wrong one find the other."""
    m = pyo.ConcreteModel("two valleys")
    m.player = pyo.Block([1])
    m.player[1].y = y = pyo.Var(bounds=(-2, 2))
    m.player[1].cost = pyo.Objective(expr=y**4 - y**2 + 0.3 * y)
    found = bdr.best_response_dynamics(m, start={"player[1].y": 0.6})
    best, _, local = sorted(np.roots([4, 0, -2, 0.3]).real)
    assert found.solution.claim == "nash" and sold(found.solution) == pytest.approx([best], abs=1e-6)
    assert not bdr.verify(m, {"player[1].y": local})


def test_players_that_were_only_searched_locally_claim_nothing(monkeypatch):
    """A game's answer is an equilibrium or none: a certificate that rests on a local search of one player is no proof."""

    def unsure(program):
        return {name: replace(verdict, convexity="not proved") for name, verdict in judge_all(program).items()}

    monkeypatch.setattr(best_response, "_by_scip", lambda *_: best_response.Response("failed"))
    monkeypatch.setattr(best_response, "_by_lagrangian", lambda *_: None)
    monkeypatch.setattr(games, "judge_all", unsure)
    monkeypatch.setattr(solving, "judge_all", unsure)
    for route in ("scholtes", "best_response"):
        solution = bdr.solve(cournot((1, 2)), route)
        assert solution.certificate.passed and solution.claim == "none"
        assert exit_code(solution) != 0


# Models as players, and leaders ---------------------------------------------------------------------------------------


def seller_alone(who, costs):
    m = pyo.ConcreteModel(f"seller {who}")
    m.q = pyo.Var([0, 1], bounds=(0, 13), initialize=1.0)
    m.q[1 - who].fix()
    m.profit = pyo.Objective(expr=(13 - m.q[0] - m.q[1] - costs[who]) * m.q[who], sense=pyo.maximize)
    return m


@pytest.mark.parametrize("order", APART)
def test_a_model_for_each_player(order):
    models = [seller_alone(who, (1, 2)) for who in (0, 1)]
    found = bdr.best_response_dynamics(models, order=order)
    assert found.solution.claim == "nash" and list(found.solution.certificate.followers) == ["seller 0", "seller 1"]
    assert sold(found.solution) == pytest.approx(quantities((1, 2)), abs=1e-8)
    assert models[0].q[1].fixed and models[0].q[1].value == 1.0


@pytest.mark.parametrize("costs", [(1.0, 1.0), (1.0, 2.0)])
def test_two_leaders_over_one_follower(costs):
    """With y = (A − c − Σ q)/2 the price is (A + c − Σ q)/2: leaders play Cournot at demand A + c, costs 2 c_i."""
    found = bdr.best_response_dynamics(leaders(costs))
    expected = quantities([2 * cost for cost in costs], demand=13.0)
    assert (found.status, found.solution.claim) == ("converged", "nash")
    assert [found.solution.point[f"q[{i}]"] for i in (1, 2)] == pytest.approx(expected, abs=1e-5)
    assert found.solution.point["f.y"] == pytest.approx((11 - sum(expected)) / 2, abs=1e-5)
    assert {"profit[1]", "profit[2]", "f"} <= set(found.solution.certificate.followers)


def test_solve_plays_leaders():
    solution = bdr.solve(leaders())
    assert (solution.claim, solution.reformulation, solution.leader_objective) == ("nash", "best_response", None)
    assert solution.point["q[1]"] == pytest.approx(11 / 3, abs=1e-5)


def test_leaders_off_their_equilibrium_are_refused():
    game = as_game(leaders(), {})
    game.begin({"q[1]": 11 / 3, "q[2]": 4.0})
    certificate, _ = game.certificate()
    assert not certificate and "profit[2]: could improve" in " ".join(certificate.reasons)
    game.begin({"q[1]": 11 / 3, "q[2]": 11 / 3})
    assert game.certificate()[0]


def test_a_row_of_one_leader_binds_it_alone():
    m = leaders()
    m.cap = pyo.Constraint(expr=m.q[1] <= 2)
    solution = bdr.solve(m)
    # q1 = 2; leader 2 answers (11 − q1)/2
    assert solution.claim == "nash" and [solution.point[f"q[{i}]"] for i in (1, 2)] == pytest.approx([2, 4.5], abs=1e-5)


@pytest.mark.parametrize(
    ("game", "message"),
    [
        (lambda: tracking(), "cost: leads the players"),
        (lambda: leaders(link=lambda m: [(m.q[1], m.profit[1])]), r"nothing is decided by profit\[2\]"),
        (lambda: leaders(link=lambda m: [(m.q, m.profit), (m.f.y, m.profit[1])]), "f.y is no variable at the top"),
        (
            lambda: leaders(link=lambda m: [(m.q[1], m.f.profit), (m.q[2], m.profit[2])]),
            "f.profit is not an active Objective",
        ),
        (lambda: leaders(link=lambda m: [(m.q[1], m.f.y)]), "which is no Objective"),
        (lambda: [seller_alone(0, (1, 2)), seller_alone(0, (1, 2))], "decides nothing"),
    ],
)
def test_what_is_no_game_says_why(game, message):
    with pytest.raises(ModelError, match=message):
        bdr.best_response_dynamics(game())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "random"}, "order="),
        ({"relaxation": 2.0}, "relaxation="),
        ({"rounds": 0}, "rounds="),
        ({"start": {"q": 1}}, "start:"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ModelError, match=message):
        bdr.best_response_dynamics(cournot((1, 2)), **options)


def test_a_variable_nobody_decides_is_named():
    m = cournot((1, 2))
    m.tax = pyo.Var()
    m.seller[0].profit.set_value(m.seller[0].profit.expr - m.tax * m.seller[0].q)
    with pytest.raises(ModelError, match="tax: no player decides it"):
        bdr.best_response_dynamics(m)


@pytest.mark.parametrize(("limit", "most"), [(None, None), (1e-9, 1.0), (60.0, 30.0)])
def test_the_certificate_is_part_of_the_time_limit(monkeypatch, limit, most):
    """Two players, so half of what is left for each, or of two seconds."""
    given = []
    truly = games.verify
    monkeypatch.setattr(games, "verify", lambda *_, search, **ways: given.append(search) or truly(*_, search=search, **ways))
    dynamics = bdr.best_response_dynamics(cournot((1, 2)), time_limit=limit)
    assert given[0] is None if most is None else 0.0 < given[0] <= most
    assert dynamics.status == ("limit" if limit == 1e-9 else "converged")
