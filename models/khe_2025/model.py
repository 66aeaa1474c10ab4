"""A Stackelberg game of demand response from the aggregator's perspective.

P. Khe, P. Chaipunya, A. Bangviwat: A Stackelberg Game of Demand Response from the Aggregator's Perspective.
arXiv:2507.12708 (2025).

Leader: an aggregator, told by the utility to cut T kWh in the on-peak hours (09:00–21:00), sends every consumer a call.
Followers: n consumers; each answers its own call with the amount it shifts to the off-peak hours. No follower meets
another, and each has one best answer, so that the paper's optimistic reading and a pessimistic one agree.

========  =========================================================  =================================
equation  meaning                                                    component
========  =========================================================  =================================
(1), (2)  bill p_on (e − x) + p_off x                                ``consumer[i].bill``
(1), (2)  reward r x                                                 ``consumer[i].earned_reward``
(3)       dissatisfaction a x² + b x                                 ``consumer[i].dissatisfaction``
(4b)      the consumer minimises bill + dissatisfaction − reward     ``consumer[i].cost``
(4e)      it shifts no more than it was called for: x ≤ c            ``consumer[i].within_call``
(4f)      x ≥ 0                                                      bound of ``consumer[i].shift``
(5)       commission κ Σ x                                           ``earned_commission``
(5)       unfairness Σ (c − c̄)², c̄ the mean call                       ``unfairness``
(6)       the calls add up to the target: Σ c = T, so that c̄ = T/n   ``calls_meet_target``
(6)       no call exceeds the baseline: 0 ≤ c ≤ e                    bounds of ``call``
(7)       the aggregator maximises κ Σ x − w Σ (c − c̄)²              ``benefit``
========  =========================================================  =================================

The equations were rebuilt from the paper's prose: its text came down to us without the symbols. The leader's two rows
stand between (5) and (7); (6) is our number for them.

erratum : the heavy consumer (baseline 800 kWh) is consumer 2 in III-B, where it is called 152.4 kWh and complies, and
    consumer 3 in III-A and III-C, where the calls concentrate on it; III-B gives "the most reward" to both. The data
    keep it at 2. What is said of 3 stands in ``reported.csv`` as a discrepancy and is not forced.
erratum : II-C calls the consumer's strategy a percentage while (4e) compares it with the call. Amounts are the paper's
    case, for its numbers follow from them; ``share_of_call.py`` is the other reading.

Structure
---------
With D = p_on − p_off + r a consumer's cost has the derivative −D + b + 2 a x, increasing since a > 0. Its best response
is x(c) = min(c, t), t = max(0, (D − b) / 2a); who has b ≥ D ignores every call. Its multipliers are bounded:
μ_up ≤ max(0, D − b) for x ≤ c and μ_lo ≤ max(0, b − D) for x ≥ 0.

x(c) is concave, so with κ ≥ 0 the leader maximises a concave separable function κ x(c) − w (c − c̄)² per consumer under
one coupling row: ``exact.py`` does that in O(n log n). It also makes the whole a convex quadratic program in disguise:
ask of the followers only 0 ≤ x ≤ c and x ≤ t and let the leader choose x. Nothing is lost, because raising every x to
min(c, t) stays feasible, answers every call optimally and never lowers κ Σ x.
For w > 0 the optimal calls are unique; for w = 0 the leader is linear and they usually are not. A target above Σ e is
no mistake in the data but an infeasible problem, and is answered as one.
"""

import pyomo.environ as pyo

model = pyo.AbstractModel("khe_2025")

# Sets and data --------------------------------------------------------------------------------------------------------

model.CONSUMERS = pyo.Set(doc="i = 1..n, the consumers under contract")

model.baseline = pyo.Param(model.CONSUMERS, within=pyo.NonNegativeReals, doc="e_i, on-peak baseline [kWh]")
model.a = pyo.Param(model.CONSUMERS, within=pyo.PositiveReals, doc="a_i in (3), dissatisfaction [money/kWh^2]")
model.b = pyo.Param(model.CONSUMERS, within=pyo.PositiveReals, doc="b_i in (3), dissatisfaction [money/kWh]")

model.on_peak = pyo.Param(within=pyo.NonNegativeReals, doc="p_on in (1), tariff 09:00-21:00 [money/kWh]")
model.off_peak = pyo.Param(within=pyo.NonNegativeReals, doc="p_off in (1), tariff 21:00-09:00 [money/kWh]")
model.reward = pyo.Param(within=pyo.NonNegativeReals, doc="r in (1), paid to a consumer for what it shifts [money/kWh]")
model.commission = pyo.Param(within=pyo.NonNegativeReals, doc="kappa in (5), paid to the aggregator [money/kWh]")
model.fairness = pyo.Param(within=pyo.NonNegativeReals, doc="w in (5), weight of unequal calls [money/kWh^2]")
model.target = pyo.Param(within=pyo.NonNegativeReals, doc="T in (6), reduction the utility asks for [kWh]")


@model.BuildCheck()
def there_is_a_consumer_to_call(model):
    return len(model.CONSUMERS) > 0


@model.BuildCheck()
def off_peak_is_cheaper_than_on_peak(model):
    return model.off_peak < model.on_peak


# The leader decides ---------------------------------------------------------------------------------------------------

model.call = pyo.Var(model.CONSUMERS, bounds=lambda model, i: (0, model.baseline[i]), doc="c_i in (6) [kWh]")


@model.Constraint(doc="(6) the calls add up to what the utility asks for [kWh]")
def calls_meet_target(model):
    return pyo.quicksum(model.call[i] for i in model.CONSUMERS) == model.target


# The followers answer -------------------------------------------------------------------------------------------------


@model.Block(model.CONSUMERS, doc="(4) what consumer i does about its call")
def consumer(follower, i):
    model = follower.model()
    follower.shift = pyo.Var(within=pyo.NonNegativeReals, doc="x_i in (4f), moved to the off-peak hours [kWh]")

    @follower.Expression(doc="(1) electricity bill [money]")
    def bill(follower):
        return model.on_peak * (model.baseline[i] - follower.shift) + model.off_peak * follower.shift

    @follower.Expression(doc="(3) dissatisfaction [money]")
    def dissatisfaction(follower):
        return model.a[i] * follower.shift**2 + model.b[i] * follower.shift

    @follower.Expression(doc="(1) reward received [money]")
    def earned_reward(follower):
        return model.reward * follower.shift

    @follower.Constraint(doc="(4e) nobody shifts more than it was called for [kWh]")
    def within_call(follower):
        return follower.shift <= model.call[i]

    @follower.Objective(sense=pyo.minimize, doc="(4b) what taking part costs [money]")
    def cost(follower):
        return follower.bill + follower.dissatisfaction - follower.earned_reward


# The leader wants -----------------------------------------------------------------------------------------------------


@model.Expression(doc="(5) commission for what is shifted [money]")
def earned_commission(model):
    return model.commission * pyo.quicksum(model.consumer[i].shift for i in model.CONSUMERS)


@model.Expression(doc="(5) squared deviation of the calls from their mean T/n [kWh^2]")
def unfairness(model):
    return pyo.quicksum((model.call[i] - model.target / len(model.CONSUMERS)) ** 2 for i in model.CONSUMERS)


@model.Objective(sense=pyo.maximize, doc="(7) commission, less a penalty on unequal calls [money]")
def benefit(model):
    return model.earned_commission - model.fairness * model.unfairness
