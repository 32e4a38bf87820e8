"""The way to a server: what connects, what is reported, and that nothing stays open."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket

import pytest

from tests.net.peers import (
    Collector,
    LostNames,
    Names,
    blackhole,
    dialer,
    echo,
    serve,
    silent,
    target,
    tls_target,
)
from tests.support.authority import Authority, Certificate
from tests.support.process import open_descriptors
from vedette.errors import LinkError, NetworkError, TLSError
from vedette.net.dial import SocketDialer
from vedette.ports.address import ForbiddenAddress
from vedette.ports.link import Encryption, Proxy, ProxyScheme, Target

pytestmark = pytest.mark.usefixtures("calm")


def told(deadline: TimeoutError) -> str:
    """Return the note of the cancellation that the deadline made; no cause before Python 3.11.3."""
    stop = deadline.__cause__ or deadline.__context__
    assert isinstance(stop, asyncio.CancelledError)
    (note,) = stop.__notes__
    return str(note)


async def test_plaintext_only_when_asked_for() -> None:
    """A link without TLS says so, and carries bytes both ways."""
    receiver = Collector()
    with serve(echo) as server:
        stream = await dialer().dial(target(server.port), receiver)
        stream.write(b"a NOOP\r\n")
        await receiver.received(b"* OK ready\r\na NOOP\r\n")
        assert (stream.peer.address, stream.peer.port) == ("127.0.0.1", server.port)
        assert stream.peer.tls is None
        stream.close()


async def test_c2_silent_server_ends_with_the_callers_deadline(authority: Authority) -> None:
    """A TLS port that says nothing costs the deadline and leaves no descriptor."""
    with serve(silent) as server:
        before = open_descriptors()
        with pytest.raises(TimeoutError) as ended:
            async with asyncio.timeout(0.5):
                await dialer().dial(tls_target(server.port, authority.ca_file), Collector())
        # The server's end of the link is in this process too; ours is gone.
        assert open_descriptors() <= before + 1
    assert told(ended.value) == (
        f"mail.example.org:{server.port}: the time was over while in the TLS handshake"
        " with 127.0.0.1"
    )


async def test_c2_plaintext_on_the_tls_port_is_named(authority: Authority) -> None:
    """A server that greets in plaintext where TLS is expected is quoted, with the remedy."""

    def greet(sock: socket.socket) -> None:
        sock.sendall(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.\r\n")
        silent(sock)

    with serve(greet) as server, pytest.raises(TLSError, match=r"is this a STARTTLS port\?") as no:
        await dialer().dial(tls_target(server.port, authority.ca_file), Collector())
    assert no.value.reply == "'* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.'"


async def test_c3_two_hundred_connects_one_after_another(
    authority: Authority, leaf: Certificate
) -> None:
    """One dialer connects 200 times in a row."""
    one = dialer()
    with serve(echo, tls=leaf.context()) as server:
        for _ in range(200):
            receiver = Collector()
            stream = await one.dial(tls_target(server.port, authority.ca_file), receiver)
            await receiver.received(b"* OK ready\r\n")
            stream.close()
        assert server.accepted == 200


async def test_c3_fifty_connects_at_once(authority: Authority, leaf: Certificate) -> None:
    """One dialer connects 50 times at the same time, to a server it has not met."""
    one = dialer()
    receivers = [Collector() for _ in range(50)]
    with serve(echo, tls=leaf.context()) as server:
        there = tls_target(server.port, authority.ca_file)
        streams = await asyncio.gather(*(one.dial(there, receiver) for receiver in receivers))
        for receiver in receivers:
            await receiver.received(b"* OK ready\r\n")
        for stream in streams:
            stream.close()


async def test_c10_dead_ipv6_route_costs_a_quarter_second(
    authority: Authority, leaf: Certificate
) -> None:
    """A name with a dead IPv6 and a living IPv4 address connects long before TCP gives up."""
    receiver = Collector()
    with serve(echo, tls=leaf.context()) as server, blackhole("::1", server.port):
        async with asyncio.timeout(60):
            stream = await dialer("::1", "127.0.0.1").dial(
                tls_target(server.port, authority.ca_file), receiver
            )
        assert stream.peer.address == "127.0.0.1"
        stream.close()


async def test_c10_next_address_after_tls_failure(authority: Authority, leaf: Certificate) -> None:
    """An address with a wrong certificate does not hide the next one with the right."""
    wrong = authority.issue("other.example.org")
    with (
        serve(echo, tls=leaf.context()) as server,
        serve(echo, tls=wrong.context(), address="::1", port=server.port),
    ):
        stream = await dialer("::1", "127.0.0.1").dial(
            tls_target(server.port, authority.ca_file), Collector()
        )
        assert stream.peer.address == "127.0.0.1"
        stream.close()


async def test_c10_hanging_handshake_gives_way_to_the_next_address(
    authority: Authority, leaf: Certificate
) -> None:
    """An address that connects and then says nothing does not hold up the next."""
    one = SocketDialer(resolver=Names("::1", "127.0.0.1"), handshake_patience=0.1)
    with (
        serve(echo, tls=leaf.context()) as server,
        serve(silent, address="::1", port=server.port),
    ):
        async with asyncio.timeout(60):
            stream = await one.dial(tls_target(server.port, authority.ca_file), Collector())
        assert stream.peer.address == "127.0.0.1"
        stream.close()


async def test_name_with_countless_addresses_is_tried_a_bounded_number_of_times() -> None:
    """A name server can not make us dial more than sixteen addresses for one name."""
    with serve(silent) as server:
        port = server.port
    names = Names(*(f"127.0.1.{number}" for number in range(1, 255)))
    with pytest.raises(NetworkError) as failed:
        await SocketDialer(resolver=names).dial(target(port, host="mail.example.org"), Collector())
    assert str(failed.value).count("Connection refused") == 16


async def test_silent_proxy_gives_way_to_its_next_address() -> None:
    """A proxy's address that says nothing is left for the next after the patience."""
    one = SocketDialer(resolver=Names("::1", "127.0.0.1"), handshake_patience=0.1)

    def refuse(sock: socket.socket) -> None:
        sock.recv(64)
        sock.sendall(b"\5\xff")

    with serve(refuse) as server, serve(silent, address="::1", port=server.port):
        proxy = Proxy(scheme=ProxyScheme.SOCKS5, host="proxy.example.org", port=server.port)
        with pytest.raises(NetworkError) as failed:
            await one.dial(target(993, host="mail.example.org", proxy=proxy), Collector())
    assert "::1: no answer from the proxy in 0.1 s; 127.0.0.1: the SOCKS5" in str(failed.value)


