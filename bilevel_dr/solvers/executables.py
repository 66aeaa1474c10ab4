"""Executables that speak AMPL's protocol (``ipopt stub -AMPL key=value``), used as :class:`~bilevel_dr.solvers.nl.Nlp`.

The .nl is written once; a solve changes only its bounds and its starting point, both plain text. What comes back is
believed only where the process ended well and its .sol is whole: everything else is the status ``"failed"`` with the
solver's last words, and no number.
"""

from __future__ import annotations

import errno
import os
import re
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
from pyomo.contrib.solver.common.util import SolverError
from pyomo.contrib.solver.solvers.asl_sol_reader import parse_asl_sol_file

from ..errors import one_line
from ..processes import run
from ..scratch import keep_failure, scratch
from .columns import Columns, without_sets
from .nl import Outcome, _Contradiction, write

GRACE = 1.0
"""Seconds a solver that was told its time limit may overrun it before it is killed."""
_IPOPT = {"tol": 1e-9, "max_iter": 1000, "bound_relax_factor": 1e-10}


class ExecutableNlp(Columns):
    """A smooth model written once for an executable, and solved as often as needed with other bounds and starts.

    Parameters
    ----------
    model : Block or ConcreteModel
        Its active objective and constraints; integer domains and SOS sets are ignored, they are not smooth.
    free : iterable of Var data, optional
        Fixed variables that stay columns, so that ``solve(fixed={variable: number})`` can move them.
    executable : str
        Path, or name on PATH, of any AMPL-protocol solver.
    name : str, optional
        What messages call it (default: the file name). Ipopt's options are set where it begins with "ipopt".

    Raises
    ------
    ModelError
        Pyomo cannot write the model.
    """

    INPUT = "model.nl"

    def __init__(self, model, free=(), executable="ipopt", name=None):
        self.executable, self.name = str(executable), name or Path(executable).name
        self.infeasible, self.variables, self.rows = "", [], []
        self.lower = self.upper = self.row_lower = self.row_upper = np.empty(0)
        try:
            with without_sets(model), scratch() as folder:
                self._write(model, os.path.join(folder, self.INPUT), free)
        except _Contradiction as error:
            self.infeasible = str(error)
        self.number(free)

    def _write(self, model, path: str, free) -> None:
        self.variables, self.rows = write(model, path, free)
        if not self.variables:
            return
        self._text = _NlText(Path(path).read_text())
        self.lower, self.upper = self._text.bounds("b", len(self.variables))
        self.row_lower, self.row_upper = self._text.bounds("r", len(self.rows))

    def solve(self, start=None, fixed=None, lower=None, upper=None, options=None, time_limit=None) -> Outcome:
        """Solve with other bounds, as :meth:`bilevel_dr.solvers.nl.Nlp.solve`.

        Parameters
        ----------
        options : dict, optional
            Handed over as ``key=value``.
        time_limit : float, optional
            Seconds after which the process and its children are killed (Ipopt is told first).

        Returns
        -------
        Outcome
            ``bound_multipliers`` is empty where the solver returns none (Ipopt does, as suffixes).

        Raises
        ------
        SolverFailed
            When the executable cannot even be started.
        """
        if not self.variables:  # nothing to decide
            return Outcome("infeasible" if self.infeasible else "optimal", values=np.empty(0), message=self.infeasible)
        x0, lower, upper = self.box(start, fixed, lower, upper)
        began = time.perf_counter()
        with scratch() as folder:
            Path(folder, self.INPUT).write_text(self._text.patched(lower, upper, x0))
            ended = run(*self._command(dict(options or {}), time_limit), folder)
            if ended.trouble:
                outcome = Outcome(ended.trouble, message=ended.how + ended.last_words)
            else:
                outcome = self._read(Path(folder), ended.last_words)
            if ended.trouble or outcome.crashed:
                outcome = replace(outcome, message=outcome.message + keep_failure(folder, ended.output))
        return replace(outcome, message=f"{self.name}: {outcome.message}", seconds=time.perf_counter() - began)

    def _command(self, options: dict, time_limit: float | None) -> tuple[list[str], float | None]:
        """What to run, and after how many seconds to kill it."""
        if self.name.startswith("ipopt"):
            options = _IPOPT | options
            if time_limit is not None:
                options["max_cpu_time"] = max(float(time_limit), 1e-3)
                time_limit += GRACE
        words = [f"{key}={setting}" for key, setting in options.items()]
        return [self.executable, self.INPUT, "-AMPL", *words], time_limit

    def _read(self, folder: Path, words: str) -> Outcome:
        """The .sol as an Outcome; whatever is missing, cut short or not a number makes it a failure without values."""
        try:
            answer = parse_asl_sol_file(_Finite(text_of(folder / "model.sol", len(self.variables) + len(self.rows))))
        except OSError as error:
            return Outcome("failed", message=f"ended without a solution file that can be read ({error.strerror}){words}")
        except (SolverError, ValueError, ArithmeticError, AssertionError, LookupError) as error:
            return Outcome("failed", message=f"its solution file is not whole ({one_line(error)}){words}")
        status = _status(answer.solve_code)
        message = f"{' '.join(answer.message.split())} (AMPL code {answer.solve_code})"
        values, duals = np.array(answer.primals, float), np.array(answer.duals, float)
        if status in ("infeasible", "unbounded", "limit") and not values.size and self.variables:
            return Outcome(status, message=message)
        if values.size != len(self.variables) or duals.size not in (0, len(self.rows)):
            wanted = f"{len(self.variables)} variables, {len(self.rows)} rows"
            return Outcome("failed", message=f"{message}: {values.size} values, {duals.size} duals for {wanted}{words}")
        if not np.all(np.isfinite(values)):
            j = int(np.flatnonzero(~np.isfinite(values))[0])
            return Outcome("failed", message=f"{message}: {self.variables[j].name} = {values[j]}{words}")
        sign = -self._text.sense  # AMPL's dual is the derivative of the objective, in its own sense, by the bound
        return Outcome(
            status,
            tuple(self.variables),
            values,
            message=message,
            row_multipliers=dict(zip(map(id, self.rows), (sign * duals).tolist(), strict=False)),
            bound_multipliers=self._bound_multipliers(answer.var_suffixes, sign),
        )

    def _bound_multipliers(self, suffixes: dict, sign: float) -> dict:
        names = ("rc",) if "rc" in suffixes else ("ipopt_zL_out", "ipopt_zU_out")
        given = [suffixes[name] for name in names if name in suffixes]
        if not given:
            return {}
        return {id(v): sign * sum(suffix.get(j, 0.0) for suffix in given) for j, v in enumerate(self.variables)}


