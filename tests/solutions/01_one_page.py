"""Lesson 1, solutions: cells as the lecturer's notebook has them; see tests/lecturer.py."""

# %%
import pyomo.environ as pyo

import bilevel_dr as bdr
from bilevel_dr.course.lesson_01 import reward_program

# %% [markdown] 1a
# The reaction is $s(r) = \min(3,\ r - 2)$ from $r = 2$ on. Up to the limit the profit $(10 - r)(r - 2)$ rises until
# $r = 6$, but the limit is reached before, at $r = 5$; beyond it the profit only falls.

# %% 1a
answer = bdr.solve(reward_program(limit=3)).point["reward"]

# %% 1a wrong: best at the old limit
answer = 6

# %% 1a wrong: another reward earns more
answer = 4

# %% 1a wrong: between 0 and 10
answer = 50

# %% [markdown] 1b
# At $r = 3$ the consumer's best answer is $s = 1$, worth $3 - 2 - \tfrac12 = \tfrac12$ ct. Staying at $s = 6$ is worth
# $18 - 12 - 18 = -12$ ct. The gain is the difference; the certificate has both numbers.

# %% 1b
consumer = bdr.verify(reward_program(), {"reward": 3, "consumer.shift": 6}).followers["consumer"]
answer = consumer.best - consumer.objective

# %% 1b wrong: what the best answer is worth
answer = 0.5

# %% 1b wrong: what the point itself is worth
answer = -12

# %% 1b wrong: At which s is it best?
answer = 3

# %% [markdown] 1c
# The best optimistic price makes the household indifferent about its car. Any price slightly below
# breaks the tie, and costs the retailer that little on each of the 17 kWh.

# %% 1c
answer = 12.95

# %% 1c wrong: indifferent
answer = 13

# %% 1c wrong: more than 1 ct less
answer = 12.9

# %% [markdown] 1d
# It is the leader's promise, so the constraint stands at the top of the model: the leader must choose a reward to which the
# *answer* is at least 5 kWh, here 7 ct/kWh. On the consumer's Block the same row would force the consumer, for nothing. Who
# owns a row decides what it means.

# %% 1d
answer = reward_program()
answer.promise = pyo.Constraint(expr=answer.consumer.shift >= 5)

# %% 1d wrong: Whose promise is it?
answer = reward_program()
answer.consumer.promise = pyo.Constraint(expr=answer.consumer.shift >= 5)

# %% 1d wrong: the promise is not kept
answer = reward_program()

# %% 1d wrong: Has anything else changed
answer = reward_program(limit=5)
answer.promise = pyo.Constraint(expr=answer.consumer.shift >= 5)
answer.profit.deactivate()
answer.volume = pyo.Objective(expr=answer.consumer.shift, sense=pyo.maximize)
