"""Layouts of values: what Pyomo reads right is read the same; what it reads wrong is an error with its line."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from tariff_case import TEXT, changed, content, model, problems, written

from bilevel_dr.errors import DataError
from bilevel_dr.loading import load

wide = pyo.AbstractModel("wide")
wide.I = pyo.Set()
wide.J = pyo.Set()
wide.K = pyo.Set(dimen=2)
wide.L = pyo.Set(within=wide.I * wide.I)
wide.O = pyo.Set(within=wide.K)
wide.N = pyo.Set(wide.I, dimen=2)
wide.M = pyo.Set(wide.I, wide.I)
wide.R = pyo.RangeSet(2)
wide.s = pyo.Param(within=pyo.Any, default=0)
wide.t = pyo.Param(within=pyo.Any, default=0)
wide.a = pyo.Param(wide.I, within=pyo.Any, default=0)
wide.b = pyo.Param(wide.I, within=pyo.Any, default=0)
wide.d = pyo.Param(wide.I, wide.J, within=pyo.Any, default=0)
wide.e = pyo.Param(wide.L, within=pyo.Any, default=0)
wide.k = pyo.Param(wide.K, within=pyo.Any, default=0)
wide.f = pyo.Param(wide.I, wide.J, wide.R, within=pyo.Any, default=0)
wide.g = pyo.Param(wide.K, wide.I, within=pyo.Any, default=0)
SETS = "set I := 1 2 'c 3' four;\nset J := 1 2;\nset K := (1,x) (2,y) ;\nset L := (1,2) (2,1);\n"

VALID = {
    "scalars": "param s := 3; param t := 2.50;",
    "text": "param s := 'two words'; param t := word;",
    "truth": "param s := True; param t := 'True';",
    "list": "param a := 1 5 2 6 'c 3' 7 four 8;",
    "wrapped list": "param a := 1 5 2\n6 'c 3'\n\n7 four 8;",
    "dots": "param a := 1 . 2 6;",
    "default": "param a default 4 := 1 5;",
    "default of a matrix": "param d default 4 : 1 2 := 1 . 6 2 7 8;",
    "table": "param : a b := 1 5 6\n2 7 8;",
    "table on one line": "param : a b := 1 5 6 2 7 8;",
    "table with wrapped rows": "param : a b :=\n1\n 5 6\n2\n 7 8\n;",
    "table with dots": "param: a b := 1 . 6\n2 7 .;",
    "table of scalars": "param : s t := 4 5;",
    "table over pairs": "param : d := 1 1 5 1 2 6;",
    "table over a set within a product": "param : e := 1 2 5\n2 1 6;",
    "three entries": "param f := 1 1 1 5 1 2 2 6;",
    "slices": "param d := [1,*] 1 5 2 6 [*,2] 2 7 four 8;",
    "slice of three": "param f := [*,1,*] 1 2 5 2 1 6 [four,2,*] 1 7;",
    "slice of all": "param d := [*,*] 1 1 5 2 2 6;",
    "slice in parentheses": "param d := (2,*) 1 5 2 6;",
    "matrix": "param d : 1 2 :=\n1 5 6\n'c 3' 7 .\n;",
    "quoted columns": "param d : \"1\" '2' := 1 5 6;",
    "transposed": "param d (tr) : 1 2 'c 3' := 1 5 6 7\n2 8 9 10;",
    "transposed without colon": "param d (tr) 1 2 := 1 5 6 2 8 9;",
    "pairs by list": "param k := 1 x 5 2 y 6;",
    "four entries": "param g := 1 x 2 5 [2,y,*] 1 6;",
    "numbers": "param a := 1 -5 2 +.5 'c 3' 1e3 four 2.5E-3;",
    "comments": "param /* a := 1; */ a # b\n:= 1 /* 2 3\n4 */ 5;",
    "statements in one line": "data; param s := 1; param t := 2; end;",
    "words that are statements elsewhere": "param s := set; param t := param;",
    "windows lines": "param : a b :=\r\n1 5 6\r\n2 7 8\r\n;\r\n",
    "indexed set of pairs": "set N[1] := (1,2) (2,3); set N[four] := 4 5 5 4; set N['c 3'] := ;",
    "doubly indexed set": "set M[1,2] := a b; set M[2,'c 3'] := 1.5 x;",
    "a table read by Pyomo": "table columns=2 a(1)={2} := 1 5 2 6;",
    "a labelled table read by Pyomo": "table a(I) b(I) : I a b := 1 5 6 2 7 8;",
}
VALID_SETS = {
    "empty": "set I := ;",
    "flat pairs": "set I := 1 2; set K := 1 x 2 y;",
    "slices of a set": "set I := 1 2; set K := (1,*) x y (*,z) 3 4 (5,6);",
    "crossed": "set I := 1 2; set K : 1 2 := x + - y - +;",
    "pairs within a product": "set I := 1 2; set L := 1 2 2 2;",
    "pairs within pairs": "set K := 1 x 2 y; set O := 2 y;",
    "set by table": "param : I : a b := 1 5 6 four 7 8;",
    "set by table alone": "param : I : := 1 2 'c 3';",
    "set of pairs by table": "set I := 1; param : K : k := 1 x 5 2 y 6;",
    "set within a product by table": "set I := 1 2; param : L : e := 1 2 5 2 1 6;",
    "mixed members": "set I := 1 1.5 x 'y z' -3 a-b;",
}


@pytest.mark.parametrize("text", [*map(SETS.__add__, VALID.values()), *VALID_SETS.values()], ids=[*VALID, *VALID_SETS])
def test_what_pyomo_reads_is_read_the_same(tmp_path, text):
    path = written(tmp_path, text)
    expected = content(wide.create_instance(str(path)))
    assert content(load(wide, path)) == expected


def test_the_words_of_two_files_add_up(tmp_path):
    first, second = written(tmp_path, SETS + "param a := 1 5;", "a.dat"), written(tmp_path, "param a := 2 6;", "b.dat")
    assert dict(load(wide, [first, second]).a.sparse_items()) == {1: 5, 2: 6}


CASES = {
    "misspelt parameter": (
        changed("param target", "param targt"),
        [(4, "targt", "the model has no param named 'targt'; the nearest name is target")],
    ),
    "misspelt set": (
        changed("set HOURS", "set HUORS"),
        [(5, "HUORS", "the model has no set named 'HUORS'; the nearest name is HOURS")],
    ),
    "misspelt column": (
        changed("baseline a", "baselin a"),
        [(6, "baselin", "the model has no param named 'baselin'; the nearest name is baseline")],
    ),
    "set for param": (TEXT + "param HOURS := 1;", [(17, "HOURS", "HOURS is a set, not a param")]),
    "param for set": (TEXT + "set a := 1;", [(17, "a", "a is a param, not a set")]),
    "variable": (TEXT + "param call := 1 2;", [(17, "call", "call is a Var, which takes no data")]),
    "statement twice": (
        TEXT + "\nparam target := 9;",
        [(18, "target", "target is given twice, first on line 4: take one out")],
    ),
    "row twice": (
        changed("3 70 0.3\n", "3 70 0.3\n2 1 1\n"),
        [(10, "baseline[2]", "baseline[2] and 2 more are given twice, first on line 8: take one out")],
    ),
    "index twice": (
        changed("2 3 0.7", "2 3 0.7\n1 2 5"),
        [(13, "impedance[1,2]", "impedance[1,2] is given twice, first on line 12: take one out")],
    ),
    "member twice": (
        changed("HOURS := 1 2", "HOURS := 1 2 1"),
        [(5, "HOURS", "HOURS member 1 is given twice, first on line 5: take one out")],
    ),
    "set twice": (
        TEXT + "set HOURS := 3;",
        [(17, "HOURS", "HOURS is given twice, first on line 5: take one out")],
    ),
    "default twice": (
        TEXT + "param alpha default 2 := 1 5;\nparam alpha default 3 := 2 5;",
        [(18, "alpha default", "alpha default is given twice, first on line 17: take one out")],
    ),
    "short row": (
        changed("2 80 0.2", "2 80"),
        [(8, "baseline, a", "a ragged row of 2 values where 3 belong: 1 entry of an index, baseline, a")],
    ),
    "long row": (
        changed("2 80 0.2", "2 80 0.2 5"),
        [(8, "baseline, a", "a ragged row of 4 values where 3 belong: 1 entry of an index, baseline, a")],
    ),
    "a value in the next row": (
        changed("1 90 0.1\n2 80 0.2", "1 90\n2 80 0.2 0.1"),
        [
            (7, "baseline, a", "a ragged row of 2 values where 3 belong: 1 entry of an index, baseline, a"),
            (8, "baseline, a", "a ragged row of 4 values where 3 belong: 1 entry of an index, baseline, a"),
        ],
    ),
    "last row short": (
        changed("3 70 0.3", "3 70"),
        [(9, "baseline, a", "a ragged row of 2 values where 3 belong: 1 entry of an index, baseline, a")],
    ),
    "short row of a matrix": (
        changed("2 7 8", "2 7"),
        [(15, "wind", "a ragged row of 2 values where 3 belong: the row's index, and wind in each of 2 columns")],
    ),
    "short row of a transposed matrix": (
        changed("wind : 1 2 :=\n1 5 6\n2 7 8", "wind (tr) : 1 2 3 :=\n1 5 6 7\n2 8 9"),
        [(15, "wind", "a ragged row of 3 values where 4 belong: the row's index, and wind in each of 3 columns")],
    ),
    "ragged list": (
        changed("1 2 0.5 2 3 0.7", "1 2 0.5\n2 3"),
        [(13, "impedance", "a ragged row of 2 values where 3 belong: impedance is written as 2 entries of an index "
                           "and a value")],
    ),
    "ragged pairs": (
        changed("(1,2) (2,3)", "1 2 3"),
        [(11, "LINES", "a ragged row of 3 values where 2 belong: a member of LINES has 2 entries")],
    ),
    "two values for a scalar": (changed("800", "800 900"), [(4, "target", "target is one value, but 2 are given")]),
    "two rows for a scalar": (
        changed("param target := 800;", "param : target :=\n800\n900;"),
        [(6, "target", "target has no index: its table has one row")],
    ),
    "index too long": (
        changed("wind : 1 2 :=", "wind : (1,2) 2 :="),
        [(14, "wind", "wind[1,1,2]: its index takes 2 entries, not 3")],
    ),
    "unequal columns": (
        changed("baseline a", "baseline wind"),
        [(6, "baseline, wind", "the columns of a table share its index, but theirs have unequal entries: baseline 1, "
                               "wind 2")],
    ),
    "tuple for a value": (changed("800", "(8,9)"), [(4, "target", "target: a tuple is no value")]),
    "tuple too long": (changed("(2,3)", "(2,3,4)"), [(11, "LINES", "LINES: a member has 2 entries, (2, 3, 4) has 3")]),
    "slice too short": (
        changed("wind : 1 2 :=\n1 5 6\n2 7 8", "wind := [1,*] 1 5 2\n[2,*] 1 6"),
        [(13, "wind", "the slice [1,*] ends before its last value")],
    ),
    "slice of another width": (
        changed("wind : 1 2 :=\n1 5 6\n2 7 8", "wind := [1,*,2] 1 5"),
        [(13, "wind", "the slice [1,*,2] has 3 entries, not 2")],
    ),
    "no ':='": (changed("target := 800", "target 800"), [(4, "target", "param target lacks its ':='")]),
    "'=' for ':='": (changed("target := 800", "target = 800"), [(4, "target", "param target: write ':=' for '='")]),
    "set without ':='": (changed("HOURS := 1 2", "HOURS 1 2"), [(5, "HOURS", "set HOURS lacks its ':='")]),
    "default alone": (
        TEXT + "param alpha default 3;",
        [(17, "alpha", "param alpha: a default stands before values, 'param alpha default 0 := 3 5;', never alone")],
    ),
    "default without a value": (
        TEXT + "param alpha default := 1 3;",
        [(17, "alpha", "alpha: 'default' is followed by no value")],
    ),
    "nothing behind ':='": (
        TEXT + "param alpha := ;",
        [(17, "alpha", "alpha is given no value: write one behind ':=', or take the statement out")],
    ),
    "a table without rows": (
        TEXT + "param : alpha := ;",
        [(17, "alpha", "the table has no row: write one, or take it out")],
    ),
    "an index before ':='": (
        TEXT + "param alpha[1] := 3;",
        [(17, "alpha", "an index stands behind ':=', before its value: param baseline := 3 90;")],
    ),
    "a decimal comma": (
        changed("80 0.2", "80 0,2"),
        [(8, "baseline, a", "a comma outside brackets: blanks part values, a point parts decimals")],
    ),
    "a time of day": (
        changed("1 5 6", "1 5:30 6"),
        [(14, "wind", "':' cannot stand here: quote it if it is part of a name")],
    ),
    "a keyword for a value": (
        changed("HOURS := 1 2", "HOURS := 1 end"),
        [(5, "HOURS", "'end' cannot stand here: quote it if it is part of a name")],
    ),
    "a bracket too many": (changed("(2,3)", "(2,3))"), [(11, "LINES", "a ')' that no '(' opens")]),
    "a bracket too few": (changed("(2,3)", "(2,3"), [(11, "LINES", "the '(' opened here is never closed")]),
    "an empty bracket": (changed("(2,3)", "()"), [(11, "LINES", "brackets with nothing inside")]),
    "no mark of a crossed set": (
        changed("set LINES := (1,2) (2,3);", "set LINES : 1 2 :=\n2 + x\n3 - +;"),
        [(12, "LINES", "'x' where + or - belongs")],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_what_is_written_wrong_is_one_error(tmp_path, text, expected):
    assert problems(tmp_path, text) == expected


def test_what_two_files_give_names_both_places(tmp_path):
    text = TEXT.replace("param target := 800;\n", "")
    files = [written(tmp_path, text, "a.dat"), written(tmp_path, "\nparam on_peak := 6;", "b.dat")]
    with pytest.raises(DataError) as raised:
        load(model, files)
    assert str(raised.value) == f"{files[1]}:2: on_peak is given twice, first in {files[0]}:2: take one out"
