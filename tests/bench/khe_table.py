"""Random cases of Khe et al. 2025 by every reformulation and solver, against the exact algorithm on the same arrays."""

from __future__ import annotations

import numpy as np
from clocks import enough, inside_solvers, median_spent, spent
from exact_table import consumers

import bilevel_dr as bdr
from bilevel_dr.comparison import routes
from bilevel_dr.models.khe_2025.exact import optimal_calls
from bilevel_dr.models.khe_2025.model import model
from bilevel_dr.working import Working

SIZES = (10, 100, 1_000)
LIMIT = 60.0
BUDGET = 2.0
PATIENCE = 3.0
"""CPU seconds after which a route is not tried at the next size, which keeps the whole run to some ten minutes."""


def case(number: int):
    """The exact answer's arrays and the same numbers as an instance."""
    numbers = consumers(number)
    names = range(1, number + 1)
    indexed = {key: dict(zip(names, map(float, value), strict=True)) for key, value in numbers.items() if np.ndim(value)}
    instance = model.create_instance(
        {None: {"CONSUMERS": {None: list(names)}} | indexed | {k: {None: v} for k, v in numbers.items() if k not in indexed}}
    )
    return numbers, instance


def measure():
    slow = set()
    for route in routes():
        _solve(case(SIZES[0])[1], route)  # imports and caches
    for number in SIZES:
        numbers, instance = case(number)
        clock, exact = spent(lambda: optimal_calls(**numbers))  # noqa: B023  called at once
        for route in routes():
            if route in slow:
                continue
            row = _row(number, instance, route, exact, clock)
            if row["solving [s]"] > PATIENCE:
                slow.add(route)
            yield row
    yield "building: KKT conditions and rows; solving: everything from bilevel_dr.solve to its certificate, building too."
    yield "in solvers: the part of solving spent in casadi's, HiGHS' and SCIP's own code; overhead: the rest, relative to it."
    yield f"A route that took more than {PATIENCE:g} s is left out at the next size."


def _row(number, instance, route, exact, exact_clock) -> dict:
    reformulation, solver = route
    row = {"consumers": number, "reformulation": reformulation, "solver": solver}
    builds, runs = [], []
    while not enough(builds, budget=BUDGET):
        builds.append(spent(lambda: Working(instance).use(reformulation))[0])
    while not enough([clock for clock, _, _ in runs], budget=BUDGET):
        runs.append(_solve(instance, route))
    clock, inside = median_spent(run[0] for run in runs), median_spent(run[1] for run in runs)
    row |= {"building [s]": median_spent(builds).cpu, "solving [s]": clock.cpu, "wall [s]": clock.wall, "in solvers [s]": inside.cpu}
    row |= {"overhead": clock.cpu / inside.cpu - 1 if inside.cpu else None, "× exact": clock.cpu / max(exact_clock.cpu, 1e-9)}
    solution = runs[-1][2]
    if isinstance(solution, bdr.BilevelError):
        return row | {"claim": type(solution).__name__}
    row["claim"] = solution.claim if solution.claim != "none" else solution.termination
    if solution.claim != "none":
        calls = np.array([solution.point[instance.call[i].name] for i in instance.CONSUMERS])
        row["objective off"] = (exact.objective - solution.leader_objective) / abs(exact.objective)
        row["largest call off [kWh]"] = float(np.abs(calls - exact.calls).max())
    return row


def _solve(instance, route):
    with inside_solvers() as inside:
        clock, answer = spent(lambda: _answer(instance, route))
    return clock, inside, answer


def _answer(instance, route) -> bdr.Solution | bdr.BilevelError:
    try:
        return bdr.solve(instance, *route, time_limit=LIMIT)
    except bdr.BilevelError as error:
        return error
