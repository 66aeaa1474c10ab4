"""Moments of what a function returns when its inputs are uncertain: Hong's point estimates, and sampling as the check."""

from .estimate import Estimate, Plan, estimate
from .hong import point_estimate, point_plan
from .sampling import monte_carlo, sampling_plan

__all__ = ["Estimate", "Plan", "estimate", "monte_carlo", "point_estimate", "point_plan", "sampling_plan"]
