"""Khe, Chaipunya and Bangviwat (2025) without a solver: sort, add up, interpolate, and prove it by Lagrange duality.

With D = p_on − p_off + r, consumer i answers a call c with x_i(c) = min(c, t_i), t_i = max(0, (D − b_i) / 2a_i): the
derivative of the cost is −D + b_i + 2 a_i x. What the aggregator gets from consumer i, κ min(c, t_i) − w (c − c̄)², is
concave in c, and one row, Σ c_i = T, ties the consumers together. So a multiplier λ of that row and a level
u = c̄ − λ / 2w settle every call: with g = κ / 2w and m_i = min(t_i, e_i),

    c_i(u) = clip(median(u, m_i, u + g), 0, e_i),      Σ c_i(u) = T.

The left side rises piecewise linearly in u, with corners at −g, m_i − g, m_i and e_i. For g ≥ max m every m_i is filled
before any consumer is called beyond it, so a larger g changes no call and g may be cut there. That keeps tiny weights
well scaled, and what is left at the cut is the limit w → 0⁺: w = 0 is the answer of least variance, not a special case.
Only numpy here, and the answer's type: a loaded instance is read, never solved.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import NamedTuple

import numpy as np

from bilevel_dr.solution import Certificate, FollowerCheck, Solution

ROUNDING = 1e-9
"""Relative gap between the answer and its dual bound up to which ``solve`` calls it global."""


class OptimalCalls(NamedTuple):
    """The aggregator's best calls and the proof.

    Attributes
    ----------
    calls, shifts : ndarray, shape (n,), kWh
    objective : float
        κ Σ x_i − w Σ (c_i − c̄)² at these calls.
    dual_bound : float
        What no feasible calls can exceed: the Lagrangian dual at the multiplier of the target row. Equal to
        ``objective`` up to rounding.
    """

    calls: np.ndarray
    shifts: np.ndarray
    objective: float
    dual_bound: float


def optimal_calls(baseline, a, b, on_peak, off_peak, reward, commission, fairness, target) -> OptimalCalls:
    """The global optimum of the bilevel problem (7) in O(n log n).

    Parameters
    ----------
    baseline, a, b : array_like, shape (n,)
        Baseline e_i (kWh) and dissatisfaction a_i > 0 (money/kWh²), b_i ≥ 0 (money/kWh).
    on_peak, off_peak, reward, commission : float
        p_on, p_off, r, κ ≥ 0 (money/kWh).
    fairness : float
        w ≥ 0 (money/kWh²). At w = 0 the calls need not be unique (see :func:`range_of_optimal_calls`); these are the
        ones of least variance, the limit w → 0⁺.
    target : float
        T (kWh), from 0 to Σ e_i.

    Returns
    -------
    OptimalCalls

    Raises
    ------
    ValueError
        A number out of its domain, arrays of unequal length, or a target no calls can add up to.

    Examples
    --------
    >>> answer = optimal_calls([90, 100], [0.25, 0.01], [1, 1], 5.8, 2.6, 1.8, 1.0, 0.005, 120)
    >>> answer.calls, answer.shifts, answer.objective
    (array([ 20., 100.]), array([  8., 100.]), 92.0)
    """
    e, a, b = _checked(baseline, a, b, on_peak, off_peak, reward, commission, fairness, target)
    t = willingness(a, b, on_peak, off_peak, reward)
    m = np.minimum(t, e)
    mean = target / e.size

    with np.errstate(over="ignore"):
        jump = min(np.float64(commission) / (2 * fairness), m.max()) if fairness else m.max() * (commission > 0)
    level = _level(e, m, jump, target)
    calls = np.clip(np.minimum(level + jump, np.maximum(level, m)), 0, e)
    moving = (calls > 0) & (calls < e) & (calls != m)
    if moving.any():  # the cumulative sum has rounded: put what is missing where the level reaches
        missing = (target - calls.sum()) / moving.sum()
        level, calls = level + missing, np.clip(calls + missing * moving, 0, e)

    shifts = np.minimum(calls, t)
    objective = commission * shifts.sum() - fairness * np.square(calls - mean).sum()
    if target <= m.sum():
        multiplier = commission - 2 * fairness * (level + jump - mean)
    else:
        multiplier = 2 * fairness * (mean - level)
    bound = _dual_bound(multiplier, e, m, commission, fairness, target)
    return OptimalCalls(calls, shifts, float(objective), float(bound))


def willingness(a, b, on_peak, off_peak, reward):
    """t_i, the most consumer i would shift if asked for any amount; shape (n,), kWh, inf where a_i is vanishing."""
    with np.errstate(over="ignore"):
        return np.maximum(0.0, (on_peak - off_peak + reward - np.asarray(b, float)) / (2 * np.asarray(a, float)))


def range_of_optimal_calls(baseline, a, b, on_peak, off_peak, reward, commission, fairness, target):
    """Between which calls each consumer can be found among all optima of the leader.

    Parameters
    ----------
    As :func:`optimal_calls`.

    Returns
    -------
    lowest, highest : ndarray, shape (n,), kWh
        Equal for w > 0, where the leader's objective is strictly concave. For w = 0 every call that adds up to T and
        stays in one box is optimal: [0, m_i] while T ≤ Σ m_i, else [m_i, e_i]; [0, e_i] if κ = 0 too.
    """
    if fairness > 0:
        calls = optimal_calls(baseline, a, b, on_peak, off_peak, reward, commission, fairness, target).calls
        return calls, calls.copy()
    e, a, b = _checked(baseline, a, b, on_peak, off_peak, reward, commission, fairness, target)
    m = np.minimum(willingness(a, b, on_peak, off_peak, reward), e)
    zero = np.zeros_like(e)
    low, high = (zero, e) if commission == 0 else (zero, m) if target <= m.sum() else (m, e)
    lowest = np.clip(target - (high.sum() - high), low, high)
    highest = np.clip(target - (low.sum() - low), low, high)
    return lowest, highest


def read(instance) -> dict:
    """The numbers of a loaded instance as the arguments of :func:`optimal_calls`, consumers in the model's order."""

    def values(name):  # a Param's own method, so that Pyomo need not be imported here; a scalar's index is None
        return getattr(instance, name).extract_values()

    per_consumer = {name: values(name) for name in ("baseline", "a", "b")}
    arrays = {name: np.array([v[i] for i in instance.CONSUMERS], float) for name, v in per_consumer.items()}
    scalars = ("on_peak", "off_peak", "reward", "commission", "fairness", "target")
    return arrays | {name: float(values(name)[None]) for name in scalars}


