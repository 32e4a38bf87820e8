"""The writer groups, isolates, and never leaves a caller waiting or misled."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.store.bundle import ACME, ANNA
from vedette.errors import StoreError, StoreFullError
from vedette.model.account import Health
from vedette.store import writer as module
from vedette.store.notes import Notebook
from vedette.store.schema import migrate
from vedette.store.writer import WAITING, Writer

HEALTH = Health(account=ANNA, tenant=ACME, email="anna@example.org")


class Log(sqlite3.Connection):
    """A connection that remembers its statements, and fails where the test says."""

    statements: list[str]
    failures: dict[str, list[sqlite3.Error]]

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        self.statements.append(sql)
        if self.failures.get(sql):
            raise self.failures[sql].pop(0)
        return super().execute(sql, *arguments)


class Bench:
    """A writer on a table of numbers, with everything it said to its database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes = Notebook()
        self.statements: list[str] = []
        self.failures: dict[str, list[sqlite3.Error]] = {}
        self.opened = 0
        self.writer = Writer(self._open, folder, self.notes)

    def _open(self) -> sqlite3.Connection:
        self.opened += 1
        connection = sqlite3.connect(self.folder / "numbers.db", isolation_level=None, factory=Log)
        connection.statements, connection.failures = [], {}
        migrate(connection)
        connection.execute("CREATE TABLE IF NOT EXISTS number (n INTEGER NOT NULL UNIQUE) STRICT")
        connection.statements, connection.failures = self.statements, self.failures
        return connection

    def fail(self, statement: str, code: int) -> None:
        error = sqlite3.OperationalError("the test says so")
        error.sqlite_errorcode = code
        self.failures.setdefault(statement, []).append(error)

    async def add(self, number: int | str | None) -> None:
        await self.writer.run(
            lambda connection: connection.execute("INSERT INTO number (n) VALUES (?)", (number,)),
            writes=True,
        )

    async def numbers(self) -> list[int]:
        rows = await self.writer.run(
            lambda connection: connection.execute("SELECT n FROM number ORDER BY n").fetchall(),
            writes=False,
        )
        return [number for (number,) in rows]

    async def together(self, *jobs: Callable[[], Any]) -> list[Any]:
        """Run jobs while the thread is held, so that they make one group."""
        loop = asyncio.get_running_loop()
        held, gate = asyncio.Event(), threading.Event()

        def hold(_: sqlite3.Connection) -> None:
            loop.call_soon_threadsafe(held.set)
            gate.wait(10)

        async def release() -> None:
            gate.set()

        holding = asyncio.create_task(self.writer.run(hold, writes=False))
        await asyncio.wait_for(held.wait(), 10)
        self.statements.clear()
        outcomes = await asyncio.gather(*(job() for job in jobs), release(), return_exceptions=True)
        await holding
        return outcomes[:-1]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    await bench.writer.start()
    yield bench
    await bench.writer.stop()


async def test_what_waits_is_one_transaction(bench: Bench) -> None:
    """Ten commits that wait together cost one sync."""
    await bench.together(*(lambda n=n: bench.add(n) for n in range(10)))

    assert bench.statements.count("BEGIN IMMEDIATE") == 1
    assert bench.statements.count("COMMIT") == 1
    assert await bench.numbers() == list(range(10))


async def test_a_group_has_a_bound(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood is cut into groups, so that the first reply does not wait for the last job."""
    monkeypatch.setattr(module, "GROUP", 4)
    monkeypatch.setattr(module, "SLICE", 1e9)
    await bench.together(*(lambda n=n: bench.add(n) for n in range(10)))

    assert bench.statements.count("COMMIT") == 3
    assert await bench.numbers() == list(range(10))


async def test_a_group_ends_after_its_slice_of_work(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow jobs are not gathered: with no time at all each is its own group."""
    monkeypatch.setattr(module, "SLICE", 0.0)
    await bench.together(*(lambda n=n: bench.add(n) for n in range(3)))

    assert bench.statements.count("COMMIT") == 3


async def test_a_job_that_fails_leaves_the_others(bench: Bench) -> None:
    """What one job wrote before it failed is gone; its neighbours are on disk."""

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO number (n) VALUES (70)")
        connection.execute("INSERT INTO number (n) VALUES (NULL)")

    outcomes = await bench.together(
        lambda: bench.add(1),
        lambda: bench.writer.run(half, writes=True),
        lambda: bench.add(2**70),
        lambda: bench.add("\udc80"),
        lambda: bench.add(2),
    )

    assert [type(outcome) for outcome in outcomes] == [type(None)] + [StoreError] * 3 + [type(None)]
    assert "can not be stored" in str(outcomes[1])
    assert bench.statements.count("COMMIT") == 1
    assert await bench.numbers() == [1, 2]


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "SAVEPOINT job", "RELEASE job", "COMMIT"])
@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE])
async def test_a_failed_transaction_fails_every_job_of_it(
    bench: Bench, statement: str, code: int
) -> None:
    """Nothing of the group is written, each is told, and the next group works."""
    bench.fail(statement, code)
    outcomes = await bench.together(lambda: bench.add(1), lambda: bench.add(2))

    expected = StoreFullError if code == sqlite3.SQLITE_FULL else StoreError
    first = [outcome for outcome in outcomes if outcome is not None]
    assert first
    assert {type(outcome) for outcome in first} == {expected}
    # A job that came after the failed group is a group of its own, and went well.
    written = [number for number, outcome in zip((1, 2), outcomes, strict=True) if outcome is None]
    assert await bench.numbers() == written
    await bench.add(3)
    assert await bench.numbers() == [*written, 3]


