"""Each reformulation as a Pyomo transformation: same optimum, beside Pyomo's own chains, on bilevel and on plain MPEC models."""

from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest
from builders import snapshot, tracking
from problems import PROBLEMS
from pyomo.mpec import Complementarity, complements

from bilevel_dr import ModelError
from bilevel_dr.reformulate import REFORMULATIONS
from bilevel_dr.solvers.nl import Nlp, solve_scip
from bilevel_dr.solving import solve

BY_SCIP = ["sos1", "indicator", "strong_duality", "product", "scholtes"]
LOCAL = ["scholtes", "product", "fischer_burmeister", "penalty", "strong_duality"]
BILEVEL = ["bard_falk_1982_ex1", "bard_1984_ex1", "bard_1988_ex2", "allende_still_2013_ex31"]


def chain(m, *names, **options):
    for name in names[:-1]:
        pyo.TransformationFactory(name).apply_to(m)
    pyo.TransformationFactory(names[-1]).apply_to(m, **options)
    return m


def pair_of(build):
    """min of an expression over 0 ≤ x ⟂ y ≥ 0, x, y ≤ 10."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10), initialize=0.1)
    m.y = pyo.Var(bounds=(0, 10), initialize=0.2)
    m.pair = Complementarity(expr=complements(m.x >= 0, m.y >= 0))
    m.goal = pyo.Objective(expr=build(m.x, m.y))
    return m


# name → (objective, optimum); the first six are MacMPEC's ralph2, kth1, kth2, kth3 and two of their kind
PLAIN = {
    "ralph2": (lambda x, y: x**2 + y**2 - 4 * x * y, 0),
    "kth1": (lambda x, y: x + y, 0),
    "kth2": (lambda x, y: x + (y - 1) ** 2, 0),
    "kth3": (lambda x, y: 0.5 * (x - 1) ** 2 + (y - 1) ** 2, 0.5),
    "far": (lambda x, y: (x - 3) ** 2 + 2 * (y - 2) ** 2, 8),
    "linear": (lambda x, y: -2 * x - y, -20),
}


def objective(m):
    (goal,) = m.component_data_objects(pyo.Objective, active=True)
    return pyo.value(goal)


@pytest.mark.parametrize("reformulation", ["sos1", "indicator", "big_m", "mixed", *BY_SCIP[2:]])
@pytest.mark.parametrize("name", PLAIN)
def test_a_users_mpec_without_followers_to_its_global_optimum(name, reformulation):
    build, optimum = PLAIN[name]
    m = chain(pair_of(build), f"bilevel_dr.{reformulation}")
    outcome = solve_scip(m)
    assert outcome.status == "optimal"
    outcome.load()
    assert objective(m) == pytest.approx(optimum, abs=2e-3 if reformulation in ("product", "scholtes", "strong_duality") else 1e-5)
    assert min(m.x.value, m.y.value) < 1e-3


@pytest.mark.parametrize("reformulation", LOCAL)
@pytest.mark.parametrize("name", PLAIN)
def test_a_users_mpec_locally(name, reformulation):
    """From near the optimum, every smooth form ends there: the rows are right, whatever the path."""
    build, optimum = PLAIN[name]
    m = pair_of(build)
    best = min(((x, 0) for x in (0, 1, 3, 10)), key=lambda p: build(*p))
    best = min([best, *((0, y) for y in (0, 1, 2, 10))], key=lambda p: build(*p))
    m.x.set_value(best[0] + 1e-3)
    m.y.set_value(best[1] + 1e-3)
    chain(m, f"bilevel_dr.{reformulation}")
    if reformulation == "penalty":
        m.mpec.penalty.weight.fix(100.0)
    outcome = Nlp(m).solve()
    outcome.load()
    assert pyo.value(build(m.x, m.y)) == pytest.approx(optimum, abs=1e-3)
    assert min(m.x.value, m.y.value) < 2e-4  # at the root of epsilon where both sides vanish


OTHER_FORMS = [(form, name) for form in ("double", "equality", "shifted", "upper") for name in ("sos1", "indicator", "big_m", "mixed")]


@pytest.mark.parametrize(("form", "reformulation"), [pair for pair in OTHER_FORMS if pair != ("double", "big_m")])
def test_other_forms_of_complementarity_to_their_optimum(form, reformulation):
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-5, 5))
    m.y = pyo.Var(bounds=(-5, 5))
    m.p = pyo.Param(initialize=3.0, mutable=True)
    relation, goal, optimum = {
        # x in [0, 3]: y ≥ 0 at 0, ≤ 0 at 3; wanting y = 5 and x = 3 means x = 0, y = 5
        "double": (complements(pyo.inequality(0, m.x, m.p), m.y), (m.x - 3) ** 2 + 4 * (m.y - 5) ** 2, 9),
        "equality": (complements(m.x == m.p, m.y >= 0), (m.x - 1) ** 2 + (m.y + 1) ** 2, 5),  # traps 2 and 3
        "shifted": (complements(m.x >= m.p, m.y >= 1), (m.x - 4) ** 2 + (m.y - 4) ** 2, 1),
        "upper": (complements(m.x <= 3, m.y >= 0), m.x**2 + (m.y - 2) ** 2, 4),
    }[form]
    m.pair = Complementarity(expr=relation)
    m.goal = pyo.Objective(expr=goal)
    chain(m, f"bilevel_dr.{reformulation}")
    outcome = solve_scip(m)
    outcome.load()
    assert pyo.value(m.goal) == pytest.approx(optimum, abs=1e-4)
    assert m.x.bounds == (-5, 5) and m.y.bounds == (-5, 5)


def test_big_m_without_a_bound_is_refused_by_name():
    """The two parts of a free function at a double-bounded variable have no bound that the model states."""
    m = pair_of(lambda x, y: x)
    m.pair.set_value(complements(pyo.inequality(0, m.x, 3), m.y))
    with pytest.raises(ModelError, match=r"pair\.lower: no finite M for its multiplier .*sos1"):
        chain(m, "bilevel_dr.big_m")


@pytest.mark.parametrize("reformulation", ["sos1", "indicator", "strong_duality"])
@pytest.mark.parametrize("name", BILEVEL[1:])
def test_chained_after_kkt(name, reformulation):
    problem = PROBLEMS[name]
    m = chain(problem.build(), "bilevel_dr.kkt", f"bilevel_dr.{reformulation}")
    assert not any(True for _ in m.component_data_objects(Complementarity, active=True, descend_into=True))
    outcome = solve_scip(m)
    outcome.load()
    assert objective(m) == pytest.approx(problem.leader, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", ["bard_falk_1982_ex1", "bard_1984_ex1", "allende_still_2013_ex31"])
def test_pyomos_disjunctions_with_bounds_given_find_the_same_optimum(name):
    """The standard chain needs bounds on every multiplier and slack, which are given here by hand: 100."""
    problem = PROBLEMS[name]
    m = problem.build()
    for v in m.component_data_objects(pyo.Var):
        v.setlb(-100 if v.lb is None else v.lb)
        v.setub(100 if v.ub is None else v.ub)
    before = solve(m, "sos1")
    chain(m, "bilevel_dr.kkt")
    for v in m.component_data_objects(pyo.Var):
        v.setlb(-100 if v.lb is None else v.lb)
        v.setub(100 if v.ub is None else v.ub)
    chain(m, "mpec.simple_disjunction", "gdp.bigm")
    pyo.SolverFactory("appsi_highs").solve(m)
    assert objective(m) == pytest.approx(problem.leader, abs=1e-5) == pytest.approx(before.leader_objective, abs=1e-5)


@pytest.mark.parametrize("name", BILEVEL)
def test_pyomos_products_agree_at_the_optimum(name):
    """``mpec.simple_nonlinear`` after our KKT system, started at the known optimum, stays there."""
    problem = PROBLEMS[name]
    solution = solve(problem.build(), "scholtes", starts=4)
    assert solution.leader_objective == pytest.approx(problem.leader, rel=1e-6, abs=1e-6)
    m = problem.build()
    chain(m, "bilevel_dr.kkt", "mpec.simple_nonlinear")
    for v, number in problem.point.items():
        m.find_component(v).set_value(number)
    outcome = Nlp(m).solve()
    outcome.load()
    assert objective(m) == pytest.approx(problem.leader, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("first", REFORMULATIONS)
def test_a_second_application_is_refused(first):
    m = chain(tracking(), "bilevel_dr.kkt", f"bilevel_dr.{first}")
    for second in (first, "sos1", "scholtes"):
        with pytest.raises(ModelError, match=f"mpec.{first}"):
            chain(m, f"bilevel_dr.{second}")


@pytest.mark.parametrize("name", REFORMULATIONS)
def test_without_complementarities_there_is_nothing_to_do(name):
    with pytest.raises(ModelError, match="bilevel_dr.kkt"):
        chain(tracking(), f"bilevel_dr.{name}")


def test_complementarities_added_later_take_another_reformulation():
    m = chain(tracking(), "bilevel_dr.kkt", "bilevel_dr.sos1")
    m.z = pyo.Var(bounds=(0, 10))
    m.late = Complementarity(expr=complements(m.z >= 1, m.x >= 2.6))
    chain(m, "bilevel_dr.indicator")
    outcome = solve_scip(m)
    outcome.load()
    assert m.x.value == pytest.approx(2.6, abs=1e-4)


def test_equalities_alone_leave_rows_and_no_pair():
    m = pair_of(lambda x, y: (x - 4) ** 2 + (y + 1) ** 2)
    m.pair.deactivate()
    m.equal = Complementarity(expr=complements(m.x == 3, m.y))
    chain(m, "bilevel_dr.sos1")
    outcome = solve_scip(m)
    outcome.load()
    assert objective(m) == pytest.approx(2, abs=1e-5)


@pytest.mark.parametrize("name", REFORMULATIONS)
def test_only_components_are_added(name):
    m = chain(tracking(), "bilevel_dr.kkt")
    _, flags, variables, expressions = snapshot(m)
    chain(m, f"bilevel_dr.{name}")
    _, flags_after, variables_after, expressions_after = snapshot(m)
    if name == "penalty":
        assert flags["cost"] and not flags_after["cost"]
        flags["cost"] = False
    assert {key: flags_after[key] for key in flags} == flags
    assert {key: variables_after[key] for key in variables} == variables
    assert {key: expressions_after[key] for key in expressions} == expressions


@pytest.mark.parametrize("maximise", [False, True])
def test_penalty_keeps_the_leaders_sense_in_view(maximise):
    m = pair_of(lambda x, y: (-1 if maximise else 1) * ((x - 3) ** 2 + 2 * (y - 2) ** 2))
    m.goal.sense = pyo.maximize if maximise else pyo.minimize
    chain(m, "bilevel_dr.penalty")
    m.mpec.penalty.weight.fix(100.0)
    m.x.set_value(0.0)
    m.y.set_value(2.0)
    outcome = Nlp(m).solve()
    outcome.load()
    assert abs(pyo.value(m.goal)) in (pytest.approx(8, abs=1e-5), pytest.approx(9, abs=1e-5))


def test_epsilon_and_weight_move_without_building_again():
    m = chain(pair_of(lambda x, y: -x - y), "bilevel_dr.scholtes", epsilon=4.0)
    nlp = Nlp(m, [m.mpec.scholtes.epsilon])
    for epsilon in (4.0, 1.0, 1e-4):
        outcome = nlp.solve(start=[2.0 if v is not m.mpec.scholtes.epsilon else epsilon for v in nlp.variables],
                            fixed=pyo.ComponentMap([(m.mpec.scholtes.epsilon, epsilon)]))
        outcome.load()
        assert m.x.value * m.y.value <= epsilon * 1.001 and -objective(m) >= 2 * math.sqrt(epsilon) * 0.999


def test_fischer_burmeister_has_the_product_it_says():
    m = chain(pair_of(lambda x, y: (x - 2) ** 2 + (y - 2) ** 2), "bilevel_dr.fischer_burmeister", epsilon=0.25)
    outcome = Nlp(m).solve()
    outcome.load()
    assert m.x.value * m.y.value == pytest.approx(0.25, abs=1e-6)


def test_a_fixed_side_and_a_constant_side():
    for reformulation in ("sos1", "indicator", "big_m", "scholtes", "strong_duality"):
        m = pair_of(lambda x, y: (x - 3) ** 2 + y)
        m.y.fix(2)
        chain(m, f"bilevel_dr.{reformulation}")
        outcome = solve_scip(m)
        outcome.load()
        assert m.x.value == pytest.approx(0, abs=1e-4), reformulation


def test_strange_indices_by_every_reformulation():
    keys = (1, "1", "a b", "c,d", "e]f", "g[1]", "h.i")
    for name in REFORMULATIONS:
        m = pyo.ConcreteModel()
        m.x = pyo.Var(keys, bounds=(0, 10))
        m.f = pyo.Block(keys)
        for k in keys:
            b = m.f[k]
            b.y = pyo.Var(keys, bounds=(0, 5))
            b.cost = pyo.Objective(expr=sum((b.y[j] - m.x[j]) ** 2 for j in keys))
            b.row = pyo.Constraint(keys, rule=lambda b, j: b.y[j] <= 4)
        m.cost = pyo.Objective(expr=sum(m.x[j] for j in keys))
        chain(m, "bilevel_dr.kkt", f"bilevel_dr.{name}")
        assert len(m.f["e]f"].kkt.stationarity) == len(keys)
