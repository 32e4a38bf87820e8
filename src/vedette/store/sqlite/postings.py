"""Write events and their deliveries: the half of a commit that has no cursor.

It knows rows and nothing of transactions: the writer puts each call into its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.model.delivery import Posting
from vedette.model.ids import AccountId, EndpointId, EventId
from vedette.ports.store import Fence, Taker, Verdict
from vedette.store.handed import Handed
from vedette.store.sqlite.statements import sql

_EPOCH = sql("shard_epoch")
_EVENT = sql("event_insert")
_PAYLOAD = sql("payload_insert")
_DELIVERY = sql("delivery_insert")
_HAS = sql("event_has")


def is_fenced(connection: sqlite3.Connection, fence: Fence) -> bool:
    """Whether the right to write for the shard is over, or never was."""
    row = connection.execute(_EPOCH, {"shard": fence.shard}).fetchone()
    return row is None or row[0] != fence.epoch


def post(connection: sqlite3.Connection, fence: Fence, postings: Sequence[Posting]) -> Verdict:
    """Write events that move no cursor."""
    if is_fenced(connection, fence):
        return Verdict.FENCED
    write(connection, postings)
    return Verdict.DONE


def write(
    connection: sqlite3.Connection,
    postings: Iterable[Posting],
    *,
    met: frozenset[bytes] = frozenset(),
    handed: Handed | None = None,
) -> None:
    """Insert the events that are new, each with its body once and its deliveries.

    ``met`` are the keys of messages that the account knows already.
    """
    handed = handed or Handed()
    for posting in postings:
        endpoints = tuple(dict.fromkeys(posting.endpoints))
        row = connection.execute(
            _EVENT,
            {
                "id": posting.event,
                "type": posting.type,
                "tenant": posting.tenant,
                "account": posting.account,
                "time": posting.time,
                "lane": posting.lane,
                "unsettled": len(endpoints),
            },
        ).fetchone()
        if row is None:
            continue
        is_met = posting.again is not None and not met.isdisjoint(posting.keys)
        body = posting.again() if posting.again is not None and is_met else posting.body
        connection.execute(_PAYLOAD, {"event": row[0], "body": body})
        crashpoint(Crashpoint.EVENT_WRITTEN)
        for endpoint in endpoints:
            delivery, claimed = enqueue(
                connection,
                event=row[0],
                endpoint=endpoint,
                account=posting.account,
                lane=posting.lane,
                due=posting.time,
                taker=handed.taker(endpoint),
            )
            if claimed:
                handed.put(posting, endpoint, delivery, body)


def enqueue(
    connection: sqlite3.Connection,
    *,
    event: int,
    endpoint: EndpointId,
    account: AccountId,
    lane: bytes,
    due: float,
    taker: Taker | None = None,
) -> tuple[int, bool]:
    """Append one delivery to its lane; the caller counts it in the event's ``unsettled``.

    Returns its number, and whether it is claimed for ``taker``.
    """
    delivery, claimed = connection.execute(
        _DELIVERY,
        {
            "event": event,
            "endpoint": endpoint,
            "account": account,
            "lane": lane,
            "due": due,
            "until": None if taker is None else taker.until,
            "ordered": taker is not None and taker.ordered,
        },
    ).fetchone()
    return delivery, bool(claimed)


def stored(connection: sqlite3.Connection, events: Sequence[EventId]) -> frozenset[EventId]:
    """Return those of the ids that are stored."""
    return frozenset(
        event for event in events if connection.execute(_HAS, {"id": event}).fetchone() is not None
    )
