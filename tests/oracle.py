"""The bilevel optimum by enumeration: an oracle that shares no code with the engine.

The followers' rows and bounds are read with Pyomo's standard form; each inequality side is either active or has no
multiplier. Every combination that is not empty is a polyhedron in the variables and multipliers together, on which the
leader's problem is a linear program (HiGHS) or the minimum of a quadratic function, convex or not, found by visiting
all faces. Takes linear rows, linear or quadratic leaders, linear or convex quadratic followers (several of them: a
Nash equilibrium among followers), follower multipliers in the leader, and bounded integers of the leader.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import highspy
import numpy as np
import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn
from scipy.linalg import null_space
from scipy.optimize import linprog

INF = np.inf
TOLERANCE = 1e-7


class NotEnumerable(ValueError):
    """The model is outside what this oracle enumerates; the message says why."""


@dataclass(frozen=True)
class Answer:
    """``termination``: ``"optimal"``, ``"infeasible"`` or ``"unbounded"``; ``leader`` is in the leader's own sense."""

    termination: str
    leader: float | None = None
    point: dict[str, float] = field(default_factory=dict)


def brute_force(model) -> Answer:
    """The optimistic bilevel optimum of a small linear or quadratic model.

    Parameters
    ----------
    model : ConcreteModel
        One leader Objective at the top, followers as Blocks with one each.

    Returns
    -------
    Answer

    Raises
    ------
    NotEnumerable
        A row that is not linear, a non-convex or integer follower, unbounded integers, a non-convex leader over a
        set that is unbounded where it matters.
    """
    pieces = _Pieces(model)
    best = Answer("infeasible")
    for fixing in pieces.integer_fixings():
        answer = pieces.search(fixing, INF if best.leader is None else pieces.sign * best.leader)
        if answer.termination == "unbounded":
            return answer
        if answer.termination == "optimal":
            best = answer
    return best


