"""The certificate: it passes right answers from anywhere and objects to every point that is not bilevel-feasible."""

from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest
from builders import distance, market, snapshot, tracking
from problems import PROBLEMS
from pyomo.mpec import Complementarity, complements

from bilevel_dr import ModelError, solve, verify
from bilevel_dr.convexity import judge_all
from bilevel_dr.followers import read

RIGHT = {"x": 2.5, "f.y": 2.5}


def refused(m, point, *reasons):
    certificate = verify(m, point)
    assert not certificate.passed and not certificate and certificate.reasons
    for reason in reasons:
        assert any(reason in line for line in certificate.reasons), certificate.reasons
    return certificate


# Points from anywhere -------------------------------------------------------------------------------------------------


def test_every_way_to_hand_over_a_point():
    m = tracking()
    for point in (RIGHT, solve(m), pyo.ComponentMap([(m.x, 2.5), (m.f.y, 2.5)])):
        certificate = verify(m, point)
        assert certificate.passed and bool(certificate) and certificate.reasons == ()
        assert certificate.followers["f"].objective == pytest.approx(0) and certificate.followers["f"].best == pytest.approx(0)
        assert (certificate.leader_violation, certificate.followers["f"].violation) == (0, 0)
        assert max(certificate.follower_gap, certificate.complementarity, certificate.stationarity) <= 1e-6


def test_a_point_of_another_instance_of_the_same_model():
    assert verify(tracking(), solve(tracking())).passed


def test_the_instance_is_not_changed():
    m = tracking()
    before = snapshot(m)
    verify(m, RIGHT)
    verify(m, {"x": 1, "f.y": 9})
    assert snapshot(m) == before


def test_fixed_variables_may_be_left_out_but_not_moved():
    m = tracking()
    m.x.fix(4)
    assert verify(m, {"f.y": 4.0}).passed and verify(m, {"f.y": 4.0, "x": 4.0}).passed
    refused(m, {"f.y": 4.5, "x": 4.5}, "x = 4.5: the instance fixes it at 4")


@pytest.mark.parametrize(
    ("point", "named"),
    [
        ({**RIGHT, "z": 1.0}, "'z'"),
        ({"x": 2.5, "f.why": 2.5}, "f.y"),
        ({"x": 2.5, "f_y": 2.5}, "did you mean 'f.y'"),
        ({**RIGHT, "cost": 3.0}, "cost"),  # an Objective
        ({**RIGHT, "f": 3.0}, "'f'"),  # a Block
        ({**RIGHT, "x": "much"}, "x"),
        ({**RIGHT, "x": None}, "x"),
        ({**RIGHT, "x": 1 + 2j}, "x"),
        ({**RIGHT, 7: 1.0}, "7"),
        ([2.5, 2.5], "list"),
        (None, "NoneType"),
        (2.5, "float"),
    ],
)
def test_what_is_no_point_is_refused(point, named):
    with pytest.raises(ModelError, match=named):
        verify(tracking(), point)


def test_the_name_of_a_container_is_not_the_name_of_its_variables():
    m = tracking()
    m.z = pyo.Var((1, 2), bounds=(0, 1))
    with pytest.raises(ModelError, match="z"):
        verify(m, {**RIGHT, "z": 0.5})
    assert verify(m, {**RIGHT, "z[1]": 0.5, "z[2]": 0}).passed


def test_a_model_that_is_no_bilevel_program_is_refused():
    m = tracking()
    m.f.miss.deactivate()
    with pytest.raises(ModelError, match="no follower"):
        verify(m, RIGHT)


# What is wrong with a point is said -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e15, -1e300])
@pytest.mark.parametrize("name", RIGHT)
def test_numbers_that_are_none(name, number):
    refused(tracking(), {**RIGHT, name: number}, name)


@pytest.mark.parametrize("name", RIGHT)
def test_missing_values(name):
    refused(tracking(), {other: 2.5 for other in RIGHT if other != name}, f"{name}: no value")


