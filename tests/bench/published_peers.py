"""What a modeller would write without us: the same KKT system through Pyomo's transformations, or through pympcc."""

from __future__ import annotations

from importlib.util import find_spec

import pyomo.environ as pyo

from bilevel_dr.followers import read
from bilevel_dr.kkt import add_kkt
from bilevel_dr.solvers.nl import Nlp, Outcome, solve_scip

TIME_LIMIT = 10.0
BARE_M = 1e5
"""The M that PAO takes where none is given."""


def nonlinear_chain(model) -> float | None:
    """``mpec.simple_nonlinear`` at ε = 1e-8, Ipopt once from the model's own values; the leader's objective it returns."""
    leader = _kkt(model)
    if any(not v.is_continuous() for v in model.component_data_objects(pyo.Var)):
        return None
    pyo.TransformationFactory("mpec.simple_nonlinear").apply_to(model, mpec_bound=1e-8)
    return _value(Nlp(model).solve(time_limit=TIME_LIMIT), leader)


def disjunctive_chain(model) -> float | None:
    """``mpec.simple_disjunction`` and ``gdp.bigm``, then SCIP."""
    leader = _kkt(model)
    pyo.TransformationFactory("mpec.simple_disjunction").apply_to(model)
    pyo.TransformationFactory("gdp.bigm").apply_to(model, bigM=BARE_M)
    return _value(solve_scip(model, time_limit=TIME_LIMIT), leader)


def pympcc(model) -> float | None:
    """pympcc's default strategy (Scholtes) on Ipopt, through its own Pyomo reader."""
    from pympcc import solve
    from pympcc.frontend.pyomo import apply_solution, from_pyomo

    leader = _kkt(model)
    if any(not v.is_continuous() for v in model.component_data_objects(pyo.Var)):
        return None
    taken = from_pyomo(model, clone=False)
    answer = solve(taken.problem, time_limit=TIME_LIMIT)
    if not answer.success:
        return None
    apply_solution(model, answer.x, taken.var_index)
    return pyo.value(leader)


PEERS = {
    "Pyomo: mpec.simple_nonlinear, casadi-ipopt": nonlinear_chain,
    f"Pyomo: mpec.simple_disjunction, gdp.bigm {BARE_M:g}, scip": disjunctive_chain,
}
MISSING = [name for name in ("pympcc", "cyipopt") if find_spec(name) is None]
if not MISSING:
    PEERS["pympcc, its ipopt"] = pympcc


def _kkt(model):
    program = read(model)
    add_kkt(program)
    return program.leader


def _value(outcome: Outcome, leader) -> float | None:
    if outcome.status not in ("optimal", "feasible") or not outcome.has_point:
        return None
    outcome.load()
    return None if leader is None else pyo.value(leader)
