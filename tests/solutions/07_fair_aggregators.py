"""Lesson 7, solutions: cells as the lecturer's notebook has them; see tests/lecturer.py."""

# %%
import bilevel_dr as bdr
from bilevel_dr.models.li_2025 import exact

# %% [markdown] 7a
# By hand: each buys $x_i = (b_i - p) / (2a_i + c)$, so $p = c \sum_i x_i$ reads $p = (3 - p)/3 + (6 - p)/3$ and $p = 9/5$.

# %% 7a
alone = bdr.load_case("li_2025", "fig2_convex", {"AGGREGATORS": [1, 2], "aggregator": {2: 2}})
answer = alone.c() * sum(value for name, value in bdr.solve(alone).point.items() if ".total" in name)

# %% 7a wrong: while one aggregator buys for both
answer = 1.5

# %% 7a wrong: took it as given
answer = 2.25

# %% 7a wrong: would not stay
answer = 3

# %% [markdown] 7b
# Let everybody answer everybody until nobody moves; the certificate then solves each aggregator's problem once more.

# %% 7b
answer = bdr.solve(bdr.load_case("li_2025", "fig6_welfare", {"c": 0.002}))

# %% 7b wrong: the answer to the right c
answer = bdr.solve(bdr.load_case("li_2025", "fig6_welfare"))

# %% 7b wrong: no possible purchase
answer = dict(bdr.solve(bdr.load_case("li_2025", "fig6_welfare", {"c": 0.002})).point) | {"welfare[1].total": 400.0}

# %% [markdown] 7c
# Equilibria are the roots of one function of the price, and this one has three.

# %% 7c
game = bdr.load_case("li_2025", "uniqueness")
answer = exact.equilibrium(**exact.read(game)).roots[:2]

# %% 7c wrong: the same price twice
answer = [2.845464, 2.845464]

# %% 7c wrong: where F changes its sign
answer = [2.845464, 3.2]

# %% [markdown] 7d
# Solve for one alpha after the other. The share grows from nothing at 0 to a half at infinity.

# %% 7d
def share(alpha):
    game = bdr.load_case("li_2025", "fig2_convex", {"alpha": {1: alpha}})
    surplus = exact.equilibrium(**exact.read(game)).surplus
    return min(surplus) / sum(surplus)


answer = next(tenth / 10 for tenth in range(100) if share(tenth / 10) >= 1 / 3)

# %% 7d wrong: Fairer means a larger alpha
answer = 1

# %% 7d wrong: still
answer = 5
