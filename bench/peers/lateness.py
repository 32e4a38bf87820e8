"""How late a loop is: a task that sleeps for a moment, and notes when it woke.

Must not know: what holds the loop.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

#: Seconds between two looks: many in each second, and no load.
LOOK = 0.005


class Lateness:
    """Looks from ``begin`` to ``end``."""

    def __init__(self) -> None:
        self._late: list[float] = []
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look from now on."""
        self._task = asyncio.create_task(self._look(), name="lateness")

    def report(self) -> list[float]:
        """Return by how many seconds each wake was late since the last report."""
        found, self._late = self._late, []
        return found

    async def end(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LOOK
            await asyncio.sleep(LOOK)
            self._late.append(loop.time() - due)
