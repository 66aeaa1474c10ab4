"""Why there is no answer: told by name, from solve, from a certificate, from the command line and for one decision."""

from __future__ import annotations

import json

import pyomo.environ as pyo
import pytest
from builders import market, snapshot, tracking
from typer.testing import CliRunner

import bilevel_dr as bdr
from bilevel_dr import ModelError, diagnose, solve, verify
from bilevel_dr.cli import app
from bilevel_dr.diagnosis import explained
from bilevel_dr.models.khe_2025.model import model as khe


def priced(low=0, high=5):
    """A follower that earns (price − 3) on whatever it sells: unbounded where the price is above 3."""
    m = pyo.ConcreteModel("priced")
    m.price = pyo.Var(bounds=(low, high))
    m.f = pyo.Block()
    m.f.sold = pyo.Var(domain=pyo.NonNegativeReals)
    m.f.profit = pyo.Objective(expr=(m.price - 3) * m.f.sold, sense=pyo.maximize)
    m.goal = pyo.Objective(expr=(m.price - 4) ** 2 + m.f.sold)
    return m


def narrow():
    """A follower that has an answer up to x = 5 only."""
    m = tracking()
    m.f.twice = pyo.Constraint(expr=m.f.y >= 2 * m.x)
    return m


def asked_too_much():
    m = tracking()
    m.wish = pyo.Constraint(expr=m.x >= 6)
    m.limit = pyo.Constraint(expr=m.f.y <= 4)
    return m


def disc(limit=4):
    """A convex follower without an answer: x is at least 5, and y in a disc around zero above x."""
    m = pyo.ConcreteModel("disc")
    m.x = pyo.Var(bounds=(5, 6))
    m.f = pyo.Block()
    m.f.y = pyo.Var([1, 2], bounds=(-10, 10))
    m.f.disc = pyo.Constraint(expr=m.f.y[1] ** 2 + m.f.y[2] ** 2 <= limit)
    m.f.above = pyo.Constraint(expr=m.f.y[1] >= m.x)
    m.f.cost = pyo.Objective(expr=m.f.y[2])
    m.goal = pyo.Objective(expr=m.x)
    return m


# Both levels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reformulation", ["auto", "scholtes", "big_m", "strong_duality", "value_function"])
def test_rows_of_the_leader_that_conflict(reformulation):
    m = tracking()
    m.need, m.spare = pyo.Constraint(expr=m.x >= 20), pyo.Constraint(expr=m.x + m.f.y >= 1)
    before = snapshot(m)
    solution = solve(m, reformulation)
    assert (solution.termination, solution.claim, solution.leader_objective) == ("infeasible", "none", None)
    reason = "infeasible: the leader has no decision, whatever the followers do: x <= 10, need (>= 20) cannot hold together"
    assert solution.notes == (reason,)
    found = diagnose(m)
    assert (found.termination, str(found), found.follower, found.proved) == ("infeasible", reason, None, True)
    assert (found.conflict.rows, found.conflict.bounds) == (("need (>= 20)",), ("x <= 10",))
    assert snapshot(m) == before


def test_a_follower_without_an_answer_anywhere():
    m = tracking()
    m.f.floor, m.f.ceiling = pyo.Constraint(expr=m.f.y >= 3), pyo.Constraint(expr=2 * m.f.y <= 4)
    found = diagnose(m)
    assert (found.termination, found.follower) == ("infeasible", "f")
    assert found.message == (
        "f: no answer is open to it whatever the leader decides: f.floor (>= 3), f.ceiling (<= 4) cannot hold together"
    )
    assert solve(m).notes == (found.message,)


def test_an_integer_leader():
    m = tracking()
    m.n = pyo.Var([1, 2], domain=pyo.Integers, bounds=(0, 9))
    m.even = pyo.Constraint(expr=2 * m.n[1] + 4 * m.n[2] == 7)
    solution = solve(m)
    assert solution.termination == "infeasible"
    assert "even (= 7), with n[1] whole, n[2] whole cannot hold" in solution.notes[0]


