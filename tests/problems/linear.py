"""Linear followers under linear and, at the end, quadratic leaders."""

import pyomo.environ as pyo

from . import problem, rows, variables


@problem("Allende & Still 2013, ex. 3.1", "LP-LP", leader=0, follower=0, x={"x": 0}, y={"follower.y": 0})
def allende_still_2013_ex31(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(-10, 10))
    y = f.y = pyo.Var(bounds=(-10, 10))
    m.cost = pyo.Objective(expr=-x - y)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(x - y <= 0, y <= 0)


@problem("Anandalingam & White 1990, ex. E1", "LP-LP", leader=-49, follower=17, x={"x": 16}, y={"follower.y": 11})
def anandalingam_white_1990(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-x - 3 * y)
    f.cost = pyo.Objective(expr=-x + 3 * y)
    f.row = rows(x + 2 * y >= 10, x - 2 * y <= 6, 2 * x - y <= 21, x + 2 * y <= 38, -x + 2 * y <= 18)


@problem("Bard 1984, ex. 1", "LP-LP", leader=28 / 9, follower=-60 / 9, x={"x": 8 / 9}, y={"follower.y": 20 / 9})
def bard_1984_ex1(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=x + y)
    f.cost = pyo.Objective(expr=-5 * x - y)
    f.row = rows(x + 0.5 * y >= 2, -0.25 * x + y <= 2, x + 0.5 * y <= 8, x - 2 * y <= 2)


@problem(
    "Bard & Falk 1982, ex. 1", "LP-LP", leader=-26, follower=3.2,
    x={"x": (0, 0.9)}, y={"follower.y": (0, 0.6, 0.4)},
)
def bard_falk_1982_ex1(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2, 3), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-8 * x[1] - 4 * x[2] + 4 * y[1] - 40 * y[2] + 4 * y[3])
    f.cost = pyo.Objective(expr=x[1] + 2 * x[2] + y[1] + y[2] + 2 * y[3])
    f.row = rows(
        -y[1] + y[2] + y[3] <= 1,
        2 * x[1] - y[1] + 2 * y[2] - 0.5 * y[3] <= 1,
        2 * x[2] + 2 * y[1] - y[2] - 0.5 * y[3] <= 1,
    )


@problem("Bard & Falk 1982, ex. 2", "LP-LP", leader=-3.25, follower=-4, x={"x": (2, 0)}, y={"follower.y": (1.5, 0)})
def bard_falk_1982_ex2(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-2 * x[1] + x[2] + 0.5 * y[1])
    f.cost = pyo.Objective(expr=x[1] + x[2] - 4 * y[1] + y[2])
    f.row = rows(-2 * x[1] + y[1] - y[2] <= -2.5, x[1] - 3 * x[2] + y[2] <= 2, x[1] + x[2] <= 2)


@problem(
    "Candler & Townsley 1982, sec. 6", "LP-LP", leader=-29.2, follower=3.2,
    x={"x": (0, 0.9)}, y={"follower.y": (0, 0.6, 0.4), "follower.slack": (0, 0, 0)},
    comment="the follower's rows are equalities with slacks",
)
def candler_townsley_1982(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2, 3), within=pyo.NonNegativeReals)
    s = f.slack = pyo.Var((1, 2, 3), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-8 * x[1] - 4 * x[2] + 4 * y[1] - 40 * y[2] - 4 * y[3])
    f.cost = pyo.Objective(expr=x[1] + 2 * x[2] + y[1] + y[2] + 2 * y[3])
    f.row = rows(
        -y[1] + y[2] + y[3] + s[1] == 1,
        2 * x[1] - y[1] + 2 * y[2] - 0.5 * y[3] + s[2] == 1,
        2 * x[2] + 2 * y[1] - y[2] - 0.5 * y[3] + s[3] == 1,
    )


@problem("Clark & Westerberg 1988", "LP-LP", leader=-37, follower=14, x={"x": 19}, y={"follower.y": 14})
def clark_westerberg_1988(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=x - 4 * y)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(-2 * x + y <= 0, 2 * x + 5 * y <= 108, 2 * x - 3 * y <= -4)


@problem("Liu & Hart 1994", "LP-LP", leader=-16, follower=4, x={"x": 4}, y={"follower.y": 4})
def liu_hart_1994(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-x - 3 * y)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(-x + y <= 3, x + 2 * y <= 12, 4 * x - y <= 12)


