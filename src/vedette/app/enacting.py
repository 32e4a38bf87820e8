"""Brings what is set into force: endpoints at the courier, guards at their posts, accounts watched.

What is set comes in layers (a file, tables of hosts, the API) and as changes; one is gone over to
at a time, and only what it is about is touched. The ratchet has its say on guards, and on the
accounts at which they stand. It must not know where any of it is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from vedette.app.guards.posting import Guards
from vedette.app.guards.protection import OvertakenError, insist
from vedette.app.guards.trusting import Trusting
from vedette.app.layers import FILE, Layers
from vedette.app.scorers import Seating
from vedette.app.sinks import build
from vedette.config.settings import AccountSettings, EndpointSettings, GuardSettings, Settings
from vedette.engine.assignment import Assignment, Watching
from vedette.engine.courier import Courier
from vedette.errors import SinkError
from vedette.model.delivery import Endpoint
from vedette.model.ids import AccountId, EndpointId
from vedette.outbox.directory import Directory
from vedette.ports.clock import Clock
from vedette.ports.records import Kind

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changed of one layer, by id; None: it is gone."""

    accounts: Mapping[AccountId, AccountSettings | None] = field(default_factory=dict)
    endpoints: Mapping[EndpointId, EndpointSettings | None] = field(default_factory=dict)
    guards: Mapping[str, GuardSettings | None] = field(default_factory=dict)


