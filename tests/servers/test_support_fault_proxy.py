"""The fault proxy itself: each toxic does what it says, at the octet it was told, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.toxics import (
    Bandwidth,
    Corrupt,
    Cut,
    HalfOpen,
    Hold,
    Latency,
    Reset,
    Slicer,
    SlowClose,
    Toxic,
    Way,
)

#: What a loaded machine may need for one step.
PATIENCE = 60.0
WORDS = b"one two three four"


class Line:
    """A client's end, behind a proxy, of a server that says everything again."""

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        self.clients: list[Client] = []

    async def connect(self) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
        self.clients.append(Client(reader, writer))
        return self.clients[-1]


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def hear(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readexactly(count)

    async def rest(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    async def ask(self, data: bytes = WORDS) -> bytes:
        self.say(data)
        return await self.hear(len(data))


@asynccontextmanager
async def echo() -> AsyncIterator[Line]:
    writers: list[asyncio.StreamWriter] = []

    async def again(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            while data := await reader.read(4096):
                writer.write(data)
        except ConnectionError:
            pass
        writer.close()

    server = await asyncio.start_server(again, "127.0.0.1", 0)
    try:
        async with FaultProxy("127.0.0.1", server.sockets[0].getsockname()[1]) as proxy:
            line = Line(proxy)
            yield line
            writers += [client.writer for client in line.clients]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        # One turn in which the transports learn of it.
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "toxic",
    [
        Latency(0.01, jitter=0.01),
        Bandwidth(1000),
        Slicer(1),
        Slicer(5, way=Way.UP),
        SlowClose(60.0),
        Cut(1000),
        Corrupt(1000),
        Hold(b"never said"),
    ],
    ids=lambda toxic: type(toxic).__name__,
)
async def test_a_toxic_that_does_not_strike_changes_no_octet(toxic: Toxic) -> None:
    """Everything arrives, in order and once."""
    async with echo() as line:
        line.proxy.put(toxic)
        client = await line.connect()
        assert await client.ask() == WORDS


async def test_a_slow_line_takes_its_time() -> None:
    """Latency and bandwidth are at least what was asked for; taken off, they hold nothing up."""
    async with echo() as line:
        loop = asyncio.get_running_loop()
        client = await line.connect()
        for toxic, least in ((Latency(0.1), 0.1), (Bandwidth(100), len(WORDS) / 100)):
            began = loop.time()
            with line.proxy.suffering(toxic):
                await client.ask()
            assert loop.time() - began >= least * 0.9
        with line.proxy.suffering(Bandwidth(1)):
            client.say(WORDS)
            await client.hear(1)
        assert await client.hear(len(WORDS) - 1) == WORDS[1:]


@pytest.mark.parametrize("slices", [1, 3, 100])
async def test_a_cut_is_at_the_octet_behind_the_word(slices: int) -> None:
    """What is before it arrives, nothing of what is behind, however the stream is cut in pieces."""
    async with echo() as line:
        line.proxy.put(Slicer(slices))
        line.proxy.put(cut := Cut(5, word=b"two", times=1))
        first, second = await line.connect(), await line.connect()
        first.say(WORDS)
        assert await first.rest() == b"one two t"
        assert await second.ask() == WORDS
        assert cut.struck == 1


async def test_a_cut_counts_from_where_it_was_put_on() -> None:
    """Octets that passed before are not counted."""
    async with echo() as line:
        client = await line.connect()
        await client.ask()
        line.proxy.put(Cut(4))
        client.say(WORDS)
        assert await client.rest() == WORDS[:4]


@pytest.mark.parametrize("slices", [1, 100])
async def test_one_octet_is_flipped(slices: int) -> None:
    """The one that was aimed at, and no other."""
    async with echo() as line:
        line.proxy.put(Slicer(slices))
        line.proxy.put(Corrupt(4, word=b"one", flip=1, times=1))
        client = await line.connect()
        assert await client.ask() == b"one uwo three four"
        assert await client.ask() == WORDS


async def test_a_hold_stops_the_stream_at_the_word_until_it_is_let_go() -> None:
    """What is before the word has arrived by then; the other way goes on."""
    async with echo() as line:
        client = await line.connect()
        hold = Hold(b"three")
        line.proxy.put(hold)
        client.say(WORDS)
        assert await client.hear(8) == b"one two "
        async with asyncio.timeout(PATIENCE):
            await hold.news.wait()
        assert line.proxy.cables[0].down.went == 8
        line.proxy.take(hold)
        assert await client.hear(10) == b"three four"


@pytest.mark.parametrize("way", Way)
async def test_a_half_open_connection_stays_open_and_dead(way: Way) -> None:
    """Nothing is heard, nothing ends, and a new connection is well once the fault is gone."""
    async with echo() as line:
        dead = await line.connect()
        await dead.ask()
        with line.proxy.suffering(HalfOpen(way=way)):
            dead.say(WORDS)
        fine = await line.connect()
        assert await fine.ask() == WORDS
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await dead.reader.read(1)


async def test_a_reset_is_a_reset() -> None:
    """Connections that there are and connections that begin get RST, not an end of file."""
    async with echo() as line:
        there = await line.connect()
        await there.ask()
        line.proxy.put(reset := Reset())
        new = await line.connect()
        for client in (there, new):
            with pytest.raises(ConnectionResetError):
                await client.rest()
        line.proxy.take(reset)
        assert await (await line.connect()).ask() == WORDS


async def test_a_refused_connection_is_refused_and_the_others_stay() -> None:
    """The port is kept meanwhile, and taken up again."""
    async with echo() as line:
        there = await line.connect()
        line.proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await line.connect()
        assert await there.ask() == WORDS
        await line.proxy.listen()
        again = await line.connect()
        assert await again.ask() == WORDS


async def test_a_slow_close_holds_up_the_end_alone() -> None:
    """All octets are there; the end comes when the toxic lets it."""
    async with echo() as line:
        client = await line.connect()
        line.proxy.put(slow := SlowClose(60.0))
        client.say(WORDS)
        client.writer.write_eof()
        assert await client.hear(len(WORDS)) == WORDS
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.reader.read()
        line.proxy.take(slow)
        assert await client.rest() == b""


async def test_a_toxic_may_be_on_one_connection_alone() -> None:
    """The others do not know of it."""
    async with echo() as line:
        one, other = await line.connect(), await line.connect()
        await one.ask()
        await other.ask()
        line.proxy.put(Corrupt(0), only=line.proxy.cables[0])
        assert await one.ask() == b"nne two three four"
        assert await other.ask() == WORDS
