"""The address guard: which IP addresses may be dialled, and why not.

``ipaddress.is_global`` is not enough: it is true for addresses that only wrap
an IPv4 address (64:ff9b::169.254.169.254, 2002:7f00:1::) and for multicast.
The tables here are closed the other way round for IPv6: what IANA has not
given to global unicast (2000::/3) is refused. Pure; it resolves and dials nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

from vedette.ports.address import ForbiddenAddress

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_IPV4: Final = {
    "0.0.0.0/8": "this network (RFC 1122)",
    "10.0.0.0/8": "a private network (RFC 1918)",
    "100.64.0.0/10": "carrier-grade NAT (RFC 6598)",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local (RFC 3927)",
    "172.16.0.0/12": "a private network (RFC 1918)",
    "192.0.0.0/24": "protocol assignments (RFC 6890)",
    "192.0.2.0/24": "documentation (RFC 5737)",
    "192.88.99.0/24": "the 6to4 relay (RFC 7526)",
    "192.168.0.0/16": "a private network (RFC 1918)",
    "198.18.0.0/15": "benchmarking (RFC 2544)",
    "198.51.100.0/24": "documentation (RFC 5737)",
    "203.0.113.0/24": "documentation (RFC 5737)",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved (RFC 1112)",
}
_IPV6: Final = {
    "::/128": "the unspecified address",
    "::1/128": "loopback",
    "100::/64": "discard-only (RFC 6666)",
    "2001::/32": "Teredo (RFC 4380)",
    "2001:2::/48": "benchmarking (RFC 5180)",
    "2001::/23": "protocol assignments (RFC 2928)",
    "2001:db8::/32": "documentation (RFC 3849)",
    "2002::/16": "6to4 (RFC 3056)",
    "3fff::/20": "documentation (RFC 9637)",
    "fc00::/7": "a private network (RFC 4193)",
    "fe80::/10": "link-local (RFC 4291)",
    "fec0::/10": "site-local (RFC 3879)",
    "ff00::/8": "multicast",
}

# Forms whose last 32 bits are an IPv4 address; ``::`` and ``::1`` stand above and come first.
_WRAPPED: Final = {
    "::ffff:0:0/96": "an IPv4-mapped address",
    "::ffff:0:0:0/96": "an IPv4-translated address",
    "::/96": "an IPv4-compatible address",
    "64:ff9b::/96": "NAT64 (RFC 6052)",
    "64:ff9b:1::/48": "local NAT64 (RFC 8215)",
}

# Where clouds answer the machine itself; some of it in ranges that are otherwise public.
_CLOUD: Final = {
    "100.100.100.200/32": "a cloud's metadata service",
    "168.63.129.16/32": "a cloud's platform service",
    "169.254.169.254/32": "a cloud's metadata service",
    "fd00:ec2::254/128": "a cloud's metadata service",
    "fd20:ce::254/128": "a cloud's metadata service",
}


def _networks(*tables: Mapping[str, str]) -> tuple[tuple[Network, str], ...]:
    return tuple(
        (ipaddress.ip_network(text), reason) for table in tables for text, reason in table.items()
    )


# The first match gives the reason, so the narrow ranges stand before the wide ones.
_SPECIAL: Final = _networks(_CLOUD, _IPV4, _IPV6, _WRAPPED)
_WRAPPING: Final = frozenset(network for network, _ in _networks(_WRAPPED))
_METADATA: Final = tuple(network for network, _ in _networks(_CLOUD))
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")

# Verdicts kept: the addresses of a fleet's providers are some hundreds.
REMEMBERED: Final = 1024

# ISATAP (RFC 5214 section 6.1): the interface identifier is 0:5efe or 200:5efe and an IPv4 address.
_ISATAP: Final = frozenset((0x00005EFE, 0x02005EFE))

# What ``Target.private`` opens. Link-local stays shut: a cloud's metadata lives there.
PRIVATE: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
    )
)


def refusal(address: Address) -> str | None:
    """Say why ``address`` must not be dialled, or None for ordinary global unicast.

    Source: the IANA special-purpose address registries (RFC 6890), the
    forms that carry an IPv4 address inside, and the metadata addresses of clouds.
    """
    special = _special(address)
    if special is not None:
        return special[1]
    if isinstance(address, IPv4Address):
        return None
    if address not in _GLOBAL_UNICAST:
        return "outside global unicast (RFC 4291)"
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return "ISATAP (RFC 5214)"
    return None


def embedded(address: Address) -> IPv4Address | None:
    """Return the IPv4 address at the end of a mapped, compatible, NAT64 or ISATAP form.

    6to4 keeps it in bits 16 to 47 (RFC 3056 section 2) and Teredo inverted at
    the end (RFC 4380 section 4). None for an address that carries none.
    """
    if isinstance(address, IPv4Address):
        return None
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    special = _special(address)
    if special is not None and special[0] in _WRAPPING:
        return last
    return last if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP else None


def _special(address: Address) -> tuple[Network, str] | None:
    return next((row for row in _SPECIAL if address in row[0]), None)


class AddressGuard:
    """Let global unicast pass, and what ``allow`` names.

    An allowed form that carries an IPv4 address passes only if that address
    passes too: allowing NAT64 does not open 64:ff9b::169.254.169.254. The
    metadata addresses of clouds pass only when a network of one address names them.
    """

    __slots__ = ("_allow", "_refused")

    def __init__(self, *, allow: Iterable[Network] = ()) -> None:
        self._allow = tuple(allow)
        # Thousands of mailboxes dial a few addresses, and each is held against forty networks.
        self._refused = lru_cache(maxsize=REMEMBERED)(self._refuse)

    def check(self, address: str) -> None:
        """Raise ForbiddenAddress unless ``address``, a literal IP, may be dialled."""
        try:
            reason = self._refused(address)
        except ValueError as error:
            raise ForbiddenAddress(f"{address!r} is not an IP address") from error
        if reason is not None:
            raise ForbiddenAddress(
                f"{address} is {reason} and may not be dialled unless the configuration allows it"
            )

    def _refuse(self, address: str) -> str | None:
        return self._judge(ipaddress.ip_address(address))

    def _judge(self, address: Address) -> str | None:
        reason = refusal(address)
        if reason is None:
            return None
        allowed = [network for network in self._allow if address in network]
        if not allowed:
            return reason
        if any(address in network for network in _METADATA) and not any(
            network.num_addresses == 1 for network in allowed
        ):
            return reason
        inner = embedded(address)
        return None if inner is None else self._judge(inner)
