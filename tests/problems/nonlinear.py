"""Convex followers with nonlinear objectives or rows; also rows in which the leader's variables multiply theirs."""

import pyomo.environ as pyo

from . import problem, rows, variables


@problem(
    "Bard 1984, ex. 2; Bard 1988, ex. 3", "NLP-NLP", leader=-12.6787109375, follower=-1.015625,
    x={"x": (0, 2)}, y={"follower.y": (1.875, 0.90625)},
    comment="BASBLib prints -12.687 and f -6.473; its own point gives these",
)
def bard_1984_ex2(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-(x[1] ** 2) - 3 * x[2] - 4 * y[1] + y[2] ** 2)
    m.row = rows(x[1] ** 2 + 2 * x[2] <= 4)
    f.cost = pyo.Objective(expr=2 * x[1] ** 2 + y[1] ** 2 - 5 * y[2])
    f.row = rows(x[1] ** 2 - 2 * x[1] + x[2] ** 2 - 2 * y[1] + y[2] >= -3, x[2] + 3 * y[1] - 4 * y[2] >= 4)


@problem(
    "Sinha, Malo & Deb 2014, TP3", "NLP-NLP", leader=-18.6787109375, follower=-1.015625,
    x={"x": (0, 2)}, y={"follower.y": (1.875, 0.90625)},
)
def sinha_malo_deb_2014_tp3(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-(x[1] ** 2) - 3 * x[2] ** 2 - 4 * y[1] + y[2] ** 2)
    m.row = rows(x[1] ** 2 + 2 * x[2] <= 4)
    f.cost = pyo.Objective(expr=2 * x[1] ** 2 + y[1] ** 2 - 5 * y[2])
    f.row = rows(x[1] ** 2 - 2 * x[1] + x[2] ** 2 - 2 * y[1] + y[2] >= -3, x[2] + 3 * y[1] - 4 * y[2] >= 4)


@problem(
    "Colson 2002, BIPA1", "NLP-NLP", leader=250, follower=0,
    x={"x": 5}, y={"follower.y": 5}, tags=["coupling", "flat"],
)
def colson_2002_bipa1(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 5))
    y = f.y = pyo.Var(bounds=(0, 20))
    m.cost = pyo.Objective(expr=(10 - x) ** 3 + (10 - y) ** 3)
    m.row = rows(y <= x)
    f.cost = pyo.Objective(expr=(x + 2 * y - 15) ** 4)
    f.row = rows(x + y <= 20)


@problem(
    "Colson 2002, BIPA1, wider range of BASBLib", "NLP-NLP", leader=230.2676920, follower=0,
    x={"x": 6.0819419}, y={"follower.y": 4.4590291}, tags=["coupling", "flat"],
    comment="BASBLib has 227.691 at y 4.487, where the quartic is 1e-5 above its least: a tolerance, not an optimum",
)
def colson_2002_bipa1_wide(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 15))
    y = f.y = pyo.Var(bounds=(0, 20))
    m.cost = pyo.Objective(expr=(10 - x) ** 3 + (10 - y) ** 3)
    m.row = rows(y <= x)
    f.cost = pyo.Objective(expr=(x + 2 * y - 15) ** 4)
    f.row = rows(x + y <= 20)


@problem("Colson 2002, BIPA2", "QP-NLP", leader=17, follower=2, x={"x": 1}, y={"follower.y": 0})
def colson_2002_bipa2(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(x - 5) ** 2 + (2 * y + 1) ** 2)
    f.cost = pyo.Objective(expr=(y - 1) ** 2 - 1.5 * x * y + x**3)
    f.row = rows(-3 * x + y <= -3, x - 0.5 * y <= 4, x + y <= 7)


@problem(
    "Colson 2002, BIPA3", "NLP-NLP", leader=2, follower=24.0183156,
    x={"x": 4}, y={"follower.y": 0}, tags=["coupling"],
)
def colson_2002_bipa3(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(x - 5) ** 4 + (2 * y + 1) ** 4)
    m.row = rows(x + y <= 4)
    f.cost = pyo.Objective(expr=pyo.exp(-x + y) + x**2 + 2 * x * y + y**2 + 2 * x + 6 * y)
    f.row = rows(-x + y <= 2)