@problem(
    "Savard 1989, thesis", "LP-LP", leader=-14.6, follower=0.3,
    x={"x": (0, 0.65)}, y={"follower.y": (0, 0.3, 0)}, tags=["coupling"],
)
def savard_1989(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2, 3), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-8 * x[1] - 4 * x[2] + 4 * y[1] - 40 * y[2] + 4 * y[3])
    m.row = rows(x[1] + 2 * x[2] - y[3] <= 1.3)
    f.cost = pyo.Objective(expr=2 * y[1] + y[2] + 2 * y[3])
    f.row = rows(
        -y[1] + y[2] + y[3] <= 1,
        4 * x[1] - 2 * y[1] + 4 * y[2] - y[3] <= 2,
        4 * x[2] + 4 * y[1] - 2 * y[2] - y[3] <= 2,
    )


@problem("Shimizu, Ishizuka & Bard 1997, ex. 16.1.1", "LP-LP", leader=-12, follower=4, x={"x": 4}, y={"follower.y": 4})
def shimizu_ishizuka_bard_1997_ex1611(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=x - 4 * y)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(x + y >= 3, -2 * x + y <= 0, 2 * x + y <= 12, 3 * x - 2 * y <= 4)


@problem(
    "Kleinert, Labbé, Ljubić & Schmidt 2021, fig. 1", "LP-LP", leader=39 / 7, follower=-6 / 7,
    x={"x": 3 / 7}, y={"follower.y": 6 / 7}, tags=["coupling"],
)
def kleinert_labbe_ljubic_schmidt_2021(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=x + 6 * y)
    m.row = rows(-x + 5 * y <= 12.5)
    f.cost = pyo.Objective(expr=-y)
    f.row = rows(2 * x - y >= 0, -x - y >= -6, -x + 6 * y >= -3, x + 3 * y >= 3)


@problem(
    "Dempe 2002, book, sec. 3.2", "LP-LP", leader=92 / 15, follower=-28 / 15,
    x={"x": 8 / 15}, y={"follower.y": 28 / 15}, tags=["coupling"],
)
def dempe_2002_sec32(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 8))
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=3 * y + x)
    m.row = rows(y <= 5)
    f.cost = pyo.Objective(expr=-y)
    f.row = rows(x + y <= 8, x + 4 * y >= 8, x + 2 * y <= 13, -7 * x + 2 * y <= 0)


@problem("Dempe 2002, book, sec. 3.4.1", "LP-LP", leader=0, follower=-0.01, x={"x": 0}, y={"follower.y": (0.01, 0)})
def dempe_2002_sec341(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0, 3))
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=2 * y[2] - x)
    f.cost = pyo.Objective(expr=-y[1])
    f.row = rows(100 * y[1] - y[2] <= 1, y[2] <= x)


def _mersha_dempe(m, rows_of_the_leader):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var()
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=-x - 2 * y)
    f.cost = pyo.Objective(expr=-y)
    (m if rows_of_the_leader else f).joint = rows(2 * x - 3 * y >= -12, x + y <= 14)
    f.row = rows(-3 * x + y <= -3, 3 * x + y <= 30)


@problem(
    "Mersha & Dempe 2006, joint rows at the leader", "LP-LP", leader=-20, follower=-6,
    x={"x": 8}, y={"follower.y": 6}, tags=["coupling"],
    comment="the same rows at the follower give -22: who owns a row matters, and the feasible set is not connected",
)
def mersha_dempe_2006_leader_rows(m):
    _mersha_dempe(m, rows_of_the_leader=True)


@problem(
    "Mersha & Dempe 2006, joint rows at the follower", "LP-LP", leader=-22, follower=-8,
    x={"x": 6}, y={"follower.y": 8},
)
def mersha_dempe_2006_follower_rows(m):
    _mersha_dempe(m, rows_of_the_leader=False)


