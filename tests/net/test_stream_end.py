"""The end of a stream: orderly, truncated, reset, by us or by them; told once, in one way."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading

import pytest

from tests.net.link import MEGABYTE, Link
from tests.net.peers import (
    PATIENCE,
    Collector,
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
from vedette.errors import LinkError, NetworkError
from vedette.net.stream import SocketStream

pytestmark = pytest.mark.usefixtures("calm")


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


async def test_tls_garbage_in_the_middle_is_damage_of_the_line(
    authority: Authority, leaf: Certificate
) -> None:
    """Bytes that are no TLS record end the link with OpenSSL's words; a new one may be well."""
    receiver = Collector()

    def garble(sock: socket.socket) -> None:
        sock.sendall(b"* OK ready\r\n")
        socket.socket.send(sock, b"* OK plaintext again, this is no record\r\n")
        silent(sock)

    with serve(garble, tls=leaf.context()) as server:
        await dialer().dial(tls_target(server.port, authority.ca_file), receiver)
        error = await receiver.end()
    assert isinstance(error, NetworkError)
    assert "damaged on its way" in str(error)
    assert receiver.data == b"* OK ready\r\n"


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
