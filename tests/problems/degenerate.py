"""Many follower optima, no optimum at all, followers without a constraint qualification, traps for a big M."""

import pyomo.environ as pyo

from . import problem, rows, variables


def _bard_1991(m, weight):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-x + 10 * y[1] - weight * y[2])
    f.cost = pyo.Objective(expr=-y[1] - y[2])
    f.row = rows(x + y[1] <= 1, x + y[2] <= 1, y[1] + y[2] <= 1)


@problem(
    "Bard 1991, ex. 2.2", "LP-LP", leader=-1, follower=-1,
    x={"x": 0}, y={"follower.y": (0, 1)}, unique=False, tags=["follower-ties"],
    comment="a second optimum at x 1, y (0, 0), f 0",
)
def bard_1991_ex22(m):
    _bard_1991(m, 1)


@problem(
    "Bard 1991, ex. 2.2, variant of BASBLib", "LP-LP", leader=-2, follower=-1,
    x={"x": 0}, y={"follower.y": (0, 1)}, tags=["follower-ties"],
    comment="the pessimistic leader would stay at x 1",
)
def bard_1991_ex22_variant(m):
    _bard_1991(m, 2)


@problem(
    "Clark & Westerberg 1990, sec. 3.1", "LP-LP", leader=-13, follower=-4,
    x={"x": 5}, y={"follower.y": (4, 2)}, tags=["follower-ties"],
    comment="the follower is indifferent in y2",
)
def clark_westerberg_1990_sec31(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 8))
    y = f.y = variables((0, 4), (None, None))
    m.cost = pyo.Objective(expr=-x - 3 * y[1] + 2 * y[2])
    f.cost = pyo.Objective(expr=-y[1])
    f.row = rows(-2 * x + y[1] + 4 * y[2] <= 16, 8 * x + 3 * y[1] - 2 * y[2] <= 48, -2 * x + y[1] - 3 * y[2] <= -12)


@problem(
    "Mitsos & Barton 2007, ex. 3.1", "LP-LP", leader=1, follower=-1,
    y={"follower.y": 1},
    comment="no leader variable",
)
def mitsos_barton_2007_ex31(m):
    f = m.follower = pyo.Block()
    f.y = pyo.Var(bounds=(-1, 1))
    m.cost = pyo.Objective(expr=f.y)
    f.cost = pyo.Objective(expr=-f.y)


@problem(
    "Mitsos & Barton 2007, ex. 3.2", "LP-LP", termination="infeasible",
    tags=["coupling"],
    comment="the follower answers 1, the leader forbids it",
)
def mitsos_barton_2007_ex32(m):
    f = m.follower = pyo.Block()
    f.y = pyo.Var(bounds=(-1, 1))
    m.cost = pyo.Objective(expr=f.y)
    m.row = rows(f.y <= 0)
    f.cost = pyo.Objective(expr=-f.y)


def _joint_1(m, *extra):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(1, None))
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=x)
    m.row = rows(y >= x, y >= -x)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(y >= -x, *(relation(x, y) for relation in extra))


@problem("GAMS EMP library, jointc1, row at the leader", "LP-LP", termination="infeasible", tags=["coupling"])
def ferris_jointc1_leader(m):
    _joint_1(m)


@problem(
    "GAMS EMP library, jointc1, row at both", "LP-LP", leader=1, follower=1,
    x={"x": 1}, y={"follower.y": 1}, tags=["coupling"],
)
def ferris_jointc1_both(m):
    _joint_1(m, lambda x, y: y >= x)


def _joint_2(m, *extra):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(1, 2))
    y = f.y = pyo.Var()
    m.profit = pyo.Objective(expr=x, sense=pyo.maximize)
    m.row = rows(y <= 100, y >= x - 2, y >= -x)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(y >= -x, *(relation(x, y) for relation in extra))


@problem(
    "GAMS EMP library, jointc2, row at the leader", "LP-LP", leader=1, follower=-1,
    x={"x": 1}, y={"follower.y": -1}, tags=["coupling"],
)
def ferris_jointc2_leader(m):
    _joint_2(m)


