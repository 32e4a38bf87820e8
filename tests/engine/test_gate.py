"""The gate: how many may log in, and how much of that one of several instances may have."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.clock import run
from vedette.engine.gate import Gate, LoginRate

RATE = LoginRate(host_per_second=20.0, host_at_once=20, total_per_second=200.0, total_at_once=64)


async def logged_in(gate: Gate, count: int, *, host: str = "a") -> list[float]:
    """Return the instants at which so many who came at once were let in."""
    loop = asyncio.get_running_loop()
    instants: list[float] = []

    async def one() -> None:
        async with gate.login(host):
            instants.append(loop.time())

    await asyncio.gather(*(one() for _ in range(count)))
    return instants


def test_instances_share_what_a_host_allows() -> None:
    """One of four lets five a second in where one alone lets twenty."""

    async def story() -> None:
        gate, loop = Gate(RATE), asyncio.get_running_loop()
        gate.share(4)
        await asyncio.sleep(10.0)
        begun = loop.time()

        instants = await logged_in(gate, 55)

        # The first second's worth is a burst.
        assert instants[-1] - begun == pytest.approx(10.0)

    run(story())


def test_those_who_wait_go_by_the_new_parts() -> None:
    """When an instance dies, the others need not finish their queue at the old rate."""

    async def story() -> None:
        gate, loop = Gate(RATE), asyncio.get_running_loop()
        gate.share(20)
        begun = loop.time()
        waiting = asyncio.create_task(logged_in(gate, 100))
        await asyncio.sleep(1.0)

        gate.share(1)

        instants = await waiting
        assert instants[-1] - begun < 10.0

    run(story())


def test_what_one_core_can_do_is_not_shared() -> None:
    """Each instance has its own processor: many hosts are logged in to at the full rate."""

    async def story() -> None:
        gate, loop = Gate(RATE), asyncio.get_running_loop()
        gate.share(20)
        begun = loop.time()

        await asyncio.gather(*(logged_in(gate, 1, host=str(each)) for each in range(400)))

        assert loop.time() - begun < 2.0

    run(story())


def test_a_share_never_keeps_everybody_out() -> None:
    """With more instances than places at a host each still has one."""

    async def story() -> None:
        gate = Gate(LoginRate(host_at_once=1))
        gate.share(50)

        assert len(await logged_in(gate, 1)) == 1

    run(story())


def test_the_gate_counts_who_waits() -> None:
    """Those in the queue and those under way; nobody when all are through."""

    async def story() -> None:
        gate = Gate(LoginRate(host_per_second=1.0))
        await asyncio.sleep(10.0)
        waiting = asyncio.create_task(logged_in(gate, 5))
        await asyncio.sleep(0.5)

        assert gate.waiting == 4
        await waiting
        assert gate.waiting == 0

    run(story())
