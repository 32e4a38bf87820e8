"""Write and read which key guards remember by. It knows a row, and nothing of the key."""

from __future__ import annotations

import sqlite3

from vedette.ports.fingerprint import Fingerprint
from vedette.store.sqlite.statements import sql

_FINGERPRINT = sql("fingerprint")
_IMPRINT = sql("imprint")


def fingerprint(connection: sqlite3.Connection) -> Fingerprint | None:
    """Return the fingerprint that holds."""
    row = connection.execute(_FINGERPRINT).fetchone()
    return None if row is None else Fingerprint(salt=row[0], digest=row[1])


def imprint(connection: sqlite3.Connection, first: Fingerprint) -> Fingerprint:
    """Note a fingerprint if there is none; return the one that holds."""
    connection.execute(_IMPRINT, {"salt": first.salt, "digest": first.digest})
    return fingerprint(connection) or first
