"""Several followers, alone or in a Nash equilibrium among themselves."""

import pyomo.environ as pyo

from . import problem, rows, variables


@problem(
    "Bard 1988, ex. 2", "QP-QP", leader=6600, follower={"follower[1]": 25, "follower[2]": 29},
    x={"x": (7, 3, 12, 18)}, y={"follower[1].y": (0, 10), "follower[2].y": (30, 0)}, unique=False,
    comment="the profit holds only sums: f 54 (Bard) and 57.48 (Colson) are two optima; MacMPEC lists 6598 for bard2",
)
def bard_1988_ex2(m):
    x = m.x = variables((0, 10), (0, 5), (0, 15), (0, 20))

    @m.Block((1, 2))
    def follower(f, i):
        a, b, wish, limit = {1: (x[1], x[2], (4, 13), 20), 2: (x[3], x[4], (35, 2), 40)}[i]
        y = f.y = pyo.Var((1, 2), bounds=(0, limit))
        f.cost = pyo.Objective(expr=(y[1] - wish[0]) ** 2 + (y[2] - wish[1]) ** 2)
        f.row = rows(0.4 * y[1] + 0.7 * y[2] <= a, 0.6 * y[1] + 0.3 * y[2] <= b)

    first, second = (sum(m.follower[i].y[k] for i in (1, 2)) for k in (1, 2))
    m.budget = pyo.Constraint(expr=sum(x[i] for i in x) <= 40)
    m.profit = pyo.Objective(expr=(200 - first) * first + (160 - second) * second, sense=pyo.maximize)


def _murphy_sherali_soyster(m, capacity, elasticity):
    """Firm 1 leads, four follow; cost c q + b/(1+b) K**(-1/b) q**((1+b)/b), price 5000**(1/g) Q**(-1/g)."""
    linear = {1: 10, 2: 8, 3: 6, 4: 4, 5: 2}
    power = {1: 1.2, 2: 1.1, 3: 1.0, 4: 0.9, 5: 0.8}
    x = m.x = pyo.Var(bounds=(0, capacity), initialize=capacity / 2)

    def profit(i, q):
        total = x + sum(m.follower[j].q for j in m.follower)
        b = power[i]
        cost = linear[i] * q + b / (1 + b) * 5 ** (-1 / b) * q ** ((1 + b) / b)
        return 5000 ** (1 / elasticity) * total ** (-1 / elasticity) * q - cost

    m.follower = pyo.Block((2, 3, 4, 5))
    for i in m.follower:
        m.follower[i].q = pyo.Var(bounds=(0, capacity), initialize=capacity / 2)
    for i in m.follower:
        m.follower[i].profit = pyo.Objective(expr=profit(i, m.follower[i].q), sense=pyo.maximize)
    m.profit = pyo.Objective(expr=profit(1, x), sense=pyo.maximize)


@problem(
    "Murphy, Sherali & Soyster 1982, capacity 150, elasticity 1", "NLP-NLP", leader=343.3452600,
    follower={"follower[2]": 399.9916, "follower[3]": 463.9890, "follower[4]": 498.3763, "follower[5]": 502.6796},
    x={"x": 55.551293},
    y={f"follower[{i}].q": q for i, q in zip((2, 3, 4, 5), (50.133784, 50.503685, 47.899490, 42.976631), strict=True)},
    tags=["nash"],
    comment="MacMPEC's gnash10 has 230.823: its marginal cost K**(-1/b) q lost the power 1/b of q",
)
def murphy_sherali_soyster_1982_150(m):
    _murphy_sherali_soyster(m, 150, 1.0)


@problem(
    "Murphy, Sherali & Soyster 1982, capacity 50, elasticity 1", "NLP-NLP", leader=346.8931915,
    follower={"follower[2]": 420.2611, "follower[3]": 482.7001, "follower[4]": 521.2167, "follower[5]": 522.5842},
    x={"x": 50}, y={f"follower[{i}].q": q for i, q in zip((2, 3, 4, 5), (50, 50, 48.581846, 43.501984), strict=True)},
    tags=["nash"],
    comment="MacMPEC's gnash15 has 354.699 for its other marginal cost",
)
def murphy_sherali_soyster_1982_50(m):
    _murphy_sherali_soyster(m, 50, 1.0)


