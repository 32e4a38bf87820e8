"""How many mailboxes of one host may have messages on their way in at the same time.

When thousands are told of mail at once, each holds its messages as objects
until its commit. The heap grows to that peak and never gets quite small again,
so the peak is bounded. A bound is also a way to stand still: it is kept per
host, and a place is given up after some seconds, so that a slow server holds
up nobody but itself, and not for long (catalogue V15).
"""

from __future__ import annotations

import asyncio

from vedette.hold import Hold

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
