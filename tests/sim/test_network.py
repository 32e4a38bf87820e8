"""What the simulated lines do to octets: split and delay them, and never reorder or invent."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextvars import Context

import pytest

from tests.sim.loop import new_loop
from tests.sim.network import Line, Network, Weather
from tests.sim.process import Process
from vedette.errors import LinkError, NetworkError
from vedette.ports.link import Target

TARGET = Target(host="mail.example.org", port=993)


class Far:
    """A server that keeps what comes."""

    user = None

    def __init__(self, send: Callable[[bytes], None], close: Callable[[], None]) -> None:
        self.send, self.close = send, close
        self.got = b""
        self.is_lost = False

    def receive(self, data: bytes) -> None:
        self.got += data

    def lost(self) -> None:
        self.is_lost = True


class Near:
    """A client that keeps what comes."""

    def __init__(self) -> None:
        self.got = b""
        self.segments = 0
        self.ends: list[LinkError | None] = []

    def data_received(self, data: memoryview) -> None:
        self.got += bytes(data)
        self.segments += 1

    def connection_lost(self, error: LinkError | None) -> None:
        self.ends.append(error)


class Both:
    """One line with both its ends."""

    def __init__(self, seed: int, weather: Weather | None = None) -> None:
        self.loop = new_loop(random.Random(seed))
        self.process = Process("client")
        self.near = Near()
        self.fars: list[Far] = []
        self.network = Network(
            dice=random.Random(seed),
            accept=self._accept,
            context=Context(),
            weather=weather or Weather(),
        )

    def _accept(self, send: Callable[[bytes], None], close: Callable[[], None]) -> Far:
        self.fars.append(Far(send, close))
        return self.fars[-1]

    def run(self, talk: Callable[[Line], None], seconds: float = 60.0) -> None:
        """Dial in the client's process, let ``talk`` happen, and wait."""

        async def dial() -> None:
            line = await self.network.dial(TARGET, self.near)
            await asyncio.sleep(0.1)
            talk(line)

        async def main() -> None:
            task = self.loop.create_task(dial(), context=self.process.context)
            await asyncio.sleep(seconds)
            if task.done():
                task.result()

        try:
            self.loop.run(main())
        finally:
            self.loop.bury()


@pytest.mark.parametrize("seed", range(20))
def test_octets_keep_their_order_in_both_directions(seed: int) -> None:
    """Whatever the segments, the delays and the scheduler: what arrives is what was sent."""
    both = Both(seed)
    up, down = bytes(range(256)) * 40, bytes(reversed(range(256))) * 40

    def talk(line: Line) -> None:
        for at in range(0, len(up), 1000):
            line.write(up[at : at + 1000])
            both.fars[0].send(down[at : at + 1000])
        both.fars[0].send(down[11_000:])

    both.run(talk)
    assert both.fars[0].got == up
    assert both.near.got[: len(down)] == down
    assert both.near.segments > 11


def test_a_cut_reaches_both_ends() -> None:
    """The client learns of a reset, the server that the link is gone."""
    both = Both(1)
    both.run(lambda line: line.cut())
    assert len(both.near.ends) == 1
    assert isinstance(both.near.ends[0], NetworkError)
    assert both.fars[0].is_lost


def test_an_orderly_end_comes_after_the_octets() -> None:
    """What the server sent before it closed arrives first."""
    both = Both(2)

    def talk(_line: Line) -> None:
        both.fars[0].send(b"* BYE\r\n" * 50)
        both.fars[0].close()

    both.run(talk)
    assert both.near.got == b"* BYE\r\n" * 50
    assert both.near.ends == [None]


def test_a_half_open_line_swallows_and_tells_nobody() -> None:
    """Octets vanish and no end is told, until the system's keep-alive notices."""
    both = Both(3)

    def talk(line: Line) -> None:
        line.half_open(down=True, up=True, noticed=300.0)
        line.write(b"lost")
        both.fars[0].send(b"lost too")

    both.run(talk, seconds=200.0)
    assert both.near.got == b""
    assert both.fars[0].got == b""
    assert both.near.ends == []


def test_a_half_open_line_is_given_up_in_the_end() -> None:
    """Keep-alive resets it at both ends."""
    both = Both(3)
    both.run(lambda line: line.half_open(down=True, up=False, noticed=300.0), seconds=400.0)
    assert len(both.near.ends) == 1
    assert both.fars[0].is_lost


def test_a_client_that_pauses_loses_nothing() -> None:
    """What came while the client did not read is there when it reads again, in order."""
    both = Both(4)

    def talk(line: Line) -> None:
        line.pause()
        both.fars[0].send(b"abcdefghij" * 100)
        both.loop.call_later(5.0, line.resume)

    both.run(talk)
    assert both.near.got == b"abcdefghij" * 100


def test_refused_and_unresolved_dials_raise() -> None:
    """A dial that fails raises NetworkError, as the port says."""
    for weather in (Weather(refuse=1.0), Weather(unresolved=1.0)):
        with pytest.raises(NetworkError):
            Both(5, weather).run(lambda line: None)


def test_a_dead_process_writes_nothing() -> None:
    """A call that a dying process still makes has no effect."""
    both = Both(6)

    def talk(line: Line) -> None:
        both.process.die()
        line.write(b"from the grave")

    both.run(talk)
    assert both.fars[0].got == b""
