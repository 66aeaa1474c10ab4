"""The distribution operator's best answer to a price, for thousands of hours and prices at once.

One hour of the DSO's problem is a small nonlinear program on a tree. Its Karush–Kuhn–Tucker system, with each complementarity
at μ, is solved by Newton's method with μ → 0 (a primal-dual interior point method), all hours in step: every array has the
hours last. The Newton system joins a bus only to its neighbours, so it is eliminated from the leaves to the substation in
blocks of two, the voltage and the nodal price of a bus, without a matrix.

The Lagrangian is quadratic in the voltages and linear in the rest. Where its Hessian is positive semidefinite at the
multipliers found, it is convex, and a stationary point minimises it over all points: no other answer of the DSO is better,
though the power flow (5) is curved. The elimination gives the pivots of that Hessian, so each answer says whether it is proved.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from .feeder import Feeder, add_up, line_flows

ITERATIONS = 120
ACCURACY = 1e-11
"""Largest residual of the stationarity rows, over the price, and of the balances, in MW."""
VANISHING = 1e-16
"""Complementarity of a reduction, over the price, at which it ends: what it adds to one at a corner is its root. That of
the network's limits ends at ``ACCURACY``, above the rounding of their slacks."""
IN_CACHE = 1200
"""Columns that are solved together: more of them would leave the processor's cache."""
TO_THE_BOUNDARY = 0.99


@dataclass(frozen=True)
class Dispatch:
    """Answers of the DSO, one a column.

    Attributes
    ----------
    reduction, voltage, nodal_price : ndarray, shape (n, m)
        P (MW), U (p.u.) and the multiplier ω of the balance (€/MWh) at each bus.
    substation : ndarray, shape (m,), MW
    slope : ndarray, shape (n, m)
        dP/dλ, MW² h/€; at a corner of the answer one of the two sides or a value between.
    bound : ndarray, shape (m,), €
        Smallest value of the Lagrangian at these multipliers, below every feasible cost where ``convex``.
    residual : ndarray, shape (m,)
        Of the KKT system, all conditions, scaled by flows and prices.
    convex : ndarray of bool, shape (m,)
        Whether the Lagrangian is convex at these multipliers, so that no other answer is better.
    """

    reduction: np.ndarray
    voltage: np.ndarray
    nodal_price: np.ndarray
    substation: np.ndarray
    slope: np.ndarray
    bound: np.ndarray
    residual: np.ndarray
    convex: np.ndarray

    @property
    def solved(self) -> np.ndarray:
        return self.residual <= 1e3 * ACCURACY


