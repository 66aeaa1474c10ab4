"""What a reader is told first: which followers are alike, what they are called, which class a problem is of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..followers import Follower
from ..solution import split_name

FAMILY = 4
"""Members of an indexed family that are written out; of a larger one the first three and the count of the rest."""


@dataclass(frozen=True)
class Group:
    """Followers of one family with the same sense, variables, rows and pairs."""

    members: tuple[Follower, ...]

    @property
    def first(self) -> Follower:
        return self.members[0]

    @property
    def title(self) -> str:
        """``consumer[i] for i in CONSUMERS``, or the names where the group is not a whole family."""
        block = self.first.block
        family, index = block.parent_component(), block.index()
        if not family.is_indexed():
            return self.first.name
        if family.parent_block() is not block.model() or len(family) != len(self.members):
            names = [follower.name for follower in self.members]
            return ", ".join(names if len(names) <= FAMILY else [*names[:2], f"… {len(names) - 3} more …", names[-1]])
        letters = ", ".join("ijklmnopq"[: len(index)]) if isinstance(index, tuple) else "i"
        whole = family.index_set()
        if whole.parent_block() is not None:
            return f"{family.name}[{letters}] for {letters} in {whole.name}"
        keys = [str(key) for key in family]
        listed = ", ".join(keys if len(keys) <= 6 else [*keys[:3], "…", keys[-1]])
        return f"{family.name}[{letters}] for {letters} in {{{listed}}}"


def alike(followers: Iterable[Follower]) -> list[Group]:
    """Followers grouped by family and by form; they are under KKT conditions already."""
    groups: dict[tuple, list[Follower]] = {}
    for follower in followers:
        kkt = follower.block.kkt
        sides = tuple(tuple(part) for part in (kkt.stationarity, kkt.nu, kkt.mu_upper, kkt.mu_lower))
        form = follower.sign, len(follower.variables), len(follower.constraints), sides
        groups.setdefault((split_name(follower.name)[0], *form), []).append(follower)
    return [Group(tuple(members)) for members in groups.values()]


def short_names(follower: Follower) -> Callable:
    """Names without the follower's own in front, unless the model has something of the short name too."""
    prefix, model = f"{follower.name}.", follower.block.model()

    def name_of(component) -> str:
        full = component.name
        short = full.removeprefix(prefix).removeprefix("kkt.") if full.startswith(prefix) else full
        return full if model.component(re.split(r"[.\[]", short)[0]) is not None else short

    return name_of


def problem_class(objective, constraints, variables) -> str:
    """Linear, quadratic (objective) or nonlinear in all variables, mixed-integer or not; objective may be None."""
    degrees = [constraint.body.polynomial_degree() for constraint in constraints]
    bent = any(degree is None or degree > 1 for degree in degrees)
    wanted = 0 if objective is None else objective.polynomial_degree()
    kind = "nonlinear" if bent or wanted is None or wanted > 2 else "quadratic" if wanted == 2 else "linear"
    return kind if all(variable.is_continuous() for variable in variables) else f"mixed-integer {kind}"


def cut(members: list) -> list:
    """A family as far as it is written out; ``rest`` says how many are not."""
    return members if len(members) <= FAMILY else members[: FAMILY - 1]


def rest(members: list) -> int:
    return len(members) - len(cut(members))


def counted(words: Iterable[str]) -> str:
    """``"proved"``, or ``"2 proved, 1 disproved"`` where there are several kinds."""
    counts = Counter(words)
    return next(iter(counts)) if len(counts) == 1 else ", ".join(f"{count} {word}" for word, count in counts.items())
