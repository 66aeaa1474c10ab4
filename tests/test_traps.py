"""Fourteen ways in which a stack of Pyomo and solvers answers wrong without a word, and what happens here instead."""

from __future__ import annotations

import math
import re
import stat
import sys
import textwrap

import pyomo.environ as pyo
import pytest
from builders import market, tracking
from pyomo.mpec import Complementarity, complements

from bilevel_dr import ModelError, solve, verify
from bilevel_dr.errors import BilevelError, SolverFailed
from bilevel_dr.solvers.nl import Nlp, solve_scip


def chain(m, *names):
    for name in names:
        pyo.TransformationFactory(name).apply_to(m)
    return m


def plane(relation, goal):
    m = pyo.ConcreteModel("plane")
    m.x = pyo.Var(bounds=(0, 10))
    m.y = pyo.Var(bounds=(0, 10))
    m.pair = Complementarity(expr=relation(m))
    m.goal = pyo.Objective(expr=goal(m))
    return m


def test_1_a_complementarity_is_never_dropped():
    """Direct solver interfaces ignore it and return x = y = 1; here it is transformed, or the model is refused."""
    m = plane(lambda m: complements(m.x >= 0, m.y >= 0), lambda m: (m.x - 1) ** 2 + (m.y - 1) ** 2)
    for attempt in (lambda: Nlp(m).solve(), lambda: solve_scip(m)):
        with pytest.raises(ModelError, match="Complementarity"):
            attempt()
    leader = tracking()
    leader.pair = Complementarity(expr=complements(leader.x >= 0, leader.f.y >= 1))
    assert solve(leader).leader_objective == pytest.approx(5)  # x = 2.5, y = 2.5 is not complementary; x = y = 1 is
    assert not verify(leader, {"x": 2.5, "f.y": 2.5}).passed
    kkt = chain(tracking(), "bilevel_dr.kkt")  # forgotten reformulation
    with pytest.raises(ModelError, match="Complementarity"):
        solve_scip(kkt)


def test_2_an_equality_in_a_complementarity_stays_one():
    m = plane(lambda m: complements(m.x == 3, m.y >= 0), lambda m: m.x + m.y)
    pyomos = chain(plane(lambda m: complements(m.x == 3, m.y >= 0), lambda m: -2 * m.x - m.y), "mpec.simple_disjunction", "gdp.bigm")
    solve_scip(pyomos).load()
    assert pyomos.x.value != pytest.approx(3)  # the trap, still there
    for name in ("sos1", "indicator", "scholtes", "strong_duality"):
        ours = chain(plane(lambda m: complements(m.x == 3, m.y >= 0), lambda m: -2 * m.x - m.y), f"bilevel_dr.{name}")
        solve_scip(ours).load()
        assert ours.x.value == pytest.approx(3, abs=1e-6) and ours.y.value == pytest.approx(10, abs=1e-5)
    assert m.x.bounds == (0, 10)


def test_3_bounds_are_not_touched():
    for relation in (lambda m: complements(pyo.inequality(0, m.x, 3), m.y - 2), lambda m: complements(m.x <= 3, m.y >= 0)):
        for name in ("sos1", "indicator", "scholtes", "product", "fischer_burmeister", "penalty", "strong_duality"):
            m = chain(plane(relation, lambda m: -m.x), f"bilevel_dr.{name}")
            assert m.x.bounds == (0, 10) and m.y.bounds == (0, 10)
    double = chain(plane(lambda m: complements(pyo.inequality(0, m.x, 3), m.y - 2), lambda m: -m.x + m.y), "bilevel_dr.sos1")
    solve_scip(double).load()
    assert (double.x.value, double.y.value) == pytest.approx((3, 0), abs=1e-5)  # at x = 3 any y ≤ 2 holds


