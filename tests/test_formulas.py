"""A formula in plain characters means what the expression means: it is read back and evaluated."""

from __future__ import annotations

import math
import random
import re

import pyomo.environ as pyo
import pytest
from problems import PROBLEMS
from pyomo.core.expr.visitor import identify_variables

from bilevel_dr.exposition import formulas
from bilevel_dr.exposition.formulas import Formulas
from bilevel_dr.exposition.markup import Latex, Markdown


@pytest.fixture
def model():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(20))
    model.y = pyo.Var()
    model.p = pyo.Param(mutable=True, initialize=3)
    model.total = pyo.Expression(expr=model.x[0] + model.x[1])
    return model


def plain(expression, **options):
    return Formulas(Markdown(), **options)(expression)


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=str)
def test_every_problem_reads_back(problem, monkeypatch):
    """Objectives and rows of all problems, at a random point; the numbers are written with six digits."""
    monkeypatch.setattr(formulas, "LONGEST", math.inf)
    model, numbers = problem.build(), {}

    def name_of(component):
        numbers[f"n{id(component)}"] = pyo.value(component)
        return f"n{id(component)}"

    dice = random.Random(1)
    for component in (pyo.Objective, pyo.Constraint):
        for data in model.component_data_objects(component, active=True):
            expression = data.expr if component is pyo.Objective else data.body
            for variable in identify_variables(expression, include_fixed=False):
                variable.set_value(dice.uniform(1.0, 2.0), skip_validation=True)
            text = plain(expression, name_of=name_of).replace("·", "*").replace("^", "**")
            known = numbers | {"exp": math.exp, "log": math.log, "sqrt": math.sqrt, "sin": math.sin, "cos": math.cos}
            assert eval(text, known) == pytest.approx(pyo.value(expression), rel=1e-4, abs=1e-4), text


def test_brackets_stay_where_they_are_needed(model):
    x, y = model.x, model.y
    assert plain(-2 * (x[0] ** 2 + x[1])) == "-2·(x[0]^2 + x[1])"
    assert plain(y - (x[0] - x[1])) == "y - x[0] + x[1]"
    assert plain(x[0] / (x[1] * y)) == "x[0]/(x[1]·y)"
    assert plain((x[0] * y) ** 2) == "(x[0]·y)^2"
    assert plain((-x[0]) ** 2) == "(-x[0])^2"
    assert plain(y ** (x[0] + 1)) == "y^(x[0] + 1)"
    assert plain(y**-0.5) == "y^(-0.5)"
    assert plain(2 * model.total) == "2·total"


def test_relations_and_their_latex(model):
    x, y = model.x, model.y
    model.row_1 = pyo.Constraint(expr=pyo.inequality(-1, x[0] / y - 1e-7 * y, model.p))
    assert plain(model.row_1.expr) == "-1 ≤ x[0]/y - 1e-07·y ≤ p"
    assert Formulas(Latex())(model.row_1.expr) == (
        r"-1 \le \frac{\textit{x}_{\text{0}}}{\textit{y}} - 1 \cdot 10^{-7}\,\textit{y} \le \textit{p}"
    )
    assert plain(x[1] == pyo.exp(y)) == "x[1] = exp(y)"


def test_long_sums_say_how_much_is_left_out(model):
    assert plain(sum(model.x[i] for i in model.x)) == "x[0] + x[1] + x[2] + x[3] + … 15 more … + x[19]"


def test_names_that_need_a_meaning_are_handed_out(model):
    writer = Formulas(Markdown())
    model.y.fix(2)
    writer(model.total * model.p + model.y + model.x[5])
    assert [component.name for component in writer.used.values()] == ["total", "p", "y"]


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("call", r"\textit{call}"),
        ("consumer[1].shift", r"\textit{consumer}_{\text{1}}.\textit{shift}"),
        ("mu_upper['row[1]']", r"\mu^{\mathrm{upper}}_{\text{row[1]}}"),
        ("nu[balance_sheet]", r"\nu_{\text{balance\_sheet}}"),
    ],
)
def test_names_in_latex(name, latex):
    assert Latex().name(name) == latex


def test_what_latex_would_take_for_a_command_is_escaped():
    assert Latex().text("5 % of κ_i & {x} ≤ 2^3") == r"5 \% of $\kappa$\_i \& \{x\} $\le$ 2\textasciicircum{}3"
    assert not re.search(r"(?<!\\)\|", Markdown().code("a|b") + Markdown().text("a|b"))
