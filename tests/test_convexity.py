"""Is a follower convex? Tables of followers whose answer is known, witnesses re-computed, and random followers."""

from __future__ import annotations

import math
from types import SimpleNamespace

import hypothesis.strategies as st
import numpy as np
import pyomo.environ as pyo
import pytest
from builders import snapshot, tracking
from hypothesis import given, settings

from bilevel_dr.convexity import judge
from bilevel_dr.followers import read

exp, log, sqrt, sin, atan = pyo.exp, pyo.log, pyo.sqrt, pyo.sin, pyo.atan
MIN, MAX = pyo.minimize, pyo.maximize
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)


def arena():
    """Leader: x in [1, 2], s in [−1, 2], t free. Follower: y, z free, p, q ≥ 0, u in [0.5, 4], a in [0, π]."""
    m = pyo.ConcreteModel("arena")
    m.x, m.s, m.t = pyo.Var(bounds=(1, 2)), pyo.Var(bounds=(-1, 2)), pyo.Var()
    m.goal = pyo.Objective(expr=m.x + m.s + m.t)
    f = m.f = pyo.Block()
    f.y, f.z = pyo.Var(), pyo.Var()
    f.p, f.q = pyo.Var(bounds=(0, None)), pyo.Var(domain=pyo.NonNegativeReals)
    f.u, f.a = pyo.Var(bounds=(0.5, 4)), pyo.Var(bounds=(0, math.pi))
    return m


def program(objective, sense=MIN, rows=()):
    """An arena with a follower's objective and rows, each made from a namespace of the arena's variables."""
    m = arena()
    names = {v.local_name: v for v in m.component_data_objects(pyo.Var)}
    space = type("Space", (), names)
    m.f.wish = pyo.Objective(expr=objective(space), sense=sense)
    m.f.row = pyo.ConstraintList()
    for row in rows:
        m.f.row.add(row(space))
    return read(m)


def verdict_on(objective, sense=MIN, rows=()):
    game = program(objective, sense, rows)  # held: a Block knows its model by a weak reference
    return judge(game.followers[0])


def check_witness(game, verdict):
    """Recompute a witness from scratch: bounds, rows at both ends, and the inequality that the middle breaks."""
    witness, model, only = verdict.witness, game.instance.clone(), game.followers[0]
    own = witness.first.keys()
    middle = {name: (witness.first[name] + witness.second[name]) / 2 for name in own}
    names = {v.name: v for v in model.component_data_objects(pyo.Var)}
    rows = list(model.f.component_data_objects(pyo.Constraint, active=True))

    def at(point):
        for name, value in {**witness.decision, **point}.items():
            names[name].set_value(value, skip_validation=True)
            low, high = names[name].bounds
            assert (low is None or value >= low) and (high is None or value <= high)
        return pyo.value(model.f.wish)

    def broken():
        return [r.name for r in rows if not (r.lslack() >= -1e-9 and r.uslack() >= -1e-9)]

    ends = []
    for point in (witness.first, witness.second):
        ends.append(at(point))
        assert broken() == []
    value = at(middle)
    if witness.missing == "a convex set":
        assert witness.function in broken()
    else:
        assert broken() == []
        assert only.sign * (value - sum(ends) / 2) > 1e-9 * (1 + abs(value) + abs(ends[0]) + abs(ends[1]))
        assert witness.middle == pytest.approx(value) and witness.limit == pytest.approx(sum(ends) / 2)
    assert f"{witness.middle:.6g}" in verdict.message and witness.function in verdict.message


