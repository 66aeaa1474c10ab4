"""Every KKT row against finite differences of the Lagrangian, every multiplier's sign against a follower solved twice."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from builders import market, snapshot, tracking
from pyomo.core.expr.visitor import identify_variables
from scipy.optimize import minimize

import bilevel_dr as bdr
from bilevel_dr import ModelError
from bilevel_dr.complementarity import take_pairs
from bilevel_dr.followers import read
from bilevel_dr.kkt import add_kkt

SENSES = {"min": pyo.minimize, "max": pyo.maximize}


def transformed(m):
    pyo.TransformationFactory("bilevel_dr.kkt").apply_to(m)
    return m


def bare(f):
    """Variables of many kinds on a follower's Block; leader variables x[1], x[2] and Params p[1], p[2] on the model."""
    m = f.model()
    m.x = pyo.Var((1, 2), initialize={1: 0.7, 2: 1.9})
    m.p = pyo.Param((1, 2), initialize={1: 1.3, 2: 2.4}, mutable=True)
    f.y = pyo.Var((1, 2, 3), initialize={1: 0.6, 2: 1.1, 3: 2.2})
    return m, m.x, m.p, f.y


def _linear(f):
    m, x, p, y = bare(f)
    f.le = pyo.Constraint(expr=2 * y[1] - y[2] <= 4 * x[1])
    f.ge = pyo.Constraint(expr=y[1] + p[1] * y[3] >= p[2])
    f.eq = pyo.Constraint(expr=3 * y[1] == 2 * x[1] - y[3] + p[1])
    f.range = pyo.Constraint(expr=(-p[1], y[1] - 2 * y[2], p[2]))
    f.flat = pyo.Constraint(expr=(1, y[2] + y[3], 1))
    f.only_leader = pyo.Constraint(expr=x[1] + x[2] <= 9)
    return 2 * y[1] - p[1] * y[2] + x[1] * y[3]


def _bounds(f):
    m, x, p, y = bare(f)
    f.low = pyo.Var(bounds=(p[1], None), initialize=3)
    f.high = pyo.Var(domain=pyo.NonPositiveReals, initialize=-1)
    f.both = pyo.Var((1, 2), bounds=(-1, p[2]), domain=pyo.Reals, initialize=0.5)
    f.one_value = pyo.Var(bounds=(2, 2), initialize=2)
    f.free = pyo.Var(initialize=-0.3)
    return f.low**2 + f.high * x[1] + f.both[1] * f.both[2] * 0.1 + f.both[1] ** 2 + f.one_value + f.free * p[1] * x[2] + y[1] ** 2 + y[2] ** 2 - y[3] * y[2]


def _quadratic(f):
    m, x, p, y = bare(f)
    f.ball = pyo.Constraint(expr=y[1] ** 2 + y[1] * y[2] + 2 * y[2] ** 2 + p[1] * y[3] ** 2 <= 9 + x[1])
    f.bilinear = pyo.Constraint(expr=x[1] * y[1] + x[2] * y[1] * y[2] >= -5)
    f.same_twice = pyo.Constraint(expr=y[1] * y[2] + y[2] * y[1] + 3 * y[1] + y[1] <= 30)
    return (y[1] - x[1]) ** 2 + (y[2] - p[1] * x[2] * y[1]) ** 2 + p[2] * (y[3] - 1) ** 2


def _nonlinear(f):
    m, x, p, y = bare(f)
    f.exp = pyo.Constraint(expr=pyo.exp(y[1] * x[1]) + y[2] ** 3 <= 50)
    f.log = pyo.Constraint(expr=pyo.log(y[1] + 2) * pyo.sqrt(y[3] + x[2]) >= 0.1)
    f.ratio = pyo.Constraint(expr=(-3, y[1] / (1 + y[2] ** 2) + y[3] ** p[1], 40))
    f.power = pyo.Constraint(expr=(y[3] + 1) ** x[1] - y[1] == p[2])
    return pyo.exp(y[1]) + y[2] ** 4 + (y[3] + 1) ** 1.5 * x[1] - pyo.log(1 + y[2] ** 2) + pyo.sin(y[1]) * pyo.atan(y[2])


def _named(f):
    m, x, p, y = bare(f)
    m.total = pyo.Expression(expr=x[1] + y[1] + y[2])
    f.part = pyo.Expression((1, 2), rule=lambda b, i: y[i] * m.total)
    f.row = pyo.Constraint(expr=f.part[1] + f.part[2] <= m.total**2)
    f.seen = pyo.Reference(x[:])
    f.own = pyo.Reference(y[2])
    return f.part[1] ** 2 + f.seen[2] * y[2] + f.own[None] ** 2 + y[3] ** 2


