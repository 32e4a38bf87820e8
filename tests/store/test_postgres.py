"""The store on Postgres keeps the promises of every store."""

from __future__ import annotations

import pytest

from tests.store.bundle import HOOK, StillClock, post, posting, settled, take
from tests.store.conformance import StoreContract
from tests.store.emptied import empty
from tests.support.postgres import Postgres
from vedette.model.delivery import DeliveryState
from vedette.ports.store import Store
from vedette.secret import Secret
from vedette.store.postgres.store import PostgresStore


class PostgresHarness:
    """One database, and instances on it."""

    def __init__(self, url: str) -> None:
        self.url = Secret(url)
        self.clock = StillClock()

    def make(self, instance: str = "one") -> PostgresStore:
        return PostgresStore(self.url, self.clock, instance=instance)

    async def set_epoch(self, store: Store, shard: int, epoch: int) -> None:
        assert isinstance(store, PostgresStore)
        await store._transactions.run(
            lambda connection: connection.execute(
                "UPDATE shard SET epoch = $2 WHERE id = $1", shard, epoch
            )
        )


#: Of the seconds that a service says it ran no more count than went by in the database, and the
#: suite runs for weeks: between two looks at this clock enough of them have passed.
_FLYING = """
CREATE SEQUENCE flying;
CREATE OR REPLACE FUNCTION database_clock() RETURNS double precision LANGUAGE sql VOLATILE
AS 'SELECT 1e7 * nextval(''flying'')'
"""


@pytest.fixture(scope="session")
def _made() -> dict[int, str]:
    """Hold the database that all tests of a server use, one after the other."""
    return {}


@pytest.fixture
async def harness(postgres: Postgres, _made: dict[int, str]) -> PostgresHarness:
    """Return a database with all its tables, and nothing in them."""
    name = _made.get(postgres.port)
    if name is None:
        name = await postgres.make()
        first = PostgresHarness(postgres.url(name)).make()
        await first.start()
        await first.stop()
        async with postgres.asking(name) as connection:
            await connection.execute(_FLYING)
        _made[postgres.port] = name
    async with postgres.asking(name) as connection:
        await empty(connection)
    return PostgresHarness(postgres.url(name))


class TestPostgresStore(StoreContract):
    """The suite, on Postgres."""

    async def test_an_instance_that_comes_back_releases_what_it_had_claimed(
        self, harness: PostgresHarness
    ) -> None:
        """What it had in hand when it died is due at its next start, not a lease later."""
        dead = harness.make()
        await dead.start()
        await post(dead, posting("a", HOOK))
        await take(dead, now=1000.0, lease=80.0)
        again = harness.make()
        await again.start()

        (parcel,) = await take(again, now=1000.0)

        assert parcel.attempt == 1
        await again.stop()
        await dead.stop()

    async def test_what_another_instance_has_in_hand_is_left_to_it(
        self, harness: PostgresHarness
    ) -> None:
        """Its leases end by themselves; nobody who starts beside it takes them away."""
        one, two = harness.make("one"), harness.make("two")
        await one.start()
        await post(one, posting("a", HOOK), posting("b", HOOK))
        (first,) = await take(one, now=1000.0, lease=80.0, limit=1)
        await two.start()

        assert [parcel.event for parcel in await take(two, now=1000.0)] == ["b"]
        assert first in await take(two, now=1080.0)
        await two.stop()
        await one.stop()

    async def test_an_instance_that_goes_gives_back_what_it_holds(
        self, harness: PostgresHarness
    ) -> None:
        """The others need not wait for the end of its leases."""
        one, two = harness.make("one"), harness.make("two")
        await one.start()
        await two.start()
        await post(one, posting("a", HOOK))
        (first,) = await take(one, now=1000.0, lease=80.0)
        await one.stop()

        assert await take(two, now=1000.0) == [first]
        await two.stop()

    async def test_a_retry_is_not_hurried_by_a_start(self, harness: PostgresHarness) -> None:
        """A restart does not hurry an endpoint that is waited for."""
        first = harness.make()
        await first.start()
        await post(first, posting("a", HOOK))
        (parcel,) = await take(first, now=1000.0)
        await first.settle([settled(parcel, DeliveryState.DUE, due=5000.0)])
        await first.stop()
        second = harness.make()
        await second.start()

        assert await second.next_due(HOOK) == 5000.0
        await second.stop()
