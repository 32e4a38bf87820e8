"""The real clock and the real dice."""

from __future__ import annotations

import random
import time


class SystemClock:
    """The machine's wall clock."""

    @staticmethod
    def now() -> float:
        """Return seconds since the Unix epoch, UTC."""
        return time.time()


def uptime() -> float:
    """Return seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


#: Jitter needs no cryptographic randomness; it must only differ between processes.
dice = random.SystemRandom().random
