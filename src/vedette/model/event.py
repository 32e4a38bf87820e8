"""The event: one thing that happened, as it goes to the user's own systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final

from vedette.model.ids import AccountId, EventId, TenantId


@unique
class EventType(StrEnum):
    """The types of the contract, version 1."""

    MESSAGE_RECEIVED = "message.received"
    MESSAGE_MISSING = "message.missing"
    MESSAGE_UNPARSEABLE = "message.unparseable"
    MAILBOX_RESET = "mailbox.reset"
    MAILBOX_INCOMPLETE = "mailbox.incomplete"
    ACCOUNT_CONNECTED = "account.connected"
    ACCOUNT_DEGRADED = "account.degraded"
    ACCOUNT_AUTH_FAILED = "account.auth_failed"
    ACCOUNT_PAUSED = "account.paused"
    CANARY_ARRIVED = "canary.arrived"
    ENDPOINT_DISABLED = "endpoint.disabled"
    GUARD_DECIDED = "guard.decided"
    GUARD_TRIPPED = "guard.tripped"
    GUARD_CHANGED = "guard.changed"
    ACTION_APPLIED = "action.applied"
    ACTION_FAILED = "action.failed"
    ACTION_UNDONE = "action.undone"


#: Types that begin so are for who names them: neither no filter at all nor ``*`` asks for them. A
#: probe of ours must not be taken for mail by somebody who wants everything.
ON_REQUEST: Final = "canary."


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event before it is rendered. ``data`` holds JSON values only.

    ``subject`` names what it is about within the account (``INBOX;UIDVALIDITY=3/;UID=7``,
    after RFC 5092); ``lane`` is the folder on the wire, for order; ``time`` is ours.
    """

    id: EventId
    type: EventType
    tenant: TenantId
    account: AccountId
    time: float
    subject: str | None
    lane: bytes
    data: Mapping[str, Any]