PROVED = {
    "linear": (lambda v: 3 * v.y + v.z, MIN, "linear"),
    "bilinear with the leader": (lambda v: v.s * v.y - v.t * v.z, MAX, "linear"),
    "a power of the leader": (lambda v: v.t**3 * v.y / v.x + sin(v.t), MIN, "linear"),
    "square": (lambda v: (v.y - v.t) ** 2, MIN, "quadratic"),
    "maximise concave": (lambda v: 3 * v.y - v.y**2, MAX, "quadratic"),
    "flat": (lambda v: v.y**2 - 2 * v.y * v.z + v.z**2, MIN, "quadratic"),
    "a positive leader coefficient": (lambda v: v.x * v.y**2, MIN, "quadratic"),
    "leader coefficients on a full form": (lambda v: v.x * v.y**2 + v.y * v.z + v.x * v.z**2, MIN, "quadratic"),
    "a divided form": (lambda v: (v.y**2 + v.y * v.z + v.z**2) / v.x, MIN, "quadratic"),
    "huge and tiny scales": (lambda v: 1e12 * v.y**2 + 1e-12 * v.z**2 + v.y * v.z, MIN, "quadratic"),
    "exp(-y)": (lambda v: exp(-v.y), MIN, "nonlinear"),
    "log(1+p) maximised": (lambda v: log(1 + v.p), MAX, "nonlinear"),
    "-log(y)": (lambda v: -log(v.y), MIN, "nonlinear"),
    "p**3": (lambda v: v.p**3, MIN, "nonlinear"),
    "(-p)**3 maximised": (lambda v: (-v.p) ** 3, MAX, "nonlinear"),
    "y**4": (lambda v: (v.y - v.t) ** 4, MIN, "nonlinear"),
    "p**1.5": (lambda v: v.p**1.5, MIN, "nonlinear"),
    "sqrt(p) maximised": (lambda v: sqrt(v.p), MAX, "nonlinear"),
    "1/p": (lambda v: 1 / v.p, MIN, "nonlinear"),
    "p**-2": (lambda v: v.p**-2, MIN, "nonlinear"),
    "an exponent of the leader's": (lambda v: v.p**v.x, MIN, "nonlinear"),
    "a base of the leader's": (lambda v: v.x**v.y, MIN, "nonlinear"),
    "square over linear": (lambda v: (v.y - v.x) ** 2 / (v.p + v.q), MIN, "nonlinear"),
    "norm over linear": (lambda v: (v.y**2 + v.z**2 - v.y * v.z) / v.u, MIN, "nonlinear"),
    "norm": (lambda v: sqrt((v.y - v.x) ** 2 + v.z**2 + 1), MIN, "nonlinear"),
    "norm of a form": (lambda v: sqrt(v.y**2 + v.y * v.z + v.z**2 + 1), MIN, "nonlinear"),
    "log-sum-exp": (lambda v: log(exp(v.y) + exp(2 * v.z - v.y) + v.x), MIN, "nonlinear"),
    "entropy": (lambda v: v.p * log(v.p) + v.q * (log(v.q) - 1), MIN, "nonlinear"),
    "relative entropy": (lambda v: v.p * log(v.p / v.q), MIN, "nonlinear"),
    "entropy of a share": (lambda v: v.p * log(v.p / (v.p + v.q)) + v.q * log(v.q / (v.p + v.q)), MIN, "nonlinear"),
    "Cobb-Douglas": (lambda v: v.p**0.3 * v.q**0.7, MAX, "nonlinear"),
    "geometric mean": (lambda v: sqrt(v.p * v.q), MAX, "nonlinear"),
    "1/(p q)": (lambda v: 1 / (v.p * v.q), MIN, "nonlinear"),
    "p**3/(q u)": (lambda v: v.p**3 / (v.q * v.u), MIN, "nonlinear"),
    "exp(y)/p": (lambda v: exp(v.y) / v.p, MIN, "nonlinear"),
    "exp(y**2)": (lambda v: exp(v.y**2 + v.z), MIN, "nonlinear"),
    "atan on p": (lambda v: atan(v.p), MAX, "nonlinear"),
    "sin on [0, pi]": (lambda v: sin(v.a), MAX, "nonlinear"),
    "revenue": (lambda v: 10 * v.p * (v.p + v.x) ** -0.8 - v.p**2, MAX, "nonlinear"),
    "a share": (lambda v: v.p / (v.p + v.x), MAX, "nonlinear"),
    "p log(1+p)": (lambda v: v.p * log(1 + v.p), MIN, "nonlinear"),
    "p exp(p)": (lambda v: v.p * exp(v.p), MIN, "nonlinear"),
    "a form and a curve": (lambda v: v.y**2 - v.y * v.z + v.z**2 + exp(v.y), MIN, "nonlinear"),
    "curves that make up for each other": (lambda v: v.y**4 - v.y**2 + 1.5 * v.y**2, MIN, "nonlinear"),
    "y**4 + y**2 - y*z + z**2": (lambda v: v.y**4 + v.y**2 - v.y * v.z + v.z**2, MIN, "nonlinear"),
    "second derivatives on a box": (lambda v: v.u**2 - log(v.u) / 4 + sin(v.u), MIN, "nonlinear"),
    "convex on the plane of its rows": (lambda v: -v.y * v.z, MIN, "quadratic", lambda v: v.y + v.z == v.t),
    "1/y with y >= 1 by a row": (lambda v: 1 / v.y, MIN, "nonlinear", lambda v: v.y >= v.x),
    "y**3 with 2 y >= x": (lambda v: v.y**3, MIN, "nonlinear", lambda v: 2 * v.y >= v.x),
    "a disc": (lambda v: v.y, MIN, "nonlinear", lambda v: v.y**2 + v.z**2 <= v.x),
    "a range of a linear row": (lambda v: v.y, MIN, "linear", lambda v: pyo.inequality(-1, v.y - v.t * v.z, 2)),
    "concave row": (lambda v: v.y, MIN, "nonlinear", lambda v: log(v.u) + sqrt(v.p) >= v.s),
    "exp row": (lambda v: v.p, MIN, "nonlinear", lambda v: exp(-v.y) <= v.p),
    "a curved row of the others": (lambda v: v.y, MIN, "linear", lambda v: v.s * v.t >= 1),
    "a bound that the box implies": (lambda v: v.u, MIN, "nonlinear", lambda v: v.u**2 >= 0.25),
}


