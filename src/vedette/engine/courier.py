"""The courier: carries committed events to every endpoint, a lane for each.

It begins within milliseconds of a commit (``promises``, ``wake``), repeats on the schedule of
``vedette.outbox``, and survives a store or an endpoint that fails. Delivery is
at least once: a crash between the sending and the settling repeats the same id.
It joins lanes and the one settler; it must not know how anything is sent,
stored or scheduled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from vedette.engine.endpoint_book import EndpointBook, OnDisabled
from vedette.engine.lane import Lane, Tempo
from vedette.engine.part import OnCrash, Part
from vedette.engine.promise import Promise
from vedette.engine.settler import Settler
from vedette.model.delivery import Endpoint, EndpointState
from vedette.model.ids import EndpointId
from vedette.ports.clock import Clock, Dice
from vedette.ports.sink import Sink
from vedette.ports.store import Store


class Courier(Part):
    """Delivers to the endpoints of ``sinks`` and to those added later.

    ``on_disabled`` is awaited with the endpoint's state once it is on disk that
    it is disabled; it may be told again after a restart, with the same instant,
    and is asked again after a StoreError. The courier starts and stops the sinks.
    """

    def __init__(
        self,
        store: Store,
        sinks: Mapping[EndpointId, tuple[Endpoint, Sink]],
        clock: Clock,
        dice: Dice,
        *,
        on_disabled: OnDisabled,
        tempo: Tempo | None = None,
        on_crash: OnCrash | None = None,
    ) -> None:
        super().__init__("courier", on_crash=on_crash)
        self._store = store
        self._first = dict(sinks)
        self._clock = clock
        self._dice = dice
        self._on_disabled = on_disabled
        self._tempo = tempo or Tempo()
        self._settler = Settler(store, dice, on_crash=on_crash)
        self._lanes: dict[EndpointId, Lane] = {}
        self._parts = 1
        self._changes = asyncio.Lock()

    def wake(self, endpoints: Iterable[EndpointId]) -> None:
        """Look for new deliveries at once; unknown endpoints are passed over."""
        for endpoint in endpoints:
            lane = self._lanes.get(endpoint)
            if lane is not None:
                lane.wake()

    def promises(self, wanted: Mapping[EndpointId, int]) -> list[Promise]:
        """Return which endpoints take at once some of the deliveries that a commit will queue."""
        lanes = ((self._lanes.get(endpoint), count) for endpoint, count in wanted.items())
        found = (lane.promise(count) for lane, count in lanes if lane is not None)
        return [promise for promise in found if promise is not None]

    async def add(self, endpoint: Endpoint, sink: Sink) -> None:
        """Deliver to an endpoint from now on; one with the same id is drained and replaced.

        Raises SinkError when the sink can not start; the old one then goes on.
        """
        book = EndpointBook(endpoint.id, self._store, self._dice, on_disabled=self._on_disabled)
        lane = Lane(
            endpoint,
            sink,
            store=self._store,
            settler=self._settler,
            book=book,
            clock=self._clock,
            dice=self._dice,
            tempo=self._tempo,
            on_crash=self._on_crash,
        )
        async with self._changes:
            await sink.start()
            # Two lanes of one endpoint would each have its concurrency, and judge it apart.
            await self._drop(endpoint.id)
            await lane.start()
            lane.share(self._parts)
            self._lanes[endpoint.id] = lane

    async def remove(self, endpoint: EndpointId) -> None:
        """Stop delivering to an endpoint; what is not delivered stays in the store."""
        async with self._changes:
            await self._drop(endpoint)

    def enable(self, endpoint: EndpointId) -> bool:
        """Try a disabled endpoint again, its backlog first; False for an unknown one."""
        lane = self._lanes.get(endpoint)
        if lane is None:
            return False
        lane.enable()
        return True

    def share(self, instances: int) -> None:
        """Keep to a part of each endpoint's rate: so many instances deliver there."""
        self._parts = instances
        for lane in self._lanes.values():
            lane.share(instances)

    def healths(self) -> list[EndpointState]:
        """Return how each endpoint is doing."""
        return [lane.book.state for lane in self._lanes.values()]

    async def _open(self) -> None:
        await self._settler.start()
        for endpoint, sink in self._first.values():
            await self.add(endpoint, sink)
        self._first.clear()

    async def _close(self) -> None:
        """Drain all lanes at once, then write what came of it."""
        async with self._changes:
            lanes = list(self._lanes.values())
            self._lanes.clear()
            await asyncio.gather(*(lane.stop() for lane in lanes))
        await self._settler.stop()

    async def _drop(self, endpoint: EndpointId) -> None:
        lane = self._lanes.pop(endpoint, None)
        if lane is not None:
            await lane.stop()
