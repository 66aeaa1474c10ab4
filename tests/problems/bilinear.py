"""The follower is linear in what it decides, at prices the leader sets: products of both in its objective."""

import pyomo.environ as pyo

from . import problem, rows, variables


@problem(
    "Bard 1991, ex. 2.1", "LP-QP", leader=2, follower=12,
    x={"x": 2}, y={"follower.y": (6, 0)}, tags=["follower-ties"],
    comment="at x = 2 the follower's optimum is the edge y1 + y2 = 6: taken optimistically",
)
def bard_1991_ex21(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(2, 4))
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=x + y[2])
    f.cost = pyo.Objective(expr=2 * y[1] + x * y[2])
    f.row = rows(y[1] + y[2] >= x + 4)


@problem(
    "Yezza 1996, ex. 3.1", "QP-QP", leader=1.5, follower=-2.5,
    x={"x": 0.25}, y={"follower.y": 0}, tags=["nonconvex-leader"],
)
def yezza_1996_ex31(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 1))
    y = f.y = pyo.Var(bounds=(0, 1))
    m.cost = pyo.Objective(expr=-(4 * x - 3) * y + 2 * x + 1)
    f.cost = pyo.Objective(expr=-(1 - 4 * x) * y - 2 * x - 2)


@problem("Dempe 2000, ex. 5.6, d = 1", "QP-QP", leader=0, follower=-0.25, x={"x": 0.5}, y={"follower.y": -0.5})
def dempe_2000_ex56(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(-0.5, None))
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=(-x + y + 1) ** 2)
    f.cost = pyo.Objective(expr=x * y)
    f.row = rows(x + y >= 0, -x + y <= 1)


@problem("Dempe et al. 2012", "LP-QP", leader=-1, follower=-1, x={"x": -1}, y={"follower.y": 1})
def dempe_2012(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(-1, 1))
    y = f.y = pyo.Var(bounds=(0, 1))
    m.cost = pyo.Objective(expr=x)
    f.cost = pyo.Objective(expr=x * y)


@problem(
    "Dempe & Franke 2011, ex. 4.1", "QP-QP", leader=5, follower=-2,
    x={"x": (0, -1)}, y={"follower.y": (1, 2)},
    comment="x2 is held at -1",
)
def dempe_franke_2011_ex41(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((-1, 1), (-1, -1))
    y = f.y = variables((None, 2), (0, 2))
    m.cost = pyo.Objective(expr=x[1] + y[1] ** 2 + y[2] ** 2)
    f.cost = pyo.Objective(expr=x[1] * y[1] + x[2] * y[2])
    f.row = rows(-2 * y[1] + y[2] <= 0)


@problem(
    "Dempe & Franke 2011, ex. 4.2", "QP-QP", leader=2.125, follower=-3.5,
    x={"x": (-1, -1)}, y={"follower.y": (2.25, 1.25)}, tags=["follower-ties"],
    comment="x2 is held at -1; published point (1, -1), (0, 1) has F 3 and does not match the published value",
)
def dempe_franke_2011_ex42(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((-1, 1), (-1, -1))
    y = f.y = variables((None, None), (None, 2))
    m.cost = pyo.Objective(expr=x[1] + (y[1] - 1) ** 2 + y[2] ** 2)
    f.cost = pyo.Objective(expr=x[1] * y[1] + x[2] * y[2])
    f.row = rows(-y[1] + y[2] <= 1, y[1] + y[2] <= 3.5)


@problem(
    "Dempe & Franke 2014, ex. 3.8", "LP-QP", leader=-1, follower=-4,
    x={"x": (-1, -1)}, y={"follower.y": (2, 2)}, unique=False,
    comment="also x (0, -1), y (1, 2)",
)
def dempe_franke_2014_ex38(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((-1, 1), (-1, -0.75))
    y = f.y = variables((None, 2), (0, 2))
    m.cost = pyo.Objective(expr=2 * x[1] + x[2] + 2 * y[1] - y[2])
    f.cost = pyo.Objective(expr=x[1] * y[1] + x[2] * y[2])
    f.row = rows(-2 * y[1] + y[2] <= 0)


@problem(
    "Dempe & Lohse 2011, ex. 3.1a", "QP-QP", leader=-5.75, follower=0,
    x={"x": (0, 0.5)}, y={"follower.y": (2, 0)}, tags=["follower-ties"],
    comment="published -6 at x (0.5, 0.5), y (1, 1), where the follower answers 0; then -5.5 at x (0, 0): wrong too",
)
def dempe_lohse_2011_ex31a(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2))
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(x[1] - 0.5) ** 2 + (x[2] - 0.5) ** 2 - 3 * y[1] - 3 * y[2])
    f.cost = pyo.Objective(expr=x[1] * y[1] + x[2] * y[2])
    f.row = rows(y[1] + y[2] <= 2, -y[1] + y[2] <= 0)


@problem(
    "Dempe & Lohse 2011, ex. 3.1b", "QP-QP", leader=-12, follower=0,
    x={"x": (0.5, 0.5, 0)}, y={"follower.y": (0, 0, 2)}, tags=["follower-ties"],
)
def dempe_lohse_2011_ex31b(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2, 3))
    y = f.y = pyo.Var((1, 2, 3), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(x[1] - 0.5) ** 2 + (x[2] - 0.5) ** 2 + x[3] ** 2 - 3 * y[1] - 3 * y[2] - 6 * y[3])
    f.cost = pyo.Objective(expr=x[1] * y[1] + x[2] * y[2] + x[3] * y[3])
    f.row = rows(y[1] + y[2] + y[3] <= 2, -y[1] + y[2] <= 0)


