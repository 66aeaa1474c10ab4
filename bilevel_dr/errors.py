"""What can go wrong, one class a cause. Each message says who, value, rule and remedy.

Infeasible, unbounded and limits are not here: they are terminations of a :class:`~bilevel_dr.solution.Solution`.
"""

from __future__ import annotations


class BilevelError(Exception):
    """The root of every error this library raises on purpose."""


class DataError(BilevelError):
    """A data file, or an override of it, does not fit its model.

    Attributes
    ----------
    file : str or None
        The data file, or ``None`` for an override.
    line : int or None
        The true line in that file, counted from one.
    parameter : str or None
        The parameter or set concerned, with its index as Pyomo writes it.
    """

    def __init__(self, message: str, *, file: str | None = None, line: int | None = None, parameter: str | None = None):
        message, parameter = _shortened(message), None if parameter is None else _shortened(parameter)
        self.message, self.file, self.line, self.parameter = message, file, line, parameter
        where = ":".join(str(part) for part in (file, line) if part is not None)
        super().__init__(f"{where}: {message}" if where else message)

    def __reduce__(self):  # keyword-only arguments must survive the way back from a worker process
        return _revive_data_error, (self.message, self.file, self.line, self.parameter)


def _shortened(text: str, most: int = 600) -> str:
    """What a broken file calls a name may be all the rest of it."""
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"


def _revive_data_error(message, file, line, parameter):
    return DataError(message, file=file, line=line, parameter=parameter)


class ModelError(BilevelError):
    """The model is not a bilevel program this library can answer; the message names the component."""


class SolverMissing(BilevelError):
    """A solver was asked for that is not here; the message says what was looked for and the command that adds it."""


class SolverFailed(BilevelError):
    """A solver crashed or answered nonsense; the message carries its own last words."""


class LimitReached(SolverFailed):
    """A worker process was ended because one point took longer than it may."""


def one_line(error: BaseException) -> str:
    """An exception's kind and words on one line of at most 300 signs."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}"[:300] if words else type(error).__name__
