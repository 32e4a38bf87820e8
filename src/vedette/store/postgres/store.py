"""The store on Postgres: the port's methods, each one transaction or a part of one.

It joins the rooms of this package and holds no SQL of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.errors import StoreError, StoreFullError
from vedette.model.account import Health
from vedette.model.cursor import FolderState
from vedette.model.delivery import EndpointState, Parcel, Posting, Settlement
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.audit import AuditEntry
from vedette.ports.backlog import Backlog
from vedette.ports.clock import Clock
from vedette.ports.store import (
    Commit,
    DeliveryQuery,
    EventQuery,
    Fence,
    StoredDelivery,
    StoredEvent,
    Survey,
    Verdict,
)
from vedette.ports.tail import Spot, Stretch, TailQuery
from vedette.secret import Secret
from vedette.store.arrivals import Arrivals
from vedette.store.notes import Notebook
from vedette.store.postgres import accounts, deliveries, folders, group, history, postings
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.counting import PostgresCounts
from vedette.store.postgres.group import Ask, Notes, Post, Step, Written
from vedette.store.postgres.journaling import PostgresJournal
from vedette.store.postgres.numbers import day_of
from vedette.store.postgres.partitions import Partitions
from vedette.store.postgres.pruning import Pruner
from vedette.store.postgres.recording import PostgresRecords
from vedette.store.postgres.rounds import Rounds
from vedette.store.postgres.schema import STEPS, migrate, version
from vedette.store.postgres.tail import end, tail
from vedette.store.postgres.transaction import Transactions
from vedette.store.postgres.trust import PostgresTrust
from vedette.store.postgres.writer import Writer

#: Seconds for which the first cursor of a folder waits for others to be written with.
TOGETHER: Final = 0.01

#: Seconds a note may wait for company: half of the second that the port promises.
NOTE: Final = 0.5

_Settlements = tuple[Settlement, ...]


class PostgresStore(PostgresJournal, PostgresTrust):
    """``vedette.ports.store.Store``, and every other port of state, in one database of many owners.

    ``instance`` names who this is among those that share the database: what it had claimed when
    it went is due again when one of the same name starts. ``clock`` dates the identity keys, which
    come without an instant of their own. ``on_audit`` is told of each entry of the audit once it
    is on disk, and ``on_due`` every few seconds of endpoints that something is due at, whoever
    committed it. ``migrates`` says whether a start may bring the database to the newest shape.

    The fence of an installation of one owner, shard 0 and epoch 0, stands from the first start on:
    the shape comes with its row.
    """

    def __init__(
        self,
        url: Secret[str],
        clock: Clock,
        *,
        instance: str,
        on_audit: Callable[[AuditEntry], None] = lambda _entry: None,
        on_due: Callable[[Sequence[EndpointId]], None] = lambda _endpoints: None,
        migrates: bool = True,
    ) -> None:
        self._on_audit = on_audit
        self._clock = clock
        self._instance = instance
        self._migrates = migrates
        self._notes = Notebook()
        self._arrivals = Arrivals()
        self._noting: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._transactions = Transactions(url)
        self._partitions = Partitions(self._transactions)
        self._pruner = Pruner(self._transactions, self._partitions, clock)
        self.records = PostgresRecords(self._transactions, url, clock, on_audit)
        self.counts = PostgresCounts(self._transactions)
        self._writer: Writer[Ask, Written] = Writer(
            self._transactions,
            partial(group.write, instance=instance),
            name="store",
            place=group.place,
            weight=group.weight,
            ready=self._ready,
        )
        self._rounds = Rounds(self._transactions, clock, on_due, instance=instance)
        # Apart, so that no commit waits for lanes of accounts that are another's.
        self._settler: Writer[_Settlements, None] = Writer(
            self._transactions,
            self._settle,
            name="store, settling",
            # What a crash of the database undoes is sent again, as after a crash before this.
            lasting=False,
        )

    async def start(self) -> None:
        """Connect, migrate, and take up again what this instance held."""
        await self._transactions.start()
        try:
            await self._transactions.ask(self._shape)
            await self.records.start()
            await self._partitions.make_ahead(day_of(self._clock.now()))
            await self._begin()
            crashpoint(Crashpoint.LEASES_RELEASED)
        except BaseException:
            await self._transactions.stop()
            raise
        await self._writer.start()
        await self._settler.start()
        self._rounds.start()
        if self._notes.pages():
            self._note()

    async def stop(self) -> None:
        """Write what was accepted, give back what is claimed, then disconnect. Idempotent."""
        if self._noting is not None:
            self._noting.cancel()
            self._noting = None
        await self._rounds.stop()
        await self.records.stop()
        # A database that is gone keeps no one from ending; what it did not take, it never had.
        for last in (self._flush, self._settler.stop, self._writer.stop, self._give_back):
            with suppress(StoreError):
                await last()
        await self._transactions.stop()

    async def _shape(self, connection: Connection) -> None:
        if self._migrates:
            await migrate(connection)
        elif await version(connection) < len(STEPS):
            raise StoreError(
                f"{self._transactions.where} has an older shape: run vedette migrate first"
            )

    async def _begin(self) -> None:
        work = partial(deliveries.begin, instance=self._instance, now=self._clock.now())
        # A full disk must not keep us from watching: the leases end by themselves.
        with suppress(StoreFullError):
            await self._transactions.run(work)

    async def _give_back(self) -> None:
        work = partial(deliveries.release, instance=self._instance, now=self._clock.now())
        await self._transactions.run(work, lasting=False)

    async def _ready(self, asks: Sequence[Ask]) -> None:
        """Have a partition for each day that is written to."""
        await self._have({day_of(time) for ask in asks for time in group.instants(ask)})

    async def _have(self, days: set[int]) -> None:
        await self._partitions.make(days, today=day_of(self._clock.now()))

    def fault(self) -> StoreError | None:
        """Return why nothing could be written a moment ago, if nothing was since."""
        return self._transactions.fault.standing()

    async def folders(self, account: AccountId) -> list[FolderState]:
        """Return what is known of an account's folders, by path."""
        return await self._transactions.view(partial(folders.states, account=account))

    async def commit(self, commit: Commit) -> Verdict:
        """Write one step of a folder."""
        # Without these it only says where a folder is watched from: nobody waits for that.
        in_haste = bool(commit.postings or commit.actions)
        written = await self._writer.run(
            Step(commit=commit, now=self._clock.now()),
            patience=0.0 if in_haste else TOGETHER,
            done=Written.tell,
        )
        if commit.postings:
            self._arrivals.tell()
        return written.verdict

    async def post(
        self, fence: Fence, postings: Sequence[Posting], *, patience: float = 0.0
    ) -> Verdict:
        """Write events that move no cursor."""
        ask = Post(fence=fence, postings=tuple(postings))
        written = await self._writer.run(ask, patience=patience)
        self._arrivals.tell()
        return written.verdict

    async def forget_folder(self, account: AccountId, folder: bytes) -> None:
        """Drop the cursor, gaps and readings of a folder."""
        await self._transactions.run(partial(folders.forget, account=account, folder=folder))

    async def known(self, account: AccountId, keys: Sequence[bytes]) -> frozenset[bytes]:
        """Return those identity keys that were already delivered."""
        return await self._transactions.ask(
            partial(folders.known, account=account, keys=tuple(keys))
        )

    async def stored(self, events: Sequence[EventId]) -> frozenset[EventId]:
        """Return those of the ids that are stored as events."""
        return await self._transactions.ask(partial(postings.stored, events=tuple(events)))

    async def begin_read(
        self, account: AccountId, folder: bytes, uid_validity: int, uid: int
    ) -> int:
        """Count one more start of reading a message."""
        work = partial(
            folders.begin_read, account=account, folder=folder, uid_validity=uid_validity, uid=uid
        )
        return await self._transactions.run(work)

    async def end_read(
        self, account: AccountId, folder: bytes, uid_validity: int, uid: int
    ) -> None:
        """Forget the starts of reading a message."""
        work = partial(
            folders.end_read, account=account, folder=folder, uid_validity=uid_validity, uid=uid
        )
        await self._transactions.run(work)

    async def note(self, health: Health) -> None:
        """Remember an account's health: at once in memory, on disk within a second."""
        accounts.check(health)
        if self._notes.put(health):
            self._note()

    def _note(self) -> None:
        if self._noting is None:
            loop = asyncio.get_running_loop()
            self._noting = loop.call_later(NOTE, self._begin_flush)

    def _begin_flush(self) -> None:
        self._noting = None
        self._flushing = asyncio.create_task(self._flush_later(), name="store, notes")

    async def _flush_later(self) -> None:
        # Notes that could not be written stay in the book and try again.
        with suppress(StoreError):
            await self._flush()
        if self._notes.pages():
            self._note()

    async def _flush(self) -> None:
        pages = self._notes.pages()
        if pages:
            await self._writer.run(Notes(pages=pages))
            self._notes.written(pages)

    async def healths(self) -> list[Health]:
        """Return the health of every account, by its id."""
        return self._notes.over(await self._transactions.ask(accounts.healths))

    async def claim(
        self, endpoint: EndpointId, *, ordered: bool, limit: int, now: float, lease: float
    ) -> list[Parcel]:
        """Take deliveries that are due."""
        work = partial(
            deliveries.claim,
            endpoint=endpoint,
            ordered=ordered,
            limit=limit,
            now=now,
            lease=lease,
            instance=self._instance,
        )
        # A claim that a crash of the database undoes is made again, by whomever.
        return await self._transactions.run(work, lasting=False)

    async def next_due(self, endpoint: EndpointId, *, ordered: bool = False) -> float | None:
        """Return the instant of the next delivery that ``claim`` could take."""
        return await self._transactions.ask(
            partial(deliveries.next_due, endpoint=endpoint, ordered=ordered)
        )

    async def backlog(self) -> Backlog:
        """Look at what waits to be delivered, at any instance."""
        return await self._transactions.ask(deliveries.backlog)

    async def settle(self, settlements: Sequence[Settlement], *, patience: float = 0.0) -> None:
        """Write what came of claimed deliveries."""
        await self._settler.run(tuple(settlements), patience=patience)

    async def _settle(
        self, connection: Connection, asks: Sequence[tuple[Settlement, ...]]
    ) -> list[None]:
        await deliveries.settle(
            connection,
            [settlement for ask in asks for settlement in ask],
            instance=self._instance,
            now=self._clock.now(),
        )
        return [None] * len(asks)

    async def redate(self, endpoints: Sequence[EndpointId], *, seconds: float, now: float) -> None:
        """Move the instants of deliveries that are due after ``now``."""
        work = partial(
            deliveries.redate,
            endpoints=tuple(endpoints),
            seconds=seconds,
            now=now,
            instance=self._instance,
        )
        await self._transactions.run(work)

    async def endpoint_state(self, endpoint: EndpointId) -> EndpointState:
        """Return how an endpoint is doing."""
        return await self._transactions.ask(partial(accounts.endpoint, id_=endpoint))

    async def note_endpoint(self, state: EndpointState) -> None:
        """Remember how an endpoint is doing."""
        await self._transactions.run(partial(accounts.put_endpoint, state=state))

    async def events(self, query: EventQuery) -> list[StoredEvent]:
        """Return stored events, newest first."""
        return await self._transactions.view(partial(history.events, query=query))

    async def tail(self, query: TailQuery) -> Stretch:
        """Look along the events behind a spot that nothing can come before any more."""
        return await self._transactions.ask(partial(tail, query=query))

    async def tail_end(self) -> Spot:
        """Return the spot below every transaction that is open."""
        return await self._transactions.ask(end)

    @property
    def arrivals(self) -> int:
        """How often events were committed at this instance."""
        return self._arrivals.count

    async def arrived(self, after: int) -> None:
        """Return when events were committed here more often than that, or after a second."""
        await self._arrivals.wait(after)

    async def replay(self, query: EventQuery, endpoints: Sequence[EndpointId], now: float) -> int:
        """Queue stored events again."""
        await self._have({day_of(now)})
        work = partial(
            history.replay,
            query=query,
            endpoints=tuple(endpoints),
            now=now,
            instance=self._instance,
        )
        return await self._transactions.run(work)

    async def survey(self, query: EventQuery, *, newest_first: bool) -> Survey:
        """Look at stored events until enough are found, or thousands were looked at."""
        return await self._transactions.view(
            partial(history.survey, query=query, newest_first=newest_first)
        )

    async def deliveries(self, query: DeliveryQuery) -> list[StoredDelivery]:
        """Return deliveries, those of the newest events first."""
        return await self._transactions.view(partial(history.deliveries, query=query))

    async def redrive(self, query: EventQuery, endpoint: EndpointId, now: float) -> int:
        """Queue the dead letters of an endpoint again."""
        await self._have({day_of(now)})
        work = partial(
            history.redrive, query=query, endpoint=endpoint, now=now, instance=self._instance
        )
        return await self._transactions.run(work)

    async def prune(self, *, events_before: float, seen_before: float, limit: int) -> int:
        """Drop days that are over, and delete identity keys in a bounded step."""
        return await self._pruner.prune(
            events_before=events_before, seen_before=seen_before, limit=limit
        )

    async def prune_tenants(self, before: Mapping[TenantId, float], *, limit: int) -> int:
        """Delete settled events of tenants that keep less, in a bounded step."""
        return await self._pruner.prune_tenants(before, limit=limit)
