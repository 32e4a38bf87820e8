"""Where the HTTP API is served, and to whom: ``[api]``.

It must not know what the API can do.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from vedette.config.document import Table

Network: TypeAlias = IPv4Network | IPv6Network

#: Loopback, so that a first start is open to nobody else; 8025 is no port that IANA gave away.
HOST, PORT = "127.0.0.1", 8025
#: Where servers of IMAP listen: RFC 9051 section 2.1, and with TLS from the start RFC 8314, 3.2.
PORTS: Final = (143, 993)
#: Requests a second and at once for one key: a dashboard makes tens, a runaway loop thousands.
RATE, BURST = 100.0, 200

_LAST_PORT: Final = 65_535
#: What a browser takes for this machine, where it lets a page do without TLS.
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What the API shows where it speaks TLS: a chain and its key, both as PEM files."""

    chain: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """How the API is served. The Unix socket in the state folder is there wherever it is enabled.

    ``is_asked`` says that somebody named the address: one that is taken is an error then, and only
    a warning where it is the default. What comes from ``trusted_proxies`` may say in
    ``X-Forwarded-For`` whom it asks for. ``rate`` is in requests a second for each key, ``burst``
    what may come at once. ``public_url`` is where browsers find this service: links and the redirect
    URI of OAuth 2.0 are made from it. ``return_to`` are the pages, with what is beneath them, that a
    browser may be sent back to. ``ispdb`` lets Thunderbird's database be asked for mailboxes.
    ``ports`` are those that who is no admin may name.
    """

    enabled: bool = True
    host: str = HOST
    port: int = PORT
    is_asked: bool = False
    certificate: Certificate | None = None
    trusted_proxies: tuple[Network, ...] = ()
    docs: bool = True
    rate: float = RATE
    burst: int = BURST
    public_url: str | None = None
    return_to: tuple[str, ...] = ()
    ispdb: bool = True
    ports: tuple[int, ...] = PORTS

    def fixed(self, now: ApiSettings) -> list[str]:
        """Return the keys that say something else ``now``, and count at a start only.

        They are where it is served, and what there is to be found.
        """
        told = {
            "enabled": self.enabled is now.enabled,
            "listen": (self.host, self.port) == (now.host, now.port),
            "cert_file": (self.certificate is None) is (now.certificate is None),
            "docs": self.docs is now.docs,
        }
        return [key for key, is_same in told.items() if not is_same]

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this machine can reach the port."""
        return self.host == "localhost" or ip_address(self.host).is_loopback


def read_api(table: Table, beside: Path) -> ApiSettings:
    """Read how the API is served; relative files are ``beside``. Raises ConfigError."""
    host, port = _listen(table)
    settings = ApiSettings(
        enabled=table.flag("enabled", default=True),
        host=host,
        port=port,
        is_asked="listen" in table,
        certificate=_certificate(table, beside),
        trusted_proxies=_proxies(table),
        docs=table.flag("docs", default=True),
        rate=table.number("rate", RATE, low=0.1, high=100_000),
        burst=table.whole("burst", BURST, low=1, high=1_000_000),
        public_url=_public_url(table),
        return_to=_return_to(table),
        ispdb=table.flag("ispdb", default=True),
        ports=table.wholes("ports", PORTS, low=1, high=_LAST_PORT),
    )
    table.done()
    return settings


def _listen(table: Table) -> tuple[str, int]:
    """Read an address and a port; an address of IPv6 stands in brackets (RFC 3986, 3.2.2)."""
    given = table.text("listen", f"{HOST}:{PORT}") or ""
    host, colon, port = given.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_number = port.isascii() and port.isdigit()
    if not colon or not is_number or int(port[:6]) > _LAST_PORT:
        table.fail("listen", f"{given!r} is no address and port, such as {HOST}:{PORT}")
    if host != "localhost":
        try:
            host = str(ip_address(host))
        except ValueError:
            # A name may have many addresses, and others tomorrow: who may reach us is not left to it.
            table.fail("listen", f"{host!r} is no address; for all of them say 0.0.0.0:{port}")
    return host, int(port)


def _certificate(table: Table, beside: Path) -> Certificate | None:
    chain, key = table.text("cert_file"), table.text("key_file")
    if chain is None and key is None:
        return None
    if chain is None:
        table.missing("cert_file", "the certificate that key_file belongs to")
    if key is None:
        table.missing("key_file", "the key of cert_file")
    found = Certificate(chain=beside / Path(chain), key=beside / Path(key))
    for name, path in (("cert_file", found.chain), ("key_file", found.key)):
        if not path.is_file():
            table.fail(name, f"there is no file {path}")
    return found


def _proxies(table: Table) -> tuple[Network, ...]:
    networks: list[Network] = []
    for each in table.texts("trusted_proxies"):
        try:
            networks.append(ip_network(each, strict=False))
        except ValueError:
            table.fail("trusted_proxies", f'{each!r} is no network, such as "10.0.0.0/8"')
    return tuple(networks)


def _public_url(table: Table) -> str | None:
    """Read where browsers find this service: scheme, host and port, and nothing else."""
    given = table.text("public_url")
    if given is None:
        return None
    found = _page(table, "public_url", given).removesuffix("/")
    if found.count("/") != len(("http:", "", "host")) - 1:
        table.fail("public_url", f"{given!r} is more than https://, host and port")
    return found


def _return_to(table: Table) -> tuple[str, ...]:
    return tuple(_page(table, "return_to", each) for each in table.texts("return_to"))


def _page(table: Table, key: str, given: str) -> str:
    """Read the address of a page: over TLS, or of this machine; without a query."""
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    is_plain = given.isascii() and given.isprintable() and not set(given) & set(" \\@?#")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _HERE)
    if not host or not is_plain or not is_safe:
        table.fail(key, f"{given!r} is no page, such as https://mail.example.org")
    return given