@problem(
    "GAMS EMP library, jointc2, row at both", "LP-LP", leader=2, follower=0,
    x={"x": 2}, y={"follower.y": 0}, tags=["coupling"],
)
def ferris_jointc2_both(m):
    _joint_2(m, lambda x, y: y >= x - 2)


@problem(
    "Pineda & Morales 2019, not all that glitters is gold", "LP-LP", leader=102, follower=100,
    x={"x": 2}, y={"follower.y": 100}, tags=["bigm-trap"],
    comment="the multiplier is 100: M = 50 for multipliers cuts the optimum off",
)
def pineda_morales_2019(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 2))
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.value = pyo.Objective(expr=x + y, sense=pyo.maximize)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(x - 0.01 * y <= 1)


@problem(
    "closed form: a row in small units", "LP-LP", leader=-1, follower=1e4,
    x={"x": 1}, y={"follower.y": 1e4}, tags=["bigm-trap"],
    comment="the multiplier is 10000: M = 1000 would make the leader's problem look worse than it is",
)
def small_units(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 1))
    y = f.y = pyo.Var(bounds=(0, 1e5))
    m.cost = pyo.Objective(expr=-1e-4 * y)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(1e-4 * y >= x)


@problem(
    "closed form: bounded only because the follower answers", "LP-LP", leader=1, follower=1,
    x={"x": 1}, y={"follower.y": 1}, tags=["relaxation-unbounded"],
    comment="the high-point relaxation is unbounded",
)
def unbounded_relaxation(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 1))
    y = f.y = pyo.Var()
    m.value = pyo.Objective(expr=y, sense=pyo.maximize)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(y >= x)


@problem("closed form: the leader's objective grows with its own decision for ever", "LP-LP", termination="unbounded")
def unbounded_leader(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var()
    m.value = pyo.Objective(expr=x - y, sense=pyo.maximize)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(2 * y >= x)


@problem(
    "closed form: unbounded through ties of the follower", "LP-LP", termination="unbounded",
    tags=["follower-ties"],
)
def unbounded_ties(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 1))
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=x - y[2])
    f.cost = pyo.Objective(expr=y[1])
    f.row = rows(y[1] >= x)


@problem(
    "closed form: the follower is unbounded whatever the leader does", "LP-LP", termination="infeasible",
    tags=["follower-unbounded"],
)
def unbounded_follower(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 1))
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=x)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(y <= x)


@problem(
    "closed form: the follower is unbounded unless the leader pays", "LP-QP", leader=1, follower=-5,
    x={"x": 1}, y={"follower.y": (0, 5)}, tags=["follower-unbounded"],
    comment="for x < 1 the follower has no answer; at x = 1 it is indifferent in y1",
)
def follower_bounded_at_a_price(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 3))
    y = f.y = variables((0, None), (0, 5))
    m.cost = pyo.Objective(expr=x + y[1])
    f.cost = pyo.Objective(expr=(x - 1) * y[1] - y[2])


@problem(
    "closed form: no answer is feasible for the follower", "LP-LP", termination="infeasible",
    tags=["follower-infeasible"],
)
def infeasible_follower(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 1))
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=x)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(x + y <= -1)


@problem("closed form: the leader alone is infeasible", "LP-LP", termination="infeasible")
def infeasible_leader(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 1))
    y = f.y = pyo.Var(bounds=(0, 1))
    m.cost = pyo.Objective(expr=x + y)
    m.row = rows(x >= 2)
    f.cost = pyo.Objective(expr=y)


@problem(
    "closed form: feasible for the follower only on part of the leader's range", "QP-LP", leader=4, follower=0,
    x={"x": 2}, y={"follower.y": 0}, tags=["follower-infeasible"],
)
def follower_feasible_in_part(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 5))
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=x**2 + y)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(x - y >= 2)


