"""What a trusted file reads, and what it does not get at: other folders, other databases, anything that writes."""

from __future__ import annotations

import gzip
import os
import sqlite3

import pytest
from tariff_case import TEXT, model, problems, written

from bilevel_dr.datafile import database, statements
from bilevel_dr.loading import check_data, load

OUT = "leads out of the folder of the data file"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of tables, beside one that must stay out of reach; the current directory is neither."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    (inside / "deeper").mkdir(parents=True)
    outside.mkdir()
    for place in (inside, outside):
        written(place, "CONSUMERS,alpha\n1,5\n2,6.5\n", "alpha.csv")
        written(place, "CONSUMERS alpha\n1 5\n2 6.5\n", "alpha.tab")
        written(place, "param alpha := 1 5 2 6.5;\n", "alpha.dat")
    written(inside, 'include "../alpha.dat";\n', "deeper/more.dat")
    written(inside, "# one line before\nparam alpha := 1 -5;\n", "wrong.dat")
    written(inside, 'include "loop.dat";', "loop.dat")
    with sqlite3.connect(inside / "alpha.db") as database:
        database.execute("create table prices (CONSUMERS int, alpha real)")
        database.executemany("insert into prices values (?, ?)", [(1, 5), (2, 6.5)])
    database.close()
    monkeypatch.chdir(tmp_path)
    return inside


def messages(folder, statement):
    return [message for _, _, message in problems(folder, TEXT + statement, trust_data=True)]


@pytest.mark.parametrize(
    "statement",
    [
        'include "alpha.dat";',
        "include alpha.dat;",
        'include "deeper/more.dat";',
        'load "alpha.csv" : [CONSUMERS] alpha;',
        "load alpha.csv using=csv : [CONSUMERS] alpha;",
        "load alpha.tab : [CONSUMERS] alpha;",
        'load "alpha.db" using=sqlite3 table=prices : [CONSUMERS] alpha;',
        'load "alpha.db" using=sqlite3 query="SELECT CONSUMERS, alpha FROM prices;" : [CONSUMERS] alpha;',
    ],
)
def test_what_lies_beside_is_read_if_trusted(folder, statement):
    path = written(folder, TEXT + statement)
    assert "which is refused" in str(check_data(model, path)[0])
    assert dict(load(model, path, trust_data=True).alpha.items()) == {1: 5, 2: 6.5, 3: 1}


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ('include "../outside/alpha.dat";', f"'../outside/alpha.dat' {OUT}"),
        ('load "../outside/alpha.csv" : [CONSUMERS] alpha;', f"'../outside/alpha.csv' {OUT}"),
        ('load "/etc/hostname" using=csv : alpha;', f"'/etc/hostname' {OUT}"),
        ('include "none.dat";', "there is no file 'none.dat' beside it"),
        ('include "deeper";', "there is no file 'deeper' beside it"),
        ("include;", "'include' takes one file name, in quotes"),
        ('load "alpha.csv";', "'load' names a file, ':' and what it holds: load \"prices.csv\" : [HOURS] price;"),
        (
            'load "alpha.csv" driver=x : alpha;',
            "'load' takes format=…, using=…, query=…, table=…, each once; not 'driver'",
        ),
        (
            'load "alpha.csv" using=csv using=tab : alpha;',
            "'load' takes format=…, using=…, query=…, table=…, each once; not 'using'",
        ),
        ('load "alpha.csv" table=x : alpha;', "query= and table= belong to using=sqlite3"),
        ('load "alpha.db" : alpha;', "'load' reads .csv and .tab files and using=sqlite3, not 'db'"),
        ('load "alpha.db" using=pyodbc : alpha;', "'load' reads .csv and .tab files and using=sqlite3, not 'pyodbc'"),
        ('load "alpha.db" using=sqlite3 : alpha;', "'load' from a database needs query=\"SELECT …\" or table=name"),
        (
            'load "alpha.db" using=sqlite3 table="prices; drop table prices" : alpha;',
            "'load' from a database needs query=\"SELECT …\" or table=name",
        ),
        (
            'load "alpha.db" using=sqlite3 query="DROP TABLE prices" : alpha;',
            "'load' sends a database one SELECT and nothing else, not 'DROP TABLE prices'",
        ),
        (
            'load "alpha.db" using=sqlite3 query="SELECT 1; DROP TABLE prices" : alpha;',
            "'load' sends a database one SELECT and nothing else, not 'SELECT 1; DROP TABLE prices'",
        ),
        (
            'load "alpha.db" using=sqlite3 query="SELECT x FROM prices" : [CONSUMERS] alpha;',
            "Pyomo cannot read this 'load': OperationalError: no such column: x",
        ),
        ('load "alpha.csv" : [CONSUMERS] alhpa;', "the model has no param named 'alhpa'; the nearest name is alpha"),
        ("table columns=0 S={} := 1 2;", "columns=0 must be a whole number ≥ 1"),
        ("table columns=.5 S={} := 1 2;", "columns=0.5 must be a whole number ≥ 1"),
    ],
)
def test_what_could_reach_further_is_refused(folder, capfd, statement, message):
    assert messages(folder, statement) == [message]
    assert capfd.readouterr() == ("", "")
    with sqlite3.connect(folder / "alpha.db") as database:
        assert database.execute("select count(*) from prices").fetchone() == (2,)
    database.close()


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="this system has no symbolic links")
def test_a_link_counts_as_what_it_leads_to(folder):
    (folder / "link.dat").symlink_to(folder.parent / "outside" / "alpha.dat")
    assert messages(folder, 'include "link.dat";') == [f"'link.dat' {OUT}"]


