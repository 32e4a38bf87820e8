"""Which hosts and ports a caller may name: those of the public net, others where an admin lets it.

Whoever names a port of a stranger's host has us talk to whatever listens there, a mail exchanger or
a database, from our address; so there is a list of them for all but admins.

This is the early word, so that a mistake is told when it is made; what a name leads to is judged
where the socket is made, each time (``net.address``, ``web.client``). It must not resolve names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from vedette.config.api import PORTS
from vedette.net.address import PRIVATE, AddressGuard
from vedette.net.host import is_literal
from vedette.ports.address import ForbiddenAddress

#: Says which ports of servers may be named by who is no admin, at this moment.
Ports: TypeAlias = Callable[[], Collection[int]]

#: Where URLs lead by themselves (RFC 9110 sections 4.2.1 and 4.2.2).
_WEB: Final = {"https": 443, "http": 80}
#: Where proxies listen: SOCKS (RFC 1928 section 3), Squid, and what else speaks HTTP.
_PROXIES: Final = frozenset({1080, 3128, 8080, *_WEB.values()})

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


def port_of(url: str) -> int:
    """Return the port of a URL that was read before; 1080 where it says none (RFC 1928)."""
    parts = urlsplit(url)
    return parts.port or _WEB.get(parts.scheme, 1080)


def usual_ports() -> Collection[int]:
    """Return the ports that may be named where nobody set others."""
    return PORTS


def port_refusal(port: int, ports: Collection[int]) -> str | None:
    """Say why who is no admin may not name a port of a server; None where he may."""
    return None if port in ports else _refused(port, ports)


def proxy_refusal(port: int, ports: Collection[int]) -> str | None:
    """Say the same of a proxy, which listens elsewhere."""
    return port_refusal(port, _PROXIES.union(ports))


def url_refusal(url: str, ports: Collection[int]) -> str | None:
    """Say the same of a URL that was read before; one of another scheme has ports of its own."""
    parts = urlsplit(url)
    if parts.scheme not in _WEB:
        return None
    return port_refusal(parts.port or _WEB[parts.scheme], {*_WEB.values(), *ports})


def _refused(port: int, ports: Collection[int]) -> str:
    known = ", ".join(map(str, sorted(ports))) or "none"
    return f"the port {port} is up to an admin; others may name {known}"
