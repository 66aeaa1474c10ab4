"""Li, Motoki and Zhang (2025): one aggregator's best response exactly as (11) prints it, for teaching.

The sum of powers Σ s^(1−alpha)/(1−alpha) is right on paper and treacherous in a computer: with surpluses near 20 and
alpha = 10 it is about 1e-13, its derivatives lie below every solver's tolerance, and a solver reports success wherever it
happens to stand; the purchase may be five times the right one. ``model.py`` states the same wish through the logarithm of
its certainty equivalent. Citation, symbols and data are those of ``model.py``; the same .dat files fit. This is one
program with one level, no game: hand it to a solver and compare.

========  =========================================================  =====================
equation  meaning                                                    component
========  =========================================================  =====================
(11a)     Σ s^(1−alpha)/(1−alpha)                                    ``fairness``
(11b)     Σ x = y                                                    ``total``
(11c)     s = U(x) − p x, p = c (y + Y_-)                            ``surplus_is_earned``
(11d)     s ≥ 0                                                      bound of ``surplus``
(11e)     x ≥ 0                                                      bound of ``purchase``
========  =========================================================  =====================
"""

import pyomo.environ as pyo

model = pyo.AbstractModel("li_2025_raw_power")

# Sets and data --------------------------------------------------------------------------------------------------------

model.USERS = pyo.Set(doc="i = 1..N, users of energy")
model.AGGREGATORS = pyo.Set(doc="j = 1..M, who buys for them")

model.a = pyo.Param(model.USERS, within=pyo.PositiveReals, doc="a_i in U, how fast utility saturates [money/kWh^2]")
model.b = pyo.Param(model.USERS, within=pyo.PositiveReals, doc="b_i in U, worth of the first unit [money/kWh]")
model.aggregator = pyo.Param(model.USERS, within=model.AGGREGATORS, doc="the aggregator that buys for user i")
model.alpha = pyo.Param(
    model.AGGREGATORS, within=pyo.NonNegativeReals | {float("inf")}, default=0, doc="alpha in (3), fairness [1]"
)
model.c = pyo.Param(within=pyo.PositiveReals, doc="c in p = c sum y [money/kWh^2]")
model.policy = pyo.Param(
    within=["strict", "eligible"], default="strict", doc="as in model.py; here everybody is served"
)
model.player = pyo.Param(
    within=model.AGGREGATORS, default=lambda model: model.AGGREGATORS.first(), doc="whose best response this is"
)
model.others = pyo.Param(within=pyo.NonNegativeReals, default=0, doc="Y_-, what the others buy [kWh]")


@model.BuildCheck()
def alpha_is_finite_and_not_one(model):
    return model.alpha[model.player] not in (1, float("inf"))


model.SERVED = pyo.Set(
    initialize=lambda model: model.USERS,
    filter=lambda model, i: model.aggregator[i] == model.player,
    doc="users of the aggregator",
)

# The aggregator decides -----------------------------------------------------------------------------------------------

model.purchase = pyo.Var(model.SERVED, within=pyo.NonNegativeReals, initialize=1, doc="x_i in (11e) [kWh]")
model.surplus = pyo.Var(model.SERVED, within=pyo.NonNegativeReals, initialize=1, doc="s_i in (11d) [money]")


@model.Expression(doc="(11b) y, bought for all [kWh]")
def total(model):
    return pyo.quicksum(model.purchase.values())


@model.Constraint(model.SERVED, doc="(11c) [money]")
def surplus_is_earned(model, i):
    x, price = model.purchase[i], model.c * (model.total + model.others)
    return model.surplus[i] == model.b[i] * x - model.a[i] * x**2 - price * x


@model.Objective(sense=pyo.maximize, doc="(3), (11a) [money^(1-alpha)]")
def fairness(model):
    power = 1 - model.alpha[model.player]
    return pyo.quicksum(model.surplus[i] ** power for i in model.SERVED) / power
