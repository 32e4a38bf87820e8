"""Tenants: who has accounts, and how many, over the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Operation, listing, nothing
from vedette.client.shape import BESIDE, UNSET, Text, Unset, Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A tenant. A limit that is None is none. ``version`` is None in a list."""

    id: str
    name: str
    max_accounts: int | None
    max_endpoints: int | None
    max_guards: int | None
    retention_days: int | None
    consent: str | None
    settings: Mapping[str, str]
    paused_at: datetime | None
    pause_reason: str
    is_leaving: bool
    created_at: datetime
    updated_at: datetime
    version: int | None = field(default=None, metadata=BESIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantChange:
    """What of a tenant is to be changed."""

    name: Text = UNSET
    max_accounts: Whole = UNSET
    max_endpoints: Whole = UNSET
    max_guards: Whole = UNSET
    retention_days: Whole = UNSET
    consent: Text = UNSET
    settings: Mapping[str, str] | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantWish(TenantChange):
    """A tenant to be made."""

    id: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why something is paused."""

    reason: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What another limit of accounts would do; nothing was changed."""

    current: int
    limit: int | None
    pauses: tuple[str, ...]
    resumes: tuple[str, ...]


LIST: Final = listing("/v1/tenants", Tenant, "q")
CREATE: Final = Operation(method="POST", path="/v1/tenants", answer=Tenant, wish=TenantWish)
GET: Final = Operation(method="GET", path="/v1/tenants/{tenant}", answer=Tenant)
UPDATE: Final = Operation(
    method="PATCH",
    path="/v1/tenants/{tenant}",
    answer=Tenant,
    wish=TenantChange,
    is_versioned=True,
)
DELETE: Final = nothing("DELETE", "/v1/tenants/{tenant}", is_versioned=True)
PREVIEW: Final = Operation(
    method="GET", path="/v1/tenants/{tenant}/preview", answer=Preview, query=("maxAccounts",)
)
PAUSE: Final = Operation(
    method="POST", path="/v1/tenants/{tenant}/pause", answer=Tenant, wish=Pause
)
RESUME: Final = Operation(method="POST", path="/v1/tenants/{tenant}/resume", answer=Tenant)


class Tenants:
    """``/v1/tenants``. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def create(self, wish: TenantWish, *, key: str | None = None) -> Tenant:
        """Make a tenant. ``key``: an idempotency key."""
        return await self._exchange.one(CREATE, Said(wish=wish, key=key))

    def list(self, *, q: str = "", limit: int = 100) -> AsyncIterator[Tenant]:
        """Yield tenants by id."""
        return self._exchange.pages(LIST, Said(query={"q": q, "limit": limit}))

    async def get(self, tenant: str) -> Tenant:
        """Return a tenant, with its version."""
        return await self._exchange.one(GET, Said(ids={"tenant": tenant}))

    async def update(
        self, tenant: str, change: TenantChange, *, version: int | None = None
    ) -> Tenant:
        """Change a tenant. Accounts beyond a lower limit are paused, the newest first."""
        said = Said(ids={"tenant": tenant}, wish=change, version=version)
        return await self._exchange.one(UPDATE, said)

    async def delete(self, tenant: str, *, version: int | None = None) -> None:
        """Delete a tenant with all that it has."""
        await self._exchange.done(DELETE, Said(ids={"tenant": tenant}, version=version))

    async def preview(self, tenant: str, *, max_accounts: int | None) -> Preview:
        """Return whom another limit of accounts would pause or resume; None: no limit."""
        said = Said(ids={"tenant": tenant}, query={"maxAccounts": max_accounts})
        return await self._exchange.one(PREVIEW, said)

    async def pause(self, tenant: str, *, reason: str = "") -> Tenant:
        """Stop watching all its accounts."""
        said = Said(ids={"tenant": tenant}, wish=Pause(reason=reason))
        return await self._exchange.one(PAUSE, said)

    async def resume(self, tenant: str) -> Tenant:
        """End its pause; each account is as it was."""
        return await self._exchange.one(RESUME, Said(ids={"tenant": tenant}))
