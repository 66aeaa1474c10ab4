"""A loaded instance of this paper's models as arrays: buses ordered outwards from the substation, hours as columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .feeder import Feeder

FAR = 1e6
"""MW; no line carries more."""


@dataclass(frozen=True)
class Day:
    """The numbers of an instance, buses ordered outwards from the substation.

    Attributes
    ----------
    feeder : Feeder
    buses, hours, participants : tuple
        Labels.
    market_price, demand, wind : ndarray, shape (H,)
        €/MWh and MW.
    share : ndarray, shape (n, 1)
    wind_at : ndarray, shape (n, 1)
        1 at the bus of the wind power plant.
    cap, cost : ndarray, shape (n, H)
        P_max (MW) and π (€/MWh); 0 where nobody takes part.
    hourly : bool
        Whether the caps go with the demand of the hour.
    price_limit : float
    """

    feeder: Feeder
    buses: tuple
    hours: tuple
    participants: tuple
    market_price: np.ndarray
    demand: np.ndarray
    wind: np.ndarray
    share: np.ndarray
    wind_at: np.ndarray
    cap: np.ndarray
    cost: np.ndarray
    hourly: bool
    price_limit: float

    @property
    def load(self) -> np.ndarray:
        """Demand less wind at each bus, shape (n, H), MW; wind beyond the demand is spilled."""
        return self.share * self.demand - self.wind_at * np.minimum(self.wind, self.demand)

    @property
    def one_cost(self) -> np.ndarray:
        """Of each hour, whether all who take part are paid the same."""
        low = np.where(self.cap > 0, self.cost, np.inf).min(axis=0)
        return ~(np.where(self.cap > 0, self.cost, -np.inf).max(axis=0) > low)

    def moved(self, market_price, demand, wind) -> Day:
        """The same day with other profiles; hourly caps go with the demand, contracted ones stay."""
        demand = np.asarray(demand, float)
        relative = np.divide(demand, self.demand, out=np.zeros_like(demand), where=self.demand > 0)
        return replace(
            self,
            market_price=np.asarray(market_price, float),
            demand=demand,
            wind=np.asarray(wind, float),
            cap=self.cap * relative if self.hourly else self.cap,
        )

    def without_reductions(self) -> Day:
        return replace(self, cap=np.zeros_like(self.cap))


def read(instance) -> Day:
    """The numbers of a loaded instance of ``model.py``."""

    def values(name):  # a Param's own method, so that Pyomo need not be imported here; a scalar's index is None
        return getattr(instance, name).extract_values()

    hours, participants = tuple(instance.HOURS), tuple(instance.PARTICIPANTS)
    impedance, line_limit = values("impedance"), values("line_limit")
    root = values("substation_bus")[None]
    buses, parent = [root], [0]
    line = [None]
    for at, bus in enumerate(buses):  # grows while it is walked: breadth first
        for n, m in impedance:
            for near, far in ((n, m), (m, n)):
                if near == bus and far not in buses:
                    buses.append(far)
                    parent.append(at)
                    line.append((n, m))
    column = lambda numbers: np.array(numbers, float)[:, None]  # noqa: E731
    feeder = Feeder(
        parent=np.array(parent),
        conductance=column([0.0 if k is None else values("voltage_base")[None] ** 2 / impedance[k] for k in line]),
        line_limit=column([FAR if k is None else min(line_limit[k], FAR) for k in line]),
        voltage_min=column([values("voltage_min")[n] for n in buses]),
        voltage_max=column([values("voltage_max")[n] for n in buses]),
        slack_voltage=float(values("slack_voltage")[None]),
        substation_limit=float(values("substation_limit")[None]),
    )
    cap, cost = np.zeros((2, len(buses), len(hours)))
    reduction_max, dlc_cost = values("reduction_max"), values("dlc_cost")
    for i in participants:
        cap[buses.index(i)] = [reduction_max[i, h] for h in hours]
        cost[buses.index(i)] = [dlc_cost[i, h] for h in hours]
    by_hour = {name: np.array([values(name)[h] for h in hours], float) for name in ("market_price", "demand", "wind")}
    return Day(
        feeder=feeder,
        buses=tuple(buses),
        hours=hours,
        participants=participants,
        share=column([values("share")[n] for n in buses]),
        wind_at=column([n == values("wind_bus")[None] for n in buses]),
        cap=cap,
        cost=cost,
        hourly=values("cap_rule")[None] == 0,
        price_limit=float(values("price_limit")[None]),
        **by_hour,
    )
