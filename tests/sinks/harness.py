"""What a sink with a broker is tried with: the broker and its place, attempts, faults of the line.

A kind of broker gives a ``Harness``; the suite of ``tests.sinks.conformance`` does the rest. The
server is one of ``tests.support.broker``, real and of the test's own machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from tests.sinks.hooks import LOOPBACK, STRICT
from tests.sinks.letters import letter
from tests.support.fault_proxy import FaultProxy
from tests.support.toxics import HalfOpen, Reset, Way
from vedette.model.delivery import Delivered, Outcome, Parcel, Refused
from vedette.ports.sink import Sink

#: A deadline that a test waits out: long enough for a busy machine to log in within it.
SHORT = 1.0
#: Everything else ends well before this.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message as a consumer of the broker gets it; ``where`` is its stream, subject or key."""

    event: str
    where: str
    body: bytes
    headers: dict[str, str]


class Server(Protocol):
    """A broker that can be killed, stopped and started again, with a line to it."""

    port: int

    def start(self) -> None: ...

    def kill(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def proxy(self) -> FaultProxy: ...


class Harness(Protocol):
    """A broker of one kind, and a place in it that no other test has.

    ``ack`` is a word in each of the broker's acknowledgements, and in nothing that it says before
    the second event. ``keeps_repeats`` tells whether a repeat is a message of its own.
    """

    ack: bytes
    keeps_repeats: bool
    secret: str

    @property
    def server(self) -> Server:
        """Return the broker."""

    def url(self, *, port: int | None = None, host: str | None = None, secret: str = "") -> str:
        """Return the URL of the broker, or of who stands before it."""

    def sink(self, url: str, **settings: Any) -> Sink:
        """Make a sink; ``guard`` lets it go to loopback unless given."""

    async def taken(self) -> list[Taken]:
        """Return all that the broker took, in its order."""


@asynccontextmanager
async def running(sink: Sink) -> AsyncIterator[Sink]:
    """Start a sink, and stop it."""
    await sink.start()
    try:
        async with asyncio.timeout(PATIENCE):
            yield sink
    finally:
        await sink.stop()


@asynccontextmanager
async def proxied(harness: Harness, **settings: Any) -> AsyncIterator[tuple[FaultProxy, Sink]]:
    """Run a sink that reaches the broker over a line of which a test can ask for faults."""
    async with (
        harness.server.proxy() as proxy,
        running(harness.sink(harness.url(port=proxy.port), **settings)) as sink,
    ):
        yield proxy, sink


async def until_delivered(sink: Sink, parcel: Parcel, *, attempts: int = 5) -> list[Outcome]:
    """Try as the courier would, but for its waits; return what came of each attempt."""
    outcomes: list[Outcome] = []
    while not outcomes or not isinstance(outcomes[-1], Delivered):
        assert len(outcomes) < attempts, outcomes
        outcomes.append(await sink.send(parcel))
    return outcomes


async def attempts_in_vain(harness: Harness) -> None:
    """Fail in each way that there is on the way to a login."""
    async with harness.server.proxy() as proxy:
        url = harness.url(port=proxy.port)
        for toxic in (Reset(), HalfOpen(way=Way.DOWN)):
            with proxy.suffering(toxic):
                async with running(harness.sink(url, timeout=SHORT / 5)) as sink:
                    reason(await sink.send(letter(1)))
        async with running(harness.sink(url, guard=STRICT)) as sink:
            reason(await sink.send(letter(1)))
        proxy.refuse()
        async with running(harness.sink(url)) as sink:
            reason(await sink.send(letter(1)))
    async with running(harness.sink(harness.url(secret="wrong"), timeout=5.0)) as sink:
        reason(await sink.send(letter(1)))


def reason(outcome: Outcome) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


def ids(taken: list[Taken]) -> list[str]:
    return [each.event for each in taken]


def allowed(settings: dict[str, Any]) -> Any:
    """Take the guard out of a test's settings: loopback, unless it names another."""
    return settings.pop("guard", LOOPBACK)
