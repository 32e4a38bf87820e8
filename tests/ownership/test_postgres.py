"""The table on Postgres keeps what every table promises, and what only a database can break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.ownership.contract import LONG, A, B, Harness, OwnershipContract
from tests.support.postgres import Postgres
from vedette.ownership.shard import InstanceId
from vedette.ownership.wish import Instance
from vedette.ports.store import Fence
from vedette.secret import Secret
from vedette.store.postgres.fences import is_fenced
from vedette.store.postgres.ownership import PostgresOwnership
from vedette.store.postgres.schema import migrate


class _Database(Harness):
    table: PostgresOwnership

    def __init__(self, postgres: Postgres, name: str) -> None:
        self.postgres = postgres
        self.name = name
        self.table = PostgresOwnership(Secret(postgres.url(name)))

    async def silence(self, instance: InstanceId, seconds: float) -> None:
        async with self.postgres.asking(self.name) as connection:
            await connection.execute(
                "UPDATE instance SET heartbeat = now() - make_interval(secs => $2) WHERE id = $1",
                instance,
                seconds,
            )


class TestPostgresOwnership(OwnershipContract):
    """The suite, on Postgres."""

    @pytest.fixture
    async def harness(self, postgres: Postgres) -> AsyncIterator[_Database]:
        name = await postgres.make()
        async with postgres.asking(name) as connection:
            await migrate(connection)
        database = _Database(postgres, name)
        await database.table.start()
        yield database
        await database.table.stop()
        await postgres.drop(name)

    async def test_a_takeover_does_not_wait_for_an_owner_that_stands_still(
        self, harness: _Database
    ) -> None:
        """A commit that never ends keeps its own shard back, and no other one."""
        await harness.table.beat(Instance(id=A))
        vacant = (await harness.table.look(A)).shards[:3]
        held = await harness.table.claim(A, vacant)
        await harness.silence(A, LONG)
        await harness.table.beat(Instance(id=B))
        rows = [row for row in (await harness.table.look(B)).shards if row.owner == A]
        async with harness.postgres.asking(harness.name) as stopped:
            await stopped.execute("BEGIN")
            fence = Fence(shard=vacant[0].shard, epoch=held[vacant[0].shard])
            assert not await is_fenced(stopped, fence)

            async with asyncio.timeout(5):
                taken = await harness.table.claim(B, rows)

            await stopped.execute("ROLLBACK")
        assert taken.keys() == held.keys() - {vacant[0].shard}
        assert (await harness.table.claim(B, rows)).keys() == {vacant[0].shard}

    async def test_what_belongs_to_no_mailbox_is_never_fenced(self, harness: _Database) -> None:
        """Shard -1 is nobody's to take: events of the cluster itself may be posted by anyone."""
        await harness.table.beat(Instance(id=A))

        await harness.table.claim(A, (await harness.table.look(A)).shards)

        async with harness.postgres.asking(harness.name) as connection:
            assert not await is_fenced(connection, Fence(shard=-1))

    async def test_an_owner_that_was_taken_over_is_fenced(self, harness: _Database) -> None:
        """The epoch that a commit names is the one that the table raised."""
        await harness.table.beat(Instance(id=A))
        held = await harness.table.claim(A, (await harness.table.look(A)).shards[:1])
        [(shard, epoch)] = held.items()
        fence = Fence(shard=shard, epoch=epoch)
        async with harness.postgres.asking(harness.name) as connection:
            assert not await is_fenced(connection, fence)
            await harness.silence(A, LONG)
            await harness.table.beat(Instance(id=B))
            rows = [row for row in (await harness.table.look(B)).shards if row.owner == A]
            await harness.table.claim(B, rows)

            assert await is_fenced(connection, fence)
