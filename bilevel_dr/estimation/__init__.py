"""Moments of what a function returns when its inputs are uncertain: Hong's point estimates, and sampling as the check."""

from .estimate import Estimate
from .hong import point_estimate
from .sampling import monte_carlo

__all__ = ["Estimate", "monte_carlo", "point_estimate"]
