"""Shayegan-Rad and Zangeneh (2019) on a feeder without losses: the distribution operator's problem is linear.

The citation, the data and the leader are those of ``model.py``; the same .dat files fit, their impedances and voltages
unused. Without losses a megawatt is worth as much at every bus, so that reductions are taken whole or not at all.

=========  ======================================================  ================================================
equation   meaning                                                 component
=========  ======================================================  ================================================
(1)        the aggregator maximises Σ (λ − π) P                    ``profit`` = ``income`` − ``reduction_cost``
(2)        the DSO minimises Σ λ P + ρ P_sub                       ``dso.cost``
(3)        0 ≤ P ≤ P_max                                           bounds of ``dso.reduction``, ``reduction_max``
(4)        what leaves n arrives at m                              ``dso.flow``
(5)        generation less demand of a bus is what flows out       ``dso.balance``
(6)        |P_nm| ≤ P_nm_max                                       bounds of ``dso.flow``
(8)        0 ≤ P_sub ≤ P_sub_max                                   bounds of ``dso.substation``
=========  ======================================================  ================================================

Leader: the aggregator. Follower: the DSO; at a price equal to the market's it is indifferent, and the aggregator gets its wish.

Structure
---------
In an hour the DSO pays λ R + ρ (D − R) for a total reduction R: it takes the largest R its limits allow while λ < ρ(h), the
smallest beyond. So the profit is linear in λ between the hours' market prices, and one of those (or ``price_limit``) is
optimal: ``breakpoints.py`` tries them all. Strong duality makes λ Σ P linear, Σ λ P = dual objective − Σ ρ P_sub, hence the
whole a mixed-integer linear program.
"""

import pyomo.environ as pyo

from bilevel_dr.models.shayegan_rad_2019.model import model as with_losses

model = with_losses.clone()
model.name = "shayegan_rad_2019/lossless"
wanted = [model.income, model.reduction_cost, model.profit]  # they are declared after the follower that they ask
of_voltages = [model.voltage_limits_leave_room, model.slack_voltage_is_within_its_limits]
for component in (model.dso, model.ARCS, *of_voltages, *wanted):
    model.del_component(component)


@model.Block(doc="(2)-(6), (8) what the distribution system operator does at that price")
def dso(dso):
    model = dso.model()
    root, wind_bus = pyo.value(model.substation_bus), pyo.value(model.wind_bus)
    leaving = {n: [line for line in model.LINES if line[0] == n] for n in model.BUSES}
    arriving = {n: [line for line in model.LINES if line[1] == n] for n in model.BUSES}

    def reduction_limits(dso, i, h):
        return 0, model.reduction_max[i, h]

    def flow_limits(dso, n, m, h):
        return -model.line_limit[n, m], model.line_limit[n, m]

    dso.reduction = pyo.Var(
        model.PARTICIPANTS, model.HOURS, bounds=reduction_limits, initialize=0, doc="P_i(h) in (3) [MW]"
    )
    dso.substation = pyo.Var(model.HOURS, bounds=(0, model.substation_limit), doc="P_sub(h) in (8) [MW]")
    dso.flow = pyo.Var(model.LINES, model.HOURS, bounds=flow_limits, doc="P_nm(h) in (4) and (6) [MW]")

    @dso.Expression(model.BUSES, model.HOURS, doc="(5) generation less demand of a bus, its reduction included [MW]")
    def injection(dso, n, h):
        bought = dso.substation[h] if n == root else 0
        let_go = dso.reduction[n, h] if n in model.PARTICIPANTS else 0
        return (
            bought + let_go + (n == wind_bus) * min(model.wind[h], model.demand[h]) - model.share[n] * model.demand[h]
        )

    @dso.Constraint(model.BUSES, model.HOURS, doc="(5) what a bus has to spare flows out [MW]")
    def balance(dso, n, h):
        out = pyo.quicksum(dso.flow[line, h] for line in leaving[n])
        return out - pyo.quicksum(dso.flow[line, h] for line in arriving[n]) - dso.injection[n, h] == 0

    @dso.Objective(sense=pyo.minimize, doc="(2) what covering the demand costs [EUR]")
    def cost(dso):
        bought = pyo.quicksum(model.market_price[h] * dso.substation[h] for h in model.HOURS)
        return model.price * pyo.quicksum(dso.reduction.values()) + bought


for component in wanted:
    model.add_component(component.local_name, component)
