"""What the world is asked for a mailbox: names of the DNS, and pages of the web.

Who answers is elsewhere, so that whoever never asks need not import them. It must not know what an
answer means.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol

from vedette.identity.autoconfig.service import Service


class Names(Protocol):
    """What is asked of the DNS. Raises NetworkError where it could not be asked.

    Names come back in lower case, without a dot at their end. The caller sets the deadline.
    """

    async def exchangers(self, domain: str) -> list[str]:
        """Return the hosts that take mail for a domain, best first; [""] where it takes none."""

    async def services(self, name: str) -> list[Service]:
        """Return the SRV records of a service's name, such as ``_imaps._tcp.example.org``."""


class Pages(Protocol):
    """Gets documents. Raises NetworkError. The caller sets the deadline."""

    async def page(self, url: str, *, most: int) -> bytes | None:
        """Return a document of ``most`` octets, or None where there is none."""


class LaterNames:
    """The DNS of this machine, by a library that is imported for the first question: 0.1 s."""

    def __init__(self) -> None:
        self._names: Names | None = None

    async def exchangers(self, domain: str) -> list[str]:
        """Return the hosts that take mail for a domain, best first."""
        return await self._library().exchangers(domain)

    async def services(self, name: str) -> list[Service]:
        """Return the SRV records of a name."""
        return await self._library().services(name)

    def _library(self) -> Names:
        if self._names is None:
            self._names = import_module("vedette.identity.autoconfig.names").DnsNames()
        return self._names
