"""The core over a blocking socket: the smallest face it can have, for tests with real servers."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from vedette.imap import (
    AskCapability,
    Command,
    Completed,
    Connection,
    Event,
    Fatal,
    Greeting,
    Password,
    choose,
)
from vedette.secret import Secret

# No honest local server takes longer for anything that is asked of it here.
DEADLINE = 60.0
E = TypeVar("E")


class Wire:
    """A connection on a real socket; everything received is kept in ``heard``."""

    def __init__(self, host: str, port: int) -> None:
        self.connection = Connection(encrypted=False)
        self.heard: list[Event] = []
        self._socket = socket.create_connection((host, port), timeout=DEADLINE)

    def __enter__(self) -> Self:
        self.wait(Greeting)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def log_in(self, user: str, password: str) -> None:
        """Log in as the server's capabilities suggest, and learn what it offers then."""
        credentials = Password(user=user, password=Secret(password))
        host, port = "localhost", 143
        self.ask(choose(credentials, self.connection.capabilities, host=host, port=port))
        if not self.connection.capabilities_known:
            self.ask(AskCapability())

    def ask(self, command: Command) -> list[Event]:
        """Send a command and return what was said until its answer, the answer last."""
        tag = self.connection.send(command)
        start = len(self.heard)
        self.wait(Completed, lambda event: event.tag == tag)
        return self.heard[start:]

    def send(self) -> bytes:
        """Write what is ready in one piece, and return it."""
        data = self.connection.data_to_send()
        self._socket.sendall(data)
        return data

    def wait(self, kind: type[E], fits: Callable[[E], bool] = lambda _: True) -> E:
        """Read until an event of this kind comes that fits."""
        end = time.monotonic() + DEADLINE
        self.send()
        while time.monotonic() < end:
            self.connection.receive_data(self._socket.recv(65_536))
            fresh = self.connection.events()
            self.heard += fresh
            self.send()  # the rest of a literal, the answer to a challenge
            for event in fresh:
                if isinstance(event, kind) and fits(event):
                    return event
                assert not isinstance(event, Fatal), event
        raise AssertionError(f"no {kind.__name__} within {DEADLINE} s")


def of_kind(events: list[Event], kind: type[E]) -> list[E]:
    """Return the events of one kind."""
    return [event for event in events if isinstance(event, kind)]
