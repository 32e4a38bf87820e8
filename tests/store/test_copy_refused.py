"""What a copy from SQLite to Postgres refuses, and what is left of one that breaks off: nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import asyncpg
import pytest

from tests.store.bundle import HOOK, post, posting
from tests.store.installation import NOW, Move, live
from tests.support.postgres import Postgres
from vedette.errors import StoreError, StoreUnwritableError
from vedette.ports.store import EventQuery
from vedette.store.postgres import intake
from vedette.store.sqlite.place import DATABASE

pytestmark = pytest.mark.server


@pytest.fixture
def move(tmp_path: Path, postgres: Postgres, database: str) -> Move:
    return Move(tmp_path / "state", postgres.url(database))


async def test_a_database_that_holds_something_is_refused(move: Move) -> None:
    """Whatever it is; nothing is laid over it."""
    async with move.before() as store:
        await live(store)
    async with move.after() as store:
        await post(store, posting("other", HOOK, time=NOW))

    with pytest.raises(
        StoreUnwritableError, match=r"is not empty \(event 1, payload 1, delivery 1"
    ):
        await move.run()
    async with move.after() as store:
        assert [each.event for each in await store.events(EventQuery())] == ["other"]


async def test_a_database_that_an_instance_runs_on_is_refused(
    move: Move, postgres: Postgres, database: str
) -> None:
    """By its heartbeat; nothing is written beside it."""
    async with move.before() as store:
        await live(store)
    async with move.after():
        pass
    async with postgres.asking(database) as connection:
        await connection.execute("INSERT INTO instance (id, heartbeat) VALUES ('west-1', now())")

    with pytest.raises(StoreUnwritableError, match="in use by west-1: stop what runs on it"):
        await move.run()


async def test_a_state_that_a_service_runs_on_is_refused(move: Move) -> None:
    """It would go on and write what is not copied."""
    async with move.before() as store:
        await live(store)
        with pytest.raises(StoreUnwritableError, match="in use by process"):
            await move.run()


async def test_a_folder_without_a_state_is_not_made(move: Move) -> None:
    """To copy is to read."""
    with pytest.raises(StoreUnwritableError, match="nothing to copy"):
        await move.run()

    assert not move.folder.exists()


async def test_a_state_of_an_older_shape_is_refused(move: Move) -> None:
    """Its own program brings it up to date first."""
    async with move.before():
        pass
    with sqlite3.connect(move.folder / DATABASE) as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()

    with pytest.raises(StoreUnwritableError, match="older version: start vedette on it once"):
        await move.run()


async def test_a_copy_that_is_cut_off_leaves_the_database_empty(
    move: Move, postgres: Postgres, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of the tables; the next one does it all."""
    async with move.before() as store:
        await live(store)
    put = intake.put

    async def cut(connection: object, table: str, *rest: object) -> None:
        if table == "decision":
            await postgres.cut(database)
        await put(connection, table, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(intake, "put", cut)
        with pytest.raises(StoreError):
            await move.run()

    assert not (await move.run()).was_done


async def test_what_does_not_arrive_is_not_kept(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row less on the other side, and there is none of it."""
    async with move.before() as store:
        await live(store)
    put = intake.put

    async def lose(connection: object, table: str, columns: object, rows: list[object]) -> None:
        kept = rows[1:] if table == "seen" else rows
        await put(connection, table, columns, kept)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(intake, "put", lose)
        with pytest.raises(StoreError, match=r"seen: 1 of 2 rows\): nothing of it is kept"):
            await move.run()

    async with move.after() as target:
        assert await target.events(EventQuery()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT epoch FROM shard WHERE id = 0 FOR SHARE",
        "SELECT last FROM record_revision WHERE id = 0 FOR UPDATE",
    ],
    ids=["mail", "records"],
)
async def test_nobody_writes_to_a_database_that_takes_in_a_state(
    move: Move, postgres: Postgres, database: str, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes mail or records waits for the end of the copy, and reads what is there then."""
    async with move.before() as store:
        await live(store)
    put, refused = intake.put, []

    async def beside(connection: object, table: str, *rest: object) -> None:
        async with postgres.asking(database) as other:
            try:
                await other.execute("SET lock_timeout = '1ms'")
                await other.fetch(statement)
            except asyncpg.LockNotAvailableError:
                refused.append(table)
        await put(connection, table, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "put", beside)
    proof = await move.run()

    assert refused == [table for table, rows in proof.rows.items() if rows]
