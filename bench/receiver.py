"""A webhook receiver as cheap as can be: it reads requests, says 204, and notes their ages.

It runs in a process of its own, as ``python -m bench.receiver``: it says on which port it
listens, then answers each line of input with a line of JSON, and ends when the input does.

Must not know: who sends.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.apart import apart
from bench.load.mail import STAMP, UNANNOUNCED

_LENGTH = re.compile(rb"content-length: ([0-9]+)", re.IGNORECASE)
_ID = re.compile(rb"webhook-id: ([^\r]+)", re.IGNORECASE)
_LANE = re.compile(rb"bench-lane ([0-9]+)")
_DONE = b"HTTP/1.1 204 No Content\r\n\r\n"


class Book:
    """What came: ages in nanoseconds, how many ids came again, and how many out of order.

    Where an event names a lane, its instant must not be before that of the one before it.
    """

    def __init__(self) -> None:
        self.ages: list[int] = []
        self.count = 0
        self.ids: set[bytes] = set()
        self.again = 0
        self.disordered = 0
        self._last: dict[bytes, int] = {}

    def note(self, head: bytes, body: bytes) -> None:
        """Note a request."""
        found = STAMP.search(body)
        if found is None:
            return
        now = time.monotonic_ns()
        self.count += 1
        name = _ID.search(head)
        if name is not None:
            self.again += name[1] in self.ids
            self.ids.add(name[1])
        sent = int(found[1])
        if sent < UNANNOUNCED:
            self.ages.append(now - sent)
        lane = _LANE.search(body)
        if lane is not None:
            self.disordered += sent < self._last.get(lane[1], 0)
            self._last[lane[1]] = sent


class Requests(asyncio.Protocol):
    """A connection with requests one after the other."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._inbound = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._inbound += data
        while True:
            end = self._inbound.find(b"\r\n\r\n")
            if end < 0:
                return
            found = _LENGTH.search(self._inbound, 0, end)
            whole = end + 4 + (int(found[1]) if found is not None else 0)
            if len(self._inbound) < whole:
                return
            if self._transport is not None:
                self._transport.write(_DONE)
            self._book.note(self._inbound[:end], self._inbound[end:whole])
            self._inbound = self._inbound[whole:]


async def serve() -> None:
    """Listen until the input ends."""
    loop = asyncio.get_running_loop()
    book = Book()
    server = await loop.create_server(lambda: Requests(book), "127.0.0.1", 0, backlog=4096)
    say({"port": server.sockets[0].getsockname()[1]})
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        ages: list[int] = []
        if line.strip() == b"report":
            ages, book.ages = book.ages, []
        told = {"count": book.count, "again": book.again, "disordered": book.disordered}
        say({**told, "ages": ages})
    server.close()


def say(what: dict[str, Any]) -> None:
    """Write one line."""
    print(json.dumps(what), flush=True)


class Receiver:
    """A running receiver."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{self._read()['port']}/hook"

    def count(self) -> int:
        """Return how many requests came so far."""
        return int(self._ask("count")["count"])

    def again(self) -> int:
        """Return how many requests had an id that had come before."""
        return int(self._ask("count")["again"])

    def disordered(self) -> int:
        """Return how many requests came before one that was older in their lane."""
        return int(self._ask("count")["disordered"])

    def ages(self) -> list[float]:
        """Return the ages of what came since the last time, in seconds, sorted."""
        return sorted(age / 1e9 for age in self._ask("report")["ages"])

    def _ask(self, what: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a receiver for the time of a ``with``."""
    with apart("bench.receiver") as process:
        yield Receiver(process)


if __name__ == "__main__":
    asyncio.run(serve())
