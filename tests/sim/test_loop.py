"""The laws of the simulated loop: what asyncio promises, and what a process that died is owed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from contextvars import Context
from typing import Any

import pytest

from tests.sim.loop import OutsideError, SimulatedLoop, StuckError, new_loop
from tests.sim.process import Killed, Process


def run(main: Coroutine[Any, Any, Any], seed: int = 1) -> SimulatedLoop:
    loop = new_loop(random.Random(seed))
    try:
        loop.run(main)
    finally:
        loop.bury()
    return loop


def test_time_jumps_to_the_next_timer() -> None:
    """An hour of sleep takes no time at all, and the clock shows the hour."""

    async def main() -> None:
        await asyncio.sleep(3600.0)
        assert asyncio.get_running_loop().time() == 3600.0

    run(main())


def test_timeouts_groups_and_queues_of_asyncio_work() -> None:
    """What the engine uses of asyncio runs on this loop as on any other."""

    async def main() -> None:
        queue: asyncio.Queue[int] = asyncio.Queue()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5.0):
                await queue.get()
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.put(1))
            got = group.create_task(queue.get())
        assert got.result() == 1

    run(main())


@pytest.mark.parametrize("seed", range(5))
def test_one_seed_gives_one_schedule(seed: int) -> None:
    """Two runs of one seed take the same turns; another seed takes others."""

    async def main() -> None:
        await asyncio.gather(*(asyncio.sleep(0.001 * (n % 3)) for n in range(20)))

    first, second, other = run(main(), seed), run(main(), seed), run(main(), seed + 1)
    assert first.schedule_hash == second.schedule_hash
    assert first.schedule_hash != other.schedule_hash


def test_the_order_of_ready_turns_is_drawn() -> None:
    """Of turns that are ready together now one runs first and now another."""
    orders = set()
    for seed in range(30):
        order: list[int] = []

        async def main(order: list[int] = order) -> None:
            for number in range(3):
                asyncio.get_running_loop().call_soon(order.append, number)
            await asyncio.sleep(1.0)

        run(main(), seed)
        orders.add(tuple(order))
    assert len(orders) > 3


def test_nothing_of_a_dead_process_runs() -> None:
    """No turn, no ``finally`` and no timer of a process that died has an effect."""
    said: list[str] = []
    process = Process("one")

    async def life() -> None:
        try:
            await asyncio.sleep(1.0)
            said.append("lived on")
        finally:
            if not asyncio.get_running_loop().is_over:  # type: ignore[attr-defined]
                said.append("cleaned up")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(life(), context=process.context)
        loop.call_later(2.0, said.append, "timer", context=process.context)
        await asyncio.sleep(0.5)
        process.die()
        await asyncio.sleep(10.0)
        assert not task.done()

    run(main())
    assert said == []


def test_a_kill_within_a_call_ends_the_process_there() -> None:
    """What follows the kill does not run, and nobody is told of an exception."""
    said: list[str] = []
    process = Process("one")

    async def life() -> None:
        process.die()
        raise Killed
        said.append("lived on")  # type: ignore[unreachable]

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(life(), context=process.context)
        task.add_done_callback(lambda _task: said.append("told"), context=process.context)
        await asyncio.sleep(1.0)

    loop = run(main())
    assert said == []
    assert loop.unhandled == []


def test_the_end_of_a_task_is_told_to_no_process_that_died() -> None:
    """Also where it is to be told in a context without variables."""
    said: list[str] = []
    process = Process("one")

    async def life() -> None:
        process.die()
        raise Killed

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(life(), context=process.context)
        task.add_done_callback(lambda _task: said.append("told"), context=Context())
        await asyncio.sleep(1.0)

    run(main())
    assert said == []


def test_a_stopped_process_goes_on_where_it_stood() -> None:
    """Turns of a stopped process run after it is continued, at that time."""
    process = Process("one")
    woke: list[float] = []

    async def life() -> None:
        await asyncio.sleep(1.0)
        woke.append(asyncio.get_running_loop().time())

    async def main() -> None:
        asyncio.get_running_loop().create_task(life(), context=process.context)
        await asyncio.sleep(0.5)
        process.stop(until=7.0)
        await asyncio.sleep(10.0)

    run(main())
    assert woke == [7.0]


def test_a_turn_that_was_put_off_can_be_cancelled() -> None:
    """A stopped process's turn is the same object while it waits: cancelling it works."""
    process = Process("one")
    said: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        handle = loop.call_later(1.0, said.append, "ran", context=process.context)
        process.stop(until=5.0)
        await asyncio.sleep(3.0)
        handle.cancel()
        await asyncio.sleep(10.0)

    run(main())
    assert said == []


def test_threads_and_sockets_are_refused() -> None:
    """What would leave the simulated world says so."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(OutsideError):
            await asyncio.to_thread(print)
        with pytest.raises(OutsideError):
            await loop.getaddrinfo("example.org", 993)
        with pytest.raises(OutsideError):
            await asyncio.open_connection("example.org", 993)

    run(main())


def test_a_history_that_waits_for_what_never_comes_says_so() -> None:
    """Without a timer and without a turn there is no end to wait for."""

    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(StuckError):
        run(main())


def test_a_history_that_spins_is_ended() -> None:
    """So many turns are no patience but a defect."""

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def again() -> None:
            loop.call_soon(again)

        again()
        await asyncio.sleep(1.0)

    loop = new_loop(random.Random(1), limit=1_000)
    with pytest.raises(StuckError):
        loop.run(main())
    loop.bury()


def test_a_set_of_tasks_iterates_alike_in_every_run() -> None:
    """The hash of a task is its number, so where it lies in memory has no influence."""

    async def main() -> list[int]:
        tasks = {asyncio.create_task(asyncio.sleep(0)) for _ in range(50)}
        return [hash(task) for task in tasks]

    found = []
    for _ in range(2):
        loop = new_loop(random.Random(1))
        found.append(loop.run(main()))
        loop.bury()
    assert found[0] == found[1]
