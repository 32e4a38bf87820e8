"""The writer groups, bounds, and never leaves a caller waiting."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.store.bundle import ACME, ANNA
from tests.store.writer_bench import Bench
from vedette.errors import StoreError, StoreFullError
from vedette.model.account import Health
from vedette.store.notes import Notebook
from vedette.store.sqlite import jobs
from vedette.store.sqlite import writer as module
from vedette.store.sqlite.writer import WAITING, Writer

HEALTH = Health(account=ANNA, tenant=ACME, email="anna@example.org")


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


async def test_what_need_not_last_is_not_synced_when_it_is_alone(bench: Bench) -> None:
    """A claim waits for no disk; the next commit that must last syncs it along."""
    bench.statements.clear()
    await bench.add(1, lasting=False)
    await bench.add(2)

    assert bench.statements == [
        "PRAGMA synchronous = NORMAL",
        "BEGIN IMMEDIATE",
        "INSERT INTO number (n) VALUES (?)",
        "COMMIT",
        "PRAGMA synchronous = FULL",
        "BEGIN IMMEDIATE",
        "INSERT INTO number (n) VALUES (?)",
        "COMMIT",
    ]


async def test_what_must_last_is_synced_whoever_came_with_it(bench: Bench) -> None:
    """Where others wait, one synced group holds all of them."""
    await bench.together(lambda: bench.add(1, lasting=False), lambda: bench.add(2))

    assert not any(statement.startswith("PRAGMA") for statement in bench.statements)
    assert bench.statements.count("COMMIT") == 1


async def test_notes_are_not_written_with_what_is_not_synced(bench: Bench) -> None:
    """They are promised on disk within a second."""
    bench.notes.put(HEALTH)
    bench.writer.note()
    await bench.numbers()
    bench.statements.clear()
    await bench.add(1, lasting=False)

    assert bench.statements == [
        "PRAGMA synchronous = NORMAL",
        "BEGIN IMMEDIATE",
        "INSERT INTO number (n) VALUES (?)",
        "COMMIT",
    ]


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


async def test_a_read_sees_what_was_asked_before_it(bench: Bench) -> None:
    """In one group, too: reads run after its commit."""
    outcomes = await bench.together(lambda: bench.add(1), bench.numbers, lambda: bench.add(2))

    assert outcomes[1] == [1, 2]
    assert bench.statements.index("COMMIT") < bench.statements.index(
        "SELECT n FROM number ORDER BY n"
    )


async def test_a_cancelled_caller_disturbs_nobody(bench: Bench) -> None:
    """Its job is done all the same, and its room is free again."""
    loop = asyncio.get_running_loop()
    held, gate = asyncio.Event(), threading.Event()

    def hold(connection: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(held.set)
        gate.wait(60)
        connection.execute("INSERT INTO number (n) VALUES (1)")

    task = asyncio.create_task(bench.writer.run(hold, writes=True))
    await asyncio.wait_for(held.wait(), 60)
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()

    assert await bench.numbers() == [1]
    assert complaints == []
    assert bench.writer._room._value == WAITING


async def test_a_disk_that_hangs_is_reported(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller waits no longer than our patience, and is told what to check."""
    gate = threading.Event()
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    with pytest.raises(StoreError, match="did not answer"):
        await bench.writer.run(lambda _: gate.wait(60), writes=False)
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
    monkeypatch.setattr(jobs, "NOTE", 0.01)
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
    await asyncio.wait_for(committed.wait(), 60)

    rows = await bench.writer.run(
        lambda connection: connection.execute("SELECT account FROM health").fetchall(), writes=False
    )
    assert rows == [(ANNA,)]
    assert bench.notes.pages() == ()
    # Nothing waits any more: the thread sleeps until it is asked.
    assert bench.writer._flush_at is None


async def test_a_note_from_before_the_start_is_written(tmp_path: Path) -> None:
    """What an earlier stop could not write is not forgotten by the next start."""
    bench = Bench(tmp_path)
    bench.notes.put(HEALTH)
    await bench.writer.start()
    await bench.add(1)
    await bench.writer.stop()

    assert bench.notes.pages() == ()


async def test_a_note_rides_on_a_commit(bench: Bench) -> None:
    """It costs no sync of its own where a group is written anyway."""

    async def note() -> None:
        bench.notes.put(HEALTH)
        bench.writer.note()

    await bench.together(note, lambda: bench.add(1))

    assert bench.notes.pages() == ()
    assert bench.statements.count("COMMIT") == 1


