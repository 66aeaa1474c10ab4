"""Lesson 1, a bilevel program in one page: the models that the notebook shows, and the judges of its exercises."""

from __future__ import annotations

import pyomo.environ as pyo

from ..solving import solve
from .answers import near, number
from .judging import Wrong, exercise


def reward_program(limit=6.0):
    m = pyo.ConcreteModel("reward_program")
    m.reward = pyo.Var(bounds=(0, 10), doc="r, paid for a shifted kWh [ct/kWh]")
    m.consumer = pyo.Block()
    m.consumer.shift = pyo.Var(bounds=(0, limit), doc="s, moved out of the evening [kWh]")
    m.consumer.utility = pyo.Objective(
        expr=m.reward * m.consumer.shift - 2 * m.consumer.shift - m.consumer.shift**2 / 2, sense=pyo.maximize
    )
    m.profit = pyo.Objective(expr=(10 - m.reward) * m.consumer.shift, sense=pyo.maximize)
    return m


@exercise(
    "1a",
    question="The consumer can now shift at most 3 kWh. Which reward earns the leader most?",
    takes=number,
)
def best_reward_at_a_lower_limit(answer):
    program = reward_program(limit=3.0)
    program.reward.fix(answer)
    if not 0 <= answer <= 10:
        raise Wrong(f"The reward lies between 0 and 10 ct/kWh, so {answer:g} is not allowed.")
    best, here = solve(reward_program(limit=3.0)), solve(program)
    if near(answer, best.point["reward"]):
        return "The best reward sits on a kink: a ct more buys no further kWh, a ct less loses some."
    if near(answer, solve(reward_program()).point["reward"]):
        raise Wrong(
            f"{answer:g} is best at the old limit of 6 kWh. At 3 kWh it earns {here.leader_objective:.4g} ct, and a better "
            "reward exists: where does the consumer's reaction now stop growing?"
        )
    shift = here.point["consumer.shift"]
    raise Wrong(
        f"At {answer:g} ct/kWh the consumer shifts {shift:.4g} kWh and you earn {here.leader_objective:.4g} ct; another "
        "reward earns more. Try a few rewards on both sides of yours."
    )
