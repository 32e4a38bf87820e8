"""The store on SQLite keeps the promises of every store."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.store.bundle import HOOK, StillClock, post, posting, settled, take
from tests.store.conformance import StoreContract
from vedette.model.delivery import DeliveryState
from vedette.ports.store import DeliveryQuery, EventQuery, Store
from vedette.store.sqlite.store import SqliteStore


class SqliteHarness:
    """One folder of state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = StillClock()

    def make(self) -> SqliteStore:
        return SqliteStore(self.folder, self.clock)

    async def set_epoch(self, store: Store, shard: int, epoch: int) -> None:
        assert isinstance(store, SqliteStore)
        await store._writer.run(
            lambda connection: connection.execute(
                "UPDATE shard SET epoch = ? WHERE id = ?", (epoch, shard)
            ),
            writes=True,
        )


class TestSqliteStore(StoreContract):
    """The suite, on SQLite."""

    @pytest.fixture
    def harness(self, tmp_path: Path) -> SqliteHarness:
        return SqliteHarness(tmp_path / "state")

    async def test_a_new_owner_releases_what_the_old_one_claimed(
        self, harness: SqliteHarness
    ) -> None:
        """Deliveries that were in hand at a crash are due at the next start, not a lease later."""
        first = harness.make()
        await first.start()
        await post(first, posting("a", HOOK))
        await take(first, now=1000.0, lease=80.0)
        await first.stop()
        second = harness.make()
        await second.start()

        (parcel,) = await take(second, now=1000.0)

        assert parcel.attempt == 1
        await second.stop()

    async def test_a_release_leaves_the_instant_of_a_retry_alone(
        self, harness: SqliteHarness
    ) -> None:
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

    async def test_a_clock_set_back_after_a_death_is_known_by_the_last_claim(
        self, harness: SqliteHarness, tmp_path: Path
    ) -> None:
        """Nobody stopped the store; a retry waits no longer than its own wait."""
        first = harness.make()
        await first.start()
        await post(first, posting("a", HOOK))
        harness.clock.time = 2000.0
        (parcel,) = await take(first, now=2000.0)
        await first.settle([settled(parcel, DeliveryState.DUE, due=2300.0)])
        left = SqliteHarness(Path(shutil.copytree(harness.folder, tmp_path / "left")))
        await first.stop()
        left.clock.time = 1500.0
        second = left.make()
        await second.start()

        assert await second.next_due(HOOK) == 1800.0
        await second.stop()

    async def test_two_dead_letters_of_one_event_are_redriven_as_one(
        self, harness: SqliteHarness
    ) -> None:
        """Before replays took dead letters along, one event could leave several."""
        store = harness.make()
        await store.start()
        await post(store, posting("e", HOOK))
        (parcel,) = await take(store)
        await store.settle([settled(parcel, DeliveryState.FAILED)])
        await store._writer.run(
            lambda connection: connection.execute(
                "INSERT INTO delivery (event, endpoint, account, lane, state, head, leased, due,"
                " queued_at, attempt, reason) SELECT event, endpoint, account, lane, state, head,"
                " leased, due, queued_at, attempt, reason FROM delivery"
            ),
            writes=True,
        )

        assert await store.redrive(EventQuery(), HOOK, 500.0) == 1
        (left,) = await store.deliveries(DeliveryQuery())
        assert left.state is DeliveryState.DUE
        await store.stop()
