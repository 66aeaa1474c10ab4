"""Le Cadre et al. (2018), reconstructed: the claim table, the tables beside it and the figures."""

from __future__ import annotations

import numpy as np
import pytest

import bilevel_dr as bdr
from bilevel_dr.models.le_cadre_2018 import claims, exact, study
from bilevel_dr.models.le_cadre_2018.cost_sharing import RULES


@pytest.fixture(scope="module")
def tables():
    return study.tables(quick=True)


def test_theorems_hold_in_every_draw_and_the_others_do_not_pretend_to(tables):
    table = tables["claims"].set_index(["claim", "assumption"])
    assert (table["draws"] == 60).all() and (table["held"] <= table["draws"]).all()
    theorems = table[table["theorem"]]
    assert len(theorems) == 9 and (theorems["held"] == 60).all()
    held = {claim[:24] + assumption[-24:]: row["held"] for (claim, assumption), row in table.iterrows()}
    assert len(held) == len(table)
    wholesale = table.loc[("stand-alone earns no less than Shapley", "wholesale costs, any errors and tariffs"), "held"]
    assert 0.24 * 60 <= wholesale <= 0.94 * 60
    assert table.loc[("Shapley coincides with uniform", "energy passed through, any errors"), "held"] == 0


def test_a_claim_that_is_broken_is_seen_to_break():
    never = claims.Claim("no profit is a gain", "none", True, lambda random: not claims._bills_are_lower_at_a_gain(random))
    random = np.random.default_rng(0)
    assert 0 < sum(never.holds(random) for _ in range(40)) < 40


def test_claims_are_seeded():
    assert claims.tried(5, seed=3) == claims.tried(5, seed=3)
    assert [row["held"] for row in claims.tried(40, seed=1)] != [row["held"] for row in claims.tried(40, seed=2)]


def test_pooling_saves_cents(tables):
    table = tables["costs"].set_index("case")
    assert (table["imbalance, pooled [EUR]"] < table["imbalance, each alone [EUR]"]).all()
    assert table.loc["base12", "imbalance, share of the cost [%]"] == pytest.approx(100 * 0.127 / 25.857, abs=0.01)
    assert (table["imbalance, share of the cost [%]"] < 1).all() and (table["saved by pooling, share of the margin [%]"] < 30).all()


def test_profits_come_with_their_price_and_their_core(tables):
    table = tables["profits"].set_index(["case", "rule"])
    assert [case for case, _ in table.index] == [case for case in study.CASES for _ in RULES]
    base = table.loc["base12"]
    leader, earliest = (base[f"largest profit, ties to the {who} [EUR]"] for who in ("leader", "earliest"))
    assert leader["shapley"] == pytest.approx(0.344, abs=1e-3) and (leader > earliest).all()
    assert leader.idxmax() == "standalone_retail"
    assert base.loc["uniform_total", "price of least norm"] == "infeasible"
    assert (base["residual of the bills"].drop("uniform_total") < 1e-9).all()
    assert base.loc["euler", "core excess [EUR]"] < 0 < base.loc["uniform_total", "core excess [EUR]"]


def test_bills_at_the_largest_profit_reach_the_retailers_once(tables):
    table = tables["bills"]
    for rule in RULES:
        saved = table["retailer's bill [EUR]"] - table[f"{rule} [EUR]"]
        assert saved.min() == pytest.approx(0, abs=1e-9)


def test_every_route_ends_where_it_says(tables):
    table = tables["routes"]
    assert (table["its claim"] == "global").all() and (table["norm's claim"] == "global").all()
    assert table["MILP on HiGHS [EUR]"].to_numpy() == pytest.approx(table["closed form [EUR]"].to_numpy(), abs=1e-5)
    assert table["rounded passes the certificate"].all()
    assert (table["rounded and priced again [EUR]"] <= table["closed form [EUR]"] + 1e-9).all()


def test_the_price_shown_is_certified_and_lower_below_the_target():
    assert study.certificate("base12").passed and study.solution("base12").claim == "global"
    assert bdr.verify(study.instance("base12"), study.solution("base12").point).passed
    prices = study._prices()
    assert (prices["coalition [EUR/kWh]"] >= 0).all() and len(prices) == 24
    assert sum(map(len, study._schedules()["in coalition"])) == exact.fractions(
        study.instance("base12"), study.solution("base12").point
    ).sum()


def test_figures_have_titles_and_labels_with_units():
    found = study.figures(quick=True)
    assert list(found) == [
        "price_profile", "schedules", "profit_against_bills", "profit_against_size", "regret", "coalition_sizes",
    ]  # fmt: skip
    for name, figure in found.items():
        assert any(axes.get_xlabel() for axes in figure.axes) and any(axes.get_ylabel() for axes in figure.axes), name
        assert figure.get_suptitle() or figure.axes[0].get_title(), name
    for axes in found["coalition_sizes"].axes:
        assert len(axes.get_lines()) == 3
