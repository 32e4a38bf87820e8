"""A client at a terminal, and a clock that is set forward by hand: how tests talk to the server.

It must not know what the server means: it sends lines and shows what came.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from itertools import count

from tests.sim.imap.conduct import ALL, Conduct
from tests.sim.imap.server import ImapServer

#: The wall clock at the beginning: a Tuesday in November 2023.
START = 1_700_000_000.0

PEACE = Conduct.peaceful(ALL)


class Time:
    """Seconds pass when they are told to."""

    def __init__(self) -> None:
        self.now = START
        self._order = count()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (self.now + seconds, next(self._order), call))

    def passes(self, seconds: float) -> None:
        until = self.now + seconds
        while self._timers and self._timers[0][0] <= until:
            self.now, _, call = heapq.heappop(self._timers)
            call()
        self.now = until


class Terminal:
    """One connection. ``say`` returns the lines that came of a command."""

    def __init__(self, server: ImapServer) -> None:
        self.octets = bytearray()
        self.is_closed = False
        self.session = server.accept(self.octets.extend, self._closed)

    def say(self, line: str) -> list[str]:
        self.session.receive(line.encode() + b"\r\n")
        return self.heard()

    def heard(self) -> list[str]:
        """Take what came since the last time, as lines."""
        text = self.octets.decode("latin-1")
        self.octets.clear()
        return text.removesuffix("\r\n").split("\r\n") if text else []

    def _closed(self) -> None:
        self.is_closed = True


class House:
    """A server with one user, joe."""

    def __init__(self, conduct: Conduct = PEACE, *folders: str, seed: int = 1) -> None:
        self.time = Time()
        self.server = ImapServer(
            dice=random.Random(seed),
            now=lambda: self.time.now,
            later=self.time.later,
            conduct=conduct,
        )
        self.server.add_user("joe", "pass", ("INBOX", *folders))

    def stranger(self) -> Terminal:
        """Connect, and pass over the greeting."""
        terminal = Terminal(self.server)
        terminal.heard()
        return terminal

    def joe(self, *, opened: str | None = "INBOX") -> Terminal:
        """Log in as joe, and open a folder."""
        terminal = self.stranger()
        assert terminal.say("l LOGIN joe pass")[-1].startswith("l OK")
        if opened is not None:
            assert terminal.say(f"o EXAMINE {opened}")[-1].startswith("o OK")
        return terminal

    def deliver(self, *tokens: str, folder: str = "INBOX", size: int = 600) -> list[int]:
        """Let messages arrive; return their UIDs."""
        return [self.server.deliver("joe", folder, token, size=size).uid for token in tokens]
