"""Published bilevel problems with known optima: what every route of the engine must reach.

Each problem is one decorated function that returns a fresh Pyomo model; its header says where it comes from and what
is known. The values are the optimistic optimum, checked without the engine (``oracle.py`` enumerates the linear and
quadratic ones, ``second_opinion.py`` solves followers again); where the literature has another number, ``comment``
says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyomo.environ as pyo


@dataclass(frozen=True)
class Problem:
    """One published problem.

    Attributes
    ----------
    name : str
        The builder's name.
    build : callable
        Returns a fresh ConcreteModel.
    source : str
        Where the problem was published.
    kind : str
        Class of the leader's and of the hardest follower's problem in all their variables: ``LP``, ``QP`` (quadratic
        objective, linear rows) or ``NLP``, with ``MI`` in front where integers are decided.
    leader : float or None
        F*, in the leader's own sense; ``None`` where the problem is infeasible or unbounded.
    follower : float or mapping of str to float or None
        f* in the follower's own sense; for several followers by block name.
    x, y : mapping of str to float or sequence of float
        An optimal decision of the leader, of the followers: component name → value, or values in the index's order.
    termination : str
        ``"optimal"``, ``"infeasible"``, ``"unbounded"`` or ``"unattained"`` (``leader`` is only an infimum).
    convex : bool
        Every follower is convex in its own variables, for every decision the leader may take.
    exact : bool
        The KKT system stands for the follower: what solves it answers optimally, and the optimum solves it.
    unique : bool
        ``x`` and ``y`` are the only optimum.
    tags : frozenset of str
        ``coupling`` (leader rows hold follower variables), ``multiplier`` (of a follower, in the leader), ``nash``,
        ``follower-ties`` (the follower has other best answers at the optimum), ``nonconvex-leader``,
        ``bigm-trap``, ``relaxation-unbounded``, ``follower-infeasible``, ``follower-unbounded``, ``no-cq`` (no
        constraint qualification at the optimum), ``dependent-rows``, ``fixed``, ``range``, ``flat`` (a quartic valley:
        the follower's value says little about its answer), ``pseudolinear``, ``max-min``, ``integer-follower``.
    comment : str
        What a reader should know, above all where a published value is another.
    """

    name: str
    build: Callable[[], pyo.ConcreteModel]
    source: str
    kind: str
    leader: float | None = None
    follower: float | Mapping[str, float] | None = None
    x: Mapping = field(default_factory=dict)
    y: Mapping = field(default_factory=dict)
    termination: str = "optimal"
    convex: bool = True
    exact: bool = True
    unique: bool = True
    tags: frozenset[str] = frozenset()
    comment: str = ""

    @property
    def point(self) -> dict[str, float]:
        """The recorded optimum by the full name of each variable; empty where there is none."""
        model, point = self.build(), {}
        for name, value in {**self.x, **self.y}.items():
            component = model.find_component(name)
            values = value if isinstance(value, tuple | list) else (value,)
            point |= {data.name: float(number) for data, number in zip(component.values(), values, strict=True)}
        return point

    def __str__(self) -> str:
        return self.name


PROBLEMS: dict[str, Problem] = {}


def problem(source: str, kind: str, *, tags=(), **facts):
    """Put the decorated builder into ``PROBLEMS``; what it declares, a model called after it gets back."""

    def register(fill):
        if fill.__name__ in PROBLEMS:
            raise ValueError(f"{fill.__name__}: two problems of this name")

        def build():
            model = pyo.ConcreteModel(name=fill.__name__)
            fill(model)
            return model

        build.__name__, build.__doc__ = fill.__name__, fill.__doc__
        PROBLEMS[fill.__name__] = Problem(fill.__name__, build, source, kind, tags=frozenset(tags), **facts)
        return build

    return register


def rows(*relations) -> pyo.Constraint:
    """The relations as one Constraint, indexed from one."""
    return pyo.Constraint(range(1, len(relations) + 1), rule=lambda block, i: relations[i - 1])


def variables(*bounds) -> pyo.Var:
    """One Var, indexed from one, with these bounds."""
    return pyo.Var(range(1, len(bounds) + 1), bounds=dict(enumerate(bounds, 1)))


from . import (  # noqa: E402, F401  (each module registers its problems)
    bilinear,
    degenerate,
    integers,
    linear,
    multipliers,
    nonconvex,
    nonlinear,
    quadratic,
    several,
)
