"""Lesson 4, strong duality and prices: what the notebook shows, and the judges of its exercises."""

from __future__ import annotations

import pyomo.environ as pyo

from ..solving import solve
from .answers import named, near, number
from .judging import Wrong, exercise
from .lesson_01 import at

STATIONS = {"wind": (60, 5), "coal": (50, 30), "gas": (40, 48), "oil": (60, 90)}
"""Capacity [MW], cost [EUR/MWh]."""


def retailer(stations):
    m = pyo.ConcreteModel("retailer")
    m.cut = pyo.Var(bounds=(0, 50), doc="r, demand that customers do without [MW]")
    m.price = pyo.Var(bounds=(0, 200), doc="lambda, the market's price, capped [EUR/MWh]")
    m.market = pyo.Block()
    sizes = {i: (0, size) for i, (size, _) in stations.items()}
    m.market.output = pyo.Var(list(stations), bounds=sizes, doc="g_i [MW]")
    costs = sum(cost * m.market.output[i] for i, (_, cost) in stations.items())
    m.market.cost = pyo.Objective(expr=costs)
    m.market.balance = pyo.Constraint(expr=pyo.summation(m.market.output) == 180 - m.cut)
    m.multiplier_of = pyo.Suffix()
    m.multiplier_of[m.price] = m.market.balance
    m.bill = pyo.Objective(expr=m.price * (120 - m.cut) + 40 * m.cut + 0.2 * m.cut**2)
    return m


@exercise(
    "4a",
    question="On a calm day wind has only 20 MW. Which cut is best for the retailer, and what is its bill?",
    takes=named("cut", "bill"),
)
def calm_day(answer):
    calm = STATIONS | {"wind": (20, 5)}
    best, windy = solve(retailer(calm)), solve(retailer(STATIONS))
    here = at(retailer(calm), "cut", answer["cut"])
    if near(answer["cut"], best.point["cut"]):
        if near(answer["bill"], best.leader_objective):
            price = best.point["price"]
            return f"The price is {price:g} EUR/MWh whatever is cut: each MW pays for itself, no cliff is in reach."
        raise Wrong(f"The cut is right; the bill at it is not {answer['bill']:.6g} EUR/h. Is the compensation in it?")
    if near(answer["cut"], windy.point["cut"]):
        raise Wrong(
            f"That cut is best with 60 MW of wind. With 20 MW the bill is {here.leader_objective:.6g} EUR/h, and others cost "
            "less."
        )
    raise Wrong(f"A cut of {answer['cut']:g} MW costs {here.leader_objective:.6g} EUR/h; another one costs less.")


@exercise(
    "4b",
    question="Somebody writes the balance as 180 − cut − sum of outputs == 0. Which number is then the multiplier at a cut of "
    "35 MW?",
    takes=number,
)
def turned_balance(answer):
    m = retailer(STATIONS)
    straight = at(m, "cut", 35.0).point["price"]
    m.price.setlb(-200)
    m.market.balance.set_value(180 - m.cut - pyo.summation(m.market.output) == 0)
    turned = solve(m).point["price"]
    if near(answer, turned):
        return "A larger bound of this row means less output. The price is the same; the multiplier has turned its sign."
    if near(answer, straight):
        raise Wrong("That is the price. If the 0 on the right becomes a little larger, must the stations produce more or less?")
    raise Wrong(
        "At a cut of 35 MW the stations serve 145 MW: which of them would serve one MW more, at what cost? "
        "And what does a larger right-hand side of this row mean for their output?"
    )


@exercise(
    "4c",
    question="Prove, with a price and a mu for each station, that no dispatch of 145 MW costs less than the cheapest one.",
    takes=named("price", *STATIONS),
)
def dual_proof(answer):
    price = answer["price"]
    for station, (_, cost) in STATIONS.items():
        mu = answer[station]
        if mu < -1e-9:
            raise Wrong(f"The mu of {station} is negative: it is the price of a limit, and a limit never helps.")
        if price - mu > cost + 1e-6:
            raise Wrong(
                f"This proves nothing: price − mu of {station} is {price - mu:.4g}, above its cost of {cost:g} EUR/MWh, so its "
                "output might make a dispatch cheaper than your bound."
            )
    proved = price * 145 - sum(size * answer[station] for station, (size, _) in STATIONS.items())
    cheapest = at(retailer(STATIONS), "cut", 35.0).follower_objectives["market"]
    if near(proved, cheapest, 1e-6):
        return f"Nobody needs to believe a solver: your five numbers prove that 145 MW cost at least {proved:.6g} EUR/h."
    raise Wrong(
        f"These numbers are allowed and prove that 145 MW cost at least {proved:.6g} EUR/h, but the cheapest dispatch costs "
        f"{cheapest:.6g}. Which station sets the price? What does a MW of each cheaper one earn?"
    )


@exercise(
    "4d",
    question="By how many EUR/h does the retailer's best cut, with all its wind, lower the bill of the other buyers?",
    takes=number,
)
def gain_of_others(answer):
    best, none = solve(retailer(STATIONS)), at(retailer(STATIONS), "cut", 0.0)
    fall = none.point["price"] - best.point["price"]
    if near(answer, 60 * fall):
        own = none.leader_objective - best.leader_objective
        return f"The retailer gains {own:.6g} EUR/h itself, and gives {60 * fall:.6g} away: a reason to act together."
    if near(answer, -60 * fall):
        raise Wrong("The amount is right, and it is a fall: give what they save, a positive number.")
    if near(answer, fall):
        raise Wrong("That is the fall of the price, for one MW. They buy 60 MW.")
    if near(answer, none.leader_objective - best.leader_objective):
        raise Wrong("That is what the retailer itself gains. The others pay the same price for 60 MW, and compensate nobody.")
    raise Wrong("Compare the price without any cut with the price at the best one; the others buy 60 MW at either.")
