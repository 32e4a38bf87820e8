"""TLS: who is trusted, and what is said of who is not."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time

import pytest

from tests.net.peers import Collector, dialer, echo, reset, serve, silent, target, tls_target
from tests.support.authority import Authority, Certificate
from tests.support.process import open_descriptors
from vedette.errors import NetworkError, TLSError
from vedette.net import tls
from vedette.net.admission import Gate
from vedette.net.context import Contexts
from vedette.net.resume import Service
from vedette.ports.link import Encryption, Peer, TlsPolicy

pytestmark = pytest.mark.usefixtures("calm")

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


async def greeted(port: int, policy: TlsPolicy, *, host: str = "mail.example.org") -> Peer:
    """Dial with TLS, wait for the greeting, hang up, and return the peer."""
    receiver = Collector()
    there = target(port, host=host, encryption=Encryption.IMPLICIT, policy=policy)
    stream = await dialer().dial(there, receiver)
    await receiver.received(b"* OK ready\r\n")
    stream.close()
    return stream.peer


async def refused(port: int, policy: TlsPolicy, *, host: str = "mail.example.org") -> TLSError:
    """Dial with TLS and return the error that must come."""
    with pytest.raises(TLSError) as error:
        await greeted(port, policy, host=host)
    return error.value


async def test_c12_expired_certificate_is_named_with_its_day(authority: Authority) -> None:
    """An expired certificate is refused, and the message holds the day and the remedy."""
    expired = authority.issue("mail.example.org", begins=-9, ends=-2)
    with serve(silent, tls=expired.context()) as server:
        error = await refused(server.port, TlsPolicy(ca_file=str(authority.ca_file)))
    assert "the server's certificate expired (" in str(error)
    assert "GMT); its owner must renew it" in str(error)
    assert error.reply is not None
    assert "certificate has expired" in error.reply
    assert "_ssl.c" not in error.reply


async def test_c12_certificate_from_the_future_blames_the_clock(authority: Authority) -> None:
    """A certificate that is not valid yet points at the clock of this machine."""
    early = authority.issue("mail.example.org", begins=2, ends=9)
    with serve(silent, tls=early.context()) as server:
        error = await refused(server.port, TlsPolicy(ca_file=str(authority.ca_file)))
    assert "is not valid yet (" in str(error)


async def test_c12_wrong_host_names_the_certificates_names(authority: Authority) -> None:
    """A certificate for other names is refused, and the names are listed, a few of them."""
    wrong = authority.issue("imap.example.net", "*.example.net", filler=9)
    with serve(silent, tls=wrong.context()) as server:
        error = await refused(server.port, TlsPolicy(ca_file=str(authority.ca_file)))
    assert (
        "is not for mail.example.org but for imap.example.net, *.example.net,"
        " filler-0.example.org, filler-1.example.org, filler-2.example.org and 6 more;"
    ) in str(error)


async def test_a_ca_may_be_given_as_its_text(authority: Authority) -> None:
    """As an account of the API has it: in the place of the system's, and of none beside."""
    named = authority.issue("mail.example.org")
    text = authority.ca_file.read_text()
    with serve(echo, tls=named.context()) as server:
        assert (await greeted(server.port, TlsPolicy(ca=text))).tls is not None
        error = await refused(server.port, TlsPolicy())
    assert "from an unknown issuer" in str(error)


async def test_a_text_that_is_no_ca_is_refused(authority: Authority) -> None:
    """Before anything is sent."""
    named = authority.issue("mail.example.org")
    with serve(silent, tls=named.context()) as server:
        error = await refused(server.port, TlsPolicy(ca="nothing"))
    assert "the CA holds no certificate in PEM form" in str(error)


async def test_c12_self_signed_certificate_is_named(authority: Authority) -> None:
    """A self-signed certificate is refused with the two ways to trust it."""
    lone = authority.issue("mail.example.org", self_signed=True)
    with serve(silent, tls=lone.context()) as server:
        error = await refused(server.port, TlsPolicy(ca_file=str(authority.ca_file)))
    assert "is self-signed; name it with ca_file, or pin it" in str(error)


