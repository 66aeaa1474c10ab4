"""One value against a domain, one index against an index set: what is wrong with it, and what would be right.

Pyomo counts infinity into ``Reals`` and every half-open interval, and NaN into ``Reals``. Here NaN belongs nowhere, and
infinity only where a domain names it: ``within=pyo.NonNegativeReals | {float("inf")}``, or ``pyo.Any``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from difflib import get_close_matches
from itertools import islice

import pyomo.environ as pyo
from pyomo.core.base.range import NumericRange

_INFINITE = re.compile(r"[-+]?inf(inity)?", re.IGNORECASE)
_NAN = re.compile(r"[-+]?nan", re.IGNORECASE)
_FORTRAN = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+))[dD]([-+]?\d+)")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_SHOWN, _COMPARED = 5, 1000  # how many indices a message names, and how many it looks for the nearest among


def contains(domain, value) -> bool:
    """``value in domain``, where Pyomo may raise instead of answering (NaN in ``Integers``)."""
    try:
        return value in domain
    except (TypeError, ValueError, OverflowError):
        return False


def holds_infinity(domain, value: float = math.inf) -> bool:
    """Whether a domain names ``value``, an infinity, itself; a set of the model may, as long as it is not built."""
    if domain is pyo.Any:
        return True
    parts = domain.subsets(expand_all_set_operators=True)
    return any(part.isfinite() and (not part.is_constructed() or value in part) for part in parts)


def as_infinity(domain, text: str) -> float | str:
    """``"inf"`` as the number where ``domain`` names it; any other text, and any text of ``pyo.Any``, as it is."""
    if _INFINITE.fullmatch(text) and _is_numeric(domain) and holds_infinity(domain, float(text)):
        return float(text)
    return text


def misplaced_truth(domain, value) -> bool:
    """Whether ``value`` is ``True`` or ``False`` where a domain means numbers; Python would count with it."""
    return type(value) is bool and _is_numeric(domain) and not domain.issubset(pyo.Binary)


def is_integer(domain) -> bool:
    """Whether a built domain is made of whole numbers and without a gap, like ``PositiveIntegers``."""
    return all(isinstance(part, NumericRange) and part.step for part in domain.ranges())


def objection(domain, value) -> str | None:
    """Why ``value`` does not belong to ``domain``, with the remedy; ``None`` if it does."""
    text = value if isinstance(value, str) else ""
    number = value if isinstance(value, float) else 0.0
    if misplaced_truth(domain, value):
        return f"a truth where a number of {domain} belongs: write {int(value)}"
    if math.isnan(number) or _NAN.fullmatch(text) and not contains(domain, text):
        return "NaN is no number: give a value"
    if contains(domain, value) and not (math.isinf(number) and not holds_infinity(domain, number)):
        return None
    if (math.isinf(number) or _INFINITE.fullmatch(text)) and _is_numeric(domain) and not domain.isfinite():
        remedy = "" if holds_infinity(domain) else f"; a model allows it by within={domain} | {{float('inf')}}"
        return f"infinity is not in {domain}{remedy}"
    if not text or not _is_numeric(domain):
        return outside(domain, value)
    if fortran := _FORTRAN.fullmatch(text):
        return f"a Fortran exponent: write {fortran[1]}e{fortran[2]}"
    if _NUMBER.fullmatch(text):
        return f"text where a number of {domain} belongs: no quotes, and a blank behind the number"
    return f"text where a number of {domain} belongs"


def outside(members, value) -> str:
    """``value`` is not among ``members``, a set; the nearest that is, if it can be told."""
    return f"not in {members}{_nearest(members, value)}"


def stranger(component, index, search: bool = True) -> str:
    """Why ``index`` is no index of ``component``; with ``search``, which takes its time, what is near it."""
    if not component.is_indexed():
        return "it has no index"
    if index is None:
        return f"it needs an index of {component.index_set()}"
    near = _nearest(component.index_set(), index) if search else ""
    return f"index {_written(index)} is not in {component.index_set()}{near}"


def listed(indices: Collection) -> str:
    """``3, 7 and 2 more``."""
    rest = f" and {len(indices) - _SHOWN} more" if len(indices) > _SHOWN else ""
    return ", ".join(map(_written, islice(indices, _SHOWN))) + rest


def _nearest(members, value) -> str:
    if not members.isfinite():
        return ""
    names = {str(member): _written(member) for member in islice(members, _COMPARED)}
    near = [str(value)] if str(value) in names else get_close_matches(str(value), names, n=1)
    if near:
        return f"; the nearest is {names[near[0]]}"
    return f"; it holds {listed(members)}" if names else "; it is empty"


def _written(index) -> str:
    """An index as messages show it: ``(a,1)``, ``3``, and ``'3'`` for the text that looks like a number."""
    if isinstance(index, tuple):
        return f"({','.join(map(_written, index))})"
    return repr(index) if isinstance(index, str) and _NUMBER.fullmatch(index) else str(index)


def _is_numeric(domain) -> bool:
    return domain.is_constructed() and all(isinstance(part, NumericRange) for part in domain.ranges())
