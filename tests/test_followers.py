"""Who decides what: read from every shape a model may have, or refused by name."""

from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest
from builders import snapshot, tracking
from pyomo.gdp import Disjunct
from pyomo.mpec import Complementarity, complements

from bilevel_dr import ModelError
from bilevel_dr.followers import read

NAN, INF = math.nan, math.inf


def names(data):
    return [item.name for item in data]


def only(model):
    (follower,) = read(model).followers
    return follower


def test_leader_and_follower():
    m = tracking()
    m.coupling = pyo.Constraint(expr=m.x + m.f.y <= 12)
    m.f.row = pyo.Constraint(expr=m.f.y <= m.x + 1)
    program = read(m)
    assert program.leader is m.cost and names(program.leader_variables) == ["x"]
    assert names(program.leader_constraints) == ["coupling"]
    follower = program.followers[0]
    assert (follower.name, follower.sign) == ("f", 1)
    assert names(follower.variables) == ["f.y"] and names(follower.constraints) == ["f.row"] and names(follower.others) == ["x"]
    assert not program.coupled


def test_maximising_follower_has_sign_minus_one():
    m = tracking()
    m.f.miss.sense = pyo.maximize
    assert only(m).sign == -1


def test_sub_blocks_belong_to_their_follower():
    m = tracking()
    m.f.part = pyo.Block((1, 2))
    for b in m.f.part.values():
        b.z = pyo.Var(bounds=(0, 1))
        b.row = pyo.Constraint(expr=b.z <= m.f.y)
    m.f.part[2].row.deactivate()
    m.f.off = pyo.Block()
    m.f.off.row = pyo.Constraint(expr=m.f.y >= 3)
    m.f.off.deactivate()
    follower = only(m)
    assert names(follower.variables) == ["f.y", "f.part[1].z", "f.part[2].z"]
    assert names(follower.constraints) == ["f.part[1].row"]


def test_indexed_and_nested_followers():
    m = tracking()
    m.region = pyo.Block(("north",))
    m.region["north"].limit = pyo.Constraint(expr=m.x <= 9)

    @m.region["north"].Block((1, 2))
    def user(b, i):
        b.z = pyo.Var((1, 2), bounds=(0, i))
        b.cost = pyo.Objective(expr=sum(b.z[j] ** 2 for j in b.z) - m.x * b.z[1])

    program = read(m)
    assert names(program.followers) == ["f", "region[north].user[1]", "region[north].user[2]"]
    assert names(program.leader_constraints) == ["region[north].limit"]
    m.region["north"].user[1].cost.deactivate()
    program = read(m)
    assert len(program.followers) == 2
    assert names(program.leader_variables) == ["x", "region[north].user[1].z[1]", "region[north].user[1].z[2]"]


def test_a_reference_is_not_a_declaration():
    m = tracking()
    m.z = pyo.Var((1, 2), bounds=(0, 1))
    m.f.seen = pyo.Reference(m.z[:])
    m.f.miss.set_value((m.f.y - m.x - m.f.seen[1]) ** 2)
    program = read(m)
    assert names(program.leader_variables) == ["x", "z[1]", "z[2]"]
    assert names(program.followers[0].variables) == ["f.y"] and set(names(program.followers[0].others)) == {"x", "z[1]"}
    assert len(program.variables) == 4


def test_fixed_variables_are_data():
    m = tracking()
    m.f.z = pyo.Var(domain=pyo.Integers)
    m.f.z.fix(2)
    m.x.fix(1.0)
    m.f.row = pyo.Constraint(expr=m.f.y <= m.f.z * m.x)
    program = read(m)
    assert program.leader_variables == () and program.followers[0].others == ()
    assert names(program.followers[0].variables) == ["f.y"]


def test_rows_of_a_follower_that_hold_no_variable_of_its_own_stay_its_rows():
    m = tracking()
    m.f.only_leader = pyo.Constraint(expr=m.x <= 7)
    m.f.constant = pyo.Constraint(expr=0 * m.f.y + 1 <= 2)
    m.f.none = pyo.Constraint([], rule=lambda b, i: b.y <= i)
    m.f.skipped = pyo.Constraint((1, 2), rule=lambda b, i: pyo.Constraint.Skip if i == 1 else b.y <= i)
    m.f.off = pyo.Constraint(expr=m.f.y <= 1)
    m.f.off.deactivate()
    assert names(only(m).constraints) == ["f.only_leader", "f.constant", "f.skipped[2]"]


