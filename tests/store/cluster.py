"""One database of Postgres, and any number of instances on it at the same time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tests.store.bundle import StillClock
from vedette.ports.store import Store
from vedette.secret import Secret
from vedette.store.postgres.store import PostgresStore


class Cluster:
    """One database, and instances on it."""

    def __init__(self, url: str) -> None:
        self.url = Secret(url)
        self.clock = StillClock()

    def make(self, instance: str = "one") -> PostgresStore:
        return PostgresStore(self.url, self.clock, instance=instance)

    @asynccontextmanager
    async def started(self, *instances: str) -> AsyncIterator[list[PostgresStore]]:
        """Run instances for a while."""
        async with AsyncExitStack() as stack:
            stores = []
            for instance in instances:
                store = self.make(instance)
                await store.start()
                stack.push_async_callback(store.stop)
                stores.append(store)
            yield stores

    async def set_epoch(self, store: Store, shard: int, epoch: int) -> None:
        assert isinstance(store, PostgresStore)
        await store._transactions.run(
            lambda connection: connection.execute(
                "UPDATE shard SET epoch = $2 WHERE id = $1", shard, epoch
            )
        )
