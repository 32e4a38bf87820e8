"""Where a webhook may go: addresses, names, proxies and certificates."""

from __future__ import annotations

import socket
from ipaddress import ip_network

import pytest

from tests.sinks.hooks import (
    STRICT,
    Names,
    hook,
    local,
    refused,
)
from tests.sinks.parcels import parcel
from tests.sinks.receivers import receiver, status
from tests.support.authority import Authority
from vedette.model.delivery import Delivered, Refused
from vedette.net.address import AddressGuard
from vedette.secret import Secret


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "localhost",
        "169.254.169.254",
    ],
)
async def test_no_spelling_of_an_inside_address_is_dialled(host: str) -> None:
    """The check is bound to the address that would be connected, literals included."""
    async with receiver() as it:
        async with hook(f"http://{host}:{it.port}/", guard=STRICT, timeout=5) as sink:
            outcome = await sink.send(parcel())

        assert isinstance(outcome, Refused)
        assert it.received == []


async def test_the_reason_of_a_forbidden_address_says_what_it_is() -> None:
    """A person reads why nothing was sent."""
    async with hook("http://127.0.0.1:9/", guard=STRICT) as sink:
        assert "loopback" in refused(await sink.send(parcel())).reason


async def test_a_name_that_changes_its_address_is_judged_at_each_connection() -> None:
    """Rebinding: allowed at first, inside the second time; the second is not dialled."""
    guard = AddressGuard(allow=[ip_network("127.0.0.1/32")])
    names = Names("127.0.0.1", "127.0.0.2")
    async with receiver(status(204, Connection="close"), host="0.0.0.0") as it:
        url = f"http://hooks.example.com:{it.port}/"
        async with hook(url, guard=guard, resolver=names) as sink:
            first = await sink.send(parcel())
            assert sink._session is not None
            sink._session.connector.clear_dns_cache()  # type: ignore[union-attr]
            second = await sink.send(parcel(2))

    assert (type(first), type(second)) == (Delivered, Refused)
    assert names.asked == 2
    assert len(it.received) == 1


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a proxy of the settings counts: a foreign one would see every mail."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with receiver() as it, hook(local(it)) as sink:
        assert isinstance(await sink.send(parcel()), Delivered)


async def test_a_configured_proxy_resolves_and_dials() -> None:
    """The name is never looked up here."""
    async with receiver() as proxy:
        url, via = "http://hooks.example.com/x", Secret(f"http://127.0.0.1:{proxy.port}")
        async with hook(url, proxy=via, guard=STRICT) as sink:
            outcome = await sink.send(parcel())

    assert isinstance(outcome, Delivered)
    assert proxy.received[0].url == "http://hooks.example.com/x"


async def test_tls_trusts_the_given_authority_and_no_other(authority: Authority) -> None:
    """A private authority is trusted when named; without it the certificate is refused."""
    async with receiver(tls=authority.issue().context()) as it:
        url = f"https://127.0.0.1:{it.port}/"
        async with hook(url, ca_file=authority.ca_file) as sink:
            trusted = await sink.send(parcel())
        async with hook(url) as sink:
            untrusted = await sink.send(parcel())

    assert isinstance(trusted, Delivered)
    assert "certificate is not trusted" in refused(untrusted).reason
    assert len(it.received) == 1


async def test_a_port_where_nobody_listens_is_refused_in_one_line() -> None:
    """The system's own words, and the host, and nothing of the path."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with hook(f"http://127.0.0.1:{port}/tok-3n") as sink:
            reason = refused(await sink.send(parcel())).reason

    assert reason.startswith(f"http://127.0.0.1:{port}: ")
    assert "tok-3n" not in reason


async def test_a_name_that_does_not_resolve_is_refused_with_the_resolvers_words() -> None:
    """No exception leaves the sink."""
    async with hook("http://nothing.invalid/tok-3n") as sink:
        reason = refused(await sink.send(parcel())).reason

    assert "does not resolve" in reason
    assert "tok-3n" not in reason
