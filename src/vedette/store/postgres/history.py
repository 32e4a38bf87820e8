"""Stored events and deliveries: list them, queue them again, let the old ones go.

It knows rows and nothing of transactions or of who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Any, Final

from vedette.model.delivery import DeliveryState
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.store import (
    DeliveryQuery,
    EventQuery,
    Point,
    Span,
    StoredDelivery,
    StoredEvent,
    Survey,
)
from vedette.store import spans
from vedette.store.postgres import counting, numbers, postings
from vedette.store.postgres.bulk import touched
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.postings import Lane, Queued
from vedette.store.postgres.statements import sql

_PLANNED_ANEW: Final = sql("events_planned_anew")
_FOUND: Final = sql("events_found")
_LOOKS: Final = {True: sql("look_at_newest"), False: sql("look_at_oldest")}
_QUEUED_AT: Final = sql("deliveries_queued_at")
_PAYLOADS: Final = sql("payloads")
_OUTCOMES: Final = sql("outcomes")
_DELIVERIES: Final = sql("deliveries_found")
_DEAD: Final = sql("dead_letters")
_DROP: Final = sql("dead_letter_drop")
_UNSETTLED: Final = sql("delivery_unsettled")
_RESTART: Final = sql("delivery_restart")
_PRUNABLE: Final = sql("events_prunable")
_DELIVERIES_PRUNE: Final = sql("deliveries_prune")
_EVENT_DELETE: Final = sql("event_delete")
_SEEN_PRUNE: Final = sql("seen_prune")
_LANES_PRUNE: Final = sql("lanes_prune")

#: Before every lane: an endpoint has a name.
NO_LANE: Final[Lane] = ("", "", b"")


def _values(query: EventQuery | DeliveryQuery) -> tuple[Any, ...]:
    return (
        -inf if query.start is None else query.start,
        inf if query.end is None else query.end,
        not query.types,
        list(query.types),
        max(query.limit, 0),
        query.tenant,
        query.account,
        query.event,
    )


def _within(query: EventQuery) -> tuple[Any, ...]:
    first, last = spans.ends(query)
    return (*_values(query), first.time, first.number, last.time, last.number)


async def survey(connection: Connection, query: EventQuery, *, newest_first: bool) -> Survey:
    """Look at stored events from one end, until enough are found or ``LOOKED`` were seen."""
    await connection.execute(_PLANNED_ANEW)
    most = spans.LOOKED if query.types else min(query.limit, spans.LOOKED)
    values = _within(replace(query, limit=most if query.limit > 0 else 0))
    found, begins, ended = 0, None, None
    for time, seq, fits in await connection.fetch(_LOOKS[newest_first], *values):
        ended = Point(time=time, number=seq)
        begins = begins or ended
        found += fits
        if found == query.limit:
            break
    if begins is None or ended is None:
        return Survey(found=0, span=None)
    return Survey(found=found, span=Span(first=min(begins, ended), last=max(begins, ended)))


async def events(connection: Connection, query: EventQuery) -> list[StoredEvent]:
    """Return stored events, newest first."""
    await connection.execute(_PLANNED_ANEW)
    found = await connection.fetch(_FOUND, *_within(query))
    numbers_ = [row[0] for row in found]
    bodies = {row[0]: row[1] for row in await connection.fetch(_PAYLOADS, numbers_)}
    outcomes = {(row[0], row[1]): row[2] for row in await connection.fetch(_OUTCOMES, numbers_)}
    return [
        StoredEvent(
            event=EventId(event),
            type=kind,
            tenant=TenantId(tenant),
            account=AccountId(account),
            time=time,
            body=bodies[seq],
            due=outcomes.get((seq, DeliveryState.DUE), 0),
            delivered=outcomes.get((seq, DeliveryState.DELIVERED), 0),
            failed=outcomes.get((seq, DeliveryState.FAILED), 0),
        )
        for seq, event, kind, tenant, account, time, _ in found
    ]


async def deliveries(connection: Connection, query: DeliveryQuery) -> list[StoredDelivery]:
    """Return deliveries, those of the newest events first."""
    await connection.execute(_PLANNED_ANEW)
    return [
        StoredDelivery(
            delivery=row[0],
            endpoint=EndpointId(row[1]),
            event=EventId(row[2]),
            type=row[3],
            tenant=TenantId(row[4]),
            account=AccountId(row[5]),
            time=row[6],
            state=DeliveryState(row[7]),
            is_in_flight=row[8],
            attempts=row[9],
            queued_at=row[10],
            due=row[11],
            reason=row[12],
        )
        for row in await connection.fetch(_DELIVERIES, *_values(query), query.endpoint, query.state)
    ]


async def replay(
    connection: Connection,
    query: EventQuery,
    endpoints: Sequence[EndpointId],
    *,
    now: float,
    instance: str,
) -> int:
    """Queue events again, oldest first.

    A delivered delivery gets a new row, a failed one makes way for it; one that waits for its
    next attempt starts over; one that is in flight is left alone and not counted, as is one that
    this very replay queued before.
    """
    await connection.execute(_PLANNED_ANEW)
    queue, count = [], 0
    rows = await connection.fetch(_FOUND, *_within(query))
    before = await connection.fetch(_QUEUED_AT, [row[0] for row in rows], list(endpoints), now)
    done = {(row[0], row[1]) for row in before}
    for row in reversed(rows):
        for endpoint in dict.fromkeys(endpoints):
            if (row[0], endpoint) in done:
                continue
            it = Queued(
                event=row[0], endpoint=endpoint, account=AccountId(row[4]), lane=row[6], due=now
            )
            is_new = await _again(connection, it)
            if is_new:
                queue.append(it)
            count += is_new is not None
    await postings.enqueue(connection, queue, instance=instance)
    return count


async def redrive(
    connection: Connection,
    query: EventQuery,
    endpoint: EndpointId,
    *,
    now: float,
    instance: str,
) -> int:
    """Queue dead letters again, the oldest first; each failed row makes way for a new one."""
    await connection.execute(_PLANNED_ANEW)
    found = await connection.fetch(_DEAD, *_values(query), endpoint)
    # Of two failed rows of one event, as replays left them, one goes.
    once = {row[0]: row for row in found}
    queue = []
    for row in once.values():
        it = Queued(
            event=row[0], endpoint=endpoint, account=AccountId(row[1]), lane=row[2], due=now
        )
        if await _again(connection, it):
            queue.append(it)
    await postings.enqueue(connection, queue, instance=instance)
    return len(once)


async def _again(connection: Connection, it: Queued) -> bool | None:
    """Have what waits start over: whether it needs a new row instead, None where it is sent now."""
    await connection.execute(_DROP, it.event, it.endpoint)
    unsettled = await connection.fetchrow(_UNSETTLED, it.event, it.endpoint, it.due)
    if unsettled is None:
        return True
    if unsettled[1]:
        return None
    await connection.execute(_RESTART, unsettled[0], it.due)
    return False


async def prune(
    connection: Connection, *, events_before: float, seen_before: float, limit: int, now: float
) -> int:
    """Delete at most ``limit`` rows of the present day and the keys: deliveries before their event.

    What is of an earlier day is dropped with it (``vedette.store.postgres.partitions``).
    """
    left = max(limit, 0)
    today = numbers.first(numbers.day_of(now))
    await connection.execute(_PLANNED_ANEW)
    for (seq,) in await connection.fetch(_PRUNABLE, events_before, left, today):
        left -= touched(await connection.execute(_DELIVERIES_PRUNE, seq, left))
        if not left:
            break
        left -= touched(await connection.execute(_EVENT_DELETE, seq))
    if left:
        left -= touched(await connection.execute(_SEEN_PRUNE, seen_before, left))
    if left:
        left -= await counting.prune(connection, before=events_before, limit=left)
    return max(limit, 0) - left


async def prune_lanes(connection: Connection, after: Lane, *, limit: int) -> Lane:
    """Look at ``limit`` lanes behind one and delete the unused; return where the next look begins.

    That is the last one looked at, or ``NO_LANE`` once there are no more.
    """
    row = await connection.fetchrow(_LANES_PRUNE, *after, limit)
    return NO_LANE if row is None or row[3] < limit else (row[0], row[1], row[2])
