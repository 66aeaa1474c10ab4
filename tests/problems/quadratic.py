"""Convex quadratic followers over linear rows, under linear and quadratic leaders."""

import pyomo.environ as pyo

from . import problem, rows, variables


@problem(
    "Aiyoshi & Shimizu 1984, ex. 2", "LP-QP", leader=0, follower=100,
    x={"x": (0, 30)}, y={"follower.y": (-10, 10)}, unique=False, tags=["coupling"],
    comment="a second optimum at x (0, 0), y (-10, -10), f 200; published 5 at x (25, 30), y (5, 10): a local optimum",
)
def aiyoshi_shimizu_1984_ex2(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((0, 50), (0, 50))
    y = f.y = variables((-10, 20), (-10, 20))
    m.cost = pyo.Objective(expr=2 * x[1] + 2 * x[2] - 3 * y[1] - 3 * y[2] - 60)
    m.row = rows(x[1] + x[2] + y[1] - 2 * y[2] <= 40)
    f.cost = pyo.Objective(expr=(y[1] - x[1] + 20) ** 2 + (y[2] - x[2] + 20) ** 2)
    f.row = rows(2 * y[1] <= x[1] - 10, 2 * y[2] <= x[2] - 10)


@problem("Bard 1988, ex. 1", "QP-QP", leader=17, follower=1, x={"x": 1}, y={"follower.y": 0})
def bard_1988_ex1(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(x - 5) ** 2 + (2 * y + 1) ** 2)
    f.cost = pyo.Objective(expr=(y - 1) ** 2 - 1.5 * x * y)
    f.row = rows(-3 * x + y <= -3, x - 0.5 * y <= 4, x + y <= 7)


@problem(
    "Bard 1998, book, b_1998_02 of BASBLib", "QP-QP", leader=0, follower=-0.9,
    x={"x": (0.8, 0.2)}, y={"follower.y": 1},
)
def bard_1998_ex02(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((0, 1), (0, 1))
    y = f.y = pyo.Var(bounds=(0, 1))
    m.cost = pyo.Objective(expr=0.5 * (x[1] - 0.8) ** 2 + 0.5 * (x[2] - 0.2) ** 2 + 0.5 * (y - 1) ** 2)
    f.cost = pyo.Objective(expr=0.5 * y**2 - y - x[1] * y + 2 * x[2] * y)


@problem("Clark & Westerberg 1990, sec. 3.2", "QP-QP", leader=5, follower=4, x={"x": 1}, y={"follower.y": 3})
def clark_westerberg_1990_sec32(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 8))
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(x - 3) ** 2 + (y - 2) ** 2)
    f.cost = pyo.Objective(expr=(y - 5) ** 2)
    f.row = rows(-2 * x + y <= 1, x - 2 * y <= -2, x + 2 * y <= 14)


@problem("De Silva 1978, thesis", "QP-QP", leader=-1, follower=0, x={"x": (0.5, 0.5)}, y={"follower.y": (0.5, 0.5)})
def de_silva_1978(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2))
    y = f.y = variables((0.5, 1.5), (0.5, 1.5))
    m.cost = pyo.Objective(expr=x[1] ** 2 - 2 * x[1] + x[2] ** 2 - 2 * x[2] + y[1] ** 2 + y[2] ** 2)
    f.cost = pyo.Objective(expr=(y[1] - x[1]) ** 2 + (y[2] - x[2]) ** 2)


@problem(
    "Falk & Liu 1995, ex. 2", "QP-QP", leader=-2.25, follower=0,
    x={"x": (0.75, 0.75)}, y={"follower.y": (0.75, 0.75)},
    comment="BOLIB has -2.1962 at sqrt(3) / 2, after the source; -2.25 is reached",
)
def falk_liu_1995_ex2(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2))
    y = f.y = variables((0.5, 1.5), (0.5, 1.5))
    m.cost = pyo.Objective(expr=x[1] ** 2 - 3 * x[1] + x[2] ** 2 - 3 * x[2] + y[1] ** 2 + y[2] ** 2)
    f.cost = pyo.Objective(expr=(y[1] - x[1]) ** 2 + (y[2] - x[2]) ** 2)


@problem(
    "Henderson & Quandt 1958", "QP-QP", leader=-9800 / 3, follower=-6400 / 9,
    x={"x": 280 / 3}, y={"follower.y": 80 / 3}, tags=["nonconvex-leader"],
)
def henderson_quandt_1958(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 200))
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(0.5 * (x + y) - 95) * x)
    f.cost = pyo.Objective(expr=(y + 0.5 * x - 100) * y)


