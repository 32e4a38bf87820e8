"""A network that splits, delays, cuts, half-opens and refuses; it never reorders or invents.

Between a process and the server runs a ``Line`` of two directions, each a queue in which octets
keep their order whatever the scheduler does. It is the client's ``Stream`` too. It must not know
IMAP: the server is whoever is handed the far end.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field
from typing import Final, Protocol

from tests.sim import process
from tests.sim.process import Process
from vedette.errors import LinkError, NetworkError
from vedette.ports.link import Peer, Receiver, Target

#: Sizes of segments: one octet at a time, odd pieces, an Ethernet frame, a page.
SEGMENTS: Final = (1, 3, 17, 64, 1460, 4096)
#: Segments that one write is cut into at most; the last one takes the rest.
MAX_SEGMENTS: Final = 12
#: No two segments of a direction arrive at the same instant.
TICK: Final = 1e-6


class FarEnd(Protocol):
    """The server's side of a connection."""

    @property
    def user(self) -> str | None:
        """Who is logged in."""

    def receive(self, data: bytes) -> None:
        """Take octets from the client."""

    def lost(self) -> None:
        """Learn that the link is gone."""


Accept = Callable[[Callable[[bytes], None], Callable[[], None]], FarEnd]


@dataclass(slots=True, kw_only=True)
class Weather:
    """What the lines do now. A number from 0 to 1 is the chance at each occasion.

    ``latency`` is the mean of one way in seconds. ``cut_rate`` and ``half_open_rate`` are mean
    seconds until a line suffers that, or None. ``noticed`` is how long a half-open line may stay
    unnoticed by keep-alive, in seconds from and to.
    """

    latency: float = 0.02
    refuse: float = 0.0
    hang: float = 0.0
    unresolved: float = 0.0
    cut_rate: float | None = None
    half_open_rate: float | None = None
    noticed: tuple[float, float] = (240.0, 1800.0)


class _Direction:
    """One way of a line: what was sent arrives later, in order, at ``take``."""

    __slots__ = ("_at", "_inbox", "_line", "context", "is_black", "is_held", "take")

    def __init__(
        self, line: Line, context: Context, take: Callable[[bytes | LinkError | None], None]
    ) -> None:
        self.context = context
        self.take = take
        self.is_black = False  # what is sent vanishes
        self.is_held = False  # the receiver does not read
        self._line = line
        self._at = 0.0
        self._inbox: deque[bytes | LinkError | None] = deque()

    def send(self, data: bytes) -> None:
        network = self._line.network
        dice, rate = network.dice, 1.0 / network.weather.latency
        at, cut = 0, 0
        while at < len(data):
            cut += 1
            size = dice.choice(SEGMENTS) if cut < MAX_SEGMENTS else len(data)
            self._enter(data[at : at + size], dice.expovariate(rate))
            at += size

    def end(self, error: LinkError | None, *, delay: float) -> None:
        """Let the receiver learn of the end, after all that was sent."""
        self._enter(error, delay)

    def drop(self) -> None:
        """Forget what is under way."""
        self._inbox.clear()

    def release(self) -> None:
        """Let the receiver read again."""
        self.is_held = False
        loop = asyncio.get_running_loop()
        for _ in self._inbox:
            loop.call_soon(self._pump, context=self.context)

    def _enter(self, item: bytes | LinkError | None, delay: float) -> None:
        if self.is_black:
            return
        loop = asyncio.get_running_loop()
        self._at = max(self._at + TICK, loop.time() + delay)
        self._inbox.append(item)
        loop.call_at(self._at, self._pump, context=self.context)

    def _pump(self) -> None:
        # Each turn takes what is oldest, whichever turn the scheduler chose.
        if self._inbox and not self.is_held:
            self.take(self._inbox.popleft())


