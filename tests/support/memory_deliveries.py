"""The rows of deliveries of the store in memory, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from vedette.model.delivery import DeliveryState, Parcel, Posting
from vedette.model.ids import AccountId, EndpointId
from vedette.outbox.selection import matches
from vedette.ports.backlog import Backlog
from vedette.ports.store import (
    DeliveryQuery,
    EventQuery,
    Point,
    Span,
    StoredDelivery,
    Survey,
)
from vedette.store.spans import LOOKED


@dataclass(slots=True, kw_only=True)
class Row:
    """A delivery."""

    id: int
    posting: Posting
    endpoint: EndpointId
    due: float
    queued_at: float
    state: DeliveryState = DeliveryState.DUE
    attempt: int = 0
    leased: bool = False
    reason: str = ""

    @property
    def lane(self) -> tuple[AccountId, bytes]:
        return (self.posting.account, self.posting.lane)


class MemoryBacklog:
    """``vedette.ports.backlog.Backlogs`` over the rows that wait."""

    def _enter(self, *, writes: bool = False) -> Any:
        raise NotImplementedError

    async def backlog(self) -> Backlog:
        waiting: dict[EndpointId, dict[int, Row]] = self._enter().waiting
        queued = [row.queued_at for rows in waiting.values() for row in rows.values()]
        return Backlog(waiting=len(queued), oldest_at=min(queued, default=None))


def asks_for(
    query: EventQuery | DeliveryQuery, posting: Posting, point: Point | None = None
) -> bool:
    """Tell whether a query is about an event."""
    start = -inf if query.start is None else query.start
    end = inf if query.end is None else query.end
    span = query.span if isinstance(query, EventQuery) else None
    if span is not None and point is not None and not span.first <= point <= span.last:
        return False
    return (
        query.tenant in {None, posting.tenant}
        and query.account in {None, posting.account}
        and query.event in {None, posting.event}
        and start <= posting.time < end
        and matches(query.types, posting.type)
    )


def heads(rows: Iterable[Row]) -> list[Row]:
    """Return the first of each lane."""
    first: dict[tuple[AccountId, bytes], Row] = {}
    for row in rows:
        first.setdefault(row.lane, row)
    return list(first.values())


def dead(rows: Iterable[Row], endpoint: EndpointId) -> list[Row]:
    """Return the dead letters of an endpoint."""
    return [row for row in rows if row.endpoint == endpoint and row.state is DeliveryState.FAILED]


def was_queued(rows: Iterable[Row], posting: Posting, endpoint: EndpointId, at: float) -> bool:
    """Tell whether a delivery was queued at an instant, whatever became of it."""
    key = (posting, endpoint, at)
    return any((row.posting, row.endpoint, row.queued_at) == key for row in rows)


def surveyed(query: EventQuery, events: Sequence[tuple[Point, str]]) -> Survey:
    """Look at events in their order, of which only the types are not looked at yet."""
    seen: list[Point] = []
    found = 0
    for point, kind in events[: LOOKED if query.limit > 0 else 0]:
        seen.append(point)
        found += matches(query.types, kind)
        if found == query.limit:
            break
    span = Span(first=min(seen), last=max(seen)) if seen else None
    return Survey(found=found, span=span)


def parcel_of(row: Row) -> Parcel:
    """Return what a sink is given."""
    return Parcel(
        delivery=row.id,
        endpoint=row.endpoint,
        event=row.posting.event,
        type=row.posting.type,
        lane=row.posting.lane,
        body=row.posting.body,
        attempt=row.attempt + 1,
        queued_at=row.queued_at,
    )


def stored_delivery(row: Row) -> StoredDelivery:
    """Return what a list of deliveries shows."""
    return StoredDelivery(
        delivery=row.id,
        endpoint=row.endpoint,
        event=row.posting.event,
        type=row.posting.type,
        tenant=row.posting.tenant,
        account=row.posting.account,
        time=row.posting.time,
        state=row.state,
        is_in_flight=row.leased,
        attempts=row.attempt,
        queued_at=row.queued_at,
        due=row.due,
        reason=row.reason,
    )
