"""A turnstile: little goes through in one turn of the loop, and in the order in which it came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.support.clock import run
from vedette.turnstile import Turnstile


class Turns:
    """Counts the turns of the loop for as long as it is told to."""

    def __init__(self) -> None:
        self.count = 0
        self._handle = asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self.count += 1
        self._handle = asyncio.get_running_loop().call_soon(self._next)

    def stop(self) -> None:
        self._handle.cancel()


async def walk(turns: Turns, steps: int, seen: list[int], spend: Callable[[], None]) -> int:
    """Take steps, each ready at once, and note the turn of each."""
    for _ in range(steps):
        seen.append(turns.count)
        spend()
        await asyncio.sleep(0)
    return steps


def walks(turnstile: Turnstile, *, walkers: int, spend: Callable[[], None]) -> list[int]:
    """Return the turn of each step of walkers that take three each."""

    async def story() -> list[int]:
        turns, seen = Turns(), list[int]()
        tasks = [
            asyncio.create_task(_awaited(turnstile, walk(turns, 3, seen, spend)))
            for _ in range(walkers)
        ]
        assert await asyncio.gather(*tasks) == [3] * walkers
        turns.stop()
        return seen

    return run(story())


async def _awaited(turnstile: Turnstile, work: object) -> int:
    assert asyncio.iscoroutine(work)
    result: int = await turnstile.paced(work)
    return result


def busiest(seen: list[int]) -> int:
    return max(seen.count(turn) for turn in set(seen))


def test_few_steps_are_taken_in_one_turn() -> None:
    """A hundred coroutines that are all ready take four steps a turn, or eight across a renewal."""
    seen = walks(Turnstile(steps=4), walkers=100, spend=lambda: None)

    assert len(seen) == 300
    assert busiest(seen) <= 8
    assert max(seen) >= 300 / 8


def test_long_steps_are_fewer_in_one_turn() -> None:
    """Steps that take the whole share each are taken one by one."""
    now = [0.0]

    def spend() -> None:
        now[0] += 1.0

    async def story() -> list[int]:
        loop = asyncio.get_running_loop()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "time", lambda: now[0])
            turns, seen = Turns(), list[int]()
            turnstile = Turnstile(share=1.0, steps=100)
            works = [_awaited(turnstile, walk(turns, 3, seen, spend)) for _ in range(20)]
            await asyncio.gather(*works)
            turns.stop()
            return seen

    assert busiest(run(story())) <= 2


def test_who_is_alone_never_waits() -> None:
    """Steps that fit take the turns that they would have taken anyway."""
    assert walks(Turnstile(steps=4), walkers=1, spend=lambda: None) == [1, 2, 3]


def test_first_come_is_first_served() -> None:
    """Nobody overtakes, also not who comes when the next turn has just begun."""

    async def story() -> list[int]:
        turnstile, order = Turnstile(steps=1), list[int]()

        async def step(number: int) -> None:
            order.append(number)

        async def come(number: int) -> None:
            for _ in range(number // 5):
                await asyncio.sleep(0)
            await turnstile.paced(step(number))

        await asyncio.gather(*(come(number) for number in range(20)))
        return order

    assert run(story()) == list(range(20))


def test_one_who_is_cancelled_in_the_queue_ends_at_once_and_holds_nobody_up() -> None:
    """The work learns of its cancellation where it waits, and those behind go on."""

    async def story() -> list[str]:
        turnstile, said = Turnstile(steps=1), list[str]()

        async def work(name: str) -> None:
            try:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                said.append(f"{name} went on")
            except asyncio.CancelledError:
                said.append(f"{name} was cancelled")
                raise

        async def visit(name: str) -> None:
            await turnstile.paced(work(name))

        tasks = [asyncio.create_task(visit(name)) for name in ("anna", "bruno", "carla")]
        for _ in range(4):
            await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.wait(tasks)
        assert tasks[1].cancelled()
        return said

    assert sorted(run(story())) == ["anna went on", "bruno was cancelled", "carla went on"]


def test_a_deadline_ends_the_work_as_it_would_without_a_turnstile() -> None:
    """``asyncio.timeout`` inside of the work raises TimeoutError there."""

    async def story() -> str:
        async def work() -> str:
            try:
                async with asyncio.timeout(5.0):
                    await asyncio.sleep(60.0)
            except TimeoutError:
                return f"over after {asyncio.get_running_loop().time():.0f} s"
            return "slept"

        return await Turnstile().paced(work())

    assert run(story()) == "over after 5 s"


def test_a_failure_of_what_is_waited_for_reaches_the_work() -> None:
    """An exception of a future is raised where the work awaits it, and its own comes out."""

    async def story() -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_exception(ValueError("of the future"))

        async def work() -> None:
            try:
                await future
            except ValueError as error:
                raise KeyError("of the work") from error

        await Turnstile().paced(work())

    with pytest.raises(KeyError) as caught:
        run(story())
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_turnstile_that_nobody_passes_keeps_the_loop_asleep() -> None:
    """With nobody left there is no further turn for its sake."""

    async def story() -> float:
        loop = asyncio.get_running_loop()
        turnstile = Turnstile()

        async def work() -> None:
            await asyncio.sleep(1.0)

        await turnstile.paced(work())
        # A loop in virtual time only goes on when nothing is ready.
        await asyncio.sleep(1_000.0)
        return loop.time()

    assert run(story()) == pytest.approx(1_001.0)
