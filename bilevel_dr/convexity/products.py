"""Curvature of products, quotients and powers, all read as scale · Π gᵢ^aᵢ."""

from __future__ import annotations

from math import inf

from .functions import applied
from .intervals import REALS, add, multiply, power, unary, varying_power
from .shapes import (
    AFFINE,
    CONCAVE,
    CONVEX,
    LOG_CONCAVE,
    LOG_CONVEX,
    NOTHING,
    PSEUDOCONCAVE,
    PSEUDOCONVEX,
    QUASICONCAVE,
    QUASICONVEX,
    ROOT_CONVEX,
    Shape,
    closed,
    data,
    mirrored,
    scaled,
)

_ROUNDING = 1e-12  # of a sum of exponents such as 0.7 + 0.2 + 0.1


def times(scale, shape) -> Shape:
    """``c · shape`` for every number c of the interval ``scale``."""
    if not shape.degree:
        return data(multiply(scale, shape.interval))
    certain = scale[0] > 0 or scale[1] < 0
    result = Shape(
        *multiply(scale, shape.interval),
        shape.degree,
        scaled(shape.flags, scale),
        shape.strict if certain else NOTHING,
        shape.single if certain else None,
    )
    result.scale = scale if shape.scale is None else multiply(scale, shape.scale)
    result.factors = shape.factors or ((shape, 1),)
    if scale[0] == scale[1]:
        if shape.line is not None:
            slopes, offset = shape.line
            result.line = {key: scale[0] * slope for key, slope in slopes.items()}, multiply(scale, offset)
        elif shape.logs is not None:
            result.logs = {key: (base, scale[0] * coefficient) for key, (base, coefficient) in shape.logs.items()}
    return result


def product(parts) -> Shape:
    """``Π shape ** exponent`` of pairs (shape, number)."""
    if len(parts) == 2 and parts[0][1] == parts[1][1] == 1:  # a coefficient times something: most of all products
        if not parts[0][0].degree:
            return times(parts[0][0].interval, parts[1][0])
        if not parts[1][0].degree:
            return times(parts[1][0].interval, parts[0][0])
    scale, bases = (1.0, 1.0), []
    for shape, exponent in parts:
        if not shape.degree:
            scale = multiply(scale, power(shape.interval, exponent))
        elif shape.factors is None or not _distributes(shape, exponent):
            bases.append((shape, exponent))
        else:
            scale = multiply(scale, power(shape.scale, exponent))
            bases.extend((base, inner * exponent) for base, inner in shape.factors)
    if len(bases) > 1:
        bases = _gathered(bases)
    if not bases:
        return data(scale)
    if len(bases) == 1 and bases[0][1] == 1:
        return bases[0][0] if scale == (1.0, 1.0) else times(scale, bases[0][0])

    values, degree = (1.0, 1.0), 0
    for base, exponent in bases:
        values = multiply(values, power(base.interval, exponent))
        degree += base.degree * exponent if exponent > 0 and exponent == int(exponent) else inf
    pure = Shape(*values, degree, _monomial(bases))
    single = bases[0][0].single if len(bases) == 1 else _entropy_variable(bases)
    if single is not None and pure.flags & AFFINE:
        pure.strict = frozenset([single])
    result = pure if scale == (1.0, 1.0) else times(scale, pure)
    result.scale, result.factors = scale, tuple(bases)
    return result


def raised(base, exponent) -> Shape:
    """``base ** exponent`` of two shapes."""
    if exponent.low == exponent.high and not exponent.degree:
        return product([(base, exponent.low)])
    if exponent.degree:
        if not base.degree and base.low >= 0:
            return applied("exp", times(unary("log", base.interval), exponent))
        return Shape(*varying_power(base.interval, exponent.interval), inf, 0)
    values = varying_power(base.interval, exponent.interval)
    if not base.degree:
        return data(values)
    flags = 0
    if base.low >= 0:
        if exponent.low >= 1:
            flags |= base.flags & CONVEX
        if exponent.low >= 0:
            flags |= base.flags & (LOG_CONVEX | LOG_CONCAVE)
            flags |= base.flags & CONCAVE if exponent.high <= 1 else 0
        if exponent.high <= 0 and base.flags & LOG_CONCAVE:
            flags |= LOG_CONVEX
    return Shape(*values, inf, flags)


def added_lines(parts):
    """The ``line`` of a sum, None where a slope is not a number."""
    slopes: dict = {}
    offset = 0.0, 0.0
    for part in parts:
        if not part.degree:
            offset = add(offset, part.interval)
        elif part.line is None:
            return None
        else:
            offset = add(offset, part.line[1])
            for key, slope in part.line[0].items():
                slopes[key] = slopes.get(key, 0.0) + slope
    return slopes, offset


def added_logs(parts):
    """The ``logs`` of a sum."""
    total: dict = {}
    for part in parts:
        for key, (base, coefficient) in part.logs.items():
            total[key] = base, coefficient + total.get(key, (base, 0.0))[1]
    return total


def _distributes(shape, exponent):
    """Whether (scale · Π gᵢ^aᵢ)^b is scale^b · Π gᵢ^(aᵢ b)."""
    return exponent == int(exponent) or (shape.scale[0] >= 0 and all(base.low >= 0 for base, _ in shape.factors))


def _gathered(bases):
    together: dict = {}
    for base, exponent in bases:
        key = base.key()
        together[key] = base, exponent + together.get(key, (base, 0))[1]
    return [(base, exponent) for base, exponent in together.values() if exponent]


