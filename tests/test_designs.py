"""Designs: every point that is asked for, in its order, and one clear line for what is no design."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bilevel_dr as bdr
from bilevel_dr.sweeping.designs import parse_axis, read_design


def test_a_grid_is_every_combination_the_last_name_fastest():
    found = read_design({"target": (100, 200, 3), "kind": ["a", "b"], "alpha[1]": 0.5})
    assert [(point["target"], point["kind"]) for point in found] == [(t, k) for t in (100, 150, 200) for k in "ab"]
    assert all(point["alpha[1]"] == 0.5 for point in found)
    assert read_design({"target": np.array([1.0, 2.5])}) == [{"target": 1}, {"target": 2.5}]
    assert type(read_design({"n": (0, 4, 3)})[1]["n"]) is int  # 2 and 2.0 are the same point
    assert read_design({"kind": "plain"}) == [{"kind": "plain"}]


def test_a_list_leaves_out_what_a_row_leaves_empty(tmp_path):
    rows = [{"target": 100, "kind": "a"}, {"target": 2.5}]
    assert read_design(rows) == rows == read_design(pd.DataFrame(rows))
    file = tmp_path / "points.csv"
    file.write_text('\ufefftarget, "wind[a,1]" ,kind\r\n100,1e3,plain\r\n\r\n2.5,,"a, b"\r\n', encoding="utf-8")
    assert read_design(file) == [{"target": 100, "wind[a,1]": 1000, "kind": "plain"}, {"target": 2.5, "kind": "a, b"}]


@pytest.mark.parametrize("method", ["latin_hypercube", "sobol"])
def test_draws_lie_in_their_ranges_evenly_and_come_back_with_their_seed(method):
    ranges = {"target": (100, 900), "kind": ["a", "b"]}
    found = read_design(ranges, samples=16, seed=3, method=method)
    assert found == read_design(ranges, samples=16, seed=3, method=method)
    assert found != read_design(ranges, samples=16, seed=4, method=method)
    strata = sorted(int((point["target"] - 100) / 50) for point in found)
    assert strata == list(range(16))  # one in each sixteenth
    assert sorted(point["kind"] for point in found) == ["a"] * 8 + ["b"] * 8
    assert len(read_design(ranges, samples=5, method=method)) == 5


def test_the_command_line_writes_them_short():
    assert parse_axis("target = 100:900:9") == ("target", (100, 900, 9))
    assert parse_axis("wind[a,1]=-1.5:2", drawn=True) == ("wind[a,1]", (-1.5, 2))
    assert parse_axis("kind=plain,fair") == ("kind", ["plain", "fair"])
    assert parse_axis("target=900") == ("target", [900])


@pytest.mark.parametrize(
    ("design", "options", "said"),
    [
        ({"target": (1, 2)}, {}, r"target: \(1, 2\) is no \(low, high, count\); a list"),
        ({"target": (1, 2, 0)}, {}, "target: 0 is no number of values"),
        ({"target": (1, 2, 1)}, {}, "target: one value cannot be both 1 and 2"),
        ({"target": (2, 1, 3)}, {}, "target: nothing lies from 2 to 1"),
        ({"target": (0, float("inf"), 3)}, {}, "give finite numbers"),
        ({"target": []}, {}, "target: no values"),
        ({"target": (0, 1, 10**6), "alpha": (0, 1, 10)}, {}, "1e\\+07 points, more than 1000000"),
        ({}, {}, "the design has no point"),
        ([], {}, "the design has no point"),
        ([1, 2], {}, "a design is {name: values}"),
        (7, {}, "a design is {name: values}"),
        ({"target": (1, 2, 3)}, {"samples": 4}, r"is no \(low, high\)"),
        ([{"target": 1}], {"samples": 4}, "a random design is"),
        ("no/such.csv", {}, "no/such.csv: cannot be read: No such file"),
    ],
)
def test_what_is_no_design_is_said(design, options, said):
    with pytest.raises(bdr.DataError, match=said):
        read_design(design, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"samples": 0}, "samples=0: give a whole number"),
        ({"samples": 2.5}, "samples=2.5"),
        ({"samples": 4, "seed": -1}, "seed=-1"),
        ({"samples": 4, "method": "halton"}, "method='halton': choose from latin_hypercube, sobol"),
        ({"samples": 10**7}, "at most 1000000 points"),
    ],
)
def test_what_cannot_be_drawn_is_said(options, said):
    with pytest.raises(bdr.ModelError, match=said):
        read_design({"target": (1, 2)}, **options)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("target,,kind\n1,2,3\n", "points.csv:1: its first line names the parameters"),
        ("target,target\n1,2\n", "points.csv:1: its first line names the parameters"),
        ("", "the design has no point"),
        ("target\n", "the design has no point"),
        ("target,kind\n1,a\n2\n", "points.csv:3: 1 values under 2 names"),
        (b"target\n\xff\n", "points.csv: cannot be read"),
    ],
)
def test_a_csv_file_that_is_wrong_is_said_with_its_line(tmp_path, text, said):
    (tmp_path / "points.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(bdr.DataError, match=said):
        read_design(tmp_path / "points.csv")


@pytest.mark.parametrize("text", ["target", "target=", "target=1:2", "target=a:b:3", "target=1:2:3:4", "=1:2:3", "a[=1"])
def test_what_is_no_axis_is_said(text):
    with pytest.raises(bdr.DataError, match="write |names nothing|is no index"):
        parse_axis(text)