async def test_c12_unknown_issuer_is_named(leaf: Certificate) -> None:
    """A certificate of an authority the system does not know is refused by its name."""
    with serve(silent, tls=leaf.context()) as server:
        error = await refused(server.port, TlsPolicy())
    assert "is from an unknown issuer (Test Authority); name its CA in ca_file" in str(error)


@pytest.mark.parametrize("version", VERSIONS)
async def test_c12_pin_replaces_chain_and_name(
    authority: Authority, version: ssl.TLSVersion
) -> None:
    """A pinned certificate is trusted whoever signed it and whatever it is for."""
    lone = authority.issue("elsewhere.example.net", begins=-9, ends=-2, self_signed=True)
    spelt = ":".join(lone.pin[i : i + 2] for i in range(0, 64, 2)).upper()
    with serve(echo, tls=lone.context(maximum=version)) as server:
        await greeted(server.port, TlsPolicy(pin=lone.pin))
        await greeted(server.port, TlsPolicy(pin=spelt))


async def test_c12_other_certificate_than_the_pinned_is_refused(
    authority: Authority, leaf: Certificate
) -> None:
    """A valid certificate that is not the pinned one is refused, and its digest told."""
    with serve(silent, tls=leaf.context()) as server:
        error = await refused(server.port, TlsPolicy(pin="00" * 32, ca_file=str(authority.ca_file)))
    assert f"has the SHA-256 {leaf.pin}, not the pinned one" in str(error)


@pytest.mark.parametrize("version", VERSIONS)
async def test_pin_is_checked_on_a_resumed_session(
    leaf: Certificate, version: ssl.TLSVersion
) -> None:
    """Resumption does not get around the pin: the session belongs to the policy with it."""
    one = dialer()
    peers = []
    with serve(echo, tls=leaf.context(maximum=version)) as server:
        for _ in range(2):
            receiver = Collector()
            policy = TlsPolicy(pin=leaf.pin)
            there = target(server.port, encryption=Encryption.IMPLICIT, policy=policy)
            stream = await one.dial(there, receiver)
            await receiver.received(b"ready")
            peers.append(stream.peer)
            stream.close()
        other = TlsPolicy(pin="00" * 32)
        with pytest.raises(TLSError):
            await one.dial(
                target(server.port, encryption=Encryption.IMPLICIT, policy=other), Collector()
            )
    assert [peer.resumed for peer in peers] == [False, True]


async def test_unverified_link_connects_when_the_account_says_so(authority: Authority) -> None:
    """With verification off any certificate is taken."""
    lone = authority.issue("elsewhere.example.net", self_signed=True)
    with serve(echo, tls=lone.context()) as server:
        await greeted(server.port, TlsPolicy(verify=False))


async def test_self_signed_certificate_as_its_own_ca_file(authority: Authority) -> None:
    """A server's own certificate may be named as what to trust."""
    lone = authority.issue("mail.example.org", self_signed=True)
    with serve(echo, tls=lone.context()) as server:
        await greeted(server.port, TlsPolicy(ca_file=str(lone.path)))


async def test_signed_certificate_as_its_own_ca_file(leaf: Certificate) -> None:
    """A person who names the server's own certificate means it, whoever signed it."""
    with serve(echo, tls=leaf.context()) as server:
        await greeted(server.port, TlsPolicy(ca_file=str(leaf.path)))


async def test_server_may_not_renegotiate() -> None:
    """A second handshake inside a TLS 1.2 link is refused."""
    context = await Contexts().of(TlsPolicy())
    assert context.options & ssl.OP_NO_RENEGOTIATION


async def test_an_end_without_notice_is_not_ignored() -> None:
    """No context takes a truncated stream for an orderly end, whatever this Python's default."""
    context = await Contexts().of(TlsPolicy())
    assert not context.options & ssl.OP_IGNORE_UNEXPECTED_EOF


