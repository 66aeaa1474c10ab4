"""Bilevel (Stackelberg) demand-response models in Pyomo, solved by every reformulation and proved by a certificate.

Everything public is reachable from here and imported on first use, so that ``bilevel-dr --help`` stays quick.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "load": "loading",
    "load_case": "papers",
    "check_data": "loading",
    "solve": "solving",
    "verify": "verification",
    "diagnose": "diagnosis",
    "compare": "comparison",
    "sweep": "sweeping",
    "best_response_dynamics": "equilibrium",
    "explain": "exposition",
    "reactions": "reacting",
    "point_estimate": "estimation",
    "monte_carlo": "estimation",
    "Estimate": "estimation",
    "Solution": "solution",
    "Certificate": "solution",
    "Diagnosis": "unanswered",
    "FollowerCheck": "solution",
    "BilevelError": "errors",
    "DataError": "errors",
    "ModelError": "errors",
    "SolverMissing": "errors",
    "SolverFailed": "errors",
    "LimitReached": "errors",
}
__all__ = [*_HOME, "__version__"]


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
