"""Proxies: names are resolved there, nothing secret is told, nothing is read too far (C13)."""

from __future__ import annotations

import base64
import socket
import struct
import threading
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.net.peers import (
    Collector,
    NoNames,
    Script,
    echo,
    line,
    reset,
    secured,
    serve,
    silent,
    target,
)
from tests.support.authority import Authority, Certificate
from vedette.errors import NetworkError
from vedette.net.dial import SocketDialer
from vedette.net.wire import read_until
from vedette.ports.address import ForbiddenAddress
from vedette.ports.link import Encryption, Proxy, ProxyScheme, Target, TlsPolicy
from vedette.secret import Secret

pytestmark = pytest.mark.usefixtures("calm")

PASSWORD = "pl4nted-pässword"


def socks(port: int, *, user: str | None = None) -> Proxy:
    return _proxy(ProxyScheme.SOCKS5, port, user)


def http(port: int, *, user: str | None = None) -> Proxy:
    return _proxy(ProxyScheme.HTTP, port, user)


def _proxy(scheme: ProxyScheme, port: int, user: str | None) -> Proxy:
    password = None if user is None else Secret(PASSWORD)
    return Proxy(scheme=scheme, host="127.0.0.1", port=port, user=user, password=password)


def exactly(sock: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        data += sock.recv(count - len(data)) or b"?"
    return bytes(data)


class Tunnel:
    """The far side of a proxy that connects; ``asked`` is where to."""

    def __init__(self, behind: Script = echo, *, tls: Certificate | None = None) -> None:
        self.asked: list[bytes] = []
        self.offered: list[bytes] = []
        self._behind = behind
        self._tls = tls

    def socks(self, sock: socket.socket) -> None:
        _, count = exactly(sock, 2)
        methods = exactly(sock, count)
        sock.sendall(b"\5" + methods[-1:])
        if methods[-1:] == b"\2":
            _, length = exactly(sock, 2)
            user = exactly(sock, length)
            (length,) = exactly(sock, 1)
            self.offered.append(user + b":" + exactly(sock, length))
            sock.sendall(b"\1\0")
        exactly(sock, 3)
        (kind,) = exactly(sock, 1)
        length = {1: 4, 4: 16}.get(kind) or exactly(sock, 1)[0]
        self.asked.append(bytes((kind,)) + exactly(sock, length))
        self.asked.append(exactly(sock, 2))
        # Answer with a bound name, the longest form, in the same segment as the greeting.
        sock.sendall(b"\5\0\0\3\4here" + b"\0\1")
        self._serve(sock)

    def http(self, sock: socket.socket) -> None:
        while (header := line(sock)) not in {b"\r\n", b""}:
            self.asked.append(header)
        sock.sendall(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n")
        self._serve(sock)

    def _serve(self, sock: socket.socket) -> None:
        if self._tls is None:
            self._behind(sock)
            return
        with secured(sock, self._tls.context()) as over:
            self._behind(over)


async def refusal(script: Script, make: Callable[[int], Proxy]) -> NetworkError:
    """Dial through a proxy that refuses, and return the error."""
    with serve(script) as server:
        there = target(993, host="mail.example.org", proxy=make(server.port))
        with pytest.raises(NetworkError) as error:
            await SocketDialer(resolver=NoNames()).dial(there, Collector())
    return error.value


@pytest.mark.parametrize("scheme", list(ProxyScheme))
async def test_c13_name_is_resolved_by_the_proxy(
    authority: Authority, leaf: Certificate, scheme: ProxyScheme
) -> None:
    """The name goes to the proxy; TLS through it is verified for the name."""
    tunnel = Tunnel(tls=leaf)
    receiver = Collector()
    with serve(tunnel.socks if scheme is ProxyScheme.SOCKS5 else tunnel.http) as server:
        there = target(
            993,
            host="Mail.example.org",
            encryption=Encryption.IMPLICIT,
            policy=TlsPolicy(ca_file=str(authority.ca_file)),
            proxy=_proxy(scheme, server.port, None),
        )
        stream = await SocketDialer(resolver=NoNames()).dial(there, receiver)
        await receiver.received(b"* OK ready\r\n")
        assert (stream.peer.address, stream.peer.port) == ("mail.example.org", 993)
        assert stream.peer.tls == "TLSv1.3"
        stream.close()
    if scheme is ProxyScheme.SOCKS5:
        assert tunnel.asked == [b"\3mail.example.org", struct.pack(">H", 993)]
    else:
        assert tunnel.asked == [
            b"CONNECT mail.example.org:993 HTTP/1.1\r\n",
            b"Host: mail.example.org:993\r\n",
        ]


@pytest.mark.parametrize(
    ("host", "sent"),
    [
        ("127.0.0.1", b"\1\x7f\0\0\1"),
        ("::1", b"\4" + b"\0" * 15 + b"\1"),
        ("[::1]", b"\4" + b"\0" * 15 + b"\1"),
    ],
)
async def test_c13_socks_sends_literals_as_addresses(host: str, sent: bytes) -> None:
    """An IP literal, in brackets or not, has its own address type (RFC 1928 section 5)."""
    tunnel = Tunnel()
    receiver = Collector()
    with serve(tunnel.socks) as server:
        there = target(143, host=host, proxy=socks(server.port))
        stream = await SocketDialer(resolver=NoNames()).dial(there, receiver)
        await receiver.received(b"* OK ready\r\n")
        stream.close()
    assert tunnel.asked[0] == sent


async def test_c13_connect_writes_ipv6_in_brackets() -> None:
    """An IPv6 literal stands in brackets in the request and the Host field."""
    tunnel = Tunnel()
    with serve(tunnel.http) as server:
        there = target(143, host="::1", proxy=http(server.port))
        (await SocketDialer(resolver=NoNames()).dial(there, Collector())).close()
    assert tunnel.asked == [b"CONNECT [::1]:143 HTTP/1.1\r\n", b"Host: [::1]:143\r\n"]


async def test_socks_user_and_password_are_sent_in_utf8() -> None:
    """The credentials of RFC 1929 reach the proxy."""
    tunnel = Tunnel()
    with serve(tunnel.socks) as server:
        there = target(143, host="mail.example.org", proxy=socks(server.port, user="me"))
        (await SocketDialer(resolver=NoNames()).dial(there, Collector())).close()
    assert tunnel.offered == [f"me:{PASSWORD}".encode()]


async def test_http_user_and_password_are_sent_as_basic() -> None:
    """The credentials of RFC 7617 reach the proxy."""
    tunnel = Tunnel()
    with serve(tunnel.http) as server:
        there = target(143, host="mail.example.org", proxy=http(server.port, user="me"))
        (await SocketDialer(resolver=NoNames()).dial(there, Collector())).close()
    token = base64.b64encode(f"me:{PASSWORD}".encode())
    assert tunnel.asked[2] == b"Proxy-Authorization: Basic " + token + b"\r\n"


async def test_greeting_behind_the_answer_of_the_proxy_is_not_lost() -> None:
    """A plaintext greeting in one segment with the proxy's answer reaches the receiver."""

    def script(sock: socket.socket) -> None:
        while line(sock) != b"\r\n":
            pass
        sock.sendall(b"HTTP/1.0 200 OK\r\n\r\n* OK ready\r\n")
        silent(sock)

    receiver = Collector()
    with serve(script) as server:
        there = target(143, host="mail.example.org", proxy=http(server.port))
        stream = await SocketDialer(resolver=NoNames()).dial(there, receiver)
        await receiver.received(b"* OK ready\r\n")
        stream.close()
    assert receiver.data == b"* OK ready\r\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\5\xff", "refused the authentication method"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak SOCKS5"),
        (b"\5\2\1\1", "refused the user and password"),
        (b"\5\2\1\0\5\5\0\1", "could not connect: connection refused"),
        (b"\5\2\1\0\5\2\0\1", "could not connect: connection not allowed by its rules"),
        (b"\5\2\1\0\5\x63\0\1", "could not connect: reply 99"),
        (b"\5\2\1\0\5\0\0\7", "unknown address type"),
        (b"\5\2\1", "closed in the middle of the answer"),
        (b"", "closed in the middle of the answer"),
    ],
)
async def test_c13_refusing_socks_proxy_is_reported_without_the_password(
    answer: bytes, words: str
) -> None:
    """Each way a SOCKS proxy refuses has its words; the password is in none."""

    def script(sock: socket.socket) -> None:
        sock.recv(64)
        sock.sendall(answer)
        sock.shutdown(socket.SHUT_WR)
        silent(sock)

    error = await refusal(script, lambda port: socks(port, user="me"))
    assert words in str(error)
    assert "mail.example.org:993 by the proxy 127.0.0.1:" in str(error)
    assert PASSWORD not in f"{error} {error.reply} {error.__cause__!r}"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "refused the user: 407 Proxy"),
        (b"HTTP/1.1 403 Forbidden\r\nX: y\r\n\r\nbody", "could not connect: 403 Forbidden"),
        (b"HTTP/1.1 502 \x1b[31mBad\r\n\r\n", "could not connect: 502 [31mBad"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "does not speak HTTP"),
        (b"* OK Dovecot ready.\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20000, "longer than 16384 bytes"),
        (b"HTTP/1.1 200 OK\r\n", "closed in the middle of the answer"),
    ],
)
async def test_c13_refusing_http_proxy_is_reported_without_the_password(
    answer: bytes, words: str
) -> None:
    """Each way an HTTP proxy refuses has its words; the password is in none."""

    def script(sock: socket.socket) -> None:
        while line(sock) not in {b"\r\n", b""}:
            pass
        sock.sendall(answer)
        sock.shutdown(socket.SHUT_WR)
        silent(sock)

    error = await refusal(script, lambda port: http(port, user="me"))
    assert words in str(error)
    token = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    assert PASSWORD not in f"{error} {error.reply} {error.__cause__!r}"
    assert token not in f"{error} {error.reply} {error.__cause__!r}"


