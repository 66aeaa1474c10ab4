"""Seeded synthetic coalitions, as data for the model and as a .dat file: the paper's own data are lost to us.

Everything drawn is synthetic; the shapes are assumed: a household's two peaks, day-ahead prices with a morning and an
evening peak, four kinds of appliances, reservation prices that fall with the priority level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

HOURS = 24
TARIFFS = ("flat", "time_of_use")


class Appliance(NamedTuple):
    """What is drawn for a load: kind, power (kW), duration (h), window of the day (inclusive), how common it is."""

    kind: str
    power: tuple[float, float]
    duration: int
    window: tuple[int, int]
    share: float


APPLIANCES = {
    "dishwasher": Appliance("B", (1.1, 1.5), 2, (18, 23), 0.6),
    "washing": Appliance("B", (0.85, 1.2), 2, (8, 19), 0.6),
    "dryer": Appliance("B", (1.6, 2.4), 1, (9, 21), 0.25),
    "ev": Appliance("I", (3.0, 4.4), 3, (0, 6), 0.4),
    "waterheater": Appliance("I", (1.5, 2.5), 4, (0, 7), 0.25),
}
LEVELS = (1.0, 0.6, 0.4)
"""Reservation price of priority 1, 2, 3, relative to the first."""


def draw(seed: int, consumers: int, tariff: str = "flat", correlation: float = 0.1, days: int = 1) -> dict:
    """A coalition as Pyomo's data: ``{name: {index: value}}``, for ``model.create_instance({None: data})``.

    Parameters
    ----------
    seed : int
    consumers : int
        At least 1.
    tariff : str
        The retailer's: ``"flat"`` or ``"time_of_use"`` (cheap from 22 to 6), with one mean.
    correlation : float
        ρ_ij, i ≠ j, from −1/(N−1) to 1.
    days : int
        Each with the same prices and base loads of its own; loads run on a day drawn for each.

    Raises
    ------
    ValueError
        An unknown tariff, or no consumer.
    """
    if tariff not in TARIFFS or consumers < 1 or days < 1:
        raise ValueError(f"tariff {tariff!r}, {consumers} consumers, {days} days: one of {', '.join(TARIFFS)}, at least one each")
    random = np.random.default_rng(seed)
    hours = np.arange(HOURS)
    names, periods = range(1, consumers + 1), range(days * HOURS)
    forward = 0.136 + 0.010 * _peak(hours, 8.5, 2.5) + 0.017 * _peak(hours, 19, 2.5) - 0.012 * _peak(hours, 3.5, 3)
    spread = 0.010 + 0.25 * (forward - forward.min())
    night = (hours >= 22) | (hours < 6)
    retail = np.full(HOURS, 0.1466) if tariff == "flat" else np.where(night, 0.138, 0.1509)
    shape = 0.35 + 0.6 * _peak(hours, 7.5, 1.5) + 0.4 * _peak(hours, 12.5, 1.5) + 1.2 * _peak(hours, 19.5, 2.2)
    size = random.lognormal(-1.1, 0.4, consumers)
    base = size[:, None] * np.tile(shape, days) * random.lognormal(0, 0.12, (consumers, days * HOURS))
    top = random.uniform(0.27, 0.33, consumers)
    data: dict = {"CONSUMERS": {None: list(names)}, "PERIODS": {None: list(periods)}}
    data |= {
        "base_load": {(i, t): round(float(base[i - 1, t]), 5) for i in names for t in periods},
        "sigma": {i: round(float(0.12 * random.uniform(0.7, 1.5) * size[i - 1]), 5) for i in names},
        "correlation": {(i, j): 1.0 if i == j else correlation for i in names for j in names},
        "reservation_price": {
            (i, k): round(float(level * top[i - 1]), 4) for i in names for k, level in enumerate(LEVELS, 1)
        },
    }
    prices = {"forward": forward, "surplus": forward - spread, "shortage": forward + spread, "retail": retail}
    for name, day in prices.items():
        data[f"{name}_price"] = {t: round(float(day[t % HOURS]), 5) for t in periods}
    return data | _loads(random, names, days)


def generate(
    seed: int = 0, consumers: int = 12, tariff: str = "flat", correlation: float = 0.1, days: int = 1
) -> str:
    """The text of a .dat file with a coalition that is drawn; parameters are those of :func:`draw`."""
    data = draw(seed, consumers, tariff, correlation, days)
    about = f"Drawn: bilevel-dr case le_cadre_2018 --seed {seed} --consumers {consumers}"
    about += "".join(
        f" --{name} {value}"
        for name, value, usual in (("tariff", tariff, "flat"), ("correlation", correlation, 0.1), ("days", days, 1))
        if value != usual
    )
    return as_dat(data, f"of {consumers} consumers, seed {seed}", about)


def _loads(random, names, days) -> dict:
    columns = ("consumer_of", "kind", "power", "duration", "earliest", "latest", "level")
    data: dict = {name: {} for name in columns}
    for i in names:
        owned = [name for name, what in APPLIANCES.items() if random.random() < what.share] or ["washing"]
        for name in owned:
            what, day = APPLIANCES[name], HOURS * int(random.integers(days))
            power, level = round(float(random.uniform(*what.power)), 2), int(random.integers(1, 4))
            row = (i, what.kind, power, what.duration, day + what.window[0], day + what.window[1], level)
            for column, value in zip(columns, row, strict=True):
                data[column][f"{i}_{name}"] = value
    return {"LOADS": {None: list(data["power"])}} | data


def _peak(hours, at, width):
    away = np.minimum(np.abs(hours - at), HOURS - np.abs(hours - at))
    return np.exp(-0.5 * (away / width) ** 2)


def as_dat(data: dict, title: str, about: str) -> str:
    """The text of a .dat file; ``title`` names the case, ``about`` says in one line what it is."""
    names, periods, loads = (data[name][None] for name in ("CONSUMERS", "PERIODS", "LOADS"))
    lines = [f"# Le Cadre, Pagnoncelli, Homem-de-Mello and Beaude (2018), reconstruction, case {title}", f"# {about}", "#"]
    lines += ["# Synthetic: the paper's data are lost to us. sources.csv says so number by number.", ""]
    columns = ("forward_price", "surplus_price", "shortage_price", "retail_price")
    lines += ["# period  day-ahead  excess  missing  retailer, all EUR/kWh", f"param: PERIODS: {' '.join(columns)} :="]
    lines += [f"  {t:>3}  " + "  ".join(f"{data[name][t]:<8}" for name in columns).rstrip() for t in periods] + [";", ""]
    lines += ["# consumer  standard deviation of the base load's error, kWh", "param: CONSUMERS: sigma :="]
    lines += [f"  {i:>3}  {data['sigma'][i]}" for i in names] + [";", ""]
    others = sorted({rho for (i, j), rho in data["correlation"].items() if i != j}) or [0]
    lines += ["# correlation of the errors", f"param correlation default {others[0]} :="]
    lines += ["  " + "  ".join(f"{i} {i} 1" for i in names), ";", ""]
    columns = ("consumer_of", "kind", "power", "duration", "earliest", "latest", "level")
    lines += ["# load  whose  block or interruptible  kW  h  window, inclusive  priority"]
    lines += [f"param: LOADS: {' '.join(columns)} :="]
    lines += [f"  {load:<14} " + " ".join(f"{data[name][load]:>4}" for name in columns) for load in loads] + [";", ""]
    levels = sorted({k for _, k in data["reservation_price"]})
    lines += ["# reservation price by priority, EUR/kWh", f"param reservation_price: {' '.join(map(str, levels))} :="]
    lines += [f"  {i:>3}  " + " ".join(f"{data['reservation_price'][i, k]:<7}" for k in levels).rstrip() for i in names]
    lines += [";", "", "# base load, kWh: consumer by period"]
    for first in range(0, len(periods), HOURS):
        day = periods[first : first + HOURS]
        lines += ["param base_load: " + " ".join(f"{t:>7}" for t in day) + " :="]
        lines += [f"            {i:>3}  " + " ".join(f"{data['base_load'][i, t]:>7}" for t in day) for i in names] + [";"]
    return "\n".join(lines) + "\n"
