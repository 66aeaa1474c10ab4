"""Li et al. (2025): instances answered without a solver, what is said of them, and the study."""

from __future__ import annotations

import math
from importlib.resources import files

import numpy as np
import pyomo.environ as pyo
import pytest
from matplotlib.figure import Figure

import bilevel_dr as bdr
from bilevel_dr.models.li_2025 import exact, study
from bilevel_dr.models.li_2025.cases import generate
from bilevel_dr.models.li_2025.model import model

DATA = files("bilevel_dr.data") / "li_2025"
CASES = sorted(entry.name.removesuffix(".dat") for entry in DATA.iterdir() if entry.name.endswith(".dat"))
WITHOUT = {"no_equilibrium", "fig10_no_equilibrium"}


@pytest.fixture
def small(tmp_path):
    """An instance of a small draw whose users all can gain."""

    def build(**options):
        text = generate(**{"seed": 3, "users": 6, "aggregators": 2, "large": 12, "c": 0.02} | options)
        (tmp_path / "case.dat").write_text(text, encoding="utf-8")
        return bdr.load(model, str(tmp_path / "case.dat"))

    return build


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_answered_or_refused(case):
    solution = exact.solve(study.instance(case))
    assert solution.reformulation == "exact" and solution.leader_objective is None
    if case in WITHOUT:
        assert solution.claim == "none" and not solution.certificate and solution.termination == "feasible"
        assert any("no verified pure equilibrium" in note for note in solution.notes)
        assert all("could gain" in reason for reason in solution.certificate.reasons) and solution.certificate.reasons
    else:
        assert solution.claim == "nash" and solution.certificate and solution.termination == "optimal"
    assert "policy" in solution.notes[0]


