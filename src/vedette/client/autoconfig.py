"""Where the mailbox of an address is, over the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What a provider wants of people first, such as an app password, and where it says so."""

    words: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A server, and what is logged in with there. ``is_vouched``: its source is to be believed."""

    host: str
    port: int
    encryption: str
    user: str
    auths: tuple[str, ...]
    provider: str
    app: str | None
    hint: Hint | None
    quirks: tuple[str, ...]
    is_vouched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What one source said: found, nothing, failed, or left (not asked)."""

    source: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What was found, best first; ``winner`` is the source that was believed."""

    address: str
    winner: str | None
    proposals: tuple[Proposal, ...]
    hint: Hint | None
    tried: tuple[Tried, ...]


FIND: Final = Operation(
    method="GET", path="/v1/autoconfig", answer=Discovery, query=("address",), seconds=60.0
)


class Autoconfig:
    """``/v1/autoconfig``. It raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def find(self, address: str) -> Discovery:
        """Find the server of an address."""
        return await self._exchange.one(FIND, Said(query={"address": address}))