async def test_c10_every_address_and_error_is_reported(authority: Authority) -> None:
    """When all addresses fail the error names each with its own cause; TLS outranks TCP."""
    wrong = authority.issue("other.example.org")
    with serve(echo, tls=wrong.context()) as server, pytest.raises(TLSError) as failed:
        await dialer("::1", "127.0.0.1").dial(
            tls_target(server.port, authority.ca_file), Collector()
        )
    assert str(failed.value) == (
        f"mail.example.org:{server.port}: ::1: Connection refused; 127.0.0.1: the server's"
        " certificate is not for mail.example.org but for other.example.org;"
        " use a name it is for, or pin it"
    )


async def test_refused_port_says_so_in_the_systems_words() -> None:
    """A closed port is a network error with the address and the system's words."""
    with serve(silent) as server:
        port = server.port
    with pytest.raises(NetworkError) as failed:
        await dialer().dial(target(port, host="mail.example.org"), Collector())
    assert str(failed.value) == f"mail.example.org:{port}: 127.0.0.1: Connection refused"
    assert failed.value.reply == "Connection refused"


async def test_unknown_name_says_so() -> None:
    """A name without an address is a network error that names it."""
    with pytest.raises(NetworkError, match=r"^mail\.example\.org:1: mail\.example\.org has no"):
        await SocketDialer(resolver=Names()).dial(target(1, host="mail.example.org"), Collector())


@pytest.mark.parametrize("port", [-1, 0, 65536])
async def test_port_out_of_range_is_an_error_before_the_network(port: int) -> None:
    """A number that is no port is reported as such."""
    with pytest.raises(NetworkError, match=r"is not a port"):
        await dialer().dial(target(port), Collector())


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "mail.example.org"])
async def test_inside_address_is_not_dialled_for_a_public_target(host: str) -> None:
    """Literals and names that lead inside are refused; no connection is attempted."""
    with serve(silent) as server:
        there = Target(host=host, port=server.port, encryption=Encryption.NONE)
        with pytest.raises(ForbiddenAddress):
            await dialer("127.0.0.1").dial(there, Collector())
        assert server.accepted == 0


