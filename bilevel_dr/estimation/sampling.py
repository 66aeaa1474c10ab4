"""Sampling: the check of a point estimate, from the same moments of the same inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from ..errors import ModelError
from ..workers import evaluate
from .cubic_normal import cubic_normal
from .estimate import Estimate, Plan, estimate
from .inputs import Inputs, read_inputs

METHODS = ("sobol", "random")
_HALF_STEP = 2.0**-31  # scipy's Sobol points lie on a grid of 2⁻³⁰, zero among them


def monte_carlo(
    function: Callable,
    means: Sequence,
    stds: Sequence,
    skewness=0,
    kurtosis=3,
    correlation=None,
    samples: int = 256,
    seed: int = 0,
    method: str = "sobol",
    workers: int = 1,
) -> Estimate:
    """Mean and standard deviation of everything a function returns, from samples of its inputs.

    Parameters
    ----------
    function, means, stds, correlation, workers
        As in :func:`.point_estimate`.
    skewness, kurtosis : float or (m,) array
        0 and 3: normal inputs. Others: cubic polynomials of normal numbers with these moments, see
        :mod:`.cubic_normal`.
    samples : int
        Evaluations, all of the same weight. Sobol points are best balanced at powers of two.
    seed : int
        The same seed gives the same points, with any number of workers.
    method : str
        ``"sobol"``: scrambled Sobol points. ``"random"``: independent ones.

    Returns
    -------
    Estimate
        Its ``standard_error`` is that of the means for ``"random"``, and None for ``"sobol"``, whose points are not
        independent: repeat it with other seeds to see how far its means scatter.

    Raises
    ------
    ModelError
        Moments that no distribution, or no such cubic, has; an unknown method; ``samples`` or ``seed`` that is no
        whole number.
    SolverFailed
        As in :func:`.point_estimate`.

    Examples
    --------
    >>> found = monte_carlo(lambda price, load: price * load, [50.0, 3.0], [2.0, 0.7], samples=1024, seed=1)
    >>> bool(abs(found.mean - 150.0) < 0.5)
    True
    """
    plan = sampling_plan(means, stds, skewness, kurtosis, correlation, samples, seed, method)
    return estimate(evaluate(function, plan.points, workers), plan)


def sampling_plan(
    means, stds, skewness=0, kurtosis=3, correlation=None, samples: int = 256, seed: int = 0, method: str = "sobol"
) -> Plan:
    """The points of :func:`monte_carlo`, for whoever evaluates them otherwise."""
    inputs = read_inputs(means, stds, skewness, kurtosis, correlation)
    locations = inputs.standard_locations(samples_of_sources(inputs, samples, seed, method))
    return Plan(inputs.points(locations), np.full(len(locations), 1 / len(locations)), locations, method)


def samples_of_sources(inputs: Inputs, samples: int, seed: int, method: str) -> np.ndarray:
    """(n, sources); one row where nothing moves."""
    if method not in METHODS:
        raise ModelError(f"method={method!r}: choose from {', '.join(METHODS)}")
    for name, value, least in (("samples", samples, 2), ("seed", seed, 0)):
        if not isinstance(value, int | np.integer) or value < least:
            raise ModelError(f"{name}={value!r}: give a whole number, {least} or more")
    count = len(inputs.skewness)
    if not count:
        return np.zeros((1, 0))
    random = np.random.default_rng(seed)
    if method == "random":
        normal = random.standard_normal((samples, count))
    else:
        sobol = qmc.Sobol(count, seed=random).random_base2((int(samples) - 1).bit_length())[:samples]
        normal = ndtri(sobol + _HALF_STEP)
    marginals = [cubic_normal(*moments) for moments in zip(inputs.skewness, inputs.kurtosis, strict=True)]
    return np.column_stack([marginal(column) for marginal, column in zip(marginals, normal.T, strict=True)])
