"""A stream of bytes over one socket, plaintext or TLS, pushed to its receiver.

It owns no buffer while it is idle: all streams receive into one buffer, and
bytes to send are kept only while the kernel takes none. It never reads more
than its share per turn of the loop. How the socket came to be is not known here.

::

    reading  ⇄  paused          pause, resume
       └── upgrading ──┘        start_tls: nothing is read or sent in plaintext
       └──────── over           close (silent), or lost (the receiver is told once)

OpenSSL may want to write in order to read, and the reverse; ``_watch`` alone
decides, from the two wishes and the state, what the selector watches.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TypeAlias

from vedette.errors import LinkError, NetworkError, TLSError
from vedette.net.failure import broken
from vedette.net.resume import Harvest
from vedette.net.tls import Secured, farewell
from vedette.ports.link import Peer, Receiver

# Two TLS records (RFC 8446 section 5.1: 16 KiB each) fit; only plaintext fills it in one call.
# It bounds what one call may cost: 32 KiB of the shortest responses take 15 ms to be read.
BUFFER_SIZE = 32 * 1024
_RECORD = 16 * 1024

# What one stream may push per turn of the loop: 0.1 to 0.3 ms of decryption,
_SHARE = 256 * 1024
# and for so many seconds, as what is pushed may be slow to read.
_PATIENCE = 0.01

# Commands are short; a megabyte that a server does not take means it has stopped reading.
OUTBOUND_LIMIT = 1024 * 1024

Upgrade: TypeAlias = Callable[[socket.socket], Coroutine[None, None, Secured]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What the streams of a process share."""

    buffer: memoryview
    outbound_limit: int = OUTBOUND_LIMIT


