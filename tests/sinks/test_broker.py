"""The verdict over a link: what becomes of it when an attempt fails, with a link of our own."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType

import pytest

from tests.sinks.harness import reason, running
from tests.sinks.hooks import LOOPBACK
from tests.sinks.parcels import parcel
from vedette.model.delivery import Delivered, Parcel
from vedette.secret import Secret
from vedette.sinks.broker import BrokerSink, RejectedError
from vedette.sinks.facts import Facts
from vedette.sinks.library import Library
from vedette.sinks.place import REDIS
from vedette.sinks.settings import BrokerSettings

TIMEOUT = 0.2


class Line:
    """A link that does with each event as its id says, and counts its ends."""

    def __init__(self) -> None:
        self.is_open = True
        self.closed = 0

    async def publish(self, parcel: Parcel, about: Facts) -> str:
        match parcel.event:
            case "silent":
                await asyncio.Event().wait()
            case "refused":
                raise RejectedError("not that one")
            case "broken":
                raise ConnectionResetError(104, "reset")
            case "lost":
                self.is_open = False
                raise ConnectionResetError(104, "reset")
            case _:
                pass
        return "ok"

    async def close(self) -> None:
        self.closed += 1
        raise ConnectionResetError


class Toy:
    """Opens lines, and keeps them to look at."""

    failures: tuple[type[Exception], ...] = (OSError,)

    def __init__(self) -> None:
        self.lines: list[Line] = []

    async def open(self) -> Line:
        await asyncio.sleep(0)
        self.lines.append(Line())
        return self.lines[-1]


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    made = Toy()
    module = ModuleType("toy_broker")
    module.broker = lambda _settings, _way: made  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_broker", module)
    return made


def sink() -> BrokerSink:
    return BrokerSink(
        BrokerSettings(url=Secret("redis://127.0.0.1"), timeout=TIMEOUT),
        endpoint="bus",
        library=Library(module="toy_broker", extra="toy"),
        schemes=REDIS,
        guard=LOOPBACK,
    )


async def test_many_that_come_at_once_share_one_link(toy: Toy) -> None:
    """It is opened by the first; the others wait for it."""
    async with running(sink()) as it:
        await asyncio.gather(*(it.send(parcel(number)) for number in range(20)))

    assert len(toy.lines) == 1
    assert toy.lines[0].closed == 1


async def test_a_link_on_which_others_are_heard_outlives_one_that_waits(toy: Toy) -> None:
    """One slow event is no dead connection: the others on it are not cut off."""
    async with running(sink()) as it:
        waiting = asyncio.ensure_future(it.send(parcel(1, event="silent")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert isinstance(await it.send(parcel(2)), Delivered)
        assert "no acknowledgement within 0.2 s" in reason(await waiting)
        await it.send(parcel(3))

        assert len(toy.lines) == 1


async def test_a_link_on_which_nobody_is_heard_is_given_up_at_the_deadline(toy: Toy) -> None:
    """The next attempt has a new one."""
    async with running(sink()) as it:
        await it.send(parcel(1, event="silent"))
        await it.send(parcel(2))

    assert [line.closed for line in toy.lines] == [1, 1]


async def test_a_refusal_of_the_broker_leaves_the_link(toy: Toy) -> None:
    """It answered: the connection is well."""
    async with running(sink()) as it:
        assert reason(await it.send(parcel(1, event="refused"))).endswith(": not that one")
        await it.send(parcel(2))

    assert len(toy.lines) == 1


@pytest.mark.parametrize("event", ["broken", "lost"])
async def test_a_link_that_fails_is_replaced(toy: Toy, event: str) -> None:
    """Whether it knows of its end or not; one replacement for all that failed with it."""
    async with running(sink()) as it:
        await it.send(parcel(1))
        words = await asyncio.gather(*(it.send(parcel(n, event=event)) for n in range(5)))
        await it.send(parcel(9))

    assert {reason(each) for each in words} == {"redis://127.0.0.1:6379: Connection reset by peer"}
    assert toy.lines[0].closed == 1
    assert toy.lines[-1].is_open


async def test_a_sink_can_be_started_again_after_its_stop(toy: Toy) -> None:
    """With a link of its own."""
    it = sink()
    async with running(it):
        await it.send(parcel(1))
    async with running(it):
        assert isinstance(await it.send(parcel(2)), Delivered)

    assert [line.closed for line in toy.lines] == [1, 1]


async def test_a_defect_is_not_taken_for_a_refusal(toy: Toy) -> None:
    """What no library promises to raise is for the courier to report; the link is not trusted."""
    async with running(sink()) as it:
        await it.send(parcel(1))
        toy.lines[0].publish = None  # type: ignore[method-assign, assignment]
        with pytest.raises(TypeError):
            await it.send(parcel(2))
        assert isinstance(await it.send(parcel(2)), Delivered)