def test_followers_without_leader_variables_and_with_unattached_ones():
    m = tracking()
    m.f.miss.set_value(m.f.y)
    m.f.z = pyo.Var()
    follower = only(m)
    assert follower.others == () and names(follower.variables) == ["f.y", "f.z"]


def test_coupled_when_one_follower_sees_another():
    m = tracking()
    m.g = pyo.Block()
    m.g.z = pyo.Var(bounds=(0, 1))
    m.g.cost = pyo.Objective(expr=m.g.z * m.x)
    assert not read(m).coupled
    m.g.row = pyo.Constraint(expr=m.g.z <= m.f.y)
    assert read(m).coupled
    m.f.y.fix(1)
    assert not read(m).coupled


def test_players_without_a_leader():
    m = tracking()
    m.cost.deactivate()
    assert read(m).leader is None


def test_reading_changes_nothing():
    m = tracking()
    before = snapshot(m)
    read(m)
    assert snapshot(m) == before


def test_absolute_values_of_data_are_no_obstacle():
    m = tracking()
    m.f.miss.set_value((m.f.y - abs(m.x - 5)) ** 2)
    assert names(only(m).others) == ["x"]
    m.f.z = pyo.Var()
    m.f.z.fix(-2)
    m.f.miss.set_value(abs(m.f.z) * m.f.y)
    assert only(m).others == ()


# What is refused ------------------------------------------------------------------------------------------------------


def _integer(m):
    m.f.n = pyo.Var((1, 2), domain=pyo.Binary)
    m.f.n[1].fix(0)


def _two_objectives(m):
    m.f.second = pyo.Objective(expr=m.f.y)


def _two_leader_objectives(m):
    m.second = pyo.Objective(expr=m.x)


def _no_follower(m):
    m.f.miss.deactivate()


def _deactivated_follower(m):
    m.f.deactivate()


def _follower_in_follower(m):
    m.f.area = pyo.Block()
    m.f.area.g = pyo.Block()
    m.f.area.g.z = pyo.Var()
    m.f.area.g.cost = pyo.Objective(expr=m.f.area.g.z**2)


def _objective_on_a_sub_block(m):
    m.f.part = pyo.Block()
    m.f.part.cost = pyo.Objective(expr=m.f.y)


def _decides_nothing(m):
    m.g = pyo.Block()
    m.g.cost = pyo.Objective(expr=m.x)


def _only_a_reference(m):
    m.g = pyo.Block()
    m.g.z = pyo.Reference(m.x)
    m.g.cost = pyo.Objective(expr=m.g.z[None])


def _absolute_value(m):
    m.f.miss.set_value(abs(m.f.y - m.x))


def _expr_if(m):
    m.f.row = pyo.Constraint(expr=pyo.Expr_if(m.f.y >= 2, m.f.y, 2) <= 3)


def _in_a_named_expression(m):
    m.f.part = pyo.Expression(expr=pyo.ceil(m.f.y))
    m.f.miss.set_value(m.f.part)


def _without_derivative(m):
    m.f.miss.set_value((pyo.tanh(m.f.y) - m.x) ** 2)


def _ghost(m):
    other = pyo.ConcreteModel()
    other.ghost = pyo.Var()
    m.f.row = pyo.Constraint(expr=m.f.y <= other.ghost)


def _ghost_of_the_leader(m):
    other = pyo.ConcreteModel()
    other.ghost = pyo.Var()
    m.cost.set_value(m.x + other.ghost)


def _sos(m):
    m.f.pick = pyo.Var((1, 2), bounds=(0, 1))
    m.f.set = pyo.SOSConstraint(var=m.f.pick, sos=1)


def _complementarity(m):
    m.f.pair = Complementarity(expr=complements(m.f.y >= 0, m.x >= 0))


def _disjunct(m):
    m.f.case = Disjunct()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_integer, r"f\.n\[2\]: an integer"),
        (_two_objectives, "f: two active objectives, miss and second"),
        (_two_leader_objectives, r"tracking: 2 active leader objectives \(cost, second\)"),
        (_no_follower, "tracking: no follower"),
        (_deactivated_follower, "tracking: no follower"),
        (_follower_in_follower, r"f\.area\.g: a follower inside the follower f"),
        (_objective_on_a_sub_block, r"f\.part: a follower inside"),
        (_decides_nothing, "g: a follower that decides nothing"),
        (_only_a_reference, "g: a follower that decides nothing"),
        (_absolute_value, r"f\.miss: abs"),
        (_expr_if, r"f\.row: Expr_if"),
        (_in_a_named_expression, r"f\.miss: ceil"),
        (_without_derivative, r"f\.miss: tanh"),
        (_ghost, r"f\.row: variable ghost"),
        (_ghost_of_the_leader, "cost: variable ghost"),
        (_sos, r"f\.set: a SOSConstraint"),
        (_complementarity, r"f\.pair: a Complementarity"),
        (_disjunct, r"f\.case: a Disjunct"),
    ],
)
def test_structure_refused_by_name(change, named):
    m = tracking()
    change(m)
    with pytest.raises(ModelError, match=named):
        read(m)


