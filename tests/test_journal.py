"""The journal: nothing that was recorded is lost, whatever happens to the process, and one sweep writes to it at a time."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

import bilevel_dr as bdr
from bilevel_dr.sweeping import journal
from bilevel_dr.sweeping.journal import FILE, Journal

ANSWER = {"leader_objective": 1.5, "values": {"x": float("inf")}}


def rows(folder):
    with closing(sqlite3.connect(folder / FILE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT key, answer FROM points ORDER BY key").fetchall()


@pytest.mark.parametrize("inside", [True, False])
def test_what_is_recorded_comes_back_as_json(tmp_path, inside):
    folder = tmp_path / "new" / "sweep" if inside else None
    with closing(Journal(folder)) as book:
        book.begin("s", {"data": "…"})
        book.record("a", "s", {"target": 900}, True, ANSWER)
        book.record("a", "s", {"target": 900}, True, {"leader_objective": 2})  # takes its place
        assert book.answers(["a", "b"]) == {"a": {"leader_objective": 2}}
    if inside:
        with closing(Journal(folder)) as book:
            assert book.answers(["a"]) == {"a": {"leader_objective": 2}}
        assert sorted(path.name for path in folder.iterdir()) == [FILE, "lock"]
        assert [json.loads(answer) for _, answer in rows(folder)] == [{"leader_objective": 2}]


def test_two_sweeps_at_once_are_refused_and_readers_are_not(tmp_path):
    with closing(Journal(tmp_path)) as book:
        book.record("a", "s", {}, True, ANSWER)
        with pytest.raises(bdr.DataError, match="another sweep is at work there"):
            Journal(tmp_path)
        script = f"from bilevel_dr.sweeping.journal import Journal; Journal({str(tmp_path)!r})"
        other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert "DataError" in other.stderr and "another sweep is at work there" in other.stderr
        assert [key for key, _ in rows(tmp_path)] == ["a"]
    Journal(tmp_path).close()


def test_a_folder_that_holds_something_else_is_not_touched(tmp_path, monkeypatch):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(bdr.DataError, match="holds thesis.tex and no sweep"):
        Journal(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(bdr.DataError, match="is a file"):
        Journal(tmp_path / "thesis.tex")
    with pytest.raises(bdr.DataError, match="choose a folder that can be written"):
        Journal(tmp_path / "thesis.tex" / "below")


@pytest.mark.parametrize("content", ["words, not a database, and enough of them to be read as one " * 20, None])
def test_a_file_of_that_name_that_is_no_journal_is_refused(tmp_path, content):
    if content is None:
        with closing(sqlite3.connect(tmp_path / FILE)) as connection:
            connection.execute("CREATE TABLE other (x)")
    else:
        (tmp_path / FILE).write_text(content)
    with pytest.raises(bdr.DataError, match="not a database|no journal of this version"):
        Journal(tmp_path)
    with pytest.raises(bdr.DataError):
        Journal(tmp_path)  # and the lock is free again


def test_a_full_disk_is_one_line_and_what_was_recorded_is_there(tmp_path):
    with closing(Journal(tmp_path)) as book:
        book.record("a", "s", {}, True, ANSWER)
        pages = book._rows.execute("PRAGMA page_count").fetchone()[0]
        book._rows.execute(f"PRAGMA max_page_count={pages}")  # as a disk without room
        with pytest.raises(bdr.DataError, match="journal cannot be written: database or disk is full; what it holds is kept"):
            book.record("b", "s", {}, True, {"text": "x" * 10**6})
    assert [key for key, _ in rows(tmp_path)] == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.3])
def test_a_killed_process_loses_nothing_that_it_had_recorded(tmp_path, seconds):
    """Each key is said once it is recorded; the process is killed while it writes."""
    script = (
        "from bilevel_dr.sweeping.journal import Journal\n"
        f"book = Journal({str(tmp_path)!r})\n"
        "for k in range(10**6):\n"
        "    book.record(f'{k:07}', 's', {}, True, {'text': 'x' * 5000})\n"
        "    print(f'{k:07}', flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    said = [first.strip(), *process.communicate()[0].split()]
    kept = [key for key, _ in rows(tmp_path)]
    assert kept[: len(said)] == said and len(kept) - len(said) <= 1  # the last one was perhaps not said any more
    with closing(Journal(tmp_path)) as book:  # and nobody is at work there any more
        assert book.answers(said).keys() == set(said)


def test_a_journal_is_known_by_its_file(tmp_path):
    assert not journal.has_journal(tmp_path)
    Journal(tmp_path).close()
    assert journal.has_journal(tmp_path)
