"""Bring a database to the newest shape, one numbered step after the other.

The shape's number is SQLite's own ``user_version``, which moves inside the
step's transaction: a crash leaves the old shape or the new one. It knows the
migration files and nothing of what they make.
"""

from __future__ import annotations

import sqlite3
from importlib.resources import files
from typing import Final

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.errors import StoreError, StoreVersionError

#: "VDTT" in ASCII: tells our file from another program's (sqlite.org/pragma.html#pragma_application_id).
APPLICATION: Final = 0x56445454


def _load() -> tuple[str, ...]:
    names = sorted(
        entry.name
        for entry in files("vedette.store.sqlite.migrations").iterdir()
        if entry.name.endswith(".sql")
    )
    for number, name in enumerate(names, 1):
        if not name.startswith(f"{number:04d}_"):
            raise ValueError(f"the migration {name} should have number {number:04d}")
    return tuple(
        files("vedette.store.sqlite.migrations").joinpath(name).read_text("utf-8") for name in names
    )


MIGRATIONS: Final = _load()


def version(connection: sqlite3.Connection) -> int:
    """Return the number of the shape: 0 for an empty file.

    Raises StoreError for another program's database, StoreVersionError for one
    that a newer Vedette wrote.
    """
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION and (application or tables):
        raise StoreError("the database belongs to another program: choose another state folder")
    if number > len(MIGRATIONS):
        raise StoreVersionError(
            f"the state has version {number} and this Vedette knows {len(MIGRATIONS)}: "
            "run the newer Vedette that wrote it"
        )
    return int(number)


def migrate(connection: sqlite3.Connection) -> None:
    """Run the steps that are missing. Raises sqlite3.Error, and what ``version`` raises."""
    for number, step in enumerate(MIGRATIONS, 1):
        if number <= version(connection):
            continue
        crashpoint(Crashpoint.MIGRATING)
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{step}\n"
                f"PRAGMA application_id = {APPLICATION};\n"
                f"PRAGMA user_version = {number};\nCOMMIT;"
            )
        except sqlite3.Error:
            # SQLite may have rolled back already; a second ROLLBACK would be an error.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