@problem(
    "Murphy, Sherali & Soyster 1982, capacity 150, elasticity 1.1", "NLP-NLP", leader=203.1550722,
    follower={"follower[2]": 265.7780, "follower[3]": 332.5144, "follower[4]": 377.9527, "follower[5]": 398.4478},
    x={"x": 42.538247},
    y={f"follower[{i}].q": q for i, q in zip((2, 3, 4, 5), (41.077241, 43.115853, 42.195067, 38.823882), strict=True)},
    tags=["nash"],
    comment="MacMPEC's gnash11 has 129.912 for its other marginal cost",
)
def murphy_sherali_soyster_1982_elastic(m):
    _murphy_sherali_soyster(m, 150, 1.1)


@problem(
    "Harker 1991, two players with a shared market, led by the distance of Facchinei, Jiang & Qi (nash1)", "QP-QP",
    leader=0, follower={"follower[1]": -25, "follower[2]": -81},
    x={"x": (5, 9)}, y={"follower[1].y": 5, "follower[2].y": 9}, unique=False, tags=["nash"],
    comment="every x that is its own equilibrium has leader value 0: (5, 9), (10, 5), …",
)
def harker_1991(m):
    x = m.x = variables((0, 10), (0, 10))
    m.follower = pyo.Block((1, 2))
    for i in m.follower:
        m.follower[i].y = pyo.Var()
    y = {i: m.follower[i].y for i in m.follower}
    m.distance = pyo.Objective(expr=0.5 * (x[1] - y[1]) ** 2 + 0.5 * (x[2] - y[2]) ** 2)
    m.follower[1].cost = pyo.Objective(expr=y[1] ** 2 + 8 / 3 * y[1] * y[2] - 34 * y[1])
    m.follower[2].cost = pyo.Objective(expr=y[2] ** 2 + 1.25 * y[1] * y[2] - 24.25 * y[2])
    m.follower[1].limit = pyo.Constraint(expr=y[1] + x[2] <= 15)
    m.follower[2].limit = pyo.Constraint(expr=y[2] + x[1] <= 15)


@problem(
    "closed form: Stackelberg leader before three Cournot followers, price 100 - Q, cost 10", "QP-QP", leader=506.25,
    follower={f"follower[{i}]": 126.5625 for i in (1, 2, 3)},
    x={"x": 45}, y={f"follower[{i}].q": 11.25 for i in (1, 2, 3)}, tags=["nash", "nonconvex-leader"],
)
def stackelberg_cournot(m):
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    m.follower = pyo.Block((1, 2, 3))
    for i in m.follower:
        m.follower[i].q = pyo.Var(within=pyo.NonNegativeReals)
    price = 100 - x - sum(m.follower[i].q for i in m.follower)
    for i in m.follower:
        m.follower[i].profit = pyo.Objective(expr=(price - 10) * m.follower[i].q, sense=pyo.maximize)
    m.profit = pyo.Objective(expr=(price - 10) * x, sense=pyo.maximize)


@problem(
    "closed form: one price for three consumers with quadratic utility", "QP-QP", leader=27,
    follower={"consumer[1]": 12.5, "consumer[2]": 4.5, "consumer[3]": 0.5},
    x={"price": 5}, y={"consumer[1].use": 5, "consumer[2].use": 3, "consumer[3].use": 1}, tags=["nonconvex-leader"],
    comment="consumers do not see each other; above a price of 6 the third one leaves",
)
def one_price_three_consumers(m):
    worth = {1: 10, 2: 8, 3: 6}
    m.price = pyo.Var(bounds=(0, 20))

    @m.Block((1, 2, 3))
    def consumer(b, i):
        b.use = pyo.Var(within=pyo.NonNegativeReals)
        b.surplus = pyo.Objective(expr=(worth[i] - m.price) * b.use - 0.5 * b.use**2, sense=pyo.maximize)

    m.profit = pyo.Objective(expr=(m.price - 2) * sum(m.consumer[i].use for i in m.consumer), sense=pyo.maximize)


@problem(
    "closed form: a follower the leader cannot move beside one it can", "QP-LP", leader=4,
    follower={"bystander": 2, "market.follower": 1},
    x={"x": 1}, y={"bystander.y": 2, "market.follower.y": 1},
    comment="the second follower's Block lies inside another Block",
)
def nested_blocks(m):
    x = m.x = pyo.Var(bounds=(0, 5))
    b = m.bystander = pyo.Block()
    b.y = pyo.Var(bounds=(2, 7))
    b.cost = pyo.Objective(expr=b.y)
    m.market = pyo.Block()
    f = m.market.follower = pyo.Block()
    f.y = pyo.Var()
    f.cost = pyo.Objective(expr=f.y)
    f.row = rows(f.y >= x, f.y >= 2 - x)
    m.cost = pyo.Objective(expr=b.y + f.y**2 + (x - 1) ** 2 + 1)