def test_each_kind_of_violation_is_named():
    m = tracking()
    m.k = pyo.Var(domain=pyo.Integers, bounds=(0, 3), initialize=1)
    m.coupling = pyo.Constraint(expr=m.x + m.f.y <= 6)
    m.f.row = pyo.Constraint(expr=m.f.y <= m.x + 1)
    right = {**RIGHT, "k": 1}
    assert verify(m, right).passed
    refused(m, {**right, "k": 1.3}, "k = 1.3: not an integer")
    refused(m, {**right, "k": 4}, "leader: k outside its bounds")
    refused(m, {"x": -0.5, "f.y": 0, "k": 1}, "leader: x outside its bounds")
    refused(m, {"x": 4, "f.y": 4, "k": 1}, "leader: coupling violated")
    refused(m, {"x": 2.5, "f.y": 3.6, "k": 1}, "f: f.row violated")
    refused(m, {"x": 0.0, "f.y": -0.5, "k": 1}, "f: f.y = -0.5 outside its bounds")
    assert refused(m, {"x": 2.5, "f.y": 2.0, "k": 1}, "could improve").follower_gap > 0.05


def test_the_leaders_own_sets_and_complementarities_are_checked():
    m = tracking()
    m.s = pyo.Var((1, 2, 3), bounds=(0, 1))
    m.one = pyo.SOSConstraint(var=m.s, sos=1)
    m.a = pyo.Var(bounds=(0, None))
    m.pair = Complementarity(expr=complements(m.a >= 0, m.x >= 2))
    m.double = Complementarity(expr=complements(pyo.inequality(0, m.s[3], 1), m.a - 1))
    base = {**RIGHT, "s[1]": 0, "s[2]": 0, "s[3]": 1, "a": 0}  # a − 1 < 0 wants s[3] = 1
    assert verify(m, base).passed
    refused(m, {**base, "s[1]": 1}, "one")
    refused(m, {**base, "a": 1}, "pair")
    refused(m, {**base, "a": 0.5}, "pair")
    refused(m, {**base, "s[3]": 0}, "double")
    refused(m, {**base, "s[3]": 0.5}, "double")
    m.pair.deactivate()
    assert verify(m, {**base, "a": 1, "s[3]": 0.5}).passed  # a − 1 = 0: s[3] is free
    refused(m, {**base, "a": 2}, "double")  # a − 1 > 0 wants s[3] = 0


def test_sets_of_two_neighbours():
    m = tracking()
    m.s = pyo.Var((1, 2, 3), bounds=(0, 1))
    m.two = pyo.SOSConstraint(var=m.s, sos=2)
    zero = {**RIGHT, "s[1]": 0, "s[2]": 0, "s[3]": 0}
    assert verify(m, {**zero, "s[2]": 1, "s[3]": 1}).passed
    refused(m, {**zero, "s[1]": 1, "s[3]": 1}, "two")