def _monomial(bases):
    """Flags of Π gᵢ^aᵢ."""
    if len(bases) == 1:
        base, exponent = bases[0]
        if base.low < 0 < base.high and exponent > 0 and exponent % 2 == 1:
            return base.flags & (QUASICONVEX | QUASICONCAVE)
    flags = _entropy(bases) | _ratio_of_affine(bases) | _shifted_power(bases)
    sign, terms = 1, []
    for base, exponent in bases:
        found = _nonnegative(base, exponent)
        if found is None:
            return flags
        turn, known = found
        sign *= turn
        terms.append((known, exponent))
    known = _powers(terms)
    return flags | (known if sign > 0 else mirrored(known))


def _nonnegative(base, exponent):
    """``base ** exponent`` as sign · h ** exponent with h ≥ 0: the sign and the flags of h, or None."""
    if base.low >= 0:
        excluded = 0 if base.low > 0 or exponent > 0 or base.flags & CONCAVE else CONVEX  # where h = 0 divides
        return 1, base.flags & ~excluded
    if exponent != int(exponent):  # only h ≥ 0 is in its domain, a convex set where the base is concave
        return (1, closed(base.flags & CONCAVE, 0.0)) if exponent < 1 else None
    if base.high <= 0:
        return (-1 if exponent % 2 else 1), closed(mirrored(base.flags), 0.0)
    if exponent % 2 == 0 and exponent > 0 and base.affine:
        return 1, closed(CONVEX, 0.0)
    return None


def _powers(terms):
    """Flags of Π hᵢ^aᵢ with every hᵢ ≥ 0, given the flags of each hᵢ."""
    up = [(flags, a) for flags, a in terms if a > 0]
    down = [(flags, -a) for flags, a in terms if a < 0]
    rise, fall = sum(a for _, a in up), sum(a for _, a in down)
    plain_ratio = len(up) == len(down) == rise == fall == 1
    flags = 0
    if _all(up, LOG_CONVEX) and _all(down, LOG_CONCAVE):
        flags |= LOG_CONVEX
    if _all(up, LOG_CONCAVE) and _all(down, LOG_CONVEX):
        flags |= LOG_CONCAVE
    if len(up) == 1 and _all(up, CONVEX) and _all(down, CONCAVE):
        total = rise * (2 if up[0][0] & ROOT_CONVEX else 1) - fall + _ROUNDING
        flags |= CONVEX if total >= 1 else 0
        flags |= ROOT_CONVEX if total >= 2 else 0
        flags |= QUASICONVEX if total >= 0 else 0
        flags |= PSEUDOCONVEX if plain_ratio else 0
    if _all(up, CONCAVE):
        if not down and rise <= 1 + _ROUNDING:
            flags |= CONCAVE
        if len(down) == 1 and _all(down, CONVEX) and rise <= fall + _ROUNDING:
            flags |= QUASICONCAVE | (PSEUDOCONCAVE if plain_ratio else 0)
    return flags


def _all(terms, flag):
    return all(flags & flag for flags, _ in terms)


def _ratio_of_affine(bases):
    if len(bases) != 2 or {exponent for _, exponent in bases} != {1, -1} or not all(base.affine for base, _ in bases):
        return 0
    below = next(base for base, exponent in bases if exponent == -1)
    one_sign = below.low >= 0 or below.high <= 0
    return QUASICONVEX | QUASICONCAVE | PSEUDOCONVEX | PSEUDOCONCAVE if one_sign else 0


def _entropy(bases):
    """Flags of u · (k log u + Σ kⱼ log vⱼ + data) with u affine."""
    split = _split_entropy(bases)
    if split is None:
        return 0
    u, own, others = split
    if not all(base.flags & CONCAVE for base, _ in others):
        return 0
    for sign, flag in ((1, CONVEX), (-1, CONCAVE)):
        against = [-sign * k for base, k in others if not (sign * k > 0 and _shift(base, u)[0] >= 0)]
        if all(k >= 0 for k in against) and sign * own >= sum(against):
            return flag
    return 0


def _shifted_power(bases):
    """Flags of u · vᵖ with v = k u + r ≥ 0 and k > 0, which is (vᵖ⁺¹ − r vᵖ) / k."""
    if len(bases) != 2 or 1 not in (bases[0][1], bases[1][1]):
        return 0
    (u, _), (v, p) = bases if bases[0][1] == 1 else reversed(bases)
    r = _shift(v, u)
    if v.low < 0 or r == REALS:
        return 0
    if -1 <= p < 0:
        return (CONCAVE if r[0] >= 0 else 0) | (CONVEX if p == -1 and r[1] <= 0 else 0)
    if 0 < p < 1:
        return CONVEX if r[0] >= 0 else 0
    return CONVEX if r[1] <= 0 or (p >= 1 and u.low >= 0) else 0


def _shift(v, u):
    """The interval of v − k u where that is data for a number k > 0, else the reals."""
    if u.line is None or v.line is None or u.line[0].keys() != v.line[0].keys():
        return REALS
    (below, start), (above, end) = u.line, v.line
    ratios = {above[key] / below[key] if below[key] else 0.0 for key in below}
    k = ratios.pop()
    return add(end, multiply((-k, -k), start)) if not ratios and k > 0 else REALS


def _entropy_variable(bases):
    split = _split_entropy(bases)
    if split is None:
        return None
    u, own, others = split
    return u.single if abs(own) > sum(abs(k) for _, k in others) else None


def _split_entropy(bases):
    """u, the coefficient of log u, the others' (base, coefficient); None where the product is not of that kind."""
    if len(bases) != 2 or any(exponent != 1 for _, exponent in bases):
        return None
    (u, _), (sum_of_logs, _) = bases if bases[1][0].logs is not None else reversed(bases)
    if sum_of_logs.logs is None or not u.affine:
        return None
    logs = dict(sum_of_logs.logs)
    own = logs.pop(u.key(), (u, 0.0))[1]
    return u, own, [(base, k) for base, k in logs.values() if k]
