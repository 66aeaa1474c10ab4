"""The tables and figures of Li, Motoki and Zhang (2025), by the exact algorithm on fifty draws.

``rows`` sets every claim of the paper against what an exact computation finds; ``tables`` and ``figures`` show the rest.
The engine's own answer to a game of the figures stands beside the exact one in ``tables()["engine"]``.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import bilevel_dr as bdr
from bilevel_dr.report import facts_table, stated_row

from . import accounts, claims, exact, experiments
from . import figures as draw
from .model import model

DATA = files("bilevel_dr.data") / "li_2025"
SEEDS, QUICK = 50, 5
SHOWN = (
    "fig4_two_aggregators",
    "fig6_proportional",
    "fig6_max_min",
    "fig11_mixed",
    "uniqueness",
    "quasiconcavity",
    "no_equilibrium",
    "fig10_no_equilibrium",
)
"""Cases in the tables of equilibria and certificates; of ``uniqueness`` all three."""
ENGINE = ("fig2_nonconvex", "quasiconcavity", "fig6_welfare", "fig6_proportional", "fig6_max_min", "fig11_mixed")
"""Cases that the engine answers too, by best responses of the players as they stand in the model."""
ALONE = "large user, no aggregators"
SURPLUS, CONSUMPTION = draw.SURPLUS, draw.CONSUMPTION
UNITS = {
    "price": "price [money/kWh]",
    "surplus": SURPLUS,
    "consumption": CONSUMPTION,
    "system surplus": "system surplus [money]",
    "surplus of first": "surplus of aggregator 1 [money]",
    "surplus of second": "surplus of aggregator 2 [money]",
}


# Numbers --------------------------------------------------------------------------------------------------------------


@cache
def instance(case):
    """One case, loaded; shared, so never to be changed."""
    return bdr.load(model, str(DATA / f"{case}.dat"))


@cache
def equilibrium(case):
    """The exact answer to a case."""
    return exact.equilibrium(**exact.read(instance(case)))


@cache
def solution(case):
    """The engine's answer to a case."""
    return bdr.solve(instance(case))


@cache
def verdicts(seeds):
    """What became of every claim: see :func:`~.claims.judge`."""
    names = sorted(entry.name.removesuffix(".dat") for entry in DATA.iterdir() if entry.name.endswith(".dat"))
    return claims.judge({name: exact.read(instance(name)) for name in names}, seeds)


def rows(quick=False) -> list[dict]:
    """Every claim the paper makes, beside what the exact algorithm finds.

    Parameters
    ----------
    quick : bool
        Five draws instead of fifty.

    Returns
    -------
    list of dict
        ``paper, table, case, quantity, unit, reported, reported_sd, reproduced, reproduced_sd, relative_error,
        status, comment``, one per row of ``reported.csv``. Its unit ``true`` is 1 where a claim holds. ``status`` is
        ``reproduced``, ``missed`` (outside the row's tolerance), ``discrepancy`` (the row has no tolerance: the claim
        does not hold, the comment says why) or ``uncertified`` (an equilibrium failed its certificate).
    """
    found = verdicts(QUICK if quick else SEEDS)
    reported = pd.read_csv(DATA / "reported.csv")
    return [_row(stated, found[stated.case, stated.quantity]) for stated in reported.itertuples()]


def answers(quick=False) -> dict[str, bdr.Solution]:
    """The engine's answers, with their certificates; quick as in :func:`tables`. ``certificates`` there has the exact ones'."""
    return {case: solution(case) for case in (ENGINE[:4] if quick else ENGINE)}


def _row(stated, verdict):
    return stated_row("li_2025", stated, verdict.value, verified=verdict.verified)


# Tables ---------------------------------------------------------------------------------------------------------------


