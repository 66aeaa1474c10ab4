"""The market: aggregators of users, each with its own α, and F(p) = Σ_j y_j(p) − p/c, whose root is the equilibrium price.

Which of an aggregator's users take part is the ``policy``'s answer to those with b_i ≤ p. For α < 1 they leave, with
nothing lost. For α ≥ 1 their surplus of zero makes the aggregator's payoff −∞ (zero, if α = ∞) whatever it does:

``strict``
    The formulas as they stand: such an aggregator has no finite payoff to win and buys nothing.
``eligible``
    An aggregator with α ≥ 1 serves a fixed set: the users who would buy if everybody were alone in the same market,
    b_i > p₀, with p₀ = :func:`entry_price`. Among those it is strict.
``active``
    Users leave as for α < 1. No game has that payoff: for teaching, never verified.

A user alone buys (b − p)⁺ / (2 a + c) for every α.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .allocation import counts, respond

POLICIES = ("strict", "eligible", "active")


@dataclass
class Block:
    """Aggregators of one α, their users side by side.

    Attributes
    ----------
    aggregators : ndarray of int, shape (groups,)
    users : ndarray of int, shape (n,)
        Places in the market's arrays.
    a, b : ndarray, shape (n,)
    starts, sizes : ndarray of int, shape (groups,)
    alpha, c : float
    leave : bool
        Users with b_i ≤ p leave; else their aggregator buys nothing.
    """

    aggregators: np.ndarray
    users: np.ndarray
    a: np.ndarray
    b: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    alpha: float
    c: float
    leave: bool
    _level: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)
    _u: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)
    _last: tuple = field(default=(np.empty(0), None), repr=False)

    @property
    def alone(self) -> bool:
        return self.starts.size == self.users.size

    def exits(self) -> np.ndarray:
        """Prices at which a user or a whole aggregator leaves; shape (exits,)."""
        return self.b if self.leave else np.minimum.reduceat(self.b, self.starts)

    def respond(self, prices):
        """Purchases, their derivatives, shape (prices, groups), and consumption, shape (prices, n)."""
        if not np.array_equal(prices, self._last[0]):
            self._last = prices.copy(), self._respond(prices)
        return self._last[1]

    def _respond(self, prices):
        t = self.b - prices[:, None]
        if self.alone:
            x = np.maximum(t, 0) / (2 * self.a + self.c)
            return x, np.where(t > 0, -1 / (2 * self.a + self.c), 0.0), x
        shape = len(prices), self.starts.size
        if t.min() > 0:  # the usual case for α ≥ 1: nobody has left
            found = self._answer(t.ravel(), np.arange(shape[0])[:, None] * self.users.size + self.starts, ..., ...)
            return found.purchase.reshape(shape), found.slope.reshape(shape), found.consumption.reshape(t.shape)
        stays = t > 0
        number = np.add.reduceat(stays, self.starts, axis=1, dtype=np.intp)
        if not self.leave:
            number[number < self.sizes] = 0
            stays = (number > 0).repeat(self.sizes, axis=1)
        there = number > 0
        y, slope, x = np.zeros(shape), np.zeros(shape), np.zeros(t.shape)
        if there.any():
            starts = np.cumsum(number[there]) - number[there]
            found = self._answer(t[stays], starts, there.ravel(), stays.ravel())
            y[there], slope[there], x[stays] = found.purchase, found.slope, found.consumption
        return y, slope, x

    def _answer(self, t, starts, there, stays):
        """The response of the groups that are there with the users who stay, from where the last one ended."""
        prices = stays.size // self.users.size if stays is not ... else t.size // self.users.size
        groups, users = prices * self.starts.size, prices * self.users.size
        if self._level.size != groups:
            self._level, self._u = np.full(groups, np.nan), np.full(users, np.nan)
        level, u = self._level[there], self._u[stays]
        level = None if np.isnan(level).any() else level
        u = None if level is None or np.isnan(u).any() else u
        a = self.a if prices == 1 else np.tile(self.a, prices)
        found = respond(t, a[stays], starts.ravel(), self.alpha, self.c, level, u)
        if found.level is not None:
            self._level[there] = found.level
        if found.u is not None:
            self._u[stays] = found.u
        return found


class Market:
    """Aggregators that compete, with what others buy besides.

    Parameters
    ----------
    a, b : ndarray, shape (users,)
        Users of one aggregator side by side.
    starts : ndarray of int, shape (aggregators,)
    alpha : ndarray, shape (aggregators,)
    c : float
    policy : str
    others : float
        Purchases that stay as they are.
    """

    def __init__(self, a, b, starts, alpha, c, policy="strict", others=0.0):
        self.a, self.b, self.starts, self.alpha, self.c = a, b, starts, alpha, c
        self.policy, self.others = policy, others
        self.sizes = counts(starts, a.size)
        self.served = self._served()
        self.blocks = list(self._blocks())

    def _served(self):
        """Whom the aggregators serve; shape (users,), or None for everybody."""
        picky = (self.alpha >= 1) & (self.sizes > 1)
        if self.policy != "eligible" or not picky.any():
            return None
        return (self.b > entry_price(self.a, self.b, self.c)) | (~picky).repeat(self.sizes)

    def _blocks(self):
        number = self.sizes if self.served is None else np.add.reduceat(self.served, self.starts, dtype=np.intp)
        alpha = np.where(self.sizes > 1, self.alpha, np.nan)  # a user alone buys the same for every α
        kinds = np.unique(alpha[number > 0])
        for kind in kinds:
            groups = np.flatnonzero(((alpha == kind) | (np.isnan(alpha) & np.isnan(kind))) & (number > 0))
            if len(kinds) == 1 and self.served is None:
                users, a, b = np.arange(self.a.size), self.a, self.b
            else:
                inside = np.zeros(self.starts.size, bool)
                inside[groups] = True
                inside = inside.repeat(self.sizes)
                users = np.flatnonzero(inside if self.served is None else inside & self.served)
                a, b = self.a[users], self.b[users]
            sizes = number[groups]
            leave = np.isnan(kind) or kind < 1 or self.policy == "active"
            yield Block(groups, users, a, b, np.cumsum(sizes) - sizes, sizes, float(kind), self.c, bool(leave))

    def excess(self, prices):
        """F and F' at several prices; shapes (prices,)."""
        total, slope = self.others - prices / self.c, np.full(prices.shape, -1 / self.c)
        for block in self.blocks:
            y, falls, _ = block.respond(prices)
            total, slope = total + y.sum(axis=1), slope + falls.sum(axis=1)
        return total, slope

    def purchases(self, price):
        """What is bought at one price: per aggregator, and per user."""
        y, x = np.zeros(self.starts.size), np.zeros(self.a.size)
        for block in self.blocks:
            bought, _, used = block.respond(np.array([price]))
            y[block.aggregators], x[block.users] = bought[0], used[0]
        return y, x

    @property
    def exits(self) -> np.ndarray:
        """Prices at which F is not smooth, or jumps upwards; ascending."""
        several = [block.exits() for block in self.blocks if not block.alone]
        return np.unique(np.concatenate([*several, []]))

    @property
    def jumps(self) -> bool:
        """Whether F can jump: users leave, and the last thing they do before is to take all."""
        return any(block.leave and block.alpha >= 0.5 for block in self.blocks if not block.alone)


