"""Strategic and fair aggregators in an energy market: an equilibrium problem.

J. Li, M. Motoki, B. Zhang: Strategic and Fair Aggregator Interactions in Energy Markets: Multi-agent Dynamics and
Quasiconcave Games. arXiv:2410.11296.

No leader: M aggregators buy energy for their users at a price that rises with what all of them buy together, each knows
what its own purchase does to the price, and each shares what it buys among its users by alpha-fairness. None gains by
another purchase, the others' given: a Nash equilibrium of aggregators that are leaders to their users, an EPEC. A user
decides nothing by itself, so every aggregator is one Block with an Objective, and there is no Objective above them.

===========  ===========================================================  =============================================
equation     meaning                                                      component
===========  ===========================================================  =============================================
IV-A         utility U(x) = b x − a x²                                    in all of these
IV-B, 1)     price p = c Σ y_j                                            ``price``
(1), (11c)   surplus s = U(x) − p x                                       ``surplus_is_earned``; in ``welfare`` summed
(11b)        Σ x = y_j                                                    ``shares_add_up``
(11d)        s ≥ 0                                                        ``log_surplus``; bound of ``surplus``
(11e)        x ≥ 0                                                        bound of ``purchase``
(3), (11a)   alpha = 0: Σ s, social welfare                               ``welfare[j]``
(6)          a user that is its own aggregator, any alpha                 ``welfare[j]``
(3), (11a)   0 < alpha < 1: Σ s^(1−alpha)/(1−alpha)                       ``below_one[j]``
(3), (11a)   alpha = 1: Σ log s, proportional fairness                    ``proportional[j]``
(3), (11a)   alpha > 1: Σ s^(1−alpha)/(1−alpha)                           ``above_one[j]``
(3), (11a)   alpha = ∞: min s, max-min fairness                           ``max_min[j]``
===========  ===========================================================  =============================================

With alpha ≥ 1 an aggregator maximises the logarithm L of its certainty equivalent, the surplus that its users, if all
had it, would find as fair: max L where Σ exp((1 − alpha)(ln s − L)) ≤ n, which orders purchases as (3) does and keeps
its numbers near one; the printed sum of powers spans hundreds of decades and sends solvers astray (``raw_power.py``).
And ln s = ln x + ln(b − p − a x) is jointly concave in x and y_j, though s is not: each best response is one convex program.

erratum : the proof of Theorem 2 differentiates J_j as if its own purchase left the price alone, and assumes U'(0) > p for
    every user. Quasiconcavity fails for 1/2 < alpha < 1 once a user leaves: a = (.5, .5), b = (10, 2), c = .5, nobody
    else, alpha = .75 has local maxima at y = 2.5524 and y = 5. Best responses with alpha < 1 are therefore answered
    as programs whose convexity is not proved.
erratum : nor does a pure equilibrium always exist (``no_equilibrium.dat``; ``fig10_no_equilibrium.dat`` is a draw of the
    paper's own kind), nor is it always the only one, as Conjecture 1 has it (``uniqueness.dat``).
erratum : (3) with alpha ≥ 1 is −∞ as soon as one user of an aggregator has b ≤ p, and with b ~ U(0, 10) one nearly always
    has. ``policy`` says what is meant: *strict* the formulas, *eligible* that an aggregator with alpha ≥ 1 serves the
    users who would buy if nobody were aggregated, b > ``price_without_aggregators``; others get nothing.
erratum : Algorithm 1 counts H players, the text M; Figs. 12 and 13 vary M, the number of
    aggregators, Fig. 5 names its K "M".

Structure
---------
At a best response (t − 2 a x) s^(−alpha) is the same for all users, t = b − p, and c Σ x/(t − 2 a x) = 1: y_j depends
on the price alone, so that equilibria are the roots of Σ y_j(p) − p/c (``exact.py``). With alpha = 0 for all the game has the
potential Σ U(x) − c/2 Y² − c/2 Σ y_j², so its equilibrium is unique; alone, a user buys x = (b − p)⁺/(2a + c).
"""

from itertools import accumulate

import pyomo.environ as pyo

model = pyo.AbstractModel("li_2025")

# Sets and data --------------------------------------------------------------------------------------------------------

model.USERS = pyo.Set(doc="i = 1..N, users of energy")
model.AGGREGATORS = pyo.Set(doc="j = 1..M, who buys for them")

