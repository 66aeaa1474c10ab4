"""Lesson 5, fair calls (khe_2025): the judges of its exercises."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from ..papers import find_paper, load_case
from ..solving import solve
from ..verification import verify
from .answers import function, number, point, several
from .judging import Wrong, exercise

PAPER = find_paper("khe_2025")
COMPLETE = 1e-6
"""A consumer that falls short of its call by no more than this fraction complies fully."""


def best_answer(call, a, b, gain):
    """Where −gain + b + 2 a x changes its sign, cut to what is allowed."""
    return min(call, max(0.0, (gain - b) / (2 * a)))


SLIPS = {
    "Nobody moves more than it was called for: x ≤ c in (4e). Yours does.": lambda c, a, b, g: max(0.0, (g - b) / (2 * a)),
    "Where the first kWh already costs more than it saves, b > D, the consumer moves nothing; yours moves a negative amount, "
    "against (4f).": lambda c, a, b, g: min(c, (g - b) / (2 * a)),
    "Nearly: the slope of a x² is 2 a x, not a x.": lambda c, a, b, g: min(c, max(0.0, (g - b) / a)),
    "You left out b, what the first kWh costs.": lambda c, a, b, g: min(c, g / (2 * a)),
}


@exercise(
    "5a",
    question="Write the consumer's answer as a function `answer(call, a, b, gain)`, where `gain` is what a moved kWh saves, D: "
    "it returns how much is moved, in kWh.",
    takes=function,
)
def answer_of_a_consumer(answer):
    random = np.random.default_rng(5)
    tried = [(c, a, b, g) for c, a, b, g in random.uniform((0, 0.002, 0.5, 3), (200, 0.1, 7, 6), (40, 4)).tolist()]
    given = [number(answer(*these)) for these in tried]
    right = [best_answer(*these) for these in tried]
    if np.allclose(given, right, rtol=1e-3, atol=1e-3):
        return "Nothing, an amount of its own, or all of the call: where two of them meet, the leader's curve has a kink."
    for words, slip in SLIPS.items():
        if np.allclose(given, [slip(*these) for these in tried], rtol=1e-3, atol=1e-3):
            raise Wrong(words)
    worst = int(np.argmax(np.abs(np.subtract(given, right))))
    call, a, b, gain = tried[worst]
    costs = [-gain * x + a * x**2 + b * x for x in (given[worst], right[worst])]
    raise Wrong(
        f"Called for {call:.4g} kWh with a = {a:.3g}, b = {b:.3g} and D = {gain:.3g} yours moves {given[worst]:.4g} kWh, "
        f"which costs {costs[0]:.4g}, where {right[worst]:.4g} kWh are allowed and cost {costs[1]:.4g}. Where is the slope "
        "−D + b + 2ax zero?"
    )


@exercise(
    "5b",
    question="The utility asks for 1000 kWh, all else as in `hard_800`. Which calls earn the aggregator most?",
    takes=several(10),
)
def best_calls(answer):
    asked = load_case("khe_2025", "hard_800", {"target": 1000})
    at = {asked.call[i].name: float(call) for i, call in zip(asked.CONSUMERS, answer, strict=True)}
    at |= {asked.consumer[i].shift.name: _answered(asked, i, max(0.0, at[asked.call[i].name])) for i in asked.CONSUMERS}
    verdict = verify(asked, at, tolerance=1e-4)
    if not np.isclose(answer.sum(), 1000, atol=0.05):
        raise Wrong(f"The calls must add up to the 1000 kWh that the utility asks for, (6); yours make {answer.sum():.6g} kWh.")
    if not verdict.passed:
        raise Wrong(f"The certificate objects: {verdict.reasons[0]}. No call exceeds the baseline e, none is negative, (6).")
    best, earned = PAPER.exact()(asked).leader_objective, _value(asked, asked.benefit, at)
    if earned >= best - 1e-3 * abs(best):
        return f"A benefit of {earned:.5g}, and the dual bound proves that none is above {best:.5g}."
    moved, enough = (sum(x for name, x in p.items() if "shift" in name) for p in (at, PAPER.exact()(asked).point))
    said = f"These calls keep all the rules and earn {earned:.5g}, but {best:.5g} is possible. "
    if np.ptp(answer) < 1e-3:
        raise Wrong(said + "Equal calls are the fairest, and many of them are not answered: what would a willing consumer add?")
    if moved > enough + 1:
        raise Wrong(
            f"{said}They move more than the best ones ({moved:.4g} against {enough:.4g} kWh) and are too unequal: did you "
            "forget the fairness term?"
        )
    raise Wrong(said + "A solver's answer for *this* target has a bound that tells when to stop.")


@exercise(
    "5c",
    question="In `hard_800` not everybody complies. What is the largest fairness weight at which the aggregator's best calls "
    "are answered in full by all ten?",
    takes=number,
)
def weight_for_compliance(answer):
    if answer < 0:
        raise Wrong("A negative weight would reward unfair calls; the model wants w ≥ 0.")
    below, above = 0.99 * answer, max(1.01 * answer, 1e-4)
    if lazy := _lazy(below):
        who = ", ".join(map(str, lazy))
        raise Wrong(f"At w = {answer:g} the best calls are not answered in full by consumer {who}. Does less fairness help?")
    if not (first := _lazy(above)):
        raise Wrong(f"At w = {answer:g} all ten comply, but at {above:.4g} they still do: a larger weight is possible.")
    return f"Beyond it consumer {first[0]}, who minds most, is called for more than it will move: fairness costs compliance."


@exercise(
    "5d",
    question="Solve `khe_2025/share_of_call` on `hard_800` with a fairness weight of 0.001. Give the best point there is.",
    takes=point,
)
def best_shares(answer):
    asked = load_case("khe_2025/share_of_call", "hard_800", {"fairness": 0.001})
    if any("shift" in name for name in answer):
        raise Wrong("These are amounts, of the first reading. Here a consumer decides its share: load the variant share_of_call.")
    verdict = verify(asked, answer)
    if not verdict.passed:
        raise Wrong(f"The certificate did not pass: {verdict.reasons[0]}.")
    earned, proved = _value(asked, asked.benefit, answer), solve(asked, "sos1", "scip")
    if earned >= proved.best_bound - 1e-4 * abs(proved.best_bound):
        return f"{earned:.6g}, and the bound is {proved.best_bound:.6g}: nothing anywhere is better."
    lost = 100 * (1 - earned / proved.best_bound)
    raise Wrong(
        f"The certificate passed: the consumers do answer so. But {lost:.3g} % of the benefit is lost, {earned:.5g} against "
        f"{proved.best_bound:.5g}: this is a local optimum at best. Start from other calls, or take a route that gives a bound."
    )


def _answered(instance, i, call):
    gain = pyo.value(instance.on_peak - instance.off_peak + instance.reward)
    return best_answer(call, instance.a[i], instance.b[i], gain)


def _value(instance, expression, point):
    """The leader's objective at a point, on a copy."""
    copy = instance.clone()
    for name, value in point.items():
        copy.find_component(name).set_value(value, skip_validation=True)
    return pyo.value(copy.find_component(expression.name))


def _lazy(fairness):
    """Who does not answer its best call in full."""
    instance = load_case("khe_2025", "hard_800", {"fairness": fairness})
    point = PAPER.exact()(instance).point
    calls = {i: point[instance.call[i].name] for i in instance.CONSUMERS}
    return [i for i, call in calls.items() if point[instance.consumer[i].shift.name] < call * (1 - COMPLETE)]
