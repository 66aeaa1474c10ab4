"""Kinds of answers: each function turns what a student gives into what a judge takes, or says what is asked for instead."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Callable, Mapping

import numpy as np
import pyomo.environ as pyo

from ..solution import Solution
from .judging import Wrong


def number(answer) -> float:
    """One finite number: an int, a float, a numpy scalar, or a Pyomo variable that has a value."""
    if isinstance(answer, str):
        raise Wrong(f"A number is asked for, and {answer!r} is a text: write it without quotes.")
    if isinstance(answer, bool | np.bool_):
        raise Wrong(f"A number is asked for, not {answer}.")
    if getattr(answer, "is_variable_type", bool)() and not answer.is_indexed():
        answer = answer.value
    if isinstance(answer, np.ndarray) and answer.size == 1:
        answer = answer.item()
    if not isinstance(answer, numbers.Real):
        raise Wrong(f"One number is asked for, not {_kind(answer)}.")
    try:
        answer = float(answer)
    except OverflowError:  # a whole number beyond what a float holds
        answer = math.inf
    if not math.isfinite(answer):
        raise Wrong(f"A finite number is asked for, not {answer}.")
    return answer


def several(count: int) -> Callable:
    """So many numbers, in a list, tuple or array."""

    def take(answer) -> np.ndarray:
        if isinstance(answer, str | Mapping | set) or not hasattr(answer, "__len__"):
            raise Wrong(f"A list of {count} numbers is asked for, not {_kind(answer)}.")
        if len(answer) != count:
            raise Wrong(f"A list of {count} numbers is asked for, and this one has {len(answer)}.")
        return np.array([number(entry) for entry in answer])

    return take


def named(*names: str) -> Callable:
    """A number under each of these names: ``{"x": 1.5, "y": 2}``."""
    asked = ", ".join(f'"{name}": …' for name in names)

    def take(answer) -> dict[str, float]:
        if not isinstance(answer, Mapping):
            raise Wrong(f"A dict {{{asked}}} is asked for, not {_kind(answer)}.")
        missing = [name for name in names if name not in answer]
        unknown = [str(name) for name in answer if name not in names]
        if missing or unknown:
            said = [f"lacks {', '.join(missing)}"] if missing else []
            said += [f"has {', '.join(unknown)}, which is not asked for"] if unknown else []
            raise Wrong(f"A dict {{{asked}}} is asked for; this one {' and '.join(said)}.")
        return {name: number(answer[name]) for name in names}

    return take


def one_of(*words: str) -> Callable:
    """One of these words, as a text; upper and lower case are the same."""
    listed = " or ".join(f'"{word}"' for word in words)

    def take(answer) -> str:
        if not isinstance(answer, str):
            raise Wrong(f"A text is asked for, {listed}, not {_kind(answer)}.")
        said = answer.strip().lower()
        known = {word.lower(): word for word in words}
        if said not in known:
            near = difflib.get_close_matches(said, known, 1, 0.7)
            hint = f' Did you mean "{known[near[0]]}"?' if near else ""
            raise Wrong(f"The answer is {listed}, not {answer!r}.{hint}")
        return known[said]

    return take


def truth(answer) -> bool:
    """True or False."""
    if not isinstance(answer, bool | np.bool_):
        raise Wrong(f"True or False is asked for, not {_kind(answer)}.")
    return bool(answer)


def point(answer) -> dict[str, float]:
    """A number for each variable by its name: a dict, a Solution, or a model whose variables have values."""
    if isinstance(answer, Solution):
        answer = answer.point
    elif isinstance(answer, pyo.ConcreteModel):
        answer = {v.name: v.value for v in answer.component_data_objects(pyo.Var, descend_into=True)}
        empty = [name for name, value in answer.items() if value is None]
        if empty:
            raise Wrong(f"The variable {empty[0]} of this model has no value: load a solution into it first.")
    if not isinstance(answer, Mapping):
        raise Wrong(f"A point is asked for, a dict with a number for each variable's name, not {_kind(answer)}.")
    return {str(name): number(value) for name, value in answer.items()}


def model(answer) -> pyo.ConcreteModel:
    """A Pyomo ConcreteModel."""
    if isinstance(answer, pyo.AbstractModel):
        raise Wrong("This is an AbstractModel, which has no data yet: give bdr.load(model, data) of it.")
    if not isinstance(answer, pyo.ConcreteModel):
        hint = " Give what the function returns: call it." if callable(answer) else ""
        raise Wrong(f"A Pyomo ConcreteModel is asked for, not {_kind(answer)}.{hint}")
    return answer


def function(answer) -> Callable:
    """A function; where a call of it fails, that is explained as a wrong answer."""
    if not callable(answer) or isinstance(answer, type | pyo.ConcreteModel):
        raise Wrong(f"A function is asked for, not {_kind(answer)}. Give its name without brackets.")

    def call(*arguments):
        try:
            return answer(*arguments)
        except Exception as error:  # a student's function: anything may come out of it
            said = ", ".join(f"{argument:g}" if isinstance(argument, float) else repr(argument) for argument in arguments)
            raise Wrong(f"Your function fails at ({said}): {type(error).__name__}: {error}.") from error

    return call


def near(found: float, true: float, within: float = 1e-3) -> bool:
    """Whether a number agrees with the recomputed one, as far as somebody who rounds would write it."""
    return abs(found - true) <= within * max(1.0, abs(true))


def _kind(answer) -> str:
    """What an answer is, for a sentence."""
    if answer is None:
        return "None (did a function forget to return something?)"
    kind = type(answer).__name__
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"
