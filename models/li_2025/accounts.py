"""One equilibrium as rows of a table: the whole, each aggregator with its certificate, each user."""

from __future__ import annotations

import numpy as np


def whole(case, found) -> dict:
    """Price, means and whether it is an equilibrium."""
    return {
        "case": case,
        "policy": found.policy,
        "price [money/kWh]": found.price,
        "purchases [kWh]": found.purchases.sum(),
        "mean consumption [kWh]": found.consumption.mean(),
        "mean surplus [money]": found.surplus.mean(),
        "largest gain of a deviation [%]": 100 * np.max(found.certificate),
        "pure equilibrium": "verified" if found.verified else "none verified",
        "proved to be the only one": "yes" if found.unique else "no",
        "roots of F": found.roots.size,
    }


def aggregators(case, names, group, alpha, found) -> list[dict]:
    """What each buys and is worth, and what it could gain; ``names`` in the order of ``group``'s numbers."""
    sizes, served = np.bincount(group), np.bincount(group, found.served).astype(int)
    return [
        {
            "case": case,
            "price [money/kWh]": found.price,
            "policy": found.policy,
            "aggregator": name,
            "users": sizes[j],
            "served": served[j],
            "alpha": alpha[j],
            "purchase [kWh]": found.purchases[j],
            "certainty-equivalent surplus [money]": found.value[j],
            "gain of a deviation [%]": 100 * found.certificate[j],
            "how": "all local maxima compared" if 0 < alpha[j] < 1 < sizes[j] else "rigorous bound",
        }
        for j, name in enumerate(names)
    ]


def users(case, names, a, b, found, first=10) -> list[dict]:
    """The first few users."""
    return [
        {
            "case": case,
            "policy": found.policy,
            "user": name,
            "a [money/kWh2]": a[i],
            "b [money/kWh]": b[i],
            "served": bool(found.served[i]),
            "consumption [kWh]": found.consumption[i],
            "surplus [money]": found.surplus[i],
        }
        for i, name in zip(range(first), names, strict=False)
    ]


def rounds(history) -> list[dict]:
    """Fig. 4, round by round."""
    return [
        {
            "round": k,
            "aggregator 1": y[0],
            "aggregator 2": y[1],
            "large user": y[2],
            "price [money/kWh]": price,
            "residual [kWh]": residual,
        }
        for k, (y, price, residual) in enumerate(zip(history.purchases, history.price, history.residual, strict=True))
    ]
