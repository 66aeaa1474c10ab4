"""A follower's multiplier is a variable of the leader: prices that a market makes."""

import pyomo.environ as pyo

from . import problem


def _priced(m, price, balance):
    m.multiplier_of = pyo.Suffix()
    m.multiplier_of[price] = balance


@problem(
    "Conejo et al. 2016, investment in generation and transmission, ch. 1", "QP-LP", leader=-190_000, follower=2300,
    x={"capacity": 50, "price": 15}, y={"market.y": (50, 150, 0)},
    tags=["multiplier", "nonconvex-leader", "bigm-trap"],
    comment="at 50 MW any price from 12 to 15 clears the market: the leader takes 15",
)
def conejo_2016(m):
    m.capacity, m.price = pyo.Var(bounds=(0, 250)), pyo.Var()
    b = m.market = pyo.Block()
    y = b.y = pyo.Var((1, 2, 3), within=pyo.NonNegativeReals)
    b.cost = pyo.Objective(expr=10 * y[1] + 12 * y[2] + 15 * y[3])
    b.balance = pyo.Constraint(expr=y[1] + y[2] + y[3] == 200)
    b.own = pyo.Constraint(expr=y[1] <= m.capacity)
    b.second = pyo.Constraint(expr=y[2] <= 150)
    b.third = pyo.Constraint(expr=y[3] <= 100)
    _priced(m, m.price, b.balance)
    m.cost = pyo.Objective(expr=40_000 * m.capacity + 8760 * (10 * y[1] - m.price * y[1]))


@problem(
    "Fanzeres 2017, thesis, strategic bidding", "QP-LP", leader=20_000, follower=6000,
    x={"bid": 20, "price": 1000}, y={"market.g": (20, 40, 40, 0)},
    tags=["multiplier", "nonconvex-leader", "bigm-trap"],
    comment="at 20 units any price from 100 to 1000 clears the market: the leader takes 1000",
)
def fanzeres_2017(m):
    m.bid, m.price = pyo.Var(bounds=(0, 100)), pyo.Var(within=pyo.NonNegativeReals)
    b = m.market = pyo.Block()
    g = b.g = pyo.Var((1, 2, 3, 4), within=pyo.NonNegativeReals)
    b.cost = pyo.Objective(expr=50 * g[2] + 100 * g[3] + 1000 * g[4])
    b.balance = pyo.Constraint(expr=g[1] + g[2] + g[3] + g[4] == 100)
    b.offer = pyo.Constraint(expr=g[1] <= m.bid)
    b.limit = pyo.Constraint((2, 3, 4), rule=lambda b, i: g[i] <= {2: 40, 3: 40, 4: 100}[i])
    _priced(m, m.price, b.balance)
    m.profit = pyo.Objective(expr=m.price * g[1], sense=pyo.maximize)


@problem(
    "BilevelJuMP's test suite, bidding a price under a forward contract", "QP-QP", leader=0, follower=41,
    x={"bid": 1.5, "price": 2}, y={"market.g": (10, 4, 12), "market.shortage": 0},
    unique=False, tags=["multiplier", "nonconvex-leader"],
)
def price_bid_under_contract(m):
    m.bid, m.price = pyo.Var(within=pyo.NonNegativeReals), pyo.Var(within=pyo.NonNegativeReals)
    b = m.market = pyo.Block()
    g = b.g = pyo.Var((1, 2, 3), bounds=lambda b, i: (0, {1: 10, 2: 15, 3: 12}[i]))
    b.shortage = pyo.Var(within=pyo.NonNegativeReals)
    b.cost = pyo.Objective(expr=m.bid * g[1] + 2 * g[2] + 1.5 * g[3] + 100 * b.shortage)
    b.balance = pyo.Constraint(expr=g[1] + g[2] + g[3] + b.shortage == 26)
    _priced(m, m.price, b.balance)
    m.profit = pyo.Objective(expr=m.price * g[1] - g[1] - (m.price - 1) * 10, sense=pyo.maximize)