async def test_each_caller_gets_an_error_of_its_own(bench: Bench) -> None:
    """Two tasks do not share a traceback."""
    bench.fail("COMMIT", sqlite3.SQLITE_FULL)
    one, other = await bench.together(lambda: bench.add(1), lambda: bench.add(2))

    assert str(one) == str(other)
    assert one is not other


async def test_a_transaction_that_sqlite_ended_itself_is_not_ended_twice(bench: Bench) -> None:
    """After an automatic rollback the group fails as full, and the connection lives on."""

    def gone(connection: sqlite3.Connection) -> None:
        connection.rollback()
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    outcomes = await bench.together(
        lambda: bench.add(1), lambda: bench.writer.run(gone, writes=True)
    )

    assert [type(outcome) for outcome in outcomes] == [StoreFullError, StoreFullError]
    assert "ROLLBACK" not in bench.statements
    assert bench.opened == 1
    assert await bench.numbers() == []


async def test_a_rolled_back_neighbour_is_never_reported_as_done(bench: Bench) -> None:
    """Even when only a value was wrong, a transaction that is over fails its whole group."""

    def gone(connection: sqlite3.Connection) -> None:
        connection.rollback()
        connection.execute("INSERT INTO number (n) VALUES (NULL)")

    outcomes = await bench.together(
        lambda: bench.add(1), lambda: bench.writer.run(gone, writes=True)
    )

    assert [type(outcome) for outcome in outcomes] == [StoreError, StoreError]
    assert await bench.numbers() == []


async def test_after_an_error_of_the_disk_the_connection_is_made_anew(bench: Bench) -> None:
    """What the old connection holds in memory is not believed."""
    bench.fail("COMMIT", sqlite3.SQLITE_IOERR_WRITE)
    with pytest.raises(StoreError, match="could not be read or written"):
        await bench.add(1)

    await bench.add(2)
    assert bench.opened == 2
    assert await bench.numbers() == [2]


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC])
async def test_after_a_failed_sync_nothing_is_promised_any_more(bench: Bench, code: int) -> None:
    """A second sync could say "done" for pages the kernel has dropped: the store stays shut."""
    bench.fail("COMMIT", code)
    with pytest.raises(StoreError, match="failed to sync"):
        await bench.add(1)

    with pytest.raises(StoreError, match="failed to sync"):
        await bench.add(2)
    with pytest.raises(StoreError, match="failed to sync"):
        await bench.numbers()


async def test_a_rollback_that_fails_costs_the_connection(bench: Bench) -> None:
    """A connection that can not even roll back is closed, and another one opened."""
    bench.fail("COMMIT", sqlite3.SQLITE_FULL)
    bench.fail("ROLLBACK", sqlite3.SQLITE_IOERR)
    with pytest.raises(StoreFullError):
        await bench.add(1)

    await bench.add(2)
    assert await bench.numbers() == [2]
    assert bench.opened == 2


async def test_a_read_sees_what_was_asked_before_it(bench: Bench) -> None:
    """In one group, too: reads run after its commit."""
    outcomes = await bench.together(lambda: bench.add(1), bench.numbers, lambda: bench.add(2))

    assert outcomes[1] == [1, 2]
    assert bench.statements.index("COMMIT") < bench.statements.index(
        "SELECT n FROM number ORDER BY n"
    )


async def test_a_read_does_not_share_the_fate_of_a_failed_group(bench: Bench) -> None:
    """It answers what is on disk."""
    await bench.add(1)
    bench.fail("COMMIT", sqlite3.SQLITE_FULL)
    outcomes = await bench.together(lambda: bench.add(2), bench.numbers)

    assert isinstance(outcomes[0], StoreFullError)
    assert outcomes[1] == [1]


