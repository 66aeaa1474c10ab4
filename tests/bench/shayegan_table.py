"""Shayegan-Rad & Zangeneh 2019: six points against 256 samples, and a continuation against one run of Pyomo's own chain."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pyomo.environ as pyo
from clocks import spent

import bilevel_dr as bdr
from bilevel_dr.models.shayegan_rad_2019 import exact
from bilevel_dr.models.shayegan_rad_2019.model import model
from bilevel_dr.screening import TRIED, screen
from bilevel_dr.solvers.nl import Nlp
from bilevel_dr.starts import Answers, leader_points
from bilevel_dr.working import Working

DATA = files("bilevel_dr.data") / "shayegan_rad_2019"
CASES = ("working_day", "weekend")
UNCERTAIN = ("market_price", "demand", "wind")
SAMPLES = 256
LIMIT = 120.0


def load(case, **overrides):
    return bdr.load(model, str(DATA / f"{case}.dat"), overrides=overrides)


def measure():
    exact.solve(load("weekend"))  # imports and caches
    for case in CASES:
        yield from _estimates(case)
    for case in CASES:
        yield from _continuations(case)
    yield f"six points, {SAMPLES} samples: profit and price by the exact algorithm, processor seconds of all evaluations."
    yield "off: relative to the samples' mean and deviation (estimates), to the exact optimum (continuations)."
    yield "simple_nonlinear: ε = 1e-8, Ipopt once, from the follower's answer to the price that ours begins with."


def _estimates(case):
    instance = load(case)
    hours = list(instance.HOURS)
    means = [np.array([pyo.value(instance.component(name)[h]) for h in hours]) for name in UNCERTAIN]
    stds = [_profile(instance.component(f"{name}_std"), hours) for name in UNCERTAIN]

    def answer(*inputs):
        profiles = {name: dict(zip(hours, map(float, values), strict=True)) for name, values in zip(UNCERTAIN, inputs, strict=True)}
        solution = exact.solve(load(case, **profiles))
        return {"profit": solution.leader_objective, "price": solution.point["price"]}

    clock_of_six, six = spent(lambda: bdr.point_estimate(answer, means, stds))
    clock, many = spent(lambda: bdr.monte_carlo(answer, means, stds, samples=SAMPLES, seed=0))
    for name in ("profit", "price"):
        for what, estimate, used in (("six points", six, clock_of_six), (f"{SAMPLES} samples", many, clock)):
            yield {
                "case": case, "what": f"{name}, {what}", "mean": estimate.mean[name], "sd": estimate.std[name],
                "off": estimate.mean[name] / many.mean[name] - 1, "sd off": estimate.std[name] / many.std[name] - 1,
                "seconds": used.cpu,
            }  # fmt: skip


def _profile(component, hours):
    return np.array([pyo.value(component[h] if component.is_indexed() else component) for h in hours])


def _continuations(case):
    instance = load(case)
    best = exact.solve(instance).leader_objective
    clock, ours = spent(lambda: bdr.solve(instance, "scholtes"))
    clock_of_theirs, theirs = spent(lambda: _plain_chain(instance))
    for name, value, used in (("scholtes, ours", ours.leader_objective, clock), ("simple_nonlinear", theirs, clock_of_theirs)):
        off = None if value is None else value / best - 1
        yield {"case": case, "what": f"profit, {name}", "mean": value, "off": off, "seconds": used.cpu}


def _plain_chain(instance):
    """The profit one run ends at; None where Ipopt did not call it solved."""
    working = Working(instance)
    point = screen(working, list(leader_points(working, TRIED, 0)), lambda: None).points[0]
    Answers(working).load(point)
    plain = instance.clone()
    pyo.TransformationFactory("bilevel_dr.kkt").apply_to(plain)
    for variable in plain.component_data_objects(pyo.Var):
        variable.set_value(working.model.find_component(variable.name).value, skip_validation=True)
    pyo.TransformationFactory("mpec.simple_nonlinear").apply_to(plain, mpec_bound=1e-8)
    outcome = Nlp(plain).solve(time_limit=LIMIT)
    if outcome.status not in ("optimal", "feasible"):
        return None
    outcome.load()
    return pyo.value(next(plain.component_data_objects(pyo.Objective, active=True)))
