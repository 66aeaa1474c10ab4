"""The tables and figures of Khe, Chaipunya and Bangviwat (2025), from the engine's answers and the exact algorithm.

``rows`` holds every number the paper states against ours; ``tables`` and ``figures`` show the rest. The engine's
answers go into ``rows``; figures and the tables per consumer show the exact calls, which without a fairness term are
the ones that vary least of many. ``tables()["cases"]`` says how far the two are apart.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import bilevel_dr as bdr
from bilevel_dr.report import facts_table, stated_row

from . import exact
from . import figures as draw
from .model import model
from .share_of_call import model as share_of_call_model

DATA = files("bilevel_dr.data") / "khe_2025"
CASES = ("small_800", "hard_800", "hard_1500", "hard_1500_unfair")
FAIR_CASES = ("hard_800", "hard_1500")
WEIGHTS = np.geomspace(1e-4, 1.0, 13)
"""Fairness weights w of the variance study, money/kWh²; the paper only says that there were several."""
LOCAL_ROUTES = ("product", "scholtes", "fischer_burmeister", "penalty")
COMPLETE = 1e-6
"""A consumer whose shift falls short of its call by no more than this fraction complies fully."""


# Numbers --------------------------------------------------------------------------------------------------------------


@cache
def instance(case):
    """One case, loaded; shared, so never to be changed."""
    return bdr.load(model, str(DATA / f"{case}.dat"))


@cache
def solution(case):
    """The engine's answer by its own choice of route."""
    return bdr.solve(instance(case))


@cache
def calls(case, **changes):
    """The exact answer to a case, with numbers changed by keyword."""
    return exact.optimal_calls(**exact.read(instance(case)) | changes)


def quantities(case, call, shift):
    """What the paper's text speaks of, by the names of ``reported.csv``.

    Parameters
    ----------
    case : str
    call, shift : ndarray, shape (n,), kWh

    Returns
    -------
    dict of str to float
    """
    consumers = list(instance(case).CONSUMERS)
    complies = shift >= call * (1 - COMPLETE)
    named = {f"call[{i}]": c for i, c in zip(consumers, call, strict=True)}
    named |= {f"consumer[{i}].shift": x for i, x in zip(consumers, shift, strict=True)}
    named |= {f"compliance of consumer {i}": p for i, p in zip(consumers, _percent(shift, call), strict=True)}
    named |= {
        "largest call less smallest call": np.ptp(call),
        "success rate": _percent(shift.sum(), call.sum()),
        "consumers who comply fully": complies.sum(),
        "consumer with the largest call": consumers[np.argmax(call)],
        "consumer with the largest reward": consumers[np.argmax(shift)],
    }
    if case in FAIR_CASES:
        variances = _fairness(case)["variance of the calls [kWh2]"].to_numpy()
        rising = -np.diff(variances) >= -1e-9 * variances.max()
        named["variance rises as the fairness weight falls"] = rising.all() and np.ptp(variances) > 1
    if case == "hard_1500_unfair":
        named["variance above that of hard_1500"] = call.var() > calls("hard_1500").calls.var()
    return {name: float(value) for name, value in named.items()}


def rows(quick=False) -> list[dict]:
    """Every number the paper states, beside the one the engine found.

    Parameters
    ----------
    quick : bool
        Here without effect: it is all quick.

    Returns
    -------
    list of dict
        ``paper, table, case, quantity, unit, reported, reported_sd, reproduced, reproduced_sd, relative_error,
        status, comment``, one per row of ``reported.csv``. ``status`` is ``reproduced``, ``missed`` (outside the row's
        tolerance), ``discrepancy`` (the row has no tolerance: the paper contradicts itself, the comment says where) or
        ``uncertified`` (the engine's answer failed its certificate).
    """
    found = {case: quantities(case, *_engine_answer(case)) for case in CASES}
    reported = pd.read_csv(DATA / "reported.csv")
    passed = {case: solution(case).certificate.passed for case in CASES}
    return [
        stated_row("khe_2025", stated, found[stated.case][stated.quantity], verified=passed[stated.case])
        for stated in reported.itertuples()
    ]


def answers(quick=False) -> dict[str, bdr.Solution]:
    """The engine's answer to each case, with its certificate."""
    return {case: solution(case) for case in CASES}