def tables(quick=False) -> dict[str, pd.DataFrame]:
    """The paper's results as tables.

    Parameters
    ----------
    quick : bool
        Five draws instead of fifty, four cases by the engine instead of six.

    Returns
    -------
    dict of str to DataFrame
        ``facts`` (stated, reproduced, status), ``claims`` (holds in how many instances), ``equilibria`` and
        ``certificates`` (per case and aggregator), ``users`` (the first ten of a case), ``engine`` (its answer beside the
        exact one), ``configurations`` and ``paired_differences`` (Figs. 6, 7), ``quantiles`` (Figs. 8, 9),
        ``large_user`` (Fig. 5), ``alpha_of_both``, ``alpha_of_one`` (Figs. 10, 11), ``number_welfare``,
        ``number_proportional`` (Figs. 12, 13), ``dynamics`` (Fig. 4).
    """
    seeds = QUICK if quick else SEEDS
    found = [(case, there) for case in SHOWN for there in _everywhere(case)]
    return {
        "facts": facts_table(rows(quick)),
        "claims": _claims(seeds),
        "equilibria": pd.DataFrame([accounts.whole(case, there) for case, there in found]),
        "certificates": pd.DataFrame([row for case, there in found for row in _aggregators(case, there)]),
        "engine": pd.DataFrame([_engine(case) for case in answers(quick)]),
        "users": pd.DataFrame([row for case in SHOWN[:3] for row in _users(case)]),
        "configurations": _configurations(seeds),
        "paired_differences": _paired(seeds),
        "quantiles": _quantiles(seeds),
        "large_user": _mean(experiments.sizes_of_the_large_user(seeds), ["K"]),
        "alpha_of_both": _alpha(seeds, both=True),
        "alpha_of_one": _alpha(seeds, both=False),
        "number_welfare": _number(seeds, 0),
        "number_proportional": _number(seeds, 1),
        "dynamics": pd.DataFrame(accounts.rounds(experiments.in_turn())),
    }


def _everywhere(case):
    """The equilibrium of a case, or all of several."""
    found = equilibrium(case)
    return [found] if case != "uniqueness" else [found.at(root) for root in found.roots]


def _claims(seeds):
    reported = pd.read_csv(DATA / "reported.csv").set_index(["case", "quantity"])
    table = []
    for (case, quantity), verdict in verdicts(seeds).items():
        stated = reported.loc[(case, quantity)]
        drawn = verdict.instances == seeds
        table.append(
            {
                "claim": quantity,
                "where stated": stated["where"],
                "holds": "yes" if verdict.holds == verdict.instances else "no" if not verdict.holds else "in part",
                "in": verdict.holds,
                "of": verdict.instances,
                "instance": f"seeds 0 to {seeds - 1}" if drawn else case,
                "comment": "" if pd.isna(stated["comment"]) else stated["comment"],
            }
        )
    return pd.DataFrame(table)


def _engine(case):
    """The engine's answer beside the exact one, purchase by purchase."""
    answer, right = solution(case), exact.solve(instance(case))
    bought = {name: value for name, value in answer.point.items() if ".purchase[" in name}
    return {
        "case": case,
        "claim": answer.claim,
        "exact claim": right.claim,
        "route": f"{answer.reformulation}, {answer.solver}",
        "largest gain of a deviation": max((check.gap for check in answer.certificate.followers.values()), default=0.0),
        "purchases, engine from exact [kWh]": max(abs(value - right.point[name]) for name, value in bought.items()),
        "purchases [kWh]": sum(value for value in bought.values()),
        "seconds": answer.seconds,
        "exact seconds": right.seconds,
    }


def _aggregators(case, found):
    numbers = exact.read(instance(case))
    return accounts.aggregators(case, instance(case).AGGREGATORS, numbers["group"], numbers["alpha"], found)


def _users(case):
    numbers = exact.read(instance(case))
    return accounts.users(case, instance(case).USERS, numbers["a"], numbers["b"], equilibrium(case))


def _mean(rows, by):
    """Means over the draws with their standard errors, columns with units."""
    table = pd.DataFrame(rows).rename(columns=UNITS)
    groups = table.drop(columns="seed").groupby(by, sort=False)
    mean, error = groups.mean(numeric_only=True), groups.sem(numeric_only=True)
    shown = ["surplus", "consumption", "price", "system", "Gini", "Jain"]
    columns = [name for name in mean if name.split(" ")[0] in shown]
    verified = groups["verified"].sum().astype(int).rename("draws verified")
    return pd.concat([mean[columns], error[columns].add_suffix(" SE"), verified], axis=1).reset_index()


