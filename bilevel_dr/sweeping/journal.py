"""What a sweep has done so far: one SQLite file, a row a point, written as soon as the point is answered.

It survives ``kill -9`` in the middle of a write (WAL), and holds JSON, never pickles. A point's key is the hash of all that
its answer depends on, so that rows of other data, options or versions may stand beside and are never taken for its own.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ..errors import DataError
from ..run_folder import as_json

FILE = "journal.sqlite"
_MARK, _VERSION = 0x62644472, 1  # "bdDr", kept in the file's header
_TABLES = """
CREATE TABLE IF NOT EXISTS sweeps (key TEXT PRIMARY KEY, began TEXT NOT NULL, description TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS points (
    key TEXT PRIMARY KEY, sweep TEXT NOT NULL REFERENCES sweeps, point TEXT NOT NULL, certified INTEGER NOT NULL,
    answer TEXT NOT NULL, written TEXT NOT NULL
);
"""


class Journal:
    """An open journal; one sweep at a time writes to it.

    Parameters
    ----------
    folder : path or None
        Made if it is not there; None keeps the journal in memory.

    Raises
    ------
    DataError
        The folder holds something else, cannot be written, or another sweep is at work there.
    """

    def __init__(self, folder: str | os.PathLike | None):
        self.folder = None if folder is None else Path(folder).absolute()
        if self.folder is not None:
            _check_folder(self.folder)
        self._connections: list[sqlite3.Connection] = []
        try:
            with self._told():
                self._open("lock", patience=0.0).execute("BEGIN EXCLUSIVE")  # until the process is gone, however it went
                self._rows = self._open(FILE, patience=10.0)  # of those who read meanwhile
                self._prepare()
        except BaseException:
            self.close()
            raise

    def begin(self, sweep: str, description: dict) -> None:
        """Note what the points of a sweep, by its key, depend on."""
        with self._told():
            values = sweep, _now(), as_json(description)
            self._rows.execute("INSERT OR IGNORE INTO sweeps VALUES (?, ?, ?)", values)

    def answers(self, keys: Iterable[str]) -> dict[str, dict]:
        """Those of the keys that are there, with their answers."""
        found = {}
        with self._told():
            for key in keys:
                row = self._rows.execute("SELECT answer FROM points WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    found[key] = json.loads(row[0])
        return found

    def record(self, key: str, sweep: str, point: dict, certified: bool, answer: dict) -> None:
        """Write an answer; one that is there under this key is replaced."""
        with self._told():
            values = key, sweep, as_json(point), certified, as_json(answer), _now()
            self._rows.execute("INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?)", values)

    def close(self) -> None:
        """Only then may another sweep begin."""
        while self._connections:
            self._connections.pop().close()

    def _open(self, name: str, patience: float) -> sqlite3.Connection:
        path = ":memory:" if self.folder is None else self.folder / name
        self._connections.append(sqlite3.connect(path, timeout=patience, isolation_level=None))
        return self._connections[-1]

    def _prepare(self) -> None:
        ask = self._rows.execute
        ask("PRAGMA journal_mode=WAL")
        ask("PRAGMA synchronous=FULL")
        found = ask("PRAGMA application_id").fetchone()[0], ask("PRAGMA user_version").fetchone()[0]
        if ask("SELECT count(*) FROM sqlite_master").fetchone()[0] and found != (_MARK, _VERSION):
            raise DataError(f"{self.folder / FILE}: no journal of this version; choose another folder")
        self._rows.executescript(_TABLES)
        ask(f"PRAGMA application_id={_MARK}")
        ask(f"PRAGMA user_version={_VERSION}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if "locked" in str(error):
                remedy = "wait until it has ended, or choose another folder"
                raise DataError(f"{self.folder}: another sweep is at work there; {remedy}") from error
            remedy = "what it holds is kept: make room or give the right to write there, then resume"
            raise DataError(f"{self.folder}: its journal cannot be written: {error}; {remedy}") from error


def has_journal(folder: str | os.PathLike) -> bool:
    return Path(folder, FILE).is_file()


def _check_folder(folder: Path) -> None:
    """Make it; refuse one that holds something else."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = not has_journal(folder) and sorted(path.name for path in folder.iterdir() if path.name != "lock")
    except OSError as problem:
        reason = "is a file" if isinstance(problem, FileExistsError) else problem.strerror
        raise DataError(f"{folder}: {reason}; choose a folder that can be written") from problem
    if foreign:
        raise DataError(f"{folder}: holds {foreign[0]} and no sweep; choose another folder, nothing was touched")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
