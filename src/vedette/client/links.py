"""Links by which people connect a mailbox, once, over the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Operation, listing, nothing
from vedette.client.shape import UNSET, Flag, Text, Texts, Unset, Whole
from vedette.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAccount:
    """What of an account is settled before somebody connects it."""

    email: Text = UNSET
    title: Text = UNSET
    tags: Texts = UNSET
    host: Text = UNSET
    port: Whole = UNSET
    encryption: Text = UNSET
    verify_tls: Flag = UNSET
    ca: Text = UNSET
    pin: Text = UNSET
    minimum_tls: Text = UNSET
    security_level: Whole = UNSET
    private: Flag = UNSET
    user: Text = UNSET
    mechanism: Text = UNSET
    folders: Texts = UNSET
    start: str | int | Mapping[str, str | int | float] | Unset | None = UNSET
    depth: Text = UNSET
    cover: Text = UNSET
    authserv: Texts = UNSET
    max_message: Whole = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Words that have to be agreed to, and their version."""

    version: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWish:
    """A link to be made; ``expires_in`` is in seconds, a day at most.

    ``existing`` is the id of an account that is there, and is connected anew.
    """

    existing: Text = UNSET
    account: LinkAccount | Unset | None = UNSET
    providers: Texts = UNSET
    password: Flag = UNSET
    return_to: Text = UNSET
    expires_in: Whole = UNSET
    consent: Terms | Unset | None = UNSET
    tenant: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that was not used yet, without its address."""

    id: str
    tenant: str
    account: str
    template: Mapping[str, Any]
    providers: tuple[str, ...]
    password: bool
    return_to: str | None
    consent: str | None
    expires_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink(Link):
    """A link that was made just now, with its address: whoever has that connects the mailbox."""

    url: Secret[str]


LIST: Final = listing("/v1/links", Link, "tenant")
CREATE: Final = Operation(method="POST", path="/v1/links", answer=NewLink, wish=LinkWish)
GET: Final = Operation(method="GET", path="/v1/links/{link}", answer=Link)
REVOKE: Final = nothing("DELETE", "/v1/links/{link}")


class Links:
    """``/v1/links``. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def create(self, wish: LinkWish, *, key: str | None = None) -> NewLink:
        """Make a link. ``key``: an idempotency key."""
        return await self._exchange.one(CREATE, Said(wish=wish, key=key))

    def list(self, *, tenant: str | None = None, limit: int = 100) -> AsyncIterator[Link]:
        """Yield links that were not used yet, by id."""
        return self._exchange.pages(LIST, Said(query={"tenant": tenant, "limit": limit}))

    async def get(self, link: str) -> Link:
        """Return a link that was not used yet."""
        return await self._exchange.one(GET, Said(ids={"link": link}))

    async def revoke(self, link: str) -> None:
        """Take a link back: nobody connects anything by it any more."""
        await self._exchange.done(REVOKE, Said(ids={"link": link}))
