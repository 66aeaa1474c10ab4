"""Lesson 7, fair aggregators (li_2025): the judges of its exercises."""

from __future__ import annotations

import importlib

import numpy as np

from ..papers import find_paper, load_case
from ..verification import verify
from .answers import near, number, point, several
from .judging import Wrong, exercise

PAPER = find_paper("li_2025")


@exercise(
    "7a",
    question="The two users of `fig2_convex` leave their aggregator, and each buys for itself, knowing what its purchase does "
    "to the price. What is the price now?",
    takes=number,
)
def price_without_aggregator(answer):
    alone = load_case("li_2025", "fig2_convex", {"AGGREGATORS": [1, 2], "aggregator": {2: 2}})
    numbers = _exact().read(alone)
    price = _exact().equilibrium(**numbers).price
    if near(answer, price):
        return "Each user moves the price with its own purchase and counts that, so both buy less than price takers would."
    together = _exact().equilibrium(**_exact().read(load_case("li_2025", "fig2_convex"))).price
    half, c = 2 * numbers["a"], numbers["c"]
    taker = c * (numbers["b"] / half).sum() / (1 + c * (1 / half).sum())  # p = c Σ (b − p)/2a, both buying
    if near(answer, together):
        raise Wrong(f"{answer:g} is the price while one aggregator buys for both and minds what one costs the other.")
    if near(answer, taker):
        raise Wrong(f"{answer:g} would be the price if they took it as given, but they know that buying raises it.")
    raise Wrong(
        f"At {answer:g} the two would not stay: a user that is alone buys x = (b − p)/(2a + c), if that is positive, and what "
        "both buy must make the price, p = c Σ x."
    )


@exercise(
    "7b",
    question="In `fig6_welfare` the price comes to react twice as strongly, c = 0.002. Give a point from which no aggregator "
    "wants to move.",
    takes=point,
)
def equilibrium_at_a_steeper_price(answer):
    game = load_case("li_2025", "fig6_welfare", {"c": 0.002})
    if not any(name.endswith(".total") for name in answer):
        raise Wrong("A number is asked for each variable, `welfare[1].total` and all the others: a Solution has them.")
    verdict = verify(game, answer)
    if verdict.passed:
        return f"Nobody gains by another purchase (largest gap {verdict.follower_gap:.1g}): that is all a Nash equilibrium is."
    gains = {name: check.best - check.objective for name, check in verdict.followers.items() if check.best is not None}
    if not gains:
        raise Wrong(f"The certificate did not pass: {verdict.reasons[0]}.")
    keen = max(gains, key=gains.get)
    check = verdict.followers[keen]
    if check.violation > verdict.tolerance:
        raise Wrong(f"This is no possible purchase: {verdict.reasons[0]}.")
    raise Wrong(
        f"Not an equilibrium: {keen} could raise its users' surplus from {check.objective:.5g} to {check.best:.5g} while "
        "the others stay. Is this the answer to the right c, and to everybody's own interest?"
    )


@exercise(
    "7c",
    question="Conjecture 1 says that an equilibrium is the only one. Give the prices of two equilibria of `uniqueness`.",
    takes=several(2),
)
def two_equilibria(answer):
    found = _exact().equilibrium(**_exact().read(load_case("li_2025", "uniqueness")))
    prices = np.array([there.price for there in map(found.at, found.roots) if there.verified])
    if near(*answer):
        raise Wrong("That is the same price twice.")
    nearest = [int(np.abs(prices - price).argmin()) for price in answer]
    for price, k in zip(answer, nearest, strict=True):
        if not near(price, prices[k]):
            raise Wrong(
                f"At a price of {price:.6g} the aggregators do not buy what makes it: the roots of F are elsewhere. Best "
                "responses reach some of them; the others are where F changes its sign."
            )
    return f"Both are certified. There are {len(prices)} in all: the conjecture does not hold for max-min aggregators."


@exercise(
    "7d",
    question="One aggregator serves the two users of `fig2_convex`. What is the smallest alpha, to one decimal, at which the "
    "poorer user gets at least a third of the surplus of both?",
    takes=number,
)
def alpha_for_a_third(answer):
    if answer < 0:
        raise Wrong("Alpha is never negative: 0 counts the sum alone.")
    answer = round(answer, 1)
    here, below = _share(answer), _share(max(answer - 0.1, 0.0))
    if here < 1 / 3:
        raise Wrong(f"At alpha = {answer:g} the poorer user gets {100 * here:.3g} % of the surplus. Fairer means a larger alpha.")
    if below >= 1 / 3:
        raise Wrong(f"At alpha = {answer:g} it gets {100 * here:.3g} %, and at {answer - 0.1:.1f} still {100 * below:.3g} %.")
    return f"{100 * here:.3g} % at {answer:g}, and {100 * below:.3g} % a tenth below: alpha moves along the Pareto front."


def _share(alpha) -> float:
    surplus = _exact().equilibrium(**_exact().read(load_case("li_2025", "fig2_convex", {"alpha": {1: alpha}}))).surplus
    return float(surplus.min() / surplus.sum())


def _exact():
    """The paper's own algorithm, a search for the price on arrays."""
    return importlib.import_module(PAPER.exact().__module__)
