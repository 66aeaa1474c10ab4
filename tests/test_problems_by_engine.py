"""Every published problem by every reformulation that applies: the right value, or no claim to it."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from problems import PROBLEMS

from bilevel_dr import ModelError, solve, verify
from bilevel_dr.errors import SolverFailed
from bilevel_dr.reformulate import REFORMULATIONS

EXACT = {name: problem for name, problem in PROBLEMS.items() if problem.convex and problem.exact}
OTHERS = {name: problem for name, problem in PROBLEMS.items() if name not in EXACT}


def near(problem) -> float:
    """Relative distance that counts as the same: some followers are so flat that no gap in their objective tells more."""
    return (1e-3 if "flat" in problem.tags else 1e-4) * max(1.0, abs(problem.leader))


def is_right(problem, value) -> bool:
    return abs(value - problem.leader) <= near(problem)


def check(problem, solution) -> None:
    """No claim that is not so; whether the value is the right one is the caller's question."""
    if problem.termination == "unattained":  # a greatest lower bound that no point reaches
        assert solution.claim == "none" or is_right(problem, solution.leader_objective) or solution.claim != "global"
        return
    if problem.termination != "optimal":
        assert solution.claim != "global"
        assert problem.termination != "infeasible" or solution.claim == "none"
        return
    assert solution.termination not in ("infeasible", "unbounded")
    sign = 1 if _leader(problem).sense == pyo.minimize else -1
    if solution.best_bound is not None:
        assert sign * (solution.best_bound - problem.leader) <= near(problem), "a bound that cuts the optimum off"
    if solution.claim != "none":
        assert solution.certificate.passed
        assert sign * (solution.leader_objective - problem.leader) >= -near(problem), "better than the optimum"
    if solution.claim == "global":
        assert is_right(problem, solution.leader_objective), "claimed global"


def _leader(problem):
    return next(problem.build().component_objects(pyo.Objective, active=True, descend_into=False))


@pytest.mark.parametrize("name", EXACT)
def test_auto_finds_the_optimum(name):
    problem = EXACT[name]
    solution = solve(problem.build(), time_limit=5)
    check(problem, solution)
    if problem.termination == "optimal":
        assert solution.claim != "none" and is_right(problem, solution.leader_objective), solution
    else:
        assert solution.termination == problem.termination


@pytest.mark.parametrize("name", [name for name, problem in EXACT.items() if problem.termination == "optimal"])
def test_the_recorded_optimum_passes_its_certificate(name):
    problem = EXACT[name]
    certificate = verify(problem.build(), problem.point, tolerance=1e-4)  # points are recorded to a few digits
    assert certificate.passed, certificate.reasons


@pytest.mark.parametrize("name", OTHERS)
def test_others_are_refused_or_claimed_with_care(name):
    """Followers that are not convex, or whose KKT system is not exact: never better than the truth, never "global" and wrong."""
    problem = OTHERS[name]
    try:
        solution = solve(problem.build(), time_limit=3)
    except ModelError as error:
        assert "not convex" in str(error) or "integer follower" in str(error)
        return
    check(problem, solution)


def route(problem, reformulation, **how):
    try:
        solution = solve(problem.build(), reformulation, **how)
    except (ModelError, SolverFailed):
        return None  # no finite M, a set for a local route, a row the solver does not take: said by name
    check(problem, solution)
    return solution


QUICK = [name for name in EXACT if len(list(EXACT[name].build().component_data_objects(pyo.Var))) <= 4][::10]


@pytest.mark.parametrize("reformulation", REFORMULATIONS)
def test_some_by_every_reformulation(reformulation):
    """A few of the small ones, each in one call of every route; global routes must reach the optimum where they take it."""
    wrong = []
    for name in QUICK:
        solution = route(EXACT[name], reformulation, starts=2, time_limit=3)
        if solution is not None and solution.claim == "global" and not is_right(EXACT[name], solution.leader_objective):
            wrong.append(name)
    assert not wrong


@pytest.mark.long
@pytest.mark.parametrize("reformulation", REFORMULATIONS)
@pytest.mark.parametrize("name", EXACT)
def test_all_by_every_reformulation(name, reformulation):
    solution = route(EXACT[name], reformulation, time_limit=60)
    if solution is not None and EXACT[name].termination == "optimal" and solution.claim == "global":
        assert is_right(EXACT[name], solution.leader_objective)


@pytest.mark.long
@pytest.mark.parametrize("solver", ["uno", "casadi-ipopt"])
@pytest.mark.parametrize("name", EXACT)
def test_all_by_local_solvers(name, solver):
    solution = route(EXACT[name], "scholtes", solver=solver, time_limit=60)
    assert solution is None or solution.claim in ("local", "stationary", "none")
