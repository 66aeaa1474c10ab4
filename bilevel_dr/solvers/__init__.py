"""What can solve what on this machine: found by looking, not by importing, and nothing is run before it is used.

``"ipopt"`` is looked for as an executable on PATH, then in the IDAES binary folder, then inside casadi's wheel, whose
own name is ``"casadi-ipopt"``; a path (``"/opt/ipopt/bin/ipopt"``) is taken as it is.
"""

from __future__ import annotations

import difflib
import importlib.metadata
import importlib.util
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from ..errors import ModelError, SolverMissing

CLASSES = {
    "nlp": "smooth, to a local optimum",
    "sos1": "special ordered sets, to a proved optimum",
    "milp": "mixed-integer linear",
    "miqp": "mixed-integer, convex quadratic objective",
    "global": "nonconvex, to a proved optimum",
}
_GAMS = "gams:"


@dataclass(frozen=True)
class SolverInfo:
    """One solver, found or not.

    Attributes
    ----------
    name : str
        What ``solver=`` takes.
    takes : frozenset of str
        Classes of problem, keys of :data:`CLASSES`.
    where : str
        Path of the executable, or ``"in process"``; empty where it was not found.
    version : str
        Of the package that brings it; empty for an executable, which only ``bilevel-dr doctor`` asks.
    limit : str
        Licence or size limit a user may meet.
    add : str
        The one command (or step) that adds it.
    """

    name: str
    takes: frozenset[str]
    where: str = ""
    version: str = ""
    limit: str = ""
    add: str = ""

    @property
    def in_process(self) -> bool:
        return self.where == "in process"


@dataclass(frozen=True)
class _Wheel:
    """A solver that comes inside a Python package."""

    module: str
    package: str
    takes: frozenset[str]
    limit: str = ""
    add: str = ""

    def look(self, name: str) -> SolverInfo:
        where = version = ""
        if importlib.util.find_spec(self.module) is not None:
            where, version = "in process", f"{self.package} {_version(self.package)}"
        return SolverInfo(
            name, self.takes, where, version, self.limit, self.add or f"python -m pip install {self.package}"
        )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # another distribution of the same module
        return "of unknown version"


@dataclass(frozen=True)
class _Executable:
    """A solver that is a program speaking AMPL's protocol."""

    programs: tuple[str, ...]
    add: str
    limit: str = ""

    def look(self, name: str) -> SolverInfo:
        found = [
            path
            for folder in (None, idaes_folder())
            for program in self.programs
            if (path := shutil.which(program, path=folder))
        ]
        return SolverInfo(name, frozenset({"nlp"}), found[0] if found else "", "", self.limit, self.add)


_SMOOTH = frozenset({"nlp"})
_IDAES = "python -m pip install idaes-pse && idaes get-extensions"
_KNOWN = {
    "casadi-ipopt": _Wheel("casadi", "casadi", _SMOOTH),
    "ipopt": _Executable(("ipopt",), _IDAES),
    "uno": _Wheel("casadi", "casadi", _SMOOTH),
    "cyipopt": _Wheel("cyipopt", "cyipopt", _SMOOTH, add="conda install --channel conda-forge cyipopt"),
    "pounce": _Executable(("pounce",), "python -m pip install pounce-solver"),
    "scip": _Wheel("pyscipopt", "pyscipopt", frozenset({"sos1", "milp", "miqp", "global"})),
    "highs": _Wheel(
        "highspy", "highspy", frozenset({"milp", "miqp"}), "no SOS1 sets; quadratic objectives by tangents"
    ),
    "gurobi": _Wheel(
        "gurobipy",
        "gurobipy",
        frozenset({"sos1", "milp", "miqp"}),
        "without a licence of your own: 2000 variables, 2000 linear rows, 200 variables in quadratic terms",
    ),
    "conopt": _Executable(("conopt", "conopt4"), "put AMPL's conopt on PATH", "commercial"),
    "knitro": _Executable(("knitroampl",), "put Artelys' knitroampl on PATH", "commercial"),
    "snopt": _Executable(("snopt",), "put AMPL's snopt on PATH, or use gams:snopt", "commercial"),
    "uno_ampl": _Executable(("uno_ampl",), "put uno_ampl on PATH; the same solver is in casadi as 'uno'"),
}


def installed() -> list[SolverInfo]:
    """Every known solver that is here, in the order they are preferred."""
    return [info for info in everything() if info.where]


