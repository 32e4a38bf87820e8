"""A courier with events of several folders for one ordered endpoint, in real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from tests.engine.delivery_world import posting
from tests.sinks.harness import PATIENCE
from tests.support.memory_store import MemoryStore
from vedette.app.clock import SystemClock
from vedette.engine.courier import Courier
from vedette.model.delivery import DeliveryState, Endpoint, EndpointState
from vedette.model.ids import EndpointId
from vedette.ports.sink import Sink
from vedette.ports.store import Fence


@asynccontextmanager
async def couriered(
    sink: Sink, folders: Mapping[bytes, int]
) -> AsyncIterator[tuple[MemoryStore, Callable[[], None]]]:
    """Run a courier for one ordered endpoint, with so many events of each folder to deliver."""
    clock = SystemClock()
    store = MemoryStore(clock)
    await store.start()
    bus = Endpoint(id=EndpointId("bus"), ordered=True)
    postings = [
        posting(f"{folder.decode()}:{number}", (bus.id,), folder, clock.now())
        for number in range(max(folders.values()))
        for folder, count in folders.items()
        if number < count
    ]

    async def never(state: EndpointState) -> None:
        raise AssertionError(state)

    courier = Courier(store, {bus.id: (bus, sink)}, clock, lambda: 0.0, on_disabled=never)
    await courier.start()
    await store.post(Fence(), postings)
    try:
        async with asyncio.timeout(PATIENCE):
            yield store, lambda: courier.wake([bus.id])
    finally:
        await courier.stop()


async def all_delivered(store: MemoryStore) -> None:
    """Return when nothing is left to deliver; the store tells of each change."""
    while any(row.state is not DeliveryState.DELIVERED for row in store.state.deliveries.values()):
        store.changed.clear()
        await store.changed.wait()
