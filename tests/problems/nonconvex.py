"""Non-convex and integer followers: their KKT conditions do not stand for their optimum; to be refused or flagged."""

import pyomo.environ as pyo

from . import problem, rows, variables


def _box(m, x=(-1, 1), y=(-1, 1)):
    m.x = pyo.Var(bounds=x)
    m.follower = pyo.Block()
    m.follower.y = pyo.Var(bounds=y)
    return m.x, m.follower.y


def _alone(m, low, high):
    m.follower = pyo.Block()
    m.follower.y = pyo.Var(bounds=(low, high))
    m.cost = pyo.Objective(expr=m.follower.y)
    return m.follower.y


def _nonconvex(source, kind, **facts):
    return problem(source, kind, convex=False, exact=False, **facts)


def _quartic(y):
    return 16 * y**4 + 2 * y**3 - 8 * y**2 - 1.5 * y + 0.5


@_nonconvex("Mitsos & Barton 2006, ex. 4.2", "LP-QP", leader=-1, follower=-1, y={"follower.y": -1})
def mitsos_barton_2006_ex42(m):
    y = _alone(m, -1, 1)
    m.follower.cost = pyo.Objective(expr=-(y**2))


@_nonconvex("Mitsos & Barton 2007, ex. 3.3", "LP-NLP", leader=-1, follower=1, y={"follower.y": -1})
def mitsos_barton_2007_ex33(m):
    y = _alone(m, -10, 10)
    m.follower.cost = pyo.Objective(expr=y**2)
    m.follower.row = rows(y**2 >= 1)


@_nonconvex("Mitsos & Barton 2007, ex. 3.4", "LP-QP", leader=1, follower=-1, y={"follower.y": 1})
def mitsos_barton_2007_ex34(m):
    y = _alone(m, -0.5, 1)
    m.follower.cost = pyo.Objective(expr=-(y**2))


@_nonconvex("Mitsos & Barton 2007, ex. 3.5", "LP-NLP", leader=0.5, follower=-1, y={"follower.y": 0.5})
def mitsos_barton_2007_ex35(m):
    y = _alone(m, -1, 1)
    m.follower.cost = pyo.Objective(expr=_quartic(y))


@_nonconvex("Mitsos & Barton 2007, ex. 3.6", "LP-NLP", leader=-1, follower=-1, y={"follower.y": -1})
def mitsos_barton_2007_ex36(m):
    y = _alone(m, -1, 1)
    m.follower.cost = pyo.Objective(expr=y**3)


@_nonconvex(
    "Mitsos & Barton 2007, ex. 3.9", "LP-NLP", leader=-1, follower=-1,
    x={"x": -1}, y={"follower.y": -1}, tags=["coupling"],
)
def mitsos_barton_2007_ex39(m):
    x, y = _box(m, x=(-10, 10))
    m.cost = pyo.Objective(expr=x)
    m.row = rows(y <= x)
    m.follower.cost = pyo.Objective(expr=y**3)


@_nonconvex(
    "Mitsos & Barton 2007, ex. 3.10", "LP-NLP", leader=0.5, follower=-0.1,
    x={"x": 0.1}, y={"follower.y": 0.5}, unique=False,
)
def mitsos_barton_2007_ex310(m):
    x, y = _box(m, x=(0.1, 1))
    m.cost = pyo.Objective(expr=y)
    m.follower.cost = pyo.Objective(expr=x * _quartic(y))


@_nonconvex("Mitsos & Barton 2007, ex. 3.11", "LP-NLP", leader=-0.8, follower=0, x={"x": 0}, y={"follower.y": -0.8})
def mitsos_barton_2007_ex311(m):
    x, y = _box(m, y=(-0.8, 1))
    m.cost = pyo.Objective(expr=y)
    m.follower.cost = pyo.Objective(expr=x * _quartic(y))


@_nonconvex(
    "Mitsos & Barton 2007, ex. 3.12", "QP-NLP", leader=0, follower=0,
    x={"x": 0}, y={"follower.y": 0}, tags=["nonconvex-leader"],
)
def mitsos_barton_2007_ex312(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=-x + x * y + 10 * y**2)
    m.follower.cost = pyo.Objective(expr=-x * y**2 + 0.5 * y**4)


