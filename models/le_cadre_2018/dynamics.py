"""Consumers that come and go: a coalition round after round, with inertia in the choice of the supplier.

The paper names a consumer's inertia β and analyses the dynamics numerically; how is lost to us, so that three readings
stand side by side [R]. Each round every consumer compares its bill in the coalition (with itself in it) with the
retailer's; all move at once.

=============  ======================================================================================
behaviour      what β does
=============  ======================================================================================
persistence    with probability β a consumer keeps its supplier, otherwise it takes the cheaper one
threshold      it leaves if y_i > (1 + β) R_i and enters if y_i < (1 − β) R_i
logit          it takes the coalition with probability 1/(1 + e^−u), u = 20 ((R_i − y_i)/R_i ± β)
=============  ======================================================================================

The aggregator aims at a fixed share of what the coalition could save, Π = share · (Σ R_i − c(G)), with whoever is in it.
"""

from __future__ import annotations

import numpy as np

from .cost_sharing import divide
from .imbalance import Errors

BEHAVIOURS = ("persistence", "threshold", "logit")
SHARPNESS = 20.0
"""Of the logit: what a saving of the whole bill is worth in log-odds."""


class Coalitions:
    """Bills of all coalitions of some consumers, each worked out once.

    Parameters
    ----------
    retailer_bill, energy : array_like, shape (N,), EUR
    errors : Errors
    kappa : float, EUR/kWh
    rule : str
        One of :data:`.cost_sharing.RULES`.
    share : float
        Of the possible saving that the aggregator keeps as profit.
    """

    def __init__(self, retailer_bill, energy, errors: Errors, kappa: float, rule: str, share: float = 0.5):
        self.retailer_bill, self.energy = np.asarray(retailer_bill, float), np.asarray(energy, float)
        self.errors, self.kappa, self.rule, self.share = errors, kappa, rule, share
        self._known: dict[bytes, np.ndarray] = {}

    def bills(self, members) -> np.ndarray:
        """What each consumer pays with the members, or would pay if it joined them; shape (N,), EUR."""
        members = np.asarray(members, bool)
        if members.tobytes() not in self._known:
            bills = np.empty(members.size)
            bills[members] = self._of(members)[members]
            for i in np.flatnonzero(~members):
                joined = members.copy()
                joined[i] = True
                bills[i] = self._of(joined)[i]
            self._known[members.tobytes()] = bills
        return self._known[members.tobytes()]

    def _of(self, members) -> np.ndarray:
        inside = np.flatnonzero(members)
        bills = np.full(members.size, np.nan)
        if inside.size:
            rho = self.errors.correlation
            rho = rho if np.ndim(rho) == 0 else rho[np.ix_(inside, inside)]
            retail, energy = self.retailer_bill[inside], self.energy[inside]
            division = divide(self.rule, retail, energy, self.errors.sigma[inside], rho, self.kappa)
            bills[inside] = division.bills(self.share * (retail.sum() - division.cost))
        return bills


def sizes(
    coalitions: Coalitions, behaviour: str, inertia: float, rounds: int, repetitions: int = 20, start=None, seed: int = 0
) -> np.ndarray:
    """How many consumers are in the coalition, round by round.

    Parameters
    ----------
    coalitions : Coalitions
    behaviour : str
        One of :data:`BEHAVIOURS`.
    inertia : float
        β, from 0 to 1.
    rounds, repetitions : int
    start : bool array_like, shape (N,), optional
        Who is in at first; by default everybody.
    seed : int

    Returns
    -------
    int ndarray, shape (repetitions, rounds + 1)

    Raises
    ------
    ValueError
        An unknown behaviour, or an inertia out of its range.
    """
    if behaviour not in BEHAVIOURS or not 0 <= inertia <= 1:
        raise ValueError(f"behaviour {behaviour!r}, inertia {inertia}: one of {', '.join(BEHAVIOURS)}, from 0 to 1")
    random, retail = np.random.default_rng(seed), coalitions.retailer_bill
    start = np.ones(retail.size, bool) if start is None else np.asarray(start, bool)
    found = np.empty((repetitions, rounds + 1), int)
    for row in found:
        members = start
        row[0] = members.sum()
        for m in range(rounds):
            bills, chance = coalitions.bills(members), random.random(retail.size)
            saving = (retail - bills) / retail
            if behaviour == "persistence":
                members = np.where(chance < inertia, members, saving >= 0)
            elif behaviour == "threshold":
                members = np.where(members, saving >= -inertia, saving > inertia)
            else:
                members = chance < 1 / (1 + np.exp(-SHARPNESS * (saving + np.where(members, inertia, -inertia))))
            row[m + 1] = members.sum()
    return found
