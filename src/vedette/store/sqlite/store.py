"""The store on SQLite: the port's methods, each one job for the writer's thread.

It joins the rooms of this package and holds no SQL of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

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
from vedette.store.arrivals import Arrivals
from vedette.store.handed import Handed
from vedette.store.notes import Notebook
from vedette.store.rows.health import check
from vedette.store.sqlite import accounts, deliveries, folders, history, pruning
from vedette.store.sqlite.connection import open_writer
from vedette.store.sqlite.counting import SqliteCounts
from vedette.store.sqlite.journaling import SqliteJournal
from vedette.store.sqlite.place import Place
from vedette.store.sqlite.postings import post, stored
from vedette.store.sqlite.recording import SqliteRecords
from vedette.store.sqlite.schema import migrate
from vedette.store.sqlite.tail import end, tail
from vedette.store.sqlite.trust import SqliteTrust
from vedette.store.sqlite.writer import Writer

#: Seconds for which the first cursor of a folder waits for others to be written with: of a storm
#: of logins some go together then, in one transaction and one handover between the threads.
TOGETHER = 0.01


class SqliteStore(SqliteJournal, SqliteTrust):
    """``vedette.ports.store.Store``, and every other port of state, in one folder of one machine.

    ``records`` is what people set through the API, the port of that name; ``counts`` is what came of
    holding folders against the ledger.

    ``clock`` dates the identity keys, which come without an instant of their own.
    ``on_distrust`` is called when the disk failed to sync: the store stays shut then,
    and whoever owns it should end the process. ``on_audit`` is told of each entry of the audit
    once it is on disk.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        on_distrust: Callable[[StoreError], None] = lambda _error: None,
        on_audit: Callable[[AuditEntry], None] = lambda _entry: None,
    ) -> None:
        self._on_audit = on_audit
        self._place = Place(folder)
        self._clock = clock
        self._notes = Notebook()
        self._arrivals = Arrivals()
        self._writer = Writer(self._open, folder, self._notes, on_distrust=on_distrust)
        self.records = SqliteRecords(self._writer, clock, on_audit)
        self.counts = SqliteCounts(self._writer)

    def _open(self) -> sqlite3.Connection:
        connection = open_writer(self._place.database)
        try:
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    async def start(self) -> None:
        """Open, migrate, take the single-writer lock, and take over from the owner before."""
        self._place.take()
        try:
            await self._writer.start()
            await self._begin()
            crashpoint(Crashpoint.LEASES_RELEASED)
        except BaseException:
            await self._writer.stop()
            self._place.release()
            raise

    async def stop(self) -> None:
        """Write what was accepted, then close. Idempotent."""
        # It only spares a wait after a clock that is set back; a claim remembered it before.
        with suppress(StoreError):
            read = partial(deliveries.read_clock, now=self._clock.now())
            await self._writer.run(read, writes=True, lasting=False)
        await self._writer.stop()
        self._place.release()

    async def _begin(self) -> None:
        # A full disk must not keep us from watching: the leases end by themselves.
        with suppress(StoreFullError):
            await self._writer.run(partial(deliveries.begin, now=self._clock.now()), writes=True)

    def fault(self) -> StoreError | None:
        """Return why nothing could be written a moment ago, if nothing was since."""
        return self._writer.fault.standing()

    async def folders(self, account: AccountId) -> list[FolderState]:
        """Return what is known of an account's folders, by path."""
        return await self._writer.run(partial(folders.states, account=account), writes=False)

    async def commit(self, commit: Commit) -> Verdict:
        """Write one step of a folder."""
        handed = Handed(commit.takers)
        work = partial(folders.commit, step=commit, now=self._clock.now(), handed=handed)
        # Without these it only says where a folder is watched from: nobody waits for that.
        in_haste = bool(commit.postings or commit.actions)
        verdict = await self._writer.run(
            work,
            writes=True,
            in_haste=in_haste,
            patience=0.0 if in_haste else TOGETHER,
            done=handed.tell,
        )
        if commit.postings:
            self._arrivals.tell()
        return verdict

    async def post(
        self, fence: Fence, postings: Sequence[Posting], *, patience: float = 0.0
    ) -> Verdict:
        """Write events that move no cursor."""
        work = partial(post, fence=fence, postings=tuple(postings))
        verdict = await self._writer.run(work, writes=True, patience=patience)
        self._arrivals.tell()
        return verdict

    async def forget_folder(self, account: AccountId, folder: bytes) -> None:
        """Drop the cursor, gaps and readings of a folder."""
        await self._writer.run(partial(folders.forget, account=account, folder=folder), writes=True)

    async def known(self, account: AccountId, keys: Sequence[bytes]) -> frozenset[bytes]:
        """Return those identity keys that were already delivered."""
        return await self._writer.run(
            partial(folders.known, account=account, keys=tuple(keys)), writes=False
        )

    async def stored(self, events: Sequence[EventId]) -> frozenset[EventId]:
        """Return those of the ids that are stored as events."""
        return await self._writer.run(partial(stored, events=tuple(events)), writes=False)

    async def begin_read(
        self, account: AccountId, folder: bytes, uid_validity: int, uid: int
    ) -> int:
        """Count one more start of reading a message."""
        return await self._writer.run(
            partial(
                folders.begin_read,
                account=account,
                folder=folder,
                uid_validity=uid_validity,
                uid=uid,
            ),
            writes=True,
        )

    async def end_read(
        self, account: AccountId, folder: bytes, uid_validity: int, uid: int
    ) -> None:
        """Forget the starts of reading a message."""
        await self._writer.run(
            partial(
                folders.end_read,
                account=account,
                folder=folder,
                uid_validity=uid_validity,
                uid=uid,
            ),
            writes=True,
        )

    async def note(self, health: Health) -> None:
        """Remember an account's health: at once in memory, on disk within a second."""
        check(health)
        if self._notes.put(health):
            self._writer.note()

    async def healths(self) -> list[Health]:
        """Return the health of every account, by its id."""
        return self._notes.over(await self._writer.run(accounts.healths, writes=False))

    async def claim(
        self, endpoint: EndpointId, *, ordered: bool, limit: int, now: float, lease: float
    ) -> list[Parcel]:
        """Take deliveries that are due."""
        return await self._writer.run(
            partial(
                deliveries.claim,
                endpoint=endpoint,
                ordered=ordered,
                limit=limit,
                now=now,
                lease=lease,
            ),
            writes=True,
            # A claim that a loss of power undoes is made again by whoever starts next, as all are.
            lasting=False,
        )

    async def next_due(self, endpoint: EndpointId, *, ordered: bool = False) -> float | None:
        """Return the instant of the next delivery that ``claim`` could take."""
        return await self._writer.run(
            partial(deliveries.next_due, endpoint=endpoint, ordered=ordered), writes=False
        )

    async def backlog(self) -> Backlog:
        """Look at what waits to be delivered."""
        return await self._writer.run(deliveries.backlog, writes=False)

    async def settle(self, settlements: Sequence[Settlement], *, patience: float = 0.0) -> None:
        """Write what came of claimed deliveries."""
        await self._writer.run(
            partial(deliveries.settle, settlements=tuple(settlements), now=self._clock.now()),
            writes=True,
            # What a loss of power undoes is sent again, as after a crash before this.
            lasting=False,
            patience=patience,
        )

    async def redate(self, endpoints: Sequence[EndpointId], *, seconds: float, now: float) -> None:
        """Move the instants of deliveries that are due after ``now``."""
        await self._writer.run(
            partial(deliveries.redate, endpoints=tuple(endpoints), seconds=seconds, now=now),
            writes=True,
        )

    async def endpoint_state(self, endpoint: EndpointId) -> EndpointState:
        """Return how an endpoint is doing."""
        return await self._writer.run(partial(accounts.endpoint, id_=endpoint), writes=False)

    async def note_endpoint(self, state: EndpointState) -> None:
        """Remember how an endpoint is doing."""
        await self._writer.run(partial(accounts.put_endpoint, state=state), writes=True)

    async def events(self, query: EventQuery) -> list[StoredEvent]:
        """Return stored events, newest first."""
        return await self._writer.run(partial(history.events, query=query), writes=False)

    async def tail(self, query: TailQuery) -> Stretch:
        """Look along the events behind a spot, in the order of their commits."""
        return await self._writer.run(partial(tail, query=query), writes=False)

    async def tail_end(self) -> Spot:
        """Return the spot behind all that is committed."""
        return await self._writer.run(end, writes=False)

    @property
    def arrivals(self) -> int:
        """How often events were committed."""
        return self._arrivals.count

    async def arrived(self, after: int) -> None:
        """Return when events were committed more often than that, or after a second."""
        await self._arrivals.wait(after)

    async def replay(self, query: EventQuery, endpoints: Sequence[EndpointId], now: float) -> int:
        """Queue stored events again."""
        return await self._writer.run(
            partial(history.replay, query=query, endpoints=tuple(endpoints), now=now), writes=True
        )

    async def survey(self, query: EventQuery, *, newest_first: bool) -> Survey:
        """Look at stored events until enough are found, or thousands were looked at."""
        work = partial(history.survey, query=query, newest_first=newest_first)
        return await self._writer.run(work, writes=False)

    async def deliveries(self, query: DeliveryQuery) -> list[StoredDelivery]:
        """Return deliveries, those of the newest events first."""
        return await self._writer.run(partial(history.deliveries, query=query), writes=False)

    async def redrive(self, query: EventQuery, endpoint: EndpointId, now: float) -> int:
        """Queue the dead letters of an endpoint again."""
        return await self._writer.run(
            partial(history.redrive, query=query, endpoint=endpoint, now=now), writes=True
        )

    async def prune_tenants(self, before: Mapping[TenantId, float], *, limit: int) -> int:
        """Delete settled events of tenants that keep less, in a bounded step."""
        work = partial(pruning.prune_tenants, before=dict(before), limit=limit)
        return await self._writer.run(work, writes=True)

    async def prune(self, *, events_before: float, seen_before: float, limit: int) -> int:
        """Delete old, settled events and identity keys in a bounded step."""
        return await self._writer.run(
            partial(
                history.prune, events_before=events_before, seen_before=seen_before, limit=limit
            ),
            writes=True,
        )
