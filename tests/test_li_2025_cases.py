"""Li et al. (2025): the draws, the files that are shipped of them, and the claims judged on them."""

from __future__ import annotations

import re
from importlib.resources import files

import numpy as np
import pytest

from bilevel_dr.models.li_2025 import experiments
from bilevel_dr.models.li_2025.cases import SHIPPED, draw, generate, shipped

DATA = files("bilevel_dr.data") / "li_2025"


def test_a_draw_follows_the_documented_convention():
    random = np.random.default_rng(7)
    a, b = random.uniform(0.1, 0.9, 10), random.uniform(0, 10, 10)
    found = draw(7, 10, 4, large=60)
    assert np.array_equal(found[0], [*a, 0.5]) and np.array_equal(found[1], [*b, 30.0])
    assert found[2].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4]
    assert [part.size for part in draw(7, 10, 10)] == [10, 10, 10] and draw(7, 10, 10)[2].tolist() == list(range(10))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_case_is_what_its_command_writes(name):
    text = (DATA / f"{name}.dat").read_text(encoding="utf-8")
    assert text == shipped(name)
    options = re.search(r"bilevel-dr case li_2025 (.*)", text)[1].split()
    given = dict(zip((word.removeprefix("--") for word in options[::2]), options[1::2], strict=True))
    numbers = {key: float(given.pop(key)) for key in ("large", "c") if key in given}
    whole = {key: int(given.pop(key)) for key in ("seed", "users", "aggregators")}
    again = generate(**whole, **numbers, **given)  # strings, as a command line gives them
    assert again.splitlines()[5:] == text.splitlines()[5:]


def test_every_figure_has_a_case():
    names = {entry.name for entry in DATA.iterdir() if entry.name.endswith(".dat")}
    assert {f"{name}.dat" for name in SHIPPED} < names
    assert {int(number) for name in names for number in re.findall(r"^fig(\d+)_", name)} >= {2, 3, 4, 5, 6, 10, 11, 12, 13}


def test_what_is_said_of_alpha_goes_into_the_file():
    text = generate(seed=1, users=4, aggregators=2, large=20, alpha="0,inf,0.5", c=0.1, policy="eligible")
    assert "param alpha  := 1 0  2 inf  3 0.5 ;" in text
    assert "param c      := 0.1 ;" in text and "param policy := eligible ;" in text
    assert "--seed 1 --users 4 --aggregators 2 --large 20 --alpha 0,inf,0.5 --c 0.1 --policy eligible" in text
    assert "param alpha  := inf ;" in generate(users=4, aggregators=2, alpha="inf")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"aggregators": 6}, "6 aggregators for 5 users"),
        ({"aggregators": 0}, "0 aggregators for 5 users"),
        ({"large": 0}, "large = 0"),
        ({"large": float("nan")}, "large = nan"),
        ({"seed": -1}, "seed = -1"),
        ({"alpha": -1}, "alpha = -1"),
        ({"alpha": "0,nan"}, "alpha = 0,nan"),
        ({"alpha": "0,1,2"}, "one for each of 2 aggregators"),
        ({"c": 0}, "c = 0"),
        ({"policy": "active"}, "policy = 'active'"),
    ],
)
def test_nonsense_is_refused_by_name(change, says):
    with pytest.raises(ValueError, match=says):
        generate(**{"users": 5} | change)


# Indices and experiments ----------------------------------------------------------------------------------------------


def test_gini_and_jain_are_those_of_their_definitions():
    values = np.random.default_rng(0).exponential(size=40)
    pairs = np.abs(values[:, None] - values).mean()
    assert experiments.gini(values) == pytest.approx(pairs / (2 * values.mean()), rel=1e-12)
    assert experiments.jain(values) == pytest.approx(values.mean() ** 2 / np.mean(values**2), rel=1e-12)
    for index, even in ((experiments.gini, 0), (experiments.jain, 1)):
        assert index(np.full(7, 3.0)) == pytest.approx(even, abs=1e-15)
        assert index(np.zeros(7)) == even
    one = np.eye(8)[0]
    assert experiments.gini(one) == pytest.approx(7 / 8) and experiments.jain(one) == pytest.approx(1 / 8)


def test_the_pareto_front_is_that_of_all_purchases():
    """No pair of purchases on a grid lies beyond the front."""
    for b in ((3, 6), (40, 4)):
        front = experiments.pareto(b)
        x1, x2 = np.meshgrid(np.linspace(0, b[0] / 2, 300), np.linspace(0, b[1] / 2, 300))
        s1, s2 = x1 * (b[0] - 2 * x1 - x2), x2 * (b[1] - 2 * x2 - x1)
        feasible = (s1 >= 0) & (s2 >= 0)
        edge = np.interp(s1[feasible], *front.T)
        assert np.all(s2[feasible] <= edge + 0.01 * front[:, 1].max())


def test_the_means_are_the_known_ones():
    """Over 50 seeds, from the specification of the study."""
    rows = experiments.sizes_of_the_large_user(50)
    for size, mean in ((0, 16.030), (200, 15.605), (400, 15.181)):
        assert np.mean([row["surplus"] for row in rows if row["K"] == size]) == pytest.approx(mean, abs=6e-4)
    rows = [row for row in experiments.numbers_of_aggregators(50) if row["alpha"] == 0]
    for number, mean in ((1, 16.046), (200, 15.605)):
        assert np.mean([row["surplus"] for row in rows if row["M"] == number]) == pytest.approx(mean, abs=6e-4)


def test_densities_are_densities():
    curves = experiments.densities(3, {"all": "large user, no aggregators"}, points=2000)
    for x, density in (lines["all"] for lines in curves.values()):
        assert 0.97 < np.trapezoid(density, x) <= 1.0 and np.all(density >= 0)
