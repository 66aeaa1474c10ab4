"""Le Cadre et al. (2018), reconstructed: cost shared in proportion to what each consumer would cost alone.

Everything is as in ``model.py``, whose data files fit, except for the rule: ``rule`` is not read.

==========  ============================================================  =====================================
mark        meaning                                                       component
==========  ============================================================  =====================================
[STD]       c_i = c({i}) = e_i + κ σ_i                                    ``cost_alone``
[S], [R]    y_i Σ c_j = c_i (c(G) + Π)                                    ``bills_follow_the_rule``
==========  ============================================================  =====================================

Leader: the aggregator. Followers: the loads; ties are broken in the leader's favour.

The parts c_i / Σ c_j move with the schedule, so that the leader's rows have products (of costs with bills and with the
profit). No linear solver takes them, and no closed form bounds the profit: a load that runs at an expensive hour raises
the cost the profit is a percentage of.
"""

import pyomo.environ as pyo

from bilevel_dr.models.le_cadre_2018.model import model as linear_rules

model = linear_rules.clone()
model.name = "le_cadre_2018/standalone_wholesale"
for part in ("own_cost", "bills_follow_the_rule", "part", "own_imbalance", "passes_energy", "profit"):
    model.del_component(part)


@model.Expression(model.CONSUMERS, doc="c_i, what i would cost on its own [EUR]")
def cost_alone(model, i):
    return model.energy[i] + model.kappa * model.sigma[i]


@model.Constraint(model.CONSUMERS, doc="y_i : (c(G) + Pi) = c_i : sum of the c_j [EUR^2]")
def bills_follow_the_rule(model, i):
    alone = pyo.quicksum(model.cost_alone[j] for j in model.CONSUMERS)
    return model.bill[i] * alone == model.cost_alone[i] * (model.cost + model.target_profit)


@model.Objective(sense=pyo.maximize, doc="the largest net profit at which nobody leaves [EUR]")
def profit(model):
    return model.target_profit
