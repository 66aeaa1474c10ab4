"""The Nash equilibrium of the aggregators, on arrays: a root in the price alone, and its certificate.

What an aggregator buys depends on the price and on nothing else of the others (``allocation``), so an equilibrium is a
root of F(p) = Σ_j y_j(p) − p/c (``market``, ``roots``). A root is an equilibrium if nobody gains by another purchase
(``deviation``): always for α = 0, where the game has a strictly concave potential, and for α ≥ 1, where the payoff is
concave; for 0 < α < 1 it has to be seen. An answer whose certificate fails is no equilibrium and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .deviation import largest_gains, value
from .market import POLICIES, Market, steepest
from .roots import all_roots, clearing_price

GAIN = 1e-8
"""The relative gain of a deviation up to which an equilibrium is verified: rounding, for a million users."""
SEARCHED = 1_000
"""Users up to which other roots are tried when the first one is no equilibrium."""


@dataclass(frozen=True)
class Equilibrium:
    """A root of F and what stands there.

    Attributes
    ----------
    price : float
    purchases : ndarray, shape (M,)
    consumption, surplus : ndarray, shape (N,)
        In the order of the users as given.
    value : ndarray, shape (M,)
        Certainty-equivalent surplus of each aggregator's served users, in units of surplus.
    certificate : ndarray, shape (M,)
        The largest relative gain of a deviation, per aggregator; NaN where it could not be decided.
    verified : bool
        Every gain is within 1e-8: a pure Nash equilibrium. If not, the numbers are a root of F and no more.
    unique : bool
        F is proved to fall, so that there is no other root.
    served : ndarray of bool, shape (N,)
        Whom the policy serves.
    idle : ndarray of int
        Aggregators that buy nothing, because one of their users has b_i ≤ p (α ≥ 1) or all have.
    policy : str
    """

    price: float
    purchases: np.ndarray
    consumption: np.ndarray
    surplus: np.ndarray
    value: np.ndarray
    certificate: np.ndarray
    verified: bool
    unique: bool
    served: np.ndarray
    idle: np.ndarray
    policy: str
    _market: Market = field(repr=False)
    _order: np.ndarray | None = field(default=None, repr=False)

    @cached_property
    def roots(self) -> np.ndarray:
        """Every root of F that a search finds, ascending; searched when first asked for (see :func:`~.roots.all_roots`)."""
        return all_roots(self._market, self.price)

    def excess(self, prices) -> np.ndarray:
        """F(p) = Σ_j y_j(p) − p/c, whose roots these are, at prices of shape (n,)."""
        return self._market.excess(np.asarray(prices, float))[0]

    def at(self, price) -> Equilibrium:
        """The same at another of the roots, with a certificate of its own."""
        return _at(self._market, float(price), self._order)

    def __str__(self) -> str:
        said = "equilibrium" if self.verified else "no verified pure equilibrium; a root of F"
        return f"{said} at price {self.price:.10g}, policy {self.policy}"


def equilibrium(a, b, group, alpha, c=0.001, policy="strict") -> Equilibrium:
    """The equilibrium of aggregators that share α-fairly, in time linear in the users.

    Parameters
    ----------
    a, b : array_like, shape (N,)
        Utility b x − a x² of each user; both positive.
    group : array_like of int, shape (N,)
        Aggregator of each user, from 0 to M − 1, each at least once.
    alpha : float or array_like, shape (M,)
        α ≥ 0, ``inf`` for max-min, of all aggregators or of each.
    c : float
        Slope of the price, positive.
    policy : str
        ``strict``, ``eligible`` or ``active``: what becomes of users with b_i ≤ p where α ≥ 1 (``market``).

    Returns
    -------
    Equilibrium

    Raises
    ------
    ValueError
        A number out of its domain, arrays that do not fit, or an aggregator without users.

    Examples
    --------
    >>> found = equilibrium([0.5, 0.5, 0.5], [8, 6, 10], [0, 0, 1], alpha=1)
    >>> found.verified, found.unique, round(found.price, 6)
    (True, True, 0.023889)
    """
    a, b, group, alpha, c = _checked(a, b, group, alpha, c, policy)
    order = None if np.all(group[1:] >= group[:-1]) else np.argsort(group, kind="stable")
    if order is not None:
        a, b, group = a[order], b[order], group[order]
    starts = np.concatenate([[0], 1 + np.flatnonzero(np.diff(group))])
    market = Market(a, b, starts, alpha, c, policy)
    answer = _at(market, clearing_price(market), order)
    if not answer.verified and not answer.unique and policy != "active" and a.size <= SEARCHED:
        others = (answer.at(root) for root in answer.roots if root != answer.price)
        answer = next((other for other in others if other.verified), answer)
    return answer


def _at(market, price, order) -> Equilibrium:
    """What stands at a root; the users' arrays in the order in which they were given."""
    y, x = market.purchases(price)
    s = x * (market.b - price - market.a * x)
    gains = largest_gains(market, price, y, x)
    values = np.zeros(y.size)
    for block in market.blocks:
        values[block.aggregators] = value(s[block.users], 0 if block.alone else block.alpha, block.starts)
    served = np.ones(x.size, bool) if market.served is None else market.served
    if order is not None:
        back = np.empty_like(order)
        back[order] = np.arange(order.size)
        x, s, served = x[back], s[back], served[back]
    verified, unique, idle = bool(np.all(gains <= GAIN)), steepest(market) <= 0, np.flatnonzero(y == 0)
    return Equilibrium(price, y, x, s, values, gains, verified, unique, served, idle, market.policy, market, order)


def _checked(a, b, group, alpha, c, policy):
    a, b, group, alpha = np.asarray(a, float), np.asarray(b, float), np.asarray(group), np.asarray(alpha, float)
    if a.ndim != 1 or a.size == 0:
        raise ValueError(f"a: shape {a.shape}; give one number a user, and at least one user")
    for name, values in (("b", b), ("group", group)):
        if values.shape != a.shape:
            raise ValueError(f"{name}: shape {values.shape} beside a's {a.shape}; give one number a user")
    for name, values in (("a", a), ("b", b)):
        wrong = ~((values > 0) & (values < np.inf))
        if wrong.any():
            first = int(np.argmax(wrong))
            raise ValueError(f"{name}[{first}] = {values[first]}: must be finite and > 0")
    if not np.issubdtype(group.dtype, np.integer):
        raise ValueError(f"group: of type {group.dtype}; number the aggregators 0, 1, … in integers")
    number = int(group.max()) + 1 if alpha.ndim == 0 else alpha.size
    if number > a.size:
        raise ValueError(f"{number} aggregators for {a.size} users: each needs at least one; number them from 0")
    if group.min() < 0 or group.max() >= number:
        raise ValueError(f"group: from {group.min()} to {group.max()}; number the {number} aggregators from 0")
    empty = np.flatnonzero(np.bincount(group, minlength=number) == 0)
    if empty.size:
        raise ValueError(f"aggregator {empty[0]} has no users; number the aggregators from 0 without gaps")
    if alpha.ndim > 1 or not np.all(alpha >= 0):
        raise ValueError(f"alpha = {alpha}: must be ≥ 0 (inf for max-min), one number or one for each aggregator")
    if not 0 < c < np.inf:
        raise ValueError(f"c = {c}: must be finite and > 0")
    if policy not in POLICIES:
        raise ValueError(f"policy = {policy!r}: must be one of {', '.join(POLICIES)}")
    return a, b, group, np.broadcast_to(alpha, number).copy(), float(c)
