"""Hosts as they are meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.guard import hosts


@pytest.mark.parametrize(
    "written",
    [
        "VULKAN-BET.PARTY", "vulkan-bet.party.", "vulkan-bet.party:443", "vulkan%2Dbet.party",
        "vulkan%252Dbet.party", "vulkan-bet。party", "vulkan-bet．party", "vulkan-bet｡party",
        "ｖｕｌｋａｎ-bet.party", "vulkan\t-bet.\nparty", "vul\u200bkan-bet.party",
        "vul\u00adkan-bet.party", "sparkasse.de@vulkan-bet.party", "a:b@vulkan-bet.party:80",
        "  vulkan-bet.party ", "𝐯𝐮𝐥𝐤𝐚𝐧-bet.party", "vulkan-bet%E3%80%82party",
    ],
)  # fmt: skip
def test_a_host_is_the_same_however_it_is_written(written: str) -> None:
    """Case, widths, dots, encoding, user information and port are no part of it."""
    assert hosts.normalise(written) == "vulkan-bet.party"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("vülkan.de", "xn--vlkan-kva.de"),
        ("VÜLKAN.de", "xn--vlkan-kva.de"),
        ("vu\u0308lkan.de", "xn--vlkan-kva.de"),
        ("faß.de", "xn--fa-hia.de"),
        ("казино.рф", "казино.рф".encode("idna").decode()),
        ("XN--VLKAN-KVA.de", "xn--vlkan-kva.de"),
    ],
)
def test_an_international_host_has_its_label_of_ascii(written: str, meant: str) -> None:
    """As the net knows it (RFC 5890)."""
    assert hosts.normalise(written) == meant


def test_an_international_host_is_shown_as_it_is_written() -> None:
    """What is no label of ASCII after all stays as it is."""
    assert hosts.shown("www.xn--vlkan-kva.de") == "www.vülkan.de"
    assert hosts.shown("xn--99999999999.de") == "xn--99999999999.de"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("3232235777", "192.168.1.1"), ("0xC0A80101", "192.168.1.1"), ("0300.168.1.1", "192.168.1.1"),
        ("192.168.257", "192.168.1.1"), ("127.1", "127.0.0.1"), ("[::1]", "::1"),
        ("[2001:DB8::1]:443", "2001:db8::1"), ("1.2.3.4", "1.2.3.4"),
    ],
)  # fmt: skip
def test_an_address_is_told_as_browsers_read_it(written: str, meant: str) -> None:
    """Numbers in one piece, octal or hexadecimal (WHATWG URL 3.5)."""
    found = hosts.normalise(written)

    assert found == meant
    assert hosts.is_address(meant)


@pytest.mark.parametrize(
    "written",
    ["", ".", "a..b", "-a.com", "a-.com", "a b.com", "x" * 64 + ".com", "a." * 200 + "com", "1.2.3.4.5",
     "256.1.1.1.1", "999.1.1.1", "[x]", "a,b", "<>", "%", "%zz", "\u3002"],
)  # fmt: skip
def test_what_is_no_host_is_none(written: str) -> None:
    """Nothing is guessed, nothing raises."""
    assert hosts.normalise(written) is None


@given(st.text(max_size=300))
def test_a_normal_host_stays_as_it_is(written: str) -> None:
    """Whatever was written: once is enough."""
    found = hosts.normalise(written)

    if found is not None:
        again = f"[{found}]" if ":" in found else found
        assert hosts.normalise(again) == found
        hosts.registrable(found)
        hosts.shown(found)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.shop.example.com", "example.com"), ("a.b.co.uk", "b.co.uk"), ("co.uk", None),
        ("jane.github.io", "jane.github.io"), ("github.io", None), ("x.bet.br", "x.bet.br"),
        ("bet.br", None), ("localhost", None), ("1.2.3.4", None), ("::1", None),
        ("mail.unheard-of", "mail.unheard-of"),
    ],
)  # fmt: skip
def test_the_registered_domain_is_below_a_public_suffix(host: str, domain: str | None) -> None:
    """Private suffixes count: each name below them has an owner of its own."""
    assert hosts.registrable(host) == domain


def test_a_public_suffix_is_known() -> None:
    """A list that holds one would hold everybody below it."""
    assert [hosts.is_public_suffix(host) for host in ("bet.br", "com", "a.com", "1.2.3.4")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_the_domains_above_a_host_come_in_order() -> None:
    """For the lookup in lists of domains."""
    assert list(hosts.parents("a.b.example.com")) == [
        "a.b.example.com",
        "b.example.com",
        "example.com",
    ]
    assert list(hosts.parents("1.2.3.4")) == ["1.2.3.4"]
    assert list(hosts.parents("localhost")) == ["localhost"]


def test_a_service_of_many_senders_is_no_domain_above_its_tenant() -> None:
    """The tenant may be evidence, the service never is."""
    assert list(hosts.parents("u123.ct.sendgrid.net")) == [
        "u123.ct.sendgrid.net",
        "ct.sendgrid.net",
    ]


def test_an_address_of_mail_has_a_host() -> None:
    """And a name alone has none."""
    assert hosts.of_address("jane@Example.COM") == "example.com"
    assert hosts.of_address("example.com") is None