@problem(
    "Macal & Hurter 1997", "QP-QP", leader=203401 / 2501, follower=-0.3359312,
    x={"x": 25051 / 2501}, y={"follower.y": 2050 / 2501},
)
def macal_hurter_1997(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var()
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=(x - 1) ** 2 + (y - 1) ** 2)
    f.cost = pyo.Objective(expr=0.5 * y**2 + 500 * y - 50 * x * y)


@problem(
    "Shimizu & Aiyoshi 1981, ex. 1", "QP-QP", leader=100, follower=0,
    x={"x": 10}, y={"follower.y": 10}, tags=["coupling"],
)
def shimizu_aiyoshi_1981_ex1(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 15))
    y = f.y = pyo.Var(bounds=(0, 20))
    m.cost = pyo.Objective(expr=x**2 + (y - 10) ** 2)
    m.row = rows(y <= x)
    f.cost = pyo.Objective(expr=(x + 2 * y - 30) ** 2)
    f.row = rows(x + y <= 20)


@problem(
    "Shimizu & Aiyoshi 1981, ex. 2", "QP-QP", leader=225, follower=100,
    x={"x": (20, 5)}, y={"follower.y": (10, 5)},
)
def shimizu_aiyoshi_1981_ex2(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((None, None), (None, 15))
    y = f.y = variables((0, 10), (0, 10))
    m.cost = pyo.Objective(expr=(x[1] - 30) ** 2 + (x[2] - 20) ** 2 - 20 * y[1] + 20 * y[2])
    m.row = rows(x[1] + 2 * x[2] >= 30, x[1] + x[2] <= 25)
    f.cost = pyo.Objective(expr=(x[1] - y[1]) ** 2 + (x[2] - y[2]) ** 2)


@problem(
    "Muu & Quy 2003, ex. 1", "QP-QP", leader=-27 / 13, follower=-100 / 169,
    x={"x": 11 / 13}, y={"follower.y": (10 / 13, 0)},
)
def muu_quy_2003_ex1(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 2))
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=x**2 - 4 * x + y[1] ** 2 + y[2] ** 2)
    f.cost = pyo.Objective(expr=y[1] ** 2 + 0.5 * y[2] ** 2 + y[1] * y[2] + (1 - 3 * x) * y[1] + (1 + x) * y[2])
    f.row = rows(2 * y[1] + y[2] - 2 * x <= 1)


@problem(
    "Bard 1998, book, b_1998_03 of BASBLib", "QP-QP", leader=0, follower=-0.32,
    x={"x": (1, 0.4)}, y={"follower.y": 0.8},
)
def bard_1998_ex03(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((0, 1), (0, 1))
    y = f.y = pyo.Var(bounds=(0, 1))
    m.cost = pyo.Objective(expr=0.5 * (x[1] - 1) ** 2 + 0.5 * (x[2] - 0.4) ** 2 + 0.5 * (y - 0.8) ** 2)
    f.cost = pyo.Objective(expr=0.5 * y**2 - y - x[1] * y + 3 * x[2] * y)


@problem("Bard 1998, book, b_1998_05 of BASBLib", "QP-QP", leader=1, follower=0, x={"x": 1}, y={"follower.y": 0})
def bard_1998_ex05(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(-100, 100))
    y = f.y = pyo.Var(bounds=(0, 100))
    m.cost = pyo.Objective(expr=(x - 1) ** 2 + (y - 1) ** 2)
    f.cost = pyo.Objective(expr=0.5 * y**2 + 500 * y - 50 * x * y)


@problem(
    "Bard 1998, book, b_1998_07 of BASBLib", "QP-QP", leader=-38 / 27, follower=617 / 81,
    x={"x": 17 / 9}, y={"follower.y": (8 / 9, 0)},
)
def bard_1998_ex07(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(x - 1) ** 2 + 2 * y[1] ** 2 - 2 * x)
    f.cost = pyo.Objective(expr=(2 * y[1] - 4) ** 2 + (2 * y[2] - 1) ** 2 + x * y[1])
    f.row = rows(
        4 * x + 5 * y[1] + 4 * y[2] <= 12,
        4 * x - 4 * y[1] + 5 * y[2] <= 4,
        -4 * x - 5 * y[1] + 4 * y[2] <= -4,
        -4 * x + 4 * y[1] + 5 * y[2] <= 4,
    )


@problem(
    "Sinha, Malo & Deb 2014, TP6", "QP-QP", leader=-98 / 81, follower=617 / 81,
    x={"x": 17 / 9}, y={"follower.y": (8 / 9, 0)},
)
def sinha_malo_deb_2014_tp6(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(x - 1) ** 2 + 2 * y[1] - 2 * x)
    f.cost = pyo.Objective(expr=(2 * y[1] - 4) ** 2 + (2 * y[2] - 1) ** 2 + x * y[1])
    f.row = rows(
        4 * x + 5 * y[1] + 4 * y[2] <= 12,
        -4 * x - 5 * y[1] + 4 * y[2] <= -4,
        4 * x - 4 * y[1] + 5 * y[2] <= 4,
        -4 * x + 4 * y[1] + 5 * y[2] <= 4,
    )


@problem("Sahin & Ciric 1998, ex. 2", "QP-QP", leader=9, follower=0, x={"x": 3}, y={"follower.y": 5}, tags=["coupling"])
def sahin_ciric_1998_ex2(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 8))
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(x - 3) ** 2 + (y - 2) ** 2)
    m.row = rows(-2 * x + y <= 1, x - 2 * y <= -2, x + 2 * y <= 14)
    f.cost = pyo.Objective(expr=(y - 5) ** 2)


