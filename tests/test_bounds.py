"""bounds: every M finite and true, or refused by name."""

import math

import numpy as np
import problems
import pyomo.environ as pyo
import pytest
from pyomo.mpec import Complementarity, complements
from pyomo.repn import generate_standard_repn

from bilevel_dr.arrays import quadratic_form
from bilevel_dr.bounds import Bound, audit, enlarged, row_name, side_bounds
from bilevel_dr.complementarity import Pair, take_pairs
from bilevel_dr.errors import ModelError
from bilevel_dr.followers import read
from bilevel_dr.solvers.highs import minimise
from bilevel_dr.working import Working


def bounds_of(instance, **given):
    working = Working(instance)
    return working, side_bounds(working.model, working.pairs, **given)


def by_name(instance, **given):
    """``{(row, "upper" or "lower"): (multiplier's Bound, slack's Bound)}``."""
    working, bounds = bounds_of(instance, **given)
    sides = ["upper" if "pair_upper" in pair.name else "lower" for pair in working.pairs]
    return {(row_name(pair), side): both for pair, side, both in zip(working.pairs, sides, bounds, strict=True)}


def lack(working, bounds, point, active=1e-5):
    """How far stationarity is from zero at best, with multipliers within the bounds, and the slacks beyond theirs.

    ``point`` has a value for every variable of the instance; a linear program looks for the multipliers.
    """
    for name, number in point.items():
        working.model.find_component(name).fix(number, skip_validation=True)
    blocks = list({id(pair.kkt): pair.kkt for pair in working.pairs}.values())
    multipliers = [v for kkt in blocks for var in (kkt.nu, kkt.mu_upper, kkt.mu_lower) for v in var.values()]
    column = {id(v): j for j, v in enumerate(multipliers)}
    n = len(column)
    lower, upper = np.full(n, -math.inf), np.full(n, math.inf)
    beyond = 0.0
    for pair, (left, right) in zip(working.pairs, bounds, strict=True):
        slack = pyo.value(pair.right)
        beyond = max(beyond, slack - right.value)
        lower[column[id(pair.left)]] = 0.0
        upper[column[id(pair.left)]] = left.value if slack <= active else 0.0
    rows = [row for kkt in blocks for row in kkt.component_data_objects(pyo.Constraint, active=True)]
    A, right_sides = np.zeros((len(rows), n)), []
    for i, row in enumerate(rows):
        form = generate_standard_repn(row.body)
        for a, v in zip(form.linear_coefs, form.linear_vars, strict=True):
            A[i, column[id(v)]] += a
        right_sides.append(pyo.value(row.upper) - form.constant)
    for name in point:
        working.model.find_component(name).unfix()
    m = len(rows)
    answer = minimise(
        np.append(np.zeros(n), np.ones(2 * m)), np.hstack([A, np.eye(m), -np.eye(m)]), right_sides, right_sides,
        np.append(lower, np.zeros(2 * m)), np.append(upper, np.full(2 * m, math.inf)),
    )
    assert answer.status == "optimal"
    return answer.value, beyond


# Khe 2025: closed forms ---------------------------------------------------------------------------------------------


def khe(b, a=0.02, baseline=100.0, on_peak=5.8, off_peak=2.6, reward=1.8):
    m = pyo.ConcreteModel()
    m.CONSUMERS = pyo.RangeSet(len(b))
    m.call = pyo.Var(m.CONSUMERS, bounds=(0, baseline))
    m.meets_target = pyo.Constraint(expr=sum(m.call.values()) == 0.5 * baseline * len(b))

    @m.Block(m.CONSUMERS)
    def consumer(follower, i):
        x = follower.shift = pyo.Var(within=pyo.NonNegativeReals)
        follower.within_call = pyo.Constraint(expr=x <= m.call[i])
        bill = on_peak * (baseline - x) + off_peak * x
        follower.cost = pyo.Objective(expr=bill + a * x**2 + b[i - 1] * x - reward * x)

    m.benefit = pyo.Objective(expr=sum(m.consumer[i].shift for i in m.CONSUMERS), sense=pyo.maximize)
    return m


def test_khe_multipliers_are_the_closed_forms():
    b = [0.5, 1.4, 5.0, 6.5]
    bounds = by_name(khe(b))
    D = 5.8 - 2.6 + 1.8
    for i, dislike in enumerate(b, start=1):
        upper, slack = bounds[f"consumer[{i}].within_call", "upper"]
        lower, shift = bounds[f"consumer[{i}].shift", "lower"]
        assert upper.value == pytest.approx(max(D - dislike, 0.0), abs=1e-9)
        assert lower.value == pytest.approx(max(dislike - D, 0.0), abs=1e-9)
        assert slack.value == 100.0 and shift.value <= 100.0
        assert upper.source == f"stationarity of consumer[{i}].shift"
        assert all(bound.proved for bound in (upper, slack, lower, shift))
    assert slack.source == "bounds of call[4], consumer[4].shift"


