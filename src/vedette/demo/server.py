"""The sockets: a small IMAP server on loopback, with the faults that a demonstration needs.

A connection owns a Dialogue and nothing else; an idle one costs a few KiB. Every wait has
its deadline (autologout), every buffer its bound (a client that does not read is not read
from, and one that is pushed to and never reads is dropped). It must not know who watches.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from typing import Final

from vedette.demo.dialogue import Dialogue
from vedette.demo.mailbox import Mail, Maildrop
from vedette.secret import Secret

#: Connections at once: a few thousand idle clients, below what one process may open.
MAX_CONNECTIONS: Final = 4096
#: Seconds that a client may be silent (RFC 3501 section 5.4: 30 minutes at least)...
AUTOLOGOUT: Final = 1800.0
#: ...and that one may take until it is logged in.
LOGIN_PATIENCE: Final = 60.0
#: Seconds that ``stop`` gives clients to read their BYE.
FAREWELL: Final = 1.0
#: Octets on their way to one client before no more of its commands are read.
MAX_WAITING: Final = 256 * 1024
#: Octets on their way to one client that only listens, before it is dropped.
MAX_UNREAD: Final = 1024 * 1024


class DemoServer:
    """Serves maildrops on 127.0.0.1. ``start`` once; ``stop`` any number of times.

    ``port`` 0 takes a free one. With ``tls`` every connection begins with a handshake.
    ``now`` gives INTERNALDATE and the first UIDVALIDITY.
    """

    host: Final = "127.0.0.1"

    def __init__(
        self,
        *,
        now: Callable[[], float],
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.port = port
        self.drops: dict[str, Maildrop] = {}
        self.now = now
        #: How many connections were ever made.
        self.accepted = 0
        self._tls = tls
        self._links: set[_Link] = set()
        self._empty = asyncio.Event()
        self._listener: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._links)

    def add(
        self, user: str, password: Secret[str], *, uses: Iterable[tuple[str, str]] = ()
    ) -> Maildrop:
        r"""Make a maildrop; ``uses`` are mailboxes with special uses (``("Junk", "\\Junk")``)."""
        # Rising with time, as RFC 3501 section 2.3.1.1 suggests.
        drop = Maildrop(user, password, uid_validity=max(1, int(self.now()) % 2**32))
        for name, use in uses:
            drop.create(name, use=use)
        self.drops[user] = drop
        return drop

    def deliver(self, user: str, octets: bytes, *, folder: str = "INBOX") -> Mail:
        """Put a message into a mailbox, as a mail system would; KeyError if there is none."""
        return self.drops[user].mailboxes[folder].append(octets, date=self.now())

    async def start(self) -> None:
        """Listen. Raises OSError when the port can not be had."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: _Link(self), self.host, self.port, ssl=self._tls, backlog=512
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Say BYE to everybody and stop listening. Idempotent."""
        self._silence()
        for link in tuple(self._links):
            link.end("the server is stopping")
        self._empty.clear()
        if self._links:
            try:
                async with asyncio.timeout(FAREWELL):
                    await self._empty.wait()
            except TimeoutError:
                for link in tuple(self._links):
                    link.abort()

    def cut(self) -> None:
        """Be gone, as after a crash: no more listening, every connection reset. ``start`` again."""
        self._silence()
        for link in tuple(self._links):
            link.abort()

    def _silence(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()

    def joined(self, link: _Link) -> bool:
        """Count a connection in; False when there are too many."""
        self.accepted += 1
        self._links.add(link)
        return len(self._links) <= MAX_CONNECTIONS

    def parted(self, link: _Link) -> None:
        """Count it out."""
        self._links.discard(link)
        if not self._links:
            self._empty.set()


class _Link(asyncio.Protocol):
    """One connection: carries octets between a transport and a Dialogue."""

    __slots__ = ("_alarm", "_dialogue", "_heard", "_loop", "_paused", "_pushing", "_server",
                 "_transport")  # fmt: skip

    def __init__(self, server: DemoServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._dialogue = Dialogue(server.drops, now=server.now, pushed=self._soon)
        self._heard = self._loop.time()
        self._paused = False
        self._pushing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        if not isinstance(transport, asyncio.Transport):
            transport.close()
            return
        self._transport = transport
        transport.set_write_buffer_limits(high=MAX_WAITING)
        if not self._server.joined(self):
            self._dialogue.bye("too many connections")
        self._alarm = self._loop.call_later(LOGIN_PATIENCE, self._check)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self._heard = self._loop.time()
        self._dialogue.feed(data)
        self._pump()

    def pause_writing(self) -> None:
        """Read no more while the client does not read."""
        self._paused = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on where it was left."""
        self._paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._pump()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget the client."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._dialogue.leave()
        self._server.parted(self)

    def end(self, reason: str) -> None:
        """Say BYE and close."""
        self._dialogue.bye(reason)
        self._flush()

    def abort(self) -> None:
        """Drop the connection this instant; what was not sent is lost."""
        # Nothing more is pushed, though the transport tells of its loss only later.
        self._dialogue.leave()
        if self._transport is not None:
            self._transport.abort()

    def _pump(self) -> None:
        """Take steps until the client has to send, or to read, or it is over."""
        while not self._paused and self._dialogue.step():
            self._flush()

    def _flush(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        data = self._dialogue.output()
        if data:
            transport.write(data)
        if self._dialogue.is_over:
            transport.close()

    def _soon(self) -> None:
        """Push once per turn of the loop, however much came in it."""
        if not self._pushing:
            self._pushing = True
            self._loop.call_soon(self._push)

    def _push(self) -> None:
        self._pushing = False
        self._dialogue.push()
        self._flush()
        if self._transport is not None and self._transport.get_write_buffer_size() > MAX_UNREAD:
            self.abort()

    def _check(self) -> None:
        """Log out who was silent for too long (RFC 3501 section 5.4)."""
        patience = LOGIN_PATIENCE if self._dialogue.user is None else AUTOLOGOUT
        left = self._heard + patience - self._loop.time()
        if left <= 0:
            self.end("silent for too long")
            # A client that does not read its BYE either is not waited for.
            self._alarm = self._loop.call_later(LOGIN_PATIENCE, self.abort)
        else:
            self._alarm = self._loop.call_later(left, self._check)
