"""The store on Postgres keeps the promises of every store."""

from __future__ import annotations

import pytest

from tests.store.bundle import HOOK, post, posting, settled, take
from tests.store.cluster import Cluster
from tests.store.conformance import StoreContract
from vedette.model.delivery import DeliveryState

pytestmark = pytest.mark.server


class TestPostgresStore(StoreContract):
    """The suite, on Postgres."""

    @pytest.fixture
    def harness(self, cluster: Cluster) -> Cluster:
        return cluster

    async def test_an_instance_that_comes_back_releases_what_it_had_claimed(
        self, harness: Cluster
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

    async def test_what_another_instance_has_in_hand_is_left_to_it(self, harness: Cluster) -> None:
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

    async def test_an_instance_that_goes_gives_back_what_it_holds(self, harness: Cluster) -> None:
        """The others need not wait for the end of its leases."""
        one, two = harness.make("one"), harness.make("two")
        await one.start()
        await two.start()
        await post(one, posting("a", HOOK))
        (first,) = await take(one, now=1000.0, lease=80.0)
        await one.stop()

        assert await take(two, now=1000.0) == [first]
        await two.stop()

    async def test_a_retry_is_not_hurried_by_a_start(self, harness: Cluster) -> None:
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
