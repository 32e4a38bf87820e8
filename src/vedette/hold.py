"""A place among few: waited for, held for so long at most, and given back once.

Who bounds how many do something at the same time also makes a way to stand
still. So a place is free again after its patience, whatever its holder waits
for: the holder goes on without it, and no longer counts. What the places are
for, and how many there are, is not known here.
"""

from __future__ import annotations

import asyncio


class Hold:
    """One of the places that ``free`` counts, held for ``patience`` seconds at most.

    No generator: thousands wait at the same time, and what they are made of is the peak of
    the heap.
    """

    __slots__ = ("_free", "_held", "_patience", "_timer")

    def __init__(self, free: asyncio.Semaphore, patience: float) -> None:
        self._free = free
        self._patience = patience
        self._held = False
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self.take()

    async def __aexit__(self, *_failure: object) -> None:
        self.let_go()

    async def take(self) -> None:
        """Wait for the place."""
        await self._free.acquire()
        self._held = True
        self._timer = asyncio.get_running_loop().call_later(self._patience, self._give_back)

    def let_go(self) -> None:
        """Give the place back. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
        self._give_back()

    def _give_back(self) -> None:
        if self._held:
            self._held = False
            self._free.release()
