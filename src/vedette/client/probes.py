"""Probes: whether the service lives, is ready, what it carries, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vedette.client.exchange import Exchange
from vedette.client.operation import Form, Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """The process answers; ``lag`` is by how many seconds its loop is late."""

    status: str
    lag: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Requests can be served."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """What an instance carries.

    ``shards`` has the epoch of each, ``oldest_age`` for how many seconds the oldest event waits.
    """

    instance: str
    is_running: bool
    shards: Mapping[str, int]
    sessions: int
    oldest_age: float | None


ALIVE: Final = Operation(method="GET", path="/livez", answer=Alive)
READY: Final = Operation(method="GET", path="/readyz", answer=Ready)
OWNED: Final = Operation(method="GET", path="/ownerz", answer=Owned)
METRICS: Final = Operation(method="GET", path="/metrics", answer=bytes, form=Form.OCTETS)


class Probes:
    """The probes. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def alive(self) -> Alive:
        """Return whether the process lives."""
        return await self._exchange.one(ALIVE)

    async def ready(self) -> Ready:
        """Return whether requests can be served; a ProblemError says why not."""
        return await self._exchange.one(READY)

    async def owned(self) -> Owned:
        """Return what this instance carries."""
        return await self._exchange.one(OWNED)

    async def metrics(self) -> str:
        """Return the numbers of this instance as Prometheus reads them."""
        return (await self._exchange.octets(METRICS)).decode()
