"""Another build of Ipopt through cyipopt, for its linear solvers (MA57, Pardiso, …), with casadi's derivatives."""

from __future__ import annotations

import time

import numpy as np

from ..errors import one_line
from .nl import Nlp, Outcome

_SETTINGS = {"print_level": 0, "sb": "yes", "tol": 1e-9, "max_iter": 1000, "bound_relax_factor": 1e-10}
_STATUS = {
    0: "optimal",
    1: "feasible",
    2: "infeasible",
    4: "unbounded",
    6: "feasible",
    -1: "limit",
    -4: "limit",
    -5: "limit",
}
"""Ipopt's return codes."""


class CyipoptNlp(Nlp):
    """As :class:`~bilevel_dr.solvers.nl.Nlp`, solved by cyipopt."""

    def __init__(self, model, free=()):
        super().__init__(model, free)
        self._derivatives = _Derivatives(**self._problem) if self.variables else None

    def solve(self, start=None, fixed=None, lower=None, upper=None, options=None, time_limit=None) -> Outcome:
        """As :meth:`bilevel_dr.solvers.nl.Nlp.solve`; ``options`` are Ipopt's."""
        import cyipopt

        if not self.variables:
            return super().solve()
        x0, lower, upper = self.box(start, fixed, lower, upper)
        problem = cyipopt.Problem(
            len(x0), len(self.rows), self._derivatives, lower, upper, self.row_lower, self.row_upper
        )
        # of the processor's time: Ipopt before 3.14, which Debian's cyipopt may be built on, has no limit of the clock's
        limit = {} if time_limit is None else {"max_cpu_time": max(float(time_limit), 1e-3)}
        for name, setting in {**_SETTINGS, **limit, **(options or {})}.items():
            problem.add_option(name, setting)
        began = time.perf_counter()
        try:
            x, told = problem.solve(x0)
        except (RuntimeError, ValueError) as error:
            return Outcome("failed", message=f"cyipopt: {one_line(error)}", seconds=time.perf_counter() - began)
        x = np.asarray(x, float)
        if x.shape != x0.shape or not np.isfinite(x).all():
            return Outcome("failed", tuple(self.variables), x, message=f"cyipopt: {_words(told['status_msg'])}")
        bounds = np.array(told["mult_x_U"]) - np.array(told["mult_x_L"])
        held = lower == upper  # an old Ipopt takes these columns out and says nothing of them
        bounds[held] = -self._derivatives.slope(x, told["mult_g"])[held]
        return Outcome(
            _STATUS.get(told["status"], "failed"),
            tuple(self.variables),
            x,
            message=f"cyipopt: {_words(told['status_msg'])}",
            seconds=time.perf_counter() - began,
            row_multipliers=dict(zip(map(id, self.rows), np.asarray(told["mult_g"], float).tolist(), strict=True)),
            bound_multipliers=dict(zip(map(id, self.variables), bounds.tolist(), strict=True)),
        )


class _Derivatives:
    """What cyipopt asks for, under the names it asks by."""

    def __init__(self, x, f, g):
        import casadi

        weight, multipliers = casadi.MX.sym("weight"), casadi.MX.sym("multipliers", g.numel())
        lagrangian = weight * f + casadi.dot(multipliers, g)
        self._f = casadi.Function("f", [x], [f, casadi.gradient(f, x)]).expand()
        self._g = casadi.Function("g", [x], [g]).expand()
        self._jacobian = casadi.Function("jacobian", [x], [casadi.jacobian(g, x)]).expand()
        hessian = casadi.tril(casadi.hessian(lagrangian, x)[0])
        self._hessian = casadi.Function("hessian", [x, weight, multipliers], [hessian]).expand()

    def objective(self, x):
        return float(self._f(x)[0])

    def gradient(self, x):
        return np.asarray(self._f(x)[1].full()).ravel()

    def constraints(self, x):
        return np.asarray(self._g(x).full()).ravel()

    def jacobian(self, x):
        return np.array(self._jacobian(x).nonzeros())

    def jacobianstructure(self):
        return self._jacobian.sparsity_out(0).get_triplet()

    def slope(self, x, multipliers):
        """The gradient of objective plus multipliers · rows."""
        rows, columns = self.jacobianstructure()
        terms = self.jacobian(x) * np.asarray(multipliers, float)[list(rows)]
        return self.gradient(x) + np.bincount(columns, terms, minlength=len(x)) if len(terms) else self.gradient(x)

    def hessian(self, x, multipliers, weight):
        return np.array(self._hessian(x, weight, multipliers).nonzeros())

    def hessianstructure(self):
        return self._hessian.sparsity_out(0).get_triplet()


def _words(message) -> str:
    return message.decode() if isinstance(message, bytes) else str(message)
