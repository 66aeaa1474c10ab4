"""Lesson 5, solutions: cells as the lecturer's notebook has them; see tests/lecturer.py."""

# %%
import bilevel_dr as bdr
from bilevel_dr.models.khe_2025 import exact


def calls_of(solution, instance):
    return [solution.point[instance.call[i].name] for i in instance.CONSUMERS]


# %% [markdown] 5a
# The slope $-D + b + 2 a x$ vanishes at $x = (D - b) / 2a$. Below zero that is nothing at all, above the call it is the call.

# %% 5a
def best_answer(call, a, b, gain):
    return min(call, max(0.0, (gain - b) / (2 * a)))


answer = best_answer

# %% 5a wrong: x ≤ c in (4e)
def beyond_the_call(call, a, b, gain):
    return max(0.0, (gain - b) / (2 * a))


answer = beyond_the_call

# %% 5a wrong: the slope of a x² is 2 a x
def half_the_slope(call, a, b, gain):
    return min(call, max(0.0, (gain - b) / a))


answer = half_the_slope

# %% 5a wrong: a negative amount
def negative(call, a, b, gain):
    return min(call, (gain - b) / (2 * a))


answer = negative

# %% 5a wrong: what the first kWh costs
def without_b(call, a, b, gain):
    return min(call, gain / (2 * a))


answer = without_b

# %% 5a wrong: Where is the slope
def half(call, a, b, gain):
    return call / 2


answer = half

# %% [markdown] 5b
# Change the target and solve. The claim is `global`, so nobody can do better.

# %% 5b
asked = bdr.load_case("khe_2025", "hard_800", {"target": 1000})
answer = calls_of(bdr.solve(asked), asked)

# %% 5b wrong: add up to the 1000 kWh
asked = bdr.load_case("khe_2025", "hard_800")
answer = calls_of(bdr.solve(asked), asked)

# %% 5b wrong: did you forget the fairness term
asked = bdr.load_case("khe_2025", "hard_800", {"target": 1000, "fairness": 0})
answer = calls_of(exact.solve(asked), asked)

# %% 5b wrong: No call exceeds the baseline
answer = [100.0] * 10

# %% [markdown] 5c
# All ten comply as long as nobody is called for more than it is willing to move, $t_i$. Halve the interval that holds the
# largest such weight until it is small.

# %% 5c
def all_comply(fairness):
    instance = bdr.load_case("khe_2025", "hard_800", {"fairness": fairness})
    point = exact.solve(instance).point
    moved = sum(point[instance.consumer[i].shift.name] for i in instance.CONSUMERS)
    return moved > instance.target() - 1e-6


low, high = 0.0, 0.005
while high - low > 1e-7:
    middle = (low + high) / 2
    low, high = (middle, high) if all_comply(middle) else (low, middle)
answer = low

# %% 5c wrong: a larger weight is possible
answer = 0.001

# %% 5c wrong: not answered in full by consumer 1
answer = 0.005

# %% [markdown] 5d
# A very small call is ignored, so whoever is not called yet gives a local route no reason to be called: local optima differ
# in who is called at all. `solve` takes a route with a bound here, and its claim says that the search is over.

# %% 5d
answer = bdr.solve(bdr.load_case("khe_2025/share_of_call", "hard_800", {"fairness": 0.001}))

# %% 5d wrong: this is a local optimum
instance = bdr.load_case("khe_2025/share_of_call", "hard_800", {"fairness": 0.001})
instance.call[2].fix(400)  # what somebody might believe who knows the first reading's answers
answer = bdr.solve(instance)

# %% 5d wrong: of the first reading
answer = bdr.solve(bdr.load_case("khe_2025", "hard_800", {"fairness": 0.001}))
