"""SQLite for a trusted ``load``: a file opened for reading alone, one SELECT, so many steps and rows and no more.

Pyomo would open it for writing, and fetch whatever it is sent to fetch. A query here may read tables and views, and call
functions that only compute; anything else SQLite itself refuses, in a view of the database too.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.request import pathname2url

from pyomo.dataportal.factory import DataManagerFactory
from pyomo.dataportal.plugins.db_table import db_Table

READ_ONLY = "bilevel_dr.sqlite3"
"""Under this name Pyomo's ``load`` finds it."""
MAX_ROWS = 1_000_000
MAX_STEPS = 200_000_000  # of SQLite's own machine: some ten seconds
MAX_LENGTH = 1_000_000  # bytes of one value, or of the query
_EVERY = 100_000  # steps between two looks at how many there were
_ALLOWED = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION))


def open_journal(path: Path) -> Path | None:
    """The journal beside a database whose changes are not in it yet; read without it, the database would be an old one."""
    beside = (path.with_name(path.name + end) for end in ("-wal", "-journal"))
    return next((journal for journal in beside if journal.exists() and journal.stat().st_size), None)


class _Rows(sqlite3.Cursor):
    def fetchall(self):
        rows = self.fetchmany(MAX_ROWS + 1)
        if len(rows) > MAX_ROWS:
            raise sqlite3.DatabaseError(f"more than {MAX_ROWS} rows")
        return rows


class _Connection(sqlite3.Connection):
    def cursor(self):
        return super().cursor(_Rows)


def read_only(path: str) -> sqlite3.Connection:
    """A connection that can read one database file and do nothing else; it makes no file beside it."""
    address = f"file:{pathname2url(str(path))}?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True, factory=_Connection)
    connection.execute("pragma trusted_schema = off")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_LENGTH)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    looks = iter(range(MAX_STEPS // _EVERY))
    connection.set_progress_handler(lambda: next(looks, None) is None, _EVERY)

    def permit(action, first, second, *_):
        computes = action != sqlite3.SQLITE_FUNCTION or second != "load_extension"
        return sqlite3.SQLITE_OK if action in _ALLOWED and computes else sqlite3.SQLITE_DENY

    connection.set_authorizer(permit)
    return connection


@DataManagerFactory.register(READ_ONLY, "SQLite, for reading alone")
class _Database(db_Table):
    """Pyomo's reader of databases on such a connection."""

    def connect(self, connection, options, kwds=None):
        return read_only(connection)

    def close(self):
        if self.db is not None:
            self.db.close()
