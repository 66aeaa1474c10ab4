"""The claims of the abstract of Le Cadre et al. (2018), tried on a reconstruction, with its tables and figures.

Of the paper only the abstract and the list of symbols came down to us. No number of it is reproduced here: ``rows`` sets
the abstract's claims against what the reconstruction finds, and ``tables`` and ``figures`` show the rest. All data are
synthetic.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import bilevel_dr as bdr
from bilevel_dr.report import facts_table, stated_row

from . import cases, claims, core, dynamics, exact, learning, least_norm, pricing, size
from . import figures as draw
from .cost_sharing import RULES
from .game import read
from .model import model
from .scheduling import best_response

DATA = files("bilevel_dr.data") / "le_cadre_2018"
CASES = ("base12", "tou8", "week40")
KEEPING = ("uniform_energy", "standalone_wholesale", "standalone_retail", "shapley", "ensc", "aca", "euler")
FOUR = ("uniform_total", "standalone_wholesale", "shapley", "aca")
INERTIAS = {"persistence": (0.0, 0.5, 0.9), "threshold": (0.0, 0.02, 0.05), "logit": (0.0, 0.02, 0.05)}
GRID = np.linspace(0.10, 0.30, 6)
"""Reservation prices to choose from, EUR/kWh."""
TASTES = {"certain": np.eye(6)[3], "spread": np.array([0.0, 0.1, 0.2, 0.4, 0.2, 0.1])}


@cache
def instance(case):
    """One case, loaded; shared, so never to be changed."""
    return bdr.load(model, str(DATA / f"{case}.dat"))


@cache
def game(case):
    return read(instance(case))


@cache
def solution(case):
    """The closed forms' answer, certified by the engine."""
    return exact.solve(instance(case))


@cache
def certificate(case):
    return bdr.verify(instance(case), solution(case))


@cache
def tried(draws):
    return claims.tried(draws)


# Claims ---------------------------------------------------------------------------------------------------------------


def quantities(draws) -> dict[str, float]:
    """Whether each claim of ``reported.csv`` holds: on base12, and on all draws of a theorem."""
    table, base = pd.DataFrame(tried(draws)), game("base12")
    table["all"] = table["held"] == table["draws"]
    always = table.groupby("claim", sort=False)["all"].apply(list)
    closed = exact.closed_forms(base)
    schedule = base.with_retailer
    arguments = base.retailer_bill, base.energy(schedule), base.errors.sigma, base.errors.correlation, base.kappa
    bisected = {rule: claims.bisected(rule, *arguments) for rule in RULES}
    costs = core.coalition_costs(base.energy(schedule), base.errors.covariance, base.kappa)
    lower = all((base.divide(schedule, r).bills(closed[r] - 1e-6) < base.retailer_bill).all() for r in KEEPING)
    found = {
        "closed forms of the largest profit hold": always["the largest profit has the closed forms"][0]
        and max(abs(bisected[rule] - closed[rule]) for rule in RULES) < 1e-7,
        "the core is not empty": always["the core is not empty"][0] and core.least_core(costs).excess <= 1e-9,
        "Shapley coincides with uniform": closed["shapley"] == closed["uniform_energy"],
        "Shapley coincides with uniform for exchangeable errors": always["Shapley coincides with uniform"][0],
        "the best size of a coalition is analytic under Shapley": always["the best size is an end point"][0]
        and always["the best size is the cubic's root, rounded"][0],
        "below a profit every bill is lower than the retailer's": lower
        and always["below a profit, and only there, every bill is lower"][0],
        "the price profile is unique": always["the price of least norm is unique"][0],
        "the schedules are unique": _runs_alike(base),
    }
    standalone = always["stand-alone earns no less than Shapley"]
    wholesale = closed["standalone_wholesale"] >= closed["shapley"]
    found |= {
        "stand-alone is preferable to Shapley on the retailer's bills": standalone[0],
        "stand-alone is preferable to Shapley on wholesale costs": standalone[1] and wholesale,
        "stand-alone is always preferable to Shapley on wholesale costs": standalone[2],
    }
    return {name: float(bool(holds)) for name, holds in found.items()}


def _runs_alike(base) -> bool:
    """Whether the loads run at the same time whoever breaks the ties."""
    other = best_response(base.loads, base.retail)
    return bool((other.running == base.with_retailer.running).all())


def rows(quick=False) -> list[dict]:
    """The abstract's claims beside what the reconstruction finds: 1 held, 0 did not.

    Parameters
    ----------
    quick : bool
        Sixty draws instead of six hundred.

    Returns
    -------
    list of dict
        As in the other papers' studies; ``status`` is ``reproduced``, ``missed``, ``discrepancy`` (the claim needs more
        than the abstract says) or ``uncertified`` (the price of base12 failed the engine's certificate).
    """
    found = quantities(60 if quick else 600)
    reported = pd.read_csv(DATA / "reported.csv", dtype={"unit": str})
    return [
        stated_row("le_cadre_2018", stated, found[stated.quantity], verified=certificate(stated.case).passed)
        for stated in reported.itertuples()
    ]


