"""The one spelling of a host: a canonical IP literal or an ASCII name.

A resolver takes ``0177.0.0.1``, ``2130706433``, ``0x7f.1``, ``127.1`` and
digits of other scripts for loopback; a check that reads them otherwise is no
check. Here such spellings are refused before anything is looked up. This
module knows nothing of which addresses are allowed.
"""

from __future__ import annotations

import ipaddress
import string
from functools import lru_cache

from vedette.errors import NetworkError
from vedette.ports.address import ForbiddenAddress

# RFC 1035 section 2.3.4: 255 octets on the wire, 253 characters as text, 63 in a label.
_NAME_LIMIT = 253
_LABEL_LIMIT = 63

# Letters, digits, hyphen (RFC 1123 section 2.1), and the underscore that real zones contain.
_NAME_CHARACTERS = frozenset(string.ascii_lowercase + string.digits + "-_")


# A thousand mailboxes of one provider dial one host; a fleet meets far fewer providers.
@lru_cache(maxsize=1024)
def canonical(host: str) -> str:
    """Return ``host`` as a canonical IP literal or a lower-case ASCII name.

    Brackets around an IPv6 literal and a trailing dot go; other scripts become
    A-labels (RFC 5890). Raises ForbiddenAddress for a number that is not
    a plainly written address, NetworkError for what can be no host at all.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return _name(host)


def is_literal(host: str) -> bool:
    """Tell whether a canonical host is an IP address rather than a name."""
    return ":" in host or host.rpartition(".")[2].isdecimal()


@lru_cache(maxsize=1024)
@lru_cache(maxsize=1024)
def authority(host: str, port: int) -> str:
    """Write host and port as in a URL, IPv6 in brackets (RFC 3986 section 3.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _name(host: str) -> str:
    if not 0 < len(host) <= _NAME_LIMIT:
        raise NetworkError(f"{host[:60]!r} is not a host name: 1 to 253 characters are allowed")
    try:
        ascii_name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise NetworkError(f"{host!r} is not a host name: {error}", reply=str(error)) from error
    name = ascii_name.lower().removesuffix(".")
    labels = name.split(".")
    if _numeric(labels[-1]):
        raise ForbiddenAddress(
            f"{host!r} is an odd spelling of an IP address; write it as 192.0.2.1 or 2001:db8::1"
        )
    if len(name) > _NAME_LIMIT or not all(_label(label) for label in labels):
        raise NetworkError(f"{host!r} is not a host name; check the spelling")
    return name


def _numeric(label: str) -> bool:
    """Tell whether ``inet_aton`` could take a name ending so for a number (WHATWG URL 3.5)."""
    if label.startswith("0x"):
        return all(character in string.hexdigits for character in label[2:])
    return label.isdecimal()


def _label(label: str) -> bool:
    return 0 < len(label) <= _LABEL_LIMIT and _NAME_CHARACTERS.issuperset(label)
