"""What a domain holds, as data mean it."""

from __future__ import annotations

from math import inf, nan

import pyomo.environ as pyo
import pytest

from bilevel_dr.datafile import domains

UP_TO_INFINITY = pyo.NonNegativeReals | {inf}
NAMED = pyo.Set(initialize=["north", "south"], name="BUSES")
NAMED.construct()


@pytest.mark.parametrize("domain", [pyo.Reals, pyo.NonNegativeReals, pyo.PositiveReals, pyo.NegativeReals])
def test_pyomo_counts_infinity_into_its_domains_and_we_do_not(domain):
    assert inf in domain or -inf in domain
    assert not domains.holds_infinity(domain) and not domains.holds_infinity(domain, -inf)
    assert domains.objection(domain, inf).startswith("infinity is not in ")
    assert domains.as_infinity(domain, "inf") == "inf"


def test_a_domain_that_names_infinity_has_it():
    assert domains.holds_infinity(UP_TO_INFINITY) and not domains.holds_infinity(UP_TO_INFINITY, -inf)
    assert domains.objection(UP_TO_INFINITY, inf) is domains.objection(UP_TO_INFINITY, 3) is None
    assert [domains.as_infinity(UP_TO_INFINITY, word) for word in ("inf", "Infinity", "+INF")] == [inf] * 3
    assert all(domains.as_infinity(UP_TO_INFINITY, word) == word for word in ("-inf", "infinite", "x"))
    assert domains.objection(pyo.Any, inf) is None
    assert domains.as_infinity(pyo.Any, "inf") == "inf"  # there it may be a name


@pytest.mark.parametrize("domain", [pyo.Reals, pyo.Integers, pyo.Binary, UP_TO_INFINITY, NAMED])
def test_nan_is_in_no_domain(domain):
    assert domains.objection(domain, nan) == domains.objection(domain, "NaN") == "NaN is no number: give a value"


def test_nan_is_a_name_where_any_text_is():
    assert domains.objection(pyo.Any, "nan") is None
    assert domains.objection(pyo.Any, nan) == "NaN is no number: give a value"


@pytest.mark.parametrize(
    ("domain", "value", "message"),
    [
        (pyo.NonNegativeReals, 0, None),
        (pyo.Any, "x", None),
        (NAMED, "north", None),
        (pyo.NonNegativeReals, -1, "not in NonNegativeReals"),
        (pyo.Binary, 0.5, "not in Binary; it holds 0, 1"),
        (pyo.Reals, "x", "text where a number of Reals belongs"),
        (pyo.Reals, "3", "text where a number of Reals belongs: no quotes, and a blank behind the number"),
        (pyo.Reals, "1D5", "a Fortran exponent: write 1e5"),
        (pyo.Reals, "-1.5d-3", "a Fortran exponent: write -1.5e-3"),
        (pyo.Reals, "-inf", "infinity is not in Reals; a model allows it by within=Reals | {float('inf')}"),
        (UP_TO_INFINITY, "-inf", "infinity is not in NonNegativeReals | {inf}"),
        (NAMED, "noth", "not in BUSES; the nearest is north"),
        (NAMED, 7, "not in BUSES; it holds north, south"),
    ],
)
def test_an_objection_says_the_rule_and_the_remedy(domain, value, message):
    assert domains.objection(domain, value) == message


def test_an_index_that_looks_right_and_is_not_is_shown_apart():
    model = pyo.ConcreteModel()
    model.HOURS = pyo.Set(initialize=range(1, 9))
    model.empty = pyo.Set(initialize=[])
    model.scalar = pyo.Param(initialize=1)
    model.price = pyo.Param(model.HOURS, initialize=1)
    model.pair = pyo.Param(model.HOURS, model.HOURS, initialize=1)
    model.none = pyo.Param(model.empty)
    assert domains.stranger(model.price, "3") == "index '3' is not in HOURS; the nearest is 3"
    assert domains.stranger(model.price, "noon") == "index noon is not in HOURS; it holds 1, 2, 3, 4, 5 and 3 more"
    assert domains.stranger(model.price, 11, search=False) == "index 11 is not in HOURS"
    assert domains.stranger(model.price, 11) == "index 11 is not in HOURS; the nearest is 1"
    assert domains.stranger(model.pair, (1, 9)) == "index (1,9) is not in HOURS*HOURS; the nearest is (1,8)"
    assert domains.stranger(model.price, None) == "it needs an index of HOURS"
    assert domains.stranger(model.scalar, 3) == "it has no index"
    assert domains.stranger(model.none, 3) == "index 3 is not in empty; it is empty"