@_nonconvex("Mitsos & Barton 2007, ex. 3.13", "LP-NLP", leader=-1, follower=0, x={"x": 0}, y={"follower.y": 1})
def mitsos_barton_2007_ex313(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=x - y)
    m.follower.cost = pyo.Objective(expr=0.5 * x * y**2 - y * x**3)


@_nonconvex(
    "Paulavicius & Adjiman 2017, ex. b, after Mitsos & Barton 3.13", "LP-NLP", leader=-2, follower=-1.5,
    x={"x": -1}, y={"follower.y": -1},
)
def paulavicius_adjiman_2017b(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=x + y)
    m.follower.cost = pyo.Objective(expr=0.5 * x * y**2 - y * x**3)


@_nonconvex(
    "Mitsos & Barton 2007, ex. 3.14", "QP-NLP", leader=0.25, follower=-1 / 12,
    x={"x": 0.25}, y={"follower.y": 0.5},
)
def mitsos_barton_2007_ex314(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=(x - 0.25) ** 2 + y**2)
    m.follower.cost = pyo.Objective(expr=y**3 / 3 - x * y)


@_nonconvex("Mitsos & Barton 2007, ex. 3.15", "LP-NLP", leader=0, follower=-5 / 6, x={"x": -1}, y={"follower.y": 1})
def mitsos_barton_2007_ex315(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=x + y)
    m.follower.cost = pyo.Objective(expr=0.5 * x * y**2 - y**3 / 3)


@_nonconvex(
    "Mitsos & Barton 2007, ex. 3.16", "LP-NLP", leader=-2, follower=0,
    x={"x": -1}, y={"follower.y": 0}, unique=False,
)
def mitsos_barton_2007_ex316(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=2 * x + y)
    m.follower.cost = pyo.Objective(expr=-0.5 * x * y**2 - y**4 / 4)


@_nonconvex(
    "Mitsos & Barton 2007, ex. 3.17", "QP-NLP", leader=0.1875, follower=-1 / 64,
    x={"x": -0.25}, y={"follower.y": 0.5}, unique=False,
)
def mitsos_barton_2007_ex317(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=(x + 0.5) ** 2 + 0.5 * y**2)
    m.follower.cost = pyo.Objective(expr=0.5 * x * y**2 + y**4 / 4)


@_nonconvex(
    "Mitsos & Barton 2007, ex. 3.18", "QP-NLP", leader=-1, follower=0,
    x={"x": 1}, y={"follower.y": 0}, tags=["nonconvex-leader"],
    comment="BOLIB has -0.25 at x 0.5",
)
def mitsos_barton_2007_ex318(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=-(x**2) + y**2)
    m.follower.cost = pyo.Objective(expr=x * y**2 - 0.5 * y**4)


@_nonconvex(
    "Paulavicius & Adjiman 2017, ex. a, after Mitsos & Barton 3.18", "QP-NLP", leader=0.25, follower=0,
    x={"x": 0.5}, y={"follower.y": 0},
)
def paulavicius_adjiman_2017a(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=x**2 + y**2)
    m.follower.cost = pyo.Objective(expr=x * y**2 - 0.5 * y**4)


@_nonconvex(
    "Mitsos & Barton 2007, ex. 3.19", "QP-NLP", leader=-0.2580756, follower=-0.0177813,
    x={"x": 0.1885805}, y={"follower.y": 0.4342585}, tags=["nonconvex-leader"],
    comment="BASBLib prints y 0.439",
)
def mitsos_barton_2007_ex319(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=x * y - y + 0.5 * y**2)
    m.follower.cost = pyo.Objective(expr=-x * y**2 + 0.5 * y**4)


@_nonconvex(
    "Mitsos & Barton 2007, ex. 3.20", "QP-NLP", leader=0.3125, follower=-1 / 12,
    x={"x": 0.5}, y={"follower.y": 0.5},
)
def mitsos_barton_2007_ex320(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=(x - 0.25) ** 2 + y**2)
    m.follower.cost = pyo.Objective(expr=-(x**2) * y + y**3 / 3)


