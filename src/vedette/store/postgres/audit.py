"""Append to the audit, and read it.

Instances that append wait for each other at the row of the chain, until the transaction of each
has ended. It knows rows, and nothing of what the entries say.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from vedette.ports.audit import AuditEntry, Trail
from vedette.store import chain
from vedette.store.chain import PAGE, Mark
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql

T = TypeVar("T")

_HOLD = sql("audit_hold")
_LAST = sql("audit_last")
_PUT = sql("audit_put")
_AFTER = sql("audit_after")


async def append(connection: Connection, mark: Mark) -> AuditEntry:
    """Append an entry that follows from the last one."""
    (entry,) = await extend(connection, [mark])
    return entry


async def extend(connection: Connection, marks: Sequence[Mark]) -> list[AuditEntry]:
    """Append entries, each of which follows from the one before."""
    await connection.execute(_HOLD)
    # A statement of its own: it sees what was appended while we waited.
    last, head = await _ends(connection)
    entries: list[AuditEntry] = []
    for mark in marks:
        entry = chain.marked(last, head, mark)
        last, head = entry.seq, entry.digest
        entries.append(entry)
    await connection.executemany(_PUT, [tuple(chain.columns(each).values()) for each in entries])
    return entries


async def trail(connection: Connection, *, after: int, limit: int) -> list[AuditEntry]:
    """Return entries with a higher number, in order."""
    found = await connection.fetch(_AFTER, after, max(limit, 0))
    return [chain.entry(row) for row in found]


async def head(connection: Connection) -> Trail:
    """Return the last number and the last digest."""
    last, digest = await _ends(connection)
    return Trail(entries=last, head=digest)


async def appended(
    connection: Connection, work: Callable[[Connection], Awaitable[T]]
) -> tuple[T, list[AuditEntry]]:
    """Do work that may append entries; return its value, and those entries.

    The chain is held from the beginning: what people decide is decided one after the other,
    whichever instance they ask, and no two of them wait for each other.
    """
    before: int = await connection.fetchval(_HOLD)
    value = await work(connection)
    return value, await trail(connection, after=before, limit=PAGE)


async def verify(connection: Connection, so_far: Trail) -> tuple[Trail, bool]:
    """Go on with the next page; return what was found, and whether that was the last page."""
    # Before the page: an entry that is appended in between is on it, and none is missed.
    last, _ = await _ends(connection)
    page = await trail(connection, after=so_far.entries, limit=PAGE)
    return chain.verified(so_far, page, last)


async def _ends(connection: Connection) -> tuple[int, bytes]:
    row = await connection.fetchrow(_LAST)
    if row is None:
        # Somebody removed it by hand: every entry that there was is missed.
        return 0, b""
    return row[0], row[1] or b""
