"""Append to the audit, and tell whether it is unbroken.

It knows rows and digests, and nothing of what the entries say.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from hashlib import sha256
from typing import Final, TypeVar

from vedette.ports.audit import AuditEntry, Trail
from vedette.store.sqlite.statements import sql
from vedette.store.words import printable

T = TypeVar("T")

_LAST = sql("audit_last")
_PUT = sql("audit_put")
_AFTER = sql("audit_after")

#: Entries that are verified in one go: about two milliseconds of the writer's thread.
PAGE: Final = 500


def append(
    connection: sqlite3.Connection, *, actor: str, what: str, detail: str, now: float
) -> AuditEntry:
    """Append an entry that follows from the last one."""
    last, head = connection.execute(_LAST).fetchone()
    entry = following(last, head or b"", at=now, actor=actor, what=what, detail=printable(detail))
    connection.execute(
        _PUT,
        {
            "seq": entry.seq,
            "at": entry.at,
            "actor": entry.actor,
            "what": entry.what,
            "detail": entry.detail,
            "previous": entry.previous,
            "digest": entry.digest,
        },
    )
    return entry


def following(
    seq: int, head: bytes, *, at: float, actor: str, what: str, detail: str
) -> AuditEntry:
    """Return the entry after number ``seq``, whose digest was ``head``.

    The digest (SHA-256) is over every part with its length before it: no two entries spell the
    same. ``repr`` of a float is the shortest text that reads back as the very same number.
    """
    digest = sha256()
    for part in (str(seq + 1), repr(float(at)), actor, what, detail, head):
        octets = part if isinstance(part, bytes) else part.encode()
        digest.update(b"%d:" % len(octets))
        digest.update(octets)
    return AuditEntry(
        seq=seq + 1,
        at=at,
        actor=actor,
        what=what,
        detail=detail,
        previous=head,
        digest=digest.digest(),
    )


def trail(connection: sqlite3.Connection, *, after: int, limit: int) -> list[AuditEntry]:
    """Return entries with a higher number, in order."""
    return [
        AuditEntry(
            seq=row[0],
            at=row[1],
            actor=row[2],
            what=row[3],
            detail=row[4],
            previous=row[5],
            digest=row[6],
        )
        for row in connection.execute(_AFTER, {"after": after, "limit": max(limit, 0)})
    ]


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
    count, head = so_far.entries, so_far.head
    page = trail(connection, after=count, limit=PAGE)
    for entry in page:
        right = following(
            count, head, at=entry.at, actor=entry.actor, what=entry.what, detail=entry.detail
        )
        if entry != right:
            return Trail(entries=count, head=head, broken_at=count + 1), True
        count, head = entry.seq, entry.digest
    if len(page) == PAGE:
        return Trail(entries=count, head=head), False
    last, _ = connection.execute(_LAST).fetchone()
    # An entry that was cut off the end is not there to be wrong; its number was given all the same.
    return Trail(entries=count, head=head, broken_at=None if last == count else count + 1), True