@pytest.mark.parametrize("case", PROVED)
def test_proved(case):
    objective, sense, kind, *rows = PROVED[case]
    verdict = verdict_on(objective, sense, rows)
    assert verdict.convexity == "proved", verdict.message
    assert verdict.kind == kind and verdict.witness is None and "\n" not in verdict.message


AS_SETS = {
    "p*q >= 1": lambda v: v.p * v.q >= 1,
    "p*q*u >= s": lambda v: v.p * v.q * v.u >= v.s,
    "y**3 <= t": lambda v: v.y**3 <= v.t,
    "exp(y + z) == 3": lambda v: exp(v.y + v.z) == 3,
    "ratio": lambda v: (v.y - v.z) / (v.p + 1) <= v.s,
    "a range of a ratio": lambda v: pyo.inequality(-1, v.y / (v.q + v.x), 2),
    "norm over linear": lambda v: (v.y**2 + v.z**2) ** 0.5 / v.u <= 2,
}


@pytest.mark.parametrize("row", AS_SETS)
def test_rows_that_are_convex_as_sets(row):
    verdict = verdict_on(lambda v: v.y + v.p, rows=[AS_SETS[row]])
    assert verdict.convexity == "proved" and verdict.quasiconvex == ("f.row[1]",)
    assert not verdict.qualified and "f.row[1]" in verdict.message


