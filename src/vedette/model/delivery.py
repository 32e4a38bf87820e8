"""Where events go, and what came of sending one there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import TypeAlias

from vedette.model.ids import AccountId, EndpointId, EventId, TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which events an endpoint takes; an empty tuple takes all.

    ``types`` may end in ``*`` (``message.*``).
    """

    types: tuple[str, ...] = ()
    tenants: tuple[TenantId, ...] = ()
    accounts: tuple[AccountId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A place where events go. ``ordered`` keeps the order of each folder, and waits for it.

    ``concurrency`` bounds the attempts in flight, so that one endpoint can not take all.
    """

    id: EndpointId
    selection: Selection = field(default_factory=Selection)
    ordered: bool = False
    concurrency: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """An event rendered, and the endpoints it goes to: what one commit writes.

    ``keys`` identify the message it tells of. Where the account knows one of them already,
    ``again`` renders the body: only the commit can tell, and it is rare.
    """

    event: EventId
    type: str
    tenant: TenantId
    account: AccountId
    time: float
    lane: bytes
    body: bytes
    endpoints: tuple[EndpointId, ...]
    keys: tuple[bytes, ...] = ()
    again: Callable[[], bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One event on its way to one endpoint: what a sink is given.

    ``delivery`` is the row, ``attempt`` counts from 1, ``body`` is the CloudEvents JSON.
    """

    delivery: int
    endpoint: EndpointId
    event: EventId
    type: str
    lane: bytes
    body: bytes
    attempt: int
    queued_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The endpoint took it."""

    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It did not; ``retry_after`` is the endpoint's own wish in seconds."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The endpoint wants nothing more, ever (HTTP 410): it is disabled."""

    reason: str


Outcome: TypeAlias = Delivered | Refused | Gone


@unique
class DeliveryState(StrEnum):
    """The life of a delivery."""

    DUE = "due"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What the store writes after an attempt. ``due`` is set while the state is DUE."""

    delivery: int
    state: DeliveryState
    due: float
    attempt: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """How an endpoint is doing. ``failing_since`` is the first of only-failures, or None."""

    id: EndpointId
    disabled_at: float | None = None
    disabled_reason: str = ""
    failing_since: float | None = None
    failures: int = 0
    delivered_at: float | None = None