@pytest.mark.parametrize("host", ["0177.0.0.1", "2130706433", "0x7f.1", "127.1", "①②⑦.0.0.1"])
async def test_odd_literal_is_not_dialled_even_for_a_private_target(host: str) -> None:
    """Odd spellings of loopback reach neither the resolver nor the network."""
    names = Names("127.0.0.1")
    with pytest.raises(ForbiddenAddress):
        await SocketDialer(resolver=names).dial(target(1, host=host), Collector())
    assert names.asked == []


async def test_name_is_resolved_once_and_the_checked_address_dialled() -> None:
    """A name that answers differently the second time (rebinding) gains nothing."""
    names = Names("127.0.0.1")
    with serve(echo) as server:
        stream = await SocketDialer(resolver=names).dial(
            target(server.port, host="mail.example.org"), Collector()
        )
        stream.close()
    assert names.asked == ["mail.example.org"]


async def test_allowed_network_is_dialled_beside_a_forbidden_address() -> None:
    """Of a name's addresses only those that the guard passes are dialled."""
    one = SocketDialer(
        resolver=Names("::1", "127.0.0.1"), allow=[ipaddress.ip_network("127.0.0.0/8")]
    )
    with serve(echo) as server, serve(silent, address="::1", port=server.port) as forbidden:
        there = Target(host="mail.example.org", port=server.port, encryption=Encryption.NONE)
        stream = await one.dial(there, Collector())
        assert stream.peer.address == "127.0.0.1"
        assert forbidden.accepted == 0
        stream.close()


async def test_cancelled_in_dns_leaves_nothing() -> None:
    """A dial cancelled while the name server is silent ends at once."""
    names = LostNames()
    dialling = asyncio.create_task(
        SocketDialer(resolver=names).dial(target(1, host="mail.example.org"), Collector())
    )
    await names.asked.wait()
    dialling.cancel()
    with pytest.raises(asyncio.CancelledError) as stopped:
        await dialling
    assert stopped.value.__notes__ == [
        "mail.example.org:1: the time was over while resolving mail.example.org"
    ]


async def test_cancelled_in_tcp_leaves_nothing() -> None:
    """A dial cancelled while SYNs are dropped closes its sockets, and tells whom it tried."""
    with serve(silent) as server:
        port = server.port
    with blackhole("127.0.0.1", port):
        before = open_descriptors()
        with pytest.raises(TimeoutError) as ended:
            async with asyncio.timeout(0.5):
                await dialer("::1", "127.0.0.1").dial(
                    target(port, host="mail.example.org"), Collector()
                )
        assert open_descriptors() == before
    assert told(ended.value) == (
        f"mail.example.org:{port}: the time was over while connecting to ::1, 127.0.0.1;"
        " ::1: Connection refused"
    )


@pytest.mark.parametrize("scheme", list(ProxyScheme))
async def test_cancelled_at_a_silent_proxy_leaves_nothing(scheme: ProxyScheme) -> None:
    """The proxy is inside the caller's deadline."""
    with serve(silent) as server:
        proxy = Proxy(scheme=scheme, host="127.0.0.1", port=server.port)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await dialer().dial(target(993, proxy=proxy), Collector())


async def test_cancelled_at_every_turn_of_the_loop_leaves_nothing(
    authority: Authority, leaf: Certificate
) -> None:
    """Whenever a dial is cancelled, it either made a stream or left no descriptor."""
    one = dialer("::1", "127.0.0.1")
    made = 0
    turns = 0
    with serve(echo, tls=leaf.context()) as server:
        there = tls_target(server.port, authority.ca_file)
        async with asyncio.timeout(60):
            while made < 3:
                dialling = asyncio.create_task(one.dial(there, Collector()))
                for _ in range(turns):
                    await asyncio.sleep(0)
                dialling.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    (await dialling).close()
                    made += 1
                # Every turn at first, where the steps are dense, then ever longer.
                turns += 1 + turns // 16


async def test_reset_while_connecting_is_a_network_error(authority: Authority) -> None:
    """A server that closes right after accepting is a network error, not a TLS verdict."""

    def leave(sock: socket.socket) -> None:
        sock.close()

    with serve(leave) as server, pytest.raises(LinkError) as failed:
        await dialer().dial(tls_target(server.port, authority.ca_file), Collector())
    assert isinstance(failed.value, NetworkError)
