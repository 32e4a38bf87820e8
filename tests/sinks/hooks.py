"""Webhook sinks for tests: with a clock, a name server and a guard that a test sets."""

from __future__ import annotations

import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

from aiohttp.abc import AbstractResolver, ResolveResult

from tests.sinks.receivers import Receiver
from vedette.model.delivery import Outcome, Refused
from vedette.net.address import AddressGuard
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings, WebhookSink

KEY, NEW_KEY = b"k" * 32, b"n" * 32
LOOPBACK = AddressGuard(allow=[ip_network("127.0.0.0/8"), ip_network("::1/128")])
STRICT = AddressGuard()
#: Sat, 14 Nov 2026 12:00:00 GMT
NOON = 1_794_657_600.0


class SetClock:
    """A wall clock that a test sets; None is the real one, as a verifier wants."""

    def __init__(self, now: float = NOON) -> None:
        self.time = now

    def now(self) -> float:
        return self.time


class Names(AbstractResolver):
    """A name server that answers with these addresses, one list for each question."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        address = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def hook(
    url: str,
    *,
    guard: AddressGuard = LOOPBACK,
    clock: SetClock | None = None,
    resolver: AbstractResolver | None = None,
    **settings: object,
) -> AsyncIterator[WebhookSink]:
    """Run a sink that posts to ``url``."""
    given = WebhookSettings(url=Secret(url), **settings)  # type: ignore[arg-type]
    sink = WebhookSink(given, guard=guard, clock=clock or SetClock(), resolver=resolver)
    await sink.start()
    try:
        yield sink
    finally:
        await sink.stop()


def local(it: Receiver, path: str = "/hook") -> str:
    return f"http://127.0.0.1:{it.port}{path}"


def refused(outcome: Outcome) -> Refused:
    assert isinstance(outcome, Refused)
    return outcome


def secret(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()