DISPROVED = {
    "minimise concave": (lambda v: -(v.y**2), MIN),
    "maximise convex": (lambda v: v.y**2, MAX),
    "own bilinear": (lambda v: v.y * v.z, MIN),
    "own bilinear on the orthant": (lambda v: v.p * v.q, MIN),
    "indefinite": (lambda v: v.y**2 - 3 * v.y * v.z + v.z**2, MIN),
    "a leader coefficient of either sign": (lambda v: v.s * v.y**2, MIN),
    "a free leader coefficient": (lambda v: v.y**2 + v.t * v.y * v.z + v.z**2, MIN),
    "a zero in the diagonal": (lambda v: v.y**2 + v.y * v.z, MIN),
    "a constant far away": (lambda v: 1e9 - v.y**2, MIN),
    "large units": (lambda v: -1e9 * v.y**2, MIN),
    "small units": (lambda v: -1e-9 * v.y**2, MIN),
    "y**3": (lambda v: v.y**3, MIN),
    "p**3 maximised": (lambda v: v.p**3, MAX),
    "log(p)": (lambda v: log(v.p), MIN),
    "sqrt(p)": (lambda v: sqrt(v.p), MIN),
    "p**1.5 maximised": (lambda v: v.p**1.5, MAX),
    "1/p maximised": (lambda v: 1 / v.p, MAX),
    "exp maximised": (lambda v: exp(-v.y), MAX),
    "sin": (lambda v: sin(v.y), MIN),
    "a hole in the domain": (lambda v: 1 / v.y**2, MIN),
    "a double well": (lambda v: v.y**4 - v.y**2, MIN),
    "u exp(-u)": (lambda v: v.u * exp(-v.u), MIN),
    "p**2 q": (lambda v: v.p**2 * v.q, MIN),
    "p log q": (lambda v: v.p * log(1 + v.q), MIN),
    "p exp(y)": (lambda v: v.p * exp(v.y), MIN),
    "u x**y": (lambda v: v.u / v.x * v.x**v.y, MIN),
    "Cobb-Douglas of degree 2": (lambda v: v.p * v.q, MAX),
    "log of a square": (lambda v: log(1 + v.y**2), MIN),
    "indefinite on the plane of its rows": (lambda v: v.y * v.z, MIN, lambda v: v.y + v.z == v.t),
    "indefinite under a budget": (lambda v: -v.p * v.q, MIN, lambda v: v.p + v.q <= v.x),
    "in a corner of the rows": (lambda v: v.y**3 - 3 * v.y, MIN, lambda v: v.y >= 2 * v.s - 1, lambda v: v.y <= 10),
    "on a wide plane": (
        lambda v: v.y**2 - v.z**2 + v.t * v.y,
        MIN,
        lambda v: v.y + 2 * v.z + v.u == v.x,
        lambda v: v.y - v.z <= 5 + v.t,
        lambda v: v.z <= 100,
    ),
    "only where the leader allows it": (lambda v: -v.y**2, MIN, lambda v: v.y + v.z <= v.t, lambda v: v.y >= v.t - 1),
    "outside a disc": (lambda v: v.y, MIN, lambda v: v.y**2 + v.z**2 >= 1),
    "outside an interval": (lambda v: v.y, MIN, lambda v: v.y**2 >= 1),
    "under a hyperbola": (lambda v: v.p, MIN, lambda v: v.p * v.q <= 1),
    "under an exponential": (lambda v: v.p, MIN, lambda v: v.z <= exp(v.y)),
    "a ring": (lambda v: v.y, MIN, lambda v: pyo.inequality(1, v.y**2 + v.z**2, 4)),
    "a saddle": (lambda v: v.y, MIN, lambda v: v.y**2 - v.z**2 <= v.x),
}


@pytest.mark.parametrize("case", DISPROVED)
def test_disproved(case):
    objective, sense, *rows = DISPROVED[case]
    game = program(objective, sense, rows)
    before = snapshot(game.instance)
    verdict = judge(game.followers[0])
    assert verdict.convexity == "disproved", verdict.message
    assert "\n" not in verdict.message and not verdict.strict
    check_witness(game, verdict)
    assert snapshot(game.instance) == before
    assert judge(game.followers[0]) == verdict  # the same witness each time


NOT_PROVED = {
    "a curved equality": (lambda v: v.y, MIN, lambda v: v.y**2 + v.z**2 == 1),
    "a bilinear equality": (lambda v: v.y, MIN, lambda v: v.y * v.z == v.x),
    "a bound that is implied but for a hole": (lambda v: v.y, MIN, lambda v: v.y**-2 >= 0),
    "a domain that no bound states": (lambda v: v.y**1.5, MIN),
    "a ratio, pseudoconvex": (lambda v: (v.y + 1) / (v.p + 1), MIN),
    "a ratio, pseudoconcave": (lambda v: 2 * (v.y + 1) / (v.p + v.x) - 3, MAX),
    "within rounding": (lambda v: v.y**2 + 2 * (1 + 1e-10) * v.y * v.z + v.z**2, MIN),
    "a coefficient within rounding": (lambda v: v.y**2 + 1e-17 * v.y * v.z, MIN),
    "terms that cancel but for rounding": (lambda v: 0.1 * v.y**2 + 0.2 * v.y**2 - 0.3 * v.y**2, MAX),
    "infeasible whatever the leader does": (lambda v: -v.y**2, MIN, lambda v: v.y >= 1, lambda v: v.y <= 0),
    "one point whatever the leader does": (lambda v: -v.p**2, MIN, lambda v: v.p + v.q <= 0),
    "two variables in one exponent": (lambda v: v.u**v.p - v.u, MIN, lambda v: v.u * v.p == 1),
}


@pytest.mark.parametrize("case", NOT_PROVED)
def test_not_proved_either_way(case):
    objective, sense, *rows = NOT_PROVED[case]
    verdict = verdict_on(objective, sense, rows)
    assert verdict.convexity == "not proved", verdict.message
    assert verdict.message.startswith(("f.wish", "f.row[1]")) and verdict.witness is None


