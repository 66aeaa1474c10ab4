"""Games: players who each answer optimally what all others decide, round after round, until none of them moves.

The players are the Blocks with Objectives of an instance without a leader; or leaders over the same followers, each of
whom solves a bilevel program (:mod:`bilevel_dr.leaders`). Where the rounds end nothing is claimed: the point is verified as
every other is, each player solved again at the others' decisions.

The other route to the same points, all players' KKT systems stacked as one complementarity problem, is
:func:`bilevel_dr.solve` itself: ``reformulation="sos1"`` where the players are linear or quadratic, ``"scholtes"`` otherwise.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from .errors import ModelError
from .games import Game, as_game
from .solution import Solution
from .unanswered import of_follower

STAYS = 1e-15
"""A player that gains less than this times the size of its objective by moving stays where it is."""
REPEATS = 1e-6
"""Rounds whose decisions differ by less than this part of what players still move are the same round."""
PROOF = 2.0
"""Seconds for the certificate where a time limit leaves less."""
FAR = 1e9
"""Decisions grown to this many times what they were have diverged."""


@dataclass(frozen=True)
class Round:
    """One round.

    Attributes
    ----------
    number : int
        From 1; 0 is the start.
    values : array
        What was decided at its end, in the order of ``Dynamics.names``.
    residual : float
        Largest move a player wanted to make, over the size of what it decides (at least one).
    gains : mapping of player name to float
        What its answer gained it over its decision before, over the size of its objective; ``nan`` where that decision was
        not open to it any more.
    """

    number: int
    values: np.ndarray
    residual: float
    gains: Mapping[str, float]


@dataclass(frozen=True)
class Dynamics:
    """Best-response dynamics and where they led.

    Attributes
    ----------
    solution : Solution
        The last decisions, verified: claim ``nash``, or ``none`` where they are no equilibrium.
    status : str
        ``"converged"``, ``"cycle"``, ``"diverged"``, ``"limit"`` (rounds or time) or ``"failed"`` (a player had no answer).
    period : int or None
        Rounds after which a cycle repeats.
    names : tuple of str
        The variables that players decide.
    rounds : tuple of Round
    message : str
        Why it stopped, in a line.
    """

    solution: Solution
    status: str
    period: int | None
    names: tuple[str, ...]
    rounds: tuple[Round, ...] = field(repr=False)
    message: str = ""

    @property
    def history(self):
        """DataFrame, one row a round: ``round``, ``residual``, ``gain`` (the largest), then every variable by its name."""
        import pandas as pd

        columns = {
            "round": [r.number for r in self.rounds],
            "residual": [r.residual for r in self.rounds],
            "gain": [max(r.gains.values(), default=math.nan) for r in self.rounds],
        }
        decided = pd.DataFrame(np.array([r.values for r in self.rounds]), columns=list(self.names))
        return pd.concat([pd.DataFrame(columns), decided], axis=1)


def best_response_dynamics(
    game,
    order: str = "sequential",
    relaxation: float = 1.0,
    start: Mapping[str, float] | None = None,
    rounds: int = 200,
    tolerance: float = 1e-9,
    time_limit: float | None = None,
    **options,
) -> Dynamics:
    """Let every player answer the others, over and over.

    Parameters
    ----------
    game : ConcreteModel or sequence of ConcreteModel
        Blocks with Objectives and no Objective above them; or several Objectives at the top with a Suffix ``decided_by``
        (see :mod:`bilevel_dr.leaders`); or one model for each player, in which what others decide is a fixed variable of
        the same name. Not changed.
    order : str
        ``"sequential"``, each player knowing what those before it have just decided (Gauss–Seidel), or
        ``"simultaneous"``, all answering the last round (Jacobi).
    relaxation : float
        The part, in (0, 2), of the way to its best answer that a player goes.
    start : mapping of variable name to float, optional
        First decisions; what it leaves out begins at the model's values, or where there is none at the number nearest zero.
    rounds : int
        Most of them.
    tolerance : float
        Residual at which nobody moves any more.
    time_limit : float, optional
        Seconds for all rounds and the certificate, which takes two where less is left.
    **options
        For :func:`bilevel_dr.solve`, where players are leaders.

    Returns
    -------
    Dynamics

    Raises
    ------
    ModelError
        The game has a leader above its players, or is none; a player whose convexity is disproved is searched, not refused.

    Notes
    -----
    Dynamics find stable equilibria only: one that they never reach may still exist, and a cycle proves nothing but that this
    order and this start lead into it. See Facchinei & Kanzow, "Generalized Nash equilibrium problems", Annals of Operations
    Research 175 (2010), 177–211.

    Examples
    --------
    >>> import bilevel_dr as bdr
    >>> played = bdr.best_response_dynamics(bdr.load_case("li_2025", "fig2_convex"))
    >>> played.solution.claim
    'nash'
    """
    if order not in ("sequential", "simultaneous"):
        raise ModelError(f"order={order!r}: players answer 'sequential' or 'simultaneous'")
    if not 0.0 < relaxation < 2.0:
        raise ModelError(f"relaxation={relaxation!r}: give the part of the way to go, above 0 and below 2")
    if not (isinstance(rounds, int) and rounds >= 1):
        raise ModelError(f"rounds={rounds!r}: give a whole number, at least 1")
    return play(as_game(game, options), time.perf_counter(), order, relaxation, start or {}, rounds, tolerance, time_limit)


def play(
    game: Game,
    began: float,
    order: str = "sequential",
    relaxation: float = 1.0,
    start: Mapping[str, float] = MappingProxyType({}),
    rounds: int = 200,
    tolerance: float = 1e-9,
    time_limit: float | None = None,
) -> Dynamics:
    """The rounds of a game that is read already, by a clock that began at ``began``; see :func:`best_response_dynamics`."""
    game.begin(start)
    played = [Round(0, game.values, math.nan, {})]
    status, period, message = "limit", None, f"{rounds} rounds were not enough"

    def clock() -> float | None:
        return None if time_limit is None else max(time_limit - (time.perf_counter() - began), 0.0)

    for number in range(1, rounds + 1):
        if clock() == 0.0:
            message = f"{time_limit:g} s were not enough"
            break
        residual, gains, refusal = _play(game.players, order, relaxation, clock)
        if refusal:
            status, message = "limit" if clock() == 0.0 else "failed", refusal
            break
        played.append(Round(number, game.values, residual, gains))
        if residual <= tolerance:
            status, message = "converged", f"nobody moves any more after {number} rounds"
            break
        if not np.abs(game.values).max(initial=0.0) < FAR * max(1.0, np.abs(played[0].values).max(initial=0.0)):
            status, message = "diverged", f"decisions grew without end in {number} rounds"
            break
        period = _repeats(played)
        if period is not None:
            status, message = "cycle", f"the decisions of round {number - period} came back in round {number}"
            break
    return Dynamics(_verified(game, status, message, began, clock()), status, period, game.names, tuple(played), message)


def _verified(game, status: str, message: str, began: float, left: float | None) -> Solution:
    """The present decisions as a Solution, whatever the rounds say of them."""
    certificate, point = game.certificate(None if left is None else max(left, PROOF) / len(game.players))
    checks = certificate.followers
    nash = certificate.passed and all(check.proved for check in checks.values())
    return Solution(
        leader_objective=None,
        claim="nash" if nash else "none",
        certificate=certificate,
        best_bound=None,
        termination="optimal" if nash else "limit" if status == "limit" else "failed",
        reformulation="best_response",
        solver="+".join(sorted({player.solver for player in game.players if player.solver})),
        seconds=time.perf_counter() - began,
        point=point,
        follower_objectives={name: check.objective for name, check in checks.items()},
        notes=(f"best responses: {message}", *certificate.notes),
        model=game.name,
    )


def _play(players, order, relaxation, clock):
    """One round: the residual, the gains, and why it could not be ended, if so."""
    residual, gains, moves = 0.0, {}, []
    for player in players:
        answer = player.answer(clock())
        if answer.values is None:
            follower = getattr(player, "follower", None)  # a leader over followers has its own Solution to say why
            why = None if follower is None else of_follower(follower, lambda: 2.0, "at the others' decisions")
            return residual, gains, str(why or f"{player.name}: no answer to what the others decide ({answer.status})")
        present = player.values
        gains[player.name], player.solver = answer.gain / answer.size, answer.solver
        if not player.strict and answer.gain <= STAYS * answer.size:
            continue
        move = answer.values - present
        residual = max(residual, float((np.abs(move) / np.maximum(1.0, np.abs(present))).max(initial=0.0)))
        moves.append((player, present + relaxation * move))
        if order == "sequential":
            player.move(moves.pop()[1])
    for player, values in moves:
        player.move(values)
    return residual, gains, ""


def _repeats(played: list[Round]) -> int | None:
    """After how many rounds, two at least, the last decisions came back; None where they are new.

    Dynamics that creep towards an equilibrium from two sides come near what they were two rounds ago as well, but nearer
    still to nothing that they keep leaving: what counts is the distance over the residual, in two rounds running.
    """
    last, before = played[-1], played[-2]
    for period in range(2, min(len(played) - 1, 50)):
        near = (_distance(last, played[-1 - period]), _distance(before, played[-2 - period]))
        if all(gap <= REPEATS * r.residual for gap, r in zip(near, (last, before), strict=True)):
            return period
    return None


def _distance(one: Round, other: Round) -> float:
    return float((np.abs(one.values - other.values) / np.maximum(1.0, np.abs(one.values))).max(initial=0.0))
