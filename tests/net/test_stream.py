"""The stream: every byte in order, nothing kept while idle, and one orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.net.peers import (
    PATIENCE,
    Collector,
    Names,
    Script,
    Server,
    dialer,
    echo,
    line,
    reset,
    serve,
    silent,
    target,
    tls_target,
)
from tests.support.authority import Authority, Certificate
from vedette.errors import LinkError, NetworkError, TLSError
from vedette.net.dial import SocketDialer
from vedette.net.stream import BUFFER_SIZE, Common, SocketStream
from vedette.ports.link import Peer, Receiver, Target

pytestmark = pytest.mark.usefixtures("calm")

MEGABYTE = 1024 * 1024


class Link:
    """A way to serve a script and to dial it, in plaintext or in TLS."""

    def __init__(self, authority: Authority, context: ssl.SSLContext | None) -> None:
        self._authority = authority
        self._context = context

    def serve(self, script: Script) -> AbstractContextManager[Server]:
        return serve(script, tls=self._context)

    def target(self, port: int) -> Target:
        return target(port) if self._context is None else tls_target(port, self._authority.ca_file)

    async def dial(
        self, port: int, receiver: Receiver, *, outbound_limit: int = MEGABYTE
    ) -> SocketStream:
        one = SocketDialer(resolver=Names("127.0.0.1"), outbound_limit=outbound_limit)
        return await one.dial(self.target(port), receiver)


@pytest.fixture(params=["plaintext", "TLSv1.2", "TLSv1.3"])
def link(request: pytest.FixtureRequest, authority: Authority, leaf: Certificate) -> Link:
    """Give each test the three kinds of link."""
    versions = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
    version = versions.get(request.param)
    return Link(authority, None if version is None else leaf.context(maximum=version))


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


async def test_orderly_end_of_file_is_no_error(link: Link) -> None:
    """A server that says goodbye in form ends the link without an error, once."""

    def leave(sock: socket.socket) -> None:
        sock.sendall(b"* BYE\r\n")
        if isinstance(sock, ssl.SSLSocket):
            sock.unwrap()

    receiver = Collector()
    with link.serve(leave) as server:
        stream = await link.dial(server.port, receiver)
        assert await receiver.end() is None
        stream.close()
    assert receiver.data == b"* BYE\r\n"
    assert receiver.lost == [None]


async def test_truncated_tls_is_an_error(authority: Authority, leaf: Certificate) -> None:
    """An end of file without close_notify is told apart from an orderly one."""
    receiver = Collector()
    with serve(lambda sock: sock.sendall(b"* BYE\r\n"), tls=leaf.context()) as server:
        await dialer().dial(tls_target(server.port, authority.ca_file), receiver)
        error = await receiver.end()
    assert isinstance(error, NetworkError)
    assert "broke off without ending TLS" in str(error)
    assert receiver.data == b"* BYE\r\n"


async def test_c9_reset_in_an_idle_link_is_one_typed_error(link: Link) -> None:
    """A reset is told to the receiver once, in the words of the system or of OpenSSL."""

    def greet_and_reset(sock: socket.socket) -> None:
        sock.sendall(b"* OK ready\r\n")
        line(sock)
        reset(sock)

    receiver = Collector()
    with link.serve(greet_and_reset) as server:
        stream = await link.dial(server.port, receiver)
        await receiver.received(b"ready")
        stream.write(b"now\r\n")
        error = await receiver.end()
        stream.write(b"too late\r\n")
        stream.pause()
        stream.resume()
        stream.close()
    assert isinstance(error, NetworkError)
    assert error.reply in {"Connection reset by peer", "EOF occurred in violation of protocol"}
    assert len(receiver.lost) == 1


async def test_c9_reset_after_close_reaches_nobody(link: Link) -> None:
    """A reset that comes after our close has no receiver and no traceback."""
    receiver = Collector()

    def greet_and_reset(sock: socket.socket) -> None:
        sock.sendall(b"* OK ready\r\n")
        line(sock)
        reset(sock)

    with link.serve(greet_and_reset) as server:
        stream = await link.dial(server.port, receiver)
        await receiver.received(b"ready")
        stream.write(b"now\r\n")
        stream.close()
        stream.close()
    assert receiver.lost == []


@pytest.mark.parametrize("stage", ["accepted", "hello"])
async def test_c9_reset_in_the_handshake_is_a_typed_error(authority: Authority, stage: str) -> None:
    """A reset before TLS stands fails the dial and nothing else."""

    def script(sock: socket.socket) -> None:
        if stage == "hello":
            sock.recv(64)
        reset(sock)

    with serve(script) as server, pytest.raises(NetworkError) as error:
        await dialer().dial(tls_target(server.port, authority.ca_file), Collector())
    assert "Connection reset by peer" in str(error.value)


async def test_last_words_are_read_after_a_failed_write() -> None:
    """A server that says BYE and resets is heard, although our command found it gone."""
    receiver = Collector()
    dialled, gone = threading.Event(), threading.Event()

    def bye(sock: socket.socket) -> None:
        dialled.wait(PATIENCE)
        sock.sendall(b"* BYE too many connections\r\n")
        reset(sock)
        gone.set()

    with serve(bye) as server:
        stream = await dialer().dial(target(server.port), receiver)
        stream.pause()
        dialled.set()
        await asyncio.to_thread(gone.wait, PATIENCE)
        stream.resume()
        stream.write(b"a LOGIN\r\n")
        stream.write(b"b LOGIN\r\n")
        error = await receiver.end()
    assert receiver.data == b"* BYE too many connections\r\n"
    assert isinstance(error, NetworkError)


async def test_close_in_the_receiver_ends_the_link_at_once(link: Link) -> None:
    """After a close from inside data_received nothing more is pushed."""

    class Closer(Collector):
        stream: SocketStream

        def data_received(self, data: memoryview) -> None:
            super().data_received(data)
            self.stream.close()

    receiver = Closer()
    with link.serve(echo) as server:
        receiver.stream = await link.dial(server.port, receiver)
        await receiver.received(b"ready")
        for _ in range(10):
            await asyncio.sleep(0)
    assert len(receiver.chunks) == 1
    assert receiver.lost == []


async def test_close_before_the_report_silences_it(link: Link) -> None:
    """A stream closed between its loss and the report of it reports nothing."""
    receiver = Collector()
    with link.serve(silent) as server:
        stream = await link.dial(server.port, receiver, outbound_limit=1)
        for _ in range(32):
            stream.write(bytes(MEGABYTE))
        stream.close()
        for _ in range(10):
            await asyncio.sleep(0)
    assert receiver.lost == []


async def test_write_after_close_is_dropped(link: Link) -> None:
    """A closed stream sends nothing and raises nothing."""
    with link.serve(silent) as server:
        stream = await link.dial(server.port, Collector())
        stream.close()
        stream.write(b"late\r\n")
        stream.write(b"")


async def test_receiver_that_raises_loses_its_link(link: Link) -> None:
    """A receiver's own fault ends its link and is shown to the loop, not swallowed."""
    seen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: seen.append(context["exception"])
    )

    class Broken(Collector):
        def data_received(self, data: memoryview) -> None:
            raise ZeroDivisionError

    receiver = Broken()
    with link.serve(echo) as server:
        await link.dial(server.port, receiver)
        error = await receiver.end()
    assert type(error) is LinkError
    assert [type(fault) for fault in seen] == [ZeroDivisionError]