@pytest.mark.parametrize("reformulation", ["auto", "scholtes"])
def test_a_convex_nonlinear_follower(reformulation):
    solution = solve(disc(), reformulation, starts=1)
    assert solution.termination == "infeasible" and solution.point == {}
    reason = solution.notes[0]
    assert reason.startswith("infeasible: ") and all(name in reason for name in ("x >= 5", "f.disc (<= 4)", "f.above"))
    assert solve(disc(limit=40)).claim != "none"


def test_a_reason_known_already_ends_even_a_search_whose_time_was_up():
    found, late = diagnose(disc()), bdr.Solution(None, "none", None, None, "limit", "sos1", "scip", 1.0, notes=("slow",))
    assert explained(late, disc(), 1.0) is late
    told = explained(late, disc(), 1.0, found)
    assert (told.termination, told.notes) == ("infeasible", (found.message, "slow"))


def test_a_paper_with_a_target_beyond_what_can_be_called():
    from bilevel_dr.papers import resolve_data, resolve_model

    path = resolve_data("small_800", resolve_model("khe_2025")[2])
    instance = bdr.load(khe, path, overrides={"target": 99999})
    found = diagnose(instance)
    assert found.conflict.rows == ("calls_meet_target (= 99999)",)
    assert len(found.conflict.bounds) == len(instance.CONSUMERS) and found.proved
    assert solve(instance).notes[0] == found.message


# Followers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reformulation", ["auto", "scholtes", "product", "big_m", "value_function"])
def test_a_follower_that_is_unbounded_everywhere_is_told_apart(reformulation):
    m = tracking()
    m.f.z = pyo.Var()
    m.f.link = pyo.Constraint(expr=m.f.z <= 2 * m.f.y)
    m.f.y.setub(None)
    m.f.miss.set_value(m.x - m.f.z)
    solution = solve(m, reformulation)
    assert (solution.termination, solution.claim) == ("infeasible", "none")  # no point is bilevel-feasible
    assert solution.notes[0].startswith("f: unbounded whatever the leader decides, its objective falls for ever as ")
    found = diagnose(m)
    assert found.follower == "f" and found.proved
    assert found.ray["f.z"] > 0.0 and found.ray["f.y"] > 0.0 and max(found.ray.values()) == 1.0
    assert found.ray["f.z"] <= 2.0 * found.ray["f.y"] + 1e-9


def test_a_follower_that_is_unbounded_at_some_decisions_keeps_the_leader_from_them():
    solution = solve(priced())
    assert solution.claim == "global" and solution.point["price"] == pytest.approx(3)
    assert diagnose(priced(), {"price": 2}).termination == "feasible"
    found = diagnose(priced(), {"price": 4})
    assert (found.termination, found.follower, dict(found.ray)) == ("unbounded", "f", {"f.sold": 1.0})
    assert found.message == (
        "f: unbounded at the leader's decision, its objective rises for ever as f.sold grows; it has no best answer"
    )


def test_a_leader_that_may_only_decide_what_leaves_its_follower_unbounded():
    m = priced()
    m.least = pyo.Constraint(expr=m.price >= 3.5)
    for instance in (m, priced(low=4)):
        assert solve(instance).termination == "infeasible"
        assert "unbounded whatever the leader decides" in diagnose(instance).message


def test_a_follower_that_is_infeasible_at_some_decisions_keeps_the_leader_from_them():
    m = narrow()
    assert solve(m).point["x"] <= 5 + 1e-6
    assert diagnose(m, {"x": 4}).termination == "feasible"
    found = diagnose(m, {"x": 8})
    assert (found.termination, found.follower) == ("infeasible", "f")
    assert found.message == (
        "f: no answer is open to it at the leader's decision: f.y <= 10, f.twice, with x = 8 cannot hold together"
    )
    assert found.message in verify(m, {"x": 8, "f.y": 10}).reasons
    assert diagnose(disc(), {"x": 5}).conflict.given == ("x = 5",)


def test_a_nonlinear_follower_without_end():
    m = priced(low=1, high=2)
    m.f.sold.setlb(0.1)
    m.f.profit.set_value(m.price * pyo.log(m.f.sold))
    found = diagnose(m, {"price": 1.5})
    assert (found.termination, dict(found.ray), found.proved) == ("unbounded", {"f.sold": 1.0}, False)
    solution = solve(m, "scholtes", starts=1)
    assert solution.claim == "none" and "f: unbounded at the leader's decision" in solution.notes[0]


