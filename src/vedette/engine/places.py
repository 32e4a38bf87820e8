"""How many mailboxes of one host may have messages on their way in at the same time.

When thousands are told of mail at once, each holds its messages as objects
until its commit. The heap grows to that peak and never gets quite small again,
so the peak is bounded. A bound is also a way to stand still: it is kept per
host, and a place is given up after some seconds, so that a slow server holds
up nobody but itself, and not for long (catalogue V15).
"""

from __future__ import annotations

import asyncio

#: Mailboxes of a host at once: at 30 ms of round trip two thousand messages a second.
AT_ONCE = 64

#: Seconds after which a place is free again, whatever its holder waits for.
PATIENCE = 10.0

#: Hosts remembered; a fleet meets far fewer providers.
MAX_HOSTS = 1_000


class Places:
    """Places by host, shared by all accounts of an engine."""

    __slots__ = ("_at_once", "_free", "_patience")

    def __init__(self, *, at_once: int = AT_ONCE, patience: float = PATIENCE) -> None:
        self._at_once = at_once
        self._patience = patience
        self._free: dict[str, asyncio.Semaphore] = {}

    def taken(self, host: str) -> Hold:
        """Return a place at ``host`` to wait for and hold, by ``async with``."""
        return Hold(self._of(host), self._patience)

    def _of(self, host: str) -> asyncio.Semaphore:
        free = self._free.get(host)
        if free is None:
            if len(self._free) >= MAX_HOSTS:
                # Whoever holds a place of a forgotten host gives it back to what it took it from.
                self._free.clear()
            free = self._free[host] = asyncio.Semaphore(self._at_once)
        return free


class Hold:
    """One place: waited for, held at most for the patience, and given back once.

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
