"""The whole engine in virtual time: a scripted server on one side, scripted sinks on the other.

Supervisor, courier and store are one engine with one clock, as ``vedette.app`` joins them. It
must not know what a test does to the clock, the links or the sinks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.engine.scripted_sink import ScriptedSink
from tests.support.clock import VirtualClock, VirtualLoop
from tests.support.memory_store import MemoryStore
from tests.support.scripted import ScriptedServer
from tests.support.world import PlainReader, Setting, Watch, quiet
from vedette.engine.courier import Courier
from vedette.engine.supervisor import Supervisor
from vedette.engine.world import World
from vedette.model.delivery import DeliveryState, Endpoint, EndpointState
from vedette.model.ids import EndpointId
from vedette.outbox.directory import Directory
from vedette.outbox.occurrence import endpoint_disabled
from vedette.outbox.selection import plan
from vedette.ports.store import Fence
from vedette.sync.cadence import Tempo

CRM = EndpointId("crm")
OTHER = EndpointId("other")
HOUR = 3_600.0
DAY = 86_400.0


class Whole:
    """What a test plays with."""

    def __init__(
        self, sinks: Mapping[EndpointId, ScriptedSink], spool: Path, tempo: Tempo | None
    ) -> None:
        self.server = ScriptedServer()
        self.sinks = sinks
        self.clock = VirtualClock()
        self.store = MemoryStore(self.clock)
        self.endpoints = [Endpoint(id=each) for each in sinks]
        self._spool = spool
        self._tempo = tempo or Tempo()
        self._assignment = Watch(Setting(), self.server.dialer, spool).assignment()
        self._join()

    def _join(self) -> None:
        self.courier = Courier(
            self.store,
            {each.id: (each, self.sinks[each.id]) for each in self.endpoints},
            self.clock,
            lambda: 0.0,
            on_disabled=self._disabled,
        )
        self.supervisor = Supervisor(
            World(
                dialer=self.server.dialer,
                store=self.store,
                reader=PlainReader(),
                clock=self.clock,
                dice=lambda: 0.5,
                endpoints=lambda: Directory(self.endpoints),
                wake=self.courier.wake,
                promises=self.courier.promises,
                spool=str(self._spool),
                tempo=self._tempo,
            )
        )

    async def start(self) -> None:
        await self.store.start()
        await self.courier.start()
        await self.supervisor.start()
        await self.supervisor.assign([self._assignment])
        # Login and first sync.
        await asyncio.sleep(5)

    async def stop(self) -> None:
        await self.supervisor.stop()
        await self.courier.stop()
        await self.store.stop()
        await quiet()

    async def restart(self, *, down: float, set_back: float) -> None:
        """Stop, begin anew after ``down`` seconds; the wall clock is set back meanwhile."""
        await self.stop()
        await asyncio.sleep(down)
        self.clock.set_forward(-set_back)
        self.store = MemoryStore(self.clock, self.store.state)
        self._join()
        await self.start()

    def suspend(self, seconds: float) -> None:
        """Let the machine sleep: the wall clock goes on, its timers and links do not.

        The servers give the links up meanwhile; the machine hears nothing of that.
        """
        self.clock.set_forward(seconds)
        for talk in self.server.open_talks:
            talk.wire.on_data = lambda _data: None

    def stand_still(self, seconds: float) -> None:
        """Stop the process alone, as SIGSTOP does: afterwards all its timers are due at once."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.leap(seconds)

    def unsettled(self) -> list[str]:
        """Return the events that some endpoint did not take yet."""
        rows = self.store.state.deliveries.values()
        return [row.posting.event for row in rows if row.state is DeliveryState.DUE]

    def mails(self, endpoint: EndpointId = CRM) -> list[str]:
        """Return the events about mail that an endpoint was sent, in order, repeats included."""
        return [
            attempt.parcel.event
            for attempt in self.sinks[endpoint].attempts
            if attempt.parcel.type == "message.received"
        ]

    async def _disabled(self, state: EndpointState) -> None:
        event = endpoint_disabled(state, self.clock.now())
        postings = plan([event], Directory(self.endpoints))
        await self.store.post(Fence(), postings)
        self.courier.wake({each for posting in postings for each in posting.endpoints})


@asynccontextmanager
async def whole(
    spool: Path, *, tempo: Tempo | None = None, **sinks: ScriptedSink
) -> AsyncIterator[Whole]:
    """Run an engine whose account is connected and whose INBOX is empty."""
    it = Whole({EndpointId(name): sink for name, sink in sinks.items()}, spool, tempo)
    await it.start()
    try:
        yield it
        assert it.courier.crash is None
        assert it.supervisor.crash is None
    finally:
        await it.stop()
