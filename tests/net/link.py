"""A link under test of either kind, in plaintext or in TLS.

Must not know: what is said over it.
"""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager

from tests.net.peers import (
    Names,
    Script,
    Server,
    serve,
    target,
    tls_target,
)
from tests.support.authority import Authority
from vedette.net.dial import SocketDialer
from vedette.net.stream import SocketStream
from vedette.ports.link import Receiver, Target

MEGABYTE = 1024 * 1024


class Link:
    """A way to serve a script and to dial it, in plaintext or in TLS."""

    def __init__(self, authority: Authority, context: ssl.SSLContext | None) -> None:
        self._authority = authority
        self._context = context

    def serve(self, script: Script) -> AbstractContextManager[Server]:
        return serve(script, tls=self._context)

    def target(self, port: int) -> Target:
        return target(port) if self._context is None else tls_target(port, self._authority.ca_file)

    async def dial(
        self, port: int, receiver: Receiver, *, outbound_limit: int = MEGABYTE
    ) -> SocketStream:
        one = SocketDialer(resolver=Names("127.0.0.1"), outbound_limit=outbound_limit)
        return await one.dial(self.target(port), receiver)
