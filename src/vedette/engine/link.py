"""The pump between a stream of bytes and the protocol machine; it decides nothing.

Bytes go in, events come out in order, and what the machine wants sent goes to
the stream. Exactly one task waits on a link at a time.
"""

from __future__ import annotations

import asyncio
from contextvars import Context

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.engine.tap import Direction, Ear, Tap
from vedette.errors import LinkError, NetworkError
from vedette.imap import Command, Completed, Connection, Event, Kind, StartTls, Tag
from vedette.ports.link import Stream

#: Events that wait for the task before the stream is told to stop reading. One
#: FETCH of a chunk fits many times; a server that talks faster is held back by TCP.
MAX_WAITING = 1_000

#: What timers run in: without it each has a copy of its maker's own.
_NO_VARIABLES = Context()


class Link:
    """Joins one stream and one connection machine. It is the stream's receiver."""

    __slots__ = (
        "_deadline",
        "_inbox",
        "_lost",
        "_paused",
        "_stream",
        "_timer",
        "_waiter",
        "connection",
        "ear",
        "last_heard",
        "received",
    )

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        #: The loop's time at which the last bytes came.
        self.last_heard = 0.0
        #: What somebody listens with; None as a rule.
        self.ear: Ear | None = None
        #: All octets that came.
        self.received = 0
        self._stream: Stream | None = None
        self._inbox: list[Event] | None = None  # no list while it is idle
        self._waiter: asyncio.Future[None] | None = None
        # Until when ``next`` waits, and a timer that rings then or before.
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lost: LinkError | None = None
        self._paused = False

    @property
    def stream(self) -> Stream:
        """The stream; there is one after ``attach``."""
        if self._stream is None:
            raise NetworkError("the link is not connected")
        return self._stream

    @property
    def is_lost(self) -> bool:
        """Whether the stream is over."""
        return self._lost is not None

    def attach(self, stream: Stream) -> None:
        """Take the stream that the dialer made for this receiver."""
        self._stream = stream

    def data_received(self, data: memoryview) -> None:
        """Feed bytes to the machine and wake the task if they made an event."""
        self.last_heard = asyncio.get_running_loop().time()
        self.received += len(data)
        self.connection.receive_data(data)
        self._collect()

    def connection_lost(self, error: LinkError | None) -> None:
        """Tell the machine that the stream is over, and wake the task.

        What the stream ended with is the reason; only of an orderly end does the
        machine know more: in the middle of what it came.
        """
        if error is None:
            self.connection.receive_eof()
        self._lost = error or NetworkError("the server closed the connection")
        if self.ear is not None:
            self.ear.noted(Direction.HEARD, f"(the connection is over: {self._lost.code})")
            self.ear = None
        self._disarm()
        self._collect()
        self.wake()

    def listen(self, tap: Tap) -> None:
        """Have somebody hear what is said from now on."""
        if self.ear is None or self.ear.tap is not tap:
            self.ear = tap.ear()

    def send(self, command: Command, *, behind: bool = False) -> Tag:
        """Queue a command; ``flush`` sends it. Raises UsageError as the machine does."""
        tag = self.connection.send(command, behind=behind)
        if self.ear is not None and not self.ear.sent(tag, command):
            self.ear = None
        return tag

    def done(self) -> None:
        """Queue the end of an IDLE. Raises UsageError outside of one."""
        self.connection.done()
        if self.ear is not None:
            self.ear.noted(Direction.SENT, "DONE")

    def flush(self) -> None:
        """Send what the machine has ready, in one write. Raises LinkError on a lost link."""
        data = self.connection.data_to_send()
        if data:
            if self._lost is not None:
                raise self._lost
            self.stream.write(data)

    async def next(self, deadline: float | None) -> list[Event]:
        """Return the events that came, waiting until ``deadline`` (loop time) for the first.

        An empty list means that the deadline passed. Raises LinkError once the
        link is lost and every event before that was returned.
        """
        if (arrival := self.arrival(deadline)) is not None:
            await arrival
        return self.taken()

    def arrival(self, deadline: float | None) -> asyncio.Future[None] | None:
        """Return what to await before ``taken``, if anything: the two are ``next`` without its frame.

        For waits that last: a frame is a quarter of a KiB, and there are thousands of them.
        """
        if self._inbox:
            return None
        if self._lost is not None:
            raise self._lost
        self._waiter = asyncio.get_running_loop().create_future()
        self._deadline = deadline
        if deadline is not None:
            self._arm(deadline)
        return self._waiter

    def taken(self) -> list[Event]:
        """Return the events that came; see ``next``."""
        self._waiter = None
        events, self._inbox = self._inbox or [], None
        if self._paused:
            self._paused = False
            self.stream.resume()
        if not events and self._lost is not None:
            raise self._lost
        return events

    def close(self) -> None:
        """Drop the stream. Idempotent."""
        # Anew each time: an error that was raised holds the frames that it passed, and they hold
        # this link. After the loss of a server its thousands of links would wait for the collector.
        self._lost = NetworkError("the link was closed")
        self._disarm()
        if self._stream is not None:
            self._stream.close()

    def wake(self) -> None:
        """Let ``next`` return, with nothing if nothing came."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _arm(self, deadline: float) -> None:
        """Have a timer that rings by ``deadline``; one that rings before it looks again.

        Most waits end long before their deadlines, ten of them in a login: a timer for
        each would be made to be cancelled.
        """
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(deadline, self._rung, context=_NO_VARIABLES)

    def _rung(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done() or self._deadline is None:
            return
        if self._deadline <= asyncio.get_running_loop().time():
            self.wake()
        else:
            self._arm(self._deadline)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _collect(self) -> None:
        events = self.connection.events()
        if events:
            if self.ear is not None and not self.ear.heard(events):
                self.ear = None
            if any(map(_begins_tls, events)) and self._stream is not None:
                # Whatever is behind this in the stream belongs to the handshake (C5).
                self._stream.pause()
            inbox = self._inbox
            if inbox:
                inbox.extend(events)
            else:
                self._inbox = inbox = events
            if len(inbox) > MAX_WAITING and not self._paused and self._stream is not None:
                self._paused = True
                self._stream.pause()
            self.wake()
        elif self._lost is None:
            crashpoint(Crashpoint.ANSWER_TORN)
        if self._lost is None and self._stream is not None:
            # A continuation request lets the machine go on with a literal or a challenge.
            data = self.connection.data_to_send()
            if data:
                self._stream.write(data)


def _begins_tls(event: Event) -> bool:
    return (
        isinstance(event, Completed)
        and event.kind is Kind.OK
        and isinstance(event.command, StartTls)
    )
