"""The way to a broker: every address is judged where it is dialled, as a webhook's is.

A name is looked up here and the library is given a connection, never the name: so literals, odd
spellings and a name server that changes its mind are all judged by what is really dialled, and no
library follows a broker's word to another host. It must not know what is spoken over it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aiohttp.abc import AbstractResolver

from vedette.ports.address import AddressGuard
from vedette.sinks.place import Place
from vedette.web.resolver import Resolver
from vedette.web.way import UnreachableError, addresses, explained

#: Seconds for one address while others wait: a host that drops packets must not eat the attempt.
PATIENCE: Final = 5.0
#: Octets of a line that are read ahead: NATS tells a cluster's addresses in one.
BUFFER: Final = 256 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


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
        found = await self.addresses()
        for number, address in enumerate(found, start=1):
            patience = PATIENCE if number < len(found) else None
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
        place = self.place
        return await addresses(place.host, place.port, guard=self.guard, resolver=self.resolver)

    async def _connect(self, address: str, *, tls: bool) -> Streams:
        return await asyncio.open_connection(
            address,
            self.place.port,
            ssl=self.trust if tls else None,
            server_hostname=self.place.host if tls else None,
            limit=BUFFER,
        )


def root(error: BaseException) -> UnreachableError | None:
    """Return our own failure that a library wrapped in one of its own, or None."""
    seen: BaseException | None = error
    # A chain of causes is as short as the calls are deep; the bound is against a circle.
    for _ in range(16):
        if seen is None or isinstance(seen, UnreachableError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None
