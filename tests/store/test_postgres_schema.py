"""A database comes to the newest shape step by step, beside instances that are at work."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from tests.store.bundle import HOOK, StillClock, names, post, posting, take
from tests.support.postgres import Postgres
from vedette.errors import StoreError, StoreVersionError
from vedette.secret import Secret
from vedette.store.postgres import schema
from vedette.store.postgres.connection import connect
from vedette.store.postgres.schema import STEPS, Step, migrate, version
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server

NEXT = len(STEPS) + 1


def further(text: str, *, reader: int = 1) -> tuple[Step, ...]:
    """Return the steps of a Vedette that knows one more."""
    return (*STEPS, Step(number=NEXT, name="later.sql", text=text, reader=reader))


@pytest.fixture
def url(postgres: Postgres, database: str) -> Secret[str]:
    return Secret(postgres.url(database))


async def test_an_empty_database_gets_every_step(url: Secret[str]) -> None:
    """Each is noted with its digest, and a second time nothing is done."""
    connection = await connect(url)
    assert await version(connection) == 0

    assert await migrate(connection) == len(STEPS)
    assert await migrate(connection) == len(STEPS)
    rows = await connection.fetch("SELECT version, checksum FROM schema_version ORDER BY version")
    assert [tuple(row) for row in rows] == [(step.number, step.checksum) for step in STEPS]
    await connection.close()


async def test_two_that_migrate_at_once_do_each_step_once(url: Secret[str]) -> None:
    """The second one waits, and finds it done."""
    connections = [await connect(url) for _ in range(3)]
    assert await asyncio.gather(*map(migrate, connections)) == [len(STEPS)] * 3
    for connection in connections:
        await connection.close()


async def test_an_older_vedette_goes_on_beside_a_newer_shape(
    url: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that only adds leaves what the one before reads."""
    store = PostgresStore(url, StillClock(), instance="old")
    await store.start()
    monkeypatch.setattr(schema, "STEPS", further("ALTER TABLE folder ADD COLUMN more text"))
    connection = await connect(url)
    assert await migrate(connection) == NEXT
    monkeypatch.undo()
    await connection.close()

    await post(store, posting("e", HOOK))
    await store.stop()
    await store.start()
    assert names(await take(store)) == ["e"]
    await store.stop()


async def test_a_shape_that_can_not_be_read_any_more_is_refused(
    url: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step says so, and the error says what to run."""
    connection = await connect(url)
    monkeypatch.setattr(schema, "STEPS", further("ALTER TABLE folder DROP since", reader=NEXT))
    await migrate(connection)
    monkeypatch.undo()
    await connection.close()

    with pytest.raises(StoreVersionError, match=f"has version {NEXT} and this Vedette knows"):
        await PostgresStore(url, StillClock(), instance="old").start()


async def test_a_store_that_may_not_migrate_asks_for_it(url: Secret[str]) -> None:
    """Where another role makes the tables, a start on an older shape says what to run."""
    with pytest.raises(StoreError, match="run vedette migrate"):
        await PostgresStore(url, StillClock(), instance="one", migrates=False).start()


async def test_a_database_of_another_program_is_left_alone(url: Secret[str]) -> None:
    """Its tables are not ours to add to."""
    connection = await connect(url)
    await connection.execute("CREATE TABLE theirs (id integer)")
    with pytest.raises(StoreError, match="tables that are not Vedette's"):
        await migrate(connection)
    await connection.close()


async def test_a_step_that_fails_leaves_the_shape_before_it(
    url: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what it had done already is undone."""
    connection = await connect(url)
    await migrate(connection)
    monkeypatch.setattr(schema, "STEPS", further("CREATE TABLE half (); SELECT 1 / 0"))
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(connection)

    assert await version(connection) == len(STEPS)
    assert await connection.fetchval("SELECT to_regclass('half')") is None
    await connection.close()


async def test_a_step_waits_for_a_table_in_turns(
    url: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lets the mail pass between two tries, and goes on when the table is free."""
    holder, other = await connect(url), await connect(url)
    await migrate(other)
    monkeypatch.setattr(schema, "STEPS", further("ALTER TABLE folder ADD COLUMN more text"))
    monkeypatch.setattr(schema, "_LOCK_TIMEOUT", "SET LOCAL lock_timeout = '50ms'")
    monkeypatch.setattr(schema, "PAUSE", 0.0)
    monkeypatch.setattr(schema, "TRIES", 3)
    async with holder.transaction():
        await holder.execute("LOCK TABLE folder IN ACCESS SHARE MODE")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await migrate(other)

    assert await migrate(other) == NEXT
    await holder.close()
    await other.close()


def test_every_step_says_who_can_read_what_it_leaves() -> None:
    """A number stays until a later step raises it, and never names a step that is to come."""
    readers = [step.reader for step in STEPS]

    assert readers == sorted(readers)
    assert all(step.reader <= step.number for step in STEPS)
