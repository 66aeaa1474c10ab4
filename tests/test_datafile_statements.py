"""Files and the frames of statements: what is no .dat file, and what is no statement, is said once and in its place."""

from __future__ import annotations

import os

import pytest
from tariff_case import TEXT, changed, model, problems, written

from bilevel_dr.datafile import statements
from bilevel_dr.loading import check_data

NO_END = "the statement that ends here lacks its ';'"

CASES = {
    "no ';'": (changed("5.8;", "5.8"), [(2, "on_peak", NO_END)]),
    "no ';' before a table": (changed("1 2;\n", "1 2\n"), [(5, "HOURS", NO_END)]),
    "no ';' behind a table": (changed("0.3\n;", "0.3\n"), [(9, "baseline, a", NO_END)]),
    "no ';' at the end": (TEXT.rstrip()[:-1], [(15, "wind", NO_END)]),
    "no ';' before end": (changed("2 7 8\n;", "2 7 8\nend;"), [(15, "wind", NO_END)]),
    "no ';' behind end": (changed("5.8;", "5.8;\nend"), [(3, None, NO_END)]),
    "a ';' too many": (changed("5.8;", "5.8;;"), [(2, "on_peak", "this ';' ends nothing: take it out")]),
    "neither ':=' nor ';'": (changed("target := 800;", "target 800"), [(4, "target", "param target lacks its ':='")]),
    "misspelt keyword": (
        changed("param target", "Parm target"),
        [(4, None, "no statement begins with 'Parm': write 'param'")],
    ),
    "no keyword": (
        changed("param target", "target"),
        [(4, None, "no statement begins with 'target': write 'param target' or 'set target'")],
    ),
    "unknown keyword": (
        TEXT + "import x;",
        [(17, None, "no statement begins with 'import': write one of set, param, table, data, end")],
    ),
    "no statement": ("# nothing\n", [(None, None, "the file holds no statement")]),
    "empty": ("", [(None, None, "the file holds no statement")]),
    "store": (TEXT + "store 'x.dat' : a;", [(17, None, "'store' gives a model no data: take it out")]),
    "end with words": (TEXT + "end here;", [(17, None, "'end' stands alone: write 'end;'")]),
    "namespace": (
        TEXT + "namespace summer { param target := 1; set HOURS := 3; }\nparam weight := x;",
        [
            (17, None, "'namespace' is refused: its values would reach no model; write them outside it"),
            (18, "weight", "weight = x: text where a number of Reals belongs"),
        ],
    ),
    "include": (
        'include "more.dat";\n' + TEXT,
        [(1, None, "'include' reads another file, which is refused; trust_data=True (--trust-data) allows it inside "
                   "the folder of this file")],
    ),
    "load": (
        TEXT + 'load "a.csv" : [CONSUMERS] a;',
        [(17, None, "'load' reads another file, which is refused; trust_data=True (--trust-data) allows it inside "
                    "the folder of this file")],
    ),
    "BOM": (b"\xef\xbb\xbf" + TEXT.encode(), [(1, None, "starts with a UTF-8 byte-order mark: save it without BOM")]),
    "UTF-16": (TEXT.encode("utf-16"), [(1, None, "starts with a UTF-16 byte-order mark: save it without BOM")]),
    "Latin-1": (
        changed("0.2", "0.2 # Zürich").encode("latin-1"),
        [(8, None, "is not UTF-8 (byte 0xFC): save it as UTF-8")],
    ),
    "binary": (b"\x7fELF\r\n\x02\x00\x00", [(2, None, "is binary: a .dat file is text")]),
    "quote": (changed("1 5 6", "'1 5 6"), [(14, "wind", "the quote opened at \"'1 5 6\" is not closed on this line")]),
    "unquoted": (
        changed("1 5 6", "é1 5 6"),
        [(14, "wind", "U+00E9 (LATIN SMALL LETTER E WITH ACUTE) may stand only in quotes: put 'é1' in quotes")],
    ),
    "comment": (TEXT + "/* param", [(17, None, "the comment opened here is never closed: end it with */")]),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_a_broken_frame_is_one_error(tmp_path, text, expected):
    assert problems(tmp_path, text) == expected


def test_what_follows_a_broken_statement_is_read(tmp_path):
    text = TEXT.replace("5.8;", "5.8").replace("set HOURS", "sett HOURS").replace("2 80 0.2", "2 80")
    assert [line for line, _, _ in problems(tmp_path, text)] == [2, 5, 8]


def messages(path):
    return [(error.file, error.line, error.message) for error in check_data(model, path)]


def test_what_is_no_file_is_told(tmp_path):
    written(tmp_path, TEXT, "winter.dat")
    assert messages(tmp_path) == [(str(tmp_path), None, "is a folder: give one of its .dat files")]
    path = str(tmp_path / "wintre.dat")
    assert messages(path) == [(path, None, "no such file; the nearest name is winter.dat")]
    path = str(tmp_path / "nowhere" / "x.dat")
    assert messages(path) == [(path, None, "no such file")]
    assert messages("a\0b.dat") == [("a\0b.dat", None, "no such file")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.dat")
    assert messages(tmp_path / "pipe.dat") == [(str(tmp_path / "pipe.dat"), None, "is no regular file")]


def test_a_file_too_long_is_not_read(tmp_path):
    path = tmp_path / "long.dat"
    with path.open("wb") as file:
        file.truncate(statements.MAX_BYTES + 2**20)
    assert messages(path) == [(str(path), None, statements.TOO_LONG)]


def test_lines_are_counted_alike_for_all_systems(tmp_path):
    for end in ("\n", "\r\n", "\r"):
        text = changed("2 80 0.2", "2 80").replace("\n", end)
        assert [line for line, _, _ in problems(tmp_path, text)] == [8]


@pytest.mark.parametrize("piece", [";", "param x\n", "param zzz := 1;", "é ", "set HOURS := 1;"])
def test_of_very_many_problems_the_first_are_told(tmp_path, piece):
    found = check_data(model, written(tmp_path, piece * 3000))
    assert 1 <= len(found) <= statements.MAX_PROBLEMS + 3
