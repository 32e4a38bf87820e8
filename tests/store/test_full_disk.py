"""A full disk stops the store, loses nothing, and lets it go on once there is space."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.store.bundle import ACME, ANNA, HOOK, StillClock, cursor, posting, step
from tests.store.disks import NoDiskError, fill, small_disk
from vedette.errors import StoreFullError
from vedette.model.account import Health
from vedette.model.cursor import Cursor
from vedette.model.ids import AccountId
from vedette.ports.store import EventQuery, Store, Verdict
from vedette.store.sqlite.store import SqliteStore

KIB = 1024
BODY = b"x" * (16 * KIB)


@dataclass
class Disk:
    """A disk of 3 MiB with half a MiB of ballast on it, and the way to throw that off."""

    folder: Path
    relieve: Callable[[], object]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    try:
        with small_disk(tmp_path / "disk", 3 * KIB) as folder:
            ballast = folder / "ballast"
            ballast.write_bytes(bytes(KIB * KIB))
            yield Disk(folder, ballast.unlink)
    except NoDiskError as error:
        pytest.skip(f"no small disk: {error}")


async def write_until_full(store: Store, account: AccountId) -> tuple[Cursor | None, int]:
    """Commit one event after the other; return the last cursor on disk and how many there are."""
    at: Cursor | None = None
    for uid in range(1, 1000):
        event = posting(f"{account}-{uid}", HOOK, account=account, body=BODY)
        try:
            verdict = await store.commit(step(at, cursor(uid), event, account=account))
        except StoreFullError:
            return at, uid - 1
        assert verdict is Verdict.DONE
        at = cursor(uid)
    raise AssertionError("the disk never filled up")


async def check_books(store: Store, account: AccountId, at: Cursor | None, count: int) -> None:
    """Check that the cursor stands at the last event that was promised, and none is beyond it."""
    stored = await store.events(EventQuery(account=account, limit=10_000))
    assert len(stored) == count
    assert [state.cursor for state in await store.folders(account)] == ([at] if at else [])


async def test_a_full_disk_keeps_cursor_and_events_together(disk: Disk) -> None:
    """The commit that does not fit is refused whole; what was promised before can be read."""
    store = SqliteStore(disk.folder / "state", StillClock())
    await store.start()
    at, count = await write_until_full(store, ANNA)

    assert count > 10
    await check_books(store, ANNA, at, count)
    await store.stop()

    again = SqliteStore(disk.folder / "state", StillClock())
    disk.relieve()
    await again.start()
    await check_books(again, ANNA, at, count)
    await again.stop()


async def test_the_store_goes_on_by_itself_once_there_is_space(disk: Disk) -> None:
    """The same store, never restarted, takes the very commit that it refused."""
    store = SqliteStore(disk.folder / "state", StillClock())
    await store.start()
    at, count = await write_until_full(store, ANNA)
    disk.relieve()

    refused = step(at, cursor(count + 1), posting(f"{ANNA}-{count + 1}", HOOK, body=BODY))
    assert await store.commit(refused) is Verdict.DONE
    await check_books(store, ANNA, cursor(count + 1), count + 1)
    await store.stop()


async def test_every_commit_of_a_group_that_does_not_fit_is_refused(disk: Disk) -> None:
    """Many folders at once: each is told, and for each the books agree."""
    store = SqliteStore(disk.folder / "state", StillClock())
    await store.start()
    accounts = [AccountId(f"account{number}") for number in range(20)]
    ends = await asyncio.gather(*(write_until_full(store, account) for account in accounts))

    for account, (at, count) in zip(accounts, ends, strict=True):
        await check_books(store, account, at, count)
    disk.relieve()
    for account, (at, count) in zip(accounts, ends, strict=True):
        assert await store.commit(step(at, cursor(999), account=account)) is Verdict.DONE
        await check_books(store, account, cursor(999), count)
    await store.stop()


async def test_a_note_waits_for_space(disk: Disk) -> None:
    """Health that could not be written is kept, seen, and on disk once that works."""
    store = SqliteStore(disk.folder / "state", StillClock())
    await store.start()
    await write_until_full(store, ANNA)
    ballast = fill(disk.folder / "more")
    health = Health(account=ANNA, tenant=ACME, email="anna@example.org", error="x" * 3000)
    await store.note(health)
    health = replace(health, strikes=1)
    await store.note(health)
    assert await store.healths() == [health]

    disk.relieve()
    ballast.unlink()
    await store.stop()
    again = SqliteStore(disk.folder / "state", StillClock())
    await again.start()
    assert await again.healths() == [health]
    await again.stop()


async def test_a_start_on_a_full_disk_says_so(disk: Disk) -> None:
    """There is no room for the state at all: one clear error, and a start that works later."""
    ballast = fill(disk.folder / "more")
    store = SqliteStore(disk.folder / "state", StillClock())
    with pytest.raises(StoreFullError, match="no space is left"):
        await store.start()

    ballast.unlink()
    await store.start()
    assert await store.folders(ANNA) == []
    await store.stop()


async def test_a_database_at_its_limit_is_a_full_disk(tmp_path: Path) -> None:
    """Where no disk can be mounted the page limit stands in: the same refusal, the same way on."""
    store = SqliteStore(tmp_path / "state", StillClock())
    await store.start()
    await store._writer.run(
        lambda connection: connection.execute("PRAGMA max_page_count = 200").fetchone(),
        writes=False,
    )
    at, count = await write_until_full(store, ANNA)
    assert count > 10
    assert isinstance(store.fault(), StoreFullError)
    await check_books(store, ANNA, at, count)
    assert isinstance(store.fault(), StoreFullError)  # what is read says nothing of that

    await store._writer.run(
        lambda connection: connection.execute("PRAGMA max_page_count = 100000").fetchone(),
        writes=False,
    )
    assert await store.commit(step(at, cursor(999))) is Verdict.DONE
    assert store.fault() is None
    await check_books(store, ANNA, cursor(999), count)
    await store.stop()