def test_an_error_in_an_included_file_names_that_file(folder):
    (error,) = check_data(model, written(folder, TEXT + 'include "wrong.dat";'), trust_data=True)
    assert (error.file, error.line, error.parameter) == (str(folder / "wrong.dat"), 2, "alpha[1]")


def test_a_file_that_includes_itself_is_told(folder):
    (error,) = check_data(model, folder / "loop.dat", trust_data=True)
    assert str(error) == f"{folder / 'loop.dat'}:1: 'loop.dat' is included by itself"


def test_what_a_table_gives_again_is_seen(folder):
    assert messages(folder, 'param alpha := 1 2;\nload "alpha.csv" : [CONSUMERS] alpha;') == [
        "alpha[1] is given twice, first on line 17: take one out"
    ]


# How much is read -----------------------------------------------------------------------------------------------------


@pytest.fixture
def little(monkeypatch):
    """Limits that small files exceed."""
    monkeypatch.setattr(statements, "MAX_BYTES", 2500)


def test_all_that_is_included_counts_together(folder, little):
    for name in ("one.dat", "two.dat"):
        written(folder, "# " + "x" * 1200 + "\nparam alpha := 1 5;", name)
    assert messages(folder, 'include "one.dat";') == []
    (error,) = check_data(model, written(folder, TEXT + 'include "one.dat"; include "two.dat";'), trust_data=True)
    assert (error.file, error.message) == (str(folder / "two.dat"), statements.TOO_LONG)


@pytest.mark.parametrize("statement", ['load "long.csv" : [CONSUMERS] alpha;', 'load "long.db" using=sqlite3 table=x : alpha;'])
def test_a_long_table_is_not_read(folder, little, statement):
    written(folder, "CONSUMERS,alpha\n" * 300, "long.csv")
    written(folder, b"x" * 4000, "long.db")
    (message,) = messages(folder, statement)
    assert message.endswith(statements.TOO_LONG)


def test_a_compressed_file_is_not_read(folder):
    bomb = gzip.compress(b"CONSUMERS,alpha\n1,5\n" + b"1,5\n" * 2_000_000)
    written(folder, bomb, "alpha.csv.gz")
    written(folder, bomb, "squeezed.csv")
    assert messages(folder, 'load "alpha.csv.gz" : [CONSUMERS] alpha;') == [
        "'load' reads .csv and .tab files and using=sqlite3, not 'gz'"
    ]
    (message,) = messages(folder, 'load "squeezed.csv" : [CONSUMERS] alpha;')
    assert message.startswith("Pyomo cannot read this 'load': UnicodeDecodeError")


def test_files_that_include_files_end_soon(folder):
    for number in range(60):
        written(folder, f'include "level{number + 1}.dat";' * 2, f"level{number}.dat")
    path = written(folder, TEXT + 'include "level0.dat";')
    found = [error.message for error in check_data(model, path, trust_data=True)]
    assert len(found) < 60 and any("included by files that include each other" in message for message in found)
    assert sum("is included twice: take one out" in message for message in found) == 18


# What a query may do --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT load_extension('x')", "load_extension"),
        ("SELECT name, sql FROM pragma_table_list", "not authorized"),
        ("SELECT count(*) FROM pragma_wal_checkpoint", ""),
        ("SELECT n FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c)", "not authorized"),
        ("SELECT count(*) FROM prices a, prices b, prices c, many d, many e, many f, many g", "interrupted"),
        ("SELECT a.n FROM many a, many b", "more than 1000 rows"),
        ("SELECT zeroblob(2000000), randomblob(100000000)", "too big"),
        ("SELECT * FROM evil", "load_extension"),
    ],
)
def test_a_query_reads_tables_and_no_more(folder, monkeypatch, query, reason):
    monkeypatch.setattr(database, "MAX_STEPS", 1_000_000)
    monkeypatch.setattr(database, "MAX_ROWS", 1000)
    with sqlite3.connect(folder / "alpha.db") as writer:
        writer.execute("create table many (n int)")
        writer.executemany("insert into many values (?)", [(n,) for n in range(200)])
        writer.execute("create view evil as select load_extension('x') as CONSUMERS, 1 as alpha")
    writer.close()
    before = {entry: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}
    (message,) = messages(folder, f'load "alpha.db" using=sqlite3 query="{query}" : [CONSUMERS] alpha;')
    assert message.startswith("Pyomo cannot read this 'load': ") and reason in message
    (folder / "case.dat").unlink()
    assert {entry: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()} == before


def test_a_connection_writes_nothing(folder):
    connection = database.read_only(folder / "alpha.db")
    for statement in ("insert into prices values (9, 9)", "attach 'x.db' as x", "pragma user_version = 3", "create table t (a)"):
        with pytest.raises(sqlite3.DatabaseError):
            connection.execute(statement)
    connection.close()


@pytest.mark.skipif(os.name == "nt", reason="this system writes to no file that another one holds open")
def test_a_database_with_changes_beside_it_is_not_read_as_it_was(folder):
    writer = sqlite3.connect(folder / "alpha.db")
    writer.execute("pragma journal_mode = wal")
    writer.execute("insert into prices values (3, 7)")
    writer.commit()
    statement = 'load "alpha.db" using=sqlite3 table=prices : [CONSUMERS] alpha;'
    assert messages(folder, statement) == ["alpha.db-wal holds changes to alpha.db: close the program that has it open"]
    writer.close()
    assert messages(folder, statement) == []
