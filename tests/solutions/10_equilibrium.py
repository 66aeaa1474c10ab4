"""Lesson 10, solutions: cells as the lecturer's notebook has them; see tests/lecturer.py."""

# %%
import bilevel_dr as bdr
from bilevel_dr.course.lesson_10 import market

# %% [markdown] 10a
# Both best responses at once: $y_1 = (15 - y_2)/2$ and $y_2 = (12 - y_1)/2$ give $y_1 = 6$, $y_2 = 3$.

# %% 10a
nash = bdr.solve(market([15, 12]))
answer = [nash.point["aggregator[1].buy"], nash.point["aggregator[2].buy"]]

# %% 10a wrong: somebody would move
answer = [5, 3.5]

# %% 10a wrong: for the other order
answer = [3, 6]

# %% 10a wrong: A list of 2 numbers
answer = 6

# %% [markdown] 10b
# A player's best response falls by ½ for each kWh that another buys more, and there are three others. Going a part $t$ of the way, a
# common deviation is multiplied by $1 - t - \tfrac32 t$ in a round: it is gone at once with $t = 0.4$, and swings for ever from $t = 0.8$ on.

# %% 10b
answer = 0.4

# %% 10b wrong: do not settle
answer = 1

# %% 10b wrong: Do they creep
answer = 0.05

# %% 10b wrong: between 0 and 2
answer = 2

# %% [markdown] 10c
# Aggregator 1 answers first, to what 2 buys at the start. Above 4 kWh, the crossing in the middle, 1 answers with less than 4, 2 with more
# than before, and so on to the corner.

# %% 10c
answer = [5, 4.5]

# %% 10c wrong: Aggregator 1 answers first
answer = [1, 3.5]

# %% 10c wrong: above 0 and below 6
answer = [0, 6]

# %% [markdown] 10d
# A keener user 2 is not given up. With $b = 8$, as user 1 has, the two users of aggregator 1 are alike.

# %% 10d
answer = 8

# %% 10d wrong: there is still none
answer = 3.5

# %% 10d wrong: not allowed
answer = 1
