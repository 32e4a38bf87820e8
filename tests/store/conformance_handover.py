"""What every store promises of a commit that hands over what it queues."""

from __future__ import annotations

from tests.store.bundle import (
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
from vedette.model.delivery import DeliveryState, Parcel
from vedette.ports.store import EventQuery, Store, Taker, Verdict

DUE = DeliveryState.DUE


def taker(taken: list[Parcel], *, limit: int = 10, ordered: bool = False) -> Taker:
    """Return one for the hook that puts what it is handed into ``taken``."""
    return Taker(endpoint=HOOK, ordered=ordered, limit=limit, until=160.0, take=taken.extend)


class HandoverContract(StoreFixture):
    """What a commit hands to those who have room."""

    async def test_a_commit_hands_over_what_a_claim_would(self, store: Store) -> None:
        """The parcel is the one of a claim, claimed as long, and not to be claimed beside it."""
        taken: list[Parcel] = []
        event = posting("e", HOOK, FILE, lane=b"Junk", time=90.0, body=b"\x00\xff")
        await store.commit(step(None, cursor(1), event, takers=(taker(taken),)))

        assert await take(store, now=159.9) == []
        assert await store.next_due(HOOK) == 160.0
        assert names(await take(store, FILE)) == ["e"]
        assert await take(store, now=160.0) == taken

    async def test_what_is_handed_over_is_settled_as_any_other(self, store: Store) -> None:
        """It is delivered, or waits for its next attempt."""
        taken: list[Parcel] = []
        events = posting("a", HOOK), posting("b", HOOK)
        await store.commit(step(None, cursor(1), *events, takers=(taker(taken),)))
        await store.settle([settled(taken[0]), settled(taken[1], DUE, due=500.0)], patience=0.01)

        assert await take(store, now=499.9) == []
        (again,) = await take(store, now=500.0)
        assert (again.event, again.attempt) == ("b", 2)

    async def test_no_more_is_handed_over_than_there_is_room_for(self, store: Store) -> None:
        """The first ones, in their order; the rest is to be claimed."""
        taken: list[Parcel] = []
        events = [posting(f"e{number}", HOOK) for number in range(4)]
        await store.commit(step(None, cursor(1), *events, takers=(taker(taken, limit=2),)))

        assert names(taken) == ["e0", "e1"]
        assert names(await take(store)) == ["e2", "e3"]

    async def test_in_order_only_the_first_of_a_lane_is_handed_over(self, store: Store) -> None:
        """What stands behind another delivery, of this commit or of one before, waits for it."""
        taken: list[Parcel] = []
        await post(store, posting("old", HOOK, lane=b"Junk"))
        events = posting("junk", HOOK, lane=b"Junk"), posting("a", HOOK), posting("b", HOOK)
        handed = taker(taken, ordered=True)
        await store.commit(step(None, cursor(1), *events, takers=(handed,)))

        assert names(taken) == ["a"]
        await store.settle([settled(taken[0])])
        assert names(await take(store, ordered=True)) == ["old", "b"]

    async def test_what_was_met_before_is_handed_over_as_it_is_stored(self, store: Store) -> None:
        """The body of a message that the account knows already tells so."""
        taken: list[Parcel] = []
        await store.commit(step(None, cursor(1), seen=(b"key",)))
        event = posting("e", HOOK, body=b"new", keys=(b"key",), again=b"met")
        await store.commit(step(cursor(1), cursor(2), event, takers=(taker(taken),)))

        assert [parcel.body for parcel in taken] == [b"met"]

    async def test_nothing_is_handed_over_where_nothing_is_queued(self, store: Store) -> None:
        """A commit that is refused, and an event that is stored already, are not to be sent."""
        taken: list[Parcel] = []
        event, handed = posting("e", HOOK), taker(taken)
        await post(store, event)
        stale = step(cursor(9), cursor(10), posting("f", HOOK), takers=(handed,))
        assert await store.commit(stale) is Verdict.STALE
        assert await store.commit(step(None, cursor(1), event, takers=(handed,))) is Verdict.DONE

        assert taken == []
        assert names(await take(store)) == ["e"]

    async def test_what_is_handed_over_is_in_flight_for_a_replay(self, store: Store) -> None:
        """It is left alone, as what was claimed."""
        await store.commit(step(None, cursor(1), posting("e", HOOK), takers=(taker([]),)))

        assert await store.replay(EventQuery(), [HOOK], 100.0) == 0

    async def test_a_new_owner_takes_over_what_was_handed_over(
        self, store: Store, harness: Harness
    ) -> None:
        """After a crash it is due at once, not when its time is over."""
        event = posting("e", HOOK)
        await store.commit(step(None, cursor(1), event, takers=(taker([]),)))
        await store.stop()
        harness.clock.time = 101.0
        again = harness.make()
        await again.start()

        assert names(await take(again, now=101.0)) == ["e"]
        await again.stop()