def test_functions_without_a_value_are_no_crash():
    m = tracking()
    m.x.setlb(None)
    m.row = pyo.Constraint(expr=pyo.log(m.x) >= -5)
    refused(m, {"x": -1.0, "f.y": 0.0}, "row")
    m.row.set_value(pyo.tanh(m.x) >= 2)  # Pyomo has no derivative of tanh to scale by
    refused(m, RIGHT, "row")
    m.row.deactivate()
    m.cost.set_value(pyo.sqrt(m.x - 3))
    refused(m, RIGHT, "leader: the objective")
    m.cost.set_value(m.x)
    m.f.miss.set_value(m.f.y / (m.x - 2.5) + pyo.log(m.f.y))
    refused(m, RIGHT, "f: ")


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e9, -1e9])
@pytest.mark.parametrize("source", ["constant", "leader"])
def test_a_large_constant_hides_no_gap(offset, source):
    """What the follower cannot move says nothing about how good its answer is."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10))
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(0, 1000))
    m.f.cost = pyo.Objective(expr=m.f.y + offset * (1 if source == "constant" else m.x))
    m.goal = pyo.Objective(expr=m.x - m.f.y)
    assert verify(m, {"x": 1, "f.y": 0}).passed
    refused(m, {"x": 1, "f.y": 500})
    refused(m, {"x": 1, "f.y": 1e-2})


# Mutations ------------------------------------------------------------------------------------------------------------

MUTATED = [
    "bard_falk_1982_ex1", "bard_falk_1982_ex2", "anandalingam_white_1990", "bard_1984_ex1", "bard_1988_ex2", "outrata_cervinka_2009",
    "floudas_1999_joint_rows", "nested_blocks", "harker_1991",
]  # fmt: skip
CHANGES = {
    "+0.01": lambda v: v + 0.01,
    "-0.01": lambda v: v - 0.01,
    "+0.001": lambda v: v + 0.001,
    "*1.01": lambda v: v * 1.01,
    "*0.999": lambda v: v * 0.999,
    "+1": lambda v: v + 1,
    "-1": lambda v: v - 1,
    "negated": lambda v: -v,
}


@pytest.mark.parametrize("name", MUTATED)
def test_mutations_of_a_right_answer(name):
    """Every value moved in every way: where the result is no longer bilevel-feasible, the certificate objects."""
    problem = PROBLEMS[name]
    point = solve(problem.build()).point
    m = problem.build()
    assert verify(m, point).passed and distance(problem.build, point) < 1e-6
    objections = 0
    for moved, value in point.items():
        for change, apply in list(CHANGES.items())[:: 1 if len(point) <= 5 else 2]:
            if apply(value) == value:
                continue
            mutant = {**point, moved: apply(value)}
            far = distance(problem.build, mutant)
            if far > 1e-4:
                assert not verify(m, mutant).passed, f"{moved} {change}: {far}"
                objections += 1
            elif far < 1e-9:
                assert verify(m, mutant).passed, f"{moved} {change}: {verify(m, mutant).reasons}"
    names = list(point)
    for first, second in zip(names, names[1:], strict=False):
        swapped = {**point, first: point[second], second: point[first]}
        if distance(problem.build, swapped) > 1e-4:
            assert not verify(m, swapped).passed, f"{first} and {second} swapped"
            objections += 1
    assert objections >= 3


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_multipliers_the_leader_reads_are_checked(sense):
    m = market(sense)
    right = {"price": 2.0 if sense == pyo.minimize else -2.0, "f.g": 5.0}
    assert verify(m, right).passed
    for change in CHANGES.values():
        refused(m, {**right, "price": change(right["price"])})
    refused(m, {**right, "price": 0.0})


def test_a_degenerate_followers_multiplier_may_be_any_in_its_range():
    """Demand 5 met exactly by a plant of 5 at cost 2; the next costs 4: any price from 2 to 4 is a multiplier."""
    m = pyo.ConcreteModel()
    m.price = pyo.Var()
    m.f = pyo.Block()
    m.f.g = pyo.Var((1, 2), bounds=lambda b, i: (0, {1: 5, 2: 9}[i]))
    m.f.cost = pyo.Objective(expr=2 * m.f.g[1] + 4 * m.f.g[2])
    m.f.balance = pyo.Constraint(expr=m.f.g[1] + m.f.g[2] == 5)
    m.multiplier_of = pyo.Suffix(initialize=[(m.price, m.f.balance)])
    m.goal = pyo.Objective(expr=m.price)
    for price, holds in ((1.9, False), (2, True), (3, True), (4, True), (4.1, False)):
        assert verify(m, {"price": price, "f.g[1]": 5, "f.g[2]": 0}).passed is holds, price


# Followers that are no plain case --------------------------------------------------------------------------------------


def test_ties_are_told_and_priced():
    """The follower is indifferent along y1 + y2 = 1; the leader hopes for y1 = 1 and may get y1 = 0."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = pyo.Block()
    m.f.y = pyo.Var((1, 2), bounds=(0, 1))
    m.f.cost = pyo.Objective(expr=m.f.y[1] + m.f.y[2])
    m.f.row = pyo.Constraint(expr=m.f.y[1] + m.f.y[2] >= 1)
    m.goal = pyo.Objective(expr=m.x + 3 * m.f.y[2])
    certificate = verify(m, {"x": 0, "f.y[1]": 1, "f.y[2]": 0})
    assert certificate.passed and certificate.followers["f"].unique is False
    assert certificate.optimistic_gap == pytest.approx(3) and any("several best answers" in note for note in certificate.notes)
    m.f.cost.set_value(m.f.y[1] + 2 * m.f.y[2])
    certificate = verify(m, {"x": 0, "f.y[1]": 1, "f.y[2]": 0})
    assert certificate.followers["f"].unique is True and certificate.optimistic_gap == 0