def _fixed(f):
    m, x, p, y = bare(f)
    y[2].fix(1.25)
    x[1].fix(-0.5)
    f.row = pyo.Constraint(expr=x[1] * y[1] + y[2] * y[3] + y[2] ** 2 <= 7)
    f.all_fixed = pyo.Constraint(expr=y[2] * x[2] <= 9)
    return y[1] ** 2 * y[2] + x[1] * y[3] + y[3] ** 2


def _parts(f):
    m, x, p, y = bare(f)
    f.part = pyo.Block(("a", "b c", "1"))
    for b in f.part.values():
        b.z = pyo.Var((1, "1"), bounds=(0, None), initialize=0.4)
        b.row = pyo.Constraint(("u,v", "[w]"), rule=lambda b, i: b.z[1] + b.z["1"] <= y[1] + len(i))
    return sum(b.z[1] * b.z["1"] + b.z[1] ** 2 - b.z["1"] for b in f.part.values()) + y[1] ** 2 + x[1] * y[2] + y[3] ** 2


def _absent(f):
    m, x, p, y = bare(f)
    f.row = pyo.Constraint(expr=(0 * y[1] + y[2] <= x[1]))
    return y[2] ** 2


FOLLOWERS = [_linear, _bounds, _quadratic, _nonlinear, _named, _fixed, _parts, _absent]


def build(fill, sense):
    m = pyo.ConcreteModel()
    m.f = pyo.Block()
    m.f.goal = pyo.Objective(expr=fill(m.f), sense=sense)
    m.leader = pyo.Objective(expr=m.x[2] ** 2)
    return m


def sides(block, name, container):
    """(body, bound) of the row or variable that a multiplier is named after, read from the model itself."""
    data = block.find_component(name)
    body = data if data.ctype is pyo.Var else data.body
    return pyo.value(body), pyo.value(data.lower if container == "mu_lower" else data.upper)


def lagrangian(block, sign, objective):
    total = sign * pyo.value(objective)
    for container, side in (("nu", 1), ("mu_upper", 1), ("mu_lower", -1)):
        for name, multiplier in block.kkt.component(container).items():
            body, bound = sides(block, name, container)
            total += multiplier.value * side * (body - bound)
    return total


@pytest.mark.parametrize("sense", SENSES)
@pytest.mark.parametrize("fill", FOLLOWERS, ids=lambda fill: fill.__name__.strip("_"))
def test_stationarity_is_the_gradient_of_the_lagrangian(fill, sense):
    m = build(fill, SENSES[sense])
    sign = 1 if sense == "min" else -1
    own = [v for v in read(m).followers[0].variables]
    objective = m.f.goal.expr
    transformed(m)
    assert not m.f.goal.active
    random = np.random.default_rng(7)
    for i in m.p:
        m.p[i] = m.p[i].value * 1.37  # data changed after the transformation count
    for v in (*own, *(v for v in m.x.values() if not v.fixed)):
        v.set_value(random.uniform(0.3, 1.5), skip_validation=True)
    for v in m.f.kkt.component_data_objects(pyo.Var):
        v.set_value(random.uniform(-2, 2), skip_validation=True)

    rows = {name: pyo.value(row.body) - pyo.value(row.upper) for name, row in m.f.kkt.stationarity.items()}
    step = 1e-5
    for v in own:
        middle, ends = v.value, []
        for move in (step, -step):
            v.set_value(middle + move, skip_validation=True)
            ends.append(lagrangian(m.f, sign, objective))
        v.set_value(middle, skip_validation=True)
        slope = (ends[0] - ends[1]) / (2 * step)
        assert rows.pop(v.getname(True, relative_to=m.f), 0.0) == pytest.approx(slope, rel=1e-6, abs=1e-7), v.name
    assert not rows


