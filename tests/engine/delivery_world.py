"""A courier over a store in memory, in virtual time: what tests of delivery play with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.engine.scripted_sink import ScriptedSink
from tests.support.clock import VirtualClock
from tests.support.memory_store import MemoryStore
from vedette.engine.courier import Courier
from vedette.engine.lane import Tempo
from vedette.errors import StoreError
from vedette.model.delivery import (
    DeliveryState,
    Endpoint,
    EndpointState,
    Outcome,
    Parcel,
    Posting,
    Refused,
    Settlement,
)
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.store import Fence

CRM = EndpointId("crm")
OTHER = EndpointId("other")
HOUR = 3600.0
#: Standard Webhooks: the instants of the ten attempts, in seconds after the first.
INSTANTS = [0.0, 5.0, 305.0, 2105.0, 9305.0, 27305.0, 63305.0, 113705.0, 185705.0, 272105.0]


@dataclass(slots=True)
class World:
    """What a test of the courier plays with."""

    store: MemoryStore
    courier: Courier
    disabled: list[EndpointState]

    async def post(self, events: Iterable[str], *endpoints: EndpointId, lane: bytes = b"A") -> None:
        """Commit events and wake the courier, as the engine does."""
        await self.commit(events, *endpoints, lane=lane)
        self.courier.wake(endpoints)

    async def commit(
        self, events: Iterable[str], *endpoints: EndpointId, lane: bytes = b"A"
    ) -> None:
        now = VirtualClock().now()
        await self.store.post(Fence(), [posting(event, endpoints, lane, now) for event in events])

    def states(self) -> dict[str, DeliveryState]:
        """How each delivery stands, by event."""
        rows = self.store.state.deliveries.values()
        return {row.posting.event: row.state for row in rows}

    async def settled(self, *events: str, within: float = 60.0) -> None:
        """Return when these are delivered."""
        async with asyncio.timeout(within):
            while any(self.states()[event] is not DeliveryState.DELIVERED for event in events):
                self.store.changed.clear()
                await self.store.changed.wait()


def posting(event: str, endpoints: tuple[EndpointId, ...], lane: bytes, now: float) -> Posting:
    return Posting(
        event=EventId(event),
        type="message.received",
        tenant=TenantId("t"),
        account=AccountId("a"),
        time=now,
        lane=lane,
        body=b'{"id":"' + event.encode() + b'"}',
        endpoints=endpoints,
    )


@asynccontextmanager
async def world(
    *lanes: tuple[Endpoint, ScriptedSink],
    store: MemoryStore | None = None,
    tempo: Tempo | None = None,
) -> AsyncIterator[World]:
    """Run a courier over a store in memory, its dice always at zero."""
    clock = VirtualClock()
    store = store or MemoryStore(clock)
    await store.start()
    disabled: list[EndpointState] = []

    async def on_disabled(state: EndpointState) -> None:
        disabled.append(state)

    courier = Courier(
        store,
        {endpoint.id: (endpoint, sink) for endpoint, sink in lanes},
        clock,
        lambda: 0.0,
        on_disabled=on_disabled,
        tempo=tempo,
    )
    await courier.start()
    try:
        yield World(store, courier, disabled)
        assert courier.crash is None
    finally:
        await courier.stop()


def refuse(_parcel: Parcel) -> Outcome:
    return Refused(reason="HTTP 500")


def crm(*, ordered: bool = False, concurrency: int = 8, rate: float | None = None) -> Endpoint:
    return Endpoint(id=CRM, ordered=ordered, concurrency=concurrency, rate=rate)


def names(count: int, prefix: str = "e") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def lose_settlements(store: MemoryStore) -> None:
    """Let every mark fail, as on a disk that is gone."""

    async def settle(settlements: Sequence[Settlement], *, patience: float = 0.0) -> None:
        raise StoreError("the disk is gone")

    store.settle = settle  # type: ignore[method-assign]
