"""Every reformulation on the instance of the page, in processes of their own: a solver that crashes costs its row only."""

from __future__ import annotations

from ..errors import BilevelError

LIMITS = (1, 2, 5, 20, 60)
"""Seconds to choose from, for each route."""
WORKERS = 2
"""More would slow each other down on most machines, and the page with them."""


def compared(instance, time_limit: float):
    """:func:`bilevel_dr.compare`'s table, or the sentence that says why there is none."""
    from .. import comparison

    try:
        return comparison.compare(instance, time_limit=time_limit, workers=WORKERS)
    except BilevelError as error:
        return str(error)
