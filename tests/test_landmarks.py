"""Kinks and jumps of sampled curves, against curves whose kinks and jumps are known."""

from __future__ import annotations

import numpy as np
import pytest

from bilevel_dr.plots.landmarks import jumps, kinks


@pytest.mark.parametrize("shift", [0.0, 0.0031, 0.0077])  # on a sample, and between samples
def test_kinks_are_found_where_the_pieces_meet(shift):
    x = np.linspace(0, 10, 501)
    y = np.minimum(x, 4 + shift) + np.maximum(x - 7 - shift, 0) * 2
    found = kinks(x, y)
    assert found == pytest.approx(np.array([[4 + shift, 4 + shift], [7 + shift, 4 + shift]]), abs=1e-9)


def test_a_kink_of_a_curved_line_is_found_and_its_curvature_is_none():
    x = np.linspace(0, 4, 401)
    assert kinks(x, np.exp(-x)).size == 0
    found = kinks(x, x**2 + np.abs(x - 1.005))
    assert found == pytest.approx(np.array([[1.005, 1.005**2]]), abs=2e-4)


def test_jumps_are_the_steps_over_which_a_curve_jumps():
    x = np.linspace(0, 2, 21)
    y = np.where(x < 0.95, x, 5 - x)
    assert jumps(x, y).tolist() == [9]
    assert jumps(x, x**2).size == 0 and kinks(x, np.where(x < 0.95, 0.0, 1.0)).size == 0


def test_what_has_no_value_is_no_landmark():
    x = np.linspace(0, 1, 50)
    y = np.where(x > 0.6, np.nan, x)
    assert kinks(x, y).size == 0 and jumps(x, y).size == 0
    nothing = np.full(50, np.nan)
    assert jumps(x, nothing).size == kinks(x, nothing).size == 0 and kinks([0, 1], [0, 1]).shape == (0, 2)
