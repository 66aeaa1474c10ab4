"""Draws of users as data files: ``bilevel-dr case li_2025 --seed 0 --users 200 --aggregators 2 > my.dat``.

The paper says how a and b are distributed and no more. So that numbers can be compared, the draw is: one generator
``numpy.random.default_rng(seed)``; all a from Uniform(0.1, 0.9), then all b from Uniform(0, 10); users split in order into
M consecutive groups, of which the first N mod M have one more; the large user last, alone, with a = 0.5 and b = a K.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

LARGE_A = 0.5
SHIPPED = {
    "fig3_alone": ("400 small users, each its own aggregator", {"users": 400, "aggregators": 400}),
    "fig4_two_aggregators": ("two aggregators of 100 users and a large user play in turn", {"large": 200}),
    "fig5_large_user": ("200 users alone beside a large user", {"aggregators": 200, "large": 200}),
    "fig6_baseline": ("200 users alone, no large user", {"aggregators": 200}),
    "fig6_welfare": ("two aggregators maximise the sum of surpluses", {"large": 200}),
    "fig6_proportional": (
        "two aggregators share proportionally",
        {"large": 200, "alpha": 1, "policy": "eligible"},
    ),
    "fig6_max_min": (
        "two aggregators maximise the smallest surplus",
        {"large": 200, "alpha": "inf", "policy": "eligible"},
    ),
    "fig10_no_equilibrium": (
        "alpha = 0.75 with seed 9, a draw of the paper's own kind without a pure equilibrium",
        {"large": 200, "alpha": 0.75, "seed": 9},
    ),
    "fig11_mixed": (
        "one aggregator maximises the sum, the other shares proportionally",
        {"large": 200, "alpha": (0, 1, 0), "policy": "eligible"},
    ),
    "fig12_sixteen_welfare": ("sixteen aggregators maximise sums", {"aggregators": 16, "large": 200}),
    "fig13_sixteen_proportional": (
        "sixteen aggregators share proportionally",
        {"aggregators": 16, "large": 200, "alpha": 1, "policy": "eligible"},
    ),
}
"""The cases of ``data/li_2025`` that are draws, with seed 0 unless said: what their second line says, and what differs."""


def draw(seed, users, aggregators, large=None):
    """Arrays of one draw.

    Parameters
    ----------
    seed, users, aggregators : int
        Small users N ≥ 1, their aggregators 1 ≤ M ≤ N.
    large : float, optional
        K = b/a of a large user besides.

    Returns
    -------
    a, b : ndarray, shape (N,) or (N + 1,)
    group : ndarray of int
        From 0; the large user's is M.

    Raises
    ------
    ValueError
        A number out of its domain.
    """
    if not 1 <= aggregators <= users:
        raise ValueError(f"{aggregators} aggregators for {users} users: give from 1 to one for each user")
    if large is not None and not 0 < large < np.inf:
        raise ValueError(f"large = {large}: the large user's K = b/a must be finite and > 0; leave it out for none")
    if seed < 0:
        raise ValueError(f"seed = {seed}: must be ≥ 0")
    random = np.random.default_rng(seed)
    a, b = random.uniform(0.1, 0.9, users), random.uniform(0, 10, users)
    less, more = divmod(users, aggregators)
    group = np.repeat(np.arange(aggregators), np.where(np.arange(aggregators) < more, less + 1, less))
    if large is None:
        return a, b, group
    return np.append(a, LARGE_A), np.append(b, LARGE_A * large), np.append(group, aggregators)


def generate(
    seed: int = 0,
    users: int = 200,
    aggregators: int = 2,
    large: float | None = None,
    alpha: float | str | Iterable = 0,
    c: float = 0.001,
    policy: str = "strict",
    title: str = "",
    name: str = "",
) -> str:
    """The text of a data file for one draw.

    Parameters
    ----------
    seed, users, aggregators : int
    large : float, optional
        K = b/a of a large user besides; it is user N + 1, alone in aggregator M + 1.
    alpha : float, str or iterable
        α of all aggregators, or one for each, the large user's included; text as on a command line, "inf" or "0,1,0".
    c : float
        Slope of the price.
    policy : str
        ``strict`` or ``eligible``.
    title, name : str
        For the comment lines at the top.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        A number out of its domain.
    """
    a, b, group = draw(seed, users, aggregators, large)
    number = int(group[-1]) + 1
    fair = [float(value) for value in _several(alpha)]
    if not all(value >= 0 for value in fair) or len(fair) not in (1, number):
        raise ValueError(
            f"alpha = {alpha}: must be ≥ 0 (inf for max-min), one number or one for each of {number} aggregators"
        )
    if not 0 < float(c) < np.inf:
        raise ValueError(f"c = {c}: must be finite and > 0")
    if policy not in ("strict", "eligible"):
        raise ValueError(f"policy = {policy!r}: must be strict or eligible")
    options = {"seed": seed, "users": users, "aggregators": aggregators, "large": large}
    options |= {"alpha": ",".join(f"{value:g}" for value in fair), "c": f"{float(c):g}", "policy": policy}
    plain = {"large": None, "alpha": "0", "c": "0.001", "policy": "strict"}
    said = " ".join(f"--{key} {value}" for key, value in options.items() if value != plain.get(key, ""))
    each = "  ".join(f"{j} {value:g}" for j, value in enumerate(fair, 1)) if len(fair) > 1 else f"{fair[0]:g}"
    lines = [
        f"# Li, Motoki and Zhang (2025), {f'case {name}' if name else f'seed {seed}'}",
        f"# {title or f'{users} users, {aggregators} aggregators'}.",
        "#",
        "# Synthetic: a ~ Uniform(0.1, 0.9), b ~ Uniform(0, 10) as in the paper, which prints no draw. This one:",
        f"# bilevel-dr case li_2025 {said}",
        "",
        f"set AGGREGATORS := {' '.join(map(str, range(1, number + 1)))} ;",
        f"param alpha  := {each} ;   # 1  fairness: 0 sum of surpluses, 1 proportional, inf max-min",
        f"param c      := {float(c):g} ;   # money/kWh2  p = c times all purchases",
        f"param policy := {policy} ;",
        "",
        "# user  a [money/kWh2]  b [money/kWh]  aggregator",
        "param: USERS: a b aggregator :=",
    ]
    rows = (f"{i} {float(x)!r} {float(y)!r} {j}" for i, (x, y, j) in enumerate(zip(a, b, group + 1, strict=True), 1))
    return "\n".join([*lines, *rows, ";", ""])


def shipped(name) -> str:
    """The text of a case of ``data/li_2025`` that is a draw."""
    title, options = SHIPPED[name]
    figure = name.partition("_")[0].removeprefix("fig")
    return generate(
        **{"seed": 0, "users": 200, "aggregators": 2, "name": name, "title": f"Fig. {figure}: {title}"} | options
    )


def _several(alpha):
    if isinstance(alpha, str):
        return alpha.split(",")
    return alpha if isinstance(alpha, Iterable) else [alpha]
