"""The way to a database server: its addresses, each judged, and whose certificate counts.

A library is given addresses and never the name, so that what was judged is what is dialled. It
must not know what is spoken over it.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver

from vedette.ports.address import AddressGuard
from vedette.sources.database import SourceError
from vedette.sources.location import Location
from vedette.web.resolver import Resolver
from vedette.web.way import Named, UnreachableError, addresses, first_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How connections to one server are made."""

    location: Location
    guard: AddressGuard
    resolver: AbstractResolver = field(default_factory=Resolver)

    async def addresses(self) -> Sequence[str]:
        """Return the literal addresses that may be dialled. Raises SourceError for none."""
        host, port = self.location.host, self.location.port
        try:
            return await addresses(host, port, guard=self.guard, resolver=self.resolver)
        except UnreachableError as error:
            raise SourceError(self.location.line(str(error))) from error

    def trust(self) -> ssl.SSLContext | None:
        """Return whom to trust, made anew: a file may have been replaced. None for no TLS.

        Raises SourceError where the file of authorities can not be used.
        """
        location = self.location
        if not location.tls:
            return None
        try:
            return Named.made(location.host, location.ca_file, verify=location.verify)
        except OSError as error:
            words = f"{location.ca_file} can not be used: {first_line(error)}"
            raise SourceError(location.line(words)) from error

    def failed(self, error: BaseException) -> SourceError:
        """Return what a library raised, in one line."""
        return SourceError(self.location.line(first_line(error)))
