"""What every store promises of its tail: all events, once each, in an order that stays."""

from __future__ import annotations

import asyncio

from tests.store.bundle import ACME, ANNA, BERT, Whole, cursor, post, posting, step
from vedette.model.ids import AccountId, TenantId
from vedette.ports.store import Fence
from vedette.ports.tail import Spot, Stretch, TailQuery

OTHER = TenantId("other")

#: Writers at the same time, and what each commits.
WRITERS = 8
EACH = 25


def seen(stretch: Stretch) -> list[str]:
    return [each.event for each in stretch.events]


class TailContract:
    """Who follows the events."""

    async def test_a_tail_goes_on_where_it_ended(self, store: Whole) -> None:
        """In the order of the commits, whatever instants the events have; page by page."""
        for event, time in (("a", 300.0), ("b", 100.0), ("c", 200.0)):
            await post(store, posting(event, time=time, body=event.encode()))
        first = await store.tail(TailQuery(limit=2))
        second = await store.tail(TailQuery(after=first.reached, limit=2))

        assert (seen(first), first.is_end) == (["a", "b"], False)
        assert (seen(second), second.is_end) == (["c"], True)
        assert [each.body for each in first.events] == [b"a", b"b"]
        assert first.reached == first.events[-1].spot
        assert seen(await store.tail(TailQuery(after=second.reached))) == []
        assert seen(await store.tail(TailQuery(after=first.events[0].spot))) == ["b", "c"]

    async def test_a_tail_is_about_what_is_asked_for(self, store: Whole) -> None:
        """Whose, which account, which types; what it is not about is passed all the same."""
        await post(store, posting("a"), posting("b", tenant=OTHER), posting("c", account=BERT))
        await post(store, posting("d", kind="account.paused"))

        assert seen(await store.tail(TailQuery(tenant=ACME))) == ["a", "c", "d"]
        assert seen(await store.tail(TailQuery(tenant=OTHER))) == ["b"]
        assert seen(await store.tail(TailQuery(account=ANNA))) == ["a", "b", "d"]
        assert seen(await store.tail(TailQuery(types=("account.*",)))) == ["d"]
        nobody = await store.tail(TailQuery(tenant=TenantId("none")))
        assert (seen(nobody), nobody.is_end) == ([], True)
        assert seen(await store.tail(TailQuery(after=nobody.reached))) == []

    async def test_bodies_of_one_look_have_a_bound(self, store: Whole) -> None:
        """As many as it allows, one at least; who is bare gets the events without."""
        for event in "abc":
            await post(store, posting(event, body=b"x" * 100))
        few = await store.tail(TailQuery(octets=250))

        assert (seen(few), few.is_end) == (["a", "b"], False)
        assert seen(await store.tail(TailQuery(after=few.reached, octets=1))) == ["c"]
        bare = await store.tail(TailQuery(octets=1, bare=True))
        assert (seen(bare), bare.events[0].body) == (["a", "b", "c"], b"")

    async def test_the_end_of_the_tail_is_behind_all_there_is(self, store: Whole) -> None:
        """Who begins there gets what is committed from then on."""
        await post(store, posting("a"))
        end = await store.tail_end()
        await post(store, posting("b"))

        assert seen(await store.tail(TailQuery(after=end))) == ["b"]
        # What somebody made up is no defect; where it is another store's, all is told anew.
        await store.tail(TailQuery(after=Spot(xid=2**70, seq=2**70)))

    async def test_a_known_event_is_told_once(self, store: Whole) -> None:
        """One that is posted again has no second place."""
        await post(store, posting("a"))
        await post(store, posting("a"), posting("b"))

        assert seen(await store.tail(TailQuery())) == ["a", "b"]

    async def test_who_waits_hears_of_a_commit(self, store: Whole) -> None:
        """Of a post, of a folder's step, and of one since he looked; not of nothing."""
        before = store.arrivals
        ears = [asyncio.create_task(store.arrived(before)) for _ in range(3)]
        await asyncio.sleep(0)
        await post(store, posting("a"))
        async with asyncio.timeout(0.9):
            await asyncio.gather(*ears)
            await store.arrived(before)
        before = store.arrivals
        await store.commit(step(None, cursor(1), posting("b")))
        async with asyncio.timeout(0.9):
            await store.arrived(before)

    async def test_eight_writers_at_once_skip_nothing(self, store: Whole) -> None:
        """Who follows while they write sees each event, and each once."""

        async def write(name: str) -> None:
            for number in range(EACH):
                one = posting(f"{name}-{number}", account=AccountId(name))
                await store.post(Fence(), [one])

        writing = asyncio.gather(*(write(f"w{at}") for at in range(WRITERS)))
        found: list[str] = []
        spot = Spot()
        async with asyncio.timeout(30):
            while len(found) < WRITERS * EACH:
                heard = store.arrivals
                stretch = await store.tail(TailQuery(after=spot, limit=7))
                found += seen(stretch)
                spot = stretch.reached
                if stretch.is_end:
                    await store.arrived(heard)
        await writing

        assert sorted(found) == sorted(f"w{at}-{n}" for at in range(WRITERS) for n in range(EACH))