@pytest.mark.parametrize("sense", SENSES)
@pytest.mark.parametrize("fill", FOLLOWERS, ids=lambda fill: fill.__name__.strip("_"))
def test_every_side_of_every_row_has_one_multiplier_and_one_pair(fill, sense):
    m = build(fill, SENSES[sense])
    follower = read(m).followers[0]
    own = {id(v) for v in follower.variables}
    wanted = {"nu": set(), "mu_upper": set(), "mu_lower": set()}
    for data in (*follower.constraints, *follower.variables):
        name = data.getname(True, relative_to=m.f)
        body = data if data.ctype is pyo.Var else data.body
        if not any(id(v) in own for v in identify_variables(body, include_fixed=False)):
            continue
        if data.lb is not None and data.lb == data.ub:
            wanted["nu"].add(name)
            continue
        wanted["mu_upper"] |= {name} if data.ub is not None else set()
        wanted["mu_lower"] |= {name} if data.lb is not None else set()
    transformed(m)
    assert {container: set(m.f.kkt.component(container)) for container in wanted} == wanted
    for container in ("mu_upper", "mu_lower"):
        assert all(v.lb == 0 for v in m.f.kkt.component(container).values())
    assert all(v.bounds == (None, None) for v in m.f.kkt.nu.values())

    pairs = take_pairs(m)
    assert len(pairs) == len(wanted["mu_upper"]) + len(wanted["mu_lower"])
    for pair in pairs:
        container = pair.left.parent_component().local_name
        body, bound = sides(m.f, pair.left.index(), container)
        assert pyo.value(pair.right) == pytest.approx(bound - body if container == "mu_upper" else body - bound)
        assert pair.holds and pair.name.startswith(f"f.kkt.pair_{container[3:]}[")


def test_a_gradient_of_data_alone_is_a_row_as_long_as_it_can_change():
    m = tracking()
    m.p = pyo.Param(initialize=0.0, mutable=True)
    m.f.z = pyo.Var()
    m.f.w = pyo.Var()
    m.f.miss.set_value(m.p * m.f.z + (m.f.y - m.x) ** 2)
    transformed(m)
    assert [name for name in m.f.kkt.stationarity.keys()] == ["y", "z"]  # w is nowhere: nothing to state
    m.p = 2.0
    assert pyo.value(m.f.kkt.stationarity["z"].body) == 2.0


def test_transformation_keeps_the_original_and_names():
    m = build(_quadratic, pyo.minimize)
    before = snapshot(m)
    other = pyo.TransformationFactory("bilevel_dr.kkt").create_using(m)
    assert snapshot(m) == before
    assert all(other.find_component(v.name) is not None for v in m.component_data_objects(pyo.Var))
    assert len(take_pairs(other)) == 3


def test_a_second_application_is_refused():
    m = transformed(tracking())
    with pytest.raises(ModelError, match="no follower"):
        transformed(m)
    m.f.miss.activate()
    with pytest.raises(ModelError, match=r"f\.kkt"):
        transformed(m)
    m = tracking()
    m.f.kkt = pyo.Var()
    with pytest.raises(ModelError, match="f: already has a component named kkt"):
        transformed(m)


def test_options_are_refused():
    with pytest.raises(ModelError, match="sense"):
        pyo.TransformationFactory("bilevel_dr.kkt").apply_to(tracking(), sense=1)


# The multiplier that a leader sees ------------------------------------------------------------------------------------

# Rows of a follower that chooses g1, g2 in [0, 20] at quadratic costs, each binding; d = 5, the bound can be moved by e.
ROWS = {
    "g >= d": lambda g, d: g >= d,
    "d <= g": lambda g, d: d <= g,
    "g - d >= 0": lambda g, d: g - d >= 0,
    "d - g <= 0": lambda g, d: d - g <= 0,
    "2 g >= 2 d": lambda g, d: 2 * g >= 2 * d,
    "g == d": lambda g, d: g == d,
    "d == g": lambda g, d: d == g,
    "d - g == 0": lambda g, d: d - g == 0,
    "d <= g <= 9": lambda g, d: (d, g, 9),
    "-9 <= -g <= -d": lambda g, d: (-9, -g, -d),
    "d <= g <= d": lambda g, d: (d, g, d),
    "g >= x, a leader's variable": None,
}
AT_MOST = {
    "g <= d": lambda g, d: g <= d,
    "d - g >= 0": lambda g, d: d - g >= 0,
    "g == d": lambda g, d: g == d,
    "1 <= g <= d": lambda g, d: (1, g, d),
}


def priced(row, sense, scale=1.0):
    """min c1 g1 + … with g1 + g2 ≥ d, or max with g1 + g2 ≤ d: what the row holds back costs the follower something."""
    m = pyo.ConcreteModel()
    m.d = pyo.Param(initialize=5.0)
    m.x = pyo.Var(bounds=(5, 5), initialize=5)
    m.price = pyo.Var()
    b = m.market = pyo.Block()
    b.g = pyo.Var((1, 2), bounds=(0, 20), initialize=1)
    g = b.g[1] + b.g[2]
    b.value = pyo.Objective(expr=scale * (3 * b.g[1] + b.g[1] ** 2 + 2 * b.g[2] + 0.5 * b.g[2] ** 2), sense=sense)
    b.row = pyo.Constraint(expr=row(g, m.d) if row is not None else g >= m.x)
    m.multiplier_of = pyo.Suffix()
    m.multiplier_of[m.price] = b.row
    m.goal = pyo.Objective(expr=(m.price - 1) ** 2)
    return m


