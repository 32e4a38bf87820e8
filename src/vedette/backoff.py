"""How long to wait before the next try: doubling, capped, with jitter and a floor.

The dice are an argument, so that the same numbers give the same waits. The
shape is "full jitter" (Marc Brooker, *Exponential Backoff And Jitter*, 2015)
with a floor: pure full jitter gives sub-second waits, which hammer a server
that drops every connection right after login (catalogue V2).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """A curve of waits in seconds.

    ``first`` is the ceiling of the first wait, ``ceiling`` that of every later
    one; each wait is drawn between ``floor`` times its ceiling and its ceiling.
    """

    first: float = 1.0
    ceiling: float = 300.0
    floor: float = 0.5

    def wait(self, attempt: int, dice: float) -> float:
        """Return the wait before try number ``attempt`` (from 1), ``dice`` in [0, 1)."""
        # 2**62 is past every ceiling; the cap keeps the integer small for ever.
        top = min(self.ceiling, self.first * 2.0 ** min(max(attempt, 1) - 1, 62))
        return top * (self.floor + (1.0 - self.floor) * dice)
