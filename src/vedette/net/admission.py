"""How many handshakes at a time: a gate for their memory, a turnstile for their arithmetic.

A handshake is two bursts of arithmetic of up to a millisecond, and some 50 KiB
that OpenSSL gives back at its end. After an outage hundreds want to run at
once. What a handshake is, is not known here.
"""

from __future__ import annotations

import asyncio
from collections import deque

from vedette.hold import Hold
from vedette.net.ready import wake

# With 1,000 links dialled at once the heap ended at 52 KiB per link without a bound, 26 with
# 200 places and 21.6 with 64; at 100 ms of round trip 64 places still pass 300 links a second.
PLACES = 64

# A server that accepts and says nothing gives its place up after this time (seconds), so
# that a thousand of them can not keep a living one waiting for long.
PATIENCE = 1.0


class Gate:
    """Lets ``places`` handshakes be under way; one over its patience is not counted any more."""

    __slots__ = ("_patience", "_places")

    def __init__(self, *, places: int = PLACES, patience: float = PATIENCE) -> None:
        self._places = asyncio.Semaphore(places)
        self._patience = patience

    def place(self) -> Hold:
        """Return a place to wait for and hold, by ``async with``."""
        return Hold(self._places, self._patience)


class Turnstile:
    """Lets one waiter pass per turn of the loop, first come, first served.

    A storm of handshakes then delays an event by one burst, not by hundreds: with 64 under
    way the loop came round 8 to 17 ms late at worst (p99), without the turnstile 60 to 170.
    """

    __slots__ = ("_turning", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._turning = False

    async def turn(self) -> None:
        """Return when it is this caller's turn."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiting.append(waiter)
        if not self._turning:
            self._turning = True
            loop.call_soon(self._next)
        await waiter

    def _next(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                wake(waiter)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._turning = False