def solve(instance) -> Solution:
    """Answer a loaded instance of ``model.py`` without a solver.

    Parameters
    ----------
    instance : ConcreteModel
        Made by ``bilevel_dr.load`` from ``khe_2025/model.py``; only its Params are read.

    Returns
    -------
    Solution
        ``reformulation="exact"``; ``claim="global"`` by the dual bound; ``termination="infeasible"`` and no point where
        the target exceeds the sum of the baselines. The certificate bounds each follower's gap by its own dual.

    Raises
    ------
    ValueError
        The instance is of another model, or has a fixed call, which the closed form does not know.
    """
    started = time.perf_counter()
    _check_model(instance)
    data, consumers = read(instance), list(instance.CONSUMERS)
    if data["target"] > _capacity(data["baseline"]):
        note = f"the target of {data['target']:g} kWh exceeds the sum of the baselines, {data['baseline'].sum():g} kWh"
        seconds = time.perf_counter() - started
        return Solution(None, "none", None, None, "infeasible", "exact", "closed form", seconds, notes=(note,))

    answer = optimal_calls(**data)
    names = [instance.consumer[i].name for i in consumers]
    certificate = _certificate(answer, names, **data)
    gap = (answer.dual_bound - answer.objective) / max(1.0, abs(answer.objective))
    proved = certificate.passed and gap <= ROUNDING
    point = {instance.call[i].name: float(c) for i, c in zip(consumers, answer.calls, strict=True)}
    point |= {instance.consumer[i].shift.name: float(x) for i, x in zip(consumers, answer.shifts, strict=True)}
    return Solution(
        leader_objective=answer.objective,
        claim="global" if proved else "none",
        certificate=certificate,
        best_bound=answer.dual_bound,
        termination="optimal" if proved else "feasible",
        reformulation="exact",
        solver="closed form",
        seconds=time.perf_counter() - started,
        point=point,
        follower_objectives={name: check.objective for name, check in certificate.followers.items()},
        notes=_tie(data),
        model=instance.name,
    )


def _checked(baseline, a, b, on_peak, off_peak, reward, commission, fairness, target):
    arrays = {"baseline": np.asarray(baseline, float), "a": np.asarray(a, float), "b": np.asarray(b, float)}
    e = arrays["baseline"]
    if e.ndim != 1 or e.size == 0:
        raise ValueError(f"baseline: shape {e.shape}; give one number a consumer, and at least one consumer")
    for name, values in arrays.items():
        if values.shape != e.shape:
            raise ValueError(f"{name}: shape {values.shape} beside baseline's {e.shape}; give one number a consumer")
        wrong = ~(np.isfinite(values) & ((values > 0) if name == "a" else (values >= 0)))
        if wrong.any():
            first = int(np.argmax(wrong))
            raise ValueError(f"{name}[{first}] = {values[first]}: must be finite and {'> 0' if name == 'a' else '≥ 0'}")
    scalars = {"on_peak": on_peak, "off_peak": off_peak, "reward": reward, "commission": commission}
    for name, value in {**scalars, "fairness": fairness, "target": target}.items():
        if not 0 <= value < np.inf:
            raise ValueError(f"{name} = {value}: must be finite and ≥ 0")
    if target > _capacity(e):
        raise ValueError(f"target = {target}: must not exceed the sum of the baselines, {e.sum()} kWh; ask for less")
    return arrays["baseline"], arrays["a"], arrays["b"]


