"""A second process reads the state while the service writes it, and can not write."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.bundle import (
    ACME,
    ANNA,
    HOOK,
    StillClock,
    cursor,
    decision,
    entry,
    gap,
    posting,
    step,
)
from vedette.errors import StoreError, StoreUnwritableError, StoreVersionError
from vedette.model.account import Health
from vedette.model.cursor import FolderState
from vedette.model.delivery import EndpointState
from vedette.ports.journal import JournalQuery
from vedette.ports.override import Allow, Scope, Switch
from vedette.ports.ratchet import Loosening, Protection
from vedette.ports.store import EventQuery
from vedette.store.sqlite import schema
from vedette.store.sqlite.place import DATABASE
from vedette.store.sqlite.reader import read_only
from vedette.store.sqlite.store import SqliteStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path, StillClock())
    await store.start()
    yield store
    await store.stop()


async def test_a_reader_sees_what_the_running_service_committed(
    store: SqliteStore, tmp_path: Path
) -> None:
    """Folders, events and endpoints, also what was written after the reader was opened."""
    with read_only(tmp_path) as reader:
        assert reader.folders(ANNA) == []
        await store.commit(step(None, cursor(5), posting("e", HOOK, body=b"body"), gaps=(gap(3),)))
        await store.note_endpoint(EndpointState(id=HOOK, failures=2))

        assert reader.folders(ANNA) == [
            FolderState(path=b"INBOX", cursor=cursor(5), gaps=(gap(3),))
        ]
        (event,) = reader.events(EventQuery(account=ANNA))
        assert (event.event, event.body, event.due) == ("e", b"body", 1)
        assert reader.endpoint_states() == [EndpointState(id=HOOK, failures=2)]


async def test_a_reader_sees_health_that_was_written(store: SqliteStore, tmp_path: Path) -> None:
    """Notes come with the next commit."""
    health = Health(account=ANNA, tenant=ACME, email="anna@example.org")
    await store.note(health)
    await store.commit(step(None, cursor(5)))
    await store.commit(step(cursor(5), cursor(6)))

    with read_only(tmp_path) as reader:
        assert reader.healths() == [health]


async def test_a_reader_sees_what_guards_did(store: SqliteStore, tmp_path: Path) -> None:
    """The journal, decisions and counts, as the running service has them."""
    it, why = entry(5, b"key"), decision(5)
    await store.commit(step(None, cursor(5), decisions=(why,), actions=(it,)))

    with read_only(tmp_path) as reader:
        assert reader.journal(JournalQuery(account=ANNA)) == [it]
        assert reader.decisions(ANNA, "gambling", since=0.0, limit=9) == [why]
        assert reader.tallies(None, None) == await store.tallies(None, None) != []


async def test_a_reader_sees_what_people_decided(store: SqliteStore, tmp_path: Path) -> None:
    """Switches, allows, what waits, what is enforced, consents and the audit."""
    off = Switch(scope=Scope.HOST, is_off=True, by="cli", at=1.0)
    bank = Allow(account=ANNA, guard="gambling", domain="bank.example", at=1.0, source="cli")
    looser = Loosening(tenant=ACME, guard="gambling", what="{}", by="cli")
    strict = Protection(
        tenant=ACME, guard="gambling", text="x", mode="act", lock="{}", version="v1", at=1.0
    )
    await store.switch(off)
    await store.allow(bank)
    change = await store.request(looser, delay=60.0, now=1.0)
    await store.enforce(strict, by="file")
    await store.consent(ANNA, version="1", now=1.0, by="anna")

    with read_only(tmp_path) as reader:
        assert reader.switches() == [off]
        assert reader.allows(ANNA) == [bank]
        assert reader.changes() == reader.changes(ACME) == [change]
        assert reader.protections() == [strict]
        assert [each.version for each in reader.consents(ANNA)] == ["1"]
        assert reader.audit_trail() == await store.audit_trail()
        assert reader.verify_audit() == await store.verify_audit()
        assert reader.verify_audit().entries == 4


async def test_a_reader_does_not_hold_the_service_up(store: SqliteStore, tmp_path: Path) -> None:
    """Commits and checkpoints go on while a reader is open, and it sees their end."""
    with read_only(tmp_path) as reader:
        await store.commit(step(None, cursor(1)))
        for uid in range(2, 60):
            body = b"x" * 100_000
            await store.commit(step(cursor(uid - 1), cursor(uid), posting(f"e{uid}", body=body)))
        assert len(reader.events(EventQuery())) == 58

    # 58 bodies of 100 kB went through; the log was reset on its way.
    assert (tmp_path / f"{DATABASE}-wal").stat().st_size < 5_000_000


async def test_a_reader_can_not_write(store: SqliteStore, tmp_path: Path) -> None:
    """Neither the file nor the connection lets it."""
    with read_only(tmp_path) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM folder")


async def test_the_state_can_be_read_when_no_service_runs(
    store: SqliteStore, tmp_path: Path
) -> None:
    """After an orderly stop there is no log beside the database; it is read all the same."""
    await store.commit(step(None, cursor(5)))
    await store.stop()

    with read_only(tmp_path) as reader:
        assert [state.cursor for state in reader.folders(ANNA)] == [cursor(5)]
    # And the reader left nothing that would keep the service from starting.
    await store.start()
    assert [state.cursor for state in await store.folders(ANNA)] == [cursor(5)]


def test_no_state_is_told_from_an_empty_one(tmp_path: Path) -> None:
    """A folder without state, or no folder at all, is named."""
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / ("x" * 300)):
        with pytest.raises(StoreUnwritableError, match="state"):
            read_only(folder)


async def test_a_newer_state_is_not_guessed_at(store: SqliteStore, tmp_path: Path) -> None:
    """A reader of an older Vedette says so."""
    await store.stop()
    newer = sqlite3.connect(tmp_path / DATABASE)
    newer.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    newer.close()

    with pytest.raises(StoreVersionError):
        read_only(tmp_path)


async def test_an_older_state_is_not_migrated_by_a_reader(tmp_path: Path) -> None:
    """A file that was never started has no tables to read."""
    empty = sqlite3.connect(tmp_path / DATABASE)
    empty.execute(f"PRAGMA application_id = {schema.APPLICATION}")
    empty.close()

    with pytest.raises(StoreError, match="start vedette once"):
        read_only(tmp_path)


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    """What is no database is no state."""
    (tmp_path / DATABASE).write_bytes(b"not a database, but long enough to be read" * 100)
    with pytest.raises(StoreError, match="damaged"):
        read_only(tmp_path)