async def test_tls_garbage_in_the_middle_is_a_tls_error(
    authority: Authority, leaf: Certificate
) -> None:
    """Bytes that are no TLS record end the link with OpenSSL's words."""
    receiver = Collector()

    def garble(sock: socket.socket) -> None:
        sock.sendall(b"* OK ready\r\n")
        socket.socket.send(sock, b"* OK plaintext again, this is no record\r\n")
        silent(sock)

    with serve(garble, tls=leaf.context()) as server:
        await dialer().dial(tls_target(server.port, authority.ca_file), receiver)
        error = await receiver.end()
    assert isinstance(error, TLSError)
    assert receiver.data == b"* OK ready\r\n"


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


async def test_paused_stream_is_lost_by_a_failed_write() -> None:
    """A stream that does not read learns from its own write that the server is gone."""
    receiver = Collector()
    dialled, gone = threading.Event(), threading.Event()

    def leave(sock: socket.socket) -> None:
        dialled.wait(PATIENCE)
        reset(sock)
        gone.set()

    with serve(leave) as server:
        stream = await dialer().dial(target(server.port), receiver)
        stream.pause()
        dialled.set()
        await asyncio.to_thread(gone.wait, PATIENCE)
        stream.write(b"a NOOP\r\n")
        assert isinstance(await receiver.end(), NetworkError)


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
