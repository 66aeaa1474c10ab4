"""Lesson 9, solutions: cells as the lecturer's notebook has them; see tests/lecturer.py."""

# %%
import numpy as np

import bilevel_dr as bdr
from bilevel_dr.models.shayegan_rad_2019 import outcomes

# %% [markdown] 9a
# With $m = 4$: locations $\pm\sqrt{4}$, weights $1 / 2m = 1/8$. Then the weights of all points sum to 1, and each input keeps
# its variance, $2 \cdot \tfrac18 \cdot 4 = 1$.

# %% 9a
answer = [2, -2], [1 / 8, 1 / 8]

# %% 9a wrong: √3 is for three inputs
answer = [3**0.5, -(3**0.5)], [1 / 8, 1 / 8]

# %% 9a wrong: all eight points share the 1
answer = [1, -1], [1 / 2, 1 / 2]

# %% 9a wrong: The first moment is off
answer = [2, -1], [1 / 8, 1 / 8]

# %% [markdown] 9b
# Move one input at a time, $\sqrt m$ deviations to either side; all $2m$ points weigh the same.

# %% 9b
def moments(f, means, stds):
    m = len(means)
    values = []
    for k in range(m):
        for side in (1, -1):
            point = list(means)
            point[k] += side * np.sqrt(m) * stds[k]
            values.append(f(*point))
    mean = np.mean(values)
    return mean, np.sqrt(np.mean(np.square(values)) - mean**2)


answer = moments

# %% 9b wrong: That is the variance
answer = lambda f, means, stds: (moments(f, means, stds)[0], moments(f, means, stds)[1] ** 2)  # noqa: E731

# %% 9b wrong: the second moment about zero
answer = lambda f, means, stds: (moments(f, means, stds)[0], np.hypot(*moments(f, means, stds)))  # noqa: E731

# %% 9b wrong: That is f at the means
answer = lambda f, means, stds: (f(*means), moments(f, means, stds)[1])  # noqa: E731

# %% [markdown] 9c
# All points lie on the axes: what happens only where both inputs are away from their means is never seen.

# %% 9c
answer = lambda x, y: x * y  # noqa: E731

# %% 9c wrong: quite well
answer = lambda x, y: x + 2 * y  # noqa: E731

# %% 9c wrong: A constant
answer = lambda x, y: 1  # noqa: E731

# %% 9c wrong: the tails are too heavy
answer = lambda x, y: np.exp(4 * (x + y))  # noqa: E731

# %% [markdown] 9d
# `correlation` mixes independent sources into inputs that correlate. By hand, the mean is $50 \cdot 3 + 0.8 \cdot 2 \cdot 0.7$.

# %% 9d
found = bdr.point_estimate(lambda price, demand: price * demand, [50, 3], [2, 0.7], correlation=[[1, 0.8], [0.8, 1]])
answer = {"mean": found.mean, "std": found.std}

# %% 9d wrong: for independent inputs
found = bdr.point_estimate(lambda price, demand: price * demand, [50, 3], [2, 0.7])
answer = {"mean": found.mean, "std": found.std}

# %% 9d wrong: not the product of the means
answer = {"mean": 150, "std": 40}

# %% [markdown] 9e
# An input without deviation is not counted, so there are two points, one deviation of the wind on either side.

# %% 9e
weekend = bdr.load_case("shayegan_rad_2019", "weekend", {"market_price_std": 0, "demand_std": 0})
by_wind = bdr.point_estimate(outcomes.evaluate(weekend), *outcomes.inputs(weekend)).std["profit"]
answer = by_wind

# %% 9e wrong: That is the variance
answer = by_wind**2

# %% 9e wrong: all three inputs do together
answer = 42.59

# %% 9e wrong: as for three inputs
answer = by_wind * 3**0.5
