"""The leader decides integers, the followers are linear or convex quadratic."""

import pyomo.environ as pyo

from . import problem, rows


@problem(
    "Moore & Bard 1990, fig. 1, integers at the leader only", "MILP-LP", leader=-18, follower=1,
    x={"x": 8}, y={"follower.y": 1},
)
def moore_bard_1990_integer_leader(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeIntegers, bounds=(0, 20))
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-x - 10 * y)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(-25 * x + 20 * y <= 30, x + 2 * y <= 10, 2 * x - y <= 15, 2 * x + 10 * y >= 15)


@problem(
    "MibS, ex. 1, the follower's integers relaxed", "MILP-LP", leader=-53, follower=5,
    x={"x": 6}, y={"follower.y": 5}, tags=["coupling"],
    comment="the follower answers 2 x - 7, an integer anyway",
)
def mibs_ex1(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.Integers, bounds=(-10, 10))
    y = f.y = pyo.Var(bounds=(None, 5))
    m.cost = pyo.Objective(expr=-3 * x - 7 * y)
    m.row = rows(-3 * x + 2 * y <= 12, x + 2 * y <= 20)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(2 * x - y <= 7, -2 * x + 4 * y <= 16)


@problem(
    "MibS, ex. 2, the follower's integers relaxed", "MILP-LP", leader=-8, follower=5,
    x={"x": 6, "z": 0}, y={"follower.y": 5}, tags=["coupling"],
)
def mibs_ex2(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.Integers, bounds=(-10, 10))
    z = m.z = pyo.Var(within=pyo.Binary)
    y = f.y = pyo.Var(bounds=(None, 5))
    m.cost = pyo.Objective(expr=2 * x - 4 * y + 10 * z)
    m.row = rows(-3 * x + 2 * y + 5 * z <= 12, x + 2 * y <= 20)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(2 * x - y + 3 * z <= 7, -2 * x + 4 * y <= 16)


@problem(
    "Henderson & Quandt 1958 in whole units: closed form", "MIQP-QP", leader=-3266.625, follower=-715.5625,
    x={"x": 93}, y={"follower.y": 26.75}, tags=["nonconvex-leader"],
)
def henderson_quandt_whole_units(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.Integers, bounds=(80, 110))
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(0.5 * (x + y) - 95) * x)
    f.cost = pyo.Objective(expr=(y + 0.5 * x - 100) * y)


@problem(
    "closed form: which arc of a network to close, shortest path (max-min)", "MIQP-QP", leader=8, follower=8,
    x={"closed": (1, 0, 0, 0, 0)}, y={"path.flow": (0, 1, 0, 0, 1)}, tags=["bigm-trap", "max-min", "nonconvex-leader"],
    comment="arcs s-a 1, s-b 4, a-b 1, a-t 5, b-t 4; lengths grow by 10 where closed; open 6, after closing s-a 8",
)
def shortest_path_interdiction(m):
    arcs = {1: ("s", "a", 1), 2: ("s", "b", 4), 3: ("a", "b", 1), 4: ("a", "t", 5), 5: ("b", "t", 4)}
    m.closed = pyo.Var(arcs.keys(), within=pyo.Binary)
    m.budget = pyo.Constraint(expr=sum(m.closed.values()) <= 1)
    b = m.path = pyo.Block()
    b.flow = pyo.Var(arcs.keys(), within=pyo.NonNegativeReals)
    length = sum((arcs[a][2] + 10 * m.closed[a]) * b.flow[a] for a in arcs)
    b.length = pyo.Objective(expr=length)

    @b.Constraint(("s", "a", "b"))
    def balance(b, node):
        out = sum(b.flow[a] for a in arcs if arcs[a][0] == node)
        back = sum(b.flow[a] for a in arcs if arcs[a][1] == node)
        return out - back == int(node == "s")

    m.length = pyo.Objective(expr=length, sense=pyo.maximize)


@problem(
    "closed form: open a plant for a market, or not", "MILP-QP", leader=6, follower=4,
    x={"open": 1}, y={"market.use": 2},
)
def open_or_not(m):
    m.open = pyo.Var(within=pyo.Binary)
    b = m.market = pyo.Block()
    b.use = pyo.Var(within=pyo.NonNegativeReals)
    b.surplus = pyo.Objective(expr=3 * b.use - 0.5 * b.use**2, sense=pyo.maximize)
    b.capacity = pyo.Constraint(expr=b.use <= 2 * m.open)
    m.profit = pyo.Objective(expr=4 * b.use - 2 * m.open, sense=pyo.maximize)
