"""An answer that goes on for as long as the peer stays: server-sent events (WHATWG HTML, 9.2).

A part is written when the one before has left: a peer that reads slowly holds one part, and one that
does not read at all is cut by the server (``wire.py``). It must not know what is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Final, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")

#: The type of the answer.
MEDIA: Final = "text/event-stream"


class Flow(Response):
    """Sends what ``parts`` yields, until it ends or the peer has gone."""

    media_type = MEDIA

    def __init__(self, parts: AsyncGenerator[bytes], leave: Callable[[], None]) -> None:
        super().__init__(headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._parts = parts
        self._leave = leave

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; whatever its end is, ``leave`` is called then."""
        try:
            await self._flow(receive, send)
        finally:
            self._leave()

    async def _flow(self, receive: Receive, send: Send) -> None:
        head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(head)
        # A head alone is held back by some servers.
        await send({"type": "http.response.body", "body": b": here\n\n", "more_body": True})
        if await staying(receive, self._sent(send)) is not None:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _sent(self, send: Send) -> bool:
        async with aclosing(self._parts) as parts:
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        return True


async def staying(receive: Receive, work: Awaitable[T]) -> T | None:
    """Return what work brings, or None where the peer has gone before; it is ended then."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for each in (working, leaving):
            each.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await each


def told(kind: str, data: bytes, cursor: str) -> bytes:
    """Return one event as it is sent; ``data`` are lines of text."""
    lines = b"".join(b"data: " + line + b"\n" for line in data.splitlines() or [b""])
    return f"id: {cursor}\nevent: {kind}\n".encode() + lines + b"\n"


def still(cursor: str) -> bytes:
    """Return what says that there is nothing new; a reader takes the id, and is told nothing."""
    return f": nothing new\nid: {cursor}\n\n".encode()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
