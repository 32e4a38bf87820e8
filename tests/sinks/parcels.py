"""Parcels as the courier hands them to a sink."""

from __future__ import annotations

from vedette.model.delivery import Parcel
from vedette.model.ids import EndpointId, EventId


def parcel(
    delivery: int = 1,
    *,
    body: bytes = b'{"specversion":"1.0","id":"evt-1","account":"acc","tenant":"t"}',
    event: str = "evt-1",
    attempt: int = 1,
) -> Parcel:
    """Make one; a test names only what matters to it."""
    return Parcel(
        delivery=delivery,
        endpoint=EndpointId("crm"),
        event=EventId(event),
        type="message.received",
        lane=b"INBOX",
        body=body,
        attempt=attempt,
        queued_at=0.0,
    )
