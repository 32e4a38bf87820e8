"""STARTTLS: nothing that came in plaintext is taken for the server's word under TLS (C5)."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading

import pytest

from tests.net.peers import (
    PATIENCE,
    Collector,
    Names,
    Script,
    dialer,
    line,
    reset,
    secured,
    serve,
    silent,
    target,
)
from tests.support.authority import Authority, Certificate
from vedette.errors import NetworkError, TLSError
from vedette.net.dial import SocketDialer
from vedette.net.stream import SocketStream
from vedette.ports.link import Encryption, Target, TlsPolicy
from vedette.turnstile import Turnstile

pytestmark = pytest.mark.usefixtures("calm")


class Client(Collector):
    """Pauses the stream with the tagged OK, as a session must."""

    stream: SocketStream | None = None

    def data_received(self, data: memoryview) -> None:
        super().data_received(data)
        if b"a OK" in self.data and self.stream is not None:
            self.stream.pause()


def there(port: int, authority: Authority) -> Target:
    return target(
        port,
        host="mail.example.org",
        encryption=Encryption.STARTTLS,
        policy=TlsPolicy(ca_file=str(authority.ca_file)),
    )


async def agreed(
    port: int, authority: Authority, client: Client, *, turnstile: Turnstile | None = None
) -> SocketStream:
    """Dial, ask for STARTTLS, and return the stream with the server's OK in hand."""
    one = SocketDialer(resolver=Names("127.0.0.1"), turnstile=turnstile)
    stream = await one.dial(there(port, authority), client)
    client.stream = stream
    assert stream.peer.tls is None
    stream.write(b"a STARTTLS\r\n")
    await client.received(b"a OK begin TLS\r\n")
    client.stream = None
    return stream


def agree(sock: socket.socket, *, behind: bytes = b"") -> None:
    """Greet, and take the STARTTLS; ``behind`` goes out with the OK."""
    sock.sendall(b"* OK ready\r\n")
    line(sock)
    sock.sendall(b"a OK begin TLS\r\n" + behind)


def agree_and_wait(sock: socket.socket) -> None:
    """Take the STARTTLS, and say no more."""
    agree(sock)
    silent(sock)


def upgrading(context: ssl.SSLContext, *, behind: bytes = b"") -> Script:
    """Agree to STARTTLS, perhaps with bytes ``behind`` the OK, then serve under TLS."""

    def script(sock: socket.socket) -> None:
        agree(sock, behind=behind)
        with secured(sock, context) as over:
            over.sendall(b"b OK secured " + line(over))
            over.recv(1)

    return script


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_upgraded_stream_speaks_tls(
    authority: Authority, leaf: Certificate, version: ssl.TLSVersion
) -> None:
    """After the upgrade the peer is known by its TLS version and bytes go both ways."""
    client = Client()
    with serve(upgrading(leaf.context(maximum=version))) as server:
        stream = await agreed(server.port, authority, client)
        await stream.start_tls()
        assert stream.peer.tls == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
        stream.write(b"hello\r\n")
        await client.received(b"b OK secured hello\r\n")
        stream.close()
    assert client.lost == []


class Counting(Turnstile):
    """Counts the steps that pass."""

    steps = 0

    def took(self, seconds: float) -> None:
        self.steps += 1
        super().took(seconds)


async def test_the_handshake_of_an_upgrade_passes_the_turnstile(
    authority: Authority, leaf: Certificate
) -> None:
    """It is a task of its own, which whoever paces the rest of the login does not see."""
    client, turnstile = Client(), Counting()
    with serve(upgrading(leaf.context())) as server:
        stream = await agreed(server.port, authority, client, turnstile=turnstile)
        before = turnstile.steps
        await stream.start_tls()
        stream.write(b"hello\r\n")
        await client.received(b"b OK secured hello\r\n")
        stream.close()
    assert before == 0
    assert turnstile.steps >= 2


async def test_c5_injected_line_in_one_segment_is_seen_by_the_caller(
    authority: Authority, leaf: Certificate
) -> None:
    """What comes in one segment with the OK reaches the framer, which must not be empty then."""
    client = Client()
    injected = b"* CAPABILITY EVIL\r\na2 OK injected\r\n"
    with serve(upgrading(leaf.context(), behind=injected)) as server:
        stream = await agreed(server.port, authority, client)
        assert client.data.endswith(injected)
        stream.close()


