"""What every store promises of deliveries: claim, lease, order, settlement."""

from __future__ import annotations

import pytest

from tests.store.bundle import (
    ACME,
    BERT,
    FILE,
    HOOK,
    Harness,
    Whole,
    names,
    next_in_order,
    post,
    posting,
    settled,
    take,
)
from tests.store.conformance_folders import StoreFixture
from vedette.model.delivery import DeliveryState, EndpointState, Parcel
from vedette.ports.backlog import Backlog
from vedette.ports.store import EventQuery, Store

DUE = DeliveryState.DUE
FAILED = DeliveryState.FAILED


class DeliveryContract(StoreFixture):
    """Deliveries and endpoints."""

    async def test_a_parcel_holds_what_a_sink_needs(self, store: Store) -> None:
        """The body, the type, the lane, the attempt and the instant of queueing."""
        await post(store, posting("e", HOOK, lane=b"Junk", time=90.0, body=b"\x00\xff"))

        (parcel,) = await take(store)
        assert parcel == Parcel(
            delivery=parcel.delivery,
            endpoint=HOOK,
            event=parcel.event,
            type="message.received",
            lane=b"Junk",
            body=b"\x00\xff",
            attempt=1,
            queued_at=90.0,
        )

    async def test_claims_are_of_one_endpoint(self, store: Store) -> None:
        """Each endpoint has its own delivery of an event."""
        await post(store, posting("both", HOOK, FILE), posting("one", FILE))

        assert names(await take(store, HOOK)) == ["both"]
        assert names(await take(store, FILE)) == ["both", "one"]

    async def test_the_oldest_due_comes_first_within_the_limit(self, store: Store) -> None:
        """Due instants decide, then the order of queueing; the future waits."""
        await post(
            store,
            posting("c", HOOK, time=30.0),
            posting("a", HOOK, time=10.0),
            posting("b", HOOK, time=10.0),
            posting("future", HOOK, time=100.5),
        )

        assert names(await take(store, limit=2)) == ["a", "b"]
        assert names(await take(store, limit=2)) == ["c"]
        assert names(await take(store, limit=0, now=200.0)) == []

    async def test_a_lease_hides_a_parcel_until_it_ends(self, store: Store) -> None:
        """A claimed parcel that is never settled comes back, as the same attempt."""
        await post(store, posting("e", HOOK))
        (first,) = await take(store, now=100.0, lease=60.0)

        assert await take(store, now=159.9) == []
        assert await take(store, now=160.0) == [first]

    async def test_next_due_counts_claimed_parcels(self, store: Store) -> None:
        """The courier learns when to look again: the due instant or the lease's end."""
        assert await store.next_due(HOOK) is None
        await post(store, posting("e", HOOK, time=90.0), posting("f", HOOK, time=300.0))
        assert await store.next_due(HOOK) == 90.0

        (parcel,) = await take(store, now=100.0, lease=60.0)
        assert await store.next_due(HOOK) == 160.0
        await store.settle([settled(parcel)])
        assert await store.next_due(HOOK) == 300.0
        assert await store.next_due(FILE) is None

    async def test_the_backlog_is_what_is_not_settled(self, store: Whole) -> None:
        """Of all endpoints, claimed or not, since the first of it was queued."""
        assert await store.backlog() == Backlog(waiting=0, oldest_at=None)
        await post(store, posting("e", HOOK, time=90.0), posting("f", HOOK, FILE, time=95.0))
        (parcel,) = await take(store, now=90.0)
        claimed = await store.backlog()
        await store.settle([settled(parcel)])

        assert claimed == Backlog(waiting=3, oldest_at=90.0)
        assert await store.backlog() == Backlog(waiting=2, oldest_at=95.0)

    async def test_a_retry_comes_at_its_instant_with_the_next_number(self, store: Store) -> None:
        """A settlement that stays due moves the parcel and counts the attempt."""
        await post(store, posting("e", HOOK))
        (parcel,) = await take(store)
        await store.settle([settled(parcel, DUE, due=500.0, reason="503")])

        assert await take(store, now=499.9) == []
        (again,) = await take(store, now=500.0)
        assert (again.delivery, again.attempt, again.queued_at) == (parcel.delivery, 2, 100.0)

    async def test_what_waits_is_redated_when_the_clock_was_set(self, store: Store) -> None:
        """It waits as long as it was meant to; what is due or of another endpoint stays."""
        await post(store, posting("later", HOOK, FILE, time=90.0))
        for endpoint in (HOOK, FILE):
            (parcel,) = await take(store, endpoint, now=100.0)
            await store.settle([settled(parcel, DUE, due=500.0)])
        await post(store, posting("due", HOOK, time=95.0))
        await store.redate([HOOK], seconds=-300.0, now=100.0)

        assert names(await take(store, now=199.9)) == ["due"]
        assert names(await take(store, now=200.0)) == ["later"]
        assert names(await take(store, FILE, now=499.9)) == []

    async def test_what_waits_is_redated_when_the_clock_was_set_back_while_nobody_ran(
        self, store: Store, harness: Harness
    ) -> None:
        """It waits no longer than it had to at the stop, at every endpoint."""
        await post(store, posting("later", HOOK, FILE))
        for endpoint in (HOOK, FILE):
            (parcel,) = await take(store, endpoint, now=1000.0)
            await store.settle([settled(parcel, DUE, due=1300.0)])
        harness.clock.time = 1100.0
        await store.stop()
        harness.clock.time = 400.0
        again = harness.make()
        await again.start()

        assert names(await take(again, now=599.0)) == []
        assert names(await take(again, now=600.0)) == ["later"]
        assert names(await take(again, FILE, now=600.0)) == ["later"]
        await again.stop()

    async def test_what_waits_is_left_alone_when_the_clock_went_on(
        self, store: Store, harness: Harness
    ) -> None:
        """A restart hurries nothing, nor does the second one after the clock was set back."""
        await post(store, posting("later", HOOK))
        (parcel,) = await take(store, now=1000.0)
        await store.settle([settled(parcel, DUE, due=1300.0)])
        await store.stop()
        due = None
        for instant in (1000.5, 400.0, 401.0, 500.0):
            harness.clock.time = instant
            again = harness.make()
            await again.start()
            due = await again.next_due(HOOK)
            await again.stop()

        # 0.5 s of the wait of 300 s had gone when the clock was set back to 400.
        assert due == 699.5

    async def test_words_of_an_endpoint_never_stop_a_settlement(self, store: Store) -> None:
        """A reason that is no text is no reason to send again."""
        await post(store, posting("e", HOOK))
        (parcel,) = await take(store)
        await store.settle([settled(parcel, FAILED, reason="500 \udcff\x00")])
        await store.note_endpoint(EndpointState(id=HOOK, disabled_reason="\ud800"))

        assert await store.next_due(HOOK) is None
        assert (await store.endpoint_state(HOOK)).disabled_reason == "\\ud800"

    async def test_a_parcel_given_back_keeps_its_number(self, store: Store) -> None:
        """An attempt that was never made is not counted."""
        await post(store, posting("e", HOOK))
        (parcel,) = await take(store)
        await store.settle([settled(parcel, DUE, due=100.0, attempt=0)])

        assert await take(store) == [parcel]

    @pytest.mark.parametrize("state", [DeliveryState.DELIVERED, FAILED])
    async def test_a_settled_parcel_is_never_claimed_again(
        self, store: Store, state: DeliveryState
    ) -> None:
        """Delivered and failed are ends, whatever a late settlement says."""
        await post(store, posting("e", HOOK))
        (parcel,) = await take(store)
        await store.settle([settled(parcel, state)])
        await store.settle([settled(parcel, DUE, due=0.0)])

        assert await take(store, now=1e9) == []
        (event,) = await store.events(EventQuery())
        assert (event.due, event.delivered + event.failed) == (0, 1)

    async def test_a_late_refusal_does_not_turn_back_a_younger_attempt(self, store: Store) -> None:
        """After an outlived lease the slower of two workers changes nothing."""
        await post(store, posting("e", HOOK))
        (slow,) = await take(store, now=100.0, lease=1.0)
        (quick,) = await take(store, now=102.0, lease=1.0)
        await store.settle([settled(quick, DUE, due=103.0)])
        (second,) = await take(store, now=103.0)
        await store.settle([settled(second, DUE, due=900.0)])
        await store.settle([settled(slow, DUE, due=0.0)])
        await store.settle([settled(slow, FAILED)])

        assert await store.next_due(HOOK) == 900.0

    async def test_a_late_success_counts(self, store: Store) -> None:
        """The endpoint has it: there is nothing to try again."""
        await post(store, posting("e", HOOK))
        (slow,) = await take(store, now=100.0, lease=1.0)
        (quick,) = await take(store, now=102.0)
        await store.settle([settled(quick, DUE, due=103.0)])
        (second,) = await take(store, now=103.0)
        await store.settle([settled(second, DUE, due=900.0), settled(slow)])

        assert await store.next_due(HOOK) is None

    async def test_a_settlement_of_an_unknown_delivery_is_nothing(self, store: Store) -> None:
        """A parcel whose row was pruned can still be settled."""
        await post(store, posting("e", HOOK))
        (parcel,) = await take(store)
        await store.settle([settled(parcel)])
        await store.prune(events_before=1e9, seen_before=0.0, limit=10)
        await post(store, posting("f", HOOK))

        await store.settle([settled(parcel)])
        assert names(await take(store)) == ["f"]

    async def test_ordered_takes_only_the_head_of_each_lane(self, store: Store) -> None:
        """A lane is the folder of an account: the same name elsewhere is another lane."""
        await post(
            store,
            posting("inbox1", HOOK, time=1.0),
            posting("inbox2", HOOK, time=2.0),
            posting("junk1", HOOK, lane=b"Junk", time=3.0),
            posting("bert1", HOOK, account=BERT, time=4.0),
            posting("bert2", HOOK, account=BERT, time=0.0),
        )

        assert names(await take(store, ordered=True)) == ["inbox1", "junk1", "bert1"]

    async def test_ordered_waits_for_a_leased_or_failing_head(self, store: Store) -> None:
        """Nothing of a lane passes its first unsettled delivery; settled, the next one goes."""
        await post(store, *(posting(f"e{number}", HOOK) for number in range(3)))
        (head,) = await take(store, ordered=True)
        assert await take(store, ordered=True) == []
        assert await next_in_order(store) == 160.0

        await store.settle([settled(head, DUE, due=500.0)])
        assert await take(store, ordered=True, now=499.0) == []
        assert await next_in_order(store) == 500.0
        (head,) = await take(store, ordered=True, now=500.0)
        await store.settle([settled(head, FAILED)])
        (head,) = await take(store, ordered=True, now=500.0)
        await store.settle([settled(head)])
        assert names(await take(store, ordered=True, now=500.0)) == ["e2"]

    async def test_order_holds_after_an_unordered_time(self, store: Store) -> None:
        """Rows settled out of order leave the right head behind."""
        await post(store, *(posting(f"e{number}", HOOK) for number in range(4)))
        parcels = await take(store, lease=0.0)
        await store.settle([settled(parcels[1]), settled(parcels[0])])

        assert names(await take(store, ordered=True, now=101.0)) == ["e2"]

    async def test_a_lane_that_ran_empty_starts_again(self, store: Store) -> None:
        """The first of a new backlog is its head."""
        await post(store, posting("e1", HOOK))
        await store.settle([settled(parcel) for parcel in await take(store, ordered=True)])
        await post(store, posting("e2", HOOK), posting("e3", HOOK))

        assert names(await take(store, ordered=True)) == ["e2"]

    async def test_an_endpoint_never_used_is_fresh(self, store: Store) -> None:
        """No row means no trouble."""
        assert await store.endpoint_state(HOOK) == EndpointState(id=HOOK)

    async def test_an_endpoint_is_remembered(self, store: Store, harness: Harness) -> None:
        """The last word on an endpoint survives a restart."""
        state = EndpointState(
            id=HOOK, disabled_at=5.0, disabled_reason="gone", failing_since=1.0, failures=3
        )
        await store.note_endpoint(EndpointState(id=HOOK, delivered_at=4.0))
        await store.note_endpoint(state)
        await store.stop()

        again = harness.make()
        await again.start()
        assert await again.endpoint_state(HOOK) == state
        assert await again.endpoint_state(FILE) == EndpointState(id=FILE)
        await again.stop()

    async def test_events_of_one_tenant_do_not_hide_those_of_another(self, store: Store) -> None:
        """Deliveries of one endpoint come from every tenant that posts to it."""
        await post(store, posting("a", HOOK, tenant=ACME), posting("b", HOOK, account=BERT))

        assert names(await take(store)) == ["a", "b"]
