"""Stored events: list them, queue them again, let the old ones go.

It knows rows and nothing of transactions or of who asks.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from math import inf
from typing import Any

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
from vedette.store.spans import LOOKED, ends
from vedette.store.sqlite import counting, postings
from vedette.store.sqlite.statements import sql

_BY_ID = sql("events_by_id")
_OF_ACCOUNT = sql("events_of_account")
_OF_TENANT = sql("events_of_tenant")
_OF_ALL = sql("events_of_all")
#: Looks at events, by where they begin (at the newest?) and whom they are about.
_LOOKS = {
    (True, "account"): sql("look_at_newest_of_account"),
    (True, "tenant"): sql("look_at_newest_of_tenant"),
    (True, "all"): sql("look_at_newest_of_all"),
    (False, "account"): sql("look_at_oldest_of_account"),
    (False, "tenant"): sql("look_at_oldest_of_tenant"),
    (False, "all"): sql("look_at_oldest_of_all"),
}
_OUTCOME = sql("event_outcome")
_UNSETTLED = sql("delivery_unsettled")
_RESTART = sql("delivery_restart")
_REQUEUED = sql("event_requeued")
_QUEUED_AT = sql("delivery_queued_at")
_DELIVERIES = {
    DeliveryState.DUE: sql("list_waiting"),
    DeliveryState.FAILED: sql("list_dead"),
    DeliveryState.DELIVERED: sql("list_any"),
    None: sql("list_any"),
}
_DEAD = sql("dead_letters")
_DROP = sql("dead_letter_drop")
_PRUNABLE = sql("events_prunable")
_DELIVERIES_PRUNE = sql("deliveries_prune")
_EVENT_DELETE = sql("event_delete")
_SEEN_PRUNE = sql("seen_prune")

_Row = tuple[int, str, str, str, str, float, bytes]


def _select(connection: sqlite3.Connection, query: EventQuery) -> list[_Row]:
    if query.event is not None:
        statement = _BY_ID
    elif query.account is not None:
        statement = _OF_ACCOUNT
    elif query.tenant is not None:
        statement = _OF_TENANT
    else:
        statement = _OF_ALL
    return connection.execute(statement, _values(query) | _within(query)).fetchall()


def _within(query: EventQuery) -> dict[str, Any]:
    first, last = ends(query)
    return {
        "first_time": first.time,
        "first_seq": first.number,
        "last_time": last.time,
        "last_seq": last.number,
    }


def survey(connection: sqlite3.Connection, query: EventQuery, *, newest_first: bool) -> Survey:
    """Look at stored events from one end, until enough are found or ``LOOKED`` were seen."""
    whom = "tenant" if query.account is None else "account"
    if query.account is None and query.tenant is None:
        whom = "all"
    values = _values(query) | _within(query) | {"looked": LOOKED}
    found, begins, ended = 0, None, None
    if query.limit > 0:
        for time, seq, fits in connection.execute(_LOOKS[newest_first, whom], values):
            ended = Point(time=time, number=seq)
            begins = begins or ended
            found += fits
            if found == query.limit:
                break
    if begins is None or ended is None:
        return Survey(found=0, span=None)
    return Survey(found=found, span=Span(first=min(begins, ended), last=max(begins, ended)))


def _values(query: EventQuery | DeliveryQuery) -> dict[str, Any]:
    return {
        "event": query.event,
        "account": query.account,
        "tenant": query.tenant,
        "start": -inf if query.start is None else query.start,
        "end": inf if query.end is None else query.end,
        "every_type": not query.types,
        "types": json.dumps(query.types),
        "limit": max(query.limit, 0),
    }


def events(connection: sqlite3.Connection, query: EventQuery) -> list[StoredEvent]:
    """Return stored events, newest first."""
    found = []
    for seq, event, kind, tenant, account, time, _ in _select(connection, query):
        body, due, delivered, failed = connection.execute(_OUTCOME, {"seq": seq}).fetchone()
        found.append(
            StoredEvent(
                event=EventId(event),
                type=kind,
                tenant=TenantId(tenant),
                account=AccountId(account),
                time=time,
                body=body,
                due=due,
                delivered=delivered,
                failed=failed,
            )
        )
    return found


def replay(
    connection: sqlite3.Connection, query: EventQuery, endpoints: Sequence[EndpointId], now: float
) -> int:
    """Queue events again, oldest first.

    A delivered delivery gets a new row, a failed one makes way for it; one that waits for its
    next attempt starts over; one that is in flight is left alone and not counted, as is one that
    this very replay queued before.
    """
    count = 0
    for seq, _, _, _, account, _, lane in reversed(_select(connection, query)):
        for endpoint in dict.fromkeys(endpoints):
            key = {"event": seq, "endpoint": endpoint, "now": now}
            if connection.execute(_QUEUED_AT, key).fetchone() is not None:
                continue
            count += _requeue(
                connection,
                event=seq,
                endpoint=endpoint,
                account=AccountId(account),
                lane=lane,
                now=now,
            )
    return count


def redrive(
    connection: sqlite3.Connection, query: EventQuery, endpoint: EndpointId, now: float
) -> int:
    """Queue dead letters again, the oldest first; each failed row makes way for a new one."""
    found = connection.execute(_DEAD, {**_values(query), "endpoint": endpoint}).fetchall()
    # Of two failed rows of one event, as they were left before replays took them along, one goes.
    once = {seq: (account, lane) for seq, account, lane in found}
    for seq, (account, lane) in once.items():
        _requeue(
            connection,
            event=seq,
            endpoint=endpoint,
            account=AccountId(account),
            lane=lane,
            now=now,
        )
    return len(once)


def _requeue(
    connection: sqlite3.Connection,
    *,
    event: int,
    endpoint: EndpointId,
    account: AccountId,
    lane: bytes,
    now: float,
) -> bool:
    """Have an event delivered to an endpoint once more; False where that is under way."""
    connection.execute(_DROP, {"event": event, "endpoint": endpoint})
    unsettled = connection.execute(
        _UNSETTLED, {"event": event, "endpoint": endpoint, "now": now}
    ).fetchone()
    if unsettled is None:
        postings.enqueue(
            connection, event=event, endpoint=endpoint, account=account, lane=lane, due=now
        )
        connection.execute(_REQUEUED, {"seq": event})
        return True
    if unsettled[1]:
        return False
    connection.execute(_RESTART, {"id": unsettled[0], "now": now})
    return True


def deliveries(connection: sqlite3.Connection, query: DeliveryQuery) -> list[StoredDelivery]:
    """Return deliveries, those of the newest events first."""
    values = {**_values(query), "endpoint": query.endpoint, "state": query.state}
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
            is_in_flight=bool(row[8]),
            attempts=row[9],
            queued_at=row[10],
            due=row[11],
            reason=row[12],
        )
        for row in connection.execute(_DELIVERIES[query.state], values)
    ]


def prune(
    connection: sqlite3.Connection, *, events_before: float, seen_before: float, limit: int
) -> int:
    """Delete at most ``limit`` rows: deliveries, events, keys, counts of folders, in that order."""
    left = max(limit, 0)
    found = connection.execute(_PRUNABLE, {"before": events_before, "limit": left}).fetchall()
    for (seq,) in found:
        left -= connection.execute(_DELIVERIES_PRUNE, {"event": seq, "limit": left}).rowcount
        if not left:
            break
        left -= connection.execute(_EVENT_DELETE, {"seq": seq}).rowcount
    if left:
        left -= connection.execute(_SEEN_PRUNE, {"before": seen_before, "limit": left}).rowcount
    if left:
        left -= counting.prune(connection, before=events_before, limit=left)
    return max(limit, 0) - left
