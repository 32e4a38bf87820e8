"""Claim and settle deliveries.

A claim is a lease: it moves ``due`` to the lease's end, so a claim that is never
settled comes back by itself; after a crash the next owner releases all at once.
What a commit queues for a lane that is free is claimed as it is written
(``vedette.store.sqlite.postings``). The attempt number counts settled attempts: a parcel
carries the stored number plus one, and an attempt whose settlement was lost is
made again under the same number.

It knows rows and nothing of transactions or of the schedule of retries.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.model.delivery import DeliveryState, Parcel, Settlement
from vedette.model.ids import EndpointId
from vedette.ports.backlog import COUNTED, Backlog
from vedette.store.sqlite.statements import sql
from vedette.store.words import printable

_DUE = sql("deliveries_due")
_DUE_IN_ORDER = sql("deliveries_due_in_order")
_LEASE = sql("delivery_lease")
_RELEASE = sql("deliveries_release")
_REDATE = sql("deliveries_redate")
_ENDPOINT_AFTER = sql("delivery_endpoint_after")
_CLOCK_SHOWN = sql("clock_shown")
_CLOCK_READ = sql("clock_read")
_NEXT = sql("delivery_next")
_NEXT_IN_ORDER = sql("delivery_next_in_order")
_WAITING = sql("delivery_waiting")
_SETTLE = sql("delivery_settle")
_PROMOTE = sql("delivery_promote")
_EVENT_SETTLED = sql("event_settled")


def claim(
    connection: sqlite3.Connection,
    endpoint: EndpointId,
    *,
    ordered: bool,
    limit: int,
    now: float,
    lease: float,
) -> list[Parcel]:
    """Take at most ``limit`` deliveries that are due, the longest due first."""
    parcels = [
        Parcel(
            delivery=delivery,
            endpoint=endpoint,
            event=event,
            type=kind,
            lane=lane,
            body=body,
            attempt=attempt + 1,
            queued_at=queued_at,
        )
        for delivery, event, kind, lane, body, attempt, queued_at in connection.execute(
            _DUE_IN_ORDER if ordered else _DUE,
            {"endpoint": endpoint, "now": now, "limit": max(limit, 0)},
        )
    ]
    connection.executemany(
        _LEASE, ({"id": parcel.delivery, "until": now + lease} for parcel in parcels)
    )
    if parcels:
        read_clock(connection, now=now)
    return parcels


def begin(connection: sqlite3.Connection, *, now: float) -> None:
    """Take over from an owner that is no more: what it claimed is due at ``now``.

    Where the clock shows less than it did, what waits is redated by the difference: it waits no
    longer than it would have then. Both touch no row but what waits, found by its index.
    """
    shown = connection.execute(_CLOCK_SHOWN).fetchone()
    if shown is not None and shown[0] > now:
        redate(connection, _awaited(connection), seconds=now - shown[0], now=now)
    connection.execute(_RELEASE, {"now": now})
    read_clock(connection, now=now)


def read_clock(connection: sqlite3.Connection, *, now: float) -> None:
    """Remember what the wall clock shows."""
    connection.execute(_CLOCK_READ, {"now": now})


def _awaited(connection: sqlite3.Connection) -> list[EndpointId]:
    """Return the endpoints that something waits for: a look into the index for each."""
    found: list[EndpointId] = []
    after = ""
    while True:
        (name,) = connection.execute(_ENDPOINT_AFTER, {"endpoint": after}).fetchone()
        if name is None:
            return found
        found.append(EndpointId(name))
        after = name


def redate(
    connection: sqlite3.Connection, endpoints: Sequence[EndpointId], *, seconds: float, now: float
) -> None:
    """Move what is due at these endpoints after ``now`` by ``seconds``, leases included."""
    connection.executemany(
        _REDATE, ({"endpoint": each, "seconds": seconds, "now": now} for each in endpoints)
    )


def next_due(
    connection: sqlite3.Connection, endpoint: EndpointId, *, ordered: bool
) -> float | None:
    """Return the instant of the next delivery that a claim could take, leased ones included."""
    row = connection.execute(
        _NEXT_IN_ORDER if ordered else _NEXT, {"endpoint": endpoint}
    ).fetchone()
    return None if row[0] is None else float(row[0])


def backlog(connection: sqlite3.Connection) -> Backlog:
    """Return how much is not settled, and since when."""
    waiting, oldest = connection.execute(_WAITING, {"counted": COUNTED}).fetchone()
    return Backlog(waiting=waiting, oldest_at=oldest)


def settle(
    connection: sqlite3.Connection, settlements: Sequence[Settlement], *, now: float
) -> None:
    """Write what came of claimed deliveries; a settled one stays as it is."""
    if any(settlement.state is DeliveryState.DUE for settlement in settlements):
        # Here and with a claim: nothing else waits for an instant that is to come.
        read_clock(connection, now=now)
    for settlement in settlements:
        row = connection.execute(
            _SETTLE,
            {
                "id": settlement.delivery,
                "state": settlement.state,
                "due": settlement.due,
                "attempt": settlement.attempt,
                "reason": printable(settlement.reason),
            },
        ).fetchone()
        if row is None or settlement.state is DeliveryState.DUE:
            continue
        event, endpoint, account, lane, head = row
        connection.execute(_EVENT_SETTLED, {"seq": event})
        crashpoint(Crashpoint.LANE_HELD)
        if head:
            connection.execute(_PROMOTE, {"endpoint": endpoint, "account": account, "lane": lane})
