"""Exact reads and whole writes on a plain socket, for the short talk with a proxy.

Not one byte more than asked for is taken from the socket: what follows the
proxy's answer belongs to the mail server, whose greeting may be right behind it.
"""

from __future__ import annotations

import socket

from vedette.errors import NetworkError
from vedette.net.ready import readable, writable


async def send(sock: socket.socket, data: bytes) -> None:
    """Send all of ``data``. Raises OSError."""
    view = memoryview(data)
    while view:
        try:
            view = view[sock.send(view) :]
        except BlockingIOError:
            await writable(sock)


async def read_exactly(sock: socket.socket, count: int) -> bytes:
    """Return exactly ``count`` bytes. Raises NetworkError at end of file, OSError."""
    received = bytearray()
    while len(received) < count:
        try:
            chunk = sock.recv(count - len(received))
        except BlockingIOError:
            await readable(sock)
            continue
        received += _some(chunk)
    return bytes(received)


async def read_until(sock: socket.socket, end: bytes, *, limit: int) -> bytes:
    """Return the bytes up to and with ``end``; what follows stays in the socket.

    Raises NetworkError at end of file and when ``end`` is not within ``limit``
    bytes, OSError.
    """
    received = bytearray()
    while True:
        try:
            peeked = _some(sock.recv(limit + 1 - len(received), socket.MSG_PEEK))
        except BlockingIOError:
            await readable(sock)
            continue
        start = max(0, len(received) - len(end) + 1)
        found = (received[start:] + peeked).find(end)
        if found >= 0:
            received += sock.recv(start + found + len(end) - len(received))
            return bytes(received)
        received += sock.recv(len(peeked))
        if len(received) > limit:
            raise NetworkError(f"the answer is longer than {limit} bytes")


def _some(chunk: bytes) -> bytes:
    if not chunk:
        raise NetworkError("the connection was closed in the middle of the answer")
    return chunk
