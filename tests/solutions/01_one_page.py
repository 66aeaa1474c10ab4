"""Lesson 1, solutions: cells as the lecturer's notebook has them; see tests/lecturer.py."""

# %%
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
