"""Exercises and how they are judged: a judge is a function of the answer, registered under the exercise's name.

A judge decides by certificate or by recomputation. It raises :class:`Wrong` with an explanation, or returns a sentence that
says what the right answer shows::

    @exercise("1a", question="Which reward earns most?", takes=number)
    def best_reward(answer):
        true = solve(reward()).leader_objective
        ...
"""

from __future__ import annotations

import difflib
import importlib
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import BilevelError

WIDTH = 96
"""Columns of a verdict: what a notebook shows without breaking words."""


class Wrong(Exception):
    """An answer is wrong; the message says in plain words what is wrong with it, and a hint."""


class NoExercise(BilevelError, LookupError):
    """There is no exercise of that name."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: its name, its question in a sentence, what turns an answer into its kind, and its judge."""

    name: str
    question: str
    takes: Callable
    judge: Callable


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and why; true where it is."""

    name: str
    right: bool
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return textwrap.fill(f"{self.name}: {self.message}", WIDTH, break_long_words=False, break_on_hyphens=False)

    def _ipython_display_(self) -> None:
        """Nothing: ``check`` has printed it."""


def exercise(name: str, *, question: str, takes: Callable) -> Callable:
    """Register a judge.

    Parameters
    ----------
    name : str
        Number of the lesson and a letter, ``"3b"``.
    question : str
        As the notebook asks it.
    takes : callable
        Turns an answer into the kind that the judge takes, or raises :class:`Wrong`; see :mod:`bilevel_dr.course.answers`.
    """
    if name in _EXERCISES:
        raise ValueError(f"exercise {name} is registered twice")

    def register(judge: Callable) -> Callable:
        _EXERCISES[name] = Exercise(name, question, takes, judge)
        return judge

    return register


def find_exercise(name: str) -> Exercise:
    """The exercise of a name (imports its lesson).

    Raises
    ------
    NoExercise
        There is none; the message has the nearest names.
    """
    asked = str(name).strip().lower()
    number = re.fullmatch(r"0*(\d+)[a-z]?", asked)
    lesson = int(number[1]) if number else None
    if lesson in _lessons():
        importlib.import_module(_lessons()[lesson])
        asked = asked.lstrip("0")
        if asked in _EXERCISES:
            return _EXERCISES[asked]
        here = [known for known in sorted(_EXERCISES) if known[:-1] == str(lesson)]
        raise NoExercise(f"no exercise {name!r}; lesson {lesson} has {', '.join(here)}")
    known = [exercise.name for exercise in list_exercises()]
    near = difflib.get_close_matches(asked, known, 3, 0.4) or known
    raise NoExercise(f"no exercise {name!r}; the nearest: {', '.join(near)}")


def list_exercises() -> list[Exercise]:
    """Every exercise of every lesson, in their order (imports all lessons)."""
    for module in _lessons().values():
        importlib.import_module(module)
    return sorted(_EXERCISES.values(), key=lambda found: (int(found.name[:-1]), found.name))


_EXERCISES: dict[str, Exercise] = {}


def _lessons() -> dict[int, str]:
    """The modules that hold the judges, by the lesson's number: found by their names."""
    files = sorted(Path(__file__).parent.glob("lesson_*.py"))
    return {int(file.stem.removeprefix("lesson_")): f"{__package__}.{file.stem}" for file in files}