async def test_policies_that_differ_in_the_pin_share_a_context(leaf: Certificate) -> None:
    """A context is a megabyte: a thousand pins need one, and the cache is bounded."""
    contexts = Contexts(limit=2)
    first = await contexts.of(TlsPolicy(pin="00"))
    assert await contexts.of(TlsPolicy(pin="11")) is first
    assert await contexts.of(TlsPolicy(verify=False)) is first
    await contexts.of(TlsPolicy(ca_file=str(leaf.path)))
    await contexts.of(TlsPolicy(ca_file=str(leaf.path), minimum="1.3"))
    assert await contexts.of(TlsPolicy(pin="00")) is not first


async def test_context_is_made_once_for_many_who_want_it() -> None:
    """Links that start together do not make a context each."""
    contexts = Contexts()
    made = await asyncio.gather(*(contexts.of(TlsPolicy(minimum="1.3")) for _ in range(20)))
    assert len(set(map(id, made))) == 1


@pytest.mark.parametrize("text", ["", "not a certificate"])
async def test_useless_ca_file_is_named(authority: Authority, text: str) -> None:
    """A CA file without a certificate is a TLS error with its path."""
    path = f"{authority.ca_file}.{len(text)}"
    with open(path, "w", encoding="ascii") as file:  # noqa: ASYNC230, PTH123 - a test's own file
        file.write(text)
    with serve(silent) as server:
        error = await refused(server.port, TlsPolicy(ca_file=path))
    assert f"the CA file {path} holds no certificate in PEM form" in str(error)


async def test_missing_ca_file_is_named() -> None:
    """A CA file that is not there is a TLS error with its path and the system's words."""
    with serve(silent) as server:
        error = await refused(server.port, TlsPolicy(ca_file="/nowhere/ca.pem"))
    assert "the CA file /nowhere/ca.pem can not be read: No such file or directory" in str(error)


@pytest.mark.parametrize(
    "policy", [TlsPolicy(minimum="1.1"), TlsPolicy(security_level=9)], ids=["minimum", "level"]
)
async def test_unknown_setting_is_named(policy: TlsPolicy) -> None:
    """A TLS version or security level that does not exist is a TLS error, not a traceback."""
    with serve(silent) as server:
        error = await refused(server.port, policy)
    assert "1.2 or 1.3" in str(error) or "security level 9" in str(error)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_c11_old_tls_is_a_tls_error_with_the_reason(
    authority: Authority, leaf: Certificate
) -> None:
    """A server with TLS 1.1 only is reported as such, not as unreachable."""
    old = leaf.context(
        minimum=ssl.TLSVersion.TLSv1_1,
        maximum=ssl.TLSVersion.TLSv1_1,
        ciphers="DEFAULT@SECLEVEL=0",
    )
    with serve(silent, tls=old) as server:
        error = await refused(server.port, TlsPolicy(ca_file=str(authority.ca_file)))
    assert "TLS version" in str(error)
    assert error.reply is not None


async def test_c11_minimum_is_the_accounts(authority: Authority, leaf: Certificate) -> None:
    """An account that wants TLS 1.3 does not take 1.2; another one does."""
    with serve(echo, tls=leaf.context(maximum=ssl.TLSVersion.TLSv1_2)) as server:
        error = await refused(server.port, TlsPolicy(ca_file=str(authority.ca_file), minimum="1.3"))
        assert "no common TLS version" in str(error)
        peer = await greeted(server.port, TlsPolicy(ca_file=str(authority.ca_file)))
    assert peer.tls == "TLSv1.2"