def steepest(market) -> float:
    """A bound on dF/dp, exclusive; ``inf`` where there is none. Not positive: the root is the only one.

    From ``allocation``'s formula, dy/dp < (1 − β)⁺/c for α ≥ ½, and dy/dp < 0 for α = 0 and for users alone. With M
    aggregators of several users and one α ≥ 1, F falls if M (1 − 1/α) ≤ 1: always for α = 1, up to α = 2 for M = 2.
    """
    rise = -1.0
    for block in market.blocks:
        if block.alone or block.alpha == 0:
            continue
        if block.alpha < 0.5 or market.jumps:
            return np.inf
        rise += block.starts.size * max(0.0, 1 - 1 / block.alpha)
    return rise / market.c


def entry_price(a, b, c) -> float:
    """The equilibrium price if every user were alone, which decides who is ``eligible``.

    p/c = Σ (b − p)⁺ / (2 a + c). Any set of users gives a price no larger than the true one, so whoever has b ≤ p now
    never buys.
    """
    weight = 1 / (2 * a + c)
    while True:
        price = (weight * b).sum() / (1 / c + weight.sum())
        buys = b > price
        if buys.all():
            return float(price)
        weight, b = weight[buys], b[buys]


def welfare_price(market) -> float:
    """The price at which everybody maximises welfare, as if every α were zero.

    y_j = (P_j − p R_j) / (1 + c R_j) with P_j = Σ b/2a, R_j = Σ 1/2a over those who buy. Any sets give a price no larger
    than the true one, so whoever has b ≤ p + c y_j now never buys.
    """
    served = slice(None) if market.served is None else market.served
    sizes = market.sizes if market.served is None else np.add.reduceat(market.served, market.starts, dtype=np.intp)
    sizes = sizes[sizes > 0]
    half, b, c = 0.5 / market.a[served], market.b[served], market.c
    while True:
        starts = np.cumsum(sizes) - sizes
        value, weight = np.add.reduceat(half * b, starts), np.add.reduceat(half, starts)
        share = 1 / (1 + c * weight)
        price = (market.others + (value * share).sum()) / (1 / c + (weight * share).sum())
        buys = b > (price + c * (value - price * weight) * share).repeat(sizes)
        if buys.all():
            return float(price)
        half, b, sizes = half[buys], b[buys], np.add.reduceat(buys, starts, dtype=np.intp)
        sizes = sizes[sizes > 0]
        if not sizes.size:
            return c * market.others
