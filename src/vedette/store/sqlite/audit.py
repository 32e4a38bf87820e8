"""Append to the audit, and read it.

It knows rows, and nothing of what the entries say.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from vedette.ports.audit import AuditEntry, Trail
from vedette.store import chain
from vedette.store.chain import PAGE, Mark
from vedette.store.sqlite.statements import sql

T = TypeVar("T")

_LAST = sql("audit_last")
_PUT = sql("audit_put")
_AFTER = sql("audit_after")


def append(connection: sqlite3.Connection, mark: Mark) -> AuditEntry:
    """Append an entry that follows from the last one."""
    last, head = connection.execute(_LAST).fetchone()
    entry = chain.marked(last, head, mark)
    connection.execute(_PUT, chain.columns(entry))
    return entry


def trail(connection: sqlite3.Connection, *, after: int, limit: int) -> list[AuditEntry]:
    """Return entries with a higher number, in order."""
    rows = connection.execute(_AFTER, {"after": after, "limit": max(limit, 0)})
    return [chain.entry(row) for row in rows]


def head(connection: sqlite3.Connection) -> Trail:
    """Return the last number and the last digest."""
    last, digest = connection.execute(_LAST).fetchone()
    return Trail(entries=last, head=digest or b"")


def appended(
    connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]
) -> tuple[T, list[AuditEntry]]:
    """Do work that may append entries; return its value, and those entries."""
    before, _ = connection.execute(_LAST).fetchone()
    value = work(connection)
    return value, trail(connection, after=before, limit=PAGE)


def verify(connection: sqlite3.Connection, so_far: Trail) -> tuple[Trail, bool]:
    """Go on with the next page; return what was found, and whether that was the last page."""
    last, _ = connection.execute(_LAST).fetchone()
    return chain.verified(so_far, trail(connection, after=so_far.entries, limit=PAGE), last)