def value_with_moved_bounds(m, move):
    """The follower's optimal value with every finite bound of its row moved, by SciPy."""
    b = m.market
    low, high = pyo.value(b.row.lower), pyo.value(b.row.upper)
    low, high = (-np.inf if low is None else low + move), (np.inf if high is None else high + move)
    sign = 1 if b.value.sense == pyo.minimize else -1

    def at(expression, g):
        b.g[1].set_value(g[0], skip_validation=True)
        b.g[2].set_value(g[1], skip_validation=True)
        return pyo.value(expression)

    m.x.set_value(5.0)
    rows = [{"type": "ineq", "fun": lambda g: at(b.row.body, g) - low}] if low > -np.inf else []
    rows += [{"type": "ineq", "fun": lambda g: high - at(b.row.body, g)}] if high < np.inf else []
    if low == high:
        rows = [{"type": "eq", "fun": lambda g: at(b.row.body, g) - low}]
    answer = minimize(lambda g: sign * at(b.value, g), [2.0, 3.0], bounds=[(0, 20)] * 2, constraints=rows, tol=1e-12)
    assert answer.success
    return sign * answer.fun


TABLE = [(name, row, "min", 1.0) for name, row in ROWS.items()] + [(name, row, "max", -1.0) for name, row in ROWS.items()]
TABLE += [(name, row, "min", None) for name, row in AT_MOST.items()] + [(name, row, "max", None) for name, row in AT_MOST.items()]


@pytest.mark.parametrize(("name", "row", "sense", "scale"), TABLE, ids=[f"{t[2]} {t[0]}" for t in TABLE])
def test_the_price_is_the_derivative_of_the_followers_value(name, row, sense, scale):
    """In the follower's own sense, with respect to the bound as Pyomo stores it; the sign of Pyomo's ``dual``."""
    m = priced(row, SENSES[sense], 1.0 if scale is None else scale)
    if scale is None:  # the row holds the follower back from above: utility 20 g − g² …
        sign = -1 if sense == "min" else 1
        m.market.value.set_value(sign * (20 * m.market.g[1] - m.market.g[1] ** 2 + 15 * m.market.g[2] - m.market.g[2] ** 2))
    step = 1e-3
    slope = (value_with_moved_bounds(m, step) - value_with_moved_bounds(m, -step)) / (2 * step)
    assert abs(slope) > 1
    assert bdr.solve(m, "sos1").point["price"] == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize("reformulation", ["sos1", "indicator", "strong_duality", "scholtes", "product", "fischer_burmeister", "penalty"])
@pytest.mark.parametrize(("sense", "price"), [("min", 2.0), ("max", -2.0)])
def test_the_contracts_example_by_every_reformulation(sense, price, reformulation):
    solution = bdr.solve(market(SENSES[sense]), reformulation)
    assert solution.point["price"] == pytest.approx(price, abs=1e-5) and solution.certificate.passed


def indexed(fill):
    """Two hours, each with its own demand and marginal cost 2 or 3, and one price an hour."""
    m = pyo.ConcreteModel()
    m.price = pyo.Var((1, 2))
    m.other = pyo.Var()
    b = m.market = pyo.Block()
    b.g = pyo.Var((1, 2), bounds=(0, 20))
    b.cost = pyo.Objective(expr=2 * b.g[1] + 3 * b.g[2])
    b.balance = pyo.Constraint((1, 2), rule=lambda b, i: b.g[i] >= 4 + i)
    fill(m)
    m.goal = pyo.Objective(expr=sum((m.price[i] - 1) ** 2 for i in m.price) + (m.other - 1) ** 2)
    return m


def _containers(m):
    m.multiplier_of = pyo.Suffix()
    m.multiplier_of[m.price] = m.market.balance


def _expanded(m):
    m.multiplier_of = pyo.Suffix()
    m.multiplier_of.set_value(m.price, m.market.balance, expand=True)


def _rule(m):
    m.multiplier_of = pyo.Suffix(initialize=lambda m: [(m.price, m.market.balance)])


def _data(m):
    m.multiplier_of = pyo.Suffix(initialize=lambda m: [(m.price[i], m.market.balance[i]) for i in (1, 2)])


