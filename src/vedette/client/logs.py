"""What is said to the mail server of an account: outlines, without secrets and without mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line; ``direction`` is sent or heard."""

    at: datetime
    connection: int
    direction: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The last lines, oldest first; ``until`` is None where nobody asked that any be kept."""

    until: datetime | None
    items: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """For how long lines are to be kept."""

    seconds: int


RECORD: Final = Operation(
    method="POST", path="/v1/accounts/{account}/logs", answer=Log, wish=Recording
)
GET: Final = Operation(method="GET", path="/v1/accounts/{account}/logs", answer=Log)


class Logs:
    """``/v1/accounts/{account}/logs``. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def record(self, account: str, seconds: int) -> Log:
        """Have lines kept in memory for a while; asked again, it goes on from now."""
        said = Said(ids={"account": account}, wish=Recording(seconds=seconds))
        return await self._exchange.one(RECORD, said)

    async def get(self, account: str) -> Log:
        """Return the last lines that were kept."""
        return await self._exchange.one(GET, Said(ids={"account": account}))
