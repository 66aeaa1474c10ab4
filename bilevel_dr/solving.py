"""Choose a route, follow it, keep the best answer that is verified; nothing algebraic happens here."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass, replace

import numpy as np
import pyomo.environ as pyo

from .convexity import judge
from .errors import ModelError, SolverFailed
from .followers import read
from .nl import Nlp, Outcome, solve_scip
from .reformulate import REFORMULATIONS
from .solution import Certificate, Solution
from .starts import Answers, leader_points
from .verification import verify
from .working import Working, polish

log = logging.getLogger("bilevel_dr.solving")

GLOBAL_ROUTES = {"sos1": "scip", "big_m": "highs"}
LOCAL_ROUTES = {"scholtes": "casadi-ipopt", "product": "casadi-ipopt"}
CLOSED = 1e-5
"""Relative distance between a polished answer and a solver's bound at which the bound counts as closed."""


@dataclass
class Candidate:
    """A point of the working model, not yet judged."""

    objective: float | None
    point: dict[str, float]
    note: str = ""


def solve(
    instance,
    reformulation: str = "auto",
    solver: str = "auto",
    time_limit: float | None = None,
    starts: int | None = None,
    seed: int = 0,
    gap: float = 1e-6,
    **options,
) -> Solution:
    """Solve a bilevel program (optimistic) and prove the answer.

    Parameters
    ----------
    instance : ConcreteModel
        A leader Objective at the top, followers as Blocks with their own Objective. It is not changed.
    reformulation : str
        ``"auto"``: SOS1 to proved optimality where that succeeds, else local continuation from several starts; or a name
        of :data:`bilevel_dr.reformulate.REFORMULATIONS`.
    solver : str
        ``"auto"`` or a name that ``bilevel-dr doctor`` lists.
    time_limit : float, optional
        Seconds for everything. Without one, ``auto`` gives its global search 60 s.
    starts : int, optional
        Starting points of a local route (default 8, or 2 from 500 pairs up).
    seed : int
        Of the random starts.
    gap : float
        Relative gap at which a global search may stop.
    **options
        Handed to the reformulation (``M_slack``, ``M_multiplier`` for ``big_m``).

    Returns
    -------
    Solution

    Raises
    ------
    ModelError
        The instance is no bilevel program this library can answer.
    SolverMissing, SolverFailed
        A solver asked for by name is not here, or crashed.
    """
    began = time.perf_counter()
    if reformulation != "auto" and reformulation not in REFORMULATIONS:
        raise ModelError(f"reformulation {reformulation!r} is unknown; choose from auto, {', '.join(REFORMULATIONS)}")
    program = read(instance)
    verdicts = {follower.name: judge(follower) for follower in program.followers}
    for name, verdict in verdicts.items():
        if verdict.convexity == "disproved":
            raise ModelError(f"{name}: not convex, so KKT conditions do not describe its answer; {verdict.message}")
    search = _Search(instance, verdicts, began, time_limit, starts, seed, gap, options)
    if reformulation == "auto":
        return search.auto(solver)
    if reformulation in GLOBAL_ROUTES:
        return search.globally(reformulation, GLOBAL_ROUTES[reformulation] if solver == "auto" else solver)
    return search.locally(reformulation, LOCAL_ROUTES[reformulation] if solver == "auto" else solver)