@_nonconvex(
    "Mitsos & Barton 2007, ex. 3.24", "QP-NLP", leader=-1.7547179, follower=0,
    x={"x": 0.2106621}, y={"follower.y": 1.7990965},
    comment="BASBLib prints f 0.009",
)
def mitsos_barton_2007_ex324(m):
    x, y = _box(m, x=(0, 1), y=(0, 3))
    m.cost = pyo.Objective(expr=x**2 - y)
    m.follower.cost = pyo.Objective(expr=((y - 1 - 0.1 * x) ** 2 - 0.5 - 0.5 * x) ** 2)


@_nonconvex("Kleniati & Adjiman 2014, ex. 3", "LP-NLP", leader=-1, follower=0, x={"x": 0}, y={"follower.y": 1})
def kleniati_adjiman_2014_ex3(m):
    x, y = _box(m)
    m.cost = pyo.Objective(expr=x - y)
    m.follower.cost = pyo.Objective(expr=0.5 * x * y**2 - x * y**3)


@_nonconvex(
    "Mirrlees 1999", "QP-NLP", leader=1.0018059, follower=-1.0198658,
    x={"x": 1}, y={"follower.y": 0.9575040},
    comment="the KKT conditions' best is lower: a local optimum of the follower passes them",
)
def mirrlees_1999(m):
    x, y = _box(m, x=(-10, 10), y=(-2, 2))
    m.cost = pyo.Objective(expr=(x - 2) ** 2 + (y - 1) ** 2)
    m.follower.cost = pyo.Objective(expr=-x * pyo.exp(-((y + 1) ** 2)) - pyo.exp(-((y - 1) ** 2)))


@_nonconvex("Vogel 2002", "QP-NLP", leader=1, follower=-2, x={"x": -2}, y={"follower.y": -2}, unique=False)
def vogel_2002(m):
    x, y = _box(m, x=(-3, 2), y=(-10, 10))
    m.cost = pyo.Objective(expr=(y + 1) ** 2)
    m.follower.cost = pyo.Objective(expr=y**3 - 3 * y)
    m.follower.row = rows(y >= x)


@_nonconvex("Ye & Zhu 2010, ex. 4.2", "QP-NLP", leader=1, follower=-2, x={"x": 1}, y={"follower.y": 1})
def ye_zhu_2010_ex42(m):
    x, y = _box(m, x=(-3, 2), y=(-10, 10))
    m.cost = pyo.Objective(expr=(x - 1) ** 2 + y**2)
    m.follower.cost = pyo.Objective(expr=y**3 - 3 * y)
    m.follower.row = rows(y >= x)


@_nonconvex(
    "Gumus & Floudas 2001, ex. 5", "LP-NLP", leader=0.1936161, follower=-7.2300784,
    x={"x": 0.1936161}, y={"follower.y": (9.9667667, 10)},
)
def gumus_floudas_2001_ex5(m):
    x = m.x = pyo.Var(bounds=(0.1, 10))
    f = m.follower = pyo.Block()
    y = f.y = variables((0.1, 10), (0.1, 10))
    m.cost = pyo.Objective(expr=x)
    f.cost = pyo.Objective(expr=-y[1] + 0.5864 * y[1] ** 0.67)
    f.row = rows(0.0332333 / y[2] + 0.1 * y[1] <= 1, (4 * x + 2 * x ** (-0.71)) / y[2] + 0.0332333 * x ** (-1.3) <= 1)


@_nonconvex(
    "Moore & Bard 1990, fig. 1", "MILP-MILP", leader=-22, follower=2,
    x={"x": 2}, y={"follower.y": 2}, tags=["integer-follower"],
)
def moore_bard_1990(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeIntegers)
    y = f.y = pyo.Var(within=pyo.NonNegativeIntegers)
    m.cost = pyo.Objective(expr=-x - 10 * y)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(-25 * x + 20 * y <= 30, x + 2 * y <= 10, 2 * x - y <= 15, 2 * x + 10 * y >= 15)


@_nonconvex(
    "closed form: a follower that rounds down", "LP-MILP", leader=-1.5, follower=-1,
    x={"x": 1.5}, y={"follower.y": 1}, tags=["integer-follower"],
)
def integer_follower(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 1.5))
    y = f.y = pyo.Var(within=pyo.Integers, bounds=(0, 5))
    m.cost = pyo.Objective(expr=-x)
    f.cost = pyo.Objective(expr=-y)
    f.row = rows(y <= x)
