"""A transaction on Postgres: what is done again, and what is given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.store.cluster import Cluster
from vedette.errors import StoreError, StoreUnwritableError
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.transaction import Transactions

pytestmark = pytest.mark.server


@pytest.fixture
async def transactions(cluster: Cluster) -> AsyncIterator[Transactions]:
    transactions = Transactions(cluster.url)
    await transactions.start()
    yield transactions
    await transactions.stop()


async def raise_epoch(connection: Connection, shard: int) -> None:
    await connection.execute("UPDATE shard SET epoch = epoch + 1 WHERE id = $1", shard)


async def epochs(connection: Connection) -> list[int]:
    return [row[0] for row in await connection.fetch("SELECT epoch FROM shard ORDER BY id")]


async def test_a_transaction_that_is_ended_for_the_sake_of_another_is_begun_again(
    transactions: Transactions,
) -> None:
    """Two that wait for each other: the server ends one of them, and both are done in the end."""
    await transactions.run(lambda each: each.execute("INSERT INTO shard (id) VALUES (1)"))
    met = asyncio.Barrier(2)
    begun: list[int] = []

    async def both(connection: Connection, first: int, second: int) -> None:
        begun.append(first)
        await raise_epoch(connection, first)
        if len(begun) <= 2:
            await met.wait()
        await raise_epoch(connection, second)

    await asyncio.gather(
        transactions.run(lambda connection: both(connection, 0, 1)),
        transactions.run(lambda connection: both(connection, 1, 0)),
    )

    assert len(begun) == 3
    assert await transactions.ask(epochs) == [2, 2]


async def test_work_that_fails_leaves_nothing(transactions: Transactions) -> None:
    """Also what it had done already; the connection is fit for the next one."""

    async def fail(connection: Connection) -> None:
        await raise_epoch(connection, 0)
        await connection.execute("SELECT 1 / 0")

    for _ in range(20):
        with pytest.raises(StoreError, match="division by zero"):
            await transactions.run(fail)
    assert await transactions.ask(epochs) == [0]


async def test_a_failure_that_was_not_heard_is_no_commit(transactions: Transactions) -> None:
    """Work that goes on after a failed statement does not pass for done."""

    async def deaf(connection: Connection) -> None:
        await raise_epoch(connection, 0)
        try:
            await connection.execute("SELECT 1 / 0")
        except Exception:  # noqa: BLE001 - it is the mistake that the test is about
            return

    with pytest.raises(StoreError, match="rolled a transaction back"):
        await transactions.run(deaf)
    assert await transactions.ask(epochs) == [0]


async def test_a_caller_that_is_cancelled_holds_no_lock(transactions: Transactions) -> None:
    """Whoever comes next does not wait for what it had locked."""
    locked = asyncio.Event()

    async def hold(connection: Connection) -> None:
        await raise_epoch(connection, 0)
        locked.set()
        await asyncio.Event().wait()

    holder = asyncio.create_task(transactions.run(hold))
    await locked.wait()
    holder.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder

    await asyncio.wait_for(transactions.run(lambda each: raise_epoch(each, 0)), 10)
    assert await transactions.ask(epochs) == [1]


async def test_a_view_sees_one_moment(transactions: Transactions) -> None:
    """What is committed between two statements of it is not there."""

    async def twice(connection: Connection) -> tuple[list[int], list[int]]:
        before = await epochs(connection)
        await transactions.run(lambda each: raise_epoch(each, 0))
        return before, await epochs(connection)

    assert await transactions.view(twice) == ([0], [0])
    assert await transactions.ask(twice) == ([1], [2])


async def test_a_database_that_takes_no_writes_is_known_by_the_last_one(
    transactions: Transactions,
) -> None:
    """Read-only, as after a failover: until something is written, and whatever is read meanwhile."""

    async def refused(connection: Connection) -> None:
        await connection.execute("SET TRANSACTION READ ONLY")
        await connection.execute("INSERT INTO shard (id) VALUES (7)")

    with pytest.raises(StoreUnwritableError):
        await transactions.run(refused)
    await transactions.ask(epochs)
    assert isinstance(transactions.fault.standing(), StoreUnwritableError)

    await transactions.run(lambda each: each.execute("INSERT INTO shard (id) VALUES (7)"))
    assert transactions.fault.standing() is None
