"""The stream: every byte in order, nothing kept while idle, and a bound on what waits."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading

import pytest

from tests.net.link import MEGABYTE, Link
from tests.net.peers import (
    PATIENCE,
    Collector,
    dialer,
    echo,
    line,
    serve,
    silent,
    tls_target,
)
from tests.support.authority import Authority, Certificate
from vedette.errors import NetworkError
from vedette.net.stream import BUFFER_SIZE, Common, SocketStream

pytestmark = pytest.mark.usefixtures("calm")


async def test_large_transfer_arrives_byte_for_byte(link: Link) -> None:
    """Eight megabytes come through unchanged, in pieces no larger than the shared buffer."""
    body = os.urandom(8 * MEGABYTE)
    receiver = Collector()
    with link.serve(lambda sock: sock.sendall(body)) as server:
        stream = await link.dial(server.port, receiver)
        await receiver.until(lambda: len(receiver.data) == len(body))
        await receiver.end()
        stream.close()
    assert receiver.data == body
    assert max(receiver.chunks) <= BUFFER_SIZE


async def test_large_write_waits_for_a_slow_reader(link: Link) -> None:
    """What the kernel does not take at once is sent later, in order."""
    body = os.urandom(8 * MEGABYTE)
    got = bytearray()

    def slow(sock: socket.socket) -> None:
        line(sock)
        sock.sendall(b"+ go ahead\r\n")
        while len(got) < len(body):
            got.extend(sock.recv(4096))
        sock.sendall(b"all here\r\n")

    receiver = Collector()
    with link.serve(slow) as server:
        stream = await link.dial(server.port, receiver, outbound_limit=16 * MEGABYTE)
        stream.write(b"send\r\n")
        await receiver.received(b"+ go ahead\r\n")
        for start in range(0, len(body), MEGABYTE):
            stream.write(body[start : start + MEGABYTE])
        await receiver.received(b"all here\r\n")
        stream.close()
    assert got == body


async def test_server_that_does_not_read_loses_the_link(link: Link) -> None:
    """Over the outbound bound the stream is lost, with the number of bytes that wait."""

    def deaf(sock: socket.socket) -> None:
        blocked.wait(PATIENCE)

    blocked = threading.Event()
    receiver = Collector()
    with link.serve(deaf) as server:
        stream = await link.dial(server.port, receiver)
        for _ in range(32):
            stream.write(bytes(MEGABYTE))
        error = await receiver.end()
        blocked.set()
    assert isinstance(error, NetworkError)
    assert "the server does not read" in str(error)
    assert len(receiver.lost) == 1


async def test_view_is_dead_after_the_call(link: Link) -> None:
    """A receiver that keeps the view can not read another link's bytes through it."""
    kept: list[memoryview] = []

    class Keeper(Collector):
        def data_received(self, data: memoryview) -> None:
            super().data_received(data)
            kept.append(data)

    receiver = Keeper()
    with link.serve(echo) as server:
        stream = await link.dial(server.port, receiver)
        await receiver.received(b"ready")
        stream.close()
    with pytest.raises(ValueError, match="released"):
        bytes(kept[0])


async def test_paused_stream_lets_the_server_wait(link: Link) -> None:
    """While paused nothing is received; after it everything is."""
    body = os.urandom(2 * MEGABYTE)
    receiver = Collector()
    with link.serve(lambda sock: sock.sendall(body)) as server:
        stream = await link.dial(server.port, receiver)
        stream.pause()
        before = len(receiver.data)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(receiver.data) == before
        stream.resume()
        stream.resume()
        await receiver.until(lambda: len(receiver.data) == len(body))
        await receiver.end()
    assert receiver.data == body


async def test_pause_inside_the_receiver_stops_at_once(link: Link) -> None:
    """A receiver that pauses gets no second call from the same turn."""
    body = os.urandom(MEGABYTE)

    class Pauser(Collector):
        stream: SocketStream

        def data_received(self, data: memoryview) -> None:
            super().data_received(data)
            self.stream.pause()

    receiver = Pauser()
    with link.serve(lambda sock: sock.sendall(body)) as server:
        receiver.stream = await link.dial(server.port, receiver)
        while len(receiver.data) < len(body):
            seen = len(receiver.chunks)
            receiver.stream.resume()
            await receiver.until(lambda seen=seen: len(receiver.chunks) > seen)  # type: ignore[misc]
            assert len(receiver.chunks) == seen + 1
        receiver.stream.close()
    assert receiver.data == body


async def test_one_stream_does_not_starve_another(link: Link) -> None:
    """While one link floods, the loop gives the other its turn after a bounded share."""
    most = 0
    since = 0

    class Flooded(Collector):
        def data_received(self, data: memoryview) -> None:
            nonlocal most, since
            since += len(data)
            most = max(most, since)

    body = os.urandom(MEGABYTE)

    def flood(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for _ in range(16):
                sock.sendall(body)

    receiver = Flooded()
    with link.serve(flood) as server:
        await link.dial(server.port, receiver)
        while not receiver.lost:
            since = 0
            await asyncio.sleep(0)
    assert most <= 2 * 256 * 1024


async def test_bytes_inside_openssl_are_not_stranded(
    authority: Authority, leaf: Certificate
) -> None:
    """With a buffer smaller than a TLS record the rest of the record is read at once."""
    body = os.urandom(MEGABYTE)

    def send(sock: socket.socket) -> None:
        sock.sendall(body)
        silent(sock)

    receiver = Collector()
    with serve(send, tls=leaf.context()) as server:
        one = dialer()
        one._common = Common(buffer=memoryview(bytearray(1000)))
        stream = await one.dial(tls_target(server.port, authority.ca_file), receiver)
        await receiver.until(lambda: len(receiver.data) > 5000)
        stream.pause()
        await asyncio.sleep(0)
        stream.resume()
        await receiver.until(lambda: len(receiver.data) == len(body))
        stream.close()
    assert receiver.data == body
    assert max(receiver.chunks) == 1000


async def test_keepalive_is_set_on_every_link(link: Link) -> None:
    """C1's first half: probes after 60 s, every 20 s, three of them; and 120 s for our bytes."""
    expected: dict[int, int] = {
        socket.TCP_KEEPIDLE: 60,
        socket.TCP_KEEPINTVL: 20,
        socket.TCP_KEEPCNT: 3,
        socket.TCP_USER_TIMEOUT: 120_000,
        socket.TCP_NODELAY: 1,
    }
    with link.serve(silent) as server:
        stream = await link.dial(server.port, Collector())
        sock = stream._sock
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        for option, value in expected.items():
            assert sock.getsockopt(socket.IPPROTO_TCP, option) == value
        stream.close()
