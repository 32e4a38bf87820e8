"""A real database that dies, stands still and comes back: what was known stands, and goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.sources.databases import INSIDE
from tests.sources.given import settings
from tests.support.postgres import Postgres
from tests.support.process import wait_until
from vedette.app.clock import SystemClock
from vedette.secret import Secret
from vedette.sources.database import open_database
from vedette.sources.location import read_location
from vedette.sources.table import TableSource

pytestmark = pytest.mark.server

PATIENCE = 60.0
TABLE = (
    "CREATE TABLE mailbox (id int PRIMARY KEY, email text, host text, password text, error text)"
)
WRITE = """
[sources.app.write]
on_error = "UPDATE mailbox SET error = :error WHERE id = :id"
pace = 0.1
"""


async def put(server: Postgres, *ids: int) -> None:
    """Add mailboxes, and say so."""
    async with server.asking("postgres") as connection:
        for id_ in ids:
            await connection.execute(
                "INSERT INTO mailbox VALUES ($1, 'a@example.org', 'imap.example.org', 'pw')", id_
            )
        await connection.execute("NOTIFY mailbox")


async def until(one: TableSource, count: int) -> None:
    """Wait until so many accounts are known."""
    async with asyncio.timeout(PATIENCE):
        while len(await one.accounts()) != count:
            await one.changed()


@pytest.mark.timeout(200)
async def test_a_database_that_dies_takes_no_mailbox_along(
    make_postgres: Callable[..., Postgres],
) -> None:
    """Killed and started anew: nobody is let go of, the channel is heard again, words arrive."""
    server = make_postgres(durable=True)
    async with server.asking("postgres") as connection:
        await connection.execute(TABLE)
    location = replace(read_location(Secret(server.url("postgres"))), private=True)
    found = settings(
        f"refresh = 5\ntimeout = 5\n{WRITE}",
        location=location,
        query="SELECT * FROM mailbox",
        listen="mailbox",
    )
    one = TableSource(found, open_database(found, INSIDE), clock=SystemClock(), dice=lambda: 0.5)
    await put(server, 1, 2)
    logs: list[Any]
    with capture_logs() as logs:
        running = asyncio.create_task(one.run())
        try:
            async with asyncio.timeout(PATIENCE):
                await one.changed()
            await until(one, 2)
            before = await one.accounts()

            await asyncio.to_thread(server.kill)
            await _logged(logs, "source.failed", "source.deaf")
            account = before[0].registration.account.id
            one.failed(account, "the server is away", SystemClock.now())
            assert [*map(id, await one.accounts())] == [*map(id, before)]

            await asyncio.to_thread(server.start)
            await put(server, 3)
            await until(one, 3)
            assert (await one.accounts())[0] is before[0]
            await _logged(logs, "source.recovered")
            await _written(server)
        finally:
            running.cancel()
            await asyncio.wait([running])

    assert not [each for each in logs if each["event"] == "source.doubted"]


async def _logged(logs: list[Any], *events: str) -> None:
    def all_were() -> bool:
        said = {each["event"] for each in logs}
        return said.issuperset(events)

    await asyncio.to_thread(wait_until, all_were, within=PATIENCE, what=f"{events} in the log")


async def _written(server: Postgres) -> None:
    async with asyncio.timeout(PATIENCE), server.asking("postgres") as connection:
        while True:
            if await connection.fetchval("SELECT error FROM mailbox WHERE id = 1") is not None:
                return
            # A round of writing is a tenth of a second.
            await asyncio.sleep(0.05)
