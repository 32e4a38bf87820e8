"""Links in memory: a dialer whose streams end at a scripted server instead of a socket.

Bytes arrive one turn of the loop after they were sent, in order, as on a real
line. It must not know IMAP.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from vedette.errors import LinkError, NetworkError, TLSError
from vedette.ports.link import Encryption, Peer, Receiver, Target


class Wire:
    """One connection, seen from the server's end. It is the client's stream too.

    ``sent`` is every write of the client, one entry each: what left in one segment.
    """

    def __init__(self, target: Target, receiver: Receiver) -> None:
        self.target = target
        self.sent: list[bytes] = []
        self.is_open = True
        self.tls = target.encryption is Encryption.IMPLICIT
        self.on_data: Callable[[bytes], None] = lambda _data: None
        self.on_close: Callable[[], None] = lambda: None
        #: What the handshake of STARTTLS fails with, if anything.
        self.tls_error: TLSError | None = None
        self._receiver = receiver
        self._arriving: deque[bytes | LinkError | None] = deque()
        self._paused = False

    # The server's end.

    def feed(self, data: bytes) -> None:
        """Send one segment to the client."""
        if self.is_open:
            self._arrive(data)

    def end(self, error: LinkError | None = None) -> None:
        """End the stream after what was sent: an orderly close, or a reset with ``error``."""
        if self.is_open:
            self._arrive(error)

    # The client's end.

    @property
    def peer(self) -> Peer:
        return Peer(address="192.0.2.1", port=self.target.port, tls="TLSv1.3" if self.tls else None)

    def write(self, data: bytes) -> None:
        assert self.is_open, "the client wrote to a stream that is over"
        self.sent.append(data)
        asyncio.get_running_loop().call_soon(self.on_data, data)

    async def start_tls(self) -> None:
        await asyncio.sleep(0)
        if self.tls_error is not None:
            raise self.tls_error
        self.tls = True
        self.resume()

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        for _ in self._arriving:
            asyncio.get_running_loop().call_soon(self._deliver)

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._arriving.clear()
            asyncio.get_running_loop().call_soon(self.on_close)

    def _arrive(self, item: bytes | LinkError | None) -> None:
        self._arriving.append(item)
        asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        if self._paused or not self.is_open or not self._arriving:
            return
        item = self._arriving.popleft()
        if isinstance(item, bytes):
            self._receiver.data_received(memoryview(item))
            return
        self.is_open = False
        self._arriving.clear()
        self._receiver.connection_lost(item)
        asyncio.get_running_loop().call_soon(self.on_close)


class WireDialer:
    """Makes wires and hands each to the server in ``accept``.

    ``refusing`` makes the next dials fail with these errors; ``silent`` makes dials hang.
    """

    def __init__(self, accept: Callable[[Wire], None]) -> None:
        self.accept = accept
        self.wires: list[Wire] = []
        self.dialed_at: list[float] = []
        self.refusing: deque[NetworkError | TLSError] = deque()
        self.silent = False

    async def dial(self, target: Target, receiver: Receiver) -> Wire:
        loop = asyncio.get_running_loop()
        self.dialed_at.append(loop.time())
        await asyncio.sleep(0)
        if self.refusing:
            raise self.refusing.popleft()
        if self.silent:
            await loop.create_future()
        wire = Wire(target, receiver)
        self.wires.append(wire)
        # The server learns of it when the client has the stream in hand.
        loop.call_soon(loop.call_soon, self.accept, wire)
        return wire
