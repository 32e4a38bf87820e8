"""One task that writes, and the groups that it commits.

::

    run(ask) ──► room (bounded) ──► what waits ─┐
    task:                                       ▼
             one group: what waits now, at most GROUP asks or WEIGHT octets,
                        and no two about the same place
             one transaction for all of it ──► replies

A group is not waited for: while one is written, the next one gathers by itself. What has patience
wakes nobody and goes with the next one. A group that fails for the values of one of its asks was
rolled back whole: it is halved and tried again, until the one stands alone. A failure of the
database fails every ask of the group, and one whose COMMIT had no answer is never tried again.

It knows groups and nothing of what is in them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from vedette.errors import StoreError
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.faults import is_private, translate
from vedette.store.postgres.transaction import Transactions

A = TypeVar("A")
V = TypeVar("V")

#: Asks in one group: past this the cost of the round trips is already shared to nothing.
GROUP: Final = 200

#: Octets of bodies in one group: a message of the protocol has 1 GiB at most, and memory less.
WEIGHT: Final = 16 * 1024 * 1024

#: Asks that may wait for the task; a caller beyond it waits for room.
WAITING: Final = 1024

#: Seconds until a caller is told that the database hangs.
PATIENCE: Final = 60.0


@dataclass(slots=True, kw_only=True, eq=False)
class Job(Generic[A, V]):
    """One ask, and on its way back what came of it. ``done`` is called if it is on disk."""

    ask: A
    reply: asyncio.Future[V]
    done: Callable[[V], None] | None


class Writer(Generic[A, V]):
    """Writes asks in groups: ``start``, ``run``, ``stop`` (idempotent).

    ``write`` is given a group within a transaction and returns a value for each. ``place`` is what
    at most one ask of a group may be about (None: anything), ``weight`` its octets. ``ready`` is
    awaited before each group. What is not ``lasting`` may be undone by a crash of the database.
    """

    def __init__(
        self,
        transactions: Transactions,
        write: Callable[[Connection, Sequence[A]], Awaitable[Sequence[V]]],
        *,
        name: str,
        place: Callable[[A], Hashable] = lambda _ask: None,
        weight: Callable[[A], int] = lambda _ask: 0,
        ready: Callable[[Sequence[A]], Awaitable[None]] | None = None,
        lasting: bool = True,
    ) -> None:
        self._transactions = transactions
        self._write = write
        self._name = name
        self._place = place
        self._weight = weight
        self._ready = ready
        self._lasting = lasting
        self._waiting: deque[Job[A, V]] = deque()
        self._room = asyncio.Semaphore(WAITING)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = True

    async def start(self) -> None:
        """Begin to take asks."""
        self._closed = False
        self._wake.clear()
        self._task = asyncio.create_task(self._main(), name=self._name)

    async def stop(self) -> None:
        """Write what was accepted, then end."""
        task, self._task = self._task, None
        if task is None:
            return
        self._closed = True
        self._wake.set()
        try:
            await asyncio.wait_for(task, PATIENCE)
        except TimeoutError:
            while self._waiting:
                self._fail(self._waiting.popleft(), self._hung())
            raise self._hung() from None

    async def run(
        self, ask: A, *, patience: float = 0.0, done: Callable[[V], None] | None = None
    ) -> V:
        """Have ``ask`` written and return what came of it, once it is on disk.

        It waits at most ``patience`` seconds for others to go with. A caller that is cancelled
        while it waits does not know whether it was done; ``done`` is called if it was.
        Raises StoreError and its kinds.
        """
        if self._room.locked():
            await self._roomy()
        else:
            await self._room.acquire()
        if self._closed:
            self._room.release()
            raise StoreError(f"{self._transactions.where} is not open")
        loop = asyncio.get_running_loop()
        job: Job[A, V] = Job(ask=ask, reply=loop.create_future(), done=done)
        self._waiting.append(job)
        if patience > 0:
            loop.call_later(patience, self._wake.set)
        else:
            self._wake.set()
        # One timer, and no task around it: this is the way of every message.
        late = loop.call_later(PATIENCE, self._give_up, job.reply)
        try:
            return await job.reply
        finally:
            late.cancel()

    async def _roomy(self) -> None:
        try:
            await asyncio.wait_for(self._room.acquire(), PATIENCE)
        except TimeoutError:
            raise self._hung() from None

    def _give_up(self, reply: asyncio.Future[V]) -> None:
        if not reply.done():
            reply.set_exception(self._hung())

    def _hung(self) -> StoreError:
        return StoreError(
            f"{self._transactions.where} did not answer within {PATIENCE:.0f} s: check it"
        )

    async def _main(self) -> None:
        while not self._closed or self._waiting:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._commit(self._gather())

    def _gather(self) -> list[Job[A, V]]:
        """Take what goes together; what has to come after something in it stays, in its order."""
        group: list[Job[A, V]] = []
        later: list[Job[A, V]] = []
        places: set[Hashable] = set()
        weight = 0
        while self._waiting and len(group) < GROUP and weight < WEIGHT:
            job = self._waiting.popleft()
            place = self._place(job.ask)
            if place is not None and place in places:
                later.append(job)
                continue
            places.add(place)
            weight += self._weight(job.ask)
            group.append(job)
        self._waiting.extendleft(reversed(later))
        return group

    async def _commit(self, jobs: Sequence[Job[A, V]]) -> None:
        asks = [job.ask for job in jobs]

        async def write(connection: Connection) -> Sequence[V]:
            return await self._write(connection, asks)

        try:
            if self._ready is not None:
                await self._ready(asks)
            values = await self._transactions.attempt(write, lasting=self._lasting)
        except Exception as error:  # noqa: BLE001 - it is handed to every caller of the group
            if len(jobs) > 1 and is_private(error):
                half = len(jobs) // 2
                await self._commit(jobs[:half])
                await self._commit(jobs[half:])
                return
            for job in jobs:
                self._fail(job, translate(error, self._transactions.where))
            return
        for job, value in zip(jobs, values, strict=True):
            self._succeed(job, value)

    def _succeed(self, job: Job[A, V], value: V) -> None:
        self._room.release()
        if not job.reply.done():
            job.reply.set_result(value)
        if job.done is not None:
            job.done(value)

    def _fail(self, job: Job[A, V], error: StoreError) -> None:
        self._room.release()
        if not job.reply.done():
            job.reply.set_exception(error)
