"""Whether all mail of an account was seen: the server's count against the ledger, over the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One folder on one day: messages at the server, in the ledger, on their way, and missing."""

    folder: str
    day: str
    server: int
    ledger: int
    owed: int
    missing: int
    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """What was counted; ``is_complete`` is None where a folder was not yet.

    ``uncounted`` are the folders of which that is so.
    """

    account: str
    is_complete: bool | None
    days: tuple[Day, ...]
    uncounted: tuple[str, ...]


GET: Final = Operation(
    method="GET", path="/v1/accounts/{account}/completeness", answer=Completeness
)


class Audits:
    """``/v1/accounts/{account}/completeness``. It raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def get(self, account: str) -> Completeness:
        """Return what was counted of late."""
        return await self._exchange.one(GET, Said(ids={"account": account}))
