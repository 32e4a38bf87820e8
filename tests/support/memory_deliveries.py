"""The rows of deliveries of the store in memory, and what is told of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from vedette.model.delivery import DeliveryState, Parcel, Posting
from vedette.model.ids import AccountId, EndpointId
from vedette.outbox.selection import matches
from vedette.ports.store import DeliveryQuery, EventQuery, StoredDelivery


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


def asks_for(query: EventQuery | DeliveryQuery, posting: Posting) -> bool:
    """Tell whether a query is about an event."""
    start = -inf if query.start is None else query.start
    end = inf if query.end is None else query.end
    return (
        query.tenant in {None, posting.tenant}
        and query.account in {None, posting.account}
        and query.event in {None, posting.event}
        and start <= posting.time < end
        and matches(query.types, posting.type)
    )


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
