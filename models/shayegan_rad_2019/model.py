"""Optimal contract pricing of load aggregators for direct load control in smart distribution systems.

A. Shayegan-Rad, A. Zangeneh: Optimal contract pricing of load aggregators for direct load control in smart distribution
systems. Turkish Journal of Electrical Engineering & Computer Sciences 27 (2019).

Leader: an aggregator names one price for the whole day, at which it sells load reductions and out of which it pays the
consumers it controls. Follower: the distribution system operator (DSO) covers each hour's demand from the market, over a
feeder with losses, and by reductions at that price. Where the DSO is indifferent the aggregator gets its wish (optimistic).

=========  ======================================================  ================================================
equation   meaning                                                 component
=========  ======================================================  ================================================
(1)        the aggregator maximises Σ (λ − π) P                    ``profit`` = ``income`` − ``reduction_cost``
(2)        the DSO minimises Σ λ P + ρ P_sub                       ``dso.cost``
(3)        0 ≤ P ≤ P_max                                           bounds of ``dso.reduction``, ``reduction_max``
(4)        flow P_nm = kV² U_n (U_n − U_m) / Z                     ``dso.flow``
(5)        generation less demand of a bus is what flows out       ``dso.balance``
(6)        |P_nm| ≤ P_nm_max, seen from both ends                  ``dso.within_line_limit``
(7)        U_min ≤ U ≤ U_max                                       bounds of ``dso.voltage``
(8)        P_sub ≤ P_sub_max                                       bounds of ``dso.substation``
(9)–(20)   the single level                                        what ``bilevel_dr.kkt`` adds to ``dso``
(21)–(26)  Hong's point estimate                                   ``bilevel_dr.point_estimate``
=========  ======================================================  ================================================

erratum : after (9) the Lagrangian is derived with respect to (λ, P_sub, U_n). λ is the leader's; it is (P_i, P_sub, U_n).
erratum : (12) lacks "= 0", and its fourth term has the wrong sign: the derivative of U_m (U_m − U_n) / Z with respect to U_n
    is −U_m / Z, so that it reads − Σ (φ_up_mn − φ_low_mn) U_m / Z.
erratum : (13)–(15) are printed as ζ − (P − P_max) = 0; complementarity is a product, ζ (P − P_max) = 0.
erratum : (8) has no lower bound while (16) prices one; P_sub ≥ 0.
erratum : (3) has P_max without the hour, (13) with it. Both readings are here: ``cap_rule`` 0 takes 30 % of the demand of the
    hour, 1 takes 30 % of ``contract_demand``, the peak of the mean demand.
erratum : (22) evaluates F at (x_k1, …, x_kc, …); all inputs but one are at their means, F(μ_1, …, x_kc, …, μ_j).
erratum : (26) is the first moment only; a deviation is √(E Z² − (E Z)²).
erratum : the last row of Table 1 says x_3,1 and is x_3,2.
erratum : λ, ω and ζ stand for a price, dual variables and again for skewness, weights and locations. Here λ is the price.

Not in the paper: the voltage at the substation is held at ``slack_voltage``, wind costs nothing and is spilled beyond the demand,
and the price is at most ``price_limit``, twice the highest market price, since a DSO forced to buy would pay anything.

Structure
---------
The hours share nothing but the price, and the DSO's Lagrangian is quadratic in the voltages, with Hessian H and entries
H_nm = −kV² (ω_n + ω_m) / Z ≤ 0 off the diagonal, ω being the nodal prices. Stationarity (12) without binding line limits says
H U = β_low − β_up. So where no voltage is at its upper limit, H U ≥ 0 with U > 0 makes H an M-matrix, positive
semidefinite, and a stationary point of the DSO is its global optimum: the equality (5) is curved, the problem is not convex
as stated, but it hides a convex one. ``exact.py`` verifies this H at every answer, whatever binds.
The total reduction of an hour never rises with λ, which bounds the profit on any interval of prices from its two ends.
It ramps from bus to bus, so the profit has a local maximum wherever a bus is about to be called: dozens in a day.
"""

import pyomo.environ as pyo

model = pyo.AbstractModel("shayegan_rad_2019")

# Sets and data --------------------------------------------------------------------------------------------------------

model.HOURS = pyo.Set(doc="h, the hours of the day")
model.BUSES = pyo.Set(doc="n, the buses of the feeder")
model.LINES = pyo.Set(dimen=2, within=model.BUSES * model.BUSES, doc="(n, m), the lines")
model.PARTICIPANTS = pyo.Set(within=model.BUSES, doc="i, the buses whose consumer takes part")