@pytest.mark.parametrize("make", [socks, http])
async def test_c9_reset_at_the_proxy_is_a_network_error(make: Callable[[int], Proxy]) -> None:
    """A proxy that resets fails the dial in the system's words."""

    def script(sock: socket.socket) -> None:
        sock.recv(4096)
        reset(sock)

    assert "Connection reset by peer" in str(await refusal(script, make))


async def test_overlong_socks_credentials_are_refused_here() -> None:
    """A password over the protocol's 255 bytes is an error that does not show it."""

    def make(port: int) -> Proxy:
        secret = Secret("x" * 300)
        return Proxy(
            scheme=ProxyScheme.SOCKS5, host="127.0.0.1", port=port, user="me", password=secret
        )

    def script(sock: socket.socket) -> None:
        sock.recv(64)
        sock.sendall(b"\5\2")
        silent(sock)

    error = await refusal(script, make)
    assert "longer than 255 bytes" in str(error)
    assert "xxx" not in str(error)


async def test_literal_inside_address_is_not_asked_of_a_proxy() -> None:
    """A public target can not use the proxy's hand to reach an inside literal."""
    guarded = SocketDialer(resolver=NoNames())
    there = Target(
        host="169.254.169.254",
        port=80,
        encryption=Encryption.NONE,
        proxy=Proxy(scheme=ProxyScheme.SOCKS5, host="192.0.2.1", port=1080),
    )
    with pytest.raises(ForbiddenAddress, match=r"169\.254\.169\.254 is a cloud's metadata"):
        await guarded.dial(there, Collector())