@pytest.mark.parametrize(
    ("objective", "strict"),
    [
        (lambda v: v.y**2 + v.z**2 + v.p**2 + v.q**2 + v.u**2 + v.a**2, True),
        (lambda v: v.y**2 + v.z**2 + v.p**2 + v.q**2 + v.u**2 + v.a, False),
        (lambda v: exp(v.y) + v.x * v.z**4 - log(v.p) - sqrt(v.q) + v.u * log(v.u) - sin(v.a), True),
        (lambda v: v.y**2 - v.y * v.z + v.z**2 + exp(v.p) + 1 / v.q + v.u**2 + v.a**2, True),
        (lambda v: v.y**2 - 2 * v.y * v.z + v.z**2 + exp(v.p) + 1 / v.q + v.u**2 + v.a**2, False),
        (lambda v: (v.x - 1) * (v.y**2 + v.z**2 + v.p**2 + v.q**2 + v.u**2 + v.a**2), False),
    ],
)
def test_strictly_convex_objectives(objective, strict):
    verdict = verdict_on(objective)
    assert verdict.convexity == "proved" and verdict.strict is strict


def test_strict_on_the_plane_of_the_rows():
    m = arena()
    for v in (m.f.p, m.f.q, m.f.u, m.f.a):
        v.fix(1)
    m.f.plane = pyo.Constraint(expr=m.f.y + m.f.z == m.t)
    m.f.wish = pyo.Objective(expr=-m.f.y * m.f.z)
    (only,) = read(m).followers
    verdict = judge(only)
    assert (verdict.convexity, verdict.kind, verdict.strict, verdict.qualified) == ("proved", "quadratic", True, True)
    assert "plane" in verdict.message


@pytest.mark.parametrize(
    ("row", "qualified"),
    [
        (lambda v: v.x * v.y + v.t**2 <= v.z, True),
        (lambda v: v.y + v.z == exp(v.t), True),
        (lambda v: v.y**2 <= v.s, False),
        (lambda v: v.t * v.s <= 1, True),
    ],
)
def test_qualified_where_all_rows_are_affine_in_own_variables(row, qualified):
    assert verdict_on(lambda v: v.y**2, rows=[row]).qualified is qualified


@pytest.mark.parametrize(
    ("rows", "qualified"),
    [
        ([lambda v: v.y**2 <= v.x + 1], True),  # y = 0 is strictly inside for every x in [0, …]
        ([lambda v: v.y**2 <= v.x], False),  # not at x = 0
        ([lambda v: v.y**2 <= 0], False),
        ([lambda v: v.y**2 <= v.x + 1, lambda v: v.y >= 5], False),  # what is strictly inside one row breaks another
        ([lambda v: v.y**2 <= v.x + 1, lambda v: v.y >= 0], True),  # an affine row need only hold
        ([lambda v: (v.y - 0.5) ** 2 <= v.x + 0.5, lambda v: v.y == 0], True),
        ([lambda v: exp(v.y) <= v.x + 2], True),
    ],
)
def test_a_slater_point_for_all_decisions_brings_multipliers(rows, qualified):
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 5))
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(-10, 10))
    m.f.row = pyo.Constraint(range(len(rows)), rule=lambda b, i: rows[i](SimpleNamespace(x=m.x, y=b.y)))
    m.f.wish = pyo.Objective(expr=m.f.y)
    m.goal = pyo.Objective(expr=m.x)
    verdict = judge(read(m).followers[0])
    assert (verdict.convexity, verdict.qualified) == ("proved", qualified)


def test_fixed_variables_and_mutable_params_are_data():
    m = arena()
    m.c = pyo.Param(initialize=1.0, mutable=True)
    m.f.wish = pyo.Objective(expr=m.c * m.f.y**2 + m.f.y * m.f.z + m.s * m.f.p**2)
    m.f.z.fix(3), m.s.fix(2)
    assert judge(read(m).followers[0]).convexity == "proved"
    m.c.set_value(-1.0)
    assert judge(read(m).followers[0]).convexity == "disproved"
    m.c.set_value(1.0), m.s.fix(-1)
    assert judge(read(m).followers[0]).convexity == "disproved"
    m.f.p.fix(1), m.f.z.unfix()
    assert judge(read(m).followers[0]).convexity == "disproved"