model.a = pyo.Param(model.USERS, within=pyo.PositiveReals, doc="a_i in U, how fast utility saturates [money/kWh^2]")
model.b = pyo.Param(model.USERS, within=pyo.PositiveReals, doc="b_i in U, worth of the first unit [money/kWh]")
model.aggregator = pyo.Param(model.USERS, within=model.AGGREGATORS, doc="the aggregator that buys for user i")
model.alpha = pyo.Param(
    model.AGGREGATORS,
    within=pyo.NonNegativeReals | {float("inf")},
    default=0,
    doc="alpha in (3), fairness: 0 social welfare, 1 proportional, inf max-min [1]",
)
model.c = pyo.Param(within=pyo.PositiveReals, doc="c in p = c sum y [money/kWh^2]")
model.policy = pyo.Param(
    within=["strict", "eligible"], default="strict", doc="whom an aggregator with alpha >= 1 serves: see the erratum"
)


@model.BuildCheck()
def there_is_a_user_to_buy_for(model):
    return len(model.USERS) > 0


@model.BuildCheck()
def there_are_no_more_aggregators_than_users(model):
    return len(model.AGGREGATORS) <= len(model.USERS)


@model.BuildCheck()
def every_aggregator_has_a_user(model):
    return {model.aggregator[i] for i in model.USERS} == set(model.AGGREGATORS)


def _members(model):
    """The users of each aggregator."""
    members = {j: [] for j in model.AGGREGATORS}
    for i in model.USERS:
        members[model.aggregator[i]].append(i)
    return members


def _price_without_aggregators(model):
    """The root of p = c Σ (b − p)⁺/(2a + c): over the k dearest users its value is c Σ w b/(1 + c Σ w), largest at the root."""
    dearest = sorted(model.USERS, key=lambda i: -model.b[i])
    weights = [1 / (2 * model.a[i] + model.c) for i in dearest]
    wanted = accumulate(weight * model.b[i] for weight, i in zip(weights, dearest, strict=True))
    return max(model.c * want / (1 + model.c * slope) for want, slope in zip(wanted, accumulate(weights), strict=True))


model.MEMBERS = pyo.Set(model.AGGREGATORS, initialize=_members, doc="users of aggregator j")
model.price_without_aggregators = pyo.Param(
    within=pyo.NonNegativeReals,
    initialize=_price_without_aggregators,
    doc="p if each user is its own aggregator [money/kWh]",
)


def _is_served(model, i, j):
    """Whether aggregator j buys for its user i under the policy: only with alpha >= 1 can a user be left out."""
    spoils_nothing = model.policy.value == "strict" or model.alpha[j] < 1 or len(model.MEMBERS[j]) == 1
    return spoils_nothing or model.b[i] > model.price_without_aggregators


model.SERVED = pyo.Set(
    model.AGGREGATORS, initialize=lambda model, j: model.MEMBERS[j], filter=_is_served, doc="users that j buys for"
)


def _caution(model):
    """At this share of b/(2a + c) the price is at most a quarter of any served user's b: all surpluses are positive."""
    served = [i for j in model.AGGREGATORS for i in model.SERVED[j]]
    price = model.c * sum(model.b[i] / (2 * model.a[i] + model.c) for i in served)
    return min([0.25, *(0.25 * model.b[i] / price for i in served)])


model.caution = pyo.Param(
    initialize=_caution, within=pyo.PositiveReals, doc="where solvers start, as a share of b/(2a + c) [1]"
)


def _those(doc, holds):
    """The aggregators that buy for somebody and whose alpha the rule holds for, a user alone being counted as alpha = 0."""

    def filters(model, j):
        alone = len(model.MEMBERS[j]) == 1
        return len(model.SERVED[j]) > 0 and holds(0 if alone else model.alpha[j])

    return pyo.Set(initialize=lambda model: model.AGGREGATORS, filter=filters, doc=doc)


model.WELFARE = _those("alpha = 0, and users that are their own aggregator", lambda alpha: alpha == 0)
model.BELOW_ONE = _those("0 < alpha < 1", lambda alpha: 0 < alpha < 1)
model.PROPORTIONAL = _those("alpha = 1", lambda alpha: alpha == 1)
model.ABOVE_ONE = _those("1 < alpha < inf", lambda alpha: 1 < alpha < float("inf"))
model.MAX_MIN = _those("alpha = inf", lambda alpha: alpha == float("inf"))

# The aggregators decide -----------------------------------------------------------------------------------------------

model.price = pyo.Expression(doc="IV-B, p = c sum y_j [money/kWh]; stated below, when everybody's purchase is declared")


