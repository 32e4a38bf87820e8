"""Counts the commits of events of this process, and wakes whoever waits for the next.

It knows neither rows nor who waits.
"""

from __future__ import annotations

from vedette.store.bell import Bell


class Arrivals:
    """Counts: ``tell`` of a commit, ``wait`` for one, any number at the same time."""

    __slots__ = ("_bell", "count")

    def __init__(self) -> None:
        self._bell = Bell()
        self.count = 0

    def tell(self) -> None:
        """Tell that events were committed."""
        self.count += 1
        self._bell.ring(self.count)

    async def wait(self, after: int) -> None:
        """Return when there were more than ``after``, or after a second."""
        await self._bell.wait(after)
