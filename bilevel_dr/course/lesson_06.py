"""Lesson 6, one price for the day (shayegan_rad_2019): its small feeder, and the judges of its exercises."""

from __future__ import annotations

import importlib
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from ..papers import find_paper, load_case
from ..verification import verify
from .answers import near, number, point
from .judging import Wrong, exercise

PAPER = find_paper("shayegan_rad_2019")

THREE_BUSES = """\
set HOURS := 1 ;
set PARTICIPANTS := 2 3 ;

# bus   share of demand   voltage limits, p.u.
param: BUSES: share voltage_min voltage_max :=
  1  0.0  0.9  1.1
  2  0.5  0.9  1.1
  3  0.5  0.9  1.1
;

# from to   Ohm   MW
param: LINES: impedance line_limit :=
  1 2   1.0   15
  2 3   1.0   15
;

param voltage_base := 11 ;      # kV
param slack_voltage := 1.0 ;    # p.u.
param substation_limit := 15 ;  # MW
param wind_bus := 3 ;
param cap_rule := 0 ;
param cap_fraction := 0.3 ;

# hour   EUR/MWh   MW   MW   MW
param: market_price demand wind wind_std :=
  1   60   8   1   0.1
;
param market_price_std := 2 ;
param demand_std := 0.5 ;

# EUR/MWh, consumer by hour
param dlc_cost: 1 :=
  2  30
  3  30
;
"""
"""The smallest feeder on which losses matter: substation, and two consumers one behind the other."""


@exercise(
    "6a",
    question="On the three buses the market price rises from 60 to 80 €/MWh. Which price earns the aggregator most?",
    takes=number,
)
def best_price_at_a_dearer_market(answer):
    asked = _three_buses({"market_price": {1: 80}})
    day, exact = _exact().read(asked), _exact()
    best = exact.best_price(day)
    if not 0 <= answer <= asked.price.ub:
        raise Wrong(f"The price lies between 0 and {asked.price.ub:g} €/MWh.")
    (earned,) = exact.curve(day, np.array([answer]))
    if earned > best.profit - 1e-3 * best.profit and answer <= best.price * (1 + 1e-6) + 5e-3:
        return f"{best.profit:.5g} €: the last price at which both consumers still sell all they may."
    prices, _ = exact.local_maxima(day, 40.0, 150.0, finest=1e-3)
    said = f"At {answer:.5g} €/MWh the profit is {earned:.4g} €, and {best.profit:.5g} € is possible. "
    if any(near(answer, price, 1e-3) for price in prices):
        raise Wrong(said + "Yours is a local maximum: the far consumer alone sells. What if both do?")
    if near(answer, 80.0):
        raise Wrong(said + "The DSO pays more than the market price: a reduction saves the losses on the way, too.")
    raise Wrong(said + "Draw the profit over the price as the lesson does, and look for its highest peak.")


@exercise(
    "6b",
    question="On the weekend caps are taken of the demand of the hour, `cap_rule` 0, all else as it is. Which price earns most?",
    takes=number,
)
def best_weekend_price(answer):
    exact = _exact()
    day, best = _searched(0)
    if not 0 <= answer <= 200:
        raise Wrong(f"{answer:g} €/MWh is no price that this market knows.")
    (earned,) = exact.curve(day, np.array([answer]))
    lost = 100 * (1 - earned / best.profit)
    if lost <= 0.1:
        return f"{best.profit:.5g} €, and no price earns more than {best.bound:.5g} €: the search over all of them proves it."
    said = f"At {answer:.5g} €/MWh the profit is {earned:.5g} €, {lost:.2g} % less than the best price earns. "
    if near(answer, _searched(1)[1].price, 1e-3):
        raise Wrong(said + "That is the best price under the old caps; with other caps another maximum is the highest.")
    peaks, _ = exact.local_maxima(day, max(answer - 1.0, 0.0), answer + 1.0, finest=1e-2)
    if len(peaks) and np.abs(peaks - answer).min() < 0.02:
        raise Wrong(said + "It is a local maximum, one of many: a search that only looks nearby stops here.")
    raise Wrong(said + "The exact algorithm searches all prices; a local solver does not.")


@exercise(
    "6c",
    question="On the working day, in hour 21, the aggregator lowers its price from far above until the DSO buys the first "
    "reduction. At which bus?",
    takes=number,
)
def first_bus(answer):
    day, prices, sold = _sold_in_hour_21()
    first = day.buses[int(sold[int(np.argmax(sold.any(axis=1)))].argmax())]
    if answer == first:
        return f"Bus {first}: where a MW saves the most losses on its way from the substation."
    if answer not in day.buses:
        raise Wrong(f"There is no bus {answer:g}; the feeder has 1 to {max(day.buses)}.")
    if not (day.cap[day.buses.index(int(answer))] > 0).any():
        raise Wrong(f"The consumer at bus {answer:g} does not take part: it has nothing to sell.")
    at = prices[np.argmax(sold[:, day.buses.index(int(answer))])]
    more = "Bus 27 is the farthest by lines, but the wind at bus 24 feeds its end of the feeder. " if answer == 27 else ""
    raise Wrong(
        f"{more}Bus {answer:g} is bought from when the price is down to {at:.4g} €/MWh, and another one is bought from before. "
        "What is a MW worth there: the market price, and the losses that it saves on its whole way?"
    )


@exercise(
    "6d",
    question="On the three buses the line from 2 to 3 carries no more than 1.9 MW. Give the best point there is.",
    takes=point,
)
def a_narrow_line(answer):
    asked = _three_buses({"line_limit[2,3]": 1.9})
    verdict = verify(asked, answer)
    if not verdict.passed:
        hint = " The line is too narrow for that." if any("line_limit" in reason for reason in verdict.reasons) else ""
        raise Wrong(f"The certificate did not pass: {verdict.reasons[0]}.{hint}")
    best = _exact().best_price(_exact().read(asked))
    price = answer["price"]
    (earned,) = _exact().curve(_exact().read(asked), np.array([price]))
    if earned >= best.profit * (1 - 1e-4):
        return (
            f"{best.profit:.5g} € at {best.price:.5g} €/MWh, the highest price that the model allows: what cannot come over "
            "the line must be bought from consumer 3, whatever it costs. Who cannot choose is protected by that limit alone."
        )
    raise Wrong(
        f"The certificate passed: the DSO answers so. But {earned:.5g} € is not the most, {best.profit:.5g} € is possible. "
        "The DSO now must buy some of the reduction. What would you ask of somebody who must buy?"
    )


def _exact():
    """The paper's own search over all prices, which shares no code with the engine."""
    return importlib.import_module(PAPER.exact().__module__)


@cache
def _searched(cap_rule: int):
    """The weekend under one of the two rules for caps, and its best price."""
    day = _exact().read(load_case("shayegan_rad_2019", "weekend", {"cap_rule": cap_rule}))
    return day, _exact().best_price(day)


@cache
def _sold_in_hour_21():
    """The working day, prices that fall, and at each of them who sells in that hour."""
    day = _exact().read(load_case("shayegan_rad_2019", "working_day"))
    hour = list(day.hours).index(21)
    prices = day.market_price[hour] * np.linspace(1.5, 1.0, 251)
    return day, prices, _exact().reductions(day, prices)[0][:, hour, :] > 1e-6


def _three_buses(overrides):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "three_buses.dat"
        file.write_text(THREE_BUSES, encoding="utf-8")
        return load_case("shayegan_rad_2019", str(file), overrides)
