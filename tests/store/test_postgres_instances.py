"""Several instances on one database: each delivery once at a time, each lane in order."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from tests.store.bundle import (
    HOOK,
    cursor,
    names,
    post,
    posting,
    settled,
    step,
    take,
)
from tests.store.cluster import Cluster
from tests.support.postgres import Postgres
from vedette.model.delivery import DeliveryState
from vedette.model.ids import AccountId, EndpointId
from vedette.ports.store import Commit, EventQuery, Fence, Verdict
from vedette.store.postgres import pruning
from vedette.store.postgres import transaction as transaction_module
from vedette.store.postgres.connection import connect
from vedette.store.postgres.faults import is_passing
from vedette.store.postgres.rounds import HEARD, SILENCE
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server


async def test_instances_that_claim_at_once_share_what_is_due(cluster: Cluster) -> None:
    """Nobody waits for another, and no parcel is in two hands."""
    async with cluster.started("one", "two", "three") as stores:
        await post(stores[0], *(posting(f"e{number}", HOOK) for number in range(60)))
        taken = await asyncio.gather(*(take(store, limit=10) for store in stores for _ in range(2)))

        assert sorted(Counter(name for parcels in taken for name in names(parcels)).values()) == (
            [1] * 60
        )


async def send(store: PostgresStore, sent: list[str], total: int) -> None:
    """Take, in order, and settle, until everything has gone, whoever sent it."""
    while len(sent) < total:
        parcels = await take(store, ordered=True, limit=3)
        sent += names(parcels)
        await store.settle([settled(parcel) for parcel in parcels])


async def fill(store: PostgresStore, account: str, count: int) -> None:
    at = None
    for uid in range(1, count + 1):
        event = posting(f"{account}-{uid:03}", HOOK, account=AccountId(account))
        it = step(at, cursor(uid), event, account=AccountId(account))
        assert await store.commit(it) is Verdict.DONE
        at = cursor(uid)


async def test_a_lane_always_has_a_head_whoever_queues_and_settles(cluster: Cluster) -> None:
    """Two instances fill two lanes while two others empty them: all go, each lane in its order."""
    async with cluster.started("one", "two", "three", "four") as stores:
        sent: list[str] = []
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            for store, account in zip(stores[:2], ("a", "b"), strict=True):
                tasks.create_task(fill(store, account, 50))
            for store in stores[2:]:
                tasks.create_task(send(store, sent, 100))

        for account in ("a", "b"):
            of_lane = [name for name in sent if name.startswith(account)]
            assert of_lane == sorted(of_lane)
            assert len(of_lane) == 50
        assert await stores[0].next_due(HOOK, ordered=True) is None


async def test_who_takes_a_shard_over_waits_for_the_commit_of_before(cluster: Cluster) -> None:
    """Either the old owner's commit is done before the takeover, or it is refused; never after."""
    async with cluster.started("old") as (old,):
        await old.commit(step(None, cursor(1)))
        taker = await connect(cluster.url)
        transaction = taker.transaction()
        await transaction.start()
        await taker.execute("UPDATE shard SET epoch = epoch + 1, owner = 'new' WHERE id = 0")
        late = asyncio.create_task(old.commit(step(cursor(1), cursor(2), posting("late", HOOK))))
        await _waits_for_a_lock(cluster)
        await transaction.commit()
        await taker.close()

        assert await late is Verdict.FENCED
        assert await old.events(EventQuery()) == []
        assert [state.cursor for state in await old.folders(AccountId("anna"))] == [cursor(1)]


async def test_a_folder_that_another_is_writing_is_waited_for(cluster: Cluster) -> None:
    """Of two that set one cursor at the same moment, the second finds it moved."""
    async with cluster.started("one") as (store,):
        await store.commit(step(None, cursor(1)))
        other = await connect(cluster.url)
        transaction = other.transaction()
        await transaction.start()
        await other.execute("UPDATE folder SET last_uid = 2")
        late = asyncio.create_task(store.commit(step(cursor(1), cursor(2), posting("e", HOOK))))
        await _waits_for_a_lock(cluster)
        await transaction.commit()
        await other.close()

        assert await late is Verdict.STALE
        assert await store.events(EventQuery()) == []


