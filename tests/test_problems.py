"""The recorded problems are what they say, checked without the engine."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from oracle import brute_force
from problems import PROBLEMS, rows
from pyomo.core.expr.visitor import identify_variables
from pyomo.repn import generate_standard_repn
from second_opinion import Looked

EVERY = list(PROBLEMS.values())
WITH_POINT = [p for p in EVERY if p.point]
POLYHEDRAL = [p for p in EVERY if p.convex and "NLP" not in p.kind]
GRIDDED = [p for p in EVERY if p not in POLYHEDRAL and len(p.x) < 2 and "nash" not in p.tags]
TOLERANCE = 1e-5


def close(a, b):
    return a == pytest.approx(b, rel=TOLERANCE, abs=TOLERANCE)


def test_there_are_eighty_published_ones():
    assert sum(not p.source.startswith("closed form") for p in EVERY) >= 80


@pytest.mark.parametrize("problem", EVERY, ids=str)
def test_facts_fit_together(problem):
    assert (problem.leader is None) == (problem.termination in ("infeasible", "unbounded"))
    assert bool(problem.point) == (problem.termination == "optimal")
    assert problem.convex or not problem.exact or "pseudolinear" in problem.tags


@pytest.mark.parametrize("problem", EVERY, ids=str)
def test_kind_is_true(problem):
    model = problem.build()
    objectives = list(model.component_data_objects(pyo.Objective, active=True))
    blocks = [o.parent_block() for o in objectives if o.parent_block() is not model]
    theirs = [o for o in objectives if o.parent_block() is not model]
    theirs += [c for b in blocks for c in b.component_data_objects(pyo.Constraint, active=True)]
    inside = {id(c) for c in theirs}
    own = [o for o in objectives if id(o) not in inside]
    own += [c for c in model.component_data_objects(pyo.Constraint, active=True) if id(c) not in inside]
    decided = {id(v) for b in blocks for v in b.component_data_objects(pyo.Var)}
    integers = {
        side: any(not v.is_continuous() for v in model.component_data_objects(pyo.Var) if (id(v) in decided) == side)
        for side in (False, True)
    }
    assert problem.kind == f"{_class_of(own, integers[False])}-{_class_of(theirs, integers[True])}"


def _class_of(components, integers):
    degree = 1
    for component in components:
        objective = component.ctype is pyo.Objective
        repn = generate_standard_repn(component.expr if objective else component.body, quadratic=True)
        if repn.nonlinear_expr is not None or (repn.quadratic_vars and not objective):
            degree = 3
        elif repn.quadratic_vars:
            degree = max(degree, 2)
    return ("MI" if integers else "") + {1: "LP", 2: "QP", 3: "NLP"}[degree]


@pytest.mark.parametrize("problem", EVERY, ids=str)
def test_coupling_tag_is_true(problem):
    model = problem.build()
    blocks = [o.parent_block() for o in model.component_data_objects(pyo.Objective) if o.parent_block() is not model]
    theirs = {id(v) for b in blocks for v in b.component_data_objects(pyo.Var)}
    rows_ = [c for c in model.component_data_objects(pyo.Constraint, descend_into=False)]
    held = {id(v) for c in rows_ for v in identify_variables(c.body)}
    assert ("coupling" in problem.tags) == bool(held & theirs)


@pytest.mark.parametrize("problem", [p for p in EVERY if p.kind.split("-")[0] in ("QP", "MIQP")], ids=str)
def test_nonconvex_leader_tag_is_true(problem):
    looked = Looked(problem.build())
    unit, zero = np.eye(len(looked.names)), np.zeros(len(looked.names))
    at = looked.leader
    hessian = [[at(a + b) - at(a) - at(b) + at(zero) for a in unit] for b in unit]  # exact: it is quadratic
    least = np.linalg.eigvalsh(looked.sign * np.array(hessian)).min()
    assert ("nonconvex-leader" in problem.tags) == (least < -1e-9)


@pytest.mark.parametrize("problem", WITH_POINT, ids=str)
def test_point_is_feasible_and_has_the_recorded_values(problem):
    looked = Looked(problem.build())
    values = looked.vector(problem.point)
    assert looked.violation(values) < TOLERANCE
    assert close(looked.leader(values), problem.leader)
    recorded = problem.follower if isinstance(problem.follower, dict) else {looked.followers[0].name: problem.follower}
    assert {player.name for player in looked.followers} == set(recorded)
    for player in looked.followers:
        assert close(player.value(values), recorded[player.name])


@pytest.mark.parametrize("problem", WITH_POINT, ids=str)
def test_no_follower_has_a_better_answer(problem):
    looked = Looked(problem.build())
    values = looked.vector(problem.point)
    for player in looked.followers:
        best, _ = player.best(values, starts=2 if problem.convex else 8)
        assert player.sign * (player.value(values) - best) < TOLERANCE * max(1, abs(best))


@pytest.mark.parametrize("problem", POLYHEDRAL, ids=str)
def test_enumeration_finds_the_recorded_optimum(problem):
    answer = brute_force(problem.build())
    assert answer.termination == problem.termination
    if problem.leader is not None:
        assert close(answer.leader, problem.leader)
        if problem.unique:
            assert answer.point == pytest.approx(
                {name: problem.point[name] for name in answer.point}, rel=1e-4, abs=1e-4
            )


@pytest.mark.parametrize("problem", [p for p in WITH_POINT if "multiplier" in p.tags], ids=str)
def test_recorded_prices_are_multipliers(problem):
    """With every variable pinned by rows of the leader, only the multipliers are left to find."""
    model = problem.build()
    model.pin = rows(*(model.find_component(name) == value for name, value in problem.point.items()))
    assert close(brute_force(model).leader, problem.leader)


@pytest.mark.parametrize("problem", GRIDDED, ids=str)
def test_no_leader_decision_on_a_grid_is_better(problem):
    looked = Looked(problem.build())
    (player,) = looked.followers
    values = looked.vector(problem.point)
    for decision in looked.leader_grid({0: 1, 1: 13, 2: 4}[len(looked.decides)]):
        values[looked.decides] = decision
        found = player.best(values, starts=2 if problem.convex else 6)
        if found is not None and np.isfinite(found[0]) and looked.leader_rows.violation(found[1]) < 1e-9:
            assert looked.sign * (looked.leader(found[1]) - problem.leader) > -TOLERANCE * max(1, abs(problem.leader))


@pytest.mark.parametrize("problem", [p for p in EVERY if "nash" in p.tags and "NLP" in p.kind], ids=str)
@pytest.mark.parametrize("share", [0.5, 0.95, 1.05])
def test_no_other_quantity_of_the_leader_is_better(problem, share):
    """The followers' equilibrium at another decision of the leader, by best responses in turn."""
    looked = Looked(problem.build())
    values = looked.vector(problem.point)
    values[looked.decides] *= share
    for _ in range(25):
        before = values
        for player in looked.followers:
            values = player.best(values, starts=1)[1]
    assert np.abs(values - before).max() < 1e-3
    assert looked.violation(values) > 0 or looked.sign * (looked.leader(values) - problem.leader) > 0
