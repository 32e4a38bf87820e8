"""Follow the table of events: one writer numbers them in the order of their commits.

It knows rows and nothing of transactions or of who follows.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from vedette.model.ids import AccountId, EventId, TenantId
from vedette.ports.tail import Followed, Spot, Stretch, TailQuery
from vedette.store.sqlite.statements import sql
from vedette.store.stretches import LOOKED, Row, fitting, wanted

_TAIL: Final = sql("tail")
_SIZE: Final = sql("tail_size")
_BODY: Final = sql("tail_body")
_END: Final = sql("tail_end")

#: The largest number of a row; a spot of somebody's own making may have a larger one.
_LAST: Final = 2**63 - 1


def tail(connection: sqlite3.Connection, query: TailQuery) -> Stretch:
    """Return the events behind a spot that a query is about, in their order."""
    # A spot with a transaction is another store's, and says nothing of the numbers here.
    after = 0 if query.after.xid else min(max(query.after.seq, 0), _LAST)
    rows = connection.execute(_TAIL, {"after": after, "looked": LOOKED}).fetchall()
    found, reached = wanted(query, rows)
    chosen = found
    if not query.bare:
        chosen = list(fitting(query, ((row, _size(connection, row)) for row in found)))
    if len(chosen) < len(found):
        reached = Spot(seq=chosen[-1][1])
    return Stretch(
        events=tuple(_followed(connection, row, bare=query.bare) for row in chosen),
        reached=reached,
        is_end=len(rows) < LOOKED and (not rows or reached.seq == rows[-1][1]),
    )


def end(connection: sqlite3.Connection) -> Spot:
    """Return the spot behind all that is committed."""
    return Spot(seq=connection.execute(_END).fetchone()[0])


def _size(connection: sqlite3.Connection, row: Row) -> int:
    size: int = connection.execute(_SIZE, {"seq": row[1]}).fetchone()[0]
    return size


def _followed(connection: sqlite3.Connection, row: Row, *, bare: bool) -> Followed:
    body = b"" if bare else connection.execute(_BODY, {"seq": row[1]}).fetchone()[0]
    return Followed(
        spot=Spot(seq=row[1]),
        event=EventId(row[2]),
        type=row[3],
        tenant=TenantId(row[4]),
        account=AccountId(row[5]),
        time=row[6],
        body=body,
    )
