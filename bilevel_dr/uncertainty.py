"""A case whose data are uncertain: the moments of its answer, by point estimate, and by sampling as the check.

A Param ``<name>_std`` beside a Param ``<name>`` says that ``<name>`` is uncertain. Where ``<name>`` has an index, all its
values move as one, each by its own standard deviation, or all by the same where ``<name>_std`` is a scalar.
Every point is a new instance, solved and verified: only certified answers are averaged.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyomo.environ as pyo

from . import answering
from .convexity import Verdict, judge_all
from .errors import DataError, ModelError, SolverFailed
from .estimation import Estimate, Plan, estimate, point_plan, sampling_plan
from .followers import read
from .loading import load
from .solution import Solution
from .workers import evaluate

SUFFIX = "_std"


@dataclass(frozen=True)
class Uncertain:
    """A Param and the spread of it; ``index`` is None for a scalar."""

    name: str
    index: tuple | None
    mean: float | np.ndarray
    std: float | np.ndarray

    def override(self, value) -> float | dict:
        """The value of one point as ``load`` takes it."""
        return float(value) if self.index is None else dict(zip(self.index, map(float, value), strict=True))


@dataclass(frozen=True)
class Answers:
    """What :func:`estimate_case` found.

    Attributes
    ----------
    inputs : tuple of Uncertain
    estimate : Estimate or None
        None where a point did not end certified: its weight cannot be given to others.
    sampled : Estimate or None
        Of the certified samples; None without sampling, or with fewer than two of them.
    evaluated, certified : (int, int)
        Points of the estimate, and samples.
    failures : tuple of str
        One line each, with the point.
    routes : dict of str to int
        What answered how many of them.
    seconds : float
    """

    inputs: tuple[Uncertain, ...]
    estimate: Estimate | None
    sampled: Estimate | None
    evaluated: tuple[int, int]
    certified: tuple[int, int]
    failures: tuple[str, ...]
    routes: dict[str, int]
    seconds: float

    @property
    def table(self):
        """DataFrame, one row an output: mean and std of the estimate, of the samples, and their differences in %."""
        import pandas as pd

        columns = {}
        for label, found in (("", self.estimate), ("sampled ", self.sampled)):
            if found is not None:
                columns |= {f"{label}mean": pd.Series(found.mean), f"{label}std": pd.Series(found.std)}
        table = pd.DataFrame(columns)
        for moment in ("mean", "std") if self.estimate is not None and self.sampled is not None else ():
            sampled = table[f"sampled {moment}"]
            table[f"{moment} off [%]"] = 100 * (table[moment] / sampled.where(sampled != 0) - 1)
        return table.rename_axis("output").reset_index()

    def as_dict(self) -> dict:
        """All of it as plain data."""
        return {
            "inputs": [
                {"name": entry.name, "index": entry.index, "mean": entry.mean, "std": entry.std}
                for entry in self.inputs
            ],
            "outputs": self.table.to_dict("records"),
            "points": self.points.to_dict("records"),
            "evaluated": self.evaluated,
            "certified": self.certified,
            "failures": self.failures,
            "routes": self.routes,
            "seconds": self.seconds,
        }

    @property
    def points(self):
        """DataFrame, one row a point of the estimate: what moved and how far, its weight, its outputs."""
        import pandas as pd

        if self.estimate is None:
            return pd.DataFrame(columns=["point", "weight"])
        moved = [where(self.inputs, locations) for locations in self.estimate.locations]
        answers = pd.DataFrame(list(self.estimate.outputs))
        return pd.concat([pd.DataFrame({"point": moved, "weight": self.estimate.weights}), answers], axis=1)


@dataclass(frozen=True)
class Case:
    """A model, its data, and who answers it; called with a value for each uncertain input.

    Attributes
    ----------
    model, data, overrides, trust_data
        As :func:`.load` takes them.
    exact : callable or None
        A paper's algorithm: instance → Solution, ValueError where the instance is none of its models.
    solve : callable or None
        Answers what ``exact`` does not; None where nothing else is wanted.
    inputs : tuple of Uncertain
    verdicts : mapping of follower name to Verdict, or None
        Of followers whose convexity is not proved at the means: it is not looked for again at every point.
    """

    model: object
    data: object
    overrides: Mapping
    trust_data: bool
    exact: Callable[[pyo.ConcreteModel], Solution] | None
    solve: Callable[[pyo.ConcreteModel], Solution] | None
    inputs: tuple[Uncertain, ...] = ()
    verdicts: Mapping[str, Verdict] | None = None

    def __call__(self, *values) -> tuple[dict[str, float], str]:
        """The outputs at one point, and the route that found them.

        Raises
        ------
        DataError
            The point is outside what the model admits.
        SolverFailed
            No certified answer.
        """
        point = {entry.name: entry.override(value) for entry, value in zip(self.inputs, values, strict=True)}
        instance = load(self.model, self.data, {**self.overrides, **point}, self.trust_data)
        solution = self.answer(instance)
        if solution.certificate is None:
            why = "; ".join(solution.notes) or f"by {solution.reformulation} on {solution.solver}"
            raise SolverFailed(f"{solution.termination}, no point: {why}")
        if not solution.certificate.passed:
            raise SolverFailed(f"not certified: {'; '.join(solution.certificate.reasons)}")
        return outputs(instance, solution), f"{solution.reformulation} on {solution.solver}, {solution.claim}"

    def answer(self, instance: pyo.ConcreteModel) -> Solution:
        """See :func:`.answering.answer`."""
        return answering.answer(instance, self.exact, self.solve, self.verdicts)


def uncertain_inputs(instance: pyo.ConcreteModel) -> tuple[Uncertain, ...]:
    """The uncertain Params of an instance, in the order in which their ``_std`` are declared.

    Raises
    ------
    ModelError
        There is none, or a ``_std`` has another index than its Param.
    DataError
        A negative standard deviation.
    """
    found = []
    for spread in instance.component_objects(pyo.Param, descend_into=False):
        name = spread.local_name.removesuffix(SUFFIX)
        param = instance.component(name)
        if not spread.local_name.endswith(SUFFIX) or param is None or param.ctype is not pyo.Param:
            continue
        index = tuple(param) if param.is_indexed() else None
        if spread.is_indexed() and (index is None or set(spread) != set(index)):
            raise ModelError(f"{spread.name}: give it the index of {name}, or none: it says by how much {name} moves")
        std = np.array([pyo.value(spread[i]) for i in index]) if spread.is_indexed() else float(pyo.value(spread))
        if np.min(std, initial=0) < 0:
            raise DataError(
                f"{spread.name}: {np.min(std):g} is negative; a standard deviation is ≥ 0", parameter=spread.name
            )
        mean = float(pyo.value(param)) if index is None else np.array([pyo.value(param[i]) for i in index], float)
        found.append(Uncertain(name, index, mean, std))
    if not found:
        remedy = f"declare a Param demand{SUFFIX} beside a Param demand to say by how much demand is uncertain"
        raise ModelError(f"{instance.name}: no Param has a standard deviation; {remedy}")
    return tuple(found)


def outputs(instance: pyo.ConcreteModel, solution: Solution) -> dict[str, float]:
    """The leader's objective, the followers' by their blocks' names, and the leader's scalar variables."""
    found = {}
    if solution.leader_objective is not None:
        objective = next(instance.component_data_objects(pyo.Objective, active=True, descend_into=False))
        found[objective.name] = solution.leader_objective
    found |= dict(solution.follower_objectives)
    for variable in instance.component_objects(pyo.Var, descend_into=False):
        if not variable.is_indexed() and variable.name in solution.point:
            found[variable.name] = solution.point[variable.name]
    return found


def estimate_case(
    case: Case,
    scheme: str = "2m",
    samples: int = 0,
    seed: int = 0,
    workers: int = 1,
    done: Callable[[int, int], None] | None = None,
) -> Answers:
    """Moments of a case's answer.

    Parameters
    ----------
    case : Case
        Without its ``inputs`` and ``verdicts``, which are read from its data.
    scheme : str
        Of the point estimate.
    samples : int
        Scrambled Sobol points of the check; 0 for none.
    done : callable, optional
        Told how many points are evaluated, and of how many.

    Raises
    ------
    ModelError, DataError
        Of the case at its means, or of what is asked for.
    SolverMissing
        No solver for it.
    """
    began = time.perf_counter()
    means = load(case.model, case.data, case.overrides, case.trust_data)
    inputs = uncertain_inputs(means)
    case = replace(case, inputs=inputs, verdicts=_not_proved(means) if case.exact else None)
    moments = [entry.mean for entry in inputs], [entry.std for entry in inputs]
    plans = [point_plan(*moments, scheme=scheme)]
    plans += [sampling_plan(*moments, samples=samples, seed=seed)] if samples else []
    points = [point for plan in plans for point in plan.points]
    told = (lambda count: done(count, len(points))) if done else None
    answers = evaluate(case, points, workers, (DataError, SolverFailed), told)

    estimates, certified, failures, at = [], [], [], 0
    for plan in plans:
        mine, at = answers[at : at + len(plan.points)], at + len(plan.points)
        good = np.array([not isinstance(answer, Exception) for answer in mine])
        certified.append(int(good.sum()))
        failures += [_failure(plan, row, inputs, mine[row]) for row in np.flatnonzero(~good)]
        usable = good.all() if plan is plans[0] else good.sum() > 1
        estimates.append(
            estimate([mine[row][0] for row in np.flatnonzero(good)], _part(plan, good)) if usable else None
        )
    return Answers(
        inputs=inputs,
        estimate=estimates[0],
        sampled=estimates[1] if samples else None,
        evaluated=(len(plans[0].points), len(points) - len(plans[0].points)),
        certified=(certified[0], sum(certified[1:])),
        failures=tuple(failures),
        routes=dict(Counter(answer[1] for answer in answers if not isinstance(answer, Exception))),
        seconds=time.perf_counter() - began,
    )


def _not_proved(instance: pyo.ConcreteModel) -> dict[str, Verdict] | None:
    """Convexity verdicts that may be kept for other data: "not proved" is never wrong."""
    verdicts = judge_all(read(instance.clone()))
    if any(verdict.convexity == "proved" for verdict in verdicts.values()):
        return None
    return {name: replace(verdict, convexity="not proved", witness=None) for name, verdict in verdicts.items()}


def _part(plan: Plan, rows: np.ndarray) -> Plan:
    """Some samples of a plan, or all its points."""
    if rows.all():
        return plan
    return Plan(plan.points[rows], np.full(rows.sum(), 1 / rows.sum()), plan.locations[rows], plan.scheme)


def _failure(plan: Plan, row: int, inputs: tuple[Uncertain, ...], error: Exception) -> str:
    return f"{plan.scheme} point {row + 1} ({where(inputs, plan.locations[row])}): {error}"


def where(inputs: tuple[Uncertain, ...], locations: np.ndarray) -> str:
    """``demand +1.73 sd``: a point in standard deviations from the means."""
    moved = [(entry.name, at) for entry, at in zip(inputs, locations, strict=True) if at]
    return ", ".join(f"{name} {at:+.3g} sd" for name, at in moved) or "the means"
