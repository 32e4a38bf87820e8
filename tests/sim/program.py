"""The whole engine as one part, joined as ``vedette.app.engine`` joins it.

Only what ``app`` itself fills from the outside is simulated: the dialer, the store, the reader,
the sinks, the clock and the dice. Every other line is the product's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from tests.sim.store import SimulatedStore
from vedette.app.engine import CAREFUL
from vedette.app.guards.desk import GuardDesk
from vedette.engine.assignment import Assignment
from vedette.engine.courier import Courier
from vedette.engine.guarding import Guarding
from vedette.engine.lane import Tempo as LaneTempo
from vedette.engine.part import Part
from vedette.engine.supervisor import Supervisor
from vedette.engine.world import World
from vedette.errors import StoreError, UsageError
from vedette.model.account import Health
from vedette.model.delivery import Endpoint, EndpointState
from vedette.model.ids import AccountId, ActionId, EndpointId
from vedette.outbox.directory import Directory
from vedette.outbox.occurrence import endpoint_disabled
from vedette.outbox.selection import plan
from vedette.ports.clock import Clock, Dice
from vedette.ports.link import Dialer
from vedette.ports.reader import Reader
from vedette.ports.sink import Sink
from vedette.ports.store import Fence
from vedette.sync.cadence import Tempo


class Program(Part):
    """One run of the service. ``make_sink`` gives each endpoint its way out."""

    def __init__(
        self,
        *,
        dialer: Dialer,
        store: SimulatedStore,
        reader: Reader,
        clock: Clock,
        dice: Dice,
        spool: str,
        sinks: Mapping[EndpointId, tuple[Endpoint, Sink]],
        assignments: Callable[[], Iterable[Assignment]],
        tempo: Tempo,
        lanes: LaneTempo,
        ended_well: bool,
        guards: Guarding,
    ) -> None:
        super().__init__("engine")
        self.store = store
        self._dialer = dialer
        self._reader = reader
        self._clock = clock
        self._dice = dice
        self._spool = spool
        self._sinks = sinks
        self._endpoints: dict[EndpointId, Endpoint] = {}
        self._assignments = assignments
        self._tempo = tempo
        self._ended_well = ended_well
        self._guards = guards
        self.courier = Courier(
            store,
            {},
            clock,
            dice,
            on_disabled=self._disabled,
            tempo=lanes,
            on_crash=self._crashed,
        )
        self.supervisor: Supervisor | None = None
        self._applying = asyncio.Lock()

    @property
    def healths(self) -> list[Health]:
        """How every watched account is doing."""
        return [] if self.supervisor is None else self.supervisor.healths

    async def apply(self) -> None:
        """Go over to the settings as they are now; one reload at a time, as ``app.run`` has it."""
        async with self._applying:
            await self._apply()

    async def undo(self, action: ActionId) -> None:
        """Ask that an action be taken back, as a person does; the disk may refuse to note it."""
        desk = GuardDesk(self.store, self._clock, attend=self._attend, sweep=self.sweep)
        # Meanwhile it may have been taken back by somebody else.
        with suppress(UsageError, StoreError):
            await desk.undo([action])

    def sweep(self, account: AccountId | None = None) -> int:
        """Let accounts look at the mail that is there already; return how many there are."""
        return 0 if self.supervisor is None else self.supervisor.attend(account, sweep=True)

    def _attend(self, account: AccountId) -> None:
        if self.supervisor is not None:
            self.supervisor.attend(account)

    async def _apply(self) -> None:
        for endpoint, sink in self._sinks.values():
            if endpoint.id not in self._endpoints:
                await self.courier.add(endpoint, sink)
                self._endpoints[endpoint.id] = endpoint
        if self.supervisor is not None:
            await self.supervisor.assign(self._assignments())

    async def _open(self) -> None:
        await self.store.start()
        await self.courier.start()
        world = World(
            dialer=self._dialer,
            store=self.store,
            reader=self._reader,
            clock=self._clock,
            dice=self._dice,
            endpoints=self._known,
            wake=self._wake,
            promises=self.courier.promises,
            spool=self._spool,
            tempo=self._tempo,
            careful_until=0.0 if self._ended_well else self._clock.now() + CAREFUL,
            guards=self._guards,
            journal=self.store,
        )
        self.supervisor = Supervisor(world, on_crash=self._crashed)
        await self.supervisor.start()
        await self.apply()

    async def _close(self) -> None:
        if self.supervisor is not None:
            await self.supervisor.stop()
        await self.courier.stop()
        await self.store.stop()

    def _known(self) -> Directory:
        return Directory(self._endpoints.values())

    def _wake(self, endpoints: Iterable[EndpointId]) -> None:
        # The engine hands a set over; its order is not the same in every run.
        self.courier.wake(sorted(endpoints))

    async def _disabled(self, state: EndpointState) -> None:
        event = endpoint_disabled(state, self._clock.now())
        postings = plan([event], self._known())
        await self.store.post(Fence(), postings)
        self._wake({each for posting in postings for each in posting.endpoints})

    def _crashed(self, _part: Part, error: BaseException) -> None:
        if self.crash is None:
            self.crash = error
        self._over.set()
