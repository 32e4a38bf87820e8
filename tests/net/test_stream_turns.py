"""Reads that make OpenSSL write and writes that make it read: both go on when they can."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from tests.net.peers import (
    PATIENCE,
    Collector,
)
from vedette.errors import TLSError
from vedette.net.stream import Common, SocketStream
from vedette.ports.link import Peer

pytestmark = pytest.mark.usefixtures("calm")


class Moody(socket.socket):
    """A socket that raises what OpenSSL does for a key update, which no test server can cause."""

    receiving: list[Exception]
    sending: list[Exception]

    def recv_into(self, *args: Any, **rest: Any) -> int:
        if self.receiving:
            raise self.receiving.pop(0)
        return super().recv_into(*args, **rest)

    def send(self, *args: Any, **rest: Any) -> int:
        if self.sending:
            raise self.sending.pop(0)
        return super().send(*args, **rest)


@pytest.fixture
def moody() -> Iterator[tuple[Moody, socket.socket]]:
    """Return a moody socket of ours and the server's end of it."""
    ours, theirs = socket.socketpair()
    sock = Moody(fileno=ours.detach())
    sock.receiving, sock.sending = [], []
    sock.settimeout(0)
    theirs.settimeout(PATIENCE)
    with sock, theirs:
        yield sock, theirs


def over(sock: socket.socket, receiver: Collector) -> SocketStream:
    return SocketStream(
        sock,
        receiver,
        peer=Peer(address="192.0.2.1", port=993),
        name="mail.example.org:993",
        common=Common(buffer=memoryview(bytearray(4096))),
    )


async def test_read_that_wants_to_write_goes_on_when_it_can(
    moody: tuple[Moody, socket.socket],
) -> None:
    """A key update that has to be answered before reading loses no byte."""
    ours, theirs = moody
    ours.receiving = [ssl.SSLWantWriteError()]
    receiver = Collector()
    stream = over(ours, receiver)
    theirs.send(b"* OK ready\r\n")
    await receiver.received(b"ready")
    stream.close()


async def test_write_that_wants_to_read_goes_on_when_it_can(
    moody: tuple[Moody, socket.socket],
) -> None:
    """A write that OpenSSL holds until it has read is sent then, even from a paused stream."""
    ours, theirs = moody
    ours.sending = [ssl.SSLWantReadError()]
    stream = over(ours, Collector())
    stream.pause()
    stream.write(b"a NOOP\r\n")
    assert not ours.sending
    theirs.send(b"* OK\r\n")
    assert await asyncio.to_thread(theirs.recv, 100) == b"a NOOP\r\n"
    stream.close()


async def test_tls_fault_of_a_write_ends_a_silent_link(
    moody: tuple[Moody, socket.socket],
) -> None:
    """A write that OpenSSL refuses loses the link even if the server says nothing more."""
    ours, _ = moody
    ours.sending = [ssl.SSLError(1, "protocol is shutdown")]
    receiver = Collector()
    stream = over(ours, receiver)
    stream.write(b"a NOOP\r\n")
    stream.write(b"b NOOP\r\n")
    error = await receiver.end()
    assert isinstance(error, TLSError)
    assert str(error) == "mail.example.org:993: TLS failed: protocol is shutdown"
    assert len(receiver.lost) == 1