def test_a_decision_is_whole_and_known():
    with pytest.raises(ModelError, match="'xx', which is no variable"):
        diagnose(tracking(), {"xx": 1})
    with pytest.raises(ModelError, match="x: a follower sees it, and the decision gives it no value"):
        diagnose(tracking(), {})


# Best answers against what the leader asks for ------------------------------------------------------------------------


@pytest.mark.parametrize("reformulation", ["auto", "sos1", "big_m"])
def test_what_the_followers_best_answers_do_not_keep(reformulation):
    solution = solve(asked_too_much(), reformulation)
    assert solution.termination == "infeasible"
    reason = solution.notes[0]
    assert reason.startswith("infeasible: no decision keeps ") and reason.endswith(" where f answers as is best")
    assert "wish (>= 6)" in reason and "limit (<= 4)" in reason


def test_a_price_that_no_multiplier_reaches():
    m = market()
    m.price.setlb(4)
    assert solve(m).notes[0] == "infeasible: no decision keeps price >= 4 where f answers as is best"


def test_a_problem_with_an_answer_is_given_no_reason():
    assert diagnose(tracking()).termination == "feasible"
    assert not [note for note in solve(tracking()).notes if "unbounded" in note or "infeasible" in note]


# The leader's objective -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_what_runs_away(sense):
    m = tracking(bounds=(None, None))
    m.f.y.setlb(None)
    m.f.y.setub(None)
    m.cost.set_value(m.x + m.f.y)
    m.cost.sense = sense
    solution, word = solve(m), "falls" if sense == pyo.minimize else "rises"
    way = "falls" if sense == pyo.minimize else "grows"
    assert solution.termination == "unbounded"
    assert solution.notes[0] == f"unbounded: cost {word} for ever as x {way}, f.y {way}: give one of them a bound"


# Players and the command line -----------------------------------------------------------------------------------------


def test_a_player_without_a_best_answer():
    m = pyo.ConcreteModel("game")
    m.p = pyo.Block([1, 2])
    for i, sign in ((1, 1), (2, -1)):
        m.p[i].y = pyo.Var(domain=pyo.NonNegativeReals)
        m.p[i].cost = pyo.Objective(expr=sign * m.p[i].y + m.p[1].y)
    solution = solve(m)
    assert solution.termination == "infeasible" and solution.notes[0].startswith("p[2]: unbounded whatever")
    played = bdr.best_response_dynamics(m)
    assert "p[2]: unbounded at the others' decisions" in played.message


@pytest.mark.parametrize("json_wanted", [False, True])
def test_the_command_line_says_why(json_wanted, tmp_path):
    options = ["solve", "khe_2025", "small_800", "--set", "target=99999", *(["--json"] if json_wanted else [])]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 3
    said = " ".join(json.loads(result.stdout)["notes"] if json_wanted else result.stdout.split())
    assert "calls_meet_target (= 99999) cannot hold together" in said


def test_the_command_line_tells_an_unbounded_follower_apart(tmp_path):
    (tmp_path / "m.py").write_text(
        "import pyomo.environ as pyo\n"
        "model = pyo.AbstractModel('m')\n"
        "model.least = pyo.Param(within=pyo.Reals, default=0)\n"
        "model.x = pyo.Var(bounds=(0, 1))\n"
        "@model.Block()\n"
        "def f(b):\n"
        "    b.y = pyo.Var()\n"
        "    b.row = pyo.Constraint(expr=b.y >= b.model().least)\n"
        "    b.cost = pyo.Objective(expr=b.model().x - b.y)\n"
        "model.goal = pyo.Objective(expr=model.x)\n"
    )
    (tmp_path / "d.dat").write_text("param least := 2;\n")
    result = CliRunner().invoke(app, ["solve", str(tmp_path / "m.py"), str(tmp_path / "d.dat"), "--json"])
    assert result.exit_code == 3
    assert json.loads(result.stdout)["notes"][0].startswith("f: unbounded whatever the leader decides")
