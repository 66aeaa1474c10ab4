"""Lesson 1, a bilevel program in one page: the programs that the notebook shows, and the judges of its exercises."""

from __future__ import annotations

import pyomo.environ as pyo

from ..solving import solve
from ..verification import verify
from .answers import model, near, number
from .judging import Wrong, exercise

APPLIANCES = {"washer": (2, 4), "dishes": (3, 8), "boiler": (4, 13), "car": (8, 17)}
"""Size [kWh], and nuisance of running at night [ct/kWh]."""


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


def night_tariff(appliances):
    m = pyo.ConcreteModel("night_tariff")
    m.price = pyo.Var(bounds=(0, 30), doc="p, of a kWh at night [ct/kWh]")
    m.home = pyo.Block()
    sizes = {i: (0, size) for i, (size, _) in appliances.items()}
    m.home.night = pyo.Var(list(appliances), bounds=sizes, doc="y_i, run at night [kWh]")
    m.home.cost = pyo.Objective(
        expr=sum(
            30 * (size - m.home.night[i]) + (m.price + nuisance) * m.home.night[i]
            for i, (size, nuisance) in appliances.items()
        )
    )
    m.profit = pyo.Objective(expr=(m.price - 6) * pyo.summation(m.home.night), sense=pyo.maximize)
    return m


def at(program, name, value):
    """The answer where one variable of the leader is held, which must be inside its bounds."""
    variable = program.find_component(name)
    if not variable.lb <= value <= variable.ub:
        raise Wrong(f"The {name} lies between {variable.lb:g} and {variable.ub:g}, so {value:g} is not allowed.")
    variable.fix(value)
    return solve(program)


@exercise(
    "1a",
    question="The consumer can now shift at most 3 kWh. Which reward earns the leader most?",
    takes=number,
)
def best_reward_at_a_lower_limit(answer):
    best, here = solve(reward_program(limit=3.0)), at(reward_program(limit=3.0), "reward", answer)
    if near(answer, best.point["reward"]):
        return "The best reward sits on a kink: a ct more buys no further kWh, a ct less loses one."
    if near(answer, solve(reward_program()).point["reward"]):
        raise Wrong(
            f"{answer:g} is best at the old limit of 6 kWh. At 3 kWh it earns {here.leader_objective:.4g} ct, and a better "
            "reward exists: where does the consumer's reaction now stop growing?"
        )
    raise Wrong(
        f"At {answer:g} ct/kWh the consumer shifts {here.point['consumer.shift']:.4g} kWh and you earn "
        f"{here.leader_objective:.4g} ct; another reward earns more. Try a few on both sides of yours."
    )


@exercise(
    "1b",
    question="How many cents does the consumer gain by leaving the point reward = 3, shift = 6 for its best answer?",
    takes=number,
)
def gain_of_leaving(answer):
    check = verify(reward_program(), {"reward": 3.0, "consumer.shift": 6.0}).followers["consumer"]
    gain = check.best - check.objective
    if near(answer, gain):
        return f"Staying is worth {check.objective:g} ct to the consumer, its best answer {check.best:g} ct."
    if near(answer, check.best):
        raise Wrong(f"{answer:g} ct is what the best answer is worth. The gain is that less what the point itself is worth.")
    if near(answer, check.objective) or near(answer, -check.objective):
        raise Wrong("That is what the point itself is worth. How much more is the best answer to a reward of 3 ct/kWh worth?")
    raise Wrong(
        "The gain is the best value of r s − 2 s − s²/2 at r = 3, less its value at s = 6. At which s is it best? "
        "The certificate of the point shows both values, in its followers."
    )


@exercise(
    "1c",
    question="Which night price earns within 1 ct of the optimistic optimum even if the household breaks every tie against the "
    "retailer?",
    takes=number,
)
def safe_price(answer):
    best, here = solve(night_tariff(APPLIANCES)), at(night_tariff(APPLIANCES), "price", answer)
    most, hoped = best.leader_objective, here.leader_objective
    worst = hoped - here.certificate.optimistic_gap
    if worst >= most - 1:
        return f"Whatever the household does with ties, you earn {worst:.6g} ct; the optimistic optimum is {most:.6g} ct."
    if hoped >= most - 1:
        raise Wrong(
            f"At {answer:g} the household is indifferent about an appliance: the optimistic retailer earns {hoped:.6g} ct, but "
            f"if the tie goes against it only {worst:.6g} ct. Make the night a little better than a tie."
        )
    raise Wrong(f"At {answer:g} the retailer earns {worst:.6g} ct, more than 1 ct less than {most:.6g} ct.")


@exercise(
    "1d",
    question="The aggregator has promised the grid operator at least 5 kWh. Add that promise to the program of the reward, and "
    "hand in the model.",
    takes=model,
)
def promise_kept_by_the_leader(answer):
    true = reward_program()
    true.promise = pyo.Constraint(expr=true.consumer.shift >= 5)
    true_best, found = solve(true), solve(answer)
    for name in true_best.point:
        if name not in found.point:
            raise Wrong(f"Your model has no variable {name}: start from reward_program() and add to it.")
    if found.claim == "none":
        raise Wrong(f"Your model has no verified answer ({found.termination}): is the new row the right way round?")
    reward, shift = found.point["reward"], found.point["consumer.shift"]
    certificate = verify(true, {"reward": reward, "consumer.shift": shift})
    if certificate.passed and near(found.leader_objective, true_best.leader_objective):
        cost = solve(reward_program()).leader_objective - found.leader_objective
        return f"The promise costs the aggregator {cost:.4g} ct, in a higher reward."
    if shift < 5 - 1e-6:
        raise Wrong(f"In your model the consumer shifts {shift:.4g} kWh: the promise is not kept.")
    if not certificate.passed:
        raise Wrong(
            f"In your model the consumer shifts {shift:.4g} kWh at {reward:.4g} ct/kWh, which nobody makes it do: "
            f"{certificate.reasons[0]}. A row on the consumer's Block binds the consumer. Whose promise is it?"
        )
    raise Wrong(
        f"Your model's objective is {found.leader_objective:.6g} at {reward:.4g} ct/kWh, where a kept promise earns "
        f"{true_best.leader_objective:.6g} ct. Has anything else changed in your model?"
    )