@problem(
    "Bard 1983, an efficient point algorithm", "LP-LP", leader=41.2, follower=-9.2,
    x={"x": (0, 4, 0, 15, 9.2, 0)}, y={"follower.y": (0, 0, 2)},
    comment="maximise at both levels",
)
def bard_1983(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(range(1, 7), within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2, 3), within=pyo.NonNegativeReals)
    m.profit = pyo.Objective(
        expr=2 * x[1] - x[2] - x[3] + 2 * x[4] + x[5] - 3.5 * x[6] - y[1] - 1.5 * y[2] + 3 * y[3], sense=pyo.maximize
    )
    f.profit = pyo.Objective(expr=2 * x[2] - x[5] + 3 * y[1] - y[2] - 4 * y[3], sense=pyo.maximize)
    f.row = rows(
        -x[1] + 0.2 * x[2] + x[5] + 2 * x[6] - 4 * y[1] + 2 * y[2] + y[3] <= 12,
        x[1] + x[3] - 2 * x[4] - 4 * y[2] + y[3] <= 10,
        5 * x[1] + x[4] + 3.2 * x[6] + 2 * y[1] + 2 * y[2] <= 15,
        -3 * x[2] - x[4] + x[5] - 2 * y[1] <= 12,
        -2 * x[1] - x[2] - y[2] + y[3] <= -2,
        -y[1] - 2 * y[2] - y[3] <= -2,
        -2 * x[2] - 3 * x[3] - x[5] <= -3,
    )


@problem(
    "Moshirvaziri et al. 1996, test problem construction", "LP-LP", leader=15.4000713, follower=-16.98889,
    x={"x": (1.575036, 0.836680, 0.188807, 2.170924)}, y={"follower.y": (1.887654, 0)}, tags=["coupling"],
)
def moshirvaziri_1996(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2, 3, 4), within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-4 * x[1] + 8 * x[2] + x[3] - x[4] + 9 * y[1] - 9 * y[2])
    m.row = rows(
        -9 * x[1] + 3 * x[2] - 8 * x[3] + 3 * x[4] + 3 * y[1] <= -1,
        4 * x[1] - 10 * x[2] + 3 * x[3] + 5 * x[4] + 8 * y[1] + 8 * y[2] <= 25,
        4 * x[1] - 2 * x[2] - 2 * x[3] + 10 * x[4] - 5 * y[1] + 8 * y[2] <= 21,
        9 * x[1] - 9 * x[2] + 4 * x[3] - 3 * x[4] - y[1] - 9 * y[2] <= -1,
        -2 * x[1] - 2 * x[2] + 8 * x[3] - 5 * x[4] + 5 * y[1] + 8 * y[2] <= 20,
        7 * x[1] + 2 * x[2] - 5 * x[3] + 4 * x[4] - 5 * y[1] <= 11,
    )
    f.cost = pyo.Objective(expr=-9 * y[1] + 9 * y[2])
    f.row = rows(
        -6 * x[1] + x[2] + x[3] - 3 * x[4] - 9 * y[1] - 7 * y[2] <= -15,
        4 * x[2] + 5 * x[3] + 10 * x[4] <= 26,
        -9 * x[1] + 9 * x[2] - 9 * x[3] + 5 * x[4] - 5 * y[1] - 4 * y[2] <= -5,
        5 * x[1] + 3 * x[2] + x[3] + 9 * x[4] + y[1] + 5 * y[2] <= 32,
    )


