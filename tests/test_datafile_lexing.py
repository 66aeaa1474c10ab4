"""Tokens: the same as Pyomo's lexer makes, each with the line it stands on."""

from __future__ import annotations

import pytest
from pyomo.dataportal.parse_datacmds import parse_data_commands
from pyomo.dataportal.process_data import _preprocess_data

from bilevel_dr.datafile import lexing
from bilevel_dr.datafile.lexing import BROKEN, scalar, tokenize
from bilevel_dr.datafile.trust import _as_pyomo

SAME_AS_PYOMO = [
    "param a := 1 2.5 -3e4 +.5 1. 1e-3 1E5 12x 1D5 1.5d-3 nan inf -inf Infinity . + - x.y a-b a+b;",
    "param a := 12345678901234567890 0.1 1e3 1.0e3 007;",
    "set S := a _b b9 'two words' \"it's\" 'say \"\"' \"a\"\"b\" '' ;",
    "set S := True false TRUE \"True\" 1/2/2020 .5.5 ;",
    "set S := (1,2) (a, b) (1 2) ; set T := (1,*) 2 3 (*,4) 5;",
    "param a := [1,*] 2 3 [*,x] 4 5 [1,2.5] 3 x[1] 4;",
    "param a := 3# comment\n;",
    "param a := 3 # comment ; :=\n; /* more\n ; */ param b := /* here */ 4;",
    "set S[1] := a b; set S[a,2,'x y'] := c;",
    "param : S : a b := 1 2 3;\tparam\td\n: 1 \"2\" 'x y' := a 1 2 3;",
    "param d (tr) : 1 2 := a 3 4; param d default 0 : 1 2 := a 3 4;",
    "set S : a b := x + - y - +; data; end; set E := ;",
    "table columns=3 S={1} p(1)={3} := 1 2 3;",
    'load "a b.csv" using=sqlite3 query="SELECT 1" : I=[I] p;',
    "set S := set param table x;",
]


def unread(message, line):
    raise AssertionError(f"line {line}: {message}")


def raw(tokens):
    """Tokens as Pyomo's own lexer hands them on, statement by statement."""
    words = []
    for token in tokens:
        if token.kind == ";":
            yield words
            words = []
        else:
            words += [token.value, "["] if token.kind == "word[" else [_as_pyomo(token)]


def flat(command):
    for part in command:
        yield from part if isinstance(part, list) else [part]


@pytest.mark.parametrize("text", SAME_AS_PYOMO)
def test_the_words_are_those_of_pyomo(text):
    theirs = [_preprocess_data(flat(command)) for command in parse_data_commands(data=text)[None]]
    ours = [_preprocess_data(words) for words in raw(tokenize(text, unread)) if words not in (["data"], ["end"])]
    if text.startswith("table"):  # Pyomo hands on its two halves, without the sign between them
        ours[0].remove(":=")
    assert repr(ours) == repr(theirs)  # 1 is not 1.0 here, nor "1"


def test_every_token_knows_its_line():
    text = "# one\nparam a := 1\n\n  2 /* three\nlines\nlong */ 3 'x' [1,\n2] 4\n;\n"
    reported = []
    lines = {token.value: token.line for token in tokenize(text, lambda message, line: reported.append(line))}
    assert (lines["param"], lines[1], lines[2], lines[3], lines["x"], lines[4], lines[";"]) == (2, 2, 4, 6, 6, 7, 8)
    assert reported == [6]  # the index over two lines is one that Pyomo reads wrong


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("Zürich", "U+00FC (LATIN SMALL LETTER U WITH DIAERESIS) may stand only in quotes: put 'Zürich' in quotes"),
        ("−5", "U+2212 (MINUS SIGN) may stand only in quotes: write a minus as -"),
        ("50%", "'%' may stand only in quotes: put '50%' in quotes"),
        ("a/b", "'a/b' reads as several values: leave blanks between them, or put it in quotes"),
        ('"a"b', "'\"a\"b' reads as several values: leave blanks between them, or put it in quotes"),
        ("[1, *]", "[1, *] has a blank or a gap inside: write it like [1,*]"),
        ("[1,,2]", "[1,,2] has a blank or a gap inside: write it like [1,*]"),
        ("1e999", "1e999 is too large for a number"),
        ("'open 3", "the quote opened at \"'open 3\" is not closed on this line"),
    ],
)
def test_a_misleading_word_is_one_error_and_one_broken_value(word, message):
    reported = []
    tokens = tokenize(f"param a := 1\n2 {word}\n3;", lambda *report: reported.append(report))
    assert reported == [(message, 2)]
    values = [token.value for token in tokens if token.line > 1]
    assert values == [2, BROKEN, 3, ";"]


def test_a_blank_that_is_none_parts_words_all_the_same():
    reported = []
    tokens = tokenize("param a := 1\u00a02;", lambda *report: reported.append(report))
    assert reported == [("U+00A0 (NO-BREAK SPACE) is no blank: replace it by one", 1)]
    assert [token.value for token in tokens[3:]] == [1, 2, ";"]


def test_an_open_comment_is_told_where_it_opens():
    reported = []
    tokens = tokenize("param a := 1;\n\n/* param b := 2;", lambda *report: reported.append(report))
    assert reported == [("the comment opened here is never closed: end it with */", 3)]
    assert len(tokens) == 5


def test_words_of_the_command_line_are_those_of_a_file():
    words = ["3", "-3.0", "1e3", "1.5e3", "1D3", "True", "x", "3 4", ""]
    assert [scalar(word) for word in words] == [3, -3.0, 1000, 1500.0, "1D3", True, "x", "3 4", ""]
    assert [type(scalar(word)) for word in ("3", "3.", "1e3", "1e-3")] == [int, float, int, float]


def test_so_many_words_and_no_more_are_read(monkeypatch):
    monkeypatch.setattr(lexing, "MAX_TOKENS", 10)
    said = []
    found = lexing.tokenize("param a :=\n" + "1 2\n" * 50, lambda message, line: said.append((message, line)))
    assert len(found) == 10 and said == [("more than 10 words: what follows was not read", 5)]


@pytest.mark.parametrize("text", ["'" * 100_001, "'" + "a''" * 100_000, '"' + "x" * 300_000 + "\n", "/*" + "* " * 100_000])
def test_quotes_without_end_are_read_in_one_pass(text):
    said = []
    assert len(lexing.tokenize(text, lambda message, line: said.append(message))) <= 2 and len(said) == 1
