"""Designing coalition-based fair and stable prices under private information: a reconstruction.

H. Le Cadre, B. Pagnoncelli, T. Homem-de-Mello, O. Beaude: Designing coalition-based fair and stable pricing mechanisms
under private information on consumers' reservation prices. European Journal of Operational Research (2018),
doi:10.1016/j.ejor.2018.06.026.

Only the abstract and the list of symbols came down to us, no equation, no table and no data. So this model is our
reconstruction: [S] marks what the paper states, [STD] what is standard, [R] what is ours. No number of the paper is
reproduced; its abstract's claims are tried one by one in ``study.py``.

Leader: an aggregator announces a daily price profile p and aims at the largest net profit Π at which no consumer leaves
for the retailer, while a cost-sharing rule says how the coalition's cost and that profit are parted. Followers: the
consumers' shiftable loads, each a linear program; ties are broken in the leader's favour (optimistic). [S]

==========  ============================================================  =====================================
mark        meaning                                                       component
==========  ============================================================  =====================================
[S]         base load d̂_i(t), its error ε_i ~ N(0, σ_i), corr. ρ_ij       ``base_load, sigma, correlation``
[S], [R]    block load: which window to run in, if any                    ``block_load[l]``
[S], [R]    interruptible load: which μ periods to run in, if any         ``interruptible_load[l]``
[STD]       c(G) = Σ_t p_f (d̂ + x) + κ σ_G, κ_t = (p⁻ − p⁺)/√(2π)         ``cost``
[S]         bill y_i = Σ_t p (d̂_i + x_i)                                  ``bill``
[STD]       by strong duality Σ_t p x_il = r w μ a_il − α_il              in ``bill``; α is ``surplus``
[S], [R]    the rule: y_i = own_i + part_i (c(G) + Π − Σ own_j)           ``bills_follow_the_rule``
[S], [R]    nobody is better off with the retailer                        ``nobody_leaves``
[R]         of equally good schedules one is run, no mixture              ``choice``, ``loads_run_whole``
[S]         the aggregator wants the largest Π                            ``profit``
==========  ============================================================  =====================================

The rules are those of ``cost_sharing.py``, chosen by ``rule``; the stand-alone rule on wholesale costs has products of the
leader's and is ``standalone_wholesale.py``. ``least_norm.py`` asks for the price of least l² norm at a given Π.

Structure
---------
A load's surplus, as a function of how often it may run, is α times that number: α is the multiplier of
``runs_at_most_once`` and the optimal value. With it the bill is linear in the leader's and the followers' variables, so
that only complementarity is left: a mixed-integer linear program. Both kinds of load have integral polytopes, so that
the leader's choice of a vertex costs a load nothing; without it the leader would mix schedules that tie, by halves.

Participation is on surplus [R]: the bill, less what the loads that run are worth, may not exceed the same at the
retailer's. On the bill alone (``participation`` "bill") a leader earns more by pricing loads out.
Where the rule passes energy on (all but ``uniform_total`` and ``standalone_retail``), own_i and the participation move
together with x_i: no Π exceeds min_i of a number that each consumer's loads maximise by answering the wholesale price.
That is the closed form of ``exact.py``, a bound; it is attained if some price supports that schedule. With more consumers
than periods there are more bills than prices, and in general no price makes them.
"""

import pyomo.environ as pyo

from bilevel_dr.models.le_cadre_2018.cost_sharing import RULES, WHOLE, parts_of_imbalance
from bilevel_dr.models.le_cadre_2018.imbalance import BIDS, Errors, imbalance_price, is_possible

BLOCK, INTERRUPTIBLE = ("B", "block"), ("I", "interruptible")

model = pyo.AbstractModel("le_cadre_2018")

# Sets and data --------------------------------------------------------------------------------------------------------

model.CONSUMERS = pyo.Set(doc="i, the consumers of the coalition G")
model.PERIODS = pyo.Set(within=pyo.Integers, doc="t = 0..nT-1, hours of n days")
model.LOADS = pyo.Set(doc="l, the consumers' shiftable loads")

model.base_load = pyo.Param(
    model.CONSUMERS, model.PERIODS, within=pyo.NonNegativeReals, doc="d_i(t), announced day-ahead [kWh]"
)
model.sigma = pyo.Param(model.CONSUMERS, within=pyo.NonNegativeReals, doc="sigma_i of the base load's error [kWh]")
model.correlation = pyo.Param(
    model.CONSUMERS, model.CONSUMERS, within=pyo.RangeSet(-1, 1, 0), default=0,
    doc="rho_ij of the errors, i != j; with itself each error correlates fully, whatever stands here [1]",
)  # fmt: skip