def answers(quick=False) -> dict[str, bdr.Solution]:
    """The closed forms' answer to each case, with the engine's certificate."""
    return {case: replace(solution(case), certificate=certificate(case)) for case in CASES}


# Tables ---------------------------------------------------------------------------------------------------------------


def tables(quick=False) -> dict[str, pd.DataFrame]:
    """The reconstruction's results as tables.

    Parameters
    ----------
    quick : bool
        Fewer draws, rounds and repetitions; one seeded instance instead of eight by each route.

    Returns
    -------
    dict of str to DataFrame
        ``facts`` (the abstract's claims), ``claims`` (assumption, draws, held), ``costs`` (imbalance is at most half a per
        cent of the cost: pooling saves cents, and the margin is the retailer's), ``profits`` (per case and rule: Π* by
        closed form for both tie rules, whether a price makes the bills, core excess), ``bills`` (base12), ``routes``
        (closed form, MILP, MIQP and complementarity on the same instances), ``learning``, ``dynamics``.
    """
    return {
        "facts": facts_table(rows(quick)),
        "claims": pd.DataFrame(tried(60 if quick else 600)),
        "costs": pd.DataFrame([_costs(case) for case in CASES]),
        "profits": pd.concat([_profits(case) for case in CASES], ignore_index=True),
        "bills": _bills(),
        "routes": pd.DataFrame([_routes(seed) for seed in range(1, 2 if quick else 9)]),
        "learning": pd.concat([_regret(taste, quick).assign(taste=taste) for taste in TASTES], ignore_index=True),
        "dynamics": _final_sizes(quick),
    }


def _costs(case):
    this = game(case)
    division = this.divide(this.with_retailer)
    pooled, alone = (this.kappa * sigma for sigma in (this.errors.pooled, this.errors.sigma.sum()))
    return {
        "case": case,
        "consumers": this.number,
        "loads": len(this.loads),
        "periods": this.forward.size,
        "retailer's bills [EUR]": this.retailer_bill.sum(),
        "cost of the coalition [EUR]": division.cost,
        "imbalance, pooled [EUR]": pooled,
        "imbalance, each alone [EUR]": alone,
        "imbalance, share of the cost [%]": 100 * pooled / division.cost,
        "saved by pooling, share of the margin [%]": 100 * (alone - pooled) / (this.retailer_bill.sum() - division.cost),
    }


def _profits(case):
    this = game(case)
    schedule, consumption = this.with_retailer, this.consumption(this.with_retailer)
    leader, earliest = exact.closed_forms(this), exact.closed_forms(this, "earliest")
    table = []
    for rule in RULES:
        division = this.divide(schedule, rule)
        bills = division.bills(leader[rule])
        made = pricing.least_norm(consumption, bills)
        row = {
            "case": case,
            "rule": rule,
            "largest profit, ties to the leader [EUR]": leader[rule],
            "largest profit, ties to the earliest [EUR]": earliest[rule],
            "price of least norm": made.status,
            "residual of the bills": made.residual,
        }
        if this.number <= 12:
            costs = core.coalition_costs(this.energy(schedule), this.errors.covariance, this.kappa, max(leader[rule], 0.0))
            row["core excess [EUR]"] = core.excess(division.bills(max(leader[rule], 0.0)), costs)
        table.append(row)
    return pd.DataFrame(table)


def _bills():
    base, closed = game("base12"), exact.closed_forms(game("base12"))
    table = {"consumer": list(instance("base12").CONSUMERS), "retailer's bill [EUR]": base.retailer_bill}
    table |= {f"{rule} [EUR]": base.divide(base.with_retailer, rule).bills(closed[rule]) for rule in RULES}
    return pd.DataFrame(table)


def _routes(seed, number=4):
    """One seeded instance by the closed form and three routes; a price of least norm at the closed form's profit."""
    data = cases.draw(seed, number)
    this = model.create_instance({None: data})
    closed, numbers = exact.solve(this), read(this)
    milp = bdr.solve(this, reformulation="big_m", solver="highs", time_limit=10)
    aimed = least_norm.model.create_instance({None: data | {"aim": {None: closed.leader_objective}}})
    miqp = bdr.solve(aimed, reformulation="sos1", solver="scip", time_limit=10)  # one of the eight takes minutes
    mixed = bdr.solve(this, reformulation="scholtes", starts=1)
    whole = exact.rounded(numbers, exact.fractions(this, mixed.point))
    passed = whole.profit is not None and bdr.verify(this, exact.as_point(this, numbers, whole)).passed
    return {
        "seed": seed,
        "consumers": number,
        "loads": len(numbers.loads),
        "closed form [EUR]": closed.best_bound,
        "exact [EUR]": closed.leader_objective,
        "MILP on HiGHS [EUR]": milp.leader_objective,
        "its claim": milp.claim,
        "MIQP on SCIP, least norm [EUR/kWh]": None if miqp.leader_objective is None else miqp.leader_objective**0.5,
        "norm's claim": miqp.claim,
        "complementarity NLP, mixed schedules [EUR]": mixed.leader_objective,
        "rounded and priced again [EUR]": whole.profit,
        "rounded passes the certificate": passed,
    }


