"""Lesson 8, solutions: cells as the lecturer's notebook has them; see tests/lecturer.py."""

# %%
import tempfile
from pathlib import Path

import numpy as np

import bilevel_dr as bdr
from bilevel_dr.course.lesson_08 import FOUR
from bilevel_dr.models.le_cadre_2018 import cost_sharing


def four(**overrides):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "four.dat"
        file.write_text(FOUR, encoding="utf-8")
        return bdr.load_case("le_cadre_2018", str(file), overrides)


# %% [markdown] 8a
# For each load: the cheapest hours of its window (in one run for a block load), and whether a kWh then costs no more than
# the reservation price of its owner at its priority.

# %% 8a
case = bdr.load_case("le_cadre_2018", "tou8")


def runs(load):
    price = [case.forward_price[t] for t in case.PERIODS if case.earliest[load] <= t <= case.latest[load]]
    hours = case.duration[load]
    if case.kind[load] == "I":
        cheapest = sum(sorted(price)[:hours])
    else:
        cheapest = min(sum(price[k : k + hours]) for k in range(len(price) - hours + 1))
    return cheapest / hours <= case.reservation_price[case.consumer_of[load], case.level[load]]


idle = [load for load in case.LOADS if not runs(load)]
answer = idle

# %% 8a wrong: does not run
answer = []

# %% 8a wrong: runs: where it may run
answer = ["1_washing", *idle]

# %% [markdown] 8b
# Six orders; in each a consumer adds the error of all so far with it, less that without it. The average is its part.

# %% 8b
answer = cost_sharing.shapley([1, 2, 2], 0.0)

# %% 8b wrong: the stand-alone rule
answer = [0.6, 1.2, 1.2]

# %% 8b wrong: the Euler rule
answer = [1 / 3, 4 / 3, 4 / 3]

# %% 8b wrong: add up to more
answer = [1, 2, 2]

# %% 8b wrong: must add up
answer = [1, 1, 2]

# %% [markdown] 8c
# Change the rule in the data and solve. That the answer is the best is also what the closed form of the rule says.

# %% 8c
answer = bdr.solve(four(rule="aca"))

# %% 8c wrong: is it another rule's answer
answer = bdr.solve(four())

# %% 8c wrong: is possible
modest = four(rule="aca")
modest.target_profit.fix(0.05)
answer = bdr.solve(modest)

# %% [markdown] 8d
# $\Pi(N) = 0.05\,N - 0.12 \sqrt{N (1 + 0.1 (N - 1))}$ is negative for few and turns positive at
# $(1 - \rho) / ((\delta / K)^2 - \rho)$.

# %% 8d
profit = lambda n: 0.05 * n - 0.12 * np.sqrt(n * (1 + 0.1 * (n - 1)))  # noqa: E731
answer = next(n for n in range(1, 100) if profit(n) >= 0)

# %% 8d wrong: if the errors were independent
answer = 6

# %% 8d wrong: fewer are enough
answer = 40
