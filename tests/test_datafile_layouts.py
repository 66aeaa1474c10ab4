"""Rows, slices and tuples, cut from tokens."""

from __future__ import annotations

import pytest

from bilevel_dr.datafile.layouts import LayoutError, expanded, merged, rows, tuples
from bilevel_dr.datafile.lexing import BROKEN, tokenize


def items(text):
    """The values behind a ``:=``."""
    return merged(tokenize(f"param a := {text} ;", lambda *report: None)[3:-1])


def values(rows_or_items):
    return [[token.value for token in row] if isinstance(row, list) else row.value for row in rows_or_items]


def cut(text, width, table):
    reported = []
    found = values(rows(items(text), width, "x", lambda message, line: reported.append(line), table))
    return found, reported


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize("text", ["1 2 3 4", "1 2\n3 4", "1\n2\n3\n4", "1\n2 \n\n3 4"])
def test_rows_may_be_laid_out_in_any_lines(text, table):
    assert cut(text, 2, table) == ([[1, 2], [3, 4]], [])


def test_a_list_may_run_on_and_a_table_may_not():
    assert cut("1 2 3\n4 5 6", 2, False) == ([[1, 2], [3, 4], [5, 6]], [])
    assert cut("1 2 3\n4 5 6", 2, True) == ([], [1, 2])


def test_each_ragged_row_of_a_table_is_reported_and_the_others_are_kept():
    assert cut("1 2 3\n4 5\n6 7 8\n9 1 2 3\n4 5 6", 3, True) == ([[1, 2, 3], [6, 7, 8], [4, 5, 6]], [2, 4])


def test_a_list_is_left_where_it_becomes_ragged():
    assert cut("1 2\n3\n4 5\n6 7", 2, False) == ([[1, 2]], [2])


def test_a_row_that_is_ragged_for_what_was_reported_before_is_not_reported_again():
    assert cut("1 2 3\n'4 5\n6 7 8", 3, True) == ([[1, 2, 3], [6, 7, 8]], [])


def test_slices_are_written_out():
    assert values(expanded(items("7 8 9 [1,*] 2 5 3 6 [*,4] 5 6"), 2)) == [7, 8, 9, 1, 2, 5, 1, 3, 6, 5, 4, 6]
    members = values(tuples(items("(7,8) (1,*) 2 3 (*,x,*) 4 5 (9,9)")))
    assert members == [[(7, 8)], [1, 2], [1, 3], [4, "x", 5], [(9, 9)]]


def test_a_bracket_around_something_broken_is_broken():
    assert values(merged(tokenize("set S := (1,a/b) 2 ;", lambda *report: None)[3:-1])) == [BROKEN, 2]


@pytest.mark.parametrize("text", ["1 [2,*] 3", "(1,*) 2 (3,*) 4 5 6 7"])
def test_a_slice_must_be_full(text):
    with pytest.raises(LayoutError, match="ends before its last"):
        expanded(items(text), 2)


def test_a_slice_of_a_set_must_be_full():
    with pytest.raises(LayoutError, match="ends before its last member"):
        list(tuples(items("(1,*,*) 2 3 4")))
