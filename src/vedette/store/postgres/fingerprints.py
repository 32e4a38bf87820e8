"""Write and read which key guards remember by. It knows a row, and nothing of the key."""

from __future__ import annotations

from vedette.ports.fingerprint import Fingerprint
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql

_FINGERPRINT = sql("fingerprint")
_IMPRINT = sql("imprint")


async def fingerprint(connection: Connection) -> Fingerprint | None:
    """Return the fingerprint that holds."""
    row = await connection.fetchrow(_FINGERPRINT)
    return None if row is None else Fingerprint(salt=row[0], digest=row[1])


async def imprint(connection: Connection, first: Fingerprint) -> Fingerprint:
    """Note a fingerprint if there is none; return the one that holds."""
    await connection.execute(_IMPRINT, first.salt, first.digest)
    return await fingerprint(connection) or first
