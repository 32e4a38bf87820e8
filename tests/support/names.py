"""A name server on loopback, and a way for HTTP clients to ask it.

Must not know: what is looked up, and why.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from types import TracebackType
from typing import Self

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from aiohttp.abc import AbstractResolver, ResolveResult

TTL = 60


class NameServer(asyncio.DatagramProtocol):
    """Answers from ``rows``: by name and type, records as in a zone file.

    What is in ``turns`` goes before, each answer once. Names in ``silent`` get no answer, those in
    ``broken`` SERVFAIL; what has no row at all does not exist.
    """

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[str]] = {}
        self.turns: dict[tuple[str, str], list[list[str]]] = {}
        self.silent: set[str] = set()
        self.broken: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._transport is not None:
            self._transport.close()

    def resolver(self) -> dns.asyncresolver.Resolver:
        """Return a resolver that asks this server alone."""
        assert self._transport is not None
        made = dns.asyncresolver.Resolver(configure=False)
        made.nameservers = ["127.0.0.1"]
        made.port = self._transport.get_extra_info("sockname")[1]
        return made

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        asked = question.question[0]
        name = asked.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((name, kind))
        if name in self.silent or self._transport is None:
            return
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        self._fill(answer, asked.name, name, kind)
        self._transport.sendto(answer.to_wire(), addr)

    def _fill(
        self, answer: dns.message.Message, owner: dns.name.Name, name: str, kind: str
    ) -> None:
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
            return
        if not any(each == name for each, _ in self.rows):
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return
        found = kind if (name, kind) in self.rows else "CNAME"
        records = self._taken(name, found)
        if records:
            answer.answer.append(dns.rrset.from_text_list(owner, TTL, "IN", found, records))

    def _taken(self, name: str, kind: str) -> list[str]:
        turns = self.turns.get((name, kind), [])
        if turns:
            return turns.pop(0)
        return self.rows.get((name, kind), [])


class NamedHosts(AbstractResolver):
    """Looks names up at a name server, for an HTTP client; all of them are served at ``port``."""

    def __init__(self, server: NameServer, port: int) -> None:
        self._server = server
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            answer = await self._server.resolver().resolve(f"{host}.", "A", lifetime=5)
        except dns.exception.DNSException as error:
            raise OSError(errno.ENOENT, "Name or service not known") from error
        return [
            ResolveResult(
                hostname=host,
                host=each.to_text(),
                port=self._port,
                family=socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for each in answer
        ]

    async def close(self) -> None:
        """Nothing is kept."""
