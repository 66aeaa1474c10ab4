"""Lesson 10, equilibrium: the game that the notebook shows, and the judges of its exercises."""

from __future__ import annotations

import pyomo.environ as pyo

from ..equilibrium import best_response_dynamics
from ..papers import find_paper, load_case
from ..verification import verify
from .answers import number, several
from .judging import Wrong, exercise


def market(worths, scale=0.0, most=10.0):
    m = pyo.ConcreteModel("market")
    m.aggregator = pyo.Block(range(1, len(worths) + 1))
    for player in m.aggregator.values():
        player.buy = pyo.Var(bounds=(0, most), doc="y_j [kWh]")
    price = sum(player.buy for player in m.aggregator.values())
    for player, worth in zip(m.aggregator.values(), worths, strict=True):
        surplus = worth * player.buy + scale * player.buy**2 - price * player.buy
        player.surplus = pyo.Objective(expr=surplus, sense=pyo.maximize)
    return m


def _named(buys) -> dict[str, float]:
    return {f"aggregator[{j}].buy": float(buy) for j, buy in enumerate(buys, 1)}


@exercise(
    "10a",
    question="A kWh is worth 15 ct to aggregator 1 and 12 ct to aggregator 2, without economies of scale. Give the equilibrium.",
    takes=several(2),
)
def unequal_worths(answer):
    certificate = verify(market([15, 12]), _named(answer), tolerance=1e-4)
    if certificate:
        return "Nobody gains by moving: the certificate looked at each of them, and at nothing else."
    reason = certificate.reasons[0]
    if verify(market([12, 15]), _named(answer), tolerance=1e-4):
        raise Wrong(f"These are the right numbers for the other order: {reason}. Whose kWh is worth 15 ct?")
    raise Wrong(
        f"At {answer[0]:g} and {answer[1]:g} kWh somebody would move: {reason}. Both best responses have to hold at once: "
        "y_1 = (15 − y_2)/2 and y_2 = (12 − y_1)/2."
    )


@exercise(
    "10b",
    question="Four aggregators of 12 ct/kWh answer simultaneously. Give a relaxation with which they settle within 20 rounds.",
    takes=number,
)
def settling_relaxation(answer):
    if not 0 < answer < 2:
        raise Wrong(f"The part of the way that each goes lies between 0 and 2, not at {answer:g}.")
    dynamics = best_response_dynamics(market([12] * 4), order="simultaneous", relaxation=answer)
    rounds = len(dynamics.rounds) - 1
    if dynamics.status == "converged" and rounds <= 20:
        return f"They settle after {rounds} rounds. The one who knows the slopes of the best responses knows the best part."
    if dynamics.status == "converged":
        raise Wrong(f"They settle, but only after {rounds} rounds. Do they creep, or swing? Go more, or less, of the way.")
    raise Wrong(
        f"Going {answer:g} of the way they do not settle ({dynamics.status}): each answers a total that changes three times as "
        "much as its own decision. Go less of the way."
    )


@exercise(
    "10c",
    question="From which start do sequential rounds of the game with economies of scale end where aggregator 2 buys everything?",
    takes=several(2),
)
def start_that_leads_to_the_second(answer):
    if not all(0 < buy < 6 for buy in answer):
        raise Wrong("Both first purchases lie above 0 and below 6.")
    dynamics = best_response_dynamics(market([6, 6], 0.75, 6.0), start=_named(answer))
    first, second = (dynamics.solution.point[name] for name in dynamics.names)
    if dynamics.solution.claim == "nash" and first < 1e-6:
        return "Aggregator 1 answers first, so only what 2 buys at the start matters: more than at the crossing in the middle."
    raise Wrong(
        f"From there the rounds end with {first:.4g} and {second:.4g} kWh. Aggregator 1 answers first: what does its answer "
        "depend on?"
    )


@exercise(
    "10d",
    question="In the game without an equilibrium user 2 has b = 4. Give another b of this user, between 2.5 and 10, with which "
    "there is one.",
    takes=number,
)
def worth_with_an_equilibrium(answer):
    if not 2.5 <= answer <= 10:
        raise Wrong(f"b lies between 2.5 and 10 here, so {answer:g} is not allowed.")
    found = find_paper("li_2025").exact()(load_case("li_2025", "no_equilibrium", {"b": {2: answer}}))
    if found.claim == "nash":
        return f"{found.notes[0]}: user 2 is now so keen that its aggregator never gives it up."
    raise Wrong(
        f"With b = {answer:g} there is still none: {found.certificate.reasons[0]}. The price can reach b. Make user 2 so keen "
        "that giving it up does not pay."
    )
