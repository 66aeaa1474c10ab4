"""The numbers of a case as arrays, and what follows from them at once: the retailer's bills, costs, participation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .cost_sharing import Division, divide
from .imbalance import Errors, imbalance_price
from .scheduling import Loads, Schedule, best_response


@dataclass(frozen=True, eq=False)
class Game:
    """The numbers of a case as arrays; N consumers, L loads, T periods.

    Attributes
    ----------
    base_load : ndarray, shape (N, T), kWh
    forward, retail : ndarray, shape (T,), EUR/kWh
    errors : Errors
    kappa : float, EUR/kWh
    loads : Loads
    rule, participation : str
    """

    base_load: np.ndarray
    forward: np.ndarray
    retail: np.ndarray
    errors: Errors
    kappa: float
    loads: Loads
    rule: str = "shapley"
    participation: str = "surplus"

    @property
    def number(self) -> int:
        return len(self.base_load)

    @cached_property
    def with_retailer(self) -> Schedule:
        """What the loads do at the retailer's price; ties to the lowest wholesale price, then the earliest period."""
        return best_response(self.loads, self.retail, self.forward)

    def consumption(self, schedule: Schedule) -> np.ndarray:
        """A, base load and loads, shape (N, T), kWh."""
        return self.base_load + self.loads.per_consumer(self.loads.power[:, None] * schedule.running, self.number)

    @cached_property
    def retailer_bill(self) -> np.ndarray:
        """R_i, shape (N,), EUR."""
        return self.consumption(self.with_retailer) @ self.retail

    def energy(self, schedule: Schedule) -> np.ndarray:
        """e_i, shape (N,), EUR."""
        return self.consumption(schedule) @ self.forward

    def most(self, schedule: Schedule) -> np.ndarray:
        """What each consumer pays at most before it leaves, shape (N,), EUR."""
        if self.participation == "bill":
            return self.retailer_bill
        gained = self.loads.value * (schedule.on.astype(float) - self.with_retailer.on)
        return self.retailer_bill + self.loads.per_consumer(gained, self.number)

    def divide(self, schedule: Schedule, rule: str | None = None) -> Division:
        errors = self.errors
        energy = self.energy(schedule)
        return divide(rule or self.rule, self.retailer_bill, energy, errors.sigma, errors.correlation, self.kappa)


def read(instance) -> Game:
    """The numbers of a loaded instance of ``model.py`` or a variant, consumers, loads and periods in the model's order.

    Raises
    ------
    ValueError
        Not such an instance.
    """
    if instance.component("interruptible_load") is None or instance.component("reservation_price") is None:
        raise ValueError(f"{instance.name}: the closed form answers le_cadre_2018 only; use bilevel_dr.solve")
    consumers, periods, loads = list(instance.CONSUMERS), list(instance.PERIODS), list(instance.LOADS)

    def of(name, over):
        values = getattr(instance, name).extract_values()
        return [values[index] for index in over]

    place = {name: {value: k for k, value in enumerate(values)} for name, values in (("i", consumers), ("t", periods))}
    rho = np.array(of("correlation", [(i, j) for i in consumers for j in consumers])).reshape(len(consumers), -1)
    np.fill_diagonal(rho, 1.0)
    owners = of("consumer_of", loads)
    reservation = of("reservation_price", zip(owners, of("level", loads), strict=True))
    prices = [np.array(of(f"{name}_price", periods), float) for name in ("forward", "surplus", "shortage", "retail")]
    rule, participation, bid = (getattr(instance, name).value for name in ("rule", "participation", "bid"))
    if instance.component("cost_alone") is not None:
        rule = "standalone_wholesale"
    return Game(
        base_load=np.array(of("base_load", [(i, t) for i in consumers for t in periods])).reshape(len(consumers), -1),
        forward=prices[0],
        retail=prices[3],
        errors=Errors(of("sigma", consumers), rho),
        kappa=float(imbalance_price(*prices[:3], bid).sum()),
        loads=Loads(
            np.array([place["i"][i] for i in owners], int),
            np.array([kind in ("B", "block") for kind in of("kind", loads)], bool),
            np.array(of("power", loads), float),
            np.array(of("duration", loads), int),
            np.array([place["t"][t] for t in of("earliest", loads)], int),
            np.array([place["t"][t] for t in of("latest", loads)], int),
            np.array(reservation, float),
        ),
        rule=rule,
        participation=participation,
    )
