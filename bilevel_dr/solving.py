"""Choose a route, follow it, keep the best answer that is verified; nothing algebraic happens here."""

from __future__ import annotations

import difflib
import inspect
import logging
import math
import time
from dataclasses import dataclass, replace

from .convexity import Verdict, judge_all
from .equilibrium import best_response_dynamics
from .errors import ModelError, SolverFailed
from .followers import read
from .leaders import has_leaders
from .nl import Outcome
from .reformulate import REFORMULATIONS
from .routes import GLOBAL_ROUTES, GLOBAL_SOLVERS, LOCAL_ROUTES, follow, search
from .solution import Certificate, Solution
from .solvers import backend, find, installed
from .starts import Answers, leader_points
from .verification import verify
from .working import Polished, Working, polish

log = logging.getLogger("bilevel_dr.solving")

CLOSED = 1e-5
"""Relative distance between a verified answer and a solver's bound at which the bound counts as closed."""


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
    """Solve a bilevel program (optimistic), or a game, and prove the answer.

    Parameters
    ----------
    instance : ConcreteModel
        A leader Objective at the top, followers as Blocks with their own Objective; without a leader these are the players
        of a game; with several, of whom a Suffix ``decided_by`` says who decides what, see :mod:`bilevel_dr.leaders`. It is
        not changed.
    reformulation : str
        ``"auto"``: SOS1 to proved optimality where that succeeds, else local continuation from several starts; or a name
        of :data:`bilevel_dr.reformulate.REFORMULATIONS`. A game is first played, which ``"best_response"`` asks for alone.
    solver : str
        ``"auto"`` or a name that ``bilevel-dr doctor`` lists.
    time_limit : float, optional
        Seconds for everything. Without one, ``auto`` gives its global search 20 s.
    starts : int, optional
        Starting points of a local route (default 8, or 2 from 500 pairs up).
    seed : int
        Of the random starts.
    gap : float
        Relative gap at which a global search may stop.
    **options
        Handed to the reformulation (``M_slack``, ``M_multiplier`` for ``big_m``; ``choice`` for ``mixed``).

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
    if reformulation == "best_response" or has_leaders(instance):
        route = "auto" if reformulation == "best_response" else reformulation
        ways = {"reformulation": route, "solver": solver, "starts": starts, "seed": seed, "gap": gap, **options}
        return best_response_dynamics(instance, time_limit=time_limit, **ways).solution
    if reformulation != "auto" and reformulation not in REFORMULATIONS:
        raise ModelError(f"reformulation {reformulation!r} is unknown; choose from auto, {', '.join(REFORMULATIONS)}")
    if starts is not None and not (isinstance(starts, int) and starts >= 1):
        raise ModelError(f"starts={starts!r}: a local route begins somewhere; give a whole number, at least 1")
    if not (isinstance(seed, int) and seed >= 0):
        raise ModelError(f"seed={seed!r}: give a whole number, 0 or more")
    if not 0.0 <= gap < math.inf:
        raise ModelError(f"gap={gap!r}: give a relative gap, 0 or more")
    _check_options(reformulation, options)
    if solver != "auto":
        solver = find(solver).name
    verdicts = judged(instance)
    search = _Search(instance, verdicts, began, time_limit, starts, seed, gap, options)
    if reformulation == "auto":
        return search.auto(solver)
    if solver != "auto":
        return search.by(reformulation, solver)
    return search.by_any(reformulation)


def judged(instance) -> dict[str, Verdict]:
    """The convexity verdict on each follower, by name.

    Raises
    ------
    ModelError
        The instance is no bilevel program, or a follower is not convex.
    """
    verdicts = judge_all(read(instance))
    for name, verdict in verdicts.items():
        if verdict.convexity == "disproved":
            raise ModelError(f"{name}: not convex, so KKT conditions do not describe its answer; {verdict.message}")
    return verdicts


def _check_options(reformulation: str, options) -> None:
    known = [] if reformulation == "auto" else list(inspect.signature(REFORMULATIONS[reformulation]).parameters)[2:]
    for name in options:
        if name not in known:
            close = difflib.get_close_matches(name, [*known, *inspect.signature(solve).parameters], 1)
            what = f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(known) or 'none of its own'}"
            raise ModelError(f"solve: {reformulation} has no option {name!r}; {what}")


@dataclass(frozen=True)
class _Candidate:
    """A point of the working model, not yet judged; ``polished`` None where its smooth piece could not be solved."""

    objective: float | None
    point: dict[str, float]
    polished: Polished | None = None


class _Search:
    """One call of :func:`solve`: its working copy, its clock, and how candidates become a Solution."""

    def __init__(self, instance, verdicts, began, time_limit, starts, seed, gap, options):
        self.instance, self.verdicts, self.began, self.time_limit = instance, verdicts, began, time_limit
        self.seed, self.gap, self.options = seed, gap, options
        self.working = Working(instance)
        self.starts = starts if starts is not None else (8 if len(self.working.pairs) < 500 else 2)
        self.proved = all(verdict.convexity == "proved" for verdict in verdicts.values())
        self.qualified = all(verdict.qualified for verdict in verdicts.values())
        self.notes = [
            f"{name}: convexity not proved: {v.message}" for name, v in verdicts.items() if v.convexity != "proved"
        ]
        self.notes += [
            f"{name}: no constraint qualification is proved, so multipliers may be missing at its best answer"
            for name, v in verdicts.items()
            if not v.qualified
        ]

    def clock(self, most: float = math.inf) -> float | None:
        seconds = most if self.time_limit is None else min(most, self.time_limit - (time.perf_counter() - self.began))
        return None if seconds == math.inf else max(seconds, 0.0)

    def by(self, reformulation: str, solver: str) -> Solution:
        if solver in GLOBAL_SOLVERS:
            if reformulation not in GLOBAL_ROUTES:
                raise ModelError(
                    f"{reformulation} is a local route: {solver} does not take it; use casadi-ipopt, or reformulation='sos1'"
                )
            return self.globally(reformulation, solver)
        if reformulation not in LOCAL_ROUTES:
            raise ModelError(
                f"{reformulation} needs a solver with integers or sets ({', '.join(GLOBAL_ROUTES[reformulation])}), not {solver}"
            )
        return self.locally(reformulation, solver)

    def by_any(self, reformulation: str) -> Solution:
        """The first solver of the route that takes the model."""
        if reformulation not in GLOBAL_ROUTES:
            return self.locally(reformulation, "casadi-ipopt")
        refusal = None
        here = {info.name for info in installed()}
        for solver in (name for name in GLOBAL_ROUTES[reformulation] if name in here):
            try:
                return self.globally(reformulation, solver)
            except (ModelError, SolverFailed) as error:
                refusal = refusal or error
                log.info("%s", error)
        raise refusal

    def auto(self, solver: str) -> Solution:
        """Global search first; a local one where that did not close the gap, or says that there is no answer."""
        if solver not in ("auto", *GLOBAL_SOLVERS):
            return self.locally("scholtes", solver)
        if solver != "auto":
            return self.by("big_m" if solver == "highs" else "sos1", solver)
        program = self.working.program
        if program.leader is None and not program.leader_variables:
            played = best_response_dynamics(self.instance, time_limit=self.clock(20.0)).solution
            if played.claim == "nash":
                return played
            self.notes += played.notes[:1]
        budget = 20.0 if self.time_limit is None else 0.7 * self.time_limit
        if not self.proved:  # its bound would prove nothing
            budget = min(budget, 5.0)
        try:
            first = self.globally("sos1", "scip", budget)
        except SolverFailed as error:
            log.info("%s", error)
            return self.locally("scholtes", "casadi-ipopt")
        if first.claim in ("global", "nash") or self.working.sets:
            return first
        if first.termination == "unbounded":  # confirmed by widening boxes
            return first
        if first.termination == "infeasible":
            self.starts = min(self.starts, 2)
        second = self.locally("scholtes", "casadi-ipopt")
        return self._better(first, second)

    def _better(self, first: Solution, second: Solution) -> Solution:
        """The better verified answer of a global and a local search, under the global one's bound."""
        if second.claim == "none":
            return replace(first, seconds=second.seconds)
        bound, notes = first.best_bound, tuple(dict.fromkeys(first.notes + second.notes))
        if first.termination == "infeasible":
            notes += (
                f"the global search called it {first.termination}; a verified point says otherwise, so its bound is not used",
            )
            bound = None
        better = (
            second
            if first.claim == "none" or self.working.better(second.leader_objective, first.leader_objective)
            else first
        )
        if (
            bound is not None
            and self.working.better(better.leader_objective, bound)
            and not _close(better.leader_objective, bound)
        ):
            notes += (
                f"a verified point is better than the bound {bound:.8g} of the global search, so that bound is not used",
            )
            bound = None
        claim = "global" if _close(better.leader_objective, bound) and self.proved and self.qualified else better.claim
        return replace(better, claim=claim, best_bound=bound, notes=notes, seconds=second.seconds)

    def globally(self, reformulation: str, solver: str, budget: float = math.inf) -> Solution:
        ends = time.perf_counter() + budget

        def clock(most: float = math.inf) -> float | None:
            return self.clock(min(most, max(ends - time.perf_counter(), 0.0)))

        outcome, notes = search(self.working, reformulation, solver, self.gap, clock, **self.options)
        self.notes += [note for note in notes if note not in self.notes]
        log.info("%s", outcome.message)
        candidates = []
        if outcome.has_point:
            outcome.load()
            candidates = self._candidates()
        return self._judge(candidates, outcome, reformulation, solver)

    def locally(self, reformulation: str, solver: str) -> Solution:
        if self.working.sets:
            raise ModelError(
                f"{self.working.sets[0].name}: a special ordered set of the leader; "
                "local routes cannot keep it, use reformulation='sos1'"
            )
        nlp = self.working.nlp(reformulation, backend(solver))
        answers = Answers(self.working)
        candidates, ends, outcome = [], [], Outcome("failed")
        for number, leader in enumerate(leader_points(self.working, self.starts, self.seed)):
            if number and self.clock() is not None and self.clock() <= 0.0:
                outcome = replace(outcome, status="limit")
                break
            answers.load(leader)
            outcome = follow(self.working, nlp, reformulation, number, self.clock)
            log.info("start %d: %s", number, outcome.message)
            if outcome.has_point:
                outcome.load()
                here = self.working.objective()
                twin = next((c for near, c in ends if _close(near, here, 1e-7)), None)  # polished once already
                candidates.append(twin or self._candidates()[0])
                ends.append((here, candidates[-1]))
        sign = 1.0 if self.working.minimises else -1.0
        candidates.sort(
            key=lambda c: 0.0 if c.objective is None else math.inf if math.isnan(c.objective) else sign * c.objective
        )
        found = _distinct([c.objective for c in candidates if c.objective is not None and math.isfinite(c.objective)])
        if len(found) > 1:
            listed = ", ".join(f"{value:.6g} ({count})" for value, count in found[:5])
            note = f"{len(candidates)} starts ended at {len(found)} values: {listed}" + (", …" if len(found) > 5 else "")
            self.notes = [n for n in self.notes if " starts ended at " not in n] + [note]
        if outcome.status in ("infeasible", "unbounded") and not nlp.infeasible:
            self.notes.append(f"the local solver called it {outcome.status}, which proves nothing about this problem")
            outcome = replace(outcome, status="failed")
        return self._judge(candidates, replace(outcome, bound=None), reformulation, solver)

    def _candidates(self) -> list[_Candidate]:
        """The point the working model holds, polished first where that succeeds."""
        rough = _Candidate(self.working.objective(), self.working.point())
        found = polish(self.working, self.clock(30.0))
        return [rough] if found is None else [_Candidate(self.working.objective(), self.working.point(), found), rough]

    def _judge(self, candidates, outcome: Outcome, reformulation, solver) -> Solution:
        """The first candidate whose certificate passes, or the first one with the certificate that refuses it."""
        chosen, certificate = None, None
        for candidate in candidates:
            verdict = verify(self.instance, candidate.point, verdicts=self.verdicts)
            if certificate is None or verdict.passed:
                chosen, certificate = candidate, verdict
            if verdict.passed:
                break
        bound = outcome.bound if self.proved and self.working.program.leader is not None else None
        polished = None if chosen is None else chosen.polished
        claim = "none" if chosen is None else self._claim(certificate, chosen.objective, bound, polished)
        notes = [*self.notes] if polished is None or claim in ("none", "global") else [*self.notes, str(polished)]
        termination = outcome.status
        if claim == "none" and termination in ("optimal", "feasible"):
            termination = "failed"
        elif claim != "none" and termination not in ("optimal", "limit"):
            termination = "feasible"
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
            notes=tuple(notes),
        )

    def _claim(self, certificate: Certificate | None, objective, bound, polished: Polished | None) -> str:
        if certificate is None or not certificate.passed:
            return "none"
        if self.working.program.leader is None:
            if all(check.proved for check in certificate.followers.values()):
                return "nash"
            self.notes.append("no verified equilibrium: a better answer of some player is not excluded")
            return "none"
        if not self.proved:
            return "stationary"
        if _close(objective, bound) and self.qualified:
            return "global"
        return "local" if polished is not None and polished.stationarity == "S" else "stationary"


def _distinct(values: list[float]) -> list[tuple[float, int]]:
    """Values that differ by more than 1e-4 of themselves, in the order given, and how often each came up."""
    found: list[tuple[float, int]] = []
    for value in values:
        if found and abs(value - found[-1][0]) <= 1e-4 * max(1.0, abs(value)):
            found[-1] = found[-1][0], found[-1][1] + 1
        else:
            found.append((value, 1))
    return found


def _close(objective: float | None, bound: float | None, tolerance: float = CLOSED) -> bool:
    return objective is not None and bound is not None and abs(objective - bound) <= tolerance * max(1.0, abs(objective))
