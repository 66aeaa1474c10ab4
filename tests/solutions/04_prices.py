"""Lesson 4, solutions: cells as the lecturer's notebook has them; see tests/lecturer.py."""

# %%
import bilevel_dr as bdr
from bilevel_dr.course.lesson_04 import STATIONS, retailer

# %% [markdown] 4a
# With 20 MW of wind the oil station is needed whatever is cut, so the price is 90 EUR/MWh throughout. The last MW cut saves 90 and
# costs $40 + 0.4 r$, at most 60: cut all that can be cut.

# %% 4a
calm = bdr.solve(retailer(STATIONS | {"wind": (20, 5)}))
answer = {"cut": calm.point["cut"], "bill": calm.leader_objective}

# %% 4a wrong: best with 60 MW of wind
answer = {"cut": 30, "bill": 5700}

# %% 4a wrong: Is the compensation in it?
answer = {"cut": 50, "bill": 6300}

# %% 4a wrong: another one costs less
answer = {"cut": 10, "bill": 10320}

# %% [markdown] 4b
# The stations serve 145 MW, and gas would serve one more for 48 EUR. In this row a larger right-hand side means *less* output, so the
# derivative is −48. In the model the bounds of `price` must then allow it.

# %% 4b
answer = -48

# %% 4b wrong: That is the price
answer = 48

# %% 4b wrong: which of them would serve
answer = -90

# %% [markdown] 4c
# Gas sets the price, 48. A MW of wind then earns 43 and one of coal 18; gas and oil earn nothing.

# %% 4c
answer = {"price": 48, "wind": 43, "coal": 18, "gas": 0, "oil": 0}

# %% 4c wrong: This proves nothing
answer = {"price": 90, "wind": 43, "coal": 18, "gas": 0, "oil": 0}

# %% 4c wrong: but the cheapest dispatch costs
answer = {"price": 30, "wind": 25, "coal": 0, "gas": 0, "oil": 0}

# %% 4c wrong: is negative
answer = {"price": 48, "wind": 43, "coal": 18, "gas": 0, "oil": -42}

# %% [markdown] 4d
# The price falls from 90 to 48 EUR/MWh, and the others buy 60 MW.

# %% 4d
without = retailer(STATIONS)
without.cut.fix(0)
answer = 60 * (bdr.solve(without).point["price"] - bdr.solve(retailer(STATIONS)).point["price"])

# %% 4d wrong: They buy 60 MW
answer = 42

# %% 4d wrong: the retailer itself gains
answer = bdr.solve(without).leader_objective - bdr.solve(retailer(STATIONS)).leader_objective

# %% 4d wrong: it is a fall
answer = -2520

# %% 4d wrong: Compare the price
answer = 1000
