"""Points that a search has found and nobody has judged yet, and when two values are the same."""

from __future__ import annotations

from dataclasses import dataclass

from .screening import woken
from .working import Polished, Working

CLOSED = 1e-5
"""Relative distance between a verified answer and a solver's bound at which the bound counts as closed."""


@dataclass(frozen=True)
class Candidate:
    """A point of the working model, not yet judged; ``polished`` None where its smooth piece could not be solved.

    ``woken`` names the pairs that were left out as idle and are not.
    """

    objective: float | None
    point: dict[str, float]
    polished: Polished | None = None
    woken: tuple[str, ...] = ()

    @classmethod
    def of(cls, working: Working, polished: Polished | None = None) -> Candidate:
        """The point that the working model holds."""
        return cls(working.objective(), working.point(), polished, tuple(woken(working)))


def distinct(values: list[float]) -> list[tuple[float, int]]:
    """Values that differ by more than 1e-4 of themselves, in the order given, and how often each came up."""
    found: list[tuple[float, int]] = []
    for value in values:
        if found and abs(value - found[-1][0]) <= 1e-4 * max(1.0, abs(value)):
            found[-1] = found[-1][0], found[-1][1] + 1
        else:
            found.append((value, 1))
    return found


def is_close(objective: float | None, bound: float | None, tolerance: float = CLOSED) -> bool:
    return objective is not None and bound is not None and abs(objective - bound) <= tolerance * max(1.0, abs(objective))
