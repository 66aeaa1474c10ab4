"""What is known of one node of an expression as a function of a follower's own variables."""

from __future__ import annotations

from functools import lru_cache
from math import inf

from pyomo.repn import generate_standard_repn

# What can be known of a function f on its domain. Neighbouring bits are each other's mirror image under −f.
CONVEX, CONCAVE = 1, 2
QUASICONVEX, QUASICONCAVE = 4, 8
PSEUDOCONVEX, PSEUDOCONCAVE = 16, 32
LOG_CONVEX, LOG_CONCAVE = 64, 128  # and f ≥ 0
ROOT_CONVEX = 256  # f ≥ 0 and √f is convex
AFFINE = CONVEX | CONCAVE
UPWARD = CONVEX | QUASICONVEX | PSEUDOCONVEX
DOWNWARD = UPWARD << 1
NOTHING = frozenset()


class Shape:
    """Values in [low, high], degree in the own variables (0: data), flags of curvature for every value of the data.

    ``strict`` holds own variables along which a convex or concave node bends strictly; ``single`` the only own variable
    an affine node moves with, and certainly does; ``node`` the variable or the sum it describes. Where that is known,
    ``line`` writes an affine node as Σ number · own variable + data (a dict and an interval), ``scale`` and ``factors``
    a product as scale · Π shape^exponent, ``logs`` a sum of logarithms as data + Σ coefficient · log(shape).
    """

    __slots__ = ("low", "high", "degree", "flags", "strict", "single", "node", "line", "scale", "factors", "logs")

    def __init__(self, low, high, degree, flags, strict=NOTHING, single=None, node=None):
        if degree:
            if low < 0 and flags & (ROOT_CONVEX | LOG_CONVEX | LOG_CONCAVE):
                low = 0.0
            flags = closed(flags, low)
        self.low, self.high, self.degree, self.flags = low, high, degree, flags
        self.strict, self.single, self.node = strict, single, node
        self.line = self.scale = self.factors = self.logs = None

    @property
    def interval(self):
        return self.low, self.high

    @property
    def affine(self) -> bool:
        return self.flags & AFFINE == AFFINE

    def inside(self, first, last) -> bool:
        """Whether all values lie in [first, last], and at its ends at most where the own variables' box ends."""
        low = self.low > first or first == -inf or (self.low == first and self.flags & CONCAVE)
        high = self.high < last or last == inf or (self.high == last and self.flags & CONVEX)
        return bool(low and high)

    def key(self):
        """Equal for the same variable and for affine sums of the same terms."""
        if self.degree == 1 and self.node is not None:
            if not self.node.is_expression_type():
                return id(self.node)
            repn = generate_standard_repn(self.node, compute_values=True, quadratic=False)
            if repn.nonlinear_expr is None:
                return repn.constant, tuple(sorted(zip(map(id, repn.linear_vars), repn.linear_coefs, strict=True)))
        return id(self)


def closed(flags, low):
    """Add what follows from what is known of a function whose values are at least ``low``."""
    if low >= 0 and flags & CONCAVE:
        flags |= LOG_CONCAVE
    if flags & LOG_CONVEX:
        flags |= ROOT_CONVEX
    if flags & ROOT_CONVEX:
        flags |= CONVEX
    if flags & CONVEX:
        flags |= UPWARD
    if flags & CONCAVE:
        flags |= DOWNWARD
    if flags & LOG_CONCAVE:
        flags |= QUASICONCAVE
    return flags


def mirrored(flags):
    """What is known of −f."""
    return (flags & UPWARD) << 1 | (flags & DOWNWARD) >> 1


def scaled(flags, interval):
    """What is known of c · f for every number c of an interval."""
    if interval[0] >= 0:
        return flags
    return mirrored(flags) if interval[1] <= 0 else flags & mirrored(flags)


def data(interval) -> Shape:
    """A node without own variables."""
    return Shape(*interval, 0, _DATA if interval[0] < 0 else _NONNEGATIVE_DATA)


_DATA = closed(AFFINE, -1.0)
_NONNEGATIVE_DATA = closed(AFFINE | LOG_CONVEX, 0.0)
number = lru_cache(maxsize=4096)(lambda value: data((value, value)))
