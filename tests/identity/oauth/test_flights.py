"""One request at a time for each key, that outlives whoever asked; and tokens kept in memory."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from tests.identity.oauth.rig import Clock
from vedette.errors import NetworkError
from vedette.identity.oauth.flights import Flights
from vedette.identity.oauth.lent import Lent, Shelf
from vedette.secret import Secret


class Request:
    """A request that ends when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.ends = asyncio.Event()

    async def ask(self) -> int:
        self.begun += 1
        await self.ends.wait()
        return self.begun


async def test_who_comes_while_one_asks_gets_the_same() -> None:
    """A thousand are one request; of another key it is another."""
    flights, request = Flights[int](), Request()
    joined = [asyncio.create_task(flights.join("joe", request.ask)) for _ in range(1000)]
    await asyncio.sleep(0)
    other = asyncio.create_task(flights.join("jane", request.ask))
    # A turn for who asks, and one for the request.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert request.begun == 2
    request.ends.set()
    assert set(await asyncio.gather(*joined)) == {2}
    await other


async def test_a_request_outlives_who_asked() -> None:
    """Who gives up leaves the answer to the others, and to the disk."""
    flights, request = Flights[int](), Request()
    gone = asyncio.create_task(flights.join("joe", request.ask))
    await asyncio.sleep(0)
    gone.cancel()
    stays = asyncio.create_task(flights.join("joe", request.ask))
    await asyncio.sleep(0)
    request.ends.set()
    assert await stays == 1
    assert gone.cancelled()


async def test_the_end_waits_for_what_is_under_way() -> None:
    """A token that was granted is kept before the process ends."""
    flights, request = Flights[int](), Request()
    asked = asyncio.create_task(flights.join("joe", request.ask))
    await asyncio.sleep(0)
    stopping = asyncio.create_task(flights.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    request.ends.set()
    await stopping
    assert await asked == 1


async def test_a_failure_is_everybodys_and_not_the_next_ones() -> None:
    """Who asks afterwards asks anew."""
    flights, outcomes = Flights[int](), iter([NetworkError("down"), None])

    async def ask() -> int:
        await asyncio.sleep(0)
        error = next(outcomes)
        if error is not None:
            raise error
        return 1

    results = await asyncio.gather(
        *(flights.join("joe", ask) for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(each, NetworkError) for each in results)
    assert await flights.join("joe", ask) == 1


@pytest.fixture
def numbers() -> Shelf:
    return Shelf(Clock(), most=3)


async def test_only_so_many_tokens_are_kept(numbers: Shelf) -> None:
    """The oldest goes, and is asked for again when it is wanted."""
    asked = count()

    async def ask() -> Lent:
        return Lent(access=Secret(f"token-{next(asked)}"), lifetime=600.0)

    for key in "abcd":
        await numbers.take(key, ask, None)
    assert await numbers.take("d", ask, None) == Secret("token-3")
    assert await numbers.take("a", ask, None) == Secret("token-4")
