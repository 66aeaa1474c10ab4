"""What a paper states beside what was found: rows, their status, the status of the data behind them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from ..formatting import number

COLUMNS = {
    "case": "case",
    "quantity": "quantity",
    "status": "status",
    "reported": "reported",
    "reproduced": "reproduced",
    "unit": "unit",
    "difference": "difference",
    "table": "where",
    "comment": "comment",
}
"""Of the table of stated against reproduced numbers: key of a row → heading."""
SIGNS = {"reproduced": "✓", "missed": "✗", "discrepancy": "≠", "uncertified": "!"}
"""What stands before a status, so that colour is not all that tells."""
CLAIM = "true"
"""The unit of a row that states a claim: 1 where it holds."""
INPUTS = {
    "published": "the paper prints it",
    "calibrated": "fitted so that the paper's results come out, which then agree by construction",
    "assumed": "ours: the paper leaves it open, or any value will do",
    "synthetic": "drawn by us: the paper's data were never published, or are lost",
}
"""What the status of an input in ``sources.csv`` means, the firmest first."""


def stated_row(
    paper: str, stated, value: float, deviation: float = math.nan, verified: bool = True, within: float = 0.05
) -> dict:
    """One row of a paper's ``reported.csv`` beside what was found.

    Parameters
    ----------
    paper : str
    stated : named tuple
        ``case, quantity, value, sd, unit, where, tolerance, comment``.
    value, deviation : float
        Found; the deviation NaN where there is none.
    verified : bool
        Whether the certificate of the answer it comes from passed.
    within : float
        Relative distance of a deviation to the stated one that counts as the same.

    Returns
    -------
    dict
        ``paper, table, case, quantity, unit, reported, reported_sd, reproduced, reproduced_sd, relative_error, status,
        comment``. ``status`` is ``uncertified``, ``discrepancy`` (the row has no tolerance: what is stated does not hold, the
        comment says where), ``reproduced`` or ``missed``.
    """
    error = abs(value - stated.value)
    if not verified:
        status = "uncertified"
    elif math.isnan(stated.tolerance):
        status = "discrepancy"
    else:
        close = error <= stated.tolerance and not abs(deviation - stated.sd) > within * stated.sd
        status = "reproduced" if close else "missed"
    return {
        "paper": paper,
        "table": stated.where,
        "case": stated.case,
        "quantity": stated.quantity,
        "unit": stated.unit,
        "reported": float(stated.value),
        "reported_sd": None if math.isnan(stated.sd) else float(stated.sd),
        "reproduced": float(value),
        "reproduced_sd": None if math.isnan(deviation) else float(deviation),
        "relative_error": error / abs(stated.value) if stated.value else None,
        "status": status,
        "comment": stated.comment if isinstance(stated.comment, str) else "",
    }


def facts_table(rows: Sequence[dict]):
    """The rows as a DataFrame in reading order, with the difference and with columns that say nothing left out.

    Returns
    -------
    DataFrame
    """
    import pandas as pd

    table = pd.DataFrame(list(rows), columns=[*rows[0]] if rows else list(COLUMNS))
    numbers = [pd.to_numeric(table.get(name), errors="coerce") for name in ("reproduced", "reported")]
    table["difference"] = numbers[0] - numbers[1]
    for name in ("reported", "reproduced"):
        deviation = table.get(f"{name}_sd")
        if deviation is not None and deviation.notna().any():
            pairs = zip(table[name], deviation, strict=True)
            table[name] = [
                f"{number(value)} ± {number(sd)}" if sd == sd and sd is not None else value for value, sd in pairs
            ]
    return table[[name for name in COLUMNS if name in table]].rename(columns=COLUMNS)


def status_of_inputs(sources: Sequence[Mapping], case: str | None = None) -> list[str]:
    """Which statuses the inputs of a case have, the firmest first.

    Parameters
    ----------
    sources : sequence of mapping
        The rows of a paper's ``sources.csv``. A ``parameter`` that ends in parentheses is meant for the cases named there
        only, ``a, b (hard_*)``: names or shell patterns.
    case : str, optional
        All cases where it is left out.
    """
    found = {source["status"] for source in sources if case is None or _is_for(source["parameter"], case)}
    return [status for status in INPUTS if status in found] + sorted(found - INPUTS.keys())


def _is_for(parameter: str, case: str) -> bool:
    named = re.search(r"\(([^()]*)\)$", parameter)
    return named is None or any(fnmatchcase(case, pattern.strip()) for pattern in named[1].split(","))
