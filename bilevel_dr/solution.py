"""What an answer is: frozen, with its proof beside it.

``Solution`` comes from every route (complementarity, mixed-integer, a paper's exact algorithm); ``Certificate`` comes
only from looking at the untouched instance. This module knows neither Pyomo nor any solver.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

CLAIMS = ("global", "local", "stationary", "nash", "none")
TERMINATIONS = ("optimal", "feasible", "infeasible", "unbounded", "limit", "failed")


@dataclass(frozen=True)
class FollowerCheck:
    """One follower as the certificate saw it, at the leader's decision.

    Attributes
    ----------
    objective : float
        The follower's objective at the point, in its own sense and unit.
    best : float or None
        Its best value when re-solved with every other decision held; ``None`` where no re-solve succeeded.
    gap : float
        How much the follower could gain, ≥ 0 up to rounding, scaled by the terms of its objective that it moves.
    violation : float
        Largest scaled violation of the follower's own constraints and bounds.
    stationarity, complementarity : float
        Scaled residuals of its KKT system under the best multipliers that exist (``nan``: none could be computed).
    convexity : str
        ``"proved"``, ``"not proved"`` or ``"disproved"``.
    unique : bool or None
        Whether the follower's answer is the only one; ``None`` where that was not decided.
    proved : bool
        Whether nothing can be better than ``best``: by convexity, or by a search to proved optimality.
    """

    objective: float
    best: float | None
    gap: float
    violation: float
    stationarity: float
    complementarity: float
    convexity: str = "proved"
    unique: bool | None = None
    proved: bool = False


@dataclass(frozen=True)
class Certificate:
    """The verdict on a point, computed from the untouched instance alone.

    Attributes
    ----------
    passed : bool
        The point is finite, feasible for both levels, and every follower answers optimally, within ``tolerance``.
    leader_violation, follower_gap, complementarity, stationarity : float
        The worst scaled residual over the leader's rows, and over all followers.
    optimistic_gap : float or None
        What the leader would lose if followers broke ties against it; ``None`` where it was not computed.
    followers : mapping of str to FollowerCheck
        One entry a follower, by its block's name.
    reasons : tuple of str
        Why it did not pass, one line each, naming the component; empty when it passed.
    notes : tuple of str
        What a careful reader should know although it passed.
    """

    passed: bool
    leader_violation: float
    follower_gap: float
    complementarity: float
    stationarity: float = float("nan")
    optimistic_gap: float | None = None
    followers: Mapping[str, FollowerCheck] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tolerance: float = 1e-6

    def __bool__(self) -> bool:
        return self.passed


@dataclass(frozen=True)
class Solution:
    """An answer to a bilevel program, and how far it may be believed.

    Attributes
    ----------
    leader_objective : float or None
        In the leader's own sense and unit; ``None`` for an equilibrium problem, which has no leader, or without a point.
    claim : str
        ``"global"`` (bound closed), ``"local"``, ``"stationary"``, ``"nash"``, or ``"none"`` (certificate failed, or no point).
    certificate : Certificate or None
        ``None`` only where there is no point to judge.
    best_bound : float or None
        What no bilevel-feasible point can beat, in the leader's sense; ``None`` where the route gives none.
    termination : str
        ``"optimal"``, ``"feasible"`` (a point, its optimality not decided), ``"infeasible"`` (or a follower has no best
        answer, too: the first note says why), ``"unbounded"`` (the leader's objective),
        ``"limit"`` (time or iterations, with or without a point) or ``"failed"``.
    reformulation, solver : str
        The route that found it.
    seconds : float
        Wall time, verification included.
    point : mapping of str to float
        Every variable of the instance by Pyomo's name, ``call[3]``.
    follower_objectives : mapping of str to float
        By the follower block's name, in its own sense.
    notes : tuple of str
        What the route has to say: warnings, ties, where each M came from.
    model : str
        The name of the instance it answers, ``"khe_2025"``: by it ``plot`` finds a paper's own picture.
    """

    leader_objective: float | None
    claim: str
    certificate: Certificate | None
    best_bound: float | None
    termination: str
    reformulation: str
    solver: str
    seconds: float
    point: Mapping[str, float] = field(default_factory=dict)
    follower_objectives: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    model: str = ""

    def __post_init__(self):
        if self.claim not in CLAIMS or self.termination not in TERMINATIONS:
            raise ValueError(
                f"Solution: claim {self.claim!r}, termination {self.termination!r}; know {CLAIMS}, {TERMINATIONS}"
            )
        object.__setattr__(self, "point", MappingProxyType(dict(self.point)))
        object.__setattr__(self, "follower_objectives", MappingProxyType(dict(self.follower_objectives)))

    def __reduce__(self):  # a mapping proxy cannot be pickled, and solutions travel between processes
        state = {name: getattr(self, name) for name in self.__dataclass_fields__}
        state["point"], state["follower_objectives"] = dict(self.point), dict(self.follower_objectives)
        return _revive_solution, (state,)

    @property
    def values(self):
        """DataFrame, one row per variable index: ``name``, ``component``, ``index``, ``value``."""
        import pandas as pd

        rows = [(name, *split_name(name), value) for name, value in self.point.items()]
        return pd.DataFrame(rows, columns=["name", "component", "index", "value"])

    def series(self, component: str):
        """One component's values by index.

        Parameters
        ----------
        component : str
            Without indices: ``"call"``, ``"consumer.shift"``, ``"dso.reduction"``.

        Returns
        -------
        Series
            Its index has the indices as the model has them, ``3`` or ``("west", 7)``; one value of a scalar has the
            index ``None``.

        Raises
        ------
        KeyError
            The point has no such component; the message names those it has.
        """
        import pandas as pd

        table = self.values
        if component not in set(table["component"]):
            known = ", ".join(dict.fromkeys(table["component"])) or "none"
            raise KeyError(f"{self.model or 'solution'}: no component {component!r} in this point; there are: {known}")
        table = table[table["component"] == component]
        return pd.Series(table["value"].to_numpy(), [split_index(index) for index in table["index"]], name=component)

    def plot(self, instance=None):
        """The natural picture of this answer: a paper's own, or one panel a component.

        Parameters
        ----------
        instance : ConcreteModel, optional
            What it answers: adds the data that belong into the picture, such as baselines and limits.

        Returns
        -------
        Figure
            Of matplotlib, no part of pyplot; notebooks show it.

        Raises
        ------
        ValueError
            There is no point to draw.
        """
        from .pictures import draw

        return draw(self, instance)

    def load_into(self, instance) -> None:
        """Write the point into a Pyomo instance of the same model: the only way an instance is ever changed.

        Raises
        ------
        KeyError
            If the instance lacks a variable of the point.
        """
        variables = {name: instance.find_component(name) for name in self.point}
        missing = [name for name, variable in variables.items() if variable is None]
        if missing:
            raise KeyError(
                f"{instance.name}: no variable {missing[0]!r} in this instance; load the point into the model it came from"
            )
        for name, value in self.point.items():
            variables[name].set_value(value, skip_validation=True)


def _revive_solution(state):
    return Solution(**state)


def split_index(text: str):
    """``"3"`` → 3, ``"a,1.5"`` → ("a", 1.5), ``""`` → None: an index as the model has it, numbers as numbers."""
    parts = [_plain(part) for part in re.findall(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,'"][^,]*""", text)]
    return None if not parts else parts[0] if len(parts) == 1 else tuple(parts)


def _plain(part: str):
    if part[0] in "'\"":
        return ast.literal_eval(part)
    for kind in (int, float):
        try:
            return kind(part)
        except ValueError:
            continue
    return part


def split_name(name: str) -> tuple[str, str]:
    """``"consumer[3].shift[1,2]"`` → ``("consumer.shift", "3,1,2")``: the component and all indices on the way to it.

    An index with a bracket, comma or dot of its own stays in the quotes that Pyomo writes around it.
    """
    parts = re.findall(r"""([^\[]+)((?:\[(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\]'"])*\])?)""", name)
    return "".join(component for component, _ in parts), ",".join(index[1:-1] for _, index in parts if index)