@pytest.mark.parametrize("reformulation", ["auto", "scholtes", "product", "fischer_burmeister", "penalty"])
def test_4_infeasible_is_not_ok(reformulation):
    m = tracking()
    m.row = pyo.Constraint(expr=m.x == m.f.y + 1)
    solution = solve(m, reformulation, starts=2)
    assert solution.claim == "none" and solution.termination in ("infeasible", "failed", "limit")


def test_5_epsilon_is_ours_and_applied_once():
    m = chain(plane(lambda m: complements(m.x >= 0, m.y >= 0), lambda m: -m.x - m.y), "bilevel_dr.scholtes")
    epsilon = m.mpec.scholtes.epsilon
    with pytest.raises(ModelError, match="mpec.scholtes"):
        chain(m, "bilevel_dr.scholtes")
    assert m.mpec.scholtes.epsilon is epsilon
    epsilon.fix(25.0)
    Nlp(m).solve().load()
    assert m.x.value * m.y.value == pytest.approx(25, rel=1e-4)


def test_5_one_start_that_stops_at_a_wrong_point_is_not_the_answer():
    """From (0, 0) on, every local method may stay on the wrong branch: here several starts look and the best is kept."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10), initialize=0)
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(0, 10), initialize=0)
    m.f.cost = pyo.Objective(expr=0.5 * m.f.y**2 + (2 - m.x) * m.f.y)  # y = max(x − 2, 0)
    m.goal = pyo.Objective(expr=0.1 * (m.x - 1) ** 2 + (m.f.y - 6) ** 2)
    exact = min(0.1 * (x / 1000 - 1) ** 2 + (max(x / 1000 - 2, 0) - 6) ** 2 for x in range(10_001))
    assert solve(m, "scholtes").leader_objective == pytest.approx(exact, abs=1e-5)


def test_6_bounds_of_variables_have_multipliers():
    """``core.lp_dual`` forgets them; here they price the follower that sits at its bound."""
    m = market()
    m.f.g.setlb(7)  # beyond the demand of 5: the balance is slack and costs nothing
    assert solve(m).point["price"] == pytest.approx(0, abs=1e-7)


def test_7_who_decides_is_declared_and_data_stay_mutable():
    """``core.kkt`` takes a leader's variable for the follower's, accepts integer and concave followers, freezes Params."""
    kkt = chain(tracking(), "bilevel_dr.kkt")
    assert list(kkt.f.kkt.stationarity) == ["y"]
    integer, concave = tracking(), tracking()
    integer.f.y.domain = pyo.Integers
    concave.f.miss.sense = pyo.maximize
    for m, word in ((integer, "integer"), (concave, "not convex")):
        with pytest.raises(ModelError, match=word):
            solve(m)
    m = tracking()
    m.cap = pyo.Param(initialize=1.0, mutable=True)
    m.f.y.setub(m.cap)
    chain(m, "bilevel_dr.kkt", "bilevel_dr.sos1")
    for cap in (1.0, 2.0):
        m.cap = cap
        m.x.fix(8)
        solve_scip(m).load()
        assert m.f.y.value == pytest.approx(cap, abs=1e-6)


def test_8_no_stale_M():
    """A Param that changes between two solves changes every M: nothing is kept from the first."""
    m = pyo.ConcreteModel()
    m.worth = pyo.Param(initialize=1.0, mutable=True)
    m.x = pyo.Var(bounds=(0, 100))
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(0, 50))
    m.f.cost = pyo.Objective(expr=m.worth * m.f.y)
    m.f.row = pyo.Constraint(expr=m.f.y >= m.x - 60)
    m.goal = pyo.Objective(expr=(m.x - 70) ** 2 + m.f.y)
    for worth in (1.0, 500.0, 1e-3):
        m.worth = worth
        for reformulation in ("big_m", "mixed"):
            solution = solve(m, reformulation)
            assert solution.leader_objective == pytest.approx(9.75, abs=1e-5) and solution.claim == "global", worth
    m.worth = -1.0  # now the follower wants all it can get
    assert solve(m, "big_m").point == pytest.approx({"x": 70, "f.y": 50}, abs=1e-5)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["leader", "leader's row", "follower", "follower's row", "bound"])
def test_9_numbers_that_are_not_finite_are_refused(place, number):
    m = tracking()
    m.p = pyo.Param(initialize=number, mutable=True, within=pyo.Any)
    if place == "leader":
        m.cost.set_value(m.p * m.x)
    elif place == "leader's row":
        m.row = pyo.Constraint(expr=m.p * m.x <= 1)
    elif place == "follower":
        m.f.miss.set_value((m.f.y - m.x) ** 2 + m.p * m.f.y)
    elif place == "follower's row":
        m.f.row = pyo.Constraint(expr=m.p * m.f.y + m.x <= 1)
    else:
        m.f.y.setlb(m.p)
        if number == -math.inf:
            m.f.y.setub(m.p)
    for ask in (lambda: solve(m), lambda: solve(m, "big_m"), lambda: verify(m, {"x": 1, "f.y": 1})):
        with pytest.raises(ModelError, match=r"finite|bound"):
            ask()


def test_9_also_where_no_follower_is_involved():
    m = plane(lambda m: complements(m.x * math.nan >= 0, m.y >= 0), lambda m: m.x)
    for name in ("sos1", "scholtes"):
        with pytest.raises(BilevelError, match=r"finite|nan"):
            solve_scip(chain(m.clone(), f"bilevel_dr.{name}"))


LIAR = """
    #!{python}
    import sys
    rows, columns = 0, 0
    with open(sys.argv[1].removesuffix(".nl") + ".nl") as stream:
        lines = stream.read().splitlines()
    columns, rows = (int(word) for word in lines[1].split()[:2])
    values = {values}
    with open(sys.argv[1].removesuffix(".nl") + ".sol", "w") as stream:
        print("liar: Optimal Solution Found", "", "Options", 3, 1, 1, 0, rows, 0, columns, columns, sep="\\n", file=stream)
        print(*values(columns), "objno 0 0", sep="\\n", file=stream)
