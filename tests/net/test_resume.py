"""Sessions of TLS: kept, offered to the same service alone, and given up in time."""

from __future__ import annotations

import contextlib
import socket
import ssl

import pytest

from tests.net.peers import Collector, dialer, echo, serve, silent, target, tls_target
from tests.support.authority import Authority, Certificate
from vedette.errors import NetworkError, TLSError
from vedette.net.resume import LOOKS, LOOKS_SPAN, SESSION_LIFETIME, Kept, Service, Sessions
from vedette.ports.link import Encryption, TlsPolicy

pytestmark = pytest.mark.usefixtures("calm")

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS)
async def test_second_link_resumes_the_session(
    authority: Authority, leaf: Certificate, version: ssl.TLSVersion
) -> None:
    """Links to one host, port and policy share a session, also in TLS 1.3."""
    one = dialer()
    resumed = []
    with serve(echo, tls=leaf.context(maximum=version)) as server:
        for _ in range(3):
            receiver = Collector()
            stream = await one.dial(tls_target(server.port, authority.ca_file), receiver)
            await receiver.received(b"ready")
            resumed.append(stream.peer.resumed)
            stream.close()
    assert resumed == [False, True, True]


@pytest.mark.parametrize("version", VERSIONS)
async def test_session_is_taken_at_the_first_data(
    authority: Authority, leaf: Certificate, version: ssl.TLSVersion
) -> None:
    """A second link resumes while the first, which was greeted, is still open."""
    one = dialer()
    with serve(echo, tls=leaf.context(maximum=version)) as server:
        receiver = Collector()
        first = await one.dial(tls_target(server.port, authority.ca_file), receiver)
        await receiver.received(b"ready")
        second = await one.dial(tls_target(server.port, authority.ca_file), Collector())
        assert second.peer.resumed
        first.close()
        second.close()


async def test_session_of_a_failed_handshake_is_not_offered_again(
    authority: Authority, leaf: Certificate
) -> None:
    """After a handshake that failed the next one starts from nothing."""
    one = dialer()
    context = leaf.context()
    resumed = []
    port = 0
    for script, tls in ((echo, context), (silent_close, None), (echo, context)):
        with serve(script, tls=tls, port=port) as server:
            port = server.port
            receiver = Collector()
            try:
                stream = await one.dial(tls_target(port, authority.ca_file), receiver)
            except NetworkError:
                continue
            await receiver.received(b"ready")
            resumed.append(stream.peer.resumed)
            stream.close()
    assert resumed == [False, False]


def silent_close(sock: socket.socket) -> None:
    """Take the ClientHello and leave."""
    sock.recv(65536)


async def test_session_is_taken_at_the_close_of_a_silent_link(
    authority: Authority, leaf: Certificate
) -> None:
    """A link that got no data gives its TLS 1.2 session when it is closed."""
    one = dialer()
    with serve(silent, tls=leaf.context(maximum=ssl.TLSVersion.TLSv1_2)) as server:
        (await one.dial(tls_target(server.port, authority.ca_file), Collector())).close()
        stream = await one.dial(tls_target(server.port, authority.ca_file), Collector())
        assert stream.peer.resumed
        stream.close()


async def test_server_that_forgot_the_session_gets_a_full_handshake(
    authority: Authority, leaf: Certificate
) -> None:
    """A restarted server with new ticket keys is reached all the same."""
    one = dialer()
    resumed = []
    port = 0
    for _ in range(2):
        with serve(echo, tls=leaf.context(), port=port) as server:
            port = server.port
            receiver = Collector()
            stream = await one.dial(tls_target(port, authority.ca_file), receiver)
            await receiver.received(b"ready")
            resumed.append(stream.peer.resumed)
            stream.close()
    assert resumed == [False, False]


async def test_session_is_not_shared_between_policies(
    authority: Authority, leaf: Certificate
) -> None:
    """A session of a link that verified nothing does not spare another its verification."""
    one = dialer()
    with serve(echo, tls=leaf.context()) as server:
        receiver = Collector()
        blind = target(
            server.port,
            host="other.example.org",
            encryption=Encryption.IMPLICIT,
            policy=TlsPolicy(verify=False),
        )
        stream = await one.dial(blind, receiver)
        await receiver.received(b"ready")
        stream.close()
        with pytest.raises(TLSError):
            await one.dial(
                tls_target(server.port, authority.ca_file, host="other.example.org"), Collector()
            )