def dispatch(feeder: Feeder, price, market_price, load, cap) -> Dispatch:
    """Minimise λ Σ P + ρ P_sub over one hour's network, for m hours and prices at once.

    Parameters
    ----------
    feeder : Feeder
    price, market_price : ndarray, shape (m,), €/MWh
        λ and ρ.
    load : ndarray, shape (n, m), MW
        Demand less wind at each bus, before reductions.
    cap : ndarray, shape (n, m), MW
        Most that each bus reduces; 0 where nobody takes part.

    Returns
    -------
    Dispatch
        Columns that were not solved have a large ``residual``; the problem may be infeasible there.
    """
    columns = np.array_split(np.arange(price.size), max(1, -(-price.size // IN_CACHE)))
    parts = [_answer(feeder, *(x[..., part] for x in (price, market_price, load, cap))) for part in columns]
    return Dispatch(*(np.concatenate([getattr(p, f.name) for p in parts], axis=-1) for f in fields(Dispatch)))


def _answer(feeder, price, market_price, load, cap) -> Dispatch:
    answer = _interior_point(feeder, price, market_price, load, cap, lines=False)
    flows = line_flows(feeder, answer.voltage)
    over = (np.abs(flows) > feeder.line_limit * (1 + 1e-9)).any(axis=(0, 1)) & answer.solved
    if over.any():  # without the limits the answer breaks some; where it does not, it is the answer with them too
        again = _interior_point(feeder, *(x[..., over] for x in (price, market_price, load, cap)), lines=True)
        for field in fields(Dispatch):
            getattr(answer, field.name)[..., over] = getattr(again, field.name)
    return answer


def _interior_point(feeder, price, market_price, load, cap, lines) -> Dispatch:
    state = _State(feeder, price, market_price, load, cap, lines)
    n, m = load.shape
    by_bus = [np.zeros((n, m)) for _ in range(4)]
    found = Dispatch(*by_bus[:3], np.zeros(m), by_bus[3], np.full(m, -np.inf), np.full(m, np.inf), np.zeros(m, bool))
    left = np.arange(m)
    with np.errstate(all="ignore"):
        for _ in range(ITERATIONS):
            done = ~(state.residual() > ACCURACY)  # NaN ends a column too
            if done.mean() > 0.25 or done.all():
                _keep(found, left[done], state.subset(done))
                left, state = left[~done], state.subset(~done)
                if not left.size:
                    return found
            state.step()
        _keep(found, left, state)
    return found


def _keep(found: Dispatch, where, state) -> None:
    values = state.P, state.U, state.w, state.S, state.slope(), state.bound(), state.residual(), state.convex()
    for field, value in zip(fields(Dispatch), values, strict=True):
        getattr(found, field.name)[..., where] = value


class _State:
    """An iterate of every column: primal variables, multipliers, and the Newton step."""

    COLUMNS = (
        "price",
        "rho",
        "load",
        "cap",
        "U",
        "w",
        "P",
        "Q",
        "S",
        "mu",
        "scale",
        "zl",
        "zu",
        "al",
        "au",
        "bl",
        "bu",
        "s",
        "f",
    )

    def __init__(self, feeder, price, market_price, load, cap, lines):
        self.feeder, self.lines = feeder, lines
        n, m = load.shape
        self.price, self.rho, self.load, self.cap = price, market_price, load, cap
        self.scale = np.maximum(np.maximum(price, market_price), 1e-3)
        low, high = feeder.voltage_min, feeder.voltage_max
        room = 0.05 * (high - low)
        self.U = np.tile(np.clip(np.full((n, 1), feeder.slack_voltage), low + room, high - room), m)
        self.U[0] = feeder.slack_voltage
        self.P, self.Q = 0.5 * cap, 0.5 * cap  # Q = cap − P by itself, for it goes below the rounding of that
        limit = feeder.substation_limit
        self.S = np.clip(load.sum(axis=0) - self.P.sum(axis=0), 0.05 * limit, 0.95 * limit)
        self.w = np.tile(market_price, (n, 1))
        self.mu = 0.02 * self.scale
        self.zl = self.zu = 2 * self.mu / np.where(cap > 0, cap, np.inf)
        self.al, self.au = self.mu / self.S, self.mu / (limit - self.S)
        self.bl, self.bu = self.mu / (self.U - low), self.mu / (high - self.U)
        self.bl[0] = self.bu[0] = 0.0
        shape = (4, n, m) if lines else (0, n, m)
        self.s = (
            np.maximum(feeder.line_limit - self._signed_flows(), 0.1 * feeder.line_limit + 1e-3)
            if lines
            else np.zeros(shape)
        )
        self.f = self.mu / self.s
        if lines:
            self.f[:, 0] = 0.0

    def subset(self, chosen) -> _State:
        new = object.__new__(_State)
        new.feeder, new.lines = self.feeder, self.lines
        for name in self.COLUMNS:
            setattr(new, name, getattr(self, name)[..., chosen])
        return new

    @property
    def mu_limits(self) -> np.ndarray:
        return np.maximum(self.mu, 0.3 * ACCURACY * self.scale)

    def residual(self) -> np.ndarray:
        """Largest of all KKT residuals and complementarities of a column, scaled."""
        g, low, high = self._gradient(self.f), self.feeder.voltage_min, self.feeder.voltage_max
        g[1:] += (self.bu - self.bl)[1:]
        parts = [
            np.abs(g[1:]).max(axis=0, initial=0.0) / self.scale,
            np.abs(np.where(self.cap > 0, self.price - self.w - self.zl + self.zu, 0.0)).max(axis=0) / self.scale,
            np.abs(self.rho - self.w[0] - self.al + self.au) / self.scale,
            np.abs(self._imbalance()).max(axis=0),
            np.maximum(self.zl * self.P, self.zu * (self.Q)).max(axis=0) / self.scale * (ACCURACY / VANISHING),
            np.maximum(self.al * self.S, self.au * (self.feeder.substation_limit - self.S)) / self.scale,
            np.maximum(self.bl * (self.U - low), self.bu * (high - self.U)).max(axis=0) / self.scale,
        ]
        if self.lines:
            parts.append(np.abs(self._signed_flows() + self.s - self.feeder.line_limit)[:, 1:].max(axis=(0, 1)))
            parts.append((self.f * self.s).max(axis=(0, 1)) / self.scale)
        return np.max(parts, axis=0)

    def step(self) -> None:
        """One Newton step for the current μ, cut so that everything stays positive; then μ for the next."""
        U, limit = self.U, self.feeder.substation_limit
        low, high = self.feeder.voltage_min, self.feeder.voltage_max
        sides = [  # variable, its distance from a bound, sign of its movement, multiplier
            ("P", self.P, 1.0, "zl"),
            ("P", self.Q, -1.0, "zu"),
            ("S", self.S[None], 1.0, "al"),
            ("S", limit - self.S[None], -1.0, "au"),
            ("U", U - low, 1.0, "bl"),
            ("U", high - U, -1.0, "bu"),
        ]
        takes_part = self.cap > 0
        D, h, e, g_P, g_S, g_U, gap = self._system()
        r_U, r_w = -g_U, -self._imbalance() - e * g_P
        r_w[0] -= g_S / D["S"]
        dU, dw = self._solve(h, e, D, r_U, r_w)
        move = {"U": dU, "P": np.where(takes_part, (dw - g_P) * e, 0.0), "S": (dw[:1] - g_S) / D["S"]}
        primal, dual, news = np.ones_like(self.S), np.ones_like(self.S), {}
        for name, slack, sign, z in sides:
            old = getattr(self, z)
            old = old[None] if old.ndim == 1 else old
            on = old > 0
            ds = sign * move[name]
            mu = self.mu if name == "P" else self.mu_limits
            dz = np.where(on, (mu - old * ds) / slack - old, 0.0)
            primal = np.minimum(primal, _longest(np.where(on, slack, 1.0), np.where(on, ds, 0.0)))
            dual = np.minimum(dual, _longest(np.where(on, old, 1.0), dz))
            news[z] = dz
        if self.lines:
            ds = -gap - self._along(dU)
            df = (self.mu_limits - self.f * ds) / self.s - self.f
            df[:, 0] = ds[:, 0] = 0.0
            primal = np.minimum(primal, _longest(self.s, ds))
            dual = np.minimum(dual, _longest(np.where(self.f > 0, self.f, 1.0), df))
            self.s, self.f = self.s + primal * ds, self.f + dual * df
        self.U, self.P, self.Q = U + primal * dU, self.P + primal * move["P"], self.Q - primal * move["P"]
        self.S, self.w = self.S + primal * move["S"][0], self.w + dual * dw
        for z, dz in news.items():
            old = getattr(self, z)
            setattr(self, z, old + dual * (dz[0] if old.ndim == 1 else dz))
        length = np.minimum(primal, dual)
        factor = np.where(length > 0.9, 0.05, np.where(length > 0.5, 0.2, 0.7))
        self.mu = np.maximum(self.mu * factor, 0.3 * VANISHING * self.scale)

    def slope(self) -> np.ndarray:
        D, h, e, *_ = self._system()
        _, dw = self._solve(h, e, D, np.zeros_like(self.U), -e)
        return np.where(self.cap > 0, (dw - 1.0) * e, 0.0)

    def bound(self) -> np.ndarray:
        """The Lagrangian at its minimum: the voltages where it is stationary, the rest at the better end of its box."""
        low, high, limit = self.feeder.voltage_min, self.feeder.voltage_max, self.feeder.substation_limit
        into, back = line_flows(self.feeder, self.U)
        out = back + self.load
        add_up(out, self.feeder.parent, into)
        held = (self.bu * (self.U - high) - self.bl * (self.U - low))[1:].sum(axis=0)
        if self.lines:
            held = held + (self.f * (self._signed_flows() - self.feeder.line_limit))[:, 1:].sum(axis=(0, 1))
        boxes = (self.cap * np.minimum(0.0, self.price - self.w)).sum(axis=0) + limit * np.minimum(
            0.0, self.rho - self.w[0]
        )
        return (self.w * out).sum(axis=0) + held + boxes

    def convex(self) -> np.ndarray:
        """Whether every pivot of the Lagrangian's Hessian in the free voltages is positive."""
        pivot, off = self._hessian()
        positive = np.ones(self.S.shape, bool)
        for k in range(len(pivot) - 1, 0, -1):
            positive &= pivot[k] > 0
            pivot[self.feeder.parent[k]] -= off[k] ** 2 / pivot[k]
        return positive

    # The pieces of the Newton system -----------------------------------------------------------------------------------

    def _system(self):
        """Barrier curvatures, Hessian, 1/curvature of the reductions, gradients with μ-multipliers, line residuals."""
        limit, low, high = self.feeder.substation_limit, self.feeder.voltage_min, self.feeder.voltage_max
        takes_part, rest = self.cap > 0, self.Q
        curvature = self.zl / self.P + self.zu / rest
        e = np.where(takes_part, 1.0 / curvature, 0.0)
        D = {
            "S": self.al / self.S + self.au / (limit - self.S),
            "U": self.bl / (self.U - low) + self.bu / (high - self.U),
        }
        D["U"][0] = 0.0
        g_P = np.where(takes_part, self.price - self.w - self.mu / self.P + self.mu / rest, 0.0)
        g_S = self.rho - self.w[0] - self.mu_limits / self.S + self.mu_limits / (limit - self.S)
        h = self._hessian()
        gap, pressure = None, self.f
        if self.lines:
            gap = self._signed_flows() + self.s - self.feeder.line_limit
            D["line"] = self.f / self.s
            pressure = self.mu_limits / self.s + D["line"] * gap
            pressure[:, 0] = 0.0
        g_U = self._gradient(pressure) - np.where(self.bl > 0, self.mu_limits / (self.U - low), 0.0)
        g_U += np.where(self.bu > 0, self.mu_limits / (high - self.U), 0.0)
        return D, h, e, g_P, g_S, g_U, gap

    def _imbalance(self) -> np.ndarray:
        """What flows out of each bus, plus its load, less what it reduces and buys."""
        into, back = line_flows(self.feeder, self.U)
        out = back + self.load - self.P
        add_up(out, self.feeder.parent, into)
        out[0] -= self.S
        return out

    def _signed_flows(self) -> np.ndarray:
        flows = line_flows(self.feeder, self.U)
        return np.concatenate([flows, -flows])

    def _net_pressure(self, pressure):
        """Multipliers of a line's two flows, upper less lower side."""
        return (pressure[0] - pressure[2], pressure[1] - pressure[3]) if self.lines else (0.0, 0.0)

    def _gradient(self, pressure) -> np.ndarray:
        """∂/∂U of the balances and line rows, weighted with their multipliers: the left side of (12)."""
        parent, k, U, w = self.feeder.parent, self.feeder.conductance, self.U, self.w
        above = U[parent]
        from_above, from_below = self._net_pressure(pressure)
        a, b = w[parent] + from_above, w + from_below
        g = k * (b * (2 * U - above) - a * above)
        add_up(g, parent, k * (a * (2 * above - U) - b * U))
        return g

    def _hessian(self):
        """Of the Lagrangian in the voltages: its diagonal, and its entries between a bus and its parent."""
        parent, k, w = self.feeder.parent, self.feeder.conductance, self.w
        from_above, from_below = self._net_pressure(self.f)
        a, b = w[parent] + from_above, w + from_below
        diagonal = 2 * k * b
        add_up(diagonal, parent, 2 * k * a)
        return diagonal, -k * (a + b)

    def _along(self, dU) -> np.ndarray:
        """Change of the four signed flows of each line with the voltages."""
        parent, k, U = self.feeder.parent, self.feeder.conductance, self.U
        above, dA = U[parent], dU[parent]
        into = k * ((2 * above - U) * dA - above * dU)
        back = k * ((2 * U - above) * dU - U * dA)
        return np.stack([into, back, -into, -back])

    def _solve(self, h, e, D, r_U, r_w):
        """Eliminate from the leaves inwards, two unknowns a bus, and back again."""
        parent, k, U = self.feeder.parent, self.feeder.conductance, self.U
        n, above = len(U), U[self.feeder.parent]
        hh, off = h[0] + D["U"], h[1].copy()
        j = k * (2 * U - above)
        add_up(j, parent, k * (2 * above - U))
        j_own, j_above = -k * U, -k * above  # ∂ balance of the bus / ∂ U of the parent, and the other way round
        if self.lines:
            D_into, D_back = D["line"][0] + D["line"][2], D["line"][1] + D["line"][3]
            a_p, a_c, b_p, b_c = k * (2 * above - U), -k * above, -k * U, k * (2 * U - above)
            hh += D_into * a_c**2 + D_back * b_c**2
            off += D_into * a_p * a_c + D_back * b_p * b_c
            add_up(hh, parent, D_into * a_p**2 + D_back * b_p**2)
        e, r_U, r_w = e.copy(), r_U.copy(), r_w.copy()
        e[0] += 1.0 / D["S"]
        X = [None] * n
        for c in range(n - 1, 0, -1):
            p, o, jo, ja = parent[c], off[c], j_own[c], j_above[c]
            det = 1.0 / (hh[c] * e[c] + j[c] ** 2)  # inverse of [[h, j], [j, −e]] = [[e, j], [j, −h]] / (h e + j²)
            i11, i12, i22 = e[c] * det, j[c] * det, -hh[c] * det
            y1, y2 = i11 * r_U[c] + i12 * r_w[c], i12 * r_U[c] + i22 * r_w[c]
            x11, x12, x21, x22 = i11 * o + i12 * jo, i11 * ja, i12 * o + i22 * jo, i12 * ja
            hh[p] -= o * x11 + jo * x21
            j[p] -= o * x12 + jo * x22
            e[p] += ja * x12
            r_U[p] -= o * y1 + jo * y2
            r_w[p] -= ja * y1
            X[c] = x11, x12, x21, x22, y1, y2
        dU, dw = np.zeros_like(U), np.empty_like(U)
        dw[0] = -r_w[0] / e[0]  # the voltage at the substation is held
        for c in range(1, n):
            x11, x12, x21, x22, y1, y2 = X[c]
            p = parent[c]
            dU[c] = y1 - x11 * dU[p] - x12 * dw[p]
            dw[c] = y2 - x21 * dU[p] - x22 * dw[p]
        return dU, dw


def _longest(values, steps) -> np.ndarray:
    """The longest step up to 1 that keeps values positive, with room."""
    ratio = np.where(steps < 0, -TO_THE_BOUNDARY * values / steps, 1.0)
    return np.minimum(1.0, ratio.min(axis=tuple(range(ratio.ndim - 1)), initial=1.0))