class Line:
    """One connection, and the client's stream."""

    def __init__(
        self, network: Network, owner: Process, target: Target, receiver: Receiver
    ) -> None:
        self.network = network
        self.owner = owner
        self.target = target
        self.is_open = True  # as the client sees it
        self.user: str | None = None
        self.far: FarEnd | None = None
        self._receiver = receiver
        self._far_open = True
        self._down = _Direction(self, owner.context, self._arrive)
        self._up = _Direction(self, network.context, self._arrive_far)

    def accepted(self, accept: Accept) -> None:
        """Hand the far end to the server."""
        self.far = accept(self._send_down, self._close_far)

    # The client's end.

    @property
    def peer(self) -> Peer:
        return Peer(address="192.0.2.1", port=self.target.port, tls="TLSv1.3")

    def write(self, data: bytes) -> None:
        if self.owner.is_dead:
            return
        assert self.is_open, "the client wrote to a stream that is over"
        self.network.wrote(self, data)
        self._up.send(bytes(data))

    async def start_tls(self) -> None:
        raise AssertionError("the simulated server speaks TLS from the first octet")

    def pause(self) -> None:
        self._down.is_held = True

    def resume(self) -> None:
        if not self.owner.is_dead:
            self._down.release()

    def close(self) -> None:
        if self.owner.is_dead or not self.is_open:
            return
        self._ended()
        self._up.end(None, delay=self.network.latency())

    # What befalls it.

    def cut(self) -> None:
        """Reset it: both ends learn of it, and what was under way is gone."""
        error = NetworkError("the connection was reset (simulated)")
        for direction in (self._down, self._up):
            if not direction.is_black:
                direction.drop()
                direction.end(error, delay=0.0)

    def half_open(self, *, down: bool, up: bool, noticed: float) -> None:
        """Let octets vanish from now on; after ``noticed`` seconds each end gives it up."""
        loop = asyncio.get_running_loop()
        for direction, hit in ((self._down, down), (self._up, up)):
            if hit and not direction.is_black:
                direction.is_black = True
                direction.drop()
        loop.call_later(noticed, self._given_up, context=self.network.context)

    def orphan(self) -> None:
        """Learn that the client's process died: its system closes the connection."""
        if self.is_open:
            self._ended()
            self._up.end(NetworkError("the process died (simulated)"), delay=self.network.latency())

    def _given_up(self) -> None:
        for direction in (self._down, self._up):
            direction.is_black = False
        self.cut()

    # The ways between.

    def _send_down(self, data: bytes) -> None:
        if self._far_open:
            self._down.send(bytes(data))

    def _close_far(self) -> None:
        if self._far_open:
            self._far_open = False
            self._down.end(None, delay=self.network.latency())

    def _arrive(self, item: bytes | LinkError | None) -> None:
        if not self.is_open:
            return
        if isinstance(item, bytes):
            self._receiver.data_received(memoryview(item))
            return
        self._ended()
        self._receiver.connection_lost(item)

    def _arrive_far(self, item: bytes | LinkError | None) -> None:
        if self.far is None or not self._far_open:
            return
        if isinstance(item, bytes):
            self.far.receive(item)
            if self.user is None and self.far.user is not None:
                self.user = self.far.user
                self.network.logged_in(self)
            return
        self._far_open = False
        self.far.lost()

    def _ended(self) -> None:
        self.is_open = False
        self.network.lines.pop(self, None)


@dataclass(slots=True, kw_only=True, eq=False)
class Network:
    """All lines to one server. The two callables are told of what the checker wants to know."""

    dice: random.Random
    accept: Accept
    context: Context
    weather: Weather = field(default_factory=Weather)
    #: Open lines, as their clients see them; a dict for its order.
    lines: dict[Line, None] = field(default_factory=dict)
    wrote: Callable[[Line, bytes], None] = lambda _line, _data: None
    logged_in: Callable[[Line], None] = lambda _line: None

    def latency(self) -> float:
        """Draw the time of one way."""
        return self.dice.expovariate(1.0 / self.weather.latency)

    async def dial(self, target: Target, receiver: Receiver) -> Line:
        """Connect, as ``vedette.ports.link.Dialer`` says."""
        owner = process.current()
        assert owner is not None, "only a process dials"
        weather = self.weather
        await asyncio.sleep(self.latency())
        if self.dice.random() < weather.unresolved:
            raise NetworkError(f"{target.host} can not be resolved (simulated)")
        if self.dice.random() < weather.hang:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(2 * self.latency())
        if self.dice.random() < weather.refuse:
            raise NetworkError(f"{target.host}:{target.port} refused the connection (simulated)")
        line = Line(self, owner, target, receiver)
        self.lines[line] = None
        loop = asyncio.get_running_loop()
        loop.call_soon(line.accepted, self.accept, context=self.context)
        self._befall(line)
        return line

    def of(self, owner: Process) -> list[Line]:
        """Return the open lines of a process."""
        return [line for line in self.lines if line.owner is owner]

    def _befall(self, line: Line) -> None:
        """Draw what this line will suffer, and when."""
        loop, dice, weather = asyncio.get_running_loop(), self.dice, self.weather
        if weather.cut_rate is not None:
            after = dice.expovariate(1.0 / weather.cut_rate)
            loop.call_later(after, line.cut, context=self.context)
        if weather.half_open_rate is not None:
            after = dice.expovariate(1.0 / weather.half_open_rate)
            loop.call_later(after, self._half_open, line, context=self.context)

    def _half_open(self, line: Line) -> None:
        if line.is_open:
            way = self.dice.randrange(3)
            noticed = self.dice.uniform(*self.weather.noticed)
            line.half_open(down=way != 0, up=way != 1, noticed=noticed)
