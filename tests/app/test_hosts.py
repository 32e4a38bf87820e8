"""Host tables beside the engine: proofs of life reach their rows, failures in the server's words."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.sources.given import settings
from vedette.app import hosts
from vedette.app.clock import SystemClock, dice
from vedette.app.hosts import Hosts
from vedette.errors import AuthError, NetworkError
from vedette.model.account import Health
from vedette.model.ids import AccountId, TenantId
from vedette.secret import Secret
from vedette.sources.location import read_location

WRITE = """
[sources.app.write]
on_error = "UPDATE mailbox SET error = :error WHERE id = :id"
on_connected = "UPDATE mailbox SET error = NULL WHERE id = :id"
on_heartbeat = "UPDATE mailbox SET beat = :heartbeat_at WHERE id = :id"
pace = 0.1
"""
ANNA = AccountId("1")
NOON = 1_794_657_600.0


@pytest.fixture
def table(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Return a table with one mailbox, as its owner has it open."""
    connection = sqlite3.connect(tmp_path / "app.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE mailbox (id, email, host, password, error, beat)")
    connection.execute("INSERT INTO mailbox VALUES (1, 'a@example.org', 'h', 'pw', NULL, NULL)")
    yield connection
    connection.close()


def made(folder: Path, *healths: Health) -> Hosts:
    found = settings(
        WRITE,
        location=read_location(Secret(f"sqlite://{folder / 'app.db'}")),
        query="SELECT * FROM mailbox",
    )
    return Hosts([found], SystemClock(), dice, healths=lambda: healths)


async def until(table: sqlite3.Connection, column: str, value: Any) -> None:
    """Wait until a column of the row has a value."""
    async with asyncio.timeout(30):
        while True:
            ((found,),) = table.execute(f"SELECT {column} FROM mailbox").fetchall()
            if found == value:
                return
            await asyncio.sleep(0.02)


async def test_how_a_mailbox_is_reaches_its_row(
    table: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own words, or ours where it said none; cleared by a connect; proofs as they come."""
    monkeypatch.setattr(hosts, "BEAT", 0.05)
    health = Health(account=ANNA, tenant=TenantId("t"), email="a@example.org", proof_at=NOON)
    part = made(tmp_path, health)
    await part.start()
    try:
        await part.sources[0].changed()
        await until(table, "beat", "2026-11-14T12:00:00.000Z")
        part.failed(ANNA, AuthError("refused", reply="[AUTHENTICATIONFAILED] No."))
        await until(table, "error", "[AUTHENTICATIONFAILED] No.")
        part.failed(ANNA, NetworkError("no route to host"))
        await until(table, "error", "no route to host")
        part.connected(ANNA)
        await until(table, "error", None)
        part.failed(AccountId("of somebody else"), NetworkError("no route to host"))
    finally:
        await part.stop()


async def test_what_a_table_was_not_told_yet_is_told_under_its_new_settings(
    table: sqlite3.Connection, tmp_path: Path
) -> None:
    """A reload between an error and its writing loses no word; the same settings touch nothing."""
    part = made(tmp_path)
    await part.start()
    try:
        (first,) = part.sources
        await first.changed()
        assert not await part.apply([first.settings])
        assert part.sources == (first,)
        part.failed(ANNA, NetworkError("no route to host"))
        assert await part.apply([replace(first.settings, refresh=60.0)])
        await until(table, "error", "no route to host")
        assert await part.apply([])
        assert len(part.sources) == 0
    finally:
        await part.stop()
