"""The way to a database server: its addresses, each judged, and whose certificate counts.

A library is given addresses and never the name, so that what was judged is what is dialled. It
must not know what is spoken over it.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from aiohttp.abc import AbstractResolver

from vedette.ports.address import AddressGuard, ForbiddenAddress
from vedette.sources.database import SourceError
from vedette.sources.location import Location
from vedette.web.resolver import Resolver

#: A name may have any number of addresses; a database's publish a handful.
MAX_ADDRESSES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How connections to one server are made."""

    location: Location
    guard: AddressGuard
    resolver: AbstractResolver = field(default_factory=Resolver)

    async def addresses(self) -> Sequence[str]:
        """Return the literal addresses that may be dialled. Raises SourceError for none."""
        allowed, refused = [], []
        for address in await self._looked_up():
            try:
                self.guard.check(address)
            except ForbiddenAddress as error:
                refused.append(str(error))
            else:
                allowed.append(address)
        if not allowed:
            why = "; ".join(refused) or f"{self.location.host} has no address"
            raise SourceError(self.location.line(why))
        return allowed[:MAX_ADDRESSES]

    def trust(self) -> ssl.SSLContext | None:
        """Return whom to trust, made anew: a file may have been replaced. None for no TLS."""
        return Named.made(self.location) if self.location.tls else None

    def failed(self, error: BaseException) -> SourceError:
        """Return what a library raised, in one line."""
        return SourceError(self.location.line(explained(error)))

    async def _looked_up(self) -> list[str]:
        host = self.location.host
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        try:
            found = await self.resolver.resolve(host, self.location.port)
        except OSError as error:
            words = f"the name does not resolve: {explained(error)}"
            raise SourceError(self.location.line(words)) from error
        return list(dict.fromkeys(each["host"] for each in found))


class Named(ssl.SSLContext):
    """Trusts a server by the name of the settings, whatever address the client was given."""

    name = ""

    @classmethod
    def made(cls, location: Location) -> Named:
        """Return the context. Raises SourceError where the file of authorities can not be used."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.name = location.host
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not location.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif location.ca_file is None:
            context.load_default_certs()
        else:
            try:
                context.load_verify_locations(location.ca_file)
            except OSError as error:
                words = f"{location.ca_file} can not be used: {explained(error)}"
                raise SourceError(location.line(words)) from error
        return context

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - as it is in the class above
        server_hostname: str | bytes | None = None,  # noqa: ARG002 - the address
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Wrap, with the name in place of the address."""
        return super().wrap_bio(
            incoming, outgoing, server_side=server_side, server_hostname=self.name, session=session
        )


def explained(error: BaseException) -> str:
    """Say what went wrong, in the words of the database, of the system or of TLS.

    The first line: what follows are values of the row.
    """
    match error:
        case ssl.SSLCertVerificationError(verify_message=words):
            return f"the certificate is not trusted: {words}"
        case ssl.SSLError():
            return f"TLS failed: {error.strerror or error}"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case _:
            return str(error).partition("\n")[0] or type(error).__name__