@problem(
    "Dempe et al. 2015, bilevel programming problems, ex. 8.2", "LP-LP", leader=-15, follower=-5,
    x={"x": (0, 10)}, y={"follower.y": 5}, tags=["coupling"],
)
def dempe_2015_ex82(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((0, 10), (0, 10))
    y = f.y = pyo.Var(bounds=(0, 10))
    m.cost = pyo.Objective(expr=x[1] - 2 * x[2] + y)
    m.row = rows(x[1] + x[2] + y >= 15)
    f.cost = pyo.Objective(expr=2 * x[1] - x[2] + y)
    f.row = rows(x[1] + x[2] - y <= 5)


@problem(
    "Conejo et al. 2006, decomposition techniques, ex. 7.4", "LP-LP", leader=23, follower=-7,
    x={"x": 1}, y={"follower.y": 6}, tags=["coupling"],
)
def conejo_2006_ex74(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var()
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=-x + 4 * y)
    m.row = rows(2 * x + y <= 8)
    f.cost = pyo.Objective(expr=-x - y)
    f.row = rows(y >= 0, x + y <= 7, x >= 0, x <= 4)


@problem(
    "Moore & Bard 1990, fig. 1, without integers", "LP-LP", leader=-18, follower=1,
    x={"x": 8}, y={"follower.y": 1},
    comment="with integers at both levels -22 at (2, 2): dropping them is no relaxation",
)
def moore_bard_1990_continuous(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=-x - 10 * y)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(-25 * x + 20 * y <= 30, x + 2 * y <= 10, 2 * x - y <= 15, 2 * x + 10 * y >= 15)


@problem(
    "Tuy, Migdalas & Hoai-Phuong 2007", "QP-LP", leader=22.5, follower=-4.5,
    x={"x": 1.5}, y={"follower.y": 4.5}, unique=False,
    comment="a second optimum at (4.5, 1.5)",
)
def tuy_migdalas_hoai_phuong_2007(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(within=pyo.NonNegativeReals)
    y = f.y = pyo.Var(within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=x**2 + y**2)
    f.cost = pyo.Objective(expr=-y)
    f.row = rows(3 * x + y <= 15, x + y <= 7, x + 3 * y <= 15)


@problem("Lampariello & Sagratella 2017, ex. 3.1", "QP-LP", leader=1, follower=0, x={"x": 1}, y={"follower.y": 0})
def lampariello_sagratella_2017_ex31(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(1, None))
    y = f.y = pyo.Var()
    m.cost = pyo.Objective(expr=x**2 + y**2)
    f.cost = pyo.Objective(expr=y)
    f.row = rows(x + y >= 1)


@problem(
    "Lampariello & Sagratella 2017, ex. 3.3", "QP-LP", leader=0.5, follower=0,
    x={"x": 0.5}, y={"follower.y": (0, 0.5)}, tags=["follower-ties"],
)
def lampariello_sagratella_2017_ex33(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(0.5, None))
    y = f.y = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=x**2 + (y[1] + y[2]) ** 2)
    f.cost = pyo.Objective(expr=y[1])
    f.row = rows(x + y[1] + y[2] >= 1)


@problem(
    "Lampariello & Sagratella 2017, ex. 3.5", "QP-LP", leader=0.8, follower=-0.4,
    x={"x": 0.8}, y={"follower.y": 0.4},
)
def lampariello_sagratella_2017_ex35(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var(bounds=(-1, 1))
    y = f.y = pyo.Var(bounds=(0, 1))
    m.cost = pyo.Objective(expr=x**2 + y**2)
    f.cost = pyo.Objective(expr=-y)
    f.row = rows(2 * x + y <= 2)


@problem(
    "Wan, Wang & Lv 2011", "QP-LP", leader=7.5, follower=0,
    x={"x": (0.5, 0.5)}, y={"follower.y": (0, 0, 0)}, tags=["nonconvex-leader"],
    comment="published 10.63 at x (0, 0.75), y (0, 0.5, 0), neither least nor largest",
)
def wan_wang_lv_2011(m):
    f = m.follower = pyo.Block()
    x = m.x = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    y = f.y = pyo.Var((1, 2, 3), within=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(1 + x[1] - x[2] + 2 * y[2]) * (8 - x[1] - 2 * y[1] + y[2] + 5 * y[3]))
    f.cost = pyo.Objective(expr=2 * y[1] - y[2] + y[3])
    f.row = rows(
        -y[1] + y[2] + y[3] <= 1,
        2 * x[1] - y[1] + 2 * y[2] - 0.5 * y[3] <= 1,
        2 * x[2] + 2 * y[1] - y[2] - 0.5 * y[3] <= 1,
    )


@problem(
    "Bard 1998, book, levels of Aiyoshi & Shimizu swapped", "QP-LP", leader=0, follower=5,
    x={"x": (25, 30)}, y={"follower.y": (5, 10)},
)
def bard_1998_swapped(m):
    f = m.follower = pyo.Block()
    x = m.x = variables((0, 50), (0, 50))
    y = f.y = variables((-10, 20), (-10, 20))
    m.cost = pyo.Objective(expr=(y[1] - x[1] + 20) ** 2 + (y[2] - x[2] + 20) ** 2)
    f.cost = pyo.Objective(expr=2 * x[1] + 2 * x[2] - 3 * y[1] - 3 * y[2] - 60)
    f.row = rows(x[1] + x[2] + y[1] - 2 * y[2] <= 40, 2 * y[1] <= x[1] - 10, 2 * y[2] <= x[2] - 10)
