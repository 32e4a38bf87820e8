"""Who follows the events on Postgres misses none, whoever writes at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.store.bundle import posting
from tests.store.cluster import Cluster
from vedette.model.ids import AccountId
from vedette.ports.store import Fence, Verdict
from vedette.ports.tail import Spot, TailQuery
from vedette.store.postgres.connection import connect
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server

#: Enough for writers to overlap many times; each writes one event in a transaction of its own.
WRITERS = 8
EACH = 60


class Naive:
    """A reader that remembers the highest number it has seen."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._last = 0
        self.found: list[str] = []

    async def read(self) -> None:
        rows = await self._store._transactions.ask(
            lambda connection: connection.fetch(
                "SELECT seq, id FROM event WHERE seq > $1 ORDER BY seq", self._last
            )
        )
        self.found += [row["id"] for row in rows]
        self._last = max((row["seq"] for row in rows), default=self._last)


class Careful:
    """A reader that follows as the store lets it."""

    def __init__(self, store: PostgresStore, limit: int = 7) -> None:
        self._store = store
        self._limit = limit
        self.spot = Spot()
        self.found: list[str] = []

    async def read(self) -> int:
        events = (await self._store.tail(TailQuery(after=self.spot, limit=self._limit))).events
        assert [each.spot for each in events] == sorted(each.spot for each in events)
        self.found += [each.event for each in events]
        self.spot = events[-1].spot if events else self.spot
        return len(events)


async def write(store: PostgresStore, name: str) -> None:
    for number in range(EACH):
        event = posting(f"{name}-{number}", account=AccountId(name))
        assert await store.post(Fence(), [event]) is Verdict.DONE


async def write_all(stores: Sequence[PostgresStore]) -> None:
    await asyncio.gather(*(write(store, f"w{at}") for at, store in enumerate(stores)))


async def test_a_tail_misses_nothing_that_eight_instances_write(cluster: Cluster) -> None:
    """A reader by the highest number misses some of the same events, and this one none."""
    async with cluster.started("reader", *(f"i{at}" for at in range(WRITERS))) as stores:
        naive, careful = Naive(stores[0]), Careful(stores[0])
        writing = asyncio.create_task(write_all(stores[1:]))
        while not writing.done():
            await naive.read()
            await careful.read()
        await writing
        await naive.read()
        while await careful.read():
            pass

        everything = {f"w{at}-{number}" for at in range(WRITERS) for number in range(EACH)}
        assert len(careful.found) == len(everything)
        assert set(careful.found) == everything
        # What shows that the writers really overlapped.
        assert set(naive.found) < everything


async def test_a_tail_waits_for_a_transaction_that_may_come_before(cluster: Cluster) -> None:
    """An event that is committed first, with a later number, is held back until it is safe."""
    async with cluster.started("one") as (store,):
        slow = await connect(cluster.url)
        open_ = slow.transaction()
        await open_.start()
        await slow.execute(
            "INSERT INTO event (seq, id, type, tenant, account, time, lane) "
            "SELECT nextval('number'), 'slow', 'message.received', 'acme', 'slow', 1, ''"
        )
        await slow.execute(
            "INSERT INTO payload (event, body) SELECT seq, '' FROM event WHERE id = 'slow'"
        )
        await store.post(Fence(), [posting("quick")])
        naive, careful = Naive(store), Careful(store)
        await naive.read()
        await careful.read()
        assert (naive.found, careful.found) == (["quick"], [])

        await open_.commit()
        await slow.close()
        await naive.read()
        await careful.read()
        assert (naive.found, careful.found) == (["quick"], ["slow", "quick"])


async def test_a_tail_goes_on_in_the_middle_of_a_transaction(cluster: Cluster) -> None:
    """A place is within a commit as well: a limit cuts nothing off."""
    async with cluster.started("one") as (store,):
        await store.post(Fence(), [posting(f"e{number}") for number in range(5)])
        careful = Careful(store, limit=2)

        assert [await careful.read() for _ in range(4)] == [2, 2, 1, 0]
        assert careful.found == [f"e{number}" for number in range(5)]