# Linear followers with multipliers known by hand --------------------------------------------------------------------


def market(price_of_leader=(0.0, 8.0), demand=(1.0, 9.0), read_price=False):
    """min x g1 + 5 g2 + 9 g3 over g1 + g2 + g3 = d, 0 ≤ g ≤ 4; the price is one of the three costs."""
    m = pyo.ConcreteModel()
    m.bid = pyo.Var(bounds=price_of_leader)
    m.d = pyo.Var(bounds=demand)
    m.market = pyo.Block()
    g = m.market.g = pyo.Var([1, 2, 3], bounds=(0, 4))
    m.market.balance = pyo.Constraint(expr=g[1] + g[2] + g[3] == m.d)
    m.market.cost = pyo.Objective(expr=m.bid * g[1] + 5 * g[2] + 9 * g[3])
    if read_price:
        m.price = pyo.Var(bounds=(None, 20))
        m.multiplier_of = pyo.Suffix()
        m.multiplier_of[m.price] = m.market.balance
        m.profit = pyo.Objective(expr=m.price * g[1] - m.d, sense=pyo.maximize)
    else:
        m.profit = pyo.Objective(expr=g[1] - m.d, sense=pyo.maximize)
    return m


def test_multipliers_of_a_market_are_differences_of_costs():
    bounds = by_name(market())
    rents = [bounds[f"market.g[{i}]", "upper"][0] for i in (1, 2, 3)]
    losses = [bounds[f"market.g[{i}]", "lower"][0] for i in (1, 2, 3)]
    assert [bound.value for bound in rents] == pytest.approx([9.0, 4.0, 0.0], abs=1e-9)
    assert [bound.value for bound in losses] == pytest.approx([3.0, 5.0, 9.0], abs=1e-9)
    assert rents[0].source == "vertices of the dual of market (3 of them)"


def test_a_leader_who_reads_the_price_restricts_the_choice_of_multipliers():
    """At d = 12 any price above 9 clears the market, and the leader may want it high: only its own bound helps."""
    free = by_name(market(demand=(1.0, 12.0)))
    read = by_name(market(demand=(1.0, 12.0), read_price=True))
    assert free["market.g[1]", "upper"][0].value == pytest.approx(9.0)
    assert read["market.g[1]", "upper"][0].value == pytest.approx(20.0)
    assert read["market.g[3]", "upper"][0].value == pytest.approx(11.0)


def test_a_read_price_without_a_bound_is_refused_and_named():
    m = market(demand=(1.0, 12.0), read_price=True)
    m.price.setub(None)
    rent = by_name(m)["market.g[2]", "upper"][0]
    assert math.isinf(rent.value) and not rent.proved
    assert "market.g[2]" in rent.source and "balance" in rent.source


def test_parallel_sides_share_one_multiplier():
    """0 ≤ y ≤ 3, y ≤ x, y ≤ 2 x: with x = 0 three sides bind; one multiplier is enough, and it is at most 4."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 5))
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(0, 3))
    m.f.first, m.f.second = pyo.Constraint(expr=m.f.y <= m.x), pyo.Constraint(expr=m.f.y <= 2 * m.x)
    m.f.cost = pyo.Objective(expr=4 * m.f.y, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=m.x)
    bounds = by_name(m)
    assert [bounds[name, "upper"][0].value for name in ("f.first", "f.second", "f.y")] == pytest.approx([4.0, 4.0, 4.0])
    assert bounds["f.y", "lower"][0].value == 0.0


def test_a_positive_multiplier_is_evaluated_at_its_bound():
    """min exp(y) − 2 y over 0 ≤ y ≤ 3: at 0 the slope is −1, at 3 it is e³ − 2."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(0, 3))
    m.f.cost = pyo.Objective(expr=pyo.exp(m.f.y) + (m.x - 2) * m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    bounds = by_name(m)
    assert bounds["f.y", "lower"][0].value == pytest.approx(0.0, abs=1e-6)
    assert bounds["f.y", "upper"][0].value == pytest.approx(0.0, abs=1e-6)
    m.f.cost.set_value(pyo.exp(m.f.y) + (4 * m.x - 2) * m.f.y)
    assert by_name(m)["f.y", "lower"][0].value == pytest.approx(3.0, abs=1e-6)  # −(−(1 + 4 − 2)) at y = 0


def test_a_slater_point_bounds_what_has_too_many_vertices():
    """30 variables, 8 dense rows a y ≤ x with x ≥ 1: y = 0 is strictly inside each of them."""
    random = np.random.default_rng(1)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(1, 2))
    m.f = pyo.Block()
    y = m.f.y = pyo.Var(range(30), bounds=(0, 1))
    a = random.uniform(0.5, 1.5, (8, 30))
    m.f.row = pyo.Constraint(range(8), rule=lambda _, i: sum(a[i, j] * y[j] for j in range(30)) <= m.x)
    m.f.cost = pyo.Objective(expr=sum(y.values()), sense=pyo.maximize)
    m.cost = pyo.Objective(expr=m.x)
    working, bounds = bounds_of(m)
    rows = [both[0] for pair, both in zip(working.pairs, bounds, strict=True) if row_name(pair).startswith("f.row")]
    assert {bound.source for bound in rows} == {"a Slater point of f"}
    assert all(2.0 <= bound.value <= 30.0 for bound in rows)


