"""Lesson 3, complementarity five ways: what the notebook shows, and the judges of its exercises."""

from __future__ import annotations

import pyomo.environ as pyo
from pyomo.contrib.solver.common.util import NoFeasibleSolutionError

from .. import reformulate  # noqa: F401  registers bilevel_dr.kkt
from ..complementarity import take_pairs
from ..solving import solve
from ..verification import verify
from .answers import function, near, number, point
from .judging import Wrong, exercise
from .lesson_01 import APPLIANCES, night_tariff


def with_big_m(appliances, M):
    """The household's KKT conditions with two rows a pair, and one M for all of them."""
    m = night_tariff(appliances)
    pyo.TransformationFactory("bilevel_dr.kkt").apply_to(m)
    pairs = take_pairs(m)
    m.PAIRS = pyo.RangeSet(0, len(pairs) - 1)
    m.z = pyo.Var(m.PAIRS, domain=pyo.Binary)
    m.left = pyo.Constraint(m.PAIRS, rule=lambda m, k: pairs[k].left <= M * m.z[k])
    m.right = pyo.Constraint(m.PAIRS, rule=lambda m, k: pairs[k].right <= M * (1 - m.z[k]))
    m.profit.deactivate()
    mu = {i: m.home.kkt.mu_upper[f"night[{i}]"] for i in appliances}
    m.same_profit = pyo.Objective(
        expr=sum((30 - nuisance - 6) * m.home.night[i] - size * mu[i] for i, (size, nuisance) in appliances.items()),
        sense=pyo.maximize,
    )
    return m


def _by_big_m(M):
    """The value that HiGHS calls optimal with this M and the certificate of its point; None where it finds no point."""
    m, untouched = with_big_m(APPLIANCES, M), night_tariff(APPLIANCES)
    try:
        pyo.SolverFactory("highs").solve(m)
    except NoFeasibleSolutionError:
        return None
    names = [v.name for v in untouched.component_data_objects(pyo.Var, descend_into=True)]
    values = {name: m.find_component(name).value for name in names}
    return pyo.value(m.same_profit), verify(untouched, values)


@exercise(
    "3a",
    question="Give a point that passes the certificate, that no price within 0.5 ct/kWh of its own beats, and that is not the "
    "optimum.",
    takes=point,
)
def trap(answer):
    certificate = verify(night_tariff(APPLIANCES), answer)
    if not certificate:
        raise Wrong(f"The certificate does not pass: {certificate.reasons[0]}.")
    m = night_tariff(APPLIANCES)
    for name, value in answer.items():
        m.find_component(name).set_value(value)
    price, profit = m.price.value, pyo.value(m.profit)
    best = solve(night_tariff(APPLIANCES)).leader_objective
    if near(profit, best):
        raise Wrong("This is the optimum itself. Which other tips has the curve?")
    nearby = night_tariff(APPLIANCES)
    nearby.price.setlb(max(0.0, price - 0.5))
    nearby.price.setub(min(30.0, price + 0.5))
    better = solve(nearby)
    if better.leader_objective > profit + 1e-6:
        raise Wrong(
            f"The household answers so, but {better.point['price']:.4g} ct/kWh is within 0.5 of your {price:.4g} and earns "
            f"{better.leader_objective:.6g} ct instead of {profit:.6g}: your point is on a slope, not on a tip."
        )
    return f"A local search that lands here stays at {profit:.6g} ct, {best - profit:.4g} ct below the optimum."


@exercise(
    "3b",
    question="What is the smallest M, to within 5 %, with which `with_big_m` has the true optimum?",
    takes=number,
)
def smallest_m(answer):
    if answer <= 0:
        raise Wrong("M is a bound of numbers that are at least zero, and not all of them are: it is larger than zero.")
    best = solve(night_tariff(APPLIANCES)).leader_objective
    here, below = _by_big_m(answer), _by_big_m(0.95 * answer)
    if here is None:
        raise Wrong(f"With M = {answer:g} HiGHS finds no point at all: multipliers that are needed are cut off.")
    value, certificate = here
    if not certificate:
        raise Wrong(f"M = {answer:g} is so large that HiGHS mistakes a leak for zero: {certificate.reasons[0]}.")
    if not near(value, best):
        raise Wrong(f"With M = {answer:g} HiGHS calls {value:.6g} ct optimal, and {best:.6g} ct can be earned: M is too small.")
    if below is not None and near(below[0], best):
        raise Wrong(f"M = {answer:g} is enough, but so is {0.95 * answer:.4g}. Which multiplier is the largest at the optimum?")
    return "It is the largest multiplier at the optimum: you knew M only after solving. A bound proved beforehand is larger."


@exercise(
    "3c",
    question="Write a function phi(a, b) that is zero exactly where a ≥ 0, b ≥ 0 and a b = 0.",
    takes=function,
)
def complementarity_function(answer):
    on = [(0.0, 0.0), (0.0, 2.0), (3.0, 0.0), (0.0, 1e3), (0.25, 0.0)]
    off = [(1.0, 1.0), (0.5, 2.0), (-1.0, 0.0), (0.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (-2.0, -3.0), (-1.0, 3.0), (4.0, -2.0)]
    for a, b in on:
        value = number(answer(a, b))
        if abs(value) > 1e-9 * max(1.0, a, b):
            raise Wrong(f"At a = {a:g}, b = {b:g} both are at least zero and one is zero, but phi is {value:.4g}, not 0.")
    for a, b in off:
        if abs(number(answer(a, b))) < 1e-9:
            why = "one of them is negative" if min(a, b) < 0 else "their product is not zero"
            raise Wrong(f"phi is 0 at a = {a:g}, b = {b:g}, where it must not be: {why}.")
    return "Every such function has a kink at a = b = 0, or no slope there: that is where smooth solvers get stuck."


@exercise(
    "3d",
    question="Give an M with which HiGHS calls a point optimal that the certificate of `night_tariff` refuses.",
    takes=number,
)
def leaking_m(answer):
    if answer <= 0:
        raise Wrong("M is a bound of numbers that are at least zero, and not all of them are: it is larger than zero.")
    found = _by_big_m(answer)
    if found is None:
        raise Wrong(f"With M = {answer:g} HiGHS finds no point, and nothing is called optimal. That M is too small.")
    value, certificate = found
    if certificate:
        raise Wrong(
            f"With M = {answer:g} HiGHS has a profit of {value:.6g} ct, and the household really answers so. When does "
            "M z stay large although z is as good as zero?"
        )
    return f"HiGHS promises {value:.6g} ct. {certificate.reasons[0]}."
