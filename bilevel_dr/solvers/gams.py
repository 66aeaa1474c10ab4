"""Local solvers behind GAMS (SNOPT, CONOPT, KNITRO, …), with the interface of :class:`~bilevel_dr.solvers.nl.Nlp`.

Needs the program ``gams`` and a licence for the solver. Tested only against a script that plays GAMS' part.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
from pyomo.opt import WriterFactory

from ..errors import ModelError, one_line
from .executables import GRACE, ExecutableNlp, text_of
from .nl import Outcome

_SOLVE = "SOLVE GAMS_MODEL"
_MODEL_STATUS = {
    1: "optimal",
    2: "optimal",
    3: "unbounded",
    4: "infeasible",
    5: "infeasible",
    7: "feasible",
    18: "unbounded",
    19: "infeasible",
}
"""GAMS' model status; 6 (an infeasible point on the way) and the error states are failures unless a limit was met."""


class GamsNlp(ExecutableNlp):
    """A smooth model written once for GAMS; each solve adds its bounds and its start before the SOLVE statement.

    Parameters
    ----------
    model, free
        As :class:`~bilevel_dr.solvers.nl.Nlp`.
    solver : str
        GAMS' name of the solver.
    executable : str
        The program ``gams``.

    Notes
    -----
    No multipliers are read. ``options`` are GAMS options of the command line.
    """

    INPUT = "model.gms"

    def __init__(self, model, free=(), solver: str = "snopt", executable: str = "gams"):
        self._solver = solver
        super().__init__(model, free, executable, f"gams:{solver}")

    def _write(self, model, path: str, free) -> None:
        for v in free:
            v.unfix()
        try:
            settings = {
                "solver": self._solver,
                "mtype": "rminlp",
                "put_results": "results",
                "put_results_format": "dat",
            }
            _, symbols = WriterFactory("gams")(model, path, lambda _: True, settings)
        except (ValueError, RuntimeError, KeyError) as error:
            raise ModelError(f"{model.name}: cannot be written for GAMS: {' '.join(str(error).split())}") from error
        finally:
            for v in free:
                v.fix()
        named = symbols.bySymbol
        columns = {symbol: data for symbol, data in named.items() if data.ctype is pyo.Var}
        rows = [data for data in named.values() if data.ctype is pyo.Constraint]
        self.variables, self.rows = list(columns.values()), rows
        self._text = _GmsText(Path(path).read_text(), list(columns))
        self.lower, self.upper = _bounds(v.bounds for v in self.variables)
        self.row_lower, self.row_upper = _bounds((pyo.value(c.lower), pyo.value(c.upper)) for c in rows)

    def _command(self, options: dict, time_limit: float | None) -> tuple[list[str], float | None]:
        options = {"threads": 1} | options
        if time_limit is not None:
            options["resLim"] = max(float(time_limit), 1e-3)
            time_limit += GRACE
        return [
            self.executable,
            self.INPUT,
            "o=output.lst",
            "lo=3",
            *(f"{key}={number}" for key, number in options.items()),
        ], time_limit

    def _read(self, folder: Path, words: str) -> Outcome:
        try:
            numbers = len(self.variables) + len(self.rows)
            found = {line.split()[0]: float(line.split()[1]) for line in _table(folder / "results.dat", numbers)}
            told = {line.split()[0]: int(float(line.split()[1])) for line in _table(folder / "resultsstat.dat", numbers)}
            values = np.array([found[symbol] for symbol in self._text.symbols], float)
            model_status, solver_status = told["MODELSTAT"], told["SOLVESTAT"]
        except OSError as error:
            return Outcome("failed", message=f"ended without a solution file that can be read ({error.strerror}){words}")
        except (LookupError, ValueError, ArithmeticError) as error:
            return Outcome("failed", message=f"its solution file is not whole ({one_line(error)}){words}")
        message = f"model status {model_status}, solver status {solver_status}"
        status = "limit" if solver_status in (2, 3, 5) else _MODEL_STATUS.get(model_status, "failed")
        if not np.all(np.isfinite(values)):
            return Outcome("failed", message=f"{message}: a value that is not finite{words}")
        return Outcome(status, tuple(self.variables), values, message=message)


class _GmsText:
    """A GAMS model taken apart at its SOLVE statement."""

    def __init__(self, text: str, symbols: list[str]):
        at = text.index(_SOLVE)
        self._before, self._after, self.symbols = text[:at], text[at:], symbols

    def patched(self, lower: np.ndarray, upper: np.ndarray, start: np.ndarray) -> str:
        lines = [
            f"{symbol}.lo = {_gams(low)}; {symbol}.up = {_gams(high)}; {symbol}.l = {value!r};\n"
            for symbol, low, high, value in zip(
                self.symbols, lower.tolist(), upper.tolist(), start.tolist(), strict=True
            )
        ]
        return f"{self._before}{''.join(lines)}{self._after}"


def _gams(bound: float) -> str:
    return repr(bound) if math.isfinite(bound) else ("+inf" if bound > 0 else "-inf")


def _bounds(pairs) -> tuple[np.ndarray, np.ndarray]:
    pairs = list(pairs)
    lower = np.array([-math.inf if low is None else low for low, _ in pairs], float)
    return lower, np.array([math.inf if high is None else high for _, high in pairs], float)


def _table(path: Path, numbers: int) -> list[str]:
    text = text_of(path, numbers)
    if not text.endswith("\n"):
        raise ValueError(f"{path.name} is cut short")
    return [line for line in text.splitlines()[1:] if line.strip()]