class SocketStream:
    """A connected stream; see ``vedette.ports.link.Stream``.

    It reads from the moment it is made. ``name`` says in errors whom it
    talks to. ``upgrade`` secures a plaintext socket for ``start_tls``.
    """

    __slots__ = (
        "_common",
        "_descriptor",
        "_fault",
        "_harvest",
        "_loop",
        "_name",
        "_outbound",
        "_paused",
        "_peer",
        "_read_wants_write",
        "_receiver",
        "_sock",
        "_upgrade",
        "_upgrading",
        "_watches_read",
        "_watches_write",
        "_write_wants_read",
    )

    def __init__(
        self,
        sock: socket.socket,
        receiver: Receiver,
        *,
        peer: Peer,
        name: str,
        common: Common,
        harvest: Harvest | None = None,
        upgrade: Upgrade | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._receiver: Receiver | None = receiver
        self._peer = peer
        self._name = name
        self._common = common
        self._harvest: Harvest | None = None
        self._outbound: bytearray | None = None
        self._fault: LinkError | None = None
        self._paused = False
        self._upgrading: asyncio.Task[Secured] | None = None
        self._watches_read = False
        self._watches_write = False
        self._read_wants_write = False
        self._write_wants_read = False
        self._upgrade = upgrade
        self._adopt(sock, harvest)

    @property
    def peer(self) -> Peer:
        """Whom the stream talks to."""
        return self._peer

    # Reading

    def pause(self) -> None:
        """Stop reading, so that the server waits."""
        self._paused = True
        self._watch()

    def resume(self) -> None:
        """Read again."""
        if not self._paused:
            return
        self._paused = False
        self._watch()
        if self._stranded():
            self._loop.call_soon(self._readable)

    def _readable(self) -> None:
        if self._write_wants_read:
            self._write_wants_read = False
            self._flush()
        share = _SHARE
        enough = self._loop.time() + _PATIENCE
        while share > 0 and self._loop.time() < enough:
            if self._paused or self._upgrading is not None or self._is_over():
                return
            try:
                count = self._sock.recv_into(self._common.buffer)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._starved()
                return
            except ssl.SSLWantWriteError:
                self._read_wants_write = True
                self._watch()
                return
            except OSError as error:
                self._lose(self._fault or broken(error, self._name))
                return
            if count == 0:
                self._lose(self._fault)
                return
            self._push(count)
            share -= count
            if count < _RECORD and not self._stranded() and self._fault is None:
                # Less than asked for: the socket is empty, and the selector will say when not.
                return
        if self._fault is not None or self._stranded():
            self._loop.call_soon(self._readable)

    def _push(self, count: int) -> None:
        receiver = self._receiver
        if receiver is None:
            return
        harvest, sock = self._harvest, self._sock
        if (
            harvest is not None
            and isinstance(sock, ssl.SSLSocket)
            and harvest.reap(sock, self._loop.time())
        ):
            self._harvest = None
        try:
            with self._common.buffer[:count] as data:
                receiver.data_received(data)
        except BaseException:
            # A receiver must not raise; one that did has lost its place in the stream.
            self._lose(LinkError(f"{self._name}: the reader of this link failed"))
            raise

    def _stranded(self) -> bool:
        """Tell whether OpenSSL holds bytes that were decrypted and not yet read."""
        sock = self._sock
        return isinstance(sock, ssl.SSLSocket) and not self._is_over() and sock.pending() > 0

    def _starved(self) -> None:
        """Nothing more to read: after a failed write these were the server's last words."""
        if self._fault is not None:
            self._lose(self._fault)

    # Writing

    def write(self, data: bytes) -> None:
        """Send in order, without waiting; over the outbound bound the stream is lost."""
        if self._is_over() or self._fault is not None or not data:
            return
        if self._outbound is None:
            self._outbound = bytearray(data)
            if self._upgrading is None:
                self._flush()
        else:
            self._outbound += data
        waiting = self._waiting()
        if waiting > self._common.outbound_limit:
            self._lose(
                NetworkError(f"{self._name}: the server does not read; {waiting} bytes wait for it")
            )

    def _waiting(self) -> int:
        return len(self._outbound or b"")

    def _writable(self) -> None:
        if self._read_wants_write:
            self._read_wants_write = False
            self._readable()
        self._flush()

    def _flush(self) -> None:
        """Send what waits, as far as the kernel takes it; the bound on it bounds the loop."""
        outbound = self._outbound
        while outbound and not self._is_over():
            try:
                with memoryview(outbound) as view:
                    sent = self._sock.send(view)
            except (BlockingIOError, ssl.SSLWantWriteError):
                break
            except ssl.SSLWantReadError:
                self._write_wants_read = True
                break
            except OSError as error:
                self._break(broken(error, self._name))
                return
            del outbound[:sent]
        if not outbound:
            self._outbound = None
        self._watch()

    def _break(self, fault: LinkError) -> None:
        """Nothing can be sent any more; read what the server said before, such as a BYE."""
        self._fault = fault
        self._outbound = None
        self._watch()
        if self._paused:
            self._lose(fault)
        else:
            self._loop.call_soon(self._readable)

    # Upgrading

    async def start_tls(self) -> None:
        """Upgrade a plaintext stream (RFC 9051 section 6.2.1); it reads again afterwards.

        Call ``pause`` in the same ``data_received`` that brought the tagged OK, and
        call this only if nothing came behind the OK; what comes later is seen
        here. Raises TLSError, also for a single byte received before the
        handshake (CVE-2011-0411), and NetworkError; the stream is closed then.
        """
        upgrade = self._upgrade
        if upgrade is None or self._upgrading is not None or self._is_over() or self._fault:
            raise TLSError(f"{self._name}: this link can not be upgraded to TLS")
        if self._outbound is not None:
            self.close()
            raise TLSError(
                f"{self._name}: the server agreed to STARTTLS before the command was sent"
            )
        secured = await self._shaken(upgrade)
        self._upgrading = None
        self._upgrade = None
        self._peer = Peer(
            address=self._peer.address,
            port=self._peer.port,
            tls=secured.version,
            cipher=secured.cipher,
            resumed=secured.resumed,
        )
        self._paused = False
        self._adopt(secured.sock, secured.harvest)
        self._flush()

    async def _shaken(self, upgrade: Upgrade) -> Secured:
        """Return the link under TLS; where it fails, or nobody wants it any more, all is closed."""
        # A task of its own lets ``close`` end the handshake without the caller's task.
        self._upgrading = asyncio.create_task(upgrade(self._sock))
        self._watch()
        try:
            secured = await self._upgrading
        except LinkError as error:
            self._abandon()
            raise type(error)(f"{self._name}: {error}", reply=error.reply) from error
        except asyncio.CancelledError as stop:
            closed = self._is_over()
            self._abandon()
            task = asyncio.current_task()
            if closed and task is not None and not task.cancelling():
                raise self._closed_meanwhile() from stop
            raise
        if self._is_over():
            self._abandon()
            raise self._closed_meanwhile()
        return secured

    def _closed_meanwhile(self) -> NetworkError:
        return NetworkError(f"{self._name}: the link was closed during STARTTLS")

    def _abandon(self) -> None:
        """Be over after an upgrade that failed, or that nobody waits for any more."""
        upgrading, self._upgrading = self._upgrading, None
        self._receiver = None
        self._upgrade = None
        self._outbound = None
        self._descriptor = -1
        # The handshake took the descriptor over, unless it was cancelled before its first step.
        self._sock.close()
        if upgrading is not None and not upgrading.cancelled() and upgrading.exception() is None:
            # It was done before its caller was cancelled: the link it made has no owner.
            upgrading.result().sock.close()

    def _adopt(self, sock: socket.socket, harvest: Harvest | None) -> None:
        self._sock = sock
        self._descriptor = sock.fileno()
        self._harvest = harvest
        self._watch()
        if self._stranded():
            self._loop.call_soon(self._readable)

    # Ending

    def close(self) -> None:
        """Drop the link at once; ``connection_lost`` is not called for it. Idempotent."""
        self._receiver = None
        if self._is_over():
            return
        if self._upgrading is not None:
            # The handshake owns the socket and closes it; what it has made by now, ``start_tls``.
            self._descriptor = -1
            self._upgrading.cancel()
            return
        sock = self._sock
        if isinstance(sock, ssl.SSLSocket):
            if self._harvest is not None and self._fault is None:
                self._harvest.reap(sock, self._loop.time())
            farewell(sock)
        self._shut()

    def _lose(self, error: LinkError | None) -> None:
        """End the stream and tell the receiver soon, so never from inside its own call."""
        if self._is_over():
            return
        self._shut()
        self._loop.call_soon(self._report, error)

    def _report(self, error: LinkError | None) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.connection_lost(error)

    def _shut(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if self._watches_read:
            self._loop.remove_reader(descriptor)
        if self._watches_write:
            self._loop.remove_writer(descriptor)
        self._watches_read = self._watches_write = False
        self._harvest = None
        self._upgrade = None
        self._outbound = None
        self._sock.close()

    def _is_over(self) -> bool:
        return self._descriptor < 0

    # The selector

    def _watch(self) -> None:
        """Watch what is wanted now; an upgrading stream leaves the socket to the handshake."""
        if self._is_over():
            return
        ours = self._upgrading is None
        read = ours and (not self._paused or self._write_wants_read)
        write = ours and (
            (self._outbound is not None and not self._write_wants_read) or self._read_wants_write
        )
        if read != self._watches_read:
            self._watches_read = read
            if read:
                self._loop.add_reader(self._descriptor, self._readable)
            else:
                self._loop.remove_reader(self._descriptor)
        if write != self._watches_write:
            self._watches_write = write
            if write:
                self._loop.add_writer(self._descriptor, self._writable)
            else:
                self._loop.remove_writer(self._descriptor)
