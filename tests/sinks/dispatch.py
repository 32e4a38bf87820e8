"""A courier with events of several folders for one ordered endpoint, in real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.engine.delivery_world import posting
from tests.sinks.harness import PATIENCE
from tests.support.memory_store import MemoryStore
from vedette.app.clock import SystemClock
from vedette.engine.courier import Courier
from vedette.model.delivery import DeliveryState, Endpoint, EndpointState
from vedette.model.ids import EndpointId
from vedette.ports.sink import Sink
from vedette.ports.store import Fence

#: Past the second and third wait of the schedule.
AN_HOUR = 3600.0


class Leaping:
    """The real clock, which a test sets forward past the waits of the schedule."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return SystemClock.now() + self.ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """A courier at work, and what it works on."""

    store: MemoryStore
    clock: Leaping
    wake: Callable[[], None]

    async def all_delivered(self) -> None:
        """Return when nothing is left to deliver, without the waits between two attempts."""
        while self._is_left():
            self.clock.ahead += AN_HOUR
            self.store.changed.clear()
            self.wake()
            await self.store.changed.wait()

    def _is_left(self) -> bool:
        rows = self.store.state.deliveries.values()
        return any(row.state is not DeliveryState.DELIVERED for row in rows)


@asynccontextmanager
async def couriered(sink: Sink, folders: Mapping[bytes, int]) -> AsyncIterator[Dispatch]:
    """Run a courier for one ordered endpoint, with so many events of each folder to deliver."""
    clock = Leaping()
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
            yield Dispatch(store=store, clock=clock, wake=lambda: courier.wake([bus.id]))
    finally:
        await courier.stop()
