"""Wakes whoever waits for the next write of a record.

It knows revisions, and neither rows nor who writes them.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

#: Seconds after which who listens looks for himself, whatever rang: a bell is lost with a
#: connection, and a look costs one statement.
LOOK: Final = 1.0


class Bell:
    """Rings for each revision: ``ring``, and ``wait`` for any number at the same time."""

    __slots__ = ("_last", "_rung")

    def __init__(self) -> None:
        self._last = 0
        self._rung: asyncio.Event | None = None

    def ring(self, revision: int) -> None:
        """Tell that something up to ``revision`` is written."""
        if revision <= self._last:
            return
        self._last = revision
        rung, self._rung = self._rung, None
        if rung is not None:
            rung.set()

    async def wait(self, after: int | None) -> None:
        """Return when a revision above ``after`` is told of, or after ``LOOK`` seconds."""
        if after is not None and self._last > after:
            return
        if self._rung is None:
            # One for all that wait now; it is replaced by whoever rings it.
            self._rung = asyncio.Event()
        with suppress(TimeoutError):
            # No ``wait_for``: it takes a task each time, and this is every second for ever.
            async with asyncio.timeout(LOOK):
                await self._rung.wait()