async def test_instances_that_settle_in_one_lane_never_wait_for_each_other_in_a_circle(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have a delivery of it: the lane is locked before either."""
    circles: list[Exception] = []

    def passing(error: Exception) -> bool:
        circles.append(error)
        return is_passing(error)

    monkeypatch.setattr(transaction_module, "is_passing", passing)
    async with cluster.started("one", "two") as stores:
        for number in range(25):
            await post(stores[0], *(posting(f"{number}-{at}", HOOK) for at in range(2)))
            taken = [await take(store, limit=1) for store in stores]
            await asyncio.gather(
                *(
                    store.settle([settled(parcel) for parcel in parcels])
                    for store, parcels in zip(stores, taken, strict=True)
                )
            )

        assert circles == []
        assert await stores[0].next_due(HOOK) is None


async def _waits_for_a_lock(cluster: Cluster) -> None:
    watch = await connect(cluster.url)
    async with asyncio.timeout(10):
        while not await watch.fetchval(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            pass
    await watch.close()


async def test_a_post_of_two_instances_writes_an_event_once(cluster: Cluster) -> None:
    """No cursor keeps them apart: they wait for each other by account."""
    async with cluster.started("one", "two") as stores:
        for number in range(10):
            await asyncio.gather(
                *(store.post(Fence(), [posting(f"e{number}", HOOK)]) for store in stores)
            )

        assert len(await stores[0].events(EventQuery())) == 10
        assert len(await take(stores[0], limit=100)) == 10


async def test_fences_of_one_group_are_judged_one_by_one(cluster: Cluster) -> None:
    """Commits of many shards share a transaction; those of a lost shard alone are refused."""
    async with cluster.started("one") as (store,):
        other = await connect(cluster.url)
        await other.execute(
            "INSERT INTO shard (id, owner, epoch) "
            "SELECT id, 'one', 5 FROM generate_series(1, 9) AS id; "
            "UPDATE shard SET epoch = 6, owner = 'two' WHERE id = 3"
        )
        await other.close()
        commits = [_of_shard(number) for number in range(1, 10)]
        verdicts = await asyncio.gather(*map(store.commit, commits))

        expected = [Verdict.FENCED if number == 3 else Verdict.DONE for number in range(1, 10)]
        assert verdicts == expected
        assert len(await store.events(EventQuery())) == 8


def _of_shard(number: int) -> Commit:
    account = AccountId(f"a{number}")
    event = posting(f"e{number}", HOOK, account=account)
    return step(None, cursor(1), event, account=account, shard=number, epoch=5)


async def test_a_step_of_the_clock_is_made_once(cluster: Cluster) -> None:
    """Instances of one machine feel the same step; a second step of one of them is another."""
    async with cluster.started("one", "two") as (one, two):
        await post(one, posting("e", HOOK))
        (parcel,) = await take(one, now=1000.0)
        await one.settle([settled(parcel, DeliveryState.DUE, due=5000.0)])
        await one.redate([HOOK], seconds=-300.0, now=1000.0)
        await two.redate([HOOK], seconds=-299.5, now=1000.5)
        assert await one.next_due(HOOK) == 4700.0

        await one.redate([HOOK], seconds=-300.0, now=1000.0)
        await two.redate([HOOK], seconds=600.0, now=1000.0)
        assert await one.next_due(HOOK) == 5000.0


async def _beat(cluster: Cluster, instance: str, seconds_ago: float) -> None:
    connection = await connect(cluster.url)
    await connection.execute(
        "INSERT INTO instance (id, heartbeat) VALUES ($1, now() - make_interval(secs => $2)) "
        "ON CONFLICT (id) DO UPDATE SET heartbeat = excluded.heartbeat",
        instance,
        seconds_ago,
    )
    await connection.close()


async def test_what_a_dead_instance_held_is_found_by_the_others(cluster: Cluster) -> None:
    """They let go of it when it was silent for long, and are told where to look."""
    told: list[str] = []
    async with cluster.started("dead") as (dead,):
        alive = PostgresStore(cluster.url, cluster.clock, instance="alive", on_due=told.extend)
        await alive.start()
        await post(dead, posting("e", HOOK))
        await take(dead, now=1000.0, lease=80.0)
        await _beat(cluster, "dead", SILENCE + 1)
        for _ in range(HEARD):
            await alive._rounds.look()
        assert told == []

        await alive._rounds.look()
        assert told == [HOOK]
        assert names(await take(alive, now=1000.0)) == ["e"]
        await alive.stop()


async def test_what_a_living_instance_holds_is_left_to_it(cluster: Cluster) -> None:
    """A heartbeat that is late is no death, and one that never beat is not known to be dead."""
    async with cluster.started("late", "unknown", "alive") as (late, unknown, alive):
        await post(late, posting("a", HOOK), posting("b", HOOK))
        await take(late, now=1000.0, lease=80.0, limit=1)
        await take(unknown, now=1000.0, lease=80.0, limit=1)
        await _beat(cluster, "late", SILENCE - 5)
        for _ in range(HEARD + 1):
            await alive._rounds.look()

        assert await take(alive, now=1000.0) == []


async def test_what_was_held_while_the_database_crashed_is_due_again(
    make_postgres: Callable[..., Postgres],
) -> None:
    """The crash may have undone that it was settled, and its lane shall not wait for the lease."""
    server = make_postgres(durable=True)
    cluster = Cluster(server.url(await server.make()))
    async with cluster.started("one") as (one,):
        assert isinstance(one, PostgresStore)
        await post(one, posting("e", HOOK))
        await take(one, now=1000.0, lease=80.0)
        await one._rounds.look()
        # What is lasting takes the claim before it along to the disk.
        await post(one, posting("later", EndpointId("other")))
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        assert await take(one, now=1000.0) == []

        await one._rounds.look()
        assert names(await take(one, now=1000.0)) == ["e"]


async def test_every_instance_is_told_what_is_due(cluster: Cluster) -> None:
    """Also of what another committed, and not of what waits for its time."""
    told: list[list[str]] = []
    async with cluster.started("one") as (one,):
        two = PostgresStore(
            cluster.url, cluster.clock, instance="two", on_due=lambda due: told.append([*due])
        )
        await two.start()
        await post(
            one,
            posting("a", EndpointId("first"), EndpointId("second"), time=1000.0),
            posting("b", EndpointId("third"), time=1001.0),
        )
        await two._rounds.look()

        assert told == [["first", "second"]]
        await two.stop()


async def test_unused_lanes_go_in_bounded_rounds(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each prune looks at so many behind the last, used or not, and then begins anew."""
    monkeypatch.setattr(pruning, "LANES", 2)
    async with cluster.started("one") as (one,):
        accounts = [AccountId(f"a{number}") for number in range(5)]
        await post(one, *(posting(account, HOOK, account=account) for account in accounts))
        # What is in flight holds the lane of the first; of the others nothing waits.
        first, *others = await take(one)
        await one.settle([settled(parcel) for parcel in others])

        left = []
        for _ in range(3):
            await one.prune(events_before=0.0, seen_before=0.0, limit=10)
            left.append(await lanes(one))
        assert left == [["a0", "a2", "a3", "a4"], ["a0", "a4"], ["a0"]]

        await one.settle([settled(first)])
        await one.prune(events_before=0.0, seen_before=0.0, limit=10)
        assert await lanes(one) == []


async def test_the_lane_of_a_watched_folder_stays(cluster: Cluster) -> None:
    """Its next mail stands in it."""
    async with cluster.started("one") as (one,):
        await one.commit(step(None, cursor(1), posting("e", HOOK)))
        await one.settle([settled(parcel) for parcel in await take(one)])

        await one.prune(events_before=0.0, seen_before=0.0, limit=10)
        assert len(await lanes(one)) == 1


async def lanes(store: PostgresStore) -> list[str]:
    """Return the accounts of all lanes."""
    rows = await store._transactions.ask(
        lambda connection: connection.fetch("SELECT account FROM lane ORDER BY account")
    )
    return [row[0] for row in rows]
