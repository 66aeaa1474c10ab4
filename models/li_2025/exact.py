"""Li, Motoki and Zhang without a solver: the equilibrium of a loaded instance, with a proof or a refusal.

What an aggregator buys depends on the price and on nothing else of the others (``allocation``), so an equilibrium is a
root of F(p) = Σ_j y_j(p) − p/c (``market``, ``roots``), checked against every deviation (``deviation``). ``nash`` puts
them together on arrays; here the arrays come from an instance and go back to the names of its variables.
"""

from __future__ import annotations

import time

import numpy as np

from bilevel_dr.solution import Certificate, FollowerCheck, Solution

from .nash import Equilibrium, equilibrium

__all__ = ["Equilibrium", "equilibrium", "read", "solve"]
NAMED = 5
"""Users named in a diagnosis; the rest are counted."""


def read(instance) -> dict:
    """The numbers of a loaded instance as the arguments of :func:`equilibrium`, in the order of its sets."""

    def values(name):  # a Param's own method, so that Pyomo need not be imported here; a scalar's index is None
        return getattr(instance, name).extract_values()

    users, place = list(instance.USERS), {j: k for k, j in enumerate(instance.AGGREGATORS)}
    a, b, alpha, aggregator = (values(name) for name in ("a", "b", "alpha", "aggregator"))
    return {
        "a": np.array([a[i] for i in users], float),
        "b": np.array([b[i] for i in users], float),
        "group": np.array([place[aggregator[i]] for i in users]),
        "alpha": np.array([alpha[j] for j in place], float),
        "c": float(values("c")[None]),
        "policy": values("policy")[None],
    }


def solve(instance) -> Solution:
    """Answer a loaded instance of ``model.py`` without a solver.

    Parameters
    ----------
    instance : ConcreteModel
        Made by ``bilevel_dr.load`` from ``li_2025/model.py``; only its Params and Sets are read.

    Returns
    -------
    Solution
        ``reformulation="exact"``; ``claim="nash"`` where no aggregator can gain by more than rounding, else ``"none"``: no
        verified pure equilibrium. An aggregator with α ≥ 1 that buys nothing because of a user with b_i ≤ p has −inf for
        its logarithms. The notes name the policy, those users, and other roots.
    """
    started = time.perf_counter()
    numbers = read(instance)
    found = equilibrium(**numbers)
    point, checks = {}, {}
    members = _members(numbers["group"])
    users, log = list(instance.USERS), np.log
    for k, j in enumerate(instance.AGGREGATORS):
        player, served = _player(instance, j), members[k][found.served[members[k]]]
        if player is None:
            continue
        s, total = found.surplus[served], float(found.purchases[k])
        point |= {player.purchase[users[i]].name: float(found.consumption[i]) for i in served}
        point[player.total.name] = total
        objective, grows = float(s.sum()), 1 + float(found.certificate[k])
        best = objective * grows
        if hasattr(player, "level"):
            with np.errstate(divide="ignore"):
                point |= {player.log_surplus[users[i]].name: float(log(found.surplus[i])) for i in served}
                objective = float(log(found.value[k]))
            point[player.level.name], best = objective, objective + float(log(grows))
        elif hasattr(player, "surplus"):
            power = 1 - float(numbers["alpha"][k])
            point |= {player.surplus[users[i]].name: float(found.surplus[i]) for i in served}
            objective = float((np.maximum(s, 0) ** power).sum() / power)
            best = objective * grows**power
        checks[player.name] = FollowerCheck(objective, best, grows - 1, 0.0, 0.0, 0.0)
    return Solution(
        leader_objective=None,
        claim="nash" if found.verified else "none",
        certificate=_certificate(found, checks),
        best_bound=None,
        termination="optimal" if found.verified else "feasible",
        reformulation="exact",
        solver="root in the price",
        seconds=time.perf_counter() - started,
        point=point,
        follower_objectives={name: check.objective for name, check in checks.items()},
        notes=tuple(_notes(instance, numbers, found, members)),
        model=instance.name,
    )


def _members(group):
    """The users of each aggregator, as places."""
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


def _player(instance, j):
    """The block of an aggregator; None where it serves nobody."""
    kinds = (instance.welfare, instance.below_one, instance.proportional, instance.above_one, instance.max_min)
    return next((kind[j] for kind in kinds if j in kind), None)


def _certificate(found, checks):
    """The Nash certificate in the words of a bilevel one: nothing above the players, their gains as gaps."""
    gap = max((check.gap for check in checks.values()), default=0.0)
    lacking = [name for name, check in checks.items() if not check.gap <= 1e-8]
    reasons = [f"{name}: could gain {checks[name].gap:.3g} of its certainty-equivalent surplus" for name in lacking]
    return Certificate(found.verified, 0.0, gap, 0.0, 0.0, None, checks, tuple(reasons))


def _notes(instance, numbers, found, members):
    aggregators, users = list(instance.AGGREGATORS), list(instance.USERS)
    yield f"price {found.price:.12g}, policy {found.policy}"
    if not found.verified:
        yield "no verified pure equilibrium: these numbers are a root of F and no more"
    if found.unique:
        yield "the only equilibrium: F is proved to fall"
    else:
        yield f"roots of F found by a search: {', '.join(f'{root:.10g}' for root in found.roots)}"
    for k in found.idle:
        if numbers["alpha"][k] >= 1:
            low = [users[i] for i in members[k][found.served[members[k]]] if numbers["b"][i] <= found.price]
            if low:
                more = f" and {len(low) - NAMED} more" if len(low) > NAMED else ""
                named = ", ".join(map(str, low[:NAMED]))
                yield f"aggregator {aggregators[k]} buys nothing: b ≤ price for its user {named}{more}"