@pytest.fixture(scope="session")
def session(leaf: Certificate) -> ssl.SSLSession:
    """Return a session of a handshake in memory; it may be offered, it is never used."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up)
    theirs = leaf.context().wrap_bio(up, down, server_side=True)
    for end in (ours, theirs, ours, theirs):
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    with contextlib.suppress(ssl.SSLWantReadError):
        ours.read()
    assert ours.session is not None
    return ours.session


def test_session_is_offered_for_an_hour_after_the_verification(
    leaf: Certificate, session: ssl.SSLSession
) -> None:
    """After an hour the certificate is verified again, however often it was resumed."""
    context = leaf.context()
    service = Service(host="mail.example.org", port=993, policy=TlsPolicy())
    sessions = Sessions()
    kept = Kept(session=session, context=context, verified_at=100.0)
    sessions.keep(service, kept)
    assert sessions.offer(service, context, 100.0 + SESSION_LIFETIME - 1) is kept
    assert sessions.offer(service, context, 100.0 + SESSION_LIFETIME) is None
    assert sessions.offer(service, context, 100.0) is None


def test_session_of_another_context_is_not_offered(
    leaf: Certificate, session: ssl.SSLSession
) -> None:
    """OpenSSL refuses a session of another context, so it is dropped."""
    service = Service(host="mail.example.org", port=993, policy=TlsPolicy())
    sessions = Sessions()
    sessions.keep(service, Kept(session=session, context=leaf.context(), verified_at=0.0))
    assert sessions.offer(service, leaf.context(), 1.0) is None


def test_sessions_are_bounded(leaf: Certificate, session: ssl.SSLSession) -> None:
    """Over the limit the least recently used session is given up."""
    context = leaf.context()
    services = [Service(host="h", port=port, policy=TlsPolicy()) for port in (1, 2, 3)]
    sessions = Sessions(limit=2)
    kept = Kept(session=session, context=context, verified_at=0.0)
    sessions.keep(services[0], kept)
    sessions.keep(services[1], kept)
    sessions.offer(services[0], context, 1.0)
    sessions.keep(services[2], kept)
    assert [sessions.offer(service, context, 1.0) for service in services] == [kept, None, kept]


async def test_links_to_a_server_without_tickets_are_looked_at_a_few_times(
    authority: Authority, leaf: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To look at a session costs 6 KiB for ever on some interpreters, so looks are counted."""
    context = leaf.context(minimum=ssl.TLSVersion.TLSv1_3)
    context.num_tickets = 0
    looks: list[ssl.SSLSocket] = []
    real = ssl.SSLSocket.__dict__["session"]

    def session(sock: ssl.SSLSocket) -> object:
        looks.append(sock)
        return real.fget(sock)

    monkeypatch.setattr(ssl.SSLSocket, "session", property(session))
    one = dialer()
    with serve(echo, tls=context) as server:
        for _ in range(LOOKS + 3):
            receiver = Collector()
            stream = await one.dial(tls_target(server.port, authority.ca_file), receiver)
            await receiver.received(b"ready")
            stream.close()
    assert len(looks) == LOOKS


def test_looks_at_links_of_a_service_are_given_anew_after_a_while() -> None:
    """A server that begins to give tickets is believed; another has looks of its own."""
    one, other = (Service(host=name, port=993, policy=TlsPolicy()) for name in "ab")
    sessions = Sessions()
    assert all(sessions.may_look(one, 10.0) for _ in range(LOOKS))
    assert not sessions.may_look(one, 10.0 + LOOKS_SPAN - 1)
    assert sessions.may_look(other, 10.0 + LOOKS_SPAN - 1)
    assert sessions.may_look(one, 10.0 + LOOKS_SPAN)


def test_looks_of_many_services_are_bounded() -> None:
    """Over the limit the service that was looked at longest ago is forgotten."""
    services = [Service(host="h", port=port, policy=TlsPolicy()) for port in (1, 2)]
    sessions = Sessions(limit=1)
    for _ in range(LOOKS):
        assert sessions.may_look(services[0], 0.0)
    assert sessions.may_look(services[1], 0.0)
    assert sessions.may_look(services[0], 0.0)
