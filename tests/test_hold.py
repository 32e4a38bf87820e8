"""A hold: a place is waited for, given up after its patience, and given back once."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.clock import run
from vedette.hold import Hold


async def stays(free: asyncio.Semaphore, name: str, seconds: float, said: list[str]) -> None:
    """Come in, stay, and go out, with two seconds of patience."""
    async with Hold(free, 2.0):
        said.append(f"{name} in")
        await asyncio.sleep(seconds)
        said.append(f"{name} out")


def test_a_place_of_which_there_is_one_is_held_by_one() -> None:
    """The second comes in when the first has gone out."""

    async def story() -> list[str]:
        free, said = asyncio.Semaphore(1), list[str]()
        await asyncio.gather(stays(free, "anna", 1.0, said), stays(free, "bruno", 1.0, said))
        return said

    assert run(story()) == ["anna in", "anna out", "bruno in", "bruno out"]


def test_over_its_patience_a_hold_counts_no_more() -> None:
    """The next comes in, though the first has not ended; the first ends in peace."""

    async def story() -> list[str]:
        free, said = asyncio.Semaphore(1), list[str]()
        await asyncio.gather(stays(free, "slow", 60.0, said), stays(free, "quick", 1.0, said))
        return said

    assert run(story()) == ["slow in", "quick in", "quick out", "slow out"]


def test_patience_and_end_together_give_one_place_back() -> None:
    """Who was overtaken by the patience and then ends makes no place that was not there."""

    async def story() -> bool:
        free = asyncio.Semaphore(1)
        await stays(free, "slow", 3.0, [])
        async with Hold(free, 2.0):
            return free.locked()

    assert run(story())


def test_letting_go_twice_gives_one_place_back() -> None:
    """``let_go`` may be called again; whoever came in between keeps the place."""

    async def story() -> bool:
        free = asyncio.Semaphore(1)
        first, second = Hold(free, 2.0), Hold(free, 60.0)
        await first.take()
        first.let_go()
        await second.take()
        first.let_go()
        return free.locked()

    assert run(story())


def test_a_place_taken_again_is_held_for_a_patience_of_its_own() -> None:
    """No timer of the first time is left to end the second."""

    async def story() -> bool:
        free = asyncio.Semaphore(1)
        hold = Hold(free, 2.0)
        await hold.take()
        await asyncio.sleep(1.5)
        hold.let_go()
        await hold.take()
        await asyncio.sleep(1.5)
        return free.locked()

    assert run(story())


def test_who_fails_or_is_cancelled_leaves_its_place() -> None:
    """An error inside, a cancel inside and a cancel while waiting leave the place to the next."""

    async def story() -> bool:
        free = asyncio.Semaphore(1)
        inside, waiting = (asyncio.create_task(stays(free, "", 60.0, [])) for _ in range(2))
        await asyncio.sleep(0)
        for task in (waiting, inside):
            task.cancel()
        await asyncio.gather(inside, waiting, return_exceptions=True)
        with pytest.raises(LookupError):
            async with Hold(free, 2.0):
                raise LookupError
        return not free.locked()

    assert run(story())