def text_of(path: Path, numbers: int) -> str:
    """What a solver wrote about so many variables and rows.

    Raises
    ------
    OSError
        It is not there, is no regular file (a pipe would be waited for) or cannot be read.
    ValueError
        It is longer than any answer to such a problem.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file")
    size, most = path.stat().st_size, 2**20 + 500 * numbers
    if size > most:
        raise ValueError(f"{size} bytes, where {most} would be many")
    return path.read_text(encoding="utf-8", errors="replace")


class _Finite(StringIO):
    """A text that is read past its end once, to see that it ends: counts in a broken file may ask for 10¹² lines."""

    ended = False

    def readline(self, *size):
        line = super().readline(*size)
        if not line and self.ended:
            raise ValueError("it ends too early")
        self.ended = not line
        return line


class _NlText:
    """An ASCII .nl taken apart where a solve changes it: the start (segment ``x``) and the column bounds (``b``)."""

    def __init__(self, text: str):
        lines = text.splitlines()
        lines[6] = " 0 0 0 0 0"  # how many variables of each kind are discrete: none, this is the smooth relaxation
        self._lines = lines
        self.sense = -1.0 if "O0 1" in lines else 1.0
        self._at = {line[0]: i for i, line in enumerate(lines) if line[:1] in ("x", "r", "b")}
        n = int(lines[1].split()[0])
        start, bounds = self._at.get("x"), self._at["b"]
        first = min(self._at.values())
        given = 0 if start is None else 1 + int(re.match(r"x(\d+)", lines[start])[1])
        self._head = "\n".join(lines[:first])
        self._middle = "\n".join([*lines[first + given : bounds], ""])
        self._rest = "\n".join([*lines[bounds + 1 + n :], ""])

    def bounds(self, segment: str, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds of the columns (``b``) or the rows (``r``)."""
        lower, upper = np.full(count, -np.inf), np.full(count, np.inf)
        at = self._at.get(segment, 0) + 1
        for i, line in enumerate(self._lines[at : at + count]):
            kind, *numbers = line.split()
            if kind in "024":
                lower[i] = float(numbers[0])
            if kind in "014":
                upper[i] = float(numbers[-1])
        return lower, upper

    def patched(self, lower: np.ndarray, upper: np.ndarray, start: np.ndarray) -> str:
        values = "".join(f"{j} {number!r}\n" for j, number in enumerate(start.tolist()))
        bounds = "".join(map(_bound, lower.tolist(), upper.tolist()))
        return f"{self._head}\nx{len(start)}\n{values}{self._middle}b\n{bounds}{self._rest}"


def _bound(low: float, high: float) -> str:
    if low == high:
        return f"4 {low!r}\n"
    if low > -np.inf:
        return f"0 {low!r} {high!r}\n" if high < np.inf else f"2 {low!r}\n"
    return f"1 {high!r}\n" if high < np.inf else "3\n"


def _status(code: int) -> str:
    """AMPL's solve codes, by hundreds; 0 is solved, 1 to 199 solved with a reservation."""
    if code == 0:
        return "optimal"
    return ("feasible", "feasible", "infeasible", "unbounded", "limit")[code // 100] if 0 < code < 500 else "failed"