model.impedance = pyo.Param(model.LINES, within=pyo.PositiveReals, doc="|Z_nm| in (4) [Ohm]")
model.line_limit = pyo.Param(model.LINES, within=pyo.NonNegativeReals, doc="P_nm_max in (6) [MW]")
model.voltage_base = pyo.Param(within=pyo.PositiveReals, doc="of the voltages in (4) [kV]")
model.substation_bus = pyo.Param(
    within=model.BUSES, default=lambda model: model.BUSES.first(), doc="where the feeder meets the market"
)
model.slack_voltage = pyo.Param(within=pyo.PositiveReals, doc="U at the substation [p.u.]")
model.voltage_min = pyo.Param(model.BUSES, within=pyo.PositiveReals, doc="U_n_min in (7) [p.u.]")
model.voltage_max = pyo.Param(model.BUSES, within=pyo.PositiveReals, doc="U_n_max in (7) [p.u.]")
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


@model.BuildCheck(model.BUSES)
def voltage_limits_leave_room(model, n):
    return model.voltage_min[n] < model.voltage_max[n]


@model.BuildCheck()
def slack_voltage_is_within_its_limits(model):
    n = model.substation_bus
    return model.voltage_min[n] <= model.slack_voltage <= model.voltage_max[n]


@model.BuildCheck(model.HOURS)
def substation_can_feed_what_is_left_after_all_reductions(model, h):
    reducible = sum(model.reduction_max[i, h] for i in model.PARTICIPANTS)
    return model.demand[h] - model.wind[h] - reducible <= model.substation_limit


model.ARCS = pyo.Set(
    dimen=2,
    initialize=lambda model: [arc for n, m in model.LINES for arc in ((n, m), (m, n))],
    doc="(n, m), the lines seen from either end",
)

# The leader decides ---------------------------------------------------------------------------------------------------

model.price = pyo.Var(
    bounds=lambda model: (0, model.price_limit),
    initialize=lambda model: sum(model.market_price.values()) / len(model.HOURS),
    doc="lambda in (1) [EUR/MWh]",
)

# The follower answers -------------------------------------------------------------------------------------------------


@model.Block(doc="(2)-(8) what the distribution system operator does at that price")
def dso(dso):
    model = dso.model()
    root, wind_bus, squared_kv = pyo.value(model.substation_bus), pyo.value(model.wind_bus), model.voltage_base**2
    neighbours = {n: [arc[1] for arc in model.ARCS if arc[0] == n] for n in model.BUSES}
    impedance = {arc: model.impedance[line] for line in model.LINES for arc in (line, line[::-1])}
    limit = {arc: model.line_limit[line] for line in model.LINES for arc in (line, line[::-1])}

    def voltage_limits(dso, n, h):
        held = (model.slack_voltage, model.slack_voltage)
        return held if n == root else (model.voltage_min[n], model.voltage_max[n])

    def reduction_limits(dso, i, h):
        return 0, model.reduction_max[i, h]

    dso.reduction = pyo.Var(
        model.PARTICIPANTS, model.HOURS, bounds=reduction_limits, initialize=0, doc="P_i(h) in (3) [MW]"
    )
    dso.substation = pyo.Var(
        model.HOURS,
        bounds=(0, model.substation_limit),
        initialize=lambda dso, h: min(max(model.demand[h] - model.wind[h], 0), model.substation_limit),
        doc="P_sub(h) in (8) [MW]",
    )
    dso.voltage = pyo.Var(
        model.BUSES,
        model.HOURS,
        bounds=voltage_limits,
        initialize=lambda dso, n, h: min(max(model.slack_voltage, model.voltage_min[n]), model.voltage_max[n]),
        doc="U_n(h) in (7) [p.u.]",
    )

    @dso.Expression(model.ARCS, model.HOURS, doc="(4) power that leaves n towards m [MW]")
    def flow(dso, n, m, h):
        return squared_kv / impedance[n, m] * (dso.voltage[n, h] ** 2 - dso.voltage[n, h] * dso.voltage[m, h])

    @dso.Expression(model.BUSES, model.HOURS, doc="(5) generation less demand of a bus, its reduction included [MW]")
    def injection(dso, n, h):
        bought = dso.substation[h] if n == root else 0
        let_go = dso.reduction[n, h] if n in model.PARTICIPANTS else 0
        return (
            bought + let_go + (n == wind_bus) * min(model.wind[h], model.demand[h]) - model.share[n] * model.demand[h]
        )

    @dso.Constraint(model.BUSES, model.HOURS, doc="(5) what a bus has to spare flows out [MW]")
    def balance(dso, n, h):
        return pyo.quicksum(dso.flow[n, m, h] for m in neighbours[n]) - dso.injection[n, h] == 0

    @dso.Constraint(model.ARCS, model.HOURS, doc="(6) a line carries no more than it may [MW]")
    def within_line_limit(dso, n, m, h):
        return -limit[n, m], dso.flow[n, m, h], limit[n, m]

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
