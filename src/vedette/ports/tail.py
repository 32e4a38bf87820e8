"""The events in the order of their commits: for who follows them and must not miss one.

A store implements this beside ``Store``. What a tail has passed is never added to: of what several
writers commit at the same time, nothing is told that an open transaction could still come before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from vedette.model.ids import AccountId, EventId, TenantId


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Spot:
    """How far somebody has read; the first one is before every event.

    ``xid`` is the transaction that wrote an event where a store has several writers, 0 elsewhere.
    """

    xid: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TailQuery:
    """Which events behind a spot: at most ``limit``, and of ``octets`` of bodies, but one at least.

    ``types`` may end in ``*``. Who is ``bare`` gets no bodies.
    """

    after: Spot = field(default_factory=Spot)
    tenant: TenantId | None = None
    account: AccountId | None = None
    types: tuple[str, ...] = ()
    limit: int = 100
    octets: int = 4 * 1024 * 1024
    bare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """An event as it was committed, and the spot behind it."""

    spot: Spot
    event: EventId
    type: str
    tenant: TenantId
    account: AccountId
    time: float
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What a look along the tail found.

    ``reached`` is where the next look goes on: what the query is not about is behind it too.
    ``is_end`` says that there was nothing more to be had.
    """

    events: tuple[Followed, ...]
    reached: Spot
    is_end: bool


class Tail(Protocol):
    """Every method raises StoreError."""

    async def tail(self, query: TailQuery) -> Stretch:
        """Look along the events behind a spot, in their order, some hundreds at a time."""

    async def tail_end(self) -> Spot:
        """Return a spot that everything committed from now on is behind."""

    @property
    def arrivals(self) -> int:
        """A number that grows with each commit of events here; other instances' are not counted."""

    async def arrived(self, after: int) -> None:
        """Return when ``arrivals`` is above ``after``, or after a second: others commit as well."""
