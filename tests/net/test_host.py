"""The spelling of hosts: one form for each, and no number in disguise."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import NetworkError
from vedette.net.host import authority, canonical, is_literal
from vedette.ports.address import ForbiddenAddress


@pytest.mark.parametrize(
    "host",
    [
        "0177.0.0.1",
        "0x7f.1",
        "0X7F.0.0.1",
        "127.1",
        "127.0.0.01",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0x",
        "1.2.3.4.5",
        "256.0.0.1",
        "127.0.0.1..",
        "example.1",
        "example.0x1f",
        "①②⑦.⓪.⓪.①",
        "１２７.０.０.１",  # noqa: RUF001 - the wide digits are the case
        "127。0。0。1",
        "١٢٧.0.0.1",
    ],
)
def test_number_in_disguise_is_no_host(host: str) -> None:
    """Every spelling that a resolver could take for an IP address is refused."""
    with pytest.raises(NetworkError):
        canonical(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "..",
        "a..b",
        "-".join("x" * 100 for _ in range(3)),
        "x" * 64,
        "a b",
        "a\r\nb",
        "a\0b",
        "user@host",
        "host:143",
        "host/path",
        "[::1",
        "::1]",
        "[mail.example.org]",
        "%31.example",
        "xn--\udcff.example",
    ],
)
def test_garbage_is_no_host(host: str) -> None:
    """A host with characters no zone holds is refused before anything is looked up."""
    with pytest.raises(NetworkError):
        canonical(host)


@pytest.mark.parametrize(
    ("host", "spelling"),
    [
        ("Mail.Example.ORG", "mail.example.org"),
        ("mail.example.org.", "mail.example.org"),
        ("localhost", "localhost"),
        ("_imaps.example.org", "_imaps.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("1.example", "1.example"),
        ("0x7f.example", "0x7f.example"),
    ],
)
def test_host_has_one_spelling(host: str, spelling: str) -> None:
    """Names are lower-case ASCII without a trailing dot, literals are compressed."""
    assert canonical(host) == spelling


@given(st.ip_addresses())
def test_literal_stays_itself(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """An IP literal in its canonical form is kept and known as a literal."""
    assert canonical(str(address)) == str(address)
    assert is_literal(str(address))


@given(st.text(max_size=300))
def test_any_text_is_a_host_or_a_typed_error(text: str) -> None:
    """Whatever is given, a host comes out that comes out again, or a NetworkError."""
    try:
        spelling = canonical(text)
    except NetworkError:
        return
    assert spelling.isascii()
    assert canonical(spelling) == spelling


def test_odd_literal_is_told_apart_from_a_typing_error() -> None:
    """A number in disguise is a forbidden address, with the way to write it."""
    with pytest.raises(ForbiddenAddress, match=r"odd spelling of an IP address"):
        canonical("127.1")


def test_name_is_no_literal() -> None:
    """A name is looked up, a literal is not."""
    assert not is_literal("mail.example.org")


def test_authority_puts_ipv6_in_brackets() -> None:
    """Host and port are told apart also for IPv6."""
    assert authority("2001:db8::1", 993) == "[2001:db8::1]:993"
    assert authority("mail.example.org", 993) == "mail.example.org:993"