def test_ties_of_a_maximising_leader_and_a_singular_quadratic_follower():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = pyo.Block()
    m.f.y = pyo.Var((1, 2), bounds=(0, 4))
    m.f.cost = pyo.Objective(expr=-((m.f.y[1] + m.f.y[2] - 4) ** 2), sense=pyo.maximize)
    m.goal = pyo.Objective(expr=2 * m.f.y[1] - m.x, sense=pyo.maximize)
    certificate = verify(m, {"x": 0, "f.y[1]": 4, "f.y[2]": 0})
    assert certificate.passed and certificate.followers["f"].unique is False
    assert certificate.optimistic_gap == pytest.approx(8, abs=1e-3)


def test_an_unbounded_follower_has_no_answer():
    m = tracking()
    m.f.miss.set_value(-m.f.y)
    m.f.y.setub(None)
    refused(m, {"x": 1, "f.y": 7}, "unbounded")


def test_a_follower_without_a_feasible_point():
    m = tracking()
    m.f.row = pyo.Constraint(expr=m.f.y >= m.x + 20)
    refused(m, RIGHT, "f.row")


def test_where_no_constraint_qualification_holds_the_certificate_says_so():
    """min y s.t. y² ≤ 0: y = 0 is the only answer, and no multiplier exists there."""
    m = tracking()
    m.f.y.setlb(-5)
    m.f.miss.set_value(m.f.y + m.x)
    m.f.row = pyo.Constraint(expr=m.f.y**2 <= 0)
    certificate = verify(m, {"x": 2, "f.y": 0.0})
    assert certificate.passed and any("constraint qualification" in note for note in certificate.notes)
    refused(m, {"x": 2, "f.y": 0.1})
    refused(m, {"x": 2, "f.y": -0.1})


def test_a_nonconvex_follower_is_solved_again_globally():
    """min (y² − 1)² + y/5 has a local answer near 1 and its best one near −1."""
    m = tracking()
    m.f.y.setlb(-2)
    m.f.y.setub(2)
    m.f.miss.set_value((m.f.y**2 - 1) ** 2 + m.f.y / 5 + 0 * m.x)
    best, local = min((round(s * 1e-6, 6) for s in range(-1_100_000, -900_000, 1)), key=lambda y: (y * y - 1) ** 2 + y / 5), 0.9739
    certificate = refused(m, {"x": 0, "f.y": local}, "could improve")
    assert certificate.followers["f"].convexity != "proved"
    certificate = verify(m, {"x": 0, "f.y": best})
    assert certificate.passed and any("globally by SCIP" in note for note in certificate.notes)


def test_nash_followers_are_each_judged_at_the_others_decisions():
    problem = PROBLEMS["stackelberg_cournot"]
    m, right = problem.build(), problem.point
    assert verify(m, right).passed
    cartel = {**right, **{f"follower[{i}].q": 7.5 for i in (1, 2, 3)}}
    certificate = refused(m, cartel, "follower[1]", "follower[2]", "follower[3]")
    assert all(check.gap > 1e-3 for check in certificate.followers.values())


def test_players_without_a_leader_are_judged_alike():
    m = tracking()
    m.cost.deactivate()
    m.x.fix(3)
    assert verify(m, {"f.y": 3}).passed
    refused(m, {"f.y": 4}, "could improve")


def test_tolerance_is_the_callers():
    m = tracking()
    near = {"x": 2.5, "f.y": 2.51}
    assert not verify(m, near).passed and verify(m, near, tolerance=1e-1).passed
    assert verify(m, near, tolerance=1e-1).tolerance == 1e-1


def test_verdicts_may_be_handed_over():
    m = tracking()
    verdicts = judge_all(read(m))
    assert verify(m, RIGHT, verdicts=verdicts) == verify(m, RIGHT)
