"""The one thread that touches the database, and the groups it commits.

::

    loop:    run(work) ──► room (bounded) ──► queue ─┐
    thread:                                          ▼
             BEGIN IMMEDIATE                    one group: what waits now,
               work                             at most GROUP jobs or SLICE
               SAVEPOINT; work; RELEASE …       seconds of work
             COMMIT (one sync of the disk)
             replies ──► one call_soon_threadsafe
             reads, outside the transaction ──► replies
             now and then a checkpoint: nobody waits for it

A group is not waited for: while one commit syncs, the next group gathers by
itself. What has patience waits on the loop and goes with the next one
(``vedette.store.sqlite.jobs``). A job that fails for its own values is rolled back alone; a failure of
the transaction or the disk fails every write of the group, and nothing of it
was written. Reads run after the commit of their group: they see every write
that was asked for before them, and never one that is not on disk.

It knows transactions and nothing of tables.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any, Final, TypeVar

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.errors import StoreError
from vedette.store.fault import Fault
from vedette.store.notes import Notebook
from vedette.store.sqlite import accounts
from vedette.store.sqlite.checkpoint import Checkpoints, copy_back, leave_open
from vedette.store.sqlite.faults import is_distrust, is_private, translate
from vedette.store.sqlite.jobs import NOTE, Job, Jobs, Signal

T = TypeVar("T")

#: Jobs in one group: past this the cost of the sync is already shared to nothing.
GROUP: Final = 200

#: Seconds of work in one group, so that the first of it does not wait for the last.
SLICE: Final = 0.005

#: Jobs that may wait for the thread; a caller beyond it waits for room.
WAITING: Final = 1024

#: Seconds until a caller is told that the disk hangs: past every stall of a healthy one.
PATIENCE: Final = 60.0


class Writer:
    """Runs jobs on its thread: ``start``, ``run``, ``stop`` (idempotent).

    ``open_`` makes the connection, on the thread; after a failure that left the
    old one in doubt it is called again. ``on_distrust`` is called once, on the loop,
    when a sync failed: from then on every job is refused. ``open_`` leaves checkpoints to us.
    """

    def __init__(
        self,
        open_: Callable[[], sqlite3.Connection],
        folder: Path,
        notes: Notebook,
        *,
        on_distrust: Callable[[StoreError], None] = lambda _error: None,
    ) -> None:
        self._open = open_
        self._folder = folder
        self._notes = notes
        self._on_distrust = on_distrust
        self.fault = Fault()
        self._jobs = Jobs()
        self._room = asyncio.Semaphore(WAITING)
        self._thread: Thread | None = None
        self._closed = True
        self._loop: asyncio.AbstractEventLoop
        self._ended: asyncio.Future[None]
        # From here on the thread's own.
        self._connection: sqlite3.Connection | None = None
        self._checkpoints = Checkpoints()
        self._distrusted: StoreError | None = None
        self._synced = True
        self._stopping = False
        self._flush_at: float | None = None

    # The loop's side.

    async def start(self) -> None:
        """Open the database on a new thread. Raises StoreError and its kinds."""
        self._loop = asyncio.get_running_loop()
        self._jobs = Jobs()
        # Notes from before, and those that a stop on a full disk could not write, go first.
        self._jobs.signal(Signal.NOTED)
        self._flush_at = None
        self._stopping = False
        self._ended = self._loop.create_future()
        opened: asyncio.Future[None] = self._loop.create_future()
        # A daemon: a loop that died without stop() must not keep the process alive,
        # and what was not committed was not promised.
        self._thread = Thread(target=self._main, args=(opened,), name="store", daemon=True)
        self._thread.start()
        try:
            await asyncio.wait_for(opened, PATIENCE)
        except BaseException as error:
            # A thread that still opens its database ends as soon as it has.
            self._jobs.signal(Signal.STOP)
            self._thread = None
            if isinstance(error, TimeoutError):
                raise self._hung() from None
            raise
        self._closed = False

    async def stop(self) -> None:
        """Write what was accepted, then close."""
        thread = self._thread
        if thread is None:
            return
        if not self._closed:
            self._closed = True
            self._jobs.signal(Signal.STOP)
        try:
            await asyncio.wait_for(asyncio.shield(self._ended), PATIENCE)
        except TimeoutError:
            raise self._hung() from None
        thread.join()
        self._thread = None

    async def run(
        self,
        work: Callable[[sqlite3.Connection], T],
        *,
        writes: bool,
        lasting: bool = True,
        patience: float = 0.0,
        in_haste: bool = False,
        done: Callable[[], None] | None = None,
    ) -> T:
        """Do ``work`` with the connection and return its value, once it is on disk.

        What is not ``lasting`` may be undone by a loss of power, and by nothing less: when
        it is alone, nobody waits for the disk. It waits at most ``patience`` seconds for others
        to go with; a job ``in_haste`` passes those that do. A caller that is cancelled while it waits does not know whether it was done;
        ``done`` is called on the loop if it was.
        Raises StoreError and its kinds.
        """
        if self._room.locked():
            await self._roomy()
        else:
            await self._room.acquire()
        if self._closed:
            self._room.release()
            raise StoreError(f"the store in {self._folder} is not open")
        reply: asyncio.Future[Any] = self._loop.create_future()
        job = Job(work=work, writes=writes, reply=reply, lasting=lasting, done=done)
        if patience > 0:
            self._jobs.put_later(job, patience)
        else:
            self._jobs.put(job, in_haste=in_haste)
        # One timer, and no frame around it: this is the way of every message.
        late = self._loop.call_later(PATIENCE, self._give_up, reply)
        try:
            value: T = await reply
        finally:
            late.cancel()
        return value

    async def _roomy(self) -> None:
        try:
            await asyncio.wait_for(self._room.acquire(), PATIENCE)
        except TimeoutError:
            raise self._hung() from None

    def _give_up(self, reply: asyncio.Future[Any]) -> None:
        if not reply.done():
            reply.set_exception(self._hung())

    def note(self) -> None:
        """Say that the notebook is no longer empty."""
        self._jobs.note()

    def _hung(self) -> StoreError:
        return StoreError(
            f"the disk under {self._folder} did not answer within {PATIENCE:.0f} s: check it"
        )

    def _answer(self, jobs: list[Job]) -> None:
        self.fault.note(job.error for job in jobs if job.writes)
        for job in jobs:
            self._room.release()
            if not job.reply.done():
                if job.error is None:
                    job.reply.set_result(job.value)
                else:
                    job.reply.set_exception(job.error)
            if job.done is not None and job.error is None:
                job.done()

    # The thread's side.

    def _main(self, opened: asyncio.Future[None]) -> None:
        try:
            self._ready()
        except Exception as error:  # noqa: BLE001 - it is handed to start(), whatever it is
            self._tell(_fail, opened, translate(error, self._folder))
            return
        self._tell(_succeed, opened)
        while not self._stopping:
            self._turn()
            self._checkpoint(self._checkpoints.make)
        # A close makes one as well, and says nothing of its errors.
        self._checkpoint(copy_back)
        self._close()
        self._tell(_succeed, self._ended)

    def _turn(self) -> None:
        wait = None if self._flush_at is None else max(self._flush_at - monotonic(), 0.0)
        first = self._jobs.get(wait)
        writes: list[Job] = []
        reads: list[Job] = []
        try:
            self._gather(first, writes, reads)
            self._commit()
        except Exception as error:  # noqa: BLE001 - it is handed to every caller of the group
            self._abandon(error)
            for job in writes:
                job.error = translate(error, self._folder)
        if writes:
            self._tell(self._answer, writes)
        for job in reads:
            self._read(job)
        if reads:
            self._tell(self._answer, reads)

    def _gather(self, item: list[Job] | Signal | None, writes: list[Job], reads: list[Job]) -> None:
        """Do what waits now; a failure that is not one job's own is raised."""
        end = monotonic() + SLICE
        while item is not None:
            if isinstance(item, Signal):
                self._heed(item)
            else:
                asked = [job for job in item if job.writes]
                writes += asked
                reads += [job for job in item if not job.writes]
                if asked:
                    self._write(asked)
            full = len(writes) + len(reads) >= GROUP or monotonic() >= end
            if self._stopping or full or self._is_light():
                return
            item = self._jobs.get_more()

    def _heed(self, signal: Signal) -> None:
        if signal is Signal.STOP:
            self._stopping = True
        else:
            self._flush_at = monotonic()

    def _write(self, jobs: list[Job]) -> None:
        connection = self._ready()
        for job in jobs:
            # The first job needs no savepoint: there is nobody yet whose work it could take along.
            first = not connection.in_transaction
            if first:
                lasting = any(each.lasting for each in jobs)
                self._begin(connection, synced=lasting or not self._jobs.is_empty)
            else:
                connection.execute("SAVEPOINT job")
            self._do(connection, job, first=first)
            if not first:
                connection.execute("RELEASE job")

    def _do(self, connection: sqlite3.Connection, job: Job, *, first: bool) -> None:
        try:
            job.value = job.work(connection)
        except Exception as error:
            # SQLite may have ended the whole transaction by itself ("Response To Errors Within
            # A Transaction", sqlite.org/lang_transaction.html): then nobody's work is left.
            if not is_private(error) or not connection.in_transaction:
                raise
            connection.execute("ROLLBACK" if first else "ROLLBACK TO job")
            job.error = translate(error, self._folder)

    def _begin(self, connection: sqlite3.Connection, *, synced: bool) -> None:
        """Begin a transaction whose commit is synced, or one that the next sync takes along."""
        if synced != self._synced:
            connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
            self._synced = synced
        connection.execute("BEGIN IMMEDIATE")

    def _is_light(self) -> bool:
        """Whether the transaction is one that is not synced; nothing else may join it."""
        return not self._synced and self._in_transaction()

    def _commit(self) -> None:
        flush_at, pages = self._flush_at, self._notes.pages()
        is_due = flush_at is not None and monotonic() >= flush_at
        flushing = self._stopping or is_due or self._in_transaction()
        if self._is_light():
            flushing = False
        if flushing and pages:
            connection = self._ready()
            if not connection.in_transaction:
                self._begin(connection, synced=True)
            accounts.put_healths(connection, pages)
        if self._connection is not None and self._connection.in_transaction:
            crashpoint(Crashpoint.COMMITTING)
            self._connection.execute("COMMIT")
            crashpoint(Crashpoint.COMMITTED)
        if flushing:
            self._notes.written(pages)
            self._flush_at = monotonic() + NOTE if self._notes.pages() else None

    def _in_transaction(self) -> bool:
        return self._connection is not None and self._connection.in_transaction

    def _read(self, job: Job) -> None:
        try:
            job.value = job.work(self._ready())
        except Exception as error:  # noqa: BLE001 - it is handed to the caller, whatever it is
            if not is_private(error):
                self._abandon(error)
            job.error = translate(error, self._folder)

    def _ready(self) -> sqlite3.Connection:
        if self._distrusted is not None:
            raise self._distrusted
        if self._connection is None:
            self._connection, self._synced = self._open(), True
            self._checkpoints.attach(self._connection)
        return self._connection

    def _checkpoint(self, make: Callable[[sqlite3.Connection], None]) -> None:
        """Nothing that was promised hangs on it but the disk's good name."""
        if self._connection is None:
            return
        try:
            make(self._connection)
        except (sqlite3.Error, OSError) as error:
            self._abandon(error)

    def _abandon(self, error: Exception) -> None:
        """End the transaction, and the connection with it unless it is surely sound."""
        if self._flush_at is not None:
            # The notes stay in the book and try again.
            self._flush_at = monotonic() + NOTE
        if is_distrust(error) and self._distrusted is None:
            self._distrusted = translate(error, self._folder)
            self._tell(self._on_distrust, translate(error, self._folder))
            if self._connection is not None:
                leave_open(self._connection)
                self._connection = None
        connection = self._connection
        if connection is None:
            return
        try:
            # After SQLITE_FULL and its like the transaction is often over already,
            # and ROLLBACK would fail: ask first.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._close()
            return
        if isinstance(error, sqlite3.Error) and not _is_full(error):
            self._close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # What was committed is on disk; a close that fails only leaves the log to be read again.
            with suppress(sqlite3.Error):
                connection.close()

    def _tell(self, call: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            self._stopping = True


def _is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


def _succeed(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