async def test_a_patient_job_goes_with_the_next_one(bench: Bench) -> None:
    """It costs no transaction of its own, and what is asked later does not overtake it."""
    patient = asyncio.create_task(bench.add(1, patience=600.0))
    await asyncio.sleep(0)
    bench.statements.clear()
    await bench.add(2)

    assert patient.done()
    assert bench.statements.count("COMMIT") == 1
    assert await bench.numbers() == [1, 2]


async def test_a_job_in_haste_passes_a_patient_one(bench: Bench) -> None:
    """A commit of mail waits for no mark of what was delivered."""
    patient = asyncio.create_task(bench.add(1, patience=600.0))
    await asyncio.sleep(0)
    bench.statements.clear()
    await bench.add(2, in_haste=True)

    assert not patient.done()
    assert [each for each in bench.statements if each == "SAVEPOINT job"] == []
    assert await bench.numbers() == [1, 2]
    await patient


async def test_a_read_sees_a_patient_job(bench: Bench) -> None:
    """What was asked for before a read is done before it, whatever its patience."""
    patient = asyncio.create_task(bench.add(1, patience=600.0))
    await asyncio.sleep(0)

    assert await bench.numbers() == [1]
    await patient


async def test_a_patient_job_goes_alone_when_its_patience_ends(bench: Bench) -> None:
    """Nobody has to come along."""
    async with asyncio.timeout(60):
        await bench.add(1, patience=0.01)

    assert bench.statements.count("COMMIT") == 1


async def test_a_stop_takes_a_patient_job_along(tmp_path: Path) -> None:
    """What was accepted is written before the end."""
    bench = Bench(tmp_path)
    await bench.writer.start()
    patient = asyncio.create_task(bench.add(1, patience=600.0))
    await asyncio.sleep(0)
    await bench.writer.stop()
    await patient
    await bench.writer.start()

    assert await bench.numbers() == [1]
    await bench.writer.stop()


async def test_a_job_is_told_of_even_if_its_caller_was_cancelled(bench: Bench) -> None:
    """Who waits for what was done need not be who asked for it; of a failure nobody is told."""
    told: list[int] = []

    async def cancelled() -> None:
        asking = asyncio.create_task(bench.add(1, done=lambda: told.append(1)))
        await asyncio.sleep(0)
        asking.cancel()

    await bench.together(cancelled, lambda: bench.add("no number", done=lambda: told.append(2)))
    await bench.numbers()

    assert told == [1]


async def test_a_loop_that_died_ends_the_thread(tmp_path: Path) -> None:
    """A writer whose loop was closed without stop() does not spin or crash."""
    threads: list[threading.Thread] = []

    def run() -> None:
        async def die() -> None:
            bench = Bench(tmp_path)
            await bench.writer.start()
            assert bench.writer._thread is not None
            threads.append(bench.writer._thread)
            bench.writer._jobs.put(
                jobs.Job(
                    work=lambda _: closed.wait(60),
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


async def test_a_start_that_hangs_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that does not open in time is named, and its thread ends once it does."""
    gate = threading.Event()

    def open_() -> sqlite3.Connection:
        gate.wait(60)
        return sqlite3.connect(tmp_path / "any.db", isolation_level=None)

    writer = Writer(open_, tmp_path, Notebook())
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    starting = asyncio.create_task(writer.start())
    await asyncio.sleep(0)
    thread = writer._thread
    with pytest.raises(StoreError, match="did not answer"):
        await starting
    gate.set()

    assert thread is not None
    await asyncio.to_thread(thread.join, 10)
    assert not thread.is_alive()


async def test_a_stop_that_hangs_is_reported_and_can_be_repeated(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told that the state is closed while it is not."""
    gate = threading.Event()
    holding = asyncio.create_task(bench.writer.run(lambda _: gate.wait(60), writes=False))
    await asyncio.sleep(0)
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    with pytest.raises(StoreError, match="did not answer"):
        await bench.writer.stop()
    monkeypatch.undo()
    gate.set()
    await bench.writer.stop()

    assert await holding
    assert bench.writer._thread is None


async def test_a_note_that_can_not_be_written_is_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The book keeps it through a failed group, and the next one takes it along."""
    bench.fail("COMMIT", sqlite3.SQLITE_FULL)

    async def note() -> None:
        bench.notes.put(HEALTH)
        bench.writer.note()

    outcomes = await bench.together(note, lambda: bench.add(1))
    assert isinstance(outcomes[1], StoreFullError)
    assert bench.notes.pages() == (HEALTH,)

    await bench.add(2)
    assert bench.notes.pages() == ()
