"""What every store promises of deliveries that are looked at, and of those that failed."""

from __future__ import annotations

import pytest

from tests.store.bundle import (
    ACME,
    ANNA,
    BERT,
    FILE,
    HOOK,
    names,
    post,
    posting,
    settled,
    take,
)
from tests.store.conformance_folders import StoreFixture
from vedette.model.delivery import DeliveryState
from vedette.model.ids import EventId, TenantId
from vedette.ports.store import DeliveryQuery, EventQuery, Store, StoredDelivery

OTHER = TenantId("other")
DEAD = DeliveryQuery(state=DeliveryState.FAILED)


async def die(store: Store, *, now: float = 1e6) -> None:
    """Let everything that is due to HOOK fail for the last time."""
    parcels = await take(store, now=now)
    await store.settle([settled(parcel, DeliveryState.FAILED, reason="500") for parcel in parcels])


async def listed(store: Store, query: DeliveryQuery) -> list[tuple[str, str]]:
    """Name the deliveries that a query finds: event and endpoint."""
    return [(each.event, each.endpoint) for each in await store.deliveries(query)]


class DeadLetterContract(StoreFixture):
    """Deliveries in a list, and what becomes of those that were given up."""

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            (DeliveryQuery(), ["e4 hook", "e3 hook", "e2 file", "e2 hook", "e1 hook"]),
            (DeliveryQuery(limit=2), ["e4 hook", "e3 hook"]),
            (DeliveryQuery(limit=0), []),
            (DeliveryQuery(endpoint=FILE), ["e2 file"]),
            (DeliveryQuery(state=DeliveryState.DUE), ["e4 hook", "e2 file"]),
            (DeliveryQuery(state=DeliveryState.DUE, endpoint=HOOK), ["e4 hook"]),
            (DeliveryQuery(state=DeliveryState.DELIVERED), ["e3 hook"]),
            (DeliveryQuery(state=DeliveryState.FAILED), ["e2 hook", "e1 hook"]),
            (DeliveryQuery(state=DeliveryState.FAILED, endpoint=FILE), []),
            (DeliveryQuery(state=DeliveryState.FAILED, account=BERT), ["e2 hook"]),
            (DeliveryQuery(state=DeliveryState.FAILED, limit=1), ["e2 hook"]),
            (DeliveryQuery(account=ANNA, types=("message.*",)), ["e4 hook", "e1 hook"]),
            (DeliveryQuery(types=("account.*",)), ["e3 hook"]),
            (DeliveryQuery(tenant=OTHER), ["e4 hook"]),
            (DeliveryQuery(start=20.0, end=40.0), ["e3 hook", "e2 file", "e2 hook"]),
            (DeliveryQuery(event=EventId("e2")), ["e2 file", "e2 hook"]),
            (DeliveryQuery(event=EventId("e2"), state=DeliveryState.FAILED), ["e2 hook"]),
        ],
    )
    async def test_a_list_of_deliveries_filters_and_sorts_by_its_events(
        self, store: Store, query: DeliveryQuery, expected: list[str]
    ) -> None:
        """Every filter counts, with every other; those of the newest event come first."""
        await post(
            store,
            posting("e1", HOOK, time=10.0),
            posting("e2", HOOK, FILE, time=20.0, account=BERT),
        )
        await die(store)
        await post(store, posting("e3", HOOK, time=30.0, kind="account.paused"))
        await store.settle([settled(parcel) for parcel in await take(store)])
        await post(store, posting("e4", HOOK, time=40.0, tenant=OTHER))

        assert [" ".join(each) for each in await listed(store, query)] == expected

    async def test_a_delivery_in_a_list_tells_how_it_stands(self, store: Store) -> None:
        """Its event, its endpoint, its attempts, when it goes next and why it did not yet."""
        await post(store, posting("e", HOOK))
        (parcel,) = await take(store, now=100.0)
        again = settled(parcel, DeliveryState.DUE, due=400.0, reason="HTTP 503")
        await store.settle([again])

        (found,) = await store.deliveries(DeliveryQuery())
        assert found == StoredDelivery(
            delivery=parcel.delivery,
            endpoint=HOOK,
            event=EventId("e"),
            type="message.received",
            tenant=ACME,
            account=ANNA,
            time=100.0,
            state=DeliveryState.DUE,
            is_in_flight=False,
            attempts=1,
            queued_at=100.0,
            due=400.0,
            reason="HTTP 503",
        )

    async def test_a_delivery_in_flight_says_so_in_a_list(self, store: Store) -> None:
        """Until it is settled, ``due`` is the end of its lease."""
        await post(store, posting("e", HOOK))
        await take(store, now=100.0, lease=60.0)

        (found,) = await store.deliveries(DeliveryQuery())
        assert (found.is_in_flight, found.due) == (True, 160.0)

    async def test_a_dead_letter_that_is_redriven_goes_out_under_its_id(self, store: Store) -> None:
        """It has the whole schedule before it again, and is a dead letter no longer."""
        await post(store, posting("e", HOOK))
        await die(store)

        assert await store.redrive(EventQuery(), HOOK, 500.0) == 1
        assert await listed(store, DEAD) == []
        (parcel,) = await take(store, now=500.0)
        assert (parcel.event, parcel.attempt, parcel.queued_at) == ("e", 1, 500.0)

    async def test_only_dead_letters_are_redriven(self, store: Store) -> None:
        """What was delivered or waits is left alone, and so are other endpoints."""
        await post(store, posting("dead", HOOK))
        await die(store)
        await post(store, posting("done", HOOK), posting("elsewhere", FILE))
        (parcel,) = await take(store)
        await store.settle([settled(parcel)])
        await post(store, posting("waits", HOOK))

        assert await store.redrive(EventQuery(), FILE, 500.0) == 0
        assert await store.redrive(EventQuery(), HOOK, 500.0) == 1
        assert names(await take(store, now=1e6)) == ["waits", "dead"]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            (EventQuery(account=BERT), ["e2"]),
            (EventQuery(types=("account.*",)), ["e3"]),
            (EventQuery(start=20.0, end=30.0), ["e2"]),
            (EventQuery(event=EventId("e1")), ["e1"]),
            (EventQuery(tenant=OTHER), []),
            (EventQuery(limit=2), ["e1", "e2"]),
            (EventQuery(limit=0), []),
        ],
    )
    async def test_dead_letters_are_redriven_by_what_their_events_are(
        self, store: Store, query: EventQuery, expected: list[str]
    ) -> None:
        """Of those that a query finds, the oldest go first: a caller takes them in steps."""
        await post(
            store,
            posting("e1", HOOK, time=10.0),
            posting("e2", HOOK, time=20.0, account=BERT),
            posting("e3", HOOK, time=30.0, kind="account.paused"),
        )
        await die(store)

        assert await store.redrive(query, HOOK, 500.0) == len(expected)
        assert names(await take(store, now=500.0)) == expected

    async def test_dead_letters_keep_the_order_of_their_lane(self, store: Store) -> None:
        """An ordered endpoint gets them one after the other, behind what waits already."""
        await post(store, *(posting(f"e{number}", HOOK, time=float(number)) for number in range(2)))
        await die(store)
        await post(store, posting("later", HOOK, time=50.0))
        assert await store.redrive(EventQuery(), HOOK, 500.0) == 2

        sent = []
        for _ in range(3):
            parcels = await take(store, ordered=True, now=1e6)
            sent.append(names(parcels))
            await store.settle([settled(parcel) for parcel in parcels])
        assert sent == [["later"], ["e0"], ["e1"]]

    async def test_a_replay_takes_the_dead_letter_along(self, store: Store) -> None:
        """What is queued again is not listed as given up at the same time."""
        await post(store, posting("e", HOOK, FILE), posting("f", HOOK))
        await die(store)

        assert await store.replay(EventQuery(event=EventId("e")), [HOOK], 500.0) == 1
        assert await listed(store, DEAD) == [("f", "hook")]

    async def test_a_redriven_event_is_not_pruned_under_way(self, store: Store) -> None:
        """The new delivery holds its event; then both go."""
        await post(store, posting("e", HOOK, time=1.0))
        await die(store)
        await store.redrive(EventQuery(), HOOK, 500.0)

        assert await store.prune(events_before=1e6, seen_before=0.0, limit=10) == 0
        await store.settle([settled(parcel) for parcel in await take(store, now=500.0)])
        assert await store.prune(events_before=1e6, seen_before=0.0, limit=10) == 2
