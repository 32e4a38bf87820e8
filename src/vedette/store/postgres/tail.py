"""Follow the table of events without ever passing one over.

Numbers are given before a transaction commits, so a reader that remembers the highest number it
has seen misses what a slower transaction commits behind it. Here the place of an event is its
transaction and its number, and nothing is read that an open transaction could still come before
(postgresql.org/docs/current/functions-info.html, ``pg_snapshot_xmin``). A long transaction holds
the tail back; it loses nothing. It knows rows and nothing of who follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from vedette.model.ids import AccountId, EventId, TenantId
from vedette.ports.tail import Followed, Spot, Stretch, TailQuery
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql
from vedette.store.stretches import LOOKED, Row, fitting, wanted

_TAIL: Final = sql("tail")
_SIZES: Final = sql("tail_sizes")
_PAYLOADS: Final = sql("payloads")
_END: Final = sql("tail_end")

#: The largest number of either half of a spot; one of somebody's own making may have a larger one.
_LAST: Final = 2**63 - 1


async def tail(connection: Connection, query: TailQuery) -> Stretch:
    """Return the events behind a spot that nothing can come before any more, in their order."""
    after = query.after
    xid, seq = (min(max(each, 0), _LAST) for each in (after.xid, after.seq))
    rows: list[Any] = await connection.fetch(_TAIL, xid, seq, LOOKED)
    found, reached = wanted(query, rows)
    chosen, bodies = found, {}
    if not query.bare and found:
        chosen = await _fitting(connection, query, found)
        asked = [row[1] for row in chosen]
        bodies = {row[0]: row[1] for row in await connection.fetch(_PAYLOADS, asked)}
    if len(chosen) < len(found):
        reached = Spot(xid=chosen[-1][0], seq=chosen[-1][1])
    is_last = not rows or (reached.xid, reached.seq) == (rows[-1][0], rows[-1][1])
    return Stretch(
        # One without a body was deleted since the rows were read.
        events=tuple(
            _followed(row, bodies.get(row[1], b""))
            for row in chosen
            if query.bare or row[1] in bodies
        ),
        reached=reached,
        is_end=len(rows) < LOOKED and is_last,
    )


async def end(connection: Connection) -> Spot:
    """Return the spot below every transaction that is open: what they write is behind it."""
    row = await connection.fetchrow(_END)
    return Spot() if row is None else Spot(xid=row[0], seq=row[1])


async def _fitting(connection: Connection, query: TailQuery, found: Sequence[Row]) -> list[Row]:
    asked = [row[1] for row in found]
    sizes = {row[0]: row[1] for row in await connection.fetch(_SIZES, asked)}
    return list(fitting(query, ((row, sizes.get(row[1], 0)) for row in found)))


def _followed(row: Row, body: bytes) -> Followed:
    return Followed(
        spot=Spot(xid=row[0], seq=row[1]),
        event=EventId(row[2]),
        type=row[3],
        tenant=TenantId(row[4]),
        account=AccountId(row[5]),
        time=row[6],
        body=body,
    )