def everything() -> list[SolverInfo]:
    """Every known solver, ``where`` being empty for those that are not here."""
    return [known.look(name) for name, known in _KNOWN.items()] + [_gams(f"{_GAMS}snopt")]


def find(name: str, needs: str | None = None) -> SolverInfo:
    """The solver of a name, or of a path to an executable.

    Parameters
    ----------
    name : str
        As ``bilevel-dr doctor`` lists it, ``gams:<solver>``, or a path to an AMPL-protocol executable.
    needs : str, optional
        A key of :data:`CLASSES` that the solver must take.

    Raises
    ------
    SolverMissing
        It is not here, or no solver of that name is known; the message says where it was looked for and what adds it.
    ModelError
        It is here, but does not take ``needs``.
    """
    info = _look(str(name))
    if needs is not None and needs not in info.takes:
        others = ", ".join(other.name for other in installed() if needs in other.takes) or "none is installed"
        raise ModelError(
            f"solver {info.name} does not take {needs} problems ({CLASSES[needs]}); those that do: {others}"
        )
    return info


def backend(name: str) -> Callable:
    """``build(model, free=())`` for a local solver: an object with the interface of :class:`bilevel_dr.solvers.nl.Nlp`.

    The same solver gives the same object, so that a built model can be kept under it.

    Raises
    ------
    SolverMissing, ModelError
        As :func:`find`.
    """
    return _backend(find(name, "nlp"))


@cache
def _backend(info: SolverInfo) -> Callable:
    if info.name.startswith(_GAMS):
        from .gams import GamsNlp

        return partial(GamsNlp, solver=info.name.removeprefix(_GAMS))
    if info.name == "cyipopt":
        from .cyipopt_nlp import CyipoptNlp

        return CyipoptNlp
    if info.in_process:
        from .nl import Nlp

        return partial(Nlp, solver=info.name.removeprefix("casadi-"))
    from .executables import ExecutableNlp

    return partial(ExecutableNlp, executable=info.where, name=Path(info.where).name)


def idaes_folder() -> str:
    """Where ``idaes get-extensions`` puts its programs: ``bin`` under IDAES_DATA or IDAES' own default folder."""
    if data := os.environ.get("IDAES_DATA"):
        return os.path.join(data, "bin")
    if os.name == "nt":
        return os.path.join(os.environ.get("LOCALAPPDATA", ""), "idaes", "bin")
    return os.path.join(os.path.expanduser("~"), ".idaes", "bin")


def _look(name: str) -> SolverInfo:
    if os.sep in name or (os.altsep and os.altsep in name):
        return _at_path(name)
    if name.startswith(_GAMS):
        info = _gams(name)
    elif name in _KNOWN:
        info = _KNOWN[name].look(name)
    else:
        names = [*_KNOWN, f"{_GAMS}snopt"]
        close = difflib.get_close_matches(name.lower(), names, 1)
        raise SolverMissing(
            f"no solver named {name!r}" + (f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(names)}")
        )
    if info.where:
        return info
    if name == "ipopt":
        inside = _KNOWN["casadi-ipopt"].look("casadi-ipopt")
        if inside.where:
            return inside
        raise SolverMissing(f"ipopt is neither on PATH, nor in {idaes_folder()}, nor is casadi installed; {inside.add}")
    raise SolverMissing(f"{name} was looked for {_places(name)} and is not there; {info.add}")


def _places(name: str) -> str:
    if name.startswith(_GAMS):
        return "as the program gams on PATH"
    known = _KNOWN[name]
    if isinstance(known, _Wheel):
        return f"as the Python module {known.module}"
    return f"as {' or '.join(known.programs)} on PATH and in {idaes_folder()}"


def _at_path(name: str) -> SolverInfo:
    path = os.path.abspath(os.path.expanduser(name))
    if shutil.which(path) is None:
        what = (
            "is not executable; chmod +x it"
            if os.path.isfile(path)
            else "is no file; give the path of an AMPL-protocol solver"
        )
        raise SolverMissing(f"solver {name}: {path} {what}, or solver='casadi-ipopt'")
    return SolverInfo(name, _SMOOTH, path)


def _gams(name: str) -> SolverInfo:
    add = "install GAMS with a licence for the solver and put gams on PATH"
    return SolverInfo(name, _SMOOTH, shutil.which("gams") or "", "", "commercial; this route is not tested here", add)
