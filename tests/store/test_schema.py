"""The shape of the state moves forward in whole steps, and never back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.store.bundle import ANNA, StillClock, cursor, step
from vedette.errors import StoreError, StoreVersionError
from vedette.store.sqlite import schema
from vedette.store.sqlite.place import DATABASE
from vedette.store.sqlite.store import SqliteStore


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    return sqlite3.connect(tmp_path / "any.db", isolation_level=None)


def test_an_empty_file_gets_the_newest_shape(connection: sqlite3.Connection) -> None:
    """Every migration runs once, in order, and a second call has nothing to do."""
    assert schema.version(connection) == 0
    schema.migrate(connection)
    assert schema.version(connection) == len(schema.MIGRATIONS)
    schema.migrate(connection)
    connection.close()


def test_every_table_is_strict(connection: sqlite3.Connection) -> None:
    """A value of the wrong type is refused by the database itself."""
    schema.migrate(connection)
    tables = connection.execute(
        "SELECT name, strict FROM pragma_table_list "
        "WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    connection.close()

    assert len(tables) == 30
    assert [name for name, strict in tables if not strict] == []


def test_a_step_that_fails_leaves_the_old_shape(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a migration is no migration; the next start tries again."""
    schema.migrate(connection)
    broken = "CREATE TABLE half (id INTEGER) STRICT; CREATE TABLE half (id INTEGER) STRICT;"
    known = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", (*known, broken))
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        schema.migrate(connection)
    assert not connection.in_transaction
    assert schema.version(connection) == len(known)

    monkeypatch.setattr(schema, "MIGRATIONS", (*known, "CREATE TABLE half (id INTEGER) STRICT;"))
    schema.migrate(connection)
    assert schema.version(connection) == len(known) + 1
    connection.close()


async def test_a_newer_state_is_refused_and_left_alone(tmp_path: Path) -> None:
    """An older Vedette does not touch what a newer one wrote."""
    store = SqliteStore(tmp_path, StillClock())
    await store.start()
    await store.commit(step(None, cursor(1)))
    await store.stop()
    newer = sqlite3.connect(tmp_path / DATABASE)
    newer.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    newer.close()

    with pytest.raises(StoreVersionError, match=r"has version 10 and this Vedette knows 9"):
        await SqliteStore(tmp_path, StillClock()).start()
    back = sqlite3.connect(tmp_path / DATABASE)
    assert back.execute("SELECT account FROM folder").fetchall() == [(ANNA,)]
    back.close()


async def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """A file that is not ours is not migrated into ours."""
    foreign = sqlite3.connect(tmp_path / DATABASE)
    foreign.execute("CREATE TABLE bookmarks (url TEXT)")
    foreign.close()

    with pytest.raises(StoreError, match="another program"):
        await SqliteStore(tmp_path, StillClock()).start()


def test_migrations_are_numbered_without_a_hole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file whose number is not the next one stops the import."""
    (tmp_path / "0001_first.sql").write_text("SELECT 1;")
    (tmp_path / "0003_third.sql").write_text("SELECT 1;")
    monkeypatch.setattr(schema, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=r"0003_third\.sql should have number 0002"):
        schema._load()
