"""The multipliers that exist at a point: those that leave the least residual of each follower's KKT conditions.

One linear program for all followers: min Σ t over mu ≥ 0, nu with |∂L/∂y| ≤ t·scale for every variable of a follower and
Σ mu·slack ≤ t·scale. No multiplier of the route that found the point is used; those the leader reads are held at the
leader's values.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp

from .followers import Program
from .residuals import slope
from .solvers.highs import minimise


class Residuals(NamedTuple):
    """Scaled residuals of one follower's KKT system under its best multipliers, ``nan`` where none were found.

    ``size`` is what objective values are scaled by: Σ |∂f/∂y · y|, at least one. The follower's objective itself would
    not do: it may hold any constant.
    """

    stationarity: float
    complementarity: float
    size: float


def kkt_residuals(program: Program) -> dict[str, Residuals]:
    """Residuals of each follower, by name, at the values the program's instance holds."""
    system = _System(program)
    return system.solve() if system.sizes else {}


class _System:
    """Triplets of the linear program; columns are the multipliers, then one t a follower."""

    def __init__(self, program: Program):
        self.program = program
        self.followers = program.followers
        self.entries: list[tuple[int, int, float]] = []  # (variable's row, multiplier's column, ∂row/∂variable)
        self.slacks: list[float] = []
        self.owner: list[int] = []
        self.free: list[bool] = []
        self.gradient: list[float] = []
        self.of_variable: list[int] = []  # follower of each stationarity row
        self.sizes: list[float] = []  # of each follower's objective
        self.columns_of: dict[int, list[tuple[int, int]]] = {}
        self.rough: set[int] = set()  # followers without derivatives here, as √y has none at 0: no multipliers
        for number, follower in enumerate(self.followers):
            self._add(number, follower)

    def _add(self, number, follower) -> None:
        first = len(self.gradient)
        position = {id(v): first + i for i, v in enumerate(follower.variables)}
        self.gradient += [0.0] * len(position)
        self.of_variable += [number] * len(position)
        size = 0.0
        for variable, derivative in self._slope(number, follower.objective.expr):
            if id(variable) in position:
                self.gradient[position[id(variable)]] = follower.sign * derivative
                size += abs(derivative * variable.value)
        self.sizes.append(max(1.0, size))
        for row in follower.constraints:
            terms = [(position[id(v)], derivative) for v, derivative in self._slope(number, row.body) if id(v) in position]
            if terms:
                low, high = (None if side is None else pyo.value(side) for side in (row.lower, row.upper))
                self._add_sides(number, id(row), terms, pyo.value(row.body), low, high)
        for variable in follower.variables:
            self._add_sides(number, id(variable), [(position[id(variable)], 1.0)], variable.value, *variable.bounds)

    def _slope(self, number, expression) -> list[tuple]:
        try:
            found = slope(expression)
        except (ZeroDivisionError, OverflowError, ValueError):
            found = [(None, math.nan)]
        if all(math.isfinite(derivative) for _, derivative in found):
            return found
        self.rough.add(number)
        return []

    def _add_sides(self, number, key, terms, body, low, high) -> None:
        if low is not None and low == high:
            self._column(number, key, terms, 0.0, 1, True)
            return
        if high is not None:
            self._column(number, key, terms, high - body, 1, False)
        if low is not None:
            self._column(number, key, terms, body - low, -1, False)

    def _column(self, number, key, terms, slack, sign, free) -> None:
        column = len(self.slacks)
        self.columns_of.setdefault(key, []).append((column, sign))
        self.entries += [(i, column, sign * derivative) for i, derivative in terms]
        self.slacks.append(max(slack, 0.0))
        self.owner.append(number)
        self.free.append(free)

    def solve(self) -> dict[str, Residuals]:
        n, k, f = len(self.gradient), len(self.slacks), len(self.sizes)
        gradient, slacks, sizes, owner = (
            np.array(x) for x in (self.gradient, self.slacks, self.sizes, np.array(self.owner, int))
        )
        of_variable = np.array(self.of_variable, int)
        scale = np.maximum(1.0, np.abs(gradient))
        rows, columns, numbers = zip(*self.entries, strict=True) if self.entries else ((), (), ())
        G = sp.coo_array(
            (np.array(numbers, float), (np.array(rows, int), np.array(columns, int))), shape=(n, k)
        ).tocsr()
        T = sp.coo_array((scale, (np.arange(n), of_variable)), shape=(n, f)).tocsr()
        S = sp.coo_array((slacks, (owner, np.arange(k))), shape=(f, k)).tocsr()
        held, values = self._held(k)
        blocks = [[G, -T], [G, T], [S, -sp.diags_array(sizes)], [held, sp.csr_array((len(values), f))]]
        low = np.concatenate([np.full(n, -np.inf), -gradient, np.full(f, -np.inf), values])
        high = np.concatenate([-gradient, np.full(n, np.inf), np.zeros(f), values])
        lower = np.concatenate([np.where(self.free, -np.inf, 0.0), np.zeros(f)])
        cost = np.concatenate([np.zeros(k), np.ones(f)])
        answer = minimise(cost, sp.block_array(blocks, format="csr"), low, high, lower, np.full(k + f, np.inf))
        stationarity, complementarity = np.full(f, math.nan), np.full(f, math.nan)
        if answer.x is not None:
            stationarity[:], complementarity[:] = 0.0, 0.0
            multipliers = np.where(self.free, answer.x[:k], np.maximum(answer.x[:k], 0.0))
            np.maximum.at(stationarity, of_variable, np.abs(gradient + G @ multipliers) / scale)
            np.maximum.at(complementarity, owner, np.abs(multipliers * slacks) / sizes[owner])
        stationarity[list(self.rough)] = complementarity[list(self.rough)] = math.nan
        columns = zip(stationarity.tolist(), complementarity.tolist(), self.sizes, strict=True)
        return {follower.name: Residuals(*column) for follower, column in zip(self.followers, columns, strict=True)}

    def _held(self, k: int) -> tuple[sp.csr_array, np.ndarray]:
        """Rows and values of the multipliers the leader's variables stand for: s (mu_lower − mu_upper), −s nu."""
        suffix = self.program.instance.component("multiplier_of")
        sign_of = {id(row): follower.sign for follower in self.followers for row in follower.constraints}
        lines, values = [], []
        for key, target in () if suffix is None else suffix.items():
            for variable in key.values() if key.is_indexed() else (key,):
                row = target[variable.index()] if target.is_indexed() else target
                if id(row) in self.columns_of:
                    lines.append([(column, -sign_of[id(row)] * sign) for column, sign in self.columns_of[id(row)]])
                    values.append(variable.value)
        entries = [(i, column, number) for i, line in enumerate(lines) for column, number in line]
        rows, columns, numbers = zip(*entries, strict=True) if entries else ((), (), ())
        matrix = sp.coo_array(
            (np.array(numbers, float), (np.array(rows, int), np.array(columns, int))), shape=(len(values), k)
        )
        return matrix.tocsr(), np.array(values, float)