@problem(
    "Lucchetti, Mignanego & Pieri 1987", "QP-QP", leader=0, follower=0,
    x={"x": 1}, y={"follower.y": 0}, tags=["follower-ties", "nonconvex-leader"],
)
def lucchetti_1987(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 1))
    y = f.y = pyo.Var(bounds=(0, 1))
    m.cost = pyo.Objective(expr=0.5 * (1 - x) + x * y)
    f.cost = pyo.Objective(expr=(x - 1) * y)


@problem(
    "Morgan & Patrone 2006, ex. a", "LP-QP", leader=-1, follower=0,
    x={"x": 0}, y={"follower.y": 1}, tags=["follower-ties"],
)
def morgan_patrone_2006a(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(-0.5, 0.5))
    y = f.y = pyo.Var(bounds=(-1, 1))
    m.cost = pyo.Objective(expr=-x - y)
    f.cost = pyo.Objective(expr=x * y)


def _calamai_vicente_1994a(m, rho):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var()
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=0.5 * (x - 1) ** 2 + 0.5 * y**2)
    f.cost = pyo.Objective(expr=0.5 * y - x * y)
    f.row = rows(x - y <= 1, x + y >= 1, x + y <= rho)


@problem("Calamai & Vicente 1994a, rho = 1", "QP-QP", leader=0, follower=0, x={"x": 1}, y={"follower.y": 0})
def calamai_vicente_1994a_rho1(m):
    _calamai_vicente_1994a(m, 1.0)


@problem(
    "Calamai & Vicente 1994a, rho = 1.5", "QP-QP", leader=0.0625, follower=-0.1875,
    x={"x": 1.25}, y={"follower.y": 0.25},
)
def calamai_vicente_1994a_rho15(m):
    _calamai_vicente_1994a(m, 1.5)


@problem("Calamai & Vicente 1994a, rho = 3", "QP-QP", leader=0.25, follower=0, x={"x": 0.5}, y={"follower.y": 0.5})
def calamai_vicente_1994a_rho3(m):
    _calamai_vicente_1994a(m, 3.0)


@problem(
    "closed form: a toll road of cost 2 beside a free road of cost 5", "QP-QP", leader=3, follower=5,
    x={"toll": 3}, y={"traveller.toll_road": 1, "traveller.free_road": 0}, tags=["follower-ties", "nonconvex-leader"],
    comment="Labbé, Marcotte & Savard 1998: the toll takes the whole difference, the traveller is indifferent",
)
def toll_road(m):
    m.toll = pyo.Var(within=pyo.NonNegativeReals)
    f = m.traveller = pyo.Block()
    f.toll_road = pyo.Var(within=pyo.NonNegativeReals)
    f.free_road = pyo.Var(within=pyo.NonNegativeReals)
    m.revenue = pyo.Objective(expr=m.toll * f.toll_road, sense=pyo.maximize)
    f.cost = pyo.Objective(expr=(2 + m.toll) * f.toll_road + 5 * f.free_road)
    f.trip = pyo.Constraint(expr=f.toll_road + f.free_road == 1)
