"""Every form a ``pyomo.mpec`` complementarity may take, against the definition of what it means."""

from __future__ import annotations

import itertools
import math

import pyomo.environ as pyo
import pytest
from pyomo.mpec import Complementarity, ComplementarityList, complements

from bilevel_dr import ModelError
from bilevel_dr.complementarity import take_pairs

GRID = list(itertools.product([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0], repeat=2))


def one_sided(low, high):
    """0 ≤ left ⟂ right ≥ 0."""
    return lambda x, y: low(x, y) >= 0 and high(x, y) >= 0 and min(low(x, y), high(x, y)) == 0


def double(low, body, high, other):
    """low ≤ body ≤ high ⟂ other: the other is ≥ 0 at the lower end, ≤ 0 at the upper, zero between."""

    def holds(x, y):
        b, f = body(x, y), other(x, y)
        return low <= b <= high and (f >= 0 if b == low < high else f <= 0 if b == high > low else f == 0 if low < high else True)

    return holds


def X(x, y):
    return x


def Y(x, y):
    return y


FORMS = {
    "x >= 0, y >= 0": (lambda m: complements(m.x >= 0, m.y >= 0), one_sided(X, Y)),
    "0 <= x, 0 <= y": (lambda m: complements(0 <= m.x, 0 <= m.y), one_sided(X, Y)),
    "x <= 3, y >= 0": (lambda m: complements(m.x <= 3, m.y >= 0), one_sided(lambda x, y: 3 - x, Y)),
    "x >= 1, y <= 2": (lambda m: complements(m.x >= 1, m.y <= 2), one_sided(lambda x, y: x - 1, lambda x, y: 2 - y)),
    "3 >= x, p <= y": (lambda m: complements(3 >= m.x, m.p <= m.y), one_sided(lambda x, y: 3 - x, lambda x, y: y - 2)),
    "x <= y, y >= 0": (lambda m: complements(m.x <= m.y, m.y >= 0), one_sided(lambda x, y: y - x, Y)),
    "x >= y, x + y <= 3": (lambda m: complements(m.x >= m.y, m.x + m.y <= 3), one_sided(lambda x, y: x - y, lambda x, y: 3 - x - y)),
    "x**2 >= 1, y >= 0": (lambda m: complements(m.x**2 >= 1, m.y >= 0), one_sided(lambda x, y: x * x - 1, Y)),
    "x > 0, y > 0": (lambda m: complements(m.x > 0, m.y > 0), one_sided(X, Y)),
    "0 <= x <= 2, y": (lambda m: complements(pyo.inequality(0, m.x, 2), m.y), double(0, X, 2, Y)),
    "y, 0 <= x <= p": (lambda m: complements(m.y, pyo.inequality(0, m.x, m.p)), double(0, X, 2, Y)),
    "x - y, -1 <= x + y <= 3": (
        lambda m: complements(m.x - m.y, pyo.inequality(-1, m.x + m.y, 3)),
        double(-1, lambda x, y: x + y, 3, lambda x, y: x - y),
    ),
    "p <= x <= 2 (one value), y": (lambda m: complements(pyo.inequality(m.p, m.x, 2), m.y), double(2, X, 2, Y)),
    "0 <= x <= inf, y >= 0": (lambda m: complements(pyo.inequality(0, m.x, math.inf), m.y >= 0), one_sided(X, Y)),
    "-inf <= x <= q, q being inf, and 0 <= x; y": (lambda m: complements(pyo.inequality(0, m.x, m.q), m.y >= 0), one_sided(X, Y)),
    "x == 3, y": (lambda m: complements(m.x == 3, m.y), lambda x, y: x == 3),
    "y, x == 3": (lambda m: complements(m.y, m.x == 3), lambda x, y: x == 3),
    "x == 3, y >= 0": (lambda m: complements(m.x == 3, m.y >= 0), lambda x, y: x == 3 and y >= 0),
    "x**2 == y, y <= 1": (lambda m: complements(m.x**2 == m.y, m.y <= 1), lambda x, y: x * x == y and y <= 1),
    "x == 3, y == 2": (lambda m: complements(m.x == 3, m.y == 2), lambda x, y: x == 3 and y == 2),
    "x == p, 0 <= y <= 1": (lambda m: complements(m.x == m.p, pyo.inequality(0, m.y, 1)), lambda x, y: x == 2 and 0 <= y <= 1),
}


