"""How many handshakes at a time, for the sake of their memory.

A handshake holds some 50 KiB that OpenSSL gives back at its end. After an outage
hundreds want to run at once. What a handshake is, is not known here.
"""

from __future__ import annotations

import asyncio

from vedette.hold import Hold

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
