"""Whatever states a game, as players that answer each other, and the proof that none of them would rather move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyomo.environ as pyo

from .best_response import best_response
from .convexity import judge, judge_all
from .errors import ModelError
from .followers import Follower, declared_variables, read
from .leaders import Leader, has_leaders, programs
from .players import Answer, Player, as_player, judged, present
from .residuals import beyond, beyond_bounds
from .solution import Certificate
from .verification import TOLERANCE, verify


class Game:
    """Players who share one space of variable names."""

    players: list[Player]
    name: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(v.name for player in self.players for v in player.variables)

    @property
    def values(self) -> np.ndarray:
        return np.concatenate([player.values for player in self.players])

    def begin(self, start: Mapping[str, float]) -> None:
        """First decisions: those given, the model's, or the numbers nearest zero."""
        unknown = set(start) - set(self.names)
        if unknown:
            raise ModelError(f"start: no player decides {min(unknown)!r}")
        for player in self.players:
            player.move(np.array([start.get(v.name, present(v)) for v in player.variables], float))

    def certificate(self, seconds: float | None = None) -> tuple[Certificate, dict[str, float]]:
        """The verdict on the present decisions, and every variable's value that belongs to them.

        ``seconds`` is how long a better decision of each player may be searched for.
        """
        raise NotImplementedError


class BlockGame(Game):
    """Blocks with Objectives and none above them; ``verdicts`` on their convexity, where they are known."""

    def __init__(self, instance, verdicts=None):
        self.instance, self.name = instance, instance.name
        self.program = program = read(instance.clone() if isinstance(instance, pyo.ConcreteModel) else instance)
        if program.leader is not None:
            raise ModelError(f"{program.leader.name}: leads the players; solve the model, or deactivate it for a game")
        for variable in program.leader_variables:
            raise ModelError(f"{variable.name}: no player decides it; declare it on a player's Block, or fix it")
        self.verdicts = verdicts or judge_all(program)
        self.players = [as_player(f, self.verdicts[f.name]) for f in program.followers]

    def certificate(self, seconds=None):
        point = {v.name: present(v) for v in self.program.variables}
        return verify(self.instance, point, verdicts=self.verdicts, search=seconds), point


class ProgramGame(Game):
    """One model a player; what the others decide is a fixed variable of the same name in it."""

    def __init__(self, models: Mapping, options: Mapping, name: str = ""):
        self.name = name
        names, models = list(models), [model.clone() for model in models.values()]
        found = [{v.name: v for v in declared_variables(model)} for model in models]
        decided = [{n for n, v in one.items() if not v.fixed} for one in found]
        self.players = []
        for k, (name, model) in enumerate(zip(names, models, strict=True)):
            others = [*decided[:k], *decided[k + 1 :]]
            own = decided[k].difference(*others)
            copies = {n: [one[n] for one in (*found[:k], *found[k + 1 :]) if n in one] for n in own}
            rivals = set().union(*others) & found[k].keys() - decided[k]
            player = _player(name, model, own, [found[k][n] for n in sorted(rivals)], options)
            player.copies = {v.name: copies[v.name] for v in player.variables}
            self.players.append(player)

    def certificate(self, seconds=None):
        checks, reasons, notes, points = {}, [], [], {}
        for player in self.players:
            check, others, point = player.check(reasons, notes, seconds)
            checks |= {player.name: check, **others}
            points = point | points  # followers with ties: the first leader's favourite
        gaps = [check.gap for check in checks.values()]
        certificate = Certificate(
            passed=not reasons,
            leader_violation=max(check.violation for check in checks.values()),
            follower_gap=max(gaps),
            complementarity=max(check.complementarity for check in checks.values()),
            followers=checks,
            reasons=tuple(dict.fromkeys(reasons)),
            notes=tuple(dict.fromkeys(notes)),
            tolerance=TOLERANCE,
        )
        return certificate, points


def as_game(game, options: Mapping) -> Game:
    """The game that a model, or a sequence of models, states; see :func:`bilevel_dr.best_response_dynamics`."""
    if isinstance(game, Sequence):
        numbered = {f"player {k}": model for k, model in enumerate(game, 1)}
        named = {model.name: model for model in game}
        return ProgramGame(named if len(named) == len(numbered) else numbered, options)
    if has_leaders(game):
        return ProgramGame(programs(game), options, game.name)
    return BlockGame(game)


def _player(name: str, model, own: set[str], rivals, options) -> Player:
    top = [o for o in model.component_data_objects(pyo.Objective, active=True, descend_into=False)]
    if any(o.parent_block() is not model for o in model.component_data_objects(pyo.Objective, active=True)):
        return Leader(name, model, own, options)
    if len(top) != 1:
        raise ModelError(f"{name}: {len(top)} active Objectives at the top of its model; a player has one")
    for variable in rivals:
        variable.unfix()  # data to it all the same: a follower's problem lists whom it looks at
    rows = tuple(model.component_data_objects(pyo.Constraint, active=True, descend_into=True))
    variables = tuple(v for v in declared_variables(model) if v.name in own)
    if not variables:
        raise ModelError(f"{name}: decides nothing; in its model others' variables are fixed and its own are not")
    return Alone(name, Follower(model, top[0], variables, rows, tuple(rivals)))


class Alone(Player):
    """A player whose model has one level."""

    def __init__(self, name: str, follower: Follower):
        super().__init__(name, follower.variables)
        self.follower, self.verdict = follower, judge(follower)
        self.strict = self.verdict.strict
        self.within = as_player(follower, self.verdict)

    def answer(self, time_limit=None) -> Answer:
        return self.within.answer(time_limit)

    def check(self, reasons, notes, seconds=None):
        follower, convex = self.follower, self.verdict.convexity == "proved"
        outside = max([*map(beyond, follower.constraints), *map(beyond_bounds, follower.variables)], default=0.0)
        if not outside <= TOLERANCE:
            reasons.append(f"{self.name}: its rows are violated by {outside:.3g} (scaled)")
        response = best_response(follower, convex, seconds)
        worth, best = pyo.value(follower.objective), response.value if response.status == "optimal" else None
        check = judged(self.name, follower.sign, worth, best, convex or response.global_, reasons, notes)
        check = replace(check, violation=outside, convexity=self.verdict.convexity)
        return check, {}, {v.name: present(v) for v in declared_variables(follower.block)}
