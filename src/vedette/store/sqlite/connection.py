"""Open a connection to the database with the settings that our promises need.

It knows SQLite's switches and nothing of the tables.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from vedette.errors import StoreError
from vedette.store.sqlite.checkpoint import BOUND

#: STRICT tables came with 3.37, json_each in every build with 3.38.
OLDEST: Final = (3, 38, 0)

#: Seconds to wait for a lock; only a foreign tool on the file can hold one.
_BUSY: Final = 5.0

#: Every statement of ours stays prepared (there are about 60).
_PREPARED: Final = 256

_SETTINGS: Final = (
    # A commit survives the loss of power only with FULL: NORMAL syncs at checkpoints.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # The schema may call nothing that could do harm in a database somebody else made.
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA temp_store = MEMORY",
    # 1 MiB of pages: what is filled is never given back, and the system holds the same pages.
    # At 300,000 events 8 MiB spare 5 of 54 microseconds for each in a burst, and none of one alone.
    "PRAGMA cache_size = -1024",
    # Checkpoints are the writer's: SQLite would keep their errors to itself.
    "PRAGMA wal_autocheckpoint = 0",
    # A log that begins anew is cut to this, whatever a long reader had made of it.
    f"PRAGMA journal_size_limit = {BOUND}",
)


def open_writer(database: Path) -> sqlite3.Connection:
    """Open the one connection that writes. Raises sqlite3.Error, or StoreError on an old SQLite."""
    if sqlite3.sqlite_version_info < OLDEST:
        raise StoreError(
            f"SQLite {sqlite3.sqlite_version} is too old: Vedette needs "
            f"{'.'.join(map(str, OLDEST))} or newer"
        )
    # rw and not rwc: the file was made, with its mode, by the one who holds the lock.
    connection = _connect(database, "rw")
    try:
        _set(connection, database)
    except BaseException:
        connection.close()
        raise
    return connection


def _set(connection: sqlite3.Connection, database: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(f"the file system under {database} can not hold a write-ahead log")
    for setting in _SETTINGS:
        connection.execute(setting)


def open_reader(database: Path) -> sqlite3.Connection:
    """Open a connection that can not write, beside a running writer. Raises sqlite3.Error."""
    connection = _connect(database, "ro")
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect(database: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(database.absolute()))}?mode={mode}",
        uri=True,
        timeout=_BUSY,
        # No implicit BEGIN: the writer says where a transaction starts and ends.
        isolation_level=None,
        cached_statements=_PREPARED,
    )
