"""The published problems: right, wrong and missing answers, ours and the peers'."""

from __future__ import annotations

import logging
import warnings
from statistics import median

from clocks import spent
from problems import PROBLEMS
from published_peers import MISSING, PEERS, TIME_LIMIT
from pyomo.common.errors import PyomoException

import bilevel_dr as bdr

TOLERANCE = 1e-4
AUTO = "ours: auto"
ROUTES = [
    ("sos1", "scip"),
    ("indicator", "scip"),
    ("big_m", "highs"),
    ("strong_duality", "scip"),
    ("mixed", "scip"),
    ("scholtes", "casadi-ipopt"),
    ("fischer_burmeister", "casadi-ipopt"),
    ("penalty", "casadi-ipopt"),
    ("product", "casadi-ipopt"),
]
CHOSEN = [p for p in PROBLEMS.values() if p.convex and p.exact and p.termination == "optimal"]
REFUSALS = (bdr.BilevelError, PyomoException, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a peer may raise on a model it does not take."""


def ours(route):
    def answer(model):
        solution = bdr.solve(model, *route, time_limit=TIME_LIMIT)
        return (None, False) if solution.claim == "none" else (solution.leader_objective, solution.claim == "global")

    return answer


def theirs(peer):
    return lambda model: (peer(model), False)


def measure():
    logging.getLogger("pyomo").setLevel(logging.CRITICAL)  # peers load values a little outside the bounds,
    warnings.simplefilter("ignore")  # and warn of each solve that did not converge
    routes = {AUTO: ours(("auto", "auto"))} | {f"ours: {', '.join(route)}": ours(route) for route in ROUTES}
    routes |= {name: theirs(peer) for name, peer in PEERS.items()}
    missed = []
    for name, answer in routes.items():
        _judge(CHOSEN[0], answer)  # imports and caches
        judged = {problem.name: _judge(problem, answer) for problem in CHOSEN}
        words = [word for word, _, _ in judged.values()]
        seconds = [clock.cpu for _, _, clock in judged.values()]
        row = {"route": name} | {word: words.count(word) for word in ("right", "wrong", "none")}
        row["wrong, claimed global"] = sum(claimed for word, claimed, _ in judged.values() if word == "wrong")
        slowest = max(judged, key=lambda problem: judged[problem][2].cpu)
        row |= {"median [s]": median(seconds), "total [s]": sum(seconds), "slowest": slowest, "its [s]": max(seconds)}
        yield row
        if name == AUTO:
            missed = [f"{AUTO}: {word} at {problem}" for problem, (word, _, _) in judged.items() if word != "right"]
    yield f"{len(CHOSEN)} problems, {TIME_LIMIT:.0f} s each at most."
    yield f"right: the leader's objective within {TOLERANCE:g} of the published optimum, relative to at least 1."
    yield "wrong: another value under a passed certificate (ours) or a solver's success (peers), local optima included."
    yield from missed
    if MISSING:
        yield f"pympcc is left out: {' and '.join(MISSING)} not installed."


def _judge(problem, answer):
    """``right``, ``wrong`` or ``none``; whether it was claimed to be global; the time taken."""
    model = problem.build()

    def attempt():
        try:
            return answer(model)
        except REFUSALS:
            return None, False

    clock, (value, claimed) = spent(attempt)
    if value is None:
        return "none", claimed, clock
    off = abs(value - problem.leader) / max(1.0, abs(problem.leader))
    return "right" if off <= TOLERANCE else "wrong", claimed, clock