async def test_c11_security_level_opens_old_ciphers_for_one_account(
    authority: Authority, leaf: Certificate
) -> None:
    """A cipher without authentication strength passes at level 0 only where it is set."""
    weak = leaf.context(maximum=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0")
    with serve(echo, tls=weak) as server:
        error = await refused(server.port, TlsPolicy(ca_file=str(authority.ca_file)))
    assert "security_level = 1 may help" in str(error)


async def sni(authority: Authority, leaf: Certificate, host: str) -> list[str | None]:
    """Return the server names that a link to ``host`` announced."""
    names: list[str | None] = []
    context = leaf.context()

    def note(_sock: ssl.SSLObject, name: str, _context: ssl.SSLContext) -> None:
        names.append(name)

    context.sni_callback = note
    with serve(echo, tls=context) as server:
        await greeted(server.port, TlsPolicy(ca_file=str(authority.ca_file)), host=host)
    return names


async def test_c12_no_server_name_for_an_ip_literal(
    authority: Authority, leaf: Certificate
) -> None:
    """A link to an IP literal is verified by it, and announces no server name (RFC 6066 3)."""
    assert await sni(authority, leaf, "127.0.0.1") == [None]


async def test_server_name_is_announced_in_its_one_spelling(
    authority: Authority, leaf: Certificate
) -> None:
    """A link to a name announces it in lower case, without the trailing dot."""
    assert await sni(authority, leaf, "Mail.Example.org.") == ["mail.example.org"]


async def test_silent_servers_do_not_hold_up_a_handshake(
    authority: Authority, leaf: Certificate
) -> None:
    """A hundred servers that accept and say nothing do not keep a living one waiting."""
    one = dialer()
    with serve(silent) as dead, serve(echo, tls=leaf.context()) as alive:
        stuck = [
            asyncio.create_task(one.dial(tls_target(dead.port, authority.ca_file), Collector()))
            for _ in range(100)
        ]
        async with asyncio.timeout(60):
            stream = await one.dial(tls_target(alive.port, authority.ca_file), Collector())
        stream.close()
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


async def test_server_that_leaves_in_the_handshake_is_a_network_error(authority: Authority) -> None:
    """An end of file in the handshake is no verdict on certificates."""

    def leave(sock: socket.socket) -> None:
        sock.recv(65536)

    with serve(leave) as server, pytest.raises(NetworkError, match=r"closed the connection"):
        await dialer().dial(tls_target(server.port, authority.ca_file), Collector())


async def test_client_certificate_wanted_is_named(authority: Authority, leaf: Certificate) -> None:
    """A server that wants a client certificate says so after the handshake (TLS 1.3)."""
    context = leaf.context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.ca_file)
    receiver = Collector()
    with serve(silent, tls=context) as server:
        await dialer().dial(tls_target(server.port, authority.ca_file), receiver)
        error = await receiver.end()
    assert isinstance(error, TLSError)
    assert "wants a client certificate" in str(error)


async def test_greeting_is_not_held_up_by_a_delayed_acknowledgement(
    authority: Authority, leaf: Certificate
) -> None:
    """A server with Nagle's algorithm greets at once: its TLS tickets are acknowledged at once.

    The kernel would delay that by 40 ms on every connect; one that is free of load is enough.
    """
    one = dialer()
    took: list[float] = []
    with serve(echo, tls=leaf.context(maximum=ssl.TLSVersion.TLSv1_3)) as server:
        # The first is without a session; of a hundred others one meets no other tenant.
        while len(took) < 101 and min(took[1:], default=1.0) >= 0.03:
            receiver = Collector()
            stream = await one.dial(tls_target(server.port, authority.ca_file), receiver)
            began = time.monotonic()
            await receiver.received(b"ready")
            took.append(time.monotonic() - began)
            stream.close()
    assert min(took[1:]) < 0.03


async def test_c9_reset_in_the_middle_of_wrapping_leaves_nothing_to_the_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CPython has lost the descriptor by then; it is closed at once, and a network error."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
        # Where a reset is looked for is the moment before the one in question.
        monkeypatch.setattr(tls, "_refuse_reset", lambda _sock: reset(far))
        before = open_descriptors()

        with pytest.raises(NetworkError) as failed:
            await tls.Tls(Gate()).secure(
                sock, Service(host="localhost", port=993, policy=TlsPolicy())
            )

        assert failed.value.reply == "Connection reset by peer"
        assert open_descriptors() == before - 2
