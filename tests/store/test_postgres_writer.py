"""The writer of Postgres groups, bounds, and never leaves a caller waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from tests.store.cluster import Cluster
from vedette.errors import StoreError
from vedette.store.postgres import writer as module
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.transaction import Transactions
from vedette.store.postgres.writer import Writer

pytestmark = pytest.mark.server


class Numbers:
    """Writes numbers into a table; a negative one can not be stored."""

    def __init__(self, transactions: Transactions) -> None:
        self.transactions = transactions
        self.groups: list[list[int]] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.writer: Writer[int, int] = Writer(
            transactions, self.write, name="numbers", place=lambda number: number, weight=abs
        )

    async def write(self, connection: Connection, numbers: Sequence[int]) -> list[int]:
        self.groups.append(list(numbers))
        self.begun.set()
        await self.gate.wait()
        await connection.execute("INSERT INTO n SELECT * FROM unnest($1::int[])", list(numbers))
        return [-number for number in numbers]

    async def stored(self) -> list[int]:
        rows = await self.transactions.ask(lambda connection: connection.fetch("SELECT * FROM n"))
        return sorted(row[0] for row in rows)

    async def together(self, *numbers: int) -> list[int | BaseException]:
        """Have all of them wait while a first one is written, so that they are one group."""
        self.gate.clear()
        first = asyncio.create_task(self.writer.run(10_000))
        await self.begun.wait()
        rest = [asyncio.create_task(self.writer.run(number)) for number in numbers]
        await asyncio.sleep(0)
        self.gate.set()
        await first
        self.groups.clear()
        return await asyncio.gather(*rest, return_exceptions=True)


@pytest.fixture
async def numbers(cluster: Cluster) -> AsyncIterator[Numbers]:
    transactions = Transactions(cluster.url)
    await transactions.start()
    await transactions.run(
        lambda connection: connection.execute(
            "CREATE TABLE IF NOT EXISTS n (n int CHECK (n >= 0)); DELETE FROM n"
        )
    )
    numbers = Numbers(transactions)
    await numbers.writer.start()
    yield numbers
    await numbers.writer.stop()
    await transactions.run(lambda connection: connection.execute("DROP TABLE n"))
    await transactions.stop()


async def test_what_waits_is_one_group(numbers: Numbers) -> None:
    """Ten asks that wait together are one transaction, and each gets its own answer."""
    assert await numbers.together(*range(10)) == [-number for number in range(10)]
    assert numbers.groups == [list(range(10))]


async def test_a_group_is_bounded(numbers: Numbers, monkeypatch: pytest.MonkeyPatch) -> None:
    """In asks, so that the first does not wait for the last."""
    monkeypatch.setattr(module, "GROUP", 4)
    await numbers.together(*range(10))

    assert [len(group) for group in numbers.groups] == [4, 4, 2]


async def test_a_group_is_bounded_by_its_weight(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In octets, so that memory is."""
    monkeypatch.setattr(module, "WEIGHT", 10)
    await numbers.together(4, 5, 6, 20, 1)

    assert numbers.groups == [[4, 5, 6], [20], [1]]


async def test_two_asks_about_one_place_are_written_in_turn(numbers: Numbers) -> None:
    """The second one comes with the next group, before what was asked after it."""
    await numbers.together(1, 2, 1, 3, 1)

    assert numbers.groups == [[1, 2, 3], [1], [1]]


async def test_an_ask_that_can_not_be_stored_fails_alone(numbers: Numbers) -> None:
    """Its group is halved until it stands by itself; all others are written once."""
    outcomes = await numbers.together(1, 2, -3, 4, 5)

    assert [each for each in outcomes if not isinstance(each, StoreError)] == [-1, -2, -4, -5]
    assert isinstance(outcomes[2], StoreError)
    assert await numbers.stored() == [1, 2, 4, 5, 10_000]


async def test_a_failure_of_the_database_fails_the_whole_group(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried again: nobody knows what became of it, and all are told."""

    async def fail(_connection: Connection, numbers_: Sequence[int]) -> list[int]:
        numbers.groups.append(list(numbers_))
        raise ConnectionResetError(104, "reset")

    await numbers.writer.run(1)
    numbers.groups.clear()
    monkeypatch.setattr(numbers.writer, "_write", fail)
    outcomes = await asyncio.gather(
        *(numbers.writer.run(number) for number in (2, 3)), return_exceptions=True
    )

    assert [str(each) for each in outcomes if "can not be reached" in str(each)] == [
        str(outcomes[0])
    ] * 2
    assert numbers.groups == [[2, 3]]


async def test_a_cancelled_caller_disturbs_nobody(numbers: Numbers) -> None:
    """What it asked for is written all the same, and who is to be told is told."""
    told: list[int] = []
    numbers.gate.clear()
    caller = asyncio.create_task(numbers.writer.run(1, done=told.append))
    await numbers.begun.wait()
    caller.cancel()
    numbers.gate.set()
    await numbers.writer.run(2)

    assert caller.cancelled() or caller.cancelling()
    assert await numbers.stored() == [1, 2]
    assert told == [-1]


async def test_what_has_patience_goes_with_the_next(numbers: Numbers) -> None:
    """It wakes nobody, until its patience is over."""
    patient = asyncio.create_task(numbers.writer.run(1, patience=3600.0))
    await asyncio.sleep(0)
    await numbers.writer.run(2)
    await patient
    await numbers.writer.run(3, patience=0.01)

    assert numbers.groups == [[1, 2], [3]]


async def test_a_stop_writes_what_was_accepted(numbers: Numbers) -> None:
    """Also what had patience; what comes later is refused."""
    asks = [asyncio.create_task(numbers.writer.run(n, patience=3600.0)) for n in range(3)]
    await asyncio.sleep(0)
    await numbers.writer.stop()

    assert await asyncio.gather(*asks) == [0, -1, -2]
    assert await numbers.stored() == [0, 1, 2]
    with pytest.raises(StoreError, match="not open"):
        await numbers.writer.run(4)


async def test_who_waits_too_long_is_told_that_the_database_hangs(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next one as well, while it does."""
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    numbers.gate.clear()
    with pytest.raises(StoreError, match="did not answer within"):
        await numbers.writer.run(1)
    with pytest.raises(StoreError, match="did not answer within"):
        await numbers.writer.run(2)
    monkeypatch.undo()
    numbers.gate.set()
    await numbers.writer.run(3)

    assert await numbers.stored() == [1, 2, 3]


async def test_no_more_waits_than_there_is_room_for(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood waits outside, and comes in as room is given back."""
    monkeypatch.setattr(numbers.writer, "_room", asyncio.Semaphore(3))
    outcomes = await numbers.together(*range(12))

    assert outcomes == [-number for number in range(12)]
    assert max(len(group) for group in numbers.groups) <= 3
