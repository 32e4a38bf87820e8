"""What every client does: lines of JSON in, one line of JSON out for each.

::

    {"do": "connect", "last": 500, "at_once": 16}   watch mailboxes up to 500 (exclusive)
    {"do": "report"}                                tell the latencies since the last report, in ns
    {"do": "settle"}                                give back what memory can be
    {"do": "catch_up", "count": 5000}               fetch and read this many of mailbox 0
    end of input                                    end

A latency is the time between the instant that a message carries, when the server announced it,
and the instant at which the client had it, both of CLOCK_MONOTONIC.

Only the standard library is imported here, as the peers have environments of their own. Must not
know: any client.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import resource
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: As in bench.load.mail, which the peers need not have.
STAMP = re.compile(rb"bench-sent ([0-9]{20})")
UNANNOUNCED = 10**19

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """The server to use, and whatever else a client was told at its start."""

    host: str
    port: int
    ca_file: str
    more: Mapping[str, Any]

    def context(self) -> ssl.SSLContext:
        """Return the one context of all connections."""
        return ssl.create_default_context(cafile=self.ca_file)

    @staticmethod
    def user(number: int) -> str:
        """Return who owns a mailbox."""
        return f"user-{number}"


class Latencies:
    """How long messages took, since the last report.

    Messages that arrived while their mailbox was not connected were not announced: ``waited``
    are their ages since they arrived.
    """

    def __init__(self) -> None:
        self._found: list[int] = []
        self._waited: list[int] = []

    def note(self, octets: bytes | str | None) -> None:
        """Note a message, or a field of it that carries the instant; one without is old."""
        now = time.monotonic_ns()
        raw = octets.encode() if isinstance(octets, str) else bytes(octets or b"")
        found = STAMP.search(raw)
        sent = int(found[1]) if found is not None else 0
        if sent >= UNANNOUNCED:
            self._waited.append(now + UNANNOUNCED - sent)
        elif sent:
            self._found.append(now - sent)

    def report(self) -> Answer:
        """Tell the latencies and forget them."""
        found, self._found = self._found, []
        waited, self._waited = self._waited, []
        return {"latencies": found, "waited": waited}


def task() -> Task:
    """Read the task from the command line, and let the process have many files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    given = json.loads(sys.argv[1])
    return Task(given["host"], given["port"], given["ca_file"], given)


def obey(do: Mapping[str, Callable[[Answer], Answer]]) -> None:
    """Obey until the end of input, in this thread."""
    for order in _lines():
        answer(do[order["do"]](order) if order["do"] in do else _settle())


async def obey_async(do: Mapping[str, Callable[[Answer], Awaitable[Answer]]]) -> None:
    """Obey until the end of input, on the loop."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        answer(await do[order["do"]](order) if order["do"] in do else _settle())


def answer(what: Answer) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _lines() -> Iterator[Answer]:
    while line := sys.stdin.readline():
        yield json.loads(line)


def _settle() -> Answer:
    gc.collect()
    return {}
