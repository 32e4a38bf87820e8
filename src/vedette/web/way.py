"""The way to a server that a user named, for what is no HTTP: its addresses, each judged.

A name is looked up here, and a library is given an address, or a connection, and never the name:
what was judged is what is dialled. A certificate counts by the name all the same. It must not know
what is spoken over it.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from aiohttp.abc import AbstractResolver

from vedette.ports.address import AddressGuard, ForbiddenAddress

#: A name may have any number of addresses; a broker's or a database's publish a handful.
MAX_ADDRESSES: Final = 8


class UnreachableError(OSError):
    """No address could be reached; the words name each, and hold no secret."""


async def addresses(
    host: str, port: int, *, guard: AddressGuard, resolver: AbstractResolver
) -> Sequence[str]:
    """Return the literal addresses that may be dialled. Raises UnreachableError for none."""
    allowed, refused = [], []
    for address in await _looked_up(host, port, resolver):
        try:
            guard.check(address)
        except ForbiddenAddress as error:
            refused.append(str(error))
        else:
            allowed.append(address)
    if not allowed:
        raise UnreachableError("; ".join(refused) or f"{host} has no address")
    return allowed[:MAX_ADDRESSES]


async def _looked_up(host: str, port: int, resolver: AbstractResolver) -> list[str]:
    try:
        return [str(ip_address(host))]
    except ValueError:
        pass
    try:
        found = await resolver.resolve(host, port)
    except OSError as error:
        raise UnreachableError(f"the name does not resolve: {explained(error)}") from error
    return list(dict.fromkeys(each["host"] for each in found))


class Named(ssl.SSLContext):
    """Trusts a server by the name of the settings, whatever address the client was given."""

    name = ""

    @classmethod
    def made(cls, name: str, ca_file: Path | None, *, verify: bool) -> Named:
        """Return what ``vedette.web.trust`` does, for one name. Raises OSError as it does."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.name = name
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(ca_file)
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


def first_line(error: BaseException) -> str:
    """Say it in one line: what follows in a database's words are values of the row."""
    return explained(error).partition("\n")[0] or type(error).__name__
