"""The write-ahead log stays short, and what goes wrong as it is copied back is told."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers.state_disk import loop_disk
from tests.store.bundle import HOOK, StillClock, cursor, posting, step
from tests.store.writer_bench import Log
from vedette.errors import StoreError
from vedette.model.cursor import Cursor
from vedette.ports.store import EventQuery, Verdict
from vedette.store.notes import Notebook
from vedette.store.sqlite.checkpoint import BOUND
from vedette.store.sqlite.connection import open_reader, open_writer
from vedette.store.sqlite.store import SqliteStore
from vedette.store.sqlite.writer import Writer

KIB = 1024
BODY = b"x" * (64 * KIB)
#: What one commit of such an event may add to the log, its rows and index pages included.
STEP = 160 * KIB
#: Commits of such events that fill the log more than once.
FILLING = 2 * BOUND // len(BODY)


class Mailbox:
    """A store to which one message after the other comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[StoreError] = []
        self.store = SqliteStore(folder, StillClock(), on_distrust=self.told.append)
        self.at: Cursor | None = None

    async def receive(self, count: int) -> int:
        """Commit events one by one; return the length of the log at its longest."""
        longest = 0
        for _ in range(count):
            to = cursor(1 if self.at is None else self.at.last_uid + 1)
            event = posting(f"e{to.last_uid}", HOOK, body=BODY)
            assert await self.store.commit(step(self.at, to, event)) is Verdict.DONE
            self.at = to
            longest = max(longest, self.log.stat().st_size)
        return longest

    async def count(self) -> int:
        return len(await self.store.events(EventQuery(limit=100_000)))

    @property
    def log(self) -> Path:
        return self.database.with_name(f"{self.database.name}-wal")

    @property
    def database(self) -> Path:
        (database,) = self.folder.glob("*.db")
        return database


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(tmp_path / "state")
    await mailbox.store.start()
    yield mailbox
    await mailbox.store.stop()


async def test_the_log_stays_short_under_load(mailbox: Mailbox) -> None:
    """However much is written, it grows to its bound and what one commit adds."""
    longest = await mailbox.receive(2 * FILLING)

    assert longest <= BOUND + 2 * STEP
    # And it grew that far: what was written came to the database in between, and not each time.
    assert longest > BOUND
    assert mailbox.database.stat().st_size > 3 * BOUND


async def test_a_log_that_a_long_reader_made_grow_is_short_again(mailbox: Mailbox) -> None:
    """A reader keeps all that was written since it began; when it ends, so does the log."""
    await mailbox.receive(1)
    reader = open_reader(mailbox.database)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM event").fetchone()
    grown = await mailbox.receive(FILLING)
    assert grown > 2 * BOUND
    reader.close()
    # The next try comes after a tenth of the bound; the log begins anew with the commit after it.
    await mailbox.receive(BOUND // 10 // len(BODY) + 3)

    assert mailbox.log.stat().st_size <= BOUND
    assert await mailbox.receive(FILLING) <= BOUND + 2 * STEP


async def test_a_transaction_longer_than_the_log_leaves_no_long_log(mailbox: Mailbox) -> None:
    """Its pages are copied back like any, and the next commit cuts the file."""
    await mailbox.receive(1)
    await mailbox.store._writer.run(large, writes=True)
    assert mailbox.log.stat().st_size > 2 * BOUND
    await mailbox.receive(1)

    assert mailbox.log.stat().st_size <= BOUND


def large(connection: sqlite3.Connection) -> None:
    """Write more than any log holds."""
    connection.execute("CREATE TABLE large (octets BLOB)")
    connection.execute("INSERT INTO large VALUES (zeroblob(?))", (2 * BOUND,))


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC])
async def test_a_checkpoint_that_fails_to_sync_is_a_failed_sync(tmp_path: Path, code: int) -> None:
    """The commit before it is done; from then on the store stays shut, and it is told once."""
    told: list[StoreError] = []
    writer = scripted_writer(tmp_path, code, told)
    await writer.start()
    await writer.run(large, writes=True)

    for _ in range(2):
        with pytest.raises(StoreError, match="failed to sync"):
            await writer.run(lambda _: None, writes=False)
    await writer.stop()
    assert len(told) == 1


async def test_a_checkpoint_for_which_there_is_no_room_stops_nobody(tmp_path: Path) -> None:
    """What was committed is in the log; a later try copies it."""
    told: list[StoreError] = []
    writer = scripted_writer(tmp_path, sqlite3.SQLITE_FULL, told)
    await writer.start()
    await writer.run(large, writes=True)

    def count(connection: sqlite3.Connection) -> object:
        return connection.execute("SELECT count(*) FROM large").fetchone()

    assert await writer.run(count, writes=False) == (1,)
    await writer.stop()
    assert told == []


def scripted_writer(folder: Path, code: int, told: list[StoreError]) -> Writer:
    """Return a writer whose first checkpoint fails."""
    failures: dict[str, list[sqlite3.Error]] = {}
    error = sqlite3.OperationalError("the test says so")
    error.sqlite_errorcode = code
    failures["PRAGMA wal_checkpoint(PASSIVE)"] = [error]
    database = folder / "any.db"
    database.touch()

    def open_() -> sqlite3.Connection:
        open_writer(database).close()
        connection = sqlite3.connect(database, isolation_level=None, factory=Log)
        connection.statements, connection.failures = [], failures
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection

    return Writer(open_, folder, Notebook(), on_distrust=told.append)


async def test_a_disk_that_fails_at_a_checkpoint_is_not_believed(tmp_path: Path) -> None:
    """What need not last was promised unsynced; the checkpoint is the first to hear the truth."""
    with loop_disk(tmp_path / "disk") as disk:
        mailbox = Mailbox(disk.folder / "state")
        await mailbox.store.start()
        await mailbox.receive(10)
        disk.fail_to_sync()
        await mailbox.store._writer.run(large, writes=True, lasting=False)
        with pytest.raises(StoreError, match="failed to sync"):
            await mailbox.count()
        await mailbox.store.stop()

        assert len(mailbox.told) == 1


async def test_a_disk_that_fails_at_the_last_checkpoint_is_told_of(tmp_path: Path) -> None:
    """The log has room on the disk and the database has none: the log stays, and it is told."""
    with loop_disk(tmp_path / "disk") as disk:
        mailbox = Mailbox(disk.folder / "state")
        await mailbox.store.start()
        await mailbox.receive(FILLING)
        disk.fail_to_sync()
        # Written over the log of before, where the disk has its blocks.
        await mailbox.receive(10)
        await mailbox.store.stop()
        assert len(mailbox.told) == 1
        assert mailbox.log.stat().st_size == BOUND