"""


@pytest.mark.parametrize(
    "values", ["lambda n: ['nan'] * n", "lambda n: [1e9] * n", "lambda n: [-5.0] * n", "lambda n: [0.0] * n", "lambda n: ['inf'] * n"]
)
def test_10_a_solver_that_lies_is_not_believed(tmp_path, values):
    """It says "Optimal Solution Found" whatever it is given; only the certificate can tell."""
    program = tmp_path / "ipopt"
    program.write_text(textwrap.dedent(LIAR).strip().format(python=sys.executable, values=values) + "\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    try:
        solution = solve(tracking(), "product", solver=str(program), starts=1)
    except SolverFailed as error:  # no number at all
        assert re.search(r"= (nan|inf)$", str(error))
        return
    assert solution.claim == "none" or solution.leader_objective == pytest.approx(2.75, abs=1e-5)
    assert solution.termination != "optimal" or solution.certificate.passed


@pytest.mark.parametrize("M", [50.0, 1e5, 1e6, 1e9])
def test_11_no_default_M_and_a_given_one_is_doubted(M):
    """The multiplier is 2000 and the slack up to 1e4: M = 50 cuts the optimum off; 1e9 lets a solver cheat by its tolerance."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10_000))
    m.f = pyo.Block()
    m.f.y = pyo.Var()
    m.f.cost = pyo.Objective(expr=2000 * m.f.y)
    m.f.row = pyo.Constraint(expr=m.f.y >= m.x - 60)
    m.f.floor = pyo.Constraint(expr=m.f.y >= 0)
    m.goal = pyo.Objective(expr=-m.x + 2 * m.f.y)  # best at the kink x = 60
    solution = solve(m, "big_m", M_slack=M, M_multiplier=M)
    assert solution.claim == "none" or solution.leader_objective == pytest.approx(-60, rel=1e-5)
    assert solution.termination != "infeasible"
    free = tracking(bounds=(None, None))
    free.f.y.setub(None)
    with pytest.raises(ModelError, match="no finite M for its .*sos1"):
        solve(free, "big_m")


