"""The audit: who did what, when, over the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Operation, listing

#: Seconds for a look over the whole trail: a million entries take a minute.
_WHOLE: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One step of what people did; digests are in hex."""

    number: int
    at: datetime
    actor: str
    what: str
    detail: Mapping[str, Any]
    previous: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The end of the trail; kept elsewhere, it shows when the trail is written anew."""

    entries: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailVerified(Trail):
    """What a look over the whole trail found; ``broken_at`` is the entry that does not follow."""

    is_unbroken: bool
    broken_at: int | None


LIST: Final = listing("/v1/audit", Entry)
HEAD: Final = Operation(method="GET", path="/v1/audit/head", answer=Trail)
VERIFY: Final = Operation(
    method="POST", path="/v1/audit/verify", answer=TrailVerified, seconds=_WHOLE
)


class Audit:
    """``/v1/audit``. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def list(self, *, limit: int = 100) -> AsyncIterator[Entry]:
        """Yield entries, oldest first."""
        return self._exchange.pages(LIST, Said(query={"limit": limit}))

    async def head(self) -> Trail:
        """Return the end of the trail."""
        return await self._exchange.one(HEAD)

    async def verify(self) -> TrailVerified:
        """Have the whole trail read, and return whether it is unbroken."""
        return await self._exchange.one(VERIFY)
