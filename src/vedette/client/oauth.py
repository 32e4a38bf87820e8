"""OAuth 2.0 over the API: apps, consents in a browser or on another device, and those that are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from vedette.client.exchange import Exchange, Said
from vedette.client.links import LinkAccount
from vedette.client.operation import Operation, listing, nothing
from vedette.client.shape import BESIDE, UNSET, Flag, Hidden, Text, Texts, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app without its secret. ``version`` is None in a list."""

    id: str
    tenant: str
    provider: str
    title: str
    flow: str
    client_id: str
    directory: str
    authorize_url: str
    token_url: str
    device_url: str
    userinfo_url: str
    revoke_url: str
    issuer: str
    scopes: tuple[str, ...]
    extra: Mapping[str, str]
    proof: str
    names_issuer: bool
    private: bool
    version: int | None = field(default=None, metadata=BESIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppChange:
    """What of an app is to be changed; a client id changes with its secret alone."""

    provider: Text = UNSET
    title: Text = UNSET
    flow: Text = UNSET
    client_id: Text = UNSET
    client_secret: Hidden = UNSET
    key_file: Hidden = UNSET
    directory: Text = UNSET
    authorize_url: Text = UNSET
    token_url: Text = UNSET
    device_url: Text = UNSET
    userinfo_url: Text = UNSET
    revoke_url: Text = UNSET
    issuer: Text = UNSET
    scopes: Texts = UNSET
    extra: Mapping[str, str] | Unset | None = UNSET
    proof: Text = UNSET
    names_issuer: Flag = UNSET
    private: Flag = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class AppWish(AppChange):
    """An app to be registered."""

    tenant: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeWish:
    """Whose consent is asked for: of an account that there is, or of a new one."""

    app: str
    account: Text = UNSET
    new: LinkAccount | Unset | None = UNSET
    return_to: Text = UNSET
    delegated: Flag = UNSET
    tenant: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """Where to send a browser, until when it may come back, and whose the consent will be."""

    url: str
    expires_at: datetime
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceWish:
    """Whose consent is asked for on another device."""

    app: str
    account: str
    delegated: Flag = UNSET
    tenant: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a person types in, and where; ``wait`` is how many seconds to wait before a poll."""

    id: str
    user_code: str
    url: str
    full_url: str
    expires_at: datetime
    wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Whether a code was used: ``state`` is waiting or connected."""

    state: str
    wait: float
    account: str | None
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Whose consent an account is connected by; ``withdrawn`` is why it is none any more."""

    account: str
    app: str
    address: str
    scope: str
    consented_at: datetime
    withdrawn_at: datetime | None
    withdrawn: str | None


LIST: Final = listing("/v1/oauth/apps", App, "tenant")
CREATE: Final = Operation(method="POST", path="/v1/oauth/apps", answer=App, wish=AppWish)
GET: Final = Operation(method="GET", path="/v1/oauth/apps/{app_id}", answer=App)
UPDATE: Final = Operation(
    method="PATCH",
    path="/v1/oauth/apps/{app_id}",
    answer=App,
    wish=AppChange,
    is_versioned=True,
)
DELETE: Final = nothing("DELETE", "/v1/oauth/apps/{app_id}", is_versioned=True)
AUTHORIZE: Final = Operation(
    method="POST", path="/v1/oauth/authorize", answer=Authorization, wish=AuthorizeWish
)
BEGIN: Final = Operation(method="POST", path="/v1/oauth/device", answer=Device, wish=DeviceWish)
POLL: Final = Operation(method="POST", path="/v1/oauth/device/{device_id}/poll", answer=Poll)
GRANT: Final = Operation(method="GET", path="/v1/oauth/grants/{account}", answer=Grant)
FORGET: Final = nothing("DELETE", "/v1/oauth/grants/{account}")


class OAuth:
    """``/v1/oauth``. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def create(self, wish: AppWish, *, key: str | None = None) -> App:
        """Register an app. ``key``: an idempotency key."""
        return await self._exchange.one(CREATE, Said(wish=wish, key=key))

    def list(self, *, tenant: str | None = None, limit: int = 100) -> AsyncIterator[App]:
        """Yield apps by id."""
        return self._exchange.pages(LIST, Said(query={"tenant": tenant, "limit": limit}))

    async def get(self, app: str) -> App:
        """Return an app, with its version."""
        return await self._exchange.one(GET, Said(ids={"app_id": app}))

    async def update(self, app: str, change: AppChange, *, version: int | None = None) -> App:
        """Change an app. Accounts that were refused because of it are tried again."""
        said = Said(ids={"app_id": app}, wish=change, version=version)
        return await self._exchange.one(UPDATE, said)

    async def delete(self, app: str, *, version: int | None = None) -> None:
        """Delete an app that no account is connected by."""
        await self._exchange.done(DELETE, Said(ids={"app_id": app}, version=version))

    async def authorize(self, wish: AuthorizeWish) -> Authorization:
        """Begin a consent in a browser."""
        return await self._exchange.one(AUTHORIZE, Said(wish=wish))

    async def begin(self, wish: DeviceWish) -> Device:
        """Begin a consent on another device."""
        return await self._exchange.one(BEGIN, Said(wish=wish))

    async def poll(self, device: str) -> Poll:
        """Ask once whether the code was used."""
        return await self._exchange.one(POLL, Said(ids={"device_id": device}))

    async def grant(self, account: str) -> Grant:
        """Return whose consent an account is connected by; never its tokens."""
        return await self._exchange.one(GRANT, Said(ids={"account": account}))

    async def forget(self, account: str) -> None:
        """Forget a consent with its tokens: the account has to be connected anew."""
        await self._exchange.done(FORGET, Said(ids={"account": account}))
