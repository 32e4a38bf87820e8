"""The store: the one place where a cursor moves and an event comes into being.

``commit`` is the only atomic point of the way of a message. A store is
single-writer and groups the commits of many folders into one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Protocol

from vedette.errors import StoreError
from vedette.model.account import Health
from vedette.model.action import Decision, JournalEntry
from vedette.model.cursor import Cursor, FolderState, Gap
from vedette.model.delivery import (
    DeliveryState,
    EndpointState,
    Parcel,
    Posting,
    Settlement,
)
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """The right to write for a shard; a store with one owner has epoch 0 for ever."""

    shard: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Who sends at once what a commit queues for ``endpoint``, without a claim of its own.

    The first ``limit`` of those deliveries are written as claimed until ``until``; with
    ``ordered``, only such as are the first unsettled of their (account, lane). ``take`` is given
    their parcels on the loop as soon as they are on disk, even where the caller of ``commit``
    was cancelled; it is not called for none.
    """

    endpoint: EndpointId
    ordered: bool
    limit: int
    until: float
    take: Callable[[Sequence[Parcel]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One step of one folder, written whole or not at all.

    ``expected`` is the cursor the writer read (None: the folder is new to the
    store); it is compared before ``cursor`` is set. ``seen`` are identity keys
    of messages that became events. ``gaps`` are opened or moved on, ``closed``
    are UIDs whose gaps are settled. ``takers`` have an endpoint each.

    ``decisions`` and ``actions`` are what guards make of the messages. An action whose message
    the same guard acted on before is not written, as it came back; see ``ports.journal``.
    """

    fence: Fence
    account: AccountId
    folder: bytes
    expected: Cursor | None
    cursor: Cursor
    mailbox_id: str | None = None
    postings: tuple[Posting, ...] = ()
    seen: tuple[bytes, ...] = ()
    gaps: tuple[Gap, ...] = ()
    closed: tuple[int, ...] = ()
    decisions: tuple[Decision, ...] = ()
    actions: tuple[JournalEntry, ...] = ()
    takers: tuple[Taker, ...] = ()


@unique
class Verdict(StrEnum):
    """What became of a commit: done, the cursor had moved, or the epoch is over."""

    DONE = "done"
    STALE = "stale"
    FENCED = "fenced"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Point:
    """Where an event stands in the order of a store: its time, and of one time its number.

    Numbers are above 0, and what is stored later has a higher one.
    """

    time: float
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of what is stored, in its order; both ends belong to it."""

    first: Point
    last: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a look at stored events met: how many that were asked for, and which part it saw.

    ``span`` is None where there was nothing to look at.
    """

    found: int
    span: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which stored events: newest first, at most ``limit``, after the other filters.

    ``types`` may end in ``*``; instants are inclusive at the start, exclusive at the end. ``span``
    is where a walk in steps stands; it narrows what is found, as the instants do.
    """

    tenant: TenantId | None = None
    account: AccountId | None = None
    types: tuple[str, ...] = ()
    start: float | None = None
    end: float | None = None
    event: EventId | None = None
    span: Span | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it was committed, with how many deliveries are due, delivered and failed."""

    event: EventId
    type: str
    tenant: TenantId
    account: AccountId
    time: float
    body: bytes
    due: int
    delivered: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryQuery:
    """Which deliveries: those of the newest events first, at most ``limit``.

    ``types``, ``start`` and ``end`` are about the event, as in ``EventQuery``.
    """

    endpoint: EndpointId | None = None
    state: DeliveryState | None = None
    tenant: TenantId | None = None
    account: AccountId | None = None
    types: tuple[str, ...] = ()
    start: float | None = None
    end: float | None = None
    event: EventId | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """A delivery as it stands. A failed one is a dead letter: it is kept, and can be redriven.

    ``attempts`` counts those that are settled. ``due`` is the instant of the next attempt, of the
    end of the lease while it ``is_in_flight``, or of the settlement once the state is no longer
    DUE. ``reason`` is what came of the last attempt.
    """

    delivery: int
    endpoint: EndpointId
    event: EventId
    type: str
    tenant: TenantId
    account: AccountId
    time: float
    state: DeliveryState
    is_in_flight: bool
    attempts: int
    queued_at: float
    due: float
    reason: str


class Store(Protocol):
    """State that survives. Every method raises StoreError (StoreFullError when no space is left).

    After a StoreError nothing of that call was written, or (a lost reply) its
    fate is unknown: the caller reads again before it goes on.
    """

    async def start(self) -> None:
        """Open, migrate and take the single-writer lock."""

    async def stop(self) -> None:
        """Write what was accepted, then close. Idempotent."""

    def fault(self) -> StoreError | None:
        """Return why nothing could be written a moment ago, if nothing was since."""

    async def folders(self, account: AccountId) -> list[FolderState]:
        """Return what is known of an account's folders; empty for one never watched."""

    async def commit(self, commit: Commit) -> Verdict:
        """Write one step of a folder; it is on disk when this returns DONE."""

    async def post(
        self, fence: Fence, postings: Sequence[Posting], *, patience: float = 0.0
    ) -> Verdict:
        """Write events that move no cursor (``account.*``); known ids are left alone.

        It may wait ``patience`` seconds for another write that takes it along.
        """

    async def forget_folder(self, account: AccountId, folder: bytes) -> None:
        """Drop the cursor and gaps of a folder that was renamed; ``seen`` stays."""

    async def known(self, account: AccountId, keys: Sequence[bytes]) -> frozenset[bytes]:
        """Return those identity keys that were already delivered for the account."""

    async def stored(self, events: Sequence[EventId]) -> frozenset[EventId]:
        """Return those of the ids that are stored as events (the reconciler's question)."""

    async def begin_read(
        self, account: AccountId, folder: bytes, uid_validity: int, uid: int
    ) -> int:
        """Count, durably, one more start of reading a message; return the count (from 1)."""

    async def end_read(
        self, account: AccountId, folder: bytes, uid_validity: int, uid: int
    ) -> None:
        """Forget, durably, the starts of reading a message: it was read."""

    async def note(self, health: Health) -> None:
        """Remember an account's health; grouped, on disk within a second."""

    async def healths(self) -> list[Health]:
        """Return the health of every account."""

    async def claim(
        self, endpoint: EndpointId, *, ordered: bool, limit: int, now: float, lease: float
    ) -> list[Parcel]:
        """Take deliveries that are due, for ``lease`` seconds; oldest first.

        With ``ordered``, only the first unsettled delivery of each (account, lane).
        """

    async def next_due(self, endpoint: EndpointId, *, ordered: bool = False) -> float | None:
        """Return the instant of the endpoint's next delivery, claimed ones included.

        With ``ordered``, of those that may go: the first unsettled one of each (account, lane).
        """

    async def settle(self, settlements: Sequence[Settlement], *, patience: float = 0.0) -> None:
        """Write what came of claimed deliveries.

        It may wait ``patience`` seconds for another write that takes it along, and a loss of
        power may undo it: what was sent is sent again then, under the same id.
        """

    async def redate(self, endpoints: Sequence[EndpointId], *, seconds: float, now: float) -> None:
        """Move the instants of what is due at endpoints after ``now``: the wall clock was set."""

    async def endpoint_state(self, endpoint: EndpointId) -> EndpointState:
        """Return how an endpoint is doing; a fresh state for one never used."""

    async def note_endpoint(self, state: EndpointState) -> None:
        """Remember how an endpoint is doing."""

    async def events(self, query: EventQuery) -> list[StoredEvent]:
        """Return stored events, newest first."""

    async def replay(self, query: EventQuery, endpoints: Sequence[EndpointId], now: float) -> int:
        """Queue stored events again, with the same ids; return how many deliveries.

        What had failed of them at these endpoints is a dead letter no longer. Nothing is queued
        where a delivery was queued at exactly ``now``: a step that is asked for once more, because
        its answer was lost, changes nothing. It is one write, so who has many asks for a ``span``
        of them at a time, as ``survey`` tells.
        """

    async def survey(self, query: EventQuery, *, newest_first: bool) -> Survey:
        """Look at stored events until ``limit`` are found or some thousands were looked at.

        It begins at the oldest or at the newest of what the query may find, and is about many
        events: one that is named (``query.event``) is not looked for.
        """

    async def deliveries(self, query: DeliveryQuery) -> list[StoredDelivery]:
        """Return deliveries, those of the newest events first, of one event the newest first."""

    async def redrive(self, query: EventQuery, endpoint: EndpointId, now: float) -> int:
        """Queue the dead letters of an endpoint again, with the same ids; return how many went.

        Those whose events the query finds, the oldest first, at most ``query.limit``: each goes to
        the end of its lane, with the whole schedule before it, and its failed row goes away.
        """

    async def prune(self, *, events_before: float, seen_before: float, limit: int) -> int:
        """Delete old, settled events and identity keys in a bounded step; return rows gone."""

    async def prune_tenants(self, before: Mapping[TenantId, float], *, limit: int) -> int:
        """Delete settled events of tenants, each those from before an instant.

        At most ``limit`` events go, with their deliveries, and how many is returned: of ``limit``
        there may be more.
        """
