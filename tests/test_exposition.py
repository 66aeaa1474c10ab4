"""What ``explain`` says of every problem, and that the Khe case reads like the paper."""

from __future__ import annotations

import re
import shutil
import subprocess

import pyomo.environ as pyo
import pytest
from problems import PROBLEMS
from typer.testing import CliRunner

import bilevel_dr as bdr
from bilevel_dr.cli import app
from bilevel_dr.working import Working

CONVEX = [problem for problem in PROBLEMS.values() if problem.convex]
OTHERS = [p for p in PROBLEMS.values() if not p.convex and "integer-follower" not in p.tags]


@pytest.fixture(scope="module")
def khe():
    return bdr.load("models/khe_2025/model.py", "data/khe_2025/hard_800.dat")


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:1] == "|"]


@pytest.mark.parametrize("problem", CONVEX + OTHERS, ids=str)
def test_every_problem_is_explained(problem):
    instance = problem.build()
    before = sorted(str(component) for component in instance.component_objects())
    text = bdr.explain(instance)
    assert sorted(str(component) for component in instance.component_objects()) == before
    working = Working(problem.build())
    sizes = next(line for line in cells(text) if line[0] == "MPEC in all")
    rows = list(working.model.component_data_objects(pyo.Constraint, active=True, descend_into=True))
    assert sizes[-1] == str(len(working.pairs)) and sizes[-2] == str(len(rows))
    assert ("⟂" in text) == bool(working.pairs)
    for follower in working.program.followers:
        assert follower.name.partition("[")[0] in text
    assert "\\begin{document}" in bdr.explain(problem.build(), latex=True)


def test_khe_is_written_as_in_the_paper(khe):
    lines = cells(bdr.explain(khe))
    said = {line[0].strip("`"): [cell.strip("`") for cell in line[1:]] for line in lines}
    assert said["maximise `benefit"][0] == "earned_commission - 0.005·unfairness"
    assert said["bill"] == ["5.8·(90 - shift) + 2.6·shift", "(1) electricity bill [money]"]
    assert ["`shift`", "`-3.775 + 0.5·shift + mu_upper[within_call] - mu_lower[shift] = 0`"] in lines
    assert ["`within_call`", "`0 ≤ mu_upper[within_call] ⟂ call[1] - shift ≥ 0`"] in lines
    assert said["consumer[i] for i in CONSUMERS"] == ["quadratic", "10", "10", "0"]
    assert said["consumer[1].kkt.mu_upper[within_call]"] == ["3.775", "yes", "stationarity of consumer[1].shift"]


def test_alike_followers_are_written_once(khe):
    text = bdr.explain(khe)
    assert text.count("KKT conditions of `") == 1 and "10 followers of the same form" in text


def test_followers_of_another_form_are_written_apart():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 1))

    @model.Block([1, 2, 3])
    def follower(block, i):
        block.y = pyo.Var(bounds=(0, 1 if i < 3 else None))
        block.cost = pyo.Objective(expr=(block.y - model.x) ** 2)

    model.cost = pyo.Objective(expr=sum(model.follower[i].y for i in model.follower))
    text = bdr.explain(model)
    assert "## Followers `follower[1], follower[2]`" in text and "## Follower `follower[3]`" in text


def test_a_missing_M_says_what_is_missing():
    lines = cells(bdr.explain(PROBLEMS["price_maker_least_cost"].build()))
    assert ["`slack of market.g, lower`", "none", "no", "market.g has no upper bound"] in lines
    assert ["`price = -market.kkt.nu[balance]`"] in lines


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
@pytest.mark.parametrize(
    "side", ["equality", "upper side, body ≤ bound", "lower side, body ≥ bound", "range, both sides"]
)
def test_the_table_of_signs_is_what_the_engine_does(sense, side):
    """The row that links the leader's variable reads like the table's cell."""
    model = pyo.ConcreteModel()
    model.price = pyo.Var()
    model.market = pyo.Block()
    model.market.y = pyo.Var()
    low, high = {"e": (1, 1), "u": (None, 1), "l": (1, None), "r": (0, 1)}[side[0]]
    model.market.row = pyo.Constraint(expr=(low, model.market.y, high))
    model.market.goal = pyo.Objective(expr=model.market.y, sense=sense)
    model.cost = pyo.Objective(expr=model.price)
    model.multiplier_of = pyo.Suffix()
    model.multiplier_of[model.price] = model.market.row
    lines = cells(bdr.explain(model))
    table = next(line for line in lines if line[0] == side)
    (link,) = (line[0].strip("`") for line in lines if line[0].startswith("`price ="))
    engine, written = (_signs(text) for text in (link, table[1 if sense == pyo.minimize else 2].strip("`")))
    assert engine == written


def _signs(formula):
    return {name: sign or "+" for sign, name in re.findall(r"(-)? ?(?:market\.kkt\.)?(nu|mu_upper|mu_lower)", formula)}


def test_long_families_say_how_much_is_left_out(khe):
    text = bdr.explain(khe)
    assert "… 5 more … + call[10] = 800" in text and "| … 7 more" in text
    assert "`call[4]`" not in text


def test_a_notebook_renders_it(khe):
    text, latex = bdr.explain(khe), bdr.explain(khe, latex=True)
    assert text._repr_markdown_() == str(text) == repr(text)
    assert latex._repr_markdown_().startswith("```latex\n\\documentclass")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", ["khe", "price_maker_least_cost", "fixed_and_ranged", "nested_blocks"])
def test_latex_compiles(khe, name, tmp_path):
    instance = khe if name == "khe" else PROBLEMS[name].build()
    (tmp_path / "page.tex").write_text(bdr.explain(instance, latex=True), encoding="utf-8")
    command = ("pdflatex", "-interaction=batchmode", "-halt-on-error", "page.tex")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    assert (tmp_path / "page.pdf").exists()


def test_the_command_prints_it_and_nothing_else(khe):
    result = CliRunner().invoke(app, ["explain", "khe_2025", "hard_800"])
    assert result.exit_code == 0 and result.stdout == bdr.explain(khe)
    result = CliRunner().invoke(app, ["explain", "khe_2025", "hard_800", "--latex", "--set", "target=900"])
    assert result.exit_code == 0 and "= 900" in result.stdout and result.stdout.startswith("\\documentclass")


def test_the_command_refuses_what_is_no_bilevel_program(tmp_path):
    (tmp_path / "model.py").write_text(
        "import pyomo.environ as pyo\nmodel = pyo.AbstractModel()\nmodel.p = pyo.Param()\nmodel.x = pyo.Var()\n"
        "model.goal = pyo.Objective(rule=lambda m: m.p * m.x)\n"
    )
    (tmp_path / "case.dat").write_text("param p := 1;\n")
    result = CliRunner().invoke(app, ["explain", str(tmp_path / "model.py"), str(tmp_path / "case.dat")])
    assert result.exit_code == 2 and "no follower" in result.stderr and not result.stdout
