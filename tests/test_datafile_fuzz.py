"""Thousands of broken data files: each is refused by a DataError that points into it, or read as Pyomo reads it.

The seeds are every case the package ships and one file with every layout. Bytes, tokens, lines, names and numbers are cut,
doubled, swapped and replaced. Nothing else may come out: no other exception, no word on stdout or stderr, no file, no hang.
"""

from __future__ import annotations

import importlib
import random
import re
import signal
from functools import cache
from pathlib import Path

import pyomo.environ as pyo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tariff_case import content, written
from tariff_case import model as tariff

from bilevel_dr.datafile import checking
from bilevel_dr.datafile.case import CaseData
from bilevel_dr.datafile.values import read_case
from bilevel_dr.errors import DataError
from bilevel_dr.loading import check_data, load
from bilevel_dr.overrides import parse_override

DATA = Path(__file__).resolve().parents[1] / "data"

EVERY_LAYOUT = """# as a student writes it
param on_peak  := 5.80;   # THB/kWh
param off_peak := 2.6 ; param target := 800;
/* hours
   of the day */
set HOURS := 1 2 3;
param : CONSUMERS : baseline a :=
1  90 0.02
2  80.5 2e-3
"c 3" 70 .015
four 120 0.02
;
set LINES := (1,2) (2,four) (1,*) four 1;
set NEIGHBOURS[1] := 2 four;
param impedance default 0.5 := 1 2 0.5
    2 four 0.7;
param wind : 1 2 3 :=
1 5 6 .
2 7 8 -9.5
;
param alpha := 1 9e3 2 3 'c 3' 1;
param slack_bus := 2; param kind := plain;
"""
NUMBERS = """NaN nan inf -inf Infinity 1d5 1D+5 2.5e3 1e999 -1e999 1e308 1e-400 0x1F 1_000 1,5 1.2.3 --1 +1 -0 .5 5. 1e e5 00012
9999999999999999999999999 ١٢ １２ ½ ∞ −3 1e+ 1/3 True false .""".split()
WORDS = """; := : = param set table default data end load include store namespace { } [ ] ( ) , [1,*] (tr) * + - " ' # /* */ \\
load("x.csv") "load x.csv : a" using=csv é x[ x] '' "" "a b" 'it''s' [*,*] (1,2) ((1,2)) [1, 2] columns=0 foo bar.baz""".split()
WORDS += ["\n", "\r", "\r\n", "\t", "\0", "\v", "\f", "\x1a", "\x85", "\ufeff", "\u00a0", "\u2028", "\u202e", "\u2212", "\U0001f50c"]
STATEMENTS = [
    'include "other.dat";',
    "load other.csv : alpha;",
    'load "other.db" using=sqlite3 query="DROP TABLE x" : alpha;',
    "namespace x { param target := 1; }",
    "data;",
    "end;",
    "store x.csv : target;",
    "set := ;",
    "param := ;",
    "param x",
    "table columns=0 S={} := 1 2;",
    "table target(S)={1} : S a := 1 2;",
    "(" * 300 + "1" + ")" * 300 + ";",
    "[" * 300,
    "/*" * 50,
    "param : : : := 1 2 3;",
    "param " + "x" * 5000 + " := 1;",
]
_TOKEN = re.compile(rb"\s+|[A-Za-z_][\w.]*|[-+]?[\d.]+(?:[eE][-+]?\d+)?|:=|.", re.DOTALL)
_PARTS = {
    "number": re.compile(rb"(?<![\w.])[-+]?\d[\d.eE+-]*"),
    "name": re.compile(rb"[A-Za-z_]\w+"),
    "mark": re.compile(rb":=|[;:()\[\],{}*#\"']"),
    "space": re.compile(rb"\s+"),
}


@cache
def seeds():
    """``{file: (model, names, text)}``: what mutations start from."""
    found = {}
    for file in sorted(DATA.glob("*/*.dat")):
        model = importlib.import_module(f"bilevel_dr.models.{file.parent.name}.model").model
        found[f"{file.parent.name}/{file.name}"] = model, checking.names_of(model), file.read_bytes()
    return {"every layout": (tariff, checking.names_of(tariff), EVERY_LAYOUT.encode())} | found


def broken(text: bytes, rng: random.Random) -> bytes:
    """The text with one to five things in it changed."""
    for _ in range(rng.choice([1, 1, 1, 1, 2, 2, 3, 5])):
        text = rng.choice(CHANGES)(text, rng)
    return text


def _bytes(text, rng):
    """Bytes flipped, cut, put in or doubled."""
    at = rng.randrange(len(text) + 1)
    end = at + rng.choice([0, 1, 1, 2, 5, 20])
    filling = rng.choice([b"", bytes([rng.randrange(256)]), text[at:end] * 2, bytes(rng.choices(range(256), k=3))])
    return text[:at] + filling + text[end:]


