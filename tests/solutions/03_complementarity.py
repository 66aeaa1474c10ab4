"""Lesson 3, solutions: cells as the lecturer's notebook has them; see tests/lecturer.py."""

# %%
import bilevel_dr as bdr
from bilevel_dr.course.lesson_01 import APPLIANCES, night_tariff


def answered(price):
    """The household's answer to a price."""
    m = night_tariff(APPLIANCES)
    m.price.fix(price)
    return bdr.solve(m)


# %% [markdown] 3a
# At a tip an appliance is indifferent, $p = 30 - d_i$, and stays in the night for the leader's sake. Any of the lower tips will do, for
# instance the boiler's.

# %% 3a
answer = answered(30 - APPLIANCES["boiler"][1])

# %% 3a wrong: the optimum itself
answer = bdr.solve(night_tariff(APPLIANCES))

# %% 3a wrong: on a slope
answer = answered(15)

# %% 3a wrong: The certificate does not pass
answer = dict(answered(17).point, price=20)

# %% [markdown] 3b
# At the optimum, $p = 13$, the multipliers are $30 - d_i - p$ for the appliances that run at night: the washer's, 13, is the largest.
# Slacks are 8 at the most. So 13 is enough, and nothing below is.

# %% 3b
price = bdr.solve(night_tariff(APPLIANCES)).point["price"]
answer = max(30 - nuisance - price for _, nuisance in APPLIANCES.values())

# %% 3b wrong: M is too small
answer = 10

# %% 3b wrong: is enough, but so is
answer = 20

# %% 3b wrong: no point at all
answer = 3

# %% 3b wrong: mistakes a leak for zero
answer = 1e9

# %% 3b wrong: larger than zero
answer = -1

# %% [markdown] 3c
# $\min(a, b)$. It is zero where the smaller one is zero.

# %% 3c
answer = min

# %% 3c wrong: one of them is negative
def product(a, b):
    return a * b


answer = product


# %% 3c wrong: both are at least zero
def sum_of_both(a, b):
    return a + b


answer = sum_of_both

# %% [markdown] 3d
# HiGHS takes $z$ for an integer when it is within $10^{-6}$ of one. An $M$ of $10^{9}$ times $10^{-7}$ is still 100, more than any
# multiplier here, so the pair's "or" is gone.

# %% 3d
answer = 1e9

# %% 3d wrong: really answers so
answer = 1000

# %% 3d wrong: too small
answer = 2