@problem(
    "Colson 2002, BIPA4", "QP-NLP", leader=88.7863279, follower=-0.7698004,
    x={"x": 0}, y={"follower.y": 0.5773503}, tags=["coupling"],
    comment="y = 1 / sqrt(3); BASBLib has 88.754 at y 0.579, BOLIB y 0.6039",
)
def colson_2002_bipa4(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=x**2 + (y - 10) ** 2)
    m.row = rows(x + 2 * y <= 6)
    f.cost = pyo.Objective(expr=-(x**2) + x**3 + 2 * y**3 + x - 2 * y)
    f.row = rows(-x + 2 * y <= 3)


@problem(
    "Colson 2002, BIPA5", "NLP-NLP", leader=2.7497676, follower=0.5481050,
    x={"x": 1.9405291}, y={"follower.y": (0, 1.2109958)},
)
def colson_2002_bipa5(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = variables((0, 4), (0, 2))
    m.cost = pyo.Objective(expr=(x - y[2]) ** 4 + (y[1] - 1) ** 2 + (y[1] - y[2]) ** 2)
    f.cost = pyo.Objective(expr=2 * x + pyo.exp(y[1]) + y[1] ** 2 + 4 * y[1] + 2 * y[2] ** 2 - 6 * y[2])
    f.row = rows(6 * x + y[1] ** 2 + pyo.exp(y[2]) <= 15, 5 * x + y[1] ** 4 - y[2] <= 25)


@problem("Dempe 1992, ex. 4.1", "QP-NLP", leader=31.25, follower=4, x={"x": 1}, y={"follower.y": 1})
def dempe_1992_ex41(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(1, 10))
    y = f.y = pyo.Var(bounds=(1, 10))
    m.cost = pyo.Objective(expr=(x - 3.5) ** 2 + (y + 4) ** 2)
    f.cost = pyo.Objective(expr=(y - 3) ** 2)
    f.row = rows(y**2 <= x)


@problem("Floudas & Zlobec 1998", "NLP-NLP", leader=1, follower=-1, x={"x": 1}, y={"follower.y": (0, 1)})
def floudas_zlobec_1998(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 1))
    y = f.y = variables((-1, 1), (0, 100))
    m.cost = pyo.Objective(expr=x**3 * y[1] + y[2])
    f.cost = pyo.Objective(expr=-y[2])
    f.row = rows(x * y[1] <= 10, y[1] ** 2 + x * y[2] <= 1)


@problem(
    "Shimizu, Ishizuka & Bard 1997, quartic follower", "QP-NLP", leader=2250, follower=197.75390625,
    x={"x": 11.25}, y={"follower.y": 5}, tags=["coupling"],
)
def shimizu_ishizuka_bard_1997_quartic(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 12.5))
    y = f.y = pyo.Var(bounds=(0, 50))
    m.cost = pyo.Objective(expr=16 * x**2 + 9 * y**2)
    m.row = rows(y <= 4 * x)
    f.cost = pyo.Objective(expr=(x + y - 20) ** 4)
    f.row = rows(4 * x + y <= 50)


@problem(
    "Calvete & Gale 1999, linear fractional follower", "LP-NLP", leader=-29.2, follower=17 / 54,
    x={"x": (0, 0.9)}, y={"follower.y": (0, 0.6, 0.4)}, convex=False, tags=["pseudolinear"],
    comment="a ratio of linear functions is pseudolinear: KKT conditions suffice without convexity",
)
def calvete_gale_1999(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((0, 2), (0, 2))
    y = f.y = variables((0, 2), (0, 2), (0, 2))
    m.cost = pyo.Objective(expr=-8 * x[1] - 4 * x[2] + 4 * y[1] - 40 * y[2] - 4 * y[3])
    above, below = 1 + x[1] + x[2] + 2 * y[1] - y[2] + y[3], 6 + 2 * x[1] + y[1] + y[2] - 3 * y[3]
    f.cost = pyo.Objective(expr=above / below)
    f.row = rows(
        -y[1] + y[2] + y[3] <= 1,
        2 * x[1] - y[1] + 2 * y[2] - 0.5 * y[3] <= 1,
        2 * x[2] + 2 * y[1] - y[2] - 0.5 * y[3] <= 1,
    )


def _outrata(m, hessian, limit, relations):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, limit))
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=0.5 * (y[1] - 3) ** 2 + 0.5 * (y[2] - 4) ** 2)
    a, b = hessian(x)
    f.cost = pyo.Objective(expr=0.5 * a * y[1] ** 2 + 0.5 * b * y[2] ** 2 - (3 + 1.333 * x) * y[1] - x * y[2])
    f.row = rows(*relations(x, y))