def test_a_follower_with_nothing_left_to_decide():
    m = tracking()
    m.f.y.fix(1)
    verdict = judge(read(m).followers[0])
    assert (verdict.convexity, verdict.kind, verdict.qualified, verdict.strict) == ("proved", "linear", True, True)


def test_what_the_leader_may_decide():
    m = arena()
    m.f.wish = pyo.Objective(expr=m.t * m.f.y**2 + m.f.z)
    m.f.row = pyo.Constraint(expr=m.f.y + m.f.z >= 0)
    m.positive = pyo.Constraint(expr=m.t - m.x >= 0)
    m.coupling = pyo.Constraint(expr=m.t * m.f.y <= 5)
    program = read(m)
    assert judge(program.followers[0]).convexity == "disproved"
    assert judge(program.followers[0], program.leader_constraints).convexity == "proved"
    m.positive.deactivate()
    m.curved = pyo.Constraint(expr=m.t**3 >= 1)
    program = read(m)
    verdict = judge(program.followers[0], program.leader_constraints)
    assert verdict.convexity == "not proved"


def test_other_followers_variables_are_data():
    m = pyo.ConcreteModel()
    m.f = pyo.Block([1, 2])
    for i in m.f:
        m.f[i].q = pyo.Var(bounds=(0, 10))
    for i in m.f:
        m.f[i].profit = pyo.Objective(expr=m.f[i].q * (10 - m.f[1].q - m.f[2].q), sense=MAX)
    assert [judge(f).convexity for f in read(m).followers] == ["proved", "proved"]


def test_a_shared_sub_expression():
    m = arena()
    m.f.shared = pyo.Expression(expr=m.f.y - m.f.z)
    m.f.wish = pyo.Objective(expr=m.f.shared**2 + exp(m.f.shared))
    assert judge(read(m).followers[0]).convexity == "proved"


def _large(size, objective):
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(1, 2))
    m.goal = pyo.Objective(expr=m.x)
    m.f = pyo.Block()
    m.f.y = pyo.Var(range(size), bounds=(0, 10))
    m.f.wish = pyo.Objective(expr=objective(m.f.y, m.x))
    return read(m)


@pytest.mark.parametrize(
    ("objective", "convexity", "strict"),
    [
        (lambda y, x: sum((i + 1) * y[i] ** 2 - x * y[i] for i in y), "proved", True),
        (lambda y, x: sum((y[i] - y[i + 1]) ** 2 for i in range(len(y) - 1)), "proved", False),
        (lambda y, x: sum((y[i] - y[i + 1]) ** 2 + y[i] ** 2 for i in range(len(y) - 1)) + y[0] * y[1], "proved", True),
        (lambda y, x: sum((y[i] - y[i + 1]) ** 2 for i in range(len(y) - 1)) - 9 * y[5] ** 2, "disproved", False),
        (lambda y, x: sum(y[i] ** 2 - 1.1 * y[i] * y[i - 1] for i in range(1, len(y))), "disproved", False),
        (lambda y, x: sum(exp(-y[i]) + x * y[i] for i in y), "proved", True),
    ],
    ids=["diagonal", "chain", "anchored chain", "one bad link", "indefinite chain", "separable"],
)
def test_large_sparse_objectives(objective, convexity, strict):
    game = _large(1500, objective)
    verdict = judge(game.followers[0])
    assert (verdict.convexity, verdict.strict) == (convexity, strict), verdict.message
    if verdict.witness:
        check_witness(game, verdict)


@EXAMPLES
@given(seed=st.integers(0, 10**9), size=st.integers(1, 12), rank=st.integers(1, 12), spread=st.integers(0, 6))
def test_gram_matrices_are_proved_whatever_their_rank_and_units(seed, size, rank, spread):
    random = np.random.default_rng(seed)
    units = 10.0 ** random.uniform(-spread, spread, size)
    factor = random.standard_normal((rank, size)) * units
    gram = factor.T @ factor
    game = _large(size, lambda y, x: sum(gram[i, j] * y[i] * y[j] for i in y for j in y) - x * y[0])
    verdict = judge(game.followers[0])
    assert verdict.convexity == "proved", verdict.message
    assert verdict.strict == (np.linalg.matrix_rank(factor / units) == size)


