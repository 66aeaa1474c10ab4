"""Random small bilevel programs with integer data, for the engine to be held against ``oracle.brute_force``.

Both levels minimise or maximise; rows are one-sided, equalities or ranges; some follower variables are free or have one
bound; a leader row may hold follower variables; some programs are infeasible, few unbounded.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo


def random_linear(seed: int) -> pyo.ConcreteModel:
    """Linear leader, linear follower: one or two leader variables, one to three of the follower, at most three rows."""
    draw = np.random.default_rng(seed)
    m, z = _skeleton(draw, f"linear_{seed}")
    m.goal = pyo.Objective(expr=_linear(draw, z), sense=_sense(draw))
    own = list(m.follower.y.values())
    m.follower.goal = pyo.Objective(expr=_linear(draw, own), sense=_sense(draw))
    return m


def random_quadratic(seed: int, convex_leader: bool = True) -> pyo.ConcreteModel:
    """Convex quadratic follower (sometimes singular, prices set by the leader) under a quadratic leader.

    Parameters
    ----------
    seed : int
    convex_leader : bool
        Without it, the leader's objective may also hold products of its own and the follower's variables.
    """
    draw = np.random.default_rng(seed)
    m, z = _skeleton(draw, f"quadratic_{seed}", boxed=not convex_leader)
    x, y = list(m.x.values()), list(m.follower.y.values())
    leader = _linear(draw, z) + _square(draw, z)
    if not convex_leader:
        leader += sum(int(draw.integers(-2, 3)) * a * b for a in x for b in y)
    sense = _sense(draw)
    m.goal = pyo.Objective(expr=_signed(sense) * leader, sense=sense)
    prices = sum(int(draw.integers(-2, 3)) * a * b for a in x for b in y)
    sense = _sense(draw)
    m.follower.goal = pyo.Objective(expr=_signed(sense) * (_square(draw, y) + _linear(draw, y) + prices), sense=sense)
    return m


def _skeleton(draw, name, boxed=False):
    """Variables and rows; most rows hold at a hidden point."""
    m = pyo.ConcreteModel(name)
    m.x = pyo.Var(range(draw.integers(1, 3)), bounds=(0, 5))
    m.follower = pyo.Block()
    ends = [(0, 5), (0, 5), (0, 3), (0, None), (-2, 4), (None, None)][: 3 if boxed else 6]
    kinds = draw.integers(0, len(ends), size=draw.integers(1, 4))
    m.follower.y = pyo.Var(range(len(kinds)), bounds=lambda b, i: ends[kinds[i]])
    z = [*m.x.values(), *m.follower.y.values()]
    hidden = {id(v): int(draw.integers(0, 4)) for v in z}

    def relation():
        weights = draw.integers(-3, 4, size=len(z))
        body = sum(int(w) * v for w, v in zip(weights, z, strict=True))
        at = int(sum(w * hidden[id(v)] for w, v in zip(weights, z, strict=True)))
        if not weights.any():
            return pyo.Constraint.Feasible
        shape, slack = draw.choice(4, p=[0.6, 0.2, 0.1, 0.1]), int(draw.integers(-1, 5))
        if shape == 0:
            return body <= at + slack
        if shape == 1:
            return body >= at - slack
        return body == at if shape == 2 else pyo.inequality(at - abs(slack) - 1, body, at + abs(slack))

    m.follower.row = pyo.Constraint(range(draw.integers(1, 4)), rule=lambda b, i: relation())
    m.row = pyo.Constraint(range(draw.integers(0, 2)), rule=lambda b, i: relation())
    return m, z


def _linear(draw, variables):
    return sum(int(draw.integers(-3, 4)) * v for v in variables)


def _square(draw, variables):
    """A sum of squares of integer forms, fewer forms than variables at times: convex, not always strictly."""
    forms = [_linear(draw, variables) + int(draw.integers(-3, 4)) for _ in range(draw.integers(1, len(variables) + 1))]
    return 0.5 * sum(form**2 for form in forms)


def _sense(draw):
    return pyo.minimize if draw.random() < 0.7 else pyo.maximize


def _signed(sense):
    return 1 if sense == pyo.minimize else -1