def price_maker():
    """max price × quantity, where the price clears a market against rivals of growing cost; 20000 at quantity 20."""
    m = pyo.ConcreteModel()
    m.bid, m.price = pyo.Var(bounds=(0, 100)), pyo.Var(within=pyo.NonNegativeReals)
    b = m.market = pyo.Block()
    g = b.g = pyo.Var((1, 2, 3, 4), within=pyo.NonNegativeReals)
    b.cost = pyo.Objective(expr=50 * g[2] + 100 * g[3] + 1000 * g[4])
    b.balance = pyo.Constraint(expr=g[1] + g[2] + g[3] + g[4] == 100)
    b.offer = pyo.Constraint(expr=g[1] <= m.bid)
    b.limit = pyo.Constraint((2, 3, 4), rule=lambda b, i: g[i] <= {2: 40, 3: 40, 4: 100}[i])
    m.multiplier_of = pyo.Suffix(initialize=[(m.price, b.balance)])
    m.profit = pyo.Objective(expr=m.price * g[1], sense=pyo.maximize)
    return m


@pytest.mark.parametrize("seed", range(3))
def test_12_the_continuation_finds_what_one_solve_misses(seed):
    solution = solve(price_maker(), "scholtes", starts=4, seed=seed)
    assert solution.claim in ("local", "stationary") and solution.leader_objective == pytest.approx(20_000, rel=1e-5)


def test_12_and_the_global_route_proves_it():
    solution = solve(price_maker())
    assert solution.leader_objective == pytest.approx(20_000, rel=1e-5) and solution.claim == "global"


def test_13_sets_reach_only_solvers_that_keep_them():
    for solver in ("highs", "casadi-ipopt", "uno"):
        with pytest.raises(ModelError, match="SOS1|sets"):
            solve(tracking(), "sos1", solver=solver)
    m = tracking()
    m.s = pyo.Var((1, 2), bounds=(0, 1))
    m.set = pyo.SOSConstraint(var=m.s, sos=1)
    with pytest.raises(ModelError, match="set"):
        solve(m, "scholtes")


def test_14_kkt_points_of_a_nonconvex_follower_are_not_answers():
    """max y² over [−1, 2]: y = 0 and y = −1 solve the KKT system, and the leader would like them better than y = 2."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = pyo.Block()
    m.f.y = pyo.Var(bounds=(-1, 2))
    m.f.gain = pyo.Objective(expr=m.f.y**2 + 0 * m.x, sense=pyo.maximize)
    m.goal = pyo.Objective(expr=(m.f.y + 1) ** 2 + m.x)
    with pytest.raises(ModelError, match="f: not convex"):
        solve(m)
    for y in (-1, 0):
        assert not verify(m, {"x": 0, "f.y": y}).passed
    assert verify(m, {"x": 0, "f.y": 2}).passed


def test_scip_branching_on_whole_sets_loses_an_optimum_of_nonlinear_rows():
    """Seen on SCIP 10: "optimal" 2.787 with a closed gap, where x = 5 gives 2.222; branching on neighbours finds it."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 5))
    m.f = pyo.Block()
    m.f.y = y = pyo.Var(bounds=(0, 4))
    m.f.row = pyo.Constraint(expr=-2 * m.x - y <= 7)
    m.f.cost = pyo.Objective(expr=-2 * pyo.log(y + 2) + (y - 2) ** 4 + 3 * m.x * y - 3 * y)
    m.goal = pyo.Objective(expr=-2 * m.x + y + (y - 4) ** 2)
    solution = solve(m, "sos1", "scip")
    assert solution.claim == "global" and solution.leader_objective == pytest.approx(2.2216925, abs=1e-5)
