"""The way to a broker: every address is judged where it is dialled, as a webhook's is.

A name is looked up here and the library is given a connection, never the name: so literals, odd
spellings and a name server that changes its mind are all judged by what is really dialled, and no
library follows a broker's word to another host. It must not know what is spoken over it.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from aiohttp.abc import AbstractResolver

from vedette.ports.address import AddressGuard, ForbiddenAddress
from vedette.sinks.place import Place
from vedette.web.resolver import Resolver

#: Seconds for one address while others wait: a host that drops packets must not eat the attempt.
PATIENCE: Final = 5.0
#: A name may have any number of addresses; a broker's publish a handful.
MAX_ADDRESSES: Final = 8
#: Octets of a line that are read ahead: NATS tells a cluster's addresses in one.
BUFFER: Final = 256 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class UnreachableError(OSError):
    """No address could be reached; the words name each, and hold no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How connections to one place are made."""

    place: Place
    guard: AddressGuard
    trust: ssl.SSLContext
    resolver: AbstractResolver = field(default_factory=Resolver)

    async def dial(self, *, tls: bool) -> Streams:
        """Connect, the caller's deadline around it. Raises UnreachableError."""
        failed = []
        addresses = await self.addresses()
        for number, address in enumerate(addresses, start=1):
            patience = PATIENCE if number < len(addresses) else None
            try:
                async with asyncio.timeout(patience):
                    return await self._connect(address, tls=tls)
            except TimeoutError as error:
                failed.append(f"{address}: {explained(error) or 'no answer'}")
            except OSError as error:
                failed.append(f"{address}: {explained(error)}")
        raise UnreachableError("; ".join(failed))

    async def addresses(self) -> Sequence[str]:
        """Return the literal addresses that may be dialled. Raises UnreachableError for none."""
        host = self.place.host
        allowed, refused = [], []
        for address in await self._looked_up(host):
            try:
                self.guard.check(address)
            except ForbiddenAddress as error:
                refused.append(str(error))
            else:
                allowed.append(address)
        if not allowed:
            raise UnreachableError("; ".join(refused) or f"{host} has no address")
        return allowed[:MAX_ADDRESSES]

    async def _looked_up(self, host: str) -> list[str]:
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        try:
            found = await self.resolver.resolve(host, self.place.port)
        except OSError as error:
            raise UnreachableError(f"the name does not resolve: {explained(error)}") from error
        return list(dict.fromkeys(each["host"] for each in found))

    async def _connect(self, address: str, *, tls: bool) -> Streams:
        return await asyncio.open_connection(
            address,
            self.place.port,
            ssl=self.trust if tls else None,
            server_hostname=self.place.host if tls else None,
            limit=BUFFER,
        )


def explained(error: BaseException) -> str:
    """Say what went wrong on the way, in the words of the system or of TLS."""
    match error:
        case UnreachableError():
            return str(error)
        case ssl.SSLCertVerificationError(verify_message=words):
            return f"the certificate is not trusted: {words}"
        case ssl.SSLError():
            return f"TLS failed: {error.strerror or error}"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case _:
            return str(error)


def root(error: BaseException) -> UnreachableError | None:
    """Return our own failure that a library wrapped in one of its own, or None."""
    seen: BaseException | None = error
    # A chain of causes is as short as the calls are deep; the bound is against a circle.
    for _ in range(16):
        if seen is None or isinstance(seen, UnreachableError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None
