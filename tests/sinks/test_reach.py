"""The way to a broker: names, addresses and what is said of those that fail."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network

import pytest
from aiohttp.abc import ResolveResult

from tests.sinks.hooks import LOOPBACK, STRICT, Names
from tests.support.ports import free_port
from vedette.net.address import AddressGuard
from vedette.secret import Secret
from vedette.sinks.place import REDIS, read_place
from vedette.sinks.reach import Way, root
from vedette.web.way import UnreachableError, explained


@asynccontextmanager
async def listening(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Take connections and say nothing."""
    open_ones: list[asyncio.StreamWriter] = []

    def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.append(writer)

    server = await asyncio.start_server(take, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_ones:
            writer.transport.abort()
        await server.wait_closed()


def way(port: int, *answers: str, guard: AddressGuard = LOOPBACK, host: str = "bus.test") -> Way:
    place = read_place(Secret(f"redis://{host}:{port}"), REDIS)
    context = ssl.create_default_context()
    return Way(place=place, guard=guard, trust=context, resolver=Names(*answers))


class Several(Names):
    """A name server that answers with all of them at once."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = []
        for _ in self.answers:
            found += await super().resolve(host, port, family)
        return found


async def test_an_address_that_refuses_makes_room_for_the_next() -> None:
    """Two addresses of one name: nobody at the first, a broker at the second."""
    async with listening("127.0.0.2") as port:
        both = replace(way(port), resolver=Several("127.0.0.3", "127.0.0.2"))
        _, writer = await both.dial(tls=False)

        assert writer.get_extra_info("peername")[0] == "127.0.0.2"
        writer.transport.abort()


async def test_a_name_that_changes_its_address_is_judged_at_each_dial() -> None:
    """Allowed at first, inside the second time: the second is not dialled."""
    guard = AddressGuard(allow=[ip_network("127.0.0.1/32")])
    async with listening() as port:
        changing = way(port, "127.0.0.1", "127.0.0.2", guard=guard)
        _, writer = await changing.dial(tls=False)
        writer.transport.abort()

        with pytest.raises(UnreachableError, match=r"127\.0\.0\.2 is loopback"):
            await changing.dial(tls=False)


async def test_a_literal_is_not_looked_up() -> None:
    """There is nothing to ask a name server."""
    names = Names("127.0.0.1")
    async with listening() as port:
        there = replace(way(port, host="127.0.0.1"), resolver=names)
        _, writer = await there.dial(tls=False)
        writer.transport.abort()

    assert names.asked == 0


async def test_every_address_that_failed_is_named_with_its_reason() -> None:
    """A person sees which one to look at."""
    port = free_port()
    nobody = way(port, "127.0.0.1")

    with pytest.raises(UnreachableError) as caught:
        await nobody.dial(tls=False)
    assert str(caught.value) == "127.0.0.1: Connection refused"


async def test_a_name_without_any_allowed_address_is_refused_with_why() -> None:
    """The guard's own words."""
    with pytest.raises(UnreachableError, match="loopback and may not be dialled"):
        await way(1, "127.0.0.1", guard=STRICT).dial(tls=False)


def test_a_failure_that_a_library_wrapped_is_found_again() -> None:
    """Two deep, as a cause and as a context; a circle has an end."""
    ours = UnreachableError("no way")
    try:
        try:
            raise ours
        except OSError as error:
            raise RuntimeError("theirs") from error
    except RuntimeError as error:
        wrapped = error

    assert root(wrapped) is ours
    circle = RuntimeError("round")
    circle.__cause__ = circle
    assert root(circle) is None


def test_the_words_of_the_system_are_those_of_its_number() -> None:
    """Not the event loop's, which repeat the address."""
    assert explained(ConnectionRefusedError(111, "Connect call failed ('::1', 1)")) == (
        "Connection refused"
    )
    assert explained(ssl.SSLError(1, "wrong")) == "TLS failed: wrong"
    assert explained(EOFError("the end")) == "the end"