# Refusals ------------------------------------------------------------------------------------------------------------


def test_an_unbounded_leader_variable_in_the_price_is_refused_by_name():
    m = market()
    m.bid.setlb(None)
    rent, slack = by_name(m)["market.g[1]", "upper"]
    assert math.isinf(rent.value) and not rent.proved and "bid has no lower bound" in rent.source
    assert slack == Bound(4.0, "bounds of market.g[1]", True)


def test_an_unbounded_slack_is_refused_by_name():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(0, 1))
    m.f.row = pyo.Constraint(expr=m.f.y <= m.x)
    m.f.cost = pyo.Objective(expr=-m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    multiplier, slack = by_name(m)["f.row", "upper"]
    assert math.isinf(slack.value) and slack.source == "x has no upper bound"
    assert multiplier.value == 1.0


def test_multipliers_that_are_not_bounded_are_refused():
    """y x ≤ 1 with x down to 0: its slope vanishes, so its multiplier has no bound."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(0, None))
    m.f.row = pyo.Constraint(expr=m.x * m.f.y <= 1)
    m.f.cost = pyo.Objective(expr=-m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    multiplier = by_name(m)["f.row", "upper"][0]
    assert math.isinf(multiplier.value) and "its coefficient may vanish" in multiplier.source


@pytest.mark.parametrize("name", [name for name, problem in problems.PROBLEMS.items() if "bigm-trap" in problem.tags])
def test_big_m_traps(name):
    """Where M = 50 or 1000 would cut the optimum off or make it look worse, the derived one holds it."""
    problem = problems.PROBLEMS[name]
    working, bounds = bounds_of(problem.build())
    residual, beyond = lack(working, bounds, problem.point)
    assert residual < 1e-6 and beyond < 1e-6
    assert all(bound.proved or math.isinf(bound.value) for both in bounds for bound in both)


# Given by the user ---------------------------------------------------------------------------------------------------


def unbounded_price():
    m = market()
    m.bid.setub(None)
    return m


def test_a_number_serves_where_nothing_is_derived():
    plain, given = by_name(unbounded_price()), by_name(unbounded_price(), M_multiplier=70)
    for key, (multiplier, slack) in given.items():
        assert slack == plain[key][1]
        assert multiplier == (Bound(70.0, "given", False) if math.isinf(plain[key][0].value) else plain[key][0])
    assert any(math.isinf(multiplier.value) for multiplier, _ in plain.values())


def test_a_mapping_by_row_name_wins_where_it_is_smaller():
    m = market()
    bounds = by_name(m, M_multiplier={"market.g[1]": 2.5, "market.g[2]": 1e4}, M_slack={"market.g[3]": 1})
    assert bounds["market.g[1]", "upper"][0] == Bound(2.5, "given", False)
    assert bounds["market.g[2]", "upper"][0].proved
    assert bounds["market.g[3]", "lower"][1] == Bound(1.0, "given", False)
    by_component = by_name(m, M_multiplier=pyo.ComponentMap([(m.market.g[1], 2.5)]))
    assert by_component["market.g[1]", "upper"] == bounds["market.g[1]", "upper"]


@pytest.mark.parametrize("number", [-1, math.nan, math.inf])
@pytest.mark.parametrize("argument", ["M_slack", "M_multiplier"])
def test_a_given_m_that_is_no_m_is_refused(argument, number):
    with pytest.raises(ModelError, match=argument):
        by_name(market(), **{argument: number})
    with pytest.raises(ModelError, match=r"market\.g\[1\]"):
        by_name(market(), **{argument: {"market.g[1]": number}})


def test_a_given_name_that_is_no_row_is_refused_with_the_nearest_one():
    with pytest.raises(ModelError, match=r"'market\.g\[4\]'; did you mean 'market\.g\[.\]'"):
        by_name(market(), M_multiplier={"market.g[4]": 1})


def test_audit_names_what_an_unproved_m_holds_back():
    working, bounds = bounds_of(unbounded_price(), M_multiplier=70)
    rows = [row_name(pair) for pair in working.pairs]
    unproved = [i for i, (multiplier, _) in enumerate(bounds) if not multiplier.proved]
    values = np.zeros((len(rows), 2))
    assert audit(working.pairs, bounds, values) == []
    values[:, 0] = [multiplier.value for multiplier, _ in bounds]
    assert audit(working.pairs, bounds, values) == [f"multiplier of {working.pairs[i].name}" for i in unproved]
    values[unproved, 0] = 69.9
    assert audit(working.pairs, bounds, values) == []
    assert audit(working.pairs, enlarged(bounds), np.array([[b.value, s.value] for b, s in bounds])) == []
    for pair in working.pairs:
        pair.left.set_value(70.0)
    working.model.bid.set_value(1.0)
    for variable in working.model.market.g.values():
        variable.set_value(1.0)
    assert len(audit(working.pairs, bounds)) == len(unproved)


# Other things it must leave or take as they are ----------------------------------------------------------------------


def test_nothing_on_the_model_is_changed():
    working = Working(khe([0.5, 6.5]))
    before = {v.name: (v.bounds, v.value, v.fixed) for v in working.model.component_data_objects(pyo.Var)}
    side_bounds(working.model, working.pairs)
    assert {v.name: (v.bounds, v.value, v.fixed) for v in working.model.component_data_objects(pyo.Var)} == before


def test_a_changed_param_changes_m():
    """Trap 8: an M derived before a Param changes would be stale."""
    m = pyo.ConcreteModel()
    m.scale = pyo.Param(initialize=1.0, mutable=True)
    m.x = pyo.Var(bounds=(0, 1))
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(0, 1))
    m.f.cost = pyo.Objective(expr=-m.scale * (1 + m.x) * m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    working = Working(m)
    first = side_bounds(working.model, working.pairs)[0][0].value
    working.model.scale.set_value(50.0)
    assert side_bounds(working.model, working.pairs)[0][0].value == pytest.approx(50 * first) == pytest.approx(100.0)


def test_a_users_complementarity_is_bounded_by_intervals():
    m = pyo.ConcreteModel()
    m.x, m.y, m.z = pyo.Var(bounds=(0, 3)), pyo.Var(bounds=(0, 4)), pyo.Var(bounds=(0, None))
    m.c = Complementarity(expr=complements(m.x >= 0, 2 * m.x + m.y - 1 >= 0))
    m.e = Complementarity(expr=complements(m.z >= 0, m.y >= 0))
    pairs = take_pairs(m)
    (left, right), (unbounded, _) = side_bounds(m, pairs)
    assert (left.value, right.value) == (3.0, 9.0) and left.proved
    assert math.isinf(unbounded.value) and unbounded.source == "z has no upper bound"


def test_a_pair_of_the_user_that_holds_a_multiplier_reads_it():
    working = Working(market(demand=(1.0, 12.0)))
    nu = working.model.market.kkt.nu["balance"]
    other = Pair("mine", working.model.bid, nu + 100)
    rent = side_bounds(working.model, [*working.pairs, other])[0][0]
    assert math.isinf(rent.value)


def test_consumers_are_bounded_without_any_linear_program(monkeypatch):
    from bilevel_dr.bounds import relaxation

    def fail(*arguments, **options):
        raise AssertionError("a linear program for what one row tells")

    monkeypatch.setattr(relaxation, "minimise", fail)
    working, bounds = bounds_of(khe(list(np.linspace(0.1, 7, 100))))
    assert all(bound.proved for both in bounds for bound in both)


# Truth ---------------------------------------------------------------------------------------------------------------


def random_program(seed):
    """A linear or convex quadratic follower with small integer data, so that ties and dependent rows are frequent."""
    random = np.random.default_rng(seed)
    n = random.integers(1, 5)
    m = pyo.ConcreteModel()
    x = m.x = pyo.Var(range(2), bounds=(0, int(random.integers(1, 6))))
    f = m.f = pyo.Block()
    high = [None if random.random() < 0.3 else int(random.integers(1, 8)) for _ in range(n)]
    low = [None if random.random() < 0.15 else 0 for _ in range(n)]
    y = f.y = pyo.Var(range(n), bounds=lambda _, j: (low[j], high[j]))
    inside = random.integers(0, 2, n)
    f.row = pyo.ConstraintList()
    for kind in ["upper", "range", "equal"][: random.integers(1, 4)] * random.integers(1, 3):
        a, b = random.integers(-2, 3, n), random.integers(-1, 2, 2)
        a[0] += not a.any()
        body = sum(int(a[j]) * y[j] for j in range(n)) - sum(int(b[k]) * x[k] for k in range(2))
        at = int(a @ inside)
        bounds = {"upper": (None, at + 1), "range": (at - 3, at + 1), "equal": (at, at)}[kind]
        f.row.add((bounds[0], body, bounds[1]))
    D, c, L = random.integers(-2, 3, (n, 2)), random.integers(-4, 5, n), random.integers(-1, 2, (n, n))
    cost = sum((int(c[j]) + sum(int(D[j, k]) * x[k] for k in range(2))) * y[j] for j in range(n))
    if seed % 2:
        cost += 0.5 * sum(int((L @ L.T)[i, j]) * y[i] * y[j] for i in range(n) for j in range(n))
    f.cost = pyo.Objective(expr=cost) if seed % 3 else pyo.Objective(expr=-cost, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=sum(x.values()) + sum(y.values()))
    return m


@pytest.mark.parametrize("seed", range(40))
def test_every_best_response_has_multipliers_within_all_bounds_at_once(seed):
    instance = random_program(seed)
    working, bounds = bounds_of(instance)
    follower = read(instance).followers[0]
    corners = [(i, j) for i in (0, 1) for j in (0, 1)]
    for at in [*corners, *np.random.default_rng(seed).random((4, 2))]:
        for variable, share in zip(instance.x.values(), at, strict=True):
            variable.fix(share * variable.ub)
        objective = follower.objective.expr
        answer = quadratic_form(objective, follower.sign, follower.constraints, follower.variables).minimise()
        point = {v.name: v.value for v in instance.x.values()}
        instance.x.unfix()
        if answer.status == "optimal":
            point |= {v.name: number for v, number in zip(follower.variables, answer.x, strict=True)}
            residual, beyond = lack(working, bounds, point)
            assert residual < 1e-4 and beyond < 1e-5


@pytest.mark.parametrize("demand", [0.0, 4.0, 6.0, 12.0])
@pytest.mark.parametrize("bid", [0.0, 5.0, 8.0])
def test_whatever_price_the_leader_reads_the_other_multipliers_fit_within_their_bounds(bid, demand):
    """At 0, 4 and 12 many prices clear the market, far from all vertices; the leader may choose any of them."""
    instance = market(demand=(0.0, 12.0), read_price=True)
    instance.price.setlb(-20)
    working, bounds = bounds_of(instance)
    assert all(left.proved for left, _ in bounds)
    free = [(Bound(math.inf, "", False), Bound(math.inf, "", False))] * len(bounds)
    order = sorted([(bid, 1), (5.0, 2), (9.0, 3)])
    point = {"bid": bid, "d": demand}
    point |= {f"market.g[{i}]": min(max(demand - 4.0 * rank, 0.0), 4.0) for rank, (_, i) in enumerate(order)}
    cleared = 0
    for price in np.arange(-20.0, 21.0):
        point["price"] = price
        if lack(working, free, point)[0] < 1e-7:
            cleared += 1
            assert lack(working, bounds, point)[0] < 1e-7
    assert cleared >= 1


def test_the_random_bounds_are_mostly_finite():
    sides = [left for seed in range(0, 60, 3) for left, _ in bounds_of(random_program(seed))[1]]
    assert np.mean([math.isfinite(left.value) for left in sides]) > 0.9


@pytest.mark.parametrize(
    "name",
    [n for n, p in problems.PROBLEMS.items() if p.termination == "optimal" and p.exact and p.convex and p.point],
)
def test_published_optima_have_multipliers_within_all_bounds(name):
    problem = problems.PROBLEMS[name]
    working, bounds = bounds_of(problem.build())
    if working.pairs:
        free = [(Bound(math.inf, "", False), Bound(math.inf, "", False))] * len(bounds)
        least, _ = lack(working, free, problem.point, active=1e-3)  # published points are rounded
        residual, beyond = lack(working, bounds, problem.point, active=1e-3)
        assert residual < least + 1e-3 and beyond < 3e-3
