"""A loop of real sockets in virtual time: time leaps when no socket has anything to say.

Both ends of every connection have to live on this loop: the kernel then has each octet at the
other end before it is asked. A thread would be overtaken, so after a call from one the loop waits
a moment before it leaps. Must not know who connects.
"""

from __future__ import annotations

import asyncio
import selectors
from selectors import SelectorKey

#: Real seconds for which a thread of the loop, such as one that loads certificates, is waited for.
GRACE = 0.0005


class _Leap(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        ready = super().select(GRACE)
        if not ready and timeout is not None:
            self.now += timeout
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    """The loop; it begins at 0."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)

    def time(self) -> float:
        return self._leap.now
