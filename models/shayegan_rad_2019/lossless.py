"""Shayegan-Rad and Zangeneh (2019) on a feeder without losses: the distribution operator's problem is linear.

The citation, the game and every name in the data are those of ``model.py``; the same .dat files fit, their impedances and
voltages unused. Without losses a megawatt is worth as much at every bus, so that reductions are taken whole or not at all.

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

model = pyo.AbstractModel("shayegan_rad_2019/lossless")

# Sets and data --------------------------------------------------------------------------------------------------------

model.HOURS = pyo.Set(doc="h, the hours of the day")
model.BUSES = pyo.Set(doc="n, the buses of the feeder")
model.LINES = pyo.Set(dimen=2, within=model.BUSES * model.BUSES, doc="(n, m), the lines")
model.PARTICIPANTS = pyo.Set(within=model.BUSES, doc="i, the buses whose consumer takes part")

model.impedance = pyo.Param(model.LINES, within=pyo.PositiveReals, doc="|Z_nm| in (4), unused [Ohm]")
model.line_limit = pyo.Param(model.LINES, within=pyo.NonNegativeReals, doc="P_nm_max in (6) [MW]")
model.voltage_base = pyo.Param(within=pyo.PositiveReals, doc="of the voltages in (4), unused [kV]")
model.substation_bus = pyo.Param(
    within=model.BUSES, default=lambda model: model.BUSES.first(), doc="where the feeder meets the market"
)
model.slack_voltage = pyo.Param(within=pyo.PositiveReals, doc="U at the substation, unused [p.u.]")
model.voltage_min = pyo.Param(model.BUSES, within=pyo.PositiveReals, doc="U_n_min in (7), unused [p.u.]")
model.voltage_max = pyo.Param(model.BUSES, within=pyo.PositiveReals, doc="U_n_max in (7), unused [p.u.]")
model.substation_limit = pyo.Param(within=pyo.NonNegativeReals, doc="P_sub_max in (8) [MW]")
model.share = pyo.Param(model.BUSES, within=pyo.UnitInterval, doc="of the total demand, at a bus [1]")
model.wind_bus = pyo.Param(within=model.BUSES, doc="where the wind power plant is")

model.market_price = pyo.Param(model.HOURS, within=pyo.NonNegativeReals, doc="rho(h) in (2) [EUR/MWh]")
model.demand = pyo.Param(model.HOURS, within=pyo.NonNegativeReals, doc="sum of P_n_dem(h) in (5) [MW]")
model.wind = pyo.Param(model.HOURS, within=pyo.NonNegativeReals, doc="wind power in P_n_gen(h) in (5) [MW]")
model.market_price_std = pyo.Param(within=pyo.NonNegativeReals, doc="of the whole price profile [EUR/MWh]")
model.demand_std = pyo.Param(within=pyo.NonNegativeReals, doc="of the whole demand profile [MW]")
model.wind_std = pyo.Param(model.HOURS, within=pyo.NonNegativeReals, doc="of the wind, all hours as one [MW]")

model.dlc_cost = pyo.Param(
    model.PARTICIPANTS, model.HOURS, within=pyo.NonNegativeReals, doc="pi_i(h) in (1), paid to a consumer [EUR/MWh]"
)
model.cap_rule = pyo.Param(
    within=pyo.Binary, doc="P_max in (3) of the demand of the hour (0) or of contract_demand (1)"
)
model.cap_fraction = pyo.Param(within=pyo.UnitInterval, doc="of its demand that a consumer lets go [1]")
model.contract_demand = pyo.Param(
    within=pyo.NonNegativeReals,
    default=lambda model: max(model.demand.values()),
    doc="total demand at the peak, when the contracts were signed [MW]",
)
model.price_limit = pyo.Param(
    within=pyo.NonNegativeReals,
    default=lambda model: 2 * max(model.market_price.values()),
    doc="no price above it is asked; not in the paper [EUR/MWh]",
)
model.reduction_max = pyo.Param(
    model.PARTICIPANTS,
    model.HOURS,
    within=pyo.NonNegativeReals,
    default=lambda model, i, h: (
        model.cap_fraction
        * model.share[i]
        * ((1 - model.cap_rule) * model.demand[h] + model.cap_rule * model.contract_demand)
    ),
    doc="P_i_max(h) in (3) [MW]",
)


def fed_from(model):
    """The buses that lines connect to the substation."""
    reached, found = set(), {pyo.value(model.substation_bus)}
    while found:
        reached |= found
        found = {ends[1 - k] for ends in model.LINES for k in (0, 1) if ends[k] in found} - reached
    return reached


@model.BuildCheck(model.BUSES)
def lines_connect_each_bus_to_the_substation(model, n):
    return n in fed_from(model)


@model.BuildCheck()
def lines_form_no_mesh_and_are_one_fewer_than_buses(model):
    return len(model.LINES) < len(model.BUSES)


@model.BuildCheck()
def shares_of_the_demand_add_up_to_one(model):
    return abs(sum(model.share.values()) - 1) <= 1e-6


@model.BuildCheck(model.PARTICIPANTS, model.HOURS)
def nobody_reduces_more_than_it_uses(model, i, h):
    return model.reduction_max[i, h] <= model.share[i] * model.demand[h] * (1 + 1e-9)


@model.BuildCheck(model.HOURS)
def substation_can_feed_what_is_left_after_all_reductions(model, h):
    reducible = sum(model.reduction_max[i, h] for i in model.PARTICIPANTS)
    return model.demand[h] - model.wind[h] - reducible <= model.substation_limit


# The leader decides ---------------------------------------------------------------------------------------------------

model.price = pyo.Var(
    bounds=lambda model: (0, model.price_limit),
    initialize=lambda model: sum(model.market_price.values()) / len(model.HOURS),
    doc="lambda in (1) [EUR/MWh]",
)

# The follower answers -------------------------------------------------------------------------------------------------


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


# The leader wants -----------------------------------------------------------------------------------------------------


@model.Expression(doc="(1) what the DSO pays [EUR]")
def income(model):
    return model.price * pyo.quicksum(model.dso.reduction.values())


@model.Expression(doc="(1) what the consumers are paid [EUR]")
def reduction_cost(model):
    return pyo.quicksum(
        model.dlc_cost[i, h] * model.dso.reduction[i, h] for i in model.PARTICIPANTS for h in model.HOURS
    )


@model.Objective(sense=pyo.maximize, doc="(1) the aggregator's profit [EUR]")
def profit(model):
    return model.income - model.reduction_cost
