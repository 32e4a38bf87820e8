"""Days are made before they come, and dropped whole when they are over."""

from __future__ import annotations

import asyncio

import pytest

from tests.store.bundle import FILE, HOOK, names, post, posting, settled, take
from tests.store.cluster import Cluster
from tests.support.postgres import Postgres
from vedette.model.delivery import DeliveryState
from vedette.model.ids import EventId
from vedette.ports.store import EventQuery
from vedette.store.postgres import numbers, partitions
from vedette.store.postgres.connection import connect
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server

DAY = 86_400.0
OLD = 3 * DAY + 100.0
LATER = 40 * DAY + 100.0


async def days(store: PostgresStore, table: str = "event") -> list[int]:
    """Return the days that a table has a partition for."""
    rows = await store._transactions.ask(
        lambda connection: connection.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass",
            table,
        )
    )
    return sorted(numbers.named(row[0].removeprefix(f"{table}_")) for row in rows)


@pytest.fixture
def cluster(postgres: Postgres, database: str) -> Cluster:
    """Return a database of its own: these tests change its tables."""
    cluster = Cluster(postgres.url(database))
    cluster.clock.time = OLD
    return cluster


async def sweep(cluster: Cluster, store: PostgresStore) -> None:
    """Let what is older than ten days go, at day 40."""
    cluster.clock.time = LATER
    await store.prune(events_before=LATER - 10 * DAY, seen_before=0.0, limit=1000)


async def test_a_start_makes_a_week_of_days(cluster: Cluster) -> None:
    """Events, bodies and deliveries have where to go until the next housekeeping, and longer."""
    async with cluster.started("one") as (store,):
        for table in ("event", "payload", "delivery"):
            assert await days(store, table) == list(range(3, 11))


async def test_a_day_that_nobody_made_is_made_for_its_event(cluster: Cluster) -> None:
    """Mail that is dated by a clock that was wrong is kept as any other."""
    async with cluster.started("one") as (store,):
        await post(store, posting("past", HOOK, time=100.0), posting("far", HOOK, time=LATER))

        assert names(await take(store, now=LATER)) == ["past", "far"]
        assert await days(store) == [0, *range(3, 11), 40]


async def test_an_event_of_a_day_that_another_instance_dropped_is_kept(cluster: Cluster) -> None:
    """What an instance remembers of old days may be over."""
    async with cluster.started("one", "two") as (one, two):
        await post(one, posting("first", time=OLD))
        await sweep(cluster, two)
        await post(one, posting("late", HOOK, time=OLD))

        assert names(await take(one, now=LATER)) == ["late"]


async def test_an_instant_beyond_every_day_is_kept(cluster: Cluster) -> None:
    """It lies in the last day that there is a number for, and in the first."""
    async with cluster.started("one") as (store,):
        await post(store, posting("before", HOOK, time=-5.0), posting("after", HOOK, time=1e15))

        assert [event.event for event in await store.events(EventQuery())] == ["after", "before"]
        assert names(await take(store, now=1e16)) == ["before", "after"]


async def test_instances_that_make_the_same_days_do_not_fail(cluster: Cluster) -> None:
    """All of them start at the same moment on an empty database."""
    stores = [cluster.make(f"i{number}") for number in range(4)]
    await asyncio.gather(*(store.start() for store in stores))

    assert await days(stores[0]) == list(range(3, 11))
    await asyncio.gather(*(store.stop() for store in stores))


async def test_a_day_that_is_over_is_dropped_whole(cluster: Cluster) -> None:
    """Its tables are gone, and what is younger than asked for is left alone."""
    async with cluster.started("one") as (store,):
        await post(store, posting("old", HOOK, time=OLD), posting("young", time=35 * DAY))
        await store.settle([settled(parcel) for parcel in await take(store, now=OLD)])

        await sweep(cluster, store)
        for table in ("event", "payload", "delivery"):
            assert await days(store, table) == [35, *range(40, 48)]
        assert [event.event for event in await store.events(EventQuery())] == ["young"]


async def test_what_is_not_settled_outlives_its_day(cluster: Cluster) -> None:
    """It keeps its id, its body, its attempts and its place in the lane."""
    async with cluster.started("one") as (store,):
        await post(
            store,
            posting("first", HOOK, FILE, time=OLD, body=b"first"),
            posting("second", HOOK, time=OLD, body=b"second"),
            posting("third", HOOK, time=OLD + 5 * DAY, body=b"third"),
            posting("done", FILE, time=OLD),
        )
        await store.settle([settled(parcel) for parcel in await take(store, FILE, now=OLD)])
        (head,) = await take(store, ordered=True, now=OLD)
        await store.settle([settled(head, DeliveryState.DUE, due=OLD + 60.0, reason="503")])
        await post(store, posting("last", HOOK, time=LATER))
        await sweep(cluster, store)

        assert await days(store) == list(range(40, 48))
        known = [EventId(each) for each in ("first", "second", "third", "done")]
        assert await store.stored(known) == {"first", "second", "third"}
        sent = []
        for _ in range(4):
            (parcel,) = await take(store, ordered=True, now=LATER)
            sent.append((parcel.event, parcel.body, parcel.attempt))
            await store.settle([settled(parcel)])
        assert sent == [
            ("first", b"first", 2),
            ("second", b"second", 1),
            ("third", b"third", 1),
            ("last", b"{}", 1),
        ]
        assert await take(store, ordered=True, now=LATER) == []


async def test_a_delivery_in_flight_keeps_its_day(cluster: Cluster) -> None:
    """Who sends it will settle it under its number; the day goes the next time."""
    async with cluster.started("one") as (store,):
        await post(store, posting("e", HOOK, time=OLD))
        (parcel,) = await take(store, now=LATER, lease=60.0)
        await sweep(cluster, store)
        assert await days(store) == [3, *range(40, 48)]

        await store.settle([settled(parcel)])
        await sweep(cluster, store)
        assert await days(store) == list(range(40, 48))


async def test_a_reader_holds_a_drop_up_and_not_the_mail(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drop gives up after a moment and is tried again at the next housekeeping."""
    monkeypatch.setattr(partitions, "TRIES", 1)
    monkeypatch.setattr(partitions, "_DROP", "SET LOCAL lock_timeout = '50ms'")
    monkeypatch.setattr(partitions, "PAUSE", 0.0)
    async with cluster.started("one") as (store,):
        await post(store, posting("old", time=OLD))
        reader = await connect(cluster.url)
        async with reader.transaction():
            await reader.fetch("SELECT id FROM event")
            await sweep(cluster, store)
            assert 3 in await days(store)
            await post(store, posting("new", HOOK, time=LATER))
        await reader.close()

        assert names(await take(store, now=LATER)) == ["new"]
        await sweep(cluster, store)
        assert 3 not in await days(store)


def test_a_number_says_its_day() -> None:
    """Numbers of a later day are higher, whatever was counted before."""
    assert numbers.of(3, 2**45) < numbers.first(4) < numbers.of(4, 1)
    assert numbers.day_of(OLD) == 3
    assert numbers.of(numbers.day_of(1e300), 2**45) < 2**63


@pytest.mark.parametrize("day", [0, 1, 20_778, numbers.day_of(1e300)])
def test_the_name_of_a_day_can_be_read_back(day: int) -> None:
    """The names of tables are where an instance learns which days there are."""
    assert numbers.named(numbers.name(day)) == day