def _tokens(text, rng):
    """A token cut out, doubled, or swapped with another one."""
    tokens = _TOKEN.findall(text)
    if not tokens:
        return text
    i, j = rng.randrange(len(tokens)), rng.randrange(len(tokens))
    kind = rng.randrange(4)
    if kind == 0:
        del tokens[i]
    elif kind == 1:
        tokens.insert(i, tokens[i] + rng.choice([b"", b" "]))
    elif kind == 2:
        tokens[i], tokens[j] = tokens[j], tokens[i]
    else:
        tokens[i] = rng.choice(WORDS).encode()
    return b"".join(tokens)


def _lines(text, rng):
    """A line cut, doubled, moved, joined to the next one, or all that follow it gone."""
    lines = text.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(6)
    if kind == 0:
        del lines[i]
    elif kind == 1:
        lines.insert(j, lines[i])
    elif kind == 2:
        lines[i], lines[j] = lines[j], lines[i]
    elif kind == 3:
        lines[i : i + 2] = [b" ".join(lines[i : i + 2])]
    elif kind == 4:
        lines[i] = lines[i][: rng.randrange(len(lines[i]) + 1)]
    else:
        del lines[i + 1 :]
    return b"\n".join(lines)


def _part(text, rng):
    """A number, name, mark or blank replaced by what does not belong there."""
    kind = rng.choice(list(_PARTS))
    found = list(_PARTS[kind].finditer(text))
    if not found:
        return text
    start, end = rng.choice(found).span()
    word = text[start:end]
    if kind == "number":
        new = rng.choice(NUMBERS).encode()
    elif kind == "name":
        at = rng.randrange(len(word))
        new = rng.choice([word[:at] + word[at + 1 :], word.swapcase(), word + word[-1:], b"param", b"set", word + b"[1]"])
    elif kind == "mark":
        new = rng.choice([b"", word * 2, b"=", b":", b";", b":=", b"(", b")", b"[", b"]", b",", b'"', b"'"])
    else:
        new = rng.choice([b"", b"\n", b"\r\n", b"\r", b"\t", b" # x\n", b" /* y\n */ ", b"/*", "\u00a0".encode(), b"\v"])
    return text[:start] + new + text[end:]


def _insertion(text, rng):
    """A word or a whole statement where none was."""
    at = rng.choice([match.end() for match in re.finditer(rb"[\s;]", text)] or [0])
    new = rng.choice([*STATEMENTS, *WORDS, *NUMBERS]).encode()
    return text[:at] + rng.choice([b"", b" ", b"\n"]) + new + rng.choice([b"", b" ", b"\n"]) + text[at:]


def _statement(text, rng):
    """A statement cut, doubled or moved."""
    parts = text.split(b";")
    i, j = rng.randrange(len(parts)), rng.randrange(len(parts))
    part = parts.pop(i) if rng.random() < 0.6 else parts[i]
    if rng.random() < 0.7:
        parts.insert(j, part)
    return b";".join(parts)


def _encoding(text, rng):
    """The file as another program would have saved it."""
    words = text.decode("utf-8", "replace")
    saved = rng.choice(["utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp437", "crlf", "cr"])
    if saved in ("crlf", "cr"):
        return text.replace(b"\n", b"\r\n" if saved == "crlf" else b"\r")
    return words.encode(saved, "replace")


CHANGES = [_bytes, _bytes, _tokens, _tokens, _lines, _lines, _part, _part, _part, _insertion, _statement, _encoding]


def judged(folder: Path, name: str, text: bytes) -> bool:
    """Whether a mutation of a seed is accepted, after every check that can be made of what is said of it."""
    model, names, _ = seeds()[name]
    path = written(folder, text, "broken.dat")
    before = sorted(folder.iterdir())
    found = check_data(model, path)
    assert sorted(folder.iterdir()) == before
    lines = len(re.split(rb"\r\n|\r|\n", text))
    for error in found:
        assert type(error) is DataError and error.message and "\n" not in str(error), repr(error)
        assert error.file == str(path) and (error.line is None or 1 <= error.line <= lines), repr(error)
        assert error.parameter is None or isinstance(error.parameter, str), repr(error)
        assert len(str(error)) < 1500 + len(str(path)), repr(error)
    if found:
        with pytest.raises(DataError) as raised:
            load(model, path)
        assert str(raised.value) == str(found[0])
        return False
    case = read_case([path], names, model)
    assert not case.problems
    for (subject, index, *_), place in case.places.items():
        assert place.file == str(path) and 1 <= place.line <= lines, (subject, index, place)
    compare_with_pyomo(model, names, case, load(model, path), path, text)
    return True


def compare_with_pyomo(model, names, case, instance, path: Path, text: bytes) -> None:
    """The same data by Pyomo's own reader; what is ours alone, a lone value for every index and ``inf``, is put in."""
    lone, gap = {}, r"(?:\s|#[^\n\r]*|/\*.*?\*/)*"
    for name in case.defaults.keys() & names.spread:
        statement = rf"\bparam{gap}\b{name}{gap}:={gap}[^\s;#]+{gap};".encode()
        text, count = re.subn(statement, b"", text, flags=re.DOTALL)
        lone |= {name: case.defaults[name]} if count else {}
    theirs = pyo.DataPortal()
    theirs.load(filename=str(written(path.parent, text, "theirs.dat")), model=model)
    (path.parent / "theirs.dat").unlink()
    theirs._default.update(lone)
    checking.settle(model, CaseData(theirs._data.get(None, {}), theirs._default))
    mine, other = content(instance), content(data_only(model).create_instance(theirs))
    assert {name: mine[name] for name in other} == other


