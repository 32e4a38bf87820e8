"""Which hosts a caller may name: those of the public net, and inside ones where an admin lets it.

This is the early word, so that a mistake is told when it is made; what a name leads to is judged
where the socket is made, each time (``net.address``, ``web.client``). It must not resolve names.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from vedette.net.address import PRIVATE, AddressGuard
from vedette.net.host import is_literal
from vedette.ports.address import ForbiddenAddress

_PUBLIC: Final = AddressGuard()
_INSIDE: Final = AddressGuard(allow=PRIVATE)


def refusal(host: str, *, private: bool) -> str | None:
    """Say why a host, in its canonical spelling, may not be named; None where it may."""
    if not private and (host == "localhost" or host.endswith(".localhost")):
        return f"{host} is this machine, and may not be dialled unless an admin lets it"
    if not is_literal(host):
        return None
    try:
        (_INSIDE if private else _PUBLIC).check(host)
    except ForbiddenAddress as error:
        return str(error)
    return None


def host_of(url: str) -> str:
    """Return the host of a URL that was read before."""
    return (urlsplit(url).hostname or "").lower()
