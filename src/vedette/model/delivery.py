"""Where events go, and what came of sending one there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import TypeAlias

from vedette.model.account import Depth
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    r"""Which events an endpoint takes; an empty tuple takes all.

    ``types`` may end in ``*`` (``message.*``). ``folders`` are names or special uses
    (``\Junk``) and ``tags`` those that guards put on a message: an event that has no folder, or
    no tag, is none of those.
    """

    types: tuple[str, ...] = ()
    tenants: tuple[TenantId, ...] = ()
    accounts: tuple[AccountId, ...] = ()
    folders: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@unique
class Profile(StrEnum):
    """In whose shape an endpoint gets its events."""

    VEDETTE = "vedette"
    EMAILENGINE = "emailengine"
    INBOUND_EMAIL_RECEIVED = "inbound-email-received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A place where events go. ``ordered`` keeps the order of each folder, and waits for it.

    ``concurrency`` bounds the attempts in flight, so that one endpoint can not take all, and
    ``rate`` those that begin in a second; None: no such bound. ``depth`` leaves out some of what
    the account's own depth put in.
    """

    id: EndpointId
    selection: Selection = field(default_factory=Selection)
    profile: Profile = Profile.VEDETTE
    depth: Depth = Depth.FULL
    ordered: bool = False
    concurrency: int = 8
    rate: float | None = None


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

    ``delivery`` is the row, ``attempt`` counts from 1. ``body`` is what is sent, and ``envelope``
    the CloudEvents JSON: they differ where an endpoint asks for another shape.
    """

    delivery: int
    endpoint: EndpointId
    event: EventId
    type: str
    lane: bytes
    body: bytes
    attempt: int
    queued_at: float
    stored: bytes | None = None

    @property
    def envelope(self) -> bytes:
        """The event as it is stored."""
        return self.body if self.stored is None else self.stored


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
