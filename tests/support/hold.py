"""A TCP proxy that holds the bytes of one direction at a chosen word, a real server behind it.

The connection behind it is in clear, so that words can be seen. It must not
know the protocol: a word is a word.
"""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

#: What a proxy reads at once; small enough that a word near the end is found early.
_CHUNK = 4096


class Hold:
    """Listens on ``port``. Armed, it stops the stream before the next ``word`` until released."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._target = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._word: bytes | None = None
        self._from_client = True
        self._go = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        self.held = asyncio.Event()
        self.port = 0

    def arm(self, word: bytes, *, from_client: bool) -> None:
        """Hold what comes from the client (or the server) from this word on."""
        self._word, self._from_client = word, from_client
        self.held.clear()
        self._go.clear()

    def release(self) -> None:
        """Let what is held go on its way."""
        self._word = None
        self._go.set()

    def cut(self) -> None:
        """End every connection at once, what is held included."""
        self._word = None
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        self._go.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind, before = await asyncio.open_connection(self._host, self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, before]
        for source, sink, from_client in ((reader, before, True), (behind, writer, False)):
            task = asyncio.create_task(self._carry(source, sink, from_client=from_client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, from_client: bool
    ) -> None:
        # A connection that is cut, here or there, is what this is made for.
        with closing(sink), suppress(OSError):
            while data := await source.read(_CHUNK):
                word = self._word
                if word is not None and from_client is self._from_client and word in data:
                    at = data.index(word)
                    sink.write(data[:at])
                    data = data[at:]
                    self._word = None
                    self.held.set()
                    await self._go.wait()
                sink.write(data)
                await sink.drain()
