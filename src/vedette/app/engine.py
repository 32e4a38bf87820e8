"""The whole service as one part: store, reader, courier and supervisor, in that order.

They start from the bottom up and stop from the top down: first no new mail,
then the deliveries in hand, then the state.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import structlog

from vedette.app.clock import SystemClock, dice
from vedette.app.cluster import HAND_OVER, Cluster, Divided
from vedette.app.control import Control
from vedette.app.descriptors import make_room
from vedette.app.enacting import Enacting
from vedette.app.granting import Granting
from vedette.app.guards.desk import GuardDesk
from vedette.app.guards.key import guard_key, prove
from vedette.app.guards.posting import Guards
from vedette.app.guards.seal import telling
from vedette.app.guards.trusting import State, Trusting
from vedette.app.hosts import Hosts
from vedette.app.housekeeping import Housekeeping
from vedette.app.memory import settle_allocator
from vedette.app.parking import Parking
from vedette.app.redelivery import Redelivery
from vedette.app.registered import Registered
from vedette.app.rotating import handlers as rotating
from vedette.app.run_marker import RunMarker
from vedette.app.scorers import Seating
from vedette.app.state import kept
from vedette.app.vault import Safe
from vedette.app.watchtower import Watchtower
from vedette.config.settings import Settings
from vedette.engine.assignment import Watching
from vedette.engine.courier import Courier
from vedette.engine.guarding import Guarding
from vedette.engine.panel import Panel
from vedette.engine.part import Part
from vedette.engine.spool import emptied
from vedette.engine.supervisor import Supervisor
from vedette.engine.tenure import COMMON, Sole
from vedette.engine.world import World
from vedette.errors import StoreError, VedetteError
from vedette.model.account import Health
from vedette.model.delivery import Endpoint, EndpointState
from vedette.model.ids import AccountId, ActionId, EndpointId
from vedette.net.dial import SocketDialer
from vedette.outbox.directory import Directory
from vedette.outbox.occurrence import endpoint_disabled
from vedette.outbox.selection import plan
from vedette.ports.sink import Sink
from vedette.ports.source import Source
from vedette.ports.store import Fence
from vedette.reader import MessageReader
from vedette.service.accounts.elsewhere import Elsewhere
from vedette.turnstile import Turnstile

_log = structlog.stdlib.get_logger(__name__)

#: Seconds after which a busy thread lets another one in. The store's writer would else wait
#: 5 ms for each statement while the loop is busy: one commit took up to 257 ms, now 5 to 11.
SWITCH = 0.0005

#: After a run that ended without a word, messages are read in another process for so long (M5).
CAREFUL = 600.0


class Engine(Part):
    """A running Vedette. ``extra`` sinks stand beside those of the settings (a live view)."""

    def __init__(
        self,
        settings: Settings,
        *,
        extra: Mapping[EndpointId, tuple[Endpoint, Sink]] | None = None,
        sources: Sequence[Source] = (),
        on_failure: Callable[[AccountId, VedetteError], None] = lambda _account, _error: None,
        on_connected: Callable[[AccountId], None] = lambda _account: None,
    ) -> None:
        super().__init__("engine")
        self.settings = settings
        self.clock = SystemClock()
        self._key = partial(guard_key, settings.shared or settings.state)
        self.store = self._state()
        #: The other instances on the same state, where there may be any.
        self.cluster = self._others()
        self._fence = Fence() if self.cluster is None else COMMON
        self._extra = dict(extra or {})
        self._marker = RunMarker(settings.state)
        self._reader = MessageReader()
        self._on_failure = on_failure
        self._on_connected = on_connected
        self.courier = self._couriered()
        #: Which guards stand where.
        self.guards = Guarding()
        self._panel = Panel()
        self._seating = Seating(self._panel)
        self.supervisor: Supervisor | None = None
        self.tower = self._watchtower()
        self._trust = self._trusting()
        self._desk = self._guarded()
        #: What was delivered, or given up, once more.
        self.redelivery = Redelivery(self.store, self.courier, self.clock, endpoints=self.endpoints)
        self.vault = Safe(settings, self.store, self.clock)
        #: What people ask of guards, by the names of its commands.
        self.desk = {**self._desk.handlers, **self._trust.desk.handlers}
        handlers = {**self.redelivery.handlers, **self.desk, **rotating(self.vault)}
        self._control = Control(settings.state, handlers)
        self._posting = self._guards()
        self._enacting = self._enacted()
        #: The accounts that others keep: in the file, in tables of hosts.
        self.elsewhere = Elsewhere()
        self.hosts = self._hosted(sources)
        self.registered = self._followed()
        known = self.store.records, self.vault, self.clock
        self.granting = Granting(
            self.registered, *known, settings.instance, handover=self.hosts, on_crash=self._crashed
        )
        self._parking = Parking(*known, on_crash=self._crashed)
        self._housekeeping = Housekeeping(self.store, self.clock, settings.retention, self.vault)

    def _state(self) -> State:
        return kept(
            self.settings,
            self.clock,
            on_distrust=self._distrusted,
            on_audit=telling(self._key),
            on_due=self._due,
        )

    def _couriered(self) -> Courier:
        return Courier(
            self.store,
            self._extra,
            self.clock,
            dice,
            on_disabled=self._disabled,
            on_crash=self._crashed,
        )

    def _hosted(self, beside: Sequence[Source]) -> Hosts:
        return Hosts(
            self.settings.sources,
            self.clock,
            dice,
            beside=beside,
            healths=lambda: self.healths,
            on_crash=self._crashed,
        )

    def _others(self) -> Cluster | None:
        store = self.settings.store
        return None if store is None else Cluster(store, self.settings, on_crash=self._crashed)

    def _watchtower(self) -> Watchtower:
        return Watchtower(
            self.store,
            self.clock,
            self._key,
            otlp=self.settings.otlp,
            instance=self.settings.instance,
            on_crash=self._crashed,
        )

    def _trusting(self) -> Trusting:
        return Trusting(
            self.store,
            self.guards,
            self.clock,
            key=self._key,
            prove=partial(prove, self.settings.shared or self.settings.state, self.store),
            endpoints=self.endpoints,
            wake=self.courier.wake,
            again=self._enforced_anew,
            adopt=self._enforced_elsewhere,
            regate=self._regate,
            attend=self._attend,
            fence=self._fence,
        )

    def _guarded(self) -> GuardDesk:
        asks = self._trust.desk.holds
        return GuardDesk(self.store, self.clock, attend=self._attend, sweep=self._sweep, holds=asks)

    def _guards(self) -> Guards:
        return Guards(
            self.guards,
            state=self.settings.state,
            clock=self.clock,
            dice=dice,
            key=self._key,
            on_posted=self._attend,
            in_force=self._trust.in_force,
        )

    def _enacted(self) -> Enacting:
        return Enacting(
            self.courier,
            self._posting,
            self._trust,
            self._seating,
            self.clock,
            extra=[endpoint for endpoint, _ in self._extra.values()],
        )

    def _followed(self) -> Registered:
        """Return what follows all that is set through the API, and in tables of hosts."""
        return Registered(
            self.store,
            self.vault,
            self._enacting,
            elsewhere=self.elsewhere,
            sources=self.hosts.followed,
            on_crash=self._crashed,
        )

    @property
    def healths(self) -> list[Health]:
        """How every account is doing that is this instance's."""
        return [] if self.supervisor is None else self.supervisor.healths

    def endpoints(self) -> Directory:
        """Return the endpoints that exist now."""
        return self._enacting.endpoints()

    async def apply(self, settings: Settings) -> None:
        """Go over to new settings, touching only what changed.

        Raises SinkError when an endpoint can not be built: what was done stays; and SecretError.
        """
        if (settings.state, settings.store) != (self.settings.state, self.settings.store):
            _log.warning("settings.state_kept", state=str(self.settings.state))
            settings = replace(settings, state=self.settings.state, store=self.settings.store)
        await self.vault.heed(settings)
        self.settings = settings
        if await self.hosts.apply(settings.sources):
            await self.registered.follow(self.hosts.followed)
        await self._enacting.apply(settings, self.registered.filed(settings.accounts))
        _log.info(
            "settings.applied",
            accounts=len(settings.accounts),
            endpoints=len(settings.endpoints),
            guards=len(settings.guards),
            sources=len(settings.sources),
        )

    async def drain(self) -> None:
        """Hand every mailbox over to the other instances, where there are any, before the stop."""
        if self.cluster is not None and self.started:
            await self.cluster.owner.drain(HAND_OVER)

    async def undo(self, action: ActionId) -> None:
        """Have what a guard did taken back. Raises UsageError when there is nothing to take back."""
        await self._desk.undo([action])

    async def _open(self) -> None:
        settle_allocator()
        make_room()
        sys.setswitchinterval(SWITCH)
        if self.cluster is not None:
            self.cluster.hold()
        await self.store.start()
        await self.vault.heed(self.settings)  # before any session: it has their passwords
        ended_well = self._marker.begin()
        await self._reader.start()
        await self.courier.start()
        world = self._world(careful=not ended_well)
        self.supervisor = Supervisor(world, rate=self.settings.logins, on_crash=self._crashed)
        await self.supervisor.start()
        for keeper in (self._housekeeping, self._parking, self.granting):
            await keeper.start()
        await self.tower.attach(self.supervisor)
        self._enacting.attach(self._watching(self.supervisor), self._regate)
        await self.hosts.start()
        # Before the file is gone over to: what is registered must not look as if it were gone.
        await self.registered.load()
        await self.apply(self.settings)
        if self.cluster is not None:
            await self.cluster.start()
        # Not before it is known what guards are held to: a wish must not slip in between.
        await self._control.start()
        for part in (self._posting, self._seating, self._trust, self.registered):
            await part.start()

    def _world(self, *, careful: bool) -> World:
        turnstile = Turnstile()
        return World(
            dialer=SocketDialer(turnstile=turnstile),
            store=self.store,
            reader=self._reader,
            clock=self.clock,
            dice=dice,
            endpoints=self.endpoints,
            wake=self.courier.wake,
            promises=self.courier.promises,
            spool=str(emptied(self.settings.state / "spool")),
            tempo=self.settings.tempo,
            on_failure=self._failed,
            on_connected=self._connected,
            careful_until=self.clock.now() + CAREFUL if careful else 0.0,
            guards=self.guards,
            journal=self.store,
            audits=self.tower.audits,
            canaries=self.tower.canaries,
            panel=self._panel,
            tokens=self.granting,
            counts=self.store.counts,
            on_parked=self._parking.take,
            turnstile=turnstile,
            tenure=Sole() if self.cluster is None else self.cluster.owner,
        )

    async def _close(self) -> None:
        for part in (self._control, self.registered, self.hosts, self._trust, self._posting):
            await part.stop()
        for keeper in (self._parking, self._housekeeping, self.tower):
            await keeper.stop()
        if self.cluster is not None:
            await self.cluster.stop()
        if self.supervisor is not None:
            await self.supervisor.stop()
        for last in (self.granting, self._seating, self.courier):
            await last.stop()
        await self._reader.stop()
        await self.store.stop()
        self._marker.end()
        if self.cluster is not None:
            self.cluster.release()

    def _watching(self, supervisor: Supervisor) -> Watching:
        """Return who is told what is to be watched."""
        if self.cluster is None:
            return supervisor
        self.cluster.owner.attach(Divided(supervisor, self.courier))
        return self.cluster.owner

    def _due(self, endpoints: Sequence[EndpointId]) -> None:
        self.courier.wake(endpoints)

    async def _disabled(self, state: EndpointState) -> None:
        event = endpoint_disabled(state, self.clock.now())
        postings = plan([event], self.endpoints())
        await self.store.post(self._fence, postings)
        self.courier.wake({each for posting in postings for each in posting.endpoints})

    def _attend(self, account: AccountId | None = None) -> None:
        """Let accounts look at once into what guards left to do."""
        if self.supervisor is not None:
            self.supervisor.attend(account)

    async def _enforced_anew(self) -> None:
        """Go over to what is in force of what is set now that a loosening is due."""
        await self._enacting.anew()

    async def _enforced_elsewhere(self) -> None:
        """Go over to what another instance enforces."""
        await self._enacting.elsewhere()

    async def _regate(self) -> None:
        """Read the accounts that may be read now, and no others."""
        if self.supervisor is not None:
            await self.supervisor.regate()

    def _sweep(self, account: AccountId | None) -> int:
        """Have guards look at mail that is there already; return of how many accounts."""
        return 0 if self.supervisor is None else self.supervisor.attend(account, sweep=True)

    def _failed(self, account: AccountId, error: VedetteError) -> None:
        self.hosts.failed(account, error)
        self._on_failure(account, error)

    def _connected(self, account: AccountId) -> None:
        """Log every connect: a state that is as before a restart is no event of its own."""
        _log.info("account.watched", account=account)
        self.hosts.connected(account)
        self._on_connected(account)

    def _crashed(self, part: Part, error: BaseException) -> None:
        """Take the service down when a part has a defect: whoever runs us starts it anew."""
        self._end_with(error, part=part.name)

    def _distrusted(self, error: StoreError) -> None:
        """Take the service down when the disk failed to sync: a new process asks the disk anew.

        This one can not: the kernel may have dropped what it could not write, and would say
        "done" to the next sync.
        """
        self._end_with(error, part="store")

    def _end_with(self, error: BaseException, *, part: str) -> None:
        if self.crash is None:
            self.crash = error
        _log.error("engine.crashed", part=part, error=str(error))
        self._over.set()
