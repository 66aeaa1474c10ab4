"""Every reformulation on the instance of the page, telling which one is at work."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..errors import BilevelError

LIMITS = (1, 2, 5, 20, 60)
"""Seconds to choose from, for each route."""


def compared(instance, time_limit: float, tell: Callable[[str], None]):
    """:func:`bilevel_dr.compare`'s table, or the sentence that says why there is none.

    Parameters
    ----------
    instance : ConcreteModel
    time_limit : float
        Seconds for each route.
    tell : callable
        Called with ``3 of 17: big_m on highs`` as each begins.
    """
    from ..comparison import compare, routes

    log, every = logging.getLogger("bilevel_dr.comparison"), len(routes())
    handler, level = _Teller(tell, every), log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        return compare(instance, time_limit=time_limit)
    except BilevelError as error:
        return str(error)
    finally:
        log.setLevel(level)
        log.removeHandler(handler)


class _Teller(logging.Handler):
    def __init__(self, tell, every: int):
        super().__init__()
        self.tell, self.every, self.count = tell, every, 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        self.tell(f"{self.count} of {self.every}: {record.getMessage()}")