model.forward_price = pyo.Param(model.PERIODS, within=pyo.Reals, doc="p_f(t), day-ahead [EUR/kWh]")
model.surplus_price = pyo.Param(model.PERIODS, within=pyo.Reals, doc="p+(t), balancing, for power in excess [EUR/kWh]")
model.shortage_price = pyo.Param(model.PERIODS, within=pyo.Reals, doc="p-(t), balancing, for missing power [EUR/kWh]")
model.retail_price = pyo.Param(model.PERIODS, within=pyo.NonNegativeReals, doc="p_ret(t), the alternative [EUR/kWh]")

model.consumer_of = pyo.Param(model.LOADS, within=model.CONSUMERS, doc="i, whose load it is")
model.kind = pyo.Param(model.LOADS, within=(*BLOCK, *INTERRUPTIBLE), doc="B_i or I_i: block or interruptible")
model.power = pyo.Param(model.LOADS, within=pyo.PositiveReals, doc="w_il [kW]")
model.duration = pyo.Param(model.LOADS, within=pyo.PositiveIntegers, doc="mu_il [h]")
model.earliest = pyo.Param(model.LOADS, within=model.PERIODS, doc="first period it may run in")
model.latest = pyo.Param(model.LOADS, within=model.PERIODS, doc="last period it may run in, inclusive")
model.level = pyo.Param(model.LOADS, within=pyo.PositiveIntegers, doc="k_il, priority level")
model.reservation_price = pyo.Param(
    model.CONSUMERS, pyo.PositiveIntegers, within=pyo.NonNegativeReals, doc="r_i(k) [EUR/kWh]"
)

model.rule = pyo.Param(within=set(RULES) - {"standalone_wholesale"}, default="shapley", doc="cost-sharing rule")
model.participation = pyo.Param(within=("surplus", "bill"), default="surplus", doc="what keeps a consumer from leaving")
model.bid = pyo.Param(within=BIDS, default="mean", doc="day-ahead quantity: the expected load, or the cheapest bid")


@model.BuildCheck()
def there_is_a_consumer_in_the_coalition(model):
    return len(model.CONSUMERS) > 0


@model.BuildCheck()
def every_consumer_has_a_base_load(model):
    return all(sum(model.base_load[i, t] for t in model.PERIODS) > 0 for i in model.CONSUMERS)


@model.BuildCheck()
def surplus_price_is_at_most_the_forward_price(model):
    return all(model.surplus_price[t] <= model.forward_price[t] for t in model.PERIODS)


@model.BuildCheck()
def shortage_price_is_at_least_the_forward_price(model):
    return all(model.shortage_price[t] >= model.forward_price[t] for t in model.PERIODS)


@model.BuildCheck()
def every_load_fits_into_its_window(model):
    return all(len(window(model, load)) >= model.duration[load] for load in model.LOADS)


@model.BuildCheck()
def every_load_has_a_reservation_price(model):
    return all((model.consumer_of[load], model.level[load]) in model.reservation_price for load in model.LOADS)


@model.BuildCheck()
def correlation_is_symmetric(model):
    rho = model.correlation
    return all(abs(rho[i, j] - rho[j, i]) <= 1e-12 for i in model.CONSUMERS for j in model.CONSUMERS)


@model.BuildCheck()
def correlation_is_positive_semidefinite(model):
    return is_possible(correlations(model))


# What follows from the data -------------------------------------------------------------------------------------------


def correlations(model):
    """Rows of rho_ij with ones on the diagonal."""
    names = list(model.CONSUMERS)
    return [[float(i == j) or model.correlation[i, j] for j in names] for i in names]


def errors(model):
    """The forecast errors of all consumers."""
    return Errors([model.sigma[i] for i in model.CONSUMERS], correlations(model))


def window(model, load):
    """The periods a load may run in, in order."""
    return [t for t in model.PERIODS if model.earliest[load] <= t <= model.latest[load]]


def windows(model, load):
    """Every run of mu periods in a row, by its first one."""
    periods, duration = window(model, load), model.duration[load]
    return {periods[k]: periods[k : k + duration] for k in range(len(periods) - duration + 1)}


def choices(model):
    starts = [(load, s) for load in model.BLOCK_LOADS for s in windows(model, load)]
    return starts + [(load, t) for load in model.INTERRUPTIBLE_LOADS for t in window(model, load)]


def cheapest_block(model, load):
    return min(sum(model.retail_price[t] for t in run) for run in windows(model, load).values())


def cheapest_periods(model, load):
    return sum(sorted(model.retail_price[t] for t in window(model, load))[: model.duration[load]])


