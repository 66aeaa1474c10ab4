"""Khe, Chaipunya and Bangviwat (2025), read the other way: a consumer decides which share of its call it shifts.

II-C calls the consumer's strategy "the percentage of amount to shift". Taken at its word, consumer i chooses a share
0 ≤ y ≤ 1, shifts x = c y, and its dissatisfaction is a y² + b y. The citation, the rest of the game and every name in
the data are those of ``model.py``; the same .dat files fit.

========  =========================================================  =================================
equation  meaning                                                    component
========  =========================================================  =================================
(1), (2)  bill p_on (e − c y) + p_off c y                            ``consumer[i].bill``
(1), (2)  reward r c y                                               ``consumer[i].earned_reward``
(3)       dissatisfaction with the share, a y² + b y                 ``consumer[i].dissatisfaction``
(4)       minimise bill + dissatisfaction − reward, 0 ≤ y ≤ 1        ``consumer[i].cost``, ``.share``
(5)–(7)   as in ``model.py``, with x = c y                           ``consumer[i].shift``, ``benefit``
========  =========================================================  =================================

Leader: the aggregator. Followers: the consumers, each with one best answer; optimistic and pessimistic agree.

Structure
---------
With D = p_on − p_off + r the best response is y(c) = clip((D c − b) / 2a, 0, 1): nothing up to a call of b / D, all of
it from (b + 2a) / D on. The shift c y(c) is convex in between, so the leader's problem is not concave. A small call
earns nothing, hence a consumer who is left out stays out wherever the fairness term is too weak to bring it back: every
set of consumers left out can be another local optimum. An NLP solver that stops in one has done nothing wrong, and
nothing in its answer tells; a global solver's bound does.
"""

import pyomo.environ as pyo

model = pyo.AbstractModel("khe_2025/share_of_call")

# Sets and data --------------------------------------------------------------------------------------------------------

model.CONSUMERS = pyo.Set(doc="i = 1..n, the consumers under contract")

model.baseline = pyo.Param(model.CONSUMERS, within=pyo.NonNegativeReals, doc="e_i, on-peak baseline [kWh]")
model.a = pyo.Param(model.CONSUMERS, within=pyo.PositiveReals, doc="a_i in (3), dissatisfaction with the share [money]")
model.b = pyo.Param(model.CONSUMERS, within=pyo.PositiveReals, doc="b_i in (3), dissatisfaction with the share [money]")

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
    follower.share = pyo.Var(bounds=(0, 1), doc="y_i, share of the call that is shifted [1]")

    @follower.Expression(doc="x_i = c_i y_i, moved to the off-peak hours [kWh]")
    def shift(follower):
        return model.call[i] * follower.share

    @follower.Expression(doc="(1) electricity bill [money]")
    def bill(follower):
        return model.on_peak * (model.baseline[i] - follower.shift) + model.off_peak * follower.shift

    @follower.Expression(doc="(3) dissatisfaction with the share [money]")
    def dissatisfaction(follower):
        return model.a[i] * follower.share**2 + model.b[i] * follower.share

    @follower.Expression(doc="(1) reward received [money]")
    def earned_reward(follower):
        return model.reward * follower.shift

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