class _Pieces:
    """The model as one polyhedron over (variables, multipliers) with a list of pairs of which one side must vanish."""

    def __init__(self, model):
        self.columns = [v for v in _variables(model) if not v.fixed]
        self.position = {id(v): i for i, v in enumerate(self.columns)}
        self.lower = [-INF if v.lb is None else v.lb for v in self.columns]
        self.upper = [INF if v.ub is None else v.ub for v in self.columns]
        self.integers = [i for i, v in enumerate(self.columns) if not v.is_continuous()]
        self.rows: list[tuple[dict[int, float], float, float]] = []  # coefficients, lower, upper
        self.pairs: list[tuple[int, int, float]] = []  # multiplier's column, row, the row's value where it is active
        self.shadow: dict[int, dict[int, float]] = {}  # id of a constraint → the derivative the leader may see

        (leader,) = model.component_objects(pyo.Objective, active=True, descend_into=False)
        objectives = model.component_data_objects(pyo.Objective, active=True)
        followers = [o for o in objectives if o.parent_block() is not model]
        blocks = [o.parent_block() for o in followers]
        owned = {id(c) for b in blocks for c in b.component_data_objects(pyo.Constraint, active=True)}
        for constraint in model.component_data_objects(pyo.Constraint, active=True):
            if id(constraint) not in owned:
                self.add_row(*self.sides(constraint))
        for objective in followers:
            self.add_follower(objective)
        self.add_multipliers(model)

        size = len(self.lower)
        self.sign = 1 if leader.sense == pyo.minimize else -1
        quadratic, linear, constant = self.function(leader.expr)
        self.hessian = np.zeros((size, size))
        self.hessian[: len(linear), : len(linear)] = self.sign * quadratic
        self.cost = np.concatenate([self.sign * linear, np.zeros(size - len(linear))])
        self.constant = self.sign * constant

    def function(self, expression):
        """½ zᵀQz + cᵀz + k over the model's own columns."""
        size = len(self.columns)
        repn = generate_standard_repn(expression, compute_values=True, quadratic=True)
        if repn.nonlinear_expr is not None:
            raise NotEnumerable(f"{expression}: neither linear nor quadratic")
        quadratic, linear = np.zeros((size, size)), np.zeros(size)
        for coefficient, variable in zip(repn.linear_coefs, repn.linear_vars, strict=True):
            linear[self.position[id(variable)]] += coefficient
        for coefficient, (left, right) in zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True):
            i, j = self.position[id(left)], self.position[id(right)]
            quadratic[i, j] += coefficient
            quadratic[j, i] += coefficient
        return quadratic, linear, repn.constant

    def sides(self, constraint):
        quadratic, linear, constant = self.function(constraint.body)
        if quadratic.any():
            raise NotEnumerable(f"{constraint.name}: a quadratic row")
        lower = -INF if constraint.lower is None else pyo.value(constraint.lower) - constant
        upper = INF if constraint.upper is None else pyo.value(constraint.upper) - constant
        return {i: linear[i] for i in np.flatnonzero(linear)}, lower, upper

    def add_row(self, coefficients, lower, upper) -> int:
        self.rows.append((coefficients, lower, upper))
        return len(self.rows) - 1

    def add_column(self, lower) -> int:
        self.lower.append(lower)
        self.upper.append(INF)
        return len(self.lower) - 1

    def add_follower(self, objective):
        block, sign = objective.parent_block(), 1 if objective.sense == pyo.minimize else -1
        own = [self.position[id(v)] for v in _variables(block) if not v.fixed]
        if set(own) & set(self.integers):
            raise NotEnumerable(f"{block.name}: an integer follower")
        quadratic, linear, _ = self.function(objective.expr)
        if np.linalg.eigvalsh(sign * quadratic[np.ix_(own, own)]).min() < -TOLERANCE:
            raise NotEnumerable(f"{block.name}: not convex")
        stationarity = {j: {i: sign * quadratic[j, i] for i in np.flatnonzero(quadratic[j])} for j in own}

        sources = [(c, *self.sides(c)) for c in block.component_data_objects(pyo.Constraint, active=True)]
        sources += [(self.columns[j], {j: 1.0}, self.lower[j], self.upper[j]) for j in own]
        for source, coefficients, lower, upper in sources:
            if lower == -INF and upper == INF:
                continue
            touched = {j: a for j, a in coefficients.items() if j in stationarity}
            shadow = self.shadow[id(source)] = {}
            equality = lower == upper
            for side, bound in [(1, upper)] if equality else [(1, upper), (-1, lower)]:
                if abs(bound) == INF:
                    continue
                row = self.add_row(coefficients, bound if equality or side < 0 else -INF, bound if side > 0 else INF)
                if not touched:
                    continue
                multiplier = self.add_column(-INF if equality else 0.0)
                shadow[multiplier] = -sign * side
                for j, a in touched.items():
                    stationarity[j][multiplier] = side * a
                if not equality:
                    self.pairs.append((multiplier, row, bound))
        for j, coefficients in stationarity.items():
            self.add_row(coefficients, -sign * linear[j], -sign * linear[j])

    def add_multipliers(self, model):
        suffix = model.component("multiplier_of")
        for key, target in suffix.items() if suffix is not None else ():
            pairs = [(key[i], target[i]) for i in key] if key.is_indexed() else [(key, target)]
            for variable, constraint in pairs:
                self.add_row({**self.shadow[id(constraint)], self.position[id(variable)]: -1.0}, 0.0, 0.0)

    def integer_fixings(self):
        """Every assignment of the leader's integers, as {column: value}."""
        if any(self.upper[i] - self.lower[i] > 100 for i in self.integers):
            raise NotEnumerable("an integer with more than a hundred values")
        ranges = [range(int(np.ceil(self.lower[i])), int(np.floor(self.upper[i])) + 1) for i in self.integers]
        for values in itertools.product(*ranges):
            yield dict(zip(self.integers, values, strict=True))

    def search(self, fixing, incumbent) -> Answer:
        """Depth first over the pairs, empty polyhedra cut off; a linear leader also cuts off what cannot be better."""
        program, linear = self.program(fixing), not self.hessian.any()
        best, where = incumbent, None
        stack: list[tuple[bool, ...]] = [()]
        while stack:
            node = stack.pop()
            self.impose(program, node)
            status, value, point = _run(program)
            self.release(program, node)
            if status == "infeasible" or (linear and status == "optimal" and value + self.constant >= best - 1e-9):
                continue
            if len(node) < len(self.pairs):
                stack += [(*node, active) for active in (False, True)]
                continue
            if not linear:
                status, value, point = _minimum(self.hessian, self.cost, *self.piece(fixing, node))
            if status == "unbounded":
                return Answer("unbounded")
            if value + self.constant < best:
                best, where = value + self.constant, point
        if where is None:
            return Answer("infeasible")
        return Answer("optimal", self.sign * best, {v.name: float(where[i]) for i, v in enumerate(self.columns)})

    def program(self, fixing) -> highspy.Highs:
        program = highspy.Highs()
        program.setOptionValue("output_flag", False)
        program.setOptionValue("presolve", "off")  # so that infeasible and unbounded are told apart
        program.setOptionValue("primal_feasibility_tolerance", 1e-9)
        for column, bounds in enumerate(zip(self.lower, self.upper, strict=True)):
            cost = 0.0 if self.hessian.any() else self.cost[column]
            program.addCol(cost, *([fixing[column]] * 2 if column in fixing else bounds), 0, [], [])
        for coefficients, lower, upper in self.rows:
            program.addRow(lower, upper, len(coefficients), list(coefficients), list(coefficients.values()))
        return program

    def impose(self, program, node):
        for active, (multiplier, row, bound) in zip(node, self.pairs, strict=False):
            if active:
                program.changeRowBounds(row, bound, bound)
            else:
                program.changeColBounds(multiplier, 0.0, 0.0)

    def release(self, program, node):
        for _, (multiplier, row, _) in zip(node, self.pairs, strict=False):
            program.changeRowBounds(row, *self.rows[row][1:])
            program.changeColBounds(multiplier, 0.0, INF)

    def piece(self, fixing, node):
        """The polyhedron of one combination as (rows, lower, upper), column bounds included."""
        size = len(self.lower)
        matrix = np.zeros((len(self.rows) + size, size))
        for i, (coefficients, _, _) in enumerate(self.rows):
            matrix[i, list(coefficients)] = list(coefficients.values())
        matrix[len(self.rows) :] = np.eye(size)
        lower = np.array([row[1] for row in self.rows] + self.lower)
        upper = np.array([row[2] for row in self.rows] + self.upper)
        for column, value in fixing.items():
            lower[len(self.rows) + column] = upper[len(self.rows) + column] = value
        for active, (multiplier, row, bound) in zip(node, self.pairs, strict=True):
            at, value = (row, bound) if active else (len(self.rows) + multiplier, 0.0)
            lower[at] = upper[at] = value
        return matrix, lower, upper


