"""The address guard: no inside or special address passes, in whatever form."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.net.address import PRIVATE, AddressGuard, embedded, refusal
from vedette.ports.address import ForbiddenAddress

SPECIAL = [
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::a00:1",
    "100::1",
    "1::1",
    "2001::1",
    "2001:0:53aa:64c:0:fbff:80ff:fffe",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2a00:1450:4001:80b:0:5efe:7f00:1",
    "2a00:1450:4001:80b:200:5efe:808:808",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
]
ORDINARY = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
]


@pytest.mark.parametrize("address", SPECIAL)
def test_special_address_is_refused(address: str) -> None:
    """Inside, reserved and wrapping addresses do not pass the guard."""
    with pytest.raises(ForbiddenAddress):
        AddressGuard().check(address)


@pytest.mark.parametrize("address", ORDINARY)
def test_ordinary_address_passes(address: str) -> None:
    """Global unicast passes, also right beside the special ranges."""
    AddressGuard().check(address)


@given(st.ip_addresses())
def test_what_is_not_global_is_refused(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """The guard refuses at least what the standard library knows not to be global."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert refusal(address) is not None


@given(
    st.ip_addresses(v=4),
    st.sampled_from(
        ["::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "2002::", "2a00::5efe:0:0", "2001::"]
    ),
)
def test_no_form_around_an_ipv4_address_passes(inner: ipaddress.IPv4Address, form: str) -> None:
    """Whatever IPv4 address is carried inside, the form is refused."""
    shift = 80 if form == "2002::" else 0
    address = ipaddress.IPv6Address(int(ipaddress.IPv6Address(form)) | int(inner) << shift)
    assert refusal(address) is not None


@pytest.mark.parametrize(
    ("address", "inner"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::10.0.0.1", "10.0.0.1"),
        ("64:ff9b::a00:1", "10.0.0.1"),
        ("2002:a00:1::1", "10.0.0.1"),
        ("2001:0:102:304::f5ff:fffe", "10.0.0.1"),
        ("2a00::200:5efe:a00:1", "10.0.0.1"),
        ("2a00::1", None),
        ("::1", None),
        ("10.0.0.1", None),
    ],
)
def test_inner_address_is_found(address: str, inner: str | None) -> None:
    """The IPv4 address inside a form is read from where its RFC puts it."""
    found = embedded(ipaddress.ip_address(address))
    assert found == (None if inner is None else ipaddress.IPv4Address(inner))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fd12::1", "100.64.1.1"])
def test_private_opens_the_inside(address: str) -> None:
    """A target marked private reaches loopback and private networks."""
    AddressGuard(allow=PRIVATE).check(address)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "100.100.100.200",
        "fd00:ec2::254",
        "fe80::1",
        "224.0.0.1",
        "::ffff:127.0.0.1",
        "fd12::5efe:169.254.169.254",
    ],
)
def test_private_opens_no_metadata_service(address: str) -> None:
    """Not even a private target reaches a cloud's metadata, link-local or a wrapped address."""
    with pytest.raises(ForbiddenAddress):
        AddressGuard(allow=PRIVATE).check(address)


def test_metadata_service_passes_only_by_its_own_name() -> None:
    """A cloud's metadata address passes when the configuration names exactly it."""
    AddressGuard(allow=[ipaddress.ip_network("169.254.169.254/32")]).check("169.254.169.254")


def test_allowed_nat64_opens_no_inside_address() -> None:
    """On a network with NAT64 the address inside is judged as itself."""
    guard = AddressGuard(allow=[ipaddress.ip_network("64:ff9b::/96")])
    guard.check("64:ff9b::8.8.8.8")
    with pytest.raises(ForbiddenAddress):
        guard.check("64:ff9b::169.254.169.254")


@pytest.mark.parametrize("text", ["0177.0.0.1", "2130706433", "0x7f.1", "127.1", "localhost", ""])
def test_only_a_literal_address_can_pass(text: str) -> None:
    """What is not a canonical literal is refused, whatever a resolver would make of it."""
    with pytest.raises(ForbiddenAddress):
        AddressGuard(allow=PRIVATE).check(text)


def test_refusal_names_the_reason() -> None:
    """The error says which address was refused and for what."""
    with pytest.raises(ForbiddenAddress, match=r"^127\.0\.0\.1 is loopback and may not be dialled"):
        AddressGuard().check("127.0.0.1")
