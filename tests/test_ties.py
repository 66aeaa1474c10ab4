"""Whether a best answer is the only one, and what the leader loses where it is not."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo
import pytest
import scipy.sparse as sp

import bilevel_dr as bdr
from bilevel_dr.arrays import QuadraticForm
from bilevel_dr.ties import is_unique


def form(c, Q=None, A=None, high=(), upper=(1.0, 1.0)):
    A = np.zeros((0, 2)) if A is None else np.asarray(A, float)
    Q = np.zeros((2, 2)) if Q is None else np.asarray(Q, float)
    low = np.full(len(A), -np.inf)
    return QuadraticForm(
        np.array(c, float), sp.csc_array(Q), 0.0, sp.csr_array(A), low, np.array(high, float),
        np.zeros(2), np.array(upper, float), np.zeros(2, bool),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("problem", "unique"),
    [
        (form([1, 1]), True),
        (form([1, 0]), False),
        (form([-1, -1], A=[[1, 1]], high=[1]), False),
        (form([-1, -2], A=[[1, 1]], high=[1]), True),
        (form([0, 0], Q=[[2, 0], [0, 2]]), True),
        (form([-1, -1], Q=[[1, 1], [1, 1]]), False),  # flat along (1, -1)
        (form([-1, 0], Q=[[1, 0], [0, 0]]), False),
        (form([-1, 1], Q=[[1, 0], [0, 0]]), True),
        (form([1, 0], upper=(1, math.inf)), False),  # best answers without end
    ],
)
def test_uniqueness(problem, unique):
    answer = problem.minimise()
    assert answer.status == "optimal" and is_unique(problem, answer.x) is unique


def indifferent(sense=pyo.minimize, leader=1.0):
    """The follower does not care where on y1 + y2 = 1 it is; the leader wants y1 small (or large)."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 1))
    model.f = pyo.Block()
    model.f.y = pyo.Var([1, 2], bounds=(0, 1))
    model.f.sum = pyo.Constraint(expr=model.f.y[1] + model.f.y[2] >= 1)
    model.f.cost = pyo.Objective(expr=model.f.y[1] + model.f.y[2])
    model.goal = pyo.Objective(expr=leader * model.f.y[1] + model.x, sense=sense)
    return model


@pytest.mark.parametrize(("sense", "leader", "value"), [(pyo.minimize, 1.0, 0.0), (pyo.maximize, -2.0, 1.0), (pyo.minimize, 5.0, 0.0)])
def test_the_optimistic_gap_is_what_the_worst_tie_costs(sense, leader, value):
    model = indifferent(sense, leader)
    solution = bdr.solve(model)
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(value, abs=1e-8)
    assert solution.certificate.optimistic_gap == pytest.approx(abs(leader), abs=1e-6)
    assert solution.certificate.followers["f"].unique is False


def test_no_gap_where_the_leader_is_indifferent_too():
    solution = bdr.solve(indifferent(leader=0.0))
    assert solution.certificate.optimistic_gap == pytest.approx(0.0, abs=1e-9)


def test_the_gap_is_unknown_for_a_leader_that_is_not_linear_in_the_answers():
    model = indifferent()
    model.goal.set_value((model.f.y[1] - 0.3) ** 2 + model.x)
    solution = bdr.solve(model)
    assert solution.certificate.passed and solution.certificate.optimistic_gap is None
