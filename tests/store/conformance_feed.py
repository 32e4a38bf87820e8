"""What every store promises of the end of a record, and of who follows what is written."""

from __future__ import annotations

import asyncio

from tests.store.bundle import ACME, Harness, Whole
from tests.store.conformance_records import (
    STALE,
    ZETA,
    drop,
    fresh,
    listed,
    one,
    record,
    told,
    write,
)
from vedette.ports.records import Kind, Put, Touched

DAY = 86_400.0


class FeedContract:
    """Expiry, the feed, who listens."""

    # The end of a record.

    async def test_what_expired_is_gone(self, store: Whole, harness: Harness) -> None:
        """From its instant on, whether it was taken away or not."""
        await one(store, record("a", is_counted=True, expires_at=1100.0), code=b"1")
        await one(store, record("b", is_counted=True))
        harness.clock.time = 1100.0
        it = store.records

        assert await it.record(Kind.ACCOUNT, "a") is None
        assert await listed(store) == ["b"]
        assert await it.count(Kind.ACCOUNT) == 1
        assert await it.secrets(Kind.ACCOUNT, ["a"]) == []
        assert told(await it.touched(0)) == [("a", True), ("b", False)]
        assert await write(store, drop("a"), now=1100.0) == STALE
        assert await write(store, Put(record=record("a"), expected=1), now=1100.0) == STALE

    async def test_who_comes_after_an_expired_record_has_nothing_of_it(
        self, store: Whole, harness: Harness
    ) -> None:
        """Not its secrets, nor its version, nor its place under a limit; another tenant as well."""
        await one(store, record("a", is_counted=True, expires_at=1100.0), code=b"1")
        harness.clock.time = 1200.0
        put = fresh(record("a", tenant=ZETA, is_counted=True), limit=1)
        (kept,) = (await store.records.write([put], now=1200.0, tenant=ZETA)).records

        assert (kept.version, kept.created_at) == (kept.revision, 1200.0)
        assert await store.records.secrets(Kind.ACCOUNT, ["a"]) == []
        assert not (await write(store, fresh(record("b", is_counted=True), limit=1))).refusal

    async def test_what_expired_is_taken_away_in_steps(
        self, store: Whole, harness: Harness
    ) -> None:
        """The oldest first; its end is told, with a new revision, for a day."""
        for at, each in ((1300.0, "c"), (1100.0, "a"), (1200.0, "b"), (9e9, "d")):
            await one(store, record(each, expires_at=at), code=b"1")
        harness.clock.time = 2000.0
        it = store.records

        assert await it.expire(2000.0, limit=2) == 2
        assert told(await it.touched(4)) == [("a", True), ("b", True)]
        assert await it.expire(2000.0, limit=2) == 1
        assert await it.expire(2000.0, limit=2) == 0
        assert [each.id for each in await it.sealed(("", "", ""))] == ["d"]
        assert await it.expire(2000.0 + DAY, limit=9) == 0
        assert await it.expire(2001.0 + DAY, limit=2) == 2
        assert await it.expire(2001.0 + DAY, limit=2) == 1
        assert told(await it.touched(0)) == [("d", False)]

    # The feed.

    async def test_the_feed_tells_of_each_record_the_last(self, store: Whole) -> None:
        """By revision, page by page, and that it is gone."""
        await write(store, *(fresh(record(each)) for each in "abcd"))
        await write(store, Put(record=record("a"), expected=1), drop("c"))
        feed = await store.records.touched(0)

        assert told(feed) == [("b", False), ("d", False), ("a", False), ("c", True)]
        assert [each.revision for each in feed] == [2, 4, 5, 6]
        assert feed[3] == Touched(kind=Kind.ACCOUNT, id="c", tenant=ACME, revision=6, is_gone=True)
        assert await store.records.touched(0, limit=2) == feed[:2]
        assert await store.records.touched(4, limit=2) == feed[2:]
        assert await store.records.touched(10**30) == []
        assert await store.records.touched(0, limit=-1) == []

    async def test_who_listens_hears_of_a_write(self, store: Whole) -> None:
        """Of one before he listened as well, if he says what he knows; all who listen do."""
        it = store.records
        kept = await one(store, record("a"))
        async with asyncio.timeout(0.9):
            await it.listen(kept.revision - 1)
        ears = [asyncio.create_task(it.listen(kept.revision)) for _ in range(3)]
        ears.append(asyncio.create_task(it.listen()))
        await asyncio.sleep(0)
        await one(store, record("b"))
        async with asyncio.timeout(5):
            await asyncio.gather(*ears)

    async def test_who_hears_nothing_looks_for_himself(self, store: Whole) -> None:
        """After a second."""
        async with asyncio.timeout(5):
            await store.records.listen(0)

    async def test_records_are_there_after_a_restart(self, store: Whole, harness: Harness) -> None:
        """And the revisions go on."""
        await one(store, record("a"), password=b"1")
        await store.stop()
        again = harness.make()
        await again.start()

        assert (await one(again, record("b"))).revision == 2
        assert await listed(again) == ["a", "b"]
        await again.stop()
