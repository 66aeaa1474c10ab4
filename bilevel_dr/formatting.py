"""Numbers as a reader wants them."""

from __future__ import annotations

import math


def number(value) -> str:
    """A number as a reader wants it: six digits, whole numbers without a point, nothing for NaN and None."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (bool, str)):
        return str(value)
    try:
        value = float(value)
    except (TypeError, ValueError):
        return str(value)
    if value == int(value) if math.isfinite(value) else False:
        return f"{int(value)}" if abs(value) < 1e15 else f"{value:.6g}"
    return f"{value:.2g}" if abs(value) < 1e-9 else f"{value:.6g}"