def _buys(player, users):
    """What every aggregator decides, whatever its idea of fairness."""
    model = player.model()
    start = {i: model.caution * model.b[i] / (2 * model.a[i] + model.c) for i in users}
    player.purchase = pyo.Var(users, within=pyo.NonNegativeReals, initialize=start, doc="x_ji in (11e) [kWh]")
    player.total = pyo.Var(initialize=sum(start.values()), doc="y_j in (11b), bought for all [kWh]")

    @player.Constraint(doc="(11b) what is bought for all is shared among all [kWh]")
    def shares_add_up(player):
        return pyo.quicksum(player.purchase.values()) == player.total


def _judges_by_logarithms(player, users):
    """What an aggregator with alpha >= 1 decides besides: each surplus by its logarithm, and one level that stands for all."""
    model = player.model()
    player.log_surplus = pyo.Var(users, initialize=0, doc="ln s_ji in (11c) [ln money]")
    player.level = pyo.Var(initialize=0, doc="L, logarithm of the certainty equivalent of all surpluses [ln money]")

    @player.Constraint(users, doc="(11c), (11d) s = x (b - p - a x), and positive [ln money]")
    def surplus_is_earned(player, i):
        x = player.purchase[i]
        return player.log_surplus[i] <= pyo.log(x) + pyo.log(model.b[i] - model.price - model.a[i] * x)


@model.Block(model.WELFARE, doc="(11) for alpha = 0, and (6)")
def welfare(player, j):
    model = player.model()
    users = model.SERVED[j]
    _buys(player, users)

    @player.Objective(sense=pyo.maximize, doc="(3), (11a) sum of surpluses [money]")
    def fairness(player):
        utility = pyo.quicksum(model.b[i] * player.purchase[i] - model.a[i] * player.purchase[i] ** 2 for i in users)
        return utility - model.price * player.total


@model.Block(model.BELOW_ONE, doc="(11) for 0 < alpha < 1")
def below_one(player, j):
    model = player.model()
    users, power = model.SERVED[j], 1 - model.alpha[j]
    _buys(player, users)
    player.surplus = pyo.Var(users, within=pyo.NonNegativeReals, initialize=1e-6, doc="s_ji in (11d) [money]")

    @player.Constraint(users, doc="(11c) [money]")
    def surplus_is_earned(player, i):
        x = player.purchase[i]
        return player.surplus[i] <= x * (model.b[i] - model.price - model.a[i] * x)

    @player.Objective(sense=pyo.maximize, doc="(3), (11a) sum of s^(1-alpha)/(1-alpha) [money^(1-alpha)]")
    def fairness(player):
        return pyo.quicksum(player.surplus[i] ** power for i in users) / power


@model.Block(model.PROPORTIONAL, doc="(11) for alpha = 1")
def proportional(player, j):
    users = player.model().SERVED[j]
    _buys(player, users)
    _judges_by_logarithms(player, users)

    @player.Constraint(doc="(3) n L <= sum ln s [ln money]")
    def level_is_fair(player):
        return len(users) * player.level <= pyo.quicksum(player.log_surplus.values())

    @player.Objective(sense=pyo.maximize, doc="(3), (11a) [ln money]")
    def fairness(player):
        return player.level


@model.Block(model.ABOVE_ONE, doc="(11) for 1 < alpha < inf")
def above_one(player, j):
    model = player.model()
    users, power = model.SERVED[j], 1 - model.alpha[j]
    _buys(player, users)
    _judges_by_logarithms(player, users)

    @player.Constraint(doc="(3) sum of (s/e^L)^(1-alpha) <= n, in logarithms [1]")
    def level_is_fair(player):
        return pyo.quicksum(pyo.exp(power * (player.log_surplus[i] - player.level)) for i in users) <= len(users)

    @player.Objective(sense=pyo.maximize, doc="(3), (11a) [ln money]")
    def fairness(player):
        return player.level


@model.Block(model.MAX_MIN, doc="(11) for alpha = inf")
def max_min(player, j):
    users = player.model().SERVED[j]
    _buys(player, users)
    _judges_by_logarithms(player, users)

    @player.Constraint(users, doc="(3) L <= ln s [ln money]")
    def level_is_fair(player, i):
        return player.level <= player.log_surplus[i]

    @player.Objective(sense=pyo.maximize, doc="(3), (11a) [ln money]")
    def fairness(player):
        return player.level


# The market -----------------------------------------------------------------------------------------------------------


@model.BuildAction()
def the_price_rises_with_what_all_buy(model):
    players = [model.welfare, model.below_one, model.proportional, model.above_one, model.max_min]
    model.price.set_value(model.c * pyo.quicksum(player.total for kind in players for player in kind.values()))
