"""How long the story waits for one thing, and what it says meanwhile.

A machine that has no time is no defect of ours, so a wait is long, and tells what it is for. It
must not know the story.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

#: Seconds for each thing that is waited for. None takes three where there is time.
PATIENCE: Final = 60.0
#: Seconds after which it is said what is waited for.
LATE: Final = 6.0


class Patience:
    """One wait after the other. ``say`` is given lines for a person."""

    __slots__ = ("_limit", "_say", "awaited")

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._limit: asyncio.Timeout | None = None
        #: What is waited for, or was last.
        self.awaited = ""

    @contextlib.asynccontextmanager
    async def awaiting(self, what: str) -> AsyncIterator[None]:
        """Give the body its time. Raises TimeoutError when that is over."""
        self.awaited = what
        loop = asyncio.get_running_loop()
        note = loop.call_later(
            LATE, self._say, f"  This machine is busy: still waiting for {what}."
        )
        try:
            async with asyncio.timeout(PATIENCE) as self._limit:
                yield
        finally:
            self._limit = None
            note.cancel()

    def end(self) -> None:
        """End the wait now, if there is one: what is waited for can not come any more."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())
