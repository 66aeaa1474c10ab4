"""Which papers and cases are installed, found by looking into ``bilevel_dr.models`` and ``bilevel_dr.data``.

A new room under ``models/`` or ``data/`` is known without an edit here. Nothing is imported to list them.
"""

from __future__ import annotations

import ast
import csv
import difflib
import importlib
import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import get_args

from .accounts import Account, read_account
from .datafile.lexing import scalar
from .deadline import OutOfTime, within
from .errors import DataError, ModelError
from .run_folder import file_hash


@dataclass(frozen=True)
class Paper:
    """A paper's two rooms, by the name they share."""

    name: str

    @cached_property
    def account(self) -> Account:
        """What ``model.py`` says of itself."""
        return read_account(_docstring(self.room / "model.py"))

    @property
    def title(self) -> str:
        """The first line of ``model.py``."""
        return self.account.title

    @cached_property
    def variants(self) -> dict[str, str]:
        """Other abstract models of the paper, ``share_of_call``, with their first lines."""
        found = {path.stem: _docstring(path) for path in sorted(self.room.glob("*.py")) if _has_model(path)}
        return {name: _first_line(text) for name, text in found.items() if name != "model"}

    @cached_property
    def cases(self) -> dict[str, str]:
        """Its data files, ``hard_800``, with what their second comment line says."""
        folder = _folder("data") / self.name
        return {path.stem: _case_line(path) for path in sorted(folder.glob("*.dat"))}

    @cached_property
    def sources(self) -> list[dict]:
        """Where each number comes from: the rows of ``sources.csv``."""
        path = _folder("data") / self.name / "sources.csv"
        if not path.is_file():
            return []
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of every file of its data."""
        folder = _folder("data") / self.name
        return {path.name: file_hash(path) for path in sorted(folder.iterdir()) if path.suffix in (".dat", ".csv")}

    @property
    def has_study(self) -> bool:
        return (self.room / "study.py").is_file()

    @property
    def room(self) -> Path:
        return _folder("models") / self.name

    def model(self, variant: str = "model"):
        """The AbstractModel (imports it)."""
        return importlib.import_module(f"bilevel_dr.models.{self.name}.{variant}").model

    def exact(self):
        """What answers its instances without a solver (imports it); None where nothing does."""
        if not (self.room / "exact.py").is_file():
            return None
        return importlib.import_module(f"bilevel_dr.models.{self.name}.exact").solve

    def picture(self):
        """What draws an answer to it, ``picture(solution, instance=None)`` (imports it); None where nothing does."""
        if not (self.room / "figures.py").is_file():
            return None
        return getattr(importlib.import_module(f"bilevel_dr.models.{self.name}.figures"), "picture", None)

    def held_against_exact(self, instance, solution, seconds: float | None = None):
        """A local answer with a note that says how far it falls short of the paper's exact algorithm; any other as it is.

        Parameters
        ----------
        instance : ConcreteModel
        solution : Solution
        seconds : float, optional
            That the exact algorithm may take; where they do not do, a note says so.
        """
        exact = self.exact()
        if exact is None or solution.claim not in ("local", "stationary"):
            return solution
        try:
            with within(seconds):
                best = exact(instance)
        except OutOfTime:
            note = "no time was left to hold this against the paper's exact algorithm"
            return replace(solution, notes=(note, *solution.notes))
        except ValueError:  # not one of the instances it takes
            return solution
        if best.claim != "global":
            return solution
        value, found = best.leader_objective, solution.leader_objective
        short = abs(value - found) / max(1.0, abs(value))
        if short <= 1e-6:
            return solution
        note = f"{100 * short:.2g} % short of the exact algorithm's proved optimum, {value:.6g}"
        return replace(solution, best_bound=best.best_bound, notes=(note, *solution.notes))

    def case(self, words: list[str]) -> str:
        """The text of a data file that the paper's ``cases.py`` draws.

        Parameters
        ----------
        words : list of str
            Options of its function ``generate`` as on a command line, ``["--seed", "3", "--users", "50"]``.

        Raises
        ------
        ModelError
            The paper draws no cases.
        DataError
            An option that ``generate`` does not have, or a value that it refuses.
        """
        if not (self.room / "cases.py").is_file():
            drawn = [name for name, paper in list_papers().items() if (paper.room / "cases.py").is_file()]
            raise ModelError(f"{self.name} draws no cases, its data are fixed; those that do: {', '.join(drawn) or 'none'}")
        generate = importlib.import_module(f"bilevel_dr.models.{self.name}.cases").generate
        options = _options(words, inspect.signature(generate, eval_str=True).parameters)
        try:
            return generate(**options)
        except ValueError as error:
            raise DataError(f"case {self.name}: {error}") from error

    def play(self):
        """The module with ``knobs`` and ``curves`` (imports it); None where nothing is offered to be played with."""
        if not (self.room / "play.py").is_file():
            return None
        return importlib.import_module(f"bilevel_dr.models.{self.name}.play")

    def study(self):
        """The module with ``rows``, ``tables`` and ``figures`` (imports it)."""
        return importlib.import_module(f"bilevel_dr.models.{self.name}.study")


def list_papers() -> dict[str, Paper]:
    """Every installed paper by name."""
    rooms = _folder("models")
    return {path.name: Paper(path.name) for path in sorted(rooms.iterdir()) if (path / "model.py").is_file()}


def find_paper(name: str) -> Paper:
    """A paper by name.

    Raises
    ------
    ModelError
        Not installed; the message has the nearest name.
    """
    known = list_papers()
    if name not in known:
        raise ModelError(f"no paper named {name!r}{_nearest(name, known)}")
    return known[name]


def resolve_model(name: str) -> tuple[object, str, Paper | None]:
    """What MODEL on the command line stands for.

    Parameters
    ----------
    name : str
        A paper, ``paper/variant``, or the path of a ``.py`` file with one AbstractModel.

    Returns
    -------
    model : AbstractModel or str
        The path where it was a path: :func:`bilevel_dr.load` takes both.
    file : str
        Where it is written.
    paper : Paper or None

    Raises
    ------
    ModelError
        Nothing of that name; the message has the nearest one.
    """
    if name.endswith(".py"):
        if not os.path.isfile(name):
            raise ModelError(
                f"no model file {name!r}; give a .py file that is there, or a paper: {', '.join(list_papers())}"
            )
        return name, name, None
    room, _, variant = name.partition("/")
    paper = find_paper(room)
    if variant and variant not in paper.variants:
        raise ModelError(f"{room} has no variant {variant!r}{_nearest(variant, paper.variants)}")
    return paper.model(variant or "model"), str(paper.room / f"{variant or 'model'}.py"), paper


def resolve_data(name: str, paper: Paper | None) -> str:
    """What DATA on the command line stands for: a case of the paper, or the path of a ``.dat`` file.

    Raises
    ------
    DataError
        Nothing of that name; the message has the nearest case.
    """
    if os.path.isfile(name):
        return name
    cases = paper.cases if paper is not None else {}
    if name in cases:
        return str(_folder("data") / paper.name / f"{name}.dat")
    if name.endswith(".dat") or not cases:
        stem = Path(name).stem
        close = _nearest(stem, cases) if paper is not None else "; give the path of a .dat file"
        raise DataError(f"no data file {name!r}{close}")
    raise DataError(f"{paper.name} has no case {name!r}{_nearest(name, cases)}")


def load_case(model: str, data: str, overrides: Mapping | None = None, trust_data: bool = False):
    """A paper's case by the names that the command line uses, wherever the package is installed.

    Parameters
    ----------
    model : str
        A paper, ``paper/variant``, or the path of a ``.py`` file with one AbstractModel.
    data : str
        A case of that paper, or the path of a ``.dat`` file.
    overrides, trust_data
        As in :func:`bilevel_dr.load`.

    Returns
    -------
    ConcreteModel

    Raises
    ------
    ModelError, DataError
        Nothing of that name, or what :func:`bilevel_dr.load` raises.

    Examples
    --------
    >>> from bilevel_dr import load_case
    >>> load_case("khe_2025", "hard_800", overrides={"target": 900}).target.value
    900
    """
    from .loading import load  # with Pyomo, which listing the papers does without

    found, _, paper = resolve_model(model)
    return load(found, resolve_data(data, paper), overrides, trust_data)


def _folder(room: str) -> Path:
    return Path(str(files(f"bilevel_dr.{room}")))


def _nearest(name: str, known) -> str:
    close = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(known) or 'none'}"


def _options(words: list[str], parameters) -> dict:
    """``["--users", "50"]`` → ``{"users": 50}``, each value of a kind that the parameter's annotation names."""
    found: dict = {}
    todo = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    while todo:
        word = todo.pop(0)
        name = word.removeprefix("--").replace("-", "_")
        if not word.startswith("--") or name not in parameters:
            raise DataError(f"no option {word!r}{_nearest(word, [f'--{known}' for known in parameters])}")
        if name in found or not todo or todo[0].startswith("--"):
            raise DataError(f"{word} {'is given twice' if name in found else 'is followed by no value'}: give one")
        kinds = get_args(parameters[name].annotation) or (parameters[name].annotation,)
        value = scalar(todo.pop(0))
        if str not in kinds and not isinstance(value, int if float not in kinds else int | float):
            raise DataError(f"{word} {value}: give a {'number' if float in kinds else 'whole number'}")
        found[name] = value
    return found


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].rstrip(".")


def _has_model(path: Path) -> bool:
    """Whether a module assigns ``model`` at its top level."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(getattr(target, "id", None) == "model" for target in node.targets):
            return True
    return False


def _case_line(path: Path) -> str:
    """The second comment line of a case: the first names the paper."""
    lines = [
        line.lstrip("# ").rstrip() for line in path.read_text(encoding="utf-8").splitlines()[:2] if line.startswith("#")
    ]
    return lines[-1].rstrip(".") if lines else ""
