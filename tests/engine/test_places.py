"""Places bound what one host may have on its way in, and hold up nobody for long."""

from __future__ import annotations

import asyncio

from tests.support.clock import run
from vedette.engine.places import Places


def stays(*names: tuple[str, float], patience: float) -> list[str]:
    """Return who came in and went out, in order, at a host with one place."""

    async def story() -> list[str]:
        places, said = Places(at_once=1, patience=patience), list[str]()

        async def stay(name: str, seconds: float) -> None:
            async with places.taken("mail.example"):
                said.append(f"{name} in")
                await asyncio.sleep(seconds)
                said.append(f"{name} out")

        await asyncio.gather(*(stay(name, seconds) for name, seconds in names))
        return said

    return run(story())


def test_a_place_is_waited_for() -> None:
    """With one place the second comes in when the first has gone out."""
    said = stays(("anna", 5.0), ("bruno", 1.0), patience=60.0)

    assert said == ["anna in", "anna out", "bruno in", "bruno out"]


def test_a_slow_holder_gives_its_place_up() -> None:
    """After the patience the next comes in, though the first has not ended."""
    said = stays(("slow", 60.0), ("quick", 1.0), patience=2.0)

    assert said == ["slow in", "quick in", "quick out", "slow out"]


def test_hosts_do_not_wait_for_each_other() -> None:
    """A host whose places are all taken leaves those of the others alone."""

    async def story() -> float:
        places, loop = Places(at_once=1, patience=600.0), asyncio.get_running_loop()
        async with places.taken("slow.example"):
            began = loop.time()
            async with places.taken("quick.example"):
                return loop.time() - began

    assert run(story()) == 0.0