def plane():
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(), pyo.Var()
    m.p = pyo.Param(initialize=2.0, mutable=True)
    m.q = pyo.Param(initialize=math.inf, mutable=True, within=pyo.Any)
    return m


def meets(m, pairs):
    """Whether the model's values satisfy its rows and pairs, the split variables being set as their row asks."""
    for split in m.mpec.split.values() if m.component("mpec") is not None else ():
        if split.component("parts") is not None:
            body = split.parts.body
            split.positive.set_value(0)
            split.negative.set_value(0)
            rest = pyo.value(body) - pyo.value(split.parts.upper)
            split.positive.set_value(max(rest, 0))
            split.negative.set_value(max(-rest, 0))
    for row in m.component_data_objects(pyo.Constraint, active=True, descend_into=True):
        body = pyo.value(row.body)
        if (row.lb is not None and body < row.lb - 1e-12) or (row.ub is not None and body > row.ub + 1e-12):
            return False
    return all(pyo.value(p.left) >= 0 and pyo.value(p.right) >= 0 and p.residual() == 0 for p in pairs)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_means_what_its_definition_says(form):
    build, holds = FORMS[form]
    m = plane()
    m.c = Complementarity(expr=build(m))
    pairs = take_pairs(m)
    assert not m.c.active
    right = 0
    for x, y in GRID:
        m.x.set_value(x)
        m.y.set_value(y)
        assert meets(m, pairs) == holds(x, y), (x, y)
        right += holds(x, y)
    assert 0 < right < len(GRID)


def test_fixed_variables_stay_in_their_sides():
    """Trap: ``mpec.simple_nonlinear`` raises TypeError when the second side's variable is fixed."""
    m = plane()
    m.y.fix(2)
    m.c = Complementarity(expr=complements(m.x >= 0, m.y >= 0))
    pairs = take_pairs(m)
    m.x.set_value(0)
    assert meets(m, pairs)
    m.x.set_value(1)
    assert not meets(m, pairs)


def test_mutable_bounds_stay_mutable():
    m = plane()
    m.c = Complementarity(expr=complements(pyo.inequality(0, m.x, m.p), m.y))
    pairs = take_pairs(m)
    m.x.set_value(3)
    m.y.set_value(-1)
    assert not meets(m, pairs)
    m.p = 3
    assert meets(m, pairs)


def test_containers_lists_blocks_and_what_is_switched_off():
    m = plane()
    m.z = pyo.Var(("a", 1, "b,c"))
    m.c = Complementarity(("a", 1, "b,c"), rule=lambda m, i: Complementarity.Skip if i == 1 else complements(m.z[i] >= 0, m.x >= 0))
    m.part = pyo.Block((1, 2))
    m.part[1].all = ComplementarityList(rule=(complements(v >= 0, m.y >= 0) for v in (m.z["a"], m.z[1])))
    m.part[2].one = Complementarity(expr=(m.x >= 0, m.y >= 0))
    m.off = pyo.Block()
    m.off.c = Complementarity(expr=complements(m.x >= 0, m.y <= 0))
    m.off.deactivate()
    m.c["b,c"].deactivate()
    names = [pair.name for pair in take_pairs(m)]
    assert sorted(names) == ["c[a]", "part[1].all[1]", "part[1].all[2]", "part[2].one"]
    assert take_pairs(m) == []


@pytest.mark.parametrize(
    ("sides", "count"),
    [
        (lambda m: complements(m.x, m.y), 0),
        (lambda m: complements(m.x >= 0, m.y), 1),
        (lambda m: complements(pyo.inequality(0, m.x, math.inf), m.y), 1),
        (lambda m: complements(m.x <= m.q, m.y >= 0), 1),
        (lambda m: complements(pyo.inequality(0, m.x, 1), m.y >= 0), 3),
        (lambda m: complements(pyo.inequality(0, m.x, 1), pyo.inequality(0, m.y, 1)), 4),
    ],
)
def test_other_counts_of_bounds_are_refused_by_name(sides, count):
    m = plane()
    m.c = Complementarity((7,), rule=lambda m, i: sides(m))
    with pytest.raises(ModelError, match=rf"c\[7\]: {count} finite bounds"):
        take_pairs(m)


def test_a_component_in_the_place_of_ours_is_refused():
    m = plane()
    m.mpec = pyo.Var()
    m.c = Complementarity(expr=complements(m.x == 1, m.mpec))
    with pytest.raises(ModelError, match="mpec"):
        take_pairs(m)