@problem("Yezza 1996, ex. 4.1", "QP-QP", leader=0.5, follower=2.5, x={"x": 3}, y={"follower.y": (1, 2)})
def yezza_1996_ex41(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var()
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=0.5 * (y[1] - 2) ** 2 + 0.5 * (y[2] - 2) ** 2)
    f.cost = pyo.Objective(expr=0.5 * y[1] ** 2 + y[2])
    f.row = rows(y[1] + y[2] == x)


@problem("Hatz et al. 2013", "LP-QP", leader=0, follower=0, x={"x": 0}, y={"follower.y": (0, 0)})
def hatz_2013(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var()
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-x + 2 * y[1] + y[2])
    f.cost = pyo.Objective(expr=(x - y[1]) ** 2 + y[2] ** 2)


def _outrata_1990_ex1(m, weight, hessian, price):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2))
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(
        expr=weight * (x[1] ** 2 + x[2] ** 2) + 0.5 * (y[1] - 3) ** 2 + 0.5 * (y[2] - 4) ** 2 - 12.5
    )
    a, b, c = hessian
    income = sum((row[0] * x[1] + row[1] * x[2]) * y[i] for i, row in enumerate(price, 1))
    f.cost = pyo.Objective(expr=0.5 * a * y[1] ** 2 + b * y[1] * y[2] + 0.5 * c * y[2] ** 2 - income)
    f.row = rows(-0.333 * y[1] + y[2] <= 2, y[1] - 0.333 * y[2] <= 2)


@problem(
    "Outrata 1990, ex. 1a", "QP-QP", leader=-8.9172030, follower=-6.1369829,
    x={"x": (1.0315665, 3.0977972)}, y={"follower.y": (2.5970479, 1.7929367)},
    comment="published f -6.05 at a rounded x",
)
def outrata_1990_ex1a(m):
    _outrata_1990_ex1(m, 0.1, (1, -2, 5), ((1, 0), (0, 1)))


@problem(
    "Outrata 1990, ex. 1b", "QP-QP", leader=-7.5784582, follower=-0.5718934,
    x={"x": (0.2788391, 0.4748117)}, y={"follower.y": (2.3438192, 1.0324900)},
    comment="published -7.56 at a rounded x",
)
def outrata_1990_ex1b(m):
    _outrata_1990_ex1(m, 1, (1, -2, 5), ((1, 0), (0, 1)))


@problem(
    "Outrata 1990, ex. 1c", "QP-QP", leader=-11.9984985, follower=-76.4235573,
    x={"x": (11.9940030, 38.9805097)}, y={"follower.y": (2.9985007, 2.9985007)}, unique=False,
    comment="published x (20.26, 42.81), f -112.71: one of many, the leader's cost holds no x; F -12 is rounded",
)
def outrata_1990_ex1c(m):
    _outrata_1990_ex1(m, 0, (1, 3, 10), ((1, 0), (0, 1)))


@problem(
    "Outrata 1990, ex. 1d", "QP-QP", leader=-3.6, follower=-2,
    x={"x": (2, 0)}, y={"follower.y": (2, 0)},
    comment="published x (2, 0.06), rounded",
)
def outrata_1990_ex1d(m):
    _outrata_1990_ex1(m, 0.1, (1, 3, 10), ((1, 0), (0, 1)))


@problem(
    "Outrata 1990, ex. 1e", "QP-QP", leader=-3.92, follower=-2,
    x={"x": (-0.4, 0.8)}, y={"follower.y": (2, 0)},
    comment="published -3.15 at x (2.42, -3.65): a local optimum",
)
def outrata_1990_ex1e(m):
    _outrata_1990_ex1(m, 0.1, (1, 3, 10), ((-1, 2), (3, -3)))