class Enacting:
    """Everything that is in force of what is set."""

    def __init__(
        self,
        courier: Courier,
        posting: Guards,
        trust: Trusting,
        seating: Seating,
        clock: Clock,
        *,
        extra: Sequence[Endpoint],
    ) -> None:
        self._courier = courier
        self._posting = posting
        self._trust = trust
        self._seating = seating
        self._clock = clock
        self._extra = tuple(extra)
        self._accounts: Layers[AccountId, AccountSettings] = Layers("account")
        self._endpoints: Layers[EndpointId, EndpointSettings] = Layers("endpoint")
        self._guards: Layers[str, GuardSettings] = Layers("guard")
        trust.look_up(self._endpoints.seen.get)
        #: Those that the courier has.
        self._running: dict[EndpointId, EndpointSettings] = {}
        #: Those of them that go on as they were, for a held guard's partner is told by them.
        self._kept: set[EndpointId] = set()
        #: Found again when it is asked for: thousands that change at once are one change.
        self._there: Directory | None = None
        self._settings: Settings | None = None
        self._watching: Watching | None = None
        self._regate: Callable[[], Awaitable[None]] | None = None
        #: One change at a time: a file that is read, a loosening that is due, a record.
        self._one = asyncio.Lock()

    def attach(self, watching: Watching, regate: Callable[[], Awaitable[None]]) -> None:
        """Say who watches, and who lets accounts be read or not."""
        self._watching, self._regate = watching, regate

    def account(self, id_: AccountId) -> AccountSettings | None:
        """Return an account as it is set; None where there is none."""
        return self._accounts.seen.get(id_)

    def endpoints(self) -> Directory:
        """Return the endpoints that exist now; asked for each event."""
        if self._there is None:
            running = (each.endpoint for each in self._running.values())
            self._there = Directory((*running, *self._extra))
        return self._there

    async def apply(
        self, settings: Settings, accounts: Mapping[AccountId, AccountSettings]
    ) -> None:
        """Go over to what a file says now; ``accounts`` are those of it, as they are to be watched.

        Raises SinkError when an endpoint of it can not be built; what was done stays.
        """
        async with self._one:
            self._settings = settings
            self._accounts.replace(FILE, accounts)
            self._guards.replace(FILE, {each.pack.name: each for each in settings.guards})
            wanted = {each.endpoint.id: each for each in settings.endpoints}
            self._endpoints.replace(FILE, wanted)
            await self._deliver(
                [each for each in self._running if each not in self._endpoints.seen]
            )
            await self._deliver(wanted)
            await self._deliver(self._endpoints.seen, forgives=True)
            await self._seat()
            await insist(self._go_over)

    def lay(self, layer: str, change: Change) -> None:
        """Take what a layer has before anything is in force: ``apply`` goes over to all of it."""
        self._accounts.change(layer, change.accounts)
        self._endpoints.change(layer, change.endpoints)
        self._guards.change(layer, change.guards)

    def laid(self, layer: str) -> dict[Kind, set[str]]:
        """Return the ids of what a layer has, by kind."""
        return {
            Kind.ACCOUNT: set[str](self._accounts.ids(layer)),
            Kind.ENDPOINT: set[str](self._endpoints.ids(layer)),
            Kind.GUARD: self._guards.ids(layer),
        }

    async def take(self, layer: str, change: Change) -> None:
        """Go over to what changed of a layer.

        Raises StoreError where the ratchet can not be asked; the same is to be taken again then.
        """
        async with self._one:
            self.lay(layer, change)
            await self._deliver(change.endpoints, forgives=True)
            if change.guards or self._trust.is_partner(change.endpoints):
                await self._seat()
                await insist(self._go_over)
            elif change.accounts:
                try:
                    await self._watch(change.accounts)
                except OvertakenError:
                    # What is enforced has to be read anew.
                    await insist(self._go_over)

    async def anew(self) -> None:
        """Go over to what is in force now that a loosening is due."""
        async with self._one:
            await insist(self._go_over)

    async def elsewhere(self) -> None:
        """Go over to what another instance enforces. Only what is set here asks for anything."""
        async with self._one:
            await self._posting.stand(await self._trust.adopted(self._posts()))
            await self._deliver(tuple(self._kept), forgives=True)
            await self._assign(self._trust.still_watched(tuple(self._accounts.seen.values())))

    def _posts(self) -> list[GuardSettings]:
        return list(self._guards.seen.values())

    async def _seat(self) -> None:
        if self._settings is not None:
            await self._seating.apply(replace(self._settings, guards=tuple(self._posts())))

    async def _go_over(self) -> None:
        """Post the guards and watch the accounts, as the ratchet lets it.

        Raises OvertakenError where another instance changed meanwhile what is enforced.
        """
        await self._posting.apply(self._posts())
        # What a partner was told by goes over to what it is now, where that may be.
        await self._deliver(tuple(self._kept), forgives=True)
        await self._assign(await self._trust.watched(tuple(self._accounts.seen.values())))

    async def _watch(self, touched: Collection[AccountId]) -> None:
        """Watch what changed, as guards that are held to accounts let it."""
        if self._watching is None:
            return
        seen = self._accounts.seen
        now = [each for id_ in touched if (each := seen.get(id_)) is not None]
        gone = [id_ for id_ in touched if id_ not in seen]
        if not self._trust.take(now, gone):
            now, gone = await self._trust.settled({id_: seen.get(id_) for id_ in touched})
        await self._watching.change(_assignments(now), gone)

    async def _assign(self, accounts: Sequence[AccountSettings]) -> None:
        if self._watching is not None:
            await self._watching.assign(_assignments(accounts))
        if self._regate is not None:
            await self._regate()

    async def _deliver(self, touched: Collection[EndpointId], *, forgives: bool = False) -> None:
        """Have the courier deliver to these endpoints as they are now.

        Raises SinkError for one that can not be built, unless it ``forgives`` that: the others go
        on, and so does this one as it was.
        """
        for id_ in touched:
            wanted, running = self._endpoints.seen.get(id_), self._running.get(id_)
            if wanted == running:
                self._kept.discard(id_)
                continue
            if running is not None and self._trust.keeps(id_, running, wanted):
                if id_ not in self._kept:
                    _log.warning("endpoint.held", endpoint=id_)
                self._kept.add(id_)
                continue
            self._kept.discard(id_)
            try:
                if wanted is None:
                    del self._running[id_]
                    await self._courier.remove(id_)
                else:
                    await self._courier.add(wanted.endpoint, build(wanted, self._clock))
                    self._running[id_] = wanted
            except SinkError as error:
                if not forgives:
                    raise
                _log.error("endpoint.refused", endpoint=id_, error=str(error))
            finally:
                self._there = None


def _assignments(accounts: Sequence[AccountSettings]) -> list[Assignment]:
    return [Assignment(account=each.account, target=each.target) for each in accounts]
