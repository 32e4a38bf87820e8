"""Follow the table of events without ever passing one over.

Numbers are given before a transaction commits, so a reader that remembers the highest number it
has seen misses what a slower transaction commits behind it. Here the place of an event is its
transaction and its number, and nothing is read that an open transaction could still come before
(postgresql.org/docs/current/functions-info.html, ``pg_snapshot_xmin``). A long transaction holds
the tail back; it loses nothing. It knows rows and nothing of who follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vedette.model.ids import AccountId, EventId, TenantId
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql

_TAIL: Final = sql("tail")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Spot:
    """How far somebody has read; the first one is before every event."""

    xid: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """An event as it was committed, and the spot behind it."""

    spot: Spot
    event: EventId
    type: str
    tenant: TenantId
    account: AccountId
    time: float
    body: bytes


async def tail(connection: Connection, after: Spot, *, limit: int) -> list[Followed]:
    """Return the events behind ``after`` that nothing can come before any more, in their order."""
    return [
        Followed(
            spot=Spot(xid=row[0], seq=row[1]),
            event=EventId(row[2]),
            type=row[3],
            tenant=TenantId(row[4]),
            account=AccountId(row[5]),
            time=row[6],
            body=row[7],
        )
        for row in await connection.fetch(_TAIL, after.xid, after.seq, max(limit, 0))
    ]
