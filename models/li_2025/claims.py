"""What the paper says, as conditions that an exact computation can decide, draw by draw or on a named instance.

Keys are ``(case, quantity)`` of ``reported.csv``. Claims about many draws are judged on the mean over the draws where
the paper shows a mean, and have to hold in every draw else; in how many they do is counted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import experiments
from .deviation import _crossings
from .dynamics import best_response_dynamics
from .nash import equilibrium

FIGURE_2 = (0, 0.5, 1, 2, np.inf)
CLOSE, ROUND = 0.01, 5
"""Figs. 3 and 4: "quickly" is taken as this close to the equilibrium after this many rounds."""
SLIGHTLY, SIGNIFICANTLY = 0.9, 0.1
"""Figs. 6 and 7: the shares that "slightly lower" and "significantly lower" are taken to leave."""
STARTS = (0.0, 20.0, 100.0, 300.0)


class Verdict(NamedTuple):
    """The number that is compared with the paper's: 1 where the claim holds throughout, or a count.

    ``holds`` of ``instances`` agree with the claim; ``verified`` says whether every equilibrium in it was.
    """

    value: float
    holds: int
    instances: int
    verified: bool = True


def judge(cases, seeds) -> dict[tuple[str, str], Verdict]:
    """Every claim of ``reported.csv``.

    Parameters
    ----------
    cases : dict of str to dict
        Name of a case → the arguments of :func:`~.nash.equilibrium`.
    seeds : int
        Draws with seeds 0 to ``seeds`` − 1.
    """
    return {
        ("fig2_convex", "smallest surplus rises and the sum falls with alpha"): _traces(cases["fig2_convex"]),
        ("fig2_nonconvex", "smallest surplus rises and the sum falls with alpha"): _traces(cases["fig2_nonconvex"]),
        ("fig2_nonconvex", "feasible surpluses are no convex set"): _one(_has_a_hollow_front(cases["fig2_nonconvex"])),
        ("quasiconcavity", "payoffs are quasiconcave"): _one(_local_maxima(cases["quasiconcavity"]) == 1),
        ("no_equilibrium", "a pure equilibrium exists"): _one(equilibrium(**cases["no_equilibrium"]).verified),
        ("fig10_no_equilibrium", "a pure equilibrium exists"): _one(
            equilibrium(**cases["fig10_no_equilibrium"]).verified
        ),
        ("uniqueness", "pure equilibria"): _count(cases["uniqueness"]),
        ("uniqueness", "best responses end at one equilibrium"): _one_end(cases["uniqueness"]),
        ("fig3_alone", "all within 1 % after five rounds"): _settles(cases["fig3_alone"]),
        ("fig4_two_aggregators", "all within 1 % after five rounds"): _settles(cases["fig4_two_aggregators"]),
    } | _about_draws(seeds)


def _about_draws(seeds):
    large = experiments.sizes_of_the_large_user(seeds)
    several = experiments.configurations(seeds)
    fair, number = experiments.fairness(seeds), experiments.numbers_of_aggregators(seeds)

    def over(rows, column="surplus", **wanted):
        """A column of the rows that match, one line a draw."""
        chosen = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
        return np.array([row[column] for row in chosen], float).reshape(seeds, -1)

    def of(name, column="surplus", policy="eligible"):
        return over(several, column, configuration=name, policy=policy)[:, 0]

    alone, welfare, share, least = map(of, list(experiments.CONFIGURATIONS)[1:])
    strict = of("proportional", policy="strict")
    used = {name: of(name, "consumption") for name in ("social welfare", "proportional", "max-min")}
    spread = {
        (name, what): of(name, f"spread of {what}").mean()
        for name in ("large user, no aggregators", "social welfare")
        for what in ("consumption", "surplus")
    }
    wider = {
        what: spread["social welfare", what] > spread["large user, no aggregators", what]
        for what in ("consumption", "surplus")
    }
    even = [
        of("proportional", column) < of("large user, no aggregators", column)
        for column in ("Gini of consumption", "largest consumption")
    ]
    return {
        ("fig5_large_user", "mean surplus falls as K grows"): _trend(over(large)),
        ("fig6_welfare", "mean surplus falls from welfare to proportional to max-min"): _each(
            (welfare > share) & (share > least)
        ),
        ("fig6_welfare", "mean surplus above that without aggregators"): _each(welfare > alone),
        ("fig6_proportional", "mean surplus above that without aggregators"): _each(share > alone),
        ("fig6_proportional", "mean surplus at most 10 % below welfare"): _on_average(
            share.mean() >= SLIGHTLY * welfare.mean(), share >= SLIGHTLY * welfare
        ),
        ("fig6_proportional", "the same by the formulas as printed"): _each(strict >= SLIGHTLY * welfare),
        ("fig6_max_min", "mean consumption at most a tenth of the others'"): _each(
            used["max-min"] <= SIGNIFICANTLY * np.minimum(used["social welfare"], used["proportional"])
        ),
        ("fig6_welfare", "consumption is more spread out with aggregators"): _one(wider["consumption"]),
        ("fig6_welfare", "distributions are more concentrated with aggregators"): _one(not any(wider.values())),
        ("fig6_proportional", "consumption is more even and its tail shorter"): _each(np.all(even, axis=0)),
        ("fig6_proportional", "mean surplus falls as alpha grows"): _trend(over(fair, both=True)),
        ("fig11_mixed", "mean surplus falls as one alpha grows"): _trend(over(fair, both=False)),
        ("fig12_sixteen_welfare", "no monotone trend in M"): _on_average(
            not _monotone(over(number, alpha=0).mean(axis=0)), ~_monotone(over(number, alpha=0))
        ),
        ("fig13_sixteen_proportional", "no monotone trend in M"): _on_average(
            not _monotone(over(number, alpha=1).mean(axis=0)), ~_monotone(over(number, alpha=1))
        ),
    }


def _one(holds) -> Verdict:
    return Verdict(float(holds), int(holds), 1)


def _each(holds) -> Verdict:
    return Verdict(float(np.all(holds)), int(np.sum(holds)), int(np.size(holds)))


def _on_average(holds, in_draws) -> Verdict:
    """Judged on the mean, counted in the draws."""
    return _each(in_draws)._replace(value=float(holds))


def _trend(lines) -> Verdict:
    """Whether the mean of the lines falls all the way, and how many of them do."""
    return _on_average(np.all(np.diff(lines.mean(axis=0)) < 0), np.all(np.diff(lines, axis=1) < 0, axis=1))


def _monotone(lines):
    steps = np.diff(lines, axis=-1)
    return np.all(steps > 0, axis=-1) | np.all(steps < 0, axis=-1)


def _traces(case):
    found = [equilibrium(**case | {"alpha": alpha}) for alpha in FIGURE_2]
    smallest, total = (np.array([reduce(this.surplus) for this in found]) for reduce in (np.min, np.sum))
    holds = np.all(np.diff(smallest) >= 0) and np.all(np.diff(total) <= 0) and np.ptp(smallest) > 0 < np.ptp(total)
    return _one(holds)._replace(verified=all(this.verified for this in found))


def _has_a_hollow_front(case):
    """Whether a point midway between two of the Pareto front lies beyond it."""
    front = experiments.pareto(case["b"])
    middle = (front[:-2] + front[2:]) / 2
    return bool(np.any(middle[:, 1] > np.interp(middle[:, 0], *front.T) + 1e-6))


def _local_maxima(case):
    return _crossings(case["a"], case["b"], float(case["alpha"][0]), 0.0, case["c"])[0].size


def _count(case):
    """Roots of F that are equilibria by their own certificates."""
    found = equilibrium(**case)
    number = sum(found.at(root).verified for root in found.roots)
    return Verdict(float(number), int(number == 1), 1, found.verified)


def _one_end(case):
    numbers = {key: case[key] for key in ("a", "b", "group", "alpha", "c")}
    ends = [best_response_dynamics(**numbers, start=start, rounds=400) for start in STARTS]
    prices = np.array([end.price[-1] for end in ends])
    same = np.abs(prices - prices[0]) <= 1e-6 * prices[0]
    return Verdict(float(same.all()), int(same.sum()), same.size, all(end.converged for end in ends))


def _settles(case):
    """Whether after a few rounds from nothing every purchase is near that of the equilibrium, next to their mean."""
    found = equilibrium(**case)
    numbers = {key: case[key] for key in ("a", "b", "group", "alpha", "c")}
    history = best_response_dynamics(**numbers, rounds=ROUND)
    distance = np.abs(history.purchases[-1] - found.purchases).max() / found.purchases.mean()
    return _one(distance <= CLOSE)._replace(verified=found.verified)
