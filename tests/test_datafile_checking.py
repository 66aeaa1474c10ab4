"""Values against their model: every problem with its line, none that is only a consequence."""

from __future__ import annotations

from math import inf

import pyomo.environ as pyo
import pytest
from tariff_case import TEXT, changed, model, problems, written

from bilevel_dr.datafile.checking import names_of
from bilevel_dr.errors import DataError, ModelError
from bilevel_dr.loading import check_data, load

CASES = {
    "nothing": (TEXT, []),
    "NaN": (changed("80 0.2", "nan 0.2"), [(8, "baseline[2]", "baseline[2] = nan: NaN is no number: give a value")]),
    "infinity": (
        changed("80 0.2", "inf 0.2"),
        [(8, "baseline[2]", "baseline[2] = inf: infinity is not in NonNegativeReals; a model allows it by "
                            "within=NonNegativeReals | {float('inf')}")],
    ),
    "infinity where it is named": (TEXT + "param alpha := 1 inf 2 Infinity;", []),
    "outside": (changed("80 0.2", "-80 0.2"), [(8, "baseline[2]", "baseline[2] = -80: not in NonNegativeReals")]),
    "text": (
        changed("80 0.2", "much 0.2"),
        [(8, "baseline[2]", "baseline[2] = much: text where a number of NonNegativeReals belongs")],
    ),
    "a number that is text": (
        changed("2 80 0.2\n", "2 80 0.2# unit\n"),
        [(8, "a[2]", "a[2] = 0.2: text where a number of PositiveReals belongs: no quotes, and a blank behind the "
                     "number")],
    ),
    "Fortran": (
        changed("80 0.2", "8D1 2.d-1"),
        [
            (8, "baseline[2]", "baseline[2] = 8D1: a Fortran exponent: write 8e1"),
            (8, "a[2]", "a[2] = 2.d-1: a Fortran exponent: write 2.e-1"),
        ],
    ),
    "default outside": (
        TEXT + "param alpha default -1 := 1 5;",
        [(17, "alpha default", "alpha default = -1: not in NonNegativeReals | {inf}")],
    ),
    "not in the set it is within": (
        TEXT + "param slack_bus := 4;",
        [(17, "slack_bus", "slack_bus = 4: not in CONSUMERS; it holds 1, 2, 3")],
    ),
    "unknown index": (
        TEXT + "param alpha := 33 5;",
        [(17, "alpha[33]", "alpha[33]: index 33 is not in CONSUMERS; the nearest is 3")],
    ),
    "unknown index of a whole row": (
        changed("CONSUMERS : baseline a", "baseline a") + "set CONSUMERS := 1 2;",
        [
            (9, "baseline[3]", "baseline[3]: index 3 is not in CONSUMERS; it holds 1, 2"),
            (11, "LINES", "LINES member (2, 3): not in CONSUMERS*CONSUMERS; the nearest is (2,2)"),
        ],
    ),
    "unknown member": (
        changed("(2,3)", "(2,4)"),
        [(11, "LINES", "LINES member (2, 4): not in CONSUMERS*CONSUMERS; the nearest is (2,3)")],
    ),
    "index of a scalar set": (TEXT + "set CONSUMERS[1] := 2;", [(17, "CONSUMERS[1]", "CONSUMERS[1]: it has no index")]),
    "an unknown index of a set": (
        TEXT + "set NEIGHBOURS[4] := 2;",
        [(17, "NEIGHBOURS[4]", "NEIGHBOURS[4]: index 4 is not in CONSUMERS; it holds 1, 2, 3")],
    ),
    "no index of an indexed set": (
        TEXT + "set NEIGHBOURS := 2;",
        [(17, "NEIGHBOURS", "NEIGHBOURS: it needs an index of CONSUMERS")],
    ),
    "missing values": (
        changed("2 80 0.2\n3 70 0.3", "2 80 .\n3 . ."),
        [
            (7, "a[2]", "a has no value at 2, 3, and no default"),
            (8, "baseline[3]", "baseline has no value at 3, and no default"),
        ],
    ),
    "missing scalar": (
        changed("param on_peak := 5.8;", ""),
        [(None, "on_peak", "on_peak has no value, and no default")],
    ),
    "missing mutable scalar": (
        changed("param target := 800;", ""),
        [(None, "target", "target has no value, and no default")],
    ),
    "missing set": (
        changed("set HOURS := 1 2;", ""),
        [(None, "HOURS", "the set HOURS is given no members: write set HOURS := … ;")],
    ),
    "empty set": (changed("(1,2) (2,3)", "").replace("param impedance := 1 2 0.5 2 3 0.7;", ""), []),
    "failed check": (
        changed("2.6", "26"),
        [(3, "off_peak", "'off peak is cheaper than on peak' does not hold: off_peak = 26, on_peak = 5.8")],
    ),
    "failed check at an index": (
        changed("80 0.2", "80 90"),
        [(8, "a[2]", "'a is below the baseline' does not hold at 2: a[2] = 90, baseline[2] = 80")],
    ),
    "two failed checks": (
        changed("80 0.2", "80 90").replace("2.6", "26"),
        [
            (3, "off_peak", "'off peak is cheaper than on peak' does not hold: off_peak = 26, on_peak = 5.8"),
            (8, "a[2]", "'a is below the baseline' does not hold at 2: a[2] = 90, baseline[2] = 80"),
        ],
    ),
    "refused by validate": (
        TEXT + "param weight := 13;",
        [(17, "weight", "weight: the model's own rule for its values refuses this one")],
    ),
    "many": (
        changed("80 0.2", "x nan").replace("target := 800", "target := -1").replace("param off_peak", "param of_peak"),
        [
            (3, "of_peak", "the model has no param named 'of_peak'; the nearest name is off_peak"),
            (4, "target", "target = -1: not in NonNegativeReals"),
            (8, "baseline[2]", "baseline[2] = x: text where a number of NonNegativeReals belongs"),
            (8, "a[2]", "a[2] = nan: NaN is no number: give a value"),
        ],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_each_problem_has_its_line_and_its_name(tmp_path, text, expected):
    assert problems(tmp_path, text) == expected


def test_many_unknown_indices_are_as_many_lines_and_come_soon(tmp_path):
    rows = "".join(f"{i} {i}\n" for i in range(4, 504))
    found = problems(tmp_path, TEXT + f"param alpha :=\n{rows};")
    assert [line for line, _, _ in found] == list(range(18, 518))


def test_infinity_is_a_number_where_the_domain_names_it(tmp_path):
    instance = load(model, written(tmp_path, TEXT + "param alpha := 1 inf 2 Infinity 3 3;"))
    assert dict(instance.alpha.items()) == {1: inf, 2: inf, 3: 3}


def abstract(**components):
    found = pyo.AbstractModel("small")
    for name, component in components.items():
        found.add_component(name, component)
    return found


def test_the_width_of_an_index_is_told_from_what_its_set_is_made_of():
    m = pyo.AbstractModel()
    m.I, m.J = pyo.Set(), pyo.Set(dimen=2)
    m.within, m.jagged, m.product = pyo.Set(within=m.J * m.I), pyo.Set(dimen=None), m.I * m.J
    m.each, m.pairs = pyo.Set(m.I), pyo.Set(m.I, within=m.J)
    m.differ = pyo.Set(m.I, dimen=lambda m, i: 2)
    m.hours, m.block = pyo.RangeSet(3), pyo.Block(m.I)
    m.scalar, m.any = pyo.Param(), pyo.Param(pyo.Any)
    m.listed, m.common, m.wide = pyo.Param([(1, 2)]), pyo.Param(m.I & m.hours), pyo.Param(m.product, m.within, m.hours)
    names = names_of(m)
    sets = {"I": 1, "J": 2, "within": 3, "jagged": None, "each": 1, "pairs": 2, "differ": None}
    assert names.sets == sets
    assert names.params == {"scalar": 0, "any": None, "listed": 2, "common": 1, "wide": 7}
    assert names.others == {"product": "Set", "hours": "RangeSet", "block": "Block"}


def test_values_a_sparse_parameter_never_uses_are_not_missing():
    i = pyo.Set(initialize=[1, 2])
    used = abstract(I=i, p=pyo.Param(i, within=pyo.Reals, initialize={1: 3}), q=pyo.Expression(rule=lambda m: m.p[1]))
    assert check_data(used) == []


@pytest.mark.parametrize("mutable", [False, True])
def test_values_an_expression_uses_are_missing(mutable):
    i = pyo.Set(initialize=[1, 2])
    p = pyo.Param(i, within=pyo.Reals, initialize={1: 3}, mutable=mutable)
    used = abstract(I=i, p=p, x=pyo.Var(), c=pyo.Constraint(rule=lambda m: m.x >= m.p[1] + m.p[2]))
    assert [str(error) for error in check_data(used)] == ["p has no value at 2, and no default"]


def test_a_missing_value_over_anything_is_an_error_too():
    anything = pyo.Param(pyo.Any, within=pyo.Reals, mutable=True)
    found = check_data(abstract(r=anything, q=pyo.Expression(rule=lambda m: 2 * m.r[1])))
    message = "the model cannot be built from these data: an expression uses a param that has no value"
    assert [str(error) for error in found] == [message]


def test_a_parameter_over_anything_lacks_nothing_that_could_be_listed():
    anything = pyo.Param(pyo.Any, within=pyo.Reals)
    found = check_data(abstract(r=anything, p=pyo.Param(within=pyo.Reals), q=pyo.Expression(rule=lambda m: m.r[1])))
    assert [str(error) for error in found] == ["p has no value, and no default"]


def test_what_data_break_in_a_rule_is_a_data_error_and_what_a_rule_breaks_itself_a_model_error(tmp_path):
    path = written(tmp_path, "param p := 0;")
    divided = abstract(p=pyo.Param(within=pyo.Reals), q=pyo.Expression(rule=lambda m: 1 / m.p))
    message = "Expression q cannot be built from these data: ZeroDivisionError: division by zero"
    with pytest.raises(DataError) as raised:
        load(divided, path)
    assert str(raised.value) == f"{path}: {message}"
    broken = abstract(p=pyo.Param(within=pyo.Reals), q=pyo.Expression(rule=lambda m: m.price))
    for function in (load, check_data):
        with pytest.raises(ModelError, match="^Expression q cannot be built: AttributeError: .*'price'"):
            function(broken, path)


def test_sets_and_ranges_that_depend_on_data_are_built_for_the_check(tmp_path):
    counted = abstract(n=pyo.Param(within=pyo.PositiveIntegers), HOURS=pyo.RangeSet(1, 1))
    counted.DAYS = pyo.RangeSet(counted.n)
    counted.price = pyo.Param(counted.DAYS, within=pyo.Reals)
    path = written(tmp_path, "param n := 3;\nparam price := 1 5 2 6\n4 7;")
    (error,) = check_data(counted, path)
    assert str(error) == f"{path}:3: price[4]: index 4 is not in DAYS; it holds 1, 2, 3"
    written(tmp_path, "param n := x;\nparam price := 1 5 9 7;")
    (error,) = check_data(counted, path)  # how many DAYS there are is not known then
    assert str(error) == f"{path}:1: n = x: text where a number of PositiveIntegers belongs"
    written(tmp_path, "param n := 1;\nset DAYS := 1;")
    (error,) = check_data(counted, path)
    assert str(error) == f"{path}:2: DAYS is a RangeSet, which takes no data"
