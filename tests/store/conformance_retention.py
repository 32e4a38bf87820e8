"""What every store promises of tenants whose events are kept for less than everybody's."""

from __future__ import annotations

from tests.store.bundle import FILE, HOOK, post, posting, settled, take
from tests.store.conformance_folders import StoreFixture
from vedette.model.ids import EndpointId, TenantId
from vedette.ports.store import EventQuery, Store

ACME, ZETA = TenantId("acme"), TenantId("zeta")


async def deliver(store: Store, endpoint: EndpointId = HOOK) -> None:
    """Deliver everything that is due to an endpoint."""
    parcels = await take(store, endpoint, now=1e6)
    await store.settle([settled(parcel) for parcel in parcels])


async def left(store: Store) -> list[str]:
    return sorted(each.event for each in await store.events(EventQuery(limit=100)))


class RetentionContract(StoreFixture):
    """Events of tenants that keep less."""

    async def test_events_of_a_tenant_end_before_those_of_others(self, store: Store) -> None:
        """With their deliveries; each tenant has an instant of its own, and no other is touched."""
        await post(
            store,
            posting("old", HOOK, FILE, tenant=ACME, time=10.0),
            posting("young", HOOK, tenant=ACME, time=50.0),
            posting("theirs", HOOK, tenant=ZETA, time=10.0),
            posting("their oldest", HOOK, tenant=ZETA, time=5.0),
            posting("another's", HOOK, tenant=TenantId("default"), time=1.0),
        )
        for endpoint in (HOOK, FILE):
            await deliver(store, endpoint)

        assert await store.prune_tenants({ACME: 50.0, ZETA: 10.0}, limit=10) == 2
        assert await left(store) == ["another's", "theirs", "young"]
        assert await store.prune_tenants({ACME: 50.0, ZETA: 10.0}, limit=10) == 0
        assert await store.prune_tenants({}, limit=10) == 0
        assert await store.replay(EventQuery(), [HOOK], 900.0) == 3

    async def test_what_a_tenant_was_not_sent_yet_stays(self, store: Store) -> None:
        """However old it is, as with everybody's; it goes once it is settled."""
        await post(
            store,
            posting("sent", HOOK, tenant=ACME, time=10.0),
            posting("waiting", HOOK, FILE, tenant=ACME, time=10.0),
            posting("to none", tenant=ACME, time=10.0),
        )
        await deliver(store)

        assert await store.prune_tenants({ACME: 1e6}, limit=10) == 2
        assert await left(store) == ["waiting"]
        assert await take(store, FILE)
        assert await store.prune_tenants({ACME: 1e6}, limit=10) == 0

    async def test_events_of_tenants_go_in_bounded_steps(self, store: Store) -> None:
        """The oldest first, and over all tenants that a step is about."""
        names = [TenantId(f"t{number}") for number in range(3)]
        await post(
            store,
            *(
                posting(f"{name}-{number}", tenant=name, time=float(number))
                for name in names
                for number in range(3)
            ),
        )

        steps = []
        while gone := await store.prune_tenants(dict.fromkeys(names, 2.0), limit=4):
            steps.append(gone)

        assert steps == [4, 2]
        assert await left(store) == ["t0-2", "t1-2", "t2-2"]
        assert await store.prune_tenants(dict.fromkeys(names, 1e6), limit=0) == 0