@pytest.mark.parametrize("alpha", ["0", "0.5", "1", "3", "inf"])
def test_the_point_satisfies_the_model(small, alpha):
    """Loaded into the instance: every constraint of every player holds, objectives are those of the follower checks."""
    instance = small(alpha=alpha, policy="eligible")
    solution = exact.solve(instance)
    assert solution.claim == "nash"
    solution.load_into(instance)
    found = exact.equilibrium(**exact.read(instance))
    assert instance.price() == pytest.approx(found.price, rel=1e-12)
    for name, block in ((name, instance.find_component(name)) for name in solution.certificate.followers):
        for constraint in block.component_data_objects(pyo.Constraint):
            assert constraint.slack() >= -1e-9, constraint.name
        assert block.fairness() == pytest.approx(solution.follower_objectives[name], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_the_model_serves_whom_the_exact_algorithm_serves(case):
    instance = study.instance(case)
    users = [i for i, served in zip(instance.USERS, study.equilibrium(case).served, strict=True) if served]
    assert sorted(i for j in instance.AGGREGATORS for i in instance.SERVED[j]) == users


@pytest.mark.parametrize("policy", ["strict", "eligible"])
def test_the_policy_decides_whom_the_model_serves(policy):
    instance = bdr.load(model, str(DATA / "fig6_proportional.dat"), overrides={"policy": policy})
    served = exact.equilibrium(**exact.read(instance)).served
    assert [len(instance.SERVED[j]) for j in (1, 2)] == [served[:100].sum(), served[100:200].sum()]
    assert (served.sum() == 201) == (policy == "strict")


@pytest.mark.parametrize("alpha", [0, 0.5, 1, 3, math.inf])
def test_the_engine_agrees(small, alpha):
    """Best responses of the players as the model states them, against the root in the price."""
    instance = small(alpha=alpha, policy="eligible")
    answer, right = bdr.solve(instance), exact.solve(instance)
    assert answer.claim == right.claim == "nash"
    for name in (name for name in right.point if ".purchase[" in name or name.endswith(".total")):
        assert answer.point[name] == pytest.approx(right.point[name], rel=1e-5, abs=1e-5), name


def test_alphas_differ_by_aggregator(small):
    instance = small(alpha="0,inf,1")
    solution = exact.solve(instance)
    assert set(solution.follower_objectives) == {"welfare[1]", "max_min[2]", "welfare[3]"}
    numbers = exact.read(instance)
    assert numbers["alpha"].tolist() == [0, math.inf, 1] and numbers["policy"] == "strict"
    assert solution.point["welfare[3].total"] == pytest.approx(exact.equilibrium(**numbers).purchases[2], rel=1e-14)


def test_an_aggregator_whose_user_cannot_gain_is_named():
    instance = study.instance("fig6_proportional")
    strict = bdr.load(model, str(DATA / "fig6_proportional.dat"), overrides={"policy": "strict"})
    solution = exact.solve(strict)
    assert solution.claim == "nash" and solution.point["proportional[1].total"] == 0
    assert solution.point["proportional[1].level"] == -math.inf
    assert any("aggregator 1 buys nothing: b ≤ price for its user" in note for note in solution.notes)
    assert not [note for note in exact.solve(instance).notes if "buys nothing" in note]


def test_other_roots_are_listed():
    notes = exact.solve(study.instance("uniqueness")).notes
    assert any("2.84546" in note and "3.64795" in note and "3.84752" in note for note in notes)
    assert "the only equilibrium: F is proved to fall" in exact.solve(study.instance("fig6_welfare")).notes


def test_alpha_and_c_can_be_set(small):
    instance = bdr.load(model, str(DATA / "fig2_convex.dat"), overrides={"alpha": 2})
    assert exact.equilibrium(**exact.read(instance)).surplus == pytest.approx([0.8189, 1.977], abs=6e-5)


# The study ------------------------------------------------------------------------------------------------------------


def test_tables_have_what_the_paper_must_show():
    tables = study.tables(quick=True)
    assert all(len(table) and table.columns.is_unique for table in tables.values())
    claims = tables["claims"]
    assert len(claims) == len(tables["facts"]) and set(claims["holds"]) <= {"yes", "no", "in part"}
    certificates = tables["certificates"]
    gains = certificates.loc[~certificates["case"].isin(WITHOUT), "gain of a deviation [%]"]
    assert np.all(gains <= 1e-6) and (certificates["case"] == "uniqueness").sum() == 24
    pairs = tables["paired_differences"].set_index(["quantity", "of", "less that of"])
    difference = pairs.loc[(study.SURPLUS, "social welfare", study.ALONE)]
    assert difference["mean difference"] > 0 and difference["draws of that sign"] == difference["draws"] == study.QUICK
    engine = tables["engine"]
    assert (engine["claim"] == "nash").all() and (engine["exact claim"] == "nash").all()
    assert engine["purchases, engine from exact [kWh]"].max() <= 1e-5 and engine["largest gain of a deviation"].max() <= 1e-6
    strict = tables["configurations"].set_index(["configuration", "policy"])[study.SURPLUS]
    assert strict["proportional", "strict"] < 0.2 * strict["proportional", "eligible"]


def test_figures_of_the_paper_are_all_there():
    figures = study.figures(quick=True)
    assert all(isinstance(figure, Figure) for figure in figures.values())
    assert {int(name.split("_")[1]) for name in figures if name.startswith("figure_")} == set(range(2, 14))
    for figure in figures.values():
        for axes in figure.axes:
            assert axes.get_xlabel() or axes.get_xticklabels()[0].get_text()
            assert axes.get_ylabel()


def test_no_claim_is_forced():
    """A verdict that fails its certificate or its tolerance says so in its row."""
    stated = next(study.pd.read_csv(DATA / "reported.csv").itertuples())
    assert study._row(stated, study.claims.Verdict(1.0, 1, 1))["status"] == "reproduced"
    assert study._row(stated, study.claims.Verdict(0.0, 0, 1))["status"] == "missed"
    assert study._row(stated, study.claims.Verdict(1.0, 1, 1, verified=False))["status"] == "uncertified"
