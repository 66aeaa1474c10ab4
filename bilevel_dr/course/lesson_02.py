"""Lesson 2, KKT by hand, then by the library: what the notebook shows, and the judges of its exercises."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from ..complementarity import take_pairs
from ..followers import read
from ..kkt import add_kkt
from ..multipliers import kkt_residuals
from ..verification import verify
from .answers import function, named, near, number
from .judging import Wrong, exercise
from .lesson_01 import at, reward_program


def valley():
    m = pyo.ConcreteModel("valley")
    m.x = pyo.Var(bounds=(0, 1))
    m.follower = pyo.Block()
    m.follower.y = pyo.Var(bounds=(-3, 3))
    m.follower.depth = pyo.Objective(expr=m.follower.y**3 - 3 * m.follower.y)
    m.cost = pyo.Objective(expr=(m.follower.y - 2) ** 2 + m.x)
    return m


def _other_consumer():
    m = reward_program()
    consumer = m.consumer
    consumer.utility.set_value(m.reward * consumer.shift - 3 * consumer.shift - consumer.shift**2)
    return m


def _two_rows():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    f = m.follower = pyo.Block()
    f.y = pyo.Var([1, 2, 3, 4], bounds=(0, 1))
    f.share = pyo.Constraint(expr=f.y[1] + f.y[2] == 1)
    f.limit = pyo.Constraint(expr=f.y[3] + f.y[4] <= m.x)
    f.cost = pyo.Objective(expr=pyo.summation(f.y))
    m.cost = pyo.Objective(expr=m.x)
    return m


def _stationarity(program, reward, shift, mu_lower, mu_upper):
    """The value of the consumer's stationarity row, as the library writes it."""
    add_kkt(read(program))
    kkt = program.consumer.kkt
    values = [(program.reward, reward), (program.consumer.shift, shift)]
    values += [(kkt.mu_lower["shift"], mu_lower), (kkt.mu_upper["shift"], mu_upper)]
    for variable, value in values:
        variable.set_value(value, skip_validation=True)
    return pyo.value(kkt.stationarity["shift"].body)


@exercise(
    "2a",
    question="Another consumer's nuisance is 3 s + s² ct. Write its stationarity row as a function of (reward, shift, mu_lower, "
    "mu_upper) that is zero where the row holds.",
    takes=function,
)
def stationarity_of_another_consumer(answer):
    points = np.random.default_rng(2).uniform(0, 6, (6, 4))
    true = np.array([_stationarity(_other_consumer(), *point) for point in points])
    given = np.array([number(answer(*point)) for point in points.tolist()])
    if np.allclose(given, true) or np.allclose(given, -true):
        return "All of it may have the other sign: a row that is zero does not mind."
    step = np.eye(4)
    names = ("the reward", "the shift", "mu_lower", "mu_upper")
    here = number(answer(*points[0].tolist()))
    slopes = [number(answer(*(points[0] + e).tolist())) - here for e in step]
    right = [_stationarity(_other_consumer(), *(points[0] + e)) - true[0] for e in step]
    sign = -1.0 if near(slopes[0], -right[0]) else 1.0  # nothing is said of the overall sign
    wrong = [name for name, slope, due in zip(names, slopes, right, strict=True) if not near(slope, sign * due)]
    if len(wrong) > 2 or not wrong:
        raise Wrong("Take the derivative with respect to the shift of 3 s + s² − r s − mu_lower s + mu_upper (s − 6).")
    raise Wrong(
        f"Something is wrong where your row holds {' and '.join(wrong)}: a unit more of it changes the derivative of the "
        "Lagrangian otherwise. Which sign, and which factor, does it have there?"
    )


@exercise(
    "2b",
    question="Which multipliers does the first consumer's best answer have at a reward of 1.5 ct/kWh?",
    takes=named("mu_lower", "mu_upper"),
)
def multipliers_at_a_low_reward(answer):
    shift = at(reward_program(), "reward", 1.5).point["consumer.shift"]
    lower, upper = answer["mu_lower"], answer["mu_upper"]
    if min(lower, upper) < 0:
        raise Wrong("A multiplier of an inequality is never negative here: turn the sign of its term in the Lagrangian.")
    if upper * (6 - shift) > 1e-6:
        raise Wrong(
            f"The consumer shifts {shift:.4g} kWh, far from the limit: what is the multiplier of a limit that is not reached?"
        )
    residual = _stationarity(reward_program(), 1.5, shift, lower, upper)
    if not near(residual, 0.0):
        raise Wrong(f"Signs and pairs are right, but the row 2 + s − r − mu_lower + mu_upper = 0 is not: it is {residual:.4g}.")
    return f"The first kWh would lose {lower:g} ct, and so much dearer would the reward have to be."


@exercise(
    "2c",
    question="A follower decides y[1] to y[4], each between 0 and 1, under the rows y[1] + y[2] = 1 and y[3] + y[4] ≤ x. How "
    "many pairs does its KKT system have?",
    takes=number,
)
def number_of_pairs(answer):
    m = _two_rows()
    add_kkt(read(m))
    count = len(take_pairs(m))
    if answer == count:
        return "One for every finite bound and every inequality; the multiplier of an equality has no sign and no partner."
    hints = {
        count + 1: "The row with = is always active: its multiplier is free, so that there is nothing to choose.",
        count - 4: "Each variable has two bounds, and each of them has its multiplier.",
        count - 8: "Bounds of variables are inequalities too, and each has a multiplier.",
        1: "Bounds of variables are inequalities too, and each has a multiplier.",
    }
    raise Wrong(hints.get(answer, "Count one for each inequality, bounds of variables included. What about equalities?"))


@exercise(
    "2d",
    question="Give a y that satisfies the KKT conditions of the follower in `valley` and is not its best answer.",
    takes=number,
)
def ledge(answer):
    m = valley()
    if not -3 <= answer <= 3:
        raise Wrong(f"y lies between −3 and 3, so {answer:g} is not allowed.")
    m.x.set_value(0.0)
    m.follower.y.set_value(answer)
    residuals = kkt_residuals(read(m))["follower"]
    certificate = verify(valley(), {"x": 0.0, "follower.y": answer})
    check = certificate.followers["follower"]
    if max(residuals.stationarity, residuals.complementarity) > 1e-4:
        raise Wrong(
            f"At y = {answer:g} the slope 3 y² − 3 is {3 * answer**2 - 3:.4g}, and no multiplier of the right sign balances it."
        )
    if certificate.passed:
        raise Wrong(f"y = {answer:g} satisfies them, and it is the best answer: {check.best:g}. Where else is level ground?")
    kind = "a summit" if answer < 0 else "a ledge"
    return f"It is {kind}: worth {check.objective:.4g}, where the best answer is worth {check.best:g}."
