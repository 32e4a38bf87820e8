"""The faults that a line can have, each acting at octets that a test chooses, never at chance.

The words are toxiproxy's (Shopify, "Toxics"). A ``Toxic`` is put on a proxy; for each way of each
connection it makes a ``Flow``, which gets the octets and hands them on, later, in pieces, changed,
or not at all. It must not know the protocol: a word is a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Flag
from itertools import cycle
from typing import Protocol

Onward = Callable[[bytes], Awaitable[None]]

#: The share of the jitter that each piece in turn waits: spread, and the same in each run.
_SPREAD = (0.0, 1.0, 0.5, 0.25, 0.75)
#: How often a slow line moves on: fine enough to look steady, coarse enough to cost nothing.
_TICKS = 50


class Way(Flag):
    """A way of the line, or both."""

    UP = 1
    DOWN = 2
    BOTH = UP | DOWN


class Pipe(Protocol):
    """One way of one connection, as a flow may use it."""

    def die(self) -> None:
        """Let nothing pass any more, for ever, and tell nobody."""

    def end(self, *, reset: bool) -> None:
        """End the whole connection: with a reset, or as a close does."""


class Flow:
    """What a toxic does on one way of one connection; this one does nothing."""

    async def carry(self, data: bytes, onward: Onward) -> None:
        """Hand the octets on."""
        await onward(data)

    async def closing(self) -> None:
        """Hold up the end of the stream."""


class Toxic:
    """A fault. ``on`` is whether a proxy has it; taken off, it lets go of what it holds up."""

    def __init__(self, way: Way = Way.DOWN) -> None:
        self.way = way
        self.on = False
        self._off = asyncio.Event()

    def put_on(self) -> None:
        self.on = True
        self._off.clear()

    def take_off(self) -> None:
        self.on = False
        self._off.set()

    def flow(self, pipe: Pipe) -> Flow:
        """Return what acts on ``pipe``, which begins now or was there before."""
        raise NotImplementedError

    async def wait(self, seconds: float) -> None:
        """Let time pass, unless the toxic is taken off."""
        try:
            async with asyncio.timeout(seconds):
                await self._off.wait()
        except TimeoutError:
            return


class Latency(Toxic):
    """Each piece comes ``seconds`` late, and up to ``jitter`` more."""

    def __init__(self, seconds: float, *, jitter: float = 0.0, way: Way = Way.DOWN) -> None:
        super().__init__(way)
        self._seconds = seconds
        self._jitter = jitter
        self._shares = cycle(_SPREAD)

    def flow(self, pipe: Pipe) -> Flow:
        return _Late(self)

    def lateness(self) -> float:
        return self._seconds + self._jitter * next(self._shares)


class _Late(Flow):
    def __init__(self, toxic: Latency) -> None:
        self._toxic = toxic

    async def carry(self, data: bytes, onward: Onward) -> None:
        await self._toxic.wait(self._toxic.lateness())
        await onward(data)


class Bandwidth(Toxic):
    """No more than ``rate`` octets a second."""

    def __init__(self, rate: int, *, way: Way = Way.DOWN) -> None:
        super().__init__(way)
        self.rate = rate

    def flow(self, pipe: Pipe) -> Flow:
        return _Slow(self)


class _Slow(Flow):
    def __init__(self, toxic: Bandwidth) -> None:
        self._toxic = toxic

    async def carry(self, data: bytes, onward: Onward) -> None:
        size = max(1, self._toxic.rate // _TICKS)
        while data and self._toxic.on:
            piece, data = data[:size], data[size:]
            await self._toxic.wait(len(piece) / self._toxic.rate)
            await onward(piece)
        if data:
            await onward(data)


class Slicer(Toxic):
    """The stream comes in segments of ``size`` octets."""

    def __init__(self, size: int, *, way: Way = Way.DOWN) -> None:
        super().__init__(way)
        self.size = size

    def flow(self, pipe: Pipe) -> Flow:
        return _Sliced(self)


class _Sliced(Flow):
    def __init__(self, toxic: Slicer) -> None:
        self._toxic = toxic

    async def carry(self, data: bytes, onward: Onward) -> None:
        for start in range(0, len(data), self._toxic.size):
            await onward(data[start : start + self._toxic.size])
            # A turn of the loop for whoever reads: the next piece is a segment of its own.
            await asyncio.sleep(0)


class Aimed(Toxic):
    """A fault at one octet: ``at`` octets after the beginning of ``word``, or of the flow.

    A flow begins with its connection, or when the toxic is put on. ``times`` bounds how many
    connections suffer it; None is all of them. ``struck`` counts them.
    """

    def __init__(
        self, at: int, *, word: bytes = b"", times: int | None = None, way: Way = Way.DOWN
    ) -> None:
        super().__init__(way)
        self.at = at
        self.word = word
        self.struck = 0
        self.news = asyncio.Event()
        self._times = times

    @property
    def may_strike(self) -> bool:
        return self.on and (self._times is None or self.struck < self._times)

    def strike(self) -> None:
        self.struck += 1
        self.news.set()


class _Aim(Flow):
    """Finds the octet, also where its word comes in pieces."""

    def __init__(self, toxic: Aimed) -> None:
        self._toxic = toxic
        self._over = False
        self._tail = b""
        #: Octets that still pass before the one aimed at; None until the word was seen.
        self._left: int | None = None if toxic.word else toxic.at

    async def carry(self, data: bytes, onward: Onward) -> None:
        if self._over or not self._toxic.may_strike:
            await onward(data)
            return
        left = self._distance(data)
        if left is None or left >= len(data):
            self._left = None if left is None else left - len(data)
            await onward(data)
            return
        self._over = True
        self._toxic.strike()
        await self.hit(data[:left], data[left:], onward)

    async def hit(self, before: bytes, rest: bytes, onward: Onward) -> None:
        """Do it; ``rest`` begins with the octet that was aimed at."""
        raise NotImplementedError

    def _distance(self, data: bytes) -> int | None:
        """Return how many octets of ``data`` lie before the one; what has passed counts as 0."""
        if self._left is not None:
            return self._left
        seen = self._tail + data
        found = seen.find(self._toxic.word)
        if found < 0:
            self._tail = seen[-len(self._toxic.word) + 1 :] if len(self._toxic.word) > 1 else b""
            return None
        return max(0, found - len(self._tail) + self._toxic.at)


class Cut(Aimed):
    """The connection ends at an octet (toxiproxy's limit_data): closed, or reset."""

    def __init__(
        self,
        at: int,
        *,
        word: bytes = b"",
        times: int | None = None,
        way: Way = Way.DOWN,
        reset: bool = False,
    ) -> None:
        super().__init__(at, word=word, times=times, way=way)
        self.reset = reset

    def flow(self, pipe: Pipe) -> Flow:
        return _Cut(self, pipe)


class _Cut(_Aim):
    def __init__(self, toxic: Cut, pipe: Pipe) -> None:
        super().__init__(toxic)
        self._reset = toxic.reset
        self._pipe = pipe

    async def hit(self, before: bytes, rest: bytes, onward: Onward) -> None:
        if before:
            await onward(before)
        self._pipe.end(reset=self._reset)


class Corrupt(Aimed):
    """One octet is another: its bits are flipped with ``flip``."""

    def __init__(
        self,
        at: int,
        *,
        word: bytes = b"",
        times: int | None = None,
        way: Way = Way.DOWN,
        flip: int = 1,
    ) -> None:
        super().__init__(at, word=word, times=times, way=way)
        self.flip = flip

    def flow(self, pipe: Pipe) -> Flow:
        return _Corrupt(self, self.flip)


class _Corrupt(_Aim):
    def __init__(self, toxic: Corrupt, flip: int) -> None:
        super().__init__(toxic)
        self._flip = flip

    async def hit(self, before: bytes, rest: bytes, onward: Onward) -> None:
        await onward(before + bytes([rest[0] ^ self._flip]) + rest[1:])


class Hold(Aimed):
    """The stream stops before an octet until the toxic is taken off; ``news`` is that it did."""

    def __init__(self, word: bytes, *, at: int = 0, way: Way = Way.DOWN) -> None:
        super().__init__(at, word=word, times=1, way=way)

    def flow(self, pipe: Pipe) -> Flow:
        return _Held(self)

    async def released(self) -> None:
        await self._off.wait()


class _Held(_Aim):
    def __init__(self, toxic: Hold) -> None:
        super().__init__(toxic)
        self._hold = toxic

    async def hit(self, before: bytes, rest: bytes, onward: Onward) -> None:
        if before:
            await onward(before)
        await self._hold.released()
        await onward(rest)


class HalfOpen(Toxic):
    """Nothing passes, and both ends believe in the connection: a router forgot it.

    A connection that it met is dead for ever; one that begins after it was taken off is not.
    """

    def __init__(self, *, way: Way = Way.BOTH) -> None:
        super().__init__(way)

    def flow(self, pipe: Pipe) -> Flow:
        pipe.die()
        return Flow()


class Reset(Toxic):
    """Every connection is reset, those that there are and those that begin (reset_peer)."""

    def flow(self, pipe: Pipe) -> Flow:
        pipe.end(reset=True)
        return Flow()


class SlowClose(Toxic):
    """The end of the stream comes ``seconds`` late."""

    def __init__(self, seconds: float, *, way: Way = Way.DOWN) -> None:
        super().__init__(way)
        self.seconds = seconds

    def flow(self, pipe: Pipe) -> Flow:
        return _SlowEnd(self)


class _SlowEnd(Flow):
    def __init__(self, toxic: SlowClose) -> None:
        self._toxic = toxic

    async def closing(self) -> None:
        await self._toxic.wait(self._toxic.seconds)