def _capacity(baseline):
    """Σ e_i, with the rounding of a sum of n numbers allowed for."""
    return baseline.sum() * (1 + baseline.size * np.finfo(float).eps)


def _level(e, m, jump, target):
    """The u at which the calls add up to the target: sort, bisect to the piece that holds it, interpolate."""
    m, e = np.sort(m), np.sort(e)
    below_m, below_e = (np.concatenate([[0.0], np.cumsum(ordered)]) for ordered in (m, e))

    def poured(ordered, below, u):  # Σ min(u⁺, ·)
        u = max(u, 0.0)
        k = ordered.searchsorted(u)
        return below[k] + (ordered.size - k) * u

    def total(u):  # Σ c_i(u)
        return poured(m, below_m, u + jump) - poured(m, below_m, u) + poured(e, below_e, u)

    low, high = -jump, e[-1]
    for corners in (m - jump, m, e):
        k = bisect_right(corners, target, key=total)
        low = max(low, corners[k - 1]) if k else low
        high = min(high, corners[k]) if k < e.size else high
    start, end = total(low), total(high)
    return low + (high - low) * (target - start) / (end - start) if end > start else low


def _dual_bound(multiplier, e, m, commission, fairness, target):
    """The Lagrangian dual: valid at any multiplier, so that a wrong one cannot flatter the answer.

    Each consumer's term is two parabolas, on [0, m] and on [m, e]: its maximum is at an end or at a vertex inside.
    """
    mean = target / e.size

    def term(c):
        return commission * np.minimum(c, m) - fairness * np.square(c - mean) - multiplier * c

    best = np.maximum(np.maximum(term(np.zeros_like(e)), term(m)), term(e))
    if fairness:
        with np.errstate(over="ignore"):
            rising = mean + np.float64(commission - multiplier) / (2 * fairness)
            falling = mean - np.float64(multiplier) / (2 * fairness)
        best = np.maximum(best, np.maximum(term(np.clip(rising, 0, m)), term(np.clip(falling, m, e))))
    return multiplier * target + best.sum()


def _certificate(answer, names, baseline, a, b, on_peak, off_peak, reward, commission, fairness, target):
    """Both levels looked at again: the followers through their multipliers and duals, which the answer did not use."""
    calls, x = answer.calls, answer.shifts
    gain = on_peak - off_peak + reward
    cost = on_peak * baseline + (b - gain) * x + a * x**2
    slope = gain - b - 2 * a * x
    upper, lower = np.maximum(0, slope), np.maximum(0, -slope)  # of x ≤ c and of x ≥ 0
    dual = on_peak * baseline - np.maximum(0, gain - b - upper) ** 2 / (4 * a) - upper * calls
    gap = (cost - dual) / np.maximum(1, np.abs(dual))
    complementarity = np.maximum(upper * np.abs(calls - x), lower * x) / np.maximum(1, gain)
    violation = np.maximum(0, np.maximum(x - calls, -x)) / np.maximum(1, calls)
    leader = max(
        abs(calls.sum() - target) / max(1.0, target),
        float(np.max(np.maximum(-calls, calls - baseline) / np.maximum(1, baseline), initial=0)),
    )
    followers = {
        name: FollowerCheck(*map(float, numbers), convexity="proved", unique=True)
        for name, *numbers in zip(names, cost, dual, gap, violation, np.zeros_like(x), complementarity, strict=True)
    }
    worst = {
        "leader_violation": leader,
        "follower_gap": float(gap.max()),
        "complementarity": float(complementarity.max()),
        "violation": float(violation.max()),
    }
    reasons = tuple(f"{name} {value:.2g} exceeds 1e-06" for name, value in worst.items() if not value <= 1e-6)
    return Certificate(
        passed=not reasons and bool(np.isfinite(calls).all()),
        leader_violation=leader,
        follower_gap=worst["follower_gap"],
        complementarity=worst["complementarity"],
        stationarity=0.0,
        optimistic_gap=0.0,
        followers=followers,
        reasons=reasons,
        notes=("each follower's best value is bounded by its own dual; its answer is unique because a > 0",),
    )


def _check_model(instance):
    followers = instance.consumer.values()
    if any(f.component("within_call") is None or f.component("shift") is None for f in followers):
        raise ValueError(f"{instance.name}: the closed form answers khe_2025/model.py only; use bilevel_dr.solve")
    fixed = [v.name for v in (*instance.call.values(), *(f.shift for f in followers)) if v.fixed]
    if fixed:
        raise ValueError(f"{fixed[0]} is fixed, but the closed form decides every call and shift; use bilevel_dr.solve")


def _tie(data):
    lowest, highest = range_of_optimal_calls(**data)
    widest = float((highest - lowest).max())
    if widest == 0:
        return ()
    return (f"without a fairness term the calls are not unique: some differ by {widest:.6g} kWh; these vary least",)