def _configurations(seeds):
    return _mean(experiments.configurations(seeds), ["configuration", "policy"])


def _paired(seeds):
    """Differences between configurations on the same draw, and in how many draws they have the sign of their mean."""
    table = pd.DataFrame(experiments.configurations(seeds))
    table = table[table["policy"] == experiments.POLICY].pivot(
        index="seed", columns="configuration", values=["surplus", "consumption"]
    )
    pairs = [
        (ALONE, "no large user, no aggregators"),
        ("social welfare", ALONE),
        ("proportional", ALONE),
        ("proportional", "social welfare"),
        ("max-min", "proportional"),
    ]
    found = []
    for quantity in ("surplus", "consumption"):
        for one, other in pairs:
            difference = table[quantity, one] - table[quantity, other]
            found.append(
                {
                    "quantity": UNITS[quantity],
                    "of": one,
                    "less that of": other,
                    "mean difference": difference.mean(),
                    "SE": difference.sem(),
                    "draws of that sign": int((np.sign(difference) == np.sign(difference.mean())).sum()),
                    "draws": seeds,
                }
            )
    return pd.DataFrame(found)


def _quantiles(seeds):
    found = []
    for name, values in experiments.pooled(seeds).items():
        for quantity in ("consumption", "surplus"):
            several = values[quantity]
            row = {"configuration": name, "quantity": UNITS[quantity], "mean": several.mean(), "SD": several.std()}
            row |= {f"{100 * q:g} %": np.quantile(several, q) for q in (0.05, 0.25, 0.5, 0.75, 0.95)}
            found.append(row | {"largest": several.max(), "Gini": experiments.gini(several)})
    return pd.DataFrame(found)


def _alpha(seeds, both):
    chosen = [row for row in experiments.fairness(seeds) if row["both"] == both]
    return _mean([{key: value for key, value in row.items() if key != "both"} for row in chosen], ["alpha"])


def _number(seeds, alpha):
    chosen = [row for row in experiments.numbers_of_aggregators(seeds) if row["alpha"] == alpha]
    table = _mean([{key: value for key, value in row.items() if key != "alpha"} for row in chosen], ["M"])
    draws = pd.DataFrame(chosen).rename(columns=UNITS)
    for column in (SURPLUS, CONSUMPTION):
        from_mean = draws[column] - draws.groupby("seed")[column].transform("mean")
        table[f"{column} SE within draws"] = from_mean.groupby(draws["M"], sort=False).sem().to_numpy()
    return table


# Figures --------------------------------------------------------------------------------------------------------------


