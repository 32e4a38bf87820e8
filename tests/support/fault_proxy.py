"""A TCP proxy between a client and a real server, with faults that come and go at run time.

::

    client ── up ───► toxic ► toxic ───► server
    client ◄── down ─ toxic ◄ toxic ◄─── server

Each connection has a task for each way. A fault of one end reaches the other as it would without
a proxy: a reset as a reset, a close as a close. It must not know the protocol, nor what a toxic
does (``tests.support.toxics``).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from tests.support.toxics import Flow, Onward, Toxic, Way

#: Several segments of a loopback in one read; a word near the end is still found early.
_CHUNK = 16 * 1024
#: SO_LINGER of zero seconds: a close sends RST (tcp(7), socket(7)).
_NO_LINGER = struct.pack("ii", 1, 0)


class FaultProxy:
    """Listens on ``port`` of loopback and carries to ``host``:``target``. A context manager."""

    def __init__(self, host: str, target: int) -> None:
        self._place = (host, target)
        self._server: asyncio.Server | None = None
        self._shut: socket.socket | None = None
        self._toxics: list[Toxic] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.cables: list[Cable] = []
        #: The loop's times at which connections were taken.
        self.accepted: list[float] = []
        self.port = 0
        self._news = asyncio.Condition()

    @property
    def open_cables(self) -> list[Cable]:
        """The connections that did not end."""
        return [cable for cable in self.cables if cable.is_open]

    def put(self, toxic: Toxic, *, only: Cable | None = None) -> None:
        """Put a toxic on every connection, those to come included, or on one alone."""
        toxic.put_on()
        if only is None:
            self._toxics.append(toxic)
        for cable in [only] if only is not None else self.open_cables:
            cable.suffer(toxic)

    def take(self, toxic: Toxic) -> None:
        """Take a toxic off; what it held up goes on."""
        toxic.take_off()
        if toxic in self._toxics:
            self._toxics.remove(toxic)
        for cable in self.cables:
            cable.recover(toxic)

    @contextmanager
    def suffering(self, toxic: Toxic) -> Iterator[None]:
        """Put a toxic on for a while."""
        self.put(toxic)
        try:
            yield
        finally:
            self.take(toxic)

    def cut(self, *, reset: bool = True) -> None:
        """End every connection at once, what is held up included."""
        for cable in self.open_cables:
            cable.end(reset=reset)

    def refuse(self) -> None:
        """Take no more connections: whoever connects is refused; those that there are stay."""
        if self._server is not None:
            self._server.close()
            self._server = None
            # Bound and not listening: the port stays ours, and the kernel refuses.
            self._shut = _bound(self.port)

    async def listen(self) -> None:
        """Take connections, from now on or again."""
        sock = self._shut or _bound(self.port)
        self._shut = None
        self.port = sock.getsockname()[1]
        self._server = await asyncio.start_server(self._accept, sock=sock)

    async def until_accepted(self, count: int, *, within: float) -> None:
        """Wait until so many connections were taken in all."""
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(lambda: len(self.accepted) >= count)

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.refuse()
        if self._shut is not None:
            self._shut.close()
        for cable in self.cables:
            cable.end(reset=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._news:
            self.accepted.append(asyncio.get_running_loop().time())
            self._news.notify_all()
        try:
            behind, before = await asyncio.open_connection(*self._place)
        except OSError:
            _end(writer, reset=True)
            return
        cable = Cable(Pipe(Way.UP, reader, before), Pipe(Way.DOWN, behind, writer))
        self.cables.append(cable)
        for toxic in self._toxics:
            cable.suffer(toxic)
        for pipe in (cable.up, cable.down):
            task = asyncio.create_task(pipe.run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


class Cable:
    """One connection: its two ways."""

    def __init__(self, up: Pipe, down: Pipe) -> None:
        self.up = up
        self.down = down
        self.is_open = True
        up.cable = down.cable = self

    def suffer(self, toxic: Toxic) -> None:
        for pipe in (self.up, self.down):
            if pipe.way in toxic.way:
                pipe.flows[toxic] = toxic.flow(pipe)

    def recover(self, toxic: Toxic) -> None:
        for pipe in (self.up, self.down):
            pipe.flows.pop(toxic, None)

    def end(self, *, reset: bool) -> None:
        """End both sides."""
        self.is_open = False
        for pipe in (self.up, self.down):
            _end(pipe.sink, reset=reset)


class Pipe:
    """One way of a connection; see ``toxics.Pipe``."""

    def __init__(self, way: Way, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        self.way = way
        self.sink = sink
        self.flows: dict[Toxic, Flow] = {}
        self.cable: Cable | None = None
        #: Octets that came in and that went out.
        self.came = self.went = 0
        #: Whether its end has passed.
        self.over = False
        self._source = source
        self._dead = False

    def die(self) -> None:
        self._dead = True

    def end(self, *, reset: bool) -> None:
        if self.cable is not None:
            self.cable.end(reset=reset)

    async def run(self) -> None:
        """Carry until one side ends."""
        try:
            while data := await self._source.read(_CHUNK):
                self.came += len(data)
                await self._pass(list(self.flows.values()), data)
            for flow in list(self.flows.values()):
                await flow.closing()
        except OSError:
            # One side was reset: so is the other, unless nothing passes.
            if not self._dead:
                self.end(reset=True)
            return
        if self._dead:
            return
        self.over = True
        if self.cable is None or all(pipe.over for pipe in (self.cable.up, self.cable.down)):
            self.end(reset=False)
        elif not self.sink.is_closing():
            # An end is an end of one way, as without a proxy; the other may have ended meanwhile.
            with suppress(OSError):
                self.sink.write_eof()

    async def _pass(self, flows: list[Flow], data: bytes) -> None:
        if self._dead:
            return
        if not flows:
            self.went += len(data)
            self.sink.write(data)
            await self.sink.drain()
            return
        await flows[0].carry(data, self._onward(flows[1:]))

    def _onward(self, flows: list[Flow]) -> Onward:
        async def onward(data: bytes) -> None:
            await self._pass(flows, data)

        return onward


def _bound(port: int) -> socket.socket:
    # Only where the protocol is named does asyncio switch Nagle's algorithm off, which would hold
    # the end of every answer up for 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def _end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if not reset:
        writer.close()
        return
    sock = writer.get_extra_info("socket")
    if not writer.is_closing() and sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()
