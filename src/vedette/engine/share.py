"""A share of the loop: long work gives way to others before it has had too much of it.

Awaiting what is already there lets nobody else run; this does. It must not know the work.
"""

from __future__ import annotations

import asyncio

#: Seconds after which work gives way: a tenth of the longest stall that is promised. One step
#: of it, such as the slowest message under 64 KiB, takes up to 40 ms more.
SHARE = 0.01


class Share:
    """What one piece of work may take before others have their turn."""

    __slots__ = ("_loop", "_until")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + SHARE

    @property
    def is_over(self) -> bool:
        """Whether it is time to give way."""
        return self._loop.time() >= self._until

    async def give_way(self) -> None:
        """Let all others run, and begin a new share."""
        await asyncio.sleep(0)
        self._until = self._loop.time() + SHARE