def _engine_answer(case):
    """The engine's calls and shifts, in the order of the consumers."""
    this, found = instance(case), solution(case)
    point = found.point
    if not point:
        raise bdr.SolverFailed(f"khe_2025 {case}: no answer, termination {found.termination}; try bilevel-dr doctor")
    call = np.array([point[this.call[i].name] for i in this.CONSUMERS])
    return call, np.array([point[this.consumer[i].shift.name] for i in this.CONSUMERS])


def _percent(part, whole):
    """100 part / whole; 100 where nothing was asked."""
    whole = np.asarray(whole, float)
    return 100 * np.divide(part, whole, out=np.ones_like(whole), where=whole > 0)


# Tables ---------------------------------------------------------------------------------------------------------------


def tables(quick=False) -> dict[str, pd.DataFrame]:
    """The paper's results as tables.

    Parameters
    ----------
    quick : bool
        Three starts instead of thirty in ``share_of_call``.

    Returns
    -------
    dict of str to DataFrame
        ``facts`` (stated, reproduced, difference, status), ``cases`` (success rate, commission, variance, proof),
        ``consumers`` (call, shift, bill, reward per case), ``fairness`` (13 weights), ``share_of_call`` (the second
        reading: how often a local route finds the global optimum).
    """
    return {
        "facts": facts_table(rows()),
        "cases": pd.DataFrame([_case(case) for case in CASES]),
        "consumers": pd.concat([_consumers(case) for case in CASES], ignore_index=True),
        "fairness": pd.concat([_fairness(case) for case in FAIR_CASES], ignore_index=True),
        "share_of_call": share_of_call(starts=3 if quick else 30),
    }


def _case(case):
    numbers, answer, found = exact.read(instance(case)), calls(case), solution(case)
    engine_call, engine_shift = _engine_answer(case)
    lowest, highest = exact.range_of_optimal_calls(**numbers)
    return {
        "case": case,
        "target [kWh]": numbers["target"],
        "shifted [kWh]": answer.shifts.sum(),
        "success rate [%]": _percent(answer.shifts.sum(), numbers["target"]),
        "commission [money]": numbers["commission"] * answer.shifts.sum(),
        "variance of the calls [kWh2]": answer.calls.var(),
        "benefit [money]": answer.objective,
        "dual gap [money]": answer.dual_bound - answer.objective,
        "engine's benefit [money]": found.leader_objective,
        "engine's claim": found.claim,
        "route": f"{found.reformulation}, {found.solver}",
        "calls, engine from exact [kWh]": np.abs(engine_call - answer.calls).max(),
        "shifts, engine from exact [kWh]": np.abs(engine_shift - answer.shifts).max(),
        "calls, range of the optima [kWh]": (highest - lowest).max(),
    }


def _consumers(case):
    numbers, answer = exact.read(instance(case)), calls(case)
    gained = (numbers["on_peak"] - numbers["off_peak"]) * answer.shifts
    lowest, highest = exact.range_of_optimal_calls(**numbers)
    return pd.DataFrame(
        {
            "case": case,
            "consumer": list(instance(case).CONSUMERS),
            "baseline [kWh]": numbers["baseline"],
            "call [kWh]": answer.calls,
            "lowest optimal call [kWh]": lowest,
            "highest optimal call [kWh]": highest,
            "shift [kWh]": answer.shifts,
            "compliance [%]": _percent(answer.shifts, answer.calls),
            "bill without response [money]": numbers["on_peak"] * numbers["baseline"],
            "bill [money]": numbers["on_peak"] * numbers["baseline"] - gained,
            "reward [money]": numbers["reward"] * answer.shifts,
            "dissatisfaction [money]": numbers["a"] * answer.shifts**2 + numbers["b"] * answer.shifts,
        }
    )


def _fairness(case):
    target = exact.read(instance(case))["target"]
    answers = [calls(case, fairness=w) for w in WEIGHTS]
    return pd.DataFrame(
        {
            "case": case,
            "fairness weight [money/kWh2]": WEIGHTS,
            "variance of the calls [kWh2]": [answer.calls.var() for answer in answers],
            "largest call [kWh]": [answer.calls.max() for answer in answers],
            "success rate [%]": [float(_percent(answer.shifts.sum(), target)) for answer in answers],
        }
    )


