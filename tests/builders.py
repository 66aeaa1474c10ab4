"""Small models that many tests start from, and what they compare with."""

from __future__ import annotations

import math

import pyomo.environ as pyo
from oracle import brute_force

from bilevel_dr.followers import declared_variables, read


def tracking(**leader):
    """A follower copies the leader's x: min (y − x)², both in [0, 10]; the leader wants (x − 3)² + y, so x = y = 2.5."""
    m = pyo.ConcreteModel("tracking")
    m.x = pyo.Var(**{"bounds": (0, 10), **leader})
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(0, 10))
    m.f.miss = pyo.Objective(expr=(m.f.y - m.x) ** 2)
    m.cost = pyo.Objective(expr=(m.x - 3) ** 2 + m.f.y)
    return m


def market(sense=pyo.minimize):
    """A follower meets demand d = 5 at 2 a unit with g in [0, 20]; the leader reads the price, which is 2.

    Stated as a cost to minimise or as its negative to maximise.
    """
    m = pyo.ConcreteModel("market")
    m.demand = pyo.Param(initialize=5.0, mutable=True)
    m.price = pyo.Var()
    m.f = pyo.Block()
    m.f.g = pyo.Var(bounds=(0, 20))
    m.f.cost = pyo.Objective(expr=(2 if sense == pyo.minimize else -2) * m.f.g, sense=sense)
    m.f.balance = pyo.Constraint(expr=m.f.g >= m.demand)
    m.multiplier_of = pyo.Suffix()
    m.multiplier_of[m.price] = m.f.balance
    m.goal = pyo.Objective(expr=(m.price - 1) ** 2)
    return m


def snapshot(model):
    """Everything about an instance that a call may not change."""
    components = [c.name for c in model.component_objects(descend_into=True)]
    flags = {c.name: c.active for c in model.component_data_objects((pyo.Constraint, pyo.Objective, pyo.Block, pyo.SOSConstraint))}
    variables = {v.name: (v.value, v.fixed, v.stale, v.bounds, v.domain.name) for v in model.component_data_objects(pyo.Var)}
    expressions = {c.name: str(c.expr) for c in model.component_data_objects((pyo.Constraint, pyo.Objective))}
    return components, flags, variables, expressions


def distance(build, point):
    """How far a point is from bilevel-feasible, by other means: rows as they stand, followers' best values by enumeration."""
    m = build()
    for name, number in point.items():
        m.find_component(name).set_value(number, skip_validation=True)
    worst = 0.0
    for v in declared_variables(m):
        low, high = v.bounds
        worst = max(worst, (low if low is not None else v.value) - v.value, v.value - (high if high is not None else v.value))
    for row in m.component_data_objects(pyo.Constraint, active=True):
        body = pyo.value(row.body)
        worst = max(worst, (row.lb if row.lb is not None else body) - body, body - (row.ub if row.ub is not None else body))
    for follower in read(m).followers:
        own = {id(v) for v in follower.variables}
        single = build()  # the follower's own problem: an unbounded second level answers nothing to it
        for v in declared_variables(single):
            twin = m.find_component(v.name)
            v.set_value(twin.value, skip_validation=True)
            if id(twin) not in own:
                v.fix()
                v.domain = pyo.Reals
                v.setlb(None)
                v.setub(None)
        for objective in single.component_data_objects(pyo.Objective, active=True):
            if objective.name != follower.objective.name:
                objective.deactivate()
        block = single.find_component(follower.name)
        for row in single.component_data_objects(pyo.Constraint, active=True):
            if not _inside(row, block):
                row.deactivate()
        answer = brute_force(_as_leader(single, block))
        if answer.termination != "optimal":
            return math.inf
        worst = max(worst, abs(pyo.value(follower.objective) - answer.leader))
    return worst


def _inside(row, block):
    parent = row.parent_block()
    while parent is not None and parent is not block:
        parent = parent.parent_block()
    return parent is block


def _as_leader(m, block):
    """The same model with this block's objective at the top and a follower that only has to exist."""
    (objective,) = block.component_data_objects(pyo.Objective, active=True)
    m.single_level = pyo.Objective(expr=objective.expr, sense=objective.sense)
    objective.deactivate()
    m.idle = pyo.Block()
    m.idle.z = pyo.Var(bounds=(0, 1))
    m.idle.z_cost = pyo.Objective(expr=m.idle.z)
    return m


TOY = """
import pyomo.environ as pyo

model = pyo.AbstractModel("toy")
model.most = pyo.Param(within=pyo.Reals)
model.x = pyo.Var(bounds=(0, 4))

@model.Block()
def follower(block):
    block.y = pyo.Var(bounds=(0, 10))
    block.rising = pyo.Constraint(expr=block.y <= 1 + block.model().x)
    block.most = pyo.Objective(expr=block.y, sense=pyo.maximize)

@model.Objective()
def cost(model):
    return model.follower.y + 2 * model.x + model.most
"""
"""The text of a model's file, for commands: what the leader decides is dear, and lets its follower take more, which it also pays."""