async def test_inside_proxy_is_not_dialled_for_a_public_target() -> None:
    """The guard judges the proxy's own address too."""
    with serve(silent) as server:
        there = Target(
            host="mail.example.org",
            port=993,
            proxy=Proxy(scheme=ProxyScheme.HTTP, host="127.0.0.1", port=server.port),
        )
        with pytest.raises(ForbiddenAddress):
            await SocketDialer(resolver=NoNames()).dial(there, Collector())
        assert server.accepted == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    head=st.binary(max_size=60).filter(lambda head: b"\r\n\r\n" not in head + b"\r\n\r"),
    tail=st.binary(max_size=60),
    cuts=st.lists(st.integers(0, 124), max_size=6),
)
async def test_any_split_of_an_answer_reads_the_same(
    head: bytes, tail: bytes, cuts: list[int]
) -> None:
    """However an answer is cut into segments, it is read to its end and not a byte further."""
    whole = head + b"\r\n\r\n" + tail
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        edges = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
        pieces = [whole[start:end] for start, end in pairwise(edges)]

        def speak() -> None:
            for piece in pieces:
                theirs.send(piece)

        speaker = threading.Thread(target=speak)
        speaker.start()
        assert await read_until(ours, b"\r\n\r\n", limit=200) == head + b"\r\n\r\n"
        speaker.join()
        theirs.shutdown(socket.SHUT_WR)
        ours.settimeout(5)
        rest = bytearray()
        while more := ours.recv(4096):
            rest += more
        assert rest == tail