@cache
def data_only(model):
    """A model's sets and params alone: Pyomo builds them in a tenth of the time."""
    copy = model.clone()
    for component in list(copy.component_objects(descend_into=False)):
        if component.ctype not in (pyo.Set, pyo.RangeSet, pyo.Param):
            copy.del_component(component)
    return copy


def fuzz(folder: Path, count: int, seed: int, names=None) -> dict[str, int]:
    """How many of ``count`` mutations of each seed are accepted; whatever fails says which one it was."""
    rng, accepted = random.Random(seed), dict.fromkeys(names or seeds(), 0)
    for name in accepted:
        for number in range(count):
            text = broken(seeds()[name][2], rng)
            try:
                accepted[name] += judged(folder, name, text)
            except Exception as error:
                kept = Path(written(folder, text, "failed.dat"))
                raise AssertionError(f"mutation {number} of {name}, seed {seed}, kept in {kept}: {error!r}") from error
    return accepted


@pytest.fixture
def silence_and_an_end(capfd):
    """Nothing is heard, and where signals can interrupt, two minutes for a test here are an endless loop."""

    def interrupt(number, frame):
        raise TimeoutError("reading does not end")

    alarmed = hasattr(signal, "SIGALRM")
    if alarmed:
        previous = signal.signal(signal.SIGALRM, interrupt)
        signal.alarm(120)
    yield
    if alarmed:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    assert capfd.readouterr() == ("", "")


QUICK = {  # mutations of each, by what its instance costs to build: 5,140 in all
    "every layout": 1400,
    "khe_2025/small_800.dat": 600,
    "khe_2025/hard_1500.dat": 600,
    "li_2025/fig2_convex.dat": 600,
    "li_2025/fig2_nonconvex.dat": 600,
    "li_2025/no_equilibrium.dat": 600,
    "li_2025/quasiconcavity.dat": 600,
    "le_cadre_2018/tou8.dat": 80,
    "li_2025/uniqueness.dat": 40,
    "shayegan_rad_2019/working_day.dat": 20,
}


@pytest.mark.parametrize("name", QUICK)
def test_a_broken_case_is_a_data_error_or_what_pyomo_reads(tmp_path, silence_and_an_end, name):
    accepted = fuzz(tmp_path, QUICK[name], 2026, [name])[name]
    assert 1 <= accepted <= 0.6 * QUICK[name]  # mutations both break and spare


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", seeds())
def test_every_case_broken_in_hundreds_of_ways(tmp_path, name, seed):
    fuzz(tmp_path, 20 * QUICK.get(name, 0) // 3 or 200, seed, [name])


def test_noise_is_a_data_error(tmp_path, silence_and_an_end):
    rng = random.Random(7)
    for number in range(300):
        alphabet = bytes(range(256)) if number % 2 else b" \n;:=()[]{}*,.'\"#/\\+-0123456789eEdDparmsetbl"
        text = bytes(rng.choices(alphabet, k=rng.randrange(1, 400)))
        assert not judged(tmp_path, "every layout", text)


# Overrides ------------------------------------------------------------------------------------------------------------

_FREE = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
_NAMES = st.sampled_from([*"a alpha target wind CONSUMERS LINES NEIGHBOURS kind call alhpa [ ] x[ a[1 a[1] wind[1,2] a['1']".split(), ""])
_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=4), st.complex_numbers(),
    st.just(object()), st.just(pyo.Var()), st.just(10**400),
)  # fmt: skip
_VALUES = st.recursive(
    _ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
)


@_FREE
@given(st.text(max_size=30) | st.builds("{}={}".format, _NAMES, st.text(max_size=12) | st.sampled_from(NUMBERS)))
def test_any_text_is_an_override_or_a_data_error(text):
    try:
        name, index, value = parse_override(text)
    except DataError as error:
        assert "\n" not in str(error).replace(text, "")
    else:
        assert isinstance(name, str) and isinstance(value, (bool, int, float, str))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return written(tmp_path_factory.mktemp("whole"), EVERY_LAYOUT)


@_FREE
@given(overrides=st.dictionaries(_NAMES | st.text(max_size=6) | st.integers(), _VALUES, max_size=3))
def test_any_overrides_are_taken_or_data_errors(whole, overrides):
    found = check_data(tariff, whole, overrides)
    assert all(type(error) is DataError and error.file in (None, str(whole)) for error in found)
    if found:
        with pytest.raises(DataError) as raised:
            load(tariff, whole, overrides)
        assert str(raised.value) == str(found[0])
        return
    instance = load(tariff, whole, overrides)
    for name, value in overrides.items():
        if isinstance(value, (int, float)) and instance.component(name) is not None:
            param = instance.component(name)
            given = [pyo.value(param)] if not param.is_indexed() else [pyo.value(item) for item in param.values()]
            assert all(number == value for number in given)
