"""The course's own tools: ``check`` judges an exercise's answer, ``ready`` says whether its solvers are here.

The lessons are ``notebooks/``; the judges of lesson 3's exercises are in ``lesson_03.py``, imported when first asked for.
"""

from __future__ import annotations

from ..errors import BilevelError
from ..solvers import CLASSES, everything
from .excerpts import lines
from .judging import Exercise, Verdict, Wrong, find_exercise, list_exercises

__all__ = ["Exercise", "Verdict", "check", "find_exercise", "lines", "list_exercises", "ready"]

NEEDED = ("nlp", "sos1", "milp")
"""Classes of problem that the lessons solve; the default solvers take all of them."""


def check(name: str, answer=...) -> Verdict:
    """Judge the answer to an exercise, and say in plain words whether it is right and, if not, what is wrong.

    Parameters
    ----------
    name : str
        As the notebook writes it, ``"3b"``.
    answer : object
        Of the kind that the exercise asks for; ``...`` shows the question again.

    Returns
    -------
    Verdict
        True where the answer is right; its text was printed.

    Raises
    ------
    NoExercise
        There is none of that name; the message has the nearest ones.
    """
    exercise = find_exercise(name)
    if answer is ...:
        verdict = Verdict(exercise.name, False, f"still open. {exercise.question}")
    else:
        try:
            verdict = Verdict(exercise.name, True, f"right. {exercise.judge(exercise.takes(answer)) or ''}".rstrip())
        except Wrong as wrong:
            verdict = Verdict(exercise.name, False, f"not yet. {wrong}")
        except BilevelError as error:  # what the engine has to say of an answer that is a model or a point
            verdict = Verdict(exercise.name, False, f"not yet. The engine refuses it: {error}")
    print(verdict)
    return verdict


def ready() -> None:
    """Say whether every kind of solver that the lessons use is on this machine, with the command that adds what is not."""
    solvers = everything()
    found = [info for info in solvers if info.where]
    missing = [kind for kind in NEEDED if not any(kind in info.takes for info in found)]
    for kind in missing:
        commands = [info.add for info in solvers if kind in info.takes]
        print(f"No solver for {kind} problems ({CLASSES[kind]}) is here. Run: {commands[0]}")
    if not missing:
        print(f"Ready; solvers found: {', '.join(info.name for info in found)}.")
