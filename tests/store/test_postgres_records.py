"""Records that several instances write at the same time, and who follows them."""

from __future__ import annotations

import asyncio

import pytest

from tests.store.bundle import ACME
from tests.store.cluster import Cluster
from tests.store.conformance_records import fresh, one, record
from vedette.ports.records import Put, Refusal
from vedette.store.postgres.connection import connect
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server


async def test_rows_that_eight_instances_write_are_all_followed(cluster: Cluster) -> None:
    """By revision, in the middle of the writes, none is passed over; all are told but the last."""
    names = [f"i{at}" for at in range(8)]
    async with cluster.started("reader", *names) as (reader, *stores):
        found: list[str] = []
        after = 0

        async def read() -> None:
            nonlocal after
            feed = await reader.records.touched(after, limit=7)
            found.extend(each.id for each in feed)
            after = feed[-1].revision if feed else after
            if not feed:
                await asyncio.sleep(0)

        async def write(store: PostgresStore, name: str) -> None:
            for number in range(25):
                put = fresh(record(f"{name}-{number:02}"))
                done = await store.records.write([put], now=1.0, tenant=[ACME, None][number % 2])
                assert done.refusal is None

        writing = asyncio.gather(*map(write, stores, names))
        while not writing.done():
            await read()
        await writing
        last = -1
        while last != after:
            last = after
            await read()

        assert sorted(found) == sorted(f"{name}-{n:02}" for name in names for n in range(25))
        assert after == 200


async def test_one_instance_hears_what_another_writes(cluster: Cluster) -> None:
    """Before it would look for itself; what somebody else says on the line is not taken for it."""
    async with cluster.started("one", "two") as (one_, two):
        # The first second is for the line to be made.
        await two.records.listen(0)
        ear = asyncio.create_task(two.records.listen(0))
        await asyncio.sleep(0)
        somebody = await connect(cluster.url)
        for noise in ("", "x", "9" * 40, "-1", "1.5"):
            await somebody.execute("SELECT pg_notify('vedette_record', $1)", noise)
        await somebody.close()
        kept = await one(one_, record("a"))
        await ear
        assert two.records._bell._last == kept.revision


async def test_a_limit_is_exact_whoever_asks(cluster: Cluster) -> None:
    """Of eight instances that create at the limit, as many do as it lets."""
    names = [f"i{at}" for at in range(8)]
    async with cluster.started(*names) as stores:
        puts = [fresh(record(name, is_counted=True), limit=3) for name in names]
        done = await asyncio.gather(
            *(
                store.records.write([put], now=1.0, tenant=ACME)
                for store, put in zip(stores, puts, strict=True)
            )
        )
        refused = [(each.refusal, each.current) for each in done if each.refusal]
        assert refused == [(Refusal.LIMIT, 3)] * 5


async def test_writes_about_the_same_records_do_not_wait_for_each_other_for_ever(
    cluster: Cluster,
) -> None:
    """In whatever order each names them; secrets are sealed anew meanwhile."""
    async with cluster.started("one", "two", "three") as stores:
        for name in "abc":
            await one(stores[0], record(name), password=b"1")

        async def write(store: PostgresStore, names: str) -> None:
            for _ in range(20):
                puts = []
                for name in names:
                    it = await store.records.record(record(name).kind, name)
                    assert it is not None
                    puts.append(Put(record=it, expected=it.version, secrets={"password": b"2"}))
                await store.records.write(puts, now=1.0)

        async def reseal(store: PostgresStore) -> None:
            for _ in range(20):
                for each in await store.records.sealed(("", "", "")):
                    await store.records.reseal(each, b"3")

        async with asyncio.timeout(30):
            await asyncio.gather(
                write(stores[0], "abc"), write(stores[1], "cba"), reseal(stores[2])
            )
        assert {each.value for each in await stores[0].records.sealed(("", "", ""))} <= {
            b"2",
            b"3",
        }


async def test_who_listens_goes_on_looking_while_the_line_is_lost(cluster: Cluster) -> None:
    """A database that cut it off answers the looks, and what was written in between is told."""
    async with cluster.started("one", "two") as (store, other):
        await other.records.listen(0)
        somebody = await connect(cluster.url)
        await somebody.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        )
        await somebody.close()
        kept = await one(store, record("a"))
        async with asyncio.timeout(5):
            await other.records.listen(kept.revision)
        assert [each.id for each in await other.records.touched(0)] == ["a"]