@pytest.mark.parametrize("wrong", [None, 42, "model.py"])
def test_what_is_no_model_is_refused(wrong):
    with pytest.raises(ModelError, match=type(wrong).__name__):
        read(wrong)


def test_abstract_model_is_refused_with_the_remedy():
    with pytest.raises(ModelError, match="load"):
        read(pyo.AbstractModel("plan"))


BAD_NUMBERS = {
    "coefficient": (lambda m, p: m.f.miss.set_value(p * m.f.y), r"f\.miss"),
    "inside a sum": (lambda m, p: m.f.miss.set_value((m.f.y - m.x) ** 2 + (p + 1) * m.f.y), r"f\.miss"),
    "leader's objective": (lambda m, p: m.cost.set_value(p * m.x), "cost"),
    "leader's row": (lambda m, p: setattr(m, "row", pyo.Constraint(expr=p * m.x + m.f.y <= 1)), "row"),
    "exponent": (lambda m, p: m.f.miss.set_value(m.f.y**p), r"f\.miss"),
    "coefficient of a fixed variable": (lambda m, p: (m.x.fix(0.0), m.cost.set_value(p * m.x + m.f.y)), "cost"),
}


@pytest.mark.parametrize("number", [NAN, INF, -INF])
@pytest.mark.parametrize("mutable", [True, False])
@pytest.mark.parametrize("place", BAD_NUMBERS)
def test_numbers_that_are_not_finite_are_refused(place, mutable, number):
    """Trap 9: HiGHS calls a NaN coefficient optimal."""
    m = tracking()
    m.p = pyo.Param(initialize=number, mutable=mutable, within=pyo.Any)
    change, named = BAD_NUMBERS[place]
    change(m, m.p)
    with pytest.raises(ModelError, match=rf"^{named}: "):
        read(m)


@pytest.mark.parametrize(
    "make", [lambda p: 1 / p, lambda p: pyo.log(p - 2), lambda p: (p - 1) ** 0.5, lambda p: 1e308 * (p + 10) * 10, lambda p: pyo.exp(p + 1000)]
)
def test_data_that_have_no_value_together_are_refused(make):
    m = tracking()
    m.p = pyo.Param(initialize=0.0, mutable=True)
    m.f.miss.set_value(make(m.p) * m.f.y)
    with pytest.raises(ModelError, match=r"^f\.miss: "):
        read(m)


@pytest.mark.parametrize("number", [NAN, "the other infinity"])
@pytest.mark.parametrize("side", ["lower", "upper"])
@pytest.mark.parametrize("owner", ["x", "f.y", "row", "f.row"])
def test_bounds_that_are_no_bounds_are_refused(owner, side, number):
    m = tracking()
    number = number if number is NAN else (INF if side == "lower" else -INF)
    if owner in ("x", "f.y"):
        variable = m.find_component(owner)
        variable.domain = pyo.NonNegativeReals
        variable.setlb(number) if side == "lower" else variable.setub(number)
    else:
        block = m.f if owner == "f.row" else m
        block.row = pyo.Constraint(expr=(number, m.f.y, None) if side == "lower" else (None, m.f.y, number))
    with pytest.raises(ModelError, match=rf"^{owner}: .*{side}"):
        read(m)


def test_an_infinite_bound_on_its_own_side_is_no_bound():
    m = tracking()
    m.f.y.setub(INF)
    m.f.row = pyo.Constraint(expr=(-INF, m.f.y + m.x, INF))
    assert names(only(m).constraints) == ["f.row"]


def test_values_that_are_missing_are_named():
    m = tracking()
    m.p = pyo.Param((1, 2), mutable=True)
    m.f.miss.set_value(m.p[2] * m.f.y)
    with pytest.raises(ModelError, match=r"p\[2\]"):
        read(m)
    m = tracking()
    m.x.fixed = True
    with pytest.raises(ModelError, match="x"):
        read(m)