async def test_a_read_that_fails_is_told(bench: Bench) -> None:
    """A mistake in a read is its caller's, and the next one works."""
    with pytest.raises(StoreError, match="no such table"):
        await bench.writer.run(
            lambda connection: connection.execute("SELECT 1 FROM no"), writes=False
        )
    with pytest.raises(StoreError, match="can not be stored"):
        await bench.writer.run(lambda _: int("no number"), writes=False)
    assert await bench.numbers() == []


async def test_a_cancelled_caller_disturbs_nobody(bench: Bench) -> None:
    """Its job is done all the same, and its room is free again."""
    loop = asyncio.get_running_loop()
    held, gate = asyncio.Event(), threading.Event()

    def hold(connection: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(held.set)
        gate.wait(10)
        connection.execute("INSERT INTO number (n) VALUES (1)")

    task = asyncio.create_task(bench.writer.run(hold, writes=True))
    await asyncio.wait_for(held.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()

    assert await bench.numbers() == [1]
    assert bench.writer._room._value == WAITING


async def test_a_disk_that_hangs_is_reported(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller waits no longer than our patience, and is told what to check."""
    gate = threading.Event()
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    with pytest.raises(StoreError, match="did not answer"):
        await bench.writer.run(lambda _: gate.wait(10), writes=False)
    monkeypatch.undo()
    gate.set()
    assert await bench.numbers() == []


async def test_callers_beyond_the_bound_wait_for_room(bench: Bench) -> None:
    """More jobs than may wait at once all get through."""
    await asyncio.gather(*(bench.add(n) for n in range(2 * WAITING)))

    assert len(await bench.numbers()) == 2 * WAITING


async def test_stop_writes_what_was_accepted(bench: Bench) -> None:
    """Jobs that were in the queue are done, later ones refused."""
    adding = [asyncio.create_task(bench.add(n)) for n in range(20)]
    await asyncio.sleep(0)
    await bench.writer.stop()
    await asyncio.gather(*adding)
    with pytest.raises(StoreError, match="not open"):
        await bench.add(99)

    again = Bench(bench.folder)
    await again.writer.start()
    assert await again.numbers() == list(range(20))
    await again.writer.stop()


async def test_a_start_that_fails_can_be_tried_again(tmp_path: Path) -> None:
    """The thread of a failed start is gone, and its error is told."""
    tries: list[int] = []

    def open_() -> sqlite3.Connection:
        tries.append(1)
        if len(tries) == 1:
            raise sqlite3.OperationalError("unable to open database file")
        return sqlite3.connect(tmp_path / "any.db", isolation_level=None)

    writer = Writer(open_, tmp_path, Notebook())
    with pytest.raises(StoreError, match="unable to open"):
        await writer.start()
    await writer.stop()
    await writer.start()
    await writer.stop()


async def test_a_note_is_written_soon_without_company(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no commit to ride on, health is on disk by itself."""
    monkeypatch.setattr(module, "NOTE", 0.01)
    committed = asyncio.Event()
    loop = asyncio.get_running_loop()
    written = bench.notes.written

    def watch(pages: tuple[Health, ...]) -> None:
        written(pages)
        if pages:
            loop.call_soon_threadsafe(committed.set)

    monkeypatch.setattr(Notebook, "written", lambda _, pages: watch(pages))
    bench.notes.put(HEALTH)
    bench.writer.note()
    await asyncio.wait_for(committed.wait(), 10)

    rows = await bench.writer.run(
        lambda connection: connection.execute("SELECT account FROM health").fetchall(), writes=False
    )
    assert rows == [(ANNA,)]
    assert bench.notes.pages() == ()
    # Nothing waits any more: the thread sleeps until it is asked.
    assert bench.writer._flush_at is None


async def test_a_note_rides_on_a_commit(bench: Bench) -> None:
    """It costs no sync of its own where a group is written anyway."""

    async def note() -> None:
        bench.notes.put(HEALTH)
        bench.writer.note()

    await bench.together(note, lambda: bench.add(1))

    assert bench.notes.pages() == ()
    assert bench.statements.count("COMMIT") == 1


async def test_a_loop_that_died_ends_the_thread(tmp_path: Path) -> None:
    """A writer whose loop was closed without stop() does not spin or crash."""
    threads: list[threading.Thread] = []

    def run() -> None:
        async def die() -> None:
            bench = Bench(tmp_path)
            await bench.writer.start()
            assert bench.writer._thread is not None
            threads.append(bench.writer._thread)
            bench.writer._queue.put(
                module._Job(
                    work=lambda _: closed.wait(10),
                    writes=False,
                    reply=asyncio.get_running_loop().create_future(),
                )
            )

        closed = threading.Event()
        asyncio.run(die())
        closed.set()

    await asyncio.to_thread(run)
    await asyncio.to_thread(threads[0].join, 10)
    assert not threads[0].is_alive()
