"""Le Cadre et al. (2018), reconstructed: the price profile of least l² norm at a given profit.

Everything is as in ``model.py``, whose data files fit, except that the profit is given and the leader wants the smallest
price. The paper's list of symbols has ‖p‖, the pseudo-inverse A⁺ and p♯, from which we read this [S].

==========  ============================================================  =====================================
mark        meaning                                                       component
==========  ============================================================  =====================================
[R]         the profit is given: Π = ``aim``                              ``profit_is_what_is_aimed_at``
[S]         the aggregator wants the least ‖p‖², at which it sells Π      ``norm``
==========  ============================================================  =====================================

Leader: the aggregator. Followers: the loads; ties are broken in the leader's favour.

For a given schedule the price is unique: min ‖p‖² subject to linear rows, ``pricing.py``. Over all schedules this is a
mixed-integer quadratic program; two schedules could tie.
"""

import pyomo.environ as pyo

from bilevel_dr.models.le_cadre_2018.model import model as largest_profit

model = largest_profit.clone()
model.name = "le_cadre_2018/least_norm"
model.del_component("profit")

model.aim = pyo.Param(within=pyo.Reals, default=0, doc="Pi, the net profit that is given [EUR]")


@model.Constraint(doc="the profit is the one that is given [EUR]")
def profit_is_what_is_aimed_at(model):
    return model.target_profit == model.aim


@model.Objective(sense=pyo.minimize, doc="the squared l2 norm of the price [(EUR/kWh)^2]")
def norm(model):
    return pyo.quicksum(model.price[t] ** 2 for t in model.PERIODS)
