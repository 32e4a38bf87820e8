"""A connection of the API: uvicorn's HTTP/1.1, with the deadlines and the bound that it lacks.

A stranger who opens a connection and sends nothing, or little by little, or never reads what we
answered, would keep it for ever. It must not know what is asked.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from vedette.api.headers import SECURITY
from vedette.api.problems import Problem

#: Seconds for a whole head of a request. A person's slow line needs a second for its kilobyte.
HEAD: Final = 10.0
#: Seconds that a peer may leave 64 KiB of an answer unread.
STALLED: Final = 30.0
#: Connections at once. Each is a descriptor, and those are for mailboxes in the first place.
CONNECTIONS: Final = 512
#: Seconds between two requests of one connection.
KEEP_ALIVE: Final = 30


class Wire(H11Protocol):
    """One connection. ``_patience`` runs while nothing that was asked is being answered."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._patience: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self.since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection; one too many costs another that asks nothing, or is dropped."""
        super().connection_made(transport)
        self.since = self.loop.time()
        if len(self.connections) > CONNECTIONS and not self._make_room():
            transport.abort()
            return
        self._be_patient()

    def data_received(self, data: bytes) -> None:
        """Take octets; the deadline of a head is not moved on by a part of it."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or self.is_answering:
            self._stop("_patience")
        elif self._patience is None:
            self._be_patient()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timers with the connection."""
        self._stop("_patience")
        self._stop("_stalled")
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Give a peer that does not read some time."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALLED, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on with a peer that reads again."""
        super().resume_writing()
        self._stop("_stalled")

    def send_400_response(self, _msg: str) -> None:
        """Answer what is no HTTP, in the form of every other error, and hang up."""
        problem = Problem(code="malformed", detail="the request is no HTTP/1.1 that can be read")
        body = problem.body()
        headers = [
            *SECURITY,
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        events: list[h11.Event] = [
            h11.Response(status_code=problem.status, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ]
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    @property
    def is_answering(self) -> bool:
        """Whether something that was asked is being answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _make_room(self) -> bool:
        """Drop a connection that asks nothing: of those that never did the first to come.

        A stranger who holds all of them without a word does not lock others out so.
        """
        quiet = [
            each
            for each in self.connections
            if isinstance(each, Wire) and each is not self and not each.is_answering
        ]
        if not quiet:
            return False
        first = min(quiet, key=lambda each: (each.cycle is not None, each.since))
        self.connections.discard(first)
        first.transport.abort()
        return True

    def _be_patient(self) -> None:
        self._patience = self.loop.call_later(HEAD, self._give_up)

    def _give_up(self) -> None:
        self._patience = None
        if not self.is_answering:
            self.transport.abort()

    def _stop(self, name: str) -> None:
        timer: asyncio.TimerHandle | None = getattr(self, name)
        if timer is not None:
            timer.cancel()
            setattr(self, name, None)