@problem(
    "Outrata 1990, ex. 2a", "QP-QP", leader=0.5015015, follower=-14.5295222,
    x={"x": 2.0763379}, y={"follower.y": (2.9985007, 2.9985007)}, unique=False,
    comment="published 0.5 at y (3, 3), not feasible with 0.333; every larger x gives the same y",
)
def outrata_1990_ex2a(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=0.5 * (y[1] - 3) ** 2 + 0.5 * (y[2] - 4) ** 2)
    f.cost = pyo.Objective(expr=0.5 * y[1] ** 2 + 0.5 * y[2] ** 2 - (3 + 1.333 * x) * y[1] - x * y[2])
    f.row = rows(-0.333 * y[1] + y[2] <= 2, y[1] - 0.333 * y[2] <= 2)


@problem(
    "Calamai & Vicente 1994b", "QP-QP", leader=0.3125, follower=-0.40625,
    x={"x": (1.25, 0.5, 1, 1)}, y={"follower.y": (0.25, 0.5)},
)
def calamai_vicente_1994b(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2, 3, 4))
    y = f.y = pyo.Var((1, 2))
    m.cost = pyo.Objective(expr=0.5 * sum((x[i] - 1) ** 2 for i in x) + 0.5 * y[1] ** 2 + 0.5 * y[2] ** 2)
    f.cost = pyo.Objective(expr=sum(0.5 * y[i] ** 2 - x[i] * y[i] for i in y))
    f.row = rows(
        x[1] - y[1] <= 1, x[2] - y[2] <= 1, x[1] + y[1] <= 1.5, x[2] + y[2] <= 3, x[1] + y[1] >= 1, x[2] + y[2] >= 1
    )


@problem(
    "Muu & Quy 2003, ex. 2", "QP-QP", leader=23 / 36, follower=121 / 72,
    x={"x": (11 / 18, 7 / 18)}, y={"follower.y": (0, 0, 11 / 6)},
    comment="published 0.64 at x (0.609, 0.391), rounded",
)
def muu_quy_2003_ex2(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2, 3), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-7 * x[1] + 4 * x[2] + y[1] ** 2 + y[3] ** 2 - y[1] * y[3] - 4 * y[2])
    m.row = rows(x[1] + x[2] <= 1)
    f.cost = pyo.Objective(
        expr=y[1] ** 2 + 0.5 * y[2] ** 2 + 0.5 * y[3] ** 2 + y[1] * y[2] + (1 - 3 * x[1]) * y[1] + (1 + x[2]) * y[2]
    )
    f.row = rows(x[1] - 2 * x[2] + 2 * y[1] + y[2] - y[3] <= -2)


@problem(
    "Lampariello & Sagratella 2017, ex. 3.2", "QP-QP", leader=0.5, follower=0,
    x={"x": 0.5}, y={"follower.y": 0.5},
    comment="the follower has no rows at all",
)
def lampariello_sagratella_2017_ex32(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var()
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=x**2 + y**2)
    f.cost = pyo.Objective(expr=(x + y - 1) ** 2)


@problem(
    "Henrion & Surowiec 2011, c = 1", "QP-QP", leader=-0.25, follower=-0.125,
    x={"x": -0.5}, y={"follower.y": -0.5},
)
def henrion_surowiec_2011(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var()
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=x**2 + y)
    f.cost = pyo.Objective(expr=(0.5 * y - x) * y)


@problem(
    "Floudas et al. 1999, handbook, Aiyoshi & Shimizu with every row at the follower", "LP-QP", leader=0, follower=200,
    x={"x": (0, 0)}, y={"follower.y": (-10, -10)}, unique=False,
)
def floudas_1999_joint_rows(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((0, 50), (0, 50))
    y = f.y = variables((-10, 20), (-10, 20))
    m.cost = pyo.Objective(expr=2 * x[1] + 2 * x[2] - 3 * y[1] - 3 * y[2] - 60)
    f.cost = pyo.Objective(expr=(y[1] - x[1] + 20) ** 2 + (y[2] - x[2] + 20) ** 2)
    f.row = rows(x[1] + x[2] + y[1] - 2 * y[2] <= 40, 2 * y[1] <= x[1] - 10, 2 * y[2] <= x[2] - 10)


@problem(
    "Outrata & Cervinka 2009", "LP-QP", leader=0, follower=0,
    x={"x": (0, 0)}, y={"follower.y": (0, 0)}, unique=False,
    comment="also x (0, 2), y (-1, -1)",
)
def outrata_cervinka_2009(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((None, 0), (None, None))
    y = f.y = pyo.Var((1, 2))
    m.cost = pyo.Objective(expr=-2 * x[1] - 0.5 * x[2] - y[2])
    f.cost = pyo.Objective(expr=y[1] - y[2] + x[1] * y[1] + x[2] * y[2] + 0.5 * y[1] ** 2 + 0.5 * y[2] ** 2)
    f.row = rows(y[2] <= 0, -y[1] + y[2] <= 0, y[1] + y[2] <= 0)
