"""The chain of the audit: how an entry follows from the one before, and whether all of them do.

It knows digests, and neither rows nor what the entries say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from vedette.ports.audit import AuditEntry, Trail
from vedette.store.rows.row import Row
from vedette.store.words import printable

#: Entries that are verified in one go: about two milliseconds of whoever reads them.
PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is to be appended. ``detail`` is JSON."""

    actor: str
    what: str
    detail: str
    at: float


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


def marked(seq: int, head: bytes | None, mark: Mark) -> AuditEntry:
    """Return the entry that a mark makes after number ``seq``; no ``head`` where none is there."""
    detail = printable(mark.detail)
    return following(seq, head or b"", at=mark.at, actor=mark.actor, what=mark.what, detail=detail)


def verified(so_far: Trail, page: Sequence[AuditEntry], last: int) -> tuple[Trail, bool]:
    """Go on with the next page; return what was found, and whether that was the last page.

    ``last`` is the highest number that was ever given, read no later than the page.
    """
    count, head = so_far.entries, so_far.head
    for entry in page:
        right = following(
            count, head, at=entry.at, actor=entry.actor, what=entry.what, detail=entry.detail
        )
        if entry != right:
            return Trail(entries=count, head=head, broken_at=count + 1), True
        count, head = entry.seq, entry.digest
    if len(page) == PAGE:
        return Trail(entries=count, head=head), False
    # An entry that was cut off the end is not there to be wrong; its number was given all the same.
    return Trail(entries=count, head=head, broken_at=count + 1 if count < last else None), True


def columns(entry: AuditEntry) -> dict[str, Any]:
    """Return the values of an entry's row."""
    return {
        "seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "what": entry.what,
        "detail": entry.detail,
        "previous": entry.previous,
        "digest": entry.digest,
    }


def entry(row: Row) -> AuditEntry:
    """Return the entry of a row."""
    return AuditEntry(
        seq=row[0],
        at=row[1],
        actor=row[2],
        what=row[3],
        detail=row[4],
        previous=row[5],
        digest=row[6],
    )