@pytest.mark.parametrize("fill", [_containers, _expanded, _rule, _data])
def test_containers_map_index_by_index(fill):
    solution = bdr.solve(indexed(fill), "sos1")
    assert [solution.point[f"price[{i}]"] for i in (1, 2)] == pytest.approx([2, 3])


def test_the_suffix_of_an_abstract_model():
    a = pyo.AbstractModel()
    a.HOURS = pyo.Set()
    a.demand = pyo.Param(a.HOURS)
    a.price = pyo.Var(a.HOURS)
    a.market = pyo.Block(rule=_market_of_hours)
    a.multiplier_of = pyo.Suffix(initialize=lambda m: [(m.price, m.market.balance)])
    a.goal = pyo.Objective(rule=lambda m: sum((m.price[h] - 1) ** 2 for h in m.HOURS))
    data = {None: {"HOURS": {None: ["a", "b"]}, "demand": {"a": 4.0, "b": 6.0}}}
    solution = bdr.solve(a.create_instance(data), "sos1")
    assert solution.point == pytest.approx({"price[a]": 8, "price[b]": 12, "market.g[a]": 4, "market.g[b]": 6})


def _market_of_hours(b):
    m = b.model()
    b.g = pyo.Var(m.HOURS, domain=pyo.NonNegativeReals)
    b.cost = pyo.Objective(expr=sum(b.g[h] ** 2 for h in m.HOURS))
    b.balance = pyo.Constraint(m.HOURS, rule=lambda b, h: b.g[h] >= m.demand[h])


def _empty(m):
    m.multiplier_of = pyo.Suffix()


def _a_leaders_row(m):
    m.limit = pyo.Constraint(expr=m.other <= 3)
    m.multiplier_of = pyo.Suffix(initialize=[(m.other, m.limit)])


def _off(m):
    m.market.balance[1].deactivate()
    m.multiplier_of = pyo.Suffix(initialize=[(m.price[1], m.market.balance[1])])


def _a_followers_variable(m):
    m.multiplier_of = pyo.Suffix(initialize=[(m.market.g[1], m.market.balance[1])])


def _a_fixed_variable(m):
    m.price.fix(1)
    m.multiplier_of = pyo.Suffix(initialize=[(m.price, m.market.balance)])


def _no_row(m):
    m.multiplier_of = pyo.Suffix(initialize=[(m.other, m.market.g[1])])


def _nothing(m):
    m.multiplier_of = pyo.Suffix(initialize=[(m.other, None)])


def _a_number(m):
    m.multiplier_of = pyo.Suffix(initialize=[(m.other, 3.0)])


def _other_index(m):
    m.more = pyo.Var((1, 2, 3))
    m.multiplier_of = pyo.Suffix()
    m.multiplier_of[m.more] = m.market.balance


def _container_to_scalar(m):
    m.market.sum = pyo.Constraint(expr=m.market.g[1] + m.market.g[2] <= 30)
    m.multiplier_of = pyo.Suffix()
    m.multiplier_of[m.price] = m.market.sum


def _no_own_variable(m):
    m.market.outside = pyo.Constraint(expr=m.other <= 3)
    m.multiplier_of = pyo.Suffix(initialize=[(m.other, m.market.outside)])


def _no_bound(m):
    m.market.loose = pyo.Constraint(expr=(None, m.market.g[1], float("inf")))
    m.multiplier_of = pyo.Suffix(initialize=[(m.other, m.market.loose)])


@pytest.mark.parametrize(
    ("fill", "named"),
    [
        (_empty, "empty"),
        (_a_leaders_row, "limit"),
        (_off, r"market\.balance\[1\]"),
        (_a_followers_variable, r"market\.g\[1\]"),
        (_a_fixed_variable, r"price\[1\]"),
        (_no_row, r"market\.g\[1\]"),
        (_nothing, "other"),
        (_a_number, "other"),
        (_other_index, r"market\.balance has no index 3"),
        (_container_to_scalar, r"market\.sum"),
        (_no_own_variable, r"market\.outside"),
        (_no_bound, r"market\.loose"),
    ],
)
def test_an_entry_that_maps_nothing_is_refused(fill, named):
    m = indexed(fill)
    with pytest.raises(ModelError, match=f"multiplier_of: .*{named}"):
        add_kkt(read(m))


def test_a_range_has_one_multiplier_for_both_sides():
    """With its lower side active the multiplier is that of the lower side, with its upper side that of the upper."""
    for expression, price in ((lambda g: (5, g, 9), 2.0), (lambda g: (-9, -g, -5), -2.0)):
        m = market()
        m.f.balance.set_value(expression(m.f.g))
        assert bdr.solve(m, "sos1").point["price"] == pytest.approx(price)
