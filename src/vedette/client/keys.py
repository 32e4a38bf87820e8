"""API keys, over the API: a key's secret is in the answer that makes it, and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Operation, listing, nothing
from vedette.client.shape import UNSET, Text, Unset
from vedette.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key, without its secret; ``last_used_at`` is to the minute."""

    id: str
    name: str
    tenant: str | None
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey(Key):
    """A key that was made just now, with its secret."""

    key: Secret[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    """A key to be made; without a tenant it is an admin's."""

    name: str
    scopes: tuple[str, ...]
    tenant: Text = UNSET
    expires_at: datetime | Unset | None = UNSET


LIST: Final = listing("/v1/keys", Key, "tenant")
CREATE: Final = Operation(method="POST", path="/v1/keys", answer=NewKey, wish=KeyWish)
GET: Final = Operation(method="GET", path="/v1/keys/{key}", answer=Key)
REVOKE: Final = nothing("DELETE", "/v1/keys/{key}")


class Keys:
    """``/v1/keys``. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def create(self, wish: KeyWish, *, key: str | None = None) -> NewKey:
        """Make a key, which can do no more than the one it is made with. ``key``: idempotency."""
        return await self._exchange.one(CREATE, Said(wish=wish, key=key))

    def list(self, *, tenant: str | None = None, limit: int = 100) -> AsyncIterator[Key]:
        """Yield keys by id."""
        return self._exchange.pages(LIST, Said(query={"tenant": tenant, "limit": limit}))

    async def get(self, key: str) -> Key:
        """Return a key by its id, without its secret."""
        return await self._exchange.one(GET, Said(ids={"key": key}))

    async def revoke(self, key: str) -> None:
        """Revoke a key by its id: it is good for nothing from now on."""
        await self._exchange.done(REVOKE, Said(ids={"key": key}))
