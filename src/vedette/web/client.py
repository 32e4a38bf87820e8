"""An HTTP client for addresses that a user gave: each is judged where its socket is made.

So names, literals, odd spellings and a resolver that changes its mind are all judged by what
is really dialled. Cookies and compression are not spoken, redirects are whoever calls' own
affair, and there is no deadline but the caller's.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable
from typing import TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver

from vedette.ports.address import AddressGuard, ForbiddenAddress
from vedette.web.resolver import Resolver

#: Idle connections are closed after this many seconds. Node.js and uvicorn close theirs after
#: 5 s; being first avoids a request sent into a connection that is just being closed.
KEEPALIVE = 4.0

_Info: TypeAlias = tuple[int, int, int, str, tuple[str | int, ...]]


def client(
    *,
    guard: AddressGuard | None,
    trust: ssl.SSLContext,
    connections: int,
    buffer: int,
    resolver: AbstractResolver | None = None,
) -> aiohttp.ClientSession:
    """Return a client over at most ``connections`` connections, to be closed by its owner.

    Without a ``guard`` any address may be dialled: for a proxy that the operator named, which
    is itself the guard. ``buffer`` bounds, in octets, what is read ahead of an answer.
    """
    connector = aiohttp.TCPConnector(
        limit=connections,
        keepalive_timeout=KEEPALIVE,
        ssl=trust,
        resolver=resolver or Resolver(),
        socket_factory=None if guard is None else _guarded(guard),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # A compressed answer could unfold to any size; ours is read as it comes.
        auto_decompress=False,
        trust_env=False,
        # One deadline of the caller's stands around the whole attempt.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        read_bufsize=buffer,
    )


def _guarded(guard: AddressGuard) -> Callable[[_Info], socket.socket]:
    def make(info: _Info) -> socket.socket:
        """Make the socket for one address, if that very address may be dialled."""
        family, kind, protocol, _name, address = info
        try:
            guard.check(str(address[0]))
        except ForbiddenAddress as error:
            # The only exception that the connector turns into "this address failed".
            raise PermissionError(errno.EACCES, str(error)) from error
        return socket.socket(family, kind, protocol)

    return make
