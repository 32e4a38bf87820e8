"""What fails in the writer fails whom it concerns, whole, and is said."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.bundle import ACME, ANNA, StillClock, cursor, step
from tests.store.writer_bench import Bench
from vedette.errors import StoreError, StoreFullError
from vedette.model.account import Health
from vedette.store.sqlite.store import SqliteStore

HEALTH = Health(account=ANNA, tenant=ACME, email="anna@example.org")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    await bench.writer.start()
    yield bench
    await bench.writer.stop()


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


async def test_a_job_that_meets_a_full_disk_takes_its_group_along(bench: Bench) -> None:
    """Even while the transaction still stands: nobody is told "done" on a disk that is full."""

    def full(connection: sqlite3.Connection) -> None:
        assert connection.in_transaction
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    outcomes = await bench.together(
        lambda: bench.add(1), lambda: bench.writer.run(full, writes=True)
    )

    assert [type(outcome) for outcome in outcomes] == [StoreFullError, StoreFullError]
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


async def test_after_a_failed_sync_the_log_is_left_as_it_is_and_it_is_told_once(
    tmp_path: Path,
) -> None:
    """A close makes a checkpoint, which would sync again and copy from a log that is in doubt."""
    told: list[StoreError] = []
    store = SqliteStore(tmp_path / "state", StillClock(), on_distrust=told.append)
    await store.start()
    await store.commit(step(None, cursor(1)))
    (log,) = (tmp_path / "state").glob("*-wal")
    before = log.read_bytes()

    def fail(_: sqlite3.Connection) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        raise error

    for _ in range(2):
        with pytest.raises(StoreError, match="failed to sync"):
            await store._writer.run(fail, writes=True)
    await store.stop()

    assert len(before) > 0
    assert log.read_bytes() == before
    assert len(told) == 1


async def test_a_rollback_that_fails_costs_the_connection(bench: Bench) -> None:
    """A connection that can not even roll back is closed, and another one opened."""
    bench.fail("COMMIT", sqlite3.SQLITE_FULL)
    bench.fail("ROLLBACK", sqlite3.SQLITE_IOERR)
    with pytest.raises(StoreFullError):
        await bench.add(1)

    await bench.add(2)
    assert await bench.numbers() == [2]
    assert bench.opened == 2


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
