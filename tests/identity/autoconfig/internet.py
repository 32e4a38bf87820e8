"""A name server and a web server on loopback are the internet; the certificates are the tests' own.

Must not know: who is believed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_network

from aiohttp import web

from tests.support.authority import Certificate
from tests.support.names import NamedHosts, NameServer
from vedette.identity.autoconfig.discovery import Inquiry
from vedette.identity.autoconfig.names import DnsNames
from vedette.identity.autoconfig.pages import WebPages
from vedette.net.address import AddressGuard

WELL_KNOWN = ("example.org", "/.well-known/autoconfig/mail/config-v1.1.xml")
AUTOCONFIG = ("autoconfig.example.org", "/mail/config-v1.1.xml")
ISPDB = ("ispdb.example.net", "/v1.1/example.org")
HERE = ["127.0.0.1"]


def config(host: str, *, kind: str = "SSL", port: int = 993, extra: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{extra}<clientConfig version="1.1"><emailProvider id="x">'
        f'<incomingServer type="imap"><hostname>{host}</hostname><port>{port}</port>'
        f"<socketType>{kind}</socketType><username>%EMAILADDRESS%</username>"
        "<authentication>password-cleartext</authentication></incomingServer>"
        "</emailProvider></clientConfig>"
    )


@dataclass
class Internet:
    """What there is to be asked. A page is a text, or what answers."""

    names: NameServer
    certificate: Certificate
    pages: dict[tuple[str, str], str | Callable[[web.Request], Awaitable[web.StreamResponse]]] = (
        field(default_factory=dict)
    )
    seen: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.host, request.path_qs))
        page = self.pages.get((request.host, request.path))
        if page is None:
            return web.Response(status=404)
        if isinstance(page, str):
            return web.Response(text=page, content_type="text/xml")
        return await page(request)

    def inquiry(self, *allowed: str) -> Inquiry:
        """Return whom to ask; loopback is allowed here, as it is the internet."""
        guard = AddressGuard(allow=[ip_network(each) for each in allowed or HERE])
        return Inquiry(
            names=DnsNames(self.names.resolver()),
            pages=WebPages(
                guard=guard,
                ca_file=self.certificate.ca_file,
                resolver=NamedHosts(self.names, self.port),
            ),
            ispdb="https://ispdb.example.net/v1.1",
        )


def everything(internet: Internet) -> None:
    """Have every source know another host."""
    internet.names.rows["example.org", "MX"] = ["10 aspmx.l.google.com."]
    internet.names.rows["_imaps._tcp.example.org", "SRV"] = ["0 1 993 srv.example.org."]
    internet.pages[WELL_KNOWN] = config("known.example.org")
    internet.pages[AUTOCONFIG] = config("auto.example.org")
    internet.pages[ISPDB] = config("ispdb.example.org")