model.BLOCK_LOADS = pyo.Set(
    within=model.LOADS, initialize=lambda model: [load for load in model.LOADS if model.kind[load] in BLOCK],
    doc="B, loads that run in one go",
)  # fmt: skip
model.INTERRUPTIBLE_LOADS = pyo.Set(
    within=model.LOADS, initialize=lambda model: model.LOADS - model.BLOCK_LOADS, doc="I, loads that may pause"
)
model.CHOICES = pyo.Set(
    dimen=2, initialize=choices, doc="(l, s) that a block load may start in, (l, t) that an interruptible load may run in"
)


@model.Param(model.LOADS, within=pyo.NonNegativeReals, doc="r w mu, what running is worth [EUR]")
def worth(model, load):
    reservation = model.reservation_price[model.consumer_of[load], model.level[load]]
    return reservation * model.power[load] * model.duration[load]


@model.Param(model.LOADS, within=pyo.NonNegativeReals, doc="what running costs at best at the retailer's price [EUR]")
def retail_cost(model, load):
    cheapest = {True: cheapest_block, False: cheapest_periods}[load in model.BLOCK_LOADS]
    return model.power[load] * cheapest(model, load)


@model.Param(model.LOADS, within=pyo.Binary, doc="a^ret, whether it runs at the retailer's price")
def runs_at_retailer(model, load):
    return int(model.retail_cost[load] <= model.worth[load] * (1 + 1e-9))


@model.Param(model.CONSUMERS, within=pyo.NonNegativeReals, doc="R_i, bill at the retailer's price [EUR]")
def retailer_bill(model, i):
    own = [load for load in model.LOADS if model.consumer_of[load] == i]
    shiftable = sum(model.retail_cost[load] * model.runs_at_retailer[load] for load in own)
    return sum(model.retail_price[t] * model.base_load[i, t] for t in model.PERIODS) + shiftable


@model.Param(within=pyo.NonNegativeReals, doc="kappa = sum_t kappa_t, of a kWh of standard deviation [EUR/kWh]")
def kappa(model):
    prices = ([p[t] for t in model.PERIODS] for p in (model.forward_price, model.surplus_price, model.shortage_price))
    return float(imbalance_price(*prices, model.bid.value).sum())


@model.Param(within=pyo.NonNegativeReals, doc="sigma_G, of the pooled error [kWh]")
def pooled_sigma(model):
    return errors(model).pooled


@model.Param(within=pyo.Binary, doc="whether the rule passes each consumer's energy on")
def passes_energy(model):
    return int(model.rule.value not in WHOLE)


def own_imbalances(model):
    return dict(zip(model.CONSUMERS, parts_of_imbalance(model.rule.value, errors(model))[0].tolist(), strict=True))


def parts(model):
    equal = dict(zip(model.CONSUMERS, parts_of_imbalance(model.rule.value, errors(model))[1].tolist(), strict=True))
    whole = sum(model.retailer_bill.values())
    in_proportion = {i: model.retailer_bill[i] / whole for i in model.CONSUMERS}
    return {"standalone_retail": in_proportion}.get(model.rule.value, equal)


model.own_imbalance = pyo.Param(
    model.CONSUMERS, within=pyo.Reals, initialize=own_imbalances, doc="of the pooled error, what the rule gives i [kWh]"
)
model.part = pyo.Param(model.CONSUMERS, within=pyo.NonNegativeReals, initialize=parts, doc="i's part of the rest [1]")

# The leader decides ---------------------------------------------------------------------------------------------------

model.price = pyo.Var(model.PERIODS, within=pyo.NonNegativeReals, doc="p(t) [EUR/kWh]")
model.target_profit = pyo.Var(doc="Pi, net profit the aggregator aims at [EUR]")
model.choice = pyo.Var(
    model.CHOICES, within=pyo.Binary, doc="where several schedules are best, the one that is run [1]"
)
model.surplus = pyo.Var(
    model.LOADS, bounds=lambda model, load: (0, model.worth[load]), doc="alpha_il, what the owner gains by running it [EUR]"
)

# The followers answer -------------------------------------------------------------------------------------------------


@model.Block(model.BLOCK_LOADS, doc="when a block load runs, if it does")
def block_load(follower, load):
    model = follower.model()
    follower.STARTS = pyo.Set(initialize=list(windows(model, load)), doc="s, first periods of a run")
    follower.starts = pyo.Var(follower.STARTS, within=pyo.NonNegativeReals, doc="z_s, it starts then [1]")

    @follower.Expression(doc="a, it runs [1]")
    def on(follower):
        return pyo.quicksum(follower.starts[s] for s in follower.STARTS)

    @follower.Expression(window(model, load), doc="it runs in period t [1]")
    def running(follower, t):
        return pyo.quicksum(follower.starts[s] for s, run in windows(model, load).items() if t in run)

    @follower.Constraint(doc="one run at most")
    def runs_at_most_once(follower):
        return follower.on <= 1

    @follower.Objective(sense=pyo.maximize, doc="what running is worth, less what it costs [EUR]")
    def gain(follower):
        cost = pyo.quicksum(
            follower.starts[s] * pyo.quicksum(model.price[t] for t in run) for s, run in windows(model, load).items()
        )
        return model.worth[load] * follower.on - model.power[load] * cost


