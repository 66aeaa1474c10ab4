"""Small models that many tests start from, and what they compare with."""

from __future__ import annotations

import pyomo.environ as pyo


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
