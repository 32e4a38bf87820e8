"""Time and dice, as arguments.

Durations are measured on the event loop's own clock, which the simulator owns.
"""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The wall clock, for instants that are stored or shown."""

    def now(self) -> float:
        """Return seconds since the Unix epoch, UTC."""


class Dice(Protocol):
    """Randomness for jitter; never for secrets."""

    def __call__(self) -> float:
        """Return a number in [0, 1)."""