@cache
def _regret(taste, quick):
    found = learning.regret(GRID, TASTES[taste], 5_000 if quick else 100_000, repetitions=10 if quick else 40)
    return pd.DataFrame(
        {
            "round": found.rounds,
            "forecaster": found.forecaster,
            "standard error": found.standard_error,
            "bisection": found.bisection,
        }
    )


@cache
def _sizes(behaviour, rule, quick):
    base = game("base12")
    energy = base.energy(base.with_retailer)
    coalitions = dynamics.Coalitions(base.retailer_bill, energy, base.errors, base.kappa, rule)
    runs = {
        f"β = {beta:g}": dynamics.sizes(coalitions, behaviour, beta, 30, 5 if quick else 40).mean(0)
        for beta in INERTIAS[behaviour]
    }
    return pd.DataFrame({"round": np.arange(31)} | runs)


def _final_sizes(quick):
    table = []
    for behaviour in INERTIAS:
        for rule in FOUR:
            found = _sizes(behaviour, rule, quick)
            for column in found.columns[1:]:
                row = {"behaviour": behaviour, "rule": rule, "inertia": column}
                table.append(row | {f"consumers in round {m}": found[column][m] for m in (0, 1, 5, 30)})
    return pd.DataFrame(table)


# Figures --------------------------------------------------------------------------------------------------------------


def figures(quick=False) -> dict[str, Figure]:
    """Prices, schedules, profit against bills and size, regret, and coalitions over time.

    Parameters
    ----------
    quick : bool
        As in :func:`tables`.
    """
    base, closed = game("base12"), exact.closed_forms(game("base12"))
    both = {(behaviour, rule): _sizes(behaviour, rule, quick) for behaviour in INERTIAS for rule in FOUR}
    return {
        "price_profile": draw.price_profile(_prices(), "Base12, Shapley: a price that makes the bills and supports the schedule"),
        "schedules": draw.schedules(_schedules(), "Base12: loads move to where the coalition's price wants them"),
        "profit_against_bills": draw.profit_against_bills(
            _curves(base), closed, "Base12: each rule keeps everybody up to its own largest profit"
        ),
        "profit_against_size": draw.profit_against_size(
            *_size_curves(), "Larger is better or worse: only a falling margin has a best size in between"
        ),
        "regret": draw.regrets(
            *(_regret(taste, quick) for taste in TASTES),
            "Learning a reservation price: bisection is quick, and helpless against chance",
        ),
        "coalition_sizes": draw.coalition_sizes(both, "Base12: who stays when half of the possible saving is kept as profit"),
    }


def _prices():
    point, this = solution("base12").point, instance("base12")
    coalition = [point[this.price[t].name] for t in this.PERIODS]
    base = game("base12")
    names = ("coalition", "wholesale", "retailer")
    columns = zip(names, (coalition, base.forward, base.retail), strict=True)
    return pd.DataFrame({"period": list(this.PERIODS)} | {f"{name} [EUR/kWh]": values for name, values in columns})


def _schedules():
    this, base = instance("base12"), game("base12")
    running = exact.fractions(this, solution("base12").point)
    return pd.DataFrame(
        {
            "load": [load.replace("_", " ") for load in this.LOADS],
            "earliest": base.loads.earliest,
            "latest": base.loads.latest,
            "with retailer": [np.flatnonzero(row).tolist() for row in base.with_retailer.running],
            "in coalition": [np.flatnonzero(row > 0.5).tolist() for row in running],
        }
    )


def _curves(base):
    profits = np.linspace(-0.5, 2.5, 121)
    shown = ("uniform_energy", "standalone_wholesale", "standalone_retail", "shapley", "aca")
    divisions = {rule: base.divide(base.with_retailer, rule) for rule in shown}
    ratios = {
        rule: [float((division.bills(profit) / base.retailer_bill).max()) for profit in profits]
        for rule, division in divisions.items()
    }
    return pd.DataFrame({"profit [EUR]": profits} | ratios)


def _size_curves():
    number = np.arange(1, 61)
    constant = {f"ρ = {rho:g}": size.size_profit(number, 0.05, 0.0, 0.12, rho) for rho in (0.0, 0.1, 0.3)}
    settings = {"δ = 0.10 − 0.0010 N": (0.10, 0.001), "δ = 0.10 − 0.0015 N": (0.10, 0.0015), "δ = 0.08 − 0.0010 N": (0.08, 0.001)}
    falling = {name: size.size_profit(number, margin, slope, 0.12, 0.0) for name, (margin, slope) in settings.items()}
    table = pd.DataFrame({"consumers": number} | falling)
    table.attrs["best"] = {name: size.interior_size(margin, slope, 0.12) for name, (margin, slope) in settings.items()}
    return pd.DataFrame({"consumers": number} | constant), table
