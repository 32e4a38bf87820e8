"""Parcels with real CloudEvents in them, each known by its number."""

from __future__ import annotations

from tests.sinks.parcels import parcel
from vedette.model.delivery import Parcel
from vedette.model.event import Event, EventType
from vedette.model.ids import AccountId, EventId, TenantId
from vedette.outbox.envelope import render


def letter(
    number: int,
    *,
    subject: str | None = None,
    account: str = "anna@example.org",
    tenant: str = "acme",
) -> Parcel:
    """Return the parcel of one message; two of a number are the same event."""
    event = Event(
        id=EventId(f"evt-{number}"),
        type=EventType.MESSAGE_RECEIVED,
        tenant=TenantId(tenant),
        account=AccountId(account),
        time=1_794_657_600.0 + number,
        subject=f"INBOX/;UID={number}",
        lane=b"INBOX",
        data={"subject": subject or f"subject of {number}"},
    )
    return parcel(number, body=render(event), event=event.id)
