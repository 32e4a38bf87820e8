"""Consents: whose owners agreed that their mail be read, over the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Form, Operation, listing
from vedette.client.shape import UNSET, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """How it stands with the consent of an account; versions are those of the words."""

    account: str
    wanted: str | None
    given: str | None
    at: datetime | None
    by: str | None
    withdrawn_at: datetime | None
    is_agreed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWish:
    """That somebody agrees to words."""

    version: str
    by: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentsWish(ConsentWish):
    """That somebody agrees to words for many accounts."""

    accounts: tuple[str, ...]


PENDING: Final = listing("/v1/consents", Consent)
GIVE_MANY: Final = Operation(
    method="POST", path="/v1/consents", answer=Consent, form=Form.LIST, wish=ConsentsWish
)
GET: Final = Operation(method="GET", path="/v1/consents/{account}", answer=Consent)
GIVE: Final = Operation(
    method="PUT", path="/v1/consents/{account}", answer=Consent, wish=ConsentWish
)
WITHDRAW: Final = Operation(method="DELETE", path="/v1/consents/{account}", answer=Consent)


class Consents:
    """``/v1/consents``. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def pending(self, *, limit: int = 100) -> AsyncIterator[Consent]:
        """Yield accounts that lack a consent."""
        return self._exchange.pages(PENDING, Said(query={"limit": limit}))

    async def get(self, account: str) -> Consent:
        """Return how it stands with the consent of an account."""
        return await self._exchange.one(GET, Said(ids={"account": account}))

    async def give(self, account: str, version: str, *, by: str | None = None) -> Consent:
        """Agree for one account."""
        wish = ConsentWish(version=version, by=by)
        return await self._exchange.one(GIVE, Said(ids={"account": account}, wish=wish))

    async def give_many(
        self, accounts: Sequence[str], version: str, *, by: str | None = None
    ) -> tuple[Consent, ...]:
        """Agree for many accounts, or for none of them where one is not as it is said."""
        wish = ConsentsWish(accounts=tuple(accounts), version=version, by=by)
        return await self._exchange.many(GIVE_MANY, Said(wish=wish))

    async def withdraw(self, account: str) -> Consent:
        """End a consent at once. That it was given stays on record."""
        return await self._exchange.one(WITHDRAW, Said(ids={"account": account}))