def _fixed_rows(x, y):
    return -0.333 * y[1] + y[2] <= 2, y[1] - 0.333 * y[2] <= 2


def _turning_rows(x, y):
    return (-0.333 + 0.1 * x) * y[1] + y[2] <= x, y[1] + (-0.333 - 0.1 * x) * y[2] <= 2


def _disc(x, y):
    return -0.333 * y[1] + y[2] + 0.1 * x <= 1, y[1] ** 2 + y[2] ** 2 <= 9 + 0.1 * x


@problem(
    "Outrata 1990, ex. 2b", "QP-NLP", leader=0.5015015, follower=-4.4999989,
    x={"x": 0}, y={"follower.y": (2.9985007, 2.9985007)}, unique=False,
    comment="published 0.5 at y (3, 3), not feasible with 0.333; many x give the same y",
)
def outrata_1990_ex2b(m):
    _outrata(m, lambda x: (1 + x, 0), None, _fixed_rows)


@problem(
    "Outrata 1990, ex. 2c", "QP-NLP", leader=1.8604624, follower=-10.9314749,
    x={"x": 3.4561622}, y={"follower.y": (1.7070887, 2.5684605)},
)
def outrata_1990_ex2c(m):
    _outrata(m, lambda x: (1 + x, 1 + 0.1 * x), None, _fixed_rows)


@problem(
    "Outrata 1990, ex. 2d", "QP-NLP", leader=0.8485054, follower=-22.9505568,
    x={"x": 2.8563430}, y={"follower.y": (3.8807456, 3.0401573)},
    comment="published 0.92 at x 2.498: not even a local optimum",
)
def outrata_1990_ex2d(m):
    _outrata(m, lambda x: (1, 1), None, _turning_rows)


@problem(
    "Outrata 1990, ex. 2e", "QP-NLP", leader=0.8974598, follower=-14.9289440,
    x={"x": 3.9985353}, y={"follower.y": (1.6650089, 3.8872235)},
)
def outrata_1990_ex2e(m):
    _outrata(m, lambda x: (1 + x, 1), None, _turning_rows)


@problem(
    "Outrata 1993, ex. 3.1", "QP-NLP", leader=1.5628738, follower=-11.6826842,
    x={"x": 1.9095180}, y={"follower.y": (2.9785879, 2.2321512)},
)
def outrata_1993_ex31(m):
    def turning(x, y):
        return (-0.333 + 0.1 * x) * y[1] + y[2] + 0.1 * x <= 2, y[1] + (-0.333 - 0.1 * x) * y[2] + 0.1 * x <= 2

    _outrata(m, lambda x: (1 + 0.2 * x, 1 + 0.1 * x), None, turning)


@problem(
    "Outrata 1993, ex. 3.2", "QP-NLP", leader=3.2077000, follower=-20.5296055,
    x={"x": 4.0604063}, y={"follower.y": (2.6822444, 1.4871468)},
)
def outrata_1993_ex32(m):
    _outrata(m, lambda x: (1 + 0.2 * x, 1 + 0.1 * x), None, _disc)


@problem(
    "Outrata 1994, ex. 3.1", "QP-NLP", leader=3.2077000, follower=-20.5296055,
    x={"x": 4.0604063}, y={"follower.y": (2.6822444, 1.4871468)},
)
def outrata_1994_ex31(m):
    _outrata(m, lambda x: (1 + 0.2 * x, 1 + 0.1 * x), 10, _disc)