@model.Block(model.INTERRUPTIBLE_LOADS, doc="when an interruptible load runs, if it does")
def interruptible_load(follower, load):
    model = follower.model()
    follower.on = pyo.Var(doc="a, it runs [1]")
    follower.running = pyo.Var(window(model, load), within=pyo.NonNegativeReals, doc="u_t, it runs in period t [1]")

    @follower.Constraint(doc="one run at most")
    def runs_at_most_once(follower):
        return follower.on <= 1

    @follower.Constraint(doc="it runs mu periods or none")
    def runs_its_duration(follower):
        return pyo.quicksum(follower.running.values()) == model.duration[load] * follower.on

    @follower.Constraint(window(model, load), doc="no period counts twice: u_t <= a, not u_t <= 1, or it could run in part")
    def runs_when_on(follower, t):
        return follower.running[t] <= follower.on

    @follower.Objective(sense=pyo.maximize, doc="what running is worth, less what it costs [EUR]")
    def gain(follower):
        cost = pyo.quicksum(model.price[t] * follower.running[t] for t in follower.running)
        return model.worth[load] * follower.on - model.power[load] * cost


def surpluses(model):
    blocks = {**model.block_load, **model.interruptible_load}
    return [(model.surplus[load], blocks[load].runs_at_most_once) for load in model.LOADS]


model.multiplier_of = pyo.Suffix(initialize=surpluses, doc="alpha_il is the multiplier of 'one run at most'")

# What the schedules lead to -------------------------------------------------------------------------------------------


@model.Expression(model.LOADS, doc="a_il, whether it runs [1]")
def on(model, load):
    return {**model.block_load, **model.interruptible_load}[load].on


@model.Expression(model.CONSUMERS, doc="e_i, its consumption at the day-ahead price [EUR]")
def energy(model, i):
    base = pyo.quicksum(model.forward_price[t] * model.base_load[i, t] for t in model.PERIODS)
    blocks = {**model.block_load, **model.interruptible_load}
    own = [load for load in model.LOADS if model.consumer_of[load] == i]
    return base + pyo.quicksum(
        model.power[load] * model.forward_price[t] * blocks[load].running[t] for load in own for t in window(model, load)
    )


@model.Expression(doc="c(G), expected cost of the coalition [EUR]")
def cost(model):
    return pyo.quicksum(model.energy[i] for i in model.CONSUMERS) + model.kappa * model.pooled_sigma


@model.Expression(model.CONSUMERS, doc="y_i, by strong duality of the loads [EUR]")
def bill(model, i):
    base = pyo.quicksum(model.price[t] * model.base_load[i, t] for t in model.PERIODS)
    own = [load for load in model.LOADS if model.consumer_of[load] == i]
    return base + pyo.quicksum(model.worth[load] * model.on[load] - model.surplus[load] for load in own)


@model.Expression(model.CONSUMERS, doc="own_i, what the rule makes i pay in any case [EUR]")
def own_cost(model, i):
    return model.passes_energy * model.energy[i] + model.kappa * model.own_imbalance[i]


@model.Constraint(model.CHOICES, doc="no load is split among schedules that are equally good for it")
def loads_run_whole(model, load, t):
    runs = {True: model.block_load, False: model.interruptible_load}[load in model.BLOCK_LOADS][load]
    return runs.find_component({True: "starts", False: "running"}[load in model.BLOCK_LOADS])[t] == model.choice[load, t]


@model.Constraint(model.CONSUMERS, doc="y_i = own_i + part_i (c(G) + Pi - sum of the own_j) [EUR]")
def bills_follow_the_rule(model, i):
    rest = model.cost + model.target_profit - pyo.quicksum(model.own_cost[j] for j in model.CONSUMERS)
    return model.bill[i] == model.own_cost[i] + model.part[i] * rest


@model.Constraint(model.CONSUMERS, doc="with the retailer i would pay no less for what it gets [EUR]")
def nobody_leaves(model, i):
    own = [load for load in model.LOADS if model.consumer_of[load] == i]
    by_surplus = float(model.participation.value == "surplus")
    more = pyo.quicksum(model.worth[load] * (model.on[load] - model.runs_at_retailer[load]) for load in own)
    return model.bill[i] <= model.retailer_bill[i] + by_surplus * more


# The leader wants -----------------------------------------------------------------------------------------------------


@model.Objective(sense=pyo.maximize, doc="the largest net profit at which nobody leaves [EUR]")
def profit(model):
    return model.target_profit
