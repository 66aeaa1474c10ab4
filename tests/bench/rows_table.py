"""Complementarity pairs → rows: ours and Pyomo's own transformations on the same follower's pairs.

The follower minimises ``Σ y² − 4 y`` under ``y ≤ x``, so that each pair is ``mu ≥ 0 ⟂ x − y ≥ 0``. Nonlinear rows are
compared with ``mpec.simple_nonlinear``, mixed-integer ones with ``mpec.simple_disjunction`` and ``gdp.bigm``.
"""

from __future__ import annotations

import os
import tempfile

import pyomo.environ as pyo
from clocks import Spent, enough, median_spent, spent

from bilevel_dr.bounds import Bound
from bilevel_dr.complementarity import take_pairs
from bilevel_dr.reformulate import add_rows
from bilevel_dr.solvers.nl import write

SIZES = (10, 100, 1_000, 10_000)
M = 100.0


def follower_pairs(number: int) -> pyo.ConcreteModel:
    model = pyo.ConcreteModel("pairs")
    model.x = pyo.Var(range(number), bounds=(0, 10), initialize=1.0)
    model.follower = pyo.Block()
    model.follower.y = pyo.Var(range(number), initialize=1.0)
    model.follower.within = pyo.Constraint(range(number), rule=lambda block, i: block.y[i] <= model.x[i])
    model.follower.cost = pyo.Objective(expr=sum(y**2 - 4 * y for y in model.follower.y.values()))
    model.goal = pyo.Objective(expr=sum((model.x[i] - 1) ** 2 - model.follower.y[i] for i in range(number)))
    pyo.TransformationFactory("bilevel_dr.kkt").apply_to(model)
    return model


def ours(name):
    return lambda model: pyo.TransformationFactory(f"bilevel_dr.{name}").apply_to(model)


def big_m_as_given(model):
    pairs = take_pairs(model)
    given = Bound(M, "given", True)
    add_rows(model, pairs, "big_m", M=[(given, given)] * len(pairs))


def simple_nonlinear(model):
    pyo.TransformationFactory("mpec.simple_nonlinear").apply_to(model, mpec_bound=1e-8)


def simple_disjunction(model):
    pyo.TransformationFactory("mpec.simple_disjunction").apply_to(model)
    pyo.TransformationFactory("gdp.bigm").apply_to(model, bigM=M)


PEERS = {"mpec.simple_nonlinear": simple_nonlinear, "mpec.simple_disjunction + gdp.bigm": simple_disjunction}
OURS = {name: ours(name) for name in ("scholtes", "product", "sos1")} | {"big_m": big_m_as_given}


def measure():
    for add in (*OURS.values(), *PEERS.values()):
        _once(add, 10)  # imports and caches
    for number in SIZES:
        times = {name: _median(add, number) for name, add in (PEERS | OURS).items()}
        for name, (adding, writing) in times.items():
            row = {"pairs": number, "rows": name, "adding [s]": adding.cpu, "with writing [s]": adding.cpu + writing.cpu}
            for peer, short in zip(PEERS, ("nonlinear", "disjunction"), strict=True):
                if name in OURS:
                    row[f"× {short}"] = times[peer][0].cpu / adding.cpu
                    row[f"× {short}, with writing"] = (times[peer][0].cpu + times[peer][1].cpu) / row["with writing [s]"]
            row["adding, wall [s]"] = adding.wall
            yield row
    yield f"× nonlinear, × disjunction: how many times longer {' and '.join(PEERS)} take."
    yield "Aimed at 8 and 50 times, with writing 3 and 25, at 10,000 pairs."


def _median(add, number: int) -> tuple[Spent, Spent]:
    runs: list[tuple[Spent, Spent]] = []
    while not enough([adding for adding, _ in runs]):
        runs.append(_once(add, number))
    return median_spent(adding for adding, _ in runs), median_spent(writing for _, writing in runs)


def _once(add, number: int) -> tuple[Spent, Spent]:
    model = follower_pairs(number)
    with tempfile.TemporaryDirectory() as folder:
        return spent(lambda: add(model))[0], spent(lambda: write(model, os.path.join(folder, "model.nl")))[0]