@EXAMPLES
@given(seed=st.integers(0, 10**9), size=st.integers(1, 10), weight=st.floats(1e-5, 10))
def test_indefinite_forms_are_never_proved(seed, size, weight):
    random = np.random.default_rng(seed)
    basis = np.linalg.qr(random.standard_normal((size, size)))[0]
    eigenvalues = np.append(random.uniform(0, 1, size - 1), -weight)
    matrix = basis * eigenvalues @ basis.T
    game = _large(size, lambda y, x: sum(matrix[i, j] * y[i] * y[j] for i in y for j in y) + x * y[0])
    verdict = judge(game.followers[0])
    assert verdict.convexity == "disproved", verdict.message
    check_witness(game, verdict)


BOXES = {"y": (-2, 3), "z": (-9, 9), "p": (0, 9), "u": (0.5, 4), "x": (1, 2), "s": (-1, 2)}
LEAVES = st.sampled_from(["y", "z", "p", "p", "u", "u", "x", "s", "2", "0.5", "3"])
FORMS = [
    "({a} + {b})", "({a} - {b})", "({a} * {b})", "({a} / {b})", "({a})**2", "({a})**3", "({a})**4", "({a})**0.5",
    "({a})**1.5", "({a})**(-1)", "({a})**(-2)", "(-({a}))", "exp({a})", "log({a})", "sqrt({a})", "sin({a})", "cos({a})",
    "atan({a})", "(({a}) * log({a}))", "(({a}) * log(({a}) + {b}))", "sqrt(({a})**2 + ({b})**2 + 1)",
    "({a})**x", "x**({a})", "(({a}) * (2 * ({a}) + x)**(-0.5))",
]  # fmt: skip
EXPRESSIONS = st.recursive(
    LEAVES, lambda inner: st.builds(lambda form, a, b: form.format(a=a, b=b), st.sampled_from(FORMS), inner, inner), max_leaves=5
)


def _values(text, points):
    with np.errstate(all="ignore"):
        functions = {"atan": np.arctan, **{n: getattr(np, n) for n in ("exp", "log", "sqrt", "sin", "cos")}}
        return eval(text, functions, points) + 0.0 * points["y"]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=EXPRESSIONS, sense=st.sampled_from([MIN, MAX]), seed=st.integers(0, 10**6))
def test_random_objectives_are_never_proved_or_disproved_wrongly(text, sense, seed):
    m = pyo.ConcreteModel()
    m.x, m.s = pyo.Var(bounds=BOXES["x"]), pyo.Var(bounds=BOXES["s"])
    m.goal = pyo.Objective(expr=m.x + m.s)
    m.f = pyo.Block()
    for name in "yzpu":
        setattr(m.f, name, pyo.Var(bounds=BOXES[name]))
    space = {"x": m.x, "s": m.s, **{name: getattr(m.f, name) for name in "yzpu"}}
    functions = {name: getattr(pyo, name) for name in ("exp", "log", "sqrt", "sin", "cos", "atan")}
    try:
        m.f.wish = pyo.Objective(expr=eval(text, functions, space), sense=sense)
    except (ValueError, ZeroDivisionError):  # log(-2), 1 / (y - y)
        return
    game = read(m)
    (only,) = game.followers
    verdict = judge(only)
    if verdict.witness:
        check_witness(game, verdict)
    if verdict.convexity != "proved":
        return
    random = np.random.default_rng(seed)
    first = {name: random.uniform(*box, 4000) for name, box in BOXES.items()}
    other = {name: random.uniform(*box, 4000) for name, box in BOXES.items()}
    near = np.where(random.random(4000) < 0.5, 1.0, 0.03)
    held = {name: random.random(4000) < 0.4 for name in BOXES}
    second = {name: np.where(held[name], x, x + near * (other[name] - x)) for name, x in first.items()}
    second |= {name: first[name] for name in ("x", "s")}
    middle = {name: (first[name] + second[name]) / 2 for name in BOXES}
    left, right, value = (_values(text, points) for points in (first, second, middle))
    with np.errstate(all="ignore"):
        excess = only.sign * (value - (left + right) / 2) / (1e-6 + abs(left) + abs(right) + abs(value))
    assert not (excess > 1e-9).any()
    both = np.isfinite(left) & np.isfinite(right) & (abs(left) < 1e100) & (abs(right) < 1e100)
    assert np.isfinite(value[both]).all()  # a convex domain