@problem(
    "Allende & Still 2013, sec. 5", "QP-NLP", leader=1, follower=-0.5,
    x={"x": (0.5, 0.5)}, y={"follower.y": (0.5, 0.5)}, tags=["coupling"],
)
def allende_still_2013_sec5(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((0, 2), (0, None))
    y = f.y = pyo.Var((1, 2))
    m.cost = pyo.Objective(expr=(x[1] - 1) ** 2 + (x[2] - 1) ** 2 + y[1] ** 2 + y[2] ** 2)
    m.row = rows(y[1] >= 0, y[2] >= 0)
    f.cost = pyo.Objective(expr=y[1] ** 2 + y[2] ** 2 - 2 * x[1] * y[1] - 2 * x[2] * y[2])
    f.row = rows((y[1] - 1) ** 2 <= 0.25, (y[2] - 1) ** 2 <= 0.25)


@problem(
    "Mitsos & Barton 2007, ex. 3.8", "QP-NLP", leader=0, follower=0,
    x={"x": -0.5671433}, y={"follower.y": 0}, tags=["coupling", "follower-ties"],
    comment="only where x + exp(x) = 0 is the follower indifferent",
)
def mitsos_barton_2007_ex38(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(-1, 1))
    y = f.y = pyo.Var(bounds=(-1, 1))
    m.cost = pyo.Objective(expr=y**2)
    m.row = rows(y <= 0.1, y >= -0.1)
    f.cost = pyo.Objective(expr=x * y + pyo.exp(x) * y)


@problem(
    "Ishizuka & Aiyoshi 1992, M = 4", "NLP-LP", leader=0, follower=-4,
    x={"x": 4}, y={"follower.y": (-4, 0)}, unique=False, tags=["follower-ties"],
)
def ishizuka_aiyoshi_1992(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(-4, None))
    y = f.y = pyo.Var((1, 2))
    m.cost = pyo.Objective(expr=x * y[2] ** 2)
    f.cost = pyo.Objective(expr=y[1])
    f.row = rows(x >= 0, y[1] >= -x, y[1] <= x, y[1] + y[2] >= -x - 4, y[1] + y[2] <= x + 4)


@problem(
    "closed form: a monopolist before a consumer with utility 9 log(1 + y)", "QP-NLP", leader=4, follower=3.8875106,
    x={"price": 3}, y={"consumer.use": 2}, tags=["nonconvex-leader"],
    comment="demand 9 / p - 1, price sqrt(9)",
)
def logarithmic_utility(m):
    m.price = pyo.Var(bounds=(0.5, 20), initialize=1)
    b = m.consumer = pyo.Block()
    b.use = pyo.Var(within=pyo.NonNegativeReals)
    m.profit = pyo.Objective(expr=(m.price - 1) * b.use, sense=pyo.maximize)
    b.surplus = pyo.Objective(expr=9 * pyo.log(1 + b.use) - m.price * b.use, sense=pyo.maximize)


@problem(
    "closed form: logit pricing, Anderson, de Palma & Thisse 1992", "QP-NLP", leader=0.567143290,
    follower=-0.449254402,
    x={"price": 1.567143290}, y={"buyers.buy": 0.361896256, "buyers.leave": 0.638103744}, tags=["nonconvex-leader"],
    comment="price 1 + W(1), profit W(1), W Lambert's function; entropy makes the shares a convex program's answer",
)
def logit_pricing(m):
    m.price = pyo.Var(bounds=(0, 10))
    b = m.buyers = pyo.Block()
    b.buy, b.leave = pyo.Var(bounds=(1e-6, 1), initialize=0.5), pyo.Var(bounds=(1e-6, 1), initialize=0.5)
    m.profit = pyo.Objective(expr=m.price * b.buy, sense=pyo.maximize)
    b.cost = pyo.Objective(expr=b.buy * pyo.log(b.buy) + b.leave * pyo.log(b.leave) + (m.price - 1) * b.buy)
    b.all = pyo.Constraint(expr=b.buy + b.leave == 1)