def share_of_call(starts=30, fairness=0.001, seed=0) -> pd.DataFrame:
    """How often a local route finds the global optimum when a consumer decides the share of its call.

    Parameters
    ----------
    starts : int
        Random calls from which each local route is started: every consumer is called with probability one half, for
        anything up to its baseline, because whom to call at all is what the local optima differ in.
    fairness : float
        w, money/kWh²; the smaller it is, the more local optima.
    seed : int

    Returns
    -------
    DataFrame
        One row per route: starts, those that ended certified, those within 1e-6 of SCIP's proved optimum, the largest
        loss (%), the distinct values met, and the proved optimum with its bound.
    """
    proved = bdr.solve(_share_of_call(fairness), reformulation="sos1", solver="scip")
    table = []
    for route in LOCAL_ROUTES:
        random = np.random.default_rng(seed)
        values = [_from_random_calls(fairness, route, random) for _ in range(starts)]
        ended = np.array([value for value in values if value is not None])
        loss = 100 * (proved.leader_objective - ended) / abs(proved.leader_objective)
        table.append(
            {
                "route": route,
                "starts": starts,
                "certified": ended.size,
                "reached the global optimum": int((loss <= 1e-4).sum()),
                "largest loss [%]": loss.max(initial=0.0),
                "distinct values": np.unique(ended.round(4)).size,
                "proved optimum [money]": proved.leader_objective,
                "its bound [money]": proved.best_bound,
                "claim": proved.claim,
                "seconds of the proof": proved.seconds,
            }
        )
    return pd.DataFrame(table)


def _share_of_call(fairness):
    return bdr.load(share_of_call_model, str(DATA / "hard_800.dat"), overrides={"fairness": fairness})


def _from_random_calls(fairness, route, random):
    """The leader's objective a local route ends at, or None where the certificate refuses the end."""
    this = _share_of_call(fairness)
    for call in this.call.values():
        call.set_value(random.uniform(0, call.ub) * (random.random() < 0.5))
    end = bdr.solve(this, reformulation=route, starts=1)
    return end.leader_objective if end.certificate is not None and end.certificate.passed else None


# Figures --------------------------------------------------------------------------------------------------------------


def figures(quick=False) -> dict[str, Figure]:
    """Figures 2 to 6 of the paper, and what its text describes without drawing it.

    Parameters
    ----------
    quick : bool
        Here without effect: it is all quick.
    """
    of = {case: _consumers(case) for case in CASES}
    equal = of["small_800"]["call [kWh]"].iloc[0]
    by_target = {"target 800 kWh": "hard_800", "target 1500 kWh": "hard_1500"}
    responses = {label: of[case] for label, case in by_target.items()}
    weights = {label: _fairness(case) for label, case in by_target.items()}
    return {
        "figure_2_calls_800": draw.calls_against_baselines(
            of["hard_800"], "Calls for 800 kWh: more for those who comply, less for those who do not", equal
        ),
        "figure_3_calls_1500": draw.calls_against_baselines(
            of["hard_1500"], "Calls for 1500 kWh: all at their baselines, the rest to consumer 2"
        ),
        "figure_4_shifts_800": draw.shifts_against_calls(
            of["hard_800"], "Answers to 800 kWh: 2, 6, 7 and 9 comply fully, 84 % is shifted"
        ),
        "figure_5_shifts_1500": draw.shifts_against_calls(
            of["hard_1500"], "Answers to 1500 kWh: the same four comply fully, 73 % is shifted"
        ),
        "figure_6_calls_unfair": draw.calls_with_and_without_fairness(
            of["hard_1500"], of["hard_1500_unfair"], "Without the fairness term the calls concentrate on consumer 2"
        ),
        "bills_and_rewards": draw.bills_and_rewards(
            responses, "Shifting cuts the bill and is rewarded; only consumer 2 shifts more at 1500 kWh"
        ),
        "variance_against_fairness": draw.variance_against_fairness(
            weights, "The calls grow unequal as the fairness weight falls, until nothing more is gained"
        ),
        "success_and_commission": draw.success_and_commission(
            *_against_target(), "Success falls once the calls exceed what consumers are willing to shift"
        ),
    }


def _against_target():
    """Success rate and commission of the hard data over all targets, and at the paper's two."""
    numbers = exact.read(instance("hard_800"))

    def table(targets):
        shifted = np.array([calls("hard_800", target=target).shifts.sum() for target in targets])
        table = pd.DataFrame({"target [kWh]": targets, "success rate [%]": _percent(shifted, targets)})
        return table.assign(**{"commission [money]": numbers["commission"] * shifted})

    whole = numbers["baseline"].sum()
    return table(np.linspace(whole / 200, whole, 200)), table(np.array([800.0, 1500.0]))