@problem(
    "closed form: dependent equalities, multipliers not unique", "QP-QP", leader=0, follower=1,
    x={"x": 1}, y={"follower.y": (1, 1)}, tags=["dependent-rows"],
    comment="the third row is half the sum of the others",
)
def dependent_equalities(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var()
    y = f.y = pyo.Var((1, 2))
    m.cost = pyo.Objective(expr=(x - 1) ** 2 + (y[1] - 1) ** 2)
    f.cost = pyo.Objective(expr=0.5 * y[1] ** 2 + 0.5 * y[2] ** 2)
    f.row = rows(y[1] + y[2] == 2 * x, y[1] - y[2] == 0, y[1] == x)


@problem(
    "closed form: fixed variables, a range and a redundant row", "QP-QP", leader=0.5, follower=0,
    x={"x": 0.5, "held": 2}, y={"follower.y": 0.5, "follower.held": 1}, tags=["fixed", "range"],
    comment="held = 2 and follower.held = 1 are fixed: data, not decisions",
)
def fixed_and_ranged(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(-5, 5))
    m.held = pyo.Var(initialize=2.0)
    m.held.fix()
    y = f.y = pyo.Var(bounds=(0, 10))
    f.held = pyo.Var(initialize=1.0)
    f.held.fix()
    m.cost = pyo.Objective(expr=x**2 + (y - f.held) ** 2 + m.held - 2)
    f.cost = pyo.Objective(expr=(y - f.held * x) ** 2)
    f.row = rows(pyo.inequality(-m.held, y - 2 * x, m.held), y <= 50)


@problem(
    "Dempe & Dutta 2012, ex. 2.4", "QP-NLP", leader=0, follower=0,
    x={"x": 1}, y={"follower.y": 0}, exact=False, tags=["no-cq"],
    comment="y**2 <= 0 has no Slater point: multipliers exist only at x 0, so KKT conditions (and BASBLib) give 1",
)
def dempe_dutta_2012_ex24(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(-10, 10))
    y = f.y = pyo.Var(bounds=(-10, 10))
    m.cost = pyo.Objective(expr=(x - 1) ** 2 + y**2)
    f.cost = pyo.Objective(expr=x**2 * y)
    f.row = rows(y**2 <= 0)


@problem(
    "Zlobec 2001, ex. b", "LP-NLP", leader=0, termination="unattained",
    convex=True, exact=False, tags=["no-cq"],
    comment="the leader comes as near to 0 as it likes, at x > 0 with y 0, but at x 0 the follower answers 1",
)
def zlobec_2001b(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 1))
    y = f.y = pyo.Var(bounds=(0, 1))
    m.cost = pyo.Objective(expr=x + y)
    f.cost = pyo.Objective(expr=-y)
    f.row = rows(x * y == 0)


@problem(
    "Dempe 1992, ex. 4.1, without bounds", "QP-NLP", leader=28.25, follower=9,
    x={"x": 0}, y={"follower.y": 0}, exact=False, tags=["no-cq"],
    comment="at x 0 y**2 <= x has no interior and no multiplier: KKT only comes near; published 31.25 needs x >= 1",
)
def dempe_1992_ex41_unbounded(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var()
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=(x - 3.5) ** 2 + (y + 4) ** 2)
    f.cost = pyo.Objective(expr=(y - 3) ** 2)
    f.row = rows(y**2 <= x)


@problem(
    "Dempe & Dutta 2012, ex. 3.1", "NLP-NLP", leader=-2, follower=9,
    x={"x": (1, 1)}, y={"follower.y": (0, 2)}, exact=False, tags=["no-cq", "coupling"],
    comment="published -1 at x (0.71, 0.71), y (0, 1); at (1, 1) the discs touch in (0, 2) alone, without multipliers",
)
def dempe_dutta_2012_ex31(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2))
    m.cost = pyo.Objective(expr=-y[2])
    m.row = rows(y[1] * y[2] == 0)
    f.cost = pyo.Objective(expr=y[1] ** 2 + (y[2] + 1) ** 2)
    f.row = rows(
        (y[1] - x[1]) ** 2 + (y[2] - 1 - x[1]) ** 2 <= 1,
        (y[1] + x[2]) ** 2 + (y[2] - 1 - x[2]) ** 2 <= 1,
    )