class _Search:
    """One call of :func:`solve`: its working copy, its clock, and how candidates become a Solution."""

    def __init__(self, instance, verdicts, began, time_limit, starts, seed, gap, options):
        self.instance, self.verdicts, self.began, self.time_limit = instance, verdicts, began, time_limit
        self.seed, self.gap, self.options = seed, gap, options
        self.working = Working(instance)
        pairs = len(self.working.pairs)
        self.starts = starts if starts is not None else (8 if pairs < 500 else 2)
        self.proved = all(verdict.convexity == "proved" for verdict in verdicts.values())
        self.qualified = all(verdict.qualified for verdict in verdicts.values())
        self.notes = [f"{name}: convexity not proved: {v.message}" for name, v in verdicts.items() if v.convexity != "proved"]

    def left(self, most: float = math.inf) -> float | None:
        """Seconds left, at most ``most``; None where nothing limits."""
        seconds = most if self.time_limit is None else min(most, self.time_limit - (time.perf_counter() - self.began))
        return None if seconds == math.inf else max(seconds, 0.0)

    def auto(self, solver: str) -> Solution:
        """Global search first; a local one where that did not close the gap, or says that there is no answer."""
        if solver in LOCAL_SOLVERS:
            return self.locally("scholtes", solver)
        budget = 60.0 if self.time_limit is None else 0.7 * self.time_limit
        try:
            first = self.globally("sos1", "scip" if solver == "auto" else solver, budget)
        except SolverFailed as error:
            log.info("%s", error)
            first = None
        if first is not None and (first.claim in ("global", "nash") or solver != "auto"):
            return first
        if first is not None and first.termination in ("infeasible", "unbounded"):
            self.starts = min(self.starts, 2)
        second = self.locally("scholtes", "casadi-ipopt")
        if first is None:
            return second
        if first.claim == "none" and second.claim == "none":
            return replace(first, seconds=second.seconds)
        better = second if first.claim == "none" or self.working.better(second.leader_objective, first.leader_objective) else first
        bound = first.best_bound
        notes = tuple(dict.fromkeys(first.notes + second.notes))
        if second is better and first.termination in ("infeasible", "unbounded"):
            notes += (f"the global search called it {first.termination}, a verified point says otherwise: its bound is not used",)
            bound = None
        claim = self._claim(better.certificate, better.leader_objective, bound, better.claim)
        termination = "optimal" if claim == "global" else better.termination
        return replace(better, claim=claim, best_bound=bound, termination=termination, notes=notes, seconds=second.seconds)

    def globally(self, reformulation: str, solver: str, budget: float = math.inf) -> Solution:
        self.working.use(reformulation, **self.options)
        outcome = GLOBAL_SOLVERS[solver](self, budget)
        candidates = []
        if outcome.has_point:
            outcome.load()
            candidates.append(self._candidate())
            if polish(self.working, self.left(30.0)) is not None:
                candidates.insert(0, self._candidate())
        return self._judge(candidates, outcome, reformulation, solver)

    def locally(self, reformulation: str, solver: str) -> Solution:
        backend = Nlp
        answers = Answers(self.working)
        candidates, outcome = [], Outcome("failed")
        for number, leader in enumerate(leader_points(self.working, self.starts, self.seed)):
            if number and self.left() is not None and self.left() <= 0.0:
                outcome = replace(outcome, status="limit")
                break
            answers.load(leader)
            outcome = CONTINUATIONS[reformulation](self, backend, number)
            log.info("start %d: %s", number, outcome.message)
            if outcome.has_point:
                outcome.load()
                rough = self._candidate()
                candidates.append(self._candidate(f"start {number}") if polish(self.working, self.left(30.0)) is not None else rough)
        candidates.sort(key=lambda c: math.inf if c.objective is None or math.isnan(c.objective) else (c.objective if self.working.minimises else -c.objective))
        return self._judge(candidates, replace(outcome, bound=None), reformulation, solver)

    def _candidate(self, note: str = "") -> Candidate:
        return Candidate(self.working.objective(), self.working.point(), note)

    def _judge(self, candidates, outcome: Outcome, reformulation, solver) -> Solution:
        """The first candidate whose certificate passes, or the first one with the certificate that refuses it."""
        chosen, certificate = None, None
        for candidate in candidates:
            verdict = verify(self.instance, candidate.point, verdicts=self.verdicts)
            if certificate is None or verdict.passed:
                chosen, certificate = candidate, verdict
            if verdict.passed:
                break
        bound = outcome.bound if self.proved else None
        if chosen is None:
            termination = outcome.status if outcome.status not in ("optimal", "feasible") else "failed"
            return self._solution(None, "none", None, bound, termination, reformulation, solver)
        claim = self._claim(certificate, chosen.objective, bound, "local" if self.proved else "stationary")
        termination = "optimal" if claim != "none" and outcome.status in ("optimal", "feasible") else outcome.status
        if claim == "none":
            termination = "failed" if termination == "optimal" else termination
        return self._solution(chosen, claim, certificate, bound, termination, reformulation, solver)

    def _claim(self, certificate: Certificate | None, objective, bound, otherwise: str) -> str:
        if certificate is None or not certificate.passed:
            return "none"
        if self.working.program.leader is None:
            return "nash" if self.proved else "stationary"
        if bound is not None and self.proved and abs(objective - bound) <= CLOSED * max(1.0, abs(objective)):
            return "global"
        return "local" if otherwise == "global" else otherwise

    def _solution(self, chosen, claim, certificate, bound, termination, reformulation, solver) -> Solution:
        checks = {} if certificate is None else certificate.followers
        return Solution(
            leader_objective=None if chosen is None else chosen.objective,
            claim=claim,
            certificate=certificate,
            best_bound=bound,
            termination=termination,
            reformulation=reformulation,
            solver=solver,
            seconds=time.perf_counter() - self.began,
            point={} if chosen is None else chosen.point,
            follower_objectives={name: check.objective for name, check in checks.items()},
            notes=tuple(self.notes),
        )


def _by_scip(search: _Search, budget: float) -> Outcome:
    return solve_scip(search.working.model, gap=search.gap, time_limit=search.left(budget))


def _continue_scholtes(search: _Search, backend, number: int) -> Outcome:
    """ε → 1e-8 by tens, each solve from the last point.

    With ε at the scale of the two sides the first problem is nearly the high-point relaxation, and every start follows the
    same path from its optimum; with a small ε the search stays on the pieces near its start. Starts take turns: scale, 1,
    1e-3.
    """
    working = search.working
    nlp = working.nlp("scholtes", backend)
    epsilon = working.use("scholtes").epsilon
    left, right = (max((abs(pyo.value(side, exception=False) or 0.0) for side in sides), default=0.0) for sides in zip(*((p.left, p.right) for p in working.pairs), strict=True))
    first = (min(max(1.0, left * right), 1e4), 1.0, 1e-3)[number % 3]
    steps = max(2, math.ceil(math.log10(first / 1e-8)) + 1)
    outcome, point = Outcome("failed"), nlp.start()
    for level in np.geomspace(first, 1e-8, steps):
        if search.left() is not None and search.left() <= 0.0:
            return replace(outcome, status="limit")
        step = nlp.solve("ipopt", start=point, fixed=pyo.ComponentMap([(epsilon, level)]), time_limit=search.left(60.0))
        if step.status in ("infeasible", "failed") and outcome.has_point and level < 1e-4:
            break
        outcome = step
        if step.has_point and step.status not in ("infeasible", "unbounded"):
            point = step.values
    return outcome


def _once(search: _Search, backend, number: int) -> Outcome:
    return search.working.nlp("product", backend).solve("ipopt", time_limit=search.left(60.0))


GLOBAL_SOLVERS = {"scip": _by_scip}
LOCAL_SOLVERS = {"casadi-ipopt": None}
CONTINUATIONS = {"scholtes": _continue_scholtes, "product": _once}