def _price_maker(m, clear):
    """Demand 100 - d meets a fringe of marginal cost g and the leader's q of cost 10 each: price (100 - q) / 2."""
    m.q, m.price = pyo.Var(within=pyo.NonNegativeReals), pyo.Var()
    b = m.market = pyo.Block()
    b.g, b.d = pyo.Var(within=pyo.NonNegativeReals), pyo.Var(within=pyo.NonNegativeReals)
    clear(b, 0.5 * b.g**2 - (100 * b.d - 0.5 * b.d**2))
    _priced(m, m.price, b.balance)
    m.profit = pyo.Objective(expr=(m.price - 10) * m.q, sense=pyo.maximize)


_PRICE_MAKER = {
    "x": {"q": 40, "price": 30},
    "y": {"market.g": 30, "market.d": 70},
    "tags": ["multiplier", "nonconvex-leader"],
}


@problem(
    "closed form: price maker before a market that minimises cost", "QP-QP", leader=800, follower=-4100,
    **_PRICE_MAKER,
)
def price_maker_least_cost(m):
    def clear(b, cost):
        b.balance = pyo.Constraint(expr=b.g + m.q - b.d == 0)
        b.cost = pyo.Objective(expr=cost)

    _price_maker(m, clear)


@problem(
    "closed form: price maker before a market that maximises welfare", "QP-QP", leader=800, follower=4100,
    **_PRICE_MAKER,
    comment="the derivative of the greatest welfare: the row is turned round to give the price its sign",
)
def price_maker_most_welfare(m):
    def clear(b, cost):
        b.balance = pyo.Constraint(expr=b.d - m.q - b.g == 0)
        b.welfare = pyo.Objective(expr=-cost, sense=pyo.maximize)

    _price_maker(m, clear)


@problem(
    "closed form: price maker before a market whose balance is an inequality", "QP-QP", leader=800, follower=-4100,
    **_PRICE_MAKER,
)
def price_maker_inequality(m):
    def clear(b, cost):
        b.balance = pyo.Constraint(expr=b.g + m.q - b.d >= 0)
        b.cost = pyo.Objective(expr=cost)

    _price_maker(m, clear)


@problem(
    "closed form: one store between two hours, both prices from one market", "QP-QP", leader=72, follower=1060,
    x={"store": 6, "price": (26, 38)}, y={"market.g": (26, 38)}, tags=["multiplier", "nonconvex-leader"],
    comment="prices index by index; demand 20 and 44, marginal cost g; buys s in hour 1, sells s in hour 2",
)
def storage_arbitrage(m):
    demand = {1: 20, 2: 44}
    m.store = pyo.Var(bounds=(0, 20))
    m.price = pyo.Var((1, 2))
    b = m.market = pyo.Block()
    b.g = pyo.Var((1, 2), within=pyo.NonNegativeReals)
    b.cost = pyo.Objective(expr=0.5 * b.g[1] ** 2 + 0.5 * b.g[2] ** 2)
    bought = {1: m.store, 2: -m.store}
    b.balance = pyo.Constraint((1, 2), rule=lambda b, h: b.g[h] - bought[h] == demand[h])
    _priced(m, m.price, b.balance)
    m.profit = pyo.Objective(expr=(m.price[2] - m.price[1]) * m.store, sense=pyo.maximize)


@problem(
    "closed form: a line between two zones, its owner paid the congestion rent", "QP-LP", leader=300, follower=1200,
    x={"line": 30, "rent": -10}, y={"market.flow": 30, "market.cheap": 80, "market.dear": 20},
    tags=["multiplier", "nonconvex-leader", "bigm-trap"],
    comment="demand 50 in each zone, costs 10 and 20; more line lowers the cost, so the multiplier is minus the rent",
)
def congestion_rent(m):
    m.line, m.rent = pyo.Var(bounds=(0, 30)), pyo.Var()
    b = m.market = pyo.Block()
    b.flow = pyo.Var()
    b.cheap, b.dear = pyo.Var(bounds=(0, 100)), pyo.Var(bounds=(0, 100))
    b.cost = pyo.Objective(expr=10 * b.cheap + 20 * b.dear)
    b.here = pyo.Constraint(expr=b.cheap - b.flow == 50)
    b.there = pyo.Constraint(expr=b.dear + b.flow == 50)
    b.within = pyo.Constraint(expr=b.flow <= m.line)
    _priced(m, m.rent, b.within)
    m.income = pyo.Objective(expr=-m.rent * m.line, sense=pyo.maximize)
