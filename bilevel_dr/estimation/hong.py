"""Hong's point estimate methods: a few points an input, weighted so that the inputs' moments are kept.

Source: H. P. Hong, "An efficient point estimate method for probabilistic analysis", Reliability Engineering and System
Safety 59 (1998) 261–267; the names of the schemes are those of J. M. Morales and J. Pérez-Ruiz, "Point estimate schemes
to solve the probabilistic power flow", IEEE Transactions on Power Systems 22 (2007) 1594–1601.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import ModelError
from ..workers import evaluate
from .cubic_normal import cubic_normal
from .estimate import Estimate, Plan, estimate
from .inputs import Inputs, read_inputs


def point_estimate(
    function: Callable,
    means: Sequence,
    stds: Sequence,
    skewness=0,
    kurtosis=3,
    correlation=None,
    scheme: str = "2m",
    workers: int = 1,
) -> Estimate:
    """Mean and standard deviation of everything a function returns, from a few evaluations.

    Parameters
    ----------
    function : callable
        ``function(*inputs)`` returns a number, an array, or a dict of numbers and arrays.
    means, stds : sequence
        One entry an input, m in all. Where an entry of ``means`` is an array, the whole array moves as one: its points
        are ``mean + location * std``, with ``std`` a number or an array of the same shape.
    skewness, kurtosis : float or (m,) array
        Standardised third and fourth central moments: 0 and 3 for a normal input. "2m" does not use the kurtosis.
    correlation : (m, m) array, optional
        Of the inputs; an array that moves as one is one input. See Notes.
    scheme : str
        ===== ========= ================================================================================
        2m    2m        exact for sums of polynomials of one input each, up to degree 3
        2m+1  2m + 1    up to degree 5 for symmetric inputs, else 4; the mean point's weight may be negative
        4m+1  4m + 1    up to degree 8; moments above the fourth are those of :mod:`.cubic_normal`
        ===== ========= ================================================================================
    workers : int
        Processes that evaluate at the same time.

    Returns
    -------
    Estimate
        ``mean`` and ``std`` in the form the function returns; ``points``, ``weights``, ``table``.

    Raises
    ------
    ModelError
        Moments that no distribution has, an unknown scheme, or a negative variance: where the function is far from a
        sum over its inputs, a negative weight of the mean point can give one.
    SolverFailed
        An output is no finite number, with the point; or a worker process died.
    Exception
        What the function raised, with a note that names the point. Nothing is averaged without it.

    Notes
    -----
    An input whose std is zero contributes nothing and is not counted in m.

    Correlated inputs are, standardised, a linear mix of independent sources (Hong rotates by eigenvectors; here each
    input is mixed from itself and those before it, which has a solution for any skewness). Correlation and each input's
    own mean, std and skewness are kept exactly. Not kept: how skewed inputs depend on each other beyond correlation is
    assumed by the mix; points move one source at a time, so what depends on two sources at once, a mixed input's
    kurtosis too, is missed as it is between inputs; and the estimate of a nonlinear function can change with the order
    of the inputs.

    Examples
    --------
    >>> found = point_estimate(lambda price, load: price * load, [50.0, 3.0], [2.0, 0.7])
    >>> found.mean, round(found.std, 4)
    (150.0, 35.5106)
    """
    plan = point_plan(means, stds, skewness, kurtosis, correlation, scheme)
    return estimate(evaluate(function, plan.points, workers), plan)


def point_plan(means, stds, skewness=0, kurtosis=3, correlation=None, scheme: str = "2m") -> Plan:
    """The points and weights of :func:`point_estimate`, for whoever evaluates them otherwise."""
    inputs = read_inputs(means, stds, skewness, kurtosis, correlation)
    sources, weights = concentrations(inputs, scheme)
    locations = inputs.standard_locations(sources)
    return Plan(inputs.points(locations), weights, locations, scheme)


def concentrations(inputs: Inputs, scheme: str) -> tuple[np.ndarray, np.ndarray]:
    """Where the sources are (n, sources), one moved at a time, and the weights (n,), which sum to 1."""
    if scheme not in _RULES:
        raise ModelError(f"scheme={scheme!r}: choose from {', '.join(_RULES)}")
    count = len(inputs.skewness)
    rows, weights = [], []
    for source in range(count):
        for location, weight in zip(
            *_RULES[scheme](inputs.skewness[source], inputs.kurtosis[source], count), strict=True
        ):
            rows.append(np.eye(1, count, source)[0] * location)
            weights.append(weight)
    if scheme != "2m" or not count:
        rows.append(np.zeros(count))
        weights.append(1 - sum(weights))
    return np.array(rows).reshape(len(rows), count), np.array(weights)


def _two(skewness: float, kurtosis: float, count: int):
    root = np.sqrt(count + (skewness / 2) ** 2)
    high, low = skewness / 2 + root, skewness / 2 - root
    return (high, low), (-low / (2 * root * count), high / (2 * root * count))


def _two_and_mean(skewness: float, kurtosis: float, count: int):
    _check_feasible(skewness, kurtosis)
    root = np.sqrt(kurtosis - 0.75 * skewness**2)
    high, low = skewness / 2 + root, skewness / 2 - root
    return (high, low), (1 / (high * 2 * root), -1 / (low * 2 * root))


def _four_and_mean(skewness: float, kurtosis: float, count: int):
    """Nodes are the roots of p with x p(x) orthogonal to 1, x, x², x³: with the mean they match nine moments."""
    _check_feasible(skewness, kurtosis)
    moments = cubic_normal(skewness, kurtosis).moments(9)
    rows = np.arange(4)[:, None] + np.arange(5) + 1
    hankel = moments[rows]
    if np.linalg.cond(hankel[:, :4]) < 1e12:
        roots = np.roots([1, *np.linalg.solve(hankel[:, :4], -hankel[:, 4])[::-1]])
        nodes = np.sort(roots.real)[::-1]
        if np.abs(roots.imag).max() < 1e-9 and np.diff(nodes).max() < -1e-6 and np.abs(nodes).min() > 1e-6:
            return nodes, np.linalg.solve(np.vander(nodes, 5, increasing=True)[:, 1:].T, moments[1:5])
    raise ModelError(f"scheme='4m+1': skewness {skewness:g} with kurtosis {kurtosis:g} has no four points; use '2m+1'")


def _check_feasible(skewness: float, kurtosis: float) -> None:
    if kurtosis < skewness**2 + 1 - 1e-12:
        least = f"skewness² + 1 = {skewness**2 + 1:g}"
        raise ModelError(
            f"kurtosis={kurtosis:g}: no distribution of skewness {skewness:g} has less than {least}; change one"
        )


_RULES = {"2m": _two, "2m+1": _two_and_mean, "4m+1": _four_and_mean}
