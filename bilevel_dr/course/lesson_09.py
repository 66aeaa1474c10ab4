"""Lesson 9, uncertainty: the judges of its exercises."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

import numpy as np

from ..estimation import monte_carlo, point_estimate
from ..papers import find_paper, load_case
from .answers import function, named, near, number
from .judging import Wrong, exercise

SAMPLES = 4096


def two_lists(answer) -> tuple[np.ndarray, np.ndarray]:
    """Locations and weights of the points of one input: two lists of as many numbers."""
    if isinstance(answer, str | Mapping) or not hasattr(answer, "__len__") or len(answer) != 2:
        raise Wrong("A pair is asked for: a list of locations and a list of weights.")
    lists = []
    for entry in answer:
        if isinstance(entry, str | Mapping) or not hasattr(entry, "__len__"):
            raise Wrong("A pair is asked for: a list of locations and a list of weights.")
        lists.append(np.array([number(value) for value in entry]))
    if len(lists[0]) != len(lists[1]) or not len(lists[0]):
        raise Wrong(f"Each location has a weight; here are {len(lists[0])} locations and {len(lists[1])} weights.")
    return lists[0], lists[1]


@exercise(
    "9a",
    question="Four inputs are uncertain, all of them symmetric. Where are the two points of one input, in standard deviations "
    "from its mean, and what does each weigh?",
    takes=two_lists,
)
def points_of_four_inputs(answer):
    locations, weights = answer
    if len(locations) != 2:
        raise Wrong(f"Two points an input, one on either side of its mean, not {len(locations)}.")
    total, mean, square = (float(weights @ locations**k) for k in (0, 1, 2))
    if not near(mean, 0.0):
        raise Wrong(f"The first moment is off: the weighted mean of your locations is {mean:.3g}, and that of the input is 0.")
    if near(total, 1.0):
        raise Wrong("Your weights sum to 1 for this input alone, but all eight points share the 1: what is left for one?")
    if not near(total, 0.25):
        raise Wrong(f"Your two weights sum to {total:.3g}; the eight of all four inputs sum to 1, and no input is preferred.")
    if near(square, 1.0):
        return "Weight 1/8 each, two deviations away: with more inputs the points move outwards, since each pair weighs less."
    if near(float(np.abs(locations).max()), np.sqrt(3.0)):
        raise Wrong("√3 is for three inputs, as in lesson 6. The second moment, Σ weight × location², must be 1.")
    raise Wrong(f"The second moment is off: Σ weight × location² is {square:.3g}, and a standardised input has 1.")


@exercise(
    "9b",
    question="Write the point estimate as a function `estimate(f, means, stds)` for any number of independent, symmetric inputs: "
    "it returns the mean and the standard deviation of `f(*inputs)`.",
    takes=function,
)
def estimate_by_hand(answer):
    cases = [
        (lambda x, y: x * y + 0.1 * x**2, [5.0, 3.0], [1.0, 0.5]),
        (lambda x, y, z: x * y - z**3, [2.0, 1.0, 0.5], [0.3, 0.2, 0.4]),
        (lambda x: x**2, [1.0], [2.0]),
    ]
    for f, means, stds in cases:
        right = point_estimate(f, means, stds)
        got = answer(f, means, stds)
        if not hasattr(got, "__len__") or isinstance(got, str | Mapping) or len(got) != 2:
            raise Wrong("It must return two numbers: return mean, std.")
        mean, std = (number(value) for value in got)
        m = len(means)
        if not near(mean, right.mean):
            plain = f(*means)
            more = " That is f at the means: an estimate of the mean it is not." if near(mean, plain) else ""
            raise Wrong(f"With {m} inputs your mean is {mean:.6g}; the {2 * m} points give {right.mean:.6g}.{more}")
        if near(std, right.std):
            continue
        if near(std, right.std**2):
            raise Wrong("That is the variance: the standard deviation is its root.")
        if near(std, np.sqrt(right.std**2 + right.mean**2)):
            raise Wrong("You took the root of E Z², the second moment about zero: the variance is E Z² − (E Z)².")
        if near(std, float(np.std(right.outputs, ddof=1))) and m > 0:
            raise Wrong("The points are no sample, so nothing is divided by n − 1: weigh the squares as you weigh the values.")
        raise Wrong(f"With {m} inputs your standard deviation is {std:.6g}; the {2 * m} points give {right.std:.6g}.")
    return "The same as `bdr.point_estimate`, for one, two and three inputs."


@exercise(
    "9c",
    question="Invent a function `f(x, y)` of two independent standard normal inputs whose standard deviation the point estimate "
    "misses by more than half, without being random itself.",
    takes=function,
)
def a_function_that_is_missed(answer):
    inputs = [0.0, 0.0], [1.0, 1.0]

    def f(x, y):
        return number(answer(float(x), float(y)))

    if f(0.3, -0.7) != f(0.3, -0.7):
        raise Wrong("Called twice with the same inputs it returns different numbers: that is a random function.")
    with np.errstate(over="ignore"):
        few, many = point_estimate(f, *inputs), monte_carlo(f, *inputs, samples=SAMPLES, seed=1)
        again = monte_carlo(f, *inputs, samples=SAMPLES, seed=2)
    if not max(many.std, again.std) > 1e-9 * max(1.0, abs(many.mean)):
        raise Wrong("A constant has no deviation to miss.")
    if not 0.8 < many.std / max(again.std, 1e-300) < 1.25:
        raise Wrong(
            f"Two sets of {SAMPLES} samples do not agree on it themselves, {many.std:.3g} and {again.std:.3g}: the tails are too "
            "heavy to say who is right. Take a tamer function."
        )
    off = few.std / many.std - 1
    if abs(off) > 0.5:
        return f"Four points say {few.std:.3g}, {SAMPLES} samples {many.std:.3g}: the four see the axes and nothing else."
    hint = "it sees a function like this quite well" if abs(off) < 0.05 else "that is not enough"
    raise Wrong(
        f"Four points say {few.std:.4g}, {SAMPLES} samples {many.std:.4g}, {100 * off:+.1f} %: {hint}. All four points are on "
        "the axes. What happens elsewhere?"
    )


@exercise(
    "9d",
    question="A price of 50 ± 2 and a demand of 3 ± 0.7 rise together, with the correlation 0.8. What are mean and "
    "standard deviation of price × demand by the point estimate?",
    takes=named("mean", "std"),
)
def correlated_product(answer):
    def product(price, demand):
        return price * demand

    inputs = [50.0, 3.0], [2.0, 0.7]
    right = point_estimate(product, *inputs, correlation=[[1, 0.8], [0.8, 1]])
    apart = point_estimate(product, *inputs)
    if near(answer["std"], apart.std) and near(answer["mean"], apart.mean):
        raise Wrong("That is for independent inputs. Those that rise together make high products together: give the correlation.")
    if near(answer["std"], right.std**2):
        raise Wrong("Your std is the variance: take its root.")
    if not near(answer["mean"], right.mean):
        product_of_means = near(answer["mean"], 150.0)
        more = " It is not the product of the means: the covariance comes on top." if product_of_means else ""
        raise Wrong(f"{answer['mean']:.5g} is not the mean.{more}")
    if not near(answer["std"], right.std):
        raise Wrong(f"The mean is right, the standard deviation is not: {answer['std']:.5g}.")
    return "More than for independent inputs, both of them: the covariance 0.8 · 2 · 0.7 comes on top of the mean."


@exercise(
    "9e",
    question="On the weekend of shayegan_rad_2019 only the wind is uncertain. What is the standard deviation of the aggregator's "
    "profit, by two points?",
    takes=number,
)
def only_the_wind(answer):
    only = _profit_by_wind()
    if near(answer, only):
        return "Little beside what the market price does: wind changes the losses, not what a reduction is worth on the market."
    if near(answer, only**2):
        raise Wrong("That is the variance.")
    if near(answer, only * np.sqrt(3.0), 0.2) or near(answer, only / np.sqrt(3.0), 0.2):
        raise Wrong("Are your points at ±√3, as for three inputs? One without deviation is none: m is 1, and they are at ±1.")
    everything = " That is about what all three inputs do together." if answer > 10 * only else ""
    raise Wrong(f"Two searches, one with a deviation more of wind and one with less, do not give {answer:.4g} €.{everything}")


@cache
def _profit_by_wind() -> float:
    outcomes = importlib.import_module(find_paper("shayegan_rad_2019").exact().__module__.replace("exact", "outcomes"))
    weekend = load_case("shayegan_rad_2019", "weekend", {"market_price_std": 0, "demand_std": 0})
    return point_estimate(outcomes.evaluate(weekend), *outcomes.inputs(weekend)).std["profit"]
