"""One search for an answer: routes tried in turn, candidates polished and verified, the best one with the claim it earns."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import replace

from .candidates import Candidate, distinct, is_close
from .diagnosis import LOCALLY, SECONDS, explained, foreseen
from .equilibrium import play
from .errors import ModelError, SolverFailed, SolverMissing
from .games import BlockGame
from .high_point import of_levels
from .routes import GLOBAL_ROUTES, GLOBAL_SOLVERS, LOCAL_ROUTES, SMALL, follow, search
from .screening import LARGE, TRIED, screen
from .shared_starts import follow_in_processes
from .solution import Certificate, Solution
from .solvers import backend, installed
from .solvers.nl import Outcome
from .starts import Answers, leader_points
from .unanswered import Diagnosis
from .value_function import ValueFunction
from .verification import verify
from .working import Polished, Working, polish

log = logging.getLogger("bilevel_dr.searching")

VALUE_FUNCTION = "value_function"
PROOF = 2.0
"""Seconds for a certificate where the time limit leaves less, if it needs searches."""


class Search:
    """One call of :func:`bilevel_dr.solve`: its working copy, its clock, and how candidates become a Solution."""

    def __init__(self, instance, verdicts, began, time_limit, starts, seed, gap, options, workers=1):
        self.instance, self.verdicts, self.began, self.time_limit = instance, verdicts, began, time_limit
        self.seed, self.gap, self.options, self.workers, self.idle = seed, gap, options, workers, ()
        self.working = Working(instance)
        self.reason: Diagnosis | None = None  # why there is no answer, once that is known
        self.large = len(self.working.pairs) >= LARGE and self.working.program.leader is not None
        self.starts = starts if starts is not None else (8 if len(self.working.pairs) < LARGE else 2)
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

    def run(self, reformulation: str, solver: str) -> Solution:
        """The answer, or why there is none: by arithmetic before any search where that is enough."""
        if self.clock() != 0.0:
            self.reason = foreseen(self.instance, self.working, lambda: self.clock(SECONDS))
        if self.reason is not None:
            route = "sos1" if reformulation == "auto" else reformulation
            seconds = time.perf_counter() - self.began
            found = Solution(None, "none", None, None, "infeasible", route, "highs", seconds, notes=tuple(self.notes))
        elif reformulation == VALUE_FUNCTION:
            found = self.by_value_function()
        elif reformulation == "auto":
            found = self.auto(solver)
        else:
            found = self.by_any(reformulation) if solver == "auto" else self.by(reformulation, solver)
        return explained(found, self.instance, self.clock(SECONDS), self.reason)

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
            game = BlockGame(self.instance, self.verdicts)
            played = play(game, time.perf_counter(), time_limit=self.clock(20.0)).solution
            if played.claim == "nash" or self.clock() == 0.0:
                return replace(played, seconds=time.perf_counter() - self.began)
            self.notes += played.notes[:1]
        budget = 20.0 if self.time_limit is None else 0.7 * self.time_limit
        if not self.proved:  # its bound would prove nothing
            budget = min(budget, 5.0)
        if self.proved and not self.qualified and len(self.working.pairs) <= SMALL:
            found = self._without_multipliers()
            if found is not None:
                return found
        try:
            first = self.globally("sos1", "scip", budget)
            ends = time.perf_counter() + SECONDS
        except (SolverFailed, SolverMissing) as error:
            log.info("%s", error)
            self.notes += [f"no bound was proved: {error}"] if isinstance(error, SolverMissing) else []
            return self.locally("scholtes", "casadi-ipopt")
        if first.claim in ("global", "nash") or self.working.sets:
            return first
        if first.termination == "unbounded":  # confirmed by widening boxes
            return first
        if first.claim == "none":  # local searches would look for what is not there, each until its time is up
            self.reason = of_levels(self.instance, lambda: self.clock(max(ends - time.perf_counter(), 0.0)))
            if self.reason is not None:
                return first
        if first.termination == "infeasible":
            self.starts = min(self.starts, 2)
        second = self._among_integers() if first.claim == "none" else None
        try:
            second = second or self.locally("scholtes", "casadi-ipopt")
        except SolverFailed as error:
            log.info("%s", error)
            return first
        return self._better(first, second)

    def _among_integers(self) -> Solution | None:
        """A second global search where the leader has integers, which local routes do not know: other rows, other solver."""
        if not self.working.integers:
            return None
        try:
            found = self.globally("big_m", "highs", 60.0)
        except (ModelError, SolverFailed) as error:
            log.info("%s", error)
            return None
        return None if found.claim == "none" else found

    def _without_multipliers(self) -> Solution | None:
        """The answer where the best one may have no multipliers; None where that was not settled in some seconds."""
        try:
            found = self.by_value_function(5.0)
        except (ModelError, SolverFailed, SolverMissing) as error:
            log.info("%s", error)
            return None
        return found if found.claim == "global" or found.termination == "infeasible" else None

    def _better(self, first: Solution, second: Solution) -> Solution:
        """The better verified answer of a global and a local search, under the global one's bound."""
        if second.claim == "none":
            return replace(first, seconds=second.seconds)
        bound, notes = first.best_bound, first.notes + second.notes
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
        bound = self._believed(bound, better.leader_objective)
        notes = tuple(dict.fromkeys((*notes, *self.notes)))
        claim = "global" if is_close(better.leader_objective, bound) and self.proved and self.qualified else better.claim
        return replace(better, claim=claim, best_bound=bound, notes=notes, seconds=second.seconds)

    def _believed(self, bound: float | None, objective: float) -> float | None:
        """A solver's bound, unless a verified point is better."""
        if bound is None or not math.isfinite(bound):
            return None
        if self.working.better(objective, bound) and not is_close(objective, bound):
            note = f"a verified point is better than the bound {bound:.8g} of the global search, so that bound is not used"
            self.notes += [note] if note not in self.notes else []
            return None
        return bound

    def by_value_function(self, budget: float = math.inf) -> Solution:
        ends = time.perf_counter() + budget
        outcome, points = ValueFunction(self.instance, self.verdicts).run(
            self.gap, lambda most=math.inf: self.clock(min(most, max(ends - time.perf_counter(), 0.0)))
        )
        log.info("%s", outcome.message)
        candidates = [Candidate(value, point) for value, point in points]
        return self._judge(candidates, outcome, VALUE_FUNCTION, "scip")

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
        infeasible, outcome, candidates = self._from_points(reformulation, solver)
        if outcome.crashed and not candidates:
            raise SolverFailed(f"{reformulation}: {outcome.message}")
        sign = 1.0 if self.working.minimises else -1.0
        candidates.sort(
            key=lambda c: 0.0 if c.objective is None else math.inf if math.isnan(c.objective) else sign * c.objective
        )
        found = distinct([c.objective for c in candidates if c.objective is not None and math.isfinite(c.objective)])
        if len(found) > 1:
            listed = ", ".join(f"{value:.6g} ({count})" for value, count in found[:5])
            note = f"{len(candidates)} starts ended at {len(found)} values: {listed}" + (", …" if len(found) > 5 else "")
            self.notes = [n for n in self.notes if " starts ended at " not in n] + [note]
        if outcome.status in ("infeasible", "unbounded") and not infeasible:
            self.notes.append(f"{LOCALLY}{outcome.status}, which proves nothing about this problem")
            outcome = replace(outcome, status="failed")
        return self._judge(candidates, replace(outcome, bound=None), reformulation, solver)

    def _from_points(self, reformulation: str, solver: str):
        """What :meth:`_continue` finds; of a large problem without the rows that play no part, if they play none there either."""
        points = list(leader_points(self.working, max(self.starts, TRIED) if self.large else self.starts, self.seed))
        if not self.large:
            return self._continue(points, reformulation, solver)
        points, idle = screen(self.working, points, self.clock)
        points = points[: self.starts]
        if not idle:
            return self._continue(points, reformulation, solver)
        whole, self.working, self.idle = self.working, Working(self.instance, idle=idle), idle
        try:
            found = self._continue(points, reformulation, solver)
        finally:
            self.working, self.idle = whole, ()
        names = [name for candidate in found[2] for name in candidate.woken]
        if names:
            self.notes.append(f"{names[0]} was taken to be idle and is not: searched again with every row")
            return self._continue(points, reformulation, solver)
        if found[2]:
            self.notes.append(
                f"{len(idle)} of {len(whole.pairs)} complementarities were left out: their rows kept clear of their bounds at "
                "the followers' answers that were tried, and do where the search ended"
            )
        return found

    def _continue(self, points, reformulation: str, solver: str):
        """See :meth:`follow`: here, or in processes."""
        numbered = list(enumerate(points))
        if self.workers > 1 and len(numbered) > 1:
            return follow_in_processes(self, numbered, reformulation, solver)
        return self.follow(numbered, reformulation, solver)

    def follow(self, points, reformulation: str, solver: str):
        """Follow a local route from numbered leader decisions.

        Returns
        -------
        (bool, Outcome, list)
            Whether the smooth model contradicts itself, the last outcome, and a candidate a start.
        """
        nlp = self.working.nlp(reformulation, backend(solver))
        answers = Answers(self.working)
        candidates, ends, outcome = [], [], Outcome("failed")
        for number, leader in points:
            if number != points[0][0] and self.clock() is not None and self.clock() <= 0.0:
                outcome = replace(outcome, status="limit")
                break
            answers.load(leader)
            if self.large:  # bilevel-feasible as it stands: the best of its piece may beat where the continuation ends
                candidates += self._candidates()[:1]
            # a screened start is an answer: it is kept to closely first, and never relaxed to the widest
            pace = (2, 1)[number % 2] if self.large else number
            outcome = follow(self.working, nlp, reformulation, pace, self.clock)
            log.info("start %d: %s", number, outcome.message)
            if outcome.has_point:
                outcome.load()
                here = self.working.objective()
                twin = next((c for near, c in ends if is_close(near, here, 1e-7)), None)  # polished once already
                reached = [twin] if twin else self._candidates()[:1]
                candidates += reached
                ends += [(here, candidate) for candidate in reached]
        return nlp.infeasible, outcome, candidates

    def _candidates(self) -> list[Candidate]:
        """The point the working model holds, polished first where that succeeds.

        Far out, a solver's tolerance is worth more than what is to be decided: such a point is only taken polished.
        """
        escaped = self.working.escaped()
        rough = [] if escaped else [Candidate.of(self.working)]
        found = polish(self.working, self.clock(30.0))
        if found is not None:
            return [Candidate.of(self.working, found), *rough]
        if escaped:
            self.notes.append(f"a search ran off to {escaped} and nothing exact was found there; give it a bound")
        return rough

    def _judge(self, candidates, outcome: Outcome, reformulation, solver) -> Solution:
        """The first candidate whose certificate passes, or the first one with the certificate that refuses it."""
        chosen, certificate = None, None
        for candidate in candidates:
            left = self.clock()
            seconds = None if left is None else min(10.0, max(left, PROOF) / len(self.verdicts))
            verdict = verify(self.instance, candidate.point, verdicts=self.verdicts, search=seconds)
            if certificate is None or verdict.passed:
                chosen, certificate = candidate, verdict
            if verdict.passed:
                break
        of_any_shape = reformulation == VALUE_FUNCTION  # its bound needs neither convexity nor multipliers
        bound = outcome.bound if (self.proved or of_any_shape) and self.working.program.leader is not None else None
        bound = bound if certificate is None or not certificate.passed else self._believed(bound, chosen.objective)
        polished = None if chosen is None else chosen.polished
        claim = "none" if chosen is None else self._claim(certificate, chosen.objective, bound, polished)
        if of_any_shape and claim != "none" and is_close(chosen.objective, bound):
            claim = "global" if all(check.proved for check in certificate.followers.values()) else "stationary"
        notes = [*self.notes] if polished is None or claim in ("none", "global") else [*self.notes, str(polished)]
        termination = outcome.status
        if chosen is None and termination in ("failed", "limit") and outcome.message:
            notes.append(outcome.message)
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
            model=self.instance.name,
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
        if is_close(objective, bound) and self.qualified:
            return "global"
        return "local" if polished is not None and polished.stationarity == "S" else "stationary"