def figures(quick=False) -> dict[str, Figure]:
    """Figures 2 to 13 of the paper, the fairness curves its text promises, and two counterexamples.

    Parameters
    ----------
    quick : bool
        Five draws instead of fifty.
    """
    seeds = QUICK if quick else SEEDS
    history, surplus = experiments.alone()
    whole, table = _configurations(seeds), pd.DataFrame(accounts.rounds(experiments.in_turn()))
    shown = whole[whole["policy"] == experiments.POLICY].reset_index(drop=True)
    strict = whole[whole["policy"] == "strict"].set_index("configuration").reindex(shown["configuration"])
    names = [name.replace(", ", ",\n") for name in shown["configuration"]]
    large, both, one = (
        _mean(experiments.sizes_of_the_large_user(seeds), ["K"]),
        _alpha(seeds, True),
        _alpha(seeds, False),
    )
    mean = {"mean surplus of the small users [money]": {SURPLUS: ""}}
    each = {
        SURPLUS: "all small users",
        UNITS["surplus of first"]: "aggregator 1, α = 0",
        UNITS["surplus of second"]: "aggregator 2, α as below",
    }
    return {
        "figure_2_pareto_sets": draw.pareto(
            {"3x − x², 6x − x²": _front("fig2_convex"), "40x − x², 4x − x²": _front("fig2_nonconvex")},
            "α-fair shares lie on the Pareto front; on the right the feasible set is not convex",
        ),
        "figure_3_users_alone": draw.users_by_round(
            history.consumption, surplus, "400 users alone settle in four rounds of answering in turn (seed 0)"
        ),
        "figure_4_dynamics": draw.purchases_by_round(
            table, "Two aggregators and a large user: every round takes two digits off the error (seed 0)"
        ),
        "figure_5_large_user": draw.bars(
            large,
            [f"K = {size:g}" for size in large["K"]],
            SURPLUS,
            f"A larger user leaves less to the small ({seeds} draws)",
        ),
        "figure_6_surplus": draw.bars(
            shown,
            names,
            SURPLUS,
            f"Welfare above no aggregation, proportional below it ({seeds} draws)",
            strict[SURPLUS].to_numpy(),
        ),
        "figure_7_consumption": draw.bars(
            shown,
            names,
            CONSUMPTION,
            f"Aggregators hold consumption back to hold the price down ({seeds} draws)",
            strict[CONSUMPTION].to_numpy(),
        ),
        "figure_8_distribution_welfare": draw.densities(
            _curves(seeds, "social welfare"), "Welfare aggregators hardly change the distributions"
        ),
        "figure_9_distribution_proportional": draw.densities(
            _curves(seeds, "proportional"), "Proportional aggregators even out consumption and shorten its tail"
        ),
        "figure_10_alpha_of_both": draw.against_alpha(
            both, mean, f"Mean surplus falls with the α of both ({seeds} draws{_unsettled(both, seeds)})"
        ),
        "figure_11_alpha_of_one": draw.against_alpha(
            one,
            {"mean surplus [money]": each},
            f"The fairer aggregator's users lose ({seeds} draws{_unsettled(one, seeds)})",
        ),
        "figure_12_number_welfare": draw.against_number(
            _number(seeds, 0), f"Welfare: surplus falls and consumption rises with M, in every one of {seeds} draws"
        ),
        "figure_13_number_proportional": draw.against_number(
            _number(seeds, 1), f"Proportional: surplus has a hump near M = 16 ({seeds} draws)"
        ),
        "fairness_against_alpha": draw.against_alpha(
            both,
            {
                UNITS["system surplus"]: {UNITS["system surplus"]: ""},
                "index of the small users' surplus [1]": {"Jain of surplus": "Jain", "Gini of surplus": "Gini"},
            },
            f"What fairness costs the system, large user included, and what it evens out ({seeds} draws)",
        ),
        "counterexample_quasiconcavity": draw.payoff(
            {"best shares": experiments.payoffs(**exact.read(instance("quasiconcavity")))},
            "Theorem 2 does not hold: two local maxima, α = 0.75, a user leaves at y = 4",
        ),
        "counterexample_uniqueness": draw.excess_demand(
            *experiments.excess_demand(equilibrium("uniqueness"), 2.4, 4.2),
            "Conjecture 1 does not hold: three equilibria of eight max-min aggregators",
        ),
    }


def _unsettled(table, seeds):
    """Where draws have no pure equilibrium, and a root of F is shown."""
    lacking = table[table["draws verified"] < seeds]
    return "".join(
        f"; no equilibrium in {seeds - verified} at α = {alpha:g}"
        for alpha, verified in zip(lacking["alpha"], lacking["draws verified"], strict=True)
    )


def _front(case):
    numbers = exact.read(instance(case))
    found = [exact.equilibrium(**numbers | {"alpha": alpha}).surplus for alpha in claims.FIGURE_2]
    s1, s2 = np.array(found).T
    return experiments.pareto(numbers["b"]), pd.DataFrame({"alpha": claims.FIGURE_2, "s1": s1, "s2": s2})


def _curves(seeds, name):
    legend = {"without aggregators": ALONE, f"with two, {name}": name}
    return {UNITS[quantity]: curves for quantity, curves in experiments.densities(seeds, legend).items()}