async def test_c5_late_segment_before_the_handshake_fails_the_upgrade(
    authority: Authority, leaf: Certificate
) -> None:
    """A single byte that waits in the socket when the upgrade starts ends the link."""
    client = Client()
    late = threading.Event()
    sent = asyncio.Event()
    loop = asyncio.get_running_loop()

    def script(sock: socket.socket) -> None:
        # Without this Nagle's algorithm keeps the byte back until our ClientHello acknowledges.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        agree(sock)
        late.wait(PATIENCE)
        sock.sendall(b"*")
        loop.call_soon_threadsafe(sent.set)
        silent(sock)

    with serve(script) as server:
        stream = await agreed(server.port, authority, client)
        late.set()
        await sent.wait()
        with pytest.raises(TLSError, match=r"the server sent more after it agreed") as error:
            await stream.start_tls()
        stream.close()
    assert error.value.reply == "'*'"
    assert client.lost == []


async def test_c5_plaintext_instead_of_a_handshake_fails_the_upgrade(authority: Authority) -> None:
    """Plaintext that crosses our ClientHello is named for what it may be."""
    client = Client()

    def script(sock: socket.socket) -> None:
        agree(sock)
        sock.recv(1)
        sock.sendall(b"b OK injected\r\n")
        silent(sock)

    with serve(script) as server:
        stream = await agreed(server.port, authority, client)
        with pytest.raises(TLSError, match=r"plaintext came where the TLS handshake was agreed"):
            await stream.start_tls()
    assert b"injected" not in client.data


async def test_c5_nothing_is_read_in_plaintext_during_the_upgrade(authority: Authority) -> None:
    """The receiver gets no byte between the OK and the end of the handshake."""
    client = Client()

    def script(sock: socket.socket) -> None:
        agree(sock)
        sock.recv(1)
        sock.sendall(b"\x16\x03\x03\x00\x04evil* OK injected\r\n")
        silent(sock)

    with serve(script) as server:
        stream = await agreed(server.port, authority, client)
        seen = bytes(client.data)
        with pytest.raises(TLSError):
            await stream.start_tls()
    assert client.data == seen


async def test_c4_agreement_before_the_command_was_sent_fails_the_upgrade(
    authority: Authority,
) -> None:
    """An OK that overtook our own command was not the answer to it."""
    done = threading.Event()

    def deaf(_sock: socket.socket) -> None:
        done.wait(PATIENCE)

    with serve(deaf) as server:
        stream = await dialer().dial(there(server.port, authority), Collector())
        while stream._outbound is None:
            stream.write(bytes(512 * 1024))
        with pytest.raises(TLSError, match=r"before the command was sent"):
            await stream.start_tls()
        stream.close()
        done.set()


async def test_wrong_certificate_after_starttls_is_named(authority: Authority) -> None:
    """The upgrade verifies as implicit TLS does, and names the server."""
    wrong = authority.issue("other.example.org")
    client = Client()
    with serve(upgrading(wrong.context())) as server:
        stream = await agreed(server.port, authority, client)
        with pytest.raises(TLSError) as error:
            await stream.start_tls()
        assert str(error.value).startswith(f"mail.example.org:{server.port}: the server's cert")
        assert "but for other.example.org" in str(error.value)
        stream.write(b"a LOGIN user secret\r\n")
        stream.close()
        assert client.lost == []


@pytest.mark.parametrize("way", ["close", "reset"])
async def test_c9_server_that_leaves_after_the_ok_is_a_network_error(
    authority: Authority, way: str
) -> None:
    """A server that goes away instead of a handshake is a network error."""
    client = Client()

    def script(sock: socket.socket) -> None:
        agree(sock)
        sock.recv(64)
        if way == "reset":
            reset(sock)

    with serve(script) as server:
        stream = await agreed(server.port, authority, client)
        with pytest.raises(NetworkError):
            await stream.start_tls()
    assert client.lost == []


