"""The store of one simulated process: a queue before a disk that has every fault of a disk.

What is asked for waits for the disk in one queue; a group of it is written whole or not at all,
as the real store does it. What was not written when the process died is gone; what was written
and not answered is there. The rows are those of the store in memory that passes the real one's
suite. It must not know what an event is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar

from tests.sim import process
from tests.sim.disk import Disk
from tests.sim.journal import SimulatedJournal
from tests.sim.telling import ABOUT_MESSAGES
from tests.sim.trust import SimulatedTrust
from tests.support.memory_store import MemoryStore
from vedette.crashpoint import Crashpoint, crashpoint
from vedette.errors import StoreError, StoreFullError
from vedette.model.account import Health
from vedette.model.cursor import FolderState
from vedette.model.delivery import EndpointState, Parcel, Posting, Settlement
from vedette.model.event import EventType
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.clock import Clock
from vedette.ports.store import (
    Commit,
    DeliveryQuery,
    EventQuery,
    Fence,
    StoredDelivery,
    StoredEvent,
    Survey,
    Taker,
    Verdict,
)
from vedette.store.rows.health import check

T = TypeVar("T")

#: As the real store has it: jobs of one group, and seconds that a note waits for company.
GROUP: Final = 200
NOTE: Final = 0.5


@dataclass(slots=True, kw_only=True, eq=False)
class _Job:
    work: Callable[[], Coroutine[Any, Any, Any]]
    writes: bool
    reply: asyncio.Future[Any]


class SimulatedStore(SimulatedJournal, SimulatedTrust):
    """``vedette.ports.store.Store``, and every other port of state, on a ``Disk``."""

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._rows = MemoryStore(clock, disk.rows)
        self._queue: deque[_Job] = deque()
        self._filled = asyncio.Event()
        self._patient: list[_Job] = []
        self._handed: list[Callable[[], None]] = []
        self._notes: dict[AccountId, Health] = {}
        self._noting: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._writer = asyncio.create_task(self._write_all(), name="store")
        # Opening releases what a dead owner had claimed; a full disk must not keep us from that.
        await self._rows.start()
        crashpoint(Crashpoint.LEASES_RELEASED)

    async def stop(self) -> None:
        if self._writer is None:
            return
        # What was asked for before is written before: the queue keeps its order.
        with suppress(StoreError):
            await self.healths()
        self._note()
        if self._noting is not None:
            self._noting.cancel()
        writer, self._writer = self._writer, None
        writer.cancel()
        await asyncio.wait([writer])
        await self._rows.stop()

    def fault(self) -> None:
        """Nobody asks the simulation whether it is ready."""

    # Reads and writes, in one queue.

    async def folders(self, account: AccountId) -> list[FolderState]:
        return await self._run(partial(self._rows.folders, account), writes=False)

    async def commit(self, commit: Commit) -> Verdict:
        return await self._run(partial(self._committed, commit), writes=True)

    async def post(
        self, fence: Fence, postings: Sequence[Posting], *, patience: float = 0.0
    ) -> Verdict:
        return await self._run(partial(self._rows.post, fence, tuple(postings)), writes=True)

    async def forget_folder(self, account: AccountId, folder: bytes) -> None:
        await self._run(partial(self._rows.forget_folder, account, folder), writes=True)

    async def known(self, account: AccountId, keys: Sequence[bytes]) -> frozenset[bytes]:
        return await self._run(partial(self._rows.known, account, tuple(keys)), writes=False)

    async def stored(self, events: Sequence[EventId]) -> frozenset[EventId]:
        return await self._run(partial(self._rows.stored, tuple(events)), writes=False)

    async def begin_read(
        self, account: AccountId, folder: bytes, uid_validity: int, uid: int
    ) -> int:
        work = partial(self._rows.begin_read, account, folder, uid_validity, uid)
        return await self._run(work, writes=True)

    async def end_read(
        self, account: AccountId, folder: bytes, uid_validity: int, uid: int
    ) -> None:
        work = partial(self._rows.end_read, account, folder, uid_validity, uid)
        await self._run(work, writes=True)

    async def note(self, health: Health) -> None:
        check(health)
        self._notes[health.account] = health
        if self._noting is None:
            self._noting = asyncio.get_running_loop().call_later(NOTE, self._note)

    async def healths(self) -> list[Health]:
        stored = await self._run(self._rows.healths, writes=False)
        by_account = {health.account: health for health in stored} | self._notes
        return [by_account[account] for account in sorted(by_account)]

    async def claim(
        self, endpoint: EndpointId, *, ordered: bool, limit: int, now: float, lease: float
    ) -> list[Parcel]:
        work = partial(
            self._rows.claim, endpoint, ordered=ordered, limit=limit, now=now, lease=lease
        )
        return await self._run(work, writes=True)

    async def next_due(self, endpoint: EndpointId, *, ordered: bool = False) -> float | None:
        return await self._run(
            partial(self._rows.next_due, endpoint, ordered=ordered), writes=False
        )

    async def settle(self, settlements: Sequence[Settlement], *, patience: float = 0.0) -> None:
        work = partial(self._rows.settle, tuple(settlements))
        await self._run(work, writes=True, patience=patience)

    async def redate(self, endpoints: Sequence[EndpointId], *, seconds: float, now: float) -> None:
        work = partial(self._rows.redate, tuple(endpoints), seconds=seconds, now=now)
        await self._run(work, writes=True)

    async def endpoint_state(self, endpoint: EndpointId) -> EndpointState:
        return await self._run(partial(self._rows.endpoint_state, endpoint), writes=False)

    async def note_endpoint(self, state: EndpointState) -> None:
        await self._run(partial(self._rows.note_endpoint, state), writes=True)

    async def events(self, query: EventQuery) -> list[StoredEvent]:
        return await self._run(partial(self._rows.events, query), writes=False)

    async def replay(self, query: EventQuery, endpoints: Sequence[EndpointId], now: float) -> int:
        return await self._run(
            partial(self._rows.replay, query, tuple(endpoints), now), writes=True
        )

    async def survey(self, query: EventQuery, *, newest_first: bool) -> Survey:
        work = partial(self._rows.survey, query, newest_first=newest_first)
        return await self._run(work, writes=False)

    async def deliveries(self, query: DeliveryQuery) -> list[StoredDelivery]:
        return await self._run(partial(self._rows.deliveries, query), writes=False)

    async def redrive(self, query: EventQuery, endpoint: EndpointId, now: float) -> int:
        return await self._run(partial(self._rows.redrive, query, endpoint, now), writes=True)

    async def prune(self, *, events_before: float, seen_before: float, limit: int) -> int:
        work = partial(
            self._rows.prune, events_before=events_before, seen_before=seen_before, limit=limit
        )
        return await self._run(work, writes=True)

    async def prune_tenants(self, before: Mapping[TenantId, float], *, limit: int) -> int:
        work = partial(self._rows.prune_tenants, before, limit=limit)
        return await self._run(work, writes=True)

    async def _committed(self, commit: Commit) -> Verdict:
        # What a guard thinks of a message is told once, however often it thinks so.
        known = [
            each.event
            for each in commit.postings
            if each.event in self._disk.rows.events and EventType(each.type) in ABOUT_MESSAGES
        ]
        takers = tuple(replace(each, take=partial(self._taken, each)) for each in commit.takers)
        verdict = await self._rows.commit(replace(commit, takers=takers))
        if verdict is Verdict.DONE:
            # An id that is there already hides a second telling; the checker wants to know of it.
            self._disk.repeated += known
        return verdict

    def _taken(self, taker: Taker, parcels: Sequence[Parcel]) -> None:
        # They are sent once the group is on disk, whatever becomes of the reply.
        self._handed.append(partial(taker.take, parcels))

    # The disk.

    async def _run(
        self, work: Callable[[], Coroutine[Any, Any, T]], *, writes: bool, patience: float = 0.0
    ) -> T:
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[T] = loop.create_future()
        self._patient.append(_Job(work=work, writes=writes, reply=reply))
        if patience > 0:
            loop.call_later(patience, self._put)
        else:
            self._put()
        return await reply

    def _put(self) -> None:
        """Let the disk have all that waits, in its order."""
        if self._patient:
            self._queue.extend(self._patient)
            self._patient.clear()
            self._filled.set()

    async def _write_all(self) -> None:
        disk = self._disk
        while True:
            await self._filled.wait()
            group = [self._queue.popleft() for _ in range(min(GROUP, len(self._queue)))]
            if not self._queue:
                self._filled.clear()
            writes = [job for job in group if job.writes]
            if writes:
                # Seconds of a sync; the process may be stopped or die on either side of it.
                await asyncio.sleep(disk.dice.expovariate(1.0 / disk.faults.latency))
                crashpoint(Crashpoint.COMMITTING)
                await self._maybe_stopped()
                self._commit(writes)
                crashpoint(Crashpoint.COMMITTED)
                await self._maybe_stopped()
                handed, self._handed = self._handed, []
                if handed:
                    crashpoint(Crashpoint.UNWOKEN)
                for take in handed:
                    take()
            for job in group:
                if not job.writes:
                    self._read(job)

    async def _maybe_stopped(self) -> None:
        disk, owner = self._disk, process.current()
        if owner is not None and disk.dice.random() < disk.faults.stop:
            now = asyncio.get_running_loop().time()
            owner.stop(now + disk.dice.uniform(*disk.faults.stop_for))
            # The next turn of this process is its first after SIGCONT.
            await asyncio.sleep(0)

    def _commit(self, writes: list[_Job]) -> None:
        """Write one group: all of it or nothing, answered or not."""
        disk = self._disk
        if disk.faults.is_full:
            self._refuse(writes, StoreFullError("no space is left (simulated)"))
            return
        if disk.dice.random() < disk.faults.fail:
            self._refuse(writes, StoreError("the disk failed before the commit (simulated)"))
            return
        lost = disk.dice.random() < disk.faults.lose_reply
        for job in writes:
            value, error = _done(job.work)
            if lost:
                error = StoreError("the reply to a commit was lost (simulated)")
            _answer(job.reply, value, error)
        disk.note_cursors(asyncio.get_running_loop().time())

    @staticmethod
    def _refuse(jobs: list[_Job], error: StoreError) -> None:
        for job in jobs:
            _answer(job.reply, None, error)

    def _read(self, job: _Job) -> None:
        if self._disk.dice.random() < self._disk.faults.fail_read:
            self._refuse([job], StoreError("the disk could not be read (simulated)"))
            return
        _answer(job.reply, *_done(job.work))

    def _note(self) -> None:
        """Write what was noted; what can not be written stays, and is tried again."""
        self._noting = None
        faults = self._disk.faults
        if faults.is_full or self._disk.dice.random() < faults.fail:
            self._noting = asyncio.get_running_loop().call_later(NOTE, self._note)
            return
        notes, self._notes = self._notes, {}
        for health in notes.values():
            _done(partial(self._rows.note, health))


def _done(work: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[Any, Exception | None]:
    """Do a piece of work that waits for nothing; return what came of it."""
    try:
        work().send(None)
    except StopIteration as end:
        return end.value, None
    except StoreError as error:
        return None, error
    raise AssertionError("the rows are in memory: nothing of them waits")


def _answer(reply: asyncio.Future[Any], value: Any, error: Exception | None) -> None:
    if reply.done():
        return
    if error is None:
        reply.set_result(value)
    else:
        reply.set_exception(error)
