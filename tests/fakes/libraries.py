"""Solvers inside this process that lie: each stands in the place of its library, and calls whatever it says optimal.

A lie is a function from the number of variables to their values, or an exception that the library raises.
"""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import casadi
import highspy
import numpy as np
import pyscipopt

LIES = {
    "not a number": lambda n: np.full(n, np.nan),
    "infinite": lambda n: np.full(n, np.inf),
    "out of bounds": lambda n: np.full(n, -1e6),
    "infeasible": lambda n: np.full(n, 9.0),
    "huge": lambda n: np.full(n, 1e300),
    "zeros": np.zeros,
    "too few": lambda n: np.zeros(n - 1),
    "too many": lambda n: np.zeros(n + 1),
}


def casadis(monkeypatch, lie):
    """In the place of ``casadi.nlpsol``; ``lie`` may be an exception."""

    class Function:
        def __call__(self, x0, lbx, ubx, lbg, ubg):
            if isinstance(lie, Exception):
                raise lie
            return {"x": lie(len(x0)), "lam_g": np.zeros(len(lbg)), "lam_x": np.zeros(len(x0))}

        def stats(self):
            return {"return_status": "Solve_Succeeded", "success": True}

    monkeypatch.setattr(casadi, "nlpsol", lambda *_: Function())


def scips(monkeypatch, lie):
    """SCIP runs, and says something else of its solution."""

    class Model(pyscipopt.Model):
        def optimize(self):
            if isinstance(lie, Exception):
                raise lie
            super().optimize()
            self.said = itertools.cycle(lie(9).tolist())

        def getSolVal(self, solution, variable):
            return next(self.said)

        def getStatus(self):
            return "optimal"

    monkeypatch.setattr(pyscipopt, "Model", Model)


def highss(monkeypatch, lie):
    """HiGHS runs, and says something else of its solution."""
    truly = highspy.Highs.getSolution

    def solution(self):
        if isinstance(lie, Exception):
            raise lie
        found = truly(self)
        return SimpleNamespace(
            col_value=lie(len(found.col_value)),
            col_dual=np.zeros(len(found.col_dual)),
            row_dual=np.zeros(len(found.row_dual)),
        )

    monkeypatch.setattr(highspy.Highs, "getSolution", solution)
    monkeypatch.setattr(highspy.Highs, "getModelStatus", lambda self: highspy.HighsModelStatus.kOptimal)


def cyipopts(monkeypatch, lie):
    """A module cyipopt, whether there is one or not."""

    class Problem:
        def __init__(self, n, m, *_):
            self.n, self.m = n, m

        def add_option(self, name, setting):
            pass

        def solve(self, x0):
            if isinstance(lie, Exception):
                raise lie
            said = {"mult_g": np.zeros(self.m), "mult_x_L": np.zeros(self.n), "mult_x_U": np.zeros(self.n)}
            return lie(self.n), said | {"status": 0, "status_msg": b"Optimal Solution Found"}

    monkeypatch.setitem(sys.modules, "cyipopt", _module("cyipopt", Problem=Problem))


def gurobis(monkeypatch, lie):
    """A module gurobipy, whether there is one or not; it reads the variables of the file it is given."""

    class GurobiError(Exception):
        errno = 10001

    class Nothing:
        def __init__(self, **_):
            self.Params = SimpleNamespace()

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def setParam(self, name, setting):
            pass

        def start(self):
            pass

    class Problem(Nothing):
        Status, SolCount, ObjBound = 2, 1, -1e100

        def __init__(self, path, env):
            super().__init__()
            self.names = sorted(set(re.findall(r"\bx\d+\b", Path(path).read_text())))

        def optimize(self):
            if isinstance(lie, Exception):
                raise GurobiError(str(lie))

        def getVars(self):
            return [SimpleNamespace(VarName=name, X=value) for name, value in zip(self.names, lie(len(self.names)), strict=False)]

    codes = dict(OPTIMAL=2, INFEASIBLE=3, INF_OR_UNBD=4, UNBOUNDED=5, INTERRUPTED=11, NUMERIC=12, SUBOPTIMAL=13)
    named = {"GurobiError": GurobiError, "Env": Nothing, "read": Problem, "GRB": SimpleNamespace(**codes, INFINITY=1e100)}
    monkeypatch.setitem(sys.modules, "gurobipy", _module("gurobipy", **named))


def _module(name, **content):
    return SimpleNamespace(__name__=name, __spec__=SimpleNamespace(name=name), **content)


LIBRARIES = {
    "casadi-ipopt": (casadis, "product"),
    "uno": (casadis, "scholtes"),
    "scip": (scips, "sos1"),
    "highs": (highss, "big_m"),
    "cyipopt": (cyipopts, "product"),
    "gurobi": (gurobis, "sos1"),
}
"""solver → (what makes its library lie, a route that asks it)."""