def _variables(block):
    return [v for c in block.component_objects(pyo.Var, descend_into=True) if not c.is_reference() for v in c.values()]


def _run(program):
    program.run()
    status = program.getModelStatus()
    if status == highspy.HighsModelStatus.kUnknown:  # a warm start gone astray
        program.clearSolver()
        program.run()
        status = program.getModelStatus()
    if status == highspy.HighsModelStatus.kOptimal:
        return "optimal", program.getObjectiveValue(), np.array(program.getSolution().col_value)
    if status == highspy.HighsModelStatus.kInfeasible:
        return "infeasible", None, None
    if status == highspy.HighsModelStatus.kUnbounded:
        return "unbounded", None, None
    raise RuntimeError(f"HiGHS answered {status}")


def _minimum(hessian, cost, matrix, lower, upper):
    """The least value of ½ wᵀHw + cᵀw over a polyhedron that is not empty, by visiting its faces.

    A least value that exists is attained where the function is stationary on a face whose rows are independent; so all
    sets of independent active rows are tried, in the space left by the equalities.
    """
    equal = upper - lower < 1e-12
    origin = np.linalg.lstsq(matrix[equal], lower[equal])[0]
    basis = _rounded(null_space(matrix[equal], rcond=1e-11))
    sides = [(matrix[i] @ basis, upper[i] - matrix[i] @ origin) for i in np.flatnonzero(~equal & (upper < INF))]
    sides += [(-matrix[i] @ basis, matrix[i] @ origin - lower[i]) for i in np.flatnonzero(~equal & (lower > -INF))]
    sides = {tuple(np.round(np.append(a, b) / np.linalg.norm(a), 12)) for a, b in sides if np.linalg.norm(a) > 1e-9}
    size = basis.shape[1]
    normals, bounds = np.hsplit(np.array(sorted(sides)).reshape(-1, size + 1), [size])
    bounds = bounds[:, 0]
    quadratic, linear = _rounded(basis.T @ hessian @ basis), _rounded(basis.T @ (hessian @ origin + cost))
    if size and _has_ray(quadratic, linear, normals):
        return "unbounded", None, None

    convex = not size or np.linalg.eigvalsh(quadratic).min() > -TOLERANCE
    best, where = INF, None
    for active in range(min(size, len(normals)) + 1):
        for chunk in _chunks(itertools.combinations(range(len(normals)), active), 20_000):
            index = np.array(chunk, dtype=int).reshape(len(chunk), active)
            kkt = np.zeros((len(chunk), size + active, size + active))
            kkt[:, :size, :size] = quadratic
            kkt[:, size:, :size] = normals[index]
            kkt[:, :size, size:] = normals[index].transpose(0, 2, 1)
            right = np.concatenate([np.broadcast_to(-linear, (len(chunk), size)), bounds[index]], axis=1)
            found = (np.linalg.pinv(kkt, rcond=1e-10, hermitian=True) @ right[:, :, None])[:, :, 0]
            wrong = np.abs((kkt @ found[:, :, None])[:, :, 0] - right).max(axis=1, initial=0.0)
            outside = (found[:, :size] @ normals.T - bounds).max(axis=1, initial=-INF)
            found = found[(wrong < TOLERANCE) & (outside < TOLERANCE)]
            points, multipliers = found[:, :size], found[:, size:]
            values = 0.5 * np.einsum("ki,ij,kj->k", points, quadratic, points) + points @ linear
            if len(values) and values.min() < best:
                best, where = values.min(), points[values.argmin()]
            if convex and (multipliers >= -TOLERANCE).all(axis=1).any():  # a KKT point: no better face
                return "optimal", *_at(origin + basis @ where, hessian, cost)
    if where is None:
        raise RuntimeError("no face holds a stationary point, though the polyhedron is not empty")
    return "optimal", *_at(origin + basis @ where, hessian, cost)


def _at(point, hessian, cost):
    return 0.5 * point @ hessian @ point + cost @ point, point


def _has_ray(quadratic, linear, normals) -> bool:
    """Whether the function falls for ever along a ray; refuses where that is not decided by linear programs."""
    size = len(linear)
    cone = {"A_ub": normals, "b_ub": np.zeros(len(normals))} if len(normals) else {}
    box = [(-1, 1)] * size
    if np.linalg.eigvalsh(quadratic).min() < -TOLERANCE:
        for row in (*quadratic, *-quadratic):
            if linprog(row, bounds=box, **cone).fun < -TOLERANCE:
                raise NotEnumerable("a non-convex leader over a set that is unbounded where it matters")
    flat = {"A_eq": quadratic, "b_eq": np.zeros(size)}
    return linprog(linear, bounds=box, **cone, **flat).fun < -TOLERANCE


def _rounded(array):
    """Noise to zero, or a multiplier that is free to grow would carry it into the variables."""
    return np.where(np.abs(array) < 1e-11 * max(1.0, np.abs(array).max(initial=0.0)), 0.0, array)


def _chunks(iterable, size):
    iterator = iter(iterable)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
