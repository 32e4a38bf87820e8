"""What every store promises of stored events: queries, replay, pruning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.store.bundle import (
    ACME,
    ANNA,
    BERT,
    FILE,
    HOOK,
    Harness,
    cursor,
    names,
    post,
    posting,
    settled,
    step,
    take,
)
from tests.store.conformance_folders import StoreFixture
from vedette.model.delivery import DeliveryState
from vedette.model.ids import EventId, TenantId
from vedette.ports.store import EventQuery, Fence, Point, Span, Store, Survey
from vedette.service.endpoints.replay import behind
from vedette.store.spans import LOOKED

OTHER = TenantId("other")


async def deliver(store: Store, *, ordered: bool = False) -> list[str]:
    """Deliver everything that is due to HOOK, and name it."""
    parcels = await take(store, ordered=ordered, now=1e6)
    await store.settle([settled(parcel) for parcel in parcels])
    return names(parcels)


class HistoryContract(StoreFixture):
    """Events that were committed."""

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            (EventQuery(), ["e5", "e4", "e3", "e2", "e1"]),
            (EventQuery(limit=2), ["e5", "e4"]),
            (EventQuery(limit=0), []),
            (EventQuery(account=ANNA), ["e4", "e3", "e1"]),
            (EventQuery(tenant=OTHER), ["e5", "e4"]),
            (EventQuery(tenant=OTHER, account=ANNA), ["e4"]),
            (EventQuery(types=("message.received",)), ["e4", "e2", "e1"]),
            (EventQuery(types=("message.*",)), ["e5", "e4", "e2", "e1"]),
            (EventQuery(types=("message.m*", "account.*")), ["e5", "e3"]),
            (EventQuery(types=("*",)), ["e5", "e4", "e3", "e2", "e1"]),
            (EventQuery(types=("message",)), []),
            (EventQuery(types=("MESSAGE.*", "%", "m_*", "message.[r]*", "message.receive?")), []),
            (EventQuery(start=20.0, end=40.0), ["e3", "e2"]),
            (EventQuery(start=30.0, account=ANNA, types=("message.*",)), ["e4"]),
            (EventQuery(event=EventId("e2")), ["e2"]),
            (EventQuery(event=EventId("e2"), account=ANNA), []),
            (EventQuery(event=EventId("e4"), tenant=OTHER, end=40.0), []),
            (EventQuery(event=EventId("none")), []),
        ],
    )
    async def test_a_query_filters_and_sorts_newest_first(
        self, store: Store, query: EventQuery, expected: list[str]
    ) -> None:
        """Every filter counts, with every other; of one instant the later one is newer."""
        await post(
            store,
            posting("e2", time=20.0, account=BERT),
            posting("e1", time=10.0),
            posting("e3", time=30.0, kind="account.paused"),
            posting("e4", time=40.0, tenant=OTHER),
            posting("e5", time=40.0, tenant=OTHER, account=BERT, kind="message.missing"),
        )

        assert [event.event for event in await store.events(query)] == expected

    async def test_a_stored_event_tells_what_became_of_it(self, store: Store) -> None:
        """Due, delivered and failed deliveries are counted apart."""
        await post(store, posting("e", HOOK, FILE, body=b"body"))
        (hook,) = await take(store, HOOK)
        await store.settle([settled(hook, DeliveryState.FAILED)])

        (event,) = await store.events(EventQuery())
        assert (event.due, event.delivered, event.failed) == (1, 0, 1)
        assert (event.type, event.tenant, event.account) == ("message.received", ACME, ANNA)
        assert (event.time, event.body) == (100.0, b"body")

    async def test_replay_queues_a_settled_event_again(self, store: Store) -> None:
        """The same id goes out once more, as a new delivery with the first attempt."""
        await post(store, posting("e", HOOK))
        assert await deliver(store) == ["e"]

        assert await store.replay(EventQuery(), [HOOK, HOOK], 500.0) == 1
        (parcel,) = await take(store, now=500.0)
        assert (parcel.event, parcel.attempt, parcel.queued_at) == ("e", 1, 500.0)
        (event,) = await store.events(EventQuery())
        assert (event.due, event.delivered) == (1, 1)

    async def test_replay_reaches_an_endpoint_that_never_had_the_event(self, store: Store) -> None:
        """An endpoint added later can be given the past."""
        await post(store, posting("e", FILE), posting("f"))

        assert await store.replay(EventQuery(), [HOOK], 500.0) == 2
        assert await take(store, now=499.0) == []
        assert names(await take(store, now=500.0)) == ["e", "f"]

    async def test_what_is_on_request_is_found_and_replayed_for_who_names_it(
        self, store: Store
    ) -> None:
        """Whoever asks for all events asks for mail: a probe of ours is nobody's."""
        await store.post(Fence(), [posting("mail"), posting("probe", kind="canary.arrived")])
        found = [
            [each.event for each in await store.events(EventQuery(types=types))]
            for types in ((), ("*",), ("canary.*",), ("canary.arrived", "message.*"))
        ]
        queued = await store.replay(EventQuery(), [HOOK], now=200.0)

        assert found == [["mail"], ["mail"], ["probe"], ["probe", "mail"]]
        assert (queued, names(await take(store, now=1e6))) == (1, ["mail"])
        assert await store.replay(EventQuery(types=("canary.*",)), [HOOK], now=300.0) == 1

    async def test_replay_keeps_the_order_of_each_lane(self, store: Store) -> None:
        """Of the newest that the query takes, the oldest goes first."""
        await post(store, *(posting(f"e{number}", HOOK, time=float(number)) for number in range(4)))
        for _ in range(4):
            await deliver(store, ordered=True)

        assert await store.replay(EventQuery(limit=3), [HOOK], 500.0) == 3
        sent = [await deliver(store, ordered=True) for _ in range(3)]
        assert sent == [["e1"], ["e2"], ["e3"]]

    async def test_replay_starts_a_waiting_delivery_over(self, store: Store) -> None:
        """A delivery late in its schedule goes out now, with the whole schedule before it."""
        await post(store, posting("e", HOOK))
        (parcel,) = await take(store)
        await store.settle([settled(parcel, DeliveryState.DUE, due=9000.0, attempt=8)])

        assert await store.replay(EventQuery(), [HOOK], 500.0) == 1
        (again,) = await take(store, now=500.0)
        assert (again.delivery, again.attempt) == (parcel.delivery, 1)

    async def test_replay_does_not_send_an_overdue_delivery_to_the_end(self, store: Store) -> None:
        """What was due already keeps its place."""
        await post(store, posting("late", HOOK, time=10.0), posting("later", HOOK, time=20.0))

        assert await store.replay(EventQuery(event=EventId("late")), [HOOK], 500.0) == 1
        assert names(await take(store, now=500.0)) == ["late", "later"]

    async def test_what_a_replay_queued_it_does_not_queue_twice(self, store: Store) -> None:
        """Its step may be asked for again, as its answer may be lost: delivered, failed or due."""
        await post(store, *(posting(f"e{number}", HOOK, time=number) for number in range(3)))
        await deliver(store)
        assert await store.replay(EventQuery(), [HOOK], 500.0) == 3
        first, second, _ = await take(store, now=500.0)
        await store.settle([settled(first), settled(second, DeliveryState.FAILED)])

        assert await store.replay(EventQuery(), [HOOK], 500.0) == 0
        assert await store.replay(EventQuery(), [HOOK, FILE], 500.0) == 3
        stored = await store.events(EventQuery())
        assert [(each.due, each.delivered, each.failed) for each in stored] == [
            (2, 1, 0),
            (1, 1, 1),
            (1, 2, 0),
        ]

    async def test_a_look_begins_at_the_end_that_is_asked_for(self, store: Store) -> None:
        """It stops at the limit, and its span is what a query for the same finds."""
        await post(store, *(posting(f"e{number}", time=float(number)) for number in range(5)))

        for newest_first, expected in ((True, ["e4", "e3"]), (False, ["e1", "e0"])):
            seen = await store.survey(EventQuery(limit=2), newest_first=newest_first)
            assert seen.found == 2
            events = await store.events(EventQuery(span=seen.span))
            assert [each.event for each in events] == expected

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            (EventQuery(), ["e1", "e2", "e3", "e4", "e5", "e6"]),
            (EventQuery(account=ANNA), ["e1", "e3", "e5"]),
            (EventQuery(tenant=OTHER), ["e5", "e6"]),
            (EventQuery(tenant=OTHER, account=ANNA), ["e5"]),
            (EventQuery(start=20.0, end=40.0), ["e2", "e3", "e4"]),
            (EventQuery(start=99.0), []),
            (EventQuery(types=("message.missing",)), ["e4"]),
        ],
    )
    @pytest.mark.parametrize("limit", [1, 2, 100])
    async def test_looks_walk_through_all_that_is_asked_for(
        self, store: Store, query: EventQuery, expected: list[str], limit: int
    ) -> None:
        """Each event lies in one of them, in order, though several are of one instant."""
        await post(
            store,
            posting("e2", time=20.0, account=BERT),
            posting("e1", time=10.0),
            posting("e3", time=20.0),
            posting("e4", time=20.0, account=BERT, kind="message.missing"),
            posting("e5", time=40.0, tenant=OTHER),
            posting("e6", time=40.0, tenant=OTHER, account=BERT),
        )
        walked: list[str] = []
        left: Span | None = Span(first=Point(time=0.0, number=0), last=Point(time=1e9, number=0))
        while left is not None:
            look = replace(query, span=left, limit=limit)
            seen = await store.survey(look, newest_first=False)
            if seen.span is None:
                break
            found = await store.events(replace(query, span=seen.span))
            assert len(found) == seen.found
            walked += [each.event for each in reversed(found)]
            left = behind(left, seen.span)

        assert walked == expected

    async def test_a_look_for_what_is_rare_has_an_end(self, store: Store) -> None:
        """Some thousands that are something else are all that one look passes by."""
        await post(store, *(posting(f"e{number}", time=1.0) for number in range(LOOKED + 1)))

        seen = await store.survey(EventQuery(types=("none",)), newest_first=True)
        assert (seen.found, seen.span is None) == (0, False)
        left = await store.events(EventQuery(span=seen.span, limit=LOOKED + 1))
        assert len(left) == LOOKED

    async def test_a_look_for_nothing_sees_nothing(self, store: Store) -> None:
        """And one where nothing is stored."""
        assert await store.survey(EventQuery(), newest_first=True) == Survey(found=0, span=None)
        await post(store, posting("e"))
        query = EventQuery(limit=0)
        assert await store.survey(query, newest_first=True) == Survey(found=0, span=None)

    async def test_a_replay_keeps_to_its_span(self, store: Store) -> None:
        """What lies before or behind it is left for another step."""
        await post(store, *(posting(f"e{number}", time=float(number)) for number in range(4)))
        seen = await store.survey(EventQuery(start=1.0, limit=2), newest_first=False)

        assert await store.replay(EventQuery(span=seen.span), [HOOK], 500.0) == 2
        assert names(await take(store, now=500.0)) == ["e1", "e2"]

    async def test_replay_leaves_a_parcel_in_flight_alone(self, store: Store) -> None:
        """It is being sent at this moment: twice would be once too often."""
        await post(store, posting("e", HOOK))
        await take(store, now=100.0, lease=60.0)

        assert await store.replay(EventQuery(), [HOOK], 159.0) == 0
        assert await store.next_due(HOOK) == 160.0
        assert await store.replay(EventQuery(), [HOOK], 160.0) == 1

    async def test_prune_keeps_what_is_young_or_unsettled(self, store: Store) -> None:
        """An old event goes only when none of its deliveries waits any more."""
        await post(
            store,
            posting("done", HOOK, time=10.0),
            posting("addressed to none", time=10.0),
            posting("waiting", HOOK, FILE, time=10.0),
            posting("young", HOOK, time=50.0),
        )
        await deliver(store)

        # Two events and the one delivery of the first.
        assert await store.prune(events_before=50.0, seen_before=0.0, limit=100) == 3
        left = await store.events(EventQuery())
        assert [event.event for event in left] == ["young", "waiting"]
        assert await store.prune(events_before=50.0, seen_before=0.0, limit=100) == 0

    async def test_prune_goes_in_bounded_steps(self, store: Store) -> None:
        """No step deletes more rows than it was allowed, and the steps get through."""
        await post(store, *(posting(f"e{number}", HOOK, FILE) for number in range(3)))
        await store.replay(EventQuery(), [HOOK], 0.0)
        for endpoint in (HOOK, FILE):
            await store.settle([settled(parcel) for parcel in await take(store, endpoint)])
        await store.commit(step(None, cursor(1), seen=(b"a", b"b")))

        steps = []
        while gone := await store.prune(events_before=1e6, seen_before=1e6, limit=4):
            steps.append(gone)
        assert steps == [4, 4, 3]
        assert await store.events(EventQuery()) == []

    async def test_identity_keys_age_from_when_they_were_last_met(
        self, store: Store, harness: Harness
    ) -> None:
        """A key that is met again lives on; an old one goes."""
        await store.commit(step(None, cursor(1), seen=(b"old", b"met")))
        harness.clock.time += 100.0
        await store.commit(step(cursor(1), cursor(2), seen=(b"met",)))

        pruned = await store.prune(
            events_before=0.0, seen_before=harness.clock.time - 50.0, limit=10
        )
        assert pruned == 1
        assert await store.known(ANNA, [b"old", b"met"]) == {b"met"}

    async def test_a_replayed_event_is_not_pruned_under_way(self, store: Store) -> None:
        """The new delivery holds its event."""
        await post(store, posting("e", HOOK, time=1.0))
        await deliver(store)
        await store.replay(EventQuery(), [HOOK], 500.0)

        assert await store.prune(events_before=1e6, seen_before=0.0, limit=10) == 0
        assert await deliver(store) == ["e"]
        # Two deliveries and their event.
        assert await store.prune(events_before=1e6, seen_before=0.0, limit=10) == 3