async def test_server_that_left_with_the_ok_is_a_network_error(authority: Authority) -> None:
    """An end of file right behind the OK is told before any handshake."""
    client = Client()

    with serve(agree) as server:
        stream = await agreed(server.port, authority, client)
        await asyncio.to_thread(server.sockets[0].fileno)
        with pytest.raises(NetworkError):
            await stream.start_tls()


async def test_secured_stream_is_not_upgraded_again(
    authority: Authority, leaf: Certificate
) -> None:
    """A stream that speaks TLS refuses a second upgrade and lives on."""
    client = Client()
    with serve(upgrading(leaf.context())) as server:
        stream = await agreed(server.port, authority, client)
        await stream.start_tls()
        with pytest.raises(TLSError, match=r"can not be upgraded"):
            await stream.start_tls()
        stream.write(b"still here\r\n")
        await client.received(b"b OK secured still here\r\n")
        stream.close()


async def test_write_during_the_upgrade_is_sent_under_tls(
    authority: Authority, leaf: Certificate
) -> None:
    """A command written while the handshake runs never leaves in plaintext."""
    client = Client()
    with serve(upgrading(leaf.context())) as server:
        stream = await agreed(server.port, authority, client)
        upgrade = asyncio.create_task(stream.start_tls())
        await asyncio.sleep(0)
        stream.write(b"early\r\n")
        await upgrade
        await client.received(b"b OK secured early\r\n")
        stream.close()


async def test_cancelled_upgrade_leaves_nothing(authority: Authority) -> None:
    """A deadline over the upgrade closes the stream."""
    client = Client()

    with serve(agree_and_wait) as server:
        stream = await agreed(server.port, authority, client)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await stream.start_tls()
        stream.close()
    assert client.lost == []


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 50])
async def test_close_during_the_upgrade_ends_it(authority: Authority, turns: int) -> None:
    """Closing the stream fails the upgrade at once; its caller is not cancelled."""
    client = Client()

    with serve(agree_and_wait) as server:
        stream = await agreed(server.port, authority, client)
        upgrade = asyncio.create_task(stream.start_tls())
        for _ in range(turns + 1):
            await asyncio.sleep(0)
        stream.close()
        stream.close()
        with pytest.raises(NetworkError, match=r"closed during STARTTLS"):
            await upgrade


class Shut(Turnstile):
    """Lets one step pass, and the next when ``opens`` is done; ``reached`` says it is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()
        self.opens: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._passed = False

    @property
    def is_open(self) -> bool:
        return not self._passed or self.opens.done()

    def queued(self) -> asyncio.Future[None]:
        self.reached.set()
        return self.opens

    def took(self, seconds: float) -> None:
        self._passed = True


async def behind_the_handshake(stream: SocketStream, turnstile: Shut) -> asyncio.Task[None]:
    """Return an upgrade whose handshake is done, and whose caller waits for its next step."""

    async def paced() -> None:
        await turnstile.paced(stream.start_tls())

    upgrade = asyncio.create_task(paced())
    async with asyncio.timeout(PATIENCE):
        await turnstile.reached.wait()
    return upgrade


async def test_upgrade_cancelled_behind_its_handshake_leaves_nothing(
    authority: Authority, leaf: Certificate
) -> None:
    """The link that the handshake has made is closed where its caller does not come for it."""
    client, turnstile = Client(), Shut()
    with serve(upgrading(leaf.context())) as server:
        stream = await agreed(server.port, authority, client)
        upgrade = await behind_the_handshake(stream, turnstile)
        upgrade.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upgrade
    assert client.lost == []


async def test_upgrade_closed_behind_its_handshake_stays_closed(
    authority: Authority, leaf: Certificate
) -> None:
    """A stream that was closed before its caller went on does not come alive again."""
    client, turnstile = Client(), Shut()
    with serve(upgrading(leaf.context())) as server:
        stream = await agreed(server.port, authority, client)
        upgrade = await behind_the_handshake(stream, turnstile)
        stream.close()
        turnstile.opens.set_result(None)
        with pytest.raises(NetworkError, match=r"closed during STARTTLS"):
            await upgrade
    assert client.lost == []
