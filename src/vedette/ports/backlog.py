"""How much waits to be delivered, and since when: what says that a way out is too slow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

#: Deliveries up to which they are counted: beyond it nobody asks how many there are, and a count
#: goes through them all.
COUNTED: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Deliveries that are not settled, of all endpoints: how many, and when the oldest was queued.

    ``waiting`` ends at ``COUNTED``. ``oldest_at`` is in seconds since 1970, None where none waits.
    """

    waiting: int
    oldest_at: float | None


class Backlogs(Protocol):
    """The state, as far as it can say that."""

    async def backlog(self) -> Backlog:
        """Look at what waits now. Raises StoreError."""
