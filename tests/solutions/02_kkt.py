"""Lesson 2, solutions: cells as the lecturer's notebook has them; see tests/lecturer.py."""

# %% [markdown] 2a
# The Lagrangian is $3s + s^2 - rs - \mu^{\text{lo}} s + \mu^{\text{up}}(s - 6)$; its derivative with respect to $s$ is the row.

# %% 2a
def row(reward, shift, mu_lower, mu_upper):
    return 3 + 2 * shift - reward - mu_lower + mu_upper


answer = row


# %% 2a wrong: holds the shift
def halved(reward, shift, mu_lower, mu_upper):
    return 3 + shift - reward - mu_lower + mu_upper


answer = halved


# %% 2a wrong: holds mu_lower and mu_upper
def turned(reward, shift, mu_lower, mu_upper):
    return 3 + 2 * shift - reward + mu_lower - mu_upper


answer = turned


# %% 2a wrong: Take the derivative
def of_the_first_consumer(reward, shift, mu_lower, mu_upper):
    return 2 + 2 * shift - reward - mu_lower + mu_upper


answer = of_the_first_consumer


# %% 2a wrong: Your function fails
def without_multipliers(reward, shift):
    return 3 + 2 * shift - reward


answer = without_multipliers

# %% [markdown] 2b
# At $r = 1.5$ the best answer is $s = 0$, so $\mu^{\text{up}} = 0$, and stationarity leaves $\mu^{\text{lo}} = 2 - 1.5$.

# %% 2b
answer = {"mu_lower": 0.5, "mu_upper": 0}

# %% 2b wrong: never negative
answer = {"mu_lower": 0, "mu_upper": -0.5}

# %% 2b wrong: far from the limit
answer = {"mu_lower": 1.5, "mu_upper": 1}

# %% 2b wrong: is not: it is 0.5
answer = {"mu_lower": 0, "mu_upper": 0}

# %% [markdown] 2c
# Four variables have two bounds each, eight pairs, and the row with ≤ is one more. The equality has a multiplier, but no pair.

# %% 2c
answer = 9

# %% 2c wrong: always active
answer = 10

# %% 2c wrong: two bounds
answer = 5

# %% 2c wrong: Bounds of variables are inequalities too
answer = 1

# %% 2c wrong: Count one for each inequality
answer = 4

# %% [markdown] 2d
# Inside the bounds the multipliers are zero, so the slope $3y^2 - 3$ must be: $y = 1$, a ledge, or $y = -1$, a summit. The best
# answer is the bound $y = -3$.

# %% 2d
answer = 1

# %% 2d
answer = -1

# %% 2d wrong: it is the best answer
answer = -3

# %% 2d wrong: no multiplier of the right sign
answer = 3
