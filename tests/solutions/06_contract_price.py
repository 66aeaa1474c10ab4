"""Lesson 6, solutions: cells as the lecturer's notebook has them; see tests/lecturer.py."""

# %%
import tempfile
from pathlib import Path

import numpy as np

import bilevel_dr as bdr
from bilevel_dr.course.lesson_06 import THREE_BUSES
from bilevel_dr.models.shayegan_rad_2019 import exact


def three_buses(**overrides):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "three_buses.dat"
        file.write_text(THREE_BUSES, encoding="utf-8")
        return bdr.load_case("shayegan_rad_2019", str(file), overrides)


# %% [markdown] 6a
# The profit has two peaks as before, at higher prices. `exact.solve` searches all prices and proves the best one.

# %% 6a
answer = exact.solve(three_buses(market_price={1: 80})).point["price"]

# %% 6a wrong: Yours is a local maximum
day = exact.read(three_buses(market_price={1: 80}))
answer = exact.local_maxima(day, 40.0, 150.0, finest=1e-3)[0][-1]

# %% 6a wrong: saves the losses on the way
answer = 80

# %% 6a wrong: look for its highest peak
answer = exact.solve(three_buses()).point["price"]

# %% [markdown] 6b
# With caps of the hour there is less to sell in the cheap hours, and a higher price that gives up some of them wins.

# %% 6b
answer = exact.solve(bdr.load_case("shayegan_rad_2019", "weekend", {"cap_rule": 0})).point["price"]

# %% 6b wrong: under the old caps
answer = exact.solve(bdr.load_case("shayegan_rad_2019", "weekend")).point["price"]

# %% 6b wrong: one of many
day = exact.read(bdr.load_case("shayegan_rad_2019", "weekend", {"cap_rule": 0}))
answer = exact.local_maxima(day, 45.0, 48.0, finest=1e-3)[0][-1]

# %% [markdown] 6c
# Lower the price step by step and look who sells first. It is not the bus with the most lines to the substation: the wind
# plant at bus 24 feeds that branch, so that hardly any power travels there.

# %% 6c
day = exact.read(bdr.load_case("shayegan_rad_2019", "working_day"))
hour = list(day.hours).index(21)
prices = np.linspace(1.5, 1.0, 251) * day.market_price[hour]
sold = exact.reductions(day, prices)[0][:, hour, :]
first = np.flatnonzero((sold > 1e-6).any(axis=1))[0]
answer = day.buses[sold[first].argmax()]

# %% 6c wrong: the wind at bus 24 feeds its end
answer = 27

# %% 6c wrong: does not take part
answer = 24

# %% [markdown] 6d
# The DSO needs some of the reduction now, since the line cannot carry what consumer 3 wants, so the highest price allowed is
# best, and only the price limit, which the paper does not have, keeps the profit finite.

# %% 6d
answer = bdr.solve(three_buses(**{"line_limit[2,3]": 1.9}))

# %% 6d wrong: too narrow
answer = bdr.solve(three_buses(cap_fraction=0))  # nobody sells anything

# %% 6d wrong: must buy some of the reduction
answer = bdr.solve(three_buses())
